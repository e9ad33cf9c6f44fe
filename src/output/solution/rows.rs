//! Blocks of a solution whose numbers lie where they are, maybe in pieces from many ranks: what a writer goes through row by
//! row, instead of a copy of everything in order.

use super::{Gradients, MAX_ORDER, SolutionBlock, SolutionHeader};
use crate::element::Shape;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Numbers of elements, a row each, in the order of their ids.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    /// Numbers of a row.
    size: usize,
    /// Numbers in native bytes, row after row; those of other ranks come as bytes, which may lie anywhere.
    parts: Vec<&'a [u8]>,
    /// Part and row in it of each element; as they are in the first part without.
    places: Option<Arc<[(u32, u32)]>>,
}

impl<'a> Rows<'a> {
    /// All of `values`, for `elements` elements.
    pub fn all(values: &'a [f64], elements: usize) -> Rows<'a> {
        let size = values.len() / elements.max(1);
        Rows { size, parts: vec![bytemuck::cast_slice(values)], places: None }
    }

    /// Rows of `size` numbers from several parts; `places`: part and row in it of each element.
    ///
    /// # Panics
    /// A place lies beyond its part.
    pub fn placed(size: usize, parts: Vec<&'a [u8]>, places: Arc<[(u32, u32)]>) -> Rows<'a> {
        let held = |part: &&[u8]| part.len() / (8 * size.max(1));
        assert!(places.iter().all(|&(part, row)| (row as usize) < held(&parts[part as usize]) || size == 0));
        // Nothing to look up where all is in place.
        let in_place = |(i, place): (usize, &(u32, u32))| *place == (0, i as u32);
        let whole = places.len() * 8 * size == parts.first().map_or(0, |part| part.len());
        let ordered = whole && places.iter().enumerate().all(in_place);
        Rows { size, parts, places: if ordered { None } else { Some(places) } }
    }

    /// The row of an element in native bytes.
    pub(super) fn row(&self, element: usize) -> &'a [u8] {
        let place = |places: &Arc<[(u32, u32)]>| (places[element].0 as usize, places[element].1 as usize);
        let (part, row) = self.places.as_ref().map_or((0, element), place);
        &self.parts[part][8 * self.size * row..][..8 * self.size]
    }

    /// Numbers of a row.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// How many numbers there are.
    fn len(&self) -> usize {
        let one = || self.parts.first().map_or(0, |part| part.len() / 8);
        self.places.as_ref().map_or_else(one, |places| places.len() * self.size)
    }

    /// All numbers in order.
    fn to_vec(&self) -> Vec<f64> {
        let elements = self.len().checked_div(self.size).unwrap_or(0);
        let mut values = vec![0.0; elements * self.size];
        for (e, to) in values.chunks_exact_mut(self.size.max(1)).enumerate() {
            bytemuck::cast_slice_mut(to).copy_from_slice(self.row(e));
        }
        values
    }
}

/// Gradients of variables, for people: no run needs them to go on.
#[derive(Clone, Debug)]
pub struct GradientRows<'a> {
    /// Names of the variables.
    pub names: Vec<String>,
    /// `[element][variable][direction][point]`.
    pub values: Rows<'a>,
}

/// Elements of one shape and order, as [`SolutionBlock`], with rows for numbers of elements.
#[derive(Clone, Debug)]
pub struct BlockRows<'a> {
    /// Shape of all elements.
    pub shape: Shape,
    /// Polynomial order of all elements.
    pub order: usize,
    /// Global element ids, ascending; no id occurs twice in a solution.
    pub ids: Vec<u32>,
    /// Conserved variables, `[element][variable][point]`.
    pub values: Rows<'a>,
    /// Reference coordinates of the solution points, `[point][dimension]`.
    pub reference_points: Vec<f64>,
    /// Name of the set of solution points.
    pub points_name: String,
    /// The fields of [`SolutionHeader::kept`], `[element][field][point]`.
    pub kept: BTreeMap<String, Rows<'a>>,
    /// Gradients of the primitive variables, if they are to be written.
    pub gradients: Option<GradientRows<'a>>,
}

