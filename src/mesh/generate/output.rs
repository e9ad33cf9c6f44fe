//! Makes meshes and files of structured meshes.

use super::grid::Grid;
use super::numbering::Numbering;
use super::{GenerateError, Structured};
use crate::element::Shape;
use crate::mesh::connect::{Options, connect_with};
use crate::mesh::gmsh::{MshWriter, WriteError};
use crate::mesh::raw::{RawBlock, RawMesh};
use crate::mesh::{Mesh, Progress, silent};
use std::io::Write;

/// What a mesh holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Number of nodes.
    pub nodes: u64,
    /// Number of elements of each shape that occurs, in the order of [`Shape::ALL`].
    pub elements: Vec<(Shape, u64)>,
    /// Number of faces on boundaries and periodic sides.
    pub faces: u64,
    /// Names of the boundaries and periodic sides.
    pub sides: Vec<String>,
}

/// Nodes and elements after which progress is told.
const TOLD_AFTER: u64 = 1 << 16;

impl Structured {
    /// What the mesh will hold; visits every cell, but keeps none.
    ///
    /// # Errors
    /// A mesh that cannot be.
    pub fn totals(&self) -> Result<Totals, GenerateError> {
        Ok(self.prepare()?.2)
    }

    /// The mesh as a file would say it.
    ///
    /// # Errors
    /// A mesh that cannot be.
    pub fn raw(&self) -> Result<RawMesh, GenerateError> {
        let (grid, numbering, totals) = self.prepare()?;
        let mut raw = RawMesh { groups: grid.groups.clone(), ..RawMesh::default() };
        let bytes = 24 * totals.nodes;
        raw.nodes
            .try_reserve_exact(totals.nodes as usize)
            .map_err(|_| GenerateError::Memory { what: "the nodes", bytes })?;
        grid.nodes(&numbering, |x| {
            raw.nodes.push(x);
            Ok::<(), GenerateError>(())
        })?;
        let mut number = 0;
        grid.pieces(|piece| {
            // Points have one node, whatever the order.
            let order = if piece.shape == Shape::Point { 1 } else { self.order };
            let b = match raw.blocks.iter().position(|b| b.shape == piece.shape) {
                Some(b) => b,
                None => {
                    raw.blocks.push(self.empty_block(piece.shape, order, &totals)?);
                    raw.blocks.len() - 1
                }
            };
            let block = &mut raw.blocks[b];
            block.nodes.extend(
                piece.keys.iter().map(|&key| numbering.get(key).expect("nodes of elements are numbered")),
            );
            block.groups.push(piece.group);
            number += 1;
            block.numbers.push(number);
            Ok::<(), GenerateError>(())
        })?;
        // As they come when a file is read.
        raw.blocks.sort_by_key(|b| (b.shape, b.order));
        Ok(raw)
    }

    /// The mesh, connected: elements and nodes in the order of [`Structured::raw`], all of the geometry order asked for.
    ///
    /// # Errors
    /// A mesh that cannot be.
    pub fn build(&self) -> Result<Mesh, GenerateError> {
        let as_it_is = Options { lintol: 0.0, renumber: false };
        Ok(connect_with(self.raw()?, &as_it_is, &silent)?.mesh)
    }

    /// Writes the mesh as MSH 2.2 text while it is made: memory is taken only for the order of shuffled elements, and for a
    /// bit and a half a lattice point in meshes with pyramids. `progress` hears of nodes and elements written.
    ///
    /// # Errors
    /// A mesh that cannot be, or not in this format; whatever `out` says.
    pub fn write_msh(&self, out: impl Write, progress: &Progress) -> Result<Totals, GenerateError> {
        let (grid, numbering, totals) = self.prepare()?;
        let mut writer = MshWriter::new(out, &grid.groups)?;
        let elements = totals.faces + totals.elements.iter().map(|e| e.1).sum::<u64>();
        let mut written = 0;
        let mut tell = || {
            if written % TOLD_AFTER == 0 {
                progress("writing", written, totals.nodes + elements);
            }
            written += 1;
        };
        writer.begin_nodes(totals.nodes)?;
        grid.nodes(&numbering, |x| {
            tell();
            writer.node(x)
        })?;
        writer.begin_elements(elements)?;
        let (mut number, mut nodes) = (0, Vec::new());
        grid.pieces(|piece| {
            tell();
            number += 1;
            nodes.clear();
            nodes.extend(
                piece.keys.iter().map(|&key| numbering.get(key).expect("nodes of elements are numbered")),
            );
            let order = if piece.shape == Shape::Point { 1 } else { self.order };
            let tag = grid.groups[piece.group as usize].tag;
            Ok::<(), GenerateError>(writer.element(number, piece.shape, order, tag, &nodes)?)
        })?;
        writer.finish().map_err(WriteError::from)?;
        Ok(totals)
    }

    /// Checks everything, counts, numbers the nodes.
    fn prepare(&self) -> Result<(Grid<'_>, Numbering, Totals), GenerateError> {
        let grid = Grid::new(self)?;
        let (counts, faces) = grid.count()?;
        if let Some(missing) = self.cells.shapes().iter().find(|s| counts[**s as usize] == 0) {
            let (cells, missing, least) = (self.cells.name(), missing.name(), self.cells.least());
            return Err(GenerateError::TooFew { counts: self.counts, cells, missing, least });
        }
        let numbering = grid.number()?;
        let elements = Shape::ALL.into_iter().map(|s| (s, counts[s as usize])).filter(|e| e.1 > 0).collect();
        let sides = grid.groups[1..].iter().map(|g| g.name.clone()).collect();
        let totals = Totals { nodes: numbering.count(), elements, faces, sides };
        Ok((grid, numbering, totals))
    }

    /// A block with room for the elements of a shape.
    fn empty_block(&self, shape: Shape, order: usize, totals: &Totals) -> Result<RawBlock, GenerateError> {
        let (nodes, groups, numbers) = Default::default();
        let mut block = RawBlock { shape, order, nodes, groups, numbers };
        let count = totals.elements.iter().find(|e| e.0 == shape).map_or(0, |e| e.1) as usize;
        let per = shape.points(order);
        let reserved = count.checked_mul(per).is_some_and(|n| block.nodes.try_reserve_exact(n).is_ok())
            && block.groups.try_reserve_exact(count).is_ok();
        if reserved {
            return Ok(block);
        }
        let bytes = (count as u64).saturating_mul(4 * per as u64 + 4);
        Err(GenerateError::Memory { what: "the elements", bytes })
    }
}
