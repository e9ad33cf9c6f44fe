//! From the engine's solution to what the writers take: VTK cells and fields, blocks of a solution file.

use super::solution::{BlockRows, GradientRows, Rows};
use super::vtk::{Field, VtkCells};
use crate::element::{Shape, lattice, points};
use crate::engine::fields::Space;
use crate::engine::{Engine, EngineError, KeptFields};
use crate::parallel::{Communicator, gather};
use crate::physics::system::OutputField;
use crate::physics::variables::Variables;
use ndarray::ArrayView2;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The system's fields for people, made of the primitive variables; then, where it is asked for in so many dimensions, their
/// gradients `grad_NAME` as vectors, `[variable][direction]` after the variables.
pub fn picked(variables: &dyn Variables, gradients: Option<usize>) -> Vec<Picked> {
    let own = |f: &OutputField| Picked { name: f.name.into(), positions: f.primitives.to_vec() };
    let mut picked: Vec<Picked> = variables.fields().iter().map(own).collect();
    let names = variables.primitive();
    if let Some(dims) = gradients {
        let first = |v: usize| names.len() + v * dims;
        picked.extend(names.iter().enumerate().map(|(v, name)| Picked {
            name: format!("grad_{name}"),
            positions: (first(v)..first(v + 1)).collect(),
        }));
    }
    picked
}

/// Gradients of the primitive variables at time `t` at the solution points, block by block
/// `[element][variable][direction][point]`. Collective.
///
/// # Errors
/// The device failed.
pub fn gradients(engine: &mut Engine, t: f64) -> Result<Vec<Vec<f64>>, EngineError> {
    let (count, dims) = (engine.variables().primitive().len(), engine.discretisation().dims);
    engine.evaluate(t, true, count * dims, |point, out| {
        out.iter_mut().enumerate().for_each(|(i, out)| *out = point.gradient[(i % dims) * count + i / dims]);
    })
}

/// The same for values that each are a field with its name.
pub fn picked_each(names: &[String]) -> Vec<Picked> {
    names.iter().enumerate().map(|(i, name)| Picked { name: name.clone(), positions: vec![i] }).collect()
}

/// A field made of values at the solution points.
#[derive(Clone, Debug, PartialEq)]
pub struct Picked {
    /// Its name.
    pub name: String,
    /// Positions of its components in the values: one for a scalar, else up to three, missing ones zero.
    pub positions: Vec<usize>,
}

impl Picked {
    /// The field, without values.
    pub fn empty(&self) -> Field {
        let components = if self.positions.len() == 1 { 1 } else { 3 };
        Field { name: self.name.clone(), components, values: vec![] }
    }

    /// Appends its components at the sample points, values `[value][point]`, as what `number` makes of them.
    pub(super) fn put<T>(&self, values: ArrayView2<f64>, to: &mut Vec<T>, number: impl Fn(f64) -> T) {
        if let [i] = self.positions[..] {
            to.extend(values.row(i).iter().map(|x| number(*x)));
            return;
        }
        let rows: [_; 3] = std::array::from_fn(|c| self.positions.get(c).map(|&i| values.row(i)));
        for q in 0..values.ncols() {
            to.extend(rows.iter().map(|row| number(row.map_or(0.0, |row| row[q]))));
        }
    }
}

/// The order of the solution or of the geometry (which is the argument), whichever is higher, and at least 1.
pub fn usual_order(space: &Space) -> impl Fn(usize) -> usize {
    let order = space.discretisation.order;
    move |geometry| order.max(geometry).max(1)
}

/// Elements on nodes of the order that `order(order of the geometry)` gives, and the fields there: `values` at the solution
/// points, block by block `[element][value][point]`, interpolated.
pub fn on_nodes(
    space: &Space,
    values: &[Vec<f64>],
    picked: &[Picked],
    order: impl Fn(usize) -> usize,
) -> (Vec<VtkCells>, Vec<Field>) {
    let mut fields: Vec<Field> = picked.iter().map(Picked::empty).collect();
    let mut cells: Vec<VtkCells> = vec![];
    let mut current = usize::MAX;
    space.sample(
        values,
        |shape, geometry| (lattice::nodes(shape, order(geometry)), vec![]),
        |sample| {
            if sample.block != current {
                current = sample.block;
                let shape = space.discretisation.blocks[current].operators.shape;
                let order = order(sample.geometry_order);
                let points = space.discretisation.blocks[current].len() * shape.points(order);
                cells.push(VtkCells { shape, order, points: Vec::with_capacity(3 * points) });
                fields.iter_mut().for_each(|f| f.values.push(Vec::with_capacity(f.components * points)));
            }
            let Some(block) = cells.last_mut() else { return };
            block.points.extend_from_slice(sample.coordinates.as_flattened());
            for (field, picked) in fields.iter_mut().zip(picked) {
                field.values.last_mut().into_iter().for_each(|to| picked.put(sample.values, to, |x| x));
            }
        },
    );
    (cells, fields)
}

