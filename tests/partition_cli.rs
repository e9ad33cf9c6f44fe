//! `solver partition`: every way to call it, what it says, what it refuses.

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed here
mod support;

use cases::Folder;
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::{Mesh, store};

/// A folder with `mesh.smesh`: 288 triangles and 144 quadrilaterals.
fn folder() -> (Folder, Mesh) {
    let folder = Folder::new();
    let mesh = BoxMesh::new(Cells::TriQuad, [16, 18, 1]).shuffle(1).build();
    store::write(&mesh, folder.path("mesh.smesh")).unwrap();
    (folder, mesh)
}

fn read(folder: &Folder) -> Mesh {
    store::read(folder.path("mesh.smesh")).unwrap()
}

/// Elements of each part.
fn sizes(folder: &Folder, name: &str) -> Vec<usize> {
    let partitioning = &read(folder).partitionings[name];
    (0..partitioning.parts)
        .map(|part| partitioning.part_of.iter().filter(|p| **p as usize == part).count())
        .collect()
}

#[test]
fn partitionings_are_added_listed_shown_and_removed() {
    let (folder, mesh) = folder();
    let bytes = std::fs::metadata(folder.path("mesh.smesh")).unwrap().len();
    assert_eq!(folder.succeed(&["partition", "list"]).0, "mesh.smesh holds no partitioning\n");
    let (out, err) = folder.succeed(&["partition", "4"]);
    assert!(out.starts_with("mesh.smesh: partitioning '4' of 4 parts, "), "{out}");
    for word in ["faces cut", "\n  tri ", "\n  quad ", "\n  neighbours ", "\n  connected "] {
        assert!(out.contains(word), "{out}");
    }
    assert_eq!(err, "");
    // The other order of arguments, as in PyFR.
    folder.succeed(&["partition", "add", "mesh.smesh", "3:1*2", "uneven"]);
    folder.succeed(&["partition", "add", "mesh.smesh", "2"]);
    assert_eq!(folder.succeed(&["partition", "list"]).0, "name    parts\n2       2\n4       4\nuneven  3\n");
    assert_eq!(folder.succeed(&["partition", "list", "mesh.smesh", "-s", ","]).0, "2,2\n4,4\nuneven,3\n");
    let (info, _) = folder.succeed(&["partition", "info", "4"]);
    assert_eq!(info, out);
    assert_eq!(folder.succeed(&["partition", "info", "mesh.smesh", "4"]).0, out);
    let uneven = sizes(&folder, "uneven");
    assert!(uneven[0] > uneven[1] + uneven[2], "{uneven:?}");

    folder.succeed(&["partition", "remove", "4"]);
    folder.succeed(&["partition", "remove", "mesh.smesh", "uneven"]);
    assert_eq!(folder.succeed(&["partition", "list", "-s", " "]).0, "2 2\n");
    folder.succeed(&["partition", "remove", "2"]);
    assert_eq!(read(&folder), mesh);
    assert!(std::fs::metadata(folder.path("mesh.smesh")).unwrap().len() <= bytes);
    assert_eq!(folder.files(), ["mesh.smesh"]);
}

#[test]
fn an_existing_partitioning_is_replaced_on_demand_only() {
    let (folder, _) = folder();
    folder.succeed(&["partition", "3", "-n", "p"]);
    let words = folder.fail(&["partition", "2", "--name", "p"]);
    assert!(words.contains("already has a partitioning called 'p'; give --force"), "{words}");
    assert!(folder.fail(&["partition", "add", "mesh.smesh", "2", "p"]).contains("--force"));
    assert_eq!(sizes(&folder, "p").len(), 3);
    folder.succeed(&["partition", "add", "-f", "mesh.smesh", "2", "p"]);
    assert_eq!(sizes(&folder, "p").len(), 2);
    folder.succeed(&["partition", "3", "--name", "p", "--force"]);
    folder.succeed(&["partition", "3", "--name", "q", "--force"]);
    assert_eq!(sizes(&folder, "p"), sizes(&folder, "q"));
}

