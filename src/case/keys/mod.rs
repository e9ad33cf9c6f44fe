//! The one table of sections and keys: what there is, of which type, with which default, and what becomes of it.
//!
//! Reading takes its defaults from here, checking its near matches, help and the generated reference their texts.
//! [`table`] holds everything but the plugins; those with a monitor are in [`super::monitors`], the others in [`plugins`].

pub mod plugins;
pub mod table;

use super::monitors::MONITORS;
use Fallback::{Absent, Required, Value};
use Kind::{Choice, Expression, Flag, Integer, Literal, Number, Path, Text};
use Status::{Honoured, Ignored, NotYet, Refused};

/// One kind of section.
#[derive(Debug)]
pub struct Section {
    /// Name, with placeholders: `soln-bcs-NAME` (any name), `solver-elements-SHAPE` (a shape),
    /// `soln-plugin-writer[-SUFFIX]` (with or without one).
    pub pattern: &'static str,
    /// One line of documentation.
    pub doc: &'static str,
    /// What becomes of the section.
    pub status: Status,
    /// Whether keys beyond the listed ones belong here by right (they are checked by who reads them).
    pub open: bool,
    /// The keys.
    pub keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// Name; may end in `NAME` or `SHAPE` as placeholders.
    pub name: &'static str,
    /// Type of the value.
    pub kind: Kind,
    /// What holds when the key is missing.
    pub default: Fallback,
    /// What becomes of the key.
    pub status: Status,
    /// One line of documentation.
    pub doc: &'static str,
}

/// Type of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true yes on 1` or `false no off 0`, in any case.
    Flag,
    /// Text.
    Text,
    /// A path; `~` is the home directory.
    Path,
    /// A list of numbers in Python's notation.
    Literal,
    /// An expression.
    Expression,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// What holds when a key is missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fallback {
    /// The key must be there.
    Required,
    /// Nothing.
    Absent,
    /// This value, in the notation of the file.
    Value(&'static str),
}

/// What becomes of a section or key. A value equal to the default never gives a warning or an error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Status {
    /// It has its effect.
    Honoured,
    /// Accepted without a word: tuning, or of no meaning here.
    Ignored,
    /// Accepted with this remark.
    Note(&'static str),
    /// Accepted with the warning that it has no effect yet.
    NotYet,
    /// An error, since the results would not be what the file asks for; with advice.
    Refused(&'static str),
}

/// A line of the table.
pub const fn key(
    name: &'static str,
    kind: Kind,
    default: Fallback,
    status: Status,
    doc: &'static str,
) -> Key {
    Key { name, kind, default, status, doc }
}

/// A section of the table.
pub const fn section(
    pattern: &'static str,
    status: Status,
    open: bool,
    doc: &'static str,
    keys: &'static [Key],
) -> Section {
    Section { pattern, doc, status, open, keys }
}

/// Names of shapes that may stand for `SHAPE`.
pub const SHAPES: [&str; 7] = ["line", "tri", "quad", "tet", "hex", "pri", "pyr"];

/// Every kind of section.
pub fn sections() -> impl Iterator<Item = &'static Section> {
    table::SECTIONS.iter().chain(MONITORS.iter().map(|m| &m.section)).chain(plugins::SECTIONS)
}

/// The kind of section `name` is.
///
/// Sections with the suffix `-mg-pN` override others at an order of the multigrid cycle; they are of the kind without it.
pub fn find(name: &str) -> Option<&'static Section> {
    let name = match name.rsplit_once("-mg-p") {
        Some((base, order)) if !order.is_empty() && order.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => name,
    };
    sections().find(|s| matches(s.pattern, name))
}

/// The suffix or name that stands for the placeholder of the pattern.
pub fn placeholder<'a>(pattern: &str, name: &'a str) -> Option<&'a str> {
    name.strip_prefix(stem(pattern))?.strip_prefix('-').or_else(|| name.strip_prefix(stem(pattern)))
}

impl Section {
    /// The key called `name`.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|k| matches(k.name, name))
    }
}

/// The part of a pattern before its placeholder.
fn stem(pattern: &str) -> &str {
    ["[-SUFFIX]", "NAME", "SHAPE"].iter().find_map(|p| pattern.strip_suffix(p)).unwrap_or(pattern)
}

