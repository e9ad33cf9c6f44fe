//! The sections whose keys are expressions: the initial state and the boundaries.
//!
//! Which keys there are is decided by the equation system, and helper keys for `%(...)s` may be any text, so values are
//! parsed only when they are asked for.

use super::check::MAX_WARNINGS;
use super::error::{CaseErrors, Problem, ProblemKind, Warning};
use super::ini::{Entry, Ini};
use super::interpolate::{helpers, process_environment, resolve};
use super::keys;
use super::values::Located;
use crate::physics::expr::{Constants, Expr, nearest};
use std::collections::HashSet;
use std::sync::Arc;

/// Variables of an initial state, in the order in which [`Expr::eval`] takes them.
pub const SPACE: [&str; 3] = ["x", "y", "z"];
/// Variables of a boundary value.
pub const SPACE_TIME: [&str; 4] = ["x", "y", "z", "t"];

/// What the sections of expressions of one file share.
#[derive(Debug)]
pub struct Shared {
    pub(super) ini: Ini,
    pub(super) constants: Arc<Constants>,
    /// Keys that `[DEFAULT]` substitutes.
    inherited_helpers: HashSet<String>,
}

impl Shared {
    pub(super) fn new(ini: &Ini, constants: &Arc<Constants>) -> Shared {
        let inherited_helpers = helpers(ini.defaults()).into_iter().map(String::from).collect();
        Shared { ini: ini.clone(), constants: constants.clone(), inherited_helpers }
    }
}

/// A section of expressions. Its keys are those of the section and of `[DEFAULT]`.
#[derive(Clone, Debug)]
pub struct Expressions {
    shared: Arc<Shared>,
    section: String,
}

impl Expressions {
    pub(super) fn new(shared: &Arc<Shared>, section: &str) -> Expressions {
        Expressions { shared: shared.clone(), section: section.into() }
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.shared.ini.get(&self.section, key).is_some()
    }

    /// The section's own keys.
    fn own(&self) -> &[Entry] {
        self.shared.ini.section(&self.section).map_or(&[], |s| s.entries())
    }

    /// A mistake at `key`, or at the section if it lacks the key.
    pub fn problem(&self, key: &str, kind: ProblemKind) -> Problem {
        let mut place = self.shared.ini.place(&self.section, Some(key));
        if !self.has(key) {
            place.line = self.shared.ini.section(&self.section).and_then(|s| s.line);
        }
        Problem::new(place, kind)
    }

    /// The value of `key` as an expression of `variables`.
    ///
    /// # Errors
    /// The key is missing, its value cannot be substituted, or it is no such expression.
    pub fn expression(&self, key: &str, variables: &[&str]) -> Result<Located<Expr>, Problem> {
        let Some(entry) = self.shared.ini.get(&self.section, key) else {
            let doc = keys::find(&self.section).and_then(|s| s.key(key)).map_or("an expression", |k| k.doc);
            let nearest = nearest(key, self.own().iter().map(|e| e.key.as_str())).map(Into::into);
            return Err(self.problem(key, ProblemKind::Missing { key: key.into(), doc: doc.into(), nearest }));
        };
        let text = resolve(&self.shared.ini, &self.section, entry, &process_environment)?;
        Expr::parse_with(&text, variables, &self.shared.constants)
            .map(|value| Located { value, line: entry.line })
            .map_err(|e| self.problem(key, ProblemKind::Expression(e.into())))
    }

    /// Warnings on keys that are neither in `used` nor serve as helpers.
    pub fn unused(&self, used: &[&str]) -> Vec<Warning> {
        let Some(section) = self.shared.ini.section(&self.section) else { return Vec::new() };
        let helpers = helpers(section);
        let is_unused = |key: &str| {
            let helper = helpers.contains(key) || self.shared.inherited_helpers.contains(key);
            // Keys with another meaning than a value have been dealt with when the file was read.
            let spec = keys::find(&self.section).and_then(|s| s.key(key));
            !used.contains(&key) && !helper && spec.is_none_or(|k| k.kind == keys::Kind::Expression)
        };
        let warning = |entry: &Entry| {
            let advice = nearest(&entry.key, used.iter().copied().filter(|n| !self.has(n)))
                .map_or("it is ignored".into(), |n| format!("it is ignored; did you mean '{n}'?"));
            let place = self.shared.ini.place(&self.section, Some(&entry.key));
            Warning { place, text: format!("not used with this system or boundary type, {advice}") }
        };
        self.own().iter().filter(|e| is_unused(&e.key)).take(MAX_WARNINGS).map(warning).collect()
    }
}

/// One `[soln-bcs-NAME]`.
#[derive(Clone, Debug)]
pub struct BoundarySection {
    /// Name of the boundary in the mesh.
    pub name: String,
    /// Name of the boundary condition, not checked here.
    pub kind: Located<String>,
    /// Line of the section.
    pub line: Option<usize>,
    pub(super) values: Expressions,
}

impl BoundarySection {
    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.values.has(key)
    }

    /// The value of `key`, of the variables [`SPACE_TIME`].
    ///
    /// # Errors
    /// The key is missing or its value is no such expression.
    pub fn expr(&self, key: &str) -> Result<Expr, Problem> {
        self.values.expression(key, &SPACE_TIME).map(|e| e.value)
    }

    /// Like [`BoundarySection::expr`], with a number for a missing key.
    ///
    /// # Errors
    /// The value is no such expression.
    pub fn expr_or(&self, key: &str, default: f64) -> Result<Expr, Problem> {
        if self.has(key) { self.expr(key) } else { Ok(Expr::constant(default)) }
    }

    /// The value of `key`, which may depend on constants only.
    ///
    /// # Errors
    /// The key is missing, depends on place or time, or is not finite.
    pub fn constant(&self, key: &str) -> Result<f64, Problem> {
        let value = self.values.expression(key, &[])?.value.eval_f64(&[]);
        if value.is_finite() {
            return Ok(value);
        }
        let expected = "finite; check the constants in it".into();
        Err(self
            .values
            .problem(key, ProblemKind::Value { value: value.to_string(), expected, nearest: None }))
    }

    /// Like [`BoundarySection::constant`], with a number for a missing key.
    ///
    /// # Errors
    /// The value depends on place or time, or is not finite.
    pub fn constant_or(&self, key: &str, default: f64) -> Result<f64, Problem> {
        if self.has(key) { self.constant(key) } else { Ok(default) }
    }

    /// A mistake at `key`, with its line; `text` says what is wrong and what to do.
    pub fn problem(&self, key: &str, text: impl Into<String>) -> Problem {
        let mut problem = self.values.problem(key, ProblemKind::Other(text.into()));
        if key == "type" {
            problem.place.line = self.kind.line;
        }
        problem
    }

    /// Warnings on keys that the boundary condition, which reads `used`, does not read.
    pub fn unused(&self, used: &[&str]) -> Vec<Warning> {
        self.values.unused(used)
    }
}

/// Expressions of several keys of one section, with all their mistakes.
pub(super) fn all(section: &Expressions, keys: &[&str], variables: &[&str]) -> Result<Vec<Expr>, CaseErrors> {
    let mut errors = CaseErrors::new();
    let found = keys.iter().filter_map(|key| errors.take(section.expression(key, variables)));
    let expressions = found.map(|e| e.value).collect();
    errors.into_result(expressions)
}
