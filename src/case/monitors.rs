//! The monitors a case can ask for: one table of their sections, keys, and how they are made. Adding one is its file in
//! `monitor` and an entry here.

use super::config::TimeConfig;
use super::error::ProblemKind;
use super::expressions::{BoundarySection, Expressions, Shared};
use super::keys::Fallback::{Absent, Required, Value};
use super::keys::Kind::{Expression, Flag, Integer, Number, Path, Text};
use super::keys::Status::{Honoured, Ignored, NotYet, Note};
use super::keys::plugins::{
    ENABLED, FILE, HEADER, PUBLISH, REGION, REGION_EXPAND, REGION_TYPE, TRIGGER, TRIGGER_NAME,
};
use super::keys::{self, Section, key, section};
use super::values::Values;
use super::{outlets, physics};
use crate::element::Shape;
use crate::element::anti_alias::HIGHEST_DEGREE;
use crate::monitor::integrate::{self, Integrands, Norm};
use crate::monitor::rows::Rows;
use crate::monitor::writer::Origin;
use crate::monitor::{Dtstats, Integrate, Monitor, Nancheck, Residual, Writer};
use crate::output::name::NameTemplate;
use crate::physics::expr::lex::number;
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
                key("write-gradients", Flag, Value("false"), NotYet, "whether to write gradients too"),
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
                    Note("not run: this program starts no other programs"),
                    "command to run after writing",
                ),
                key("post-action-mode", Text, Absent, Ignored, "whether to wait for the command"),
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
    let basename = reader.text("basename");
    let basedir = reader.path("basedir");
    let vtk = reader.flag("vtk");
    let basename = basename?;
    let name = match NameTemplate::parse(&basename) {
        Ok(name) if !name.is_constant() => name,
        Ok(_) => {
            let text =
                "every output would have the same name; put {t:.2f} (time) or {n:03d} (number) into it";
            return reader.report("basename", text);
        }
        Err(error) => return reader.report("basename", error.to_string()),
    };
    let origin = reader.origin.clone();
    let state = reader.state_name();
    Some(Box::new(Writer::new(&basedir?, name, dt_out?, vtk?, origin, state)))
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
    let mut degrees = BTreeMap::new();
    for shape in keys::SHAPES.into_iter().filter_map(Shape::from_name) {
        let own = format!("quad-deg-{}", shape.name());
        let key = [own.as_str(), "quad-deg"].into_iter().find(|k| reader.has(k));
        let Some(key) = key else { continue };
        degrees.insert(shape, reader.values.integer(reader.section, key, 0, HIGHEST_DEGREE as u64)? as usize);
    }
    let section = reader.values.ini.section(reader.section)?;
    let keys: Vec<String> = section.entries().iter().map(|e| e.key.clone()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).filter(|k| is_integral(k)).collect();
    if keys.is_empty() {
        return reader.report("int-NAME", "missing; add one, such as 'int-mass = rho'");
    }
    let names = integrate::variables(&reader.facts?.primitive, reader.facts?.dims);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let expressions = super::expressions::all(&reader.expressions(), &keys, &names);
    let expressions = reader.values.errors.take(expressions)?;
    let integrands = Integrands {
        list: keys.iter().map(|k| k.to_string()).zip(expressions).collect(),
        primitives: reader.facts?.primitive.len(),
        dims: reader.facts?.dims,
        norm: norm?,
        degrees,
    };
    Some(Box::new(Integrate::new(nsteps?, integrands, Rows::new(with_csv(rows.0?), rows.1?))))
}

/// Whether a key names an integral.
fn is_integral(key: &str) -> bool {
    key.strip_prefix("int-").is_some_and(|name| !name.is_empty())
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

    /// Whether the key is there.
    fn has(&self, key: &str) -> bool {
        self.values.ini.get(self.section, key).is_some()
    }

    /// The section's expressions.
    fn expressions(&self) -> Expressions {
        Expressions::new(self.shared, self.section)
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
