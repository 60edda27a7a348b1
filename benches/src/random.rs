//! A small seeded generator, so that every bench prices the same baskets everywhere.

/// SplitMix64: enough for shuffling baskets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Begins with a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number within `from..until`.
    pub fn within(&mut self, from: i64, until: i64) -> i64 {
        let width = until.saturating_sub(from).max(1).unsigned_abs();
        from + (self.next_u64() % width) as i64
    }

    /// Shuffles in place.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = self.within(0, at as i64 + 1) as usize;
            items.swap(at, other);
        }
    }
}
