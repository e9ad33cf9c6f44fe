//! What can be wrong with an expression, and the nearest name to a mistyped one.

use std::fmt::{self, Display, Formatter};

/// An expression that cannot be read: what, where, and what to write instead.
#[derive(Clone, Debug, PartialEq)]
pub struct ExprError {
    /// Byte offset into the text of the expression.
    pub position: usize,
    /// Number of that character, counted from 1.
    pub character: usize,
    /// The text from there on, shortened; empty at the end.
    pub near: String,
    /// What is wrong.
    pub kind: ExprErrorKind,
}

/// The kinds of mistake.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExprErrorKind {
    /// Nothing but blanks.
    #[error("the expression is empty")]
    Empty,
    /// The text stops where an operand must follow.
    #[error("the expression ends where a number, a name or '(' has to follow")]
    EndsEarly,
    /// A symbol where an operand must stand.
    #[error("'{0}' stands where a number, a name or '(' has to stand")]
    Unexpected(String),
    /// A character that no expression contains.
    #[error("'{}' cannot be part of an expression", .0.escape_debug())]
    Character(char),
    /// Two operands side by side.
    #[error("an operator is missing")]
    MissingOperator,
    /// A parenthesis or an argument list is not closed.
    #[error("')' is missing")]
    NotClosed,
    /// A closing parenthesis or comma too many.
    #[error("'{0}' matches nothing before it")]
    Unmatched(char),
    /// `a^b` or `a**b`.
    #[error("'{operator}' is not an operator of this language")]
    Power {
        /// As written.
        operator: &'static str,
        /// Text of the base.
        base: String,
        /// Text of the exponent.
        exponent: String,
    },
    /// `//`, comparisons and the like.
    #[error("'{operator}' is not an operator of this language")]
    Operator {
        /// As written.
        operator: &'static str,
        /// What to write instead.
        advice: &'static str,
    },
    /// Digits that make no number.
    #[error("'{0}' is no number")]
    Number(String),
    /// A name that stands for nothing here.
    #[error("unknown name '{name}'")]
    UnknownName {
        /// The name.
        name: String,
        /// Every name there is.
        known: Vec<String>,
        /// The most similar one.
        nearest: Option<String>,
    },
    /// A function that does not exist.
    #[error("unknown function '{name}'")]
    UnknownFunction {
        /// The name.
        name: String,
        /// Every function there is.
        known: Vec<String>,
        /// The most similar one.
        nearest: Option<String>,
    },
    /// A function's name without arguments.
    #[error("'{0}' is a function and stands without its arguments")]
    WithoutArguments(String),
    /// A number or variable followed by '('.
    #[error("'{0}' is not a function")]
    NotAFunction(String),
    /// Too few or too many arguments.
    #[error("{function} takes {expected} argument{}, not {found}", if *expected == 1 { "" } else { "s" })]
    Arguments {
        /// The function.
        function: String,
        /// Arguments it takes.
        expected: usize,
        /// Arguments given.
        found: usize,
    },
    /// A constant with the name of a variable.
    #[error("'{0}' is a variable here and also a constant")]
    Clash(String),
    /// Constants defined by each other.
    #[error("the constants {} are defined by each other", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// A mistake in the text of a constant.
    #[error("in the constant '{name}': {error}")]
    InConstant {
        /// The constant.
        name: String,
        /// The mistake.
        error: Box<ExprError>,
    },
    /// More nested parentheses, calls and signs than allowed.
    #[error("nested more than {0} deep")]
    TooDeep(usize),
    /// More text than allowed, constants included.
    #[error("longer than {0} characters, with the constants it uses")]
    TooLong(usize),
}

impl ExprErrorKind {
    /// What to write instead, where there is more to say than the mistake itself.
    pub fn advice(&self) -> Option<String> {
        let list = |what: &str, known: &[String], nearest: &Option<String>| {
            let mut text = nearest.as_ref().map_or(String::new(), |n| format!("did you mean '{n}'? "));
            let shown = known.len().min(40);
            text += &format!("{what}: {}", known[..shown].join(", "));
            if shown < known.len() {
                text += &format!(" and {} more", known.len() - shown);
            }
            text
        };
        Some(match self {
            Self::Power { base, exponent, .. } => format!("write pow({base}, {exponent})"),
            Self::Operator { advice, .. } => (*advice).into(),
            Self::Character('−' | '–' | '—') => "write the minus sign of the keyboard, '-'".into(),
            Self::Character('×' | '·') => "write '*'".into(),
            Self::Character(_) => "letters, digits, _ . , + - * / % ( ) can".into(),
            Self::MissingOperator => "write '*' where a product is meant".into(),
            Self::NotAFunction(name) => format!("write {name}*(...) where a product is meant"),
            Self::WithoutArguments(name) => format!("write {name}(...)"),
            Self::UnknownName { known, nearest, .. } => list("names here", known, nearest),
            Self::UnknownFunction { known, nearest, .. } => list("functions", known, nearest),
            Self::Clash(_) => "rename the constant".into(),
            Self::TooDeep(_) | Self::TooLong(_) => "split it".into(),
            _ => return None,
        })
    }
}

impl ExprError {
    /// A mistake at byte `position` of `text`.
    pub(super) fn new(text: &str, position: usize, kind: ExprErrorKind) -> ExprError {
        let (before, after) = text.split_at_checked(position).unwrap_or((text, ""));
        ExprError { position, character: before.chars().count() + 1, near: shortened(after, 24), kind }
    }
}

impl Display for ExprError {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.kind)?;
        if self.near.is_empty() {
            write!(out, " at the end")?;
        } else {
            write!(out, " at character {}, '{}'", self.character, self.near)?;
        }
        self.kind.advice().map_or(Ok(()), |advice| write!(out, "; {advice}"))
    }
}

impl std::error::Error for ExprError {}

/// The first line of `text`, at most `most` characters of it.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let line = text.trim().lines().next().unwrap_or("");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.into(),
    }
}

/// The candidate most like `name`, if one is like it enough to be what was meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong; distances are quadratic in the length, hence the caps.
    if name.len() > 100 {
        return None;
    }
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|c| c.len() <= 100 && *c != name)
        .take(1_000)
        .map(|c| (strsim::osa_distance(&name.to_lowercase(), &c.to_lowercase()), c))
        .filter(|(distance, c)| *distance <= allowed && *distance < c.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}
