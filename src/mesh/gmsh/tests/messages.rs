//! Each problem is met where it is and named as what it is.

use crate::element::Shape;
use crate::mesh::gmsh::{GmshError, Place, Problem, read, read_bytes};
use std::path::Path;

const HEAD: &str = "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n";
const NAMES: &str = "$PhysicalNames\n2\n1 2 \"wall\"\n2 1 \"fluid\"\n$EndPhysicalNames\n";
const NODES: &str = "$Nodes\n3\n1 0 0 0\n2 1 0 0\n3 0 1 0\n$EndNodes\n";
const ELEMENTS: &str = "$Elements\n1\n7 2 2 1 1 1 2 3\n$EndElements\n";

fn problem(data: &[u8]) -> (Place, Problem) {
    match read_bytes("test.msh", data) {
        Err(GmshError::Content { place, problem, .. }) => (place, problem),
        other => panic!("{other:?}"),
    }
}

/// Reads a 2.2 text file of these sections.
fn of(sections: &[&str]) -> (usize, Problem) {
    match problem((HEAD.to_string() + &sections.concat()).as_bytes()) {
        (Place::Line(line), problem) => (line, problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_file_used_here_is_right() {
    for end in ["\n", "\r\n"] {
        let data = [HEAD, NAMES, NODES, ELEMENTS].concat().replace('\n', end);
        let mesh = read_bytes("test.msh", data.as_bytes()).unwrap();
        assert_eq!((mesh.blocks.len(), &mesh.blocks[0].nodes[..]), (1, &[0, 1, 2][..]));
    }
}

#[test]
fn headers_are_checked() {
    let of = |s: &str| problem(s.as_bytes());
    assert_eq!(of(""), (Place::Line(1), Problem::NotMsh));
    assert_eq!(of("CDF\x01"), (Place::Line(1), Problem::NotMsh));
    assert_eq!(of("$NOD\n1\n"), (Place::Line(1), Problem::Version { found: "1".into() }));
    let found = "4".into();
    assert_eq!(of("\n$MeshFormat\n4 0 8"), (Place::Line(3), Problem::Version { found }));
    assert_eq!(of("$MeshFormat\n4.1 2 8"), (Place::Line(2), Problem::FileType { found: 2 }));
    assert_eq!(of("$MeshFormat\n4.1 0 4"), (Place::Line(2), Problem::DataSize { found: 4 }));
    let found = [1, 0, 0, 1];
    assert_eq!(of("$MeshFormat\n4.1 1 8\n\x01\0\0\x01").1, Problem::ByteOrder { found });
    assert!(matches!(read(Path::new("no/such.msh")), Err(GmshError::Io { .. })));
}

#[test]
fn sections_are_checked() {
    assert_eq!(of(&[NAMES, NODES]), (15, Problem::SectionMissing { name: "Elements" }));
    let name = || "Nodes".to_string();
    assert_eq!(of(&[NODES, NODES]), (10, Problem::SectionTwice { name: name() }));
    assert_eq!(of(&[NAMES, NODES, ELEMENTS, NODES]), (19, Problem::SectionTwice { name: name() }));
    assert_eq!(of(&["$Nodes\n0\n$EndNodes\n$Elements\n0\n$EndElements\n", NAMES]).0, 10);
    assert_eq!(of(&["$Nodes\n0\n"]), (6, Problem::SectionOpen { name: name() }));
    assert_eq!(of(&["$Comments\n"]), (4, Problem::SectionOpen { name: "Comments".into() }));
    assert_eq!(of(&["some text\n"]), (4, Problem::NotSection { found: "some".into() }));
    let found = "3".to_string();
    let late = Problem::EndsLate { name: name(), found };
    assert_eq!(of(&["$Nodes\n2\n1 0 0 0\n2 1 0 0\n3 0 1 0\n$EndNodes\n"]), (8, late));
}

#[test]
fn counts_are_compared_with_the_file_before_memory_is_taken() {
    for huge in ["18446744073709551615", "4611686018427387904", "1000000"] {
        for body in ["$Nodes\n", "$Elements\n", "$PhysicalNames\n", "$Nodes\n0\n$EndNodes\n$Elements\n"] {
            let (_, found) = of(&[body, huge, "\n"]);
            assert!(matches!(found, Problem::Announced { .. }), "{found:?}");
        }
        let head = "$MeshFormat\n4.1 0 8\n$EndMeshFormat\n";
        let bodies = [
            format!("$Nodes\n{huge} 0 0 0\n"),
            format!("$Nodes\n1 {huge} 0 0\n2 1 0 1 1 0 0 0\n"),
            format!("$Nodes\n1 1 0 0\n2 1 0 {huge} 1 0 0 0\n"),
            format!("$Elements\n{huge} 0 0 0\n"),
            format!("$Elements\n1 1 0 0 2 1 2 {huge} 1 1 2 3\n"),
            format!("$Entities\n{huge} 0 0 0\n"),
            format!("$Entities\n1 0 0 0\n1 0 0 0 {huge}\n"),
        ];
        for body in bodies {
            let (_, found) = problem((head.to_string() + &body).as_bytes());
            assert!(matches!(found, Problem::Announced { .. }), "{body} {found:?}");
        }
    }
    let few = "$Nodes\n3\n1 0 0 0\n2 1 0 0\n$EndNodes\n";
    let found = "$EndNodes".to_string();
    assert_eq!(of(&[few]), (8, Problem::EndsEarly { expected: "a node number", found }));
}

#[test]
fn nodes_are_checked() {
    let nodes = |third: &str| of(&["$Nodes\n3\n1 0 0 0\n2 1 0 0\n", third, "\n$EndNodes\n"]);
    assert_eq!(nodes("2 0 1 0"), (8, Problem::NodeTwice { tag: 2 }));
    assert_eq!(nodes("3 0 nan 0"), (8, Problem::NotFinite { found: "NaN".into() }));
    assert_eq!(nodes("3 0 -1e999 0"), (8, Problem::NotFinite { found: "-inf".into() }));
    let found = "x".to_string();
    assert_eq!(nodes("3 0 x 0"), (8, Problem::Expected { expected: "a coordinate", found }));
    let found = "-3".to_string();
    assert_eq!(nodes("-3 0 0 0"), (8, Problem::Expected { expected: "a node number", found }));
}

#[test]
fn names_are_checked() {
    let names = |second: &str| of(&["$PhysicalNames\n2\n2 1 \"Fluid\"\n", second, "\n$EndPhysicalNames\n"]);
    assert_eq!(names("2 1 \"other\""), (7, Problem::TagTwice { dim: 2, tag: 1 }));
    assert_eq!(names("1 1 \"FLUID\""), (7, Problem::NameTwice { name: "fluid".into() }));
    assert_eq!(names("4 1 \"other\""), (7, Problem::Dimension { found: "4".into() }));
    assert!(matches!(names("1 1 other"), (7, Problem::Expected { .. })));
    assert!(matches!(names("1 1 \"other"), (7, Problem::Expected { .. })));
}

#[test]
fn elements_are_checked() {
    let with = |line: &str| of(&[NAMES, NODES, "$Elements\n1\n", line, "\n$EndElements\n"]);
    let unknown = Problem::UnknownNode { element: 7, tag: 9 };
    assert_eq!(with("7 2 2 1 1 1 2 9"), (17, unknown));
    let shape = "tri";
    assert_eq!(with("7 2 0 1 2 3"), (17, Problem::NoGroup { element: 7, shape, dim: 2 }));
    assert_eq!(with("7 2 2 0 1 1 2 3"), (17, Problem::NoGroup { element: 7, shape, dim: 2 }));
    assert_eq!(with("7 2 2 5 1 1 2 3"), (17, Problem::UnnamedGroup { element: 7, dim: 2, tag: 5 }));
    assert_eq!(with("7 1 2 1 1 1 2"), (17, Problem::UnnamedGroup { element: 7, dim: 1, tag: 1 }));
    assert_eq!(with("7 34 2 1 1 1 2"), (17, Problem::UnknownType { element: 7, number: 34 }));
    let high = Problem::HighOrder { element: 7, name: "triangle", order: 5, number: 25 };
    assert_eq!(with("7 25 2 1 1 1 2 3 1 2 3"), (17, high));
    let incomplete = Problem::Incomplete { element: 7, name: "prism", order: 3, number: 111 };
    assert_eq!(with("7 111 2 1 1 1 2 3 1 2 3"), (17, incomplete));
    // Two copies of a boundary element in different groups.
    let names = "$PhysicalNames\n3\n1 2 \"wall\"\n1 3 \"inlet\"\n2 1 \"fluid\"\n$EndPhysicalNames\n";
    let elements = "$Elements\n3\n1 1 1 2 1 2\n2 1 1 3 1 2\n3 2 1 1 1 2 3\n$EndElements\n";
    assert_eq!(of(&[names, NODES, elements]), (19, Problem::SeveralGroups { element: 1 }));
}

#[test]
fn blocks_of_4_1_are_checked() {
    let of = |physical: &str, header: &str, block: &str| {
        let names = "$PhysicalNames\n3\n1 2 \"wall\"\n1 3 \"inlet\"\n2 1 \"fluid\"\n$EndPhysicalNames\n";
        let entities = format!(
            "$Entities\n0 1 1 0\n5 0 0 0 1 1 1 {physical} 0\n6 0 0 0 1 1 1 1 1 0\n$EndEntities\n\
             $Nodes\n1 3 1 3\n2 6 0 3\n1 2 3\n0 0 0\n1 0 0\n0 1 0\n$EndNodes\n"
        );
        let elements = format!("$Elements\n{header}\n{block}\n2 6 2 1\n9 1 2 3\n$EndElements\n");
        let data = format!("$MeshFormat\n4.1 0 8\n$EndMeshFormat\n{names}{entities}{elements}");
        read_bytes("test.msh", data.as_bytes()).map_err(|e| e.to_string())
    };
    let header = "2 2 8 9";
    let mesh = of("1 -2", header, "1 -5 1 1\n8 1 2").unwrap();
    assert_eq!((mesh.blocks.len(), mesh.blocks[0].groups[0]), (2, 0));
    let refused = |physical: &str, header: &str, block: &str, text: &str| {
        let error = of(physical, header, block).unwrap_err();
        assert!(error.starts_with("test.msh, line ") && error.contains(text), "{error}");
    };
    refused("2 2 3", header, "1 5 1 1\n8 1 2", "line 25: element 8 on the boundary is in several");
    refused("0", header, "1 5 1 1\n8 1 2", "line 25: element 8 (a line) is in no physical group");
    refused("1 2", header, "1 4 1 1\n8 1 2", "line 25: element 8 is of the entity 4 of dimension 1, which");
    refused("1 2", header, "1 5 2 1\n8 1 2 3", "cannot hold elements of Gmsh type 2");
    refused("1 2", "2 3 8 9", "1 5 1 1\n8 1 2", "announces 3 elements, but its blocks hold 2");
    refused("1 2", header, "1 5 28 1\n8 1 2 3", "line 25: element 8 is a line of order 5 (Gmsh type 28)");
}

#[test]
fn binary_files_name_the_byte() {
    let mut data = b"$MeshFormat\n2.2 1 8\n\x01\0\0\0\n$EndMeshFormat\n$Nodes\n2\n".to_vec();
    for x in [0.0, f64::NAN] {
        data.extend(1i32.to_le_bytes());
        (0..3).for_each(|_| data.extend(f64::to_le_bytes(x)));
    }
    assert_eq!(problem(&data), (Place::Byte(77), Problem::NodeTwice { tag: 1 }));
    data[77] = 2;
    assert_eq!(problem(&data), (Place::Byte(81), Problem::NotFinite { found: "NaN".into() }));
}

#[test]
fn points_bound_meshes_of_lines_and_are_dropped_from_others() {
    let names = "$PhysicalNames\n3\n0 5 \"Inlet\"\n0 6 \"outlet\"\n1 5 \"fluid\"\n$EndPhysicalNames\n";
    let read = |names: &str, points: &str, count: usize, line: &str| {
        let elements = format!("$Elements\n{count}\n{points}\n{line}\n$EndElements\n");
        read_bytes("test.msh", [HEAD, names, NODES, &elements].concat().as_bytes()).map_err(|e| e.to_string())
    };
    let ends = "1 15 2 5 1 1\n2 15 2 6 2 3";
    let mesh = read(names, ends, 3, "3 8 2 5 1 1 3 2").unwrap();
    let [line, point] = &mesh.blocks[..] else { panic!("{mesh:?}") };
    assert_eq!((line.shape, line.order, &line.nodes[..]), (Shape::Line, 2, &[0, 1, 2][..]));
    assert_eq!((point.shape, point.order, &point.nodes[..]), (Shape::Point, 1, &[0, 2][..]));
    let group = |g: u32| (mesh.groups[g as usize].dim, mesh.groups[g as usize].name.as_str());
    assert_eq!(point.groups.iter().map(|&g| group(g)).collect::<Vec<_>>(), [(0, "inlet"), (0, "outlet")]);

    // In two dimensions they may be of any group, or of none, and name groups again.
    let plane = "$PhysicalNames\n2\n0 5 \"fluid\"\n2 1 \"fluid\"\n$EndPhysicalNames\n";
    let mesh = read(plane, "1 15 2 9 1 1\n2 15 2 0 2 99", 3, "3 2 2 1 1 1 2 3").unwrap();
    assert_eq!((mesh.blocks.len(), mesh.groups.len()), (1, 1));

    // In one they are elements like others.
    let refused = |points: &str, count: usize, text: &str| {
        let error = read(names, points, count, "9 1 2 5 1 1 2").unwrap_err();
        assert!(error.contains(text), "{error}");
    };
    refused("1 15 2 7 1 1", 2, "line 18: element 1 is in the physical group 7 of dimension 0, which has no");
    refused(
        "1 15 2 0 1 1",
        2,
        "line 18: element 1 (a point) is in no physical group; put it in a Physical Point",
    );
    refused("1 15 2 5 1 8", 2, "line 18: element 1 refers to the node 8");
    refused(
        "1 15 2 5 1 1\n2 15 2 6 1 1",
        3,
        "line 19: element 1 on the boundary is in several physical groups",
    );
}
