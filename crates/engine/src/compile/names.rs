//! Looking things up by their names.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// Numbers by name.
#[derive(Debug, Default)]
pub(crate) struct ByName {
    /// Most names are short enough to be hashed and compared as one number.
    short: HashMap<u128, u32, FixedState>,
    long: HashMap<Box<str>, u32, FixedState>,
}

impl ByName {
    /// Gives a name a number unless it has one already; gives its number.
    pub(super) fn insert(&mut self, name: &str, number: u32) -> u32 {
        match packed(name) {
            Some(packed) => *self.short.entry(packed).or_insert(number),
            None => *self.long.entry(name.into()).or_insert(number),
        }
    }

    /// The number of a name.
    #[inline]
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        if self.len() == 0 {
            return None;
        }
        match packed(name) {
            Some(packed) => self.short.get(&packed).copied(),
            None => self.long.get(name).copied(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }
}

/// A short name as a number. Its last byte is the length, so that no two names are the same number.
#[inline]
fn packed(name: &str) -> Option<u128> {
    let mut bytes = [0; 16];
    let len = name.len();
    if len >= bytes.len() {
        return None;
    }
    bytes[..len].copy_from_slice(name.as_bytes());
    bytes[15] = len as u8;
    Some(u128::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::ByName;

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
}
