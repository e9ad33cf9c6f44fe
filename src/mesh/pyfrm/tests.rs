//! Files written here, as PyFR lays them out, become the meshes they were made from; damaged ones are refused.

use super::rows::FaceRow;
use super::*;
use crate::element::Shape;
use crate::mesh::connect::connect;
use crate::mesh::generate::{BoxMesh, Cells};
use crate::mesh::raw::RawBlock;
use crate::mesh::{gmsh, mean, store, vertex_nodes};
use hdf5::types::FixedAscii;
use hdf5::{File, Group, H5Type};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use tempfile::TempDir;

#[derive(Clone, Copy, H5Type)]
#[repr(C)]
struct Version1<const N: usize, const F: usize> {
    nodes: [i64; N],
    curved: bool,
    faces: [FaceRow; F],
}

#[derive(Clone, Copy, H5Type)]
#[repr(C)]
struct Version2<const N: usize, const F: usize> {
    nodes: [i64; N],
    curved: bool,
    faces: [FaceRow; F],
    colour: u8,
    tags: u64,
}

#[derive(Clone, Copy, H5Type)]
#[repr(C)]
struct Node<T: H5Type, const D: usize> {
    location: [T; D],
    valency: u16,
}

/// As [`Node`], but with a variable-length list, which is not to be read.
#[derive(H5Type)]
#[repr(C)]
struct List {
    location: [f64; 2],
    valency: hdf5::types::VarLenArray<u16>,
}

/// What a file holds.
#[derive(Clone)]
struct Content {
    version: i64,
    codec: Vec<String>,
    dims: usize,
    nodes: Vec<[f64; 3]>,
    /// Coordinates are written as f32.
    single: bool,
    tables: Vec<(Shape, usize, Vec<i64>, Vec<FaceRow>)>,
    periodic: BTreeMap<String, Vec<[FaceRow; 2]>>,
    partitionings: Vec<(&'static str, usize)>,
}

/// Centre of a face, its element and number.
type Patch = ([f64; 3], (usize, usize));

impl Content {
    /// What PyFR would make of a mesh.
    fn of(raw: &RawMesh, version: i64) -> Content {
        let dims = raw.blocks.iter().map(|b| b.shape.dims()).max().unwrap();
        let volume: Vec<_> = raw.blocks.iter().filter(|b| b.shape.dims() == dims).collect();
        let mut codec = Vec::new();
        let mut by_key: HashMap<Vec<u32>, Vec<(usize, usize)>> = HashMap::new();
        let mut tables = Vec::new();
        let mut first_code = Vec::new();
        for (t, block) in volume.iter().enumerate() {
            let name = block.shape.name();
            codec.push(format!("eles/{name}"));
            first_code.push(codec.len() as i16);
            let faces = block.shape.faces();
            let slash = if version == 1 { "" } else { "face/" };
            codec.extend((0..faces.len()).map(|f| format!("eles/{name}/{slash}{f}")));
            for (e, vertices) in vertices(block).enumerate() {
                for (f, face) in faces.iter().enumerate() {
                    let key = sorted(face.vertices.iter().map(|&v| vertices[v]));
                    by_key.entry(key).or_default().push((t, e * faces.len() + f));
                }
            }
            let none = FaceRow { cidx: i16::MIN, off: i64::MIN };
            let nodes = block.nodes.iter().map(|&n| i64::from(n)).collect();
            tables.push((block.shape, block.order, nodes, vec![none; block.groups.len() * faces.len()]));
        }
        let row = |(t, i): (usize, usize)| {
            let n = volume[t].shape.faces().len();
            FaceRow { cidx: first_code[t] + (i % n) as i16, off: (i / n) as i64 }
        };
        let mut content = Content {
            version,
            codec,
            dims,
            nodes: raw.nodes.clone(),
            single: false,
            tables,
            periodic: BTreeMap::new(),
            partitionings: vec![("1", 1), ("four", 4)],
        };
        for pair in by_key.values().filter(|uses| uses.len() == 2) {
            content.join(pair[0], pair[1], &row);
        }
        // Faces of the boundary by group name: middle and place.
        let mut patches: BTreeMap<&str, Vec<Patch>> = BTreeMap::new();
        for block in raw.blocks.iter().filter(|b| b.shape.dims() + 1 == dims) {
            for (vertices, &g) in vertices(block).zip(&block.groups) {
                let points: Vec<_> = vertices.iter().map(|&v| raw.nodes[v as usize]).collect();
                let place = by_key[&sorted(vertices.iter().copied())][0];
                patches.entry(&raw.groups[g as usize].name).or_default().push((mean(&points), place));
            }
        }
        for (name, faces) in &patches {
            let Some(pair) = name.strip_prefix("periodic_").and_then(|n| n.strip_suffix("_l")) else {
                if !name.starts_with("periodic") {
                    content.codec.push(format!("bc/{name}"));
                    let here = FaceRow { cidx: content.codec.len() as i16 - 1, off: -1 };
                    faces.iter().for_each(|&(_, (t, i))| content.tables[t].3[i] = here);
                }
                continue;
            };
            let others = &patches[format!("periodic_{pair}_r").as_str()];
            let middle = |faces: &[([f64; 3], _)]| mean(&faces.iter().map(|f| f.0).collect::<Vec<_>>());
            let (here, there) = (middle(faces), middle(others));
            for &(x, place) in faces {
                let distance =
                    |y: [f64; 3]| -> f64 { (0..3).map(|d| (y[d] - there[d] - x[d] + here[d]).abs()).sum() };
                let (_, other) =
                    others.iter().min_by(|a, b| distance(a.0).total_cmp(&distance(b.0))).unwrap();
                content.join(place, *other, &row);
                content.periodic.entry(pair.into()).or_default().push([row(place), row(*other)]);
            }
        }
        content
    }

