//! VTK files as VTK itself reads them: `tests/python/check_vtk.py` opens what is written here, when the environment
//! variable `SOLVER_VTK_PYTHON` names a Python that has the packages `vtk` and `numpy` (`make test` sets it).

use solver::element::Shape;
use solver::output::Precision;
use solver::output::vtk::{Field, Series, VtkCells, piece_name, with_suffix, write_index, write_piece};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Equally spaced nodes of one element on `[0, 1]^d`, in the order of the solver's own lattice.
fn lattice(shape: Shape, p: usize) -> Vec<[f64; 3]> {
    let nodes = solver::element::lattice::nodes(shape, p);
    let unit = |x: Option<&f64>| x.map_or(0.0, |x| 0.5 * (x + 1.0));
    nodes.rows().into_iter().map(|x| std::array::from_fn(|d| unit(x.get(d)))).collect()
}

/// `n` elements in a row; `bend` makes them curved (a polynomial map of degree 2).
fn bent_row(shape: Shape, p: usize, n: usize, bend: f64) -> VtkCells {
    let mut points = Vec::new();
    for cell in 0..n {
        for [x, y, z] in lattice(shape, p) {
            points.extend([2.0 * cell as f64 + x + bend * y * y, y + bend * x * x, z + bend * x * y]);
        }
    }
    VtkCells { shape, order: p, points }
}

fn row(shape: Shape, p: usize, n: usize) -> VtkCells {
    bent_row(shape, p, n, 0.0)
}

/// A polynomial of degree `p` in the lattice coordinates, which differs in every direction; the check has the same.
fn polynomial(p: usize, [x, y, z]: [f64; 3]) -> f64 {
    (0.3 + 0.9 * x - 0.7 * y + 0.5 * z).powi(p as i32) + x - 2.0 * y + 3.0 * z
}

/// Density: the polynomial; Velocity: x, y, z of the lattice; Pressure: the number of the element in its block.
fn fields(blocks: &[VtkCells]) -> Vec<Field> {
    let mut values = [vec![], vec![], vec![]];
    for block in blocks {
        let nodes = lattice(block.shape, block.order);
        let (cells, n) = (block.len(), nodes.len());
        values[0].push(nodes.iter().map(|&x| polynomial(block.order, x)).collect::<Vec<_>>().repeat(cells));
        values[1].push(nodes.concat().repeat(cells));
        values[2].push((0..cells * n).map(|i| (i / n) as f64).collect());
    }
    let names = [("Density", 1), ("Velocity", 3), ("Pressure", 1)];
    let field = |((name, components), values)| Field { name: String::from(name), components, values };
    names.into_iter().zip(values).map(field).collect()
}

fn piece(path: &Path, blocks: &[VtkCells], rank: usize, precision: Precision) {
    write_piece(path, blocks, &fields(blocks), rank, precision).unwrap();
}

/// Files of every kind; the names tell the check what to expect.
fn write_all(folder: &Path) {
    // One row of each shape and order, curved in double precision and straight in single.
    for shape in Shape::ALL {
        for p in 1..=6 {
            let path = |tag| folder.join(format!("cell-{}-{p}-{tag}.vtu", shape.name()));
            let bend = if p > 1 { 0.1 } else { 0.0 };
            piece(&path("f64"), &[bent_row(shape, p, 3, bend)], 0, Precision::Double);
            piece(&path("f32"), &[row(shape, p, 3)], 0, Precision::Single);
        }
    }
    // Several shapes in one piece; arrays that fill the encoder's 32 KiB blocks to the byte; no cells at all.
    for p in [1, 2, 4] {
        let mixed: Vec<_> = Shape::ALL[1..].iter().map(|&s| row(s, p, 2)).collect();
        piece(&folder.join(format!("mixed-{p}.vtu")), &mixed, 0, Precision::Double);
    }
    piece(&folder.join("blocks-4096.vtu"), &[row(Shape::Quad, 1, 4096)], 0, Precision::Double);
    piece(&folder.join("blocks-32768.vtu"), &[row(Shape::Hex, 1, 32768)], 0, Precision::Single);
    piece(&folder.join("blocks-0.vtu"), &[], 0, Precision::Double);
    // A solution that has failed is still to be looked at.
    let broken = row(Shape::Tri, 1, 2);
    let nan = Field {
        name: "Density".into(),
        components: 1,
        values: vec![vec![1.0, f64::NAN, f64::INFINITY, 2.0, 3.0, 4.0]],
    };
    write_piece(&folder.join("nan.vtu"), &[broken], &[nan], 0, Precision::Double).unwrap();
    // A series in time of three ranks, the last without cells, and the like of one rank.
    let mut series = Series::new(folder.join("flow & <co>.pvd"));
    for (n, t) in [0.0, 0.1, 0.30000000000000004].into_iter().enumerate() {
        let output = folder.join(format!("sub/flow & <co>-{t}"));
        solver::output::atomic::create_folder_of(&output).unwrap();
        let pieces: Vec<PathBuf> = (0..3).map(|rank| piece_name(&output, rank, 3)).collect();
        for (rank, path) in pieces.iter().enumerate() {
            let blocks = match rank {
                0 => vec![row(Shape::Hex, 3, 2 + n), row(Shape::Prism, 3, 1)],
                1 => vec![row(Shape::Hex, 3, 2 + n), row(Shape::Pyramid, 3, 2)],
                _ => vec![],
            };
            piece(path, &blocks, rank, Precision::Single);
        }
        let index = with_suffix(&output, ".pvtu");
        write_index(&index, &pieces, (&fields(&[]), &["Part"]), Precision::Single).unwrap();
        series.push(t, &index).unwrap();
    }
}

#[test]
fn vtk_reads_and_interpolates_what_is_written() {
    let kept = std::env::var_os("SOLVER_VTK_FOLDER").map(PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.as_deref().unwrap_or(temporary.path());
    write_all(folder);
    // Without VTK this still shows that all files can be written.
    let Some(python) = std::env::var_os("SOLVER_VTK_PYTHON") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/check_vtk.py");
    let run =
        Command::new(python).arg(script).arg(folder).output().expect("SOLVER_VTK_PYTHON can be started");
    let text = [run.stdout, run.stderr].map(|o| String::from_utf8_lossy(&o).into_owned()).join("\n");
    assert!(run.status.success(), "check_vtk.py says:\n{text}");
}
