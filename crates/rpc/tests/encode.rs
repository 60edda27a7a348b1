//! A quote by hand, and the message that it becomes.

use prost::Message;
use serde_json::json;
use suanpan_domain::quote::{
    Entitlement, Gift, GivenUp, IssuedCoupon, LineTaxAmount, MergedLine, Missing, NearMiss, OfferOutcome,
    PointsOutcome, QuoteLine, SelectionOutcome, Span, Step, TaxTotal, Totals, UnitRun,
};
use suanpan_domain::{
    Basket, BusinessTime, Currency, Line, LineId, LineKind, LinePrice, LineTax, ManualDiscount, ManualTarget,
    ManualValue, Money, OfferBook, OfferEntry, OfferKind, OfferRef, PaperCoupon, PointsRequest, Quantity,
    Quote, Rate, Reason, Sku, StoreId, UnitPrice,
};
use suanpan_rpc::encode::{self, Names, Priced};
use suanpan_rpc::v1;

const fn money(minor: i64) -> Money {
    Money::from_minor(minor)
}

const fn span(start: u32, len: u32) -> Span {
    Span { start, len }
}

fn line(id: &str, units: i64) -> Line {
    Line {
        id: LineId::new(id).unwrap(),
        sku: Sku::new("milk").unwrap(),
        category: "dairy/milk".to_owned(),
        brand: String::new(),
        tags: Vec::new(),
        kind: LineKind::Goods,
        quantity: Quantity::from_units(units),
        weighed: false,
        price: LinePrice::Unit(UnitPrice::from_minor(1_000)),
        taxes: vec![LineTax { id: "vat".to_owned(), rate: Rate::from_percent(13), included: true }],
        price_overridden: false,
        not_discountable: false,
        legal_minimum: None,
    }
}

fn basket() -> Basket {
    Basket {
        chain: "sunrise".to_owned(),
        store: Some(StoreId::new("bj-001").unwrap()),
        till: None,
        channel: "pos".to_owned(),
        currency: Currency::from_code("CNY").unwrap(),
        business_time: BusinessTime { unix_ms: 1_794_960_000_000, utc_offset_minutes: 480 },
        lines: vec![line("L2", 1), line("L1", 1)],
        codes: vec!["NOBODY".to_owned(), "SAVE5".to_owned()],
        paper_coupons: vec![PaperCoupon {
            code: "PAPER".to_owned(),
            line: LineId::new("L1").unwrap(),
            value: money(50),
        }],
        manual_discounts: vec![ManualDiscount {
            id: "m-1".to_owned(),
            reason: "damaged".to_owned(),
            authority: "lead".to_owned(),
            target: ManualTarget::Basket,
            value: ManualValue::Amount(money(100)),
        }],
        gift_choices: Vec::new(),
        payment_kind: String::new(),
        points: PointsRequest::default(),
        unknown_member: None,
        exchange_of: None,
    }
}

fn entry(id: &str, kind: OfferKind, method: &'static str) -> OfferEntry {
    OfferEntry {
        id: id.to_owned(),
        title_en: format!("The {id}"),
        title_zh: String::new(),
        kind,
        method,
        layer: "item".to_owned(),
        funding: vec![("meiji".to_owned(), 500_000)],
        tender: id == "save-5",
    }
}

fn book() -> OfferBook {
    OfferBook {
        program_version: "2f9c".to_owned(),
        entries: vec![
            entry("half", OfferKind::Promotion, "nth_unit"),
            entry("save-5", OfferKind::Coupon, "amount_off"),
            entry("spend-100", OfferKind::Promotion, "steps"),
        ],
    }
}

const HALF: OfferRef = OfferRef::Program(0);
const SAVE_5: OfferRef = OfferRef::Program(1);
const SPEND_100: OfferRef = OfferRef::Program(2);

