//! `solver` as people use it: from a Gmsh file to results, and what it says when something is wrong.

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed here
mod support;
#[path = "support/vtu.rs"]
mod vtu;

use cases::{Folder, WAVE, end, msh};
use solver::element::{basis, lattice};
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::{Mesh, store};
use solver::output::solution::{self, SolutionBlock, SolutionHeader};
use std::path::Path;
use vtu::Vtu;

fn periodic() -> BoxMesh {
    BoxMesh::new(Cells::Quad, [4, 4, 1]).periodic([true; 3]).shuffle(3)
}

fn walled() -> BoxMesh {
    BoxMesh::new(Cells::Tri, [3, 3, 1]).periodic([true, false, false])
}

/// A folder with `mesh.msh` and `case.ini`.
fn folder(mesh: &BoxMesh, case: &str) -> Folder {
    let folder = Folder::new();
    folder.put("mesh.msh", msh(&mesh.raw()));
    folder.put("case.ini", case);
    folder
}

/// Replaces a text that must be there.
fn with(case: &str, old: &str, new: &str) -> String {
    assert!(case.contains(old), "{old}");
    case.replace(old, new)
}

#[cfg(unix)]
#[test]
fn commands_whose_lines_nobody_reads_write_their_files_or_end_quietly() {
    use std::os::unix::process::ExitStatusExt;
    let folder = folder(&periodic(), WAVE);
    let unread = |arguments: &[&str]| {
        let mut command = folder.command(arguments);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).stderr(std::process::Stdio::piped()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        output.status
    };
    // Neither lines nor notes and errors.
    let unheard = |arguments: &[&str]| {
        let mut command = folder.command(arguments);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        command.stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap()
    };
    folder.succeed(&["import", "mesh.msh"]);
    assert!(unread(&["run", "--progress", "lines", "case.ini"]).success());
    assert!(unread(&["plot", "results/wave-0.10.ssoln", "-o", "wave.png"]).success());
    assert!(unread(&["export", "volume", "results/wave-0.10.ssoln", "-o", "wave.vtu"]).success());
    for name in ["results/wave-0.10.ssoln", "wave.png", "wave.vtu"] {
        assert!(folder.path(name).is_file(), "{name}");
    }
    // SIGPIPE is 13 everywhere.
    assert_eq!(unread(&["info", "--case", "results/wave-0.10.ssoln"]).signal(), Some(13));
    assert!(unread(&["keys"]).success());
    assert!(unheard(&["mesh", "mesh.smesh", "--export", "quality.vtu"]).signal() == Some(13));
    assert!(folder.path("quality.vtu").is_file());
    let sets = ["soln-plugin-writer.basename=again-{t:.2f}", "soln-bcs-nowhere.type=slp-adia-wall"];
    let run: Vec<&str> =
        ["run", "case.ini"].into_iter().chain(sets.iter().flat_map(|set| ["--set", *set])).collect();
    assert!(folder.succeed(&run).1.contains("matches no boundary"), "there is something to note");
    std::fs::remove_file(folder.path("results/again-0.10.ssoln")).unwrap();
    let status = unheard(&run);
    assert!(status.success() && folder.path("results/again-0.10.ssoln").is_file(), "{status}");
    assert_eq!(unheard(&["run", "none.ini"]).code(), Some(1));
}

