//! Values of a space as a `.vtu` file, as many elements at a time as stay in cache: what a run writes while it goes on.
//!
//! [`super::collect::on_nodes`] and [`super::vtk::write_grid`] make the same file out of arrays of several times its size.

use super::collect::{Picked, element_to_primitive, picked, usual_order};
use super::vtk::appended::{Arrays, Head, Part, write};
use super::vtk::nodes::{CellKind, Layout, layout, version};
use super::vtk::raw::{Cells, real_head};
use super::{OutputError, Precision};
use crate::element::{Shape, lattice};
use crate::engine::fields::{Batch, Space};
use bytemuck::Pod;
use ndarray::{Axis, s};
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

/// Cells whose rank is written at once.
const CHUNK: usize = 1 << 16;

/// Writes this rank's piece with the system's fields and the cell field `Part`, the rank, in `precision`, whole or not at all.
/// `solution` is laid out as [`crate::engine::Engine::solution`] returns it, `gradients` of the primitive variables, if any,
/// as [`super::collect::gradients`] does.
///
/// # Errors
/// [`OutputError::Inconsistent`] when sizes contradict each other, [`OutputError::Write`] when writing fails.
pub fn write_solution(
    path: &Path,
    space: &Space,
    solution: &[Vec<f64>],
    gradients: Option<&[Vec<f64>]>,
    rank: usize,
    precision: Precision,
) -> Result<(), OutputError> {
    let (dims, variables) = (space.discretisation.dims, &*space.variables);
    let count = variables.conserved().len();
    check(path, space, solution, Some(count))?;
    gradients.map_or(Ok(0), |gradients| check(path, space, gradients, Some(count * dims)))?;
    let picked = picked(variables, gradients.map(|_| dims));
    let mut point = vec![0.0; count];
    // The solution in primitive variables, and the gradients after those of each element.
    let given = |b: usize, elements: Range<usize>, to: &mut Vec<f64>| {
        let size = count * space.discretisation.blocks[b].points_per_element();
        for e in elements {
            let start = to.len();
            to.extend_from_slice(&solution[b][e * size..(e + 1) * size]);
            element_to_primitive(variables, &mut to[start..], &mut point);
            if let Some(gradients) = gradients {
                to.extend_from_slice(&gradients[b][e * size * dims..(e + 1) * size * dims]);
            }
        }
    };
    let count = count + gradients.map_or(0, |_| count * dims);
    write_given(path, space, (count, given, &picked), rank, precision)
}

/// The same of other values at the solution points, block by block `[element][value][point]`, and the fields made of them.
///
/// # Errors
/// As [`write_solution`].
pub fn write_values(
    path: &Path,
    space: &Space,
    (values, picked): (&[Vec<f64>], &[Picked]),
    rank: usize,
    precision: Precision,
) -> Result<(), OutputError> {
    let count = check(path, space, values, None)?;
    let given = |b: usize, elements: Range<usize>, to: &mut Vec<f64>| {
        let size = count * space.discretisation.blocks[b].points_per_element();
        to.extend_from_slice(&values[b][elements.start * size..elements.end * size]);
    };
    write_given(path, space, (count, given, picked), rank, precision)
}

/// The number of values at a point, which must be `wanted`, if that is known.
fn check(
    path: &Path,
    space: &Space,
    values: &[Vec<f64>],
    wanted: Option<usize>,
) -> Result<usize, OutputError> {
    let blocks = &space.discretisation.blocks;
    let points = blocks.iter().map(|block| block.len() * block.points_per_element());
    let first = || values.iter().zip(points.clone()).find_map(|(values, n)| values.len().checked_div(n));
    let count = wanted.or_else(first).unwrap_or(0);
    if values.iter().map(Vec::len).eq(points.clone().map(|n| n * count)) {
        return Ok(count);
    }
    let found: Vec<usize> = values.iter().map(Vec::len).collect();
    let problem = format!("{found:?} numbers at {:?} points", points.collect::<Vec<_>>());
    Err(OutputError::Inconsistent { path: path.to_owned(), problem })
}

