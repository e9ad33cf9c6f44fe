//! `solver sample`.

use super::look::{self, Fields, Viewer};
use super::plot::csv;
use super::{note, print_all};
use crate::engine::Engine;
use crate::engine::locate::locate;
use crate::files;
use anyhow::{Result, anyhow, bail};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// Print the values of solutions at points, along lines, on planes
///
/// The values are those of the elements' polynomials at the points, not interpolated between
/// stored ones, written as CSV with as many digits as it takes to read them back. Without -f they
/// are those of all primitive variables.
///
///   solver sample flow-1.00.ssoln --point 0.5,0.25 --point 0.5,0.75
///   solver sample flow-*.ssoln --point 0.5,0.25 -f p -f 'u*u + v*v' -o probe.csv
///   solver sample flow-1.00.ssoln --line 0,0.5:1,0.5:201 -o middle.csv
///   solver sample duct.smesh duct-2.0.ssoln --plane z=0.5:100x50 -o plane.csv
///   solver sample flow-1.00.ssoln --points places.csv -f grad_u_y
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment, after_help = super::fields::help())]
#[command(group(clap::ArgGroup::new("where").required(true).args(["points", "point", "line", "plane"])))]
pub struct Sample {
    /// Solutions (.ssoln), after the mesh if one is to be named
    #[arg(required = true, value_name = "[MESH] SOLUTION")]
    files: Vec<PathBuf>,
    /// Points, a line each, in columns called x, y, z or, without names, in this order
    #[arg(long, value_name = "FILE.csv")]
    points: Option<PathBuf>,
    /// A point; may be given again
    #[arg(long, value_name = "X,Y[,Z]", allow_hyphen_values = true)]
    point: Vec<String>,
    /// So many points from one to another, ends included
    #[arg(long, value_name = "X,Y[,Z]:X,Y[,Z]:N", allow_hyphen_values = true)]
    line: Option<String>,
    /// A grid of points over the whole mesh, in 3-D where one coordinate has a value
    #[arg(long, value_name = "[z=VALUE:]NxN", allow_hyphen_values = true)]
    plane: Option<String>,
    /// A variable, an expression, NAME = EXPRESSION, or a quantity with a name (see below); may be given again
    #[arg(short, long = "field", value_name = "EXPR", allow_hyphen_values = true)]
    fields: Vec<String>,
    /// File to write, instead of printing
    #[arg(short, long, value_name = "OUT.csv")]
    output: Option<PathBuf>,
    /// Threads; by default RAYON_NUM_THREADS, else all cores
    #[arg(short, long)]
    threads: Option<usize>,
}

/// Most points; far more than anyone reads.
const MOST: usize = 20_000_000;

