//! Looking at meshes and results: `solver mesh`, `solver info`, and what `solver import` refuses.

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed here
mod support;
#[path = "support/vtu.rs"]
mod vtu;

use cases::{Folder, WAVE, msh};
use serde_json::Value;
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::{Mesh, store};
use std::path::Path;
use std::process::Command;
use vtu::Vtu;

/// A folder with `mesh.smesh`.
fn stored(mesh: &Mesh) -> Folder {
    let folder = Folder::new();
    store::write(mesh, folder.path("mesh.smesh")).unwrap();
    folder
}

/// Where the first vertex of the square cell from (0.25, 0.25) to (0.5, 0.5) has to go for it, and no other, to be tangled:
/// beyond its diagonal.
const BEYOND: [f64; 3] = [0.45, 0.45, 0.0];

/// A 4 x 4 square with one tangled element, and its number.
fn tangled() -> (Mesh, usize) {
    let mut mesh = BoxMesh::new(Cells::Quad, [4, 4, 1]).build();
    let bad = (0..mesh.len()).find(|&e| mesh.centroid(e) == [0.375, 0.375, 0.0]).unwrap();
    let vertex = mesh.nodes.iter().position(|x| *x == [0.25, 0.25, 0.0]).unwrap();
    mesh.nodes[vertex] = BEYOND;
    (mesh, bad)
}

/// The output of a command that fails after it has printed its report, and what it says then.
fn fails_after_report(folder: &Folder, arguments: &[&str]) -> (String, String) {
    let output = support::run(&mut folder.command(arguments), cases::LIMIT);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    (text(&output.stdout), text(&output.stderr))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn has(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|l| l == *line), "'{line}' is not a line of\n{text}");
    }
}

#[test]
fn a_stretched_box_is_reported_with_its_exact_figures() {
    let mesh = BoxMesh::new(Cells::Hex, [2, 4, 1]).extents([0.0; 3], [50.0, 4.0, 0.5]).build();
    let folder = stored(&mesh);
    let (out, err) = folder.succeed(&["mesh", "mesh.smesh", "--worst", "2"]);
    assert_eq!(err, "");
    has(
        &out,
        &[
            "mesh       mesh.smesh: 3-D, 8 hex elements, 30 nodes, boundaries back, bottom, front, left, right, top",
            "elements   8 straight (8 of them affine), 0 curved",
            "box        (0, 0, 0) to (50, 4, 0.5)",
            "volume     100",
            "boundary   back    8 faces, area 200",
            "boundary   left    4 faces, area 2",
            "boundary   top     2 faces, area 25",
            "scaled Jacobian: worst 1, 0 below 0.5, 0 not positive",
            "  0.9 and more             8  ########################################",
            "aspect ratio: worst 50, 8 beyond 20",
            "  50 to 100                8  ########################################",
            "8 of 8 elements are beyond a threshold",
        ],
    );
    assert!(out.contains("closed     yes: "), "{out}");
    let worst = out.lines().last().unwrap();
    assert!(worst.contains("0.25)         1      50           1  thin or skewed"), "{worst}");
    let (out, _) = folder.succeed(&["mesh", "mesh.smesh", "--ar-thresh", "60", "--worst", "0"]);
    has(&out, &["aspect ratio: worst 50, 0 beyond 60", "0 of 8 elements are beyond a threshold"]);
    // The same for programs.
    let (out, _) = folder.succeed(&["mesh", "mesh.smesh", "--json"]);
    let report = json(&out);
    assert_eq!(report["volume"], 100.0);
    assert_eq!(report["box"], serde_json::json!([[0.0, 0.0, 0.0], [50.0, 4.0, 0.5]]));
    let bottom = &report["boundaries"][1];
    assert_eq!((&bottom["name"], &bottom["faces"]), (&"bottom".into(), &2.into()));
    assert!((bottom["area"].as_f64().unwrap() - 25.0).abs() < 1e-12);
    assert_eq!((&report["aspect-ratio"]["beyond"], &report["not-positive"]), (&8.into(), &0.into()));
    assert_eq!(report["worst"].as_array().unwrap().len(), 8);
    assert!((report["aspect-ratio"]["worst"].as_f64().unwrap() - 50.0).abs() < 1e-12);
}

