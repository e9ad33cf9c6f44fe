//! Which values are in force, and where each comes from.

use super::Case;
use super::interpolate::{helpers, process_environment, resolve};
use super::keys;
use std::cell::Cell;
use std::collections::HashSet;

/// Longest text of all values together; beyond it they are listed as they stand in the file.
const MAX_TEXT: usize = 16 << 20;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// This line of the section.
    Line(usize),
    /// This line of `[DEFAULT]`.
    Inherited(usize),
    /// Outside of the file, such as the command line.
    Outside,
    /// The file says nothing; the key's default.
    Default,
}

/// A value in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// Its section.
    pub section: String,
    /// Its key.
    pub key: String,
    /// The value with everything substituted; as it stands in the file where that cannot be done.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
    /// Whether environment variables are part of it.
    pub environment: bool,
    /// What would hold if the key were not given.
    pub default: Option<&'static str>,
    /// What the key means, in a line.
    pub doc: Option<&'static str>,
    /// Whether other keys take its text and nothing else is known of it.
    pub helper: bool,
}

impl Case {
    /// The values in force, section by section in the order of the file, then what the file leaves to defaults in sections
    /// it does not have. Keys that have no effect are among them.
    pub fn values(&self) -> Vec<Effective> {
        let ini = self.ini();
        let inherited = helpers(ini.defaults());
        let mut names: Vec<&str> = ini.sections().iter().map(|s| s.name.as_str()).collect();
        let mut seen: HashSet<&str> = names.iter().copied().collect();
        names.extend(self.defaults.iter().map(|d| d.0.as_str()).filter(|name| seen.insert(name)));
        let (mut all, mut length) = (vec![], 0);
        for name in names {
            let spec = keys::find(name);
            let section = ini.section(name);
            let own = section.map(helpers).unwrap_or_default();
            let entries = section.map_or(&[][..], |s| s.entries());
            let from_default = ini.defaults().entries().iter().filter(|entry| {
                section.is_some_and(|s| s.get(&entry.key).is_none())
                    && spec.is_some_and(|s| s.key(&entry.key).is_some())
            });
            let mut given = HashSet::new();
            for (entry, is_own) in entries.iter().map(|e| (e, true)).chain(from_default.map(|e| (e, false))) {
                given.insert(entry.key.as_str());
                let environment = Cell::new(false);
                let lookup = |name: &str| process_environment(name).inspect(|_| environment.set(true));
                let value = if length > MAX_TEXT { None } else { resolve(ini, name, entry, &lookup).ok() };
                let value = value.map_or_else(|| entry.raw.clone(), |v| v.trim().into());
                length += value.len();
                let known = spec.and_then(|s| s.key(&entry.key));
                all.push(Effective {
                    section: name.into(),
                    key: entry.key.clone(),
                    value,
                    source: match entry.line {
                        Some(line) if is_own => Source::Line(line),
                        Some(line) => Source::Inherited(line),
                        None => Source::Outside,
                    },
                    environment: environment.get(),
                    default: known.and_then(|k| match k.default {
                        keys::Fallback::Value(value) => Some(value),
                        _ => None,
                    }),
                    doc: known.map(|k| k.doc),
                    helper: known.is_none()
                        && (own.contains(entry.key.as_str()) || inherited.contains(entry.key.as_str())),
                });
            }
            for (_, key, value) in self.defaults.iter().filter(|d| d.0 == name) {
                if given.insert(key) {
                    all.push(Effective {
                        section: name.into(),
                        key: (*key).into(),
                        value: (*value).into(),
                        source: Source::Default,
                        environment: false,
                        default: Some(value),
                        doc: spec.and_then(|s| s.key(key)).map(|k| k.doc),
                        helper: false,
                    });
                }
            }
        }
        all
    }
}
