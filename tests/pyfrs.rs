//! Solutions of PyFR: files laid out as it writes them become solutions that everything else takes; damaged ones are told in a
//! sentence.

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed here
mod support;

use cases::Folder;
use hdf5::types::FixedAscii;
use hdf5::{File, Group, H5Type};
use ndarray::{Array2, Array3};
use solver::element::{PointSets, Shape, basis, lattice, points};
use solver::mesh::pyfrm;
use solver::output::Precision;
use solver::output::solution;
use std::path::{Path, PathBuf};

const ORDER: usize = 2;
const GAMMA: f64 = 1.4;

/// Conserved variables as functions of place, linear so that they are polynomials on curved elements of order 2, too.
fn flow(dims: usize, x: &[f64]) -> Vec<f64> {
    let along: f64 = x.iter().zip([0.1, -0.2, 0.05]).map(|(x, a)| a * x).sum();
    let rho = 2.0 + along;
    let u = [0.3, -0.1, 0.2];
    let kinetic: f64 = 0.5 * u[..dims].iter().map(|u| u * u).sum::<f64>();
    let energy = (1.0 + 0.5 * along) / (GAMMA - 1.0) + rho * kinetic;
    [rho].into_iter().chain(u[..dims].iter().map(|u| rho * u)).chain([energy]).collect()
}

fn variables(dims: usize) -> Vec<&'static str> {
    [&["rho", "rhou", "rhov"][..], if dims == 3 { &["rhow"] } else { &[] }, &["E"]].concat()
}

/// The case as PyFR keeps it.
fn config(dims: usize) -> String {
    let walls: &[&str] = if dims == 3 { &["wall"] } else { &["lower", "upper"] };
    let mut text = format!(
        "[backend]\nprecision = double\nrank-allocator = linear\n\n[constants]\ngamma = {GAMMA}\n\n[solver]\nsystem = euler\n\
         order = {ORDER}\n\n[solver-time-integrator]\nformulation = std\nscheme = rk4\ncontroller = none\ntstart = 0.0\n\
         tend = 4.0\ndt = 1e-5\n\n[solver-interfaces]\nriemann-solver = rusanov\n\n[soln-ics]\nrho = 2\nu = 0.3\nv = -0.1\n{}p = 1\n\n\
         [solver-interfaces-line]\nflux-pts = gauss-legendre\n\n[solver-elements-tri]\nsoln-pts = williams-shunn\n\n\
         [soln-plugin-writer]\nbasename = out-{{t:.1f}}\ndt-out = 1.0\n\n",
        if dims == 3 { "w = 0.2\n" } else { "" }
    );
    for wall in walls {
        text += &format!("[soln-bcs-{wall}]\ntype = slp-adia-wall\n\n");
    }
    text
}

fn stats(fields: &[&str]) -> String {
    format!(
        "[data]\nfields = {}\nprefix = soln\n\n[solver-time-integrator]\ntcurr = 2.5\nwall-time = 12.75\nnsteps = 70\n\
         nacptsteps = 69\nnrjctsteps = 1\n",
        fields.join(",")
    )
}

/// Elements of one shape of a mesh file, and where their points are.
struct Elements {
    shape: Shape,
    reference: Array2<f64>,
    /// `[element][point][dimension]`.
    places: Array3<f64>,
}

/// What stands in a mesh file, with our points in reverse order.
fn elements(mesh: &Path) -> (usize, Vec<Elements>) {
    let raw = pyfrm::read(mesh).unwrap().raw;
    let dims = raw.blocks.iter().map(|b| b.shape.dims()).max().unwrap();
    let volume = raw.blocks.iter().filter(|b| b.shape.dims() == dims);
    let of_block = |block: &solver::mesh::raw::RawBlock| {
        let (shape, per) = (block.shape, block.shape.points(block.order));
        let name = PointSets::default().solution_name(shape).to_string();
        let mut reference = points::points(shape, &name, ORDER).unwrap();
        reference.invert_axis(ndarray::Axis(0));
        let reference = reference.as_standard_layout().to_owned();
        let weights =
            basis::interpolation(shape, block.order, &lattice::nodes(shape, block.order), &reference);
        let count = block.nodes.len() / per;
        let place = |(e, p, d): (usize, usize, usize)| {
            let nodes = &block.nodes[e * per..][..per];
            nodes.iter().zip(weights.row(p)).map(|(&n, w)| w * raw.nodes[n as usize][d]).sum()
        };
        let places = Array3::from_shape_fn((count, reference.nrows(), dims), place);
        Elements { shape, reference, places }
    };
    (dims, volume.map(of_block).collect())
}

