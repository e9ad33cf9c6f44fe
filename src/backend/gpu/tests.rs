//! Tests that look inside; see also `tests/gpu.rs`.
