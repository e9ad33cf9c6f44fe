//! `solver plot`.

pub mod csv;

use super::look::{self, Fields, Viewer};
use super::note;
use crate::backend::discretisation::Block;
use crate::element::lattice;
use crate::engine::Engine;
use crate::engine::fields::Space;
use crate::output::name::NameTemplate;
use crate::physics::expr::Constants;
use crate::physics::find;
use crate::plot::colour::MAPS;
use crate::plot::encode::{self, Animation};
use crate::plot::field::{self, Raster};
use crate::plot::figure::{self, Layout};
use crate::plot::scene::{Scene, View, Window, directions};
use crate::plot::{Image, PlotError, lines, ticks};
use anyhow::{Result, anyhow, bail};
use std::path::{Path, PathBuf};

/// Draw pictures of solutions, or of what monitors have written
///
/// The polynomial of the solution is evaluated in every pixel, so that nothing is seen but the
/// solution. Without -f the first variable is drawn.
///
///   solver plot vortex-20.0.ssoln                          rho of a 2-D solution, to vortex-20.0.png
///   solver plot vortex-20.0.ssoln -f mach --mesh --contours 8 -o mach.png
///   solver plot duct-1.0.ssoln --slice z=0.5 -f vorticity --map magma --range 0:5
///   solver plot wing-3.0.ssoln --boundary wall -f p --eye=-60,30
///   solver plot vortex-*.ssoln -o 'rho-{n:03d}.png'        numbered pictures with the same colours
///   solver plot vortex-*.ssoln -o vortex.gif               one that moves; .png moves, too
///   solver plot --csv residual.csv --log -y rho -y E -o residual.png
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment, after_help = super::fields::help())]
pub struct Plot {
    /// Solutions (.ssoln), after the mesh if one is to be named
    #[arg(value_name = "[MESH] SOLUTION", required_unless_present = "csv")]
    files: Vec<PathBuf>,
    /// What to draw: a variable, an expression, NAME = EXPRESSION, or a quantity with a name (see below)
    #[arg(short, long, value_name = "EXPR", allow_hyphen_values = true)]
    field: Option<String>,
    /// File to write; with {n:03d} or {t} in it one a solution; by default named after the solution, here
    #[arg(short, long, value_name = "OUT.png")]
    output: Option<PathBuf>,
    /// Values of the first and the last colour, or of the bottom and the top; by default the least and the largest seen
    #[arg(long, value_name = "A:B", value_parser = range, allow_hyphen_values = true)]
    range: Option<(f64, f64)>,
    /// Colours: viridis, magma, inferno, plasma, cividis, coolwarm, gray
    #[arg(long, default_value = "viridis")]
    map: String,
    /// Size of the picture in pixels; by default one that suits what is seen
    #[arg(long, value_name = "WxH", value_parser = size)]
    size: Option<(usize, usize)>,
    /// Draw the sides of the elements
    #[arg(long)]
    mesh: bool,
    /// What to see of a 3-D solution: a plane, as in z=0.5
    #[arg(long, value_name = "AXIS=VALUE", value_parser = |text: &str| slice(text).map_err(|e| e.to_string()))]
    slice: Option<(usize, f64)>,
    /// What to see of a 3-D solution: a boundary, from far away
    #[arg(long, value_name = "NAME", conflicts_with_all = ["slice", "mesh"])]
    boundary: Option<String>,
    /// From where to see a boundary: degrees around z from the x-axis, and above the plane of x and y
    #[arg(long, value_name = "AROUND,ABOVE", value_parser = eye, default_value = "-60,30", allow_hyphen_values = true,
          requires = "boundary")]
    eye: (f64, f64),
    /// What part to see, in the coordinates along the picture's sides
    #[arg(long, value_name = "X0:X1,Y0:Y1", value_parser = window, allow_hyphen_values = true)]
    window: Option<Window>,
    /// Draw so many lines of equal value
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true,
          value_parser = clap::value_parser!(u16).range(0..=200))]
    contours: u16,
    /// What to write above; by default the time
    #[arg(long)]
    title: Option<String>,
    /// What to write beside the colours, or the vertical axis; by default the field
    #[arg(long)]
    label: Option<String>,
    /// Pictures a second of one that moves
    #[arg(long, value_name = "N", default_value_t = 10.0, value_parser = rate)]
    rate: f64,
    /// Draw columns of a CSV file instead; may be given again
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["files", "field", "slice", "boundary", "mesh", "contours"])]
    csv: Vec<PathBuf>,
    /// Column of the horizontal axis; by default t, else the first
    #[arg(short, requires = "csv", value_name = "COLUMN")]
    x: Option<String>,
    /// Column to draw; may be given again; by default all others
    #[arg(short, requires = "csv", value_name = "COLUMN")]
    y: Vec<String>,
    /// A logarithmic vertical axis
    #[arg(long)]
    log: bool,
    /// Threads; by default RAYON_NUM_THREADS, else all cores
    #[arg(short, long)]
    threads: Option<usize>,
}