fn quote() -> Quote {
    let step = |offer, amount, running, sequence, prorated| Step {
        sequence,
        offer,
        amount: money(amount),
        running: money(running),
        prorated,
    };
    let run = |net, tax| UnitRun {
        units: 1,
        net: money(net),
        tax: money(tax),
        points_paid: money(0),
        points_earned: 7,
    };
    Quote {
        lines: vec![
            QuoteLine {
                line: 0,
                merged: 0,
                quantity: Quantity::from_units(1),
                gross: money(1_000),
                net: money(450),
                steps: span(2, 2),
                unit_runs: span(2, 1),
                taxes: span(1, 1),
                points_paid: money(0),
                points_earned: 7,
            },
            QuoteLine {
                line: 1,
                merged: 0,
                quantity: Quantity::from_units(1),
                gross: money(1_000),
                net: money(950),
                steps: span(4, 1),
                unit_runs: span(3, 1),
                taxes: span(2, 1),
                points_paid: money(0),
                points_earned: 7,
            },
        ],
        merged_lines: vec![MergedLine {
            first_line: 1,
            line_count: 2,
            quantity: Quantity::from_units(2),
            units: 2,
            gross: money(2_000),
            net: money(1_400),
            steps: span(0, 2),
            unit_runs: span(0, 1),
            taxes: span(0, 1),
            points_paid: money(0),
            points_earned: 14,
        }],
        steps: vec![
            step(HALF, 500, 1_500, 1, false),
            step(OfferRef::Manual(0), 100, 1_400, 2, true),
            step(HALF, 500, 500, 1, false),
            step(OfferRef::Manual(0), 50, 450, 2, true),
            step(OfferRef::Manual(0), 50, 950, 1, true),
        ],
        unit_runs: vec![
            UnitRun { units: 2, ..run(700, 81) },
            run(0, 0), // Of no line: rows may lie anywhere.
            run(450, 52),
            run(950, 109),
        ],
        line_taxes: vec![
            LineTaxAmount { tax: 0, amount: money(161) },
            LineTaxAmount { tax: 0, amount: money(52) },
            LineTaxAmount { tax: 0, amount: money(109) },
        ],
        offers: vec![
            OfferOutcome { applied: true, amount: money(501), times: 1, ..OfferOutcome::new(HALF) },
            OfferOutcome {
                applied: true,
                amount: money(100),
                times: 1,
                ..OfferOutcome::new(OfferRef::Manual(0))
            },
            OfferOutcome {
                code: Some(1),
                reason: Some(Reason::ExcludedBy),
                winner: Some(HALF),
                needs_hold: true,
                difference: money(12),
                ..OfferOutcome::new(SAVE_5)
            },
            OfferOutcome {
                reason: Some(Reason::ThresholdNotMet),
                missing: Missing::Amount(money(8_600)),
                ..OfferOutcome::new(SPEND_100)
            },
            OfferOutcome {
                code: Some(0),
                reason: Some(Reason::UnknownCode),
                ..OfferOutcome::new(OfferRef::Code(0))
            },
            OfferOutcome {
                paper: Some(0),
                reason: Some(Reason::UnknownCode),
                ..OfferOutcome::new(OfferRef::Paper(0))
            },
        ],
        gifts: vec![Gift { offer: HALF, number: 1, choice: 3, units: 2, list_value: money(400) }],
        taxes: vec![TaxTotal {
            line: 0,
            tax_index: 0,
            rate: Rate::from_percent(13),
            included: true,
            base: money(1_239),
            amount: money(161),
        }],
        totals: Totals {
            gross: money(2_000),
            discount: money(600),
            net: money(1_400),
            tax_included: money(161),
            tax_added: money(0),
            reimbursed: money(30),
            points_tender: money(10),
            due: money(1_361),
            due_cash: money(1_360),
            discount_cut: money(1),
        },
        points: PointsOutcome {
            used: 100,
            value: money(100),
            cut: Some(Reason::PointsMaximum),
            earned: 14,
            given_up: Some(GivenUp { offer: SAVE_5, points: false, worth: money(500) }),
        },
        entitlements: vec![Entitlement { offer: None, index: 1 }],
        issued_coupons: vec![IssuedCoupon { offer: HALF, campaign: SAVE_5, count: 2 }],
        near_misses: vec![NearMiss {
            offer: SPEND_100,
            missing: Missing::Quantity(Quantity::from_units(1)),
            saving: money(1_000),
        }],
        selection: SelectionOutcome::BestFound,
        nodes_searched: 12,
        snapshot_version: 9,
    }
}

