//! What plugins leave on disk beside solutions: rows in HDF5 files, gradients in solution files, parts of a mesh.

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed without MPI
mod support;
#[path = "support/vtu.rs"]
mod vtu;

use cases::Folder;
use solver::output::solution::{self, Gradients};
use std::path::Path;
use std::process::Command;
use vtu::Vtu;

const STATE: &str = "rho = 2\nu = 1 + 0.1*x - 0.2*y\nv = 0.3*x + 0.4*y\np = 3 + x - 0.5*y*y\n";

/// A flow between sides with the state of the start, in a box of 5 x 5 elements.
fn folder(shape: &str, sections: &str) -> Folder {
    let folder = Folder::new();
    folder.succeed(&["generate", "box", "5", "5", "--shape", shape, "-o", "mesh.smesh"]);
    let mut case = format!(
        "[backend]\nprecision = double\n[constants]\ngamma = 1.4\n[solver]\nsystem = euler\norder = 2\n\
         [solver-time-integrator]\nscheme = rk4\ntend = 0.02\ndt = 0.001\n\
         [solver-interfaces]\nriemann-solver = rusanov\n\
         [soln-plugin-writer]\ndt-out = 0.01\nbasename = flow-{{n}}\n{sections}[soln-ics]\n{STATE}"
    );
    for side in ["left", "right", "bottom", "top"] {
        case += &format!("[soln-bcs-{side}]\ntype = sup-in-fa\n{STATE}");
    }
    folder.put("case.ini", case);
    folder
}

const ROWS: &str = "\
[soln-plugin-sampler-csv]
nsteps = 2
samp-pts = [(0.3, 0.6), (0.5, 0.5), (0.9, 0.1)]
sample-gradients = true
file = probes.csv

[soln-plugin-sampler-hdf5]
nsteps = 2
samp-pts = [(0.3, 0.6), (0.5, 0.5), (0.9, 0.1)]
sample-gradients = true
file = rows.h5
file-format = hdf5
file-dataset = probes

[soln-plugin-fluidforce-left]
nsteps = 3
morigin = (0, 0)
file = rows.h5
file-format = hdf5
file-dataset = forces/left

";

/// Shape and numbers of a data set.
fn array(path: &Path, name: &str) -> (Vec<usize>, Vec<f64>) {
    let set = hdf5::File::open(path).unwrap().dataset(name).unwrap();
    (set.shape(), set.read_raw().unwrap())
}

/// Numbers of a CSV file without its header.
fn csv(folder: &Folder, name: &str) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(folder.path(name)).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect()
}

#[test]
fn rows_in_hdf5_are_those_in_csv_and_h5py_finds_their_scales() {
    let folder = folder("tri+quad", ROWS);
    folder.succeed(&["run", "mesh.smesh", "case.ini"]);
    folder.succeed(&[
        "run",
        "mesh.smesh",
        "case.ini",
        "--set",
        "soln-plugin-fluidforce-left.file-format=csv",
        "--set",
        "soln-plugin-fluidforce-left.file=force.csv",
        "--set",
        "soln-plugin-sampler-csv.enabled=false",
        "--set",
        "soln-plugin-sampler-hdf5.file=other.h5",
    ]);
    let path = folder.path("rows.h5");
    let (shape, values) = array(&path, "probes");
    assert_eq!(shape, [11, 3, 12]);
    let (times, points) = (array(&path, "probes_t").1, array(&path, "probes_p").1);
    let rows = csv(&folder, "probes.csv");
    assert_eq!(rows.len(), 33);
    for (i, row) in rows.iter().enumerate() {
        let (time, point) = (i / 3, i % 3);
        assert_eq!((row[0], &row[1..3]), (times[time], &points[2 * point..][..2]));
        assert_eq!(row[3..], values[12 * i..][..12]);
    }
    let (shape, values) = array(&path, "forces/left");
    let rows = csv(&folder, "force.csv");
    assert_eq!((shape, rows.len()), (vec![7, 3], 7));
    let times = array(&path, "forces/left_t").1;
    for (i, row) in rows.iter().enumerate() {
        assert_eq!((row[0], &row[1..]), (times[i], &values[3 * i..][..3]));
    }
    let Some(python) = std::env::var_os("SOLVER_VTK_PYTHON") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/check_rows.py");
    let mut command = Command::new(python);
    command.arg(script).arg(folder.path("")).env("HDF5_USE_FILE_LOCKING", "FALSE");
    let run = command.output().expect("SOLVER_VTK_PYTHON can be started");
    let text = [run.stdout, run.stderr].map(|o| String::from_utf8_lossy(&o).into_owned()).join("\n");
    assert!(run.status.success(), "check_rows.py says:\n{text}");
}

