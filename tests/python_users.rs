//! Results as users of Python open them: the scripts of `docs/python` with the packages h5py, meshio and pyvista, when the
//! environment variable `SOLVER_VTK_PYTHON` names a Python that has them (`make test` sets it).

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed here
mod support;

use cases::Folder;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// A flow of polynomials of degree 3 and less; density first, as its formula in the case.
const DENSITY: &str = "2 + pow(0.3 + 0.2*x - 0.1*y + 0.15*z, 3)";
const SIDES: [&str; 6] = ["back", "bottom", "front", "left", "right", "top"];

fn density([x, y, z]: [f64; 3]) -> f64 {
    2.0 + (0.3 + 0.2 * x - 0.1 * y + 0.15 * z).powi(3)
}

fn velocity([x, y, z]: [f64; 3]) -> [f64; 3] {
    [1.0 + x - 0.3 * y + 0.2 * z, 0.4 * x + y - 0.1 * z, 0.5 - 0.2 * x + 0.3 * y + z]
}

fn pressure([x, y, z]: [f64; 3]) -> f64 {
    3.0 + x - 0.5 * y + 0.25 * z
}

/// A folder with a mesh and two solutions, the first of which is the flow.
fn run(mesh: &str) -> Folder {
    let folder = Folder::new();
    folder.succeed(
        &[&["generate", "box"][..], &mesh.split(' ').collect::<Vec<_>>(), &["-o", "mesh.smesh"]].concat(),
    );
    let state = format!(
        "rho = {DENSITY}\nu = 1 + x - 0.3*y + 0.2*z\nv = 0.4*x + y - 0.1*z\nw = 0.5 - 0.2*x + 0.3*y + z\n\
         p = 3 + x - 0.5*y + 0.25*z\n"
    );
    let sides: String =
        SIDES.iter().map(|side| format!("[soln-bcs-{side}]\ntype = sup-in-fa\n{state}")).collect();
    folder.put(
        "case.ini",
        format!(
            "[backend]\nprecision = double\n[constants]\ngamma = 1.4\n[solver]\nsystem = euler\norder = 3\n\
             [solver-time-integrator]\nscheme = euler\ntend = 1e-6\ndt = 1e-6\n\
             [solver-interfaces]\nriemann-solver = rusanov\n\
             [soln-plugin-writer]\ndt-out = 1e-6\nbasename = flow-{{n}}\n[soln-ics]\n{state}{sides}"
        ),
    );
    folder.succeed(&["run", "mesh.smesh", "case.ini", "--progress", "none"]);
    folder
}

/// One of the scripts, in a folder; what it prints.
fn script(python: &OsString, folder: &Folder, name: &str, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/python").join(name);
    let mut command = Command::new(python);
    command.arg(script).args(arguments).current_dir(folder.path(""));
    cases::succeed(&mut command).0
}

/// Columns and rows of a CSV file.
fn table(folder: &Folder, name: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let text = std::fs::read_to_string(folder.path(name)).unwrap();
    let mut lines = text.lines();
    let names = lines.next().unwrap().split(',').map(str::to_owned).collect();
    (names, lines.map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect())
}

#[track_caller]
fn near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= tolerance * (1.0 + e.abs()), "{what}: {found:?}, not {expected:?}");
    }
}

/// Every row of coordinates, density, velocity and pressure is that of the flow.
#[track_caller]
fn check_fields(folder: &Folder, name: &str, tolerance: f64) -> usize {
    let (names, rows) = table(folder, name);
    assert_eq!(names, ["x", "y", "z", "Density", "Velocity_x", "Velocity_y", "Velocity_z", "Pressure"]);
    for row in &rows {
        let x = [row[0], row[1], row[2]];
        let [u, v, w] = velocity(x);
        near(&row[3..], &[density(x), u, v, w, pressure(x)], tolerance, &format!("{name} at {x:?}"));
    }
    rows.len()
}

