//! `solver partition`.

use super::{files, grouped, note};
use crate::mesh::partition::{Quality, Shares, TYPICAL_ORDER, Work, partition, quality};
use crate::mesh::store::{self, MeshFile};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// Divide a mesh into parts, one for each rank of a parallel run
///
/// A mesh file can hold several partitionings side by side, each with a name. A run on N ranks
/// takes one of N parts, or the one named by 'solver run -P NAME'; what it needs of the mesh it
/// then reads part by part.
///
/// Examples:
///
///   solver partition 64                          the only mesh here, 64 equal parts, called '64'
///   solver partition 3:2:1 wing.smesh -n mixed   three parts with 3/6, 2/6 and 1/6 of the work
///   solver partition 1*4:2*2 wing.smesh          four parts of weight 1 and two of weight 2
///   solver partition 8 -e hex:3 -e tet:1         a hexahedron counts three times a tetrahedron
///   solver partition 8 -e balanced               every part gets the same number of each shape
///   solver partition list                        what there is
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, verbatim_doc_comment)]
pub struct Partition {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    divide: Divide,
}

#[derive(Subcommand, Debug)]
enum Action {
    Add(Add),
    List(List),
    Info(Info),
    Remove(Remove),
}

/// Without a subcommand.
#[derive(Args, Debug)]
struct Divide {
    /// Number of parts, or their weights: 3:2:1, where 1*4 stands for four parts of weight 1
    parts: Option<Shares>,
    /// Mesh file; by default the only one in the current directory
    mesh: Option<PathBuf>,
    /// Name of the partitioning; by default the number of parts
    #[arg(short, long)]
    name: Option<String>,
    #[command(flatten)]
    options: Options,
}

/// Divide a mesh, with the mesh named first: the same as 'solver partition PARTS MESH --name NAME'
#[derive(Args, Debug)]
struct Add {
    /// Mesh file
    mesh: PathBuf,
    /// Number of parts, or their weights: 3:2:1, where 1*4 stands for four parts of weight 1
    parts: Shares,
    /// Name of the partitioning; by default the number of parts
    name: Option<String>,
    #[command(flatten)]
    options: Options,
}

#[derive(Args, Debug)]
struct Options {
    /// Weight of the elements of a shape (hex:3), once for every shape of the mesh; or 'balanced': the same number of each
    /// shape in every part. By default elements weigh what they were measured to cost
    #[arg(short, long, value_name = "SHAPE:WEIGHT|balanced")]
    elements: Vec<String>,
    /// Polynomial order of the runs to come, on which the measured cost depends
    #[arg(short, long, default_value_t = TYPICAL_ORDER, conflicts_with = "elements")]
    order: usize,
    /// Replace a partitioning of this name
    #[arg(short, long)]
    force: bool,
    /// The library that PyFR is to use; here it is METIS
    #[arg(short, long, hide = true)]
    partitioner: Option<String>,
    /// A setting of that library
    #[arg(long, hide = true)]
    popt: Vec<String>,
}

/// List the partitionings of a mesh: name and number of parts
#[derive(Args, Debug)]
struct List {
    /// Mesh file; by default the only one in the current directory
    mesh: Option<PathBuf>,
    /// Put this between the columns, and print no heading
    #[arg(short, long)]
    sep: Option<String>,
}

/// Show how good a partitioning is: faces cut, balance, neighbours, parts that are not connected
#[derive(Args, Debug)]
struct Info {
    /// Name of the partitioning, after the mesh file if that is to be named
    #[arg(required = true, num_args = 1..=2, value_name = "[MESH] NAME")]
    files: Vec<PathBuf>,
    /// Put this between the columns
    #[arg(short, long)]
    sep: Option<String>,
}

/// Remove a partitioning from a mesh file
#[derive(Args, Debug)]
struct Remove {
    /// Name of the partitioning, after the mesh file if that is to be named
    #[arg(required = true, num_args = 1..=2, value_name = "[MESH] NAME")]
    files: Vec<PathBuf>,
}

impl Partition {
    pub fn execute(self) -> Result<()> {
        match (self.action, self.divide) {
            (Some(Action::Add(add)), _) => divide(Some(add.mesh), &add.parts, add.name, &add.options),
            (Some(Action::List(list)), _) => list.execute(),
            (Some(Action::Info(info)), _) => info.execute(),
            (Some(Action::Remove(remove)), _) => remove.execute(),
            (None, Divide { parts: Some(parts), mesh, name, options }) => {
                divide(mesh, &parts, name, &options)
            }
            (None, _) => bail!("give the number of parts; 'solver partition --help' tells more"),
        }
    }
}

