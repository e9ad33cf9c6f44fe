//! Finds the elements that hold given points, and evaluates the solution there.
//!
//! [`locate`] works on any part of a mesh; [`Engine::probes`] does so on all ranks and gives each point to one element, and
//! [`Engine::probe`] evaluates the polynomials of these elements at the points, with their gradients where wanted.
//!
//! Elements are passed over once: the box around each is compared with a tree of the points, so that neither the number of
//! elements nor of points is a burden, and what lies in the box is sought by Newton's method on the map from the reference
//! element. A curved element may bulge beyond its nodes: its box is that of its vertices, widened by its nodes' largest
//! distance from the multilinear map times the Lebesgue constant of the nodes, which bounds any interpolation between them.

use super::{Engine, EngineError};
use crate::element::{Shape, basis, lattice, quadrature};
use crate::mesh::local::LocalMesh;
use crate::parallel::Reduce;
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Points this far outside of the reference element belong to it still.
const TOLERANCE: f64 = 1e-8;
/// Most steps of Newton's method; a handful is the rule.
const MOST_STEPS: usize = 40;
/// Closest to a pyramid's apex, where its basis has no derivative.
const APEX: f64 = 1e-14;
/// Points of a leaf.
const LEAF: usize = 8;

/// Where a point lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Global id of the element.
    pub element: u32,
    /// Coordinates in the reference element, unused ones zero.
    pub reference: [f64; 3],
}

/// Points outside of the mesh.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "{count} of {total} points {} outside of the mesh: {}{}; move them into it, or leave them out",
    if *count == 1 { "is" } else { "are" },
    first.iter().map(|x| coordinates(x)).collect::<Vec<_>>().join(", "),
    if *count > first.len() { ", ..." } else { "" }
)]
pub struct Outside {
    /// How many.
    pub count: usize,
    /// Of how many.
    pub total: usize,
    /// The first five, one number a dimension.
    pub first: Vec<Vec<f64>>,
}

fn coordinates(x: &[f64]) -> String {
    format!("({})", x.iter().map(f64::to_string).collect::<Vec<_>>().join(", "))
}

/// The element of this part of the mesh that holds each of the points (unused coordinates zero), the one with the lowest
/// global id where several do, as those on faces; `None` where none does. Not collective.
pub fn locate(mesh: &LocalMesh, points: &[[f64; 3]]) -> Vec<Option<Place>> {
    let mut places: Vec<Option<Place>> = vec![None; points.len()];
    let tree = Tree::new(points);
    for block in mesh.blocks.iter().filter(|b| !b.ids.is_empty()) {
        let map = Map::new(block.shape, block.order);
        let k = block.shape.points(block.order);
        let seek = |(id, nodes): (&u32, &[[f64; 3]])| {
            let mut found = vec![];
            tree.within(&map.loose_box(nodes), &mut |point| found.push(point));
            if found.is_empty() {
                return vec![];
            }
            let tight = map.tight_box(nodes);
            found.retain(|&p| tight.holds(&points[p]));
            let coefficients = (!found.is_empty()).then(|| map.coefficients(nodes));
            let place = |p: usize| {
                let reference = map.invert(nodes, coefficients.as_ref()?, &points[p])?;
                Some((p, Place { element: *id, reference }))
            };
            found.into_iter().filter_map(place).collect::<Vec<_>>()
        };
        let all: Vec<Vec<(usize, Place)>> =
            block.ids.par_iter().zip(block.nodes.par_chunks_exact(k)).map(seek).collect();
        for (point, place) in all.into_iter().flatten() {
            if places[point].is_none_or(|before| place.element < before.element) {
                places[point] = Some(place);
            }
        }
    }
    places
}

/// A box with sides along the axes.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    low: [f64; 3],
    high: [f64; 3],
}

