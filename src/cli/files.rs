//! Finding and reading meshes.

use super::{note, progress::Work};
use crate::mesh::{Mesh, connect, gmsh, pyfrm, store};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Recommended extension of mesh files.
pub const EXTENSION: &str = "smesh";

/// The only mesh file in the current directory.
///
/// # Errors
/// None, or several, which are listed.
pub fn only_mesh() -> Result<PathBuf> {
    let mut candidates: Vec<PathBuf> = std::fs::read_dir(".")
        .context("cannot list the current directory")?
        .filter_map(|entry| entry.ok().map(|e| PathBuf::from(e.file_name())))
        .filter(|path| path.extension().is_some_and(|e| e == EXTENSION))
        .collect();
    candidates.sort();
    match &candidates[..] {
        [one] => Ok(one.clone()),
        [] => bail!(
            "no mesh was named, and the current directory holds no .{EXTENSION} file; \
             make one with 'solver import mesh.msh', or name the mesh"
        ),
        many => {
            let list: Vec<_> = many.iter().map(|p| p.display().to_string()).collect();
            bail!(
                "no mesh was named, and the current directory holds {}: {}; name one",
                many.len(),
                list.join(", ")
            )
        }
    }
}

/// Reads a mesh: a mesh file, or one of another program, which is imported on the fly.
///
/// # Errors
/// Missing, unreadable or faulty files.
pub fn read_mesh(path: &Path, quiet: bool) -> Result<Mesh> {
    if store::is_mesh_file(path) {
        return Ok(store::read(path)?);
    }
    if path.extension().is_some_and(|e| e == "msh") || (path.exists() && pyfrm::is_pyfrm(path)) {
        return import(path, &connect::Options::default(), quiet);
    }
    if !path.exists() {
        bail!("there is no mesh file '{}'", path.display());
    }
    bail!(
        "'{}' is neither a mesh file of this program nor one of Gmsh (.msh) or PyFR (.pyfrm); make one with 'solver import'",
        path.display()
    );
}

/// Imports a file of PyFR or, if it is none, of Gmsh.
///
/// # Errors
/// Missing, unreadable or faulty files.
pub fn import(path: &Path, options: &connect::Options, quiet: bool) -> Result<Mesh> {
    let work = (!quiet).then(Work::new);
    let watch = |stage: &str, done: u64, total: u64| {
        work.iter().for_each(|work| work.report(stage, done, total));
    };
    let (raw, dropped) = if pyfrm::is_pyfrm(path) {
        let pyfrm::Pyfrm { raw, notices } = pyfrm::read(path)?;
        (raw, notices)
    } else {
        (gmsh::read_watched(path, &|done, total| watch("reading", done, total))?, Vec::new())
    };
    let connected =
        connect::connect_with(raw, options, &watch).with_context(|| path.display().to_string())?;
    drop(work);
    if !quiet {
        dropped.iter().for_each(note);
        connected.notices.iter().for_each(note);
    }
    Ok(connected.mesh)
}

/// One line about a mesh.
pub fn summary(mesh: &Mesh) -> String {
    let shapes: Vec<String> = mesh
        .blocks
        .iter()
        .map(|b| format!("{} {}", super::grouped(b.len() as u64), b.shape.name()))
        .collect();
    let boundaries = if mesh.boundaries.is_empty() {
        "no boundaries".into()
    } else {
        format!("boundaries {}", mesh.boundaries.join(", "))
    };
    format!(
        "{}-D, {} elements, {} nodes, {boundaries}",
        mesh.dims,
        shapes.join(" + "),
        super::grouped(mesh.nodes.len() as u64)
    )
}
