//! The case file: from text to typed, checked configuration.
//!
//! In two stages. [`ini`] and [`interpolate`] know the notation and nothing of meaning; the rest knows sections and keys,
//! through the one table in [`keys`]. What depends on the equation system (its name, that of the Riemann solver, which
//! initial values and boundary keys there are) is handed on as text with its line, for whoever knows the systems to check.
//!
//! Every mistake of a file is found in one go: [`CaseErrors`] holds them all, as `file:line: [section] key: problem; what
//! to do`.

mod check;
pub mod checkpoint;
pub mod config;
pub mod control;
pub mod error;
pub mod expressions;
pub mod from_pyfr;
pub mod ini;
pub mod interpolate;
pub mod keys;
pub mod monitors;
pub mod origin;
mod outlets;
mod physics;
mod points;
mod region;
pub mod settings;
mod values;

pub use checkpoint::CheckpointConfig;
pub use config::{
    BackendConfig, BackendKind, InterfaceConfig, MeshConfig, Precision, SolverConfig, TimeConfig,
    backend_kind,
};
pub use error::{CaseErrors, Place, Problem, ProblemKind, Warning};
pub use expressions::{BoundarySection, SPACE, SPACE_TIME};
pub use ini::Ini;
pub use values::Located;

use crate::backend::ShockCapturing;
use crate::element::{PointSets, Shape};
use crate::monitor::writer::Origin;
use crate::physics::expr::lex::number;
use crate::physics::expr::{Constants, Expr};
use error::file_problem;
use expressions::{Expressions, Shared};
use interpolate::{helpers, process_environment, resolve};
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use values::Values;

/// Largest file that is read.
const MAX_FILE: u64 = 4 << 20;
/// Most text of all constants together, substituted.
const MAX_CONSTANTS: usize = 4 << 20;
/// Most mistakes among the constants that are listed.
const MAX_MISTAKES: usize = 50;
/// Longest text in all that is searched for environment variables to replace.
const MAX_EFFECTIVE: usize = 16 << 20;

/// A value that takes the place of one in a case file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Section, made if it is not there.
    pub section: String,
    /// Key.
    pub key: String,
    /// Value, in the notation of the file.
    pub value: String,
}

impl std::str::FromStr for Override {
    type Err = String;

    /// From `section.key=value`.
    fn from_str(text: &str) -> Result<Override, String> {
        let parts = text.split_once('=').and_then(|(place, value)| Some((place.split_once('.')?, value)));
        let form = "write section.key=value, such as solver-time-integrator.tend=2.5";
        let ((section, key), value) = parts.ok_or(form)?;
        let (section, key, value) = (section.trim(), key.trim(), value.trim());
        let one_line = |text: &str| !text.contains(['\n', '\r']);
        let word =
            |text: &str| !text.is_empty() && !text.contains(['[', ']', '=', ';', '#']) && one_line(text);
        if !word(section) || !word(key) || !one_line(value) {
            return Err(form.into());
        }
        Ok(Override { section: section.into(), key: key.into(), value: value.into() })
    }
}

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// `[backend]` and its kin.
    pub backend: BackendConfig,
    /// `[mesh]`.
    pub mesh: MeshConfig,
    /// `[constants]`: numbers, and text that may be an expression where it is used in one.
    pub constants: Arc<Constants>,
    /// `[solver]`.
    pub solver: SolverConfig,
    /// `[solver-interfaces]`.
    pub interfaces: InterfaceConfig,
    /// `[solver-elements-SHAPE]`, `[solver-interfaces-SHAPE]`.
    pub point_sets: PointSets,
    /// `[solver-time-integrator]`.
    pub time: TimeConfig,
    /// `[checkpoint]`.
    pub checkpoint: CheckpointConfig,
    /// Degrees of the rules that project the initial state, by shape; other shapes interpolate it.
    pub projection: BTreeMap<Shape, usize>,
    /// The text of the file, as read.
    pub source_text: String,
    ics: Expressions,
    exact: Option<Expressions>,
    boundaries: Vec<BoundarySection>,
    source: Option<Expressions>,
    shared: Arc<Shared>,
    effective: String,
    /// Section, key and value of each default taken.
    defaults: Vec<(String, &'static str, &'static str)>,
}

impl Case {
    /// Reads a case file.
    ///
    /// # Errors
    /// The file cannot be read, or every mistake in it.
    pub fn read(path: impl AsRef<Path>) -> Result<(Case, Vec<Warning>), CaseErrors> {
        let path = path.as_ref().to_path_buf();
        Case::parse(&path.display().to_string(), &read_text(&path)?)
    }