    fn join(&mut self, a: (usize, usize), b: (usize, usize), row: &dyn Fn((usize, usize)) -> FaceRow) {
        self.tables[a.0].3[a.1] = row(b);
        self.tables[b.0].3[b.1] = row(a);
    }

    /// Writes the newest layout that HDF5 has, which carries checksums, as PyFR does.
    fn write(&self, path: &Path) {
        self.write_as(path, true);
    }

    fn write_as(&self, path: &Path, newest: bool) {
        let mut builder = hdf5::FileBuilder::new();
        builder.with_fapl(|p| if newest { p.libver_latest() } else { p.libver_earliest() });
        let file = builder.create(path).unwrap();
        let codec: Vec<FixedAscii<20>> =
            self.codec.iter().map(|c| FixedAscii::from_ascii(c.as_bytes()).unwrap()).collect();
        file.new_dataset_builder().with_data(&codec).create("codec").unwrap();
        file.new_dataset::<i64>().create("version").unwrap().write_scalar(&self.version).unwrap();
        match (self.dims, self.single) {
            (2, false) => self.write_nodes::<f64, 2>(&file, |x| x),
            (2, true) => self.write_nodes::<f32, 2>(&file, |x| x as f32),
            (_, false) => self.write_nodes::<f64, 3>(&file, |x| x),
            (_, true) => self.write_nodes::<f32, 3>(&file, |x| x as f32),
        }
        let eles = file.create_group("eles").unwrap();
        for (shape, order, nodes, faces) in &self.tables {
            let write = match (shape, order) {
                (Shape::Tri, 1) => write_rows::<3, 3>,
                (Shape::Tri, 2) => write_rows::<6, 3>,
                (Shape::Tri, 3) => write_rows::<10, 3>,
                (Shape::Quad, 1) => write_rows::<4, 4>,
                (Shape::Quad, 2) => write_rows::<9, 4>,
                (Shape::Quad, 3) => write_rows::<16, 4>,
                (Shape::Tet, 1) => write_rows::<4, 4>,
                (Shape::Tet, 4) => write_rows::<35, 4>,
                (Shape::Hex, 1) => write_rows::<8, 6>,
                (Shape::Hex, 2) => write_rows::<27, 6>,
                (Shape::Hex, 4) => write_rows::<125, 6>,
                (Shape::Prism, 4) => write_rows::<75, 5>,
                (Shape::Pyramid, 4) => write_rows::<55, 5>,
                // Not a number of nodes that any element has.
                (Shape::Tri, 100) => write_rows::<5, 3>,
                (Shape::Tri, 101) => write_rows::<3, 4>,
                other => panic!("{other:?}"),
            };
            write(&eles, shape.name(), self.version, nodes, faces);
        }
        let periodic = file.create_group("periodic").unwrap();
        for (name, pairs) in &self.periodic {
            let pairs = ndarray::Array2::from_shape_fn((pairs.len(), 2), |(i, side)| pairs[i][side]);
            periodic.new_dataset_builder().with_data(&pairs).create(name.as_str()).unwrap();
        }
        for (name, parts) in &self.partitionings {
            let group = file.create_group(&format!("partitionings/{name}")).unwrap();
            let eles = group.new_dataset::<i64>().shape([3]).create("eles").unwrap();
            eles.new_attr::<i64>().shape([*parts, 2]).create("regions").unwrap();
        }
    }

