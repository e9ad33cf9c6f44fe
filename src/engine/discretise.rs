//! From a rank's part of a mesh to the arrays a backend works on.

use super::geometry::{Geometry, Normal};
use crate::backend::discretisation::{Block, BoundaryFace, Discretisation, Link, Message, Metrics, Normals};
use crate::element::points::PointsError;
use crate::element::{Operators, PointSets, Shape, pairing};
use crate::mesh::local::{LocalLink, LocalMesh};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Why a mesh can't be discretised.
#[derive(Debug, thiserror::Error)]
pub enum DiscretiseError {
    /// A point set that does not exist.
    #[error(transparent)]
    Points(#[from] PointsError),
    /// An inverted or collapsed element.
    #[error(
        "element {id} ({}) has the Jacobian {jacobian:.3e} near ({:.6}, {:.6}, {:.6}); it must be positive: \
         repair the mesh there", shape.name(), at[0], at[1], at[2]
    )]
    Jacobian {
        /// Global element id.
        id: u32,
        /// Its shape.
        shape: Shape,
        /// The determinant found.
        jacobian: f64,
        /// Where.
        at: [f64; 3],
    },
    /// Faces of two shapes use point sets that do not coincide.
    #[error("the flux points of {} and {} do not meet on their common face; choose the same flux-pts for both", ours.name(), theirs.name())]
    Pairing {
        /// One shape.
        ours: Shape,
        /// The other.
        theirs: Shape,
    },
    /// More elements or faces than indices can hold.
    #[error("too many {0} on one rank; use more ranks")]
    TooLarge(&'static str),
}

/// Builds the discretisation of `mesh` at polynomial order `order`, and the normals of each block's faces.
///
/// # Errors
/// See [`DiscretiseError`].
pub fn discretise(
    mesh: &LocalMesh,
    order: usize,
    sets: &PointSets,
) -> Result<(Discretisation, Vec<Normals>), DiscretiseError> {
    let mut builder = Builder::new(mesh, order, sets)?;
    builder.place_elements();
    let (mut blocks, mut normals) = (vec![], vec![]);
    for b in 0..builder.layout.len() {
        let (block, of_block) = builder.block(b)?;
        blocks.push(block);
        normals.push(of_block);
    }
    for face in &mut builder.boundary_faces {
        let (b, e) = (face.block as usize, face.element as usize);
        let points = blocks[b].operators.face_range(face.face as usize);
        let at = |i: usize| blocks[b].normal(&normals[b], e, i, mesh.dims).0;
        face.normals = points.flat_map(at).copied().collect();
    }
    let messages = builder.messages();
    let discretisation = Discretisation {
        dims: mesh.dims,
        order,
        blocks,
        pairings: builder.pairings,
        boundary_faces: builder.boundary_faces,
        halo_points: builder.halo.iter().map(|h| h.points).collect(),
        messages,
    };
    Ok((discretisation, normals))
}

/// Elements of one block in their final order: positions within the mesh block.
struct Layout {
    mesh_block: usize,
    affine: bool,
    elements: Vec<u32>,
    interior: usize,
}

/// Places for the metric terms of one element, laid out as in [`Metrics`] and [`Normals`].
struct Terms<'a> {
    s: &'a mut [f64],
    jacobian: &'a mut [f64],
    normals: &'a mut [f64],
    areas: &'a mut [f64],
}

/// One face that another rank sends.
struct HaloFace {
    points: usize,
    rank: usize,
    /// Their element and face, and ours, which sort the two ends of a message.
    theirs: (u32, u8),
    ours: (u32, u8),
    place: (u32, u32, u8),
}

struct Builder<'a> {
    mesh: &'a LocalMesh,
    operators: BTreeMap<Shape, Arc<Operators>>,
    geometry: BTreeMap<(Shape, usize), Geometry>,
    layout: Vec<Layout>,
    /// Block and position of each own element, by mesh block and element.
    place: Vec<Vec<(u32, u32)>>,
    pairings: Vec<Vec<u16>>,
    pairing_index: HashMap<Vec<u16>, u16>,
    pairing_of: HashMap<(Shape, u8, Shape, u8, u8), u16>,
    boundary_faces: Vec<BoundaryFace>,
    halo: Vec<HaloFace>,
}

/// The element beyond a face.
struct Neighbour<'a> {
    id: u32,
    shape: Shape,
    order: usize,
    nodes: &'a [[f64; 3]],
    face: u8,
    rotation: u8,
}