/// Makes conserved variables of an element, `[variable][point]`, primitive ones; `point` has room for those of a point.
pub(super) fn element_to_primitive(variables: &dyn Variables, element: &mut [f64], point: &mut [f64]) {
    let points = element.len() / point.len();
    for p in 0..points {
        point.iter_mut().enumerate().for_each(|(v, to)| *to = element[v * points + p]);
        variables.to_primitive(point);
        point.iter().enumerate().for_each(|(v, from)| element[v * points + p] = *from);
    }
}

/// The whole solution, and the fields kept beside it, on their way to one rank.
pub struct Gathered {
    /// Of each other rank, where this is rank 0: what [`packed`] makes; nothing on other ranks.
    others: Option<Vec<Vec<u8>>>,
    /// Names of the kept fields, by name of who keeps them.
    names: BTreeMap<String, Vec<String>>,
    /// The kept fields of this rank, and the gradients after them.
    kept: Vec<Vec<Vec<f64>>>,
    /// Whether there are gradients.
    gradients: bool,
}

/// Brings what other ranks have to rank 0, so that it can [`assemble`] the whole; `solution` is laid out as
/// [`Engine::solution`] returns it. Collective.
pub fn collect(engine: &Engine, solution: &[Vec<f64>]) -> Gathered {
    collect_with(engine.communicator(), &engine.space(), solution, None, engine.kept_fields())
}

/// The same with gradients, laid out as [`gradients`] returns them, of all elements or a part ([`Space::part`]); `kept`:
/// fields of the same elements that are kept, by name. Collective.
pub fn collect_with(
    comm: &Arc<dyn Communicator>,
    space: &Space,
    solution: &[Vec<f64>],
    gradients: Option<&[Vec<f64>]>,
    kept: &BTreeMap<String, KeptFields>,
) -> Gathered {
    let names = kept.iter().map(|(name, fields)| (name.clone(), fields.names.clone())).collect();
    let kept = kept.values().map(|fields| fields.blocks.clone()).collect();
    gathered(comm, space, solution, names, kept, gradients)
}

/// The same for other values than the solution's, any number of them at each solution point, without the fields kept.
/// Collective.
pub fn collect_alone(engine: &Engine, values: &[Vec<f64>]) -> Gathered {
    collect_part(engine.communicator(), &engine.space(), values)
}

/// The same for a part of the elements ([`Space::part`]). Collective.
pub fn collect_part(comm: &Arc<dyn Communicator>, space: &Space, values: &[Vec<f64>]) -> Gathered {
    gathered(comm, space, values, BTreeMap::new(), vec![], None)
}

fn gathered(
    comm: &Arc<dyn Communicator>,
    space: &Space,
    solution: &[Vec<f64>],
    names: BTreeMap<String, Vec<String>>,
    mut kept: Vec<Vec<Vec<f64>>>,
    gradients: Option<&[Vec<f64>]>,
) -> Gathered {
    kept.extend(gradients.map(<[_]>::to_vec));
    let gradients = gradients.is_some();
    let mine = if comm.rank() == 0 { vec![] } else { packed(space, solution, &kept) };
    Gathered { others: gather(comm, 0, &mine), names, kept, gradients }
}

