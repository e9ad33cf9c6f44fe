//! How the flux points of two elements meet on a shared face.
use super::Operators;

/// For each flux point of face `face` of `ours`, the index within face `their_face` of `theirs` of the flux point at the
/// same place, when the faces meet with `rotation` (see [`super::shape::paired_vertex`]).
///
/// `None` when the two faces' point sets do not coincide.
pub fn pair(
    _ours: &Operators,
    _face: usize,
    _theirs: &Operators,
    _their_face: usize,
    _rotation: usize,
) -> Option<Vec<u16>> {
    unimplemented!()
}
