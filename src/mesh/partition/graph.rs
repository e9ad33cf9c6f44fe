//! The graph that METIS divides: elements and the faces between them.

use super::PartitionError;
use crate::mesh::{Link, Mesh};

/// Which elements have faces in common, as METIS wants it: 4 bytes an element and 4 a face of an element, and once more 4
/// a face where faces differ in weight.
pub struct Graph {
    /// Start of each element's list of neighbours, and the end of the last.
    pub starts: Vec<i32>,
    /// The lists.
    pub ends: Vec<i32>,
    /// Points on the faces between, for each entry of the lists; `None` where all are the same.
    pub points: Option<Vec<i32>>,
}

impl Graph {
    /// The graph of a mesh, its edges weighted by the points that faces have at order `order`.
    ///
    /// Elements that share several faces (periodic meshes two elements wide) are listed once; none is its own neighbour.
    ///
    /// # Errors
    /// More elements or faces than 32-bit indices.
    pub fn new(mesh: &Mesh, order: usize) -> Result<Graph, PartitionError> {
        let faces = mesh.blocks.iter().map(|b| b.links.len()).sum();
        for (what, count) in [("elements", mesh.len() + 1), ("element faces", faces)] {
            i32::try_from(count).map_err(|_| PartitionError::TooLarge { what, count })?;
        }
        let mut graph = Graph {
            starts: Vec::with_capacity(mesh.len() + 1),
            ends: Vec::with_capacity(faces),
            points: None,
        };
        graph.starts.push(0);
        let mut common = None;
        let mut list: Vec<(u32, i32)> = Vec::new();
        for (id, (shape, links)) in mesh.elements().enumerate() {
            list.clear();
            list.extend(links.iter().zip(shape.faces()).filter_map(|(link, face)| match link {
                Link::Interior { element, .. } if *element as usize != id => {
                    Some((*element, face.shape.points(order) as i32))
                }
                _ => None,
            }));
            list.sort_unstable();
            for same in list.chunk_by(|a, b| a.0 == b.0) {
                graph.push(same[0].0, same.iter().map(|x| x.1).sum(), &mut common);
            }
            graph.starts.push(graph.ends.len() as i32);
        }
        if let Some(points) = &mut graph.points {
            scale_down(points);
        }
        Ok(graph)
    }

    /// Appends a neighbour. The list of weights begins with the first that differs from those before (`common`).
    fn push(&mut self, neighbour: u32, points: i32, common: &mut Option<i32>) {
        let usual = *common.get_or_insert(points);
        if let Some(all) = &mut self.points {
            all.push(points);
        } else if points != usual {
            let mut all = Vec::with_capacity(self.ends.capacity());
            all.resize(self.ends.len(), usual);
            all.push(points);
            self.points = Some(all);
        }
        self.ends.push(neighbour as i32);
    }

    /// Sum of the weights of edges between different parts.
    pub fn cut(&self, part_of: &[i32]) -> i64 {
        let mut cut = 0;
        for (id, range) in self.starts.windows(2).enumerate() {
            for i in range[0] as usize..range[1] as usize {
                if part_of[id] != part_of[self.ends[i] as usize] {
                    cut += self.points.as_ref().map_or(1, |p| i64::from(p[i]));
                }
            }
        }
        cut / 2
    }
}

/// Divides weights by their common factor, then so far that their sum fits METIS's integers; at least 1 each.
fn scale_down(weights: &mut [i32]) {
    let all: Vec<u64> = {
        let mut kinds: Vec<u64> = weights.iter().map(|w| *w as u64).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    };
    let factor = all.iter().fold(0, |g, &w| gcd(g, w)).max(1);
    let sum: u64 = weights.iter().map(|w| *w as u64 / factor).sum();
    let room = (i32::MAX as u64).saturating_sub(weights.len() as u64).max(1);
    let divisor = factor * sum.div_ceil(room).max(1);
    weights.iter_mut().for_each(|w| *w = (*w as u64 / divisor).max(1) as i32);
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Weights of `counts[i]` elements each as integers in nearly the same ratios, whose total fits METIS's integers.
pub fn integers(weights: &[f64], counts: &[usize]) -> Vec<i32> {
    let least = weights.iter().copied().fold(f64::INFINITY, f64::min);
    let exact: Vec<u64> = weights.iter().map(|w| (w / least * 1000.0).round() as u64).collect();
    let factor = exact.iter().fold(0, |g, &w| gcd(g, w)).max(1);
    let total: u128 = exact.iter().zip(counts).map(|(w, n)| u128::from(w / factor) * *n as u128).sum();
    // Raising small weights to 1 adds at most one for each element.
    let elements: usize = counts.iter().sum();
    let room = (i32::MAX as u128).saturating_sub(elements as u128).max(1);
    let divisor = factor.saturating_mul(total.div_ceil(room).max(1) as u64);
    exact.iter().map(|w| (w / divisor).max(1) as i32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::generate::{BoxMesh, Cells};

    #[test]
    fn equal_faces_need_no_weights_and_double_ones_count_twice() {
        let mesh = BoxMesh::new(Cells::Hex, [3, 3, 3]).periodic([true; 3]).build();
        let graph = Graph::new(&mesh, 3).unwrap();
        assert_eq!((graph.ends.len(), graph.points.as_deref()), (27 * 6, None));
        let mesh = BoxMesh::new(Cells::Quad, [2, 3, 1]).periodic([true; 3]).build();
        let graph = Graph::new(&mesh, 3).unwrap();
        assert_eq!(graph.ends.len(), 6 * 3);
        let points = graph.points.unwrap();
        assert_eq!(
            (points.iter().filter(|p| **p == 2).count(), points.iter().filter(|p| **p == 1).count()),
            (6, 12)
        );
        let mesh = BoxMesh::new(Cells::Quad, [1, 1, 1]).periodic([true; 3]).build();
        assert_eq!(Graph::new(&mesh, 3).unwrap().starts, [0, 0]);
    }

    #[test]
    fn integer_weights_keep_ratios_and_never_overflow() {
        assert_eq!(integers(&[64.0, 16.0], &[5, 5]), [4, 1]);
        assert_eq!(integers(&[2.5, 1.0], &[5, 5]), [5, 2]);
        assert_eq!(integers(&[7.0], &[1 << 30]), [1]);
        for counts in [[1_000_000_000, 1_000_000_000], [10, 100_000_000]] {
            let large = integers(&[1e6, 1e-6], &counts);
            let sum: i64 = large.iter().zip(counts).map(|(w, n)| i64::from(*w) * n as i64).sum();
            assert!(sum <= i64::from(i32::MAX) && large[0] > 0 && large[1] == 1, "{large:?}");
        }
    }
}
