//! Parts of a mesh: bodies of simple shape put together, or what touches a boundary; with layers of neighbours around them,
//! or their surface alone (docs/src/monitors.md).
//!
//! An element belongs to a region if its centroid or one of its nodes lies inside, edges included. So neighbouring regions
//! overlap by the elements between them, and an element that is far larger than a body may hold it without belonging to it.

use super::Engine;
use super::closed_surface::ClosedSurface;
use crate::backend::discretisation::{Block, Link};
use crate::parallel::{Exchange, Reduce};
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;

/// A part of a mesh, as a set of its elements.
#[derive(Clone, Debug, PartialEq)]
pub enum Region {
    /// All of it.
    All,
    /// The elements in a set of points, and what is made of them.
    Part {
        /// Where they are.
        place: Place,
        /// How many times the elements beyond their faces are added.
        layers: u64,
        /// Whether only those remain that have a face on the surface of all these: on a boundary of the mesh, or with
        /// an element beyond it that is none of them.
        surface: bool,
    },
}

/// A set of points.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// The whole mesh.
    All,
    /// Elements with a face on the boundary of this name.
    Boundary(String),
    /// What lies in a body.
    Body(Body),
    /// What lies in the body of a file that is still to be read: nothing, until [`Region::with_bodies`] has put it in its place.
    File {
        /// Where it may be, the first place first.
        places: Vec<PathBuf>,
        /// Rows of the matrix that turns the body.
        rotation: [[f64; 3]; 3],
    },
    /// What lies in either.
    Union(Box<Place>, Box<Place>),
    /// What lies in the first and not in the second.
    Difference(Box<Place>, Box<Place>),
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
    /// Within triangles.
    Surface(Arc<ClosedSurface>),
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
            Form::Surface(surface) => surface.contains(x),
        }
    }
}

impl Place {
    /// Whether a point belongs to it, as far as that is a matter of place.
    fn contains(&self, x: [f64; 3], touches: &impl Fn(&str) -> bool) -> bool {
        match self {
            Place::All => true,
            Place::Boundary(name) => touches(name),
            Place::Body(body) => body.contains(x),
            Place::File { .. } => false,
            Place::Union(a, b) => a.contains(x, touches) || b.contains(x, touches),
            Place::Difference(a, b) => a.contains(x, touches) && !b.contains(x, touches),
        }
    }

    /// Names of boundaries in it.
    pub fn boundaries(&self) -> Vec<&str> {
        match self {
            Place::All | Place::Body(_) | Place::File { .. } => vec![],
            Place::Boundary(name) => vec![name],
            Place::Union(a, b) | Place::Difference(a, b) => [a.boundaries(), b.boundaries()].concat(),
        }
    }

    /// The same with what `read` makes of the files in it, given where each may be.
    fn with_bodies<E>(
        &self,
        read: &mut impl FnMut(&[PathBuf]) -> Result<Arc<ClosedSurface>, E>,
    ) -> Result<Place, E> {
        let mut both = |a: &Place, b: &Place| -> Result<_, E> {
            Ok((Box::new(a.with_bodies(read)?), Box::new(b.with_bodies(read)?)))
        };
        Ok(match self {
            Place::File { places, rotation } => {
                Place::Body(Body { form: Form::Surface(read(places)?), rotation: *rotation })
            }
            Place::Union(a, b) => both(a, b).map(|(a, b)| Place::Union(a, b))?,
            Place::Difference(a, b) => both(a, b).map(|(a, b)| Place::Difference(a, b))?,
            Place::All | Place::Boundary(_) | Place::Body(_) => self.clone(),
        })
    }
}

impl Region {
    /// The elements at a place as they are, without layers around them and not the surface alone.
    pub fn at(place: Place) -> Region {
        Region::new(place, 0, false)
    }

    /// See [`Region::Part`]; the whole mesh is [`Region::All`].
    pub fn new(place: Place, layers: u64, surface: bool) -> Region {
        if place == Place::All && !surface { Region::All } else { Region::Part { place, layers, surface } }
    }