    /// Reads a case file, some of whose values are replaced: section, key and value of each.
    ///
    /// # Errors
    /// The file cannot be read, or every mistake in it and in these values.
    pub fn read_with(
        path: impl AsRef<Path>,
        overrides: &[Override],
    ) -> Result<(Case, Vec<Warning>), CaseErrors> {
        let path = path.as_ref().to_path_buf();
        Case::parse_with(&path.display().to_string(), &read_text(&path)?, overrides)
    }

    /// Reads the text of a case file; `name` stands for the file in messages.
    ///
    /// # Errors
    /// Every mistake in the text.
    pub fn parse(name: &str, text: &str) -> Result<(Case, Vec<Warning>), CaseErrors> {
        Case::parse_with(name, text, &[])
    }

    /// Reads the text of a case file, some of whose values are replaced.
    ///
    /// # Errors
    /// Every mistake in the text and in these values.
    pub fn parse_with(
        name: &str,
        text: &str,
        overrides: &[Override],
    ) -> Result<(Case, Vec<Warning>), CaseErrors> {
        let (mut ini, mut errors) = Ini::parse(name, text);
        for Override { section, key, value } in overrides {
            // In a file such a key may be there for another program; here it is a slip.
            let known = keys::find(section).is_some_and(|s| s.open || s.key(key).is_some());
            let helper = ini.section(section).is_some_and(|s| s.get(key).is_some());
            if !known && !helper {
                let (what, near) = match keys::find(section) {
                    Some(s) => ("key", keys::suggestion(key, s.keys.iter().map(|key| key.name))),
                    None => ("section", keys::suggestion(section, keys::sections().map(|s| s.pattern))),
                };
                let near = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
                let text = format!("--set {section}.{key}: there is no such {what}{near}");
                errors.push(Problem::new(ini.place(section, Some(key)), ProblemKind::Other(text)));
            }
            ini.set(section, key, value);
        }
        if errors.is_empty() {
            return Case::from_ini(ini, text);
        }
        if let Err(more) = Case::from_ini(ini, text) {
            // A line that was not understood may be the very key that is found missing.
            let missing = |p: &Problem| matches!(p.kind, ProblemKind::Missing { .. });
            errors.problems.extend(more.problems.into_iter().filter(|p| !missing(p)));
        }
        Err(errors.sorted())
    }

    /// Types and checks a parsed file. Overrides from outside are applied to `ini` before, with [`Ini::set`].
    ///
    /// # Errors
    /// Every mistake.
    pub fn from_ini(ini: Ini, source_text: &str) -> Result<(Case, Vec<Warning>), CaseErrors> {
        let mut values = Values::new(&ini, CaseErrors::new());
        check::check(&mut values);
        let backend = BackendConfig::read(&mut values);
        let mesh = MeshConfig::read(&mut values);
        let constants = Arc::new(constants(&mut values));
        let solver = SolverConfig::read(&mut values);
        let interfaces = InterfaceConfig::read(&mut values);
        let point_sets = physics::point_sets(&mut values);
        let time = TimeConfig::read(&mut values);
        let checkpoint = CheckpointConfig::read(&mut values);
        let order = solver.as_ref().map_or(1, |s| s.order);
        let projection = physics::projection(&mut values, order);
        let shared = Arc::new(Shared::new(&ini, &constants));
        let ics = Expressions::new(&shared, "soln-ics");
        let exact = ini.section("solution").map(|_| Expressions::new(&shared, "solution"));
        let source = physics::source(&mut values, &shared);
        let boundaries = boundaries(&mut values, &shared);
        // Made for their mistakes and defaults alone; `Case::monitors` makes those of a run.
        drop(monitors::read(&mut values, time.as_ref(), &boundaries, &Origin::default(), &shared, None));
        let Values { errors, mut warnings, defaults, .. } = values;
        let effective = effective(&ini, &defaults);
        warnings.sort_by_key(|w| w.place.line.unwrap_or(usize::MAX));
        let named = || {
            let entry = ini.get("solver", "system")?;
            let system = Located { value: entry.raw.trim().into(), line: entry.line };
            let capturing = ShockCapturing::None;
            Some(SolverConfig { system, order: 1, viscosity_correction: "none".into(), capturing })
        };
        // Only where it has mistakes of its own, which are among the errors, are there none to write.
        let (Some(solver), Some(checkpoint)) = (solver.or_else(named), checkpoint) else {
            return Err(errors.sorted());
        };
        let source_text = source_text.into();
        let case = Case {
            // Where a section could not be read, its mistakes are among the errors, and something valid stands in, to get
            // at the mistakes in the rest.
            backend: backend.unwrap_or_default(),
            mesh,
            constants,
            solver,
            interfaces: interfaces.unwrap_or_default(),
            point_sets,
            time: time.unwrap_or_default(),
            checkpoint,
            projection,
            source_text,
            ics,
            exact,
            boundaries,
            source,
            shared,
            effective,
            defaults,
        };
        if !errors.is_empty() {
            let mut errors = errors;
            errors.take(case.plan(case.likely_dims()));
            // With the system known there may be more to find in the monitors' expressions.
            if let Err(more) = case.check_monitors() {
                let seen: HashSet<String> = errors.problems.iter().map(ToString::to_string).collect();
                for problem in more.problems {
                    if !seen.contains(&problem.to_string()) {
                        errors.push(problem);
                    }
                }
            }
            return Err(errors.sorted());
        }
        case.check_monitors()?;
        Ok((case, warnings))
    }

