//! Boundaries of the mesh, and surfaces within it, as cells of their own with fields at their nodes.

use super::collect::Picked;
use super::vtk::{CellKind, Field, Grid, Mark, VtkCells};
use crate::element::{Shape, lattice};
use crate::engine::Engine;
use crate::engine::closed_surface::Triangle;
use crate::engine::fields::Space;
use crate::engine::locate::{Outside, locate};
use std::collections::{BTreeMap, HashMap};

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

/// Triangles in a mesh of one rank, each edge cut into `parts`, and the fields at their corners: `values` at the solution points,
/// block by block `[element][value][point]`, interpolated. Corners outside of the mesh have no numbers (NaN); how many of all
/// different ones these are comes second.
///
/// # Errors
/// All of them are outside.
pub fn on_triangles(
    engine: &Engine,
    values: &[Vec<f64>],
    picked: &[Picked],
    triangles: &[Triangle],
    parts: usize,
) -> Result<(Grid, usize), Outside> {
    let lattice = lattice::nodes(Shape::Tri, parts);
    let corners: Vec<[f64; 3]> = triangles
        .iter()
        .flat_map(|[a, b, c]| {
            lattice.rows().into_iter().map(move |r| {
                let weights = [-0.5 * (r[0] + r[1]), 0.5 * (1.0 + r[0]), 0.5 * (1.0 + r[1])];
                std::array::from_fn(|d| weights[0] * a[d] + weights[1] * b[d] + weights[2] * c[d])
            })
        })
        .collect();
    // Six triangles meet in a corner, most often.
    let mut numbers: HashMap<[u64; 3], usize> = HashMap::new();
    let mut points: Vec<[f64; 3]> = vec![];
    let number = |x: &[f64; 3]| {
        *numbers.entry(x.map(f64::to_bits)).or_insert_with(|| {
            points.push(*x);
            points.len() - 1
        })
    };
    let of: Vec<usize> = corners.iter().map(number).collect();
    let places = locate(engine.mesh(), &points);
    let inside: Vec<usize> = (0..points.len()).filter(|p| places[*p].is_some()).collect();
    let at: Vec<[f64; 3]> =
        if inside.is_empty() { points.clone() } else { inside.iter().map(|p| points[*p]).collect() };
    let probes = engine.probes(&at)?;
    let blocks = engine.discretisation().blocks.iter().zip(values);
    let mut counts =
        blocks.filter_map(|(b, values)| values.len().checked_div(b.len() * b.points_per_element()));
    let count = counts.next().unwrap_or(0);
    let mut found = vec![f64::NAN; points.len() * count];
    probes.interpolate(values, count, |p, here| found[inside[p] * count..][..count].copy_from_slice(here));
    let field = |picked: &Picked| {
        let mut field = picked.empty();
        let component = |p: usize, c: usize| picked.positions.get(c).map_or(0.0, |i| found[p * count + i]);
        let all = of.iter().flat_map(|p| (0..field.components).map(|c| component(*p, c)));
        field.values = vec![all.collect()];
        field
    };
    let fields = picked.iter().map(field).collect();
    let cells = vec![VtkCells { shape: Shape::Tri, order: parts, points: corners.into_flattened() }];
    let grid = Grid { kind: CellKind::Linear, cells, fields, ..Grid::default() };
    Ok((grid, points.len() - inside.len()))
}