#[test]
fn rows_of_a_run_that_goes_on_are_those_of_one_that_never_stopped() {
    let (whole, parts) = (folder("tri+quad", ROWS), folder("tri+quad", ROWS));
    whole.succeed(&["run", "mesh.smesh", "case.ini"]);
    parts.succeed(&["run", "mesh.smesh", "case.ini", "--set", "solver-time-integrator.tend=0.017"]);
    parts.succeed(&["restart", "mesh.smesh", "flow-1.ssoln", "case.ini"]);
    for name in ["probes", "probes_t", "probes_p", "forces/left", "forces/left_t"] {
        assert_eq!(array(&whole.path("rows.h5"), name), array(&parts.path("rows.h5"), name), "{name}");
    }
    // As with CSV files, another run goes on after the last row; other points are not mixed with those that are there.
    whole.succeed(&["run", "mesh.smesh", "case.ini"]);
    assert_eq!(array(&whole.path("rows.h5"), "probes").0, [22, 3, 12]);
    let before = std::fs::read(whole.path("rows.h5")).unwrap();
    let points = "soln-plugin-sampler-hdf5.samp-pts=[(0.3, 0.6), (0.5, 0.5), (0.8, 0.1)]";
    let message = whole.fail(&["run", "mesh.smesh", "case.ini", "--set", points]);
    assert!(message.contains("probes") && message.contains("its points are others"), "{message}");
    assert!(std::fs::read(whole.path("rows.h5")).unwrap() == before);
}

#[test]
fn mistakes_in_rows_and_regions_are_named() {
    let folder = folder("quad", ROWS);
    for (set, words) in [
        ("soln-plugin-sampler-hdf5.file-dataset=a//b", "cannot name a data set"),
        ("soln-plugin-sampler-csv.file-format=hdf5", "name the data set in the file"),
        ("soln-plugin-sampler-csv.file-format=parquet", "hdf5"),
        ("soln-plugin-writer.region-type=line", "surface"),
        ("soln-plugin-writer.region-expand=-1", "whole number"),
        ("soln-plugin-writer.region=stl('wing')", "a body in 3-D, but the mesh is 2-D"),
    ] {
        let message = folder.fail(&["run", "mesh.smesh", "case.ini", "--set", set]);
        assert!(message.contains(words), "{set}: {message}");
    }
    assert!(!folder.path("rows.h5").exists());
}

/// Elements in a solution file.
fn elements(folder: &Folder, name: &str) -> usize {
    solution::read(&folder.path(name)).unwrap().1.iter().map(|b| b.ids.len()).sum()
}