impl Bounds {
    fn of<'a>(points: impl Iterator<Item = &'a [f64; 3]>) -> Bounds {
        let empty = Bounds { low: [f64::INFINITY; 3], high: [f64::NEG_INFINITY; 3] };
        points.fold(empty, |b, x| Bounds {
            low: std::array::from_fn(|d| b.low[d].min(x[d])),
            high: std::array::from_fn(|d| b.high[d].max(x[d])),
        })
    }

    /// Wider by so much along each axis, and by what counts as inside.
    fn widened(&self, by: [f64; 3]) -> Bounds {
        let extent = (0..3).map(|d| self.high[d] - self.low[d]).fold(0.0, f64::max);
        let size = (0..3).map(|d| self.high[d].abs().max(self.low[d].abs())).fold(0.0, f64::max);
        let slack = 4.0 * TOLERANCE * extent + 64.0 * f64::EPSILON * size;
        Bounds {
            low: std::array::from_fn(|d| self.low[d] - by[d] - slack),
            high: std::array::from_fn(|d| self.high[d] + by[d] + slack),
        }
    }

    fn holds(&self, x: &[f64; 3]) -> bool {
        (0..3).all(|d| self.low[d] <= x[d] && x[d] <= self.high[d])
    }

    fn meets(&self, other: &Bounds) -> bool {
        (0..3).all(|d| self.low[d] <= other.high[d] && other.low[d] <= self.high[d])
    }
}

/// Points in boxes in boxes.
struct Tree<'a> {
    points: &'a [[f64; 3]],
    /// Points by number, those of a box together.
    order: Vec<usize>,
    boxes: Vec<TreeBox>,
}

struct TreeBox {
    bounds: Bounds,
    range: std::ops::Range<usize>,
    /// Its halves; none of a leaf.
    halves: Option<[usize; 2]>,
}

impl Tree<'_> {
    fn new(points: &[[f64; 3]]) -> Tree<'_> {
        let finite = (0..points.len()).filter(|&p| points[p].iter().all(|x| x.is_finite()));
        let mut tree = Tree { points, order: finite.collect(), boxes: vec![] };
        if !tree.order.is_empty() {
            tree.divide(0..tree.order.len());
        }
        tree
    }

    /// Makes the box of a range of the order and those in it; its number.
    fn divide(&mut self, range: std::ops::Range<usize>) -> usize {
        let points = self.points;
        let bounds = Bounds::of(self.order[range.clone()].iter().map(|&p| &points[p]));
        let number = self.boxes.len();
        self.boxes.push(TreeBox { bounds, range: range.clone(), halves: None });
        if range.len() > LEAF {
            let extent = |d: usize| bounds.high[d] - bounds.low[d];
            let axis = (1..3).fold(0, |a, d| if extent(d) > extent(a) { d } else { a });
            let middle = range.len() / 2;
            self.order[range.clone()]
                .select_nth_unstable_by(middle, |&a, &b| points[a][axis].total_cmp(&points[b][axis]));
            let middle = range.start + middle;
            let halves = [range.start..middle, middle..range.end].map(|half| self.divide(half));
            self.boxes[number].halves = Some(halves);
        }
        number
    }

    /// Calls `visit` with every point in `bounds`.
    fn within(&self, bounds: &Bounds, visit: &mut impl FnMut(usize)) {
        let mut open = if self.boxes.is_empty() { vec![] } else { vec![0] };
        while let Some(number) = open.pop() {
            let part = &self.boxes[number];
            if !part.bounds.meets(bounds) {
                continue;
            }
            match part.halves {
                Some(halves) => open.extend(halves),
                None => {
                    let points = self.order[part.range.clone()].iter();
                    points.filter(|&&p| bounds.holds(&self.points[p])).for_each(|&p| visit(p));
                }
            }
        }
    }
}

/// The map from a reference element to elements of one shape and geometry order.
struct Map {
    shape: Shape,
    order: usize,
    /// Reference coordinates of the nodes.
    lattice: Vec<[f64; 3]>,
    /// Positions of the vertices among the nodes.
    vertices: Vec<usize>,
    /// Vertices to nodes by the multilinear map, `[nodes][vertices]`.
    multilinear: Array2<f64>,
    /// Nodes to coefficients of the modes, `[modes][nodes]`.
    to_modes: Array2<f64>,
    /// Bound of the sum of magnitudes of the nodes' polynomials.
    lebesgue: f64,
}

