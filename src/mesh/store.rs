//! The HDF5 mesh file.
