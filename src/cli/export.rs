//! `solver export`.

mod grid;
mod load;
mod pieces;
mod stl;

use super::solution::is_solution;
use super::{fields, grouped, job, report};
use crate::output::solution::{AVERAGES_EXTENSION, EXTENSION, Stored, read_averages};
use crate::output::vtk::{Encoding, Grid, Series, with_suffix, write_grid, write_hdf};
use crate::output::{Precision, atomic};
use crate::parallel::serial::Serial;
use crate::parallel::{AgreedError, Communicator, agree, world};
use anyhow::{Context, Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use grid::{Part, boundaries};
use load::Loader;
use stl::Stl;

/// Write solutions as files for ParaView and other programs
///
/// The mesh may be given, named in the case that the solution holds, or be the only .smesh file in the current directory.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "\
Examples:
  solver export volume flow-2.50.ssoln
  solver export volume channel.smesh flow-*.ssoln -o flow.pvd -f Pressure -f vorticity
  solver export volume flow-*.ssoln -o flow.vtkhdf -f 'M = sqrt(u*u + v*v)/sqrt(gamma*p/rho)'
  solver export boundary flow-2.50.ssoln wall --gradients
  mpirun -np 8 solver export volume flow-*.ssoln -o flow.pvd       the files of a series side by side
  mpirun -np 8 solver export volume flow-2.50.ssoln -o flow.pvtu   a part of the mesh each
  solver export body flow-2.50.ssoln wing.stl -f Pressure
  solver export stl flow-2.50.ssoln wall -o wall.stl";

#[derive(clap::Subcommand, Debug)]
enum What {
    Volume(Volume),
    Boundary(Boundary),
    Body(Body),
    Stl(Stl),
}

/// The whole field: .vtu files, and a .pvd file with their times, or one .vtkhdf file
///
/// Cells are Lagrange cells of the order of the solution (or of the mesh, if that is higher); pyramids, which VTK does not have
/// as such, are linear cells between the same nodes. Fields are evaluated at the solution points and interpolated like the
/// solution itself.
///
/// Under mpirun the ranks write the files of a series side by side, each of them the whole mesh; with --pieces, or where there is
/// one solution and no other name is asked for, each rank loads and writes its part of the mesh: a .pvtu file and its pieces.
#[derive(clap::Args, Debug)]
#[command(after_help = fields::help())]
struct Volume {
    /// The solutions (.ssoln), or averages (.savg), after the mesh if one is to be named
    #[arg(required = true, value_name = "[MESH] SOLUTION")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    content: Content,
}

/// Boundaries as curves (2-D) or surfaces (3-D), with the outward unit normal
///
/// The names of boundaries come after the solutions; all boundaries without any. Cells carry the number of their boundary, which
/// is printed with its name.
#[derive(clap::Args, Debug)]
#[command(after_help = fields::help())]
struct Boundary {
    /// The solutions (.ssoln), after the mesh if one is to be named, before the names of boundaries
    #[arg(required = true, value_name = "[MESH] SOLUTION... [NAME]")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    content: Content,
}

/// Surfaces of triangles within a 3-D mesh, as STL files hold them, with the fields on them
///
/// The files (.stl) come after the solutions. Fields are interpolated to the corners of the triangles, which --divide N cuts into
/// N*N each; corners outside of the mesh have no value (NaN). Cells carry the number of their file, which is printed with its
/// name.
#[derive(clap::Args, Debug)]
#[command(after_help = fields::help())]
struct Body {
    /// The solutions (.ssoln), after the mesh if one is to be named, before the STL files
    #[arg(required = true, value_name = "[MESH] SOLUTION... FILE.stl")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    content: Content,
}

#[derive(clap::Args, Debug)]
struct Content {
    /// The file to write, which may stand behind the solutions, too: .vtu, .pvtu (a piece of each rank), .pvd (several solutions) or .vtkhdf; by default beside the first solution, under its name
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// A field: a name such as Pressure or vorticity, or NAME = EXPRESSION; may be given again; all of the system without
    #[arg(short, long = "field", value_name = "FIELD")]
    fields: Vec<String>,
    /// Precision of coordinates and values
    #[arg(short, long, value_enum, default_value_t = Digits::Single)]
    precision: Digits,
    /// Order of the cells, in place of the solution's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=10), conflicts_with = "divide")]
    order: Option<u8>,
    /// Linear cells: so many along each edge of an element
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
    divide: Option<u8>,
    /// The gradients of all primitive variables, too, as grad_NAME
    #[arg(long)]
    gradients: bool,
    /// Points that elements share become one, with the mean of their values (of normals, too, which then are shorter at edges):
    /// smaller files, and fields without jumps within each
    #[arg(long)]
    merge: bool,
    /// Compressed .vtu files: smaller, slower, read by fewer programs
    #[arg(long)]
    compress: bool,
    /// Every rank loads and writes its part of the mesh only: for solutions that are too large for one
    #[arg(long)]
    pieces: bool,
    /// Kind of file; by default what the name of the output says, else vtu
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq)]
enum Digits {
    Single,
    Double,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq)]