/// A copy of a mesh of the fixtures.
fn mesh(folder: &Folder, name: &str) -> PathBuf {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/pyfrm/{name}.pyfrm"));
    let copy = folder.path(&format!("{name}.pyfrm"));
    std::fs::copy(fixture, &copy).unwrap();
    copy
}

fn text(group: &Group, name: &str, text: &str) {
    let value = FixedAscii::<4096>::from_ascii(text).unwrap();
    if group.link_exists(name) {
        group.unlink(name).unwrap();
    }
    group.new_dataset::<FixedAscii<4096>>().create(name).unwrap().write_scalar(&value).unwrap();
}

fn integer(group: &Group, name: &str, value: i64) {
    if group.link_exists(name) {
        group.unlink(name).unwrap();
    }
    group.new_dataset::<i64>().create(name).unwrap().write_scalar(&value).unwrap();
}

/// All but the solution.
fn head(path: &Path, mesh: &Path, version: i64, dims: usize, fields: &[&str]) -> (File, Group) {
    let file = File::create(path).unwrap();
    text(&file, "config", &config(dims));
    text(&file, "stats", &stats(fields));
    text(&file, "mesh-uuid", &pyfrm::uuid(mesh).unwrap());
    text(&file, "creator", "pyfr 3.1");
    integer(&file, "version", version);
    let group = file.create_group("soln").unwrap();
    (file, group)
}

fn points_of(dataset: &hdf5::Dataset, elements: &Elements) {
    let attribute = dataset.new_attr::<f64>().shape(elements.reference.dim()).create("pts").unwrap();
    attribute.write(&elements.reference).unwrap();
}

/// A file of version 1, in `T` numbers; with gradients, which are of no use, if there are more fields than variables.
fn version1<T: H5Type + From<f32> + Copy>(path: &Path, mesh: &Path, fields: &[&str], number: fn(f64) -> T) {
    let (dims, all) = elements(mesh);
    let (_file, group) = head(path, mesh, 1, dims, fields);
    for elements in &all {
        let (count, n, _) = elements.places.dim();
        let value = |(e, field, p): (usize, usize, usize)| {
            let at: Vec<f64> = elements.places.slice(ndarray::s![e, p, ..]).to_vec();
            flow(dims, &at).get(field).map_or(T::from(-7.0), |x| number(*x))
        };
        let values = Array3::from_shape_fn((count, fields.len(), n), value);
        let name = format!("p{ORDER}-{}", elements.shape.name());
        let dataset = group.new_dataset_builder().with_data(&values).create(name.as_str()).unwrap();
        points_of(&dataset, elements);
        // As after a run of two parts.
        let parts: Vec<i32> = (0..count as i32).map(|e| e % 2).collect();
        group.new_dataset_builder().with_data(&parts).create(format!("{name}-parts").as_str()).unwrap();
    }
}

/// Variables in another order than here.
#[derive(Clone, Copy, H5Type)]
#[repr(C)]
#[allow(non_snake_case)]
struct Fields<const N: usize> {
    E: [f64; N],
    rhov: [f64; N],
    rho: [f64; N],
    rhou: [f64; N],
}

#[derive(Clone, Copy, H5Type)]
#[repr(C)]
struct Row<const N: usize> {
    part: i64,
    soln: Fields<N>,
}

/// A file of version 2 in two dimensions.
fn version2(path: &Path, mesh: &Path) {
    fn table<const N: usize>(group: &Group, elements: &Elements) {
        let row = |e: usize| {
            let at = |v: usize| -> [f64; N] {
                std::array::from_fn(|p| flow(2, &elements.places.slice(ndarray::s![e, p, ..]).to_vec())[v])
            };
            Row { part: 0, soln: Fields { E: at(3), rhov: at(2), rho: at(0), rhou: at(1) } }
        };
        let rows: Vec<Row<N>> = (0..elements.places.dim().0).map(row).collect();
        let name = format!("p{ORDER}-{}", elements.shape.name());
        let dataset = group.new_dataset_builder().with_data(&rows).create(name.as_str()).unwrap();
        points_of(&dataset, elements);
    }
    let (dims, all) = elements(mesh);
    let (_file, group) = head(path, mesh, 2, dims, &variables(2));
    for elements in &all {
        match elements.shape {
            Shape::Tri => table::<6>(&group, elements),
            Shape::Quad => table::<9>(&group, elements),
            other => panic!("{other:?} in two dimensions"),
        }
    }
}

