//! `solver partition`.

use super::files;
use crate::mesh::{partition, store};
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Divide a mesh into parts, one for each rank of a parallel run
///
/// The partitioning is stored inside the mesh file; several can stand side by side.
#[derive(clap::Args, Debug)]
pub struct Partition {
    /// Number of parts
    parts: usize,
    /// Mesh file; by default the only one in the current directory
    mesh: Option<PathBuf>,
    /// Name of the partitioning; by default the number of parts
    #[arg(short, long)]
    name: Option<String>,
    /// Replace a partitioning of this name
    #[arg(short, long)]
    force: bool,
}

impl Partition {
    pub fn execute(self) -> Result<()> {
        let path = self.mesh.map_or_else(files::only_mesh, Ok)?;
        if !store::is_mesh_file(&path) && path.exists() {
            bail!("'{}' is not a mesh file of this program; make one with 'solver import'", path.display());
        }
        let mesh = store::read(&path)?;
        let name = self.name.unwrap_or_else(|| self.parts.to_string());
        let taken = mesh.partitionings.contains_key(&name);
        if taken && !self.force {
            bail!(
                "'{}' already has a partitioning called '{name}'; give --force to replace it, or --name",
                path.display()
            );
        }
        let partitioning = partition::partition(&mesh, self.parts, None)?;
        if taken {
            store::remove_partitioning(&path, &name)?;
        }
        store::add_partitioning(&path, &name, &partitioning)?;
        let quality = partition::quality(&mesh, &partitioning, None);
        let (least, most) =
            (quality.sizes.iter().min().unwrap_or(&0), quality.sizes.iter().max().unwrap_or(&0));
        println!(
            "{}: partitioning '{name}' of {} parts, {least} to {most} elements each (imbalance {:.3}), {} faces cut",
            path.display(),
            self.parts,
            quality.imbalance,
            quality.cut_faces
        );
        Ok(())
    }
}
