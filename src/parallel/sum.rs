//! Sums of floating-point numbers that depend on nothing but the numbers.
//!
//! Terms go into a fixed-point number of 2176 bits that holds every `f64` without rounding (a superaccumulator, Kulisch;
//! the fast way in is Neal's, arXiv:1505.05571; both from the crate `bitrep`). Integers add in any order to the same
//! bits, so order, threads and ranks leave no trace, and the one rounding at the end makes the result the `f64` nearest
//! to the true sum. A term costs a few nanoseconds.

use super::Communicator;
use bitrep::{FastSumF64, SumF64};

/// A sum under way: an exact number, to be merged with those of other threads and ranks.
///
/// NaN, or infinities of both signs, make the sum NaN; one sign of infinity makes it infinite; zero is always `+0`.
#[derive(Clone)]
pub struct ExactSum {
    terms: FastSumF64,
    /// What other sums brought in.
    merged: SumF64,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self { terms: FastSumF64::new(), merged: SumF64::new() }
    }
}

impl ExactSum {
    /// Adds one term.
    pub fn add(&mut self, term: f64) {
        self.terms.add(term);
    }

    /// Adds the sum of another thread.
    pub fn merge(&mut self, other: &Self) {
        self.merged.merge(&other.exact());
    }

    /// The sum on this rank alone, rounded once.
    pub fn value(&self) -> f64 {
        self.exact().value()
    }

    fn exact(&self) -> SumF64 {
        let mut sum = self.terms.finish();
        sum.merge(&self.merged);
        sum
    }
}

impl Extend<f64> for ExactSum {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, terms: I) {
        terms.into_iter().for_each(|term| self.add(term));
    }
}

impl FromIterator<f64> for ExactSum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Self::default();
        sum.extend(terms);
        sum
    }
}

/// The sum of the terms of all ranks, on every rank. Collective; the result is the same bits for any order and any
/// distribution of the terms.
pub fn sum(comm: &dyn Communicator, terms: impl IntoIterator<Item = f64>) -> f64 {
    total(comm, &[terms.into_iter().collect()])[0]
}

/// The sums of the columns of `rows`, `[row][column]`, over all ranks, on every rank. Collective, in one message.
///
/// # Panics
/// When `rows` is not a whole number of rows.
pub fn sum_columns(comm: &dyn Communicator, columns: usize, rows: &[f64]) -> Vec<f64> {
    assert!(
        rows.is_empty() || rows.len().is_multiple_of(columns),
        "{} terms are no rows of {columns}",
        rows.len()
    );
    let mut sums = vec![ExactSum::default(); columns];
    for row in rows.chunks_exact(columns.max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, &term)| sum.add(term));
    }
    total(comm, &sums)
}

/// Sums begun on each rank, added up over the ranks and rounded once, on every rank: `sums[i]` gives result `i`.
/// Collective, in one message.
///
/// # Panics
/// When the ranks bring different numbers of sums (where the communicator can tell).
pub fn total(comm: &dyn Communicator, sums: &[ExactSum]) -> Vec<f64> {
    let mut words: Vec<u64> = sums.iter().flat_map(|sum| spread(&sum.exact())).collect();
    comm.sum_u64(&mut words);
    words.chunks_exact(WORDS).map(|w| collect(w).value()).collect()
}

/// Limbs of 32 bits of the accumulator.
const LIMBS: usize = (SumF64::BYTES - 9) / 4;
/// Words of a message: the limbs and the three flags.
const WORDS: usize = LIMBS + 3;

/// An accumulator as words that `sum_u64` may add over 2^32 ranks without a carry being lost: one word for every 32 bits,
/// then the number of ranks that met NaN, positive and negative infinity.
fn spread(sum: &SumF64) -> [u64; WORDS] {
    let bytes = sum.to_bytes();
    let mut words = [0; WORDS];
    for (word, limb) in words.iter_mut().zip(bytes[..4 * LIMBS].chunks_exact(4)) {
        *word = u64::from(u32::from_le_bytes([limb[0], limb[1], limb[2], limb[3]]));
    }
    for flag in 0..3 {
        words[LIMBS + flag] = u64::from(bytes[4 * LIMBS] >> flag & 1);
    }
    words
}

