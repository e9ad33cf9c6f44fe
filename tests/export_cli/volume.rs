//! What files of the elements hold.

use crate::flow::{SIDES, case, density, near, pressure, read, read_compressed, run, velocity};
use solver::element::Shape;
use vtkio::model::CellType;

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
fn compressed_files_hold_what_others_hold() {
    let folder = run(3, "box 2 2 2 --shape mixed", 2);
    folder.succeed(&["export", "volume", "flow-0.ssoln", "-o", "raw.vtu"]);
    folder.succeed(&["export", "volume", "flow-0.ssoln", "--compress", "-o", "small.vtu"]);
    assert_eq!(read_compressed(&folder.path("small.vtu")), read(&folder.path("raw.vtu")));
}
