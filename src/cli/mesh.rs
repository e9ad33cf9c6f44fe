//! `solver mesh`.

mod json;
mod text;

use super::progress::Work;
use super::{files, note};
use crate::case::Case;
use crate::element::PointSets;
use crate::engine::quality::{Quality, Thresholds, measure};
use crate::mesh::raw::Numbers;
use crate::mesh::{Mesh, connect, store};
use crate::output::vtk::{ElementField, VtkCells, write_elements};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Orders a case may have.
const HIGHEST: i64 = 20;

/// Report the quality of a mesh: its elements, sizes, boundaries, and what is wrong where
///
/// Elements are judged at the solution and flux points of a polynomial order, by their scaled Jacobian (smallest over
/// largest: 1 is best, 0 or less cannot be computed on), aspect ratio (1 is best) and stretching (how sizes jump between
/// neighbours, 1 is best). The exit status is 1 when a Jacobian is not positive. A file that cannot be imported is reported
/// as far as possible, with the reason.
#[derive(clap::Args, Debug)]
pub struct MeshQuality {
    /// Mesh file (.smesh), or one to import (.msh, .pyfrm)
    mesh: PathBuf,
    /// Polynomial order at whose points to look; by default that of the case, else 3
    #[arg(short, long, value_parser = clap::value_parser!(u8).range(0..=HIGHEST))]
    order: Option<u8>,
    /// Case file (.ini) that says the order and the names of the points
    #[arg(short, long)]
    case: Option<PathBuf>,
    /// How many of the worst elements to list
    #[arg(short, long, default_value_t = 10)]
    worst: usize,
    /// Write the worst elements with their measures to this file (.vtu), for ParaView
    #[arg(short, long, value_name = "FILE.vtu")]
    export: Option<PathBuf>,
    /// Export all elements, not only the worst
    #[arg(short, long, requires = "export")]
    all: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Scaled Jacobian below which an element is bad
    #[arg(long, value_name = "J", default_value_t = Thresholds::default().jacobian)]
    jac_thresh: f64,
    /// Aspect ratio beyond which an element is bad
    #[arg(long, value_name = "A", default_value_t = Thresholds::default().aspect)]
    ar_thresh: f64,
    /// Stretching (size ratio of neighbours) beyond which an element is bad
    #[arg(long, value_name = "S", default_value_t = Thresholds::default().stretching)]
    nsr_thresh: f64,
}

/// All that is printed.
struct Report<'a> {
    path: &'a Path,
    mesh: &'a Mesh,
    /// The file's numbers of the elements of a mesh that could not be connected, and why not.
    refusal: Option<(&'a Numbers, String)>,
    quality: &'a Quality,
    order: usize,
    thresholds: Thresholds,
    worst: &'a [usize],
}

impl MeshQuality {
    pub fn execute(self) -> Result<()> {
        let is_vtu = |p: &PathBuf| p.extension().is_some_and(|e| e == "vtu");
        if let Some(path) = self.export.as_ref().filter(|p| !is_vtu(p)) {
            bail!("'{}' must end in .vtu, for ParaView to know what it is", path.display());
        }
        let (order, sets) = self.points()?;
        let (mesh, refusal) = load(&self.mesh)?;
        let work = Work::new();
        let quality = measure(&mesh, order, &sets, &|what, done, all| work.report(what, done, all))?;
        drop(work);
        let thresholds =
            Thresholds { jacobian: self.jac_thresh, aspect: self.ar_thresh, stretching: self.nsr_thresh };
        let worst = quality.worst(self.worst, &thresholds);
        let report = Report {
            path: &self.mesh,
            mesh: &mesh,
            refusal: refusal.as_ref().map(|(numbers, why)| (numbers, format!("{why:#}"))),
            quality: &quality,
            order,
            thresholds,
            worst: &worst,
        };
        // First, since whoever reads the first lines only ends the program.
        if let Some(path) = &self.export {
            let ids = if self.all { (0..mesh.len()).collect() } else { worst.clone() };
            export(path, &mesh, &quality, ids)?;
        }
        if self.json {
            line!("{:#}", json::report(&report));
        } else {
            text::print(&report);
        }
        let tangled = quality.counts(&thresholds).tangled;
        match refusal {
            Some((_, why)) => Err(why.context("the mesh cannot be imported")),
            None if tangled > 0 => {
                bail!(
                    "{tangled} of {} elements have a Jacobian that is not positive; mend the mesh",
                    mesh.len()
                )
            }
            None => Ok(()),
        }
    }

    /// The order and the names of the points.
    fn points(&self) -> Result<(usize, PointSets)> {
        let (order, sets) = match &self.case {
            Some(case) => {
                let (case, _) = Case::read(case)?;
                (case.solver.order, case.point_sets)
            }
            None => (3, PointSets::default()),
        };
        Ok((self.order.map_or(order, usize::from), sets))
    }
}

/// The file's numbers of the elements of a mesh that cannot be connected, and the reason.
type Refusal = (Numbers, anyhow::Error);

/// Reads a mesh; one that cannot be connected as far as it goes.
fn load(path: &Path) -> Result<(Mesh, Option<Refusal>)> {
    if store::is_mesh_file(path) {
        return Ok((store::open(path)?.mesh()?, None));
    }
    if !files::is_foreign(path) {
        return Ok((files::read_mesh(path, false)?, None));
    }
    let work = Work::new();
    let watch = |what: &str, done: u64, all: u64| work.report(what, done, all);
    let (raw, _) = files::read_raw(path, &watch)?;
    match connect::connect_with(raw, &connect::Options::default(), &watch) {
        Ok(connected) => {
            drop(work);
            connected.notices.iter().for_each(note);
            Ok((connected.mesh, None))
        }
        // Connecting took the file's content to pieces.
        Err(error) => match files::read_raw(path, &watch)?.0.unconnected() {
            Some((mesh, numbers)) => Ok((mesh, Some((numbers, error.into())))),
            None => Err(error).with_context(|| path.display().to_string()),
        },
    }
}

/// Writes the elements `ids` with their measures.
fn export(path: &Path, mesh: &Mesh, quality: &Quality, mut ids: Vec<usize>) -> Result<()> {
    ids.sort_unstable();
    let mut blocks = Vec::with_capacity(mesh.blocks.len());
    for (block, first) in mesh.blocks.iter().zip(mesh.first_ids()) {
        let here = ids.partition_point(|id| *id < first)..ids.partition_point(|id| *id < first + block.len());
        let nodes = ids[here].iter().flat_map(|id| block.element(id - first));
        let points = nodes.flat_map(|&n| mesh.nodes[n as usize]).collect();
        blocks.push(VtkCells { shape: block.shape, order: block.order, points });
    }
    let measures = || ids.iter().map(|id| &quality.measures[*id]);
    let fields = [
        ("ScaledJacobian", measures().map(|m| m.jacobian).collect()),
        ("AspectRatio", measures().map(|m| m.aspect).collect()),
        ("Stretching", measures().map(|m| m.stretching).collect()),
        ("Volume", measures().map(|m| m.volume).collect()),
        ("Element", ids.iter().map(|id| *id as f64).collect()),
    ];
    let fields = fields.into_iter().map(|(name, values)| ElementField { name: name.into(), values });
    Ok(write_elements(path, &blocks, &fields.collect::<Vec<_>>())?)
}
