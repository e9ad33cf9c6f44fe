//! The monitors a case can ask for: one table of their sections, keys, and how they are made. Adding one is its file in
//! `monitor` and an entry here.

use super::config::TimeConfig;
use super::error::ProblemKind;
use super::expressions::{BoundarySection, Expressions, Shared};
use super::keys::Fallback::{Absent, Required, Value};
use super::keys::Kind::{Choice, Expression, Flag, Integer, Literal, Number, Path, Text};
use super::keys::Status::{Honoured, Ignored};
use super::keys::plugins::{
    ENABLED, FILE, FILE_DATASET, FILE_FORMAT, HEADER, PUBLISH, REGION, REGION_EXPAND, REGION_TYPE, TRIGGER,
    TRIGGER_NAME,
};
use super::keys::{self, Section, key, section};
use super::values::Values;
use super::{outlets, physics, points, region};
use crate::backend::Precision;
use crate::element::Shape;
use crate::element::anti_alias::HIGHEST_DEGREE;
use crate::engine::region::{Place, Region};
use crate::monitor::action::PostAction;
use crate::monitor::fluidforce::ForceSettings;
use crate::monitor::integrate::{self, Integrands, Norm};
use crate::monitor::record::Record;
use crate::monitor::rows::Rows;
use crate::monitor::sampler::SampleSettings;
use crate::monitor::tavg::{AverageSettings, Deviations};
use crate::monitor::writer::Origin;
use crate::monitor::{Dtstats, Fluidforce, Integrate, Monitor, Nancheck, Residual, Sampler, Tavg, Writer};
use crate::output::growing::Growing;
use crate::output::name::NameTemplate;
use crate::physics::expr::lex::number;
use crate::physics::expr::{Constants, Expr};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

/// A kind of monitor.
pub struct MonitorKind {
    /// Its section of the case file.
    pub section: Section,
    /// Makes one from a section; `None` when something in it is wrong, which has then been noted.
    make: fn(&mut Reader<'_, '_>) -> Option<Box<dyn Monitor>>,
}

