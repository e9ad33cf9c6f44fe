//! Writes MSH 2.2 text, piece by piece or a whole [`RawMesh`].
//!
//! Node `i` gets the number `i + 1`. Element types and the order of their nodes are those of the table with which files
//! are read, so that what is written is read back as it was.

use super::types::{self, Lattice};
use crate::element::Shape;
use crate::mesh::raw::{Group, RawMesh};
use std::io::{self, BufWriter, Write};

/// Why a mesh cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// What the file system says.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Elements that the format (or our table of it) does not have.
    #[error(
        "this program writes no {shape} elements of geometry order {order} to Gmsh files; lower the order, or write a .smesh file"
    )]
    ElementType {
        /// Name of the shape.
        shape: &'static str,
        /// Order of the geometry.
        order: usize,
    },
    /// A name of a physical group that the format cannot hold.
    #[error("a Gmsh file cannot hold the name {0:?} of a physical group: it has quotes or line ends in it")]
    Name(String),
}

/// Writes a file from its beginning to its end: [`MshWriter::new`], nodes, elements, [`MshWriter::finish`]. It keeps no
/// more than a buffer; announced counts are not compared with what follows.
pub struct MshWriter<W: Write> {
    out: BufWriter<W>,
    /// Number and description of the type of the last element.
    last: Option<(i32, &'static Lattice)>,
    nodes: u64,
}

/// Bytes written at once.
const BUFFER: usize = 1 << 18;

impl<W: Write> MshWriter<W> {
    /// Writes format and physical groups.
    ///
    /// # Errors
    /// Names that cannot be written, whatever `out` says.
    pub fn new(out: W, groups: &[Group]) -> Result<MshWriter<W>, WriteError> {
        let mut out = BufWriter::with_capacity(BUFFER, out);
        writeln!(out, "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$PhysicalNames\n{}", groups.len())?;
        for Group { dim, tag, name } in groups {
            if name.contains(['"', '\n', '\r']) {
                return Err(WriteError::Name(name.clone()));
            }
            writeln!(out, "{dim} {tag} \"{name}\"")?;
        }
        out.write_all(b"$EndPhysicalNames\n")?;
        Ok(MshWriter { out, last: None, nodes: 0 })
    }

    /// Announces `count` nodes.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn begin_nodes(&mut self, count: u64) -> Result<(), WriteError> {
        Ok(writeln!(self.out, "$Nodes\n{count}")?)
    }

    /// Writes the next node, digits enough to read the same coordinates back.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn node(&mut self, x: [f64; 3]) -> Result<(), WriteError> {
        self.nodes += 1;
        write!(self.out, "{}", self.nodes)?;
        for x in x {
            // Without an exponent, very small and very large numbers would be rows of zeros.
            let plain = x == 0.0 || (1e-4..1e15).contains(&x.abs());
            if plain { write!(self.out, " {x}") } else { write!(self.out, " {x:e}") }?;
        }
        Ok(self.out.write_all(b"\n")?)
    }

    /// Ends the nodes and announces `count` elements.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn begin_elements(&mut self, count: u64) -> Result<(), WriteError> {
        Ok(writeln!(self.out, "$EndNodes\n$Elements\n{count}")?)
    }

    /// Writes an element of the physical group `tag`, whose nodes in lattice order are `nodes`, counted from 0.
    ///
    /// # Errors
    /// A shape and order that the format does not have, whatever the file system says.
    pub fn element(
        &mut self,
        number: u64,
        shape: Shape,
        order: usize,
        tag: i32,
        nodes: &[u32],
    ) -> Result<(), WriteError> {
        let known = self.last.filter(|(_, lattice)| (lattice.shape, lattice.order) == (shape, order));
        self.last = known.or_else(|| types::of(shape, order));
        let Some((kind, lattice)) = self.last else {
            return Err(WriteError::ElementType { shape: shape.name(), order });
        };
        write!(self.out, "{number} {kind} 2 {tag} {tag}")?;
        for &slot in &lattice.to_lattice {
            write!(self.out, " {}", u64::from(nodes[slot]) + 1)?;
        }
        Ok(self.out.write_all(b"\n")?)
    }

    /// Ends the elements, and writes what is left in the buffer.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.write_all(b"$EndElements\n")?;
        self.out.flush()
    }
}

/// Writes a whole mesh, block by block; elements keep their numbers.
///
/// # Errors
/// Elements or names that the format does not have, whatever `out` says.
pub fn write(mesh: &RawMesh, out: impl Write) -> Result<(), WriteError> {
    let mut writer = MshWriter::new(out, &mesh.groups)?;
    writer.begin_nodes(mesh.nodes.len() as u64)?;
    mesh.nodes.iter().try_for_each(|x| writer.node(*x))?;
    writer.begin_elements(mesh.blocks.iter().map(|b| b.numbers.len() as u64).sum())?;
    for block in &mesh.blocks {
        let elements = block.nodes.chunks_exact(block.shape.points(block.order));
        for ((nodes, &group), number) in elements.zip(&block.groups).zip(block.numbers.iter()) {
            writer.element(number, block.shape, block.order, mesh.groups[group as usize].tag, nodes)?;
        }
    }
    Ok(writer.finish()?)
}