    fn write_nodes<T: H5Type + Copy, const D: usize>(&self, file: &File, to: fn(f64) -> T) {
        let row = |x: &[f64; 3]| Node::<T, D> { location: std::array::from_fn(|d| to(x[d])), valency: 1 };
        let rows: Vec<_> = self.nodes.iter().map(row).collect();
        file.new_dataset_builder().with_data(&rows).create("nodes").unwrap();
    }
}

fn write_rows<const N: usize, const F: usize>(
    eles: &Group,
    name: &str,
    version: i64,
    nodes: &[i64],
    faces: &[FaceRow],
) {
    let rows = nodes.chunks_exact(N).zip(faces.chunks_exact(F)).map(|(nodes, faces)| Version2::<N, F> {
        nodes: nodes.try_into().unwrap(),
        curved: false,
        faces: faces.try_into().unwrap(),
        colour: 3,
        tags: 1,
    });
    if version == 1 {
        let old = |row: Version2<N, F>| Version1 { nodes: row.nodes, curved: row.curved, faces: row.faces };
        let rows: Vec<_> = rows.map(old).collect();
        eles.new_dataset_builder().with_data(&rows).create(name).unwrap();
    } else {
        let rows: Vec<_> = rows.collect();
        eles.new_dataset_builder().with_data(&rows).create(name).unwrap();
    }
}

fn sorted(vertices: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut key: Vec<u32> = vertices.collect();
    key.sort_unstable();
    key
}

/// The vertices of each element of a block.
fn vertices(block: &RawBlock) -> impl Iterator<Item = Vec<u32>> {
    let corners = vertex_nodes(block.shape, block.order);
    let elements = block.nodes.chunks_exact(block.shape.points(block.order));
    elements.map(move |nodes| corners.iter().map(|&c| nodes[c]).collect())
}

/// The connected mesh, without what is different each time.
fn connected(raw: &RawMesh) -> crate::mesh::Mesh {
    let mut mesh = connect(raw.clone()).unwrap().mesh;
    mesh.uuid.clear();
    mesh
}

fn zoo() -> RawMesh {
    let path = [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", "gmsh", "zoo3d-4-4.1b.msh"];
    gmsh::read(&path.iter().collect::<PathBuf>()).unwrap()
}

/// Writes a mesh as PyFR would and checks that the same is read.
fn there_and_back(folder: &TempDir, raw: &RawMesh, version: i64) -> RawMesh {
    let path = folder.path().join("mesh.pyfrm");
    Content::of(raw, version).write(&path);
    assert!(is_pyfrm(&path));
    let read = read(&path).unwrap();
    assert_eq!(read.raw.nodes, raw.nodes);
    assert_eq!(volume(&read.raw), volume(raw));
    assert_eq!(surface(&read.raw), surface(raw));
    assert_eq!(read.notices, [Notice::Partitionings(vec!["four".into()])]);
    read.raw
}

fn dims(raw: &RawMesh) -> usize {
    raw.blocks.iter().map(|b| b.shape.dims()).max().unwrap()
}

/// Shape, order and nodes of the volume elements.
fn volume(raw: &RawMesh) -> Vec<(Shape, usize, &[u32])> {
    let mut blocks: Vec<_> = raw.blocks.iter().filter(|b| b.shape.dims() == dims(raw)).collect();
    blocks.sort_by_key(|b| b.shape);
    blocks.into_iter().map(|b| (b.shape, b.order, &b.nodes[..])).collect()
}

/// Vertices and names of the boundary elements.
fn surface(raw: &RawMesh) -> Vec<(Vec<u32>, &str)> {
    let blocks = raw.blocks.iter().filter(|b| b.shape.dims() + 1 == dims(raw));
    let faces = blocks.flat_map(|b| {
        vertices(b)
            .zip(&b.groups)
            .map(|(v, &g)| (sorted(v.into_iter()), raw.groups[g as usize].name.as_str()))
    });
    let mut faces: Vec<_> = faces.collect();
    faces.sort();
    faces
}

#[test]
fn meshes_of_both_versions_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let boxes = [
        BoxMesh::new(Cells::Tri, [3, 2, 1]),
        BoxMesh::new(Cells::Quad, [2, 3, 1]).periodic([true, false, false]),
        BoxMesh::new(Cells::TriQuad, [4, 4, 1]).periodic([true, true, false]).shuffle(3),
        BoxMesh::new(Cells::TriQuad, [4, 3, 1]).order(3).warp(0.05).shuffle(1),
        BoxMesh::new(Cells::Tet, [2, 3, 2]).periodic([true, false, true]).shuffle(2),
        BoxMesh::new(Cells::Hex, [3, 2, 2]).order(2).warp(0.05).shuffle(4),
    ];
    for raw in boxes.iter().map(BoxMesh::raw) {
        for version in [1, 2] {
            let read = there_and_back(&folder, &raw, version);
            assert_eq!(connected(&read), connected(&raw));
        }
    }
    // Curved tetrahedron, hexahedron, prism and pyramid.
    let read = there_and_back(&folder, &zoo(), 2);
    assert_eq!(connected(&read), connected(&zoo()));
}

#[test]
fn coordinates_may_be_of_single_precision() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.pyfrm");
    let raw = BoxMesh::new(Cells::Hex, [2, 2, 4]).raw();
    let content = Content { single: true, ..Content::of(&raw, 2) };
    content.write(&path);
    assert_eq!(read(&path).unwrap().raw.nodes, raw.nodes);
}

