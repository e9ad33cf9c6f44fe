//! Where ids stand in lists of them.

/// Finds positions in an increasing list of ids that is mostly runs of successive ones: as fast and as small as the runs
/// are few.
pub struct Positions {
    /// First id of each run.
    starts: Vec<u32>,
    /// Position of that id; at the end the length of the list.
    before: Vec<u32>,
}

impl Positions {
    /// For a strictly increasing list.
    pub fn new(ids: &[u32]) -> Positions {
        let (mut starts, mut before) = (Vec::new(), Vec::new());
        for (i, &id) in ids.iter().enumerate() {
            if i == 0 || ids[i - 1] + 1 != id {
                starts.push(id);
                before.push(i as u32);
            }
        }
        before.push(ids.len() as u32);
        Positions { starts, before }
    }

    /// Position of `id` in the list, if it is there.
    pub fn find(&self, id: u32) -> Option<usize> {
        let run = self.starts.partition_point(|start| *start <= id).checked_sub(1)?;
        let position = self.before[run] as usize + (id - self.starts[run]) as usize;
        (position < self.before[run + 1] as usize).then_some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_a_search() {
        for ids in [&[][..], &[0], &[7], &[0, 1, 2, 3], &[1, 2, 5, 6, 7, 9, u32::MAX - 1, u32::MAX]] {
            let positions = Positions::new(ids);
            for id in (0..12).chain(u32::MAX - 3..=u32::MAX) {
                assert_eq!(positions.find(id), ids.binary_search(&id).ok(), "{id} in {ids:?}");
            }
        }
    }
}
