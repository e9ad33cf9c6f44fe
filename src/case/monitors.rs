//! The monitors a case can ask for: one table of their sections, keys, and how they are made. Adding one is its file in
//! `monitor` and an entry here.

use super::config::TimeConfig;
use super::error::ProblemKind;
use super::expressions::BoundarySection;
use super::keys::Fallback::{Absent, Required, Value};
use super::keys::Kind::{Flag, Integer, Number, Path, Text};
use super::keys::Status::{Honoured, Ignored, NotYet, Note};
use super::keys::plugins::{
    ENABLED, FILE, HEADER, PUBLISH, REGION, REGION_EXPAND, REGION_TYPE, TRIGGER, TRIGGER_NAME,
};
use super::keys::{self, Section, key, section};
use super::values::Values;
use super::{outlets, physics};
use crate::monitor::writer::Origin;
use crate::monitor::{Monitor, Nancheck, Residual, Writer};
use crate::output::name::NameTemplate;
use crate::physics::expr::lex::number;
use std::ffi::OsStr;
use std::path::PathBuf;

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
    Some(Box::new(Writer::new(&basedir?, name, dt_out?, vtk?, origin)))
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
            monitors.extend((kind.make)(&mut Reader { values, section, time, origin }));
        }
    }
    monitors
}
