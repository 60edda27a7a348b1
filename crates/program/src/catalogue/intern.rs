//! Values that many rows share, kept once.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Texts, one after the other; number 0 is the empty one.
pub(super) struct Texts {
    text: String,
    /// Where each ends; it starts where the one before ends.
    ends: Vec<u32>,
    index: HashTable<u32>,
    hasher: RandomState,
}

impl Default for Texts {
    fn default() -> Self {
        let mut texts = Self {
            text: String::new(),
            ends: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
        };
        texts.intern("");
        texts
    }
}

impl Texts {
    pub(super) fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = if number == 0 { 0 } else { self.ends[number - 1] as usize };
        &self.text[start..self.ends[number] as usize]
    }

    /// The number of a text, a new one if it is new. None when there is no more room.
    pub(super) fn intern(&mut self, text: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        if let Some(found) = self.index.find(hash, |number| self.get(*number) == text) {
            return Some(*found);
        }
        let end = u32::try_from(self.text.len() + text.len()).ok()?;
        let number = u32::try_from(self.ends.len()).ok()?;
        self.text.push_str(text);
        self.ends.push(end);
        let Self { text, ends, index, hasher } = self;
        index.insert_unique(hash, number, |number| {
            let number = *number as usize;
            let start = if number == 0 { 0 } else { ends[number - 1] as usize };
            hasher.hash_one(&text[start..ends[number] as usize])
        });
        Some(number)
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>() + self.index.allocation_size()
    }
}

/// Values of which there are few.
pub(super) struct Interned<T> {
    values: Vec<T>,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self { values: Vec::new() }
    }
}

impl<T: Eq + Hash> Interned<T> {
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.values.get(number as usize)
    }

    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    /// The number of a new value.
    pub(super) fn add(&mut self, value: T) -> u32 {
        self.values.push(value);
        (self.values.len() - 1) as u32
    }
}
