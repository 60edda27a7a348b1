//! Names in eight bytes, for heads that have no room for texts.

use sha2::{Digest, Sha256};
use suanpan_ledger::head::{OfferKey, TierKey};

/// The first eight bytes of the SHA-256, big-endian.
fn eight(text: &str) -> u64 {
    Sha256::digest(text).iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// The key of an offer, or of an activity, by its id.
///
/// ```
/// use suanpan_checkout::offer_key;
/// assert_eq!(offer_key("winback"), offer_key("winback"));
/// assert_ne!(offer_key("winback"), offer_key("welcome-20"));
/// ```
#[must_use]
pub fn offer_key(id: &str) -> OfferKey {
    OfferKey(eight(id))
}

/// The key of the tier at a place of the program; the first is 0, whatever it is called, so that a member who never
/// rose stays at the bottom of every program.
#[must_use]
pub fn tier_key(place: usize, id: &str) -> TierKey {
    // Zero is taken: an id that hashes to it becomes one.
    if place == 0 { TierKey(0) } else { TierKey(eight(id).max(1)) }
}

/// The version of a policy in eight bytes.
pub(crate) fn version_key(version: &str) -> u64 {
    eight(version)
}