/// Every value of a solution file is that of the flow at its point, which the mesh file and its reference coordinates give.
fn check(folder: &Folder, mesh: &str, file: &str, tolerance: f64) {
    let mesh = solver::mesh::store::read(folder.path(mesh)).unwrap();
    let (header, blocks) = solution::read(&folder.path(file)).unwrap();
    assert_eq!((header.t, header.step, header.order, header.dt), (2.5, 69, ORDER, 1e-5));
    assert_eq!((header.system.as_str(), &header.mesh_uuid), ("euler", &mesh.uuid));
    assert_eq!(header.variables, variables(mesh.dims));
    assert!(header.config_source.contains("rank-allocator"), "the case is kept as it was");
    let mut checked = 0;
    for block in &blocks {
        let (n, v) = (block.points(), header.variables.len());
        let reference = Array2::from_shape_vec((n, mesh.dims), block.reference_points.clone()).unwrap();
        for (row, &id) in block.ids.iter().enumerate() {
            let mut element = id as usize;
            let of_mesh = mesh.blocks.iter().find(|b| {
                let here = element < b.len();
                element -= if here { 0 } else { b.len() };
                here
            });
            let of_mesh = of_mesh.unwrap();
            assert_eq!(of_mesh.shape, block.shape);
            let per = of_mesh.shape.points(of_mesh.order);
            let nodes = &of_mesh.nodes[element * per..][..per];
            let lattice = lattice::nodes(of_mesh.shape, of_mesh.order);
            let weights = basis::interpolation(of_mesh.shape, of_mesh.order, &lattice, &reference);
            for p in 0..n {
                let at: Vec<f64> = (0..mesh.dims)
                    .map(|d| {
                        nodes.iter().zip(weights.row(p)).map(|(&n, w)| w * mesh.nodes[n as usize][d]).sum()
                    })
                    .collect();
                for (variable, expected) in flow(mesh.dims, &at).into_iter().enumerate() {
                    let found = block.values[(row * v + variable) * n + p];
                    assert!((found - expected).abs() < tolerance, "{id} at {at:?}: {found}, not {expected}");
                    checked += 1;
                }
            }
        }
    }
    let points: usize = mesh.blocks.iter().map(|b| b.len() * b.shape.points(ORDER)).sum();
    assert_eq!(checked, points * variables(mesh.dims).len());
}

#[test]
fn every_shape_and_precision_is_taken_over_point_by_point() {
    for name in ["shapes", "strip"] {
        let folder = Folder::new();
        let path = mesh(&folder, name);
        let dims = elements(&path).0;
        let (pyfrm, smesh) = (format!("{name}.pyfrm"), format!("{name}.smesh"));
        folder.succeed(&["import", &pyfrm]);
        version1(&folder.path("double.pyfrs"), &path, &variables(dims), |x| x);
        let (out, _) = folder.succeed(&["import", "double.pyfrs", &pyfrm]);
        assert!(
            out.starts_with(&format!("double.ssoln: t = 2.5, euler of order {ORDER} on {dims}-D, ")),
            "{out}"
        );
        check(&folder, &smesh, "double.ssoln", 1e-12);
        assert_eq!(solution::read(&folder.path("double.ssoln")).unwrap().0.precision, Precision::Double);

        // Single precision, with gradients behind; into a folder that is not there.
        let mut fields = variables(dims);
        fields.extend(["grad_rho_x", "grad_rho_y"]);
        version1(&folder.path("single.pyfrs"), &path, &fields, |x| x as f32);
        folder.succeed(&["import", "single.pyfrs", &pyfrm, "new/one.ssoln"]);
        check(&folder, &smesh, "new/one.ssoln", 1e-6);
        assert_eq!(solution::read(&folder.path("new/one.ssoln")).unwrap().0.precision, Precision::Single);

        // A mesh that keeps its order is another one, and is what the same option gives here.
        folder.succeed(&["import", &pyfrm, "kept.smesh", "--keep-order"]);
        folder.succeed(&["import", "double.pyfrs", &pyfrm, "kept.ssoln", "--keep-order"]);
        check(&folder, "kept.smesh", "kept.ssoln", 1e-12);
    }
    let folder = Folder::new();
    let path = mesh(&folder, "strip");
    version2(&folder.path("two.pyfrs"), &path);
    folder.succeed(&["import", "strip.pyfrm"]);
    folder.succeed(&["import", "two.pyfrs", "strip.pyfrm"]);
    check(&folder, "strip.smesh", "two.ssoln", 1e-12);
}

