//! `solver export` as people use it: what stands in the files is the solution, and mistakes are told in a sentence.

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed here
mod support;
#[path = "support/vtu.rs"]
mod vtu;

use cases::Folder;
use solver::element::{Shape, basis, lattice, quadrature};
use solver::output::vtk::vtk_order;
use std::collections::BTreeMap;
use std::path::Path;
use vtkio::model::{Attribute, CellType, DataSet, IOBuffer, VertexNumbers};

/// A flow of polynomials: the density of the order of the solution, all else linear.
fn density(order: usize, [x, y, z]: [f64; 3]) -> f64 {
    2.0 + (0.3 + 0.2 * x - 0.1 * y + 0.15 * z).powi(order as i32)
}

fn velocity(dims: usize, [x, y, z]: [f64; 3]) -> [f64; 3] {
    let all = [1.0 + x - 0.3 * y + 0.2 * z, 0.4 * x + y - 0.1 * z, 0.5 - 0.2 * x + 0.3 * y + z];
    std::array::from_fn(|d| if d < dims { all[d] } else { 0.0 })
}

fn pressure([x, y, z]: [f64; 3]) -> f64 {
    3.0 + x - 0.5 * y + 0.25 * z
}

/// The same as a case, with states outside of the boundaries that are those inside; `density` is its order.
fn case(boundaries: &[&str], density: usize) -> String {
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

const SIDES: [&str; 6] = ["left", "right", "bottom", "top", "back", "front"];

/// A folder with a mesh and three solutions of it, the first of which is the initial state.
fn run(dims: usize, mesh: &str, order: usize) -> Folder {
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
struct Vtu {
    points: Vec<[f64; 3]>,
    /// `[point][component]` by name.
    fields: BTreeMap<String, Vec<Vec<f64>>>,
    single: bool,
    marks: BTreeMap<String, Vec<i32>>,
    /// Kind and nodes of each cell.
    cells: Vec<(CellType, Vec<usize>)>,
}

fn read(path: &Path) -> Vtu {
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
fn read_compressed(path: &Path) -> Vtu {
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
fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
        "{what}: {found}, not {expected}"
    );
}

impl Vtu {
    /// Every node has the values of the flow.
    fn check_flow(&self, dims: usize, order: usize, tolerance: f64) {
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

    fn count(&self, kind: CellType) -> usize {
        self.cells.iter().filter(|cell| cell.0 == kind).count()
    }
}

#[test]
fn nodes_hold_the_polynomial_for_every_shape_and_order() {
    for (dims, mesh) in [(1, "line 3"), (2, "box 2 2 --shape tri+quad"), (3, "box 3 2 3 --shape mixed")] {
        for order in 1..=4 {
            let folder = run(dims, mesh, order);
            let (out, err) = folder.succeed(&["export", "volume", "flow-0.ssoln", "-p", "double"]);
            assert!(out.contains("written    flow-0-volume.vtu: t = 0, "), "{out}");
            assert_eq!(err, "");
            let vtu = read(&folder.path("flow-0-volume.vtu"));
            vtu.check_flow(dims, order, 1e-11);
            assert!(!vtu.single);
            let kinds: &[CellType] = match dims {
                1 => &[CellType::LagrangeCurve],
                2 => &[CellType::LagrangeTriangle, CellType::LagrangeQuadrilateral],
                _ => &[
                    CellType::LagrangeTetrahedron,
                    CellType::LagrangeHexahedron,
                    CellType::LagrangeWedge,
                    CellType::Pyramid,
                ],
            };
            for kind in kinds {
                assert!(vtu.count(*kind) > 0, "{dims}-D has no {kind:?}");
            }
            let lagrange = vtu.cells.iter().find(|cell| cell.0 == kinds[0]).unwrap();
            let shape = [Shape::Line, Shape::Tri, Shape::Tet][dims - 1];
            assert_eq!(lagrange.1.len(), shape.points(order));
        }
    }
}

#[test]
fn cells_have_the_order_or_the_division_that_is_asked_for() {
    let folder = run(3, "box 3 2 3 --shape mixed", 2);
    folder.succeed(&["export", "volume", "flow-0.ssoln", "--order", "3", "-o", "three.vtu"]);
    let three = read(&folder.path("three.vtu"));
    assert!(three.single);
    three.check_flow(3, 2, 1e-6);
    let hex = three.cells.iter().find(|c| c.0 == CellType::LagrangeHexahedron).unwrap();
    assert_eq!(hex.1.len(), 64);
    folder.succeed(&[
        "export",
        "volume",
        "flow-0.ssoln",
        "--divide",
        "3",
        "-o",
        "divided.vtu",
        "-p",
        "double",
    ]);
    let divided = read(&folder.path("divided.vtu"));
    divided.check_flow(3, 2, 1e-11);
    for (linear, lagrange) in
        [(CellType::Hexahedron, CellType::LagrangeHexahedron), (CellType::Wedge, CellType::LagrangeWedge)]
    {
        assert_eq!(divided.count(linear), 27 * three.count(lagrange));
    }
    // Tetrahedra are parts of pyramids, too.
    assert!(divided.count(CellType::Tetra) > 27 * three.count(CellType::LagrangeTetrahedron));
    assert_eq!(divided.points.len(), three.points.len());
    // The cells fill the box: their volumes, cut into tetrahedra, sum up to it.
    let x = |n: usize| divided.points[n];
    let volume = |[a, b, c, d]: [usize; 4]| {
        let e = [b, c, d].map(|n| [0, 1, 2].map(|i| x(n)[i] - x(a)[i]));
        (e[0][0] * (e[1][1] * e[2][2] - e[1][2] * e[2][1])
            + e[0][1] * (e[1][2] * e[2][0] - e[1][0] * e[2][2])
            + e[0][2] * (e[1][0] * e[2][1] - e[1][1] * e[2][0]))
            / 6.0
    };
    let mut total = 0.0;
    for (kind, n) in &divided.cells {
        let parts: &[[usize; 4]] = match kind {
            CellType::Tetra => &[[0, 1, 2, 3]],
            CellType::Pyramid => &[[0, 1, 2, 4], [0, 2, 3, 4]],
            CellType::Wedge => &[[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5]],
            _ => &[[0, 1, 3, 4], [1, 2, 3, 6], [1, 3, 4, 6], [1, 4, 5, 6], [3, 4, 6, 7]],
        };
        for part in parts {
            total += volume(part.map(|i| n[i])).abs();
        }
    }
    near(total, 1.0, 1e-12, "volume");
}

#[test]
fn expressions_gradients_and_well_known_names_are_evaluated() {
    for (dims, mesh) in [(2, "box 3 2 --shape tri+quad"), (3, "box 2 2 2 --shape hex+pri")] {
        // Of order 3 the conserved variables of linear primitive ones are polynomials of the solution, and gradients exact.
        let folder = run(dims, mesh, 3);
        folder.put("linear.ini", case(&SIDES[..2 * dims], 1).replace("order = 1", "order = 3"));
        folder.succeed(&["run", "mesh.smesh", "linear.ini", "--progress", "none"]);
        let mut words = vec!["export", "volume", "mesh.smesh", "flow-0.ssoln", "--gradients", "-p", "double"];
        for field in [
            "Pressure",
            "u",
            "M2 = scale*rho*(u + v) + 0*t",
            "slope=grad_u_x + x",
            "vorticity",
            "divergence",
            "schlieren",
            "q-criterion",
            "mach",
            "total-pressure",
        ] {
            words.extend(["-f", field]);
        }
        let (out, _) = folder.succeed(&words);
        assert!(out.starts_with("fields     Pressure, u, M2, slope, vorticity, divergence"), "{out}");
        let vtu = read(&folder.path("flow-0-volume.vtu"));
        let z = if dims == 3 { 1.0 } else { 0.0 };
        let grad_u = [1.0, -0.3, 0.2 * z];
        let grad_v = [0.4, 1.0, -0.1 * z];
        let grad_w = [-0.2 * z, 0.3 * z, z];
        let all = [grad_u, grad_v, grad_w];
        let trace: f64 = (0..3).map(|i| (0..3).map(|j| all[i][j] * all[j][i]).sum::<f64>()).sum();
        let vorticity = [grad_w[1] - grad_v[2], grad_u[2] - grad_w[0], grad_v[0] - grad_u[1]];
        for (n, &at) in vtu.points.iter().enumerate() {
            let field = |name: &str| &vtu.fields[name][n];
            let (rho, u) = (density(1, at), velocity(dims, at));
            near(field("M2")[0], 3.0 * rho * (u[0] + u[1]), 1e-9, "M2");
            near(field("Pressure")[0], pressure(at), 1e-9, "Pressure");
            near(field("u")[0], u[0], 1e-9, "u");
            near(field("slope")[0], 1.0 + at[0], 1e-9, "slope");
            near(field("divergence")[0], 2.0 + z, 1e-9, "divergence");
            near(field("q-criterion")[0], -0.5 * trace, 1e-9, "q");
            let steep = (0.04f64 + 0.01 + 0.0225 * z).sqrt();
            near(field("schlieren")[0], steep, 1e-9, "schlieren");
            for (name, exact) in [
                ("grad_rho", [0.2, -0.1, 0.15 * z]),
                ("grad_u", grad_u),
                ("grad_v", grad_v),
                ("grad_p", [1.0, -0.5, 0.25 * z]),
            ] {
                (0..3).for_each(|d| near(field(name)[d], exact[d], 1e-9, name));
            }
            let mach = (u.iter().map(|x| x * x).sum::<f64>() / (1.4 * pressure(at) / rho)).sqrt();
            // Not a polynomial: interpolated from the solution points.
            near(field("mach")[0], mach, 1e-3, "mach");
            near(
                field("total-pressure")[0],
                pressure(at) * (1.0 + 0.2 * mach * mach).powf(3.5),
                1e-2,
                "total",
            );
            match dims {
                2 => near(field("vorticity")[0], vorticity[2], 1e-9, "vorticity"),
                _ => (0..3).for_each(|d| near(field("vorticity")[d], vorticity[d], 1e-9, "vorticity")),
            }
        }
        assert_eq!(vtu.fields["vorticity"][0].len(), if dims == 2 { 1 } else { 3 });
    }
}

/// Integrals over Lagrange curves, triangles and quadrilaterals of a boundary file: `integrand(place, area vector, weights of the
/// nodes of the cell)`.
fn integrate(
    vtu: &Vtu,
    order: usize,
    mut integrand: impl FnMut(usize, [f64; 3], [f64; 3], &dyn Fn(&str, usize) -> f64),
) {
    for (c, (kind, nodes)) in vtu.cells.iter().enumerate() {
        let shape = match kind {
            CellType::LagrangeCurve => Shape::Line,
            CellType::LagrangeTriangle => Shape::Tri,
            CellType::LagrangeQuadrilateral => Shape::Quad,
            other => panic!("{other:?}"),
        };
        let reference = lattice::nodes(shape, order);
        let (points, weights) = quadrature::rule(shape, 4 * order);
        let to_points = basis::interpolation(shape, order, &reference, &points);
        let slopes = basis::differentiation(shape, order, &reference, &points);
        // Node of the file at each place of the lattice.
        let mut at = vec![0; nodes.len()];
        vtk_order(shape, order).iter().zip(nodes).for_each(|(&place, &node)| at[place] = node);
        for (q, weight) in weights.iter().enumerate() {
            let sum = |row: ndarray::ArrayView1<f64>| -> [f64; 3] {
                std::array::from_fn(|d| at.iter().zip(row).map(|(&n, w)| vtu.points[n][d] * w).sum())
            };
            let t: Vec<[f64; 3]> = slopes.iter().map(|m| sum(m.row(q))).collect();
            let area = match t.len() {
                1 => [t[0][1], -t[0][0], 0.0],
                _ => [
                    t[0][1] * t[1][2] - t[0][2] * t[1][1],
                    t[0][2] * t[1][0] - t[0][0] * t[1][2],
                    t[0][0] * t[1][1] - t[0][1] * t[1][0],
                ],
            };
            let row = to_points.row(q);
            let value = |name: &str, component: usize| {
                at.iter().zip(row).map(|(&n, w)| vtu.fields[name][n][component] * w).sum::<f64>()
            };
            integrand(c, sum(row), area.map(|x| x * weight), &value);
        }
    }
}

#[test]
fn boundaries_have_their_area_flux_and_outward_normal() {
    for (dims, mesh) in [
        (2, "box 3 2 --shape tri+quad --order 2 --warp 0.02"),
        (3, "box 3 2 3 --shape mixed --order 2 --warp 0.02"),
    ] {
        let order = 3;
        let folder = run(dims, mesh, order);
        let words = [
            "export",
            "boundary",
            "flow-0.ssoln",
            "-p",
            "double",
            "-f",
            "Velocity",
            "-f",
            "x",
            "--gradients",
        ];
        let (out, _) = folder.succeed(&words);
        assert!(out.contains("boundary   0: ") && out.contains("fields     Velocity, x, grad_rho"), "{out}");
        let vtu = read(&folder.path("flow-0-boundary.vtu"));
        let (mut area, mut outflow, mut faces) = (0.0, 0.0, std::collections::BTreeSet::new());
        integrate(&vtu, order, |cell, x, a, value| {
            let size = a.iter().map(|a| a * a).sum::<f64>().sqrt();
            area += size;
            outflow += (0..dims).map(|d| value("Velocity", d) * a[d]).sum::<f64>();
            near(value("x", 0), x[0], 1e-10, "x");
            // The sides of the box stay flat, so that the normal is that of the side all over it.
            let side = (0..3).map(|d| value("Normal", d) * a[d]).sum::<f64>();
            near(side, size, 1e-10, "the normal turned to the side that the cell turns to");
            let flat = (0..dims).filter(|&d| (value("Normal", d).abs() - 1.0).abs() < 1e-10).count();
            assert_eq!(flat, 1);
            let outside = (0..dims).map(|d| value("Normal", d) * (x[d] - 0.5)).sum::<f64>();
            near(outside, 0.5, 1e-10, "the normal points out of the box");
            faces.insert((vtu.marks["Boundary"][cell], [0, 1, 2].map(|d| value("Normal", d).round() as i32)));
        });
        near(area, 2.0 * dims as f64, 1e-12, "area");
        // The divergence of the velocity times the volume; its nodal polynomial on curved elements is exact, as is the place's.
        near(outflow, dims as f64, 1e-9, "flux");
        // Each number is one side.
        assert_eq!(faces.len(), 2 * dims);
        // One boundary by its name.
        let (out, _) = folder.succeed(&[
            "export",
            "boundary",
            "mesh.smesh",
            "flow-0.ssoln",
            "left",
            "-o",
            "out/left.vtu",
        ]);
        assert_eq!(out.matches("boundary   ").count(), 1, "{out}");
        let left = read(&folder.path("out/left.vtu"));
        assert!(left.points.iter().all(|x| x[0].abs() < 1e-7));
        assert!(left.fields["Normal"].iter().all(|n| (n[0] + 1.0).abs() < 1e-6));
        assert!(left.single && left.fields.contains_key("Density"));
    }
    // In one dimension they are points.
    let folder = run(1, "line 3", 2);
    folder.succeed(&["export", "boundary", "flow-0.ssoln"]);
    let ends = read(&folder.path("flow-0-boundary.vtu"));
    let normals: Vec<f64> = ends.fields["Normal"].iter().map(|n| n[0]).collect();
    assert_eq!((ends.points.len(), ends.count(CellType::Vertex)), (2, 2));
    for (x, n) in ends.points.iter().zip(normals) {
        assert_eq!(n, if x[0] < 0.5 { -1.0 } else { 1.0 });
    }
}

/// Volume that the triangles of a binary STL file enclose, their area, and their number.
fn stl(path: &Path) -> (f64, f64, usize) {
    let bytes = std::fs::read(path).unwrap();
    let count = u32::from_le_bytes(bytes[80..84].try_into().unwrap()) as usize;
    assert_eq!(bytes.len(), 84 + 50 * count);
    let (mut volume, mut area) = (0.0, 0.0);
    for triangle in bytes[84..].chunks(50) {
        let x: Vec<f64> =
            triangle[..48].chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()).into()).collect();
        let (n, a, b, c) = (&x[..3], &x[3..6], &x[6..9], &x[9..]);
        let cross = |p: &[f64], q: &[f64]| {
            [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]]
        };
        let dot = |p: &[f64], q: &[f64]| p.iter().zip(q).map(|(p, q)| p * q).sum::<f64>();
        let edge = |p: &[f64]| -> Vec<f64> { p.iter().zip(a).map(|(p, a)| p - a).collect() };
        let twice = dot(&cross(&edge(b), &edge(c)), n);
        assert!(twice > 0.0, "the normal is that of the corners");
        area += 0.5 * twice;
        volume += dot(a, &cross(b, c)) / 6.0;
    }
    (volume, area, count)
}