    /// Names of boundaries in it.
    pub fn boundaries(&self) -> Vec<&str> {
        match self {
            Region::All => vec![],
            Region::Part { place, .. } => place.boundaries(),
        }
    }

    /// The same with what `read` makes of the files in it, given where each may be ([`Place::File`]).
    ///
    /// # Errors
    /// Those of `read`.
    pub fn with_bodies<E>(
        &self,
        mut read: impl FnMut(&[PathBuf]) -> Result<Arc<ClosedSurface>, E>,
    ) -> Result<Region, E> {
        match self {
            Region::All => Ok(Region::All),
            Region::Part { place, layers, surface } => {
                let place = place.with_bodies(&mut read)?;
                Ok(Region::Part { place, layers: *layers, surface: *surface })
            }
        }
    }
}

impl Engine {
    /// The elements of this rank in a region, by block: positions in the block, ascending. An element is at a place where one
    /// and the same of its points is (its centroid, a node). The same elements on any number of ranks. Collective.
    pub fn elements_in(&self, region: &Region) -> Vec<Vec<u32>> {
        let marks = match region {
            Region::All => self.discretisation.blocks.iter().map(|b| vec![true; b.len()]).collect(),
            Region::Part { place, layers, surface } => {
                let mut marks = self.at(place);
                if *layers > 0 || *surface {
                    let mut beyond = Beyond::new(self);
                    beyond.grow(&mut marks, *layers);
                    if *surface {
                        marks = beyond.surface(&marks);
                    }
                }
                marks
            }
        };
        let positions =
            |marks: Vec<bool>| (0..).zip(marks).filter(|(_, mark)| *mark).map(|(e, _)| e).collect();
        marks.into_iter().map(positions).collect()
    }

