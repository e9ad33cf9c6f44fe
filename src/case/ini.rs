//! The INI dialect of case files: raw text with positions, nothing typed.
//!
//! It is the dialect of Python's `ConfigParser` with case-sensitive names and inline comments:
//! `[section]`, `key = value` or `key: value`, comments from `#` or `;` at the start of a line or behind a blank, deeper
//! indented lines continue a value, `[DEFAULT]` holds keys of every section. Interpolation is in
//! [`super::interpolate`].

use super::error::{CaseErrors, Place, Problem, ProblemKind};
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

/// Name of the section whose keys appear in every other one.
pub const DEFAULT: &str = "DEFAULT";

/// Most mistakes that are reported; a file that is no case file has one in every line.
const MAX_PROBLEMS: usize = 50;

/// A parsed file.
#[derive(Clone, Debug, Default)]
pub struct Ini {
    name: Arc<str>,
    defaults: Section,
    sections: Vec<Section>,
    index: HashMap<String, usize>,
}

/// One section.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Name without brackets.
    pub name: String,
    /// Line of the header, from 1; none when the file does not hold the section.
    pub line: Option<usize>,
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
}

/// One key.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Name of the key.
    pub key: String,
    /// Line of the key, from 1; none when it was set from outside the file.
    pub line: Option<usize>,
    /// Value as written, lines joined with `\n`, before interpolation.
    pub raw: String,
}

impl Section {
    /// The section's own keys in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The section's own key called `key`.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.index.get(key).map(|i| &self.entries[*i])
    }

    fn insert(&mut self, entry: Entry) {
        match self.index.get(&entry.key) {
            Some(i) => self.entries[*i] = entry,
            None => {
                self.index.insert(entry.key.clone(), self.entries.len());
                self.entries.push(entry);
            }
        }
    }
}

impl Ini {
    /// Reads `text`; `name` stands for it in messages. What could be read is returned together with every mistake.
    pub fn parse(name: &str, text: &str) -> (Ini, CaseErrors) {
        Reader::new(name).read(text)
    }

    /// Name of the file.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The sections in the order of the file, without `[DEFAULT]`.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// `[DEFAULT]`, empty where the file has none.
    pub fn defaults(&self) -> &Section {
        &self.defaults
    }

    /// The section called `name`.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.index.get(name).map(|i| &self.sections[*i])
    }

    /// The key in the section, else in `[DEFAULT]`; none where the section does not exist.
    pub fn get(&self, section: &str, key: &str) -> Option<&Entry> {
        let section = self.section(section)?;
        section.get(key).or_else(|| self.defaults.get(key))
    }

    /// Sets a raw value, as an override from the command line does; makes the section where it is missing.
    pub fn set(&mut self, section: &str, key: &str, raw: &str) {
        let entry = Entry { key: key.into(), line: None, raw: raw.into() };
        if section == DEFAULT {
            return self.defaults.insert(entry);
        }
        let i = self.add(section, None);
        self.sections[i].insert(entry);
    }

    /// Place of a section, or of a key in it, for a message.
    pub fn place(&self, section: &str, key: Option<&str>) -> Place {
        let line = match key {
            Some(key) => self.get(section, key).and_then(|e| e.line),
            None => self.section(section).and_then(|s| s.line),
        };
        Place { file: self.name.clone(), line, section: section.into(), key: key.map(Into::into) }
    }

    /// Index of the section `name`, which is added if missing.
    fn add(&mut self, name: &str, line: Option<usize>) -> usize {
        if let Some(i) = self.index.get(name) {
            return *i;
        }
        self.index.insert(name.into(), self.sections.len());
        self.sections.push(Section { name: name.into(), line, ..Section::default() });
        self.sections.len() - 1
    }
}

/// Writes the raw values in the dialect: reading it gives the same sections, keys and values.
impl Display for Ini {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let defaults = Some(&self.defaults).filter(|s| !s.entries.is_empty()).map(|s| (DEFAULT, s));
        let sections = self.sections.iter().map(|s| (s.name.as_str(), s));
        for (i, (name, section)) in defaults.into_iter().chain(sections).enumerate() {
            if i > 0 {
                writeln!(out)?;
            }
            writeln!(out, "[{name}]")?;
            for entry in &section.entries {
                writeln!(out, "{} = {}", entry.key, entry.raw.replace('\n', "\n    "))?;
            }
        }
        Ok(())
    }
}

/// Where the keys that are read next belong.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Nowhere,
    Default,
    Section(usize),
}

struct Reader {
    ini: Ini,
    errors: CaseErrors,
    target: Target,
    /// Name of the section being read.
    section: String,
    /// The key being read, with the lines of its value. An empty key is one to forget: its continuation lines must not
    /// be taken for mistakes of their own.
    open: Option<(String, usize, Vec<String>)>,
    /// Indentation of the last line that began something.
    indent: usize,
}