impl Sample {
    pub fn execute(self) -> Result<()> {
        let (mesh, solutions) = look::files(&self.files)?;
        let mut viewer = Viewer::new(mesh, self.threads)?;
        let mut text = String::new();
        // Points, and which of them are in the mesh; the same for all solutions of one mesh.
        let mut places: Option<(String, Vec<[f64; 3]>, Vec<usize>)> = None;
        for (i, file) in solutions.iter().enumerate() {
            viewer.look(file, |engine, t, constants| {
                let dims = engine.discretisation().dims;
                let names = match &self.fields[..] {
                    [] => engine.variables().primitive().into_iter().map(String::from).collect(),
                    some => some.to_vec(),
                };
                let fields = Fields::new(&names, engine, constants)?;
                let uuid = engine.mesh().uuid.clone();
                let (_, points, inside) = match places.take().filter(|(of, ..)| *of == uuid) {
                    Some(same) => places.insert(same),
                    None => {
                        let (points, inside) = self.places(engine, dims)?;
                        places.insert((uuid, points, inside))
                    }
                };
                let mut values: Vec<Option<Vec<f64>>> = vec![None; points.len()];
                let at: Vec<[f64; 3]> = inside.iter().map(|p| points[*p]).collect();
                let probes = engine.probes(&at)?;
                engine.probe(t, &probes, fields.gradients, |found| {
                    let point = inside[found.point];
                    values[point] = Some(fields.values(points[point], t, found.conserved, found.gradient));
                })?;
                let times = solutions.len() > 1;
                let mut columns: Vec<String> = times.then(|| "t".to_string()).into_iter().collect();
                columns.extend(["x", "y", "z"][..dims].iter().map(|x| x.to_string()));
                columns.extend(fields.names.iter().map(|name| csv::quoted(name)));
                let header = columns.join(",") + "\n";
                if i == 0 {
                    text += &header;
                } else if !text.starts_with(&header) {
                    bail!(
                        "{} has other columns than the solutions before it: {}",
                        file.display(),
                        header.trim_end()
                    );
                }
                for (x, values) in points.iter().zip(&values) {
                    let known = times.then_some(t).into_iter().chain(x[..dims].iter().copied());
                    let mut row: Vec<String> = known.map(|x| x.to_string()).collect();
                    match values {
                        Some(values) => row.extend(values.iter().map(f64::to_string)),
                        None => row.resize(row.len() + names.len(), String::new()),
                    }
                    // Writing to a text cannot fail.
                    let _ = writeln!(text, "{}", row.join(","));
                }
                Ok(())
            })?;
        }
        if let Some((_, points, inside)) = &places
            && inside.len() < points.len()
        {
            note(format!(
                "{} of {} points are outside of the mesh; their values are left empty",
                points.len() - inside.len(),
                points.len()
            ));
        }
        match &self.output {
            Some(path) => {
                super::files::check_table(path)?;
                let failed = |e: io::Error| anyhow!("cannot write {}: {e}", path.display());
                files::replace(path, |temporary| std::fs::write(temporary, &text).map_err(failed), failed)
            }
            None => print_all(&text),
        }
    }

    /// The points, and the numbers of those in the mesh.
    fn places(&self, engine: &Engine, dims: usize) -> Result<(Vec<[f64; 3]>, Vec<usize>)> {
        let single = self.line.is_none() && self.plane.is_none();
        let points = match (&self.points, &self.line, &self.plane) {
            (Some(file), ..) => from_file(file, dims)?,
            (_, Some(text), _) => line(text, dims)?,
            (_, _, Some(text)) => plane(text, engine, dims)?,
            _ => self.point.iter().map(|text| point(text, dims)).collect::<Result<_>>()?,
        };
        let inside: Vec<usize> = if single {
            // Says itself which are not.
            engine.probes(&points)?;
            (0..points.len()).collect()
        } else {
            let found = locate(engine.mesh(), &points);
            (0..points.len()).filter(|p| found[*p].is_some()).collect()
        };
        if inside.is_empty() {
            bail!("none of the {} points is in the mesh", points.len());
        }
        Ok((points, inside))
    }
}

/// `X,Y[,Z]`.
fn point(text: &str, dims: usize) -> Result<[f64; 3]> {
    let example = ["0.5", "0.5,0.25", "0.5,0.25,1"][dims.clamp(1, 3) - 1];
    let parts: Vec<Option<f64>> =
        text.split(',').map(|x| x.trim().parse().ok().filter(|x: &f64| x.is_finite())).collect();
    if parts.len() != dims || parts.contains(&None) {
        bail!("'{text}' is not a point of the {dims}-D mesh; write it like {example}");
    }
    Ok(std::array::from_fn(|d| parts.get(d).copied().flatten().unwrap_or(0.0)))
}

/// `A:B:N`.
fn line(text: &str, dims: usize) -> Result<Vec<[f64; 3]>> {
    let example = ["0:1:11", "0,0.5:1,0.5:11", "0,0.5,1:1,0.5,1:11"][dims.clamp(1, 3) - 1];
    let parts: Vec<&str> = text.split(':').collect();
    let [from, to, count] = parts[..] else {
        bail!("'{text}' is not a line; write two points and a number of points, like {example}");
    };
    let count: usize = count.trim().parse().ok().filter(|n| (2..=MOST).contains(n)).ok_or_else(|| {
        anyhow!("the line '{text}' has '{count}' points; there may be 2 to {MOST}, like {example}")
    })?;
    let (from, to) = (point(from, dims)?, point(to, dims)?);
    let share = |i: usize| i as f64 / (count - 1) as f64;
    let between = |a: f64, b: f64, s: f64| if s < 1.0 { a + (b - a) * s } else { b };
    Ok((0..count).map(|i| std::array::from_fn(|d| between(from[d], to[d], share(i)))).collect())
}