    /// Which elements are at a place.
    fn at(&self, place: &Place) -> Marks {
        let (discretisation, mesh) = (&self.discretisation, &self.mesh);
        let mut touched: Vec<Vec<Vec<u16>>> = discretisation
            .blocks
            .iter()
            .map(|b| vec![vec![]; if place.boundaries().is_empty() { 0 } else { b.len() }])
            .collect();
        for face in &discretisation.boundary_faces {
            if let Some(of) = touched[face.block as usize].get_mut(face.element as usize) {
                of.push(face.boundary);
            }
        }
        let block = |(block, touched): (&Block, &Vec<Vec<u16>>)| {
            let shape = block.operators.shape;
            let inside = |(e, id): (usize, &u32)| {
                let blocks = mesh.blocks.iter().filter(|m| m.shape == shape);
                let mut found = blocks.filter_map(|m| Some((m, m.ids.binary_search(id).ok()?)));
                let Some((m, at)) = found.next() else { return false };
                let n = shape.points(m.order);
                let nodes = &m.nodes[at * n..(at + 1) * n];
                let centroid = std::array::from_fn(|d| nodes.iter().map(|x| x[d]).sum::<f64>() / n as f64);
                let touches = |name: &str| {
                    let mut of = touched.get(e).into_iter().flatten();
                    of.any(|b| mesh.boundaries[usize::from(*b)] == name)
                };
                std::iter::once(&centroid).chain(nodes).any(|x| place.contains(*x, &touches))
            };
            block.ids.par_iter().enumerate().map(inside).collect()
        };
        discretisation.blocks.iter().zip(&touched).map(block).collect()
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

/// Whether each own element is meant, by block.
type Marks = Vec<Vec<bool>>;

/// What lies beyond the faces of a rank's elements, on other ranks, too.
struct Beyond<'a> {
    engine: &'a Engine,
    /// Sends a byte a face, as the messages of the discretisation list them.
    exchange: Box<dyn Exchange>,
    /// Marks beyond the faces that other ranks are behind, by slot.
    halo: Vec<bool>,
}

impl<'a> Beyond<'a> {
    /// Collective.
    fn new(engine: &'a Engine) -> Beyond<'a> {
        let messages = &engine.discretisation.messages;
        let sends: Vec<_> = messages.iter().map(|m| (m.rank, m.send.len())).collect();
        let receives: Vec<_> = messages.iter().map(|m| (m.rank, m.receive.len())).collect();
        let exchange = Arc::clone(&engine.communicator).exchange(&sends, &receives);
        Beyond { engine, exchange, halo: vec![false; engine.discretisation.halo_points.len()] }
    }

    /// Learns the marks of other ranks' elements. Collective.
    fn look(&mut self, marks: &Marks) {
        let messages = &self.engine.discretisation.messages;
        for (i, message) in messages.iter().enumerate() {
            let to = self.exchange.send_buffer(i).iter_mut().zip(&message.send);
            to.for_each(|(to, (b, e, _))| *to = u8::from(marks[*b as usize][*e as usize]));
        }
        self.exchange.start();
        self.exchange.finish();
        for (i, message) in messages.iter().enumerate() {
            let from = self.exchange.receive_buffer(i).iter().zip(&message.receive);
            from.for_each(|(from, slot)| self.halo[*slot as usize] = *from != 0);
        }
    }

    /// For each own element, whether `wanted` holds for the mark beyond one of its faces (nothing at a boundary).
    fn any(&self, marks: &Marks, wanted: impl Fn(Option<bool>) -> bool) -> Marks {
        let beyond = |link: &Link| match link {
            Link::Element { block, element, .. } => Some(marks[*block as usize][*element as usize]),
            Link::Halo { slot, .. } => Some(self.halo[*slot as usize]),
            Link::Boundary { .. } => None,
        };
        let block = |block: &Block| {
            let elements = block.faces.chunks_exact(block.operators.shape.faces().len());
            elements.map(|links| links.iter().any(|link| wanted(beyond(link)))).collect()
        };
        self.engine.discretisation.blocks.iter().map(block).collect()
    }

    /// Adds what lies beyond the faces, so many times or until there is no more. Collective.
    fn grow(&mut self, marks: &mut Marks, layers: u64) {
        for _ in 0..layers {
            self.look(marks);
            let mut added = [0];
            let near = self.any(marks, |beyond| beyond == Some(true));
            for (mark, near) in marks.iter_mut().flatten().zip(near.into_iter().flatten()) {
                added[0] += u64::from(near && !*mark);
                *mark |= near;
            }
            self.engine.communicator.sum_u64(&mut added);
            if added[0] == 0 {
                return;
            }
        }
    }

    /// Those with a face on the surface. Collective.
    fn surface(&mut self, marks: &Marks) -> Marks {
        self.look(marks);
        let mut result = self.any(marks, |beyond| beyond != Some(true));
        let all = result.iter_mut().flatten().zip(marks.iter().flatten());
        all.for_each(|(result, mark)| *result &= mark);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{BoundarySpec, Settings};
    use crate::mesh::Mesh;
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::cut;
    use crate::parallel::Communicator;
    use crate::parallel::serial::Serial;
    use crate::parallel::threads;
    use crate::physics::SystemSpec;
    use crate::physics::expr::Expr;

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

    /// An engine of a rank, elements dealt out so that nearly all faces are between ranks.
    fn engine(mesh: &Mesh, comm: Arc<dyn Communicator>) -> Engine {
        let mut settings = Settings::new(SystemSpec::new("diffusion").with("nu", 1.0), 1);
        for name in &mesh.boundaries {
            let data = [("u".to_string(), Expr::constant(0.0))].into();
            settings.boundaries.insert(name.clone(), BoundarySpec { kind: "fixed-value".into(), data });
        }
        let ranks = comm.size();
        let part: Vec<u32> = (0..mesh.len()).map(|id| (id * 7 % 5 % ranks) as u32).collect();
        Engine::new(&settings, cut(mesh, &part, comm.rank()), comm).unwrap()
    }

    /// Global ids of the elements of a region.
    fn ids(mesh: &Mesh, ranks: usize, region: &Region) -> Vec<u32> {
        let of_rank = |comm: Arc<dyn Communicator>| {
            let engine = engine(mesh, comm);
            let found = engine.elements_in(region);
            let blocks = engine.discretisation.blocks.iter().zip(found);
            blocks.flat_map(|(b, found)| found.into_iter().map(|e| b.ids[e as usize])).collect::<Vec<_>>()
        };
        let mut all = threads::run(ranks, of_rank).concat();
        all.sort_unstable();
        all
    }

    #[test]
    fn elements_belong_by_their_nodes_and_centroid_or_by_their_faces() {
        let mesh = BoxMesh::new(Cells::Quad, [4, 4, 1]).periodic([false, true, false]).build();
        let engine = engine(&mesh, Arc::new(Serial));
        let count = |place: &Place| {
            engine.elements_in(&Region::at(place.clone())).iter().map(Vec::len).sum::<usize>()
        };
        let left = Place::Boundary(mesh.boundaries[0].clone());
        let cuboid = |low, high| Place::Body(body(Form::Cuboid { low, high }));
        let corner = cuboid([0.0; 3], [0.3, 0.3, 0.0]);
        assert_eq!((count(&Place::All), count(&left), count(&corner)), (16, 4, 4));
        let both = Place::Union(Box::new(left.clone()), Box::new(corner.clone()));
        assert!(count(&both) >= 4 && engine.missing_boundary(&Region::at(both)).is_none());
        let without = Place::Difference(Box::new(Place::All), Box::new(cuboid([-1.0; 3], [2.0; 3])));
        assert_eq!(count(&without), 0);
        let nowhere = Region::at(Place::Boundary("nowhere".into()));
        assert_eq!(engine.missing_boundary(&nowhere), Some("nowhere"));
    }

    #[test]
    fn layers_are_added_over_faces_and_the_surface_is_what_has_a_face_on_it() {
        let mesh = BoxMesh::new(Cells::Quad, [7, 7, 1]).periodic([false, true, false]).build();
        let middle = body(Form::Ellipsoid { centre: [0.5, 0.5, 0.0], axes: [0.01; 3] });
        let count = |place: Place, layers: u64, surface: bool| {
            ids(&mesh, 1, &Region::new(place, layers, surface)).len()
        };
        // Diamonds around the one in the middle, whose points have neighbours outside; in the end everything.
        for (layers, all) in [(0, 1), (1, 5), (2, 13), (3, 25), (1000, 49)] {
            assert_eq!(count(Place::Body(middle.clone()), layers, false), all, "{layers}");
        }
        for (layers, outer) in [(0, 1), (1, 4), (2, 8), (3, 12)] {
            assert_eq!(count(Place::Body(middle.clone()), layers, true), outer, "{layers}");
        }
        let left = Place::Boundary(mesh.boundaries[0].clone());
        for (layers, all, outer) in [(0, 7, 7), (1, 14, 14), (2, 21, 14), (6, 49, 14), (u64::MAX, 49, 14)] {
            assert_eq!(count(left.clone(), layers, false), all, "{layers}");
            assert_eq!(count(left.clone(), layers, true), outer, "{layers}");
        }
        // Where the mesh is periodic it has no surface.
        assert_eq!(count(Place::All, 0, true), 14);
        assert_eq!(Region::new(Place::All, 3, false), Region::All);
    }

    #[test]
    fn ranks_leave_no_trace_in_regions() {
        let mesh = BoxMesh::new(Cells::Mixed, [5, 4, 4]).build();
        let corner = Place::Body(body(Form::Cuboid { low: [0.0; 3], high: [0.1; 3] }));
        let left = Place::Boundary(mesh.boundaries[0].clone());
        let both = Place::Union(Box::new(corner.clone()), Box::new(left));
        let mut before = 0;
        for (place, layers, surface) in [
            (&corner, 1, false),
            (&corner, 3, false),
            (&both, 2, true),
            (&both, 2, false),
            (&Place::All, 0, true),
        ] {
            let region = Region::new(place.clone(), layers, surface);
            let one = ids(&mesh, 1, &region);
            let count = one.len();
            assert!(
                count > 0 && count < mesh.len() && count != before,
                "{count} of {} {region:?}",
                mesh.len()
            );
            before = count;
            for ranks in [2, 3, 5] {
                assert_eq!(ids(&mesh, ranks, &region), one, "{ranks} {region:?}");
            }
        }
    }
}