impl Reader {
    fn new(name: &str) -> Reader {
        Reader {
            ini: Ini { name: name.into(), ..Ini::default() },
            errors: CaseErrors::new(),
            target: Target::Nowhere,
            section: String::new(),
            open: None,
            indent: 0,
        }
    }

    fn read(mut self, text: &str) -> (Ini, CaseErrors) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (i, line) in lines(text).enumerate() {
            self.line(i + 1, line);
            if self.errors.problems.len() >= MAX_PROBLEMS {
                self.report(i + 1, None, ProblemKind::TooMany(MAX_PROBLEMS));
                break;
            }
        }
        self.close();
        (self.ini, self.errors)
    }

    fn report(&mut self, line: usize, key: Option<&str>, kind: ProblemKind) {
        let section = self.section.clone();
        let place =
            Place { file: self.ini.name.clone(), line: Some(line), section, key: key.map(Into::into) };
        self.errors.push(Problem::new(place, kind));
    }

    fn line(&mut self, number: usize, line: &str) {
        let comment = comment_start(line);
        let value = line[..comment.unwrap_or(line.len())].trim();
        if value.is_empty() {
            // A blank line belongs to the value around it, a comment line does not.
            if let (None, Some((_, _, lines))) = (comment, &mut self.open) {
                lines.push(String::new());
            }
            return;
        }
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        if indent > self.indent
            && let Some((_, _, lines)) = &mut self.open
        {
            lines.push(value.into());
            return;
        }
        self.indent = indent;
        if let Some(header) = header(value) {
            self.close();
            self.begin(number, header);
        } else if self.section.is_empty() {
            self.report(number, None, ProblemKind::NoSection(super::error::quoted(value)));
        } else {
            self.key(number, value);
        }
    }

    fn begin(&mut self, number: usize, header: &str) {
        self.section = header.into();
        if header == DEFAULT {
            self.target = Target::Default;
        } else if let Some(first) = self.ini.section(header).map(|s| s.line) {
            self.target = Target::Nowhere;
            self.report(number, None, ProblemKind::DuplicateSection { first });
        } else {
            self.target = Target::Section(self.ini.add(header, Some(number)));
        }
    }

    fn key(&mut self, number: usize, text: &str) {
        let Some(at) = text.find(['=', ':']) else {
            let after = self.open.as_ref().map(|(key, ..)| key.clone()).filter(|key| !key.is_empty());
            let text = super::error::quoted(text);
            return self.report(number, None, ProblemKind::NoDelimiter { text, after });
        };
        self.close();
        let (key, value) = (text[..at].trim_end(), text[at + 1..].trim());
        self.open = Some((String::new(), number, Vec::new()));
        if key.is_empty() {
            return self.report(number, None, ProblemKind::EmptyKey(super::error::quoted(text)));
        }
        let section = match self.target {
            Target::Nowhere => return,
            Target::Default => &self.ini.defaults,
            Target::Section(i) => &self.ini.sections[i],
        };
        if let Some(first) = section.get(key).map(|e| e.line) {
            let key = key.to_string();
            return self.report(number, Some(&key), ProblemKind::DuplicateKey { first });
        }
        self.open = Some((key.into(), number, vec![value.into()]));
    }

    /// Stores the key being read.
    fn close(&mut self) {
        let Some((key, line, lines)) = self.open.take().filter(|(key, ..)| !key.is_empty()) else { return };
        let entry = Entry { key, line: Some(line), raw: lines.join("\n").trim_end().into() };
        match self.target {
            Target::Nowhere => {}
            Target::Default => self.ini.defaults.insert(entry),
            Target::Section(i) => self.ini.sections[i].insert(entry),
        }
    }
}

/// Lines ended by `\n`, `\r\n` or `\r`.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let line = &rest[..end];
        let ending = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = rest.get(end + ending..).unwrap_or("");
        Some(line)
    })
}

/// Start of the comment: the first `;` or `#` that begins the line or follows a blank.
fn comment_start(line: &str) -> Option<usize> {
    line.match_indices([';', '#'])
        .map(|(i, _)| i)
        .find(|i| line[..*i].chars().next_back().is_none_or(char::is_whitespace))
}

