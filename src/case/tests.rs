//! Promises of whole case files.

mod mistakes;
mod physics;
mod plugins;
mod whole;

use super::control::ControlConfig;
use super::*;
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", "case", name].iter().collect()
}

fn read(name: &str) -> (Case, Vec<Warning>) {
    Case::read(fixture(name)).unwrap_or_else(|e| panic!("{e}"))
}

fn texts(warnings: &[Warning]) -> Vec<String> {
    // The directory differs from machine to machine.
    let text = |w: &Warning| w.to_string().rsplit_once(".ini").map_or(String::new(), |(_, t)| t.into());
    warnings.iter().map(text).collect()
}

/// A case with nothing optional, to which tests add.
const SMALL: &str = "[solver]\nsystem = euler\norder = 1\n[solver-interfaces]\nriemann-solver = rusanov\n\
                     [solver-time-integrator]\nscheme = rk4\ntend = 1\ndt = 0.1\n";

fn small(more: &str) -> Result<(Case, Vec<Warning>), CaseErrors> {
    Case::parse("s.ini", &format!("{SMALL}{more}"))
}

fn ok(more: &str) -> (Case, Vec<Warning>) {
    small(more).unwrap_or_else(|e| panic!("{more}: {e}"))
}

fn summary(case: &Case) -> String {
    let ics: Vec<String> =
        case.ics(&["rho", "u", "v", "p"]).map_or(Vec::new(), |e| e.iter().map(|e| e.to_string()).collect());
    let boundaries: Vec<String> = case
        .boundaries()
        .iter()
        .map(|b| format!("{} {} {:?}", b.name, b.kind.value, b.expr("p").map(|e| e.to_string()).ok()))
        .collect();
    format!(
        "{:?} {:?} {:?} {:?} {} {} {} {:?} {:?} {} {:?} {:?} {ics:?} {boundaries:?}",
        case.backend.precision,
        case.mesh,
        case.constants,
        case.monitors(2).map_or(vec![], |all| all.iter().map(|m| m.describe()).collect()),
        case.solver.system.value,
        case.solver.order,
        case.interfaces.riemann_solver.value,
        case.interfaces.ldg_beta,
        case.point_sets,
        case.time.scheme.value,
        (case.time.tstart, case.time.tend, case.time.dt, case.time.dt_min),
        case.time.dt_lookahead,
    )
}

fn texts_of(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(|w| w.to_string().split_once(": ").map_or(String::new(), |(_, t)| t.into())).collect()
}

/// Replaces the times of the small case.
fn timed(keys: &str) -> Result<(Case, Vec<Warning>), CaseErrors> {
    Case::parse(
        "c.ini",
        &SMALL.replace("scheme = rk4\n", "").replace("dt = 0.1", &format!("dt = 0.1\n{keys}")),
    )
}

/// What the initial state of the small case needs.
const ICS: &str = "\n[constants]\ngamma = 1.4\n[soln-ics]\nrho = 1\nu = 0\nv = 0\np = 1\n";