struct Fixed;

impl Names for Fixed {
    fn gift_sku(&self, _: OfferRef, choice: u32) -> &str {
        if choice == 3 { "towel" } else { "" }
    }

    fn entitlement(&self, entitlement: Entitlement) -> &str {
        if entitlement.index == 1 { "gift-wrap" } else { "" }
    }
}

#[test]
fn a_quote_is_said_in_full() {
    let (basket, quote, offers) = (basket(), quote(), book());
    let priced =
        Priced { basket: &basket, quote: &quote, offers: &offers, names: &Fixed, not_in_catalogue: &[1] };
    let message = encode::quote(&priced, v1::Envelope { member_unknown: true, ..v1::Envelope::default() });
    let again = v1::Quote::decode(message.encode_to_vec().as_slice()).unwrap();
    assert_eq!(again, message);

    let half =
        json!({ "sequence": 1, "offer": "half", "method": "OFFER_METHOD_NTH_UNIT", "amountMinor": "500" });
    let manual = json!({ "offer": "m-1", "method": "OFFER_METHOD_AMOUNT_OFF", "proratedFromMinor": "100" });
    let with = |base: &serde_json::Value, more: serde_json::Value| {
        let mut merged = base.clone();
        merged.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        merged
    };
    let tax =
        |minor: &str| json!([{ "id": "vat", "ratePpm": "130000", "included": true, "taxMinor": minor }]);
    let expected = json!({
        "chain": "sunrise",
        "currency": "CNY",
        "businessTimeUnixMs": "1794960000000",
        "utcOffsetMinutes": 480,
        "lines": [
            {
                "id": "L2", "mergedId": "L1", "sku": "milk", "quantityMilli": "1000",
                "grossMinor": "1000", "netMinor": "450",
                "steps": [
                    with(&half, json!({ "runningMinor": "500" })),
                    with(&manual, json!({ "sequence": 2, "amountMinor": "50", "runningMinor": "450" })),
                ],
                "unitRuns": [{ "units": "1", "netMinor": "450", "taxMinor": "52", "pointsEarned": "7" }],
                "taxes": tax("52"), "pointsEarned": "7",
            },
            {
                "id": "L1", "mergedId": "L1", "sku": "milk", "quantityMilli": "1000",
                "grossMinor": "1000", "netMinor": "950",
                "steps": [with(&manual, json!({ "sequence": 1, "amountMinor": "50", "runningMinor": "950" }))],
                "unitRuns": [{ "units": "1", "netMinor": "950", "taxMinor": "109", "pointsEarned": "7" }],
                "taxes": tax("109"), "pointsEarned": "7", "notInCatalogue": true,
            },
            { "id": "gift:half:1", "sku": "towel", "quantityMilli": "2000", "listValueMinor": "400" },
        ],
        "mergedLines": [{
            "id": "L1", "sku": "milk", "quantityMilli": "2000", "grossMinor": "2000", "netMinor": "1400",
            "steps": [
                with(&half, json!({ "runningMinor": "1500" })),
                with(&manual, json!({ "sequence": 2, "amountMinor": "100", "runningMinor": "1400" })),
            ],
            "unitRuns": [{ "units": "2", "netMinor": "700", "taxMinor": "81", "pointsEarned": "7" }],
            "taxes": tax("161"), "pointsEarned": "14", "lineCount": 2,
        }],
        "offers": [
            {
                "id": "half", "outcome": "OFFER_OUTCOME_APPLIED", "amountMinor": "501", "times": 1,
                "funding": [
                    { "funder": "meiji", "amountMinor": "251" },
                    { "funder": "chain", "amountMinor": "250" },
                ],
                "kind": "OFFER_KIND_PROMOTION", "method": "OFFER_METHOD_NTH_UNIT",
            },
            {
                "id": "m-1", "outcome": "OFFER_OUTCOME_APPLIED", "amountMinor": "100", "times": 1,
                "funding": [{ "funder": "chain", "amountMinor": "100" }],
                "kind": "OFFER_KIND_MANUAL", "method": "OFFER_METHOD_AMOUNT_OFF",
            },
            {
                "id": "save-5", "outcome": "OFFER_OUTCOME_REFUSED", "reason": "REASON_EXCLUDED_BY", "winner": "half",
                "differenceMinor": "12", "needsHold": true, "code": "SAVE5", "tender": true,
                "kind": "OFFER_KIND_COUPON", "method": "OFFER_METHOD_AMOUNT_OFF",
            },
            {
                "id": "spend-100", "outcome": "OFFER_OUTCOME_REFUSED", "reason": "REASON_THRESHOLD_NOT_MET",
                "missing": { "amountMinor": "8600" }, "kind": "OFFER_KIND_PROMOTION", "method": "OFFER_METHOD_STEPS",
            },
            {
                "id": "NOBODY", "outcome": "OFFER_OUTCOME_REFUSED", "reason": "REASON_UNKNOWN_CODE", "code": "NOBODY",
            },
            {
                "id": "PAPER", "outcome": "OFFER_OUTCOME_REFUSED", "reason": "REASON_UNKNOWN_CODE", "code": "PAPER",
            },
        ],
        "gifts": [{
            "offer": "half", "sku": "towel", "units": "2", "lineId": "gift:half:1", "listValueMinor": "400",
        }],
        "totals": {
            "grossMinor": "2000", "discountMinor": "600", "netMinor": "1400", "includedTaxMinor": "161",
            "tendersMinor": "40", "reimbursedMinor": "30", "cashRoundingMinor": "-1", "discountCutMinor": "1",
        },
        "taxes": [{
            "id": "vat", "ratePpm": "130000", "included": true, "baseMinor": "1239", "taxMinor": "161",
        }],
        "dueMinor": "1361",
        "dueCashMinor": "1360",
        "points": {
            "used": "100", "valueMinor": "100", "earned": "14", "cut": "REASON_POINTS_MAXIMUM",
            "givenUp": { "offer": "save-5", "worthMinor": "500" },
        },
        "nearMisses": [{ "offer": "spend-100", "missing": { "quantityMilli": "1000" }, "savingMinor": "1000" }],
        "entitlements": [{ "id": "gift-wrap" }],
        "issuedCoupons": [{ "offer": "half", "campaign": "save-5", "count": 2 }],
        "programVersion": "2f9c",
        "snapshotVersion": "9",
        "selection": "SELECTION_BEST_FOUND",
        "nodesSearched": "12",
        "envelope": { "memberUnknown": true },
    });
    assert_eq!(serde_json::to_value(&message).unwrap(), expected);
}

#[test]
fn a_program_is_said_with_its_offers() {
    let cny = Currency::from_code("CNY").unwrap();
    let message =
        encode::program("sunrise", "sunrise-market", cny, &[("en", "Sunrise"), ("zh-CN", "")], &book());
    assert_eq!(message.program_version, "2f9c");
    assert_eq!(message.titles, [v1::Title { lang: "en".to_owned(), text: "Sunrise".to_owned() }]);
    let first = &message.offers[0];
    assert_eq!(
        (first.id.as_str(), first.titles[0].text.as_str(), first.titles.len()),
        ("half", "The half", 1)
    );
    assert_eq!((first.kind(), first.method()), (v1::OfferKind::Promotion, v1::OfferMethod::NthUnit));
}
