mod part;

use super::*;
use crate::mesh::Link;
use crate::mesh::generate::{BoxMesh, Cells};
use crate::mesh::local::cut;
use crate::mesh::partition::partition;
use std::path::PathBuf;

fn meshes() -> Vec<Mesh> {
    let boxes = [
        BoxMesh::new(Cells::Tri, [3, 2, 1]),
        BoxMesh::new(Cells::Quad, [1, 1, 1]).periodic([true, true, false]),
        BoxMesh::new(Cells::TriQuad, [4, 4, 1]).order(3).warp(0.05).shuffle(1),
        BoxMesh::new(Cells::Tet, [2, 2, 2]).periodic([true, false, true]).shuffle(2),
        BoxMesh::new(Cells::Hex, [3, 2, 2]).order(2).warp(0.05),
    ];
    boxes.map(|b| b.build()).into()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A small mesh with a partitioning, written to a file.
fn example(folder: &tempfile::TempDir) -> (PathBuf, Mesh) {
    let path = folder.path().join("box.smesh");
    let mut mesh = BoxMesh::new(Cells::TriQuad, [4, 2, 1]).build();
    mesh.partitionings.insert("two".into(), partition(&mesh, 2, None).unwrap());
    write(&mesh, &path).unwrap();
    (path, mesh)
}

#[test]
fn meshes_come_back_as_they_were_written() {
    let folder = folder();
    for mut mesh in meshes() {
        let path = folder.path().join("a.smesh");
        mesh.partitionings.insert("1".into(), partition(&mesh, 1, None).unwrap());
        write(&mesh, &path).unwrap();
        assert!(is_mesh_file(&path));
        assert_eq!(read(&path).unwrap(), mesh);
    }
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["a.smesh"], "no temporary files are left");
}

#[test]
fn partitionings_are_added_and_removed_in_place() {
    let folder = folder();
    let (path, mut mesh) = example(&folder);
    let bare = std::fs::metadata(&path).unwrap().len();
    let three = partition(&mesh, 3, None).unwrap();
    add_partitioning(&path, "3", &three).unwrap();
    mesh.partitionings.insert("3".into(), three.clone());
    assert_eq!(read(&path).unwrap(), mesh);
    assert!(matches!(add_partitioning(&path, "3", &three), Err(StoreError::PartitioningExists { .. })));

    for _ in 0..20 {
        remove_partitioning(&path, "3").unwrap();
        add_partitioning(&path, "3", &three).unwrap();
    }
    remove_partitioning(&path, "two").unwrap();
    remove_partitioning(&path, "3").unwrap();
    mesh.partitionings.clear();
    assert_eq!(read(&path).unwrap(), mesh);
    assert!(std::fs::metadata(&path).unwrap().len() <= bare, "removed partitionings leave no holes");

    let text = remove_partitioning(&path, "3").unwrap_err().to_string();
    assert!(text.contains("box.smesh has no partitioning \"3\"; it has none"), "{text}");
    for name in ["", "a/b", "..", ".x", "a b", &"x".repeat(65)] {
        assert!(
            matches!(add_partitioning(&path, name, &three), Err(StoreError::PartitioningName(_))),
            "{name}"
        );
    }
    let mut short = three;
    short.part_of.pop();
    assert!(matches!(add_partitioning(&path, "s", &short), Err(StoreError::Partitioning { .. })));
}

#[test]
fn invalid_meshes_are_not_written() {
    let folder = folder();
    let path = folder.path().join("bad.smesh");
    let good = BoxMesh::new(Cells::Quad, [2, 2, 1]).build();
    let mut spoils: Vec<fn(&mut Mesh)> = vec![
        |m| m.dims = 3,
        |m| m.blocks[0].nodes[3] = 99,
        |m| m.nodes[2] = [0.0, 0.0, 1.0],
        |m| m.nodes[2][0] = f64::INFINITY,
        |m| m.blocks[0].links[0] = Link::Boundary(9),
        |m| m.blocks[0].links[1] = Link::Interior { element: 0, face: 1, rotation: 1 },
        |m| m.blocks[0].links[1] = Link::Interior { element: 2, face: 3, rotation: 1 },
        |m| m.blocks[0].links[1] = Link::Interior { element: 1, face: 3, rotation: 0 },
        |m| m.blocks[0].links[1] = Link::Interior { element: 77, face: 3, rotation: 1 },
        |m| m.boundaries.swap(0, 1),
        |m| m.blocks.clear(),
        |m| m.blocks.push(m.blocks[0].clone()),
        |m| m.blocks[0].nodes.truncate(12),
        |m| m.blocks[0].order = 0,
    ];
    spoils.push(|m| {
        m.partitionings.insert("p".into(), Partitioning { parts: 2, part_of: vec![0; 4] });
    });
    for (i, spoil) in spoils.into_iter().enumerate() {
        let mut mesh = good.clone();
        spoil(&mut mesh);
        assert!(matches!(write(&mesh, &path), Err(StoreError::Mesh { .. })), "{i}");
        assert!(!path.exists());
    }
    let mut mesh = good;
    mesh.boundaries[3] = "x".repeat(300);
    assert!(matches!(write(&mesh, &path), Err(StoreError::BoundaryName(_))));
    assert!(!path.exists());
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let folder = folder();
    let (path, mesh) = example(&folder);
    let failing = |_: &Path| Err(StoreError::BoundaryName("x".into()));
    assert!(super::replace(&path, failing).is_err());
    assert_eq!(read(&path).unwrap(), mesh);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(matches!(write(&mesh, folder.path().join("no/such/folder.smesh")), Err(StoreError::Io { .. })));
}