/// Where pictures go.
enum Target {
    /// One file for each.
    Each(Vec<PathBuf>),
    /// All into one.
    Moving(PathBuf, Animation),
}

impl Plot {
    pub fn execute(self) -> Result<()> {
        if !self.csv.is_empty() {
            return self.table();
        }
        if find("colour map", &self.map, MAPS).is_err() {
            let names: Vec<&str> = MAPS.iter().map(|m| m.name).collect();
            bail!("there is no colour map '{}'; there are {}", self.map, names.join(", "));
        }
        let (mesh, solutions) = look::files(&self.files)?;
        let mut viewer = Viewer::new(mesh, self.threads)?;
        let target = self.target(&solutions)?;
        let range = match self.range {
            Some(range) => Some(range),
            None if solutions.len() > 1 => Some(self.common_range(&solutions, &mut viewer)?),
            None => None,
        };
        let mut picture = |i: usize| self.picture(&solutions[i], &mut viewer, range);
        match &target {
            Target::Each(paths) => {
                for (i, path) in paths.iter().enumerate() {
                    encode::png(path, &picture(i)?)?;
                    say!("{}", path.display());
                }
            }
            Target::Moving(path, kind) => {
                encode::animate(path, *kind, solutions.len(), 1.0 / self.rate, picture)?;
                say!("{}: {} pictures", path.display(), solutions.len());
            }
        }
        Ok(())
    }

