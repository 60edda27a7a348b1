//! Which ids were met before, in memory of a fixed size: answers "certainly not" or "perhaps".

use crate::decode::Id;
use crate::sketch::mix;

/// Bits of a block, which is one line of a processor's cache.
const BLOCK_BITS: u64 = 512;
/// Bits that an id sets within its block.
const BITS_OF_AN_ID: u32 = 6;

/// Ids that were met (a blocked Bloom filter).
pub(crate) struct Seen {
    blocks: Vec<[u64; 8]>,
}

impl Seen {
    /// With so many blocks of 64 bytes; at least one.
    pub(crate) fn new(blocks: usize) -> Self {
        Self { blocks: vec![[0; 8]; blocks.max(1)] }
    }

    /// Adds an id; whether it was perhaps met before.
    pub(crate) fn met(&mut self, salt: u64, id: &Id) -> bool {
        let (first, second) = halves(id);
        let hash = mix(first ^ salt).wrapping_add(mix(second ^ salt.rotate_left(32)));
        let block = (hash % self.blocks.len() as u64) as usize;
        let block = &mut self.blocks[block];
        let mut bits = mix(hash);
        let mut all = true;
        for _ in 0..BITS_OF_AN_ID {
            let bit = bits % BLOCK_BITS;
            bits /= BLOCK_BITS;
            let word = &mut block[(bit / 64) as usize];
            all &= *word >> (bit % 64) & 1 == 1;
            *word |= 1 << (bit % 64);
        }
        all
    }
}

/// An id as two numbers.
pub(crate) fn halves(id: &Id) -> (u64, u64) {
    let number = u128::from_be_bytes(*id);
    ((number >> 64) as u64, number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_is_known_and_little_else() {
        let mut seen = Seen::new(4_096);
        let id = |number: u128| number.to_be_bytes();
        let wrong = (0..100_000).filter(|number| seen.met(1, &id(*number))).count();
        // 21 bits for each id: some in ten thousand.
        assert!(wrong < 300, "{wrong}");
        assert!((0..100_000).all(|number| seen.met(1, &id(number))));
        // The same id in another chain is another one.
        let wrong = (0..1_000).filter(|number| Seen::new(4_096).met(2, &id(*number))).count();
        assert_eq!(wrong, 0);
    }
}
