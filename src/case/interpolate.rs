//! Substitution in values: `%(key)s`, then environment variables.
//!
//! `%(key)s` stands for the value of `key` in the same section, else in `[DEFAULT]`, textually; `%%` is one `%`. After
//! that `$NAME` and `${NAME}` stand for environment variables; unknown ones stay as they are.

use super::error::{Problem, ProblemKind, quoted};
use super::ini::{Entry, Ini, Section};
use crate::physics::expr::nearest;
use std::collections::HashSet;

/// Deepest nesting of `%(key)s`.
pub const MAX_DEPTH: usize = 10;
/// Longest value, in bytes, after substitution.
pub const MAX_BYTES: usize = 1 << 20;
/// Most substitutions for one value; empty values would slip through [`MAX_BYTES`].
const MAX_STEPS: usize = 100_000;

/// The value of `entry` of `section` with everything substituted; `lookup` gives environment variables.
///
/// # Errors
/// A lone `%`, a name that does not exist, keys that name each other, too long a result.
pub fn resolve(
    ini: &Ini,
    section: &str,
    entry: &Entry,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Problem> {
    let mut job = Job { ini, section, out: String::new(), chain: vec![&entry.key], steps: 0 };
    let text = match job.expand(&entry.raw) {
        Ok(()) => environment(&job.out, lookup),
        Err(kind) => Err(kind),
    };
    text.map_err(|kind| {
        let mut place = ini.place(section, Some(&entry.key));
        place.line = entry.line;
        Problem::new(place, kind)
    })
}

struct Job<'a> {
    ini: &'a Ini,
    section: &'a str,
    out: String,
    /// Keys being substituted, outermost first.
    chain: Vec<&'a str>,
    steps: usize,
}

impl<'a> Job<'a> {
    fn expand(&mut self, raw: &'a str) -> Result<(), ProblemKind> {
        let mut rest = raw;
        while let Some(at) = rest.find('%') {
            self.put(&rest[..at])?;
            rest = &rest[at..];
            if let Some(tail) = rest.strip_prefix("%%") {
                self.put("%")?;
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix("%(") {
                let (name, tail) = tail
                    .split_once(')')
                    .filter(|(name, _)| !name.is_empty())
                    .and_then(|(name, tail)| Some((name, tail.strip_prefix('s')?)))
                    .ok_or_else(|| ProblemKind::Unfinished(quoted(rest)))?;
                self.substitute(name)?;
                rest = tail;
            } else {
                return Err(ProblemKind::Percent(quoted(rest)));
            }
        }
        self.put(rest)
    }

    fn substitute(&mut self, name: &'a str) -> Result<(), ProblemKind> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(ProblemKind::TooLong(MAX_BYTES));
        }
        let Some(entry) = self.ini.get(self.section, name) else {
            let own = self.ini.section(self.section).into_iter().chain([self.ini.defaults()]);
            let keys = own.flat_map(|s| s.entries()).map(|e| e.key.as_str());
            return Err(ProblemKind::NoSuchKey {
                nearest: nearest(name, keys).map(Into::into),
                name: quoted(name),
            });
        };
        if !entry.raw.contains('%') {
            return self.put(&entry.raw);
        }
        if self.chain.len() == MAX_DEPTH {
            let chain = self.chain.iter().copied().chain([name]).map(Into::into).collect();
            return Err(ProblemKind::TooDeep { limit: MAX_DEPTH, chain });
        }
        self.chain.push(name);
        self.expand(&entry.raw)?;
        self.chain.pop();
        Ok(())
    }

    fn put(&mut self, text: &str) -> Result<(), ProblemKind> {
        put(&mut self.out, text)
    }
}

fn put(out: &mut String, text: &str) -> Result<(), ProblemKind> {
    if out.len() + text.len() > MAX_BYTES {
        return Err(ProblemKind::TooLong(MAX_BYTES));
    }
    out.push_str(text);
    Ok(())
}

