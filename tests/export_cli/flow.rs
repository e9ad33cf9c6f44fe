//! A flow that the solution holds exactly, runs of it, and what of it stands in files.

use crate::cases::Folder;
use crate::vtu;
use std::collections::BTreeMap;
use std::path::Path;
use vtkio::model::{Attribute, CellType, DataSet, IOBuffer, VertexNumbers};

/// A flow of polynomials: the density of the order of the solution, all else linear.
pub fn density(order: usize, [x, y, z]: [f64; 3]) -> f64 {
    2.0 + (0.3 + 0.2 * x - 0.1 * y + 0.15 * z).powi(order as i32)
}

pub fn velocity(dims: usize, [x, y, z]: [f64; 3]) -> [f64; 3] {
    let all = [1.0 + x - 0.3 * y + 0.2 * z, 0.4 * x + y - 0.1 * z, 0.5 - 0.2 * x + 0.3 * y + z];
    std::array::from_fn(|d| if d < dims { all[d] } else { 0.0 })
}

pub fn pressure([x, y, z]: [f64; 3]) -> f64 {
    3.0 + x - 0.5 * y + 0.25 * z
}

/// The same as a case, with states outside of the boundaries that are those inside; `density` is its order.
pub fn case(boundaries: &[&str], density: usize) -> String {
    let z = if boundaries.len() == 6 { "z" } else { "0" };
    let y = if boundaries.len() >= 4 { "y" } else { "0" };
    let mut state = format!(
        "rho = 2 + pow(0.3 + 0.2*x - 0.1*{y} + 0.15*{z}, {density})\nu = 1 + x - 0.3*{y} + 0.2*{z}\n\
         p = 3 + x - 0.5*{y} + 0.25*{z}\n"
    );
    if boundaries.len() >= 4 {
        state += &format!("v = 0.4*x + y - 0.1*{z}\n");
    }
    if boundaries.len() == 6 {
        state += "w = 0.5 - 0.2*x + 0.3*y + z\n";
    }
    let mut text = format!(
        "[backend]\nprecision = double\n[constants]\ngamma = 1.4\nscale = 3\n[solver]\nsystem = euler\norder = {density}\n\
         [solver-time-integrator]\nscheme = euler\ntend = 2e-6\ndt = 1e-6\n\
         [solver-interfaces]\nriemann-solver = rusanov\n\
         [soln-plugin-writer]\ndt-out = 1e-6\nbasename = flow-{{n}}\n[soln-ics]\n{state}"
    );
    for name in boundaries {
        text += &format!("[soln-bcs-{name}]\ntype = sup-in-fa\n{state}");
    }
    text
}

pub const SIDES: [&str; 6] = ["left", "right", "bottom", "top", "back", "front"];

/// A folder with a mesh and three solutions of it, the first of which is the initial state.
pub fn run(dims: usize, mesh: &str, order: usize) -> Folder {
    let folder = Folder::new();
    let words: Vec<&str> =
        ["generate"].into_iter().chain(mesh.split(' ')).chain(["-o", "mesh.smesh"]).collect();
    folder.succeed(&words);
    folder.put("case.ini", case(&SIDES[..2 * dims], order));
    folder.succeed(&["run", "mesh.smesh", "case.ini", "--progress", "none"]);
    folder
}

/// What a `.vtu` file holds.
#[derive(Debug, PartialEq)]
pub struct Vtu {
    pub points: Vec<[f64; 3]>,
    /// `[point][component]` by name.
    pub fields: BTreeMap<String, Vec<Vec<f64>>>,
    pub single: bool,
    pub marks: BTreeMap<String, Vec<i32>>,
    /// Kind and nodes of each cell.
    pub cells: Vec<(CellType, Vec<usize>)>,
}

