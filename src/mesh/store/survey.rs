//! What a mesh file tells without its whole mesh being made: numbers pass by in pieces.

use super::file::{MeshFile, point};
use super::{BOUNDARY, StoreError};

impl MeshFile {
    /// Number of faces of each boundary, in the order of [`MeshFile::boundaries`].
    ///
    /// # Errors
    /// A damaged file.
    pub fn boundary_faces(&self) -> Result<Vec<u64>, StoreError> {
        let mut faces = vec![0; self.boundaries().len()];
        if faces.is_empty() {
            return Ok(faces);
        }
        let step = 1 << 17;
        for block in &self.blocks {
            for start in (0..block.len()).step_by(step) {
                let rows = start..(start + step).min(block.len());
                let kinds = block.face.read(rows.clone())?;
                // Most pieces of a large mesh touch no boundary.
                if !kinds.contains(&BOUNDARY) {
                    continue;
                }
                let neighbours = block.neighbour.read(rows)?;
                for (boundary, _) in neighbours.iter().zip(&kinds).filter(|(_, kind)| **kind == BOUNDARY) {
                    let known = faces.get_mut(*boundary as usize).ok_or_else(|| StoreError::Invalid {
                        path: self.path().into(),
                        object: format!("{}/neighbour", block.name),
                        what: format!("boundary {boundary} does not exist"),
                    })?;
                    *known += 1;
                }
            }
        }
        Ok(faces)
    }

    /// Coordinates of all nodes; those that are missing in fewer dimensions are 0.
    ///
    /// # Errors
    /// A damaged file.
    pub fn all_nodes(&self) -> Result<Vec<[f64; 3]>, StoreError> {
        let mut nodes = Vec::with_capacity(self.nodes.rows);
        self.nodes.pieces(|piece| nodes.extend(piece.chunks_exact(self.dims()).map(point)))?;
        Ok(nodes)
    }

    /// Calls `take` with the nodes of the elements of block `block`, `[element][node]`, in pieces of whole elements.
    ///
    /// # Errors
    /// A damaged file.
    ///
    /// # Panics
    /// If there is no such block.
    pub fn each_element(&self, block: usize, take: impl FnMut(&[u32])) -> Result<(), StoreError> {
        self.blocks[block].nodes.pieces(take)
    }
}
