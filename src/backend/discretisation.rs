//! The discrete problem of one rank as plain arrays: operators, metric terms, how faces meet. Made by `engine`.
//!
//! # Terms
//! Element *blocks* group elements of one shape and kind of metric. Inside a block the elements that touch no other rank
//! come first (`interior` of them). A *face* of an element carries flux points; `faces[element][face]` says what lies
//! beyond. Every face has one orientation: *left* is the side with the lower global element id (periodic faces of one
//! element with itself: the lower face number), and the normal, computed once from the left element's geometry, points
//! from left to right. Both sides store the same bits.
//!
//! # The scheme (docs/src/numerics.md), for one variable of one element
//! With `u_f = M0 u` and `F* ` the common flux per unit area along the stored normal, side sign `s` (+1 left, -1 right):
//! `du/dt = -(1/|J|) ( sum_d divergence[d] (S_d . F) + lift (s |n| F*) )`.
//! Viscous systems first form the common solution `u_c`, the reference gradient
//! `q_d = gradient[d] u + lift (m_d u_c)` with the reference normal `m` of each flux point
//! (on tensor shapes this is the corrected derivative line by line), the gradient
//! `grad u = (1/|J|) sum_d S_d q_d` and its interpolation to the faces.

use crate::element::Operators;
use std::sync::Arc;

/// Everything geometric and topological a backend needs.
#[derive(Debug)]
pub struct Discretisation {
    /// Space dimensions.
    pub dims: usize,
    /// Polynomial order.
    pub order: usize,
    /// Element blocks.
    pub blocks: Vec<Block>,
    /// Distinct permutations of flux points: our point `j` meets the neighbour's point `pairings[i][j]`.
    /// Number 0 of each length may not be the identity: boundaries use [`Link::Boundary`] without permutation.
    pub pairings: Vec<Vec<u16>>,
    /// Faces on boundaries, by slot.
    pub boundary_faces: Vec<BoundaryFace>,
    /// Faces received from other ranks, by slot: number of flux points of each.
    pub halo_points: Vec<usize>,
    /// Messages to and from other ranks, in increasing order of rank.
    pub messages: Vec<Message>,
}

/// Elements of one shape and kind of metric.
#[derive(Debug)]
pub struct Block {
    /// Operators of the reference element.
    pub operators: Arc<Operators>,
    /// Global element ids.
    pub ids: Vec<u32>,
    /// The first so many elements touch no other rank.
    pub interior: usize,
    /// Metric terms.
    pub metrics: Metrics,
    /// `S` at the points of the operators' quadrature, where there is one and the metrics differ from point to point:
    /// `[element][quadrature point][reference direction][physical direction]`; else empty. It is the interpolated `S` of
    /// the solution points, so that the projection of a uniform flux is what it is without quadrature.
    pub quadrature_s: Vec<f64>,
    /// What lies beyond each face, `[element][face]`.
    pub faces: Vec<Link>,
    /// Coordinates of the solution points, `[element][point][dims]`, where there are sources, which depend on them; else empty.
    pub points: Vec<f64>,
}

/// Metric terms of a block. `S_d` is the physical vector `|J| grad r_d`; `jacobian` is `|J|`.
#[derive(Debug)]
pub enum Metrics {
    /// Parallelogram-like elements: one set an element, one normal a face.
    Affine {
        /// `[element][reference direction][physical direction]`.
        s: Vec<f64>,
        /// `[element]`.
        jacobian: Vec<f64>,
    },
    /// All others: one set a point, one normal a flux point.
    Pointwise {
        /// `[element][point][reference direction][physical direction]`.
        s: Vec<f64>,
        /// `[element][point]`.
        jacobian: Vec<f64>,
    },
}

/// Normals of the faces of a block: one a face where the metrics are affine, else one a flux point. They are no part of the
/// block, for backends keep them in a form of their own and nothing else needs them but on boundaries, which have theirs
/// ([`BoundaryFace::normals`]).
#[derive(Clone, Debug, Default)]
pub struct Normals {
    /// Unit vectors from left to right, `[element][face or flux point][physical direction]`.
    pub unit: Vec<f64>,
    /// Lengths of the unnormalised normals (area element over the reference face's), `[element][face or flux point]`.
    pub area: Vec<f64>,
}

