//! The solution of a run as a `.vtu` file, a few hundred elements at a time, so that what is computed on the way stays in cache.
//!
//! [`super::collect::vtk`] and [`super::vtk::write_piece`] say what is in the file, and need several times its size to make it.

use super::collect::{Picked, element_to_primitive, picked, usual_order};
use super::vtk::appended::{Arrays, Head, Part, write};
use super::vtk::nodes::{CellKind, Layout, layout, version};
use super::vtk::raw::{Cells, real_head};
use super::{OutputError, Precision};
use crate::element::{Shape, lattice};
use crate::engine::fields::{Batch, Space};
use bytemuck::Pod;
use ndarray::Axis;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

/// Writes this rank's piece with the system's fields and the cell field `Part`, the rank, in `precision`, whole or not at all.
/// `solution` is laid out as [`crate::engine::Engine::solution`] returns it, `gradients` of the primitive variables, if any,
/// as [`super::collect::gradients`] does.
///
/// # Errors
/// [`OutputError::Write`] when writing fails.
pub fn write_solution(
    path: &Path,
    space: &Space,
    solution: &[Vec<f64>],
    gradients: Option<&[Vec<f64>]>,
    rank: usize,
    precision: Precision,
) -> Result<(), OutputError> {
    let picked = picked(&*space.variables, gradients.map(|_| space.discretisation.dims));
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
        let mut next = 1;
        cells.write(arrays, &mut next, |node| node)?;
        let part = i32::try_from(rank).unwrap_or(i32::MAX);
        arrays.array(next + picked.len()).write_all(bytemuck::cast_slice(&vec![part; cells.count()]))?;
        let values = Values { space, solution, gradients };
        match precision {
            Precision::Single => values.write(arrays, (&picked, next), |x| x as f32),
            Precision::Double => values.write(arrays, (&picked, next), |x| x),
        }
    })
}

/// What the values at the nodes are made of.
struct Values<'a> {
    space: &'a Space,
    solution: &'a [Vec<f64>],
    gradients: Option<&'a [Vec<f64>]>,
}

impl Values<'_> {
    /// Fills array 0 with the points, and those from `first` on with the fields.
    fn write<T: Pod>(
        &self,
        arrays: &mut Arrays,
        (picked, first): (&[Picked], usize),
        number: impl Fn(f64) -> T,
    ) -> io::Result<()> {
        let order = usual_order(self.space);
        // In VTK's order from the beginning, so that nothing is moved later.
        let nodes = |shape: Shape, geometry: usize| {
            let order = order(geometry);
            let lattice = lattice::nodes(shape, order);
            (lattice.select(Axis(0), &layout(shape, order, CellKind::Lagrange).order), vec![])
        };
        let variables = self.space.variables.conserved().len();
        let slopes = self.gradients.map_or(0, |_| variables * self.space.discretisation.dims);
        let (mut numbers, mut result): (Vec<T>, io::Result<()>) = (vec![], Ok(()));
        let given = |b: usize, elements: Range<usize>, to: &mut Vec<f64>| self.primitive(b, elements, to);
        self.space.sample_batches(variables + slopes, given, nodes, |batch| {
            if result.is_ok() {
                result = put(arrays, batch, (picked, first), &mut numbers, &number);
            }
        });
        result
    }

    /// The solution in primitive variables at the solution points, and the gradients after those of each element.
    fn primitive(&self, b: usize, elements: Range<usize>, to: &mut Vec<f64>) {
        let points = self.space.discretisation.blocks[b].points_per_element();
        let variables = &self.space.variables;
        let count = variables.conserved().len();
        let slopes = self.gradients.map_or(0, |_| count * self.space.discretisation.dims * points);
        let mut point = vec![0.0; count];
        for e in elements {
            let start = to.len();
            to.extend_from_slice(&self.solution[b][e * count * points..(e + 1) * count * points]);
            element_to_primitive(&**variables, &mut to[start..], &mut point);
            if let Some(gradients) = self.gradients {
                to.extend_from_slice(&gradients[b][e * slopes..(e + 1) * slopes]);
            }
        }
    }
}

/// Appends the points and fields of some elements.
fn put<T: Pod>(
    arrays: &mut Arrays,
    batch: &Batch,
    (picked, first): (&[Picked], usize),
    numbers: &mut Vec<T>,
    number: &impl Fn(f64) -> T,
) -> io::Result<()> {
    numbers.clear();
    numbers.extend(batch.coordinates.as_flattened().iter().map(|x| number(*x)));
    arrays.array(0).write_all(bytemuck::cast_slice(numbers))?;
    let count = batch.values.nrows() / batch.ids.len();
    for (i, field) in picked.iter().enumerate() {
        numbers.clear();
        for e in 0..batch.ids.len() {
            let row = |value: usize| batch.values.row(e * count + value);
            if let [value] = field.positions[..] {
                numbers.extend(row(value).iter().map(|x| number(*x)));
                continue;
            }
            let rows: [_; 3] = std::array::from_fn(|c| field.positions.get(c).map(|&value| row(value)));
            for q in 0..batch.values.ncols() {
                numbers.extend(rows.iter().map(|row| number(row.map_or(0.0, |row| row[q]))));
            }
        }
        arrays.array(first + i).write_all(bytemuck::cast_slice(numbers))?;
    }
    Ok(())
}