enum Format {
    Vtu,
    Vtkhdf,
}

impl Export {
    /// Several ranks share the solutions of a series; what is one file, the first of them writes.
    pub fn execute(self) -> ExitCode {
        let comm = match world() {
            Ok(comm) => comm,
            Err(error) => {
                if !error.quiet() {
                    report(&anyhow!(error));
                }
                return ExitCode::FAILURE;
            }
        };
        let done = match self.what {
            What::Volume(Volume { files, content }) => content.write(&files, Kind::Volume, &comm),
            What::Boundary(Boundary { files, content }) => content.write(&files, Kind::Boundary, &comm),
            What::Body(Body { files, content }) => content.write(&files, Kind::Body, &comm),
            What::Stl(stl) => agree(&*comm, if comm.rank() == 0 { stl.write() } else { Ok(()) }),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                if !error.quiet {
                    report(&anyhow!(error));
                }
                ExitCode::FAILURE
            }
        }
    }
}

/// What the cells of a file are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Volume,
    Boundary,
    Body,
}

/// What the files and names on the command line are.
struct Named<'a> {
    mesh: Option<&'a PathBuf>,
    solutions: &'a [PathBuf],
    /// What follows the solutions.
    rest: Vec<String>,
}

impl Named<'_> {
    fn of(files: &[PathBuf]) -> Result<Named<'_>> {
        let Some(first) = files.iter().position(|file| is_result(file)) else {
            bail!(
                "no solution is named: give a file whose name ends in {EXTENSION} (or {AVERAGES_EXTENSION})"
            );
        };
        if first > 1 {
            bail!(
                "'{}' and '{}' stand before the solution, where only the mesh may",
                files[0].display(),
                files[1].display()
            );
        }
        let count = files[first..].iter().take_while(|file| is_result(file)).count();
        let (solutions, rest) = files[first..].split_at(count);
        let rest = rest.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        Ok(Named { mesh: files[..first].first(), solutions, rest })
    }
}

/// Whether a file is a solution or holds averages, by its name.
fn is_result(path: &Path) -> bool {
    is_solution(path) || is_averages(path)
}

fn is_averages(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(AVERAGES_EXTENSION)
}

/// What is to be done.
struct Prepared {
    mesh: Option<PathBuf>,
    part: Part,
    /// Times and solutions.
    times: Vec<(f64, PathBuf)>,
    output: PathBuf,
    format: Format,
    /// Whether each rank writes its part.
    pieces: bool,
}

impl Prepared {
    /// Whether there is a file for each time, and one that lists them.
    fn is_series(&self) -> bool {
        self.format == Format::Vtu && self.times.len() > 1
    }

    /// The file of the `n`-th time.
    fn file(&self, n: usize) -> PathBuf {
        if !self.is_series() {
            return self.output.clone();
        }
        let width = (self.times.len() - 1).to_string().len().max(3);
        let extension = if self.pieces { "pvtu" } else { "vtu" };
        with_suffix(&self.output.with_extension(""), &format!("-{n:0width$}.{extension}"))
    }

    /// What is counted.
    fn what(&self) -> &'static str {
        match self.part {
            Part::Volume => "elements",
            Part::Boundaries(_) => "faces",
            Part::Bodies(_) => "triangles",
        }
    }
}

