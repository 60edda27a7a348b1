//! Requests that nobody meant: random bytes, random messages with values at every edge, and what they cost.

mod hostile {
    pub(crate) mod messages;
}

use hostile::messages;
use proptest::prelude::*;
use prost::Message;
use suanpan_domain::{Currency, limits};
use suanpan_rpc::decode::{self, Buyer, Clock, Request, Terms};
use suanpan_rpc::{codec, encode, problem::Problems, v1};
use suanpan_testkit::heap;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

fn terms() -> Terms<'static> {
    Terms {
        chain: "c",
        currency: Currency::from_code("JPY").unwrap(),
        catalogue: None,
        clock: Clock { received_unix_ms: 0, skew_ms_max: None, utc_offset_minutes: &|_, _| 0 },
    }
}

fn decoded(message: v1::Basket) -> Result<Request, Problems> {
    decode::basket(message, &terms())
}

/// The message that a caller would send for a request.
fn sent_again(request: &Request) -> v1::Basket {
    let member = match &request.buyer {
        Buyer::Snapshot(member) => Some(&**member),
        _ => None,
    };
    let mut message = encode::basket(&request.basket, member);
    message.near_misses = request.near_misses;
    message.offline_sale = request.offline_sale;
    match &request.buyer {
        Buyer::Id(id) => {
            let identity = Some(v1::member::Identity::Id(id.to_string()));
            message.member = Some(v1::Member { identity });
        }
        Buyer::Card(card) => {
            let identity = Some(v1::member::Identity::Card(card.to_string()));
            message.member = Some(v1::Member { identity });
        }
        Buyer::Guest | Buyer::Snapshot(_) => {}
    }
    message
}

/// Cases of each property, ten times as many with `SUANPAN_LONG=1`.
fn cases() -> u32 {
    if std::env::var_os("SUANPAN_LONG").is_some() { 20_000 } else { 2_000 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn bytes_decode_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        for bytes in [bytes.clone(), bytes.repeat(24)] {
            if let Ok(message) = codec::decode::<v1::Basket>(&bytes) {
                let _ = decoded(message);
            }
            let _ = codec::decode::<v1::QuoteBatchRequest>(&bytes);
            let _ = codec::decode::<v1::ExplainRequest>(&bytes);
            let _ = codec::decode::<v1::GetProgramRequest>(&bytes);
        }
    }

    #[test]
    fn damaged_messages_decode_or_are_refused(
        message in messages::basket(), at in any::<prop::sample::Index>(), with in any::<u8>()
    ) {
        let mut bytes = message.encode_to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = with;
            if let Ok(message) = codec::decode::<v1::Basket>(&bytes) {
                let _ = decoded(message);
            }
            let _ = codec::decode::<v1::Basket>(&bytes[..at]);
        }
    }

    #[test]
    fn wild_messages_are_refused_with_every_problem_or_make_sense(message in messages::basket()) {
        match decoded(message) {
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in problems.kept() {
                    prop_assert!(!problem.field.is_empty());
                }
            }
            Ok(request) => {
                let basket = &request.basket;
                prop_assert!((1..=limits::BASKET_LINES_MAX).contains(&basket.lines.len()));
                prop_assert!(basket.lines.iter().all(|line| line.quantity.milli() != 0));
            }
        }
    }

    #[test]
    fn what_passes_survives_the_way_back_and_again(message in messages::sound_basket()) {
        let bytes = message.encode_to_vec();
        let message = codec::decode::<v1::Basket>(&bytes).unwrap();
        let request = match decoded(message) {
            Ok(request) => request,
            Err(problems) => return Err(TestCaseError::fail(problems.to_string())),
        };
        let again = decoded(sent_again(&request)).unwrap();
        // The time of receipt became a business time.
        let expected = Request { time_of_receipt: false, ..request };
        prop_assert_eq!(again, expected);
    }

    #[test]
    fn messages_survive_json_in_both_spellings(message in messages::basket()) {
        let json = serde_json::to_string(&message).unwrap();
        let again: v1::Basket = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&again, &message);
        let snake = json.replace("\"quantityMilli\"", "\"quantity_milli\"").replace("\"unitPriceMinor\"", "\"unit_price_minor\"");
        let again: v1::Basket = serde_json::from_str(&snake).unwrap();
        prop_assert_eq!(again, message);
    }
}