#[test]
fn import_partition_run() {
    let folder = folder(&periodic(), WAVE);
    let (out, err) = folder.succeed(&["import", "mesh.msh"]);
    assert_eq!(
        (out.as_str(), err.as_str()),
        ("mesh.smesh: 2-D, 16 quad elements, 25 nodes, no boundaries\n", "")
    );
    let (out, _) = folder.succeed(&["partition", "2"]);
    assert!(out.starts_with("mesh.smesh: partitioning '2' of 2 parts, 8 to 8 elements each"), "{out}");
    let (out, err) = folder.succeed(&["run", "case.ini"]);
    assert_eq!(err, "");
    for line in [
        "mesh       mesh.smesh: 2-D, 16 quad",
        "system     euler, order 3, 1,024 unknowns, rk4",
        "done: t = 0.1, 50 steps",
    ] {
        assert!(out.contains(line), "{out}");
    }
    assert!(
        out.contains("results    results/wave-.pvd") || out.contains("results    results/wave.pvd"),
        "{out}"
    );
    let results: Vec<_> = folder.files().into_iter().filter(|f| f.starts_with("results/")).collect();
    let names = ["0.00", "0.05", "0.10"]
        .map(|t| [format!("results/wave-{t}.ssoln"), format!("results/wave-{t}.vtu")]);
    let mut wanted = names.concat();
    wanted.push("results/wave.pvd".into());
    wanted.sort();
    assert_eq!(results, wanted);
}

#[test]
fn a_gmsh_file_is_imported_on_the_fly() {
    let folder = folder(&periodic(), WAVE);
    folder.succeed(&["run", "mesh.msh", "case.ini"]);
    assert!(folder.path("results/wave-0.10.ssoln").exists());
    assert!(!folder.path("mesh.smesh").exists());
    // The same solution as with the mesh file.
    let one = solution::read(&folder.path("results/wave-0.10.ssoln")).unwrap().1;
    folder.succeed(&["import", "mesh.msh"]);
    folder.succeed(&["run", "-t", "1", "mesh.smesh", "case.ini"]);
    assert_eq!(solution::read(&folder.path("results/wave-0.10.ssoln")).unwrap().1, one);
}

#[test]
fn the_only_mesh_of_the_folder_is_taken() {
    let folder = folder(&periodic(), WAVE);
    let message = folder.fail(&["run", "case.ini"]);
    assert!(message.contains("holds no .smesh file") && message.contains("solver import"), "{message}");
    folder.succeed(&["import", "mesh.msh", "a.smesh"]);
    folder.succeed(&["run", "case.ini"]);
    folder.succeed(&["import", "mesh.msh", "b.smesh"]);
    for arguments in [&["run", "case.ini"][..], &["partition", "2"]] {
        let message = folder.fail(arguments);
        assert!(message.contains("holds 2: a.smesh, b.smesh; name one"), "{message}");
    }
    folder.succeed(&["run", "b.smesh", "case.ini"]);
    folder.succeed(&["partition", "2", "b.smesh"]);
}

#[test]
fn the_case_can_name_its_mesh() {
    let folder = folder(&periodic(), "");
    folder.put("cases/wave.ini", format!("{WAVE}\n[mesh]\nfile = ../meshes/square.smesh\n"));
    let message = folder.fail(&["run", "cases/wave.ini"]);
    assert!(message.contains("no mesh file 'cases/../meshes/square.smesh'"), "{message}");
    folder.put("meshes/none", "");
    folder.succeed(&["import", "mesh.msh", "meshes/square.smesh"]);
    let (out, _) = folder.succeed(&["run", "cases/wave.ini"]);
    assert!(out.contains("meshes/square.smesh"), "{out}");
}

#[test]
fn backends_have_their_classic_names() {
    let folder = folder(&periodic(), WAVE);
    for name in ["cpu", "openmp", "reference"] {
        folder.succeed(&["run", "-b", name, "mesh.msh", "case.ini"]);
    }
    let message = folder.fail(&["run", "-b", "opnmp", "mesh.msh", "case.ini"]);
    assert!(message.contains("unknown backend 'opnmp', did you mean 'openmp'?"), "{message}");
    folder.put("case.ini", with(WAVE, "precision = double", "precision = single\nname = openmp"));
    let (out, _) = folder.succeed(&["run", "mesh.msh", "case.ini"]);
    assert!(out.contains("backend    "), "{out}");
    assert_eq!(
        solution::read(&folder.path("results/wave-0.10.ssoln")).unwrap().0.precision,
        solver::backend::Precision::Single
    );
}

