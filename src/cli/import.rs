//! `solver import`.

use super::solution::is_solution;
use super::{files, grouped, note};
use crate::case::from_pyfr;
use crate::mesh::connect::Options;
use crate::mesh::{pyfrm, store};
use crate::output::atomic::create_folder_of;
use crate::output::pyfrs::{self, Pyfrs};
use crate::output::{solution, stl};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Turn a mesh of Gmsh or PyFR into a mesh file, a solution of PyFR into a solution file
///
/// Reads MSH 2.2 and 4.1, text and binary, and .pyfrm files of PyFR 3. In Gmsh files, every
/// element must belong to a physical group: those of the highest dimension make the volume, the
/// others the boundaries; groups called periodic_NAME_l and periodic_NAME_r are joined. Bodies of
/// triangles in a .pyfrm file become STL files beside the mesh.
///
/// Of a solution (.pyfrs of PyFR 3) the mesh is named, too: the .pyfrm file that it was computed
/// on. 'solver restart', export, plot, sample and info then take the .ssoln file like any other,
/// with the mesh imported from the same .pyfrm file with the same options.
///
///   solver import channel.msh
///   solver import channel.pyfrm channel.smesh
///   solver import flow-2.50.pyfrs channel.pyfrm flow-2.50.ssoln
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Import {
    /// Gmsh file (.msh), PyFR mesh (.pyfrm) or PyFR solution (.pyfrs)
    input: PathBuf,
    /// Mesh file to write, by default the input's name with the extension .smesh; of a solution, the PyFR mesh it belongs to
    #[arg(value_name = "OUTPUT or MESH")]
    second: Option<PathBuf>,
    /// Of a solution, the file to write; by default the input's name with the extension .ssoln
    #[arg(value_name = "SOLUTION")]
    third: Option<PathBuf>,
    /// Replace an existing output even if it is not a mesh or solution file
    #[arg(short, long)]
    force: bool,
    /// How far nodes may lie off the position given by the vertices, as part of an element's size, for it to count as
    /// straight
    #[arg(short, long, default_value_t = Options::default().lintol, value_name = "PART")]
    lintol: f64,
    /// Kind of the input, which PyFR wants to know
    #[arg(short = 't', hide = true)]
    kind: Option<String>,
    /// Keep the order of the file instead of numbering elements along a space-filling curve
    #[arg(long)]
    keep_order: bool,
}

impl Import {
    pub fn execute(self) -> Result<()> {
        if !(0.0..=0.5).contains(&self.lintol) {
            bail!("--lintol is {}; give a number from 0 to 0.5, such as 1e-5", self.lintol);
        }
        let options = Options { lintol: self.lintol, renumber: !self.keep_order };
        if pyfrs::is_pyfrs(&self.input) {
            return self.solution(&options);
        }
        if let Some(third) = self.third {
            bail!(
                "'{}' is not expected: a mesh is imported into one file, and only a solution of PyFR (.pyfrs) has a mesh \
                 to be named",
                third.display()
            );
        }
        let output = self.second.unwrap_or_else(|| self.input.with_extension(files::EXTENSION));
        if output.exists() && !self.force && !store::is_mesh_file(&output) {
            bail!(
                "'{}' exists and is not a mesh file; name another output, or give --force",
                output.display()
            );
        }
        let mesh = files::import(&self.input, &options, false)?;
        let bodies = if pyfrm::is_pyfrm(&self.input) { pyfrm::bodies(&self.input)? } else { vec![] };
        store::write(&mesh, &output)?;
        say!("{}: {}", output.display(), files::summary(&mesh));
        bodies.iter().try_for_each(|body| write_body(&output, body))
    }

    fn solution(self, options: &Options) -> Result<()> {
        let Some(mesh) = &self.second else {
            bail!("a solution of PyFR needs its mesh: solver import {} MESH.pyfrm", self.input.display());
        };
        check_mesh(mesh)?;
        // Of a name such as flow-2.50.pyfrs only the known extension is replaced.
        let output = self.third.unwrap_or_else(|| self.input.with_extension(&solution::EXTENSION[1..]));
        if output.exists() && !self.force && !is_solution(&output) {
            bail!(
                "'{}' exists and is not a solution file; name another output, or give --force",
                output.display()
            );
        }
        let file = Pyfrs::open(&self.input)?;
        let uuid = pyfrm::uuid(mesh)?;
        let connected = files::import_connected(mesh, options, false)?;
        let (header, blocks) = from_pyfr::import(&file, &connected, &uuid)?;
        create_folder_of(&output)?;
        solution::write(&output, &header, &blocks)?;
        say!(
            "{}: t = {}, {} of order {} on {}",
            output.display(),
            header.t,
            header.system,
            header.order,
            files::summary(&connected.mesh)
        );
        Ok(())
    }
}

/// Writes a body of a mesh of PyFR as an STL file of its name beside the `mesh`, unless there is one.
fn write_body(mesh: &Path, (name, triangles): &pyfrm::Body) -> Result<()> {
    let file = mesh.with_file_name(format!("{name}.stl"));
    // The name is that of a file here and nowhere else.
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_ +.".contains(c));
    if !plain || name.starts_with('.') {
        note(format!("the body {name:?} is left out, for its name cannot be that of a file"));
    } else if file.exists() {
        note(format!("{} exists and is left as it is; the mesh holds a body '{name}', too", file.display()));
    } else {
        stl::write(&file, triangles)?;
        say!("{}: {} triangles", file.display(), grouped(triangles.len() as u64));
    }
    Ok(())
}

/// Refuses what is no mesh of PyFR.
fn check_mesh(path: &Path) -> Result<()> {
    if !path.exists() {
        bail!("there is no mesh file '{}'", path.display());
    }
    if store::is_mesh_file(path) {
        bail!(
            "'{}' does not say which element was which for PyFR; give the .pyfrm file that it was imported from",
            path.display()
        );
    }
    if !pyfrm::is_pyfrm(path) {
        bail!(
            "'{}' is not a mesh of PyFR; give the .pyfrm file that the solution was computed on",
            path.display()
        );
    }
    Ok(())
}
