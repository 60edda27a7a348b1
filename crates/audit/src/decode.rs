//! Heads and rows from their bytes, by the published format (`docs/head-format.md`) and nothing else.
//!
//! This is a second reader, written apart from the one that the product uses: what both read alike was not misread by
//! chance. It keeps only what the audit looks at, and reuses its memory from row to row.

mod head;
mod row;
mod sale;
mod stays;

use minicbor::Decoder;
use minicbor::data::Type;
use minicbor::decode::Error;

pub(crate) use head::{Head, Hold, Status, read_head};
pub(crate) use row::{Movement, Row, kind, read_row, reason, state, verb};
pub(crate) use sale::{Line, Run, Sale};
pub(crate) use stays::stays_agree;

/// Sixteen bytes that name a sale, a coupon or a code.
pub(crate) type Id = [u8; 16];

/// The newest format that this reader knows.
const FORMAT: u8 = 1;
/// The format of what stays of a row whose body is archived.
const ARCHIVED: u8 = 2;
/// The format of a head with field 27.
const UNANNOUNCED: u8 = 3;
/// "Never" in seconds: 9999-12-31T23:59:59Z.
pub(crate) const NEVER_S: i64 = 253_402_300_799;
/// "Never" in milliseconds.
pub(crate) const NEVER_MS: i64 = NEVER_S * 1_000;

/// Why bytes cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// There is not even a format.
    #[error("there are no bytes")]
    Empty,
    /// They are what stays of a row, whose body was not found.
    #[error("its body is not in the archive")]
    NotArchived,
    /// A later release wrote them.
    #[error("format {0} is newer than those that this audit reads")]
    Newer(u8),
    /// They are not of the format.
    #[error("{0}")]
    Damaged(#[from] Error),
}

/// The key of a row: its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    bytes: [u8; Self::BYTES_MAX],
    len: u8,
}

/// What a key names, by its first byte and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Sale,
    Return,
    Request,
    Effect,
    Time,
}

impl Default for Key {
    fn default() -> Self {
        Self { bytes: [0; Self::BYTES_MAX], len: 0 }
    }
}

impl Key {
    const BYTES_MAX: usize = 33;

    /// Takes the bytes over when they are a key.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let mut key = Self::default();
        key.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        key.len = bytes.len() as u8;
        key.kind().map(|_| key)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// What it names; none for bytes that are no key.
    pub(crate) fn kind(&self) -> Option<KeyKind> {
        match (self.bytes[0], self.len) {
            (1, 17) => Some(KeyKind::Sale),
            (1, 33) => Some(KeyKind::Return),
            (2, 17) => Some(KeyKind::Request),
            (3, 17) => Some(KeyKind::Effect),
            (4, 9) => Some(KeyKind::Time),
            _ => None,
        }
    }

    /// The first id in it: of a sale and of its returns the sale's.
    pub(crate) fn id(&self) -> Id {
        let mut id = [0; 16];
        id.copy_from_slice(&self.bytes[1..17]);
        id
    }

    /// For people: the kind and the ids.
    pub(crate) fn told(&self) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let bytes = self.as_bytes();
        match self.kind() {
            Some(KeyKind::Sale) => format!("sale {}", uuid(&self.id())),
            Some(KeyKind::Return) => {
                let mut back = [0; 16];
                back.copy_from_slice(&self.bytes[17..33]);
                format!("return {} of sale {}", uuid(&back), uuid(&self.id()))
            }
            Some(KeyKind::Request) => format!("request {}", hex(&bytes[1..])),
            Some(KeyKind::Effect) => format!("effect {}", hex(&bytes[1..])),
            Some(KeyKind::Time) => {
                let version = bytes[1..].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                format!("time {version}")
            }
            None => format!("key {}", hex(bytes)),
        }
    }
}

/// An id in the usual form of 36 characters.
pub(crate) fn uuid(id: &Id) -> String {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Takes the format off.
fn body(bytes: &[u8]) -> Result<Decoder<'_>, Unreadable> {
    match bytes.split_first() {
        None => Err(Unreadable::Empty),
        Some((&FORMAT, body)) => Ok(Decoder::new(body)),
        Some((&0, _)) => Err(wrong("there is no format 0").into()),
        Some((&ARCHIVED, _)) => Err(Unreadable::NotArchived),
        Some((&format, _)) => Err(Unreadable::Newer(format)),
    }
}

fn wrong(what: &'static str) -> Error {
    Error::message(what)
}

/// Reads the fields of a map of open length, whose numbers ascend.
fn fields<'b>(
    d: &mut Decoder<'b>,
    mut field: impl FnMut(u8, &mut Decoder<'b>) -> Result<(), Error>,
) -> Result<(), Error> {
    if d.map()?.is_some() {
        return Err(wrong("a map of known length"));
    }
    let mut least = 0;
    while d.datatype()? != Type::Break {
        let number = d.u8()?;
        if u16::from(number) < least {
            return Err(wrong("fields do not ascend"));
        }
        least = u16::from(number) + 1;
        field(number, d)?;
    }
    d.skip()
}

/// Reads a flat list: so many values are one element.
fn flat<'b>(
    d: &mut Decoder<'b>,
    width: u64,
    mut element: impl FnMut(&mut Decoder<'b>) -> Result<(), Error>,
) -> Result<(), Error> {
    let values = d.array()?.ok_or_else(|| wrong("a list of open length"))?;
    if !values.is_multiple_of(width) {
        return Err(wrong("a list ends within an element"));
    }
    // Every value has a byte at least, so that a length that lies ends where the bytes end.
    (0..values / width).try_for_each(|_| element(d))
}

/// Reads an array of exactly so many values.
fn exactly(d: &mut Decoder<'_>, values: u64) -> Result<(), Error> {
    if d.array()? == Some(values) { Ok(()) } else { Err(wrong("an array of another length")) }
}

fn id(d: &mut Decoder<'_>) -> Result<Id, Error> {
    d.bytes()?.try_into().map_err(|_| wrong("an id of another length"))
}

fn key(d: &mut Decoder<'_>) -> Result<Key, Error> {
    Key::new(d.bytes()?).ok_or_else(|| wrong("bytes that are no key"))
}

/// Seconds, of which 0 is never.
fn seconds(d: &mut Decoder<'_>) -> Result<i64, Error> {
    match d.i64()? {
        0 => Ok(NEVER_S),
        seconds => Ok(seconds),
    }
}

fn at_end(d: &Decoder<'_>) -> Result<(), Error> {
    if d.position() == d.input().len() { Ok(()) } else { Err(wrong("something stands behind the end")) }
}
