//! The report for people.

use super::{Report, Step};
use crate::case::origin::{Effective, Source};
use crate::cli::figures::figure;
use crate::cli::info::size as bytes;
use crate::cli::{files, grouped};
use crate::engine::estimate::Size;
use crate::physics::expr::lex::number;
use crate::run::{Control, Span};

/// Values longer than this are cut in the list.
const LONGEST: usize = 60;

pub fn print(report: &Report, quiet: bool) {
    line!("case       {}", report.case.display());
    if let (Some(path), Some(mesh)) = (&report.mesh_file, &report.mesh) {
        line!("mesh       {}: {}", path.display(), files::summary(mesh));
    }
    if let Some(system) = &report.system {
        let unknowns = report.size.as_ref().map(|s| format!(", {} unknowns", grouped(s.unknowns())));
        line!(
            "system     {}, order {}{}, {}",
            system.name,
            system.order,
            unknowns.unwrap_or_default(),
            system.scheme
        );
        line!("backend    {}, {} precision", system.backend, system.precision);
        let Span { tstart, tend, dt, .. } = system.span;
        line!(
            "time       {tstart} to {tend} {}",
            match (&system.control, system.steps()) {
                (_, Some(n)) => format!("in steps of {dt}: about {} steps", steps(n)),
                (Control::Pi(pi), _) =>
                    format!("in steps that the controller pi chooses, first {dt}, at most {}", pi.dt_max),
                (control, _) => format!("in steps that the controller {} chooses", control.name()),
            }
        );
    }
    if let Some(step) = &report.step {
        let control = report.system.as_ref().map(|system| &system.control);
        line!("stable dt  {}", stable(step, control));
    }
    if let Some(size) = &report.size {
        print_memory(size, &report.device);
    }
    print_output(report);
    print_boundaries(report);
    if !quiet {
        print_values(&report.values);
    }
    // Everything to one place, so that the order is kept.
    for warning in &report.warnings {
        line!("warning: {}", warning.text);
    }
    for error in &report.errors {
        line!("error: {}", error.text);
    }
    match (report.errors.len(), report.warnings.len()) {
        (0, 0) => line!("ready      nothing stands in the way of a run"),
        (0, n) => line!("ready      the run can start; {n} warning{}", plural(n)),
        (n, _) => line!("not ready  {n} error{}", plural(n)),
    }
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

fn steps(n: f64) -> String {
    if n < 1e15 { grouped(n.max(0.0) as u64) } else { figure(n) }
}

fn stable(Step { dt, stable }: &Step, control: Option<&Control>) -> String {
    let Some(stable) = stable else { return "none: this scheme is not stable at this order".into() };
    if stable.dt.is_infinite() {
        return "any: nothing moves at the start".into();
    }
    let at: Vec<String> = stable.at.iter().map(|x| figure(*x)).collect();
    let share = |limit: f64| if limit.is_finite() { figure(limit) } else { "any".into() };
    let both = stable.advective.is_finite() && stable.diffusive.is_finite();
    let chosen = match control {
        Some(Control::Cfl(cfl)) => format!(
            "cfl = {} is {} of the stable {}",
            cfl.number,
            figure(cfl.number / stable.cfl),
            figure(stable.cfl)
        ),
        _ => format!("dt is {} of it", figure(dt / stable.dt)),
    };
    format!(
        "about {} (waves alone {}, diffusion alone {}{}), least in element {} at ({}); {chosen}",
        figure(stable.dt),
        share(stable.advective),
        share(stable.diffusive),
        if both { "; their rates are added, on the safe side" } else { "" },
        stable.element,
        at.join(", ")
    )
}

fn print_memory(size: &Size, device: &[(&'static str, u64)]) {
    let list = |shares: &[(&'static str, u64)]| {
        let all: Vec<String> = shares.iter().map(|(name, n)| format!("{name} {}", bytes(*n))).collect();
        (shares.iter().map(|s| s.1).sum::<u64>(), all.join(", "))
    };
    let ((sum, all), (host, beside)) = (list(device), list(&size.host_memory()));
    line!("memory     about {} on the device(s): {all}", bytes(sum));
    line!("           and {} on the host(s): {beside}", bytes(host));
}

fn print_output(report: &Report) {
    for (i, (what, expected)) in report.output.iter().enumerate() {
        let amount = match (expected.files, expected.bytes) {
            (0, _) => String::new(),
            (1, n) => format!(": 1 file, up to {}", bytes(n)),
            (files, n) => format!(": {} files, up to {}", grouped(files), bytes(n)),
        };
        line!("{}{what}{amount}", if i == 0 { "plugins    " } else { "           " });
    }
}

fn print_boundaries(report: &Report) {
    let width = report.boundaries.iter().map(|b| b.name.chars().count()).max().unwrap_or(0);
    for (i, boundary) in report.boundaries.iter().enumerate() {
        let faces = match boundary.faces {
            Some(n) => format!("{} face{}", grouped(n), plural(n as usize)),
            None => "not in the mesh".into(),
        };
        let condition = match &boundary.condition {
            Some((kind, Some(line))) => format!("{kind} (line {line})"),
            Some((kind, None)) => kind.clone(),
            None => "MISSING".into(),
        };
        let label = if i == 0 { "boundaries " } else { "           " };
        line!("{label}{:<width$}  {faces}: {condition}", boundary.name);
    }
}

fn print_values(values: &[Effective]) {
    let mut section = "";
    let shown = |v: &Effective| {
        let line = v.value.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}...", &line[..end]),
            None => line,
        }
    };
    line!("\nvalues in force, and where they come from");
    let width = values.iter().map(|v| v.key.len() + shown(v).chars().count() + 3).max().unwrap_or(0).min(70);
    for value in values {
        if value.section != section {
            line!("[{}]", value.section);
            section = &value.section;
        }
        let text = format!("{} = {}", value.key, shown(value));
        line!("  {text:<width$}  {}", origin(value));
    }
    line!("");
}

/// Where a value comes from, in words.
fn origin(value: &Effective) -> String {
    let mut text = match value.source {
        Source::Line(line) => format!("line {line}"),
        Source::Inherited(line) => format!("line {line}, [DEFAULT]"),
        Source::Outside => "command line".into(),
        Source::Default => "default".into(),
    };
    if value.environment {
        text.push_str(", with environment variables");
    }
    // 0.0 is no other value than 0.
    let same = |default: &str| {
        default == value.value || number(default).is_some_and(|x| number(&value.value) == Some(x))
    };
    if let Some(default) = value.default.filter(|default| value.source != Source::Default && !same(default)) {
        text.push_str(&format!("; default {default}"));
    }
    text
}