#[test]
fn other_files_are_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.h5");
    let refused = |expected: &str| {
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("mesh.h5"), "{error}");
        is_pyfrm(&path)
    };
    assert!(!refused("cannot read"));
    std::fs::write(&path, "$MeshFormat").unwrap();
    assert!(!refused("is no mesh file of PyFR: HDF5 cannot open it"));
    store::write(&BoxMesh::new(Cells::Tri, [1, 1, 1]).build(), &path).unwrap();
    assert!(!refused("it lacks one of codec, eles, nodes, version"));
    File::create(&path).unwrap().new_dataset::<f64>().shape([2]).create("spt_hex_p0").unwrap();
    assert!(refused("has the layout of PyFR before version 3, which is not supported; import the Gmsh file"));
    Content::of(&BoxMesh::new(Cells::Tri, [1, 1, 1]).raw(), 7).write(&path);
    assert!(refused("has format version 7, but only 1 and 2 are known; import the Gmsh file"));
    Content::of(&BoxMesh::new(Cells::Tri, [1, 1, 1]).raw(), 2).write(&path);
    assert!(is_pyfrm(&path));
}

/// Writes two triangles that someone changed, and reads them.
fn changed(folder: &TempDir, change: impl FnOnce(&mut Content)) -> String {
    let path = folder.path().join("mesh.pyfrm");
    let mut content =
        Content::of(&BoxMesh::new(Cells::Tri, [2, 1, 1]).periodic([true, false, false]).raw(), 2);
    change(&mut content);
    content.write(&path);
    read(&path).unwrap_err().to_string()
}