/// Every kind of monitor.
pub const MONITORS: &[MonitorKind] = &[
    MonitorKind {
        section: section(
            "soln-plugin-writer[-SUFFIX]",
            Honoured,
            false,
            "Writes the solution at regular times",
            &[
                key(
                    "dt-out",
                    Number,
                    Required,
                    Honoured,
                    "time between files, counted from the start; at the end only if it falls on one",
                ),
                key(
                    "basename",
                    Text,
                    Required,
                    Honoured,
                    "file name with {t} for the time and {n} for the number, as in {t:.2f} or {n:03d}",
                ),
                key("basedir", Path, Value("."), Honoured, "directory of the files"),
                key(
                    "vtk",
                    Flag,
                    Value("true"),
                    Honoured,
                    "whether to write VTK files beside the solution files",
                ),
                key(
                    "vtk-precision",
                    Choice(&["single", "double"]),
                    Value("single"),
                    Honoured,
                    "precision of the VTK files; solution files have that of the run",
                ),
                key(
                    "write-gradients",
                    Flag,
                    Value("false"),
                    Honoured,
                    "whether to write the gradients of the primitive variables, too, as grad_NAME",
                ),
                key(
                    "async-timeout",
                    Number,
                    Value("60"),
                    Ignored,
                    "waiting time of writing in the background",
                ),
                key(
                    "post-action",
                    Text,
                    Absent,
                    Honoured,
                    "program to start after writing, with {soln}, {mesh} and {t} for the files and the time",
                ),
                key(
                    "post-action-mode",
                    Choice(&["blocking", "non-blocking"]),
                    Value("blocking"),
                    Honoured,
                    "whether the next output waits for it; the computation never does",
                ),
                ENABLED,
                TRIGGER,
                TRIGGER_NAME,
                PUBLISH,
                REGION,
                REGION_TYPE,
                REGION_EXPAND,
            ],
        ),
        make: writer,
    },
    MonitorKind {
        section: section(
            "soln-plugin-nancheck[-SUFFIX]",
            Honoured,
            false,
            "Stops the run when the solution is no longer finite",
            &[
                key("nsteps", Integer, Required, Honoured, "steps between checks"),
                ENABLED,
                TRIGGER,
                TRIGGER_NAME,
            ],
        ),
        make: |reader| Some(Box::new(Nancheck { nsteps: reader.count("nsteps")? })),
    },
    MonitorKind {
        section: section(
            "soln-plugin-residual[-SUFFIX]",
            Honoured,
            false,
            "Writes the size of du/dt",
            &[
                key("nsteps", Integer, Required, Honoured, "steps between rows"),
                FILE,
                HEADER,
                key(
                    "norm",
                    Text,
                    Value("2"),
                    Honoured,
                    "exponent of the norm over all solution points, or inf",
                ),
                ENABLED,
                TRIGGER,
                TRIGGER_NAME,
                PUBLISH,
            ],
        ),
        make: residual,
    },
    MonitorKind {
        section: section(
            "soln-plugin-integrate[-SUFFIX]",
            Honoured,
            true,
            "Writes integrals of expressions of the primitive variables, their gradients (grad_u_x), x, y, z, t; other keys \
             are helpers for %(name)s",
            &[
                key(
                    "nsteps",
                    Integer,
                    Required,
                    Honoured,
                    "steps between rows; there is one at the start, too",
                ),
                FILE,
                HEADER,
                key("int-NAME", Expression, Absent, Honoured, "what to integrate; the name of the column"),
                key(
                    "norm",
                    Text,
                    Value("none"),
                    Honoured,
                    "none for integrals, an exponent p for (integral of |f|^p)^(1/p), inf for the largest magnitude",
                ),
                key(
                    "quad-deg",
                    Integer,
                    Absent,
                    Honoured,
                    "degree of the rule; without, the solution points have their own weights",
                ),
                key("quad-deg-SHAPE", Integer, Absent, Honoured, "the same for elements of one shape"),
                key(
                    "quad-pts-SHAPE",
                    Text,
                    Absent,
                    Ignored,
                    "family of the rule; of no effect, ours of the same degree is taken",
                ),
                ENABLED,
                TRIGGER,
                TRIGGER_NAME,
                PUBLISH,
                REGION,
                REGION_TYPE,
                REGION_EXPAND,
            ],
        ),
        make: integrate,
    },
    MonitorKind {
        section: section(
            "soln-plugin-fluidforce-NAME",
            Honoured,
            false,
            "Writes the force of the flow on the boundary NAME: t,px,py,pz by pressure, mpx,... its moment, vx,... and mvx,... by \
             friction",
            &[
                key(
                    "nsteps",
                    Integer,
                    Required,
                    Honoured,
                    "steps between rows; there is one at the start, too",
                ),
                FILE,
                HEADER,
                FILE_FORMAT,
                FILE_DATASET,
                key(
                    "morigin",
                    Literal,
                    Absent,
                    Honoured,
                    "point (x, y) or (x, y, z) that moments are taken about; without, there are no moments",
                ),
                key(
                    "quad-deg",
                    Integer,
                    Absent,
                    Honoured,
                    "degree of the rule on faces; without, two more than twice the order",
                ),
                key(
                    "quad-deg-SHAPE",
                    Integer,
                    Absent,
                    Honoured,
                    "the same for faces of one shape: line, tri, quad",
                ),
                key(
                    "quad-pts-SHAPE",
                    Text,
                    Absent,
                    Ignored,
                    "family of the rule; of no effect, ours of the same degree is taken",
                ),
                ENABLED,
                TRIGGER,
                TRIGGER_NAME,
                PUBLISH,
            ],
        ),
        make: fluidforce,
    },
    MonitorKind {
        section: section(
            "soln-plugin-sampler[-SUFFIX]",
            Honoured,
            false,
            "Writes the solution at points, a row t,x,y,z,variables each",
            &[
                key(
                    "nsteps",
                    Integer,
                    Required,
                    Honoured,
                    "steps between samples; there is one at the start, too",
                ),
                key(
                    "samp-pts",
                    Literal,
                    Required,
                    Honoured,
                    "the points, [(x, y, z), ...]; constants may be used",
                ),
                key(
                    "format",
                    Choice(&["primitive", "conservative"]),
                    Value("primitive"),
                    Honoured,
                    "which variables",
                ),
                key(
                    "sample-gradients",
                    Flag,
                    Value("false"),
                    Honoured,
                    "whether to write their gradients too, grad_u_x",
                ),
                FILE,
                HEADER,
                FILE_FORMAT,
                FILE_DATASET,
                ENABLED,
                TRIGGER,
                TRIGGER_NAME,
            ],
        ),
        make: sampler,
    },
    MonitorKind {
        section: section(
            "soln-plugin-tavg[-SUFFIX]",
            Honoured,
            true,
            "Writes averages over time of expressions of the primitive variables, their gradients (grad_u_x), x, y, z, t; other \
             keys are helpers for %(name)s",
            &[
                key(
                    "nsteps",
                    Integer,
                    Required,
                    Honoured,
                    "steps between the moments that the trapezoidal rule takes, besides outputs",
                ),
                key(
                    "dt-out",
                    Number,
                    Required,
                    Honoured,
                    "time between files, counted from the start of the averages",
                ),
                key(
                    "basename",
                    Text,
                    Required,
                    Honoured,
                    "file name with {t} for the time and {n} for the number, as in {t:.2f} or {n:03d}",
                ),
                key("basedir", Path, Value("."), Honoured, "directory of the files"),
                key("avg-NAME", Expression, Absent, Honoured, "what to average"),
                key(
                    "fun-avg-NAME",
                    Expression,
                    Absent,
                    Honoured,
                    "a function of the averages, which it knows by their NAME",
                ),
                key(
                    "mode",
                    Choice(&["windowed", "continuous"]),
                    Value("windowed"),
                    Honoured,
                    "averages since the file before, or since the start",
                ),
                key(
                    "std-mode",
                    Choice(&["summary", "all", "none"]),
                    Value("summary"),
                    Honoured,
                    "deviations of the means between two files from each other: the largest and the mean, at all points, or none",
                ),
                key(
                    "precision",
                    Choice(&["single", "double"]),
                    Value("single"),
                    Honoured,
                    "precision of the files",
                ),
                key("tstart", Number, Absent, Honoured, "time of the start; without, the start of the run"),
                key(
                    "vtk",
                    Flag,
                    Value("true"),
                    Honoured,
                    "whether to write VTK files beside the files of averages",
                ),
                key(
                    "async-timeout",
                    Number,
                    Value("60"),
                    Ignored,
                    "waiting time of writing in the background",
                ),
                ENABLED,
                TRIGGER,
                TRIGGER_NAME,
                REGION,
                REGION_TYPE,
                REGION_EXPAND,
            ],
        ),
        make: averages,
    },
    MonitorKind {
        section: section(
            "soln-plugin-dtstats[-SUFFIX]",
            Honoured,
            false,
            "Writes every attempt at a step: number, time, size, accept or reject, wall-clock time, error",
            &[
                FILE,
                HEADER,
                key(
                    "flushsteps",
                    Integer,
                    Value("500"),
                    Ignored,
                    "rows kept back; none are, rows are written at once",
                ),
                ENABLED,
                TRIGGER,
                TRIGGER_NAME,
            ],
        ),
        make: |reader| {
            let (file, header) = (reader.path("file"), reader.flag("header"));
            Some(Box::new(Dtstats::new(with_csv(file?), header?)))
        },
    },
];

