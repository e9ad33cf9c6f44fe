//! Partitionings in mesh files, stored so that a rank finds its elements, and the owners of a few others, without reading
//! the rest.
//!
//! Two lists say the same thing from both ends: `elements` (sorted by part) with `offsets`, and `part_of` by element. Every
//! rank compares what it reads of them. As the slices of `elements` cover as many entries as there are elements, and no
//! element can be in two slices (`part_of` names one part), agreement on every rank means that the slices are a division of
//! the mesh, and that the rank which `part_of` names as a neighbour's owner does own it.

use super::file::MeshFile;
use super::table::{self, Table};
use super::{StoreError, check_name};
use crate::mesh::Partitioning;
use hdf5::Group;

/// A partitioning in an open file.
pub struct Division<'a> {
    file: &'a MeshFile,
    group: Group,
    pub parts: usize,
    elements: Table<u32>,
    offsets: Table<u64>,
    part_of: Table<u32>,
}

impl<'a> Division<'a> {
    /// Opens the partitioning `name` and compares its counts with those of the mesh.
    pub fn open(file: &'a MeshFile, name: &str) -> Result<Division<'a>, StoreError> {
        check_name(name)?;
        let Some(&(_, parts)) = file.partitionings().iter().find(|p| p.0 == name) else {
            return Err(StoreError::PartitioningMissing {
                path: file.path().into(),
                name: name.into(),
                present: file.partitionings().iter().map(|p| p.0.clone()).collect(),
            });
        };
        let reader = &file.reader;
        let group = reader.group(&format!("partitionings/{name}"))?;
        let elements = Table::<u32>::open(reader, &group, "elements", None)?;
        let offsets = Table::<u64>::open(reader, &group, "offsets", None)?;
        let part_of = Table::<u32>::open(reader, &group, "part_of", None)?;
        let division = Division { file, group, parts, elements, offsets, part_of };
        let entries = [division.elements.rows, division.part_of.rows];
        if entries != [file.len(); 2] {
            let [a, b] = entries;
            return Err(
                division.wrong(format!("it divides {a} and {b} elements, but the mesh has {}", file.len()))
            );
        }
        if parts == 0 || parts > file.len() || division.offsets.rows != parts + 1 {
            let rows = division.offsets.rows;
            return Err(division.wrong(format!("{parts} parts of {} elements, {rows} offsets", file.len())));
        }
        Ok(division)
    }

    /// Global ids of the elements of a part, increasing.
    pub fn ids(&self, part: usize) -> Result<Vec<u32>, StoreError> {
        let ends = self.offsets.read(part..part + 2)?;
        let (start, end) = (ends[0], ends[1]);
        let total = self.elements.rows as u64;
        let first_and_last = (part > 0 || start == 0) && (part + 1 < self.parts || end == total);
        if start >= end || end > total || !first_and_last {
            return Err(
                self.wrong(format!("part {part} is said to reach from entry {start} to {end} of {total}"))
            );
        }
        let ids = self.elements.read(start as usize..end as usize)?;
        if !ids.is_sorted_by(|a, b| a < b) || ids.last().is_none_or(|id| *id as usize >= self.file.len()) {
            return Err(self.wrong(format!("the elements of part {part} are not increasing or do not exist")));
        }
        let parts = self.part_of.gather(&ids, 0)?;
        match parts.iter().position(|p| *p as usize != part) {
            Some(i) => Err(self.wrong(format!("element {} is in parts {part} and {}", ids[i], parts[i]))),
            None => Ok(ids),
        }
    }

    /// Parts of the elements `ids`, increasing global ids that exist.
    pub fn owners(&self, ids: &[u32]) -> Result<Vec<u32>, StoreError> {
        let parts = self.part_of.gather(ids, 0)?;
        match parts.iter().position(|p| *p as usize >= self.parts) {
            Some(i) => {
                Err(self.wrong(format!("element {} is in part {} of {}", ids[i], parts[i], self.parts)))
            }
            None => Ok(parts),
        }
    }

    /// All of it.
    pub fn whole(&self) -> Result<Partitioning, StoreError> {
        let partitioning = Partitioning { parts: self.parts, part_of: self.part_of.all()? };
        partitioning.validate(self.file.len()).map_err(|e| self.wrong(e.to_string()))?;
        let (elements, offsets) = by_part(&partitioning);
        if self.elements.all()? != elements || self.offsets.all()? != offsets {
            return Err(self.wrong("its datasets contradict each other".into()));
        }
        Ok(partitioning)
    }

    fn wrong(&self, what: String) -> StoreError {
        self.file.reader.invalid(&self.group, what)
    }
}

/// Writes a valid partitioning.
pub fn write(at: &Group, name: &str, partitioning: &Partitioning) -> hdf5::Result<()> {
    let group = at.create_group(name)?;
    group.new_attr::<u32>().create("parts")?.write_scalar(&(partitioning.parts as u32))?;
    let (elements, offsets) = by_part(partitioning);
    table::write(&group, "elements", elements.len(), None, |rows, out| {
        out.extend_from_slice(&elements[rows])
    })?;
    table::write(&group, "offsets", offsets.len(), None, |rows, out| out.extend_from_slice(&offsets[rows]))?;
    let part_of = &partitioning.part_of;
    table::write(&group, "part_of", part_of.len(), None, |rows, out| out.extend_from_slice(&part_of[rows]))
}

/// Global ids sorted by part, then id; where each part starts, and the end of the last. For parts in range.
fn by_part(partitioning: &Partitioning) -> (Vec<u32>, Vec<u64>) {
    let mut offsets = vec![0u64; partitioning.parts + 1];
    for &part in &partitioning.part_of {
        offsets[part as usize + 1] += 1;
    }
    for part in 0..partitioning.parts {
        offsets[part + 1] += offsets[part];
    }
    let mut next = offsets.clone();
    let mut elements = vec![0u32; partitioning.part_of.len()];
    for (id, &part) in partitioning.part_of.iter().enumerate() {
        elements[next[part as usize] as usize] = id as u32;
        next[part as usize] += 1;
    }
    (elements, offsets)
}