#[test]
fn contradictions_are_refused_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let check = |change: &dyn Fn(&mut Content), expected: &str| {
        let error = changed(&folder, change);
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("mesh.pyfrm: /"), "{error}");
    };
    let face = |c: &mut Content, i: usize, cidx: i16, off: i64| c.tables[0].3[i] = FaceRow { cidx, off };
    let pairs =
        |c: &mut Content, change: &dyn Fn(&mut Vec<[FaceRow; 2]>)| change(c.periodic.get_mut("x").unwrap());
    check(&|c| c.tables[0].2[4] = 6, "/eles/tri: element 1 has node 6, but there are 6 nodes");
    check(&|c| c.tables[0].2[0] = -1, "element 0 has node -1");
    check(&|c| c.nodes[3][1] = f64::NAN, "/nodes: node 3 is at");
    check(&|c| face(c, 4, -3, 0), "/eles/tri: face 1 of element 1 is joined to cidx -3, off 0, which");
    check(&|c| face(c, 4, 1, -2), "face 1 of element 1 is joined to cidx 1, off -2");
    check(&|c| face(c, 4, 99, 0), "face 1 of element 1 is joined to an entry that /codec does not have");
    check(&|c| face(c, 4, 0, 0), "is joined to an entry of /codec that is neither a face nor a boundary");
    check(&|c| face(c, 4, 1, 4), "is joined to an element that does not exist");
    check(&|c| face(c, 4, 1, -1), "is joined to an element that does not exist");
    check(&|c| face(c, 0, 4, 0), "face 0 of element 0 is joined to an element of a boundary");
    check(&|c| face(c, 0, 1, 1), "face 0 of element 0 is joined to a face that is not joined to it");
    check(&|c| c.periodic.clear(), "with other vertices, and no list in /periodic has the two");
    check(&|c| pairs(c, &|p| p[0][0].off = 9), "/periodic/x: pair 0 names a face that does not exist");
    check(&|c| pairs(c, &|p| p.push(p[0])), "/periodic/x: a face of pair 1 is in another pair");
    check(&|c| pairs(c, &|p| p[0][0] = p[0][1]), "the faces of pair 0 are not joined to each other in /eles");
    check(&|c| c.tables[0].1 = 100, "/eles/tri: elements of 5 nodes; geometry of order 1 to 4 is supported");
    check(&|c| c.tables[0].1 = 101, "/eles/tri: its rows have no array \"faces\" of 3 pairs");
    check(&|c| c.tables[0].0 = Shape::Tet, "/eles: there are no elements of type \"tet\" in 2 dimensions");
    check(&|c| c.dims = 3, "/eles: there are no elements of type \"tri\" in 3 dimensions");
}

#[test]
fn objects_of_other_types_and_sizes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.pyfrm");
    let check = |change: &dyn Fn(&File), expected: &str| {
        Content::of(&BoxMesh::new(Cells::Tri, [2, 1, 1]).raw(), 2).write(&path);
        change(&File::append(&path).unwrap());
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let instead = |file: &File, name: &str| file.unlink(name).unwrap();
    check(
        &|f| {
            instead(f, "nodes");
            f.new_dataset::<f64>().shape([6, 2]).create("nodes").unwrap();
        },
        "/nodes: its type is float64, not a compound",
    );
    check(
        &|f| {
            instead(f, "nodes");
            f.new_dataset::<FaceRow>().shape([6]).create("nodes").unwrap();
        },
        "/nodes: its rows have no array \"location\"",
    );
    check(
        &|f| {
            instead(f, "nodes");
            f.new_dataset::<Node<f64, 2>>().shape([6, 1]).create("nodes").unwrap();
        },
        "/nodes: it has 2 dimensions, not 1",
    );
    check(
        &|f| {
            instead(f, "eles/tri");
            f.new_dataset::<Version1<3, 3>>().chunk([64]).shape([1 << 40]).create("eles/tri").unwrap();
        },
        "/eles/tri: its shape [1099511627776] is too large for a file of",
    );
    check(
        &|f| {
            instead(f, "codec");
            f.new_dataset::<f64>().shape([3]).create("codec").unwrap();
        },
        "/codec: its type is float64, not strings",
    );
    check(
        &|f| {
            instead(f, "version");
            f.new_dataset::<f64>().create("version").unwrap();
        },
        "/version: its type is float64, not an integer",
    );
    check(
        &|f| {
            instead(f, "nodes");
            f.new_dataset::<List>().shape([6]).create("nodes").unwrap();
        },
        "/nodes: its rows hold something else than numbers, or their fields overlap",
    );
    check(
        &|f| {
            instead(f, "periodic");
            f.create_group("periodic").unwrap().new_dataset::<FaceRow>().shape([1, 3]).create("x").unwrap();
        },
        "/periodic/x: it is no list of pairs of faces",
    );
}

/// Adds a body of two triangles, with normals and in single precision as PyFR writes them, or without and in double.
fn add_body(path: &Path, name: &str, normals: bool) -> Vec<[[f64; 3]; 3]> {
    let value = |t: usize, row: usize, d: usize| (100 * t + 10 * row + d) as f64 / 8.0;
    let file = File::append(path).unwrap();
    let group = file.group(GROUP).or_else(|_| file.create_group(GROUP)).unwrap();
    if normals {
        let data = ndarray::Array3::from_shape_fn((2, 4, 3), |(t, row, d)| value(t, row, d) as f32);
        group.new_dataset_builder().with_data(&data).create(name).unwrap();
    } else {
        let data = ndarray::Array3::from_shape_fn((2, 3, 3), |(t, row, d)| value(t, row + 1, d));
        group.new_dataset_builder().with_data(&data).create(name).unwrap();
    }
    (0..2).map(|t| std::array::from_fn(|n| std::array::from_fn(|d| value(t, n + 1, d)))).collect()
}