impl Map {
    fn new(shape: Shape, order: usize) -> Map {
        let nodes = lattice::nodes(shape, order);
        let point = |row: ndarray::ArrayView1<f64>| -> [f64; 3] {
            std::array::from_fn(|d| row.get(d).copied().unwrap_or(0.0))
        };
        let lattice: Vec<[f64; 3]> = nodes.rows().into_iter().map(point).collect();
        let distance = |a: &[f64; 3], b: &[f64; 3]| (0..3).map(|d| (a[d] - b[d]).abs()).fold(0.0, f64::max);
        let vertex = |v: &[f64; 3]| {
            (0..lattice.len())
                .min_by(|&a, &b| distance(&lattice[a], v).total_cmp(&distance(&lattice[b], v)))
                .unwrap_or(0)
        };
        // The modes are orthonormal under this rule.
        let (at, weights) = quadrature::rule(shape, 2 * order);
        let mut modes = basis::vandermonde(shape, order, &at);
        modes.rows_mut().into_iter().zip(weights).for_each(|(mut row, w)| row *= w);
        let to_modes = modes.t().dot(&basis::interpolation(shape, order, &nodes, &at));
        let lebesgue = if order == 1 {
            1.0
        } else {
            let fine = basis::interpolation(shape, order, &nodes, &lattice::nodes(shape, 4 * order + 3));
            let sums = fine.rows().into_iter().map(|row| row.iter().map(|x| x.abs()).sum::<f64>());
            // A little more for what lies between the places looked at.
            1.1 * sums.fold(1.0, f64::max)
        };
        Map {
            shape,
            order,
            vertices: shape.vertices().iter().map(vertex).collect(),
            multilinear: basis::interpolation(shape, 1, &lattice::nodes(shape, 1), &nodes),
            lattice,
            to_modes,
            lebesgue,
        }
    }

    /// A box around an element that is quick to find.
    fn loose_box(&self, nodes: &[[f64; 3]]) -> Bounds {
        let bounds = Bounds::of(nodes.iter());
        let half: [f64; 3] = std::array::from_fn(|d| 0.5 * (bounds.high[d] - bounds.low[d]));
        bounds.widened(half.map(|half| (self.lebesgue - 1.0) * half))
    }

    /// A box around an element that is little larger than it.
    fn tight_box(&self, nodes: &[[f64; 3]]) -> Bounds {
        let bounds = Bounds::of(self.vertices.iter().map(|&v| &nodes[v]));
        let mut away = [0.0_f64; 3];
        if self.order > 1 {
            for (node, row) in nodes.iter().zip(self.multilinear.rows()) {
                for d in 0..3 {
                    let flat: f64 = self.vertices.iter().zip(row).map(|(&v, w)| nodes[v][d] * w).sum();
                    away[d] = away[d].max((node[d] - flat).abs());
                }
            }
        }
        bounds.widened(away.map(|away| self.lebesgue * away))
    }

    /// Coefficients of the modes of an element's map, `[mode][3]`.
    fn coefficients(&self, nodes: &[[f64; 3]]) -> Array2<f64> {
        let nodes = ArrayView2::from_shape((nodes.len(), 3), nodes.as_flattened()).expect("sizes agree");
        self.to_modes.dot(&nodes)
    }

