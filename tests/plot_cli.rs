//! Looking at solutions: `solver plot` and `solver sample`.

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed here
mod support;

use cases::{Folder, WAVE};
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::{Mesh, store};
use solver::plot::colour::MAPS;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

const WHITE: [u8; 3] = [255; 3];

/// A picture: pixels a row, rows, pixels.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
    /// Pictures in the file.
    frames: u32,
}

impl Picture {
    fn read(path: &Path) -> Picture {
        let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap())).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        let frames = reader.info().animation_control.map_or(1, |a| a.num_frames);
        let pixels = bytes.chunks_exact(3).map(|c| [c[0], c[1], c[2]]).collect();
        Picture { width: info.width as usize, height: info.height as usize, pixels, frames }
    }

    fn at(&self, x: usize, y: usize) -> [u8; 3] {
        self.pixels[y * self.width + x]
    }

    /// Columns and rows of the field: what the first two long dark lines enclose.
    fn field(&self) -> [std::ops::Range<usize>; 2] {
        let dark = |x: usize, y: usize| self.at(x, y).iter().all(|c| *c < 60);
        let long = |count: usize, across: usize, dark: &dyn Fn(usize, usize) -> bool| -> Vec<usize> {
            (0..count).filter(|i| (0..across).filter(|j| dark(*i, *j)).count() > across * 6 / 10).collect()
        };
        let columns = long(self.width, self.height, &dark);
        let rows = long(self.height, self.width, &|y, x| dark(x, y));
        // The frame is followed by the side of the mesh, drawn over the field's first pixels.
        let inner = |lines: &[usize]| {
            let first = lines[0];
            let next = lines.iter().copied().find(|l| *l > first + 20).unwrap();
            let last = lines.iter().copied().take_while(|l| *l < next + 8).last().unwrap();
            first + 1..last
        };
        [inner(&columns), inner(&rows)]
    }
}

fn map(name: &str) -> fn(f64) -> [u8; 3] {
    MAPS.iter().find(|m| m.name == name).unwrap().value
}

/// A folder with a mesh and a run of a scalar from `u`, whose first output is `s-0.00.ssoln`.
fn scalar(mesh: &Mesh, u: &str, nu: f64, tend: f64, dt: f64) -> Folder {
    let folder = Folder::new();
    store::write(mesh, folder.path("mesh.smesh")).unwrap();
    let mut case = format!(
        "[constants]\nnu = {nu}\nax = 0\nay = 0\naz = 0\nhalf = 0.5\n[solver]\nsystem = advection-diffusion\norder = 3\n\
         [solver-interfaces]\nriemann-solver = rusanov\n\
         [solver-time-integrator]\nscheme = rk4\ncontroller = none\ntstart = 0\ntend = {tend}\ndt = {dt}\n\
         [soln-plugin-writer]\ndt-out = {}\nbasedir = .\nbasename = s-{{t:.2f}}\n[soln-ics]\nu = {u}\n",
        tend / 2.0
    );
    for name in &mesh.boundaries {
        case += &format!("[soln-bcs-{name}]\ntype = fixed-flux\nq = 0\n");
    }
    folder.put("case.ini", case);
    folder.succeed(&["run", "mesh.smesh", "case.ini"]);
    folder
}

fn still(mesh: &Mesh, u: &str) -> Folder {
    scalar(mesh, u, 0.0, 1e-6, 1e-6)
}

/// Three outputs of a density wave on a periodic square: `results/wave-0.00.ssoln` and so on.
fn wave() -> Folder {
    let folder = Folder::new();
    let mesh = BoxMesh::new(Cells::TriQuad, [4, 4, 1]).periodic([true, true, false]).build();
    store::write(&mesh, folder.path("mesh.smesh")).unwrap();
    folder.put("case.ini", WAVE);
    folder.succeed(&["run", "mesh.smesh", "case.ini"]);
    folder
}

const WAVES: [&str; 3] = ["results/wave-0.00.ssoln", "results/wave-0.05.ssoln", "results/wave-0.10.ssoln"];