#[test]
fn a_tangled_element_fails_the_report_and_is_located() {
    let (mesh, bad) = tangled();
    let folder = stored(&mesh);
    let (out, err) = fails_after_report(&folder, &["mesh", "mesh.smesh", "--worst", "1"]);
    assert_eq!(err, "error: 1 of 16 elements have a Jacobian that is not positive; mend the mesh\n");
    let worst = out.lines().last().unwrap();
    let words: Vec<&str> = worst.split_whitespace().collect();
    assert_eq!(words[..4], [&bad.to_string(), "quad", "(0.425,", "0.425)"], "{worst}");
    assert!(words[4].starts_with('-') && worst.contains("negative or zero Jacobian"), "{worst}");
    has(&out, &["  0 or less                1  ####", "area       1"]);
    let report = json(&fails_after_report(&folder, &["mesh", "mesh.smesh", "--json"]).0);
    let first = &report["worst"][0];
    assert_eq!((&first["element"], &first["shape"]), (&bad.into(), &"quad".into()));
    assert!(first["scaled-jacobian"].as_f64().unwrap() < 0.0);
    assert_eq!(first["faults"][0], "negative or zero Jacobian");
}

#[test]
fn a_gmsh_file_that_cannot_be_imported_is_reported_with_the_reason() {
    // Tangled by hand in the text of the file.
    let good = BoxMesh::new(Cells::Quad, [4, 4, 1]);
    let mut raw = good.raw();
    let vertex = raw.nodes.iter().position(|x| *x == [0.25, 0.25, 0.0]).unwrap();
    raw.nodes[vertex] = BEYOND;
    let folder = Folder::new();
    folder.put("bad.msh", msh(&raw));
    let (out, err) = fails_after_report(&folder, &["mesh", "bad.msh", "--worst", "1"]);
    assert!(err.starts_with("error: the mesh cannot be imported: quad "), "{err}");
    assert!(err.contains("tangled") && err.lines().count() == 1, "{err}");
    assert!(out.contains("cannot be imported, so neighbours and boundaries are left out: quad "), "{out}");
    // The number is that of the file: the same as in the message.
    let number = err.split(": quad ").nth(1).unwrap().split(' ').next().unwrap();
    let worst = out.lines().last().unwrap();
    assert_eq!(worst.split_whitespace().next(), Some(number), "{worst}\n{err}");
    // Faces without a neighbour stand in the way of an import, not of a report.
    let mut raw = good.raw();
    raw.groups.retain(|g| g.name != "top");
    let gone: u32 = 4;
    for block in &mut raw.blocks {
        let per = block.nodes.len() / block.groups.len();
        let keep: Vec<bool> = block.groups.iter().map(|g| *g != gone).collect();
        let mut i = 0;
        block.nodes.retain(|_| {
            i += 1;
            keep[(i - 1) / per]
        });
        block.numbers =
            block.numbers.iter().zip(&keep).filter(|(_, k)| **k).map(|(n, _)| n.to_owned()).collect();
        block.groups.retain(|g| *g != gone);
    }
    folder.put("open.msh", msh(&raw));
    let (out, err) = fails_after_report(&folder, &["mesh", "open.msh"]);
    assert!(out.contains("0 of 16 elements are beyond a threshold"), "{out}");
    assert!(err.contains("4 faces are unpaired"), "{err}");
    assert_eq!(folder.files(), ["bad.msh", "open.msh"]);
}

