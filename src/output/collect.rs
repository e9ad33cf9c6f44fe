//! From the engine's solution to what the writers take: VTK cells and fields, blocks of a solution file.

use super::solution::SolutionBlock;
use super::vtk::{Field, VtkCells};
use crate::element::{Shape, lattice};
use crate::engine::Engine;
use crate::parallel::gather;
use std::collections::BTreeMap;

/// This rank's cells and the system's fields at their nodes, on cells of the order of the solution or of the geometry of
/// the block, whichever is higher, and at least 1: so curved elements stay curved under a solution of low order.
///
/// The fields are taken at the solution points and then interpolated, like any nodal polynomial. `solution` is laid out as
/// [`Engine::solution`] returns it.
pub fn vtk(engine: &Engine, solution: &[Vec<f64>]) -> (Vec<VtkCells>, Vec<Field>) {
    let outputs = engine.variables().fields();
    let shown: Vec<(&str, &[usize])> = outputs.iter().map(|f| (f.name, f.primitives)).collect();
    cells_and_fields(engine, &primitive(engine, solution), &shown)
}

/// The same for other values than the solution's: `values` at the solution points, block by block
/// `[element][field][point]`, each a field with its name.
pub fn vtk_fields(engine: &Engine, values: &[Vec<f64>], names: &[String]) -> (Vec<VtkCells>, Vec<Field>) {
    let positions: Vec<usize> = (0..names.len()).collect();
    let shown: Vec<(&str, &[usize])> =
        names.iter().zip(positions.chunks(1)).map(|(name, at)| (name.as_str(), at)).collect();
    cells_and_fields(engine, values, &shown)
}

