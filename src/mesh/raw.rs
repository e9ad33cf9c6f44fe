//! What a mesh file says, before faces are paired.

use super::{ElementBlock, Mesh};
use crate::element::Shape;
use std::collections::BTreeMap;

/// Contents of a mesh file: nodes, physical groups, elements of every dimension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawMesh {
    /// Node coordinates.
    pub nodes: Vec<[f64; 3]>,
    /// Physical groups, names already in lower case.
    pub groups: Vec<Group>,
    /// Elements, one entry for each shape and geometry order met.
    pub blocks: Vec<RawBlock>,
    /// Elements of the highest dimension that the file lists without the nodes inside faces and volume (serendipity
    /// elements of second order), which the reader added.
    pub completed: usize,
}

/// A physical group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Dimension of its elements.
    pub dim: usize,
    /// Number elements refer to it by.
    pub tag: i32,
    /// Lower-case name.
    pub name: String,
}

/// Elements of one shape and geometry order.
#[derive(Clone, Debug, PartialEq)]
pub struct RawBlock {
    /// Shape.
    pub shape: Shape,
    /// Order of the geometry.
    pub order: usize,
    /// Indices into [`RawMesh::nodes`] in lattice order, `[element][node]`.
    pub nodes: Vec<u32>,
    /// Index into [`RawMesh::groups`] of each element.
    pub groups: Vec<u32>,
    /// The file's own number of each element, for messages.
    pub numbers: Numbers,
}

/// Numbers of elements, mostly each one more than the one before: kept as runs of such.
///
/// Two lists are equal when their numbers are: runs are as long as they can be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    len: usize,
    /// Position and number each run begins with.
    runs: Vec<(usize, u64)>,
}

impl Numbers {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a number.
    pub fn push(&mut self, number: u64) {
        self.push_run(number, 1);
    }

    /// Adds `count` numbers from `first` on.
    pub fn push_run(&mut self, first: u64, count: usize) {
        if count == 0 {
            return;
        }
        let goes_on =
            |&(start, value): &(usize, u64)| value.checked_add((self.len - start) as u64) == Some(first);
        if !self.runs.last().is_some_and(goes_on) {
            self.runs.push((self.len, first));
        }
        self.len += count;
    }

    /// Adds the numbers of another list.
    pub fn append(&mut self, other: &Numbers) {
        other.runs().for_each(|(first, count)| self.push_run(first, count));
    }

    /// The number at a position.
    ///
    /// # Panics
    /// When there are fewer.
    pub fn get(&self, at: usize) -> u64 {
        assert!(at < self.len, "number {at} of {}", self.len);
        let (start, first) = self.runs[self.runs.partition_point(|run| run.0 <= at) - 1];
        first + (at - start) as u64
    }

    /// The runs in order: first number and how many follow each other from there.
    pub fn runs(&self) -> impl Iterator<Item = (u64, usize)> + '_ {
        let ends = self.runs.iter().skip(1).map(|run| run.0).chain([self.len]);
        self.runs.iter().zip(ends).map(|(&(start, first), end)| (first, end - start))
    }

    /// The numbers in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.runs().flat_map(|(first, count)| (0..count as u64).map(move |i| first + i))
    }
}

impl FromIterator<u64> for Numbers {
    fn from_iter<T: IntoIterator<Item = u64>>(list: T) -> Self {
        let mut numbers = Numbers::default();
        list.into_iter().for_each(|number| numbers.push(number));
        numbers
    }
}

impl RawMesh {
    /// The elements of the highest dimension as a mesh without links and boundaries, to be looked at when it cannot be
    /// connected, and the file's number of each element in order of global id. `None` when there are no elements, or
    /// elements with nodes that do not exist.
    pub fn unconnected(mut self) -> Option<(Mesh, Numbers)> {
        self.blocks.retain(|b| !b.numbers.is_empty());
        let dims = self.blocks.iter().map(|b| b.shape.dims()).max().filter(|dims| *dims > 0)?;
        self.blocks.retain(|b| b.shape.dims() == dims);
        self.blocks.sort_by_key(|b| (b.shape, b.order));
        let (mut blocks, mut numbers): (Vec<ElementBlock>, Numbers) = Default::default();
        for RawBlock { shape, order, nodes, numbers: own, .. } in self.blocks {
            let sized = order > 0 && nodes.len() == own.len() * shape.points(order);
            if !sized || nodes.iter().any(|&n| n as usize >= self.nodes.len()) {
                return None;
            }
            numbers.append(&own);
            match blocks.last_mut() {
                Some(last) if (last.shape, last.order) == (shape, order) => last.nodes.extend(nodes),
                _ => blocks.push(ElementBlock { shape, order, nodes, links: vec![] }),
            }
        }
        let mut nodes = self.nodes;
        nodes.iter_mut().for_each(|x| x[dims..].fill(0.0));
        let (boundaries, partitionings) = (vec![], BTreeMap::new());
        Some((Mesh { uuid: String::new(), dims, nodes, blocks, boundaries, partitionings }, numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_as_given() {
        let lists: [&[u64]; 5] =
            [&[], &[7], &[1, 2, 3, 9, 10, 4], &[5, 5, 6, 5], &[u64::MAX - 1, u64::MAX, 0, 1]];
        for list in lists {
            let numbers: Numbers = list.iter().copied().collect();
            assert_eq!((numbers.len(), numbers.is_empty()), (list.len(), list.is_empty()));
            assert_eq!(numbers.iter().collect::<Vec<_>>(), list);
            (0..list.len()).for_each(|i| assert_eq!(numbers.get(i), list[i]));
            for cut in 0..list.len() {
                let mut joined: Numbers = list[..cut].iter().copied().collect();
                joined.append(&list[cut..].iter().copied().collect());
                assert_eq!(joined, numbers);
            }
        }
        let long: Numbers = (1..=1000).collect();
        assert_eq!(long.runs().collect::<Vec<_>>(), [(1, 1000)]);
    }
}
