//! Small structured meshes.