#[test]
#[cfg(unix)]
fn files_are_readable_for_others_and_links_are_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder();
    let (path, mesh) = example(&folder);
    let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    let ordinary = folder.path().join("ordinary");
    std::fs::write(&ordinary, "").unwrap();
    assert_eq!(mode(&path), mode(&ordinary));
    let link = folder.path().join("link.smesh");
    symlink(&path, &link).unwrap();
    remove_partitioning(&link, "two").unwrap();
    assert!(link.is_symlink());
    assert_ne!(read(&path).unwrap(), mesh);
}

#[test]
fn other_files_are_told_apart() {
    let folder = folder();
    let path = folder.path().join("other");
    assert!(matches!(read(&path), Err(StoreError::Io { .. })));
    assert!(!is_mesh_file(&path) && !is_mesh_file(folder.path()));
    std::fs::write(&path, "$MeshFormat\n2.2 0 8\n").unwrap();
    assert!(matches!(read(&path), Err(StoreError::NotAMesh { .. })) && !is_mesh_file(&path));
    hdf5::File::create(&path).unwrap().close().unwrap();
    let text = read(&path).unwrap_err().to_string();
    assert!(text.contains("is not a mesh file: it lacks the attribute"), "{text}");
    assert!(!is_mesh_file(&path));

    let (path, _) = example(&folder);
    for (version, advice) in [(1, "import the mesh again"), (3, "use a newer version of this program")] {
        let file = hdf5::File::open_rw(&path).unwrap();
        file.attr("version").unwrap().write_scalar(&version).unwrap();
        file.close().unwrap();
        let text = read(&path).unwrap_err().to_string();
        assert!(text.contains(&format!("version {version}, but")) && text.ends_with(advice), "{text}");
        assert!(is_mesh_file(&path));
    }
}

#[test]
fn contradictions_are_reported_with_file_and_dataset() {
    let folder = folder();
    type Change = fn(&hdf5::File) -> hdf5::Result<()>;
    // Each change, and what the message must name.
    let changes: [(Change, &str); 8] = [
        (|f| f.unlink("nodes"), "nodes"),
        (|f| f.unlink("boundaries"), "boundary"),
        (|f| f.unlink("elements/01-quad-o1"), "its neighbour does not exist"),
        (|f| f.group("elements/00-tri-o1")?.attr("order")?.write_scalar(&3u32), "/elements/00-tri-o1/nodes"),
        (|f| f.dataset("elements/00-tri-o1/face")?.write(&ndarray::Array2::<u8>::zeros((8, 3))), "face"),
        (
            |f| f.dataset("elements/00-tri-o1/nodes")?.write(&ndarray::Array2::from_elem((8, 3), 99u32)),
            "node 99",
        ),
        (|f| f.group("partitionings/two")?.attr("parts")?.write_scalar(&u32::MAX), "/partitionings/two"),
        (
            |f| {
                f.unlink("nodes")?;
                let huge = f.new_dataset::<f64>().chunk((1024, 2)).shape((1usize << 40, 2)).create("nodes");
                huge.map(drop)
            },
            "/nodes: its shape [1099511627776, 2] is too large",
        ),
    ];
    for (change, expected) in changes {
        let (path, _) = example(&folder);
        let file = hdf5::File::open_rw(&path).unwrap();
        change(&file).unwrap();
        file.close().unwrap();
        let text = read(&path).unwrap_err().to_string();
        assert!(text.contains("box.smesh") && text.contains(expected), "{text}");
    }
}

#[test]
fn damaged_files_never_panic_and_damage_is_noticed() {
    let folder = folder();
    let (path, mesh) = example(&folder);
    let part_of = &mesh.partitionings["two"].part_of;
    let parts = [0, 1].map(|rank| cut(&mesh, part_of, rank));
    let good = std::fs::read(&path).unwrap();
    let damaged = folder.path().join("damaged.smesh");
    let (mut refused, mut unharmed) = (0, 0);
    for offset in (0..good.len()).step_by(7) {
        let mut bytes = good.clone();
        bytes[offset] ^= 1 << (offset % 8);
        if offset % 3 == 0 {
            bytes[offset] = 255;
        }
        if bytes == good {
            continue;
        }
        std::fs::write(&damaged, &bytes).unwrap();
        match read(&damaged) {
            Ok(read) if read == mesh => unharmed += 1,
            Ok(_) => panic!("damage at byte {offset} changed the mesh unnoticed"),
            Err(_) => refused += 1,
        }
        for part in 0..2 {
            if let Ok(read) = open(&damaged).and_then(|file| file.read_part("two", part)) {
                assert_eq!(read, parts[part], "damage at byte {offset} changed part {part} unnoticed");
            }
        }
    }
    assert!(refused > 100, "{refused} refused, {unharmed} in unused space");
    for len in (0..good.len()).step_by(good.len() / 50) {
        std::fs::write(&damaged, &good[..len]).unwrap();
        assert!(read(&damaged).is_err(), "cut to {len} bytes");
    }
}
