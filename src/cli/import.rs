//! `solver import`.

use super::files;
use crate::mesh::connect::Options;
use crate::mesh::store;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Turn a mesh of Gmsh or PyFR into a mesh file
///
/// Reads MSH 2.2 and 4.1, text and binary, and .pyfrm files of PyFR 3. In Gmsh files, every element must belong to a
/// physical group: those of the highest dimension make the volume, the others the boundaries; groups called
/// periodic_NAME_l and periodic_NAME_r are joined.
#[derive(clap::Args, Debug)]
pub struct Import {
    /// Gmsh file (.msh) or PyFR mesh (.pyfrm)
    input: PathBuf,
    /// Mesh file to write; by default the input's name with the extension .smesh
    output: Option<PathBuf>,
    /// Replace an existing output even if it is not a mesh file
    #[arg(short, long)]
    force: bool,
    /// How far nodes may lie off the position given by the vertices, as part of an element's size, for it to count as
    /// straight
    #[arg(short, long, default_value_t = Options::default().lintol, value_name = "PART")]
    lintol: f64,
    /// Keep the order of the file instead of numbering elements along a space-filling curve
    #[arg(long)]
    keep_order: bool,
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
        if !(0.0..=0.5).contains(&self.lintol) {
            bail!("--lintol is {}; give a number from 0 to 0.5, such as 1e-5", self.lintol);
        }
        let options = Options { lintol: self.lintol, renumber: !self.keep_order };
        let mesh = files::import(&self.input, &options, false)?;
        store::write(&mesh, &output)?;
        println!("{}: {}", output.display(), files::summary(&mesh));
        Ok(())
    }
}
