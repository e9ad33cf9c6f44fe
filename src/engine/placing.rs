//! Coordinates of points in elements. They follow from the nodes of the mesh whenever they are needed: kept for all solution
//! points they would take as much memory as half a register.

use crate::backend::discretisation::{Block, Discretisation};
use crate::element::{basis, lattice};
use crate::mesh::local::LocalMesh;
use ndarray::Array2;
use rayon::prelude::*;

/// From the nodes of the elements of a block to the coordinates of points in them.
#[derive(Clone, Debug)]
pub(super) struct Placing {
    /// Block of the mesh that the elements come from.
    mesh_block: usize,
    /// Geometry nodes to points, `[point][nodes]`.
    to_points: Array2<f64>,
    /// Space dimensions; other coordinates are 0.
    dims: usize,
}

impl Placing {
    /// For the reference points `points`, `[point][dims]`, in the elements of a block of the discretisation of `mesh`.
    pub fn new(mesh: &LocalMesh, block: &Block, points: &Array2<f64>) -> Placing {
        let shape = block.operators.shape;
        let holds = |ids: &[u32]| block.ids.first().is_some_and(|id| ids.binary_search(id).is_ok());
        // A block of the discretisation holds elements of one block of the mesh.
        let found = mesh.blocks.iter().position(|m| m.shape == shape && holds(&m.ids));
        let mesh_block = found.expect("the elements come from the mesh");
        let order = mesh.blocks[mesh_block].order;
        let to_points = basis::interpolation(shape, order, &lattice::nodes(shape, order), points);
        Placing { mesh_block, to_points, dims: mesh.dims }
    }

    /// For the solution points of a block.
    pub fn of_solution(mesh: &LocalMesh, block: &Block) -> Placing {
        Placing::new(mesh, block, &block.operators.points)
    }

    /// Coordinates of point `q` of the element with the global id `id`.
    pub fn element<'a>(&'a self, mesh: &'a LocalMesh, id: u32) -> impl Fn(usize) -> [f64; 3] + 'a {
        let (block, k) = (&mesh.blocks[self.mesh_block], self.to_points.ncols());
        let e = block.ids.binary_search(&id).expect("the elements come from the mesh");
        let nodes = &block.nodes[e * k..(e + 1) * k];
        move |q| {
            let row = self.to_points.row(q);
            let along = |d: usize| nodes.iter().zip(row).map(|(x, w)| x[d] * w).sum();
            std::array::from_fn(|d| if d < self.dims { along(d) } else { 0.0 })
        }
    }
}

/// Puts the coordinates of all solution points into the blocks ([`Block::points`]), for backends with sources.
pub fn place_points(mesh: &LocalMesh, discretisation: &mut Discretisation) {
    let dims = discretisation.dims;
    for block in &mut discretisation.blocks {
        let placing = Placing::of_solution(mesh, block);
        let count = block.points_per_element();
        let mut points = vec![0.0; block.len() * count * dims];
        points.par_chunks_exact_mut(count * dims).zip(&block.ids).with_min_len(64).for_each(
            |(points, &id)| {
                let at = placing.element(mesh, id);
                for (q, x) in points.chunks_exact_mut(dims).enumerate() {
                    x.copy_from_slice(&at(q)[..dims]);
                }
            },
        );
        block.points = points;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::PointSets;
    use crate::engine::discretise::discretise;
    use crate::engine::geometry::Geometry;
    use crate::mesh::generate::{BoxMesh, Cells};

    #[test]
    fn coordinates_are_those_of_the_geometry_bit_by_bit() {
        for (cells, order) in [(Cells::Line, 1), (Cells::TriQuad, 2), (Cells::Mixed, 1), (Cells::Hex, 2)] {
            let mesh = BoxMesh::new(cells, [2; 3]).order(order).warp(0.02).shuffle(3).build();
            let mesh = LocalMesh::whole(&mesh);
            let mut disc = discretise(&mesh, 3, &PointSets::default()).unwrap().0;
            assert!(disc.blocks.iter().all(|b| b.points.is_empty()));
            place_points(&mesh, &mut disc);
            for block in &disc.blocks {
                let count = block.points_per_element();
                for (e, id) in block.ids.iter().enumerate() {
                    let shape = block.operators.shape;
                    let of = mesh.blocks.iter().filter(|m| m.shape == shape);
                    let (m, at) = of.filter_map(|m| Some((m, m.ids.binary_search(id).ok()?))).next().unwrap();
                    let nodes = &m.nodes[at * shape.points(m.order)..][..shape.points(m.order)];
                    let geometry = Geometry::new(&block.operators, m.order);
                    for p in 0..count {
                        let x = geometry.point(nodes, p);
                        assert_eq!(block.points[(e * count + p) * mesh.dims..][..mesh.dims], x[..mesh.dims]);
                    }
                }
            }
        }
    }
}