/// Compares every pixel of the field with the colour of a linear function, a little away from the drawn sides.
fn compare(picture: &Picture, colours: fn(f64) -> [u8; 3], share: impl Fn(f64, f64) -> f64, what: &str) {
    let [columns, rows] = picture.field();
    let (w, h) = (columns.len() as f64, rows.len() as f64);
    assert!(w > 80.0 && h > 80.0, "{what}: {columns:?} {rows:?}");
    for y in rows.start + 4..rows.end - 4 {
        for x in columns.start + 4..columns.end - 4 {
            let u = ((x - columns.start) as f64 + 0.5) / w;
            let v = 1.0 - ((y - rows.start) as f64 + 0.5) / h;
            let (found, expected) = (picture.at(x, y), colours(share(u, v)));
            // Two pixels' worth of colour: the frame is found to a pixel.
            let away = found.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            assert!(away <= 7, "{what} at ({u}, {v}): {found:?}, not {expected:?}");
        }
    }
}

#[test]
fn a_linear_field_has_the_colours_of_the_map_where_they_belong() {
    for (cells, order, warp) in [
        (Cells::Tri, 1, 0.0),
        (Cells::Quad, 1, 0.05),
        (Cells::Tri, 3, 0.05),
        (Cells::Quad, 3, 0.05),
        (Cells::TriQuad, 2, 0.05),
    ] {
        let mesh = BoxMesh::new(cells, [3, 3, 1]).order(order).warp(warp).build();
        let folder = still(&mesh, "x + 2*y");
        let arguments = ["plot", "s-0.00.ssoln", "--range", "0:3", "-o", "a.png", "--size", "400x330"];
        let (out, err) = folder.succeed(&arguments);
        assert_eq!((out.as_str(), err.as_str()), ("a.png\n", ""));
        let picture = Picture::read(&folder.path("a.png"));
        assert_eq!((picture.width, picture.height, picture.frames), (400, 330, 1));
        let what = format!("{cells:?} {order} {warp}");
        compare(&picture, map("viridis"), |u, v| (u + 2.0 * v) / 3.0, &what);
    }
}

#[test]
fn outside_of_a_curved_mesh_is_white() {
    let ring = |x: [f64; 3]| {
        let (r, angle) = (1.0 + x[0], x[1] * std::f64::consts::FRAC_PI_2);
        [r * angle.cos(), r * angle.sin(), 0.0]
    };
    let folder = still(&BoxMesh::new(Cells::Quad, [2, 3, 1]).order(4).map(ring).build(), "sqrt(x*x + y*y)");
    folder.succeed(&["plot", "s-0.00.ssoln", "--range=1:2", "--map", "plasma", "--size", "500x420"]);
    let picture = Picture::read(&folder.path("s-0.00.png"));
    let [columns, rows] = picture.field();
    let mut seen = [0; 2];
    for y in rows.start + 4..rows.end - 4 {
        for x in columns.start + 4..columns.end - 4 {
            let u = 2.0 * ((x - columns.start) as f64 + 0.5) / columns.len() as f64;
            let v = 2.0 - 2.0 * ((y - rows.start) as f64 + 0.5) / rows.len() as f64;
            let r = u.hypot(v);
            let found = picture.at(x, y);
            if !(0.97..2.03).contains(&r) {
                assert_eq!(found, WHITE, "{u} {v}");
                seen[0] += 1;
            } else if (1.03..1.97).contains(&r) {
                let expected = map("plasma")(r - 1.0);
                let away = found.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max().unwrap();
                assert!(away <= 7, "{u} {v}: {found:?} {expected:?}");
                seen[1] += 1;
            }
        }
    }
    assert!(seen[0] > 10_000 && seen[1] > 30_000, "{seen:?}");
}

#[test]
fn a_slice_through_all_shapes_shows_the_polynomial() {
    let mesh = BoxMesh::new(Cells::Mixed, [2; 3]).order(2).warp(0.04).build();
    let folder = still(&mesh, "x + 2*y - z");
    let plot = |slice: &str, field: &str| {
        folder.succeed(&[
            "plot",
            "mesh.smesh",
            "s-0.00.ssoln",
            "--slice",
            slice,
            "-f",
            field,
            "--range=-1:3",
            "-o",
            "a.png",
            "--size",
            "360x300",
        ]);
        Picture::read(&folder.path("a.png"))
    };
    let viridis = map("viridis");
    compare(&plot("z=0.4", "u"), viridis, |x, y| (x + 2.0 * y - 0.4 + 1.0) / 4.0, "z");
    compare(&plot("y=0.5", "u"), viridis, |x, z| (x + 1.0 - z + 1.0) / 4.0, "y");
    // On the boundary, and an expression with a constant of the case.
    compare(&plot("x=0", "u + z*half/0.5"), viridis, |y, _| (2.0 * y + 1.0) / 4.0, "x");
    let (_, err) =
        folder.succeed(&["plot", "s-0.00.ssoln", "--boundary", "top", "-o", "b.png", "--size", "300x250"]);
    assert_eq!(err, "");
    let picture = Picture::read(&folder.path("b.png"));
    assert!(picture.pixels.iter().filter(|p| **p != WHITE).count() > 5000);
    let message = folder.fail(&["plot", "s-0.00.ssoln", "--slice", "z=1.5"]);
    assert_eq!(message, "error: the slice z = 1.5 is outside of the mesh, which goes from z = 0 to 1\n");
    let message = folder.fail(&["plot", "s-0.00.ssoln", "--boundary", "tops"]);
    assert!(message.contains("no faces on a boundary 'tops', did you mean 'top'?"), "{message}");
    let message = folder.fail(&["plot", "s-0.00.ssoln"]);
    assert!(message.contains("the mesh is 3-D: say what to look at, as in --slice z=0.5"), "{message}");
}

