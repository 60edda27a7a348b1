//! Counts the elements of a request's lists in its bytes, before anything is allocated for them.
//!
//! An empty line takes two bytes on the wire and more than two hundred in memory: a request of 1 MiB would become
//! more than 100 MiB before a check of the decoded message could refuse it. This pass walks over the bytes, allocates
//! nothing for what is in order, and says which list is too long.

use std::fmt;

use suanpan_domain::limits;

use crate::decode::{GIFTS_CHOSEN_MAX, MEMBER_CARDS_MAX};
use crate::problem::{Fault, Problems};

/// Baskets of one batch.
pub const BATCH_BASKETS_MAX: usize = 256;
/// Bytes of a message with a batch.
pub const BATCH_BYTES_MAX: usize = 16 << 20;
/// Tenders of one sale: cash, some cards and vouchers.
pub const TENDERS_MAX: usize = 32;
/// Files of one program.
pub const PROGRAM_FILES_MAX: usize = 1_000;
/// Bytes of a message with a program, or with codes.
pub const ADMIN_BYTES_MAX: usize = 32 << 20;
/// Codes that are added by one call.
pub const CODES_MAX: usize = 10_000;
/// A message up to this size is decoded unseen: even empty elements alone make less than 2 MiB of it.
pub const UNSEEN_BYTES_MAX: usize = 8 << 10;

const _: () = assert!(BATCH_BYTES_MAX >= limits::REQUEST_BYTES_MAX);

/// What of a message's shape matters here.
#[derive(Debug)]
pub(crate) struct Shape {
    fields: &'static [Field],
}

#[derive(Debug)]
struct Field {
    number: u64,
    name: &'static str,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// One message; sent several times it is merged, so that its lists go on growing.
    One(&'static Shape),
    /// A list of texts or messages.
    List { slot: usize, most: usize, bytes_most: usize, of: Option<&'static Shape> },
}

/// One counter for each list.
const SLOTS: usize = 17;

const fn one(number: u64, name: &'static str, of: &'static Shape) -> Field {
    Field { number, name, kind: Kind::One(of) }
}

const fn list(number: u64, name: &'static str, slot: usize, most: usize) -> Field {
    let kind = Kind::List { slot, most, bytes_most: usize::MAX, of: None };
    Field { number, name, kind }
}

const fn list_of(number: u64, name: &'static str, slot: usize, most: usize, of: &'static Shape) -> Field {
    let kind = Kind::List { slot, most, bytes_most: limits::REQUEST_BYTES_MAX, of: Some(of) };
    Field { number, name, kind }
}

pub(crate) static LEAF: Shape = Shape { fields: &[] };

static LINE: Shape = Shape {
    fields: &[
        list(5, "tags", 0, limits::LINE_TAGS_MAX),
        list_of(11, "taxes", 1, limits::LINE_TAXES_MAX, &LEAF),
    ],
};

static GIFT_CHOICE: Shape = Shape { fields: &[list(2, "skus", 2, GIFTS_CHOSEN_MAX)] };

static SNAPSHOT: Shape = Shape {
    fields: &[
        list(3, "cards", 3, MEMBER_CARDS_MAX),
        list_of(7, "coupons", 4, limits::MEMBER_COUPONS_MAX, &LEAF),
        list(8, "segments", 5, limits::MEMBER_SEGMENTS_MAX),
        list_of(12, "counters", 6, limits::MEMBER_COUNTERS_MAX, &LEAF),
    ],
};

static MEMBER: Shape = Shape { fields: &[one(3, "snapshot", &SNAPSHOT)] };

pub(crate) static BASKET: Shape = Shape {
    fields: &[
        list_of(10, "lines", 7, limits::BASKET_LINES_MAX, &LINE),
        list(11, "codes", 8, limits::BASKET_CODES_MAX),
        list_of(12, "manual_discounts", 9, limits::BASKET_MANUAL_DISCOUNTS_MAX, &LEAF),
        list_of(13, "gift_choices", 10, limits::BASKET_GIFT_CHOICES_MAX, &GIFT_CHOICE),
        one(16, "member", &MEMBER),
        list_of(18, "paper_coupons", 11, limits::BASKET_CODES_MAX, &LEAF),
    ],
};

pub(crate) static BATCH: Shape = Shape { fields: &[list_of(2, "baskets", 12, BATCH_BASKETS_MAX, &BASKET)] };

pub(crate) static EXPLAIN: Shape = Shape { fields: &[one(2, "basket", &BASKET)] };

pub(crate) static RESERVE: Shape = Shape { fields: &[one(4, "basket", &BASKET)] };

pub(crate) static CONFIRM: Shape =
    Shape { fields: &[one(4, "basket", &BASKET), list_of(7, "tenders", 13, TENDERS_MAX, &LEAF)] };

pub(crate) static OFFLINE_SALE: Shape =
    Shape { fields: &[one(4, "basket", &BASKET), list_of(5, "tenders", 13, TENDERS_MAX, &LEAF)] };

// Numbers of units come packed, four bytes of memory for at least one on the wire: bounded by the request's size.
static RETURN_LINE: Shape = Shape { fields: &[] };

pub(crate) static RETURN: Shape =
    Shape { fields: &[list_of(5, "lines", 14, limits::BASKET_LINES_MAX, &RETURN_LINE)] };

pub(crate) static PUBLISH: Shape = Shape {
    fields: &[Field {
        number: 2,
        name: "files",
        kind: Kind::List { slot: 15, most: PROGRAM_FILES_MAX, bytes_most: ADMIN_BYTES_MAX, of: Some(&LEAF) },
    }],
};

pub(crate) static ADD_CODES: Shape = Shape { fields: &[list(4, "codes", 16, CODES_MAX)] };

pub(crate) static ENROL: Shape = Shape { fields: &[list(5, "cards", 3, MEMBER_CARDS_MAX)] };

/// Why bytes are not decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OutOfBounds {
    /// They are no protobuf message.
    Malformed,
    /// Lists are too long.
    Lists(Problems),
}

/// Looks at the lists of a message.
pub(crate) fn check(bytes: &[u8], shape: &'static Shape) -> Result<(), OutOfBounds> {
    if bytes.len() <= UNSEEN_BYTES_MAX {
        return Ok(());
    }
    let mut scan = Scan { counts: [0; SLOTS], problems: Problems::default() };
    let root = Path { parent: None, name: "", index: None };
    scan.message(bytes, shape, &root).ok_or(OutOfBounds::Malformed)?;
    scan.report(shape, &root);
    if scan.problems.is_empty() { Ok(()) } else { Err(OutOfBounds::Lists(scan.problems)) }
}

struct Scan {
    counts: [usize; SLOTS],
    problems: Problems,
}

/// Where the scan is. Written out only for a problem.
struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'static str,
    index: Option<usize>,
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent
            && parent.parent.is_some()
        {
            write!(f, "{parent}.")?;
        }
        f.write_str(self.name)?;
        self.index.map_or(Ok(()), |index| write!(f, "[{index}]"))
    }
}

