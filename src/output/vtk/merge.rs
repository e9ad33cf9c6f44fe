//! Points that elements share, as one.

use std::collections::HashMap;

/// How far apart two points that are one may lie, as a part of the size of the mesh: rounding, and no boundary layer.
const APART: f64 = 1e-11;

/// Which point each node belongs to.
#[derive(Clone, Debug)]
pub(super) struct Merged {
    /// Of each node, `[element][node]`, the point it is.
    pub of: Vec<usize>,
    /// Nodes of each point.
    counts: Vec<u32>,
}

impl Merged {
    /// Joins nodes at the same place; points are numbered by their first node.
    pub fn new(nodes: impl Iterator<Item = [f64; 3]> + Clone) -> Merged {
        let size =
            nodes.clone().flatten().filter(|x| x.is_finite()).fold(0.0_f64, |size, x| size.max(x.abs()));
        let apart = (APART * size).max(f64::MIN_POSITIVE);
        let box_of = |x: [f64; 3]| x.map(|x| (x / (4.0 * apart)).floor() as i64);
        let mut points: Vec<[f64; 3]> = vec![];
        let mut known: HashMap<[i64; 3], Vec<usize>> = HashMap::new();
        let mut merged = Merged { of: vec![], counts: vec![] };
        for at in nodes {
            // A point near the side of its box may have been found on the other side.
            let near = |point: &[f64; 3]| (0..3).all(|d| (point[d] - at[d]).abs() <= apart);
            let around = (0..8).map(|corner: usize| {
                let side = |d: usize| if corner >> d & 1 == 1 { apart } else { -apart };
                box_of(std::array::from_fn(|d| at[d] + side(d)))
            });
            let mut candidates = around.filter_map(|key| known.get(&key)).flatten();
            let point = candidates.find(|i| near(&points[**i])).copied().unwrap_or_else(|| {
                known.entry(box_of(at)).or_default().push(points.len());
                points.push(at);
                merged.counts.push(0);
                points.len() - 1
            });
            merged.counts[point] += 1;
            merged.of.push(point);
        }
        merged
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Means of values `[node][component]` over the nodes of each point.
    pub fn means(&self, components: usize, values: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut means = vec![0.0; components * self.len()];
        for (i, value) in values.enumerate() {
            means[self.of[i / components] * components + i % components] += value;
        }
        let counts = self.counts.iter().flat_map(|n| std::iter::repeat_n(f64::from(*n), components));
        means.iter_mut().zip(counts).for_each(|(mean, n)| *mean /= n);
        means
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_at_one_place_are_one_point_with_their_mean_and_near_ones_are_not() {
        let third = 1.0 / 3.0;
        let nodes = [
            [0.0, 0.0, 0.0],
            [third, 1.0, 0.0],
            [third + 2e-16, 1.0 - 1e-16, -1e-17],
            [third + 1e-9, 1.0, 0.0],
            [0.0, -0.0, 1e-13],
        ];
        let merged = Merged::new(nodes.into_iter());
        assert_eq!(merged.of, [0, 1, 1, 2, 0]);
        let values = [1.0, 10.0, 2.0, 20.0, 4.0, 40.0, 8.0, 80.0, 3.0, 30.0];
        assert_eq!(merged.means(2, values.into_iter()), [2.0, 20.0, 3.0, 30.0, 8.0, 80.0]);
        assert_eq!(Merged::new(std::iter::empty()).len(), 0);
    }
}