#[test]
fn a_series_has_one_range_in_numbered_or_moving_pictures() {
    let mesh = BoxMesh::new(Cells::Quad, [4, 4, 1]).periodic([true, true, false]).build();
    let folder = scalar(&mesh, "cos(2*pi*x)", 0.1, 0.2, 5e-4);
    let all = ["s-0.00.ssoln", "s-0.10.ssoln", "s-0.20.ssoln"];
    let plot =
        |more: &[&str]| folder.succeed(&[&["plot"], &all[..], &["--size", "300x250"], more].concat()).0;
    assert_eq!(plot(&["-o", "u-{n:02d}.png"]), "u-00.png\nu-01.png\nu-02.png\n");
    let yellow = map("viridis")(1.0);
    let bright = |name: &str| {
        let picture = Picture::read(&folder.path(name));
        let [columns, rows] = picture.field();
        let close = |p: [u8; 3]| p.iter().zip(yellow).all(|(a, b)| a.abs_diff(b) < 8);
        rows.flat_map(|y| columns.clone().map(move |x| (x, y)))
            .filter(|(x, y)| close(picture.at(*x, *y)))
            .count()
    };
    assert!(bright("u-00.png") > 0);
    assert_eq!((bright("u-01.png"), bright("u-02.png")), (0, 0));
    // Alone, the last one has a range of its own.
    folder.succeed(&["plot", all[2], "--size", "300x250"]);
    assert!(bright("s-0.20.png") > 0);
    assert_eq!(plot(&["-o", "u.png"]), "u.png: 3 pictures\n");
    assert_eq!(Picture::read(&folder.path("u.png")).frames, 3);
    assert_eq!(Picture::read(&folder.path("u.png")).pixels, Picture::read(&folder.path("u-00.png")).pixels);
    plot(&["-o", "u.gif", "--rate", "5"]);
    let mut reader = gif::DecodeOptions::new().read_info(File::open(folder.path("u.gif")).unwrap()).unwrap();
    let mut delays = vec![];
    while let Some(frame) = reader.read_next_frame().unwrap() {
        delays.push(frame.delay);
    }
    assert_eq!(delays, [20; 3]);
}

#[test]
fn overlays_draw_lines_and_gradients_are_fields() {
    let folder = wave();
    let plot = |more: &[&str]| {
        folder.succeed(&[&["plot", WAVES[0], "-o", "a.png", "--size", "320x260"], more].concat());
        Picture::read(&folder.path("a.png"))
    };
    let (plain, mesh, lines) = (plot(&[]), plot(&["--mesh"]), plot(&["--contours", "5"]));
    for drawn in [&mesh, &lines] {
        assert_eq!(plain.field(), drawn.field());
        let changed = plain.pixels.iter().zip(&drawn.pixels).filter(|(a, b)| a != b).count();
        assert!(changed > 500, "{changed}");
    }
    // The derivative of 1 + 0.2 sin(2 pi (x + y)) along x, less that along y, is nothing.
    let flat = plot(&["-f", "grad_rho_x - grad_rho_y", "--range=-10:10"]);
    compare(&flat, map("viridis"), |_, _| 0.5, "gradient");
}

