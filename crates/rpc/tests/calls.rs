//! Bounds of calls about sales and members: at the bound a call passes, one beyond it the field is named.

use suanpan_domain::limits::{
    AMOUNT_MINOR_MAX, BASKET_LINES_MAX, IDENTIFIER_BYTES_MAX, POINTS_MAX, QUANTITY_MILLI_MAX,
};
use suanpan_rpc::bounds::TENDERS_MAX;
use suanpan_rpc::decode::{self, HOLD_SECONDS_MAX, HOLD_SECONDS_MIN, PAGE_SIZE_MAX};
use suanpan_rpc::problem::Problems;
use suanpan_rpc::{checkout_v1, member_v1, v1};

const CHAIN: &str = "sunrise";
const ID: &str = "0198c5a0-0000-7000-8000-000000000001";
/// Cards of a member, as the message's comment says.
const CARDS_MAX: usize = 16;

fn actor() -> member_v1::Actor {
    member_v1::Actor {
        id: "till-7".to_owned(),
        reason: "counted again".to_owned(),
        ..member_v1::Actor::default()
    }
}

fn named(problems: &Problems) -> Vec<String> {
    problems.kept().iter().map(|problem| format!("{} {}", problem.field, problem.fault.reason())).collect()
}

fn wrong<T>(decoded: Result<T, Problems>) -> Vec<String> {
    decoded.err().map_or_else(Vec::new, |problems| named(&problems))
}

fn reserve(change: impl FnOnce(&mut checkout_v1::ReserveRequest)) -> Vec<String> {
    let mut message = checkout_v1::ReserveRequest {
        chain: CHAIN.to_owned(),
        actor: Some(actor()),
        checkout_id: ID.to_owned(),
        basket: Some(v1::Basket::default()),
        ..checkout_v1::ReserveRequest::default()
    };
    change(&mut message);
    let mut problems = Problems::default();
    let call = decode::reserve(&message, CHAIN, &mut problems);
    assert!(call.is_some() || !problems.is_empty());
    named(&problems)
}

fn tender(amount_minor: i64) -> checkout_v1::Tender {
    checkout_v1::Tender { kind: "cash".to_owned(), amount_minor }
}

/// The same tenders, paid at the till and reported by one that was offline.
fn tenders(tenders: Vec<checkout_v1::Tender>) -> Vec<String> {
    let basket = v1::Basket { business_time: Some(v1::BusinessTime::default()), ..v1::Basket::default() };
    let message = checkout_v1::ConfirmRequest {
        chain: CHAIN.to_owned(),
        actor: Some(actor()),
        checkout_id: ID.to_owned(),
        basket: Some(basket.clone()),
        tenders: tenders.clone(),
        ..checkout_v1::ConfirmRequest::default()
    };
    let mut confirmed = Problems::default();
    decode::confirm(&message, CHAIN, &mut confirmed);
    let message = checkout_v1::RecordOfflineSaleRequest {
        chain: CHAIN.to_owned(),
        actor: Some(actor()),
        checkout_id: ID.to_owned(),
        basket: Some(basket),
        tenders,
    };
    let mut offline = Problems::default();
    decode::offline_sale(&message, CHAIN, &mut offline);
    assert_eq!(confirmed, offline);
    named(&confirmed)
}

fn line(units: Vec<i32>, quantity_milli: i64) -> checkout_v1::ReturnLine {
    checkout_v1::ReturnLine { line_id: "L1".to_owned(), quantity_milli, units }
}

/// So many lines, each by its own name.
fn lines(count: usize) -> Vec<checkout_v1::ReturnLine> {
    let named = |number| checkout_v1::ReturnLine { line_id: format!("L{number}"), ..line(vec![], 0) };
    (0..count).map(named).collect()
}

fn refund(lines: Vec<checkout_v1::ReturnLine>) -> Vec<String> {
    wrong(decode::refund(
        checkout_v1::ReturnRequest {
            chain: CHAIN.to_owned(),
            actor: Some(actor()),
            checkout_id: ID.to_owned(),
            return_id: ID.to_owned(),
            lines,
            ..checkout_v1::ReturnRequest::default()
        },
        CHAIN,
    ))
}

fn page(page_size: i32) -> Vec<String> {
    wrong(decode::list_checkouts(
        checkout_v1::ListCheckoutsRequest {
            chain: CHAIN.to_owned(),
            actor: Some(actor()),
            page_size,
            ..checkout_v1::ListCheckoutsRequest::default()
        },
        CHAIN,
    ))
}