/// `shown`: the fields' names and the positions of their components in `values`.
fn cells_and_fields(
    engine: &Engine,
    values: &[Vec<f64>],
    shown: &[(&str, &[usize])],
) -> (Vec<VtkCells>, Vec<Field>) {
    let order = |geometry: usize| engine.discretisation().order.max(geometry).max(1);
    let mut fields: Vec<Field> = shown
        .iter()
        .map(|(name, positions)| Field {
            name: (*name).into(),
            components: if positions.len() == 1 { 1 } else { 3 },
            values: vec![],
        })
        .collect();
    let mut cells: Vec<VtkCells> = vec![];
    let mut current = usize::MAX;
    engine.sample(
        values,
        |shape, geometry| (lattice::nodes(shape, order(geometry)), vec![]),
        |sample| {
            if sample.block != current {
                current = sample.block;
                let shape = engine.discretisation().blocks[current].operators.shape;
                let order = order(sample.geometry_order);
                cells.push(VtkCells { shape, order, points: vec![] });
                fields.iter_mut().for_each(|f| f.values.push(vec![]));
            }
            let Some(block) = cells.last_mut() else { return };
            for (q, x) in sample.coordinates.iter().enumerate() {
                block.points.extend_from_slice(x);
                let point = sample.values.column(q);
                for (field, (_, positions)) in fields.iter_mut().zip(shown) {
                    let Some(values) = field.values.last_mut() else { continue };
                    let zeros = field.components - positions.len();
                    values.extend(positions.iter().map(|&i| point[i]));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Precision;
    use crate::engine::{BackendChoice, BoundarySpec, Settings};
    use crate::mesh::local::{LocalBlock, LocalLink, LocalMesh};
    use crate::output::solution::{self, SolutionHeader};
    use crate::parallel::serial::Serial;
    use crate::physics::SystemSpec;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    /// From reference to physical space: a polynomial map of degree `order`.
    fn place(order: usize, x: &[f64]) -> [f64; 3] {
        let sum: f64 = x.iter().sum();
        let bump = 0.2 * (0.3 * sum + 0.1).powi(order as i32);
        std::array::from_fn(|d| x.get(d).map_or(0.0, |x| x + bump * [1.0, -0.5, 0.7][d]))
    }

    /// Two elements of every shape in `dims` dimensions, on their own between walls, for each order of the geometry.
    fn mesh(dims: usize) -> LocalMesh {
        let kinds = Shape::ALL.into_iter().filter(|s| s.dims() == dims);
        let kinds = kinds.flat_map(|shape| (1..=4).map(move |order| (shape, order)));
        let blocks: Vec<LocalBlock> = kinds
            .zip((0..).step_by(2))
            .map(|((shape, order), id)| {
                let nodes = lattice::nodes(shape, order);
                let nodes = nodes.rows().into_iter().map(|x| place(order, &x.to_vec()));
                LocalBlock {
                    shape,
                    order,
                    ids: vec![id, id + 1],
                    nodes: nodes.collect::<Vec<_>>().repeat(2),
                    links: vec![LocalLink::Boundary(0); 2 * shape.faces().len()],
                }
            })
            .collect();
        LocalMesh {
            dims,
            uuid: "two of each".into(),
            global_len: 2 * blocks.len(),
            blocks,
            ghosts: vec![],
            boundaries: vec!["wall".into()],
        }
    }

    fn engine(dims: usize, order: usize) -> Engine {
        let constants = BTreeMap::from([("gamma".into(), 1.4)]);
        let (name, riemann, viscosity) = ("euler".into(), "rusanov".into(), String::new());
        let system = SystemSpec { name, dims, constants, riemann, viscosity, ..SystemSpec::default() };
        let mut settings = Settings::new(system, order);
        let wall = BoundarySpec { kind: "slp-adia-wall".into(), data: BTreeMap::new() };
        settings.boundaries.insert("wall".into(), wall);
        settings.backend = BackendChoice::Reference;
        Engine::new(&settings, mesh(dims), Arc::new(Serial)).unwrap()
    }

    /// A density that is a polynomial of degree `order` on the reference element, plus the element's id.
    fn density(order: usize, x: &[f64], id: u32) -> f64 {
        let sum: f64 = x.iter().zip([0.5, -0.3, 0.4]).map(|(x, a)| x * a).sum();
        2.0 + (sum + 0.1).powi(order as i32) + f64::from(id)
    }

    /// Fluid at rest with that density.
    fn solution(engine: &Engine) -> Vec<Vec<f64>> {
        let (order, variables) = (engine.discretisation().order, engine.variables().conserved().len());
        let block = |block: &crate::backend::discretisation::Block| {
            let points = block.operators.points.rows();
            let value = |id: u32, v: usize, x: &[f64]| match v {
                0 => density(order, x, id),
                v if v == variables - 1 => 1.0,
                _ => 0.0,
            };
            let element = |id: u32| {
                let points = points.clone();
                (0..variables)
                    .flat_map(move |v| points.clone().into_iter().map(move |x| value(id, v, &x.to_vec())))
            };
            block.ids.iter().flat_map(|&id| element(id)).collect()
        };
        engine.discretisation().blocks.iter().map(block).collect()
    }

    #[test]
    fn curved_elements_stay_curved_and_values_keep_their_order() {
        for (dims, order) in (1..=3).flat_map(|dims| [0, 1, 2, 5].map(|order| (dims, order))) {
            let engine = engine(dims, order);
            let (cells, fields) = vtk(&engine, &solution(&engine));
            let mut ids = vec![];
            let mesh = engine.mesh();
            for (b, (cells, block)) in cells.iter().zip(&engine.discretisation().blocks).enumerate() {
                let of = mesh.blocks.iter().find(|m| m.ids.contains(&block.ids[0])).unwrap();
                assert_eq!((cells.shape, cells.order), (of.shape, of.order.max(order)), "{dims} {order}");
                let nodes = lattice::nodes(cells.shape, cells.order);
                assert_eq!(fields[0].values[b].len(), block.len() * nodes.nrows());
                for (i, x) in nodes.rows().into_iter().cycle().take(block.len() * nodes.nrows()).enumerate() {
                    let (x, id) = (x.to_vec(), block.ids[i / nodes.nrows()]);
                    let (at, wanted) = (&cells.points[3 * i..][..3], place(of.order, &x));
                    let far = (0..3).map(|d| (at[d] - wanted[d]).abs()).fold(0.0, f64::max);
                    let error = (fields[0].values[b][i] - density(order, &x, id)).abs();
                    assert!(far < 1e-12, "{} {} {order}: {at:?} {wanted:?}", of.shape.name(), of.order);
                    assert!(error < 1e-10, "{} {} {order}: {error}", of.shape.name(), of.order);
                }
                ids.extend_from_slice(&block.ids);
            }
            ids.sort_unstable();
            assert!(ids.into_iter().eq(0..mesh.global_len as u32), "every element is written once");
        }
    }

    #[test]
    fn solutions_of_every_shape_come_back_from_the_file_with_their_elements_and_points() {
        for dims in 1..=3 {
            let engine = engine(dims, 2);
            let values = solution(&engine);
            let blocks = blocks(&engine, &values).unwrap();
            let shapes: Vec<Shape> = blocks.iter().map(|b| b.shape).collect();
            assert!(shapes.into_iter().eq(Shape::ALL.into_iter().filter(|s| s.dims() == dims)));
            let header = SolutionHeader {
                mesh_uuid: engine.mesh().uuid.clone(),
                config: String::new(),
                config_source: String::new(),
                t: 0.0,
                dt: 0.0,
                step: 0,
                system: "euler".into(),
                order: 2,
                dims,
                precision: Precision::Double,
                variables: engine.variables().conserved().into_iter().map(String::from).collect(),
                state: BTreeMap::new(),
            };
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("all.ssoln");
            solution::write(&path, &header, &blocks).unwrap();
            assert_eq!(solution::read(&path).unwrap(), (header.clone(), blocks.clone()));
            for block in &blocks {
                let n = block.points();
                for (e, &id) in block.ids.iter().enumerate() {
                    let values = &block.values[e * header.variables.len() * n..][..n];
                    for (value, x) in values.iter().zip(block.reference_points.chunks_exact(dims)) {
                        assert_eq!(*value, density(2, x, id), "{} {id}", block.shape.name());
                    }
                }
            }
        }
    }

    #[test]
    fn shapes_are_sent_by_their_place_in_the_list_of_all() {
        for (place, shape) in Shape::ALL.into_iter().enumerate() {
            assert_eq!(shape as usize, place);
        }
    }
}