/// The name in a section header; as in Python it reaches to the last `]`, and what follows that is dropped.
fn header(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('[')?;
    let end = inner.rfind(']')?;
    (end > 0).then(|| &inner[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Ini {
        let (ini, errors) = Ini::parse("case.ini", text);
        assert!(errors.is_empty(), "{errors}");
        ini
    }

    fn raw<'a>(ini: &'a Ini, section: &str, key: &str) -> Option<&'a str> {
        ini.get(section, key).map(|e| e.raw.as_str())
    }

    #[test]
    fn values_follow_the_dialect() {
        let ini = parse(
            "# head\n; head\n[DEFAULT]\nd = 1\n[a]   ; tail\nplain = 1\ncolon: 2\nboth : a=b\nnospace=1;b\ncut=1 ;b\nhash = 1 # c\n\
             hash2 = 1#c\n  url = a:b\nempty =\nCase = x\ncase = y\nlong = 1 +\n    2 +\n; gone\n    # gone\n\n  3\n\nnext = 1\n\
             pts =\n    [(1, 2),\n    [x] = 3]\nsp ace = 1\n[b]]\r\nwin = 1\r\nlast = 2",
        );
        for (key, value) in [
            ("plain", "1"),
            ("colon", "2"),
            ("both", "a=b"),
            ("nospace", "1;b"),
            ("cut", "1"),
            ("hash", "1"),
            ("hash2", "1#c\nurl = a:b"),
            ("empty", ""),
            ("Case", "x"),
            ("case", "y"),
            ("long", "1 +\n2 +\n\n3"),
            ("next", "1"),
            ("pts", "\n[(1, 2),\n[x] = 3]"),
            ("sp ace", "1"),
            ("d", "1"),
        ] {
            assert_eq!(raw(&ini, "a", key), Some(value), "{key}");
        }
        assert_eq!(raw(&ini, "b]", "win"), Some("1"));
        assert_eq!(raw(&ini, "b]", "last"), Some("2"));
        assert_eq!(raw(&ini, "c", "d"), None, "a section that does not exist has no defaults");
        assert_eq!(ini.get("a", "long").and_then(|e| e.line), Some(17));
        assert_eq!(ini.section("a").and_then(|s| s.line), Some(5));
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        let (_, errors) = Ini::parse(
            "c.ini",
            "stray = 1\n[a]\nk = 1\nk = 2\nno delimiter\n= 3\n[b\n[a]\nk = 9\n  more\nk = 9\n[b]\nj = 1\nj = 2\n  more\n",
        );
        let expected = [
            "c.ini:1: 'stray = 1' stands before the first section",
            "c.ini:4: [a] k: given twice, first in line 3",
            "c.ini:5: [a]: 'no delimiter' is neither",
            "c.ini:6: [a]: '= 3' has no key",
            "c.ini:7: [a]: '[b' is neither",
            "c.ini:8: [a]: section given twice, first in line 2",
            "c.ini:14: [b] j: given twice, first in line 13",
        ];
        let got = errors.to_string();
        assert_eq!(got.lines().count(), expected.len(), "{got}");
        for (got, expected) in got.lines().zip(expected) {
            assert!(got.starts_with(expected), "{got}");
        }
    }

    #[test]
    fn a_file_of_something_else_gives_a_bounded_report() {
        let (_, errors) = Ini::parse("c.ini", &"some text\n".repeat(10_000));
        assert_eq!(errors.problems.len(), MAX_PROBLEMS + 1);
    }

    fn same(a: &Ini, b: &Ini) -> bool {
        let values = |i: &Ini| -> Vec<(String, Vec<(String, String)>)> {
            let of = |s: &Section| s.entries.iter().map(|e| (e.key.clone(), e.raw.clone())).collect();
            let defaults = (DEFAULT.to_string(), of(&i.defaults));
            [defaults].into_iter().chain(i.sections.iter().map(|s| (s.name.clone(), of(s)))).collect()
        };
        values(a) == values(b)
    }

    #[test]
    fn set_overrides_and_adds() {
        let mut ini = parse("[a]\nk = 1\n");
        ini.set("a", "k", "2");
        ini.set("b", "m", "3");
        assert_eq!((raw(&ini, "a", "k"), raw(&ini, "b", "m")), (Some("2"), Some("3")));
        assert_eq!(ini.to_string(), "[a]\nk = 2\n\n[b]\nm = 3\n");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(?s).*") {
            let _ = Ini::parse("f", &text);
        }

        #[test]
        fn what_is_written_reads_as_the_same_file(
            lines in prop::collection::vec(
                prop::sample::select(vec![
                    "[a]", "[b]", "[DEFAULT]", "[c] ; x", "k = 1", "m: 2 ; c", "  more", "\tmore = x", "    [d]", "", " ", "# c",
                    "long =", "é = ü", "n = %(k)s;x", "o = ", "[x]] y",
                ]),
                0..30,
            )
        ) {
            let text = lines.join("\n");
            let (ini, _) = Ini::parse("f", &text);
            let (back, errors) = Ini::parse("f", &ini.to_string());
            prop_assert!(errors.is_empty(), "{}\n{}", errors, ini);
            prop_assert!(same(&ini, &back), "{}", ini);
        }
    }
}