#[test]
fn calls_about_sales() {
    let most_unit = (QUANTITY_MILLI_MAX / 1_000 - 1) as i32;
    let hold = |seconds| reserve(|message| message.hold_seconds = seconds);
    let expected =
        |due_minor| reserve(|message| message.expected = Some(checkout_v1::Expected { due_minor }));
    let by = |id: usize, channel: usize, reason: usize| {
        let text = |bytes| "x".repeat(bytes);
        let (id, channel, reason) = (text(id), text(channel), text(reason));
        let actor = member_v1::Actor { id, channel, reason, ..member_v1::Actor::default() };
        reserve(|message| message.actor = Some(actor))
    };
    let name = IDENTIFIER_BYTES_MAX;
    for (rule, found, expected) in [
        ("a hold as long as usual", hold(0), ""),
        ("the shortest hold", hold(HOLD_SECONDS_MIN), ""),
        ("shorter", hold(HOLD_SECONDS_MIN - 1), "hold_seconds OUT_OF_RANGE"),
        ("the longest hold", hold(HOLD_SECONDS_MAX), ""),
        ("longer", hold(HOLD_SECONDS_MAX + 1), "hold_seconds OUT_OF_RANGE"),
        ("the largest due", expected(AMOUNT_MINOR_MAX), ""),
        ("a larger one", expected(AMOUNT_MINOR_MAX + 1), "expected.due_minor OUT_OF_RANGE"),
        ("the smallest due", expected(-AMOUNT_MINOR_MAX), ""),
        ("a smaller one", expected(-AMOUNT_MINOR_MAX - 1), "expected.due_minor OUT_OF_RANGE"),
        ("long names", by(name, name, name), ""),
        ("a longer id", by(name + 1, 0, 0), "actor.id TOO_LONG"),
        ("a longer channel", by(1, name + 1, 0), "actor.channel TOO_LONG"),
        ("a longer reason", by(1, 0, name + 1), "actor.reason TOO_LONG"),
        ("the most tenders", tenders(vec![tender(1); TENDERS_MAX]), ""),
        ("one more", tenders(vec![tender(1); TENDERS_MAX + 1]), "tenders TOO_MANY"),
        ("the largest tender", tenders(vec![tender(AMOUNT_MINOR_MAX)]), ""),
        ("a larger one", tenders(vec![tender(AMOUNT_MINOR_MAX + 1)]), "tenders[0].amount_minor OUT_OF_RANGE"),
        ("the most lines", refund(lines(BASKET_LINES_MAX)), ""),
        ("one more", refund(lines(BASKET_LINES_MAX + 1)), "lines TOO_MANY"),
        ("the largest quantity", refund(vec![line(vec![], QUANTITY_MILLI_MAX)]), ""),
        (
            "a larger one",
            refund(vec![line(vec![], QUANTITY_MILLI_MAX + 1)]),
            "lines[0].quantity_milli OUT_OF_RANGE",
        ),
        ("the last unit", refund(vec![line(vec![most_unit], 0)]), ""),
        ("one behind it", refund(vec![line(vec![most_unit + 1], 0)]), "lines[0].units[0] OUT_OF_RANGE"),
        ("a page as long as usual", page(0), ""),
        ("the longest page", page(PAGE_SIZE_MAX as i32), ""),
        ("a longer one", page(PAGE_SIZE_MAX as i32 + 1), "page_size OUT_OF_RANGE"),
        ("a page of nothing less", page(-1), "page_size OUT_OF_RANGE"),
    ] {
        assert_eq!(found.join(", "), expected, "{rule}");
    }
}

#[test]
fn calls_about_members() {
    let cards = |count: usize| {
        wrong(decode::enrol(
            member_v1::EnrolRequest {
                chain: CHAIN.to_owned(),
                actor: Some(actor()),
                request_id: ID.to_owned(),
                cards: (0..count).map(|number| format!("card-{number}")).collect(),
                ..member_v1::EnrolRequest::default()
            },
            CHAIN,
        ))
    };
    let points = |points| {
        wrong(decode::adjust(
            member_v1::AdjustRequest {
                chain: CHAIN.to_owned(),
                actor: Some(actor()),
                request_id: ID.to_owned(),
                member_id: "m1".to_owned(),
                points,
                ..member_v1::AdjustRequest::default()
            },
            CHAIN,
        ))
    };
    for (rule, found, expected) in [
        ("the most cards", cards(CARDS_MAX), ""),
        ("one more", cards(CARDS_MAX + 1), "cards TOO_MANY"),
        ("the most points", points(POINTS_MAX), ""),
        ("one more", points(POINTS_MAX + 1), "points OUT_OF_RANGE"),
        ("the most that are taken", points(-POINTS_MAX), ""),
        ("one more", points(-POINTS_MAX - 1), "points OUT_OF_RANGE"),
    ] {
        assert_eq!(found.join(", "), expected, "{rule}");
    }
}
