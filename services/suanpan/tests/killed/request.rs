//! What tills send.

use suanpan_rpc::{checkout_v1, member_v1, v1};

use crate::call::Call;
use crate::chance::{Chance, now_ms};
use crate::corner::CHAIN;

fn chain() -> String {
    CHAIN.to_owned()
}

/// Who asks.
pub(crate) fn actor() -> Option<member_v1::Actor> {
    Some(member_v1::Actor { id: "till-1".to_owned(), reason: "a test".to_owned(), ..Default::default() })
}

/// Some lines, one of them perhaps tea, which the spree is about.
pub(crate) fn basket(chance: &mut Chance) -> v1::Basket {
    let lines = 1 + chance.below(3);
    let line = |place: usize, chance: &mut Chance| {
        let sku = if chance.one_in(3) { "tea".to_owned() } else { format!("sku-{}", chance.below(50)) };
        let units = chance.within(1, 3);
        line(&format!("L{place}"), &sku, units, chance.within(150, 3_000))
    };
    basket_of((0..lines).map(|place| line(place, chance)).collect())
}

/// A line of so many units.
pub(crate) fn line(id: &str, sku: &str, units: i64, unit_price_minor: i64) -> v1::Line {
    v1::Line {
        id: id.to_owned(),
        sku: sku.to_owned(),
        quantity_milli: units * 1_000,
        unit_price_minor: Some(unit_price_minor),
        ..v1::Line::default()
    }
}

/// A guest's basket of these lines.
pub(crate) fn basket_of(lines: Vec<v1::Line>) -> v1::Basket {
    v1::Basket {
        chain: chain(),
        currency: "CNY".to_owned(),
        lines,
        payment_kind: "card".to_owned(),
        ..v1::Basket::default()
    }
}

/// The same basket with a member, or as a guest.
pub(crate) fn of(basket: &v1::Basket, member: Option<&str>) -> v1::Basket {
    let identity = member.map(|member| v1::member::Identity::Id(member.to_owned()));
    v1::Basket { member: identity.map(|identity| v1::Member { identity: Some(identity) }), ..basket.clone() }
}

/// So many points pay for a part of it.
pub(crate) fn with_points(mut basket: v1::Basket, points: i64) -> v1::Basket {
    let wanted = Some(v1::points_request::Wanted::Exact(points));
    basket.points = Some(v1::PointsRequest { wanted, ..v1::PointsRequest::default() });
    basket
}

/// With one more code.
pub(crate) fn with_code(mut basket: v1::Basket, code: &str) -> v1::Basket {
    basket.codes.push(code.to_owned());
    basket
}

/// Holds it.
pub(crate) fn reserve(id: &str, basket: v1::Basket, quote: Option<&v1::Quote>) -> Call {
    Call::Reserve(Box::new(checkout_v1::ReserveRequest {
        chain: chain(),
        actor: actor(),
        checkout_id: id.to_owned(),
        basket: Some(basket),
        quote_token: token(quote),
        ..Default::default()
    }))
}

fn token(quote: Option<&v1::Quote>) -> String {
    quote.and_then(|quote| quote.envelope.as_ref()).map(|envelope| envelope.token.clone()).unwrap_or_default()
}

/// It is paid.
pub(crate) fn confirm(id: &str, basket: v1::Basket, quote: Option<&v1::Quote>) -> Call {
    Call::Confirm(Box::new(confirm_request(id, basket, quote)))
}

/// The money is in the till.
pub(crate) fn tendered(id: &str, basket: v1::Basket) -> Call {
    let request = confirm_request(id, basket, None);
    Call::Confirm(Box::new(checkout_v1::ConfirmRequest { tendered: true, ..request }))
}

fn confirm_request(id: &str, basket: v1::Basket, quote: Option<&v1::Quote>) -> checkout_v1::ConfirmRequest {
    checkout_v1::ConfirmRequest {
        chain: chain(),
        actor: actor(),
        checkout_id: id.to_owned(),
        basket: Some(basket),
        quote_token: token(quote),
        ..Default::default()
    }
}