#[test]
fn runs_go_on_and_the_other_commands_read_it() {
    let folder = Folder::new();
    let path = mesh(&folder, "strip");
    version1(&folder.path("old.pyfrs"), &path, &variables(2), |x| x);
    folder.succeed(&["import", "strip.pyfrm"]);
    folder.succeed(&["import", "old.pyfrs", "strip.pyfrm"]);
    let (out, _) = folder.succeed(&["info", "old.ssoln"]);
    assert!(out.contains("euler") && out.contains("2.5"), "{out}");

    // Between the points, too, it is the flow: sampled at the middle of an element.
    let raw = pyfrm::read(&path).unwrap().raw;
    let low = raw.nodes.iter().fold([f64::MAX; 2], |m, x| [m[0].min(x[0]), m[1].min(x[1])]);
    let high = raw.nodes.iter().fold([f64::MIN; 2], |m, x| [m[0].max(x[0]), m[1].max(x[1])]);
    let at = [0.37 * low[0] + 0.63 * high[0], 0.45 * low[1] + 0.55 * high[1]];
    let point = format!("--point={},{}", at[0], at[1]);
    let (out, _) = folder.succeed(&["sample", "strip.smesh", "old.ssoln", &point, "-f", "rho", "-f", "p"]);
    let row: Vec<f64> = out.lines().last().unwrap().split(',').map(|x| x.parse().unwrap()).collect();
    let expected = flow(2, &at);
    let pressure = (GAMMA - 1.0) * (expected[3] - 0.5 * expected[0] * (0.3 * 0.3 + 0.1 * 0.1));
    assert!((row[row.len() - 2] - expected[0]).abs() < 1e-11, "{out}, not {expected:?}");
    assert!((row[row.len() - 1] - pressure).abs() < 1e-11, "{out}, not {pressure}");

    folder.succeed(&["export", "volume", "strip.smesh", "old.ssoln", "-o", "old.vtu"]);
    let words = ["--set", "solver-time-integrator.tend=2.50002", "--progress", "none"];
    let (out, err) = folder.succeed(&[&["restart", "strip.smesh", "old.ssoln"][..], &words].concat());
    assert!(out.contains("goes on    from old.ssoln: t = 2.5, step 69"), "{out}{err}");
    let said = folder.fail(&["restart", "strip.smesh", "old.pyfrs"]);
    assert!(said.contains("import it first: solver import old.pyfrs MESH.pyfrm"), "{said}");
    // Another order, as any solution can be continued.
    let words = [&words[..], &["--set", "solver.order=3"]].concat();
    folder.succeed(&[&["restart", "strip.pyfrm", "old.ssoln"][..], &words].concat());
}

/// Puts other values in place of a dataset of numbers.
fn replace(group: &Group, name: &str, shape: &[usize], value: f64) {
    group.unlink(name).unwrap();
    let values = ndarray::ArrayD::from_elem(shape, value);
    group.new_dataset_builder().with_data(&values).create(name).unwrap();
}

/// Makes a good file bad.
type Damage = fn(&File);

