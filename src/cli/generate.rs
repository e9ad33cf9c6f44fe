//! `solver generate`.

use super::progress::Work;
use super::{files, grouped};
use crate::files::replace;
use crate::mesh::connect::{Options, connect_with};
use crate::mesh::generate::{
    Annulus, Cells, Cuboid, Cylinder, Domain, GenerateError, Shell, Structured, Totals,
};
use crate::mesh::gmsh::WriteError;
use crate::mesh::store;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Make a structured mesh without a mesh generator
///
/// The mesh becomes a Gmsh file (MSH 2.2 text) or a mesh file of this program, as the extension of the output says: .msh or
/// .smesh. 'solver generate box --help' and so on list the options of each.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Generate {
    #[command(subcommand)]
    region: Region,
}

const EXAMPLES: &str = "\
Examples:
  solver generate box 20 20 --size 10x10 --periodic x,y -o square.msh
  solver generate box 100 100 100 --periodic x,y,z -o cube.msh
  solver generate box 8 8 8 --shape mixed --order 3 --warp 0.1 -o mixed.smesh
  solver generate box 8 8 8 --shape hex+pyr+tet -o layers.msh
  solver generate line 50 --size 2 -o line.smesh
  solver generate annulus 8 32 --inner 0.5 --outer 1 --order 2 -o ring.msh
  solver generate cylinder 24 64 --radius 0.5 --min=-10,-10 --max=20,10 --growth 1.2 --order 3 -o flow.msh
  solver generate shell 8 4 --inner 0.9 --outer 1 --shape pri -o shell.msh";

#[derive(clap::Subcommand, Debug)]
enum Region {
    Line(Line),
    Box(Cube),
    Annulus(Ring),
    Cylinder(Flow),
    Shell(Ball),
}

/// An interval: boundaries left and right
#[derive(clap::Args, Debug)]
struct Line {
    /// Number of cells
    count: usize,
    #[command(flatten)]
    extent: Extent,
    #[command(flatten)]
    common: Common,
}

/// A rectangle or a box: boundaries left, right (x), bottom, top (y), back, front (z)
#[derive(clap::Args, Debug)]
struct Cube {
    /// Number of cells along x, y and, in three dimensions, z
    #[arg(required = true, num_args = 2..=3, value_name = "CELLS")]
    counts: Vec<usize>,
    #[command(flatten)]
    extent: Extent,
    #[command(flatten)]
    common: Common,
}

/// A ring, or a pipe along z: boundaries inner, outer, back, front
#[derive(clap::Args, Debug)]
struct Ring {
    /// Number of cells from the inner to the outer circle, around, and, in three dimensions, along z
    #[arg(required = true, num_args = 2..=3, value_name = "CELLS")]
    counts: Vec<usize>,
    /// Radius of the inner circle
    #[arg(long, default_value_t = 0.5)]
    inner: f64,
    /// Radius of the outer circle
    #[arg(long, default_value_t = 1.0)]
    outer: f64,
    /// Length of a pipe
    #[arg(long, default_value_t = 1.0)]
    length: f64,
    /// How many times as thick as the one before each layer is, counted outwards
    #[arg(long, default_value_t = 1.0)]
    growth: f64,
    /// Make the pipe periodic: z
    #[arg(long, value_delimiter = ',', value_name = "AXES")]
    periodic: Vec<Axis>,
    #[command(flatten)]
    common: Common,
}

/// A box around a cylinder along z: boundaries wall, left, right, bottom, top, back, front
///
/// The cylinder stands at the origin. A quarter of the cells around faces each side of the box.
#[derive(clap::Args, Debug)]
struct Flow {
    /// Number of cells from the cylinder to the box, around (a multiple of 4), and, in three dimensions, along z
    #[arg(required = true, num_args = 2..=3, value_name = "CELLS")]
    counts: Vec<usize>,
    /// Radius of the cylinder
    #[arg(long, default_value_t = 0.5)]
    radius: f64,
    /// Lower corner of the box [default: -5,-5,0]
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers, allow_hyphen_values = true)]
    min: Option<Numbers>,
    /// Upper corner of the box [default: 15,5,1]
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers, allow_hyphen_values = true)]
    max: Option<Numbers>,
    /// How many times as thick as the one before each layer is, counted from the wall
    #[arg(long, default_value_t = 1.2)]
    growth: f64,
    /// Make the cylinder periodic: z
    #[arg(long, value_delimiter = ',', value_name = "AXES")]
    periodic: Vec<Axis>,
    #[command(flatten)]
    common: Common,
}

