//! The table of keys as a page of the book.

use super::{OPEN, choices, kind, remark};
use crate::case::keys::{Fallback, Section, Status};
use std::fmt::Write;

/// What the page begins with.
const HEAD: &str = "\
<!-- Made by `solver keys --markdown`; change src/case/keys/, src/case/monitors/ or src/cli/keys/, not this file. -->
# Case reference

Every section and key that case files may have, from the table that the program checks them against; `solver keys` prints
it on a terminal, `solver keys SECTION` a part of it. The notation is explained in [`configs/vortex.ini`](../../configs/vortex.ini).

In names of sections `NAME` stands for any name, `SHAPE` for `line`, `tri`, `quad`, `tet`, `hex`, `pri` or `pyr`, and `[-SUFFIX]`
for nothing, or for a dash and any text: several sections of a kind differ in it. The last column says what becomes of a key:

* *honoured*: it has its effect;
* *ignored*: accepted without a word, since it is tuning of another program or of no meaning here;
* *not yet*: accepted with the warning that it has no effect;
* *refused*: an error, since the results would not be what the file asks for.
";

/// The whole page.
pub fn page(sections: &[&Section]) -> String {
    let mut text = String::from(HEAD);
    text += "\n## Sections\n\n";
    for s in sections {
        let _ = writeln!(text, "* [`[{}]`](#{}): {}", s.pattern, anchor(s.pattern), cell(s.doc));
    }
    for s in sections {
        text += "\n";
        text += &section(s);
    }
    text += "\n";
    text += &choices::page();
    text
}

/// A section: its heading, its line of help, the table of its keys.
pub fn section(section: &Section) -> String {
    let mut text = format!("## `[{}]`\n\n{}.\n", section.pattern, cell(section.doc));
    if let Some(remark) = remark(section.status) {
        let _ = writeln!(text, "\nThe section is *{remark}*.");
    }
    if section.open {
        let _ = writeln!(
            text,
            "\n{}.",
            OPEN.trim_matches(['(', ')']).replacen("and keys", "There may be keys", 1)
        );
    }
    if section.keys.is_empty() {
        return text;
    }
    text += "\n| Key | Type | Default | Meaning | Status |\n|---|---|---|---|---|\n";
    for key in section.keys {
        let default = match key.default {
            Fallback::Required => "*required*".into(),
            Fallback::Absent => String::new(),
            Fallback::Value(value) => format!("`{value}`"),
        };
        let status = match key.status {
            Status::Honoured => "honoured".into(),
            Status::NotYet => "not yet".into(),
            other => cell(&remark(other).unwrap_or_default()),
        };
        let kind = kind(key.kind).replace(" | ", ", ");
        let _ = writeln!(text, "| `{}` | {kind} | {default} | {} | {status} |", key.name, cell(key.doc));
    }
    text
}

/// A text for a cell of a table: no bars, and nothing that Markdown would take for markup.
pub fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('*', "\\*").replace('<', "&lt;")
}

/// Where a section is found on the page: what mdBook and others make of its heading.
pub fn anchor(pattern: &str) -> String {
    pattern.replace(['[', ']'], "").to_lowercase()
}