/// The bytes that a rank sends, a block after the other: shape, elements; ids; then for the solution and each set of kept
/// fields the numbers an element, and all of them.
fn packed(space: &Space, solution: &[Vec<f64>], kept: &[Vec<Vec<f64>>]) -> Vec<u8> {
    let mut bytes = vec![];
    for (b, (block, values)) in space.discretisation.blocks.iter().zip(solution).enumerate() {
        bytes.extend_from_slice(bytemuck::cast_slice(&[block.operators.shape as u64, block.len() as u64]));
        bytes.extend_from_slice(bytemuck::cast_slice(&block.ids));
        for values in std::iter::once(values).chain(kept.iter().map(|fields| &fields[b])) {
            bytes.extend_from_slice(&((values.len() / block.len().max(1)) as u64).to_ne_bytes());
            bytes.extend_from_slice(bytemuck::cast_slice(values));
        }
    }
    bytes
}

/// Elements of one shape and their values, from one rank.
struct Part<'a> {
    shape: Shape,
    ids: Vec<u32>,
    /// The solution and each set of kept fields: numbers an element, and bytes of all of them.
    arrays: Vec<(usize, &'a [u8])>,
}

/// The parts in what a rank sent.
fn unpacked(mut rest: &[u8], arrays: usize) -> Vec<Part<'_>> {
    let mut parts = vec![];
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(16);
        let head: Vec<u64> = bytemuck::pod_collect_to_vec(head);
        let (shape, count) = (Shape::ALL[head[0] as usize], head[1] as usize);
        let (ids, mut tail) = tail.split_at(4 * count);
        let mut part = Part { shape, ids: bytemuck::pod_collect_to_vec(ids), arrays: vec![] };
        for _ in 0..arrays {
            let (size, values) = tail.split_at(8);
            let size = u64::from_ne_bytes(size.try_into().unwrap_or_default()) as usize;
            let (values, next) = values.split_at(8 * count * size);
            part.arrays.push((size, values));
            tail = next;
        }
        parts.push(part);
        rest = tail;
    }
    parts
}

