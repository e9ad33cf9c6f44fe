//! `solver info`.

mod mesh;
mod solution;

use super::print_all;
use crate::mesh::{pyfrm, store};
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Say what is in a mesh, a solution, or a mesh of Gmsh or PyFR
///
/// Reads no more than it has to; 'solver mesh' looks at the elements themselves.
#[derive(clap::Args, Debug)]
pub struct Info {
    /// Mesh file (.smesh), solution (.ssoln), or a mesh to import (.msh, .pyfrm)
    file: PathBuf,
    /// Polynomial order for which to count the unknowns of a mesh
    #[arg(short, long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=20))]
    order: u8,
    /// Print the case file that a solution carries, and nothing else
    #[arg(short, long, conflicts_with = "json")]
    case: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// What a file begins with.
enum Kind {
    Hdf5,
    /// To be imported.
    Foreign,
    Other,
}

/// First bytes of an HDF5 file without a user block, which this program writes none of.
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

impl Info {
    pub fn execute(self) -> Result<()> {
        let path = &self.file;
        let (kind, bytes) = kind(path)?;
        let is_solution = match kind {
            Kind::Foreign => false,
            Kind::Hdf5 => match format(path)?.as_deref() {
                Some("solver-mesh") => false,
                Some("solver-solution") => true,
                Some(other) => {
                    bail!("'{}' is an HDF5 file of the format \"{other}\", not a {OURS}", path.display())
                }
                None => bail!("'{}' is an HDF5 file of another program, not a {OURS}", path.display()),
            },
            Kind::Other => bail!("'{}' is not a {OURS}, nor one of Gmsh or PyFR", path.display()),
        };
        if self.case && !is_solution {
            bail!("'{}' is a mesh; only solutions carry a case file", path.display());
        }
        let order = usize::from(self.order);
        let answer = match (is_solution, kind) {
            (true, _) => solution::answer(path, bytes)?,
            (false, Kind::Foreign) => mesh::foreign(path, bytes, order)?,
            (false, _) => mesh::stored(path, bytes, order)?,
        };
        match (self.json, self.case) {
            (true, _) => line!("{:#}", answer.json),
            (false, true) => print_all(&answer.case)?,
            (false, false) => print_all(&answer.text.to_string())?,
        }
        Ok(())
    }
}

/// What this program writes.
const OURS: &str = "mesh or solution of this program";

/// What is printed.
struct Answer {
    text: Lines,
    json: serde_json::Value,
    /// The case file of a solution.
    case: String,
}

/// Lines with a word at the beginning, which is not repeated.
#[derive(Default)]
struct Lines {
    text: String,
    last: &'static str,
}

impl Lines {
    fn add(&mut self, word: &'static str, rest: impl std::fmt::Display) {
        let shown = if word == self.last { "" } else { word };
        let _ = writeln!(self.text, "{shown:<13} {rest}");
        self.last = word;
    }
}

impl std::fmt::Display for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a file begins with, and its size.
fn kind(path: &Path) -> Result<(Kind, u64)> {
    let failed = || format!("cannot read '{}'", path.display());
    let metadata = std::fs::metadata(path).with_context(failed)?;
    if !metadata.is_file() {
        bail!("'{}' is not a file", path.display());
    }
    let mut start = Vec::new();
    File::open(path).and_then(|f| f.take(64).read_to_end(&mut start)).with_context(failed)?;
    let gmsh = path.extension().is_some_and(|e| e == "msh") || start.starts_with(b"$MeshFormat");
    let hdf5 = start.starts_with(HDF5);
    let kind = match () {
        () if !hdf5 && gmsh => Kind::Foreign,
        () if hdf5 && pyfrm::is_pyfrm(path) => Kind::Foreign,
        () if hdf5 => Kind::Hdf5,
        () => Kind::Other,
    };
    Ok((kind, metadata.len()))
}

/// The attribute `format` of an HDF5 file, if it has such a text.
fn format(path: &Path) -> Result<Option<String>> {
    // A mesh that is too new, or damaged further on, is still a mesh, and its own reader says what is wrong.
    if store::is_mesh_file(path) {
        return Ok(Some("solver-mesh".into()));
    }
    let damaged = || format!("'{}' is damaged or cut short: HDF5 cannot open it", path.display());
    let file = hdf5::File::open(path).with_context(damaged)?;
    let read = |a: hdf5::Attribute| a.read_scalar::<hdf5::types::FixedUnicode<256>>();
    let text = file.attr("format").and_then(read).ok();
    Ok(text.and_then(|t| String::from_utf8(t.as_bytes().to_vec()).ok()))
}

/// A number of bytes.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        _ => format!("{}B", super::progress::si(bytes as f64)),
    }
}