#[test]
fn order_and_points_come_from_the_options_or_the_case() {
    let folder = stored(&BoxMesh::new(Cells::Quad, [4, 4, 1]).warp(0.08).build());
    let worst = |arguments: &[&str]| -> (u64, f64) {
        let all = [&["mesh", "mesh.smesh", "--json"], arguments].concat();
        let report = json(&folder.succeed(&all).0);
        (report["order"].as_u64().unwrap(), report["scaled-jacobian"]["worst"].as_f64().unwrap())
    };
    folder.put("case.ini", WAVE.replace("order = 3", "order = 1"));
    folder.put(
        "lobatto.ini",
        WAVE.to_string() + "\n[solver-elements-quad]\nsoln-pts = gauss-legendre-lobatto\n",
    );
    let orders = [worst(&[]).0, worst(&["--order", "0"]).0, worst(&["--case", "case.ini"]).0];
    assert_eq!(orders, [3, 0, 1]);
    assert_eq!(worst(&["--case", "case.ini", "--order", "4"]).0, 4);
    // More points see more; Lobatto's reach the corners, where the Jacobian of a warped square is least.
    assert!(worst(&["--order", "1"]).1 > worst(&["--order", "5"]).1);
    assert!(worst(&["--case", "lobatto.ini"]).1 < worst(&["--order", "3"]).1);
}

/// Cells and cell arrays of a VTK file.
fn vtk_cells(path: &Path) -> (usize, Vec<(String, Vec<f64>)>) {
    let vtu = Vtu::read(path);
    let arrays = vtu.arrays.iter().filter(|(part, ..)| part == "CellData");
    (vtu.cells, arrays.map(|(_, name, values)| (name.clone(), values.clone())).collect())
}

/// What VTK itself reads: cells, points, names of the cell arrays.
const LOOK: &str = "
import sys, vtk
reader = vtk.vtkXMLUnstructuredGridReader()
reader.SetFileName(sys.argv[1])
reader.Update()
assert reader.GetErrorCode() == 0
grid = reader.GetOutput()
data = grid.GetCellData()
names = [data.GetArrayName(i) for i in range(data.GetNumberOfArrays())]
size = vtk.vtkCellSizeFilter()
size.SetInputData(grid)
size.Update()
print(grid.GetNumberOfCells(), grid.GetNumberOfPoints(), *names)
";

#[test]
fn exports_show_the_worst_or_all_elements_with_their_measures() {
    let (mesh, bad) = tangled();
    let folder = stored(&mesh);
    let names = ["ScaledJacobian", "AspectRatio", "Stretching", "Volume", "Element"];
    for (file, more, cells) in [("bad.vtu", &["--worst", "3"][..], 3), ("all.vtu", &["--all"], 16)] {
        fails_after_report(&folder, &[&["mesh", "mesh.smesh", "--export", file], more].concat());
        let (found, arrays) = vtk_cells(&folder.path(file));
        assert_eq!(found, cells);
        assert_eq!(arrays.iter().map(|a| a.0.as_str()).collect::<Vec<_>>(), names);
        let of = |name: usize| &arrays[name].1;
        let at = of(4).iter().position(|id| *id == bad as f64).unwrap();
        assert!(of(0)[at] < 0.0 && of(0).iter().filter(|j| **j <= 0.0).count() == 1);
        if let Some(python) = std::env::var_os("SOLVER_VTK_PYTHON") {
            let run = Command::new(python).arg("-c").arg(LOOK).arg(folder.path(file)).output().unwrap();
            let text = String::from_utf8_lossy(&run.stdout).into_owned();
            assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));
            assert_eq!(text.trim(), format!("{cells} {} {}", 4 * cells, names.join(" ")));
        }
    }
    // A name that ParaView would not know, and that may be that of something precious.
    let message = folder.fail(&["mesh", "mesh.smesh", "--export", "mesh.smesh"]);
    assert!(message.contains("'mesh.smesh' must end in .vtu"), "{message}");
    store::read(folder.path("mesh.smesh")).unwrap();
}

#[test]
fn curved_meshes_are_reported_and_exported_as_curved() {
    let folder = stored(&BoxMesh::new(Cells::TriQuad, [4, 4, 1]).order(3).warp(0.05).build());
    let (out, _) = folder.succeed(&["mesh", "mesh.smesh", "--export", "all.vtu", "--all", "--worst", "1"]);
    has(&out, &["elements   0 straight (0 of them affine), 24 curved", "area       1"]);
    let worst = out.lines().last().unwrap();
    assert!(worst.contains(" order 3 "), "{worst}");
    let vtu = Vtu::read(&folder.path("all.vtu"));
    assert_eq!((vtu.cells, vtu.array("Points", "Points").len()), (24, 3 * (16 * 10 + 8 * 16)));
}

