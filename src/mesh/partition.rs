//! Divides a mesh into parts (METIS).
