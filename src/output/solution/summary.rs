//! What a solution file holds, without holding it: the values pass by in pieces.

use super::read::{self, Problem};
use super::{SolutionHeader, VERSION};
use crate::element::Shape;
use crate::files::chunks;
use crate::output::{OutputError, Precision};
use hdf5::{Dataset, H5Type};
use ndarray::s;
use std::path::Path;

/// Numbers read in one go.
const PIECE: usize = 1 << 20;

/// What a solution file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Version of the format.
    pub version: u32,
    /// What the solution belongs to.
    pub header: SolutionHeader,
    /// The blocks of elements.
    pub blocks: Vec<BlockSummary>,
    /// Smallest and largest value of each conserved variable at the solution points, `[variable]`; values that are not
    /// finite are left out (none left: infinities the wrong way around).
    pub ranges: Vec<[f64; 2]>,
    /// Number of values that are not finite.
    pub not_finite: u64,
    /// Names of the variables whose gradients are there, too.
    pub gradients: Vec<String>,
}

/// A block of elements in a solution file.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockSummary {
    /// Shape of the elements.
    pub shape: Shape,
    /// Polynomial order.
    pub order: usize,
    /// Name of the set of solution points.
    pub points_name: String,
    /// Number of elements.
    pub elements: usize,
}

impl Summary {
    /// Numbers that make up the solution.
    pub fn unknowns(&self) -> u64 {
        let points: usize = self.blocks.iter().map(|b| b.elements * b.shape.points(b.order)).sum();
        (points * self.header.variables.len()) as u64
    }
}

/// Reads the header of a solution and the range of its values.
///
/// # Errors
/// As [`super::read`], except that element ids are not compared with each other.
pub fn summarise(path: &Path) -> Result<Summary, OutputError> {
    let (file, bytes) = read::open_any(path)?;
    let place = |(item, problem)| OutputError::Malformed { path: path.to_owned(), item, problem };
    let header = read::read_header(&file, bytes).map_err(place)?;
    let (mut blocks, mut not_finite, mut gradients) = (vec![], 0, vec![]);
    let mut ranges = vec![[f64::INFINITY, f64::NEG_INFINITY]; header.variables.len()];
    read::each_block(&file, |group| {
        let block = read::open_block(group, bytes, &header)?;
        not_finite += match header.precision {
            Precision::Single => range::<f32>(&block.values, &mut ranges)?,
            Precision::Double => range::<f64>(&block.values, &mut ranges)?,
        };
        let elements = block.values.shape()[0];
        gradients = block.gradients.map_or(vec![], |(names, _)| names);
        let (shape, order, points_name) = (block.shape, block.order, block.points_name);
        blocks.push(BlockSummary { shape, order, points_name, elements });
        Ok(())
    })
    .map_err(place)?;
    Ok(Summary { version: VERSION, header, blocks, ranges, not_finite, gradients })
}

/// Widens the range of each variable by the values of a block, `[element][variable][point]`; how many were not finite.
fn range<T: H5Type + Copy + Into<f64>>(values: &Dataset, ranges: &mut [[f64; 2]]) -> Result<u64, Problem> {
    let shape = values.shape();
    let step = (PIECE / (shape[1] * shape[2]).max(1)).max(1);
    let mut not_finite = 0;
    for start in (0..shape[0]).step_by(step) {
        let end = shape[0].min(start + step);
        chunks::check(values, start..end).map_err(read::at("values"))?;
        let piece =
            values.read_slice::<T, _, ndarray::Ix3>(s![start..end, .., ..]).map_err(read::at("values"))?;
        for (v, range) in ranges.iter_mut().enumerate() {
            for &x in piece.slice(s![.., v, ..]) {
                let x: f64 = x.into();
                if x.is_finite() {
                    *range = [range[0].min(x), range[1].max(x)];
                } else {
                    not_finite += 1;
                }
            }
        }
    }
    Ok(not_finite)
}