#[test]
fn regions_grow_by_layers_or_shrink_to_their_surface() {
    let area = "[soln-plugin-integrate]\nnsteps = 20\nfile = area.csv\nint-area = 1\nregion = left\n";
    let folder = folder("quad", area);
    for (kind, layers, count, integral) in
        [("volume", 0, 5, 0.2), ("volume", 1, 10, 0.4), ("surface", 1, 10, 0.4), ("surface", 2, 12, 0.48)]
    {
        let mut words = vec!["run".to_string(), "mesh.smesh".into(), "case.ini".into()];
        let layers = layers.to_string();
        for (key, value) in [("region", "left"), ("region-type", kind), ("region-expand", &layers)] {
            for section in ["writer", "integrate"] {
                words.extend(["--set".into(), format!("soln-plugin-{section}.{key}={value}")]);
            }
        }
        folder.succeed(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(elements(&folder, "flow-0.ssoln"), count, "{kind} {layers}");
        let rows = csv(&folder, "area.csv");
        assert!((rows.last().unwrap()[1] - integral).abs() < 1e-12, "{kind} {layers} {rows:?}");
    }
}

/// Triangles of a box as an STL file of text.
fn cuboid(low: [f64; 3], high: [f64; 3]) -> String {
    let faces = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
    let corner = |n: usize| {
        let x: [f64; 3] = std::array::from_fn(|d| if n >> d & 1 == 0 { low[d] } else { high[d] });
        format!("vertex {} {} {}\n", x[0], x[1], x[2])
    };
    let facet = |c: [usize; 3]| {
        let corners: String = c.into_iter().map(corner).collect();
        format!("facet normal 0 0 0\nouter loop\n{corners}endloop\nendfacet\n")
    };
    let facets = faces.iter().flat_map(|f| [[f[0], f[1], f[2]], [f[0], f[2], f[3]]]).map(facet);
    format!("solid box\n{}endsolid box\n", facets.collect::<String>())
}

#[test]
fn a_region_may_be_the_body_of_an_stl_file() {
    let folder = Folder::new();
    folder.succeed(&["generate", "box", "5", "5", "5", "--shape", "pri", "-o", "mesh.smesh"]);
    let mut case = "[solver]\nsystem = diffusion\norder = 1\n[constants]\nnu = 1\n\
                    [solver-time-integrator]\nscheme = rk4\ntend = 0.0001\ndt = 0.0001\n\
                    [soln-plugin-writer]\ndt-out = 0.0001\nbasename = flow-{n}\nregion = *\nvtk = false\n\
                    [soln-ics]\nu = x\n"
        .to_string();
    for side in ["left", "right", "bottom", "top", "back", "front"] {
        case += &format!("[soln-bcs-{side}]\ntype = fixed-value\nu = x\n");
    }
    std::fs::create_dir(folder.path("cases")).unwrap();
    folder.put("cases/case.ini", case);
    let (low, high) = ([0.15, 0.15, 0.3], [0.55, 0.7, 0.9]);
    folder.put("cases/body.stl", cuboid(low, high));
    let ids = |region: &str| -> Vec<Vec<u32>> {
        let set = format!("soln-plugin-writer.region={region}");
        folder.succeed(&["run", "mesh.smesh", "cases/case.ini", "--set", &set]);
        solution::read(&folder.path("flow-0.ssoln")).unwrap().1.into_iter().map(|b| b.ids).collect()
    };
    let of_box = ids("box((0.15, 0.15, 0.3), (0.55, 0.7, 0.9))");
    assert!((20..150).contains(&of_box[0].len()), "{of_box:?}");
    // The name with its ending or without, beside the case file or where the run was started.
    assert_eq!(ids("stl('body.stl')"), of_box);
    assert_eq!(ids("stl(\"cases/body\")"), of_box);
    assert_eq!(ids("* - stl('body', rot=(90, 0, 0))").concat().len(), 250);
    let turned = ids("box((0.15, 0.15, 0.3), (0.55, 0.7, 0.9), rot=(20, 5, 0))");
    assert_eq!(ids("stl('body', rot=(20, 5, 0))"), turned);
    // Solutions are looked at without the file; runs need it.
    std::fs::remove_file(folder.path("cases/body.stl")).unwrap();
    folder.succeed(&["info", "flow-0.ssoln"]);
    let cut = cuboid(low, high).split("endfacet\n").take(11).collect::<Vec<_>>().join("endfacet\n")
        + "endfacet\nendsolid box\n";
    folder.put("open.stl", cut);
    folder.put("text.stl", "no triangles");
    for (region, words) in [
        ("stl('body')", "there is none called 'cases/body' or 'body' or 'cases/body.stl' or 'body.stl'"),
        ("stl('open')", "3 of its edges have no triangle on the other side"),
        ("stl('text')", "is no STL file"),
        ("stl(body)", "in quotes"),
    ] {
        let set = format!("soln-plugin-writer.region={region}");
        let message = folder.fail(&["run", "mesh.smesh", "cases/case.ini", "--set", &set]);
        assert!(message.contains(words), "{region}: {message}");
    }
}

#[test]
fn averages_of_a_region_are_those_of_the_whole_there() {
    let tavg = |name: &str, region: &str| {
        format!(
            "[soln-plugin-tavg-{name}]\nnsteps = 2\ndt-out = 0.01\nbasename = {name}-{{n}}\nprecision = double\nstd-mode = all\n\
             avg-rho = rho\navg-ru = rho*u + x\nregion = {region}\n"
        )
    };
    let folder = folder("quad", &(tavg("all", "*") + &tavg("some", "left")));
    folder.succeed(&["run", "mesh.smesh", "case.ini"]);
    let read = |name: &str| solution::read_averages(&folder.path(name)).unwrap();
    for n in 0..2 {
        let ((header, all), (of_some, some)) =
            (read(&format!("all-{n}.savg")), read(&format!("some-{n}.savg")));
        assert_eq!((header.variables.len(), &header.variables), (4, &of_some.variables));
        let (all, some) = (&all[0], &some[0]);
        assert_eq!((all.ids.len(), some.ids.len()), (25, 5));
        let size = all.values.len() / 25;
        for (e, id) in some.ids.iter().enumerate() {
            let place = all.ids.iter().position(|i| i == id).unwrap();
            assert_eq!(some.values[e * size..][..size], all.values[place * size..][..size]);
        }
        assert_eq!(Vtu::read(&folder.path(&format!("some-{n}.vtu"))).cells, 5);
    }
}

#[test]
fn averages_of_many_steps_in_single_precision_do_not_drift() {
    let tavg = "[soln-plugin-tavg]\nnsteps = 1\ndt-out = 0.02\nbasename = mean-{n}\nprecision = double\navg-rho = rho\n";
    let folder = folder("quad", tavg);
    // Nothing changes: a uniform flow.
    let mut words = vec!["run", "mesh.smesh", "case.ini", "--set", "backend.precision=single"];
    let uniform = ["soln-ics", "soln-bcs-left", "soln-bcs-right", "soln-bcs-bottom", "soln-bcs-top"];
    let state = [("rho", "1.7"), ("u", "0.1"), ("v", "0"), ("p", "1")];
    let sets =
        uniform.iter().flat_map(|section| state.map(|(key, value)| format!("{section}.{key}={value}")));
    let sets: Vec<String> =
        sets.chain(["solver-time-integrator.dt=2e-5".into(), "solver.order=1".into()]).collect();
    sets.iter().for_each(|set| words.extend(["--set", set]));
    folder.succeed(&words);
    let (_, blocks) = solution::read_averages(&folder.path("mean-0.savg")).unwrap();
    let apart = blocks[0].values.iter().map(|x| (x / 1.7 - 1.0).abs()).fold(0.0, f64::max);
    assert!(apart < 3e-6, "after 1000 steps {apart:e}");
}

#[test]
fn gradients_are_written_with_solutions_and_stand_in_no_runs_way() {
    let folder = folder("tri+quad", "");
    let gradients = ["--set", "soln-plugin-writer.write-gradients=true"];
    let arguments = |words: &[&'static str]| [words, &gradients[..]].concat();
    folder.succeed(&arguments(&["run", "mesh.smesh", "case.ini"]));
    let (_, blocks) = solution::read(&folder.path("flow-0.ssoln")).unwrap();
    assert_eq!(blocks.len(), 2);
    for block in &blocks {
        let Some(Gradients { names, values }) = &block.gradients else { panic!("no gradients") };
        assert_eq!(names, &["rho", "u", "v", "p"]);
        let points = block.points();
        for slopes in values.chunks_exact(8 * points) {
            // rho, u, v are linear; p changes along y alone.
            let exact = [0.0, 0.0, 0.1, -0.2, 0.3, 0.4, 1.0];
            for (found, exact) in slopes.chunks_exact(points).zip(exact) {
                assert!(found.iter().all(|x| (x - exact).abs() < 1e-10), "{found:?} {exact}");
            }
            assert!(slopes[7 * points..].iter().all(|x| (-1.0..=1e-10).contains(x)));
        }
    }
    // The files for people are those that come later from the solution.
    folder.succeed(&["export", "volume", "mesh.smesh", "flow-2.ssoln", "--gradients", "-o", "later.vtu"]);
    let (own, later) = (Vtu::read(&folder.path("flow-2.vtu")), Vtu::read(&folder.path("later.vtu")));
    for name in ["grad_rho", "grad_u", "grad_v", "grad_p"] {
        let (own, later) = (own.array("PointData", name), later.array("PointData", name));
        assert!(own.len() == later.len() && own.len() % 3 == 0 && own.iter().any(|x| *x != 0.0), "{name}");
        let far = own.iter().zip(later).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(far < 1e-5, "{name}: {far}");
    }
    let (text, _) = folder.succeed(&["info", "flow-2.ssoln"]);
    assert!(text.contains("rho, u, v, p"), "{text}");
    // A run goes on from such a file, with gradients or without, as from any other.
    let last = solution::read(&folder.path("flow-2.ssoln")).unwrap();
    // Nothing that is there would be overwritten.
    let remove = || std::fs::remove_file(folder.path("flow-2.ssoln")).unwrap();
    remove();
    folder.succeed(&arguments(&["restart", "mesh.smesh", "flow-1.ssoln"]));
    let again = solution::read(&folder.path("flow-2.ssoln")).unwrap();
    assert!(again.1 == last.1);
    remove();
    let without = ["--set", "soln-plugin-writer.write-gradients=false"];
    folder.succeed(&[&["restart", "mesh.smesh", "flow-1.ssoln"], &without[..]].concat());
    let plain = solution::read(&folder.path("flow-2.ssoln")).unwrap();
    for (plain, last) in plain.1.iter().zip(&last.1) {
        assert!(plain.values == last.values && plain.gradients.is_none());
    }
    assert_eq!(plain.0.state, last.0.state);
    // Of a part of the mesh and in single precision, too.
    let part = [
        "--set",
        "soln-plugin-writer.region=left",
        "--set",
        "soln-plugin-writer.basename=part-{n}",
        "--set",
        "backend.precision=single",
    ];
    folder.succeed(&[&arguments(&["run", "mesh.smesh", "case.ini"])[..], &part].concat());
    let (_, part) = solution::read(&folder.path("part-0.ssoln")).unwrap();
    for block in &part {
        let whole = blocks.iter().find(|b| b.shape == block.shape).unwrap();
        let (own, all) =
            (&block.gradients.as_ref().unwrap().values, &whole.gradients.as_ref().unwrap().values);
        let size = 8 * block.points();
        for (e, id) in block.ids.iter().enumerate() {
            let at = whole.ids.binary_search(id).unwrap();
            let pairs = own[e * size..][..size].iter().zip(&all[at * size..]);
            assert!(pairs.clone().all(|(a, b)| (a - b).abs() < 1e-3), "{id}");
        }
    }
}