#[test]
fn vtk_files_can_be_left_out() {
    let folder = folder(&periodic(), &with(WAVE, "dt-out = 0.05", "dt-out = 0.1\nvtk = false"));
    let (out, _) = folder.succeed(&["run", "mesh.msh", "case.ini"]);
    let files: Vec<_> = folder.files().into_iter().filter(|f| f.starts_with("results")).collect();
    assert_eq!(files, ["results/wave-0.00.ssoln", "results/wave-0.10.ssoln"]);
    assert!(out.contains("results    results/wave-0.10.ssoln"), "{out}");
}

#[test]
fn several_writers_and_residuals_go_their_own_ways() {
    let more = "
[soln-plugin-writer-fine]
dt-out = 0.02
basedir = fine
basename = f{n:03d}
vtk = off

[soln-plugin-residual]
nsteps = 10
file = residual
header = true
";
    let folder = folder(&periodic(), &format!("{WAVE}{more}"));
    folder.succeed(&["run", "mesh.msh", "case.ini"]);
    for n in 0..=5 {
        let (header, _) = solution::read(&folder.path(&format!("fine/f{n:03}.ssoln"))).unwrap();
        assert_eq!(header.t, 0.02 * n as f64, "output {n}");
    }
    let residual = std::fs::read_to_string(folder.path("residual.csv")).unwrap();
    let lines: Vec<&str> = residual.lines().collect();
    assert_eq!((lines[0], lines.len()), ("t,rho,rhou,rhov,E", 6), "{residual}");
    let last: Vec<f64> = lines[5].split(',').map(|x| x.parse().unwrap()).collect();
    assert!((last[0] - 0.1).abs() < 1e-12 && last[1..].iter().all(|x| *x > 0.0), "{residual}");
}

#[test]
fn output_times_that_differ_by_rounding_are_one() {
    // 3 * 0.1 is not 0.3.
    let third = "\n[soln-plugin-writer-third]\ndt-out = 0.3\nbasename = third-{n}\nvtk = off\n";
    let stats = "\n[soln-plugin-dtstats]\nflushsteps = 1\nfile = steps\n";
    let case = with(&with(WAVE, "tend = 0.1", "tend = 0.3"), "dt-out = 0.05", "dt-out = 0.1");
    let folder = folder(&periodic(), &format!("{case}{third}{stats}"));
    let (_, err) = folder.succeed(&["run", "mesh.msh", "case.ini"]);
    assert_eq!(err, "");
    for name in ["results/wave-0.30", "third-1"] {
        assert_eq!(solution::read(&folder.path(&format!("{name}.ssoln"))).unwrap().0.t, 0.3, "{name}");
    }
    let steps = std::fs::read_to_string(folder.path("steps.csv")).unwrap();
    assert_eq!(steps.lines().count(), 151, "{steps}");
    // What is not written at all is said before the run.
    let (_, err) =
        folder.succeed(&["run", "mesh.msh", "case.ini", "--set", "solver-time-integrator.tend=0.25"]);
    assert!(err.contains("the state at the end, t = 0.25, will be in no file"), "{err}");
}

#[test]
fn what_the_command_line_sets_is_what_a_file_would_say() {
    let folder = folder(&periodic(), &with(WAVE, "u = 1\n", "u = Uw\n"));
    let run = ["run", "mesh.msh", "case.ini", "--set"];
    let (_, err) = folder.succeed(&[&run[..], &["constants.Uw=1"]].concat());
    assert_eq!(err, "");
    let bad = |set: &str, words: &[&str]| drop(refused(&folder, &[&run[..], &[set]].concat(), words));
    bad("constants.uw=1", &["Uw"]);
    bad("solver.ordr=3", &["--set solver.ordr: there is no such key; did you mean 'order'?"]);
    bad("soln-plugin-writr.dt-out=3", &["there is no such section; did you mean 'soln-plugin-writer'?"]);
    // Constants that systems ask for may be expressions of others.
    let (_, err) =
        folder.succeed(&[&run[..], &["constants.Uw=1", "--set", "constants.gamma=7/5*Uw"]].concat());
    assert_eq!(err, "");
    bad("constants.gamma=7/x", &["[constants] gamma", "x"]);
}

