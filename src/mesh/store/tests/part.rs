//! Parts read from files.

use super::*;
use crate::mesh::local::LocalMesh;

fn with_partitioning(mut mesh: Mesh, parts: usize, part_of: Vec<u32>, path: &Path) -> Mesh {
    mesh.partitionings.insert("p".into(), Partitioning { parts, part_of });
    write(&mesh, path).unwrap();
    mesh
}

/// Every part that is read equals the one that is cut out of the whole mesh.
fn same_as_cut(mesh: &Mesh, path: &Path) {
    let file = open(path).unwrap();
    assert_eq!(file.read_all().unwrap(), LocalMesh::whole(mesh));
    for (name, partitioning) in &mesh.partitionings {
        assert_eq!(file.read_partitioning(name).unwrap(), *partitioning);
        for part in 0..partitioning.parts {
            assert_eq!(file.read_part(name, part).unwrap(), cut(mesh, &partitioning.part_of, part));
        }
        let text = file.read_part(name, partitioning.parts).unwrap_err().to_string();
        assert!(text.contains("hence no part"), "{text}");
    }
}

#[test]
fn parts_equal_those_cut_out_of_the_whole_mesh() {
    let folder = folder();
    let path = folder.path().join("a.smesh");
    for mesh in meshes() {
        for parts in [1, 2, 5].into_iter().filter(|p| *p <= mesh.len()) {
            let part_of = partition(&mesh, parts, None).unwrap().part_of;
            same_as_cut(&with_partitioning(mesh.clone(), parts, part_of, &path), &path);
            let scattered = (0..mesh.len()).map(|id| (id * 7 % parts) as u32).collect();
            same_as_cut(&with_partitioning(mesh.clone(), parts, scattered, &path), &path);
        }
        // Every element alone: all its neighbours but itself belong to others.
        let part_of = (0..mesh.len() as u32).rev().collect();
        same_as_cut(&with_partitioning(mesh.clone(), mesh.len(), part_of, &path), &path);
    }
}

#[test]
fn a_part_takes_the_same_reading_however_large_the_rest() {
    let folder = folder();
    let path = folder.path().join("a.smesh");
    // Slabs of 40 x 40 x 4 elements, of which there are more and more.
    let read = |parts: usize| {
        let mesh = BoxMesh::new(Cells::Hex, [40, 40, 4 * parts]).build();
        let part_of = (0..mesh.len()).map(|id| (id * parts / mesh.len()) as u32).collect();
        let mesh = with_partitioning(mesh, parts, part_of, &path);
        let file = open(&path).unwrap();
        assert_eq!(file.bytes_read(), 6 * 256, "the names of the boundaries");
        assert_eq!(file.read_part("p", 1).unwrap(), cut(&mesh, &mesh.partitionings["p"].part_of, 1));
        file.bytes_read()
    };
    let (few, many) = (read(4), read(12));
    assert!(many < few + few / 4, "{few} bytes of 4 parts, {many} of 12");
}

#[test]
fn the_header_says_what_a_file_holds() {
    let folder = folder();
    let (path, mesh) = example(&folder);
    let file = open(&path).unwrap();
    assert_eq!(
        (file.uuid(), file.dims(), file.len(), file.nodes()),
        (&*mesh.uuid, 2, mesh.len(), mesh.nodes.len())
    );
    let blocks: Vec<_> = mesh.blocks.iter().map(|b| (b.shape, b.order, b.len())).collect();
    assert_eq!(file.blocks().collect::<Vec<_>>(), blocks);
    assert_eq!(
        (file.boundaries(), file.partitionings()),
        (&mesh.boundaries[..], &[("two".to_string(), 2)][..])
    );
    assert_eq!(file.bytes_read(), mesh.boundaries.len() as u64 * 256);
    assert!(matches!(file.read_part("three", 0), Err(StoreError::PartitioningMissing { .. })));
}

/// The messages of all parts of a file in which `dataset` of the partitioning, or of the mesh, was overwritten.
fn after<T: hdf5::H5Type + Copy>(dataset: &str, at: usize, value: T) -> Vec<Result<LocalMesh, String>> {
    let folder = folder();
    let (path, _) = example(&folder);
    let file = hdf5::File::open_rw(&path).unwrap();
    let dataset = file.dataset(dataset).unwrap();
    let mut values = dataset.read_raw::<T>().unwrap();
    values[at] = value;
    let shape = dataset.shape();
    dataset.write(&ndarray::ArrayD::from_shape_vec(shape, values).unwrap()).unwrap();
    drop(dataset);
    file.close().unwrap();
    assert!(read(&path).is_err(), "reading the whole mesh finds it, too");
    let file = open(&path).unwrap();
    (0..2).map(|part| file.read_part("two", part).map_err(|e| e.to_string())).collect()
}

#[test]
fn contradictions_within_partitionings_and_between_parts_are_found() {
    let (_, mesh) = example(&folder());
    let part_of = &mesh.partitionings["two"].part_of;
    let id = |part: u32| part_of.iter().position(|p| *p == part).unwrap();
    let some = |results: &[Result<LocalMesh, String>], words: &str| {
        let errors: Vec<&String> = results.iter().filter_map(|r| r.as_ref().err()).collect();
        assert!(errors.iter().any(|e| e.contains("box.smesh") && e.contains(words)), "{words}: {errors:?}");
    };
    some(&after("partitionings/two/part_of", id(1), 0u32), "is in parts 1 and 0");
    some(&after("partitionings/two/part_of", id(1), 7u32), "is in parts 1 and 7");
    some(&after("partitionings/two/elements", 0, 99u32), "are not increasing or do not exist");
    some(&after("partitionings/two/elements", 0, id(1) as u32), "part 0");
    some(&after("partitionings/two/offsets", 0, 1u64), "part 0 is said to reach from entry 1");
    some(&after("partitionings/two/offsets", 1, u64::MAX), "part 0 is said to reach");
    some(&after("partitionings/two/offsets", 2, 3u64), "part 1 is said to reach");
    // Links: each is checked by the ranks that own one of its ends.
    let (tri, quad) = ("elements/00-tri-o1", "elements/01-quad-o1");
    some(&after(&format!("{tri}/nodes"), 5, 99u32), "node 99");
    some(&after("nodes", 3, f64::NAN), "coordinates must be finite");
    some(&after(&format!("{quad}/neighbour"), 2, u32::MAX), "element");
    for at in 0..mesh.blocks[1].links.len() {
        let Link::Interior { face, .. } = mesh.blocks[1].links[at] else { continue };
        some(&after(&format!("{quad}/face"), at, (face + 1) % 3), "of element");
        some(&after(&format!("{quad}/rotation"), at, 0u8), "its rotation is impossible");
    }
}