    /// Where the pictures of these solutions go.
    fn target(&self, solutions: &[PathBuf]) -> Result<Target> {
        let Some(output) = &self.output else {
            let own = |path: &PathBuf| Path::new(path.file_name().unwrap_or_default()).with_extension("png");
            let paths: Vec<PathBuf> = solutions.iter().map(own).collect();
            if paths.iter().collect::<std::collections::BTreeSet<_>>().len() < paths.len() {
                bail!(
                    "several solutions have the same name; say what to call the pictures, as in -o '{{n:03d}}.png'"
                );
            }
            return Ok(Target::Each(paths));
        };
        let kind = match output.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
            Some("png" | "apng") => Animation::Png,
            Some("gif") => Animation::Gif,
            _ => bail!(
                "'{}' is no picture that can be written: its name has to end in .png or .gif",
                output.display()
            ),
        };
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let template = NameTemplate::parse(&name)?;
        if !template.is_constant() {
            let mut paths = vec![];
            for (n, solution) in solutions.iter().enumerate() {
                let t = look::open(solution)?.header().t;
                paths.push(output.with_file_name(template.format(t, n as u64)));
            }
            if kind == Animation::Gif {
                bail!("pictures of their own are .png files; leave {{n}} and {{t}} out for one that moves");
            }
            return Ok(Target::Each(paths));
        }
        Ok(match kind {
            Animation::Png if solutions.len() == 1 => Target::Each(vec![output.clone()]),
            kind => Target::Moving(output.clone(), kind),
        })
    }

    fn view(&self) -> View {
        match (&self.boundary, self.slice) {
            (Some(name), _) => {
                View::Boundary { name: name.clone(), directions: directions(self.eye.0, self.eye.1) }
            }
            (_, Some((axis, at))) => View::Slice { axis, at },
            _ => View::Flat,
        }
    }

    /// The field of a solution.
    fn fields(&self, engine: &Engine, constants: &Constants) -> Result<Fields> {
        let first =
            || engine.variables().primitive().first().map(|name| name.to_string()).unwrap_or_default();
        Fields::new(&[self.field.clone().unwrap_or_else(first)], engine, constants)
    }

    /// Least and largest value of the field that pictures of these solutions show.
    fn common_range(&self, solutions: &[PathBuf], viewer: &mut Viewer) -> Result<(f64, f64)> {
        let mut range: Option<(f64, f64)> = None;
        for solution in solutions {
            let seen = viewer.look(solution, |engine, t, constants| {
                let fields = self.fields(engine, constants)?;
                if engine.discretisation().dims == 1 {
                    let points = curve(engine, t, &fields)?.into_iter().map(|p| p[1]);
                    let finite = points.filter(|x| x.is_finite());
                    let start = (f64::INFINITY, f64::NEG_INFINITY);
                    let (low, high) = finite.fold(start, |(a, b), x| (a.min(x), b.max(x)));
                    return Ok((low <= high).then_some((low, high)));
                }
                let (data, space) = (data(engine, t, fields.gradients)?, engine.space());
                let scene = Scene::new(&space, self.view())?;
                let layout = Layout::new(&scene, &self.style((0.0, 1.0), &fields, t)?)?;
                Ok(seen(&space, &scene, &layout, &data, &fields, t).range())
            })?;
            range = match (range, seen) {
                (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
                (range, seen) => range.or(seen),
            };
        }
        Ok(ticks::widened(range.ok_or_else(|| anyhow!("the field has no finite value in any picture"))?))
    }

    fn style(&self, range: (f64, f64), fields: &Fields, t: f64) -> Result<figure::Style> {
        Ok(figure::Style {
            size: self.size,
            title: self.title.clone().unwrap_or_else(|| format!("t = {}", short(t))),
            label: self.label.clone().unwrap_or_else(|| fields.names[0].clone()),
            map: find("colour map", &self.map, MAPS)?,
            range,
            mesh: self.mesh,
            contours: self.contours.into(),
            window: self.window,
        })
    }

    /// The picture of a solution; colours from the least to the largest value seen where no range is given.
    fn picture(&self, solution: &Path, viewer: &mut Viewer, range: Option<(f64, f64)>) -> Result<Image> {
        viewer.look(solution, |engine, t, constants| {
            let fields = self.fields(engine, constants)?;
            if engine.discretisation().dims == 1 {
                return self.line(engine, t, &fields, range);
            }
            let (data, space) = (data(engine, t, fields.gradients)?, engine.space());
            let scene = Scene::new(&space, self.view())?;
            // The labels of the colours take room, which changes the pixels a little, and the least and largest of them less.
            let mut style = self.style(range.unwrap_or((0.0, 1.0)), &fields, t)?;
            let mut layout = Layout::new(&scene, &style)?;
            let mut raster = seen(&space, &scene, &layout, &data, &fields, t);
            if raster.values.iter().all(Option::is_none) {
                return Err(PlotError::Nothing.into());
            }
            if range.is_none() {
                let none = || anyhow!("the field '{}' has no finite value in the picture", fields.names[0]);
                style.range = ticks::widened(raster.range().ok_or_else(none)?);
                let before = layout.pixels();
                layout = Layout::new(&scene, &style)?;
                if layout.pixels() != before {
                    raster = seen(&space, &scene, &layout, &data, &fields, t);
                }
            }
            if raster.not_finite() > 0 {
                note(format!(
                    "'{}' is not finite in {} pixels of {}, which are magenta",
                    fields.names[0],
                    raster.not_finite(),
                    solution.display()
                ));
            }
            Ok(layout.draw(&scene, &raster, &style))
        })
    }

    /// The picture of a solution in one dimension: a curve, broken between elements.
    fn line(&self, engine: &mut Engine, t: f64, fields: &Fields, range: Option<(f64, f64)>) -> Result<Image> {
        if self.slice.is_some() || self.boundary.is_some() || self.mesh || self.contours > 0 {
            bail!(
                "the mesh is 1-D, and its picture a curve; leave --slice, --boundary, --mesh and --contours out"
            );
        }
        let style = lines::Style {
            size: self.size,
            title: self.title.clone().unwrap_or_else(|| format!("t = {}", short(t))),
            names: ["x".into(), self.label.clone().unwrap_or_else(|| fields.names[0].clone())],
            logarithmic: self.log,
            range,
        };
        let points = curve(engine, t, fields)?;
        Ok(lines::draw(&[lines::Curve { name: fields.names[0].clone(), points }], &style)?)
    }

    fn table(&self) -> Result<()> {
        let own = || Path::new(self.csv[0].file_name().unwrap_or_default()).with_extension("png");
        let output = self.output.clone().unwrap_or_else(own);
        if output.extension().is_none_or(|e| !e.eq_ignore_ascii_case("png")) {
            bail!("'{}' is no picture of curves: its name has to end in .png", output.display());
        }
        if let (true, Some((low, _))) = (self.log, self.range)
            && low <= 0.0
        {
            bail!("a logarithmic axis cannot begin at {low}; give a positive --range");
        }
        let style = lines::Style {
            size: self.size,
            title: self.title.clone().unwrap_or_default(),
            names: [String::new(), self.label.clone().unwrap_or_default()],
            logarithmic: self.log,
            range: self.range,
        };
        let wanted = csv::Wanted { x: self.x.as_deref(), y: &self.y, style };
        csv::draw(&self.csv, wanted, &output)?;
        say!("{}", output.display());
        Ok(())
    }
}

