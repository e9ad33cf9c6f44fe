//! Several files at once, averages, mistakes, other readers.

use crate::cases::Folder;
use crate::flow::{SIDES, case, density, near, read, run};
use std::path::Path;

#[test]
fn several_solutions_are_listed_in_the_order_of_their_times() {
    let folder = run(2, "box 2 2 --shape tri+quad", 2);
    let solutions = ["flow-2.ssoln", "flow-0.ssoln", "flow-1.ssoln"];
    let words = |tail: &[&'static str]| [&["export", "volume"], &solutions[..], tail].concat();
    let (out, _) = folder.succeed(&words(&["-o", "all.pvd"]));
    assert_eq!(out.matches("written    all-00").count(), 3, "{out}");
    let pvd = std::fs::read_to_string(folder.path("all.pvd")).unwrap();
    let order: Vec<usize> =
        ["timestep=\"0\" file=\"all-000.vtu\"", "file=\"all-001.vtu\"", "file=\"all-002.vtu\""]
            .iter()
            .map(|entry| pvd.find(entry).unwrap())
            .collect();
    assert!(order.is_sorted(), "{pvd}");
    read(&folder.path("all-000.vtu")).check_flow(2, 2, 1e-6);

    folder.succeed(&words(&["-o", "all.vtkhdf", "-p", "double", "-f", "p"]));
    let file = hdf5::File::open(folder.path("all.vtkhdf")).unwrap();
    let numbers = |name: &str| file.dataset(&format!("VTKHDF/{name}")).unwrap().read_raw::<i64>().unwrap();
    let times = file.dataset("VTKHDF/Steps/Values").unwrap().read_raw::<f64>().unwrap();
    assert!(times.len() == 3 && times[0] == 0.0 && times.is_sorted(), "{times:?}");
    // The geometry is there once.
    let points = numbers("NumberOfPoints");
    assert_eq!(points.len(), 1);
    assert_eq!(file.dataset("VTKHDF/Points").unwrap().shape(), [points[0] as usize, 3]);
    assert_eq!(numbers("Steps/PointOffsets"), [0; 3]);
    assert_eq!(numbers("Steps/PartOffsets"), [0; 3]);
    assert_eq!(numbers("Steps/PointDataOffsets/p"), [0, points[0], 2 * points[0]]);
    assert_eq!(file.dataset("VTKHDF/PointData/p").unwrap().shape(), [3 * points[0] as usize]);
}

#[test]
fn averages_are_exported_too() {
    let folder = run(2, "box 2 2 --shape tri+quad", 3);
    let average = "[soln-plugin-tavg]\nnsteps = 1\ndt-out = 2e-6\nbasename = mean-{n}\nprecision = double\n\
                   std-mode = none\navg-rho = rho\navg-place = x\n";
    folder.put("case.ini", case(&SIDES[..4], 3) + average);
    folder.succeed(&["run", "mesh.smesh", "case.ini", "--progress", "none"]);
    folder.succeed(&["export", "volume", "mean-0.savg", "-p", "double"]);
    let vtu = read(&folder.path("mean-0-volume.vtu"));
    for (n, &x) in vtu.points.iter().enumerate() {
        near(vtu.fields["avg-place"][n][0], x[0], 1e-11, "place");
        // The flow moves a little in this time.
        near(vtu.fields["avg-rho"][n][0], density(3, x), 1e-4, "density");
    }
    folder.succeed(&["export", "boundary", "mean-0.savg", "left", "-f", "avg-place"]);
    let left = read(&folder.path("mean-0-boundary.vtu"));
    assert!(left.fields["avg-place"].iter().all(|x| x[0].abs() < 1e-6));
    let error = folder.fail(&["export", "volume", "mean-0.savg", "-f", "avg-rh"]);
    assert!(error.contains("there is no average 'avg-rh', did you mean 'avg-rho'?"), "{error}");
    let error = folder.fail(&["export", "volume", "mean-0.savg", "flow-0.ssoln"]);
    assert!(error.contains("export them one after the other"), "{error}");
}

#[test]
fn mistakes_are_told_in_a_sentence() {
    let folder = run(2, "box 2 2", 1);
    let other = run(2, "box 3 2", 1);
    std::fs::copy(other.path("flow-0.ssoln"), folder.path("other.ssoln")).unwrap();
    solver::output::stl::write(&folder.path("mesh.stl"), &[[[0.0; 3]; 3]]).unwrap();
    for (arguments, told) in [
        ("boundary flow-0.ssoln letf", "the mesh has no boundary 'letf', did you mean 'left'?; it has "),
        (
            "volume flow-0.ssoln -f A=2*rh",
            "field 'A': unknown name 'rh' at character 3, 'rh'; did you mean 'rho'?",
        ),
        ("volume flow-0.ssoln -f grad_u_z", "unknown field 'grad_u_z', did you mean 'grad_u_"),
        ("volume flow-0.ssoln -f Presure", "unknown field 'Presure', did you mean 'Pressure'?"),
        ("volume flow-0.ssoln -f u*u", "field 'u*u': write NAME = EXPRESSION"),
        ("volume flow-0.ssoln -f p -f p", "the field 'p' is asked for twice"),
        ("volume mesh.smesh other.ssoln", "other.ssoln belongs to another mesh"),
        ("volume none.ssoln", "there is no solution file 'none.ssoln'"),
        ("volume mesh.smesh", "no solution is named"),
        ("volume flow-0.ssoln wall", "'wall' is no solution (.ssoln); the mesh comes first"),
        ("volume flow-0.ssoln flow-0.ssoln", "are both of t = 0; leave one of them out"),
        ("volume flow-0.ssoln -o a.vtkhdf --format vtu", "'a.vtkhdf': this will be a .vtu file"),
        ("volume flow-0.ssoln flow-1.ssoln -o a.vtu", "'a.vtu': 2 solutions will be a .pvd file"),
        ("stl flow-0.ssoln", "the mesh is 2-D, but triangles are of surfaces in 3-D"),
        ("body flow-0.ssoln mesh.stl", "the mesh is 2-D, but triangles of STL files are in 3-D"),
        ("stl flow-0.ssoln flow-1.ssoln", "2 solutions are given, but one says which mesh it is"),
    ] {
        let words: Vec<&str> = ["export"].into_iter().chain(arguments.split(' ')).collect();
        let error = folder.fail(&words);
        assert!(error.contains(told), "{arguments}: {error}");
        assert_eq!(error.trim().lines().count(), 1, "{error}");
    }
    let written = folder.files();
    assert!(
        !written.iter().any(|f| f.ends_with("vtkhdf") || f.contains("volume") || f.ends_with("0.stl")),
        "{written:?}"
    );
}

#[test]
fn help_lists_the_names() {
    let (out, _) = Folder::new().succeed(&["export", "volume", "--help"]);
    for name in ["vorticity", "schlieren", "mach", "--divide", "--gradients"] {
        assert!(out.contains(name), "{out}");
    }
}

#[test]
fn a_solution_knows_its_mesh_from_any_folder_and_after_a_move() {
    let folder = run(2, "box 2 2", 1);
    let (away, moved) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let export = |at: &Path, solution: &Path| {
        let output = at.join("out.vtu");
        let run = folder
            .command(&["export", "volume", solution.to_str().unwrap(), "-o"])
            .arg(&output)
            .current_dir(at)
            .output();
        let run = run.unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        assert!(output.exists());
    };
    export(away.path(), &folder.path("flow-0.ssoln"));
    for name in ["mesh.smesh", "flow-0.ssoln"] {
        std::fs::rename(folder.path(name), moved.path().join(name)).unwrap();
    }
    export(away.path(), &moved.path().join("flow-0.ssoln"));
}

#[test]
fn vtk_reads_the_flow_from_every_kind_of_file() {
    // Without VTK the other tests still show what stands in the files.
    let Some(python) = std::env::var_os("SOLVER_VTK_PYTHON") else { return };
    let order = 2;
    let folder = run(3, "box 3 2 3 --shape mixed", order);
    // The last time is of a higher order, so that its cells are other ones.
    folder.succeed(&[
        "restart",
        "mesh.smesh",
        "flow-1.ssoln",
        "--set",
        "solver.order=3",
        "--set",
        "soln-plugin-writer.basename=fine-{n}",
        "--progress",
        "none",
    ]);
    let last = folder.files().into_iter().find(|f| f.starts_with("fine-") && f.ends_with(".ssoln")).unwrap();
    let triangle = [[0.125, 0.25, 0.25], [0.875, 0.25, 0.375], [0.25, 0.75, 0.5]];
    solver::output::stl::write(&folder.path("triangle.stl"), &[triangle]).unwrap();
    for arguments in [
        "body flow-0.ssoln triangle.stl -p double --divide 3 -o body.vtu",
        "volume flow-0.ssoln -p double -o volume.vtu",
        "volume flow-0.ssoln -p double --compress -o compressed.vtu",
        "volume flow-0.ssoln -p double --divide 2 -o divided.vtu",
        "boundary flow-0.ssoln -p double -o boundary.vtu",
        "boundary flow-0.ssoln -p double -o boundary.vtkhdf",
    ] {
        folder.succeed(&["export"].into_iter().chain(arguments.split(' ')).collect::<Vec<_>>());
    }
    let fields = ["-p", "double", "-f", "Density", "-f", "Velocity", "-f", "time = t", "-o", "flow.vtkhdf"];
    let words = [&["export", "volume", &last, "flow-0.ssoln", "flow-1.ssoln"], &fields[..]].concat();
    folder.succeed(&words);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/check_export.py");
    let run =
        std::process::Command::new(python).arg(script).arg(folder.path("")).arg(order.to_string()).output();
    let run = run.expect("SOLVER_VTK_PYTHON can be started");
    let text = [run.stdout, run.stderr].map(|o| String::from_utf8_lossy(&o).into_owned()).join("\n");
    assert!(run.status.success(), "check_export.py says:\n{text}");
}