#[test]
fn the_order_of_mesh_and_case_follows_from_their_names() {
    let folder = folder(&periodic(), WAVE);
    folder.succeed(&["run", "case.ini", "mesh.msh"]);
    refused(&folder, &["run", "mesh.msh"], &["'mesh.msh' is a mesh; give a case file"]);
    refused(&folder, &["run", "mesh.msh", "mesh.msh"], &["give a mesh and a case file"]);
    let solution = "results/wave-0.10.ssoln";
    refused(&folder, &["restart", "case.ini"], &["'case.ini' is no solution"]);
    folder.succeed(&["export", "volume", "mesh.msh", solution, "wave.vtu"]);
    assert!(folder.path("wave.vtu").is_file());
    // A solution says that it is of another mesh before its case is held against that one's boundaries.
    folder.put("other.msh", msh(&walled().raw()));
    refused(&folder, &["plot", "other.msh", solution, "-o", "p.png"], &["belongs to another mesh"]);
}

/// Place of a node and its values.
type Node = ([f64; 3], Vec<f64>);

/// Primitive variables at the nodes of the cells' lattice, from the nodal polynomials of the HDF5 file, by element.
fn at_lattice(mesh: &Mesh, header: &SolutionHeader, block: &SolutionBlock) -> Vec<(usize, Vec<Node>)> {
    let (order, points, dims) = (block.order.max(1), block.points(), header.dims);
    let from = ndarray::Array2::from_shape_vec((points, dims), block.reference_points.clone()).unwrap();
    let to = lattice::nodes(block.shape, order);
    let values_at = basis::interpolation(block.shape, block.order, &from, &to);
    let place_at = basis::interpolation(block.shape, 1, &lattice::nodes(block.shape, 1), &to);
    let variables = header.variables.len();
    block
        .ids
        .iter()
        .zip(block.values.chunks_exact(variables * points))
        .map(|(&id, u)| {
            let (b, e) = mesh.locate(id as usize);
            let nodes: Vec<[f64; 3]> =
                mesh.blocks[b].element(e).iter().map(|&n| mesh.nodes[n as usize]).collect();
            // Primitive at the solution points, then interpolated.
            let primitive = |v: usize, p: usize| -> f64 {
                let at = |v: usize| u[v * points + p];
                let momentum: f64 = (1..=dims).map(|d| at(d) * at(d)).sum();
                match v {
                    0 => at(0),
                    v if v <= dims => at(v) / at(0),
                    _ => 0.4 * (at(dims + 1) - 0.5 * momentum / at(0)),
                }
            };
            let lattice = (0..to.nrows()).map(|q| {
                let x =
                    std::array::from_fn(|d| nodes.iter().zip(place_at.row(q)).map(|(n, w)| n[d] * w).sum());
                let values = (0..variables)
                    .map(|v| (0..points).map(|p| values_at[[q, p]] * primitive(v, p)).sum())
                    .collect();
                (x, values)
            });
            (id as usize, lattice.collect())
        })
        .collect()
}

/// Coordinates and the fields Density, Velocity (three components) and Pressure of every point; points of each cell.
fn vtk_points(path: &Path) -> (Vec<[f64; 3]>, Vec<[f64; 5]>, usize) {
    let vtu = Vtu::read(path);
    let points = vtu.array("Points", "Points");
    let field = |name| vtu.array("PointData", name);
    let (rho, v, p) = (field("Density"), field("Velocity"), field("Pressure"));
    let values = (0..rho.len()).map(|i| [rho[i], v[3 * i], v[3 * i + 1], v[3 * i + 2], p[i]]).collect();
    let points = points.chunks_exact(3).map(|x| [x[0], x[1], x[2]]).collect();
    (points, values, vtu.cells)
}

fn distance(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (0..3).map(|d| (a[d] - b[d]).abs()).fold(0.0, f64::max)
}

