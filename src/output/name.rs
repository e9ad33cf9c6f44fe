//! Names of outputs: `basename` of the case file with fields in Python's format syntax.
//!
//! `{t}` is the physical time (a number with a fraction), `{n}` counts outputs from 0. A field may carry a format
//! `[[fill]align][sign][0][width][.precision][type]` with align `< > ^ =`, sign `+ -` or a space, type `e f g` (or capitals),
//! for `n` also `d`; the text is Python's to the last digit. `{{` and `}}` stand for braces. A `/` makes sub-folders.

use super::number_format::{Align, Spec, Style};
use std::path::Path;
use std::{fs, io};

/// A parsed `basename`.
#[derive(Clone, Debug, PartialEq)]
pub struct NameTemplate {
    /// As written.
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Time(Spec),
    Number(Spec),
}

/// What is wrong with a `basename`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("basename {name:?}, character {}: {problem}", position + 1)]
pub struct NameError {
    /// The whole text.
    pub name: String,
    /// Where, in characters from 0.
    pub position: usize,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// Widest field and most digits a name can have; file names end at 255 bytes anyway.
const LIMIT: usize = 60;

const FORMATS: &str =
    "supported are {t}, {t:.2f}, {t:08.3f}, {t:e}, {t:g}, {n}, {n:03d} and the like; {{ and }} for braces";

impl NameTemplate {
    /// The text it was read from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Reads a `basename`.
    ///
    /// # Errors
    /// [`NameError`] with the position for an unknown field or format, a single brace, an empty name, or a name that leads
    /// out of `basedir`.
    pub fn parse(name: &str) -> Result<NameTemplate, NameError> {
        let chars: Vec<char> = name.chars().collect();
        let fail = |position: usize, problem: String| NameError { name: name.into(), position, problem };
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut i = 0;
        while i < chars.len() {
            match chars[i] {
                c @ ('{' | '}') if chars.get(i + 1) == Some(&c) => {
                    text.push(c);
                    i += 1;
                }
                '}' => return Err(fail(i, format!("single '}}'; {FORMATS}"))),
                '{' => {
                    let length = chars[i..].iter().position(|&c| c == '}');
                    let length = length.ok_or_else(|| fail(i, format!("'{{' is not closed; {FORMATS}")))?;
                    let part = field(&chars[i + 1..i + length]).map_err(|problem| fail(i, problem))?;
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    parts.push(part);
                    i += length;
                }
                c if c.is_control() => return Err(fail(i, "control character in a file name".into())),
                c => text.push(c),
            }
            i += 1;
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        let template = NameTemplate { text: name.into(), parts };
        let example = template.format(0.0, 0);
        if example.is_empty() || example.ends_with('/') {
            return Err(fail(chars.len(), "a file name is missing".into()));
        }
        if Path::new(&example).is_absolute() || example.split('/').any(|c| c == "..") {
            let problem = "leads out of basedir: put the folder into basedir and only the name into basename";
            return Err(fail(0, problem.into()));
        }
        Ok(template)
    }

    /// The name of output `n` at time `t`, without extension.
    pub fn format(&self, t: f64, n: u64) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Time(spec) => spec.float(t),
            Part::Number(spec) => spec.integer(n),
        };
        self.parts.iter().map(text).collect()
    }

    /// True when all outputs would get the same name, each replacing the one before.
    pub fn is_constant(&self) -> bool {
        self.parts.iter().all(|p| matches!(p, Part::Text(_)))
    }

    /// True when names carry the number of the output, which a restarted run has to continue.
    pub fn counts(&self) -> bool {
        self.parts.iter().any(|p| matches!(p, Part::Number(_)))
    }

    /// Name for the files that describe the series as a whole: the constant text, without dangling separators.
    pub fn series_name(&self) -> String {
        let constant: String =
            self.parts.iter().map(|p| if let Part::Text(t) = p { t } else { "" }).collect();
        let folders = constant.split('/').map(|c| c.trim_matches(['-', '_', '.', ' ']));
        let name = folders.filter(|c| !c.is_empty()).collect::<Vec<_>>().join("/");
        if name.is_empty() { "series".into() } else { name }
    }

    /// The number `n` in a name that this template produced; `None` for any other name.
    pub fn number_in(&self, name: &str) -> Option<u64> {
        let mut dead = std::collections::HashSet::new();
        find(&self.parts, name, &mut dead)?
    }

    /// Whether a name is one that this template may have produced.
    pub fn fits(&self, name: &str) -> bool {
        find(&self.parts, name, &mut std::collections::HashSet::new()).is_some()
    }

    /// The largest number among the files `folder/NAME + suffix` that follow this template; a restart goes on after it.
    ///
    /// # Errors
    /// When a folder cannot be listed. A missing folder holds no files.
    pub fn last_number(&self, folder: &Path, suffix: &str) -> io::Result<Option<u64>> {
        let depth = self.format(0.0, 0).matches('/').count();
        let mut last = None;
        visit(folder, "", depth, &mut |name| {
            last = last.max(name.strip_suffix(suffix).and_then(|name| self.number_in(name)));
        })?;
        Ok(last)
    }
}

