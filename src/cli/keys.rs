//! `solver keys`: the table that case files are checked against, to read.

mod choices;
mod markdown;

use super::print_all;
use crate::case::keys::{self, Fallback, Key, Kind, Section, Status};
use anyhow::{Result, bail};

/// List the sections and keys of case files
///
/// This is the table that case files are checked against: what every key means, of which type it is,
/// what holds without it, and what becomes of it. Keys without a remark have their effect. Below are the
/// words to choose from: systems, Riemann solvers, boundary conditions, schemes, functions.
///
///   solver keys                         all sections
///   solver keys solver-time-integrator  one of them
///   solver keys soln-bcs-wall           the kind of section that this one is
///   solver keys writer                  plugins by their own name, too
///   solver keys --markdown              the case reference of the book
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Keys {
    /// A section; by default all
    section: Option<String>,
    /// Write Markdown
    #[arg(short, long)]
    markdown: bool,
}

impl Keys {
    pub fn execute(self) -> Result<()> {
        let found = match &self.section {
            None => keys::sections().collect(),
            Some(name) => vec![find(name)?],
        };
        let text = match (self.markdown, &self.section) {
            (true, None) => markdown::page(&found),
            (true, Some(_)) => markdown::section(found[0]),
            (false, name) => {
                let sections = found.iter().map(|s| plain(s));
                let of = name.as_ref().map(|_| found[0].pattern);
                sections.chain(choices::plain(of)).collect::<Vec<_>>().join("\n")
            }
        };
        print_all(&text)
    }
}

/// The section that is called `name` in the table or in a case file, or the plugin of this name.
fn find(name: &str) -> Result<&'static Section> {
    let name = name.trim().trim_start_matches('[').trim_end_matches(']');
    // A pattern ends with a bracket of its own.
    let pattern = keys::sections().find(|s| s.pattern.trim_end_matches(']') == name);
    let plugin = || ["soln", "solver"].iter().find_map(|kind| keys::find(&format!("{kind}-plugin-{name}")));
    // Of one boundary's forces there is no section without the boundary's name.
    let open =
        || keys::sections().find(|s| s.pattern.strip_prefix("soln-plugin-") == Some(&format!("{name}-NAME")));
    if let Some(section) = pattern.or_else(|| keys::find(name)).or_else(plugin).or_else(open) {
        return Ok(section);
    }
    match keys::suggestion(name, keys::sections().map(|s| s.pattern)) {
        Some(meant) => bail!("there is no section '{name}'; did you mean '{meant}'?"),
        None => bail!("there is no section '{name}'; 'solver keys' lists all"),
    }
}

/// Width of what is printed.
const WIDTH: usize = 96;

/// A section for a terminal.
fn plain(section: &Section) -> String {
    let mut text = format!("[{}]\n", section.pattern);
    wrap(&mut text, 2, section.doc);
    if let Some(remark) = remark(section.status) {
        wrap(&mut text, 2, &remark);
    }
    for key in section.keys {
        text += &format!("  {}: {}{}\n", key.name, kind(key.kind), default(key));
        wrap(&mut text, 6, key.doc);
        if let Some(remark) = remark(key.status) {
            wrap(&mut text, 6, &remark);
        }
    }
    if section.open {
        wrap(&mut text, 2, OPEN);
    }
    text
}

/// What is said of sections with more keys than the table lists.
const OPEN: &str =
    "(and keys of your own: names for use in the others, or those that the choice made here asks for)";

/// Adds a text in lines that are indented.
fn wrap(to: &mut String, indent: usize, text: &str) {
    let mut length = WIDTH;
    for word in text.split_whitespace() {
        let more = word.chars().count() + 1;
        if length + more > WIDTH {
            if length != WIDTH {
                to.push('\n');
            }
            *to += &" ".repeat(indent - 1);
            length = indent - 1;
        }
        to.push(' ');
        *to += word;
        length += more;
    }
    to.push('\n');
}

/// A type in words.
fn kind(kind: Kind) -> String {
    match kind {
        Kind::Integer => "whole number".into(),
        Kind::Number => "number".into(),
        Kind::Flag => "true or false".into(),
        Kind::Text => "text".into(),
        Kind::Path => "path".into(),
        Kind::Literal => "list of numbers".into(),
        Kind::Expression => "expression".into(),
        Kind::Choice(words) => words.join(" | "),
    }
}

/// What holds without a key.
fn default(key: &Key) -> String {
    match key.default {
        Fallback::Required => ", required".into(),
        Fallback::Absent => String::new(),
        Fallback::Value(value) => format!(", default {value}"),
    }
}

/// What becomes of something that does not simply have its effect.
fn remark(status: Status) -> Option<String> {
    match status {
        Status::Honoured => None,
        Status::Ignored => Some("ignored".into()),
        Status::Note(text) => Some(format!("accepted: {text}")),
        Status::NotYet => Some("not yet: accepted with a warning".into()),
        Status::Refused(text) => Some(format!("refused: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_by_every_name_they_have() {
        for (name, pattern) in [
            ("solver", "solver"),
            ("[soln-ics]", "soln-ics"),
            ("soln-bcs-wall", "soln-bcs-NAME"),
            ("soln-bcs-NAME", "soln-bcs-NAME"),
            ("soln-plugin-writer[-SUFFIX]", "soln-plugin-writer[-SUFFIX]"),
            ("writer", "soln-plugin-writer[-SUFFIX]"),
            ("fluidforce", "soln-plugin-fluidforce-NAME"),
            ("source", "solver-plugin-source"),
        ] {
            assert_eq!(find(name).map(|s| s.pattern).ok(), Some(pattern), "{name}");
        }
        let systems = choices::plain(Some("solver"));
        assert!(systems.len() == 1 && systems[0].contains("\n  navier-stokes\n      "), "{systems:?}");
        assert!(choices::plain(None).concat().contains("\n  hllc\n"));
        assert!(find("sovler").unwrap_err().to_string().contains("'solver'"));
    }
}