    /// The raw file.
    pub fn ini(&self) -> &Ini {
        &self.shared.ini
    }

    /// The values in force, defaults included, in the notation of case files; reading it gives the same case.
    pub fn effective(&self) -> &str {
        &self.effective
    }

    /// The initial state: expressions of [`SPACE`] for the keys `names`, in this order.
    ///
    /// # Errors
    /// Every missing key and every mistake in the expressions.
    pub fn ics(&self, names: &[&str]) -> Result<Vec<Expr>, CaseErrors> {
        expressions::all(&self.ics, names, &SPACE)
    }

    /// The exact solution's expressions of `names`, as functions of x, y, z, t, if the file has a section `[solution]`.
    ///
    /// # Errors
    /// Every missing key and every mistake in the expressions.
    pub fn exact(&self, names: &[&str]) -> Result<Option<Vec<Expr>>, CaseErrors> {
        self.exact.as_ref().map(|exact| expressions::all(exact, names, &SPACE_TIME)).transpose()
    }

    /// Source terms: for each conserved variable of `names` an expression of x, y, z, t and these variables; none if the
    /// file has no such section.
    ///
    /// # Errors
    /// Every missing key and every mistake in the expressions.
    pub fn source(&self, names: &[&str]) -> Result<Vec<Expr>, CaseErrors> {
        let Some(section) = &self.source else { return Ok(vec![]) };
        let variables: Vec<&str> = SPACE_TIME.iter().chain(names).copied().collect();
        expressions::all(section, names, &variables)
    }

    /// Warnings on keys of the source terms that are not among `names` and help none.
    pub fn unused_source(&self, names: &[&str]) -> Vec<Warning> {
        self.source.as_ref().map_or(vec![], |section| section.unused(names))
    }

    /// Warnings on keys of `[soln-ics]` that are not among `names` and help none.
    pub fn unused_ics(&self, names: &[&str]) -> Vec<Warning> {
        self.ics.unused(names)
    }

    /// The boundaries in the order of the file.
    pub fn boundaries(&self) -> &[BoundarySection] {
        &self.boundaries
    }

    /// The constant `name` as a number.
    ///
    /// # Errors
    /// It is missing, or is neither a number nor a finite expression of constants.
    pub fn constant(&self, name: &str) -> Result<f64, Problem> {
        if let Some(value) = self.constants.numbers.get(name) {
            return Ok(*value);
        }
        let mut place = self.shared.ini.place("constants", Some(name));
        let kind = match self.constants.texts.get(name) {
            Some(text) => match Expr::parse_with(text, &[], &self.constants).map(|e| e.eval_f64(&[])) {
                Ok(value) if value.is_finite() => return Ok(value),
                Ok(value) => {
                    let expected = "a finite number".into();
                    ProblemKind::Value { value: value.to_string(), expected, nearest: None }
                }
                Err(error) => ProblemKind::Expression(error.into()),
            },
            None => {
                place.line = self.shared.ini.section("constants").and_then(|s| s.line);
                let known = self.constants.numbers.keys().chain(self.constants.texts.keys());
                let nearest = crate::physics::expr::nearest(name, known.map(String::as_str)).map(Into::into);
                let doc = keys::find("constants").and_then(|s| s.key(name)).map_or("a number", |k| k.doc);
                ProblemKind::Missing { key: name.into(), doc: doc.into(), nearest }
            }
        };
        Err(Problem::new(place, kind))
    }

