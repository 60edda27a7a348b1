//! Names of a sale and of its returns, chosen by the till.

use std::fmt;
use std::str::FromStr;

use uuid::{Uuid, Version};

/// Why a text or sixteen bytes name no checkout or return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheckoutId {
    /// It is no UUID in the usual form of 36 characters.
    #[error("is not a UUID such as 0198c0de-7a10-7000-8000-0000000000a1")]
    NoUuid,
    /// A checkout id carries the moment of its making and has to be of version 7.
    #[error("is not a UUID of version 7")]
    NoVersion7,
}

/// Names a checkout: a UUIDv7 that the till makes, so that a retry is known as one and the id says how old it is.
///
/// ```
/// use suanpan_domain::CheckoutId;
/// let id: CheckoutId = "0198c0de-7a10-7000-8000-0000000000a1".parse()?;
/// assert_eq!(id.unix_ms(), 1_755_582_462_480);
/// assert_eq!(id.to_string(), "0198c0de-7a10-7000-8000-0000000000a1");
/// # Ok::<(), suanpan_domain::InvalidCheckoutId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckoutId([u8; 16]);

impl CheckoutId {
    /// Takes the sixteen bytes of a UUIDv7.
    ///
    /// # Errors
    /// [`InvalidCheckoutId::NoVersion7`] for any other UUID.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, InvalidCheckoutId> {
        match Uuid::from_bytes(bytes).get_version() {
            Some(Version::SortRand) => Ok(Self(bytes)),
            _ => Err(InvalidCheckoutId::NoVersion7),
        }
    }

    /// The sixteen bytes, which order as the ids were made.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// When the till made it, by the till's clock, in Unix milliseconds.
    #[must_use]
    pub fn unix_ms(&self) -> i64 {
        self.0[..6].iter().fold(0, |ms, byte| ms << 8 | i64::from(*byte))
    }
}

/// Names a return within its checkout: any UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReturnId([u8; 16]);

impl ReturnId {
    /// Takes the sixteen bytes of a UUID.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

fn uuid(text: &str) -> Result<Uuid, InvalidCheckoutId> {
    // The one usual form only: the same id in two spellings would be two ids to whoever compares texts.
    if text.len() == 36 {
        Uuid::try_parse(text).map_err(|_| InvalidCheckoutId::NoUuid)
    } else {
        Err(InvalidCheckoutId::NoUuid)
    }
}

impl FromStr for CheckoutId {
    type Err = InvalidCheckoutId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_bytes(uuid(text)?.into_bytes())
    }
}

impl FromStr for ReturnId {
    type Err = InvalidCheckoutId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid(text).map(|uuid| Self(uuid.into_bytes()))
    }
}

macro_rules! shown_as_uuid {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&Uuid::from_bytes(self.0), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

shown_as_uuid! { CheckoutId ReturnId }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_version_7_names_a_checkout() {
        for (text, expected) in [
            ("0198c0de-7a10-7000-8000-0000000000a1", Ok(())),
            ("0198C0DE-7A10-7000-8000-0000000000A1", Ok(())),
            ("0198c0de-7a10-4000-8000-0000000000a1", Err(InvalidCheckoutId::NoVersion7)),
            ("0198c0de7a10700080000000000000a1", Err(InvalidCheckoutId::NoUuid)),
            ("", Err(InvalidCheckoutId::NoUuid)),
        ] {
            assert_eq!(text.parse::<CheckoutId>().map(|_| ()), expected, "{text:?}");
        }
    }
}
