//! The pages that describe the program.
#![allow(dead_code)] // each test uses a part

use std::path::{Path, PathBuf};

/// The pages of the book, sorted.
pub fn book() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut pages, mut folders) = (vec![], vec![root.join("docs/src")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// `README.md` and the pages of the book.
pub fn all() -> Vec<PathBuf> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    [vec![readme], book()].concat()
}
