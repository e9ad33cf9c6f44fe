//! Reading typed values: looks the key up, substitutes, converts, and notes every mistake and every default taken.

use super::error::{CaseErrors, Problem, ProblemKind, Warning, quoted};
use super::ini::Ini;
use super::interpolate::{process_environment, resolve};
use super::keys::{self, Fallback, Key, Kind};
use crate::physics::expr::{lex::number, nearest};
use std::path::PathBuf;

/// A value and the line it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Line from 1; none for a default and for what was set from outside the file.
    pub line: Option<usize>,
}

/// Reads keys of one file.
pub(super) struct Values<'a> {
    /// The file.
    pub ini: &'a Ini,
    /// Mistakes up to now.
    pub errors: CaseErrors,
    /// Warnings up to now.
    pub warnings: Vec<Warning>,
    /// Section, key and value of each default taken.
    pub defaults: Vec<(String, &'static str, &'static str)>,
}

impl<'a> Values<'a> {
    pub fn new(ini: &'a Ini, errors: CaseErrors) -> Values<'a> {
        Values { ini, errors, warnings: Vec::new(), defaults: Vec::new() }
    }

    /// Notes a mistake at a key.
    pub fn report(&mut self, section: &str, key: &str, kind: ProblemKind) {
        self.errors.push(Problem::new(self.ini.place(section, Some(key)), kind));
    }

    /// Notes that `value` is not `expected`.
    pub fn refuse(&mut self, section: &str, key: &str, value: &str, expected: impl Into<String>) {
        let kind = ProblemKind::Value { value: quoted(value), expected: expected.into(), nearest: None };
        self.report(section, key, kind);
    }

    /// Notes a warning at a key.
    pub fn warn(&mut self, section: &str, key: Option<&str>, text: impl Into<String>) {
        self.warnings.push(Warning { place: self.ini.place(section, key), text: text.into() });
    }

    /// The value as text, or its default. None when there is neither or when it is wrong, which has then been noted.
    pub fn text(&mut self, section: &str, key: &str) -> Option<Located<String>> {
        let spec = spec(section, key);
        if let Some(entry) = self.ini.get(section, key) {
            let value = self.errors.take(resolve(self.ini, section, entry, &process_environment))?;
            return Some(Located { value: value.trim().into(), line: entry.line });
        }
        match spec?.default {
            Fallback::Absent => None,
            Fallback::Value(value) => {
                self.defaults.push((section.into(), spec?.name, value));
                Some(Located { value: value.into(), line: None })
            }
            Fallback::Required => {
                self.required(section, key);
                None
            }
        }
    }

    /// Notes that a key which the table leaves optional is missing; nothing then.
    pub fn required(&mut self, section: &str, key: &str) -> Option<()> {
        if self.ini.get(section, key).is_some() {
            return Some(());
        }
        let own = self.ini.section(section).map_or(&[][..], |s| s.entries());
        let nearest = nearest(key, own.iter().map(|e| e.key.as_str())).map(Into::into);
        let mut place = self.ini.place(section, Some(key));
        place.line = self.ini.section(section).and_then(|s| s.line);
        let doc = spec(section, key).map_or(String::new(), |k| k.doc.into());
        self.errors.push(Problem::new(place, ProblemKind::Missing { key: key.into(), doc, nearest }));
        None
    }

    /// Like [`Values::text`], converted; `expected` completes "is not ...".
    fn converted<T>(
        &mut self,
        section: &str,
        key: &str,
        expected: &str,
        convert: impl Fn(&str) -> Option<T>,
    ) -> Option<Located<T>> {
        let text = self.text(section, key)?;
        let value = convert(&text.value);
        if value.is_none() {
            self.refuse(section, key, &text.value, expected);
        }
        value.map(|value| Located { value, line: text.line })
    }

    /// A finite number for which `valid` holds; `range` completes "is not a number ...".
    pub fn number(
        &mut self,
        section: &str,
        key: &str,
        range: &str,
        valid: impl Fn(f64) -> bool,
    ) -> Option<f64> {
        let expected = format!("a number {range}");
        let convert = |text: &str| number(text).filter(|x| valid(*x));
        self.converted(section, key, expected.trim_end(), convert).map(|n| n.value)
    }

    /// A whole number from `least` to `most`.
    pub fn integer(&mut self, section: &str, key: &str, least: u64, most: u64) -> Option<u64> {
        let expected = match most {
            u64::MAX => format!("a whole number of at least {least}"),
            _ => format!("a whole number from {least} to {most}"),
        };
        self.converted(section, key, &expected, |text| integer(text).filter(|n| (least..=most).contains(n)))
            .map(|n| n.value)
    }

    /// A truth value.
    pub fn flag(&mut self, section: &str, key: &str) -> Option<bool> {
        self.converted(section, key, "one of true, false, yes, no, on, off, 1, 0", flag).map(|f| f.value)
    }

    /// One of the words that the table lists for the key.
    pub fn choice(&mut self, section: &str, key: &str) -> Option<Located<String>> {
        let text = self.text(section, key)?;
        match not_a_choice(spec(section, key)?, &text.value) {
            Some(kind) => {
                self.report(section, key, kind);
                None
            }
            None => Some(text),
        }
    }

    /// A path that is not empty, with `~` expanded.
    pub fn path(&mut self, section: &str, key: &str) -> Option<PathBuf> {
        let convert = |text: &str| (!text.is_empty() && !text.contains('\0')).then(|| path(text));
        self.converted(section, key, "a path", convert).map(|p| p.value)
    }
}

/// The table's line for a key.
pub(super) fn spec(section: &str, key: &str) -> Option<&'static Key> {
    let spec = keys::find(section).and_then(|s| s.key(key));
    debug_assert!(spec.is_some(), "[{section}] {key} is read but not in the table");
    spec
}