/// The shell between two spheres: boundaries inner, outer
///
/// Six patches, one for each face of a cube; hexahedra, prisms or pyramids.
#[derive(clap::Args, Debug)]
struct Ball {
    /// Number of cells along an edge of the cube
    edge: usize,
    /// Number of cells from the inner to the outer sphere
    layers: usize,
    /// Radius of the inner sphere
    #[arg(long, default_value_t = 0.5)]
    inner: f64,
    /// Radius of the outer sphere
    #[arg(long, default_value_t = 1.0)]
    outer: f64,
    /// How many times as thick as the one before each layer is, counted outwards
    #[arg(long, default_value_t = 1.0)]
    growth: f64,
    #[command(flatten)]
    common: Common,
}

/// Extents and periodicity of a box.
#[derive(clap::Args, Debug)]
struct Extent {
    /// Lengths of the sides, from the origin [default: 1 each]
    #[arg(long, value_name = "AxBxC", value_parser = numbers, conflicts_with_all = ["min", "max"])]
    size: Option<Numbers>,
    /// Lower corner [default: 0 each]
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers, allow_hyphen_values = true)]
    min: Option<Numbers>,
    /// Upper corner [default: 1 each]
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers, allow_hyphen_values = true)]
    max: Option<Numbers>,
    /// Axes whose two sides are joined
    #[arg(long, value_delimiter = ',', value_name = "AXES")]
    periodic: Vec<Axis>,
}

/// What all regions have.
#[derive(clap::Args, Debug)]
struct Common {
    /// File to write: .msh (Gmsh, MSH 2.2 text) or .smesh
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Shapes of the elements, by the number of dimensions: line; quad (the default), tri, tri+quad; hex (the default), tet, pri, pyr,
    /// hex+pri, hex+pyr, tet+hex+pyr, tet+pri, pri+pyr, tet+pyr; mixed for all. Not every region can be cut into all of them
    #[arg(short, long, value_name = "SHAPES")]
    shape: Option<String>,
    /// Order of the geometry: 1 for straight edges, more for elements that follow curves (in .msh files up to 4)
    #[arg(long, default_value_t = 1)]
    order: usize,
    /// Amplitude of a smooth warp, as a part of the extents; periodic sides are bent, others keep their places
    #[arg(long, default_value_t = 0.0, allow_hyphen_values = true)]
    warp: f64,
    /// Number the elements at random, and turn each one; the same seed gives the same mesh
    #[arg(long, value_name = "SEED")]
    shuffle: Option<u64>,
    /// Replace an existing output even if it is no mesh
    #[arg(short, long)]
    force: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq)]
enum Axis {
    X,
    Y,
    Z,
}

/// Several numbers in one argument.
#[derive(Clone, Debug)]
struct Numbers(Vec<f64>);

fn numbers(text: &str) -> Result<Numbers, String> {
    let number = |part: &str| part.trim().parse().map_err(|_| format!("'{part}' is not a number"));
    text.split([',', 'x']).map(number).collect::<Result<_, _>>().map(Numbers)
}

/// The numbers of an option, one for each dimension; those that were not given are `default`.
fn corner(option: &str, given: Option<&Numbers>, dims: usize, default: [f64; 3]) -> Result<[f64; 3]> {
    let Some(Numbers(given)) = given else { return Ok(default) };
    if given.len() != dims {
        bail!("--{option} has {} numbers, but the mesh has {dims} dimensions: give {dims}", given.len());
    }
    Ok(std::array::from_fn(|d| given.get(d).copied().unwrap_or(default[d])))
}

/// Which axes are periodic, of `allowed`.
fn axes(periodic: &[Axis], allowed: &[Axis]) -> Result<[bool; 3]> {
    if let Some(wrong) = periodic.iter().find(|axis| !allowed.contains(axis)) {
        let allowed: Vec<String> = allowed.iter().map(|a| format!("{a:?}").to_lowercase()).collect();
        let choice = if allowed.is_empty() { "none".into() } else { allowed.join(",") };
        bail!("--periodic {}: here it may be {choice}", format!("{wrong:?}").to_lowercase());
    }
    Ok([Axis::X, Axis::Y, Axis::Z].map(|axis| periodic.contains(&axis)))
}

const AXES: [Axis; 3] = [Axis::X, Axis::Y, Axis::Z];

/// z where there is one.
fn along(dims: usize) -> &'static [Axis] {
    if dims == 3 { &[Axis::Z] } else { &[] }
}

/// Counts of three axes.
fn three(counts: &[usize]) -> [usize; 3] {
    std::array::from_fn(|d| counts.get(d).copied().unwrap_or(1))
}

impl Extent {
    fn cuboid(&self, dims: usize) -> Result<Cuboid> {
        let high = match &self.size {
            Some(size) => corner("size", Some(size), dims, [1.0; 3])?,
            None => corner("max", self.max.as_ref(), dims, [1.0; 3])?,
        };
        let low = corner("min", self.min.as_ref(), dims, [0.0; 3])?;
        Ok(Cuboid { low, high, periodic: axes(&self.periodic, &AXES[..dims])? })
    }
}

