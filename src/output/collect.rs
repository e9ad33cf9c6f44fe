//! From the engine's solution to what the writers take: VTK cells and fields, blocks of a solution file.

use super::solution::SolutionBlock;
use super::vtk::{Field, VtkCells};
use crate::element::{Shape, lattice};
use crate::engine::Engine;
use crate::parallel::gather;
use std::collections::BTreeMap;

/// This rank's cells and the system's fields at their nodes, on cells of order `max(p, 1)`.
///
/// The fields are taken at the solution points and then interpolated, like any nodal polynomial. `solution` is laid out as
/// [`Engine::solution`] returns it.
pub fn vtk(engine: &Engine, solution: &[Vec<f64>]) -> (Vec<VtkCells>, Vec<Field>) {
    let order = engine.discretisation().order.max(1);
    let variables = engine.variables();
    let outputs = variables.fields();
    let mut fields: Vec<Field> = outputs
        .iter()
        .map(|f| Field {
            name: f.name.into(),
            components: if f.primitives.len() == 1 { 1 } else { 3 },
            values: vec![],
        })
        .collect();
    let mut cells: Vec<VtkCells> = vec![];
    let mut current = usize::MAX;
    engine.sample(
        &primitive(engine, solution),
        |shape| (lattice::nodes(shape, order), vec![]),
        |sample| {
            if sample.block != current {
                current = sample.block;
                let shape = engine.discretisation().blocks[current].operators.shape;
                cells.push(VtkCells { shape, order, points: vec![] });
                fields.iter_mut().for_each(|f| f.values.push(vec![]));
            }
            let Some(block) = cells.last_mut() else { return };
            for (q, x) in sample.coordinates.iter().enumerate() {
                block.points.extend_from_slice(x);
                let point = sample.values.column(q);
                for (field, output) in fields.iter_mut().zip(&outputs) {
                    let Some(values) = field.values.last_mut() else { continue };
                    let zeros = field.components - output.primitives.len();
                    values.extend(output.primitives.iter().map(|&i| point[i]));
                    values.extend(std::iter::repeat_n(0.0, zeros));
                }
            }
        },
    );
    (cells, fields)
}

/// The solution in primitive variables at the solution points.
fn primitive(engine: &Engine, solution: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let variables = engine.variables();
    let count = variables.conserved().len();
    let mut point = vec![0.0; count];
    let mut result = solution.to_vec();
    for (block, values) in engine.discretisation().blocks.iter().zip(&mut result) {
        let points = block.points_per_element();
        for element in values.chunks_exact_mut(count * points) {
            for p in 0..points {
                (0..count).for_each(|v| point[v] = element[v * points + p]);
                variables.to_primitive(&mut point);
                (0..count).for_each(|v| element[v * points + p] = point[v]);
            }
        }
    }
    result
}

/// The whole solution on rank 0, elements by global id, one block a shape; nothing on other ranks. Collective.
pub fn blocks(engine: &Engine, solution: &[Vec<f64>]) -> Option<Vec<SolutionBlock>> {
    let mut by_shape: BTreeMap<Shape, Vec<(u32, Vec<f64>)>> = BTreeMap::new();
    // Each rank sends, a block after the other: shape, elements, values an element; ids; values.
    let mut bytes = vec![];
    for (block, values) in engine.discretisation().blocks.iter().zip(solution) {
        let size = values.len() / block.len().max(1);
        let head = [block.operators.shape as u64, block.len() as u64, size as u64];
        bytes.extend_from_slice(bytemuck::cast_slice(&head));
        bytes.extend_from_slice(bytemuck::cast_slice(&block.ids));
        bytes.extend_from_slice(bytemuck::cast_slice(values));
    }
    let all = gather(engine.communicator(), 0, &bytes)?;
    for rank in all {
        let mut rest = &rank[..];
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(24);
            let head: Vec<u64> = bytemuck::pod_collect_to_vec(head);
            let (count, size) = (head[1] as usize, head[2] as usize);
            let (ids, tail) = tail.split_at(4 * count);
            let (values, tail) = tail.split_at(8 * count * size);
            let ids: Vec<u32> = bytemuck::pod_collect_to_vec(ids);
            let values: Vec<f64> = bytemuck::pod_collect_to_vec(values);
            let shape = Shape::ALL[head[0] as usize];
            by_shape
                .entry(shape)
                .or_default()
                .extend(ids.into_iter().zip(values.chunks_exact(size).map(<[f64]>::to_vec)));
            rest = tail;
        }
    }
    let (order, points) = (engine.discretisation().order, engine.points());
    let blocks = by_shape.into_iter().map(|(shape, mut elements)| {
        elements.sort_unstable_by_key(|e| e.0);
        let name = points.solution_name(shape);
        let reference_points =
            crate::element::points::points(shape, name, order).map(|p| p.iter().copied().collect());
        SolutionBlock {
            shape,
            order,
            ids: elements.iter().map(|e| e.0).collect(),
            values: elements.into_iter().flat_map(|e| e.1).collect(),
            reference_points: reference_points.unwrap_or_default(),
            points_name: name.into(),
        }
    });
    Some(blocks.collect())
}
