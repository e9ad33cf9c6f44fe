//! What the words are that keys choose from, from the tables that make them.

use super::markdown::cell;
use super::wrap;
use crate::case::keys::SHAPES;
use crate::element::{Shape, points};
use crate::engine::BACKENDS;
use crate::engine::scheme::STEPPERS;
use crate::physics::expr::functions::FUNCTIONS;
use crate::physics::{Choice, SYSTEMS, System, SystemSpec, SystemVisitor, euler, shallow_water, with_system};
use crate::run::control::CONTROLLERS;
use std::fmt::Write;

/// The tables, one after the other.
pub fn page() -> String {
    let mut text = String::from("## Choices\n");
    table(&mut text, "Equation systems, `system` of `[solver]`", SYSTEMS);
    table(
        &mut text,
        "Riemann solvers of `euler` and `navier-stokes`, `riemann-solver` of `[solver-interfaces]`",
        euler::riemann::RIEMANN_SOLVERS,
    );
    table(
        &mut text,
        "Riemann solvers of `shallow-water`, `riemann-solver` of `[solver-interfaces]`",
        shallow_water::RIEMANN_SOLVERS,
    );
    text += "\nThe other systems have one flux, the upwind one, whatever the name.\n";
    table(&mut text, "Time stepping, `scheme` of `[solver-time-integrator]`", STEPPERS);
    table(&mut text, "Size of the steps, `controller` of `[solver-time-integrator]`", CONTROLLERS);
    points_of_shapes(&mut text);
    for system in SYSTEMS {
        boundaries(&mut text, system.name);
    }
    table(&mut text, "Backends, `-b` and `name` of `[backend]`", BACKENDS);
    text += "\n### Functions in expressions\n\n| Name | Meaning |\n|---|---|\n";
    for (name, _, doc) in FUNCTIONS {
        let _ = writeln!(text, "| `{name}` | {} |", cell(doc));
    }
    text
}

/// The tables for a terminal, one after the other; those of one section, if it is given.
pub fn plain(section: Option<&str>) -> Vec<String> {
    let page = page();
    let tables = page.split("\n### ").skip(1);
    let wanted = |table: &&str| section.is_none_or(|name| table.contains(&format!("`[{name}]`")));
    tables.filter(wanted).map(in_lines).collect()
}

/// A title and a table of Markdown as lines.
fn in_lines(table: &str) -> String {
    let bare =
        |text: &str| text.replace('`', "").replace("\\|", "|").replace("\\*", "*").replace("&lt;", "<");
    let mut lines = table.lines();
    let mut text = format!("{}:\n", bare(lines.next().unwrap_or_default()));
    let mut rows = lines.clone().skip_while(|line| !line.starts_with("|---")).skip(1);
    for line in lines.take_while(|line| !line.starts_with('|')).filter(|line| !line.is_empty()) {
        wrap(&mut text, 2, &bare(line));
    }
    for row in rows.by_ref().take_while(|line| line.starts_with('|')) {
        let cells: Vec<String> = row.trim_matches(['|', ' ']).split(" | ").map(|c| bare(c.trim())).collect();
        let (name, rest) = cells.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
        let rest: Vec<&str> = rest.iter().map(String::as_str).filter(|c| !c.is_empty()).collect();
        text += &format!("  {name}\n");
        wrap(&mut text, 6, &rest.join(": "));
    }
    for line in rows.filter(|line| !line.is_empty()) {
        wrap(&mut text, 2, &bare(line));
    }
    text
}

fn table<T>(text: &mut String, title: &str, choices: &[Choice<T>]) {
    let _ = write!(text, "\n### {title}\n\n| Name | Meaning |\n|---|---|\n");
    for choice in choices {
        let _ = writeln!(text, "| `{}` | {} |", choice.name, cell(choice.doc));
    }
}

fn points_of_shapes(text: &mut String) {
    *text += "\n### Sets of points\n\n`soln-pts` of `[solver-elements-SHAPE]` and, for the shapes that faces have, `flux-pts` of \
              `[solver-interfaces-SHAPE]`; the first is the default. Instead there may be a list, `[(x, y), ...]`.\n\n\
              | Shape | Sets | Highest order |\n|---|---|---|\n";
    for name in SHAPES {
        let Some(shape) = Shape::from_name(name) else { continue };
        let sets: Vec<String> = points::names(shape).iter().map(|set| format!("`{set}`")).collect();
        let _ = writeln!(text, "| `{name}` | {} | {} |", sets.join(", "), points::highest_order(shape));
    }
}

/// Boundary conditions as rows of a table.
struct Rows;

impl SystemVisitor for Rows {
    type Output = Vec<String>;
    fn visit<const D: usize, const V: usize, S: System<D, V>>(self, _: S) -> Vec<String> {
        let row = |kind: crate::physics::BoundaryKind<_>| {
            let needed = kind.keys.iter().map(|key| match kind.controlled == Some(*key) {
                true => format!("`{key}` (at the start)"),
                false => format!("`{key}`"),
            });
            let optional = kind.optional.iter().map(|(key, value)| format!("`{key}` = {value}"));
            let data: Vec<String> = needed.chain(optional).collect();
            format!("| `{}` | {} | {} |", kind.name, data.join(", "), cell(kind.doc))
        };
        S::boundaries().into_iter().map(row).collect()
    }
}

fn boundaries(text: &mut String, system: &str) {
    // Any numbers that the systems take; no condition depends on them.
    let spec = ["gamma", "mu", "Pr", "nu", "ax", "ay", "az", "g", "rho0", "c0"]
        .iter()
        .fold(SystemSpec::new(system), |spec, name| {
            spec.with(name, if *name == "gamma" { 1.4 } else { 1.0 })
        });
    let rows = [3, 2].into_iter().find_map(|dims| {
        with_system(&SystemSpec { dims, ..spec.clone() }, Rows).ok().map(|rows| (dims, rows))
    });
    let Some((dims, rows)) = rows else { return };
    let _ = write!(
        text,
        "\n### Boundaries of `{system}`\n\n`type` of `[soln-bcs-NAME]`, with the keys that each needs in {dims}-D.\n\n\
         | Type | Data | Meaning |\n|---|---|---|\n"
    );
    rows.iter().for_each(|row| {
        let _ = writeln!(text, "{row}");
    });
}