impl BlockRows<'_> {
    /// Solution points of one element.
    pub fn points(&self) -> usize {
        self.shape.points(self.order)
    }

    /// The block with all numbers in order.
    pub fn to_block(&self) -> SolutionBlock {
        let gradients = self.gradients.as_ref();
        SolutionBlock {
            shape: self.shape,
            order: self.order,
            ids: self.ids.clone(),
            values: self.values.to_vec(),
            reference_points: self.reference_points.clone(),
            points_name: self.points_name.clone(),
            kept: self.kept.iter().map(|(name, rows)| (name.clone(), rows.to_vec())).collect(),
            gradients: gradients.map(|g| Gradients { names: g.names.clone(), values: g.values.to_vec() }),
        }
    }

    /// Checks the sizes against each other; the error says what is wrong with which array.
    pub(super) fn check(&self, header: &SolutionHeader) -> Result<(), (&'static str, String)> {
        let sizes = |name, found: usize, expected: usize| {
            if found == expected {
                Ok(())
            } else {
                Err((name, format!("{found} numbers, expected {expected}")))
            }
        };
        if self.order > MAX_ORDER {
            return Err(("order", format!("{} is beyond {MAX_ORDER}", self.order)));
        }
        if self.shape.dims() != header.dims {
            return Err(("shape", format!("{} in {} dimensions", self.shape.name(), header.dims)));
        }
        let elements = self.ids.len();
        let rows = |name, rows: &Rows, row: usize| {
            sizes(name, rows.len(), elements * row)?;
            match rows.size() {
                size if size == row || elements == 0 => Ok(()),
                size => Err((name, format!("{size} numbers an element, expected {row}"))),
            }
        };
        rows("values", &self.values, header.variables.len() * self.points())?;
        sizes("points", self.reference_points.len(), self.points() * header.dims)?;
        if !self.kept.keys().eq(header.kept.keys()) {
            return Err(("kept", "not the fields that the header names".into()));
        }
        for (values, names) in self.kept.values().zip(header.kept.values()) {
            rows("kept", values, names.len() * self.points())?;
        }
        if let Some(GradientRows { names, values }) = &self.gradients {
            rows("gradients", values, names.len() * header.dims * self.points())?;
        }
        match self.ids.windows(2).find(|w| w[0] >= w[1]) {
            Some(w) => Err(("ids", format!("{} is followed by {}, not ascending", w[0], w[1]))),
            None => Ok(()),
        }
    }
}

/// An element id that occurs in two blocks, if any.
pub(super) fn repeated_id<'b>(blocks: impl Iterator<Item = &'b [u32]>) -> Option<u32> {
    let mut ids: Vec<u32> = blocks.flatten().copied().collect();
    ids.sort_unstable();
    ids.windows(2).find(|w| w[0] == w[1]).map(|w| w[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_in_their_parts() {
        let (a, b) = ([0.0, 1.0, 4.0, 5.0], [6.0, 7.0, 2.0, 3.0]);
        let parts: Vec<&[u8]> = vec![bytemuck::cast_slice(&a), bytemuck::cast_slice(&b)];
        let placed = Rows::placed(2, parts.clone(), [(0, 0), (1, 1), (0, 1), (1, 0)].into());
        assert_eq!(placed.to_vec(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        let ordered = Rows::placed(2, vec![parts[0]], [(0, 0), (0, 1)].into());
        assert!(ordered.places.is_none() && ordered.to_vec() == a);
        let some = Rows::placed(2, vec![parts[0]], [(0, 1)].into());
        assert_eq!((some.len(), some.to_vec()), (2, vec![4.0, 5.0]));
        assert!(Rows::all(&[], 0).to_vec().is_empty());
    }
}
