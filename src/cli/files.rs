//! Finding and reading meshes.

use super::{note, progress::Work};
use crate::element::Shape;
use crate::mesh::raw::RawMesh;
use crate::mesh::{Mesh, Progress, connect, gmsh, pyfrm, store};
use crate::run::mesh::Source;
use anyhow::{Context, Result, bail};
use std::io::Read;
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

/// The mesh, if it is named, and the case among the arguments of a command: in the order mesh, case, or the other one where the
/// names say so.
///
/// # Errors
/// Not one or two files, or a mesh alone.
pub fn mesh_and_case(files: &[PathBuf]) -> Result<(Option<&PathBuf>, &PathBuf)> {
    let is_case = |path: &Path| path.extension().is_some_and(|e| e == "ini");
    let is_mesh =
        |path: &Path| path.extension().is_some_and(|e| e == "msh" || e == "pyfrm" || e == EXTENSION);
    match files {
        [one] if is_mesh(one) => {
            bail!("'{}' is a mesh; give a case file (.ini), too", one.display())
        }
        [case] => Ok((None, case)),
        [case, mesh] if is_case(case) && !is_case(mesh) => Ok((Some(mesh), case)),
        [mesh, case] if is_mesh(case) => {
            bail!("'{}' and '{}': give a mesh and a case file (.ini)", mesh.display(), case.display())
        }
        [mesh, case] => Ok((Some(mesh), case)),
        _ => bail!("give a case file, or a mesh and a case file"),
    }
}

/// Refuses to write a table over a mesh, a solution or a case.
///
/// # Errors
/// There is such a file.
pub fn check_table(path: &Path) -> Result<()> {
    let content = std::fs::File::open(path).ok().filter(|_| path.is_file()).and_then(|file| {
        let mut start = vec![];
        file.take(8).read_to_end(&mut start).ok().map(|_| start)
    });
    let hdf5 = content.is_some_and(|start| start == b"\x89HDF\r\n\x1a\n");
    let named = path.is_file() && ["ini", "msh"].iter().any(|e| path.extension().is_some_and(|x| x == *e));
    if hdf5 || named {
        bail!("'{}' is a mesh, a solution or a case; name another file to write", path.display());
    }
    Ok(())
}

/// Opens the mesh of a run: a mesh file on every rank; one of another program is imported by the first rank, and nothing is
/// read on the others.
///
/// # Errors
/// Missing, unreadable or faulty files.
pub fn open_mesh(path: &Path, first: bool) -> Result<Source> {
    let named_so = path.exists() && path.extension().is_some_and(|e| e == EXTENSION);
    if store::is_mesh_file(path) || named_so {
        return Ok(Source::File(store::open(path)?));
    }
    Ok(Source::Memory(if first { Some(read_mesh(path, false)?) } else { None }))
}

/// Reads a mesh: a mesh file, or one of another program, which is imported on the fly.
///
/// # Errors
/// Missing, unreadable or faulty files.
pub fn read_mesh(path: &Path, quiet: bool) -> Result<Mesh> {
    if store::is_mesh_file(path) {
        return Ok(store::read(path)?);
    }
    if is_foreign(path) {
        return import(path, &connect::Options::default(), quiet);
    }
    if !path.exists() {
        bail!("there is no mesh file '{}'", path.display());
    }
    if path.extension().is_some_and(|e| e == EXTENSION) {
        // It is to be one: what keeps it from being read is worth more than that it is none.
        return Ok(store::read(path)?);
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
    Ok(import_connected(path, options, quiet)?.mesh)
}

/// The same, and how the mesh came to be.
///
/// # Errors
/// As [`import`].
pub fn import_connected(path: &Path, options: &connect::Options, quiet: bool) -> Result<connect::Connected> {
    let work = (!quiet).then(Work::new);
    let watch = |stage: &str, done: u64, total: u64| {
        work.iter().for_each(|work| work.report(stage, done, total));
    };
    let (raw, dropped) = read_raw(path, &watch)?;
    let connected =
        connect::connect_with(raw, options, &watch).with_context(|| path.display().to_string())?;
    drop(work);
    if !quiet {
        dropped.iter().for_each(note);
        connected.notices.iter().for_each(note);
    }
    Ok(connected)
}

/// Content of a file of PyFR or, if it is none, of Gmsh, and what was left out of it.
///
/// # Errors
/// Missing, unreadable or faulty files.
pub fn read_raw(path: &Path, watch: &Progress) -> Result<(RawMesh, Vec<pyfrm::Notice>)> {
    if pyfrm::is_pyfrm(path) {
        let pyfrm::Pyfrm { raw, notices } = pyfrm::read(path)?;
        return Ok((raw, notices));
    }
    Ok((gmsh::read_watched(path, &|done, total| watch("reading", done, total))?, Vec::new()))
}

/// True when the file is one to be imported, by its name or content.
pub fn is_foreign(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "msh") || (path.exists() && pyfrm::is_pyfrm(path))
}

/// One line about a mesh.
pub struct Summary<'a> {
    dims: usize,
    /// Shape and number of elements of each block.
    blocks: Vec<(Shape, usize)>,
    nodes: usize,
    boundaries: &'a [String],
}

impl<'a> Summary<'a> {
    /// Of a mesh in memory.
    pub fn of_mesh(mesh: &'a Mesh) -> Self {
        let blocks = mesh.blocks.iter().map(|b| (b.shape, b.len())).collect();
        Summary { dims: mesh.dims, blocks, nodes: mesh.nodes.len(), boundaries: &mesh.boundaries }
    }

    /// Of a mesh that is about to run; says nothing on ranks that do not have it.
    pub fn of(source: &'a Source) -> Self {
        match source {
            Source::Memory(Some(mesh)) => Summary::of_mesh(mesh),
            Source::Memory(None) => Summary { dims: 0, blocks: vec![], nodes: 0, boundaries: &[] },
            Source::File(file) => Summary {
                dims: file.dims(),
                blocks: file.blocks().map(|(shape, _, len)| (shape, len)).collect(),
                nodes: file.nodes(),
                boundaries: file.boundaries(),
            },
        }
    }
}

impl std::fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shapes: Vec<String> = (self.blocks.iter())
            .map(|(shape, len)| format!("{} {}", super::grouped(*len as u64), shape.name()))
            .collect();
        let (dims, nodes) = (self.dims, super::grouped(self.nodes as u64));
        write!(f, "{dims}-D, {} elements, {nodes} nodes, ", shapes.join(" + "))?;
        match self.boundaries {
            [] => f.write_str("no boundaries"),
            names => write!(f, "boundaries {}", names.join(", ")),
        }
    }
}

/// One line about a mesh.
pub fn summary(mesh: &Mesh) -> String {
    Summary::of_mesh(mesh).to_string()
}