/// Divides a mesh, stores the result and says how good it is.
fn divide(mesh: Option<PathBuf>, shares: &Shares, name: Option<String>, options: &Options) -> Result<()> {
    let name = name.unwrap_or_else(|| shares.parts().to_string());
    if options.partitioner.as_ref().is_some_and(|name| name != "metis") || !options.popt.is_empty() {
        note("parts are made by METIS with settings of its own; -p and --popt have no effect");
    }
    let work = Work::from_arguments(&options.elements, options.order)?;
    let file = open(mesh)?;
    let path = file.path().to_path_buf();
    if !options.force && file.partitionings().iter().any(|p| p.0 == name) {
        bail!(
            "'{}' already has a partitioning called '{name}'; give --force to replace it, or --name",
            path.display()
        );
    }
    store::check_name(&name)?;
    let mesh = file.mesh()?;
    drop(file);
    let made = partition(&mesh, shares.clone(), Some(&work))?;
    let quality = quality(&mesh, &made, &work, Some(shares))?;
    drop(mesh);
    if options.force {
        store::replace_partitioning(&path, &name, &made)?;
    } else {
        store::add_partitioning(&path, &name, &made)?;
    }
    report(&path, &name, &quality, "  ");
    Ok(())
}

impl List {
    fn execute(self) -> Result<()> {
        let file = open(self.mesh)?;
        let list = file.partitionings();
        match self.sep {
            Some(sep) => list.iter().for_each(|(name, parts)| line!("{name}{sep}{parts}")),
            None if list.is_empty() => line!("{} holds no partitioning", file.path().display()),
            None => {
                let width = list.iter().map(|p| p.0.chars().count()).max().unwrap_or(0).max(4);
                line!("{:width$}  parts", "name");
                list.iter().for_each(|(name, parts)| line!("{name:width$}  {parts}"));
            }
        }
        Ok(())
    }
}

impl Info {
    fn execute(self) -> Result<()> {
        let (mesh, name) = mesh_and_name(self.files);
        let file = open(mesh)?;
        let partitioning = file.read_partitioning(&name)?;
        let quality = quality(&file.mesh()?, &partitioning, &Work::default(), None)?;
        report(file.path(), &name, &quality, self.sep.as_deref().unwrap_or("  "));
        Ok(())
    }
}

impl Remove {
    fn execute(self) -> Result<()> {
        let (mesh, name) = mesh_and_name(self.files);
        let file = open(mesh)?;
        let path = file.path().to_path_buf();
        drop(file);
        Ok(store::remove_partitioning(path, &name)?)
    }
}

/// The last argument is the name, the one before it the mesh.
fn mesh_and_name(mut arguments: Vec<PathBuf>) -> (Option<PathBuf>, String) {
    let name = arguments.pop().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    (arguments.pop(), name)
}

fn open(mesh: Option<PathBuf>) -> Result<MeshFile> {
    let path = mesh.map_or_else(files::only_mesh, Ok)?;
    let named_so = path.extension().is_some_and(|e| e == files::EXTENSION);
    if !store::is_mesh_file(&path) && path.exists() && !named_so {
        bail!("'{}' is not a mesh file of this program; make one with 'solver import'", path.display());
    }
    Ok(store::open(&path)?)
}

/// Prints how good a partitioning is.
fn report(path: &Path, name: &str, quality: &Quality, sep: &str) {
    let ends = |list: &[usize]| {
        let end = |n: Option<&usize>| grouped(n.copied().unwrap_or(0) as u64);
        format!("{} to {}", end(list.iter().min()), end(list.iter().max()))
    };
    let parts = quality.sizes.len();
    line!(
        "{}: partitioning '{name}' of {parts} parts, {} elements each (imbalance {:.3}), {} faces cut",
        path.display(),
        ends(&quality.sizes),
        quality.imbalance,
        grouped(quality.cut_faces as u64)
    );
    if quality.shapes.len() > 1 {
        for (shape, counts) in &quality.shapes {
            let mean = counts.iter().sum::<usize>() as f64 / parts as f64;
            line!("  {:<10}{sep}{} a part, {mean:.1} on average", shape.name(), ends(counts));
        }
    }
    let (sum, most) =
        (quality.neighbours.iter().sum::<usize>(), quality.neighbours.iter().max().unwrap_or(&0));
    line!("  {:<10}{sep}{:.1} on average, {most} at most", "neighbours", sum as f64 / parts as f64);
    let torn: Vec<(usize, usize)> = quality.torn().collect();
    if torn.is_empty() {
        line!("  {:<10}{sep}all parts", "connected");
    } else {
        let some: Vec<String> =
            torn.iter().take(5).map(|(part, n)| format!("part {part} ({n} pieces)")).collect();
        let rest = if torn.len() > 5 { ", ..." } else { "" };
        line!("  {:<10}{sep}all but {}: {}{rest}", "connected", torn.len(), some.join(", "));
    }
}