    /// Reference coordinates of the point `x`, if it lies in the element.
    fn invert(&self, nodes: &[[f64; 3]], coefficients: &Array2<f64>, x: &[f64; 3]) -> Option<[f64; 3]> {
        let centre = self.shape.centroid();
        let mut starts = vec![centre];
        if self.order > 1 {
            // First from near the nearest node: Newton's method from far away may not come back on curved elements.
            let distance = |n: &usize| (0..3).map(|d| (nodes[*n][d] - x[d]).powi(2)).sum::<f64>();
            let nearest = (0..nodes.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
            let near = self.lattice[nearest];
            starts.insert(0, std::array::from_fn(|d| 0.9 * near[d] + 0.1 * centre[d]));
        }
        let bounds = Bounds::of(nodes.iter());
        let extent = (0..3).map(|d| bounds.high[d] - bounds.low[d]).fold(0.0, f64::max);
        starts.into_iter().find_map(|start| self.newton(coefficients, extent, x, start))
    }

    fn newton(
        &self,
        coefficients: &Array2<f64>,
        extent: f64,
        x: &[f64; 3],
        start: [f64; 3],
    ) -> Option<[f64; 3]> {
        let dims = self.shape.dims();
        let size = x.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let mut r = start;
        for _ in 0..MOST_STEPS {
            let point = Array2::from_shape_fn((1, dims), |(_, d)| r[d]);
            let at = basis::vandermonde(self.shape, self.order, &point).dot(coefficients);
            let slopes = basis::gradients(self.shape, self.order, &point);
            let mut tangents = [[0.0; 3]; 3];
            for (tangent, slope) in tangents.iter_mut().zip(&slopes) {
                let along = slope.dot(coefficients);
                *tangent = std::array::from_fn(|d| along[[0, d]]);
            }
            let metric = super::geometry::metric(&tangents, dims);
            let away: [f64; 3] = std::array::from_fn(|d| x[d] - at[[0, d]]);
            // The rows of S over the Jacobian are the inverse of the tangents.
            let inverse = metric.s.map(|row| row.map(|s| s / metric.jacobian));
            let step: [f64; 3] = std::array::from_fn(|i| (0..dims).map(|d| inverse[i][d] * away[d]).sum());
            let length = step.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
            if !length.is_finite() {
                return None;
            }
            let shorter = if length > 1.0 { 1.0 / length } else { 1.0 };
            (0..dims).for_each(|d| r[d] += shorter * step[d]);
            self.leave_apex(&mut r);
            // What rounding of the coordinates alone moves it by.
            let noise =
                inverse.iter().map(|row| row.iter().map(|x| x.abs()).sum::<f64>()).fold(0.0, f64::max)
                    * 8.0
                    * f64::EPSILON
                    * size;
            if length <= 1e-12 + noise {
                // Beside a pyramid's apex slopes are so steep that steps are short far from the place sought.
                let close = 1e-10 * extent + 64.0 * f64::EPSILON * size;
                let there = away.iter().all(|a| a.abs() <= close);
                return (there && excess(self.shape, &r) <= TOLERANCE + noise).then_some(r);
            }
        }
        None
    }

    /// Keeps a point of a pyramid from where its basis has no derivative.
    fn leave_apex(&self, r: &mut [f64; 3]) {
        if self.shape == Shape::Pyramid && r[2] > 1.0 - APEX {
            r[2] = 1.0 - APEX;
            (0..2).for_each(|d| r[d] = r[d].clamp(-APEX, APEX));
        }
    }
}

/// How far a point is outside of the reference element; not above 0 inside.
fn excess(shape: Shape, r: &[f64; 3]) -> f64 {
    let line = |x: f64| x.abs() - 1.0;
    let triangle = (-1.0 - r[0]).max(-1.0 - r[1]).max(r[0] + r[1]);
    match shape {
        Shape::Point => 0.0,
        Shape::Line | Shape::Quad | Shape::Hex => {
            r[..shape.dims()].iter().fold(f64::NEG_INFINITY, |m, x| m.max(line(*x)))
        }
        Shape::Tri => triangle,
        Shape::Tet => r.iter().fold(r[0] + r[1] + r[2] + 1.0, |m, x| m.max(-1.0 - x)),
        Shape::Prism => triangle.max(line(r[2])),
        Shape::Pyramid => (r[0].abs().max(r[1].abs()) - 0.5 * (1.0 - r[2])).max(line(r[2])),
    }
}

/// Points of a mesh, each in an element of one rank.
#[derive(Clone, Debug)]
pub struct Probes {
    own: Vec<Probe>,
}

/// A point on this rank.
#[derive(Clone, Debug)]
struct Probe {
    point: usize,
    place: Place,
    block: usize,
    element: usize,
    /// Weights of the element's solution points.
    weights: Vec<f64>,
}

impl Probes {
    /// This rank's points: their numbers in the list that they were made of, and where they lie.
    pub fn places(&self) -> impl Iterator<Item = (usize, Place)> {
        self.own.iter().map(|probe| (probe.point, probe.place))
    }

    /// Calls `visit` with the number of each of this rank's points and, there, `count` quantities whose `values` at the solution
    /// points are given, block by block `[element][quantity][point]`.
    pub fn interpolate(&self, values: &[Vec<f64>], count: usize, mut visit: impl FnMut(usize, &[f64])) {
        let mut found = vec![0.0; count];
        for probe in &self.own {
            let points = probe.weights.len();
            let rows = &values[probe.block][probe.element * count * points..][..count * points];
            found.iter_mut().zip(rows.chunks_exact(points)).for_each(|(to, row)| *to = probe.at(row));
            visit(probe.point, &found);
        }
    }
}

impl Probe {
    /// The value of the polynomial with these values at the solution points.
    fn at<'a>(&self, row: impl IntoIterator<Item = &'a f64>) -> f64 {
        row.into_iter().zip(&self.weights).map(|(x, w)| x * w).sum()
    }
}

