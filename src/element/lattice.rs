//! Equally spaced node lattices: node order of geometry (x fastest) and of VTK's Lagrange cells.