/// Calls `found` with the path below `folder` of every file that lies `depth` folders deep.
fn visit(folder: &Path, prefix: &str, depth: usize, found: &mut impl FnMut(&str)) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_folder = entry.file_type()?.is_dir();
        if depth == 0 && !is_folder {
            found(&format!("{prefix}{name}"));
        } else if depth > 0 && is_folder {
            visit(&entry.path(), &format!("{prefix}{name}/"), depth - 1, found)?;
        }
    }
    Ok(())
}

/// Matches `rest` against `parts`; the inner option is the first number. `dead` holds the pairs (parts left, bytes left)
/// known not to match, which keeps the search short for any number of fields.
fn find(
    parts: &[Part],
    rest: &str,
    dead: &mut std::collections::HashSet<(usize, usize)>,
) -> Option<Option<u64>> {
    let Some((part, parts_left)) = parts.split_first() else {
        return rest.is_empty().then_some(None);
    };
    if dead.contains(&(parts.len(), rest.len())) {
        return None;
    }
    let found = match part {
        Part::Text(text) => rest.strip_prefix(text.as_str()).and_then(|rest| find(parts_left, rest, dead)),
        Part::Time(spec) | Part::Number(spec) => {
            let ends = rest.char_indices().map(|(i, c)| i + c.len_utf8());
            ends.take_while(|&end| !rest[..end].contains('/')).find_map(|end| {
                let value = spec.parse(&rest[..end])?;
                let (number, text) = match part {
                    Part::Number(_) => (Some(value as u64), spec.integer(value as u64)),
                    _ => (None, spec.float(value)),
                };
                if text != rest[..end] {
                    return None;
                }
                find(parts_left, &rest[end..], dead).map(|later| number.or(later))
            })
        }
    };
    if found.is_none() {
        dead.insert((parts.len(), rest.len()));
    }
    found
}

/// The field between two braces.
fn field(chars: &[char]) -> Result<Part, String> {
    let colon = chars.iter().position(|&c| c == ':').unwrap_or(chars.len());
    let name: String = chars[..colon].iter().collect();
    let spec = chars.get(colon + 1..).unwrap_or(&[]);
    match name.as_str() {
        "t" => Ok(Part::Time(format_of(spec, false)?)),
        "n" => Ok(Part::Number(format_of(spec, true)?)),
        _ => Err(format!("unknown field {{{name}}}: t is the time, n the number of the output; {FORMATS}")),
    }
}

/// The format after the colon, as Python's `parse_internal_render_format_spec` reads it.
fn format_of(chars: &[char], integer: bool) -> Result<Spec, String> {
    let align = |c: Option<&char>| match c? {
        '<' => Some(Align::Left),
        '>' => Some(Align::Right),
        '^' => Some(Align::Centre),
        '=' => Some(Align::AfterSign),
        _ => None,
    };
    let mut spec = Spec::default();
    let mut rest = chars;
    let mut filled = false;
    if let Some(a) = align(rest.get(1)) {
        (spec.fill, spec.align, filled) = (rest[0], a, true);
        rest = &rest[2..];
    } else if let Some(a) = align(rest.first()) {
        spec.align = a;
        rest = &rest[1..];
    }
    if ['/', '\\', '{'].contains(&spec.fill) {
        return Err(format!("cannot fill a file name with '{}'", spec.fill));
    }
    if let Some(&c @ ('+' | '-' | ' ')) = rest.first() {
        spec.sign = Some(c).filter(|&c| c != '-');
        rest = &rest[1..];
    }
    if !filled && rest.first() == Some(&'0') {
        spec.fill = '0';
        if align(chars.first()).is_none() {
            spec.align = Align::AfterSign;
        }
        rest = &rest[1..];
    }
    spec.width = digits(&mut rest)?.unwrap_or(0);
    if rest.first() == Some(&'.') {
        rest = &rest[1..];
        spec.precision = Some(digits(&mut rest)?.ok_or("digits are missing after the point")?);
    }
    (spec.style, spec.capital) = match rest {
        [] => (Style::Shortest, false),
        ['d'] if integer => (Style::Integer, false),
        [c @ ('e' | 'E')] => (Style::Exponent, *c == 'E'),
        [c @ ('f' | 'F')] => (Style::Fixed, *c == 'F'),
        [c @ ('g' | 'G')] => (Style::General, *c == 'G'),
        _ => {
            let format: String = chars.iter().collect();
            return Err(format!("format '{format}' is not supported here; {FORMATS}"));
        }
    };
    if integer && spec.style == Style::Shortest {
        spec.style = Style::Integer;
    }
    if spec.style == Style::Integer && spec.precision.is_some() {
        return Err("an integer has no digits after the point: write {n:3d} or {n:.2f}".into());
    }
    Ok(spec)
}

/// A leading number, taken off `rest`.
fn digits(rest: &mut &[char]) -> Result<Option<usize>, String> {
    let n = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    let text: String = rest[..n].iter().collect();
    *rest = &rest[n..];
    if n == 0 {
        return Ok(None);
    }
    match text.parse() {
        Ok(value) if value <= LIMIT => Ok(Some(value)),
        _ => Err(format!("width and precision are at most {LIMIT}, found {text}")),
    }
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