/// Every VTK point has the place and the values of the nodal polynomial of the solution file. How VTK itself reads these
/// files is the subject of `vtk_output`.
fn vtk_equals_hdf5(cells: Cells, order: usize) {
    let dims = if matches!(cells, Cells::Hex | Cells::Tet) { 3 } else { 2 };
    let mesh = BoxMesh::new(cells, [2; 3]).periodic([true; 3]).shuffle(3);
    let mut case = with(WAVE, "order = 3", &format!("order = {order}"));
    if dims == 3 {
        case = with(&case, "v = 0.5", "v = 0.5\nw = 0.25*cos(2*pi*z)");
    }
    let case = with(
        &with(&case, "tend = 0.1", "tend = 0.01"),
        "dt-out = 0.05",
        "dt-out = 0.01\nvtk-precision = double",
    );
    let folder = folder(&mesh, &case);
    folder.succeed(&["import", "mesh.msh"]);
    folder.succeed(&["run", "case.ini"]);
    let mesh = store::read(folder.path("mesh.smesh")).unwrap();
    let (header, blocks) = solution::read(&folder.path("results/wave-0.01.ssoln")).unwrap();
    assert_eq!((header.t, header.step, header.order, header.mesh_uuid == mesh.uuid), (0.01, 5, order, true));
    let (points, values, cells_found) = vtk_points(&folder.path("results/wave-0.01.vtu"));
    assert_eq!(cells_found, mesh.len());
    let elements: Vec<_> = blocks.iter().flat_map(|b| at_lattice(&mesh, &header, b)).collect();
    assert_eq!(elements.len(), mesh.len());
    // The elements of a block follow each other, so cells are found by their first points' mean.
    let mut start = 0;
    let mut worst = 0.0_f64;
    let mut seen = vec![false; mesh.len()];
    while start < points.len() {
        let found = elements.iter().find(|(id, nodes)| {
            let end = start + nodes.len();
            !seen[*id]
                && end <= points.len()
                && points[start..end].iter().all(|x| nodes.iter().any(|n| distance(&n.0, x) < 1e-12))
        });
        let (id, nodes) = found.unwrap_or_else(|| panic!("no element has the points from {start} on"));
        seen[*id] = true;
        for (x, value) in points[start..].iter().zip(&values[start..]).take(nodes.len()) {
            let (_, wanted) = nodes.iter().find(|n| distance(&n.0, x) < 1e-12).unwrap();
            let mut all = wanted[..=dims].to_vec();
            all.resize(4, 0.0);
            all.push(wanted[dims + 1]);
            worst = value.iter().zip(&all).map(|(a, b)| (a - b).abs()).fold(worst, f64::max);
        }
        start += nodes.len();
    }
    assert!(seen.iter().all(|s| *s));
    println!("{cells:?} order {order}: VTK and HDF5 differ by {worst:.1e} at most");
    assert!(worst < 1e-13, "{cells:?} order {order}: {worst:e}");
}

#[test]
fn vtk_values_are_those_of_the_solution_file() {
    for (cells, order) in [
        (Cells::Quad, 3),
        (Cells::Tri, 2),
        (Cells::TriQuad, 4),
        (Cells::Hex, 2),
        (Cells::Tet, 3),
        (Cells::Quad, 0),
    ] {
        vtk_equals_hdf5(cells, order);
    }
}

#[test]
fn the_series_lists_the_exact_times() {
    let folder = folder(&periodic(), &with(WAVE, "dt-out = 0.05", "dt-out = 0.03"));
    folder.succeed(&["run", "mesh.msh", "case.ini"]);
    let pvd = std::fs::read_to_string(folder.path("results/wave.pvd")).unwrap();
    let listed = |key: &str| -> Vec<String> {
        pvd.split(&format!("{key}=\"")).skip(1).map(|s| s.split('"').next().unwrap().to_string()).collect()
    };
    let times: Vec<f64> = listed("timestep").iter().map(|t| t.parse().unwrap()).collect();
    assert_eq!(times, [0.0, 0.03, 0.06, 0.09]);
    for (file, t) in listed(" file").iter().zip(times) {
        let path = folder.path("results").join(file);
        assert!(path.exists(), "{path:?}");
        assert_eq!(solution::read(&path.with_extension("ssoln")).unwrap().0.t, t);
    }
}

