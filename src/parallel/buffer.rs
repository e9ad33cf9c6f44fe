//! Message buffers.

/// A cache line: its alignment suits every vector load and every plain data type.
#[derive(Clone, Copy, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Bytes aligned to 64, of fixed length; they stay where they are when the owner moves.
pub(super) struct AlignedBytes {
    lines: Vec<Line>,
    bytes: usize,
}

impl AlignedBytes {
    pub(super) fn zeroed(bytes: usize) -> Self {
        Self { lines: vec![Line([0; 64]); bytes.div_ceil(64)], bytes }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes
    }
}

impl AsRef<[u8]> for AlignedBytes {
    fn as_ref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.lines)[..self.bytes]
    }
}

impl AsMut<[u8]> for AlignedBytes {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.bytes]
    }
}
