//! Pairs the faces of a raw mesh.
//!
//! Elements are sorted into blocks and turned to positive volume (`volume`), faces are matched by their vertices
//! (`faces`), boundary elements give the remaining ones their boundaries, periodic patches are joined (`periodic`).

mod error;
mod faces;
mod periodic;
#[cfg(test)]
mod tests;
mod volume;

use super::{ElementBlock, Mesh, raw::RawMesh, vertex_nodes};
pub use error::{At, ConnectError, Notice, Place};
use faces::{Faces, key};
use periodic::Patch;
use std::collections::BTreeMap;
use volume::{Volume, at_most};

/// A connected mesh, and what its owner may want to know about how it came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Connected {
    /// The mesh, with a fresh uuid.
    pub mesh: Mesh,
    /// Nothing to worry about.
    pub notices: Vec<Notice>,
}

/// Sorts elements into blocks, pairs interior and periodic faces, assigns boundaries.
///
/// Elements of a block keep the order of the raw mesh. Two-dimensional meshes are moved to z = 0.
///
/// # Errors
/// Names the elements, coordinates or physical groups at fault.
pub fn connect(raw: &RawMesh) -> Result<Connected, ConnectError> {
    let mut volume = Volume::collect(raw)?;
    if volume.dims == 2 {
        volume.check_plane()?;
    }
    let mut notices: Vec<Notice> = volume.orient()?.into_iter().collect();
    if raw.completed > 0 {
        notices.push(Notice::Completed { count: raw.completed });
    }
    let mut faces = Faces::pair(&volume)?;
    let boundaries = assign(&volume, &mut faces, &mut notices)?;
    let links = faces.finish()?;

    let (nodes, new) = compact(&volume);
    let dropped = raw.nodes.len() - nodes.len();
    if dropped > 0 {
        notices.push(Notice::DroppedNodes { count: dropped });
    }
    let dims = volume.dims;
    let blocks = volume.blocks.into_iter().zip(links).map(|(block, links)| {
        let nodes = block.nodes.into_iter().map(|n| new[n as usize]).collect();
        ElementBlock { shape: block.shape, order: block.order, nodes, links }
    });
    let mesh = Mesh {
        uuid: uuid::Uuid::new_v4().to_string(),
        dims,
        nodes,
        blocks: blocks.collect(),
        boundaries,
        partitionings: BTreeMap::new(),
    };
    Ok(Connected { mesh, notices })
}

/// Gives open faces the boundaries of the boundary elements on them and joins periodic patches. Returns the names of
/// the boundaries.
fn assign(
    volume: &Volume,
    faces: &mut Faces,
    notices: &mut Vec<Notice>,
) -> Result<Vec<String>, ConnectError> {
    let raw = volume.raw;
    let surface = volume.dims - 1;
    let owner = owners(volume, faces)?;
    let mut of_group: Vec<Vec<usize>> = vec![Vec::new(); raw.groups.len()];
    for (i, owner) in owner.iter().enumerate() {
        if let Some(group) = owner {
            of_group[*group as usize].push(i);
        }
    }
    // Groups of the same name are one boundary.
    let mut boundaries: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut patches: BTreeMap<String, [(&str, Vec<usize>); 2]> = BTreeMap::new();
    for (group, members) in raw.groups.iter().zip(of_group) {
        if members.is_empty() {
            if group.dim == surface {
                periodic::parse(&group.name)?;
                notices.push(Notice::EmptyBoundary { name: group.name.clone() });
            }
            continue;
        }
        if group.name.is_empty() {
            return Err(ConnectError::Unnamed(group.tag));
        }
        let (name, list) = match periodic::parse(&group.name)? {
            Patch::Boundary => (&mut "", boundaries.entry(&group.name).or_default()),
            Patch::Periodic(pair, right) => {
                let (name, list) = &mut patches.entry(pair).or_default()[right as usize];
                (name, list)
            }
        };
        *name = &group.name;
        list.extend(members);
    }
    for (name, [(left_name, left), (right_name, right)]) in &patches {
        let missing = [(left, right_name, 'l'), (right, left_name, 'r')];
        if let Some((_, present, missing)) = missing.into_iter().find(|(list, ..)| list.is_empty()) {
            let (name, present) = (name.clone(), present.to_string());
            return Err(ConnectError::PeriodicMissing { name, present, missing });
        }
        periodic::join(faces, &raw.nodes, name, left, right)?;
    }
    at_most("boundaries", boundaries.len(), u16::MAX as usize)?;
    for (b, members) in boundaries.values().enumerate() {
        for &i in members {
            let face = faces.open[i];
            faces.bound(&face, b as u16);
        }
    }
    Ok(boundaries.into_keys().map(String::from).collect())
}

/// The physical group of each open face, from the boundary elements.
fn owners(volume: &Volume, faces: &Faces) -> Result<Vec<Option<u32>>, ConnectError> {
    let raw = volume.raw;
    let mut owner: Vec<Option<u32>> = vec![None; faces.open.len()];
    for block in raw.blocks.iter().filter(|b| b.shape.dims() + 1 == volume.dims) {
        let corners = vertex_nodes(block.shape, block.order);
        for (e, nodes) in block.nodes.chunks_exact(block.shape.points(block.order)).enumerate() {
            let vertices: Vec<u32> = corners.iter().map(|&c| nodes[c]).collect();
            let key = key(&vertices);
            let name = |g: u32| raw.groups[g as usize].name.clone();
            let place = || {
                let points: Vec<[f64; 3]> = vertices.iter().map(|&v| raw.nodes[v as usize]).collect();
                Place { shape: block.shape.name(), number: block.numbers[e], at: At(super::mean(&points)) }
            };
            let group = block.groups[e];
            let Ok(i) = faces.open.binary_search_by(|f| f.key.cmp(&key)) else {
                let (group, place) = (name(group), place());
                return Err(match faces.find(key) {
                    [a, b, ..] => ConnectError::BoundaryInside { group, place, sides: volume.places(a, b) },
                    _ => ConnectError::BoundaryOffVolume { group, place },
                });
            };
            if let Some(other) = owner[i] {
                let (group, other) = (name(group), name(other));
                return Err(ConnectError::BoundaryTwice { group, other, place: place() });
            }
            owner[i] = Some(group);
        }
    }
    Ok(owner)
}

/// Nodes of volume elements in the order of the raw mesh, and the new number of each raw node.
fn compact(volume: &Volume) -> (Vec<[f64; 3]>, Vec<u32>) {
    let mut new = vec![u32::MAX; volume.raw.nodes.len()];
    for block in &volume.blocks {
        block.nodes.iter().for_each(|&n| new[n as usize] = 0);
    }
    let mut nodes = Vec::new();
    for (new, x) in new.iter_mut().zip(&volume.raw.nodes) {
        if *new == 0 {
            *new = nodes.len() as u32;
            nodes.push(if volume.dims == 2 { [x[0], x[1], 0.0] } else { *x });
        }
    }
    (nodes, new)
}