pub fn read(path: &Path) -> Vtu {
    let file = vtu::Vtu::read(path);
    let points: Vec<[f64; 3]> =
        file.array("Points", "Points").chunks(3).map(|x| [x[0], x[1], x[2]]).collect();
    let nodes = file.array("Cells", "connectivity");
    let mut start = 0;
    let cells = file.array("Cells", "types").iter().zip(file.array("Cells", "offsets")).map(|(kind, end)| {
        let nodes = nodes[start..*end as usize].iter().map(|&n| n as usize).collect();
        start = *end as usize;
        (KINDS.into_iter().find(|known| *known as u8 == *kind as u8).unwrap(), nodes)
    });
    let cells = cells.collect();
    let of = |part| file.arrays.iter().filter(move |array| array.0 == part);
    let split = |values: &[f64]| values.chunks(values.len() / points.len()).map(<[f64]>::to_vec).collect();
    let fields = of("PointData").map(|(_, name, values)| (name.clone(), split(values))).collect();
    let whole = |values: &[f64]| values.iter().map(|x| *x as i32).collect();
    let marks = of("CellData").map(|(_, name, values)| (name.clone(), whole(values))).collect();
    Vtu { single: file.single, cells, fields, marks, points }
}

/// Kinds of cells that are written.
const KINDS: [CellType; 14] = [
    CellType::Vertex,
    CellType::Line,
    CellType::Triangle,
    CellType::Quad,
    CellType::Tetra,
    CellType::Hexahedron,
    CellType::Wedge,
    CellType::Pyramid,
    CellType::LagrangeCurve,
    CellType::LagrangeTriangle,
    CellType::LagrangeQuadrilateral,
    CellType::LagrangeTetrahedron,
    CellType::LagrangeHexahedron,
    CellType::LagrangeWedge,
];

/// A compressed one, as the crate reads it that has written it.
pub fn read_compressed(path: &Path) -> Vtu {
    let DataSet::UnstructuredGrid { pieces, .. } = vtkio::Vtk::import(path).unwrap().data else {
        panic!("not an unstructured grid")
    };
    let piece = pieces[0].load_piece_data(None).unwrap();
    let single = matches!(piece.points, IOBuffer::F32(_));
    let numbers = |data: &IOBuffer| data.cast_into::<f64>().unwrap();
    let points: Vec<[f64; 3]> = numbers(&piece.points).chunks(3).map(|x| [x[0], x[1], x[2]]).collect();
    let VertexNumbers::XML { connectivity, offsets } = piece.cells.cell_verts else { panic!("no offsets") };
    let mut start = 0;
    let cells = piece.cells.types.iter().zip(offsets).map(|(kind, end)| {
        let nodes = connectivity[start..end as usize].iter().map(|&n| n as usize).collect();
        start = end as usize;
        (*kind, nodes)
    });
    let cells = cells.collect();
    let array = |attribute: &Attribute| {
        let Attribute::DataArray(array) = attribute else { panic!("no array") };
        (array.name.clone(), numbers(&array.data))
    };
    let n = points.len();
    let split = |(name, values): (String, Vec<f64>)| {
        (name, values.chunks(values.len() / n).map(<[f64]>::to_vec).collect())
    };
    let whole = |(name, values): (String, Vec<f64>)| (name, values.iter().map(|x| *x as i32).collect());
    Vtu {
        single,
        cells,
        fields: piece.data.point.iter().map(array).map(split).collect(),
        marks: piece.data.cell.iter().map(array).map(whole).collect(),
        points,
    }
}

#[track_caller]
pub fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
        "{what}: {found}, not {expected}"
    );
}

impl Vtu {
    /// Every node has the values of the flow.
    pub fn check_flow(&self, dims: usize, order: usize, tolerance: f64) {
        assert_eq!(self.fields.keys().collect::<Vec<_>>(), ["Density", "Pressure", "Velocity"]);
        assert!(self.points.len() > 2);
        for (n, &x) in self.points.iter().enumerate() {
            near(self.fields["Density"][n][0], density(order, x), tolerance, "Density");
            near(self.fields["Pressure"][n][0], pressure(x), tolerance, "Pressure");
            if dims == 1 {
                near(self.fields["Velocity"][n][0], velocity(1, x)[0], tolerance, "Velocity");
                continue;
            }
            let velocity = velocity(dims, x);
            (0..3).for_each(|d| near(self.fields["Velocity"][n][d], velocity[d], tolerance, "Velocity"));
        }
    }

    pub fn count(&self, kind: CellType) -> usize {
        self.cells.iter().filter(|cell| cell.0 == kind).count()
    }
}
