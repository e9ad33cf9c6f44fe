//! The book holds together: chapters, links, included files, pictures, names of keys; checked without mdBook.

#[path = "support/pages.rs"]
mod pages;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).replace("\r\n", "\n")
}

/// The text of a page without blocks of code, and without code in a line.
fn prose(page: &str) -> String {
    let mut code = false;
    let outside = page.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    });
    let lines: Vec<&str> = outside.collect();
    lines.join("\n").split('`').step_by(2).collect::<Vec<_>>().join("code")
}

/// Targets of the links and pictures of a page.
fn links(page: &str) -> Vec<String> {
    let text = prose(page);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.map(String::from).collect()
}

/// The names that headings of a page are linked by.
fn anchors(page: &str) -> HashSet<String> {
    let heading = |line: &str| {
        let title = line.trim_start_matches('#').trim();
        if let Some((_, id)) = title.split_once("{#") {
            return id.trim_end_matches('}').to_string();
        }
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    page.lines().filter(|line| line.starts_with('#')).map(heading).collect()
}

#[test]
fn every_link_and_picture_leads_to_something() {
    let mut broken = vec![];
    for page in pages::all() {
        let text = read(&page);
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            let inside = target.canonicalize().is_ok_and(|t| t.starts_with(root().canonicalize().unwrap()));
            // mdBook makes every link to a .md file one to a page, which only chapters become.
            let outside = page.starts_with(root().join("docs"))
                && file.ends_with(".md")
                && !target
                    .canonicalize()
                    .is_ok_and(|t| t.starts_with(root().join("docs/src").canonicalize().unwrap()));
            // Links that leave the pages count on target/book being as deep as docs/src.
            let deep = file.starts_with("../") && !file.starts_with("../../");
            let there = anchor.is_empty() || (target.is_file() && anchors(&read(&target)).contains(anchor));
            if !inside || outside || deep || !there {
                broken.push(format!("{}: ({link})", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn every_included_file_is_there() {
    for page in pages::book() {
        for rest in read(&page).split("{{#include ").skip(1) {
            let name = rest.split("}}").next().unwrap().split(':').next().unwrap();
            let file = page.parent().unwrap().join(name);
            assert!(file.is_file(), "{} includes '{name}', which is not there", page.display());
        }
    }
}

#[test]
fn the_contents_list_every_page_once_and_no_other() {
    let summary = root().join("docs/src/SUMMARY.md");
    let mut listed: Vec<PathBuf> =
        links(&read(&summary)).iter().map(|link| root().join("docs/src").join(link)).collect();
    listed.push(summary);
    listed.sort();
    assert_eq!(listed, pages::book());
}

#[test]
fn the_case_reference_is_that_of_the_program() {
    let output = Command::new(env!("CARGO_BIN_EXE_solver")).args(["keys", "--markdown"]).output().unwrap();
    assert!(output.status.success());
    let made = String::from_utf8(output.stdout).unwrap();
    assert!(
        made == read(&root().join("docs/src/case-reference.md")),
        "docs/src/case-reference.md is out of date: target/release/solver keys --markdown > docs/src/case-reference.md"
    );
}

#[test]
fn sections_and_keys_in_examples_exist() {
    let mut wrong = vec![];
    for page in pages::all() {
        let text = read(&page);
        for block in text.split("\n```ini\n").skip(1) {
            let block = block.split("\n```").next().unwrap();
            let mut section = None;
            for line in block.lines() {
                let line = line.split([';', '#']).next().unwrap().trim_end();
                if let Some(name) = line.strip_prefix('[') {
                    let name = name.trim_end_matches(']');
                    section = solver::case::keys::find(name);
                    if section.is_none() {
                        wrong.push(format!("{}: [{name}]", page.display()));
                    }
                } else if let (Some((key, _)), Some(section)) = (line.split_once('='), section)
                    && !line.starts_with(' ')
                    && !section.open
                    && section.key(key.trim()).is_none()
                {
                    wrong.push(format!("{}: [{}] {}", page.display(), section.pattern, key.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "no such section or key:\n{}", wrong.join("\n"));
}

#[test]
fn pictures_of_the_book_are_small() {
    for entry in std::fs::read_dir(root().join("docs/src/pictures")).unwrap() {
        let entry = entry.unwrap();
        let size = entry.metadata().unwrap().len();
        assert!(size < 150_000, "{} has {size} bytes", entry.path().display());
    }
}
