//! The reader against files that Gmsh wrote, files written here, and damaged ones.

mod damaged;
mod fixtures;
mod messages;
mod pieces;
mod write;
mod zoo;