/// What is wrong with `value` where the table lists words, if it is none of them.
pub(super) fn not_a_choice(spec: &Key, value: &str) -> Option<ProblemKind> {
    let Kind::Choice(words) = spec.kind else { return None };
    if words.contains(&value) {
        return None;
    }
    let nearest = nearest(value, words.iter().copied()).map(Into::into);
    Some(ProblemKind::Value {
        value: quoted(value),
        expected: format!("one of {}", words.join(", ")),
        nearest,
    })
}

/// A truth value in the notation of case files.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "true" | "on" => Some(true),
        "0" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// A whole number in the notation of case files, underscores between digits allowed.
pub(super) fn integer(text: &str) -> Option<u64> {
    // `number` knows where underscores may stand; the digits are read as an integer, for all of its range.
    number(text)?;
    text.replace('_', "").parse().ok()
}

/// The path `text` with a leading `~` replaced by the home directory, where there is one.
fn path(text: &str) -> PathBuf {
    match (text.strip_prefix('~'), std::env::home_dir()) {
        (Some(""), Some(home)) => home,
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_notation_of_case_files() {
        for (text, value) in
            [("True", Some(true)), ("ON", Some(true)), ("0", Some(false)), ("2", None), ("", None)]
        {
            assert_eq!(flag(text), value, "{text}");
        }
        for (text, value) in [
            ("3", Some(3)),
            ("+3", Some(3)),
            ("1_000", Some(1000)),
            ("3.0", None),
            ("-1", None),
            ("1e3", None),
        ] {
            assert_eq!(integer(text), value, "{text}");
        }
        assert_eq!(integer("18446744073709551615"), Some(u64::MAX));
        assert_eq!(integer("18446744073709551616"), None);
        for (text, value) in [
            ("1e-5", Some(1e-5)),
            ("1_0.5", Some(10.5)),
            (".5", Some(0.5)),
            ("inf", None),
            ("nan", None),
            ("1,5", None),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
    }

    #[test]
    fn a_tilde_is_the_home_directory_only_in_front() {
        if let Some(home) = std::env::home_dir() {
            assert_eq!(path("~/a"), home.join("a"));
            assert_eq!(path("~"), home);
        }
        assert_eq!(path("a~/b"), PathBuf::from("a~/b"));
        assert_eq!(path("~user/b"), PathBuf::from("~user/b"));
    }
}
