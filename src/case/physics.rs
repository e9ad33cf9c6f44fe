//! What a case says about the scheme and the physics besides system, Riemann solver and boundaries: anti-aliasing, shock
//! capturing, source terms, how the initial state becomes polynomials, the modal filter.

use super::error::{Problem, ProblemKind};
use super::expressions::{Expressions, Shared};
use super::keys::{self, placeholder};
use super::values::Values;
use crate::backend::{ArtificialViscosity, EntropyFilter, ShockCapturing};
use crate::element::anti_alias::HIGHEST_DEGREE;
use crate::element::{PointSets, RuleChoice, Shape};
use crate::monitor::ModalFilter;
use crate::physics::expr::nearest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Families of quadrature rules that case files name.
const FAMILIES: [&str; 8] = [
    "gauss-legendre",
    "gauss-legendre-lobatto",
    "witherden-vincent",
    "witherden",
    "williams-shunn",
    "shunn-ham",
    "williams-shunn~gauss-legendre",
    "williams-shunn~gauss-legendre-lobatto",
];

/// Words of `anti-alias`.
const ANTI_ALIAS: [&str; 3] = ["none", "flux", "surf-flux"];

/// Highest of `niters`: the search halves an interval.
const MOST_STEPS: u64 = 200;

/// Reads the names of point sets and the rules of anti-aliasing; sections of shapes that this program lacks are passed over.
pub(super) fn point_sets(values: &mut Values<'_>) -> PointSets {
    let mut sets = PointSets::default();
    (sets.anti_alias.volume, sets.anti_alias.surface) = anti_alias(values);
    let kinds = [("solver-elements-SHAPE", "soln-pts", true), ("solver-interfaces-SHAPE", "flux-pts", false)];
    for section in values.ini.sections() {
        for (pattern, key, inside) in kinds {
            let known = keys::find(&section.name).is_some_and(|s| s.pattern == pattern);
            let shape = placeholder(pattern, &section.name).and_then(Shape::from_name);
            let (true, Some(shape)) = (known, shape) else { continue };
            if let Some(name) = values.text(&section.name, key) {
                let map = if inside { &mut sets.solution } else { &mut sets.flux };
                map.insert(shape, name.value);
            }
            let wanted = if inside { sets.anti_alias.volume } else { sets.anti_alias.surface };
            if wanted && let Some(rule) = rule(values, &section.name) {
                let rules =
                    if inside { &mut sets.anti_alias.volume_rules } else { &mut sets.anti_alias.face_rules };
                rules.insert(shape, rule);
            }
        }
    }
    sets
}

/// `[solver] anti-alias`: whether fluxes are integrated inside the elements, and on their faces.
fn anti_alias(values: &mut Values<'_>) -> (bool, bool) {
    let Some(text) = values.text("solver", "anti-alias") else { return (false, false) };
    let (mut volume, mut surface) = (false, false);
    for word in text.value.split(',').map(str::trim) {
        match word {
            "none" => {}
            "flux" => volume = true,
            "surf-flux" => surface = true,
            // A projection that stabilised the oldest versions and changed nothing else.
            "div-flux" => {
                values.warn("solver", Some("anti-alias"), "'div-flux' is of old versions and ignored");
            }
            _ => {
                let kind = ProblemKind::Value {
                    value: super::error::quoted(word),
                    expected: "none, flux, surf-flux, or 'flux, surf-flux'".into(),
                    nearest: nearest(word, ANTI_ALIAS).map(Into::into),
                };
                values.report("solver", "anti-alias", kind);
            }
        }
    }
    (volume, surface)
}

/// `quad-deg` or `quad-npts` of a section.
fn rule(values: &mut Values<'_>, section: &str) -> Option<RuleChoice> {
    family(values, section, "quad-pts");
    if values.ini.get(section, "quad-deg").is_some() {
        let degree = values.integer(section, "quad-deg", 0, HIGHEST_DEGREE as u64)?;
        return Some(RuleChoice::Degree(degree as usize));
    }
    let count = values.ini.get(section, "quad-npts").and(values.integer(section, "quad-npts", 1, 1 << 20))?;
    Some(RuleChoice::Points(count as usize))
}

/// Checks the name of a family of rules.
fn family(values: &mut Values<'_>, section: &str, key: &str) {
    if values.ini.get(section, key).is_none() {
        return;
    }
    let Some(name) = values.text(section, key) else { return };
    let name = name.value.as_str();
    if name.starts_with(['[', '(']) {
        let what = "a list of quadrature points".into();
        let advice = "give their degree (quad-deg) in its place".into();
        values.report(section, key, ProblemKind::NotAvailable { what, advice });
    } else if !FAMILIES.contains(&name) {
        let kind = ProblemKind::Value {
            value: super::error::quoted(name),
            expected: format!("one of {}", FAMILIES.join(", ")),
            nearest: nearest(name, FAMILIES).map(Into::into),
        };
        values.report(section, key, kind);
    }
}

