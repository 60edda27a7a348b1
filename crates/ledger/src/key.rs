//! How rows are named: the bytes of a key, and the names of effects on other members.

use sha2::{Digest, Sha256};
use suanpan_domain::{CheckoutId, MemberId, ReturnId};

use crate::entry::EntryKey;

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 33;

const SALE: u8 = 1;
const REQUEST: u8 = 2;
const EFFECT: u8 = 3;
const TIME: u8 = 4;

impl EntryKey {
    /// The key as bytes, which order as the keys do: a tag, then the ids. A return begins with the bytes of its
    /// checkout, so that it stands right behind it.
    ///
    /// ```
    /// use suanpan_domain::ReturnId;
    /// use suanpan_ledger::EntryKey;
    /// let checkout = "0198c0de-7a10-7000-8000-0000000000a1".parse()?;
    /// let (sale, back) = (EntryKey::Checkout(checkout), EntryKey::Return(checkout, ReturnId::from_bytes([7; 16])));
    /// assert!(back.to_bytes().starts_with(&sale.to_bytes()));
    /// assert_eq!(EntryKey::from_bytes(&back.to_bytes()), Some(back));
    /// # Ok::<(), suanpan_domain::InvalidCheckoutId>(())
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(KEY_BYTES_MAX);
        self.write(&mut bytes);
        bytes
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Checkout(checkout) => {
                bytes.push(SALE);
                bytes.extend_from_slice(checkout.as_bytes());
            }
            Self::Return(checkout, back) => {
                bytes.push(SALE);
                bytes.extend_from_slice(checkout.as_bytes());
                bytes.extend_from_slice(back.as_bytes());
            }
            Self::Request(id) => {
                bytes.push(REQUEST);
                bytes.extend_from_slice(id);
            }
            Self::Effect(id) => {
                bytes.push(EFFECT);
                bytes.extend_from_slice(id);
            }
            Self::Time(version) => {
                bytes.push(TIME);
                bytes.extend_from_slice(&version.to_be_bytes());
            }
        }
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (tag, rest) = bytes.split_first()?;
        match (*tag, rest.len()) {
            (SALE, 16) => checkout(rest).map(Self::Checkout),
            (SALE, 32) => {
                let (sale, back) = rest.split_at(16);
                Some(Self::Return(checkout(sale)?, ReturnId::from_bytes(back.try_into().ok()?)))
            }
            (REQUEST, 16) => rest.try_into().ok().map(Self::Request),
            (EFFECT, 16) => rest.try_into().ok().map(Self::Effect),
            (TIME, 8) => rest.try_into().ok().map(u64::from_be_bytes).map(Self::Time),
            _ => None,
        }
    }

    /// Names the effect at a place of `emits` of an entry of the source's: the first 16 bytes of the SHA-256 of the
    /// length of the source's id (four bytes, big-endian), the id, the key's bytes and the place (four bytes).
    #[must_use]
    pub fn effect_of(source: &MemberId, key: &Self, place: u32) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update((source.as_str().len() as u32).to_be_bytes());
        hash.update(source.as_str());
        hash.update(key.to_bytes());
        hash.update(place.to_be_bytes());
        first_16(hash)
    }
}

fn checkout(bytes: &[u8]) -> Option<CheckoutId> {
    CheckoutId::from_bytes(bytes.try_into().ok()?).ok()
}

/// The first half of a SHA-256.
pub(crate) fn first_16(hash: Sha256) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_and_order_as_their_bytes() {
        let [a, b] = ["0198c0de-7a10-7000-8000-0000000000a1", "0198c0de-7a10-7000-8000-0000000000a2"]
            .map(|id| id.parse::<CheckoutId>().unwrap());
        let keys = [
            EntryKey::Checkout(a),
            EntryKey::Return(a, ReturnId::from_bytes([0; 16])),
            EntryKey::Return(a, ReturnId::from_bytes([255; 16])),
            EntryKey::Checkout(b),
            EntryKey::Request([1; 16]),
            EntryKey::Effect([0; 16]),
            EntryKey::Time(7),
            EntryKey::Time(256),
        ];
        for pair in keys.windows(2) {
            assert!(pair[0].to_bytes() < pair[1].to_bytes(), "{pair:?}");
        }
        for key in keys {
            let bytes = key.to_bytes();
            assert_eq!(EntryKey::from_bytes(&bytes), Some(key));
            assert!(bytes.len() <= KEY_BYTES_MAX);
        }
        for wrong in [&[][..], &[1], &[9; 17], &[1; 17], &[2; 16], &[4; 10]] {
            assert_eq!(EntryKey::from_bytes(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn effects_differ_by_source_key_and_place() {
        let [one, two] = ["m1", "m2"].map(|id| MemberId::new(id).unwrap());
        let names = [
            EntryKey::effect_of(&one, &EntryKey::Time(1), 0),
            EntryKey::effect_of(&two, &EntryKey::Time(1), 0),
            EntryKey::effect_of(&one, &EntryKey::Time(2), 0),
            EntryKey::effect_of(&one, &EntryKey::Time(1), 1),
        ];
        for (place, name) in names.iter().enumerate() {
            assert_eq!(names.iter().position(|other| other == name), Some(place));
        }
    }
}