#[test]
fn what_cannot_be_taken_over_is_told_in_a_sentence() {
    let folder = Folder::new();
    let path = mesh(&folder, "strip");
    let import = ["import", "bad.pyfrs", "strip.pyfrm"];
    let cases: &[(Damage, &str)] = &[
        (
            |f| text(f, "mesh-uuid", "f00f00f0-0000-0000-0000-000000000000"),
            "was computed on another mesh (uuid f00f00f0",
        ),
        (|f| f.unlink("stats").unwrap(), "is no solution file of PyFR: it lacks one of config, stats"),
        (|f| f.unlink("soln").unwrap(), "is no solution file of PyFR: it lacks soln"),
        (|f| f.relink("soln", "tavg").unwrap(), "holds averages over time, not a solution"),
        (|f| integer(f, "version", 3), "has format version 3, but only 1 and 2 are known"),
        (|f| text(f, "version", "1"), "/version: its type is"),
        (|f| integer(f, "config", 3), "/config: its type is"),
        (|f| text(f, "config", "[solver]\norder = 2\n"), "the case in bad.pyfrs: "),
        (
            |f| text(f, "config", &config(2).replace("= euler", "= ac-navier-stokes")),
            "the case in bad.pyfrs: ",
        ),
        (
            |f| text(f, "config", &config(2).replace("order = 2", "order = 3")),
            "its order is 2, but that of the case in the file 3",
        ),
        (
            |f| text(f, "stats", "[data]\nprefix = soln\nfields = rho\n"),
            "/stats: it has no tcurr in [solver-time-integrator]",
        ),
        (|f| text(f, "stats", &stats(&["rho", "rhou"])), "it holds 4 fields, but /stats lists 2 (rho, rhou)"),
        (
            |f| text(f, "stats", &stats(&["rho", "rhou", "rhow", "E"])),
            "it has no field rhov, but rho, rhou, rhow, E",
        ),
        (|f| text(f, "stats", &stats(&variables(2)).replace("= 2.5", "= nan")), "tcurr = \"nan\" is no time"),
        (|f| text(f, "stats", "nothing"), "/stats: "),
        (|f| f.unlink("soln/p2-tri").unwrap(), "has 0 tri elements, but the mesh has 8"),
        (
            |f| f.relink("soln/p2-tri", "soln/p2-blob").unwrap(),
            "/soln/p2-blob: its name is not that of elements",
        ),
        (
            |f| f.relink("soln/p2-tri", "soln/p99-tri").unwrap(),
            "/soln/p99-tri: its name is not that of elements",
        ),
        (|f| f.relink("soln/p2-tri", "soln/p2-tet").unwrap(), "/soln/p2-tet: its shape is"),
        (|f| replace(&f.group("soln").unwrap(), "p2-tri-parts", &[8], 1.0), ""),
        (
            |f| replace(&f.group("soln").unwrap(), "p2-tri", &[8, 4, 6], 1.0),
            "its attribute \"pts\" is missing",
        ),
        (
            |f| replace(&f.group("soln").unwrap(), "p2-tri", &[8, 24], 1.0),
            "its shape is [8, 24], not [elements, fields, 6]",
        ),
        (
            |f| drop(f.group("soln").unwrap().new_dataset::<i64>().shape([3]).create("p2-tri-idxs").unwrap()),
            "holds a part of the mesh only (/soln/p2-tri-idxs)",
        ),
        (
            |f| {
                let dataset = f.dataset("soln/p2-quad").unwrap();
                let mut values: Array3<f64> = dataset.read().unwrap();
                values[[3, 1, 2]] = f64::NAN;
                dataset.write(&values).unwrap();
            },
            "rhou = NaN in quad element 3: the solution had broken down",
        ),
        (
            |f| {
                f.dataset("soln/p2-quad")
                    .unwrap()
                    .attr("pts")
                    .unwrap()
                    .write(&Array2::from_elem((9, 2), 0.5))
                    .unwrap()
            },
            "its points (attribute \"pts\") determine no polynomial",
        ),
        (
            |f| {
                f.dataset("soln/p2-quad")
                    .unwrap()
                    .attr("pts")
                    .unwrap()
                    .write(&Array2::from_elem((9, 2), f64::NAN))
                    .unwrap()
            },
            "has the coordinate NaN, which is outside of any element",
        ),
        (
            // Claims to be large: a dataset that was never written.
            |f| {
                let group = f.group("soln").unwrap();
                group.unlink("p2-tri").unwrap();
                drop(
                    group
                        .new_dataset::<f64>()
                        .shape([1 << 40, 4, 6])
                        .chunk([1, 4, 6])
                        .create("p2-tri")
                        .unwrap(),
                );
            },
            "is more than the file holds",
        ),
    ];
    for (n, (damage, expected)) in cases.iter().enumerate() {
        version1(&folder.path("bad.pyfrs"), &path, &variables(2), |x| x);
        damage(&File::open_rw(folder.path("bad.pyfrs")).unwrap());
        if expected.is_empty() {
            folder.succeed(&import);
            std::fs::remove_file(folder.path("bad.ssoln")).unwrap();
            continue;
        }
        let said = folder.fail(&import);
        assert!(said.contains(expected), "case {n}: {said}, not {expected}");
        assert!(!folder.path("bad.ssoln").exists());
    }

    // Version 2 without a variable, and rows of version 1 in it.
    version2(&folder.path("bad.pyfrs"), &path);
    text(
        &File::open_rw(folder.path("bad.pyfrs")).unwrap(),
        "config",
        &config(2).replace("= euler", "= acoustics"),
    );
    assert!(folder.fail(&import).contains("the case in bad.pyfrs"));
    version1(&folder.path("bad.pyfrs"), &path, &variables(2), |x| x);
    integer(&File::open_rw(folder.path("bad.pyfrs")).unwrap(), "version", 2);
    assert!(folder.fail(&import).contains("/soln/p2-quad: its shape is [4, 4, 9], not [elements]"));

    // Other files, and other words.
    version1(&folder.path("bad.pyfrs"), &path, &variables(2), |x| x);
    folder.succeed(&["import", "strip.pyfrm"]);
    assert!(
        folder.fail(&["import", "bad.pyfrs"]).contains("needs its mesh: solver import bad.pyfrs MESH.pyfrm")
    );
    assert!(
        folder
            .fail(&["import", "bad.pyfrs", "strip.smesh"])
            .contains("give the .pyfrm file that it was imported from")
    );
    assert!(folder.fail(&["import", "bad.pyfrs", "bad.pyfrs"]).contains("is not a mesh of PyFR"));
    assert!(
        folder.fail(&["import", "bad.pyfrs", "none.pyfrm"]).contains("there is no mesh file 'none.pyfrm'")
    );
    assert!(
        folder.fail(&["import", "bad.pyfrs", "strip.pyfrm", "bad.pyfrs"]).contains("is not a solution file")
    );
    assert!(
        folder.fail(&["import", "strip.pyfrm", "a.smesh", "b.smesh"]).contains("'b.smesh' is not expected")
    );
    folder.put("text.pyfrs", "no HDF5");
    assert!(
        folder
            .fail(&["import", "text.pyfrs", "strip.pyfrm"])
            .contains("is no solution file of PyFR: HDF5 cannot open it")
    );
    let old = File::create(folder.path("old.pyfrs")).unwrap();
    old.new_dataset::<f64>().shape([2]).create("soln_quad_p0").unwrap();
    drop(old);
    assert!(folder.fail(&["import", "old.pyfrs", "strip.pyfrm"]).contains("layout of PyFR before version 3"));
}

