//! What can be wrong with a case, where, and what to do; every mistake of a file is reported at once.

use crate::physics::expr::ExprError;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

/// A place in a case file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// Name of the file.
    pub file: Arc<str>,
    /// Line from 1; none for what the file does not hold.
    pub line: Option<usize>,
    /// Section, empty where none applies.
    pub section: String,
    /// Key in the section, if one is meant.
    pub key: Option<String>,
}

impl Display for Place {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if !self.section.is_empty() {
            write!(out, ": [{}]", self.section)?;
        }
        self.key.as_ref().map_or(Ok(()), |key| write!(out, " {key}"))
    }
}

/// One mistake: `file:line: [section] key: problem; what to do`.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Where (boxed to keep results small).
    pub place: Box<Place>,
    /// What.
    pub kind: ProblemKind,
}

impl Problem {
    /// The mistake `kind` at `place`.
    pub fn new(place: Place, kind: ProblemKind) -> Problem {
        Problem { place: Box::new(place), kind }
    }
}

impl Display for Problem {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.kind)
    }
}

impl std::error::Error for Problem {}

/// The kinds of mistake.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProblemKind {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The file is far larger than a case file.
    #[error("larger than {} MiB, so hardly a case file; check the path", .0 >> 20)]
    TooLarge(u64),
    /// Bytes that are not UTF-8.
    #[error("byte {byte} of the line (0x{value:02x}) is not UTF-8 text; {}", if *.binary { "this looks like a binary file, check the path" } else { "save the file as UTF-8" })]
    Encoding {
        /// Byte in the line, from 1.
        byte: usize,
        /// Its value.
        value: u8,
        /// Whether there are zero bytes too.
        binary: bool,
    },
    /// A key before any section.
    #[error("'{0}' stands before the first section; put it below a [section]")]
    NoSection(String),
    /// A line that is nothing.
    #[error("'{text}' is neither '[section]' nor 'key = value'{}", .after.as_ref().map_or(String::new(), |k| format!("; indent it if it continues the value of '{k}'")))]
    NoDelimiter {
        /// The line.
        text: String,
        /// The key before it.
        after: Option<String>,
    },
    /// A delimiter without a key.
    #[error("'{0}' has no key before the delimiter; write 'key = value'")]
    EmptyKey(String),
    /// A section that exists already.
    #[error("section given twice{}; merge the two", first_line(.first))]
    DuplicateSection {
        /// Line of the first one.
        first: Option<usize>,
    },
    /// A key that the section has already.
    #[error("given twice{}; remove one", first_line(.first))]
    DuplicateKey {
        /// Line of the first one.
        first: Option<usize>,
    },
    /// Reading was given up.
    #[error("{0} mistakes up to here, not reading on; is this a case file?")]
    TooMany(usize),
    /// `%` without meaning.
    #[error("'%' in '{0}' must be followed by '%' or '(name)s'; write '%%' for a plain %")]
    Percent(String),
    /// `%(` not finished.
    #[error("'{0}' is not finished; write %(name)s")]
    Unfinished(String),
    /// `%(name)s` of a key that does not exist.
    #[error("'%({name})s' names a key that neither this section nor [DEFAULT] has; {}", .nearest.as_ref().map_or("add the key".to_string(), |n| format!("did you mean '%({n})s'?")))]
    NoSuchKey {
        /// The name.
        name: String,
        /// The most similar key.
        nearest: Option<String>,
    },
    /// Interpolation too deep.
    #[error("'%(...)s' is nested more than {limit} deep ({}); do the keys name each other?", .chain.join(" -> "))]
    TooDeep {
        /// Deepest nesting allowed.
        limit: usize,
        /// Keys from the outermost.
        chain: Vec<String>,
    },
    /// Interpolation too long.
    #[error("expands to more than {} KiB; shorten the keys it uses", .0 >> 10)]
    TooLong(usize),
    /// A key that has to be there.
    #[error("missing; add '{key} = ...' to the section: {doc}{}", .nearest.as_ref().map_or(String::new(), |n| format!(" (there is '{n}')")))]
    Missing {
        /// The key.
        key: String,
        /// What it is.
        doc: String,
        /// A similar key that exists.
        nearest: Option<String>,
    },
    /// A value of the wrong kind or out of range.
    #[error("'{value}' is not {expected}{}", .nearest.as_ref().map_or(String::new(), |n| format!("; did you mean '{n}'?")))]
    Value {
        /// The value.
        value: String,
        /// What would be right.
        expected: String,
        /// A similar value that would be right.
        nearest: Option<String>,
    },
    /// Something the file asks for that this program cannot do yet and cannot leave out.
    #[error("{what} is not available yet; {advice}")]
    NotAvailable {
        /// What.
        what: String,
        /// What to do.
        advice: String,
    },
    /// A mistake in an expression.
    #[error("{0}")]
    Expression(Box<ExprError>),
    /// Anything else, as a whole sentence with advice.
    #[error("{0}")]
    Other(String),
}

fn first_line(first: &Option<usize>) -> String {
    first.map_or(String::new(), |l| format!(", first in line {l}"))
}

/// All mistakes of a case, in the order of the file. Displayed one a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseErrors {
    /// The mistakes.
    pub problems: Vec<Problem>,
}

impl CaseErrors {
    /// No mistakes yet.
    pub fn new() -> CaseErrors {
        CaseErrors::default()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Adds all of `more`.
    pub fn merge(&mut self, more: impl Into<CaseErrors>) {
        self.problems.extend(more.into().problems);
    }

    /// The value of `result`, or nothing after its mistakes have been added.
    pub fn take<T, E: Into<CaseErrors>>(&mut self, result: Result<T, E>) -> Option<T> {
        result.map_err(|e| self.merge(e)).ok()
    }

    /// `value` if there are no mistakes.
    ///
    /// # Errors
    /// All mistakes, sorted by line.
    pub fn into_result<T>(self, value: T) -> Result<T, CaseErrors> {
        if self.is_empty() { Ok(value) } else { Err(self.sorted()) }
    }

    /// The mistakes in the order of the file, each once.
    pub(super) fn sorted(mut self) -> CaseErrors {
        let mut seen = std::collections::HashSet::new();
        self.problems.retain(|p| seen.insert(p.to_string()));
        self.problems.sort_by_key(|p| p.place.line.unwrap_or(usize::MAX));
        self
    }
}

impl From<Problem> for CaseErrors {
    fn from(problem: Problem) -> CaseErrors {
        CaseErrors { problems: vec![problem] }
    }
}

impl Display for CaseErrors {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            write!(out, "{}{problem}", if i > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for CaseErrors {}

/// Something in a case file that has no effect, or not the expected one.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// Where.
    pub place: Place,
    /// What, with advice.
    pub text: String,
}

impl Display for Warning {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.text)
    }
}

/// A problem about the file as a whole, or one line of it.
pub(super) fn file_problem(file: &std::path::Path, line: Option<usize>, kind: ProblemKind) -> CaseErrors {
    let place = Place { file: file.display().to_string().into(), line, ..Place::default() };
    Problem::new(place, kind).into()
}

/// User text as it may stand in a one-line message: first line, shortened.
pub(super) fn quoted(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or("");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.into(),
    }
}
