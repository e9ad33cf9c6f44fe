//! A writer of every variant, and the promise that what it writes is read back.

use crate::element::Shape;
use crate::mesh::gmsh::read_bytes;
use crate::mesh::gmsh::scan::Encoding;
use crate::mesh::gmsh::types::{Lattice, supported};
use crate::mesh::raw::{Group, RawBlock, RawMesh};
use proptest::prelude::*;

/// Writes numbers in an encoding.
struct Out {
    encoding: Encoding,
    bytes: Vec<u8>,
}

impl Out {
    fn text(&mut self, text: &str) {
        self.bytes.extend(text.as_bytes());
    }

    fn put<const N: usize>(&mut self, text: String, big: [u8; N]) {
        let mut binary = big;
        match self.encoding {
            Encoding::Text => return self.text(&(text + " ")),
            Encoding::Little => binary.reverse(),
            Encoding::Big => (),
        }
        self.bytes.extend(binary);
    }

    fn ints(&mut self, values: &[i32]) {
        values.iter().for_each(|v| self.put(v.to_string(), v.to_be_bytes()));
    }

    fn sizes(&mut self, values: &[u64]) {
        values.iter().for_each(|v| self.put(v.to_string(), v.to_be_bytes()));
    }

    fn reals(&mut self, values: &[f64]) {
        values.iter().for_each(|v| self.put(v.to_string(), v.to_be_bytes()));
    }

    /// Ends an entry.
    fn end(&mut self) {
        if self.encoding == Encoding::Text {
            self.text("\n");
        }
    }

    /// An entry of MSH 2.2, whose binary integers are all short.
    fn tag(&mut self, tag: u64) {
        self.ints(&[i32::try_from(tag).unwrap()]);
    }
}

fn gmsh_type(shape: Shape, order: usize) -> (i32, &'static Lattice) {
    supported().find(|(_, l)| (l.shape, l.order) == (shape, order) && !l.is_serendipity()).unwrap()
}

/// The file of `mesh`, whose node `i` gets the number `tags[i]`.
pub fn write(mesh: &RawMesh, tags: &[u64], v4: bool, encoding: Encoding) -> Vec<u8> {
    let binary = i32::from(encoding != Encoding::Text);
    let mut out = Out { encoding, bytes: Vec::new() };
    out.text(&format!("$MeshFormat\n{} {binary} 8\n", if v4 { "4.1" } else { "2.2" }));
    if binary == 1 {
        out.ints(&[1]);
    }
    out.text(&format!("\n$EndMeshFormat\n$PhysicalNames\n{}\n", mesh.groups.len()));
    for g in &mesh.groups {
        out.text(&format!("{} {} \"{}\"\n", g.dim, g.tag, g.name));
    }
    out.text("$EndPhysicalNames\n");
    if v4 {
        write_v4(&mut out, mesh, tags)
    } else {
        write_v2(&mut out, mesh, tags)
    }
    out.bytes
}

fn write_v2(out: &mut Out, mesh: &RawMesh, tags: &[u64]) {
    out.text(&format!("$Nodes\n{}\n", tags.len()));
    for (x, &tag) in mesh.nodes.iter().zip(tags) {
        out.tag(tag);
        out.reals(x);
        out.end();
    }
    let count: usize = mesh.blocks.iter().map(|b| b.groups.len()).sum();
    out.text(&format!("\n$EndNodes\n$Elements\n{count}\n"));
    for block in &mesh.blocks {
        let (number, lattice) = gmsh_type(block.shape, block.order);
        let n = lattice.to_lattice.len();
        if out.encoding != Encoding::Text {
            out.ints(&[number, block.groups.len() as i32, 2]);
        }
        for (e, nodes) in block.nodes.chunks(n).enumerate() {
            out.tag(block.numbers.get(e));
            if out.encoding == Encoding::Text {
                out.ints(&[number, 2]);
            }
            out.ints(&[mesh.groups[block.groups[e] as usize].tag, 77]);
            lattice.to_lattice.iter().for_each(|&slot| out.tag(tags[nodes[slot] as usize]));
            out.end();
        }
    }
    out.text("\n$EndElements\n");
}

