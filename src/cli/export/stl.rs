//! `solver export stl`.

use super::load::{Loaded, Loader};
use super::{Named, bare, boundaries};
use crate::cli::{grouped, job};
use crate::output::surface::on_boundaries;
use crate::output::vtk::{CellKind, with_suffix};
use crate::output::{atomic, stl};
use crate::parallel::serial::Serial;
use anyhow::{Result, anyhow, bail};
use std::path::PathBuf;
use std::sync::Arc;

/// Boundaries of a 3-D mesh as triangles, in a binary STL file
///
/// Normals point out of the mesh.
#[derive(clap::Args, Debug)]
pub struct Stl {
    /// A solution (.ssoln), after the mesh if one is to be named, before the names of boundaries
    #[arg(required = true, value_name = "[MESH] SOLUTION [NAME]")]
    files: Vec<PathBuf>,
    /// The file to write; by default beside the solution, under its name
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Parts of each edge; by default 1 where the mesh is straight, else 4
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
    divide: Option<u8>,
}

impl Stl {
    /// Writes the file.
    pub fn write(&self) -> Result<()> {
        let named = Named::of(&self.files)?;
        let [solution] = named.solutions else {
            bail!("{} solutions are given, but one says which mesh it is", named.solutions.len());
        };
        let output = self.output.clone().unwrap_or_else(|| with_suffix(&bare(solution), ".stl"));
        if output.extension().is_none_or(|e| e != "stl") {
            bail!("'{}': call it .stl", output.display());
        }
        job::threads(None, &Serial)?;
        let mut loader = Loader::new(named.mesh, &(Arc::new(Serial) as _));
        let Loaded { engine, header, .. } = loader.load(solution).map_err(|e| anyhow!("{e}"))?;
        if header.dims != 3 {
            bail!(
                "the mesh is {}-D, but triangles are of surfaces in 3-D; 'solver export boundary' writes curves",
                header.dims
            );
        }
        let wanted = boundaries(&named.rest, &engine.mesh().boundaries)?;
        let parts = |geometry: usize| match self.divide {
            Some(n) => usize::from(n),
            None if geometry == 1 => 1,
            None => 4,
        };
        let nothing = vec![vec![]; engine.discretisation().blocks.len()];
        let grid = on_boundaries(&engine.space(), &nothing, &[], &wanted, parts, CellKind::Linear);
        let triangles = stl::triangles(&grid);
        atomic::create_folder_of(&output)?;
        stl::write(&output, &triangles)?;
        say!("written    {}: {} triangles", output.display(), grouped(triangles.len() as u64));
        Ok(())
    }
}
