//! States on faces and corrected gradients, evaluated on the host by plain loops and dense matrices: the definition that
//! [`super::reference`] is made of, and what monitors that need gradients use, whatever the backend.

use super::discretisation::{Block, Discretisation, Link};
use super::pieces;
use super::problem::BoundaryData;
use super::rows::{FaceRows, RowExchange};
use crate::parallel::Communicator;
use crate::physics::system::{Boundary, BoundaryPoint, System};
use ndarray::{Array2, ArrayView1};
use std::sync::{Arc, Mutex};

/// States at the flux points of one rank, the ghosts' included.
pub struct Faces<const D: usize, const V: usize, S: System<D, V>> {
    pub(super) system: S,
    pub(super) boundaries: Vec<BoundaryData<S::Boundary>>,
    /// Value and slope in time of each boundary's control.
    pub(super) controls: Vec<[f64; 2]>,
    pub(super) disc: Arc<Discretisation>,
    pub(super) rows: FaceRows,
    /// By row, see [`FaceRows`]; empty before they are first filled.
    pub(super) states: Vec<f64>,
    /// Made with the states; the lock is never contended, it lets threads share the rest.
    exchange: Mutex<Option<RowExchange>>,
    communicator: Arc<dyn Communicator>,
    connected: bool,
    /// LDG's direction.
    beta: f64,
}

impl<const D: usize, const V: usize, S: System<D, V>> Faces<D, V, S> {
    /// States that are yet to be filled; until then they take no memory. `beta`: LDG's direction.
    pub fn new(
        system: S,
        boundaries: Vec<BoundaryData<S::Boundary>>,
        disc: Arc<Discretisation>,
        beta: f64,
        communicator: &Arc<dyn Communicator>,
    ) -> Self {
        let rows = FaceRows::new(&disc, V, 1);
        let (controls, communicator) = (vec![[0.0; 2]; boundaries.len()], Arc::clone(communicator));
        let (states, exchange, connected) = (vec![], Mutex::new(None), false);
        Faces { system, boundaries, controls, disc, rows, states, exchange, communicator, connected, beta }
    }

    /// Evaluates the states of `solution`, block by block `[element][variable][point]`, at time `t`. Collective.
    pub fn fill(&mut self, solution: &[Vec<f64>], t: f64) {
        let disc = Arc::clone(&self.disc);
        if self.states.len() != self.rows.len {
            self.states = vec![0.0; self.rows.len];
        }
        if !self.connected {
            self.exchange = Mutex::new(RowExchange::new::<f64>(&disc, &self.rows, &self.communicator));
            self.connected = true;
        }
        for (b, block) in disc.blocks.iter().enumerate() {
            let (base, stride) = self.rows.block(b);
            let (size, rows) = (block.points_per_element() * V, &self.rows);
            let interpolate = &block.operators.interpolate;
            let states = &mut self.states[base..base + block.len() * stride];
            pieces::each(states, stride.max(1), 1, &|e, states| {
                let u = matrix(&solution[b][e * size..][..size], V);
                for v in 0..V {
                    let values = interpolate.dot(&u.row(v));
                    for (i, (face, j, _)) in face_points(block, 0).enumerate() {
                        states[rows.within(b)[face] + j * V + v] = values[i];
                    }
                }
            });
        }
        if let Ok(Some(exchange)) = self.exchange.get_mut() {
            exchange.start(&self.states);
            exchange.finish(&mut self.states);
        }
        self.ghosts(t);
    }

    /// Values of a boundary's data at point `j` of a slot.
    pub(super) fn data(&self, slot: usize, j: usize, t: f64) -> Vec<f64> {
        let face = &self.disc.boundary_faces[slot];
        let x = &face.coordinates[3 * j..3 * j + 3];
        let data = &self.boundaries[face.boundary as usize].data;
        let [value, slope] = self.controls[face.boundary as usize];
        data.iter().map(|expr| expr.eval_f64(&[x[0], x[1], x[2], t, value + slope * t])).collect()
    }

    fn ghosts(&mut self, t: f64) {
        let disc = Arc::clone(&self.disc);
        for (slot, face) in disc.boundary_faces.iter().enumerate() {
            let own = self.rows.own(face.block as usize, face.element as usize, face.face as usize);
            let ghost = self.rows.boundary(slot);
            for j in 0..face.coordinates.len() / 3 {
                let u = std::array::from_fn(|v| self.states[own + j * V + v]);
                let normal = vector(&face.normals[j * D..]);
                let at = BoundaryPoint { normal: &normal, data: &self.data(slot, j, t) };
                let state = self.boundaries[face.boundary as usize].condition.ghost(&self.system, &u, &at);
                self.states[ghost + j * V..][..V].copy_from_slice(&state);
            }
        }
    }

