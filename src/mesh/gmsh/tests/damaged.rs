//! Nothing in a file makes the reader panic, hang or take memory out of proportion.

use super::fixtures::{VARIANTS, path};
use super::write::{any_mesh, variants, write};
use crate::mesh::gmsh::read_bytes;
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Reads, whatever comes of it, and checks that it was quick.
fn survive(data: &[u8]) {
    let start = Instant::now();
    // The text of the error is made too: it must not slice characters apart.
    let _ = read_bytes("damaged.msh", data).map_err(|e| e.to_string());
    // Far more than a few kilobytes need, for machines that are busy.
    assert!(start.elapsed() < Duration::from_secs(5));
}

fn fixtures() -> impl Iterator<Item = Vec<u8>> {
    let names = ["square", "hex", "tet"].into_iter().flat_map(|n| VARIANTS.map(|v| path(n, v)));
    let others = [("sparse", "4.1a"), ("sparse", "4.1b"), ("zoo1d-3", "2.2b"), ("zoo2d-incomplete", "4.1b")];
    names.chain(others.map(|(name, v)| path(name, v))).map(|p| std::fs::read(p).unwrap())
}

#[test]
fn truncated_files_are_refused() {
    for file in fixtures() {
        // The last sections may be cut off, but never in the middle, nor what comes before them.
        let text = String::from_utf8_lossy(&file);
        let needed = text
            .find("$EndElements")
            .map_or(0, |_| file.windows(12).position(|w| w == b"$EndElements").unwrap() + 12);
        for length in (0..needed).step_by(3) {
            assert!(read_bytes("cut.msh", &file[..length]).is_err(), "{length} of {}", file.len());
        }
        for length in needed..file.len() {
            survive(&file[..length]);
        }
    }
}

#[test]
fn flipped_bytes_are_survived() {
    for file in fixtures() {
        let mut damaged = file.clone();
        for at in 0..file.len() {
            // Two a place, in turns.
            let values = [0, 0xff, b' ', b'-', b'9', b'$', b'\n', file[at] ^ 1, file[at] ^ 0x80];
            for i in [at, at + 4] {
                damaged[at] = values[i % values.len()];
                survive(&damaged);
            }
            damaged[at] = file[at];
        }
    }
}

#[test]
fn numbers_replaced_by_huge_ones_are_survived() {
    let tokens: [&[u8]; 8] = [
        b"18446744073709551615",
        b"18446744073709551616",
        b"9223372036854775807",
        b"4294967295",
        b"2147483647",
        b"-2147483648",
        b"1e400",
        b"nan",
    ];
    for file in fixtures() {
        // Text: each token. Where the file is binary this hits the headers, and shifts what follows.
        let mut start = 0;
        for (i, &b) in file.iter().enumerate() {
            if !b.is_ascii_whitespace() {
                continue;
            }
            if i > start {
                // One a place, in turns.
                let token = tokens[i % tokens.len()];
                survive(&[&file[..start], token, &file[i..]].concat());
            }
            start = i + 1;
        }
        // Binary: each place a number of 4 or 8 bytes may stand.
        let values = [i64::MAX, -1, 0x7fff_ffff, 0x1_0000_0000, 0x7ff0_0000_0000_0000];
        let mut damaged = file.clone();
        for at in 0..file.len() - 8 {
            let value = values[at % values.len()].to_le_bytes();
            for width in [4, 8] {
                damaged[at..at + width].copy_from_slice(&value[..width]);
                survive(&damaged);
            }
            damaged[at..at + 8].copy_from_slice(&file[at..at + 8]);
        }
    }
}

/// Words that a file is made of, in any order.
fn word() -> impl Strategy<Value = String> {
    let sections =
        ["MeshFormat", "PhysicalNames", "Entities", "Nodes", "ParametricNodes", "Elements", "Periodic"];
    prop_oneof![
        prop::sample::select(sections.to_vec()).prop_map(|s| format!("\n${s}\n")),
        prop::sample::select(sections.to_vec()).prop_map(|s| format!("\n$End{s}\n")),
        (0u64..16).prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|x| x.to_string()),
        "\"[a-z\u{e9}]{0,3}\"?",
        "\\PC{0,4}",
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..300), v4: bool, kind in 0..3) {
        let version = if v4 { "4.1" } else { "2.2" };
        let head = match kind {
            0 => format!("$MeshFormat\n{version} 0 8\n$EndMeshFormat\n$Elements\n").into_bytes(),
            1 => format!("$MeshFormat\n{version} 1 8\n\x01\0\0\0\n$EndMeshFormat\n$Nodes\n").into_bytes(),
            _ => Vec::new(),
        };
        survive(&[head, data].concat());
    }

    #[test]
    fn any_words_are_survived(words in prop::collection::vec(word(), 0..80), v4: bool) {
        let version = if v4 { "4.1" } else { "2.2" };
        let body = words.join(" ");
        survive(format!("$MeshFormat\n{version} 0 8\n$EndMeshFormat\n{body}").as_bytes());
    }

    #[test]
    fn damaged_meshes_are_survived(
        (mesh, tags) in any_mesh(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        for (v4, encoding) in variants() {
            let tags: Vec<u64> = tags.iter().map(|t| t % (1 << 31)).collect();
            let mut data = write(&mesh, &tags, v4, encoding);
            for (at, value) in &damage {
                let at = at.index(data.len());
                data[at] = *value;
            }
            survive(&data);
        }
    }
}