/// What lies beyond a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// An element of this rank.
    Element {
        /// Its block.
        block: u32,
        /// Its position in the block.
        element: u32,
        /// Its face.
        face: u8,
        /// Index into [`Discretisation::pairings`].
        pairing: u16,
        /// Whether we are the left side.
        left: bool,
    },
    /// A face of another rank's element. Its points arrive in the order of its owner.
    Halo {
        /// Slot among [`Discretisation::halo_points`].
        slot: u32,
        /// Index into [`Discretisation::pairings`].
        pairing: u16,
        /// Whether we are the left side.
        left: bool,
    },
    /// A boundary face; we are its left side, its ghost points are in our order.
    Boundary {
        /// Slot among [`Discretisation::boundary_faces`].
        slot: u32,
    },
}

/// A face on a boundary.
#[derive(Debug)]
pub struct BoundaryFace {
    /// Boundary index.
    pub boundary: u16,
    /// Element block.
    pub block: u32,
    /// Element within the block.
    pub element: u32,
    /// Its face.
    pub face: u8,
    /// Coordinates of the flux points, `[point][3]`, z zero in 2-D.
    pub coordinates: Vec<f64>,
    /// Unit normals at the flux points, outward, `[point][dims]`.
    pub normals: Vec<f64>,
}

/// What one rank exchanges with another, each way, in each exchange. Faces are packed one after the other,
/// `[face][point][variable]`, points in the order of the element that sends.
#[derive(Debug)]
pub struct Message {
    /// The other rank.
    pub rank: usize,
    /// Our faces, `(block, element, face)`, in the order in which they are sent (by global id, then face).
    pub send: Vec<(u32, u32, u8)>,
    /// Slots the received faces belong to, in the order in which they arrive.
    pub receive: Vec<u32>,
}

impl Block {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// True when the block holds no element.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Faces an element.
    pub fn faces_per_element(&self) -> usize {
        self.operators.face_offsets.len() - 1
    }

    /// Solution points an element.
    pub fn points_per_element(&self) -> usize {
        self.operators.points.nrows()
    }

    /// Flux points an element.
    pub fn flux_points_per_element(&self) -> usize {
        self.operators.flux_points.nrows()
    }

    /// Unit normal (left to right) and area factor of flux point `point` (counted over all faces) of an element, from the
    /// block's normals.
    pub fn normal<'a>(
        &self,
        normals: &'a Normals,
        element: usize,
        point: usize,
        dims: usize,
    ) -> (&'a [f64], f64) {
        let offsets = &self.operators.face_offsets;
        let i = match &self.metrics {
            Metrics::Affine { .. } => {
                let face = offsets.iter().rposition(|&o| o <= point).unwrap_or(0);
                element * (offsets.len() - 1) + face
            }
            Metrics::Pointwise { .. } => element * self.flux_points_per_element() + point,
        };
        (&normals.unit[i * dims..(i + 1) * dims], normals.area[i])
    }

    /// Quadrature points an element, where fluxes are evaluated at some.
    pub fn quadrature_points(&self) -> Option<usize> {
        self.operators.quadrature.as_ref().map(|q| q.up.nrows())
    }

    /// `S` (`[reference direction][physical direction]`) of quadrature point `point` of an element.
    pub fn quadrature_metric(&self, element: usize, point: usize, dims: usize) -> &[f64] {
        match (&self.metrics, self.quadrature_points()) {
            (Metrics::Pointwise { .. }, Some(count)) => {
                &self.quadrature_s[(element * count + point) * dims * dims..][..dims * dims]
            }
            _ => self.metric(element, 0, dims).0,
        }
    }

    /// `S` (`[reference direction][physical direction]`) and `|J|` of solution point `point` of an element.
    pub fn metric(&self, element: usize, point: usize, dims: usize) -> (&[f64], f64) {
        let (s, jacobian, i) = match &self.metrics {
            Metrics::Affine { s, jacobian } => (s, jacobian, element),
            Metrics::Pointwise { s, jacobian } => (s, jacobian, element * self.points_per_element() + point),
        };
        (&s[i * dims * dims..(i + 1) * dims * dims], jacobian[i])
    }
}

impl Link {
    /// Whether our side is the left one.
    pub fn is_left(&self) -> bool {
        match *self {
            Link::Element { left, .. } | Link::Halo { left, .. } => left,
            Link::Boundary { .. } => true,
        }
    }
}

impl Discretisation {
    /// Values of one variable on this rank.
    pub fn points(&self) -> usize {
        self.blocks.iter().map(|b| b.len() * b.points_per_element()).sum()
    }
}
