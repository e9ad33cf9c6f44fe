//! Outlets whose pressure is controlled: what their boundary sections say to the monitor that moves it, and to the
//! condition.

use super::error::{CaseErrors, Problem};
use super::expressions::BoundarySection;
use super::monitors::with_csv;
use super::values::Values;
use crate::element::anti_alias::HIGHEST_DEGREE;
use crate::monitor::outlet::{OutletControl, Quantity};
use crate::monitor::rows::Rows;
use crate::monitor::{Monitor, Outlet};

/// A kind of controlled outlet.
pub(super) struct Kind {
    /// `type =`.
    pub name: &'static str,
    quantity: Quantity,
    /// Key of the wanted value.
    target: &'static str,
    /// Key of the pressure at the start.
    pub first: &'static str,
}

const KINDS: [Kind; 2] = [
    Kind {
        name: "char-riem-inv-mass-flow",
        quantity: Quantity::MassFlow,
        target: "mass-flow-rate",
        first: "p",
    },
    Kind {
        name: "char-riem-inv-pressure",
        quantity: Quantity::Pressure,
        target: "pressure",
        first: "pressure",
    },
];

/// What kind of controlled outlet a section describes, if one.
pub(super) fn kind(section: &BoundarySection) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.name == section.kind.value)
}

impl Kind {
    /// Keys of expressions that the monitor reads.
    pub(super) fn keys(&self) -> [&'static str; 5] {
        [self.target, self.first, "alpha", "eta", "tstart"]
    }
}

/// The monitor of a section, nothing where it is no controlled outlet or something is wrong, which has then been noted.
pub(super) fn read(values: &mut Values<'_>, section: &BoundarySection) -> Option<Box<dyn Monitor>> {
    let kind = kind(section)?;
    let mut errors = CaseErrors::new();
    let within = |key: &str, value: Result<f64, Problem>, valid: &dyn Fn(f64) -> bool, must: &str| {
        let value = value?;
        if valid(value) { Ok(value) } else { Err(section.problem(key, format!("{value} must be {must}"))) }
    };
    let target = errors.take(section.constant(kind.target));
    let pressure =
        errors.take(within(kind.first, section.constant(kind.first), &|p| p > 0.0, "greater than 0"));
    let alpha =
        within("alpha", section.constant("alpha"), &|a| a > 0.0 && a <= 1.0, "greater than 0 and at most 1");
    let alpha = errors.take(alpha);
    let eta = errors.take(section.constant("eta"));
    let tstart = errors.take(section.constant_or("tstart", 0.0));
    values.errors.merge(errors);
    let name = format!("soln-bcs-{}", section.name);
    let nsteps = values.integer(&name, "nsteps", 1, u64::MAX);
    let degree = match values.ini.get(&name, "quad-deg") {
        Some(_) => Some(values.integer(&name, "quad-deg", 0, HIGHEST_DEGREE as u64)? as usize),
        None => None,
    };
    let header = values.flag(&name, "header");
    let rows = match values.ini.get(&name, "file") {
        Some(_) => Some(Rows::new(with_csv(values.path(&name, "file")?), header?)),
        None => None,
    };
    let control = OutletControl {
        boundary: section.name.clone(),
        quantity: kind.quantity,
        target: target?,
        pressure: pressure?,
        alpha: alpha?,
        eta: eta?,
        nsteps: nsteps?,
        tstart: tstart?,
        degree,
    };
    Some(Box::new(Outlet::new(control, rows)))
}