/// The accumulator of added words. The carry out of the top limb is dropped: the number is in two's complement.
fn collect(words: &[u64]) -> SumF64 {
    let mut bytes = [0; SumF64::BYTES];
    let mut carry = 0;
    for (limb, word) in bytes[..4 * LIMBS].chunks_exact_mut(4).zip(words) {
        carry += word;
        limb.copy_from_slice(&(carry as u32).to_le_bytes());
        carry >>= 32;
    }
    for flag in 0..3 {
        bytes[4 * LIMBS] |= u8::from(words[LIMBS + flag] != 0) << flag;
    }
    SumF64::from_bytes(&bytes).expect("only the three known flags are set")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::{serial::Serial, threads};
    use proptest::prelude::*;

    /// The sum over ranks that hold the given pieces, which must be the same bits on all.
    fn over_ranks(pieces: &[&[f64]]) -> u64 {
        let sums =
            threads::run(pieces.len(), |comm| sum(&*comm, pieces[comm.rank()].iter().copied()).to_bits());
        assert!(sums.iter().all(|s| *s == sums[0]));
        sums[0]
    }

    /// Any number: all exponents, subnormals, infinities, NaN.
    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![4 => any::<u64>().prop_map(f64::from_bits), 4 => -1.0..1.0, 1 => Just(f64::MAX), 1 => Just(-f64::MAX)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn order_and_split_leave_no_trace(
            (terms, shuffled) in prop::collection::vec(number(), 0..200).prop_flat_map(|t| (Just(t.clone()), Just(t).prop_shuffle())),
            cuts in (0.0..1.0, 0.0..1.0, 0.0..1.0),
        ) {
            let expected = sum(&Serial, terms.iter().copied()).to_bits();
            let mut at = [cuts.0, cuts.1, cuts.2].map(|c| (c * (terms.len() + 1) as f64) as usize);
            at.sort_unstable();
            let (a, b, c, d) = (&shuffled[..at[0]], &shuffled[at[0]..at[1]], &shuffled[at[1]..at[2]], &shuffled[at[2]..]);
            prop_assert_eq!(over_ranks(&[a, b, c, d]), expected);
            let mut merged: ExactSum = a.iter().copied().collect();
            for piece in [d, c, b] {
                merged.merge(&piece.iter().copied().collect());
            }
            prop_assert_eq!(merged.value().to_bits(), expected);
        }

        #[test]
        fn sums_are_the_nearest_number(terms in prop::collection::vec((any::<i64>(), 0..60), 1..50)) {
            // Multiples of 2^-40 below 2^127 add exactly in i128, whose conversion to f64 rounds to nearest.
            let units: Vec<i128> = terms.iter().map(|&(m, shift)| i128::from(m >> 11) << shift).collect();
            let scaled = |n: i128| n as f64 * 2f64.powi(-40);
            let got = sum(&Serial, units.iter().map(|&n| scaled(n)));
            prop_assert_eq!(got, scaled(units.iter().sum()));
        }
    }

    #[test]
    fn known_sums_come_out() {
        let of = |terms: &[f64]| sum(&Serial, terms.iter().copied());
        assert_eq!(of(&[]).to_bits(), 0);
        assert_eq!(of(&[-0.0]).to_bits(), 0);
        assert_eq!(of(&[1e100, 1.0, -1e100]), 1.0);
        assert_eq!(of(&[f64::MAX, f64::MAX, -f64::MAX]), f64::MAX);
        assert_eq!(of(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(of(&[5e-324, 5e-324, -5e-324]), 5e-324);
        // Half a unit in the last place rounds to even, a trifle more rounds up.
        assert_eq!(of(&[1.0, 2f64.powi(-53)]), 1.0);
        assert_eq!(of(&[1.0, 2f64.powi(-53), 5e-324]), 1.0 + f64::EPSILON);
        assert_eq!(of(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert_eq!(over_ranks(&[&[f64::INFINITY], &[f64::INFINITY]]), f64::INFINITY.to_bits());
        assert!(f64::from_bits(over_ranks(&[&[f64::INFINITY], &[f64::NEG_INFINITY]])).is_nan());
        assert!(f64::from_bits(over_ranks(&[&[1.0], &[f64::NAN], &[2.0]])).is_nan());
        assert_eq!(f64::from_bits(over_ranks(&[&[-3.0], &[1.0], &[], &[-1e-300]])), -2.0);
    }

    #[test]
    fn columns_are_summed_apart() {
        let rows = [1.0, 1e20, 2.0, 1.0, 3.0, -1e20];
        assert_eq!(sum_columns(&Serial, 2, &rows), [6.0, 1.0]);
        assert_eq!(sum_columns(&Serial, 2, &[]), [0.0, 0.0]);
        assert_eq!(sum_columns(&Serial, 0, &[]), [0.0; 0]);
        let parts = threads::run(3, |comm| sum_columns(&*comm, 2, &rows[2 * comm.rank()..][..2]));
        assert!(parts.iter().all(|p| *p == [6.0, 1.0]));
    }
}