/// The conserved variables and, where they are wanted, their gradients, `[element][function][point]`.
fn data(engine: &mut Engine, t: f64, gradients: bool) -> Result<Vec<Vec<f64>>> {
    let solution = engine.solution()?;
    if !gradients {
        return Ok(solution);
    }
    let slopes = engine.gradient(t)?;
    let blocks = engine.discretisation().blocks.iter().zip(solution.iter().zip(&slopes));
    let join = |(block, (u, slopes)): (&Block, (&Vec<f64>, &Vec<f64>))| {
        let (size, more) = (u.len() / block.len(), slopes.len() / block.len());
        let elements = u.chunks_exact(size).zip(slopes.chunks_exact(more));
        elements.flat_map(|(u, slopes)| u.iter().chain(slopes).copied()).collect()
    };
    Ok(blocks.map(join).collect())
}

/// The field in the pixels of a picture.
fn seen(space: &Space, scene: &Scene, layout: &Layout, data: &[Vec<f64>], fields: &Fields, t: f64) -> Raster {
    let count = space.variables.conserved().len();
    let shown = scene.show(layout.window, layout.pixels());
    field::raster(space, &shown, layout.pixels(), data, |at, values| {
        fields.values(at, t, &values[..count], &values[count..])[0]
    })
}

/// The field along a mesh in one dimension, with a gap between elements.
fn curve(engine: &mut Engine, t: f64, fields: &Fields) -> Result<Vec<[f64; 2]>> {
    let data = data(engine, t, fields.gradients)?;
    let order = engine.discretisation().order;
    let count = engine.variables().conserved().len();
    let mut parts: Vec<Vec<[f64; 2]>> = vec![];
    let places = |shape, _| (lattice::nodes(shape, 4 * order + 8), vec![]);
    engine.sample(&data, places, |sample| {
        let value = |(q, at): (usize, &[f64; 3])| {
            let values: Vec<f64> = sample.values.column(q).to_vec();
            [at[0], fields.values(*at, t, &values[..count], &values[count..])[0]]
        };
        parts.push(sample.coordinates.iter().enumerate().map(value).collect());
    });
    parts.sort_by(|a, b| a[0][0].total_cmp(&b[0][0]));
    Ok(parts.join(&[f64::NAN; 2]))
}

/// A number for people.
fn short(x: f64) -> String {
    let text = format!("{x:.6}");
    if x != 0.0 && (x.abs() < 1e-4 || x.abs() >= 1e9) {
        return format!("{x:.4e}");
    }
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// `A:B`.
fn range(text: &str) -> Result<(f64, f64), String> {
    let parse = |x: &str| x.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let both = text.split_once(':').and_then(|(a, b)| Some((parse(a)?, parse(b)?)));
    both.filter(|(a, b)| a < b).ok_or_else(|| "write the lower and the upper end, as in 0.5:2".into())
}

/// `1200x900`.
fn size(text: &str) -> Result<(usize, usize), String> {
    let both = text.split_once('x').and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    both.ok_or_else(|| "write width and height in pixels, as in 1200x900".into())
}

/// `-60,30`.
fn eye(text: &str) -> Result<(f64, f64), String> {
    let parse = |x: &str| x.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let both = text.split_once(',').and_then(|(a, b)| Some((parse(a)?, parse(b)?)));
    both.ok_or_else(|| "write two angles in degrees, as in -60,30".into())
}

/// `0:1,0.2:0.5`.
fn window(text: &str) -> Result<Window, String> {
    let both = text.split_once(',').and_then(|(x, y)| Some((range(x).ok()?, range(y).ok()?)));
    let (x, y) = both.ok_or("write the ends of both sides, as in 0:1,0.2:0.5")?;
    Ok(Window { low: [x.0, y.0], high: [x.1, y.1] })
}

/// Pictures a second.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|x: &f64| (0.1..=100.0).contains(x));
    rate.ok_or_else(|| "give a number from 0.1 to 100".into())
}

/// `z=0.5`: number of the coordinate, and its value.
///
/// # Errors
/// The text is something else.
pub fn slice(text: &str) -> Result<(usize, f64)> {
    let parts = text.split_once('=').and_then(|(axis, at)| {
        let axis = ["x", "y", "z"].iter().position(|a| *a == axis.trim())?;
        Some((axis, at.trim().parse::<f64>().ok().filter(|x| x.is_finite())?))
    });
    parts.ok_or_else(|| anyhow!("'{text}' is not a plane; write a coordinate and its value, as in z=0.5"))
}