#[test]
fn mistakes_are_refused_in_a_sentence() {
    let folder = wave();
    let message = folder.fail(&["plot", WAVES[0], "-f", "rh"]);
    assert!(
        message.contains("the field 'rh': unknown name 'rh'") && message.contains("did you mean 'rho'?"),
        "{message}"
    );
    let message = folder.fail(&["plot", WAVES[0], "--slice", "z=0.5"]);
    assert_eq!(message, "error: the mesh is 2-D: leave --slice and --boundary out\n");
    let message = folder.fail(&["plot", "none.ssoln"]);
    assert_eq!(message, "error: there is no solution file 'none.ssoln'\n");
    let message = folder.fail(&["plot", "mesh.smesh"]);
    assert!(message.contains("give a solution file (.ssoln)"), "{message}");
    let message = folder.fail(&["plot", WAVES[0], "-o", "a.jpg"]);
    assert!(message.contains("'a.jpg' is no picture that can be written"), "{message}");
    let message = folder.fail(&["plot", WAVES[0], "--size", "20x20"]);
    assert!(message.contains("a picture of 20 x 20 pixels cannot be drawn"), "{message}");
    let message = folder.fail(&["plot", WAVES[0], "--map", "jet"]);
    assert!(message.contains("there is no colour map 'jet'; there are viridis"), "{message}");
    let message = folder.fail(&["plot", WAVES[0], "-f", "0/0*rho"]);
    assert!(message.contains("has no finite value"), "{message}");
    let message = folder.fail(&["plot", WAVES[0], "--window", "5:6,5:6"]);
    assert_eq!(message, "error: nothing of the mesh is in the picture; look at --window\n");
    assert!(!folder.files().iter().any(|f| f.ends_with(".png") || f.contains(".partial")));
}

#[test]
fn columns_of_a_table_become_curves() {
    let folder = Folder::new();
    let rows = |i: i32| format!("{},{},{}\n", 0.1 * f64::from(i), 10f64.powi(-i / 10), f64::from(i).sin());
    let table = "t,rho,E\n".to_string() + &(0..100).map(rows).collect::<String>();
    folder.put("residual.csv", &table);
    let (out, err) =
        folder.succeed(&["plot", "--csv", "residual.csv", "--log", "-y", "rho", "--title", "Residual"]);
    assert_eq!((out.as_str(), err.as_str()), ("residual.png\n", ""));
    let blue = [0, 114, 178];
    let picture = Picture::read(&folder.path("residual.png"));
    assert!(picture.pixels.iter().filter(|p| **p == blue).count() > 500);
    folder.succeed(&["plot", "--csv", "residual.csv", "-x", "rho", "--size", "400x300", "-o", "b.png"]);
    assert_eq!(Picture::read(&folder.path("b.png")).width, 400);
    let message = folder.fail(&["plot", "--csv", "residual.csv", "-y", "rh"]);
    assert_eq!(
        message,
        "error: residual.csv has no column 'rh', did you mean 'rho'?; its columns: t, rho, E\n"
    );
    folder.put("broken.csv", "t,a\n0,1\n1\n");
    let message = folder.fail(&["plot", "--csv", "broken.csv"]);
    assert_eq!(message, "error: broken.csv line 3 has 1 cells, the first line 2\n");
    let message = folder.fail(&["plot", "--csv", "none.csv"]);
    assert!(message.contains("cannot read 'none.csv'"), "{message}");
}

#[test]
fn a_solution_in_one_dimension_is_a_curve() {
    let folder = still(&BoxMesh::new(Cells::Line, [6, 1, 1]).build(), "sin(3*x)");
    folder.succeed(&["plot", "s-0.00.ssoln", "--size", "500x300"]);
    let blue = [0, 114, 178];
    assert!(Picture::read(&folder.path("s-0.00.png")).pixels.iter().filter(|p| **p == blue).count() > 300);
    let message = folder.fail(&["plot", "s-0.00.ssoln", "--mesh"]);
    assert!(message.contains("the mesh is 1-D"), "{message}");
}

/// Numbers of CSV text below its header; NaN for empty cells.
fn numbers(text: &str) -> (String, Vec<Vec<f64>>) {
    let mut lines = text.lines();
    let header = lines.next().unwrap().to_string();
    let row = |line: &str| line.split(',').map(|x| x.parse().unwrap_or(f64::NAN)).collect();
    (header, lines.map(row).collect())
}