#[test]
fn an_exact_solution_gives_an_error_norm() {
    let solution = "\n[solution]\nrho = 1 + 0.2*sin(2*pi*(x + y - 1.5*t))\nu = 1\nv = 0.5\np = 1\n";
    let folder = folder(&periodic(), &format!("{WAVE}{solution}"));
    let (out, _) = folder.succeed(&["run", "mesh.msh", "case.ini"]);
    let line = out.lines().find(|l| l.starts_with("L2 error")).unwrap_or_else(|| panic!("{out}"));
    let rho: f64 = line.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert!(line.contains("rho ") && rho > 1e-7 && rho < 1e-3, "{line}");
}

/// Fails, names what it must, and leaves the folder as it was.
fn refused(folder: &Folder, arguments: &[&str], words: &[&str]) -> String {
    let before = folder.files();
    let message = folder.fail(arguments);
    for word in words {
        assert!(message.contains(word), "'{word}' is missing:\n{message}");
    }
    assert_eq!(folder.files(), before, "{message}");
    message
}

#[test]
fn missing_files_are_named() {
    let folder = folder(&periodic(), WAVE);
    refused(&folder, &["run", "none.smesh", "case.ini"], &["no mesh file 'none.smesh'"]);
    refused(&folder, &["run", "mesh.msh", "none.ini"], &["none.ini", "cannot be read"]);
    refused(&folder, &["import", "none.msh"], &["none.msh"]);
    refused(&folder, &["partition", "2", "none.smesh"], &["none.smesh"]);
    refused(&folder, &["run", "case.ini", "case.ini"], &["'case.ini' is neither a mesh file"]);
}

#[test]
fn a_corrupt_gmsh_file_is_refused_with_its_line() {
    let text = msh(&periodic().raw());
    let folder = folder(&periodic(), WAVE);
    let half = &text[..text.find("$Elements").unwrap() + 200];
    for (name, content) in [
        ("cut.msh", half.to_string()),
        ("word.msh", with(&text, "\n7 ", "\nseven ")),
        ("node.msh", with(&text, " 3 2 1 1 ", " 3 2 1 1 9")),
        ("empty.msh", String::new()),
        ("binary.msh", "\u{0}\u{1}\u{2}".into()),
    ] {
        if content == text {
            panic!("{name} is not corrupt");
        }
        folder.put(name, content);
        for arguments in [&["import", name][..], &["run", name, "case.ini"]] {
            refused(&folder, arguments, &[name]);
        }
    }
}

#[test]
fn a_damaged_mesh_file_is_refused() {
    let folder = folder(&periodic(), WAVE);
    folder.succeed(&["import", "mesh.msh"]);
    let bytes = std::fs::read(folder.path("mesh.smesh")).unwrap();
    folder.put("cut.smesh", &bytes[..bytes.len() / 2]);
    refused(&folder, &["run", "cut.smesh", "case.ini"], &["cut.smesh"]);
    refused(&folder, &["partition", "2", "cut.smesh"], &["cut.smesh"]);
    let mut flipped = bytes.clone();
    for i in (bytes.len() / 4..bytes.len()).step_by(97) {
        flipped[i] ^= 0x5a;
    }
    folder.put("flipped.smesh", &flipped);
    refused(&folder, &["run", "flipped.smesh", "case.ini"], &["flipped.smesh"]);
}

