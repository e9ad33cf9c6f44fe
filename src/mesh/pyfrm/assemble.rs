//! Makes a raw mesh of the tables of a file, and checks that its connectivity is that of the nodes.

use super::codec::{Code, parse};
use super::file::Reader;
use super::rows::{self, Beyond, NO_ELEMENT, Table};
use crate::element::Shape;
use crate::mesh::pyfr::PyfrError;
use crate::mesh::raw::{Group, RawBlock, RawMesh};
use crate::mesh::vertex_nodes;
use std::collections::{BTreeMap, HashSet};

/// A face of the mesh: table, element in it, face of the element.
type FaceId = (usize, usize, usize);

/// Everything that faces are looked up in.
struct Faces<'a> {
    reader: &'a Reader,
    tables: Vec<Table>,
    /// Lattice positions of the vertices, by table.
    corners: Vec<Vec<usize>>,
    codec: Vec<Code>,
    /// Faces that are joined to others at another place.
    periodic: HashSet<FaceId>,
}

/// Boundary elements of order 1 by shape: nodes in lattice order, and groups.
type Surface = BTreeMap<Shape, (Vec<u32>, Vec<u32>)>;

/// Reads the whole mesh.
pub fn raw(reader: &Reader) -> Result<RawMesh, PyfrError> {
    let (nodes, dims) = rows::nodes(reader)?;
    let mut tables = Vec::new();
    for name in reader.members("eles")? {
        let Some(shape) = Shape::from_name(&name).filter(|s| s.dims() == dims) else {
            let what = format!("there are no elements of type \"{name}\" in {dims} dimensions");
            return Err(reader.invalid("/eles", what));
        };
        tables.push(rows::table(reader, shape, nodes.len())?);
    }
    tables.retain(|t| t.len() > 0);
    tables.sort_by_key(|t| t.shape);
    let codec: Vec<Code> = reader.codec()?.iter().map(|entry| parse(entry)).collect();
    let corners = tables.iter().map(|t| vertex_nodes(t.shape, t.order)).collect();
    let mut faces = Faces { reader, tables, corners, codec, periodic: HashSet::new() };

    let mut groups = vec![Group { dim: dims, tag: 1, name: "fluid".into() }];
    let mut surface = Surface::new();
    let mut group = |name: String| {
        let tag = groups.len() as i32 + 1;
        groups.push(Group { dim: dims - 1, tag, name });
        groups.len() as u32 - 1
    };
    for name in reader.members("periodic")? {
        let sides = ["l", "r"].map(|side| group(format!("periodic_{}_{side}", name.to_lowercase())));
        for pair in faces.pairs(&format!("/periodic/{name}"))? {
            for (id, group) in pair.into_iter().zip(sides) {
                faces.push(&mut surface, id, group);
            }
        }
    }
    let group_of: Vec<Option<u32>> = faces
        .codec
        .iter()
        .map(|code| match code {
            Code::Boundary(name) => Some(group(name.clone())),
            _ => None,
        })
        .collect();
    for id in faces.ids() {
        if let Some(cidx) = faces.check(id)? {
            faces.push(&mut surface, id, group_of[cidx].expect("a boundary has a group"));
        }
    }

    let numbers = |count: usize| (0..count as u64).collect();
    let surface = surface.into_iter().map(|(shape, (nodes, groups))| {
        let numbers = numbers(groups.len());
        RawBlock { shape, order: 1, nodes, groups, numbers }
    });
    let mut blocks: Vec<RawBlock> = surface.collect();
    blocks.extend(faces.tables.into_iter().map(|table| {
        let count = table.len();
        let Table { shape, order, nodes, .. } = table;
        RawBlock { shape, order, nodes, groups: vec![0; count], numbers: numbers(count) }
    }));
    Ok(RawMesh { nodes, groups, blocks, completed: 0 })
}

