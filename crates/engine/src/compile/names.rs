//! Looking things up by their names.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// Numbers by name.
#[derive(Debug, Default)]
pub(crate) struct ByName {
    /// Most names are short enough to be looked up as one number.
    short: Table,
    long: HashMap<Box<str>, u32, FixedState>,
}

impl ByName {
    /// Gives a name a number unless it has one already; gives its number.
    pub(super) fn insert(&mut self, name: &str, number: u32) -> u32 {
        match packed(name) {
            Some(packed) => self.short.insert(packed, number),
            None => *self.long.entry(name.into()).or_insert(number),
        }
    }

    /// The number of a name.
    #[inline]
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        match packed(name) {
            Some(packed) => self.short.find(packed),
            None => self.find_long(name),
        }
    }

    #[cold]
    fn find_long(&self, name: &str) -> Option<u32> {
        self.long.get(name).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.short.len + self.long.len()
    }
}

/// Numbers by short name, in an open table that is a quarter full at most: a name stands where it belongs, or behind.
#[derive(Debug, Default)]
struct Table {
    /// Names and their numbers; no name is 0. Their count is a power of two.
    rows: Vec<(u128, u32)>,
    len: usize,
}

impl Table {
    #[inline]
    fn find(&self, name: u128) -> Option<u32> {
        let mut place = self.place_of(name);
        loop {
            match *self.rows.get(place)? {
                (known, number) if known == name => return Some(number),
                (0, _) => return None,
                _ => place = (place + 1) & (self.rows.len() - 1),
            }
        }
    }

    /// Where a name belongs: both halves multiplied, all digits folded.
    #[inline]
    fn place_of(&self, name: u128) -> usize {
        let (low, high) = (name as u64 ^ 0x9e37_79b9_7f4a_7c15, (name >> 64) as u64 ^ 0xd1b5_4a32_d192_ed03);
        let product = u128::from(low) * u128::from(high);
        ((product >> 64) as u64 ^ product as u64) as usize & self.rows.len().wrapping_sub(1)
    }

    fn insert(&mut self, name: u128, number: u32) -> u32 {
        if let Some(known) = self.find(name) {
            return known;
        }
        if self.rows.len() < 4 * (self.len + 1) {
            let larger = vec![(0, 0); (2 * self.rows.len()).max(8)];
            for (name, number) in std::mem::replace(&mut self.rows, larger) {
                if name != 0 {
                    self.put(name, number);
                }
            }
        }
        self.put(name, number);
        self.len += 1;
        number
    }

    /// Puts a name that is not there on the first free row.
    fn put(&mut self, name: u128, number: u32) {
        let mut place = self.place_of(name);
        while self.rows[place].0 != 0 {
            place = (place + 1) & (self.rows.len() - 1);
        }
        self.rows[place] = (name, number);
    }
}

/// A short name as a number. Its last byte is the length and one: no two names are the same number, and none is 0.
#[inline]
fn packed(name: &str) -> Option<u128> {
    let bytes = name.as_bytes();
    let (first, rest) = match bytes.split_at_checked(8) {
        None => (word_of(bytes), 0),
        Some((first, rest)) if rest.len() < 8 => (word_of(first), word_of(rest)),
        Some(_) => return None,
    };
    Some(u128::from(first) | u128::from(rest | (bytes.len() as u64 + 1) << 56) << 64)
}

/// The first eight bytes of a name as a number, zeros behind shorter ones: the numbers stand in the order of what they
/// were made of.
#[inline]
pub(crate) fn leading(name: &str) -> u64 {
    let bytes = name.as_bytes();
    word_of(&bytes[..bytes.len().min(8)]).swap_bytes()
}

/// Up to eight bytes as a number, the first byte the lowest. Read at both ends at once: what overlaps is the same.
#[inline]
fn word_of(bytes: &[u8]) -> u64 {
    let above = |high: u64, half: usize| high << (8 * (bytes.len() - half));
    if let (Some(low), Some(high)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u32::from_le_bytes(*low)) | above(u64::from(u32::from_le_bytes(*high)), 4)
    } else if let (Some(low), Some(high)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u16::from_le_bytes(*low)) | above(u64::from(u16::from_le_bytes(*high)), 2)
    } else {
        bytes.first().map_or(0, |byte| u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::{ByName, leading, word_of};

    #[test]
    fn short_and_long_names_are_told_apart() {
        let names =
            ["", "a", "a\0", "\0", "fifteen bytes..", "sixteen bytes...", "sixteen bytes...\0", "多字节"];
        let mut numbers = ByName::default();
        for (number, name) in names.iter().enumerate() {
            assert_eq!(numbers.find(name), None, "{name:?}");
            assert_eq!(numbers.insert(name, number as u32), number as u32);
        }
        for (number, name) in names.iter().enumerate() {
            assert_eq!(numbers.insert(name, 99), number as u32, "the first number stays");
            assert_eq!(numbers.find(name), Some(number as u32), "{name:?}");
        }
        assert_eq!(numbers.len(), names.len());
    }

    #[test]
    fn beginnings_stand_in_the_order_of_names() {
        let name = "abcdefgh";
        for len in 0..=name.len() {
            let bytes = &name.as_bytes()[..len];
            let expected = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            assert_eq!(word_of(bytes), expected, "{len} bytes");
        }
        let names = ["", "S", "S1", "S10", "S2", "abcdefg", "abcdefgh"];
        assert!(names.is_sorted_by_key(|name| leading(name)));
        assert_eq!(leading("abcdefgh"), leading("abcdefghi"));
    }
}