#[test]
fn a_boundary_without_a_condition_is_named() {
    let folder = folder(&walled(), WAVE);
    let words = ["bottom", "soln-bcs-bottom"];
    refused(&folder, &["run", "mesh.msh", "case.ini"], &words);
    let both = "\n[soln-bcs-bottom]\ntype = slp-adia-wall\n[soln-bcs-top]\ntype = slp-adia-wall\n[soln-bcs-inlet]\ntype = slp-adia-wall\n";
    folder.put("case.ini", with(&format!("{WAVE}{both}"), "v = 0.5", "v = 0"));
    let (_, err) = folder.succeed(&["run", "mesh.msh", "case.ini"]);
    assert!(err.contains("note: [soln-bcs-inlet] matches no boundary of the mesh"), "{err}");
}

#[test]
fn all_mistakes_of_a_case_are_told_at_once_before_the_mesh_is_read() {
    let case = with(WAVE, "scheme = rk4", "scheme = rk5");
    let case = with(&case, "riemann-solver = rusanov", "riemann-solver = rusanof");
    let case = with(&case, "u = 1", "u = 1 + sqr(x)");
    let case = format!("{case}\n[soln-bcs-wall]\ntype = slip-adia-wall\n");
    let folder = folder(&periodic(), &case);
    // Nothing of this file is a mesh, and nobody looks.
    folder.put("bad.smesh", "no mesh");
    let message = refused(
        &folder,
        &["run", "bad.smesh", "case.ini"],
        &[
            "[solver-time-integrator] scheme",
            "did you mean 'rk45'",
            "[solver-interfaces] riemann-solver",
            "did you mean 'rusanov'",
            "[soln-ics] u",
            "sqr",
            "[soln-bcs-wall] type",
            "did you mean 'slp-adia-wall'",
        ],
    );
    let line = |text: &str| case.lines().position(|l| l.starts_with(text)).unwrap() + 1;
    for place in ["scheme", "riemann-solver", "u =", "type"] {
        assert!(message.contains(&format!("case.ini:{}:", line(place))), "{place}:\n{message}");
    }
    // Values that are no numbers, likewise.
    let case = with(&with(&case, "order = 3", "order = three"), "dt = 0.002", "dt = -1");
    folder.put("case.ini", &case);
    refused(&folder, &["run", "bad.smesh", "case.ini"], &["[solver] order: 'three'", "dt: '-1'"]);
}

#[test]
fn unknown_keys_warn_with_the_nearest_known_one() {
    let case = with(WAVE, "tend = 0.1", "tend = 0.1\ndt-lokahead = 5");
    let folder = folder(&periodic(), &format!("{case}\n[soln-plugin-writr]\ndt-out = 1\n"));
    let (_, err) = folder.succeed(&["run", "mesh.msh", "case.ini"]);
    let line = case.lines().position(|l| l.starts_with("dt-lokahead")).unwrap() + 1;
    assert!(
        err.contains(&format!("case.ini:{line}: [solver-time-integrator] dt-lokahead: unknown key")),
        "{err}"
    );
    assert!(err.contains("did you mean 'dt-lookahead'?"), "{err}");
    assert!(err.contains("did you mean [soln-plugin-writer"), "{err}");
    assert!(err.lines().all(|l| l.starts_with("warning: ")), "{err}");
}

#[test]
fn a_run_that_blows_up_stops_and_says_where() {
    let folder =
        folder(&periodic(), &with(&with(WAVE, "dt = 0.002", "dt = 0.05"), "tend = 0.1", "tend = 100"));
    let message = end(&mut folder.command(&["run", "mesh.msh", "case.ini"]), 4);
    for word in ["no longer finite at t = ", "step ", "element ", "near (", "reduce dt"] {
        assert!(message.contains(word), "{message}");
    }
    // Whoever looks, or nobody.
    let careless = with(WAVE, "[soln-plugin-nancheck]\nnsteps = 10\n", "");
    let writer =
        &careless[careless.find("[soln-plugin-writer]").unwrap()..careless.find("[soln-ics]").unwrap()];
    folder.put("careless.ini", with(&careless, writer, ""));
    let sets = ["--set", "solver-time-integrator.dt=0.05", "--set", "solver-time-integrator.tend=10"];
    let careless = [&["run", "mesh.msh", "careless.ini"], &sets[..]].concat();
    let message = end(&mut folder.command(&careless), 4);
    assert!(message.contains("no longer finite at t = 10") && message.contains("no good state"), "{message}");
    let cfl = [&careless[..], &["--set", "solver-time-integrator.controller=cfl"]].concat();
    let message =
        end(&mut folder.command(&[&cfl[..], &["--set", "solver-time-integrator.cfl=9"]].concat()), 4);
    assert!(message.contains("waves are ") && message.contains("reduce cfl"), "{message}");
    // What was written before is whole.
    for file in folder.files().iter().filter(|f| f.ends_with(".ssoln")) {
        solution::read(&folder.path(file)).unwrap();
    }
    assert!(folder.files().iter().all(|f| !f.contains("partial")), "{:?}", folder.files());
}

