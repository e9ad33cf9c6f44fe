//! The shape of the code: imports point downwards, and every foreign interface has one home.

use std::path::Path;

/// Layers from the lowest to the highest; those of one line are of the same height and do not use each other.
const LAYERS: [&[&str]; 13] = [
    &["parallel"],
    &["element"],
    &["mesh"],
    &["physics"],
    &["backend"],
    &["engine"],
    &["output"],
    &["plot"],
    &["monitor"],
    &["run"],
    &["bench"],
    &["case"],
    &["cli"],
];

/// Arrows that would point downwards and still are not wanted, with the reason.
const UNWANTED: [(&str, &str, &str); 2] = [
    ("physics", "mesh", "physics is functions of point values and knows nothing of meshes"),
    ("physics", "element", "physics is functions of point values and knows nothing of elements"),
];

/// Modules below all layers, which any may use: helpers without a subject of their own.
const SHARED: [&str; 1] = ["files"];

/// The only places that may print or end the process.
const COMMAND_LINE: [&str; 3] = ["src/main.rs", "src/cli.rs", "src/cli/"];

/// The one exception: ending the process is what a communicator's `abort` is for, and a single rank has no MPI to do it.
const MAY_EXIT: &str = "src/parallel/serial.rs";

#[test]
fn imports_point_downwards_and_interfaces_keep_their_home() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut files, mut violations) = (vec![root.join("src")], 0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the sources are readable") {
            let path = entry.expect("the sources are readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).expect("the sources are readable");
                let name = path.strip_prefix(root).expect("found below").to_string_lossy().replace('\\', "/");
                violations.extend(check(&name, &text));
                files += 1;
            }
        }
    }
    assert!(files > 20, "only {files} source files were found");
    violations.sort();
    assert!(
        violations.is_empty(),
        "the code's shape is broken, see tests/layers.rs:\n{}",
        violations.join("\n")
    );
}

/// What a file does against the rules, a line each.
fn check(file: &str, text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let word = |i: usize| tokens.get(i).map_or("", |t| t.1.as_str());
    let mut found = Vec::new();
    let mut report = |line: usize, what: String| found.push(format!("  {file}:{line}: {what}"));

    let own =
        file.strip_prefix("src/").unwrap_or(file).split('/').next().unwrap_or("").trim_end_matches(".rs");
    if !matches!(file, "src/lib.rs" | "src/main.rs") {
        match height(own) {
            Some(height) => {
                for (line, used) in paths_from_root(file, &tokens) {
                    if let Some(why) = objection(own, height, &used) {
                        report(line, format!("{own} -> {used}: {why}"));
                    }
                }
            }
            None if SHARED.contains(&own) => {}
            None => report(1, format!("the module {own} is in no layer: give it one in LAYERS")),
        }
    }

    let prints = !COMMAND_LINE.iter().any(|home| file.starts_with(home));
    for i in 0..tokens.len() {
        let (line, starts_path) = (tokens[i].0, i == 0 || word(i - 1) != "::");
        match word(i) {
            "wgpu" if !file.starts_with("src/backend/gpu") => {
                report(line, "wgpu outside src/backend/gpu".into())
            }
            "mpi"
                if file != "src/parallel/mpi.rs"
                    && starts_path
                    && (word(i + 1) == "::" || i > 0 && word(i - 1) == "use") =>
            {
                report(line, "the crate mpi outside src/parallel/mpi.rs".into());
            }
            name @ ("print" | "println" | "eprint" | "eprintln" | "dbg") if prints && word(i + 1) == "!" => {
                report(line, format!("{name}! below the command line: return an error or use log"));
            }
            "process" if prints && file != MAY_EXIT && (word(i + 1), word(i + 2)) == ("::", "exit") => {
                report(line, "process::exit below the command line: return an error".into());
            }
            _ => {}
        }
    }
    found
}

fn height(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|names| names.contains(&layer))
}

/// Why a layer should not use a module; `None` where it may, or where the name is no module (an item of the root).
fn objection(own: &str, own_height: usize, used: &str) -> Option<String> {
    if used == own || SHARED.contains(&used) {
        return None;
    }
    if let Some((.., why)) = UNWANTED.iter().find(|(from, to, _)| *from == own && *to == used) {
        return Some((*why).to_owned());
    }
    let height = height(used)?;
    if height > own_height {
        Some(format!("{used} is a higher layer"))
    } else if height == own_height {
        Some("layers of the same height do not use each other".to_owned())
    } else {
        None
    }
}

/// The first names of all paths that start at the crate's root, written `crate::` or with enough `super::`, in `use` or
/// anywhere else.
fn paths_from_root(file: &str, tokens: &[(usize, String)]) -> Vec<(usize, String)> {
    let inner = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = inner.split('/').count();
    let word = |i: usize| tokens.get(i).map_or("", |t| t.1.as_str());
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let start = i;
        while matches!(word(i), "super") && word(i + 1) == "::" {
            i += 2;
        }
        let from_root = if word(start) == "crate" && word(start + 1) == "::" {
            i += 2;
            true
        } else {
            (i - start) / 2 >= depth
        };
        if !from_root {
            i = i.max(start + 1);
            continue;
        }
        if word(i) != "{" {
            found.push((tokens[start].0, word(i).to_owned()));
            continue;
        }
        let (mut open, mut first) = (0, false);
        while i < tokens.len() {
            match word(i) {
                "{" => (open, first) = (open + 1, open == 0),
                "}" if open == 1 => break,
                "}" => open -= 1,
                "," => first = open == 1,
                name if first => {
                    found.push((tokens[i].0, name.to_owned()));
                    first = false;
                }
                _ => {}
            }
            i += 1;
        }
    }
    found
}