    /// A mistake at a key, with its line; `text` says what is wrong and what to do.
    pub fn problem(&self, section: &str, key: &str, text: impl Into<String>) -> Problem {
        let key = (!key.is_empty()).then_some(key);
        Problem::new(self.shared.ini.place(section, key), ProblemKind::Other(text.into()))
    }
}

/// Reads a text file of sensible size.
fn read_text(path: &Path) -> Result<String, CaseErrors> {
    let fail = |line, kind| file_problem(path, line, kind);
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|e| fail(None, ProblemKind::Unreadable(e.to_string())))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(fail(None, ProblemKind::TooLarge(MAX_FILE)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let line = bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
        let begin = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let value = bytes.get(at).copied().unwrap_or(0);
        fail(Some(line), ProblemKind::Encoding { byte: at - begin + 1, value, binary: bytes.contains(&0) })
    })
}

/// Reads `[constants]`.
fn constants(values: &mut Values<'_>) -> Constants {
    let mut constants = Constants::default();
    let Some(section) = values.ini.section("constants") else { return constants };
    let inherited = values.ini.defaults().entries().iter().filter(|e| section.get(&e.key).is_none());
    let (mut length, mut mistakes) = (0, 0);
    for entry in section.entries().iter().chain(inherited) {
        if mistakes == MAX_MISTAKES {
            values.report("constants", &entry.key, ProblemKind::TooMany(MAX_MISTAKES));
            break;
        }
        if length > MAX_CONSTANTS {
            values.report("constants", &entry.key, ProblemKind::TooLong(MAX_CONSTANTS));
            break;
        }
        let Some(text) = values.errors.take(resolve(values.ini, "constants", entry, &process_environment))
        else {
            mistakes += 1;
            continue;
        };
        length += text.len();
        if SPACE.contains(&entry.key.as_str()) {
            let text = "is a coordinate, and no constant can have its name; choose another".to_string();
            values.report("constants", &entry.key, ProblemKind::Other(text));
            continue;
        }
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !entry.key.chars().all(word) || entry.key.starts_with(|c: char| c.is_ascii_digit()) {
            let text = "no expression can use this name, which is not made of letters, digits and _";
            values.warn("constants", Some(&entry.key), text);
        }
        match number(text.trim()) {
            Some(value) => drop(constants.numbers.insert(entry.key.clone(), value)),
            None => drop(constants.texts.insert(entry.key.clone(), text)),
        }
    }
    constants
}

/// Reads the `[soln-bcs-NAME]` sections.
fn boundaries(values: &mut Values<'_>, shared: &Arc<Shared>) -> Vec<BoundarySection> {
    let mut boundaries = Vec::new();
    for section in values.ini.sections() {
        let Some(name) = section.name.strip_prefix("soln-bcs-").filter(|n| !n.is_empty()) else { continue };
        if name.chars().any(char::is_uppercase) {
            let text = format!(
                "boundaries of a mesh have lower-case names; did you mean [soln-bcs-{}]?",
                name.to_lowercase()
            );
            values.warn(&section.name, None, text);
        }
        if let Some(kind) = values.text(&section.name, "type") {
            let values = Expressions::new(shared, &section.name);
            boundaries.push(BoundarySection { name: name.into(), kind, line: section.line, values });
        }
    }
    boundaries
}

/// The file with the defaults taken, and with environment variables replaced so that it means the same elsewhere.
fn effective(ini: &Ini, defaults: &[(String, &'static str, &'static str)]) -> String {
    let mut all = ini.clone();
    let inherited = helpers(ini.defaults());
    let mut length = 0;
    for section in ini.sections() {
        let own = helpers(section);
        for entry in section.entries() {
            let key = entry.key.as_str();
            // A helper is part of other values, where its text must stay what it was.
            let helper = own.contains(key) || inherited.contains(key);
            if helper || !entry.raw.contains(['$', '%']) || length > MAX_EFFECTIVE {
                continue;
            }
            let replaced = Cell::new(false);
            let lookup = |name: &str| process_environment(name).inspect(|_| replaced.set(true));
            // A failure (of a key that nothing reads) costs time too.
            let value = resolve(ini, &section.name, entry, &lookup);
            length += value.as_ref().map_or(4096, String::len);
            let Ok(value) = value else { continue };
            // What would read as a comment cannot be written, and stays as it was.
            if replaced.get() && !value.contains([';', '#', '\r']) {
                all.set(&section.name, key, &value.trim().replace('%', "%%"));
            }
        }
    }
    for (section, key, value) in defaults {
        all.set(section, key, value);
    }
    all.to_string()
}

#[cfg(test)]
mod tests;
