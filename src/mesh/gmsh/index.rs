//! The position of each node by its number in the file.

use crate::mesh::raw::Numbers;
use std::collections::HashMap;

/// Nothing to store while each number is one more than the one before, as in most files. Else a table up to four times as
/// long as there are nodes, and a hash map for the numbers beyond it.
#[derive(Default)]
pub(super) struct NodeIndex {
    count: u32,
    /// The first number.
    first: u64,
    /// False while the numbers are consecutive.
    listed: bool,
    dense: Vec<u32>,
    dense_limit: usize,
    sparse: HashMap<u64, u32>,
}

/// Marks an unused entry of the dense table.
const NONE: u32 = u32::MAX;

impl NodeIndex {
    /// Prepares for `count` numbers.
    pub fn expect(&mut self, count: usize) {
        self.dense_limit = count.saturating_mul(4).saturating_add(1);
    }

    /// True when no further number can be taken.
    pub fn is_full(&self) -> bool {
        self.count == NONE
    }

    /// The position of the node with this number.
    #[inline]
    pub fn get(&self, tag: u64) -> Option<u32> {
        if !self.listed {
            let index = tag.wrapping_sub(self.first);
            return (index < self.count.into()).then_some(index as u32);
        }
        match usize::try_from(tag).ok().and_then(|tag| self.dense.get(tag)) {
            Some(&index) => (index != NONE).then_some(index),
            None => self.sparse.get(&tag).copied(),
        }
    }

    /// Gives `tag` the next position; false if it has one.
    pub fn insert(&mut self, tag: u64) -> bool {
        if self.get(tag).is_some() {
            return false;
        }
        if self.count == 0 {
            self.first = tag;
        }
        if !self.listed && self.first.checked_add(self.count.into()) != Some(tag) {
            self.listed = true;
            (0..self.count).for_each(|index| self.list(self.first + u64::from(index), index));
        }
        if self.listed {
            self.list(tag, self.count);
        }
        self.count += 1;
        true
    }

    fn list(&mut self, tag: u64, index: u32) {
        match usize::try_from(tag) {
            Ok(tag) if tag < self.dense_limit => {
                if tag >= self.dense.len() {
                    self.dense.resize(tag + 1, NONE);
                }
                self.dense[tag] = index;
            }
            _ => drop(self.sparse.insert(tag, index)),
        }
    }

    /// Gives each of `tags` the next position; false, and nothing is changed, if that cannot be.
    pub fn insert_all(&mut self, tags: &Numbers) -> bool {
        let before = self.count;
        if tags.len() >= (NONE - before) as usize {
            return false;
        }
        for (i, tag) in tags.iter().enumerate() {
            if !self.insert(tag) {
                tags.iter().take(i).for_each(|tag| self.remove(tag));
                self.count = before;
                return false;
            }
        }
        true
    }

    fn remove(&mut self, tag: u64) {
        match usize::try_from(tag).ok().and_then(|tag| self.dense.get_mut(tag)) {
            Some(index) => *index = NONE,
            None => drop(self.sparse.remove(&tag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_whatever_their_order() {
        let lists: [Vec<u64>; 6] = [
            (1..=9).collect(),
            (0..9).rev().collect(),
            (u64::MAX - 8..=u64::MAX).collect(),
            vec![5, 6, 7, 1, 2, 100_000, 8, 0, 100_001],
            vec![u64::MAX, 0, 1, 2],
            vec![1 << 40, (1 << 40) + 1, 1],
        ];
        for list in lists {
            let mut index = NodeIndex::default();
            index.expect(list.len());
            for (i, &tag) in list.iter().enumerate() {
                assert_eq!(index.get(tag), None);
                assert!(index.insert(tag));
                assert!(list[..=i].iter().all(|&tag| !index.insert(tag)));
                // What does not fit as a whole leaves no trace.
                assert!(!index.insert_all(&[1 << 50, 3 << 30, tag].into_iter().collect()));
            }
            assert!((0..).zip(&list).all(|(i, &tag)| index.get(tag) == Some(i)));
            assert!([1 << 50, 3 << 30, 77].iter().all(|&tag| index.get(tag).is_none()));
            let mut at_once = NodeIndex::default();
            at_once.expect(list.len());
            assert!(at_once.insert_all(&list.iter().copied().collect()));
            assert!((0..).zip(&list).all(|(i, &tag)| at_once.get(tag) == Some(i)));
        }
    }
}