impl Scan {
    /// Walks over one message. `None` when the bytes are no message.
    fn message(&mut self, mut bytes: &[u8], shape: &'static Shape, path: &Path<'_>) -> Option<()> {
        while !bytes.is_empty() {
            let tag = varint(&mut bytes)?;
            let Some(content) = skip(&mut bytes, tag)? else { continue };
            let Some(field) = shape.fields.iter().find(|field| field.number == tag >> 3) else { continue };
            match &field.kind {
                Kind::One(of) => {
                    self.message(content, of, &Path { parent: Some(path), name: field.name, index: None })?;
                }
                Kind::List { slot, most, bytes_most, of } => {
                    let index = self.counts[*slot];
                    self.counts[*slot] += 1;
                    // What is past the bound is only counted: the message is refused anyway.
                    let Some(of) = of.filter(|_| index < *most) else { continue };
                    let element = Path { parent: Some(path), name: field.name, index: Some(index) };
                    if content.len() > *bytes_most {
                        let fault = Fault::TooManyBytes { count: content.len(), most: *bytes_most };
                        self.problems.add(format_args!("{element}"), fault);
                        continue;
                    }
                    self.reset(of);
                    self.message(content, of, &element)?;
                    self.report(of, &element);
                }
            }
        }
        Some(())
    }

    /// Each element of a list has lists of its own.
    fn reset(&mut self, shape: &'static Shape) {
        for field in shape.fields {
            match &field.kind {
                Kind::One(of) => self.reset(of),
                Kind::List { slot, .. } => self.counts[*slot] = 0,
            }
        }
    }

    /// Says which lists of a message that ended were too long.
    fn report(&mut self, shape: &'static Shape, path: &Path<'_>) {
        for field in shape.fields {
            match &field.kind {
                Kind::One(of) => {
                    self.report(of, &Path { parent: Some(path), name: field.name, index: None });
                }
                Kind::List { slot, most, .. } => {
                    let (count, most) = (self.counts[*slot], *most);
                    if count > most {
                        let list = Path { parent: Some(path), name: field.name, index: None };
                        self.problems.add(format_args!("{list}"), Fault::TooMany { count, most });
                    }
                }
            }
        }
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Moves past a field's content; inside is the content of one that has a length. `None` when it is cut short.
fn skip<'a>(bytes: &mut &'a [u8], tag: u64) -> Option<Option<&'a [u8]>> {
    match tag & 7 {
        0 => varint(bytes).map(|_| None),
        1 => take(bytes, 8).map(|_| None),
        2 => {
            let length = varint(bytes)?;
            take(bytes, usize::try_from(length).ok()?).map(Some)
        }
        3 => skip_group(bytes).map(|()| None),
        5 => take(bytes, 4).map(|_| None),
        _ => None,
    }
}

