//! Boundaries of the mesh as cells of their own, with fields at their nodes.

use super::collect::Picked;
use super::vtk::{CellKind, Field, Grid, Mark, VtkCells};
use crate::element::{Shape, lattice};
use crate::engine::fields::Space;
use std::collections::BTreeMap;

/// Name of the field of outward unit normals.
pub const NORMAL: &str = "Normal";
/// Name of the number of the boundary that a cell belongs to.
pub const BOUNDARY: &str = "Boundary";

/// The faces of the boundaries numbered `wanted` (by their place among the names of the mesh) on nodes of the order that
/// `order(order of the geometry)` gives: `values` at the solution points, block by block `[element][value][point]`,
/// interpolated to the faces, and after these the outward unit normal ([`NORMAL`]); each face with the number of its boundary
/// ([`BOUNDARY`]). Cells turn counter-clockwise seen from outside; lines have the mesh on their left.
pub fn on_boundaries(
    space: &Space,
    values: &[Vec<f64>],
    picked: &[Picked],
    wanted: &[usize],
    order: impl Fn(usize) -> usize,
    kind: CellKind,
) -> Grid {
    let mut fields: Vec<Field> = picked.iter().map(Picked::empty).collect();
    fields.push(Field { name: NORMAL.into(), components: 3, values: vec![] });
    let mut grid = Grid { kind, fields, ..Grid::default() };
    let mut numbers: Vec<Vec<i32>> = vec![];
    let mut places: BTreeMap<(Shape, usize), usize> = BTreeMap::new();
    space.sample_boundaries(
        values,
        wanted,
        |shape, geometry| lattice::nodes(shape, order(geometry)),
        |sample| {
            let (shape, order) = (sample.shape, order(sample.geometry_order));
            let n = *places.entry((shape, order)).or_insert_with(|| {
                grid.cells.push(VtkCells { shape, order, points: vec![] });
                grid.fields.iter_mut().for_each(|f| f.values.push(vec![]));
                numbers.push(vec![]);
                numbers.len() - 1
            });
            numbers[n].push(sample.boundary as i32);
            grid.cells[n].points.extend(sample.coordinates.as_flattened());
            for (field, picked) in grid.fields.iter_mut().zip(picked) {
                picked.put(sample.values.view(), &mut field.values[n], |x| x);
            }
            if let Some(normal) = grid.fields.last_mut() {
                normal.values[n].extend(sample.normals.as_flattened());
            }
        },
    );
    grid.marks.push(Mark { name: BOUNDARY.into(), values: numbers.concat() });
    grid
}