fn writer(reader: &mut Reader<'_, '_>) -> Option<Box<dyn Monitor>> {
    let dt_out = reader.interval("dt-out");
    let name = reader.output_name();
    let basedir = reader.path("basedir");
    let vtk = reader.flag("vtk");
    let precision = reader.precision("vtk-precision");
    let name = name?;
    // It holds the whole file: not for sections with mistakes.
    let origin = reader.origin.clone();
    let wait = reader.values.choice(reader.section, "post-action-mode")?.value == "blocking";
    let action = match reader.has("post-action").then(|| reader.text("post-action")).flatten() {
        None => None,
        Some(text) => match PostAction::parse(&text, wait, origin.mesh_file.clone()) {
            Ok(action) => Some(action),
            Err(error) => return reader.report("post-action", error.to_string()),
        },
    };
    let gradients = reader.flag("write-gradients")?;
    let state = reader.state_name();
    let vtk = precision.filter(|_| vtk == Some(true));
    let writer = Writer::new(&basedir?, name, dt_out?, vtk, origin, state);
    Some(Box::new(writer.with_action(action).with_gradients(gradients).with_region(reader.region()?)))
}

fn residual(reader: &mut Reader<'_, '_>) -> Option<Box<dyn Monitor>> {
    let nsteps = reader.count("nsteps");
    let file = reader.path("file");
    let header = reader.flag("header");
    let norm = reader.text("norm")?;
    let exponent = if norm == "inf" { Some(f64::INFINITY) } else { number(&norm).filter(|p| *p >= 1.0) };
    let Some(exponent) = exponent else {
        return reader.refuse("norm", &norm, "a number of at least 1, or inf");
    };
    Some(Box::new(Residual::new(nsteps?, with_csv(file?), header?, exponent)))
}