#[test]
fn every_shape_in_one_mesh_is_reported_and_exported() {
    let folder = Folder::new();
    for order in ["1", "2"] {
        let generate =
            ["generate", "box", "4", "4", "4", "--shape", "mixed", "--order", order, "-o", "mixed.smesh"];
        folder.succeed(&[&generate[..], &["--warp", "0.05"]].concat());
        let mesh = store::read(folder.path("mixed.smesh")).unwrap();
        assert_eq!(mesh.blocks.len(), 4, "hexahedra, prisms, pyramids, tetrahedra");
        let (out, _) = folder.succeed(&["mesh", "mixed.smesh", "--export", "all.vtu", "--all"]);
        has(&out, &["volume     1"]);
        assert!(out.contains("closed     yes") && out.contains(" 0 not positive"), "{out}");
        // Curved pyramids take several cells, each with the numbers of its element.
        let (cells, arrays) = vtk_cells(&folder.path("all.vtu"));
        let mut elements = arrays[4].1.clone();
        assert!(elements.len() == cells && cells >= mesh.len(), "{cells}");
        elements.dedup();
        assert_eq!(elements, (0..mesh.len()).map(|e| e as f64).collect::<Vec<_>>());
    }
}

#[test]
fn wrong_arguments_and_files_are_refused() {
    let folder = stored(&tangled().0);
    for arguments in [
        &["mesh"][..],
        &["mesh", "mesh.smesh", "--order", "21"],
        &["mesh", "mesh.smesh", "--all"],
        &["mesh", "mesh.smesh", "--worst", "-1"],
    ] {
        let output = support::run(&mut folder.command(arguments), cases::LIMIT);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    folder.put("notes.txt", "text");
    folder.put("cut.msh", "$MeshFormat\n2.2 0 8\n");
    for (file, words) in [
        ("none.smesh", "no mesh file 'none.smesh'"),
        ("none.msh", "none.msh"),
        ("notes.txt", "'notes.txt' is neither a mesh file"),
        ("cut.msh", "cut.msh"),
    ] {
        let message = folder.fail(&["mesh", file]);
        assert!(message.contains(words) && message.lines().count() == 1, "{message}");
    }
    let message = folder.fail(&["mesh", "mesh.smesh", "--case", "none.ini"]);
    assert!(message.contains("none.ini"), "{message}");
}

#[test]
fn info_on_a_mesh_counts_what_is_in_it() {
    let mesh = BoxMesh::new(Cells::TriQuad, [4, 3, 1]).extents([-1.0; 3], [3.0, 2.0, 0.0]).build();
    let folder = stored(&mesh);
    folder.succeed(&["partition", "2", "mesh.smesh"]);
    folder.succeed(&["partition", "3", "mesh.smesh", "--name", "three"]);
    let (out, err) = folder.succeed(&["info", "mesh.smesh"]);
    assert_eq!(err, "");
    let uuid = format!("uuid          {}", mesh.uuid);
    has(
        &out,
        &[
            &uuid,
            "dimensions    2",
            "nodes         20",
            "elements      12 tri",
            "              6 quad",
            "              18 straight (18 of them affine), 0 curved",
            "boundary      bottom: 4 faces",
            "              left: 3 faces",
            "box           (-1, -1) to (3, 2)",
            "unknowns      864 at order 3 with 4 variables (a flow), 216 with one",
            "partitioning  2: 2 parts",
            "              three: 3 parts",
        ],
    );
    assert!(out.starts_with("mesh          mesh.smesh, ") && out.contains("kB, format "), "{out}");
    let report = json(&folder.succeed(&["info", "mesh.smesh", "--json", "--order", "1"]).0);
    assert_eq!((&report["points"], &report["elements"]), (&60.into(), &18.into()));
    assert_eq!(report["boundaries"][0], serde_json::json!({"name": "bottom", "faces": 4}));
    assert_eq!(report["partitionings"][1], serde_json::json!({"name": "three", "parts": 3}));
    // Curved and warped elements.
    let folder = stored(&BoxMesh::new(Cells::Hex, [2; 3]).order(2).build());
    let (out, _) = folder.succeed(&["info", "mesh.smesh"]);
    has(
        &out,
        &[
            "elements      8 hex, geometry of order 2",
            "              0 straight (0 of them affine), 8 curved",
        ],
    );
    let folder = stored(&BoxMesh::new(Cells::Quad, [3; 3]).warp(0.05).build());
    has(
        &folder.succeed(&["info", "mesh.smesh"]).0,
        &["              9 straight (0 of them affine), 0 curved"],
    );
}

#[test]
fn info_on_a_gmsh_file_summarises_it_even_when_it_cannot_be_imported() {
    let mut raw = BoxMesh::new(Cells::Tri, [2, 2, 1]).periodic([true, false, false]).raw();
    let folder = Folder::new();
    folder.put("mesh.msh", msh(&raw));
    let lines = [
        "dimensions    2",
        "nodes         9",
        "elements      8 tri",
        "boundary      periodic_x_l: 2 faces",
        "              periodic_x_r: 2 faces",
        "              bottom: 2 faces",
        "box           (0, 0) to (1, 1)",
        "volume group  fluid: 8 elements",
    ];
    let (out, _) = folder.succeed(&["info", "mesh.msh"]);
    has(&out, &lines);
    assert!(out.starts_with("Gmsh file     mesh.msh, ") && out.contains(", MSH 2.2, text\n"), "{out}");
    assert_eq!(json(&folder.succeed(&["info", "mesh.msh", "--json"]).0)["format"], "2.2");
    raw.nodes[4] = [2.0, 2.0, 0.0];
    folder.put("mesh.msh", msh(&raw));
    folder.fail(&["import", "mesh.msh"]);
    has(&folder.succeed(&["info", "mesh.msh"]).0, &lines[..6]);
}

#[test]
fn meshes_of_pyfr_are_looked_at_like_those_of_gmsh() {
    let folder = Folder::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pyfrm/shapes");
    let file = |extension: &str| fixture.with_extension(extension).display().to_string();
    let (pyfrm, msh) = (file("pyfrm"), file("msh"));
    let about = |command: &str, file: &str| json(&folder.succeed(&[command, file, "--json"]).0);
    assert!(folder.succeed(&["info", &pyfrm]).0.starts_with("PyFR file     "));
    let (info, same) = (about("info", &pyfrm), about("info", &msh));
    assert_eq!((&info["kind"], &same["kind"]), (&"pyfrm".into(), &"gmsh".into()));
    for key in ["dimensions", "elements", "blocks", "box", "points"] {
        assert_eq!(info[key], same[key], "{key}");
    }
    let volume = |file: &str| about("mesh", file)["volume"].as_f64().unwrap();
    assert!((volume(&pyfrm) - volume(&msh)).abs() < 1e-12);
}

#[test]
fn bodies_of_a_mesh_of_pyfr_become_stl_files() {
    let folder = Folder::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pyfrm/shapes.pyfrm");
    std::fs::copy(fixture, folder.path("a.pyfrm")).unwrap();
    let file = hdf5::File::append(folder.path("a.pyfrm")).unwrap();
    let group = file.group("regions/stl").or_else(|_| file.create_group("regions/stl")).unwrap();
    let data = ndarray::Array3::from_shape_fn((1, 4, 3), |(_, row, d)| (3 * row + d) as f32);
    for name in ["wing", ".hidden"] {
        group.new_dataset_builder().with_data(&data).create(name).unwrap();
    }
    drop((group, file));
    folder.put("out/keep.txt", "");
    let (out, err) = folder.succeed(&["import", "a.pyfrm", "out/a.smesh"]);
    assert!(
        out.contains("out/wing.stl: 1 triangles") && err.contains("body \".hidden\" is left out"),
        "{out}{err}"
    );
    let triangles = solver::output::stl::parse(std::fs::read(folder.path("out/wing.stl")).unwrap()).unwrap();
    assert_eq!(triangles, [[[3.0, 4.0, 5.0], [6.0, 7.0, 8.0], [9.0, 10.0, 11.0]]]);
    // A file that is there stays.
    folder.put("out/wing.stl", "mine");
    let (_, err) = folder.succeed(&["import", "a.pyfrm", "out/a.smesh"]);
    assert!(err.contains("out/wing.stl exists and is left as it is"), "{err}");
    assert_eq!(std::fs::read_to_string(folder.path("out/wing.stl")).unwrap(), "mine");
}

#[test]
fn info_on_a_solution_shows_time_fields_and_the_case_it_carries() {
    let folder = Folder::new();
    folder.put("mesh.msh", msh(&BoxMesh::new(Cells::Quad, [4, 4, 1]).periodic([true; 3]).raw()));
    folder.put("case.ini", WAVE);
    folder.succeed(&["import", "mesh.msh"]);
    folder.succeed(&["run", "case.ini"]);
    let uuid = store::read(folder.path("mesh.smesh")).unwrap().uuid;
    let file = "results/wave-0.10.ssoln";
    let (out, err) = folder.succeed(&["info", file]);
    assert_eq!(err, "");
    has(
        &out,
        &[
            &format!("mesh uuid     {uuid}"),
            "system        euler, 2-D, order 3, double precision",
            "time          t = 0.1, step 50, dt = 0.002",
            "elements      16 quad of order 3 on gauss-legendre",
            "unknowns      1,024",
        ],
    );
    let range = |report: &Value, name: &str| -> [f64; 2] {
        let field = report["fields"].as_array().unwrap().iter().find(|f| f["name"] == name).unwrap().clone();
        [&field["min"], &field["max"]].map(|x| x.as_f64().unwrap())
    };
    let report = json(&folder.succeed(&["info", file, "--json"]).0);
    let [low, high] = range(&report, "rho");
    assert!((0.79..0.83).contains(&low) && (1.17..1.21).contains(&high), "{low} {high}");
    assert_eq!(
        (&report["t"], &report["step"], &report["mesh-uuid"]),
        (&0.1.into(), &50.into(), &uuid.into())
    );
    // The case comes back as it was written.
    assert_eq!(folder.succeed(&["info", file, "--case"]).0, WAVE);
    let message = folder.fail(&["info", "mesh.smesh", "--case"]);
    assert!(message.contains("only solutions carry a case"), "{message}");
}

#[test]
fn info_on_damaged_and_foreign_files_is_one_clear_sentence() {
    let folder = stored(&tangled().0);
    let bytes = std::fs::read(folder.path("mesh.smesh")).unwrap();
    folder.put("cut.smesh", &bytes[..bytes.len() / 2]);
    let mut flipped = bytes.clone();
    for i in (bytes.len() / 4..bytes.len()).step_by(97) {
        flipped[i] ^= 0x5a;
    }
    folder.put("flipped.smesh", &flipped);
    folder.put("notes.txt", "text");
    folder.put("empty", "");
    folder.put("cut.msh", "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n4\n1 0 0 0\n");
    let foreign = hdf5::File::create(folder.path("foreign.h5")).unwrap();
    foreign.new_dataset::<u8>().shape(3).create("numbers").unwrap();
    foreign.close().unwrap();
    std::fs::create_dir(folder.path("folder")).unwrap();
    for (file, words) in [
        ("cut.smesh", "damaged or cut short"),
        ("flipped.smesh", "flipped.smesh"),
        ("notes.txt", "'notes.txt' is not a mesh or solution of this program, nor one of Gmsh or PyFR"),
        ("empty", "'empty' is not a mesh or solution"),
        ("cut.msh", "cut.msh, line 5"),
        ("foreign.h5", "an HDF5 file of another program"),
        ("none", "cannot read 'none'"),
        ("folder", "'folder' is not a file"),
    ] {
        let message = folder.fail(&["info", file]);
        assert!(message.contains(words) && message.lines().count() == 1, "{file}: {message}");
    }
}

/// Changes a file in one place; the text must be there.
fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    text.replacen(old, new, 1)
}