#[test]
fn h5py_reads_solutions_and_where_their_points_are() {
    let Some(python) = std::env::var_os("SOLVER_VTK_PYTHON") else { return };
    // Points of curved elements, too, stand where the initial state was evaluated.
    for mesh in ["3 2 3 --shape mixed", "2 2 2 --shape mixed --order 2 --warp 0.03"] {
        let folder = run(mesh);
        let words = ["mesh.smesh", "flow-0.ssoln", "--csv", "points.csv"];
        let out = script(&python, &folder, "h5py_solution.py", &words);
        assert!(out.starts_with("system euler, t = 0, step 0\n"), "{out}");
        for shape in ["tet", "hex", "pri", "pyr"] {
            assert!(out.contains(&format!("elements of shape {shape}, order 3, ")), "{out}");
        }
        let (names, rows) = table(&folder, "points.csv");
        assert_eq!(names, ["x", "y", "z", "rho", "rhou", "rhov", "rhow", "E"]);
        assert!(rows.len() > 500);
        for row in rows {
            let x = [row[0], row[1], row[2]];
            let (rho, u) = (density(x), velocity(x));
            let energy = pressure(x) / 0.4 + 0.5 * rho * u.iter().map(|u| u * u).sum::<f64>();
            let expected = [rho, rho * u[0], rho * u[1], rho * u[2], energy];
            near(&row[3..], &expected, 1e-12, &format!("{mesh} at {x:?}"));
        }
        // Another mesh is noticed.
        folder.succeed(&["generate", "box", "2", "2", "2", "-o", "other.smesh"]);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/python/h5py_solution.py");
        let mut command = Command::new(&python);
        command.arg(script).args(["other.smesh", "flow-0.ssoln"]).current_dir(folder.path(""));
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains("is not a solution on other.smesh"), "{text}");
    }
}

#[test]
fn meshio_reads_cells_of_every_shape_and_their_fields() {
    let Some(python) = std::env::var_os("SOLVER_VTK_PYTHON") else { return };
    let folder = run("3 2 3 --shape mixed");
    let out = script(&python, &folder, "meshio_vtu.py", &["flow-0.vtu", "--csv", "run.csv"]);
    for (kind, nodes) in [("TETRAHEDRON", 20), ("HEXAHEDRON", 64), ("WEDGE", 40)] {
        assert!(out.contains(&format!("cells VTK_LAGRANGE_{kind} of {nodes} nodes")), "{out}");
    }
    let nodes = check_fields(&folder, "run.csv", 1e-6);
    assert!(out.contains(&format!("{nodes} nodes")), "{out}");
    // Linear cells, and from there into another format.
    folder.succeed(&["export", "volume", "flow-0.ssoln", "--divide", "3", "-o", "divided.vtu"]);
    let words = ["divided.vtu", "--csv", "divided.csv", "--save", "divided.xdmf"];
    let out = script(&python, &folder, "meshio_vtu.py", &words);
    assert!(out.contains("cells hexahedron of 8 nodes") && out.contains("cells pyramid of 5 nodes"), "{out}");
    assert_eq!(check_fields(&folder, "divided.csv", 1e-6), nodes);
    assert!(folder.path("divided.xdmf").exists());
    // Compressed, in a way that meshio does not know.
    folder.succeed(&["export", "volume", "flow-0.ssoln", "--compress", "-p", "double", "-o", "small.vtu"]);
    script(&python, &folder, "meshio_vtu.py", &["small.vtu", "--csv", "small.csv"]);
    assert_eq!(check_fields(&folder, "small.csv", 1e-11), nodes);
}

#[test]
fn pyvista_reads_all_times_interpolates_and_draws() {
    let Some(python) = std::env::var_os("SOLVER_VTK_PYTHON") else { return };
    let folder = run("3 2 3 --shape mixed");
    let words = ["flow.pvd", "--time", "0", "--csv", "run.csv", "--at", "2", "0", "0"];
    let out = script(&python, &folder, "pyvista_picture.py", &words);
    assert!(out.starts_with("times 0 1e-06\n") && out.contains("at [2.0, 0.0, 0.0]: outside"), "{out}");
    check_fields(&folder, "run.csv", 1e-6);
    folder.succeed(&[
        "export",
        "volume",
        "flow-0.ssoln",
        "flow-1.ssoln",
        "-o",
        "flow.vtkhdf",
        "-p",
        "double",
    ]);
    script(&python, &folder, "pyvista_picture.py", &["flow.vtkhdf", "--time", "0", "--csv", "hdf.csv"]);
    let (names, _) = table(&folder, "hdf.csv");
    assert!(names.starts_with(&["x".into(), "y".into(), "z".into()]), "{names:?}");

    // Between nodes, cells of high order say what the solution says.
    folder.succeed(&["generate", "box", "3", "2", "2", "--shape", "hex", "-o", "hex.smesh"]);
    folder.succeed(&["run", "hex.smesh", "case.ini", "--progress", "none"]);
    let at = [0.21, 0.37, 0.83];
    let words =
        ["flow-0.vtu", "--at", "0.21", "0.37", "0.83", "--field", "Pressure", "--picture", "flow.png"];
    let out = script(&python, &folder, "pyvista_picture.py", &words);
    let (_, found) = out.split_once("'Density': ").expect("a value");
    let found: f64 = found[..found.find(',').unwrap()].parse().unwrap();
    near(&[found], &[density(at)], 1e-6, "density between nodes");
    let picture = std::fs::read(folder.path("flow.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 5000, "{} bytes", picture.len());
}