fn integrate(reader: &mut Reader<'_, '_>) -> Option<Box<dyn Monitor>> {
    let nsteps = reader.count("nsteps");
    let rows = (reader.path("file"), reader.flag("header"));
    let norm = reader.text("norm").and_then(|text| match text.as_str() {
        "none" => Some(Norm::None),
        "inf" => Some(Norm::Largest),
        text => match number(text).filter(|p| *p >= 1.0) {
            Some(p) => Some(Norm::Power(p)),
            None => reader.refuse("norm", text, "none, a number of at least 1, or inf"),
        },
    });
    let degrees = reader.degrees()?;
    let list = reader.named("int-");
    if list.is_empty() {
        return reader.report("int-NAME", "missing; add one, such as 'int-mass = rho'");
    }
    let names = integrate::variables(&reader.facts?.primitive, reader.facts?.dims);
    let integrands = Integrands {
        list: reader.parsed(list, &names)?,
        primitives: reader.facts?.primitive.len(),
        dims: reader.facts?.dims,
        norm: norm?,
        region: reader.region()?,
        degrees,
    };
    Some(Box::new(Integrate::new(nsteps?, integrands, Rows::new(with_csv(rows.0?), rows.1?))))
}

fn fluidforce(reader: &mut Reader<'_, '_>) -> Option<Box<dyn Monitor>> {
    let nsteps = reader.count("nsteps");
    let rows = reader.record();
    let degrees = reader.degrees();
    let origin = match reader.has("morigin") {
        true if reader.facts?.dims == 1 => {
            return reader.report("morigin", "there are no moments in one dimension; remove it");
        }
        true => Some(reader.literal("morigin", points::point)?),
        false => None,
    };
    let boundary = keys::placeholder("soln-plugin-fluidforce-NAME", reader.section)?.to_string();
    let settings = ForceSettings { boundary, origin, degrees: degrees? };
    Some(Box::new(Fluidforce::new(nsteps?, settings, rows?)))
}

fn sampler(reader: &mut Reader<'_, '_>) -> Option<Box<dyn Monitor>> {
    let nsteps = reader.count("nsteps");
    let rows = reader.record();
    let format = reader.values.choice(reader.section, "format");
    let gradients = reader.flag("sample-gradients");
    let points = reader.literal("samp-pts", points::points)?;
    let primitive = format?.value == "primitive";
    let settings = SampleSettings { points, primitive, gradients: gradients? };
    Some(Box::new(Sampler::new(nsteps?, settings, rows?)))
}

fn averages(reader: &mut Reader<'_, '_>) -> Option<Box<dyn Monitor>> {
    let nsteps = reader.count("nsteps");
    let dt_out = reader.interval("dt-out");
    let name = reader.output_name();
    let folder = reader.path("basedir");
    let vtk = reader.flag("vtk");
    let [mode, deviations] = ["mode", "std-mode"].map(|key| reader.values.choice(reader.section, key));
    let precision = reader.precision("precision");
    let tstart = match reader.has("tstart") {
        true => Some(reader.values.number(reader.section, "tstart", "", |_| true)?),
        false => None,
    };
    let list = reader.named("avg-");
    if list.is_empty() {
        return reader.report("avg-NAME", "missing; add one, such as 'avg-u = u'");
    }
    if let Some(key) = list.iter().find(|key| key.contains('/')) {
        return reader.report(&key.clone(), "a name of averages cannot have a '/'");
    }
    let functions = reader.named("fun-avg-");
    let own: Vec<String> = list.iter().map(|key| key["avg-".len()..].to_string()).collect();
    let facts = reader.facts?;
    let averages = reader.parsed(list, &integrate::variables(&facts.primitive, facts.dims));
    let functions = reader.parsed(functions, &own);
    let averages = averages?;
    let gradients = integrate::gradients(facts.primitive.len(), facts.dims, averages.iter().map(|a| &a.1));
    let region = reader.region()?;
    Some(Box::new(Tavg::new(AverageSettings {
        state: reader.state_name(),
        nsteps: nsteps?,
        dt_out: dt_out?,
        tstart,
        continuous: mode?.value == "continuous",
        deviations: match deviations?.value.as_str() {
            "none" => Deviations::None,
            "all" => Deviations::All,
            _ => Deviations::Summary,
        },
        precision: precision?,
        averages,
        functions: functions?,
        gradients,
        folder: folder?,
        name: name?,
        vtk: vtk?,
        region,
        origin: reader.origin.clone(),
    })))
}