#[test]
fn triangles_enclose_the_mesh() {
    let folder = run(3, "box 3 2 3 --shape mixed --order 2 --warp 0.02", 1);
    folder.succeed(&["export", "stl", "flow-0.ssoln"]);
    let (volume, area, _) = stl(&folder.path("flow-0.stl"));
    near(volume, 1.0, 1e-6, "volume");
    near(area, 6.0, 1e-6, "area");

    folder.succeed(&["generate", "shell", "1", "1", "--order", "3", "-o", "mesh.smesh"]);
    let walls = "[soln-bcs-inner]\ntype = slp-adia-wall\n[soln-bcs-outer]\ntype = slp-adia-wall\n";
    folder.put("case.ini", case(&SIDES, 1) + walls);
    folder.succeed(&["run", "mesh.smesh", "case.ini", "--progress", "none"]);
    let outer = |divide: &str| {
        folder.succeed(&["export", "stl", "flow-0.ssoln", "outer", "--divide", divide, "-o", "outer.stl"]);
        stl(&folder.path("outer.stl"))
    };
    // Of a ball, which the elements meet to 1 %.
    let ball = 4.0 / 3.0 * std::f64::consts::PI;
    let (coarse, _, few) = outer("2");
    let (fine, area, many) = outer("16");
    assert_eq!((few, many), (6 * 8, 6 * 512));
    assert!(coarse < 0.9 * fine, "{coarse} {fine}");
    near(fine, ball, 0.01, "volume");
    near(area, 3.0 * ball, 0.01, "area");
    // Seen from the mesh the inner sphere is turned inside out.
    folder.succeed(&["export", "stl", "flow-0.ssoln", "inner"]);
    let (volume, ..) = stl(&folder.path("flow-0.stl"));
    assert!(volume < 0.0, "{volume}");
}

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
        ("stl flow-0.ssoln flow-1.ssoln", "2 solutions are given, but one says which mesh it is"),
    ] {
        let words: Vec<&str> = ["export"].into_iter().chain(arguments.split(' ')).collect();
        let error = folder.fail(&words);
        assert!(error.contains(told), "{arguments}: {error}");
        assert_eq!(error.trim().lines().count(), 1, "{error}");
    }
    let written = folder.files();
    assert!(
        !written.iter().any(|f| f.ends_with("vtkhdf") || f.contains("volume") || f.ends_with("stl")),
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
fn merged_points_have_the_mean_of_what_elements_have_there() {
    let folder = run(2, "box 3 2", 2);
    folder.succeed(&["export", "volume", "flow-0.ssoln", "-p", "double", "--merge", "-o", "merged.vtu"]);
    let merged = read(&folder.path("merged.vtu"));
    // A polynomial of the solution's order has no jumps.
    merged.check_flow(2, 2, 1e-12);
    assert_eq!((merged.points.len(), merged.cells.len()), (7 * 5, 6));
    assert!(merged.cells.iter().all(|(_, nodes)| nodes.len() == 9 && nodes.iter().all(|n| *n < 35)));
    folder.succeed(&[
        "export",
        "volume",
        "flow-0.ssoln",
        "-p",
        "double",
        "--merge",
        "--compress",
        "-o",
        "small.vtu",
    ]);
    assert_eq!(read_compressed(&folder.path("small.vtu")), merged);
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
fn compressed_files_hold_what_others_hold() {
    let folder = run(3, "box 2 2 2 --shape mixed", 2);
    folder.succeed(&["export", "volume", "flow-0.ssoln", "-o", "raw.vtu"]);
    folder.succeed(&["export", "volume", "flow-0.ssoln", "--compress", "-o", "small.vtu"]);
    assert_eq!(read_compressed(&folder.path("small.vtu")), read(&folder.path("raw.vtu")));
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
    for arguments in [
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