/// The whole solution, elements by global id, one block a shape, its numbers where they are; nothing on ranks but 0.
/// `solution` is the one that was given to [`collect`].
pub fn assemble<'a>(
    space: &'a Space,
    solution: &'a [Vec<f64>],
    gathered: &'a Gathered,
) -> Option<Vec<BlockRows<'a>>> {
    let others = gathered.others.as_ref()?;
    let arrays = 1 + gathered.kept.len();
    let mut parts: Vec<Part<'_>> = others.iter().flat_map(|bytes| unpacked(bytes, arrays)).collect();
    for (b, (block, values)) in space.discretisation.blocks.iter().zip(solution).enumerate() {
        let all = std::iter::once(values).chain(gathered.kept.iter().map(|fields| &fields[b]));
        let size = |values: &Vec<f64>| values.len() / block.len().max(1);
        let arrays = all.map(|values| (size(values), bytemuck::cast_slice(values))).collect();
        parts.push(Part { shape: block.operators.shape, ids: block.ids.clone(), arrays });
    }
    let mut by_shape: BTreeMap<Shape, Vec<Part<'_>>> = BTreeMap::new();
    let parts = parts.into_iter().filter(|p| !p.ids.is_empty());
    parts.for_each(|p| by_shape.entry(p.shape).or_default().push(p));
    let order = space.discretisation.order;
    let blocks = by_shape.into_iter().map(|(shape, parts)| {
        // Global id, part, element of the part.
        let mut rows: Vec<(u32, u32, u32)> = vec![];
        for (n, part) in parts.iter().enumerate() {
            rows.extend(part.ids.iter().zip(0..).map(|(id, e)| (*id, n as u32, e)));
        }
        rows.sort_unstable();
        let places: Arc<[(u32, u32)]> = rows.iter().map(|row| (row.1, row.2)).collect();
        let array = |a: usize| {
            let size = parts.first().map_or(0, |part| part.arrays[a].0);
            Rows::placed(size, parts.iter().map(|part| part.arrays[a].1).collect(), Arc::clone(&places))
        };
        let name = space.points.solution_name(shape);
        let reference_points = points::points(shape, name, order).map(|p| p.iter().copied().collect());
        BlockRows {
            shape,
            order,
            ids: rows.iter().map(|row| row.0).collect(),
            values: array(0),
            reference_points: reference_points.unwrap_or_default(),
            points_name: name.into(),
            kept: gathered.names.keys().enumerate().map(|(n, name)| (name.clone(), array(1 + n))).collect(),
            gradients: gathered.gradients.then(|| GradientRows {
                names: space.variables.primitive().into_iter().map(String::from).collect(),
                values: array(arrays - 1),
            }),
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
    use crate::output::solution::{self, SolutionBlock, SolutionHeader};
    use crate::output::stream;
    use crate::output::vtk::write_piece;
    use crate::parallel::serial::Serial;
    use crate::physics::SystemSpec;

    /// From reference to physical space: a polynomial map of degree `order`.
    fn place(order: usize, x: &[f64]) -> [f64; 3] {
        let sum: f64 = x.iter().sum();
        let bump = 0.2 * (0.3 * sum + 0.1).powi(order as i32);
        std::array::from_fn(|d| x.get(d).map_or(0.0, |x| x + bump * [1.0, -0.5, 0.7][d]))
    }

    /// Two elements of every shape in `dims` dimensions, on their own between walls, for each order of the geometry.
    fn mesh(dims: usize) -> LocalMesh {
        let kinds = Shape::ALL.into_iter().filter(|s| s.dims() == dims);
        mesh_of(dims, kinds.flat_map(|shape| (1..=4).map(move |order| (shape, order))), 2)
    }

    /// So many elements of each shape and order of the geometry.
    fn mesh_of(dims: usize, kinds: impl Iterator<Item = (Shape, usize)>, count: u32) -> LocalMesh {
        let blocks: Vec<LocalBlock> = kinds
            .zip((0..).step_by(count as usize))
            .map(|((shape, order), id)| {
                let nodes = lattice::nodes(shape, order);
                let nodes = nodes.rows().into_iter().map(|x| place(order, &x.to_vec()));
                LocalBlock {
                    shape,
                    order,
                    ids: (id..id + count).collect(),
                    nodes: nodes.collect::<Vec<_>>().repeat(count as usize),
                    links: vec![LocalLink::Boundary(0); count as usize * shape.faces().len()],
                }
            })
            .collect();
        LocalMesh {
            dims,
            uuid: "two of each".into(),
            global_len: count as usize * blocks.len(),
            blocks,
            ghosts: vec![],
            boundaries: vec!["wall".into()],
        }
    }

    fn engine(dims: usize, order: usize) -> Engine {
        engine_of(mesh(dims), order)
    }

    fn engine_of(mesh: LocalMesh, order: usize) -> Engine {
        let dims = mesh.dims;
        let constants = BTreeMap::from([("gamma".into(), 1.4)]);
        let (name, riemann, viscosity) = ("euler".into(), "rusanov".into(), String::new());
        let system = SystemSpec { name, dims, constants, riemann, viscosity, ..SystemSpec::default() };
        let mut settings = Settings::new(system, order);
        let wall = BoundarySpec { kind: "slp-adia-wall".into(), data: BTreeMap::new() };
        settings.boundaries.insert("wall".into(), wall);
        settings.backend = BackendChoice::Reference;
        Engine::new(&settings, mesh, Arc::new(Serial)).unwrap()
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

    /// This rank's cells and the system's fields at their nodes, on cells of the order of the solution or of the geometry of
    /// the block, whichever is higher, and at least 1: so curved elements stay curved under a solution of low order.
    ///
    /// The fields are taken at the solution points and then interpolated, like any nodal polynomial. `solution` is laid out as
    /// [`Engine::solution`] returns it, `gradients` of the primitive variables, if any, as [`gradients`] does.
    fn vtk(
        space: &Space,
        solution: &[Vec<f64>],
        gradients: Option<&[Vec<f64>]>,
    ) -> (Vec<VtkCells>, Vec<Field>) {
        let picked = picked(&*space.variables, gradients.map(|_| space.discretisation.dims));
        let mut values = primitive(space, solution);
        for (b, slopes) in gradients.unwrap_or_default().iter().enumerate() {
            let block = &space.discretisation.blocks[b];
            let points = block.points_per_element() * space.variables.conserved().len();
            let both = values[b].chunks_exact(points);
            let both = both.zip(slopes.chunks_exact(points * space.discretisation.dims));
            values[b] = both.flat_map(|(u, slopes)| u.iter().chain(slopes)).copied().collect();
        }
        on_nodes(space, &values, &picked, usual_order(space))
    }

    /// The solution in primitive variables at the solution points.
    fn primitive(space: &Space, solution: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut point = vec![0.0; space.variables.conserved().len()];
        let mut result = solution.to_vec();
        for (block, values) in space.discretisation.blocks.iter().zip(&mut result) {
            for element in values.chunks_exact_mut(point.len() * block.points_per_element()) {
                element_to_primitive(&*space.variables, element, &mut point);
            }
        }
        result
    }

    #[test]
    fn curved_elements_stay_curved_and_values_keep_their_order() {
        for (dims, order) in (1..=3).flat_map(|dims| [0, 1, 2, 5].map(|order| (dims, order))) {
            let engine = engine(dims, order);
            let (cells, fields) = vtk(&engine.space(), &solution(&engine), None);
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
    fn a_file_made_a_few_elements_at_a_time_is_the_same_as_one_made_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for (dims, order) in (1..=3).flat_map(|dims| [0, 1, 3].map(|order| (dims, order))) {
            let mut engine = engine(dims, order);
            let (space, values) = (engine.space(), solution(&engine));
            let slopes = gradients(&mut engine, 0.0).unwrap();
            for (gradients, precision) in
                [(None, Precision::Single), (None, Precision::Double), (Some(&slopes[..]), Precision::Double)]
            {
                let paths = ["a.vtu", "b.vtu"].map(|name| folder.path().join(name));
                stream::write_solution(&paths[0], &space, &values, gradients, 3, precision).unwrap();
                let (cells, fields) = vtk(&space, &values, gradients);
                write_piece(&paths[1], &cells, &fields, 3, precision).unwrap();
                let [streamed, whole] = paths.map(|path| std::fs::read(path).unwrap());
                assert!(streamed == whole, "{dims} {order} {}", gradients.is_some());
            }
        }
    }

    /// Values of a block that differ everywhere.
    fn numbered(space: &Space, count: usize) -> Vec<Vec<f64>> {
        let size = |b: &crate::backend::discretisation::Block| b.len() * b.points_per_element() * count;
        space
            .discretisation
            .blocks
            .iter()
            .map(|b| (0..size(b)).map(|i| (i as f64).sqrt()).collect())
            .collect()
    }

    #[test]
    fn a_file_of_many_elements_or_of_some_of_them_is_complete_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let kinds = [(Shape::Hex, 1), (Shape::Pyramid, 1), (Shape::Hex, 2)];
        let engine = engine_of(mesh_of(3, kinds.into_iter(), 90), 5);
        let (whole, picked) = (engine.space(), picked_each(&["a".into(), "b".into(), "c".into()]));
        let part: Vec<Vec<u32>> = vec![(0..90).step_by(3).collect(), vec![], vec![7]];
        for (name, space) in [("whole", whole.clone()), ("part", whole.part(&part))] {
            let values = numbered(&space, 3);
            let paths = ["streamed", "at-once"].map(|how| folder.path().join(format!("{name}-{how}.vtu")));
            let (double, rank) = (Precision::Double, 2);
            stream::write_values(&paths[0], &space, (&values, &picked), rank, double).unwrap();
            let (cells, fields) = on_nodes(&space, &values, &picked, usual_order(&space));
            write_piece(&paths[1], &cells, &fields, rank, double).unwrap();
            let [streamed, at_once] = paths.map(|path| std::fs::read(path).unwrap());
            assert!(streamed == at_once, "{name}");
            // Several batches, and more than is written at once.
            assert!(name == "part" || streamed.len() > 2 << 20, "{} bytes", streamed.len());
        }
        let path = folder.path().join("none.vtu");
        let short = stream::write_values(&path, &whole, (&[vec![0.0; 5]], &picked), 0, Precision::Single);
        assert!(short.unwrap_err().to_string().contains("[5] numbers") && !path.exists());
    }

    #[test]
    fn solutions_of_every_shape_come_back_from_the_file_with_their_elements_and_points() {
        for dims in 1..=3 {
            let engine = engine(dims, 2);
            let values = solution(&engine);
            let (space, gathered) = (engine.space(), collect(&engine, &values));
            let blocks = assemble(&space, &values, &gathered).unwrap();
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
                kept: BTreeMap::new(),
            };
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("all.ssoln");
            solution::write_rows(&path, &header, &blocks).unwrap();
            let blocks: Vec<SolutionBlock> = blocks.iter().map(BlockRows::to_block).collect();
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