/// The solution at a point.
#[derive(Clone, Copy, Debug)]
pub struct ProbeValues<'a> {
    /// Number of the point.
    pub point: usize,
    /// Conserved variables.
    pub conserved: &'a [f64],
    /// Their gradients, `[direction][variable]`; empty where they were not asked for.
    pub gradient: &'a [f64],
}

impl Engine {
    /// Gives each of the points (unused coordinates zero) to the element that holds it, the one with the lowest global id of
    /// all ranks where several do. Collective; the same on any number of ranks.
    ///
    /// # Errors
    /// Points outside of the mesh, on every rank.
    pub fn probes(&self, points: &[[f64; 3]]) -> Result<Probes, Outside> {
        let places = locate(&self.mesh, points);
        // Ids are exact in f64.
        let id = |place: &Option<Place>| place.map_or(f64::INFINITY, |place| f64::from(place.element));
        let mut lowest: Vec<f64> = places.iter().map(id).collect();
        self.communicator.reduce_f64(Reduce::Min, &mut lowest);
        let outside = || (0..points.len()).filter(|&p| lowest[p] == f64::INFINITY);
        let count = outside().count();
        if count > 0 {
            let dims = self.discretisation.dims;
            let first = outside().take(5).map(|p| points[p][..dims].to_vec()).collect();
            return Err(Outside { count, total: points.len(), first });
        }
        let mut by_element: BTreeMap<u32, Vec<(usize, Place)>> = BTreeMap::new();
        for (p, place) in places.into_iter().enumerate() {
            if let Some(place) = place.filter(|place| f64::from(place.element) == lowest[p]) {
                by_element.entry(place.element).or_default().push((p, place));
            }
        }
        let mut own = vec![];
        for (b, block) in self.discretisation.blocks.iter().enumerate() {
            let ops = &block.operators;
            let elements = block.ids.iter().enumerate();
            let ours: Vec<(usize, usize, Place)> = elements
                .filter_map(|(e, id)| Some((e, by_element.get(id)?)))
                .flat_map(|(e, points)| points.iter().map(move |(p, place)| (e, *p, *place)))
                .collect();
            let to = Array2::from_shape_fn((ours.len(), ops.shape.dims()), |(i, d)| ours[i].2.reference[d]);
            let weights = basis::interpolation(ops.shape, ops.order, &ops.points, &to);
            own.extend(ours.into_iter().zip(weights.rows()).map(|((element, point, place), row)| Probe {
                point,
                place,
                block: b,
                element,
                weights: row.to_vec(),
            }));
        }
        Ok(Probes { own })
    }

    /// Calls `visit` with the solution at time `t` at each of this rank's points, those of an element one after the other;
    /// the gradients, corrected by the common solutions on the faces, are there if `gradients` is set. Collective.
    ///
    /// # Errors
    /// The device failed.
    pub fn probe(
        &mut self,
        t: f64,
        probes: &Probes,
        gradients: bool,
        mut visit: impl FnMut(ProbeValues),
    ) -> Result<(), EngineError> {
        let solution = self.solution()?;
        if gradients {
            self.gradients.prepare(&solution, t);
        }
        let (dims, variables) = (self.discretisation.dims, self.variables.conserved().len());
        let mut state = vec![0.0; variables];
        let mut slopes = vec![0.0; if gradients { dims * variables } else { 0 }];
        let (mut current, mut gradient): (_, Vec<Array2<f64>>) = (None, vec![]);
        for probe in &probes.own {
            let (b, e) = (probe.block, probe.element);
            let points = probe.weights.len();
            let values = &solution[b][e * variables * points..][..variables * points];
            state.iter_mut().zip(values.chunks_exact(points)).for_each(|(to, row)| *to = probe.at(row));
            if gradients && current != Some((b, e)) {
                let u = Array2::from_shape_fn((variables, points), |(v, p)| values[v * points + p]);
                (current, gradient) = (Some((b, e)), self.gradients.gradient(b, e, &u, t));
            }
            let rows = gradient.iter().flat_map(|g| g.rows());
            slopes.iter_mut().zip(rows).for_each(|(to, row)| *to = probe.at(row));
            visit(ProbeValues { point: probe.point, conserved: &state, gradient: &slopes });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