/// Words and signs of a source text with their lines; comments, strings and characters are left out.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let bytes = text.as_bytes();
    let rest = |i: usize| &text[i..];
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
    let (mut found, mut i, mut line) = (Vec::new(), 0, 1);
    while i < bytes.len() {
        let start = i;
        if rest(i).starts_with("//") {
            i += rest(i).find('\n').unwrap_or(bytes.len() - i);
        } else if rest(i).starts_with("/*") {
            let mut open = 0;
            while i < bytes.len() {
                match &bytes[i..] {
                    [b'/', b'*', ..] => (open, i) = (open + 1, i + 2),
                    [b'*', b'/', ..] => (open, i) = (open - 1, i + 2),
                    _ => i += 1,
                }
                if open == 0 {
                    break;
                }
            }
        } else if let Some(hashes) = raw_string(&bytes[i..]) {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = i + rest(i).find('"').expect("a raw string has a quote") + 1;
            i = rest(body).find(&end).map_or(bytes.len(), |at| body + at + end.len());
        } else if bytes[i] == b'"' {
            i += 1;
            while i < bytes.len() && bytes[i] != b'"' {
                i += if bytes[i] == b'\\' { 2 } else { 1 };
            }
            i += 1;
        } else if bytes[i] == b'\'' {
            // A character closes after one (escaped) character; otherwise it is a lifetime.
            let inner = rest(i + 1);
            let length = if inner.starts_with('\\') {
                inner[2..].find('\'').map(|at| at + 2)
            } else {
                inner.chars().next().map(char::len_utf8).filter(|&n| inner[n..].starts_with('\''))
            };
            i += length.map_or(1, |n| n + 2);
        } else if word(bytes[i]) {
            i += bytes[i..].iter().position(|&b| !word(b)).unwrap_or(bytes.len() - i);
            found.push((line, text[start..i].to_owned()));
        } else if rest(i).starts_with("::") {
            i += 2;
            found.push((line, "::".to_owned()));
        } else {
            i += 1;
            if !bytes[start].is_ascii_whitespace() {
                found.push((line, text[start..i].to_owned()));
            }
        }
        i = i.min(bytes.len());
        line += bytes[start..i].iter().filter(|&&b| b == b'\n').count();
    }
    found
}

/// Number of hashes when a raw string starts here (`r"`, `r#"`, `br"`); the letter before must not belong to a word.
fn raw_string(bytes: &[u8]) -> Option<usize> {
    let bytes = bytes.strip_prefix(b"b").unwrap_or(bytes).strip_prefix(b"r")?;
    let hashes = bytes.iter().take_while(|&&b| b == b'#').count();
    (bytes.get(hashes) == Some(&b'"')).then_some(hashes)
}

#[test]
fn upward_and_sideways_imports_are_found() {
    let arrows =
        |file: &str, text: &str| check(file, text).iter().map(|v| v.trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(arrows("src/mesh/local.rs", "use crate::element::Shape;\n"), [""; 0]);
    assert_eq!(
        arrows("src/mesh/local.rs", "\n\nuse crate::{\n    element::{Shape, run},\n    run,\n};"),
        ["src/mesh/local.rs:5: mesh -> run: run is a higher layer"]
    );
    assert_eq!(
        arrows("src/output/mod.rs", "fn f() -> crate::monitor::Writer {}"),
        ["src/output/mod.rs:1: output -> monitor: monitor is a higher layer"]
    );
    assert_eq!(arrows("src/physics/euler/mod.rs", "use super::super::backend;").len(), 1);
    assert_eq!(arrows("src/physics/euler/mod.rs", "use super::mesh;"), [""; 0]);
    assert_eq!(arrows("src/physics/mod.rs", "use crate::mesh::Mesh;").len(), 1);
    assert_eq!(
        arrows("src/extra.rs", ""),
        ["src/extra.rs:1: the module extra is in no layer: give it one in LAYERS"]
    );
    assert_eq!(arrows("src/main.rs", "use solver::cli; fn main() { println!() }"), [""; 0]);
}

#[test]
fn foreign_interfaces_and_prints_are_found() {
    let count = |file: &str, text: &str| check(file, text).len();
    assert_eq!(count("src/backend/gpu/device.rs", "use wgpu::Device;"), 0);
    assert_eq!(count("src/backend/cpu/mod.rs", "use wgpu::Device;"), 1);
    assert_eq!(count("src/parallel/mpi.rs", "use mpi::ffi;"), 0);
    assert_eq!(count("src/engine/mod.rs", "use mpi::ffi; fn f() { mpi::time(); }"), 2);
    assert_eq!(count("src/engine/mod.rs", "use crate::parallel::mpi::Mpi;"), 0);
    assert_eq!(count("src/run/mod.rs", "fn f() { eprintln!(\"x\"); std::process::exit(1) }"), 2);
    assert_eq!(count("src/cli/run.rs", "fn f() { eprintln!(\"x\"); std::process::exit(1) }"), 0);
}

#[test]
fn comments_and_strings_are_no_code() {
    let text = r###"
        // use crate::cli;
        /* wgpu /* nested */ println!() */
        /// [`crate::cli`]
        const A: &str = "println!(\") wgpu";
        const B: &str = r#"crate::cli " wgpu"#;
        const C: (char, char, char) = ('"', '\'', '\u{22}');
        fn f<'a>(x: &'a str) -> &'a str { x }
    "###;
    assert_eq!(check("src/mesh/mod.rs", text), [""; 0]);
    assert_eq!(check("src/mesh/mod.rs", &format!("{text}use crate::cli;")).len(), 1);
}
