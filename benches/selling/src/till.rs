//! Tills that sell as fast as they are answered: one message over and over, with the number and the member of each sale put
//! in, and now and then a look at an answer.

use std::net::SocketAddr;
use std::time::Instant;

use prost::Message as _;
use prost::bytes::{BufMut as _, BytesMut};
use suanpan_rpc::{checkout_v1, member_v1, v1};

use crate::hall::{CHAIN, now_ms};
use crate::line::Line;

const CONFIRM: &str = "/suanpan.checkout.v1.CheckoutService/Confirm";
/// Stand for those of a sale, and are as long.
const ID: &str = "00000000-0000-7000-8000-000000000000";
const MEMBER: &str = "member-@@@@@@@@";
/// One in so many answers is decoded.
const LOOKED_AT: usize = 64;

/// Some tills on a connection.
pub(crate) struct Tills {
    line: Line,
    /// The message before the number, between number and member, and behind.
    parts: [Vec<u8>; 3],
    answers: usize,
}

impl Tills {
    /// Connects to a node.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let bytes = three_lines().encode_to_vec();
        let place = |text: &str| {
            let places = bytes.windows(text.len()).position(|part| part == text.as_bytes());
            places.expect("is in the message")
        };
        let (id, member) = (place(ID), place(MEMBER));
        assert!(id < member, "as the fields are numbered");
        let parts = [&bytes[..id], &bytes[id + ID.len()..member], &bytes[member + MEMBER.len()..]];
        Self { line: Line::open(address, CONFIRM), parts: parts.map(<[u8]>::to_vec), answers: 0 }
    }

    /// So many tills sell until then; gives what each sale waited for its answer, microseconds. `next` gives the number of
    /// a sale and its member.
    pub(crate) fn sell(&mut self, tills: u64, until: Instant, next: impl Fn() -> (u64, String)) -> Vec<u32> {
        let Self { line, parts: [before, between, behind], answers } = self;
        let ask = |message: &mut BytesMut| {
            let (number, member) = next();
            let ms = now_ms();
            let id = format!("{:08x}-{:04x}-7000-8000-{number:012x}", ms >> 16, ms & 0xffff);
            assert!(id.len() == ID.len() && member.len() == MEMBER.len(), "{id} of {member}");
            for part in [before, id.as_bytes(), between, member.as_bytes(), behind] {
                message.put_slice(part);
            }
        };
        let told = |answer: &[u8]| {
            if answers.is_multiple_of(LOOKED_AT) {
                let checkout = checkout_v1::Checkout::decode(answer).expect("a checkout");
                assert_eq!(checkout.state(), checkout_v1::CheckoutState::Confirmed);
            }
            *answers += 1;
        };
        line.calls(tills, until, ask, told)
    }
}

/// Three lines, as a small shop sells.
fn three_lines() -> checkout_v1::ConfirmRequest {
    let line = |id: &str, sku: &str, category: &str, units: i64, price: i64| v1::Line {
        id: id.to_owned(),
        sku: sku.to_owned(),
        category: category.to_owned(),
        quantity_milli: units * 1_000,
        unit_price_minor: Some(price),
        ..v1::Line::default()
    };
    checkout_v1::ConfirmRequest {
        chain: CHAIN.to_owned(),
        checkout_id: ID.to_owned(),
        actor: Some(member_v1::Actor { id: "till-07".to_owned(), ..member_v1::Actor::default() }),
        basket: Some(v1::Basket {
            currency: "EUR".to_owned(),
            lines: vec![
                line("1", "4006381333931", "dairy", 2, 149),
                line("2", "4006381333948", "bakery", 1, 299),
                line("3", "4006381333955", "drinks", 1, 899),
            ],
            payment_kind: "card:visa".to_owned(),
            member: Some(v1::Member { identity: Some(v1::member::Identity::Id(MEMBER.to_owned())) }),
            ..v1::Basket::default()
        }),
        ..checkout_v1::ConfirmRequest::default()
    }
}