impl Generate {
    pub fn execute(self) -> Result<()> {
        match self.region {
            Region::Line(Line { count, extent, common }) => {
                common.execute(extent.cuboid(1)?, 1, [count, 1, 1])
            }
            Region::Box(Cube { counts, extent, common }) => {
                let dims = counts.len();
                common.execute(extent.cuboid(dims)?, dims, three(&counts))
            }
            Region::Annulus(Ring { counts, inner, outer, length, growth, periodic, common }) => {
                let (dims, layers) = (counts.len(), counts[0]);
                let [.., periodic] = axes(&periodic, along(dims))?;
                let ring = Annulus { inner, outer, length, growth, layers, periodic };
                common.execute(ring, dims, three(&counts))
            }
            Region::Cylinder(Flow { counts, radius, min, max, growth, periodic, common }) => {
                let (dims, layers) = (counts.len(), counts[0]);
                let [.., periodic] = axes(&periodic, along(dims))?;
                let low = corner("min", min.as_ref(), dims, [-5.0, -5.0, 0.0])?;
                let high = corner("max", max.as_ref(), dims, [15.0, 5.0, 1.0])?;
                let cylinder = Cylinder { radius, low, high, growth, layers, periodic };
                common.execute(cylinder, dims, three(&counts))
            }
            Region::Shell(Ball { edge, layers, inner, outer, growth, common }) => {
                common.execute(Shell { inner, outer, growth, layers }, 3, [edge, edge, layers])
            }
        }
    }
}

impl Common {
    fn execute(self, domain: impl Domain + 'static, dims: usize, counts: [usize; 3]) -> Result<()> {
        let default = ["line", "quad", "hex"][dims - 1];
        let name = self.shape.as_deref().unwrap_or(default);
        let Some(cells) = Cells::from_name(name, dims).filter(|cells| cells.dims() == dims) else {
            let choice: Vec<String> =
                Cells::ALL.into_iter().filter(|c| c.dims() == dims).map(Cells::name).collect();
            bail!("--shape {name}: with {dims} counts of cells it may be {}", choice.join(", "));
        };
        let mut mesh = Structured::new(domain, cells, counts).order(self.order).wave(self.warp);
        if let Some(seed) = self.shuffle {
            mesh = mesh.shuffle(seed);
        }
        let most = mesh.most_warp();
        if self.warp.is_nan() || self.warp.abs() > most {
            bail!(
                "--warp {}: at most {most} either way, or elements could be tangled{}",
                self.warp,
                if most > 0.0 { "; finer meshes bear more" } else { "" }
            );
        }
        let work = Work::new();
        let watch = |stage: &str, done: u64, total: u64| work.report(stage, done, total);
        let path = &self.output;
        let totals = match path.extension().and_then(|e| e.to_str()) {
            Some("msh") => {
                self.check_free(is_gmsh_file(path))?;
                let failed = |e| GenerateError::Write(WriteError::Io(e));
                let fill =
                    |temporary: &Path| mesh.write_msh(File::create(temporary).map_err(failed)?, &watch);
                replace(path, fill, failed).with_context(|| path.display().to_string())?
            }
            Some(files::EXTENSION) => {
                self.check_free(store::is_mesh_file(path))?;
                let totals = mesh.totals()?;
                store::write(&connect_with(mesh.raw()?, &Options::default(), &watch)?.mesh, path)?;
                totals
            }
            _ => bail!(
                "'{}': the extension says what to write, .msh (Gmsh) or .{} (mesh file of this program)",
                path.display(),
                files::EXTENSION
            ),
        };
        drop(work);
        say!("{}: {}", path.display(), summary(dims, &totals));
        Ok(())
    }

    /// Refuses to replace what is no mesh.
    fn check_free(&self, is_mesh: bool) -> Result<()> {
        if self.output.exists() && !self.force && !is_mesh {
            bail!("'{}' exists and is no mesh; name another output, or give --force", self.output.display());
        }
        Ok(())
    }
}

/// True for a file that begins like one of Gmsh.
fn is_gmsh_file(path: &Path) -> bool {
    let mut start = [0; 11];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"$MeshFormat"
}

/// One line about what was written.
fn summary(dims: usize, totals: &Totals) -> String {
    let shapes: Vec<String> =
        totals.elements.iter().map(|(shape, n)| format!("{} {}", grouped(*n), shape.name())).collect();
    let mut boundaries: Vec<&str> =
        totals.sides.iter().map(String::as_str).filter(|name| !name.starts_with("periodic")).collect();
    boundaries.sort_unstable();
    let boundaries = match &boundaries[..] {
        [] => "no boundaries".into(),
        names => format!("boundaries {}", names.join(", ")),
    };
    format!("{dims}-D, {} elements, {} nodes, {boundaries}", shapes.join(" + "), grouped(totals.nodes))
}