impl<'a> Builder<'a> {
    fn new(mesh: &'a LocalMesh, order: usize, sets: &PointSets) -> Result<Self, DiscretiseError> {
        let mut kinds: Vec<(Shape, usize)> = mesh.blocks.iter().map(|b| (b.shape, b.order)).collect();
        kinds.extend(mesh.ghosts.iter().map(|g| (g.shape, g.order)));
        kinds.sort_unstable();
        kinds.dedup();
        let (mut operators, mut geometry) = (BTreeMap::new(), BTreeMap::new());
        for (shape, geometry_order) in kinds {
            if let std::collections::btree_map::Entry::Vacant(slot) = operators.entry(shape) {
                slot.insert(Arc::new(Operators::new(shape, order, sets)?));
            }
            geometry.insert((shape, geometry_order), Geometry::new(&operators[&shape], geometry_order));
        }
        Ok(Builder {
            mesh,
            operators,
            geometry,
            layout: vec![],
            place: vec![],
            pairings: vec![],
            pairing_index: HashMap::new(),
            pairing_of: HashMap::new(),
            boundary_faces: vec![],
            halo: vec![],
        })
    }

    /// Sorts elements into blocks: by mesh block, affine or not, and within a block those that touch no other rank first.
    fn place_elements(&mut self) {
        for (m, block) in self.mesh.blocks.iter().enumerate() {
            let geometry = &self.geometry[&(block.shape, block.order)];
            let faces = block.shape.faces().len();
            let k = block.shape.points(block.order);
            let mut place = vec![(0, 0); block.ids.len()];
            let affine: Vec<bool> =
                block.nodes.chunks_exact(k).map(|nodes| geometry.is_affine(nodes)).collect();
            let touches: Vec<bool> = block
                .links
                .chunks_exact(faces)
                .map(|links| links.iter().any(|l| matches!(l, LocalLink::Ghost { .. })))
                .collect();
            for kind in [true, false] {
                let mut elements: Vec<u32> =
                    (0..block.ids.len() as u32).filter(|&e| affine[e as usize] == kind).collect();
                if elements.is_empty() {
                    continue;
                }
                elements.sort_by_key(|&e| touches[e as usize]);
                let interior = elements.iter().filter(|&&e| !touches[e as usize]).count();
                for (i, &e) in elements.iter().enumerate() {
                    place[e as usize] = (self.layout.len() as u32, i as u32);
                }
                self.layout.push(Layout { mesh_block: m, affine: kind, elements, interior });
            }
            self.place.push(place);
        }
    }