    /// Start of the values beyond point `j` of a face.
    pub(super) fn beyond(&self, link: Link, j: usize) -> usize {
        let point = match link {
            Link::Element { pairing, .. } | Link::Halo { pairing, .. } => {
                self.disc.pairings[pairing as usize][j] as usize
            }
            Link::Boundary { .. } => j,
        };
        self.rows.beyond(link) + point * V
    }

    /// LDG's common solution at the flux points of element `e` of block `b`.
    fn common_solution(&self, b: usize, e: usize, t: f64) -> Vec<[f64; V]> {
        let (block, beta) = (&self.disc.blocks[b], self.beta);
        face_points(block, e)
            .map(|(face, j, link)| {
                let at = self.rows.own(b, e, face) + j * V;
                let own: [f64; V] = std::array::from_fn(|v| self.states[at + v]);
                if let Link::Boundary { slot } = link {
                    let slot = slot as usize;
                    let boundary_face = &self.disc.boundary_faces[slot];
                    let boundary = &self.boundaries[boundary_face.boundary as usize];
                    let normal = vector(&boundary_face.normals[j * D..]);
                    let point = BoundaryPoint { normal: &normal, data: &self.data(slot, j, t) };
                    return boundary.condition.common_solution(&self.system, &own, &point);
                }
                let beyond = self.beyond(link, j);
                std::array::from_fn(|v| match link.is_left() {
                    true => (0.5 + beta) * self.states[beyond + v] + (0.5 - beta) * own[v],
                    false => (0.5 + beta) * own[v] + (0.5 - beta) * self.states[beyond + v],
                })
            })
            .collect()
    }

    /// Gradient of `u[variable][point]`, the values of element `e` of block `b` that the states were filled from:
    /// `[direction]` matrices `[variable][point]`.
    pub(super) fn gradient(&self, b: usize, e: usize, u: &Array2<f64>, t: f64) -> Vec<Array2<f64>> {
        let block = &self.disc.blocks[b];
        let ops = &block.operators;
        let mut gradient = vec![Array2::zeros((V, block.points_per_element())); D];
        let solution = self.common_solution(b, e, t);
        for v in 0..V {
            let common: Vec<f64> = solution.iter().map(|u| u[v]).collect();
            for d in 0..D {
                let lifted: Vec<f64> = common.iter().zip(ops.normals.column(d)).map(|(u, n)| u * n).collect();
                let q = ops.gradient[d].dot(&u.row(v)) + ops.lift.dot(&ArrayView1::from(&lifted));
                for (p, q) in q.iter().enumerate() {
                    let (s, jacobian) = block.metric(e, p, D);
                    for k in 0..D {
                        gradient[k][[v, p]] += s[d * D + k] * q / jacobian;
                    }
                }
            }
        }
        gradient
    }
}

/// Gradients of a solution for code that does not know its system.
pub trait Gradients: Send + Sync {
    /// As [`super::Backend::control`].
    fn control(&mut self, boundary: usize, value: f64, slope: f64);
    /// Prepares for the gradients of `solution` at time `t`. Collective.
    fn prepare(&mut self, solution: &[Vec<f64>], t: f64);
    /// Gradient of element `element` of block `block` with the values `u[variable][point]`, corrected by the common
    /// solutions on its faces: `[direction]` matrices `[variable][point]`.
    fn gradient(&self, block: usize, element: usize, u: &Array2<f64>, t: f64) -> Vec<Array2<f64>>;
}

impl<const D: usize, const V: usize, S: System<D, V>> Gradients for Faces<D, V, S> {
    fn control(&mut self, boundary: usize, value: f64, slope: f64) {
        self.controls[boundary] = [value, slope];
    }
    fn prepare(&mut self, solution: &[Vec<f64>], t: f64) {
        self.fill(solution, t);
    }
    fn gradient(&self, block: usize, element: usize, u: &Array2<f64>, t: f64) -> Vec<Array2<f64>> {
        Faces::gradient(self, block, element, u, t)
    }
}

/// Values of one element, `[variable][point]`, as a matrix.
pub(super) fn matrix(values: &[f64], variables: usize) -> Array2<f64> {
    let points = values.len() / variables;
    Array2::from_shape_fn((variables, points), |(v, p)| values[v * points + p])
}

/// Flux points of an element in order: face, point within the face, what lies beyond.
pub(super) fn face_points(block: &Block, e: usize) -> impl Iterator<Item = (usize, usize, Link)> {
    let faces = block.faces_per_element();
    let offsets = &block.operators.face_offsets;
    (0..faces).flat_map(move |f| {
        let link = block.faces[e * faces + f];
        (0..offsets[f + 1] - offsets[f]).map(move |j| (f, j, link))
    })
}

/// The first `N` numbers.
pub(super) fn vector<const N: usize>(slice: &[f64]) -> [f64; N] {
    std::array::from_fn(|d| slice[d])
}