#[test]
fn an_initial_state_that_is_not_finite_is_refused_with_its_place() {
    let folder = folder(&periodic(), &with(WAVE, "p = 1", "p = 1/(x - x)"));
    refused(&folder, &["run", "mesh.msh", "case.ini"], &["initial state is not finite", "p = ", " at ("]);
}

#[test]
fn a_folder_that_is_a_file_is_refused() {
    let folder = folder(&periodic(), WAVE);
    folder.put("results", "in the way");
    refused(&folder, &["run", "mesh.msh", "case.ini"], &["results", "File exists"]);
}

#[test]
fn names_that_repeat_are_refused() {
    let folder = folder(&periodic(), &with(WAVE, "wave-{t:.2f}", "wave"));
    refused(&folder, &["run", "mesh.msh", "case.ini"], &["basename", "same name", "case.ini:"]);
    folder.put("case.ini", with(WAVE, "wave-{t:.2f}", "wave-{x}"));
    refused(&folder, &["run", "mesh.msh", "case.ini"], &["basename", "character", "case.ini:"]);
}

#[test]
fn import_replaces_nothing_but_meshes() {
    let folder = folder(&periodic(), WAVE);
    folder.put("precious.txt", "text");
    refused(&folder, &["import", "mesh.msh", "precious.txt"], &["precious.txt", "--force"]);
    assert_eq!(std::fs::read(folder.path("precious.txt")).unwrap(), b"text");
    folder.succeed(&["import", "mesh.msh"]);
    folder.succeed(&["import", "mesh.msh"]);
    folder.succeed(&["import", "--force", "mesh.msh", "precious.txt"]);
    folder.succeed(&["run", "precious.txt", "case.ini"]);
}

#[test]
fn partitionings_have_names() {
    let folder = folder(&periodic(), WAVE);
    folder.succeed(&["import", "mesh.msh"]);
    folder.succeed(&["partition", "2"]);
    refused(&folder, &["partition", "2"], &["already has a partitioning called '2'", "--force"]);
    folder.succeed(&["partition", "2", "--force"]);
    folder.succeed(&["partition", "1", "--name", "whole"]);
    refused(&folder, &["partition", "0"], &["part"]);
    refused(&folder, &["partition", "1000", "--name", "many"], &["1000"]);
    folder.succeed(&["run", "-P", "whole", "case.ini"]);
    let folder_message = folder.fail(&["run", "-P", "half", "case.ini"]);
    assert!(folder_message.contains("no partitioning called 'half'; it has: 2, whole"), "{folder_message}");
}

#[test]
fn wrong_arguments_end_with_status_two() {
    for arguments in [&["run"][..], &["fly"], &["import"], &["run", "a", "b", "c"]] {
        let output = support::run(&mut Folder::new().command(arguments), cases::LIMIT);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn shells_and_manual_pages_know_every_command() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let (out, _) = folder.succeed(&["completions", shell]);
        assert!(["restart", "time-limit", "partitioning"].iter().all(|word| out.contains(word)), "{shell}");
    }
    folder.succeed(&["man", "man1"]);
    let page = std::fs::read_to_string(folder.path("man1/solver-restart.1")).unwrap();
    assert!(page.contains("Go on from a solution file") && folder.path("man1/solver.1").exists());
}
