//! Reads Gmsh files.
