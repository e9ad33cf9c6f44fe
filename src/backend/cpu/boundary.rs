//! Ghost states of boundary faces, and the data their conditions need.

use super::lane::Scalar;
use crate::backend::discretisation::Discretisation;
use crate::backend::pieces;
use crate::backend::problem::{BoundaryData, CONTROL, TIME};
use crate::backend::rows::FaceRows;
use crate::physics::expr::Expr;
use crate::physics::system::{Boundary, BoundaryPoint, System};

/// Conditions of all boundary faces and the values of their data at the current time.
pub struct BoundaryValues<T, B> {
    boundaries: Vec<BoundaryData<B>>,
    /// Boundary of each slot, start of its values, values a point.
    slots: Vec<Slot>,
    /// `[slot][point][key]`.
    values: Vec<T>,
    /// Whether any data depends on time or a control.
    varying: bool,
    /// Value and slope in time of each boundary's control.
    controls: Vec<[f64; 2]>,
}

#[derive(Clone, Copy)]
struct Slot {
    boundary: u16,
    start: usize,
    points: usize,
    keys: usize,
}

impl<T: Scalar, B> BoundaryValues<T, B> {
    /// Places the data of all boundary faces and evaluates them at time 0.
    pub fn new(disc: &Discretisation, boundaries: Vec<BoundaryData<B>>) -> Self {
        let (mut slots, mut start) = (vec![], 0);
        for face in &disc.boundary_faces {
            let keys = boundaries[face.boundary as usize].data.len();
            let points = face.coordinates.len() / 3;
            slots.push(Slot { boundary: face.boundary, start, points, keys });
            start += points * keys;
        }
        let varying = |e: &Expr| e.depends_on(TIME) || e.depends_on(CONTROL);
        let varying = boundaries.iter().flat_map(|b| &b.data).any(varying);
        let (values, controls) = (vec![T::from_f64(0.0); start], vec![[0.0; 2]; boundaries.len()]);
        let mut this = BoundaryValues { boundaries, slots, values, varying, controls };
        this.evaluate(disc, 0.0);
        this
    }

    /// Brings the data up to time `t`.
    pub fn update(&mut self, disc: &Discretisation, t: f64) {
        if self.varying {
            self.evaluate(disc, t);
        }
    }

    /// Sets the control of a boundary to `value + slope t`.
    pub fn control(&mut self, boundary: usize, value: f64, slope: f64) {
        self.controls[boundary] = [value, slope];
    }

    fn evaluate(&mut self, disc: &Discretisation, t: f64) {
        for (slot, face) in self.slots.iter().zip(&disc.boundary_faces) {
            let data = &self.boundaries[slot.boundary as usize].data;
            let values = &mut self.values[slot.start..slot.start + slot.points * slot.keys];
            if slot.keys == 0 {
                continue;
            }
            let [value, slope] = self.controls[slot.boundary as usize];
            let control = value + slope * t;
            for (values, x) in values.chunks_exact_mut(slot.keys).zip(face.coordinates.chunks_exact(3)) {
                for (value, expr) in values.iter_mut().zip(data) {
                    *value = T::from_f64(expr.eval_f64(&[x[0], x[1], x[2], t, control]));
                }
            }
        }
    }

    /// Condition and data at point `j` of a slot.
    #[inline]
    pub fn at(&self, slot: usize, j: usize) -> (&B, &[T]) {
        let Slot { boundary, start, keys, .. } = self.slots[slot];
        (
            &self.boundaries[boundary as usize].condition,
            &self.values[start + j * keys..start + (j + 1) * keys],
        )
    }

    /// Fills the ghost rows of `states` from the rows inside.
    pub fn ghosts<const D: usize, const V: usize, S>(
        &self,
        system: &S,
        disc: &Discretisation,
        rows: &FaceRows,
        states: &mut [T],
    ) where
        S: System<D, V, Boundary = B>,
        B: Boundary<D, V, S>,
    {
        if self.slots.is_empty() {
            return;
        }
        let (inside, ghosts) = states.split_at_mut(rows.boundary_start);
        let ghosts = &mut ghosts[..self.slots.len() * rows.boundary_stride];
        pieces::each(ghosts, rows.boundary_stride, 64, &|slot, ghost| {
            let face = &disc.boundary_faces[slot];
            let own = &inside[rows.own(face.block as usize, face.element as usize, face.face as usize)..];
            for j in 0..self.slots[slot].points {
                let normal: [T; D] = std::array::from_fn(|d| T::from_f64(face.normals[j * D + d]));
                let u = std::array::from_fn(|v| own[j * V + v]);
                let (condition, data) = self.at(slot, j);
                let state = condition.ghost(system, &u, &BoundaryPoint { normal: &normal, data });
                ghost[j * V..(j + 1) * V].copy_from_slice(&state);
            }
        });
    }
}
