//! Identifiers: short text without control characters, one type per noun.

use std::borrow::Borrow;
use std::fmt;

use crate::limits::IDENTIFIER_BYTES_MAX;

/// Why a text is no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentifier {
    /// The text is empty.
    #[error("is empty")]
    Empty,
    /// The text is longer than [`IDENTIFIER_BYTES_MAX`] bytes.
    #[error("is longer than {IDENTIFIER_BYTES_MAX} bytes")]
    TooLong,
    /// The text holds a control character.
    #[error("contains a control character")]
    ControlCharacter,
}

/// What all identifiers have in common.
pub trait Identifier: Sized {
    /// Checks the text and takes it over without copying.
    ///
    /// # Errors
    /// [`InvalidIdentifier`] says what is wrong with it.
    fn new(text: impl Into<String>) -> Result<Self, InvalidIdentifier>;

    /// The identifier's text.
    fn as_str(&self) -> &str;
}

fn check(text: String) -> Result<String, InvalidIdentifier> {
    if text.is_empty() {
        Err(InvalidIdentifier::Empty)
    } else if text.len() > IDENTIFIER_BYTES_MAX {
        Err(InvalidIdentifier::TooLong)
    } else if text.bytes().any(|byte| byte.is_ascii_control()) {
        Err(InvalidIdentifier::ControlCharacter)
    } else {
        Ok(text)
    }
}

macro_rules! identifiers {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl Identifier for $name {
            fn new(text: impl Into<String>) -> Result<Self, InvalidIdentifier> {
                check(text.into()).map(Self)
            }

            fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $name {
            /// Checks the text and takes it over without copying.
            ///
            /// # Errors
            /// [`InvalidIdentifier`] says what is wrong with it.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidIdentifier> {
                <Self as Identifier>::new(text)
            }

            /// The identifier's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

identifiers! {
    /// Names one line of a request; unique within its basket.
    LineId;
    /// Names a sellable article, often its GTIN.
    Sku;
    /// Names a store of the chain.
    StoreId;
    /// Names a till (or a web shop's front end) of a store.
    TillId;
    /// Names a member of the chain.
    MemberId;
    /// Names an offer of a program.
    OfferId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_checked() {
        let long = "x".repeat(IDENTIFIER_BYTES_MAX + 1);
        for (text, expected) in [
            ("L1", Ok(())),
            ("", Err(InvalidIdentifier::Empty)),
            ("a\nb", Err(InvalidIdentifier::ControlCharacter)),
            (long.as_str(), Err(InvalidIdentifier::TooLong)),
        ] {
            assert_eq!(LineId::new(text).map(|_| ()), expected, "{text:?}");
        }
    }
}