/// `given`: appends the `count` values of some elements of a block, as [`Space::sample_batches`] wants them.
fn write_given(
    path: &Path,
    space: &Space,
    (count, mut given, picked): (usize, impl FnMut(usize, Range<usize>, &mut Vec<f64>), &[Picked]),
    rank: usize,
    precision: Precision,
) -> Result<(), OutputError> {
    let order = usual_order(space);
    let blocks = space.discretisation.blocks.iter().zip(space.geometry_orders());
    let blocks: Vec<(usize, Shape, usize)> = blocks
        .filter_map(|(block, geometry)| Some((block.len(), block.operators.shape, order(geometry?))))
        .collect();
    let layouts: Vec<Layout> =
        blocks.iter().map(|&(_, shape, order)| layout(shape, order, CellKind::Lagrange)).collect();
    let points = blocks.iter().zip(&layouts).map(|((count, ..), layout)| count * layout.order.len()).sum();
    let cells = Cells::new(blocks.iter().zip(&layouts).map(|((count, ..), l)| (*count, l)).collect(), points);
    let mut heads = vec![real_head(Part::Points, "Points", 3, points, precision)];
    heads.extend(cells.heads());
    let fields = picked.iter().map(Picked::empty);
    heads.extend(fields.map(|f| real_head(Part::PointData, &f.name, f.components, points, precision)));
    heads.push(Head::new::<i32>(Part::CellData, ("Int32", "Part", 1), cells.count()));
    let version = version(CellKind::Lagrange, blocks.iter().map(|&(_, shape, order)| (shape, order)));
    write(path, version, (points, cells.count()), &heads, |arrays| {
        let mut first = 1;
        cells.write(arrays, &mut first, |node| node)?;
        let part = vec![i32::try_from(rank).unwrap_or(i32::MAX); cells.count().min(CHUNK)];
        for start in (0..cells.count()).step_by(CHUNK) {
            let here = &part[..CHUNK.min(cells.count() - start)];
            arrays.array(first + picked.len()).write_all(bytemuck::cast_slice(here))?;
        }
        // In VTK's order from the beginning, so that nothing is moved later.
        let nodes = |shape: Shape, geometry: usize| {
            let order = order(geometry);
            let in_order = layout(shape, order, CellKind::Lagrange).order;
            (lattice::nodes(shape, order).select(Axis(0), &in_order), vec![])
        };
        match precision {
            Precision::Single => {
                let mut numbers: Vec<f32> = vec![];
                space.sample_batches(count, &mut given, nodes, |batch| {
                    put(arrays, batch, (picked, first), &mut numbers, |x| x as f32)
                })
            }
            Precision::Double => {
                let mut numbers: Vec<f64> = vec![];
                space.sample_batches(count, &mut given, nodes, |batch| {
                    put(arrays, batch, (picked, first), &mut numbers, |x| x)
                })
            }
        }
    })
}

/// Appends the points of some elements to array 0, and the fields to those from `first` on.
fn put<T: Pod>(
    arrays: &mut Arrays,
    batch: &Batch,
    (picked, first): (&[Picked], usize),
    numbers: &mut Vec<T>,
    number: impl Fn(f64) -> T + Copy,
) -> io::Result<()> {
    numbers.clear();
    numbers.extend(batch.coordinates.as_flattened().iter().map(|x| number(*x)));
    arrays.array(0).write_all(bytemuck::cast_slice(numbers))?;
    let count = batch.values.nrows() / batch.ids.len();
    for (i, field) in picked.iter().enumerate() {
        numbers.clear();
        for e in 0..batch.ids.len() {
            field.put(batch.values.slice(s![e * count..(e + 1) * count, ..]), numbers, number);
        }
        arrays.array(first + i).write_all(bytemuck::cast_slice(numbers))?;
    }
    Ok(())
}