/// `[z=VALUE:]NxN`.
fn plane(text: &str, engine: &Engine, dims: usize) -> Result<Vec<[f64; 3]>> {
    let example = match dims {
        2 => "100x50",
        3 => "z=0.5:100x50",
        _ => bail!("the mesh is 1-D, and has no planes; give a line"),
    };
    let wrong = || anyhow!("'{text}' is not a plane of the {dims}-D mesh; write it like {example}");
    let (cut, counts) = match text.split_once(':') {
        Some((cut, counts)) => (Some(super::plot::slice(cut)?), counts),
        None => (None, text),
    };
    if cut.is_some() != (dims == 3) {
        return Err(wrong());
    }
    let (a, b) = counts.split_once('x').ok_or_else(wrong)?;
    let count = |n: &str| n.trim().parse::<usize>().ok().filter(|n| (1..=MOST).contains(n)).ok_or_else(wrong);
    let (a, b) = (count(a)?, count(b)?);
    if a.saturating_mul(b) > MOST {
        bail!("the plane '{text}' has more than {MOST} points");
    }
    let nodes = || engine.mesh().blocks.iter().flat_map(|block| &block.nodes);
    let span = |d: usize| {
        nodes().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x[d]), high.max(x[d])))
    };
    let free: Vec<usize> = (0..dims).filter(|d| cut.is_none_or(|(axis, _)| axis != *d)).collect();
    let spans = [span(free[0]), span(free[1])];
    let along = |(low, high): (f64, f64), i: usize, n: usize| match n {
        1 => 0.5 * (low + high),
        _ if i + 1 == n => high,
        _ => low + (high - low) * i as f64 / (n - 1) as f64,
    };
    let place = |i: usize| {
        let mut x = [0.0; 3];
        if let Some((axis, at)) = cut {
            x[axis] = at;
        }
        x[free[0]] = along(spans[0], i % a, a);
        x[free[1]] = along(spans[1], i / a, b);
        x
    };
    Ok((0..a * b).map(place).collect())
}

/// Points of a CSV file.
fn from_file(path: &Path, dims: usize) -> Result<Vec<[f64; 3]>> {
    let table = csv::Table::read(path)?;
    let axes = &["x", "y", "z"][..dims];
    let columns: Vec<usize> = if table.named {
        axes.iter().map(|name| table.column(name)).collect::<Result<_>>()?
    } else if table.names.len() >= dims {
        (0..dims).collect()
    } else {
        bail!("{} has {} columns; points of the mesh have {dims}", path.display(), table.names.len());
    };
    let row = |i: usize| -> Result<[f64; 3]> {
        let value = |d: usize| columns.get(d).map_or(0.0, |c| table.columns[*c][i]);
        let x: [f64; 3] = std::array::from_fn(value);
        if x.iter().any(|x| !x.is_finite()) {
            bail!("{}: point {} lacks a coordinate", path.display(), i + 1);
        }
        Ok(x)
    };
    (0..table.rows()).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_their_ends_and_points_their_dimensions() {
        let points = line("0,1:1,3:5", 2).unwrap();
        assert_eq!((points[0], points[2], points[4]), ([0.0, 1.0, 0.0], [0.5, 2.0, 0.0], [1.0, 3.0, 0.0]));
        assert_eq!(point("-1e-3, 2,3", 3).unwrap(), [-1e-3, 2.0, 3.0]);
        for (text, dims) in [("1,2,3", 2), ("1", 2), ("1,,2", 3), ("a,b", 2), ("1,nan", 2)] {
            assert!(point(text, dims).unwrap_err().to_string().contains("write it like"), "{text}");
        }
        for text in ["0,1:1,3", "0,1:1,3:1", "0,1:1,3:99999999999", "0:1:5"] {
            assert!(line(text, 2).is_err(), "{text}");
        }
    }
}
