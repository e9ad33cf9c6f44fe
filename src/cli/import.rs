//! `solver import`.

use super::files;
use crate::mesh::{connect, store};
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Turn a Gmsh file into a mesh file
///
/// Reads MSH 2.2 and 4.1, text and binary. Every element must belong to a physical group: those of the highest dimension
/// make the volume, the others the boundaries; groups called periodic_NAME_l and periodic_NAME_r are joined.
#[derive(clap::Args, Debug)]
pub struct Import {
    /// Gmsh file (.msh)
    input: PathBuf,
    /// Mesh file to write; by default the input's name with the extension .smesh
    output: Option<PathBuf>,
    /// Replace an existing output even if it is not a mesh file
    #[arg(short, long)]
    force: bool,
    /// An element of higher order is straight when its nodes are nearer than this part of its extent to where its
    /// vertices put them
    #[arg(short, long, default_value_t = connect::Options::default().lintol)]
    lintol: f64,
}

impl Import {
    pub fn execute(self) -> Result<()> {
        let output = self.output.unwrap_or_else(|| self.input.with_extension(files::EXTENSION));
        if output.exists() && !self.force && !store::is_mesh_file(&output) {
            bail!(
                "'{}' exists and is not a mesh file; name another output, or give --force",
                output.display()
            );
        }
        let options = connect::Options { lintol: self.lintol, ..Default::default() };
        let mesh = files::import(&self.input, &options, false)?;
        store::write(&mesh, &output)?;
        println!("{}: {}", output.display(), files::summary(&mesh));
        Ok(())
    }
}
