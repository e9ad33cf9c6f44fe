//! Random numbers that are the same everywhere.

/// SplitMix64 (Steele, Lea and Flood 2014): repeatable everywhere, good enough to shuffle.
#[derive(Clone)]
pub struct SplitMix(pub u64);

impl SplitMix {
    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    /// Shuffles; true when the permutation is odd.
    pub fn shuffle<T>(&mut self, items: &mut [T]) -> bool {
        let mut odd = false;
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
            odd ^= i != j;
        }
        odd
    }
}
