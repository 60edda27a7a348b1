//! Heads and rows as bytes: one byte of format, then CBOR maps of numbered fields. `docs/head-format.md` in the
//! repository says what each number means. What is empty or zero is left out. The same value has the same bytes.

mod archived;
mod entry;
mod head;
mod sale;
mod wire;

pub use archived::{decode_archived, encode_archived, is_archived};
pub use entry::{decode_entry, encode_entry};
pub use head::{decode_head, encode_head, head_bytes};

/// The format that is written, of heads and of rows.
pub const FORMAT: u8 = 1;
/// The format of a head with points that came too late to be announced with their lot (field 27), and of no other. A
/// release that does not know it refuses the bytes.
pub const UNANNOUNCED: u8 = 3;
/// The format of what stays of a row whose body is archived. A release that does not know it refuses the bytes.
pub const ARCHIVED: u8 = 2;

/// Why bytes are no head or row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// There is nothing.
    #[error("there are no bytes")]
    Empty,
    /// A later version of this software wrote it.
    #[error("format {format} is newer than those that this version reads")]
    Newer {
        /// The format.
        format: u8,
    },
    /// The bytes are damaged.
    #[error("damaged: {what}")]
    Damaged {
        /// What is wrong, and where.
        what: String,
    },
    /// The bytes make a head that cannot be.
    #[error("it contradicts itself: {what}")]
    Inconsistent {
        /// The invariant that is broken.
        what: &'static str,
    },
}

/// Takes the format off.
fn body(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    match bytes.split_first() {
        None => Err(DecodeError::Empty),
        Some((&FORMAT, body)) => Ok(body),
        Some((&0, _)) => Err(DecodeError::Damaged { what: "there is no format 0".to_owned() }),
        Some((&format, _)) => Err(DecodeError::Newer { format }),
    }
}

impl From<minicbor::decode::Error> for DecodeError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::Damaged { what: error.to_string() }
    }
}