#[test]
fn damaged_bytes_are_read_or_refused() {
    let folder = Folder::new();
    let path = mesh(&folder, "strip");
    version2(&folder.path("two.pyfrs"), &path);
    version1(&folder.path("one.pyfrs"), &path, &variables(2), |x| x);
    let connected = solver::mesh::connect::connect(pyfrm::read(&path).unwrap().raw).unwrap();
    let uuid = pyfrm::uuid(&path).unwrap();
    for name in ["one.pyfrs", "two.pyfrs"] {
        let good = std::fs::read(folder.path(name)).unwrap();
        let (mut read, mut refused) = (0, 0);
        // Places all over the file, each with another value; and the file cut short.
        for n in 0..400 {
            let mut bytes = good.clone();
            let place = (n * 7919 + 13) % bytes.len();
            bytes[place] ^= (1 << (n % 8)) | (0x80 * u8::from(n % 3 == 0));
            if n % 10 == 0 {
                bytes.truncate(place.max(1));
            }
            folder.put("bad.pyfrs", &bytes);
            let opened = solver::output::pyfrs::Pyfrs::open(&folder.path("bad.pyfrs"));
            let imported = opened.map_err(|e| e.to_string()).and_then(|file| {
                solver::case::from_pyfr::import(&file, &connected, &uuid).map_err(|e| e.to_string())
            });
            match imported {
                Ok(_) => read += 1,
                Err(text) => {
                    assert!(text.len() > 20, "{text}");
                    refused += 1;
                }
            }
        }
        assert!(read > 50 && refused > 20, "{read} read, {refused} refused");
    }
}
