//! Parts of a mesh: bodies of simple shape put together, or what touches a boundary (case-format section 6.14).
//!
//! An element belongs to a region if its centroid or one of its nodes lies inside, edges included. So neighbouring regions
//! overlap by the elements between them, and an element that is far larger than a body may hold it without belonging to it.

use super::Engine;
use crate::element::Shape;
use crate::parallel::Reduce;

/// A part of a mesh.
#[derive(Clone, Debug, PartialEq)]
pub enum Region {
    /// All of it.
    All,
    /// Elements with a face on the boundary of this name.
    Boundary(String),
    /// Elements in a body.
    Body(Body),
    /// Elements in either.
    Union(Box<Region>, Box<Region>),
    /// Elements in the first and not in the second.
    Difference(Box<Region>, Box<Region>),
}

/// A body of simple shape, turned about the origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// Its shape before it is turned.
    pub form: Form,
    /// Rows of the matrix that turns it.
    pub rotation: [[f64; 3]; 3],
}

/// The shape of a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// Between two corners.
    Cuboid {
        /// Its lowest coordinates.
        low: [f64; 3],
        /// Its highest coordinates.
        high: [f64; 3],
    },
    /// Around a centre; a sphere where the axes are equal.
    Ellipsoid {
        /// The centre.
        centre: [f64; 3],
        /// Half lengths of the axes.
        axes: [f64; 3],
    },
    /// Around a line from one end to the other; a cylinder where the radii are equal, a cone where the second is 0.
    Frustum {
        /// The two ends.
        ends: [[f64; 3]; 2],
        /// The radii there.
        radii: [f64; 2],
    },
}

/// The matrix that turns nothing.
pub const UNTURNED: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// The matrix of a turn by `phi` about z, after one by `theta` about y, after one by `psi` about x, in degrees.
pub fn rotation([phi, theta, psi]: [f64; 3]) -> [[f64; 3]; 3] {
    let turn = |degrees: f64, a: usize, b: usize| {
        let (s, c) = degrees.to_radians().sin_cos();
        let mut m = UNTURNED;
        (m[a][a], m[a][b], m[b][a], m[b][b]) = (c, -s, s, c);
        m
    };
    let product = |m: [[f64; 3]; 3], n: [[f64; 3]; 3]| {
        std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| m[i][k] * n[k][j]).sum()))
    };
    // About y from z to x.
    product(product(turn(phi, 0, 1), turn(theta, 2, 0)), turn(psi, 1, 2))
}

impl Body {
    /// Whether a place is inside or on the edge.
    pub fn contains(&self, x: [f64; 3]) -> bool {
        // The transposed matrix turns the place back.
        let x: [f64; 3] = std::array::from_fn(|j| (0..3).map(|i| self.rotation[i][j] * x[i]).sum());
        match &self.form {
            Form::Cuboid { low, high } => (0..3).all(|d| low[d] <= x[d] && x[d] <= high[d]),
            Form::Ellipsoid { centre, axes } => {
                (0..3).map(|d| ((x[d] - centre[d]) / axes[d]).powi(2)).sum::<f64>() <= 1.0
            }
            Form::Frustum { ends: [a, b], radii } => {
                let difference =
                    |p: &[f64; 3], q: &[f64; 3]| -> [f64; 3] { std::array::from_fn(|d| p[d] - q[d]) };
                let dot = |p: [f64; 3], q: [f64; 3]| p.iter().zip(q).map(|(p, q)| p * q).sum::<f64>();
                let (axis, from) = (difference(b, a), difference(&x, a));
                let along = dot(from, axis) / dot(axis, axis);
                let off: [f64; 3] = std::array::from_fn(|d| from[d] - along * axis[d]);
                let radius = radii[0] + along * (radii[1] - radii[0]);
                (0.0..=1.0).contains(&along) && dot(off, off) <= radius * radius
            }
        }
    }
}

impl Region {
    /// Whether a place belongs to it, as far as that is a matter of place.
    fn contains(&self, x: [f64; 3], touches: &impl Fn(&str) -> bool) -> bool {
        match self {
            Region::All => true,
            Region::Boundary(name) => touches(name),
            Region::Body(body) => body.contains(x),
            Region::Union(a, b) => a.contains(x, touches) || b.contains(x, touches),
            Region::Difference(a, b) => a.contains(x, touches) && !b.contains(x, touches),
        }
    }

    /// Names of boundaries in it.
    pub fn boundaries(&self) -> Vec<&str> {
        match self {
            Region::All | Region::Body(_) => vec![],
            Region::Boundary(name) => vec![name],
            Region::Union(a, b) | Region::Difference(a, b) => [a.boundaries(), b.boundaries()].concat(),
        }
    }
}

