//! Ids of sales that were reserved here lately: their confirms look at the reservation first.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use suanpan_domain::CheckoutId;

/// Ids of a generation. Two are kept, so that at least the last so many are known: some minutes of the busiest node.
const IDS_MAX: usize = 32_768;

/// The ids. One that is forgotten, or of another node, costs its confirm a second pricing and nothing else.
#[derive(Default)]
pub(crate) struct Recent(Mutex<[HashSet<CheckoutId>; 2]>);

impl Recent {
    /// Remembers an id.
    pub(crate) fn add(&self, checkout: CheckoutId) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *ids;
        if young.len() >= IDS_MAX {
            *old = std::mem::take(young);
        }
        young.insert(checkout);
    }

    /// Whether it was added lately.
    pub(crate) fn has(&self, checkout: CheckoutId) -> bool {
        let ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.iter().any(|generation| generation.contains(&checkout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ids_are_known_and_their_number_is_bounded() {
        let recent = Recent::default();
        let id = |number: usize| {
            let mut bytes = [0; 16];
            (bytes[6], bytes[8]) = (0x70, 0x80);
            bytes[9..].copy_from_slice(&number.to_be_bytes()[1..]);
            CheckoutId::from_bytes(bytes).unwrap()
        };
        assert!(!recent.has(id(0)));
        for number in 0..=3 * IDS_MAX {
            recent.add(id(number));
        }
        assert!((2 * IDS_MAX + 1..=3 * IDS_MAX).all(|number| recent.has(id(number))));
        assert!(!recent.has(id(0)));
        assert!(recent.0.lock().unwrap().iter().map(HashSet::len).sum::<usize>() <= 2 * IDS_MAX);
    }
}