impl Content {
    /// Writes what is asked for. Collective.
    fn write(&self, files: &[PathBuf], kind: Kind, comm: &Arc<dyn Communicator>) -> Result<(), AgreedError> {
        let world = &**comm;
        let prepared = agree(world, self.prepare(files, kind, world))?;
        if prepared.pieces {
            return self.write_pieces(&prepared, comm);
        }
        // The files of a series, each by some rank; one file by the first.
        let rank = world.rank();
        let parts = prepared.times.iter().enumerate().map(|(n, part)| (part, prepared.file(n)));
        let parts: Vec<(&(f64, PathBuf), PathBuf)> = parts.collect();
        let mine: Vec<_> = match prepared.is_series() {
            true => parts.iter().skip(rank).step_by(world.size()).collect(),
            false => parts.iter().filter(|_| rank == 0).collect(),
        };
        let threads = job::threads(None, world);
        agree(world, threads.and_then(|()| self.write_parts(&prepared, &mine, rank == 0)))?;
        let Prepared { times, output, .. } = &prepared;
        let mut series = Series::new(output.clone());
        let mut list = || -> Result<()> {
            for ((t, _), file) in &parts {
                series.push(*t, file)?;
            }
            say!("written    {}: {} times", output.display(), times.len());
            Ok(())
        };
        agree(world, if prepared.is_series() && rank == 0 { list() } else { Ok(()) })
    }

    fn precision(&self) -> Precision {
        match self.precision {
            Digits::Single => Precision::Single,
            Digits::Double => Precision::Double,
        }
    }

    fn encoding(&self) -> Encoding {
        if self.compress { Encoding::Compressed } else { Encoding::Raw }
    }

    /// Looks at the command line.
    fn prepare(&self, files: &[PathBuf], kind: Kind, world: &dyn Communicator) -> Result<Prepared> {
        let Named { mesh, solutions, mut rest } = Named::of(files)?;
        let times = in_time(solutions)?;
        // The output may stand behind the solutions, where PyFR has it.
        let is_output = |name: &&String| {
            ["vtu", "pvtu", "pvd", "vtkhdf"]
                .iter()
                .any(|e| Path::new(name).extension().is_some_and(|x| x == *e))
        };
        let named = rest.first().filter(is_output).filter(|_| self.output.is_none()).map(PathBuf::from);
        named.iter().for_each(|_| drop(rest.remove(0)));
        let named = named.or_else(|| self.output.clone());
        let (part, tail) = match kind {
            Kind::Volume => match rest.first() {
                Some(name) => bail!("'{name}' is no solution ({EXTENSION}); the mesh comes first"),
                None => (Part::Volume, "-volume"),
            },
            Kind::Boundary => (Part::Boundaries(rest), "-boundary"),
            Kind::Body => (Part::Bodies(self.bodies(rest)?), "-body"),
        };
        // The triangles of a file are written by one rank.
        let ranks = if kind == Kind::Body { 1 } else { world.size() };
        let (output, format, pieces) = self.output(named.as_deref(), &times, tail, ranks)?;
        if pieces && kind == Kind::Body {
            bail!(
                "'{}': triangles are written by one rank, as a .vtu file without --pieces",
                output.display()
            );
        }
        if world.rank() == 0 {
            atomic::create_folder_of(&output)?;
        }
        Ok(Prepared { mesh: mesh.cloned(), part, times, output, format, pieces })
    }