/// Adds `.csv` to a name without it.
pub(super) fn with_csv(mut file: PathBuf) -> PathBuf {
    if file.extension() != Some(OsStr::new("csv")) {
        file.as_mut_os_string().push(".csv");
    }
    file
}

/// Reads the keys of one section.
struct Reader<'v, 'i> {
    values: &'v mut Values<'i>,
    section: &'v str,
    /// Missing when its section has mistakes.
    time: Option<&'v TimeConfig>,
    origin: &'v Origin,
    shared: &'v Arc<Shared>,
    /// Missing when the system has mistakes.
    facts: Option<&'v Facts>,
}

/// What monitors need to know of the system.
pub(super) struct Facts {
    /// Primitive variables.
    pub primitive: Vec<&'static str>,
    /// Space dimensions.
    pub dims: usize,
}

impl Reader<'_, '_> {
    /// A number of steps.
    fn count(&mut self, key: &str) -> Option<u64> {
        self.values.integer(self.section, key, 1, u64::MAX)
    }

    /// A span of time that is long enough to be noticed.
    fn interval(&mut self, key: &str) -> Option<f64> {
        let interval = self.values.number(self.section, key, "greater than 0", |x| x > 0.0)?;
        if self.time.is_some_and(|time| !time.advances(interval)) {
            return self.refuse(
                key,
                &interval.to_string(),
                "large enough to change the time when it is added",
            );
        }
        Some(interval)
    }

    fn text(&mut self, key: &str) -> Option<String> {
        self.values.text(self.section, key).map(|text| text.value)
    }

    fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.values.path(self.section, key)
    }

    fn flag(&mut self, key: &str) -> Option<bool> {
        self.values.flag(self.section, key)
    }

    /// A precision of files.
    fn precision(&mut self, key: &str) -> Option<Precision> {
        let word = self.values.choice(self.section, key)?.value;
        Some(if word == "double" { Precision::Double } else { Precision::Single })
    }

    /// Whether the key is there.
    fn has(&self, key: &str) -> bool {
        self.values.ini.get(self.section, key).is_some()
    }

    /// The section's expressions.
    fn expressions(&self) -> Expressions {
        Expressions::new(self.shared, self.section)
    }

    /// `basename`, which tells the outputs apart.
    fn output_name(&mut self) -> Option<NameTemplate> {
        match NameTemplate::parse(&self.text("basename")?) {
            Ok(name) if !name.is_constant() => Some(name),
            Ok(_) => {
                let text =
                    "every output would have the same name; put {t:.2f} (time) or {n:03d} (number) into it";
                self.report("basename", text)
            }
            Err(error) => self.report("basename", error.to_string()),
        }
    }

    /// The section's own keys that start with `prefix` and go on, in their order.
    fn named(&self, prefix: &str) -> Vec<String> {
        let entries = self.values.ini.section(self.section).map_or(&[][..], |s| s.entries());
        let keys = entries.iter().map(|e| e.key.clone());
        keys.filter(|key| key.len() > prefix.len() && key.starts_with(prefix)).collect()
    }

    /// These keys with their values as expressions of `variables`.
    fn parsed(&mut self, keys: Vec<String>, variables: &[String]) -> Option<Vec<(String, Expr)>> {
        let variables: Vec<&str> = variables.iter().map(String::as_str).collect();
        let texts: Vec<&str> = keys.iter().map(String::as_str).collect();
        let expressions = super::expressions::all(&self.expressions(), &texts, &variables);
        let expressions = self.values.errors.take(expressions)?;
        Some(keys.into_iter().zip(expressions).collect())
    }

    /// Where rows go.
    fn record(&mut self) -> Option<Record> {
        let (file, header) = (self.path("file"), self.flag("header"));
        if self.values.choice(self.section, "file-format")?.value == "csv" {
            return Some(Rows::new(with_csv(file?), header?).into());
        }
        if !self.has("file-dataset") {
            let text = "missing; name the data set in the file, such as 'file-dataset = samples'";
            return self.report("file-dataset", text);
        }
        match Growing::new(file?, &self.text("file-dataset")?) {
            Ok(growing) => Some(growing.into()),
            Err(what) => self.report("file-dataset", what),
        }
    }

    /// Degrees of rules by shape, where there are any.
    fn degrees(&mut self) -> Option<BTreeMap<Shape, usize>> {
        let mut degrees = BTreeMap::new();
        for shape in keys::SHAPES.into_iter().filter_map(Shape::from_name) {
            let own = format!("quad-deg-{}", shape.name());
            let Some(key) = [own.as_str(), "quad-deg"].into_iter().find(|k| self.has(k)) else { continue };
            let degree = self.values.integer(self.section, key, 0, HIGHEST_DEGREE as u64)?;
            degrees.insert(shape, degree as usize);
        }
        Some(degrees)
    }

    /// What [`points`] makes of a text of the section, for the space dimensions of the system.
    fn literal<T>(
        &mut self,
        key: &str,
        read: impl Fn(&str, usize, &Constants) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(key)?;
        match read(&text, self.facts?.dims, &self.shared.constants) {
            Ok(value) => Some(value),
            Err(what) => self.report(key, format!("the value {what}")),
        }
    }

    /// The part of the mesh.
    fn region(&mut self) -> Option<Region> {
        let kind = self.values.choice(self.section, "region-type");
        let layers = self.values.integer(self.section, "region-expand", 0, u64::MAX);
        let place = match self.text("region")?.as_str() {
            "*" => Place::All,
            _ => self.literal("region", region::region)?,
        };
        Some(Region::new(place, layers?, kind?.value == "surface"))
    }

    /// Under which name a monitor of this section keeps its state with solutions.
    fn state_name(&self) -> String {
        let name = self.section.strip_prefix("soln-plugin-").unwrap_or(self.section);
        // A slash would be a group of the file.
        format!("plugins/{}", name.replace('/', "|"))
    }

    /// Notes a mistake at a key.
    fn report<T>(&mut self, key: &str, text: impl Into<String>) -> Option<T> {
        self.values.report(self.section, key, ProblemKind::Other(text.into()));
        None
    }

    /// Notes that a value is not what it should be.
    fn refuse<T>(&mut self, key: &str, value: &str, expected: &str) -> Option<T> {
        self.values.refuse(self.section, key, value, expected);
        None
    }
}

/// Makes the monitors of a file: first the filter, so that all others see what it leaves, then the controlled outlets, so
/// that files hold their state, then the plugins in their order, those switched off left out. What is wrong goes to `values`.
pub(super) fn read(
    values: &mut Values<'_>,
    time: Option<&TimeConfig>,
    boundaries: &[BoundarySection],
    origin: &Origin,
    shared: &Arc<Shared>,
    facts: Option<&Facts>,
) -> Vec<Box<dyn Monitor>> {
    let mut monitors: Vec<Box<dyn Monitor>> = vec![];
    if let Some(filter) = physics::modal_filter(values) {
        monitors.push(Box::new(filter));
    }
    monitors.extend(boundaries.iter().filter_map(|section| outlets::read(values, section)));
    for found in values.ini.sections() {
        let section = found.name.as_str();
        let Some(spec) = keys::find(section) else { continue };
        let Some(kind) = MONITORS.iter().find(|m| m.section.pattern == spec.pattern) else { continue };
        if values.flag(section, "enabled") != Some(false) {
            monitors.extend((kind.make)(&mut Reader { values, section, time, origin, shared, facts }));
        }
    }
    monitors
}
