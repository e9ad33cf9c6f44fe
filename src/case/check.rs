//! Checks a file against the table of keys: what it does not know, does not do, or does not do yet.

use super::error::{Problem, ProblemKind, quoted};
use super::ini::{Entry, Section};
use super::interpolate::{helpers, process_environment, resolve};
use super::keys::{self, Fallback, Key, Kind, Status};
use super::values::{Values, flag, not_a_choice};
use crate::physics::expr::lex::number;
use std::collections::HashSet;

/// Most warnings that are given; looking for near matches takes time.
pub(super) const MAX_WARNINGS: usize = 200;

/// How sections begin that say what is computed, not what is looked at.
const CHANGING: [&str; 3] = ["solver-", "soln-filter", "soln-ics"];

/// Checks every section and key of the file.
pub(super) fn check(values: &mut Values<'_>) {
    let inherited = helpers(values.ini.defaults());
    for section in values.ini.sections() {
        if values.warnings.len().max(values.errors.problems.len()) > MAX_WARNINGS {
            return values.warn(&section.name, None, "many warnings up to here, not checking on");
        }
        match keys::find(&section.name) {
            Some(spec) => known(values, section, spec, &inherited),
            None => {
                let near = keys::suggestion(&section.name, keys::sections().map(|s| s.pattern));
                let near = near.map_or(String::new(), |s| format!("; did you mean [{s}]?"));
                // What is meant for the solver itself would change its results.
                if CHANGING.iter().any(|start| section.name.starts_with(start)) {
                    let text = format!(
                        "unknown section, and one that might change the results: correct its name or remove it{near}"
                    );
                    let place = values.ini.place(&section.name, None);
                    values.errors.push(Problem::new(place, ProblemKind::Other(text)));
                    continue;
                }
                values.warn(&section.name, None, format!("unknown section, it is ignored{near}"));
            }
        }
    }
}

fn known(
    values: &mut Values<'_>,
    section: &Section,
    spec: &'static keys::Section,
    inherited: &HashSet<&str>,
) {
    let disabled = value(values, section, "enabled").is_some_and(|v| flag(&v) == Some(false));
    match spec.status {
        Status::Honoured | Status::Ignored => {}
        Status::Note(text) => values.warn(&section.name, None, text),
        _ if disabled => return,
        Status::NotYet => return values.warn(&section.name, None, "not available yet, ignored"),
        Status::Refused(advice) => {
            let kind = ProblemKind::NotAvailable {
                what: format!("this section ({})", spec.doc.to_lowercase()),
                advice: advice.into(),
            };
            return values.errors.push(Problem::new(values.ini.place(&section.name, None), kind));
        }
    }
    let own = helpers(section);
    for entry in section.entries() {
        if values.warnings.len() > MAX_WARNINGS {
            return;
        }
        match spec.key(&entry.key) {
            Some(key) => known_key(values, section, entry, key),
            None if spec.open
                || own.contains(entry.key.as_str())
                || inherited.contains(entry.key.as_str()) => {}
            None => unknown_key(values, section, entry, spec),
        }
    }
}

fn unknown_key(values: &mut Values<'_>, section: &Section, entry: &Entry, spec: &keys::Section) {
    let advice = keys::suggestion(&entry.key, spec.keys.iter().map(|k| k.name))
        .map_or("it is ignored".into(), |k| format!("it is ignored; did you mean '{k}'?"));
    values.warn(&section.name, Some(&entry.key), format!("unknown key, {advice}"));
}

fn known_key(values: &mut Values<'_>, section: &Section, entry: &Entry, key: &'static Key) {
    let (name, at) = (&section.name, Some(entry.key.as_str()));
    if matches!(key.status, Status::Honoured | Status::Ignored) {
        return;
    }
    // A value that cannot be resolved and is not used does no harm.
    let Some(text) = value(values, section, &entry.key) else { return };
    if is_default(key, &text) {
        return;
    }
    match key.status {
        Status::Honoured | Status::Ignored => {}
        Status::Note(note) => values.warn(name, at, note),
        Status::NotYet => values.warn(name, at, "not available yet, ignored"),
        Status::Refused(advice) => {
            let what = format!("'{} = {}'", entry.key, quoted(&text));
            let kind = not_a_choice(key, &text)
                .unwrap_or_else(|| ProblemKind::NotAvailable { what, advice: advice.into() });
            values.report(name, &entry.key, kind);
        }
    }
}

fn value(values: &Values<'_>, section: &Section, key: &str) -> Option<String> {
    let entry = section.get(key)?;
    let text = resolve(values.ini, &section.name, entry, &process_environment).ok()?;
    Some(text.trim().into())
}

fn is_default(key: &Key, text: &str) -> bool {
    let Fallback::Value(default) = key.default else { return false };
    match key.kind {
        Kind::Flag => flag(text) == flag(default),
        Kind::Integer | Kind::Number => number(text) == number(default),
        _ => text == default,
    }
}