#[test]
fn samples_are_those_of_the_polynomial() {
    let mesh = BoxMesh::new(Cells::Mixed, [2; 3]).order(2).warp(0.04).build();
    let folder = still(&mesh, "x + 2*y - z");
    let sample = |more: &[&str]| folder.succeed(&[&["sample", "s-0.00.ssoln"], more].concat());
    let (out, err) =
        sample(&["--point", "0.25,0.5,0.125", "--point", "1,1,1", "-f", "u", "-f", "u*half + z"]);
    let (header, rows) = numbers(&out);
    assert_eq!((header.as_str(), err.as_str()), ("x,y,z,u,u*half + z", ""));
    assert_eq!(rows[0][..3], [0.25, 0.5, 0.125]);
    for row in &rows {
        let u = row[0] + 2.0 * row[1] - row[2];
        assert!((row[3] - u).abs() < 1e-9 && (row[4] - 0.5 * u - row[2]).abs() < 1e-9, "{row:?}");
    }
    let (out, err) = sample(&["--line", "0.5,0.5,-0.5:0.5,0.5,1:7"]);
    let (header, rows) = numbers(&out);
    assert_eq!(header, "x,y,z,u");
    assert_eq!(err, "note: 2 of 7 points are outside of the mesh; their values are left empty\n");
    assert!(rows[1][3].is_nan() && (rows[2][3] - 1.5).abs() < 1e-9 && rows[6][2] == 1.0);
    let (out, _) = sample(&["--plane", "y=0.25:3x2", "-f", "grad_u_z"]);
    let rows = numbers(&out).1;
    assert_eq!(rows.iter().map(|r| r[0]).collect::<Vec<_>>(), [0.0, 0.5, 1.0, 0.0, 0.5, 1.0]);
    assert!(rows.iter().all(|r| r[1] == 0.25) && rows[3][2] == 1.0);
    folder.put("places.csv", "name,z,y,x\na,0,0.5,1\nb,1,0,0.5\n");
    let (out, _) = sample(&["--points", "places.csv", "-o", "out.csv"]);
    assert_eq!(out, "");
    let rows = numbers(&std::fs::read_to_string(folder.path("out.csv")).unwrap()).1;
    assert!((rows[0][3] - 2.0).abs() < 1e-9 && (rows[1][3] + 0.5).abs() < 1e-9, "{rows:?}");
    let message = folder.fail(&["sample", "s-0.00.ssoln", "--point", "0.5,0.5,1.5"]);
    assert!(message.contains("1 of 1 points is outside of the mesh: (0.5, 0.5, 1.5)"), "{message}");
    let message = folder.fail(&["sample", "s-0.00.ssoln", "--point", "0.5,0.5"]);
    assert_eq!(message, "error: '0.5,0.5' is not a point of the 3-D mesh; write it like 0.5,0.25,1\n");
    let message = folder.fail(&["sample", "s-0.00.ssoln", "--plane", "5x5"]);
    assert!(message.contains("write it like z=0.5:100x50"), "{message}");
}

#[test]
fn fields_have_the_names_of_exports_and_of_their_authors() {
    let folder = wave();
    let fields =
        ["-f", "speed", "-f", "Velocity", "-f", "half = 0.5*rho*gamma", "-f", "vorticity", "-f", "rhou"];
    let (out, _) = folder.succeed(&[&["sample", WAVES[0], "--point", "0.3,0.6"], &fields[..]].concat());
    let (header, rows) = numbers(&out);
    assert_eq!(header, "x,y,speed,Velocity,half,vorticity,rhou");
    let rho = 1.0 + 0.2 * (0.9 * std::f64::consts::TAU).sin();
    for (found, exact) in rows[0][2..].iter().zip([1.25f64.sqrt(), 1.25f64.sqrt(), 0.7 * rho, 0.0, rho]) {
        assert!((found - exact).abs() < 0.02, "{found} {exact}");
    }
}

#[test]
fn several_solutions_are_sampled_with_their_times() {
    let folder = wave();
    let (out, _) =
        folder.succeed(&[&["sample"], &WAVES[..], &["--point", "0.3,0.6", "--point", "0,0.1"]].concat());
    let (header, rows) = numbers(&out);
    assert_eq!(header, "t,x,y,rho,u,v,p");
    assert_eq!(rows.iter().map(|r| r[0]).collect::<Vec<_>>(), [0.0, 0.0, 0.05, 0.05, 0.1, 0.1]);
    for r in &rows {
        let exact = 1.0 + 0.2 * (std::f64::consts::TAU * (r[1] + r[2] - 1.5 * r[0])).sin();
        assert!((r[3] - exact).abs() < 0.02 && (r[6] - 1.0).abs() < 0.02, "{r:?} {exact}");
    }
}