/// It was sold while no node could be reached, for so much.
pub(crate) fn offline(id: &str, mut basket: v1::Basket, paid_minor: i64) -> Call {
    basket.business_time = Some(v1::BusinessTime { unix_ms: now_ms(), utc_offset_minutes: 480 });
    Call::Offline(Box::new(checkout_v1::RecordOfflineSaleRequest {
        chain: chain(),
        actor: actor(),
        checkout_id: id.to_owned(),
        basket: Some(basket),
        tenders: vec![checkout_v1::Tender { kind: "card".to_owned(), amount_minor: paid_minor }],
    }))
}

/// It will not happen.
pub(crate) fn cancel(id: &str) -> Call {
    Call::Cancel(checkout_v1::CancelRequest { chain: chain(), actor: actor(), checkout_id: id.to_owned() })
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Back<'b> {
    /// One unit of a line.
    Unit(&'b str),
    /// All that is left.
    All,
}

/// Goods come back, or came back while no node could be reached.
pub(crate) fn give_back(id: &str, return_id: String, back: Back<'_>, was_offline: bool) -> Call {
    let (lines, all) = match back {
        Back::Unit(line) => (
            vec![checkout_v1::ReturnLine { line_id: line.to_owned(), quantity_milli: 1_000, units: vec![] }],
            false,
        ),
        Back::All => (Vec::new(), true),
    };
    let (chain, actor, checkout_id) = (chain(), actor(), id.to_owned());
    if was_offline {
        let business_time = None;
        let request = checkout_v1::RecordOfflineReturnRequest {
            chain,
            actor,
            checkout_id,
            return_id,
            lines,
            all,
            business_time,
        };
        return Call::OfflineReturn(request);
    }
    Call::Return(checkout_v1::ReturnRequest {
        chain,
        actor,
        checkout_id,
        return_id,
        lines,
        all,
        business_time: None,
    })
}

/// A member begins.
pub(crate) fn enrol(request_id: String, member: &str) -> Call {
    Call::Enrol(Box::new(member_v1::EnrolRequest {
        chain: chain(),
        actor: actor(),
        request_id,
        member_id: member.to_owned(),
        cards: vec![format!("card-{member}")],
        ..Default::default()
    }))
}

/// Points by hand.
pub(crate) fn adjust(request_id: String, member: &str, points: i64) -> Call {
    Call::Adjust(member_v1::AdjustRequest {
        chain: chain(),
        actor: actor(),
        request_id,
        member_id: member.to_owned(),
        points,
        expires_unix_ms: 0,
    })
}

/// A coupon for the wallet; its id is the request's without hyphens.
pub(crate) fn grant(request_id: String, member: &str) -> Call {
    Call::Grant(member_v1::GrantCouponRequest {
        chain: chain(),
        actor: actor(),
        request_id,
        member_id: member.to_owned(),
        campaign: "thanks".to_owned(),
        expires_unix_ms: 0,
    })
}

/// A check-in.
pub(crate) fn activity(request_id: String, member: &str) -> Call {
    Call::Activity(member_v1::RecordActivityRequest {
        chain: chain(),
        actor: actor(),
        request_id,
        member_id: member.to_owned(),
        activity: "check-in".to_owned(),
        business_time: None,
    })
}

/// Points for another member.
pub(crate) fn transfer(request_id: String, member: &str, to: &str, points: i64) -> Call {
    Call::Transfer(member_v1::TransferRequest {
        chain: chain(),
        actor: actor(),
        request_id,
        member_id: member.to_owned(),
        to_member_id: to.to_owned(),
        points,
    })
}

/// Asks for a member.
pub(crate) fn get_member(member: &str) -> member_v1::GetRequest {
    let key = member_v1::member_key::Key::Id(member.to_owned());
    member_v1::GetRequest {
        chain: chain(),
        actor: actor(),
        member: Some(member_v1::MemberKey { key: Some(key) }),
    }
}

/// Asks for a sale.
pub(crate) fn get_sale(id: &str) -> checkout_v1::GetCheckoutRequest {
    checkout_v1::GetCheckoutRequest { chain: chain(), actor: actor(), checkout_id: id.to_owned() }
}

/// Asks for a page of a statement.
pub(crate) fn get_entries(member: &str, page_token: String) -> member_v1::ListEntriesRequest {
    member_v1::ListEntriesRequest {
        chain: chain(),
        actor: actor(),
        member_id: member.to_owned(),
        page_size: 200,
        page_token,
    }
}