/// Replaces `$NAME` and `${NAME}`.
fn environment(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, ProblemKind> {
    let mut out = String::new();
    let mut rest = text;
    // Where no brace closes any more there is no need to look for one, over and over.
    let mut open = text.contains('}');
    while let Some(at) = rest.find('$') {
        put(&mut out, &rest[..at])?;
        rest = &rest[at..];
        let word = |s: &str| s.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(s.len());
        let (name, length) = match rest[1..].strip_prefix('{') {
            Some(braced) => {
                let end = if open { braced.find('}') } else { None };
                open = end.is_some();
                end.map_or(("", 1), |end| (&braced[..end], end + 3))
            }
            None => {
                let end = word(&rest[1..]);
                (&rest[1..1 + end], end + 1)
            }
        };
        match Some(name).filter(|n| !n.is_empty()).and_then(lookup) {
            Some(value) => put(&mut out, &value)?,
            None => put(&mut out, &rest[..length])?,
        }
        rest = &rest[length..];
    }
    put(&mut out, rest)?;
    Ok(out)
}

/// The value of the process's environment variable `name`, if it is text.
pub fn process_environment(name: &str) -> Option<String> {
    // `std::env::var` panics on none of these names, but they name no variable.
    if name.is_empty() || name.contains(['=', '\0']) { None } else { std::env::var(name).ok() }
}

/// Names that the values of `section` substitute.
pub fn helpers(section: &Section) -> HashSet<&str> {
    let mut names = HashSet::new();
    for entry in section.entries() {
        let mut rest = entry.raw.as_str();
        while let Some(at) = rest.find('%') {
            rest = &rest[at + 1..];
            if let Some(tail) = rest.strip_prefix('(') {
                let Some((name, tail)) = tail.split_once(')') else { break };
                rest = tail;
                if rest.starts_with('s') {
                    names.insert(name);
                }
            } else {
                // `%%(` is a plain percent sign before a parenthesis.
                rest = rest.strip_prefix('%').unwrap_or(rest);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str, key: &str) -> Result<String, String> {
        let (ini, errors) = Ini::parse("c.ini", text);
        assert!(errors.is_empty(), "{errors}");
        let lookup = |n: &str| (n == "HOME_DIR").then(|| "/h".to_string());
        resolve(&ini, "a", ini.get("a", key).expect("key"), &lookup).map_err(|e| e.to_string())
    }

    #[test]
    fn names_come_from_the_section_then_from_default() {
        let text = "[DEFAULT]\nd = dd\nx = no\n[a]\nx = 1\ny = (%(x)s + %(d)s)\nz = %(y)s*%(y)s %% %%(x)s\n";
        assert_eq!(value(text, "z").as_deref(), Ok("(1 + dd)*(1 + dd) % %(x)s"));
        assert_eq!(value(text, "d").as_deref(), Ok("dd"));
    }

    #[test]
    fn environment_comes_last_and_leaves_unknown_names() {
        let text = "[a]\nh = HOME_DIR\nx = ${HOME_DIR}/b$HOME_DIR.$NOPE ${NOPE} $ $%(h)s ${%(h)s} ${\n";
        assert_eq!(value(text, "x").as_deref(), Ok("/h/b/h.$NOPE ${NOPE} $ /h /h ${"));
    }

    #[test]
    fn mistakes_name_key_and_line() {
        for (line, expected) in [
            ("x = 7 % 3", "c.ini:2: [a] x: '%' in '% 3' must be followed"),
            ("x = 7 %(y) + 1", "'%(y) + 1' is not finished"),
            ("x = 7 %()s", "is not finished"),
            (
                "x = %(phii)s\nphi = 1",
                "'%(phii)s' names a key that neither this section nor [DEFAULT] has; did you mean '%(phi)s'?",
            ),
            ("x = %(x)s", "nested more than 10 deep (x -> x -> x"),
            ("x = %(y)s\ny = 2*%(x)s", "(x -> y -> x -> y"),
        ] {
            let got = value(&format!("[a]\n{line}\n"), "x").unwrap_err();
            assert!(got.contains(expected), "{got}");
        }
    }

    #[test]
    fn ten_levels_work_and_eleven_do_not() {
        let chain = |n: usize| {
            let keys = (1..n).map(|i| format!("k{i} = %(k{})s\n", i + 1));
            format!("[a]\n{}k{n} = %%\n", keys.collect::<String>())
        };
        assert_eq!(value(&chain(10), "k1").as_deref(), Ok("%"));
        assert!(value(&chain(11), "k1").is_err());
    }

    #[test]
    fn growth_is_bounded() {
        for leaf in ["lol", ""] {
            let keys: String =
                (1..9).map(|i| format!("k{i} = {}\n", format!("%(k{})s", i + 1).repeat(50))).collect();
            assert!(value(&format!("[a]\n{keys}k9 = {leaf}\n"), "k1").unwrap_err().contains("KiB"));
        }
    }

    #[test]
    fn helpers_are_found_behind_escapes() {
        let (ini, _) = Ini::parse("f", "[a]\nx = %%(no)s %(yes)s%(also)s %(broken\n");
        let mut names: Vec<_> = helpers(&ini.sections()[0]).into_iter().collect();
        names.sort();
        assert_eq!(names, ["also", "yes"]);
    }

    proptest! {
        #[test]
        fn any_value_resolves_or_is_an_error(raw in "[%()s$a{}b= é]*") {
            let (mut ini, _) = Ini::parse("f", "[a]\nb = %(a)s\n");
            ini.set("a", "a", &raw);
            let entry = ini.get("a", "a").expect("set above");
            let _ = resolve(&ini, "a", entry, &|_| Some("$a%".into()));
        }
    }
}