impl Engine {
    /// The elements of this rank in a region, by block: positions in the block, ascending. An element belongs to a region where
    /// one and the same of its points does (its centroid, a node). Not collective.
    pub fn elements_in(&self, region: &Region) -> Vec<Vec<u32>> {
        let discretisation = &self.discretisation;
        let mut touched: Vec<Vec<Vec<u16>>> = discretisation
            .blocks
            .iter()
            .map(|b| vec![vec![]; if region.boundaries().is_empty() { 0 } else { b.len() }])
            .collect();
        for face in &discretisation.boundary_faces {
            if let Some(of) = touched[face.block as usize].get_mut(face.element as usize) {
                of.push(face.boundary);
            }
        }
        let mut found = vec![];
        for (b, block) in discretisation.blocks.iter().enumerate() {
            let shape: Shape = block.operators.shape;
            let inside = |(e, id): (usize, &u32)| {
                let blocks = self.mesh.blocks.iter().filter(|m| m.shape == shape);
                let (m, at) = blocks.filter_map(|m| Some((m, m.ids.binary_search(id).ok()?))).next()?;
                let n = shape.points(m.order);
                let nodes = &m.nodes[at * n..(at + 1) * n];
                let centroid = std::array::from_fn(|d| nodes.iter().map(|x| x[d]).sum::<f64>() / n as f64);
                let touches = |name: &str| {
                    touched[b]
                        .get(e)
                        .is_some_and(|of| of.iter().any(|i| self.mesh.boundaries[usize::from(*i)] == name))
                };
                let any = std::iter::once(&centroid).chain(nodes).any(|x| region.contains(*x, &touches));
                any.then_some(e as u32)
            };
            found.push(block.ids.iter().enumerate().filter_map(inside).collect());
        }
        found
    }

    /// The first boundary of a region that the mesh has not, on any rank. Collective.
    pub fn missing_boundary<'a>(&self, region: &'a Region) -> Option<&'a str> {
        region.boundaries().into_iter().find(|name| {
            let here = self.mesh.boundaries.iter().any(|b| b == name);
            let mut all = [f64::from(u8::from(here))];
            self.communicator.reduce_f64(Reduce::Max, &mut all);
            all[0] == 0.0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{BoundarySpec, Settings};
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::LocalMesh;
    use crate::parallel::serial::Serial;
    use crate::physics::SystemSpec;
    use crate::physics::expr::Expr;
    use std::sync::Arc;

    fn body(form: Form) -> Body {
        Body { form, rotation: UNTURNED }
    }

    #[test]
    fn bodies_hold_what_is_inside() {
        let cylinder = body(Form::Frustum { ends: [[0.0; 3], [0.0, 0.0, 2.0]], radii: [1.0, 1.0] });
        let cone = body(Form::Frustum { ends: [[0.0; 3], [0.0, 0.0, 2.0]], radii: [1.0, 0.0] });
        let ellipsoid = body(Form::Ellipsoid { centre: [1.0, 0.0, 0.0], axes: [2.0, 1.0, 0.5] });
        let cuboid = body(Form::Cuboid { low: [0.0; 3], high: [1.0, 2.0, 3.0] });
        for (body, inside, outside) in [
            (&cylinder, [0.0, 1.0, 2.0], [0.8, 0.8, 1.0]),
            (&cone, [0.4, 0.0, 1.1], [0.6, 0.0, 1.1]),
            (&ellipsoid, [3.0, 0.0, 0.0], [1.0, 0.0, 0.6]),
            (&cuboid, [1.0, 0.0, 3.0], [0.5, 0.5, 3.01]),
        ] {
            assert!(body.contains(inside) && !body.contains(outside), "{body:?}");
        }
        // Turned by a quarter about z, x becomes y.
        let turned = Body { rotation: rotation([90.0, 0.0, 0.0]), ..cuboid };
        assert!(turned.contains([-1.5, 0.5, 1.0]) && !turned.contains([0.5, 1.5, 1.0]));
        // About y from z to x, about x from y to z.
        let back = |angles: [f64; 3], x: [f64; 3]| -> [f64; 3] {
            let m = rotation(angles);
            std::array::from_fn(|i| (0..3).map(|j| m[i][j] * x[j]).sum())
        };
        let near = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-15);
        assert!(near(back([0.0, 90.0, 0.0], [0.0, 0.0, 1.0]), [1.0, 0.0, 0.0]));
        assert!(near(back([0.0, 0.0, 90.0], [0.0, 1.0, 0.0]), [0.0, 0.0, 1.0]));
    }

    #[test]
    fn elements_belong_by_their_nodes_and_centroid_or_by_their_faces() {
        let mesh = BoxMesh::new(Cells::Quad, [4, 4, 1]).periodic([false, true, false]).build();
        let mut settings = Settings::new(SystemSpec::new("diffusion").with("nu", 1.0), 1);
        for name in &mesh.boundaries {
            let data = [("u".to_string(), Expr::constant(0.0))].into();
            settings.boundaries.insert(name.clone(), BoundarySpec { kind: "fixed-value".into(), data });
        }
        let engine = Engine::new(&settings, LocalMesh::whole(&mesh), Arc::new(Serial)).unwrap();
        let count = |region: &Region| engine.elements_in(region).iter().map(Vec::len).sum::<usize>();
        let left = Region::Boundary(mesh.boundaries[0].clone());
        let cuboid = |low, high| Region::Body(body(Form::Cuboid { low, high }));
        let corner = cuboid([0.0; 3], [0.3, 0.3, 0.0]);
        assert_eq!((count(&Region::All), count(&left), count(&corner)), (16, 4, 4));
        let both = Region::Union(Box::new(left.clone()), Box::new(corner.clone()));
        assert!(count(&both) >= 4 && engine.missing_boundary(&both).is_none());
        let without = Region::Difference(Box::new(Region::All), Box::new(cuboid([-1.0; 3], [2.0; 3])));
        assert_eq!(count(&without), 0);
        assert_eq!(engine.missing_boundary(&Region::Boundary("nowhere".into())), Some("nowhere"));
    }
}