fn write_v4(out: &mut Out, mesh: &RawMesh, tags: &[u64]) {
    // One entity a group, numbered like the groups; the points are of no group.
    let of_dim = |dim| mesh.groups.iter().enumerate().filter(move |(_, g)| g.dim == dim);
    out.text("$Entities\n");
    out.sizes(&[1]);
    (1..4).for_each(|dim| out.sizes(&[of_dim(dim).count() as u64]));
    out.ints(&[1]);
    out.reals(&[0.0; 3]);
    out.sizes(&[0]);
    for dim in 1..4 {
        for (i, group) in of_dim(dim) {
            out.ints(&[i as i32 + 1]);
            out.reals(&[f64::NEG_INFINITY, 0.0, 0.0, f64::INFINITY, 0.0, 0.0]);
            out.sizes(&[1]);
            out.ints(&[-group.tag]);
            out.sizes(&[2]);
            out.ints(&[1, -1]);
        }
    }
    out.text("\n$EndEntities\n$Nodes\n");
    out.sizes(&[2, tags.len() as u64, 0, 0]);
    let half = tags.len() / 2;
    for (nodes, tags) in [(&mesh.nodes[..half], &tags[..half]), (&mesh.nodes[half..], &tags[half..])] {
        out.ints(&[2, 1, 1]);
        out.sizes(&[tags.len() as u64]);
        out.end();
        for &tag in tags {
            out.sizes(&[tag]);
            out.end();
        }
        for &[x, y, z] in nodes {
            out.reals(&[x, y, z, 0.5, f64::NAN]);
            out.end();
        }
    }
    out.text("\n$EndNodes\n$Elements\n");
    // Elements that follow each other in a group are a block; before them stands an empty one.
    let runs = |b: &RawBlock| b.groups.chunk_by(|a, b| a == b).map(<[u32]>::len).collect::<Vec<_>>();
    let blocks: usize = mesh.blocks.iter().map(|b| runs(b).len()).sum();
    let count: usize = mesh.blocks.iter().map(|b| b.groups.len()).sum();
    out.sizes(&[blocks as u64 + 1, count as u64, 0, 0]);
    out.ints(&[0, 1, 15]);
    out.sizes(&[0]);
    for block in &mesh.blocks {
        let (number, lattice) = gmsh_type(block.shape, block.order);
        let mut elements = block.nodes.chunks(lattice.to_lattice.len()).enumerate();
        for run in runs(block) {
            for (i, (e, nodes)) in elements.by_ref().take(run).enumerate() {
                if i == 0 {
                    out.end();
                    out.ints(&[block.shape.dims() as i32, block.groups[e] as i32 + 1, number]);
                    out.sizes(&[run as u64]);
                    out.end();
                }
                out.sizes(&[block.numbers.get(e)]);
                lattice.to_lattice.iter().for_each(|&slot| out.sizes(&[tags[nodes[slot] as usize]]));
                out.end();
            }
        }
    }
    out.text("\n$EndElements\n$Unknown\n\x00\x01$End\n$EndUnknown\n");
}

/// Every variant, the binary ones in both byte orders.
pub fn variants() -> impl Iterator<Item = (bool, Encoding)> {
    [false, true].into_iter().flat_map(|v4| {
        [Encoding::Text, Encoding::Little, Encoding::Big].into_iter().map(move |encoding| (v4, encoding))
    })
}

/// A mesh without geometrical sense, with two groups a dimension, and numbers for its nodes.
pub fn any_mesh() -> impl Strategy<Value = (RawMesh, Vec<u64>)> {
    let coordinate = prop_oneof![-1e3..1e3, any::<f64>().prop_filter("finite", |x| x.is_finite())];
    let node = [coordinate.clone(), coordinate.clone(), coordinate];
    let nodes = prop::collection::vec(node, 20..60);
    let blocks = prop::collection::vec((0usize..20, 1usize..=4, any::<u32>()), Shape::ALL.len());
    (nodes, blocks, prop_oneof![1u64..9, 1u64..1000000]).prop_map(|(nodes, blocks, step)| {
        let groups = (0..6)
            .map(|i| Group { dim: 1 + i / 2, tag: 3 + 5 * i as i32, name: format!("group {i} \u{e9}") })
            .collect();
        let blocks = Shape::ALL
            .into_iter()
            .zip(blocks)
            .filter(|(_, (count, ..))| *count > 0)
            .map(|(shape, (count, order, seed))| RawBlock {
                shape,
                order,
                // Neighbours in the list differ in their first node, so that none is taken for a copy of another.
                nodes: (0..count * shape.points(order))
                    .map(|i| match (i / shape.points(order), i % shape.points(order)) {
                        (e, 0) => e as u32 % 2,
                        _ => (i as u32 + seed % 1000) % nodes.len() as u32,
                    })
                    .collect(),
                groups: (0..count as u32)
                    .map(|e| 2 * (shape.dims() as u32 - 1) + (seed >> (e % 30)) % 2)
                    .collect(),
                numbers: (0..count as u64).map(|e| 10 * e + 1).collect(),
            })
            .collect();
        let tags = (0..nodes.len() as u64).map(|i| (i * 7919 % 10007) * step).collect();
        (RawMesh { nodes, groups, blocks, completed: 0 }, tags)
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_in_every_variant((mesh, tags) in any_mesh()) {
        for (v4, encoding) in variants() {
            // Numbers beyond 4 bytes do not exist in binary MSH 2.2.
            let tags: Vec<u64> = tags.iter().map(|t| if v4 { *t } else { t % (1 << 31) }).collect();
            let mut distinct = tags.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assume!(distinct.len() == tags.len());
            let read = read_bytes("test.msh", &write(&mesh, &tags, v4, encoding));
            prop_assert_eq!(read.map_err(|e| format!("{v4} {encoding:?} {e}")), Ok(mesh.clone()));
        }
    }

    #[test]
    fn what_the_writer_of_the_library_writes_is_read((mesh, _) in any_mesh()) {
        let mut file = Vec::new();
        crate::mesh::gmsh::write(&mesh, &mut file).unwrap();
        prop_assert_eq!(read_bytes("test.msh", &file).map_err(|e| e.to_string()), Ok(mesh));
    }
}

#[test]
fn names_that_would_end_early_are_not_written() {
    let group = Group { dim: 2, tag: 1, name: "the \"wall\"".into() };
    let mesh = RawMesh { groups: vec![group], ..RawMesh::default() };
    let refused = crate::mesh::gmsh::write(&mesh, Vec::new()).unwrap_err();
    assert!(refused.to_string().contains("cannot hold the name"), "{refused}");
}