/// A message of nearly the largest size that holds one element over and over.
fn filled(element: &[u8]) -> Vec<u8> {
    element.repeat((limits::REQUEST_BYTES_MAX - 1) / element.len())
}

#[test]
fn what_is_refused_costs_little_memory() {
    // Tags of the wire: number << 3 | 2.
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("nothing but empty lines", filled(&[10 << 3 | 2, 0])),
        ("nothing but empty codes", filled(&[11 << 3 | 2, 0])),
        ("nothing but empty manual discounts", filled(&[12 << 3 | 2, 0])),
        ("nothing but empty gift choices", filled(&[13 << 3 | 2, 0])),
        ("nothing but empty paper coupons", filled(&[0x92, 0x01, 0])),
        ("members with an empty coupon each", filled(&[0x82, 0x01, 4, 3 << 3 | 2, 2, 7 << 3 | 2, 0])),
        ("members with an empty counter each", filled(&[0x82, 0x01, 4, 3 << 3 | 2, 2, 12 << 3 | 2, 0])),
        ("members with an empty segment each", filled(&[0x82, 0x01, 4, 3 << 3 | 2, 2, 8 << 3 | 2, 0])),
        ("a line full of empty tags", one_line_of(&[5 << 3 | 2, 0])),
        ("a line full of empty taxes", one_line_of(&[11 << 3 | 2, 0])),
        ("a thousand wrong lines with all tags and taxes", wrong_lines(1_000)),
        ("ten thousand lines", wrong_lines(10_000)),
        ("a store as long as the message", {
            v1::Basket { store: "s".repeat(limits::REQUEST_BYTES_MAX - 16), ..v1::Basket::default() }
                .encode_to_vec()
        }),
        ("a snapshot of all coupons, segments and counters", full_snapshot()),
        ("groups in groups", filled(&[0x9b, 0x06])),
        ("nothing", Vec::new()),
    ];
    for (name, mut bytes) in rows {
        bytes.truncate(limits::REQUEST_BYTES_MAX);
        let (refused, peak) = heap::peak_bytes(|| match codec::decode::<v1::Basket>(&bytes) {
            Err(status) => status.code() == tonic::Code::InvalidArgument,
            Ok(message) => {
                decoded(message).map_err(|problems| suanpan_rpc::status::invalid(&problems)).is_err()
            }
        });
        assert!(refused, "{name}: was not refused");
        // With the bytes of the message itself it stays below 4 MiB.
        assert!(peak < 3 << 20, "{name}: took {peak} bytes");
    }
}

fn one_line_of(element: &[u8]) -> Vec<u8> {
    let content = filled(element);
    let content = &content[..content.len() - 16 - content.len() % 2];
    let mut bytes = vec![10 << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    bytes
}

fn wrong_lines(count: usize) -> Vec<u8> {
    let line = v1::Line {
        tags: vec!["t".to_owned(); 32],
        taxes: vec![v1::TaxRate { id: "vat".into(), rate_ppm: -1, included: false }; 8],
        unit_price_minor: Some(i64::MIN),
        ..v1::Line::default()
    };
    v1::Basket { lines: vec![line; count], ..v1::Basket::default() }.encode_to_vec()
}

fn full_snapshot() -> Vec<u8> {
    let coupon = v1::OwnedCoupon { id: "c".repeat(100), campaign: "campaign".into(), expires_unix_ms: -1 };
    let counter = v1::MemberCounter { offer: "o".repeat(100), used: -1 };
    let snapshot = v1::MemberSnapshot {
        coupons: vec![coupon; 1_000],
        counters: vec![counter; 4_096],
        segments: vec!["s".repeat(100); 256],
        ..v1::MemberSnapshot::default()
    };
    let identity = Some(v1::member::Identity::Snapshot(snapshot));
    v1::Basket { member: Some(v1::Member { identity }), ..v1::Basket::default() }.encode_to_vec()
}
