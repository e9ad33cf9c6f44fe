//! Pairs the faces of a raw mesh.
use super::{Mesh, raw::RawMesh};

/// Why the elements of a file do not make a mesh.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {}

/// Sorts elements into blocks, pairs interior and periodic faces, assigns boundaries.
///
/// # Errors
/// Names the elements, coordinates or physical groups at fault.
pub fn connect(_raw: &RawMesh) -> Result<Mesh, ConnectError> {
    unimplemented!()
}
