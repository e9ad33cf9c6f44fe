//! Monitors that look at the run and write a row every so many steps, if anything.

use super::MonitorKind;
use super::reader::{Reader, with_csv};
use crate::case::keys::Fallback::{Required, Value};
use crate::case::keys::Kind::{Integer, Text};
use crate::case::keys::Status::{Honoured, Ignored};
use crate::case::keys::plugins::{ENABLED, FILE, HEADER, PUBLISH, TRIGGER, TRIGGER_NAME};
use crate::case::keys::{key, section};
use crate::monitor::{Dtstats, Monitor, Nancheck, Residual};
use crate::physics::expr::lex::number;

/// Whether the solution is finite.
pub const NANCHECK: MonitorKind = MonitorKind {
    section: section(
        "soln-plugin-nancheck[-SUFFIX]",
        Honoured,
        false,
        "Stops the run when the solution is no longer finite",
        &[key("nsteps", Integer, Required, Honoured, "steps between checks"), ENABLED, TRIGGER, TRIGGER_NAME],
    ),
    make: |reader| Some(Box::new(Nancheck { nsteps: reader.count("nsteps")? })),
};

/// Sizes of du/dt.
pub const RESIDUAL: MonitorKind = MonitorKind {
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
                "exponent p of (sum of |du/dt|^p over all solution points)^(1/p), which grows with their number; or inf, the largest",
            ),
            ENABLED,
            TRIGGER,
            TRIGGER_NAME,
            PUBLISH,
        ],
    ),
    make: residual,
};

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

/// Attempts at steps.
pub const DTSTATS: MonitorKind = MonitorKind {
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
};
