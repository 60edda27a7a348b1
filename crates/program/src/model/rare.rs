//! A part of an offer that most offers leave as it is usually: kept only where it says something.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A part that takes the room of a pointer while it is as usual. A program has up to 20,000 offers, and most of them say
/// nothing in most of their parts.
pub struct Rare<T>(Option<Box<T>>);

/// What a part is when nothing is said.
pub trait Usual: Default + PartialEq + 'static {
    /// Equal to `Self::default()`.
    const USUAL: &'static Self;
}

impl<T: Usual> From<T> for Rare<T> {
    fn from(part: T) -> Self {
        Self((part != *T::USUAL).then(|| Box::new(part)))
    }
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Usual> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::USUAL)
    }
}

impl<T: Usual> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Clone> Clone for Rare<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Usual> PartialEq for Rare<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Usual + Eq> Eq for Rare<T> {}

impl<T: Usual + fmt::Debug> fmt::Debug for Rare<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, OfferStacking, Place, Terms, Title, When, Who};
    use super::{Rare, Usual};

    #[test]
    fn what_is_usual_is_the_default() {
        assert_eq!(*Limits::USUAL, Limits::default());
        assert_eq!(*OfferStacking::USUAL, OfferStacking::default());
        assert_eq!(*Place::USUAL, Place::default());
        assert_eq!(*Terms::USUAL, Terms::default());
        assert_eq!(*Title::USUAL, Title::default());
        assert_eq!(*When::USUAL, When::default());
        assert_eq!(*Who::USUAL, Who::default());
    }

    #[test]
    fn what_was_touched_and_is_as_usual_equals_what_never_was() {
        let mut touched = Rare::from(Who { members_only: true, ..Who::default() });
        assert_ne!(touched, Rare::default());
        touched.members_only = false;
        assert_eq!(touched, Rare::default());
    }
}
