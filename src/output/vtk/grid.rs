//! Cells with fields and marks, whatever file they go to, and their arrays in VTK's order.

use super::merge::Merged;
use super::nodes::{CellKind, Layout, layout};
use super::piece::{Field, VtkCells};
use vtkio::model::CellType;

/// What a file holds of one time.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// What fills the elements.
    pub kind: CellKind,
    /// The elements.
    pub cells: Vec<VtkCells>,
    /// Quantities at their nodes.
    pub fields: Vec<Field>,
    /// Numbers of the elements.
    pub marks: Vec<Mark>,
    /// Whether points that elements share are one, with the mean of their values.
    pub merged: bool,
}

/// A named whole number of each element.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Name shown by the viewer.
    pub name: String,
    /// `[element]`, all blocks one after the other.
    pub values: Vec<i32>,
}

impl Grid {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.cells.iter().map(VtkCells::len).sum()
    }

    /// True where there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is wrong with the sizes of the marks.
    pub(super) fn check_marks(&self) -> Result<(), String> {
        match self.marks.iter().find(|m| m.values.len() != self.len()) {
            Some(m) => {
                Err(format!("mark {:?}: {} values for {} elements", m.name, m.values.len(), self.len()))
            }
            None => Ok(()),
        }
    }
}

/// Cells on points that are stored element by element in VTK's order.
pub(super) struct CellArrays {
    /// Nodes of all cells, one after the other.
    pub connectivity: Vec<u64>,
    /// End of each cell in these.
    pub offsets: Vec<u64>,
    pub types: Vec<CellType>,
}

/// Blocks of elements with their layouts.
pub(super) struct Laid<'a> {
    blocks: &'a [VtkCells],
    layouts: Vec<Layout>,
    /// Which nodes are one point, where not each is its own.
    merged: Option<Merged>,
}

impl<'a> Laid<'a> {
    pub fn new(blocks: &'a [VtkCells], kind: CellKind) -> Laid<'a> {
        let layouts = blocks.iter().map(|b| layout(b.shape, b.order, kind)).collect();
        Laid { blocks, layouts, merged: None }
    }

    /// Makes one point of nodes at one place, if `merged`.
    pub fn merge(mut self, merged: bool) -> Laid<'a> {
        if merged {
            let nodes = self.blocks.iter().zip(&self.layouts).flat_map(|(block, layout)| {
                let elements = block.points.chunks_exact(3 * block.nodes_per_element());
                elements.flat_map(move |element| {
                    layout.order.iter().map(move |n| [element[3 * n], element[3 * n + 1], element[3 * n + 2]])
                })
            });
            self.merged = Some(Merged::new(nodes));
        }
        self
    }

    /// Number of points.
    pub fn points(&self) -> usize {
        let nodes = self.blocks.iter().map(|b| b.points.len() / 3).sum();
        self.merged.as_ref().map_or(nodes, Merged::len)
    }

    /// Whether nodes at one place are one point.
    pub fn is_merged(&self) -> bool {
        self.merged.is_some()
    }

    /// The point of a node, counted in the order of the cells.
    pub fn point(&self, node: usize) -> usize {
        self.merged.as_ref().map_or(node, |merged| merged.of[node])
    }

    /// The blocks, and what becomes of an element of each.
    pub fn blocks(&self) -> impl Iterator<Item = (&'a VtkCells, &Layout)> {
        self.blocks.iter().zip(&self.layouts)
    }

    /// Number of cells.
    pub fn count(&self) -> usize {
        self.blocks.iter().zip(&self.layouts).map(|(b, layout)| b.len() * layout.cells.len()).sum()
    }

    /// Values `[element][lattice node][component]` of each block at the points, nodes in VTK's order.
    pub fn values<'v>(
        &'v self,
        components: usize,
        values: &'v [&'v [f64]],
    ) -> Box<dyn Iterator<Item = f64> + 'v> {
        let all = values.iter().zip(&self.layouts);
        let all = all.flat_map(move |(v, layout)| permuted(v, &layout.order, components));
        match &self.merged {
            None => Box::new(all),
            Some(merged) => Box::new(merged.means(components, all).into_iter()),
        }
    }

    /// A number of each element for each of its cells.
    pub fn repeated<T: Copy>(&self, values: &[T]) -> Vec<T> {
        let counts = self.blocks.iter().zip(&self.layouts);
        let counts = counts.flat_map(|(b, layout)| std::iter::repeat_n(layout.cells.len(), b.len()));
        values.iter().zip(counts).flat_map(|(x, n)| std::iter::repeat_n(*x, n)).collect()
    }

    /// The cells of all blocks.
    pub fn cells(&self) -> CellArrays {
        let mut arrays = CellArrays { connectivity: vec![], offsets: vec![], types: vec![] };
        let mut first = 0;
        for (block, layout) in self.blocks.iter().zip(&self.layouts) {
            for _ in 0..block.len() {
                for cell in &layout.cells {
                    arrays
                        .connectivity
                        .extend(cell.nodes.iter().map(|&node| self.point(first + node) as u64));
                    arrays.offsets.push(arrays.connectivity.len() as u64);
                    arrays.types.push(cell.kind);
                }
                first += block.nodes_per_element();
            }
        }
        arrays
    }
}

/// Values `[element][node][component]` with the nodes of each element in another order.
fn permuted<'a>(values: &'a [f64], order: &'a [usize], components: usize) -> impl Iterator<Item = f64> + 'a {
    let elements = values.chunks_exact(order.len() * components);
    elements.flat_map(move |element| {
        order.iter().flat_map(move |&node| element[node * components..][..components].iter().copied())
    })
}

/// What is wrong with the sizes of blocks and fields.
pub(super) fn check(blocks: &[VtkCells], fields: &[Field]) -> Result<(), String> {
    for (b, block) in blocks.iter().enumerate() {
        let per_cell = 3 * block.nodes_per_element();
        if block.order == 0 || !block.points.len().is_multiple_of(per_cell) {
            return Err(format!(
                "block {b} ({} of order {}): {} coordinates are not a multiple of {per_cell} for cells of order 1 or more",
                block.shape.name(),
                block.order,
                block.points.len()
            ));
        }
    }
    for field in fields {
        let expected = |b: &VtkCells| b.points.len() / 3 * field.components;
        let fits = field.values.len() == blocks.len()
            && field.values.iter().zip(blocks).all(|(v, b)| v.len() == expected(b));
        if !matches!(field.components, 1 | 3) || !fits {
            return Err(format!(
                "field {:?} ({} components, 1 or 3 are possible): values an block {:?}, expected {:?}",
                field.name,
                field.components,
                field.values.iter().map(Vec::len).collect::<Vec<_>>(),
                blocks.iter().map(expected).collect::<Vec<_>>()
            ));
        }
    }
    Ok(())
}
