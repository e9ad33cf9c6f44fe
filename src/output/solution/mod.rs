//! HDF5 solution files (to come).
