//! What is wrong with calls about members and sales, one row each.

use suanpan_rpc::decode::{self, Key, Lookup};
use suanpan_rpc::problem::Problems;
use suanpan_rpc::{checkout_v1, member_v1};

const SALE: &str = "0198c0de-7a10-7000-8000-0000000000a1";
const BACK: &str = "0198c0de-7a10-7000-8000-0000000000b2";

fn actor() -> Option<member_v1::Actor> {
    Some(member_v1::Actor { id: "till-07".to_owned(), ..member_v1::Actor::default() })
}

fn said(problems: &Problems) -> String {
    let said = problems.kept().iter().map(|problem| format!("{} {}", problem.field, problem.fault.reason()));
    said.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_telephone_number_is_its_digits_and_nothing_else_is_in_it() {
    let twenty = "12345678901234567890";
    for (written, expected) in [
        ("13800001111", Ok("13800001111")),
        ("138 0000-1111", Ok("13800001111")),
        ("+86 (138) 0000.1111", Ok("+8613800001111")),
        ("(+86) 13800001111", Ok("+8613800001111")),
        ("1234", Ok("1234")),
        (twenty, Ok(twenty)),
        ("", Err("member.phone REQUIRED")),
        ("13800001111x2222", Err("member.phone NO_PHONE")),
        ("x2222", Err("member.phone NO_PHONE")),
        ("2222x", Err("member.phone NO_PHONE")),
        ("1380000+1111", Err("member.phone NO_PHONE")),
        ("++1380000", Err("member.phone NO_PHONE")),
        ("123", Err("member.phone NO_PHONE")),
        ("+123", Err("member.phone NO_PHONE")),
        ("123456789012345678901", Err("member.phone NO_PHONE")),
        ("１３８００００１１１１", Err("member.phone NO_PHONE")),
    ] {
        let key = member_v1::MemberKey { key: Some(member_v1::member_key::Key::Phone(written.to_owned())) };
        let message =
            member_v1::GetRequest { chain: "sunrise".to_owned(), actor: actor(), member: Some(key) };
        let found = decode::get(message, "sunrise").map(|(_, key)| key).map_err(|problems| said(&problems));
        let expected = expected.map(|number| Key::Lookup(Lookup::Phone(number.to_owned())));
        assert_eq!(found, expected.map_err(str::to_owned), "{written}");
    }
}

#[test]
fn a_line_comes_back_once_in_a_call() {
    for (lines, expected) in [
        (&["1", "2"][..], ""),
        (&["1", "2", "1"], "lines[2].line_id DUPLICATE"),
        (&["1", "1", "1"], "lines[1].line_id DUPLICATE, lines[2].line_id DUPLICATE"),
    ] {
        let line = |id: &&str| checkout_v1::ReturnLine { line_id: (*id).to_owned(), ..Default::default() };
        let message = checkout_v1::ReturnRequest {
            chain: "sunrise".to_owned(),
            actor: actor(),
            checkout_id: SALE.to_owned(),
            return_id: BACK.to_owned(),
            lines: lines.iter().map(line).collect(),
            ..Default::default()
        };
        let problems = decode::refund(message, "sunrise").err().unwrap_or_default();
        assert_eq!(said(&problems), expected, "{lines:?}");
    }
}

#[test]
fn a_range_of_one_number_is_that_number() {
    let unit = checkout_v1::ReturnLine { line_id: "1".into(), quantity_milli: 3_000, units: vec![0, 1] };
    let message = checkout_v1::ReturnRequest {
        chain: "sunrise".to_owned(),
        actor: actor(),
        checkout_id: SALE.to_owned(),
        return_id: BACK.to_owned(),
        lines: vec![unit],
        ..Default::default()
    };
    let problems = decode::refund(message, "sunrise").unwrap_err();
    assert_eq!(problems.to_string(), "lines[0].quantity_milli must be 2000");
}