fn matches(pattern: &str, name: &str) -> bool {
    let stem = stem(pattern);
    let Some(rest) = name.strip_prefix(stem) else { return false };
    if pattern.ends_with("[-SUFFIX]") {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|suffix| !suffix.is_empty())
    } else if pattern.ends_with("NAME") {
        !rest.is_empty()
    } else if pattern.ends_with("SHAPE") {
        SHAPES.contains(&rest)
    } else {
        rest.is_empty()
    }
}

/// What the author of `name` may have meant, among names and patterns.
pub fn suggestion(name: &str, patterns: impl Iterator<Item = &'static str>) -> Option<String> {
    let mut candidates: Vec<String> = Vec::new();
    for pattern in patterns {
        let stem = stem(pattern);
        if let Some(family) = pattern.strip_suffix("SHAPE") {
            candidates.extend(SHAPES.iter().map(|s| format!("{family}{s}")));
        } else {
            if !pattern.ends_with("NAME") {
                candidates.push(stem.into());
            }
            if stem != pattern {
                // The same number of dashes belongs to the stem; what follows is the author's own.
                let stem = stem.trim_end_matches('-');
                let dashes = stem.matches('-').count();
                if let Some((at, _)) = name.match_indices('-').nth(dashes) {
                    candidates.push(format!("{stem}{}", &name[at..]));
                }
            }
        }
    }
    crate::physics::expr::nearest(name, candidates.iter().map(String::as_str)).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn patterns_match_what_they_say() {
        for (name, pattern) in [
            ("solver", Some("solver")),
            ("soln-bcs-wall-1", Some("soln-bcs-NAME")),
            ("soln-bcs-", None),
            ("solver-elements-hex", Some("solver-elements-SHAPE")),
            ("solver-elements-hexa", None),
            ("solver-interfaces-quad-mg-p2", Some("solver-interfaces-SHAPE")),
            ("soln-plugin-writer", Some("soln-plugin-writer[-SUFFIX]")),
            ("soln-plugin-writer-slice", Some("soln-plugin-writer[-SUFFIX]")),
            ("soln-plugin-writers", None),
            ("soln-plugin-fluidforce-wall", Some("soln-plugin-fluidforce-NAME")),
        ] {
            assert_eq!(find(name).map(|s| s.pattern), pattern, "{name}");
        }
        assert_eq!(placeholder("soln-bcs-NAME", "soln-bcs-wall-1"), Some("wall-1"));
        assert_eq!(placeholder("soln-plugin-writer[-SUFFIX]", "soln-plugin-writer-a"), Some("a"));
        assert_eq!(placeholder("soln-plugin-writer[-SUFFIX]", "soln-plugin-writer"), Some(""));
        let integrate = find("soln-plugin-integrate").expect("known");
        assert!(
            integrate.key("int-E").is_some()
                && integrate.key("int-").is_none()
                && integrate.key("vor1").is_none()
        );
    }

    #[test]
    fn near_misses_are_recognised() {
        let sections = || sections().map(|s| s.pattern);
        for (name, meant) in [
            ("sovler", "solver"),
            ("soln-bc-wall", "soln-bcs-wall"),
            ("soln-plugin-writter", "soln-plugin-writer"),
            ("soln-plugin-writter-x", "soln-plugin-writer-x"),
            ("solver-element-hex", "solver-elements-hex"),
            ("Constants", "constants"),
            (" solver ", "solver"),
        ] {
            assert_eq!(suggestion(name, sections()).as_deref(), Some(meant), "{name}");
        }
        assert_eq!(suggestion("something-else", sections()), None);
    }

    #[test]
    fn the_table_is_sound() {
        let mut seen = HashSet::new();
        for s in sections() {
            assert!(seen.insert(s.pattern), "{} is listed twice", s.pattern);
            assert!(!s.doc.is_empty() && !s.doc.ends_with('.'), "{}", s.pattern);
            let mut names = HashSet::new();
            for k in s.keys {
                assert!(names.insert(k.name), "{} {} is listed twice", s.pattern, k.name);
                assert!(!k.doc.is_empty(), "{} {}", s.pattern, k.name);
                // A default is a value of its type.
                if let Value(v) = k.default {
                    let fits = match k.kind {
                        Integer => v.parse::<u64>().is_ok(),
                        Number => v.parse::<f64>().is_ok(),
                        Flag => matches!(v, "true" | "false"),
                        Choice(words) => words.contains(&v),
                        Text | Path | Literal | Expression => true,
                    };
                    assert!(fits, "{} {}", s.pattern, k.name);
                }
                assert!(k.default != Required || k.status == Honoured || s.status != Honoured, "{}", k.name);
            }
        }
    }
}
