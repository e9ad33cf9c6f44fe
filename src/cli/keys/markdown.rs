//! The table of keys as a page of the book.

use super::{OPEN, choices, kind, remark};
use crate::case::keys::{Fallback, Section, Status};
use std::fmt::Write;

/// What the page begins with.
const HEAD: &str = "\
<!-- Made by `solver keys --markdown`; change src/case/keys/, src/case/monitors/ or src/cli/keys/, not this file. -->
# Case reference

Every section and key that case files may have, from the table that the program checks them against; `solver keys` prints
it on a terminal, `solver keys SECTION` a part of it.

In names of sections `NAME` stands for any name, `SHAPE` for `line`, `tri`, `quad`, `tet`, `hex`, `pri` or `pyr`, and `[-SUFFIX]`
for nothing, or for a dash and any text: several sections of a kind differ in it. The last column says what becomes of a key:

* *honoured*: it has its effect;
* *ignored*: accepted without a word, since it is tuning of another program or of no meaning here;
* *not yet*: accepted with the warning that it has no effect;
* *refused*: an error, since the results would not be what the file asks for.

## Notation

```text
[DEFAULT]
folder = ${SCRATCH}/heat        ; a key of every section, and an environment variable

[constants]
nu = 0.1
slope = 2*nu                    # an expression of other constants

[soln-ics]
half = (y/2 + 1)                ; text for use below, in brackets
u = slope*x
    + sin(pi*%(half)s)          ; indented: still the value of u
    + (x %% 2)                  ; the remainder of x/2

[soln-plugin-writer]
basedir = %(folder)s
basename = heat-{t:.1f}
dt-out = 0.5
```

* *Keys and values*: `key = value` or `key: value` in a section. Upper and lower case differ. A section appears once in a file, and a key once in a section.
* *Comments* begin with `#` or `;` at the start of a line or behind a blank, and end with the line.
* *Continuation*: a line that is indented deeper than its key goes on with the value. Comments and empty lines may be in between.
* *`[DEFAULT]`*: its keys are in every section that does not have them itself.
* *Substitution*: `%(key)s` stands for the text of another key of the same section, else of `[DEFAULT]`, up to ten deep. It is text, not a value: put brackets around what is
  more than one term. A percent sign is written `%%`.
* *Environment*: after that `$NAME` and `${NAME}` stand for environment variables; those that are not set stay as they are. `solver check` marks values that hold some.
* *Numbers*: `0.5`, `1e-3`, `1_000`; no expressions, except where the type says expression. The constants that a system itself needs (`gamma`, `nu` and so on) may be expressions of other constants, too.
* *Truth*: `true`, `yes`, `on`, `1`, or `false`, `no`, `off`, `0`.
* *Paths* may begin with `~`.
* *Points* are `(x, y)`, lists of them `[(x, y), ...]`; coordinates may be expressions of constants.

An *expression* is made of numbers, the variables that the key allows, constants, `pi` (unless `[constants]` has one of this name), brackets, and

| Operator | Meaning |
|---|---|
| `-a`, `+a` | sign; binds first |
| `a*b`, `a/b`, `a % b` | product, quotient, remainder with the sign of `b` (in a file `%%`); from left to right |
| `a + b`, `a - b` | sum, difference; from left to right |
| `f(a)`, `f(a, b)` | [functions](#functions-in-expressions) |

There is no operator for powers: `pow(a, b)`. There are no comparisons: `min`, `max` and `abs` can often stand in. `[constants]` may hold expressions of
other constants, and of the variables of the key that uses them; no constant may be called like one of these variables.
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