/// Moves past an unknown field in the form of a group, and the groups inside it.
fn skip_group(bytes: &mut &[u8]) -> Option<()> {
    let mut depth = 1_usize;
    while depth > 0 {
        let tag = varint(bytes)?;
        match tag & 7 {
            3 => depth += 1,
            4 => depth -= 1,
            _ => {
                skip(bytes, tag)?;
            }
        }
    }
    Some(())
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (content, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{admin_v1, v1};
    use prost::Message as _;

    fn found(bytes: &[u8], shape: &'static Shape) -> Vec<String> {
        match check(bytes, shape) {
            Ok(()) => Vec::new(),
            Err(OutOfBounds::Malformed) => vec!["malformed".to_owned()],
            Err(OutOfBounds::Lists(problems)) => {
                problems.kept().iter().map(|p| format!("{} {}", p.field, p.fault)).collect()
            }
        }
    }

    fn lines(count: usize) -> v1::Basket {
        v1::Basket {
            lines: vec![v1::Line { id: "0123456789".into(), ..Default::default() }; count],
            ..Default::default()
        }
    }

    #[test]
    fn a_list_may_be_as_long_as_its_bound() {
        let mut basket = lines(1_000);
        basket.lines[999].tags = vec!["t".to_owned(); 32];
        assert_eq!(found(&basket.encode_to_vec(), &BASKET), Vec::<String>::new());
    }

    #[test]
    fn longer_lists_are_named_with_their_place() {
        let mut basket = lines(10_000);
        basket.lines[3].tags = vec![String::new(); 33];
        basket.lines[4].taxes = vec![v1::TaxRate::default(); 4_000];
        basket.codes = vec!["c".to_owned(); 65];
        let explained = v1::ExplainRequest { basket: Some(basket), ..Default::default() };
        assert_eq!(
            found(&explained.encode_to_vec(), &EXPLAIN),
            [
                "basket.lines[3].tags has 33 elements, at most 32 are permitted",
                "basket.lines[4].taxes has 4000 elements, at most 8 are permitted",
                "basket.lines has 10000 elements, at most 1000 are permitted",
                "basket.codes has 65 elements, at most 64 are permitted",
            ]
        );
    }

    #[test]
    fn a_member_sent_in_pieces_is_counted_as_one() {
        let coupons = vec![v1::OwnedCoupon { id: "c".into(), ..Default::default() }; 600];
        let snapshot = v1::MemberSnapshot { coupons, ..Default::default() };
        let member = v1::Member { identity: Some(v1::member::Identity::Snapshot(snapshot)) };
        let half = v1::Basket { member: Some(member), channel: "x".repeat(8_192), ..Default::default() };
        let twice = [half.encode_to_vec(), half.encode_to_vec()].concat();
        assert_eq!(
            found(&twice, &BASKET),
            ["member.snapshot.coupons has 1200 elements, at most 1000 are permitted"]
        );
    }

    #[test]
    fn each_basket_of_a_batch_is_counted_apart() {
        let mut batch = v1::QuoteBatchRequest { baskets: vec![lines(700); 3], ..Default::default() };
        assert_eq!(found(&batch.encode_to_vec(), &BATCH), Vec::<String>::new());
        batch.baskets[1] = lines(1_001);
        batch.baskets.resize(300, v1::Basket::default());
        assert_eq!(
            found(&batch.encode_to_vec(), &BATCH),
            [
                "baskets[1].lines has 1001 elements, at most 1000 are permitted",
                "baskets has 300 elements, at most 256 are permitted",
            ]
        );
    }

    #[test]
    fn what_operators_send_is_counted_too() {
        let files = |count| {
            let file = admin_v1::ProgramFile { name: "a".repeat(16), text: String::new() };
            admin_v1::PublishRequest { files: vec![file; count], ..Default::default() }.encode_to_vec()
        };
        let codes = |count| {
            admin_v1::AddCodesRequest { codes: vec!["c".to_owned(); count], ..Default::default() }
                .encode_to_vec()
        };
        for (bytes, shape, expected) in [
            (files(PROGRAM_FILES_MAX), &PUBLISH, ""),
            (files(PROGRAM_FILES_MAX + 1), &PUBLISH, "files has 1001 elements, at most 1000 are permitted"),
            (codes(CODES_MAX), &ADD_CODES, ""),
            (codes(CODES_MAX + 1), &ADD_CODES, "codes has 10001 elements, at most 10000 are permitted"),
        ] {
            assert_eq!(found(&bytes, shape).join(", "), expected);
        }
    }

    #[test]
    fn cut_bytes_are_malformed_and_unknown_groups_are_passed_over() {
        let bytes = lines(900).encode_to_vec();
        assert_eq!(found(&bytes[..bytes.len() - 1], &BASKET), ["malformed"]);
        // Field 99 as a group with a group inside.
        let group = [0x9b, 0x06, 0x9b, 0x06, 0x08, 0x01, 0x9c, 0x06, 0x9c, 0x06];
        assert_eq!(found(&[&bytes[..], &group].concat(), &BASKET), Vec::<String>::new());
        assert_eq!(found(&[&bytes[..], &group[..6]].concat(), &BASKET), ["malformed"]);
    }
}
