//! What goes into a file of one time: cells of the volume, of boundaries or of triangles, and the fields on them.

use super::Content;
use super::load::Loaded;
use crate::case::Case;
use crate::cli::fields::Fields;
use crate::cli::grouped;
use crate::engine::Engine;
use crate::output::collect::{Picked, on_nodes, usual_order};
use crate::output::stl::{self, Triangle};
use crate::output::surface::{on_boundaries, on_triangles};
use crate::output::vtk::{CellKind, Grid, Mark};
use crate::parallel::Reduce;
use crate::physics::expr::nearest;
use anyhow::{Context, Result, anyhow, bail};
use std::borrow::Cow;
use std::sync::Arc;

/// Name of the number of the body that a triangle belongs to.
const BODY: &str = "Body";

/// Triangles of a file, cut as they are asked for.
const MOST_TRIANGLES: usize = 100_000_000;

/// What the cells of a file are, and what it takes to make them.
pub enum Part {
    Volume,
    /// Names of boundaries; all without any.
    Boundaries(Vec<String>),
    /// Names and triangles of files.
    Bodies(Vec<(String, Vec<Triangle>)>),
}

/// The numbers of the boundaries called `names`; of all without any.
pub fn boundaries(names: &[String], known: &[String]) -> Result<Vec<usize>> {
    if known.is_empty() {
        bail!("the mesh has no boundaries");
    }
    let number = |name: &String| {
        let meant = nearest(name, known.iter().map(String::as_str));
        let meant = meant.map_or(String::new(), |n| format!(", did you mean '{n}'?"));
        let unknown = || anyhow!("the mesh has no boundary '{name}'{meant}; it has {}", known.join(", "));
        known.iter().position(|k| k == name).ok_or_else(unknown)
    };
    if names.is_empty() { Ok((0..known.len()).collect()) } else { names.iter().map(number).collect() }
}

impl Content {
    /// Reads STL files.
    pub fn bodies(&self, names: Vec<String>) -> Result<Vec<(String, Vec<Triangle>)>> {
        if self.order.is_some() {
            bail!("triangles of STL files are flat; --divide N cuts them, in place of --order");
        }
        if names.is_empty() {
            bail!("name the STL files after the solutions");
        }
        let parts = self.divide.map_or(1, usize::from);
        let read = |name: String| {
            let bytes = std::fs::read(&name).with_context(|| format!("cannot read '{name}'"))?;
            let triangles = stl::parse(bytes).map_err(|what| anyhow!("'{name}' {what}"))?;
            if triangles.is_empty() || triangles.len() > MOST_TRIANGLES / (parts * parts) {
                let count = grouped(triangles.len() as u64);
                bail!(
                    "'{name}' has {count} triangles, and there may be 1 to {MOST_TRIANGLES} after their division"
                );
            }
            Ok((name, triangles))
        };
        names.into_iter().map(read).collect()
    }

    /// The grid of a solution, and the names of its fields. Collective.
    pub fn grid(&self, loaded: &mut Loaded, part: &Part) -> Result<(Grid, String)> {
        let Loaded { engine, header, averages } = loaded;
        let wanted = match part {
            Part::Boundaries(names) => boundaries(names, &engine.mesh().boundaries)?,
            Part::Volume | Part::Bodies(_) => vec![],
        };
        if matches!(part, Part::Bodies(_)) && header.dims != 3 {
            bail!("the mesh is {}-D, but triangles of STL files are in 3-D", header.dims);
        }
        let fields = match averages {
            Some(_) => None,
            None => {
                let (case, _) = Case::parse_with("the case of the solution", &header.config, &[])?;
                let variables = Arc::clone(engine.variables());
                let constants = &case.constants;
                Some(Fields::parse(&self.fields, self.gradients, &*variables, header.dims, constants)?)
            }
        };
        let space = engine.space();
        let usual = usual_order(&space);
        let given = self.order.or(self.divide).map(usize::from);
        let order = |geometry: usize| given.unwrap_or_else(|| usual(geometry));
        let kind = if self.divide.is_some() { CellKind::Linear } else { CellKind::Lagrange };
        if matches!(part, Part::Volume) && self.compress {
            check_size(engine, order)?;
        }
        let (picked, values) = match (fields, averages) {
            (Some(fields), _) => {
                let values = fields.values(engine, header.t)?;
                (fields.picked, Cow::Owned(values))
            }
            (None, averages) => {
                (self.averages(&header.variables)?, Cow::Borrowed(averages.as_deref().unwrap_or_default()))
            }
        };
        let mut told = picked.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
        let mut grid = match part {
            Part::Boundaries(_) => {
                told += ", Normal";
                for n in &wanted {
                    told += &format!("\nboundary   {n}: {}", engine.mesh().boundaries[*n]);
                }
                on_boundaries(&space, &values, &picked, &wanted, order, kind)
            }
            Part::Volume => {
                let (cells, fields) = on_nodes(&space, &values, &picked, order);
                Grid { kind, cells, fields, ..Grid::default() }
            }
            Part::Bodies(bodies) => {
                let (mut all, mut numbers) = (vec![], vec![]);
                for (n, (name, triangles)) in (0..).zip(bodies) {
                    told += &format!("\nbody       {n}: {name}");
                    numbers.resize(numbers.len() + triangles.len(), n);
                    all.extend_from_slice(triangles);
                }
                let (mut grid, outside) = on_triangles(engine, &values, &picked, &all, given.unwrap_or(1))?;
                if outside > 0 {
                    told += &format!("\noutside    {} corners, without values", grouped(outside as u64));
                }
                grid.marks.push(Mark { name: BODY.into(), values: numbers });
                grid
            }
        };
        grid.merged = self.merge;
        Ok((grid, told))
    }

    /// The averages that are wanted, of those there are.
    fn averages(&self, names: &[String]) -> Result<Vec<Picked>> {
        if self.gradients {
            bail!("averages have no gradients; let [soln-plugin-tavg-NAME] average them");
        }
        let all: Vec<&String> =
            if self.fields.is_empty() { names.iter().collect() } else { self.fields.iter().collect() };
        let pick = |name: &String| {
            let meant = nearest(name, names.iter().map(String::as_str));
            let meant = meant.map_or(String::new(), |n| format!(", did you mean '{n}'?"));
            let unknown = || anyhow!("there is no average '{name}'{meant}; there are {}", names.join(", "));
            let at = names.iter().position(|n| n == name).ok_or_else(unknown)?;
            Ok(Picked { name: name.clone(), positions: vec![at] })
        };
        all.into_iter().map(pick).collect()
    }
}

/// Refuses what no file can hold before it is made. Collective.
fn check_size(engine: &Engine, order: impl Fn(usize) -> usize) -> Result<()> {
    let nodes = engine.mesh().blocks.iter().map(|b| b.ids.len() * b.shape.points(order(b.order)));
    let mut most = [nodes.sum::<usize>() as f64];
    engine.communicator().reduce_f64(Reduce::Max, &mut most);
    if most[0] > f64::from(u32::MAX) {
        bail!(
            "{} nodes are more than a compressed file takes; leave out --compress",
            grouped(most[0] as u64)
        );
    }
    Ok(())
}
