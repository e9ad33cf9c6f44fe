//! However a file is cut into blocks and pieces, it is read as one entry after the other.

use super::fixtures::{VARIANTS, path};
use super::write::{any_mesh, variants, write};
use crate::mesh::gmsh::scan::Encoding;
use crate::mesh::gmsh::stream::Sizes;
use crate::mesh::gmsh::{GmshError, Place, Problem, read_bytes, read_input, read_watched};
use crate::mesh::raw::RawMesh;
use proptest::prelude::*;
use std::cell::RefCell;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

fn read_in(data: &[u8], sizes: Sizes) -> Result<RawMesh, String> {
    let read = read_input("test.msh", &mut Cursor::new(data), data.len(), sizes, &|_, _| ());
    read.map_err(|e| e.to_string())
}

/// In one block, one entry after the other.
fn in_order(data: &[u8]) -> Result<RawMesh, String> {
    read_in(data, Sizes { block: data.len().max(1), piece: usize::MAX, few: usize::MAX })
}

fn check(data: &[u8], sizes: impl IntoIterator<Item = Sizes>) {
    let expected = in_order(data);
    for sizes in sizes {
        assert_eq!(read_in(data, sizes), expected, "{sizes:?}");
    }
}

/// Divisions from single bytes to nearly the whole of a small file; many threads take part in all of them.
fn tiny() -> impl Iterator<Item = Sizes> {
    let blocks = [1, 2, 3, 5, 8, 13, 31, 64, 100, 255, 1000, 4096];
    blocks.into_iter().flat_map(|block| [1, 7, 300].map(|piece| Sizes { block, piece, few: 1 }))
}

#[test]
fn files_of_gmsh_may_be_cut_anywhere() {
    let names = ["square", "hex", "tet"].into_iter().flat_map(|n| VARIANTS.map(|v| path(n, v)));
    for path in names.chain(["4.1a", "4.1b"].map(|v| path("sparse", v))) {
        let data = std::fs::read(path).unwrap();
        assert!(in_order(&data).is_ok());
        check(&data, tiny());
    }
}

/// Triangles, `n` of them in a row and each in the groups given, as MSH 2.2; the first node has the number `first`.
fn strip(n: usize, first: usize, groups: &[usize]) -> String {
    let mut text = String::from("$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$PhysicalNames\n3\n");
    (1..=3).for_each(|tag| text += &format!("2 {tag} \"fluid {tag}\"\n"));
    text += &format!("$EndPhysicalNames\n$Nodes\n{}\n", n + 2);
    for i in 0..n + 2 {
        text += &format!("{} {} {}e-1 0\n", first + i, i / 2, i % 2);
    }
    text += &format!("$EndNodes\n$Elements\n{}\n", n * groups.len());
    for i in 0..n {
        for (copy, group) in groups.iter().enumerate() {
            let (number, a) = (1 + i * groups.len() + copy, first + i);
            text += &format!("{number} 2 2 {group} 1 {a} {} {}\n", a + 1, a + 2);
        }
    }
    text + "$EndElements\n"
}

/// The number of the line that is `line`, counted from 1.
fn line_of(text: &str, line: &str) -> usize {
    1 + text.lines().position(|l| l == line).unwrap()
}