    /// Writes files of the whole mesh, `parts` with times, solutions and names; the first rank tells of the fields.
    fn write_parts(
        &self,
        prepared: &Prepared,
        parts: &[&(&(f64, PathBuf), PathBuf)],
        first: bool,
    ) -> Result<()> {
        let mut loader = Loader::new(prepared.mesh.as_ref(), &(Arc::new(Serial) as _));
        let mut told = !first;
        let mut grid = |path: &PathBuf| -> Result<Grid> {
            let (grid, fields) = {
                let loaded = loader.load(path).map_err(|e| anyhow!("{e}"))?;
                self.grid(loaded, &prepared.part)?
            };
            if !std::mem::replace(&mut told, true) {
                say!("fields     {fields}");
            }
            Ok(grid)
        };
        let told = |path: &Path, t: f64, grid: &Grid| {
            let (name, count) = (path.display(), grouped(grid.len() as u64));
            say!("written    {name}: t = {t}, {count} {}", prepared.what());
        };
        if prepared.format == Format::Vtkhdf {
            let mut left = parts.iter().map(|((t, path), _)| (t, path));
            if parts.is_empty() {
                return Ok(());
            }
            return write_hdf(
                &prepared.output,
                self.precision(),
                parts.len() > 1,
                || -> Result<Option<(f64, Grid)>> {
                    let Some((t, path)) = left.next() else { return Ok(None) };
                    let grid = grid(path)?;
                    told(&prepared.output, *t, &grid);
                    Ok(Some((*t, grid)))
                },
            );
        }
        for ((t, path), file) in parts {
            let grid = grid(path)?;
            write_grid(file, &grid, self.precision(), self.encoding())?;
            told(file, *t, &grid);
        }
        Ok(())
    }

    /// The file to write (`named`, if the command line says so), its kind, and whether it is in pieces.
    fn output(
        &self,
        named: Option<&Path>,
        times: &[(f64, PathBuf)],
        tail: &str,
        ranks: usize,
    ) -> Result<(PathBuf, Format, bool)> {
        let extension = |path: &Path| path.extension().map(|e| e.to_string_lossy().into_owned());
        let said = named.and_then(extension);
        let by_name = match said.as_deref() {
            Some("vtu" | "pvtu" | "pvd") => Some(Format::Vtu),
            Some("vtkhdf") => Some(Format::Vtkhdf),
            _ => None,
        };
        let format = self.format.or(by_name).unwrap_or(Format::Vtu);
        if format == Format::Vtkhdf && self.pieces {
            bail!("a .vtkhdf file is written by one rank; leave out --pieces, or write .vtu files");
        }
        let unsaid = named.is_none() && times.len() == 1 && ranks > 1 && format == Format::Vtu;
        let pieces = self.pieces || said.as_deref() == Some("pvtu") || unsaid;
        let right = match format {
            Format::Vtkhdf => "vtkhdf",
            Format::Vtu if times.len() > 1 => "pvd",
            Format::Vtu if pieces => "pvtu",
            Format::Vtu => "vtu",
        };
        if let Some(output) = named {
            if said.as_deref() != Some(right) {
                let many = if times.len() > 1 { format!("{} solutions", times.len()) } else { "this".into() };
                bail!(
                    "'{}': {many} will be a .{right} file; call it so, or choose another --format",
                    output.display()
                );
            }
            return Ok((output.to_path_buf(), format, pieces));
        }
        let first = times.first().map(|(_, path)| path.clone()).context("there is a solution")?;
        Ok((with_suffix(&bare(&first), &format!("{tail}.{right}")), format, pieces))
    }
}

/// A solution's name without its extension.
fn bare(solution: &Path) -> PathBuf {
    let name = solution.to_string_lossy();
    let bare = [EXTENSION, AVERAGES_EXTENSION].iter().find_map(|extension| name.strip_suffix(extension));
    PathBuf::from(bare.unwrap_or(&name))
}

/// The solutions with their times, which must differ, in their order.
fn in_time(solutions: &[PathBuf]) -> Result<Vec<(f64, PathBuf)>> {
    let mut times = vec![];
    for path in solutions {
        if !path.exists() {
            bail!("there is no solution file '{}'", path.display());
        }
        let t = if is_averages(path) { read_averages(path)?.0.t } else { Stored::open(path)?.header().t };
        times.push((t, path.clone()));
    }
    if solutions.iter().any(|path| is_averages(path)) && solutions.iter().any(|path| is_solution(path)) {
        bail!("solutions and averages hold different fields; export them one after the other");
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    match times.windows(2).find(|w| w[0].0 == w[1].0) {
        Some([(t, a), (_, b)]) => {
            bail!("{} and {} are both of t = {t}; leave one of them out", a.display(), b.display())
        }
        _ => Ok(times),
    }
}