#[test]
fn weights_shift_the_balance() {
    let (folder, _) = folder();
    let counts = |name: &str| {
        let mesh = read(&folder);
        let part_of = &mesh.partitionings[name].part_of;
        let count = |ids: std::ops::Range<usize>| {
            (0..2).map(|part| part_of[ids.clone()].iter().filter(|p| **p == part).count()).collect::<Vec<_>>()
        };
        let tri = mesh.blocks[0].len();
        (count(0..tri), count(tri..mesh.len()))
    };
    folder.succeed(&["partition", "2", "-n", "heavy-quads", "-e", "tri:1", "-e", "quad:10"]);
    let (tri, quad) = counts("heavy-quads");
    let work = |part: usize| tri[part] + 10 * quad[part];
    assert!(work(0).abs_diff(work(1)) < 60, "{tri:?} {quad:?}");
    folder.succeed(&["partition", "2", "-n", "balanced", "-e", "balanced"]);
    let (tri, quad) = counts("balanced");
    assert!(tri[0].abs_diff(tri[1]) <= 8 && quad[0].abs_diff(quad[1]) <= 6, "{tri:?} {quad:?}");
    folder.succeed(&["partition", "2", "-n", "order", "--order", "1"]);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let (folder, mesh) = folder();
    // Wrong arguments, then things that are wrong with this mesh.
    for (arguments, words) in [
        (&["partition"][..], "Usage"),
        (&["partition", "0:1"], "'0:1' says nothing about parts"),
        (&["partition", "nan:1"], "'nan:1' says nothing about parts"),
        (&["partition", "1e30:1"], "each from 1e-6 to 1e6"),
        (&["partition", "--", "-3:1"], "'-3:1' says nothing about parts"),
        (&["partition", "2.5"], "'2.5' says nothing about parts"),
        (&["partition", "0"], "divided into 0 parts"),
        (&["partition", "433"], "432 elements cannot be divided into 433 parts"),
        (&["partition", "1*18446744073709551615:1"], "432 elements cannot be divided into"),
        (&["partition", "2", "-e", "hex:1"], "elements of shape tri, which have no weight"),
        (&["partition", "2", "-e", "tri:0"], "'tri:0' is no weight"),
        (&["partition", "2", "-e", "tri:-1"], "'tri:-1' is no weight"),
        (&["partition", "2", "-e", "tri:nan"], "'tri:nan' is no weight"),
        (&["partition", "2", "-e", "tri:1e99"], "'tri:1e99' is no weight"),
        (&["partition", "2", "-e", "box:1"], "'box:1' is no weight"),
        (&["partition", "2", "-e", "tri:1", "-e", "balanced"], "'balanced' is no weight"),
        (&["partition", "2", "-n", "a/b"], "\"a/b\" is no name for a partitioning"),
        (&["partition", "2", "-n", "../x"], "is no name for a partitioning"),
        (&["partition", "2", "-n", "two words"], "is no name for a partitioning"),
        (&["partition", "2", "-n", ""], "is no name for a partitioning"),
        (&["partition", "info", "none"], "has no partitioning \"none\"; it has none"),
        (&["partition", "remove", "none"], "has no partitioning \"none\"; it has none"),
        (&["partition", "list", "none.smesh"], "none.smesh"),
        (&["partition", "add", "none.smesh", "2"], "none.smesh"),
    ] {
        let output = support::run(&mut folder.command(arguments), cases::LIMIT);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(words), "{arguments:?}:\n{text}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    assert_eq!((read(&folder), folder.files()), (mesh, vec!["mesh.smesh".to_string()]));
}

#[test]
fn nothing_but_the_report_is_printed_even_for_parts_of_few_elements() {
    let (folder, _) = folder();
    for parts in ["2", "8", "9", "50", "108", "109", "216", "432", "1000:1*3", "1e6:1e-6:1", "1:1*100"] {
        for weights in ["tri:1", "tri:1e-6", "tri:1e6", "balanced"] {
            let quad = if weights == "balanced" { &[][..] } else { &["-e", "quad:1"] };
            let arguments = [&["partition", parts, "-f", "-n", "p", "-e", weights], quad].concat();
            let (out, err) = folder.succeed(&arguments);
            assert!(out.starts_with("mesh.smesh: partitioning 'p'") && !out.contains("***"), "{out}");
            assert!(err.is_empty() && out.lines().count() == 5, "{out}{err}");
        }
    }
}