const GROUP: &str = "regions/stl";

#[test]
fn bodies_are_read_and_what_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.pyfrm");
    Content::of(&BoxMesh::new(Cells::Tri, [2, 1, 1]).raw(), 2).write(&path);
    assert_eq!(bodies(&path).unwrap(), []);
    let triangles = add_body(&path, "wing", true);
    assert_eq!(add_body(&path, "flap", false), triangles);
    assert_eq!(bodies(&path).unwrap(), [("flap".to_string(), triangles.clone()), ("wing".into(), triangles)]);
    let odd = |name: &str, shape: &[usize]| {
        let file = File::append(&path).unwrap();
        file.group(GROUP).unwrap().new_dataset::<f64>().shape(shape).create(name).unwrap();
        let message = bodies(&path).unwrap_err().to_string();
        file.group(GROUP).unwrap().unlink(name).unwrap();
        message
    };
    assert!(odd("a", &[2, 5, 3]).contains("/regions/stl/a: its shape [2, 5, 3] is not that of triangles"));
    assert!(odd("a", &[6, 3]).contains("2 dimensions, not 3"));
    assert!(odd("a", &[1 << 40, 4, 3]).contains("too large"));
}

#[test]
fn damaged_files_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.pyfrm");
    let content = Content::of(&BoxMesh::new(Cells::Tri, [2, 1, 1]).periodic([true, false, false]).raw(), 2);
    for newest in [true, false] {
        content.write_as(&path, newest);
        add_body(&path, "wing", newest);
        let whole = std::fs::read(&path).unwrap();
        for length in (0..whole.len()).step_by(97) {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(read(&path).is_err(), "{length} of {}", whole.len());
        }
        for at in (0..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[at] ^= [0xff, 1, 0x80][at % 3];
            std::fs::write(&path, &damaged).unwrap();
            let _ = read(&path).map(|read| connect(read.raw).map_err(|e| e.to_string()));
            let _ = bodies(&path);
        }
    }
}

/// Files of PyFR 3.1 and the Gmsh files that it made them from: a strip of curved triangles and quadrilaterals,
/// periodic; tetrahedra, hexahedra, prisms and pyramids of second order. Written anew as the book says, because that
/// PyFR had a later HDF5 library.
#[test]
fn files_of_pyfr_hold_what_the_gmsh_files_hold_that_they_were_made_from() {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", "pyfrm"].iter().collect();
    for name in ["strip", "shapes"] {
        let theirs = read(&folder.join(name).with_extension("pyfrm")).unwrap().raw;
        let ours = gmsh::read(&folder.join(name).with_extension("msh")).unwrap();
        assert_eq!(volume(&theirs).len(), volume(&ours).len());
        for (a, b) in volume(&theirs).into_iter().zip(volume(&ours)) {
            assert_eq!((a.0, a.1, a.2.len()), (b.0, b.1, b.2.len()));
            let n = a.0.points(a.1);
            // PyFR moves the nodes of straight elements to where the vertices say they are.
            let near = |&(a, b): &(&u32, &u32)| {
                let (a, b) = (theirs.nodes[*a as usize], ours.nodes[*b as usize]);
                (0..3).all(|d| (a[d] - b[d]).abs() < 1e-6)
            };
            for element in b.2.chunks(n) {
                let same = a.2.chunks(n).filter(|other| other.iter().zip(element).all(|pair| near(&pair)));
                assert_eq!(same.count(), 1, "{name} {:?}", a.0);
            }
        }
        let (one, two) = (connected(&theirs), connected(&ours));
        assert_eq!(
            (one.len(), one.nodes.len(), one.boundaries),
            (two.len(), two.nodes.len(), two.boundaries)
        );
        // Boundary elements are as many; PyFR calls boundaries and periodic patches the same.
        let names = |raw| surface(raw).into_iter().map(|(_, name)| name.to_string()).collect::<Vec<_>>();
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        assert_eq!(sorted(names(&theirs)), sorted(names(&ours)));
    }
}