fn content(data: &[u8]) -> (Place, Problem) {
    match read_bytes("test.msh", data) {
        Err(GmshError::Content { place, problem, .. }) => (place, problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn copies_in_other_groups_are_merged_across_cuts() {
    // The last ends each list as it began, which makes duplicates.
    for groups in [&[1, 2][..], &[1, 2, 3], &[2, 1, 2]] {
        let text = strip(20, 1, groups);
        check(text.as_bytes(), tiny());
        let mesh = in_order(text.as_bytes()).unwrap();
        assert_eq!(
            mesh.blocks[0].groups.len(),
            if groups.len() > 2 && groups[0] == groups[2] { 40 } else { 20 }
        );
    }
}

#[test]
fn lines_may_end_and_break_as_they_like() {
    // Long enough for several pieces of the usual size.
    let text = strip(20_000, 7, &[1]);
    let expected = in_order(text.as_bytes()).unwrap();
    assert_eq!((expected.nodes.len(), expected.blocks[0].groups.len()), (20_002, 20_000));
    // The lists; a section begins on its own line.
    let (head, body) = text.split_at(text.find("\n7 0 ").unwrap() + 1);
    let tokens = |separators: &[&str]| -> String {
        let between = |(i, token): (usize, &str)| match token.strip_prefix("$") {
            Some(_) => format!("{token}\n"),
            None => format!("{token}{}", separators[i % separators.len()]),
        };
        body.split_whitespace().enumerate().map(between).collect()
    };
    let bodies = [
        body.trim_end().to_string(),
        body.replace('\n', "\r\n"),
        body.replace('\n', " \n\n \t\n"),
        body.replace('\n', "\r").replace("$Elements\r", "$Elements\n"),
        tokens(&["\n"]),
        tokens(&[" "]),
        tokens(&[" ", "\n", "\t", "\r\n", "\n\n", " ", " "]),
    ];
    for (i, body) in bodies.into_iter().enumerate() {
        let read = read_bytes("test.msh", (head.to_string() + &body).as_bytes()).map_err(|e| e.to_string());
        assert!(read.as_ref() == Ok(&expected), "{i}: {:?}", read.err());
    }
}

#[test]
fn the_first_error_of_a_long_file_is_named_with_its_line() {
    let text = strip(30_000, 1, &[1]);
    let node = |i: usize| format!("{} {} {}e-1 0", i + 1, i / 2, i % 2);
    let element = |i: usize| format!("{} 2 2 1 1 {} {} {}", i + 1, i + 1, i + 2, i + 3);
    let faults: [(String, String, Problem); 5] = [
        (node(25_000), "17 1 1 0".into(), Problem::NodeTwice { tag: 17 }),
        (node(27_001), "27002 1 inf 0".into(), Problem::NotFinite { found: "inf".into() }),
        (element(10), "11 2 2 1 1 1 2 x".into(), {
            Problem::Expected { expected: "a node number", found: "x".into() }
        }),
        (element(20_000), "7 2 2 1 1 1 2 40000".into(), Problem::UnknownNode { element: 7, tag: 40_000 }),
        (element(29_999), "8 2 2 9 1 1 2 3".into(), Problem::UnnamedGroup { element: 8, dim: 2, tag: 9 }),
    ];
    for first in 0..faults.len() {
        // This one and all after it.
        let mut wrong = text.clone();
        for (right, by, _) in &faults[first..] {
            wrong = wrong.replacen(&format!("\n{right}\n"), &format!("\n{by}\n"), 1);
        }
        let (right, _, problem) = &faults[first];
        for wrong in [wrong.replace('\n', "\r\n"), wrong] {
            let (place, found) = content(wrong.as_bytes());
            assert_eq!((place, &found), (Place::Line(line_of(&text, right)), problem));
        }
    }
    // Lists longer and shorter than announced.
    let line = line_of(&text, "$EndNodes");
    let (place, found) = content(text.replacen("30002\n", "30001\n", 1).as_bytes());
    assert_eq!(
        (place, found),
        (Place::Line(line - 1), Problem::EndsLate { name: "Nodes".into(), found: "30002".into() })
    );
    let (place, found) = content(text.replacen("30002\n", "30003\n", 1).as_bytes());
    assert!(place == Place::Line(line) && matches!(found, Problem::EndsEarly { .. }));
    let cut = text.rfind("29000 2 2").unwrap();
    let (place, found) = content(&text.as_bytes()[..cut]);
    assert_eq!(
        (place, found),
        (Place::Line(line_of(&text, &element(28_999))), Problem::Truncated { expected: "an element number" })
    );
}

#[test]
fn binary_errors_in_late_pieces_name_the_byte() {
    let n = 30_000;
    let mut data = b"$MeshFormat\n4.1 1 8\n\x01\0\0\0\n$EndMeshFormat\n$Nodes\n".to_vec();
    [1, n, 1, n].into_iter().for_each(|v: u64| data.extend(v.to_le_bytes()));
    [2, 1, 0].into_iter().for_each(|v: i32| data.extend(v.to_le_bytes()));
    data.extend(n.to_le_bytes());
    let tags = data.len();
    (1..=n).for_each(|v| data.extend(v.to_le_bytes()));
    let nodes = data.len();
    (0..3 * n).for_each(|v| data.extend((v as f64).to_le_bytes()));
    data.extend(b"\n$EndNodes\n");
    assert_eq!(content(&data).1, Problem::SectionMissing { name: "Elements" });
    let y = nodes + 24 * 29_000 + 8;
    data[y..y + 8].copy_from_slice(&f64::NAN.to_le_bytes());
    assert_eq!(content(&data), (Place::Byte(y), Problem::NotFinite { found: "NaN".into() }));
    let tag = tags + 8 * 25_000;
    data[tag..tag + 8].copy_from_slice(&9u64.to_le_bytes());
    assert_eq!(content(&data), (Place::Byte(tag), Problem::NodeTwice { tag: 9 }));
}

#[test]
fn progress_goes_from_start_to_end() {
    let path = path("hex", "4.1b");
    let total = std::fs::metadata(&path).unwrap().len();
    let seen = RefCell::new(Vec::new());
    read_watched(&path, &|done, of| seen.borrow_mut().push((done, of))).unwrap();
    let seen = seen.into_inner();
    assert!(
        seen.is_sorted() && seen.first() == Some(&(0, total)) && seen.last() == Some(&(total, total)),
        "{seen:?}"
    );
}

/// A file that cannot be read beyond a place.
struct Broken(Cursor<Vec<u8>>, u64);

impl Read for Broken {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self.1.saturating_sub(self.0.position()) {
            0 => Err(io::Error::other("the disk is on fire")),
            left => (&mut self.0).take(left).read(to),
        }
    }
}

impl Seek for Broken {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn failures_of_the_system_are_told_from_short_files() {
    let data = strip(200, 1, &[1]).into_bytes();
    for good in (0..data.len()).step_by(97) {
        for sizes in [Sizes { block: 500, piece: 50, few: 1 }, Sizes::default()] {
            let mut file = Broken(Cursor::new(data.clone()), good as u64);
            let read = read_input("test.msh", &mut file, data.len(), sizes, &|_, _| ());
            assert!(
                matches!(&read, Err(GmshError::Io { source, .. }) if source.to_string().contains("fire")),
                "{read:?}"
            );
            // Shorter than the system said when it was opened.
            let read = read_input("test.msh", &mut Cursor::new(&data[..good]), data.len(), sizes, &|_, _| ());
            assert!(matches!(read, Err(GmshError::Content { .. })));
        }
    }
}

#[test]
fn endless_tokens_are_refused_and_endless_space_is_not() {
    let long = "1".repeat(1 << 20);
    for word in [long.clone(), format!("\"{long}\"")] {
        let text = format!("$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$PhysicalNames\n1\n2 1\n{word}\n");
        let sizes = Sizes { block: 1000, ..Sizes::default() };
        let refused = read_in(text.as_bytes(), sizes).unwrap_err();
        assert!(refused.len() < 200 && refused.starts_with("test.msh, line 7: "), "{refused}");
    }
    let text = strip(20, 1, &[1]);
    let spaced = text.replace("$EndNodes", &format!("{}$EndNodes", " \n".repeat(200_000)));
    assert_eq!(
        read_in(spaced.as_bytes(), Sizes { block: 1000, ..Sizes::default() }),
        in_order(text.as_bytes())
    );
}

proptest! {
    #[test]
    fn damaged_files_are_read_the_same_in_any_division(
        (mesh, tags) in any_mesh(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&b"\n 0$-.9\xff"[..])), 0..4),
        ends in prop::sample::select(vec!["\n", "\r\n", " \n\t"]),
        (block, piece, few) in (1usize..3000, 1usize..300, 1usize..5),
    ) {
        for (v4, encoding) in variants() {
            let tags: Vec<u64> = tags.iter().map(|t| t % (1 << 31)).collect();
            let mut data = write(&mesh, &tags, v4, encoding);
            if encoding == Encoding::Text {
                data = String::from_utf8(data).unwrap().replace('\n', ends).into_bytes();
            }
            for (at, value) in &damage {
                let at = at.index(data.len());
                data[at] = *value;
            }
            check(&data, [Sizes { block, piece, few }]);
        }
    }
}
