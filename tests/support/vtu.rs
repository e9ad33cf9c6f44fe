//! `.vtu` files as the program writes them: arrays one after the other behind the XML.

#![allow(dead_code)] // a test reads what it needs

use std::path::Path;

/// What a file holds.
pub struct Vtu {
    /// Number of cells.
    pub cells: usize,
    /// Whether coordinates are of single precision.
    pub single: bool,
    /// Arrays of numbers: the part they are in (`Points`, `Cells`, `PointData`, `CellData`), their name, the numbers.
    pub arrays: Vec<(String, String, Vec<f64>)>,
}

impl Vtu {
    /// Reads a file.
    pub fn read(path: &Path) -> Vtu {
        let bytes = std::fs::read(path).unwrap();
        let end =
            bytes.windows(2).position(|w| w == b"\n_").unwrap_or_else(|| panic!("{path:?} has no data"));
        let (head, data) = (std::str::from_utf8(&bytes[..end]).unwrap(), &bytes[end + 2..]);
        assert!(bytes.ends_with(b"\n</AppendedData>\n</VTKFile>\n"), "{path:?} has no end");
        let attribute = |line: &str, name: &str| -> String {
            let value = line.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
            value.unwrap_or_else(|| panic!("{path:?}: no {name} in {line}")).into()
        };
        let piece = head.lines().find(|l| l.starts_with("<Piece ")).expect("a piece");
        let cells = attribute(piece, "NumberOfCells").parse().unwrap();
        let single = head.lines().any(|l| l.contains("Name=\"Points\"") && l.contains("Float32"));
        let (mut part, mut arrays) = (String::new(), vec![]);
        for line in head.lines() {
            if !line.starts_with("<DataArray ") {
                part = line.trim_matches(['<', '>']).into();
                continue;
            }
            let data = &data[attribute(line, "offset").parse::<usize>().unwrap()..];
            let size = u64::from_le_bytes(data[..8].try_into().unwrap()) as usize;
            let kind = attribute(line, "type");
            let width = if kind == "UInt8" {
                1
            } else if kind.ends_with("64") {
                8
            } else {
                4
            };
            let number = |x: &[u8]| match kind.as_str() {
                "Float64" => f64::from_le_bytes(x.try_into().unwrap()),
                "Float32" => f64::from(f32::from_le_bytes(x.try_into().unwrap())),
                "Int64" => i64::from_le_bytes(x.try_into().unwrap()) as f64,
                "Int32" => f64::from(i32::from_le_bytes(x.try_into().unwrap())),
                "UInt8" => f64::from(x[0]),
                other => panic!("{path:?}: numbers of type {other}"),
            };
            let numbers = data[8..8 + size].chunks_exact(width).map(number).collect();
            arrays.push((part.clone(), attribute(line, "Name"), numbers));
        }
        Vtu { cells, single, arrays }
    }

    /// The numbers of an array.
    pub fn array(&self, part: &str, name: &str) -> &[f64] {
        let found = self.arrays.iter().find(|(p, n, _)| p == part && n == name);
        &found.unwrap_or_else(|| panic!("no {name} in {part}")).2
    }
}
