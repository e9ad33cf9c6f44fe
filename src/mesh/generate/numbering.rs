//! Numbers of the nodes that elements use.

use super::GenerateError;

/// Numbers nodes in the order of their keys, leaving out those that are not used.
pub enum Numbering {
    /// Every key is used: `0..count`.
    All(u64),
    /// Those marked are.
    Some(Marks),
}

/// A set of keys.
pub struct Marks {
    /// A bit a key.
    words: Vec<u64>,
    /// Marks before each word; filled by [`Marks::finish`].
    before: Vec<u32>,
}

impl Marks {
    /// Room for `keys` keys, none of them marked.
    ///
    /// # Errors
    /// More than the memory can hold.
    pub fn new(keys: u64) -> Result<Marks, GenerateError> {
        let mut marks = Marks { words: Vec::new(), before: Vec::new() };
        let length = keys.div_ceil(64);
        let fits = usize::try_from(length).is_ok_and(|n| {
            marks.words.try_reserve_exact(n).is_ok() && marks.before.try_reserve_exact(n).is_ok()
        });
        if !fits {
            return Err(GenerateError::Memory {
                what: "numbering the nodes",
                bytes: length.saturating_mul(12),
            });
        }
        marks.words.resize(length as usize, 0);
        Ok(marks)
    }

    /// Marks a key.
    pub fn mark(&mut self, key: u64) {
        self.words[(key / 64) as usize] |= 1 << (key % 64);
    }

    /// Counts the marks.
    ///
    /// # Errors
    /// More nodes than a mesh can hold.
    pub fn finish(mut self) -> Result<Numbering, GenerateError> {
        let mut count = 0u64;
        for word in &self.words {
            // Beyond 32 bits it is refused below.
            self.before.push(count as u32);
            count += u64::from(word.count_ones());
        }
        check_nodes(count)?;
        Ok(Numbering::Some(self))
    }
}

impl Numbering {
    /// Number of nodes.
    pub fn count(&self) -> u64 {
        match self {
            Numbering::All(count) => *count,
            Numbering::Some(Marks { words, before }) => match (before.last(), words.last()) {
                (Some(before), Some(word)) => u64::from(*before) + u64::from(word.count_ones()),
                _ => 0,
            },
        }
    }

    /// Number of the node with this key, if it is used.
    pub fn get(&self, key: u64) -> Option<u32> {
        match self {
            Numbering::All(_) => Some(key as u32),
            Numbering::Some(Marks { words, before }) => {
                let (word, bit) = ((key / 64) as usize, 1u64 << (key % 64));
                let below = (words[word] & (bit - 1)).count_ones();
                (words[word] & bit != 0).then(|| before[word] + below)
            }
        }
    }
}

/// Refuses more nodes than 32-bit indices.
pub fn check_nodes(count: u64) -> Result<(), GenerateError> {
    let limit = u64::from(u32::MAX);
    if count > limit { Err(GenerateError::TooMany { what: "nodes", count, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_keys_are_numbered_in_order() {
        let keys = [0, 1, 5, 63, 64, 127, 130, 199];
        let mut marks = Marks::new(200).unwrap();
        keys.iter().for_each(|k| marks.mark(*k));
        let numbering = marks.finish().unwrap();
        assert_eq!(numbering.count(), keys.len() as u64);
        let found: Vec<_> = (0..200).filter(|k| numbering.get(*k).is_some()).collect();
        assert_eq!(found, keys);
        assert!(keys.iter().enumerate().all(|(i, k)| numbering.get(*k) == Some(i as u32)));
    }
}