    fn nodes(&self, block: usize, element: usize) -> &'a [[f64; 3]] {
        let block = &self.mesh.blocks[block];
        let k = block.shape.points(block.order);
        &block.nodes[element * k..(element + 1) * k]
    }

    fn neighbour(&self, link: LocalLink) -> Option<Neighbour<'a>> {
        match link {
            LocalLink::Own { block, element, face, rotation } => {
                let b = &self.mesh.blocks[block as usize];
                let nodes = self.nodes(block as usize, element as usize);
                Some(Neighbour {
                    id: b.ids[element as usize],
                    shape: b.shape,
                    order: b.order,
                    nodes,
                    face,
                    rotation,
                })
            }
            LocalLink::Ghost { ghost, face, rotation } => {
                let g = &self.mesh.ghosts[ghost as usize];
                Some(Neighbour { id: g.id, shape: g.shape, order: g.order, nodes: &g.nodes, face, rotation })
            }
            LocalLink::Boundary(_) => None,
        }
    }

    fn block(&mut self, b: usize) -> Result<(Block, Normals), DiscretiseError> {
        let (m, affine, interior) =
            (self.layout[b].mesh_block, self.layout[b].affine, self.layout[b].interior);
        let elements = self.layout[b].elements.clone();
        let mesh_block = &self.mesh.blocks[m];
        let shape = mesh_block.shape;
        let operators = Arc::clone(&self.operators[&shape]);
        let faces = shape.faces().len();
        let (mut links, mut ids) =
            (Vec::with_capacity(elements.len() * faces), Vec::with_capacity(elements.len()));
        for (position, &e) in elements.iter().enumerate() {
            let (nodes, id) = (self.nodes(m, e as usize), mesh_block.ids[e as usize]);
            for face in 0..faces {
                let place = (b as u32, position as u32, face as u8);
                let link = mesh_block.links[e as usize * faces + face];
                links.push(self.link(place, shape, mesh_block.order, id, nodes, link)?);
            }
            ids.push(id);
        }
        let dims = self.mesh.dims;
        let metrics = if affine { 1 } else { operators.points.nrows() };
        let per_element = if affine { faces } else { operators.flux_points.nrows() };
        // One array of each kind from the start: small ones for each element would leave the allocator with as much memory
        // again, which it does not give back.
        let zeros = |each: usize| vec![0.0; elements.len() * each];
        let (mut s, mut jacobian) = (zeros(metrics * dims * dims), zeros(metrics));
        let (mut normals, mut areas) = (zeros(per_element * dims), zeros(per_element));
        let places = (s.par_chunks_exact_mut(metrics * dims * dims), jacobian.par_chunks_exact_mut(metrics));
        let places = places.0.zip(places.1).zip(normals.par_chunks_exact_mut(per_element * dims));
        let failed = places
            .zip(areas.par_chunks_exact_mut(per_element))
            .zip(elements.par_iter().zip(links.par_chunks_exact(faces)))
            .map(|((((s, jacobian), normals), areas), (&e, links))| {
                self.terms(m, e as usize, affine, links, Terms { s, jacobian, normals, areas })
            })
            .find_first(Result::is_err);
        failed.unwrap_or(Ok(()))?;
        let metrics =
            if affine { Metrics::Affine { s, jacobian } } else { Metrics::Pointwise { s, jacobian } };
        let quadrature_s = match (&metrics, &operators.quadrature) {
            (Metrics::Pointwise { s, .. }, Some(quadrature)) => {
                at_quadrature(s, &quadrature.up, self.mesh.dims)
            }
            _ => vec![],
        };
        let block = Block { operators, ids, interior, metrics, quadrature_s, faces: links, points: vec![] };
        Ok((block, Normals { unit: normals, area: areas }))
    }

    /// Metric terms of one element.
    fn terms(
        &self,
        block: usize,
        e: usize,
        affine: bool,
        links: &[Link],
        terms: Terms,
    ) -> Result<(), DiscretiseError> {
        let mesh_block = &self.mesh.blocks[block];
        let (shape, dims, id) = (mesh_block.shape, self.mesh.dims, mesh_block.ids[e]);
        let (nodes, geometry) = (self.nodes(block, e), &self.geometry[&(shape, mesh_block.order)]);
        for (p, (s, jacobian)) in terms.s.chunks_exact_mut(dims * dims).zip(terms.jacobian).enumerate() {
            let metric = if affine { geometry.affine(nodes) } else { geometry.at_point(nodes, p) };
            if metric.jacobian.is_nan() || metric.jacobian <= 0.0 {
                let at = geometry.point(nodes, p);
                return Err(DiscretiseError::Jacobian { id, shape, jacobian: metric.jacobian, at });
            }
            s.chunks_exact_mut(dims).zip(metric.s).for_each(|(s, metric)| s.copy_from_slice(&metric[..dims]));
            *jacobian = metric.jacobian;
        }
        let mut outward = vec![];
        let mut places = terms.normals.chunks_exact_mut(dims).zip(terms.areas);
        for (face, &link) in links.iter().enumerate() {
            let local = mesh_block.links[e * links.len() + face];
            let sign = if link.is_left() { 1.0 } else { -1.0 };
            for normal in self.face_normals(block, e, face, affine, link, local) {
                if let Some((n, area)) = places.next() {
                    n.copy_from_slice(&normal.n[..dims]);
                    *area = normal.area;
                }
                outward.push(normal.n.map(|n| sign * n * normal.area));
            }
        }
        if !affine && !geometry.is_exact() {
            geometry.keep_free_stream(terms.s, &outward);
        }
        Ok(())
    }

    /// Resolves what lies beyond a face, registering ghosts.
    fn link(
        &mut self,
        place: (u32, u32, u8),
        shape: Shape,
        order: usize,
        id: u32,
        nodes: &[[f64; 3]],
        link: LocalLink,
    ) -> Result<Link, DiscretiseError> {
        let (b, position, face) = place;
        let Some(neighbour) = self.neighbour(link) else {
            let LocalLink::Boundary(boundary) = link else {
                unreachable!("only boundaries have no neighbour")
            };
            let slot = u32::try_from(self.boundary_faces.len())
                .map_err(|_| DiscretiseError::TooLarge("boundary faces"))?;
            let geometry = &self.geometry[&(shape, order)];
            let coordinates = self.operators[&shape]
                .face_range(face as usize)
                .flat_map(|i| geometry.flux_point(nodes, i))
                .collect();
            self.boundary_faces.push(BoundaryFace {
                boundary,
                block: b,
                element: position,
                face,
                coordinates,
                normals: vec![],
            });
            return Ok(Link::Boundary { slot });
        };
        let left = (id, face) < (neighbour.id, neighbour.face);
        let pairing = self.pairing(shape, face, neighbour.shape, neighbour.face, neighbour.rotation)?;
        Ok(match link {
            LocalLink::Own { block, element, face, .. } => {
                let (block, element) = self.place[block as usize][element as usize];
                Link::Element { block, element, face, pairing, left }
            }
            LocalLink::Ghost { ghost, .. } => {
                let slot = u32::try_from(self.halo.len())
                    .map_err(|_| DiscretiseError::TooLarge("partition faces"))?;
                let ghost = &self.mesh.ghosts[ghost as usize];
                self.halo.push(HaloFace {
                    points: self.pairings[pairing as usize].len(),
                    rank: ghost.rank as usize,
                    theirs: (neighbour.id, neighbour.face),
                    ours: (id, face),
                    place,
                });
                Link::Halo { slot, pairing, left }
            }
            LocalLink::Boundary(_) => unreachable!("boundaries have no neighbour"),
        })
    }

    fn pairing(
        &mut self,
        ours: Shape,
        face: u8,
        theirs: Shape,
        their_face: u8,
        rotation: u8,
    ) -> Result<u16, DiscretiseError> {
        let key = (ours, face, theirs, their_face, rotation);
        if let Some(&index) = self.pairing_of.get(&key) {
            return Ok(index);
        }
        let (a, b) = (&self.operators[&ours], &self.operators[&theirs]);
        let pairing = pairing::pair(a, face as usize, b, their_face as usize, rotation as usize)
            .ok_or(DiscretiseError::Pairing { ours, theirs })?;
        let next = self.pairings.len() as u16;
        let index = *self.pairing_index.entry(pairing.clone()).or_insert(next);
        if index == next {
            self.pairings.push(pairing);
        }
        self.pairing_of.insert(key, index);
        Ok(index)
    }

    /// Normals of a face, left to right: one for an affine element, else one a flux point in our order.
    ///
    /// They come from the left element, whoever owns it, so that both sides have the same bits. A face is flat when
    /// either side is affine; flatness, too, is decided from the same nodes on both sides.
    fn face_normals(
        &self,
        block: usize,
        element: usize,
        face: usize,
        affine: bool,
        link: Link,
        local: LocalLink,
    ) -> Vec<Normal> {
        let mesh_block = &self.mesh.blocks[block];
        let own = &self.geometry[&(mesh_block.shape, mesh_block.order)];
        let nodes = self.nodes(block, element);
        let neighbour = self.neighbour(local);
        let their_geometry = |n: &Neighbour| &self.geometry[&(n.shape, n.order)];
        let flat = affine || neighbour.as_ref().is_some_and(|n| their_geometry(n).is_affine(n.nodes));
        let (left_geometry, left_nodes, left_face) = match &neighbour {
            Some(n) if !link.is_left() => (their_geometry(n), n.nodes, n.face as usize),
            _ => (own, nodes, face),
        };
        let copies = if affine { 1 } else { self.operators[&mesh_block.shape].face_range(face).len() };
        if flat {
            return vec![left_geometry.flat_normal(left_nodes, left_face); copies];
        }
        let normals = left_geometry.normals(left_nodes, left_face);
        match link {
            Link::Element { pairing, left: false, .. } | Link::Halo { pairing, left: false, .. } => {
                self.pairings[pairing as usize].iter().map(|&j| normals[j as usize]).collect()
            }
            _ => normals,
        }
    }

    /// The two ends of a message list the same faces in the same order: by the sender's element and face.
    fn messages(&self) -> Vec<Message> {
        let mut by_rank: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (slot, face) in self.halo.iter().enumerate() {
            by_rank.entry(face.rank).or_default().push(slot);
        }
        by_rank
            .into_iter()
            .map(|(rank, mut slots)| {
                slots.sort_by_key(|&s| self.halo[s].ours);
                let send = slots.iter().map(|&s| self.halo[s].place).collect();
                slots.sort_by_key(|&s| self.halo[s].theirs);
                Message { rank, send, receive: slots.iter().map(|&s| s as u32).collect() }
            })
            .collect()
    }
}

/// Metric vectors `s[element][P][D][D]` at the quadrature points, `[element][Q][D][D]`.
fn at_quadrature(s: &[f64], up: &ndarray::Array2<f64>, dims: usize) -> Vec<f64> {
    let (from, to) = (up.ncols() * dims * dims, up.nrows() * dims * dims);
    let mut interpolated = vec![0.0; s.len() / from * to];
    s.par_chunks_exact(from).zip(interpolated.par_chunks_exact_mut(to)).for_each(|(element, to)| {
        let values =
            ndarray::ArrayView2::from_shape((up.ncols(), dims * dims), element).expect("as many points");
        to.iter_mut().zip(up.dot(&values)).for_each(|(to, from)| *to = from);
    });
    interpolated
}
