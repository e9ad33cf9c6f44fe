//! What files of boundaries hold.

use crate::flow::{SIDES, Vtu, case, density, near, pressure, read, run, velocity};
use solver::element::{Shape, basis, lattice, quadrature};
use solver::output::stl as stl_file;
use solver::output::vtk::vtk_order;
use std::path::Path;
use vtkio::model::CellType;

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
fn triangles_within_the_mesh_carry_its_fields() {
    let folder = run(3, "box 3 2 3 --shape mixed", 2);
    // Binary as numbers of single precision, which these are.
    let corners = [[0.125, 0.25, 0.25], [0.875, 0.25, 0.375], [0.25, 0.75, 0.5], [0.5, 0.5, 1.5]];
    let [a, b, c, far] = corners;
    stl_file::write(&folder.path("inside.stl"), &[[a, b, c]]).unwrap();
    stl_file::write(&folder.path("across.stl"), &[[a, b, far], [a, far, c]]).unwrap();
    let words = ["export", "body", "flow-0.ssoln", "flow-1.ssoln", "inside.stl", "across.stl"];
    let more = ["-p", "double", "-f", "Density", "-f", "Velocity", "-f", "q = 2*p"];
    let (out, _) = folder.succeed(&[&words[..], &more, &["--divide", "3", "-o", "cut.pvd"]].concat());
    assert!(
        out.contains("body       0: inside.stl\nbody       1: across.stl\noutside    4 corners"),
        "{out}"
    );
    assert!(out.contains("3 triangles"), "{out}");
    let cut = read(&folder.path("cut-000.vtu"));
    assert_eq!((cut.points.len(), cut.count(CellType::Triangle)), (30, 27));
    assert_eq!(cut.marks["Body"], [[0; 9], [1; 9], [1; 9]].concat());
    let mut outside = 0;
    for (n, x) in cut.points.iter().enumerate() {
        let (rho, u, q) = (cut.fields["Density"][n][0], &cut.fields["Velocity"][n], cut.fields["q"][n][0]);
        if x[2] > 1.0 {
            assert!(rho.is_nan() && q.is_nan() && u.iter().all(|u| u.is_nan()));
            outside += 1;
            continue;
        }
        near(rho, density(2, *x), 1e-6, "density");
        near(q, 2.0 * pressure(*x), 1e-5, "pressure");
        (0..3).for_each(|d| near(u[d], velocity(3, *x)[d], 1e-5, "velocity"));
    }
    assert_eq!(outside, 6);
    assert!(cut.points.contains(&c));
    // One file of one time, whole triangles, points shared.
    folder.succeed(&["export", "body", "mesh.smesh", "flow-0.ssoln", "across.stl", "--merge"]);
    let whole = read(&folder.path("flow-0-body.vtu"));
    assert_eq!((whole.points.len(), whole.cells.len(), whole.single), (4, 2, true));
    // Of averages, too, of which there are more than are asked for.
    let mut words = vec!["run", "mesh.smesh", "case.ini"];
    let keys = ["nsteps=1", "dt-out=1e-6", "basename=mean-{n}", "avg-one=p", "avg-two=rho", "avg-three=u"];
    let keys = keys.map(|key| format!("soln-plugin-tavg.{key}"));
    keys.iter().for_each(|key| words.extend(["--set", key]));
    folder.succeed(&words);
    folder.succeed(&[
        "export",
        "body",
        "mean-0.savg",
        "across.stl",
        "-f",
        "avg-two",
        "-o",
        "mean.vtu",
        "--divide",
        "3",
    ]);
    let mean = read(&folder.path("mean.vtu"));
    let inside = mean.points.iter().zip(&mean.fields["avg-two"]).filter(|(x, _)| x[2] < 1.0);
    assert_eq!(inside.map(|(x, rho)| near(rho[0], density(2, *x), 1e-4, "mean density")).count(), 14);
    folder.put("text.stl", "solid\nfacet\n");
    for (words, told) in [
        ("flow-0.ssoln", "name the STL files after the solutions"),
        ("flow-0.ssoln none.stl", "cannot read 'none.stl'"),
        ("flow-0.ssoln text.stl", "'text.stl' is no whole STL file"),
        ("flow-0.ssoln inside.stl --order 2", "--divide N cuts them"),
        ("flow-0.ssoln inside.stl --pieces", "written by one rank"),
    ] {
        let words: Vec<&str> = ["export", "body"].into_iter().chain(words.split(' ')).collect();
        let error = folder.fail(&words);
        assert!(error.contains(told), "{words:?}: {error}");
    }
    stl_file::write(&folder.path("away.stl"), &[[far, far, [2.0; 3]]]).unwrap();
    assert!(folder.fail(&["export", "body", "flow-0.ssoln", "away.stl"]).contains("outside of the mesh"));
}