#[test]
fn import_refuses_with_one_sentence_and_leaves_no_file() {
    let text = msh(&BoxMesh::new(Cells::Quad, [3, 3, 1]).raw());
    let elements = text.find("$Elements").unwrap();
    let square = text[elements..].find(" 3 2 1 1 ").unwrap() + elements;
    let line_of = |at: usize| text[..at].matches('\n').count() + 1;
    // The last element, a square, is made something else, or loses its wall.
    let last = text.trim_end().lines().rev().nth(1).unwrap();
    let number = last.split(' ').next().unwrap();
    let unknown = with(&text, &format!("\n{number} 3 "), &format!("\n{number} 999 "));
    let missing_wall: String = {
        let kept: Vec<&str> = text.lines().filter(|l| !l.contains(" 1 2 5 5 ")).collect();
        let gone = text.lines().count() - kept.len();
        assert_eq!(gone, 3, "the side of group 5 has three lines");
        let count = text[elements..].lines().nth(1).unwrap();
        let fewer = (count.parse::<usize>().unwrap() - gone).to_string();
        with(&(kept.join("\n") + "\n"), &format!("$Elements\n{count}\n"), &format!("$Elements\n{fewer}\n"))
    };
    let unpaired =
        ["3 faces are unpaired", "(0.5, 1, 0)", "is a physical group, or its elements, missing there?"];
    let refusals: [(&str, String, &[&str]); 6] = [
        ("cut.msh", text[..square].into(), &["cut.msh, line ", &line_of(square).to_string(), "cut short"]),
        (
            "old.msh",
            with(&text, "2.2 0 8", "1.0 0 8"),
            &["old.msh, line 2", "MSH version 1.0", "save as 4.1 or 2.2"],
        ),
        ("new.msh", with(&text, "2.2 0 8", "5.0 0 8"), &["new.msh, line 2", "MSH version 5.0"]),
        ("open.msh", missing_wall, &unpaired),
        ("type.msh", unknown, &["type.msh, line ", &format!("element {number}"), "Gmsh type 999", "unknown"]),
        ("text.msh", "solid cube\n".into(), &["text.msh, line 1", "begins with $MeshFormat"]),
    ];
    let folder = Folder::new();
    for (name, content, _) in &refusals {
        folder.put(name, content);
    }
    let before = folder.files();
    let refused = |name: &str, words: &[&str]| {
        let output = support::run(&mut folder.command(&["import", name]), cases::LIMIT);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!((output.status.code(), &*out), (Some(1), ""), "{name}: {err}");
        assert!(err.starts_with("error: ") && err.lines().count() == 1, "{name}: {err}");
        for word in words {
            assert!(err.contains(word), "{name}: '{word}' is missing: {err}");
        }
        assert_eq!(folder.files(), before, "{name}: {err}");
    };
    for (name, _, words) in &refusals {
        refused(name, words);
    }
    refused("none.msh", &["cannot read the mesh file none.msh", "No such file"]);
    // An older mesh of that name stays as it was.
    folder.put("mesh.msh", &text);
    folder.succeed(&["import", "mesh.msh", "open.smesh"]);
    let old = std::fs::read(folder.path("open.smesh")).unwrap();
    folder.fail(&["import", "open.msh"]);
    assert_eq!(std::fs::read(folder.path("open.smesh")).unwrap(), old);
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_failure_to_tell_of() {
    let folder = stored(&BoxMesh::new(Cells::Quad, [40, 40, 1]).build());
    let mut command = folder.command(&["check", "case.ini", "mesh.smesh"]);
    folder.put("case.ini", WAVE);
    let mut run =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(run.stdout.take());
    let output = run.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("panicked"), "{told}");
}