impl Faces<'_> {
    /// Every face.
    fn ids(&self) -> impl Iterator<Item = FaceId> + use<> {
        let counts: Vec<_> = self.tables.iter().map(|t| (t.len(), t.shape.faces().len())).collect();
        counts.into_iter().enumerate().flat_map(|(t, (elements, faces))| {
            (0..elements).flat_map(move |e| (0..faces).map(move |f| (t, e, f)))
        })
    }

    /// The pairs of a list of periodic faces, each of which must be joined to the other.
    fn pairs(&mut self, object: &str) -> Result<Vec<[FaceId; 2]>, PyfrError> {
        let mut pairs = Vec::new();
        for (i, pair) in rows::pairs(self.reader, object)?.iter().enumerate() {
            let ids = pair.each_ref().map(|face| Beyond::of(face).and_then(|b| self.face(b).ok().flatten()));
            let [Some(a), Some(b)] = ids else {
                return Err(self
                    .reader
                    .invalid(object, format!("pair {i} names a face that does not exist")));
            };
            let joined = |from, to| self.face(self.beyond(from)).is_ok_and(|face| face == Some(to));
            if a == b || !joined(a, b) || !joined(b, a) {
                let what = format!("the faces of pair {i} are not joined to each other in /eles");
                return Err(self.reader.invalid(object, what));
            }
            if !self.periodic.insert(a) || !self.periodic.insert(b) {
                return Err(self.reader.invalid(object, format!("a face of pair {i} is in another pair")));
            }
            pairs.push([a, b]);
        }
        Ok(pairs)
    }

    /// Checks a face. Entry of the codec if it is on a boundary.
    fn check(&self, id: FaceId) -> Result<Option<usize>, PyfrError> {
        let beyond = self.beyond(id);
        let theirs = match self.face(beyond) {
            Ok(Some(theirs)) => theirs,
            Ok(None) => return Ok(Some(beyond.cidx as usize)),
            Err(what) => return Err(self.fault(id, what)),
        };
        match self.face(self.beyond(theirs)) {
            Ok(Some(back)) if back == id => {}
            Ok(_) => return Err(self.fault(id, "is joined to a face that is not joined to it")),
            Err(what) => return Err(self.fault(theirs, what)),
        }
        if !self.periodic.contains(&id) && self.key(id) != self.key(theirs) {
            let what = "is joined to a face with other vertices, and no list in /periodic has the two";
            return Err(self.fault(id, what));
        }
        Ok(None)
    }

    fn fault(&self, (t, e, f): FaceId, what: &str) -> PyfrError {
        let object = format!("/eles/{}", self.tables[t].shape.name());
        self.reader.invalid(&object, format!("face {f} of element {e} {what}"))
    }

    fn beyond(&self, (t, e, f): FaceId) -> Beyond {
        let table = &self.tables[t];
        table.beyond[e * table.shape.faces().len() + f]
    }

    /// The face that is meant, none for a boundary; what is wrong otherwise.
    fn face(&self, beyond: Beyond) -> Result<Option<FaceId>, &'static str> {
        match self.codec.get(beyond.cidx as usize) {
            Some(Code::Boundary(_)) if beyond.off == NO_ELEMENT => Ok(None),
            Some(Code::Boundary(_)) => Err("is joined to an element of a boundary, which has none"),
            Some(&Code::Face { shape, face }) => {
                let there = |t: &Table| t.shape == shape && (beyond.off as usize) < t.len();
                match self.tables.iter().position(there) {
                    Some(t) => Ok(Some((t, beyond.off as usize, face as usize))),
                    None => Err("is joined to an element that does not exist"),
                }
            }
            Some(Code::Other) => Err("is joined to an entry of /codec that is neither a face nor a boundary"),
            None => Err("is joined to an entry that /codec does not have"),
        }
    }

    /// Vertices of a face, counter-clockwise seen from outside, and its shape.
    fn ring(&self, (t, e, f): FaceId) -> (Shape, impl Iterator<Item = u32>) {
        let table = &self.tables[t];
        let face = &table.shape.faces()[f];
        let nodes = table.element(e);
        (face.shape, face.vertices.iter().map(move |&v| nodes[self.corners[t][v]]))
    }

    /// The same for faces with the same vertices.
    fn key(&self, id: FaceId) -> [u32; 4] {
        let mut key = [u32::MAX; 4];
        key.iter_mut().zip(self.ring(id).1).for_each(|(slot, v)| *slot = v);
        key.sort_unstable();
        key
    }

    /// Adds a face to the boundary elements.
    fn push(&self, surface: &mut Surface, id: FaceId, group: u32) {
        let (shape, ring) = self.ring(id);
        let (nodes, groups) = surface.entry(shape).or_default();
        let first = nodes.len();
        nodes.extend(ring);
        if shape == Shape::Quad {
            // From a ring to the lattice.
            nodes.swap(first + 2, first + 3);
        }
        groups.push(group);
    }
}
