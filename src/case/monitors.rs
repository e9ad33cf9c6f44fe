//! The monitors a case can ask for: one table of their sections, keys, and how they are made. Adding one is its file in
//! `monitor`, its section in one of the files here, and a line of the table.

mod files;
mod reader;
mod rows;
mod values;

pub(super) use reader::with_csv;

use super::config::TimeConfig;
use super::expressions::{BoundarySection, Shared};
use super::keys::{self, Section};
use super::values::Values;
use super::{outlets, physics};
use crate::monitor::Monitor;
use crate::monitor::writer::Origin;
use reader::Reader;
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
    files::WRITER,
    rows::NANCHECK,
    rows::RESIDUAL,
    values::INTEGRATE,
    values::FLUIDFORCE,
    values::SAMPLER,
    files::TAVG,
    rows::DTSTATS,
];

/// What monitors need to know of the system.
pub(super) struct Facts {
    /// Primitive variables.
    pub primitive: Vec<&'static str>,
    /// Space dimensions.
    pub dims: usize,
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
