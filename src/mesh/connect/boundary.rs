//! Which boundary each face on the outside belongs to.

use super::collect::{Surface, at_most};
use super::error::{At, ConnectError, Notice, Place};
use super::faces::{Faces, key};
use super::periodic::{self, Patch};
use crate::mesh::mean;
use crate::mesh::raw::Group;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Marks an open face without a boundary element.
const NONE: u32 = u32::MAX;

/// Gives open faces the boundaries of the boundary elements on them and joins periodic patches. Returns the names of
/// the boundaries.
pub fn assign(
    faces: &mut Faces,
    groups: &[Group],
    surfaces: &[Surface],
    notices: &mut Vec<Notice>,
) -> Result<Vec<String>, ConnectError> {
    at_most("boundary faces", faces.open.len(), NONE as usize)?;
    let owner = owners(faces, groups, surfaces)?;
    let mut of_group: Vec<Vec<u32>> = vec![Vec::new(); groups.len()];
    for (i, &group) in owner.iter().enumerate().filter(|(_, group)| **group != NONE) {
        of_group[group as usize].push(i as u32);
    }
    // Groups of the same name are one boundary.
    let mut boundaries: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let mut patches: BTreeMap<String, [(&str, Vec<u32>); 2]> = BTreeMap::new();
    for (group, members) in groups.iter().zip(of_group) {
        if members.is_empty() {
            if group.dim + 1 == faces.volume.dims {
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
        periodic::join(faces, name, left, right)?;
    }
    at_most("boundaries", boundaries.len(), u16::MAX as usize)?;
    for (b, members) in boundaries.values().enumerate() {
        members.par_iter().for_each(|&i| faces.bound(&faces.open[i as usize], b as u16));
    }
    Ok(boundaries.into_keys().map(String::from).collect())
}

/// The physical group of each open face, from the boundary elements.
fn owners(faces: &Faces, groups: &[Group], surfaces: &[Surface]) -> Result<Vec<u32>, ConnectError> {
    let mut owner = vec![NONE; faces.open.len()];
    for surface in surfaces {
        let per = surface.shape.vertices().len();
        let element = |e: usize| &surface.vertices[e * per..(e + 1) * per];
        let found: Vec<Option<u32>> = (0..surface.groups.len())
            .into_par_iter()
            .map(|e| {
                let key = key(element(e));
                faces.open.binary_search_by(|f| f.key.cmp(&key)).ok().map(|i| i as u32)
            })
            .collect();
        for (e, found) in found.into_iter().enumerate() {
            let name = |g: u32| groups[g as usize].name.clone();
            let group = surface.groups[e];
            let place = || {
                let points: Vec<[f64; 3]> =
                    element(e).iter().map(|&v| faces.volume.nodes[v as usize]).collect();
                Place { shape: surface.shape.name(), number: surface.numbers.get(e), at: At(mean(&points)) }
            };
            let Some(i) = found else {
                return Err(match faces.find(key(element(e)))[..] {
                    [a, b, ..] => ConnectError::BoundaryInside {
                        group: name(group),
                        place: place(),
                        sides: faces.volume.places(&a, &b),
                    },
                    _ => ConnectError::BoundaryOffVolume { group: name(group), place: place() },
                });
            };
            let owner = &mut owner[i as usize];
            if *owner != NONE {
                let (group, other) = (name(group), name(*owner));
                return Err(ConnectError::BoundaryTwice { group, other, place: place() });
            }
            *owner = group;
        }
    }
    Ok(owner)
}