/// Reads `[solver] shock-capturing` and the section of what it names.
pub(super) fn capturing(values: &mut Values<'_>) -> Option<ShockCapturing> {
    match values.choice("solver", "shock-capturing")?.value.as_str() {
        "entropy-filter" => entropy_filter(values).map(ShockCapturing::EntropyFilter),
        "artificial-viscosity" => artificial_viscosity(values).map(ShockCapturing::ArtificialViscosity),
        _ => Some(ShockCapturing::None),
    }
}

fn entropy_filter(values: &mut Values<'_>) -> Option<EntropyFilter> {
    let section = "solver-entropy-filter";
    let mut number = |key: &str| values.number(section, key, "of at least 0", |x| x >= 0.0);
    let [d_min, p_min, e_tol, f_tol] = ["d-min", "p-min", "e-tol", "f-tol"].map(&mut number);
    let niters = values.integer(section, "niters", 0, MOST_STEPS);
    let linearised = values.choice(section, "formulation")?.value == "linearised";
    Some(EntropyFilter {
        d_min: d_min?,
        p_min: p_min?,
        e_tol: e_tol?,
        f_tol: f_tol?,
        niters: niters? as usize,
        linearised,
    })
}

fn artificial_viscosity(values: &mut Values<'_>) -> Option<ArtificialViscosity> {
    let section = "solver-artificial-viscosity";
    let max = values.number(section, "max-artvisc", "of at least 0", |x| x >= 0.0);
    let s0 = values.number(section, "s0", "greater than 0", |x| x > 0.0);
    let kappa = values.number(section, "kappa", "greater than 0", |x| x > 0.0);
    Some(ArtificialViscosity { max: max?, s0: s0?, kappa: kappa? })
}

/// The section of source terms, if there is one and it is on. Under its old name it is the same; both at once are an error.
pub(super) fn source(values: &mut Values<'_>, shared: &Arc<Shared>) -> Option<Expressions> {
    let [new, old] = ["solver-plugin-source", "solver-source-terms"];
    let present = |name: &str| values.ini.section(name).is_some();
    if present(new) && present(old) {
        let text = format!("is the old name of [{new}], which is there, too; merge the two");
        let place = values.ini.place(old, None);
        values.errors.push(Problem::new(place, ProblemKind::Other(text)));
    }
    let name = [new, old].into_iter().find(|name| present(name))?;
    (values.flag(name, "enabled") != Some(false)).then(|| Expressions::new(shared, name))
}

/// Degrees of the rules that project the initial state, by shape: those without one are interpolated. `order`: no rule is
/// weaker than this solution needs, which is remarked.
pub(super) fn projection(values: &mut Values<'_>, order: usize) -> BTreeMap<Shape, usize> {
    let section = "soln-ics";
    let mut degrees = BTreeMap::new();
    let read = |values: &mut Values<'_>, key: &str| {
        values.ini.get(section, key)?;
        let degree = values.integer(section, key, 0, HIGHEST_DEGREE as u64)? as usize;
        if degree < 2 * order {
            let text = format!("too weak a rule for order {order}; one of degree {} is taken", 2 * order);
            values.warn(section, Some(key), text);
        }
        Some(degree.max(2 * order))
    };
    let all = read(values, "quad-deg");
    for shape in Shape::ALL {
        let own = read(values, &format!("quad-deg-{}", shape.name()));
        let points = format!("quad-pts-{}", shape.name());
        match own.or(all) {
            Some(degree) => {
                family(values, section, &points);
                degrees.insert(shape, degree);
            }
            None if values.ini.get(section, &points).is_some() => {
                values.warn(section, Some(&points), "has no effect without quad-deg");
            }
            None => {}
        }
    }
    degrees
}

/// `[soln-filter]`, if it is ever used.
pub(super) fn modal_filter(values: &mut Values<'_>) -> Option<ModalFilter> {
    let section = "soln-filter";
    values.ini.section(section)?;
    let nsteps = values.integer(section, "nsteps", 0, u64::MAX)?;
    if nsteps == 0 {
        return None;
    }
    let alpha = values.number(section, "alpha", "of at least 0", |x| x >= 0.0);
    let order = values.integer(section, "order", 1, 1000);
    let cutoff = values.integer(section, "cutoff", 0, 1000);
    Some(ModalFilter::new(nsteps, alpha?, order? as u32, cutoff? as usize))
}
