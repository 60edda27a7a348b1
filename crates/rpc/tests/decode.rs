//! Every field of a request that can be wrong, one row each, and all of them at once.

use suanpan_domain::{Article, Catalogue, Currency, LineKind, LinePrice, LineTax, Money, Rate, UnitPrice};
use suanpan_rpc::decode::{self, Buyer, Clock, Request, Terms};
use suanpan_rpc::problem::Problems;
use suanpan_rpc::v1;

const NOW: i64 = 1_794_960_000_000;

fn terms(catalogue: Option<&dyn Catalogue>) -> Terms<'_> {
    Terms {
        chain: "sunrise",
        currency: Currency::from_code("CNY").unwrap(),
        catalogue,
        clock: Clock { received_unix_ms: NOW, skew_ms_max: Some(900_000), utc_offset_minutes: &|_, _| 480 },
    }
}

fn line(id: &str) -> v1::Line {
    v1::Line {
        id: id.to_owned(),
        sku: "6901".to_owned(),
        quantity_milli: 1_000,
        unit_price_minor: Some(1_290),
        ..v1::Line::default()
    }
}

fn basket() -> v1::Basket {
    v1::Basket {
        chain: "sunrise".to_owned(),
        store: "bj-001".to_owned(),
        currency: "CNY".to_owned(),
        lines: vec![line("L1"), line("L2")],
        ..v1::Basket::default()
    }
}

fn decoded(message: v1::Basket) -> Result<Request, Problems> {
    decode::basket(message, &terms(None))
}

/// What is said of a basket after a change: `field REASON` for each problem.
fn problems_after(change: impl FnOnce(&mut v1::Basket)) -> Vec<String> {
    let mut message = basket();
    change(&mut message);
    let problems = decoded(message).err().unwrap_or_default();
    problems.kept().iter().map(|problem| format!("{} {}", problem.field, problem.fault.reason())).collect()
}

#[test]
fn a_plain_basket_passes() {
    let request = decoded(basket()).unwrap();
    assert_eq!(request.basket.business_time.unix_ms, NOW);
    assert_eq!(request.basket.business_time.utc_offset_minutes, 480);
    assert!(request.time_of_receipt);
    assert_eq!(request.buyer, Buyer::Guest);
    assert_eq!(request.basket.lines[1].price, LinePrice::Unit(UnitPrice::from_minor(1_290)));
}

type Change = fn(&mut v1::Basket);

#[test]
fn each_bad_field_is_named() {
    let rows: &[(Change, &str)] = &[
        (|b| b.chain.clear(), "chain REQUIRED"),
        (|b| b.chain = "sunset".into(), "chain OTHER_CHAIN"),
        (|b| b.currency.clear(), "currency REQUIRED"),
        (|b| b.currency = "XXX".into(), "currency UNKNOWN_CURRENCY"),
        (|b| b.currency = "cny".into(), "currency UNKNOWN_CURRENCY"),
        (|b| b.currency = "EUR".into(), "currency OTHER_CURRENCY"),
        (|b| b.store = "s".repeat(129), "store TOO_LONG"),
        (|b| b.till = "a\u{7}".into(), "till CONTROL_CHARACTER"),
        (|b| b.channel = "\n".into(), "channel CONTROL_CHARACTER"),
        (|b| b.payment_kind = "p".repeat(129), "payment_kind TOO_LONG"),
        (|b| b.exchange_of = "p".repeat(129), "exchange_of TOO_LONG"),
        (|b| time(b, -1, 0), "business_time.unix_ms OUT_OF_RANGE"),
        (|b| time(b, i64::MAX, 0), "business_time.unix_ms OUT_OF_RANGE"),
        (|b| time(b, NOW, 1_081), "business_time.utc_offset_minutes OUT_OF_RANGE"),
        (|b| time(b, NOW, i32::MIN), "business_time.utc_offset_minutes OUT_OF_RANGE"),
        (|b| time(b, NOW - 900_001, 0), "business_time.unix_ms CLOCK_SKEW"),
        (|b| time(b, NOW + 900_001, 0), "business_time.unix_ms CLOCK_SKEW"),
        (|b| b.lines.clear(), "lines REQUIRED"),
        (|b| b.lines = (0..=1_000).map(|n| line(&format!("L{n}"))).collect(), "lines TOO_MANY"),
        (|b| b.lines[1].id = "L1".into(), "lines[1].id DUPLICATE"),
        (|b| b.lines[1].id.clear(), "lines[1].id REQUIRED"),
        (|b| b.lines[1].id = "gift:x:1".into(), "lines[1].id RESERVED_PREFIX"),
        (|b| b.lines[0].sku.clear(), "lines[0].sku REQUIRED"),
        (|b| b.lines[0].category = "dairy//milk".into(), "lines[0].category BAD_CATEGORY_PATH"),
        (|b| b.lines[0].category = "/".into(), "lines[0].category BAD_CATEGORY_PATH"),
        (|b| b.lines[0].category = ["a"; 17].join("/"), "lines[0].category BAD_CATEGORY_PATH"),
        (|b| b.lines[0].brand = "b".repeat(129), "lines[0].brand TOO_LONG"),
        (|b| b.lines[0].tags = vec!["t".into(); 33], "lines[0].tags TOO_MANY"),
        (|b| b.lines[0].tags = vec!["t".into(), String::new()], "lines[0].tags[1] REQUIRED"),
        (|b| b.lines[0].kind = 99, "lines[0].kind UNKNOWN_VALUE"),
        (|b| b.lines[0].quantity_milli = 0, "lines[0].quantity_milli ZERO"),
        (|b| b.lines[0].quantity_milli = -1_000, "lines[0].quantity_milli NEGATIVE_QUANTITY"),
        (|b| b.lines[0].quantity_milli = i64::MAX, "lines[0].quantity_milli OUT_OF_RANGE"),
        (|b| b.lines[0].unit_price_minor = Some(-1), "lines[0].unit_price_minor OUT_OF_RANGE"),
        (|b| b.lines[0].unit_price_minor = Some(i64::MAX), "lines[0].unit_price_minor OUT_OF_RANGE"),
        (|b| b.lines[0].unit_price_minor = None, "lines[0].unit_price_minor NO_PRICE"),
        (|b| b.lines[0].unit_price_sub_ppm = 1_000_000, "lines[0].unit_price_sub_ppm OUT_OF_RANGE"),
        (|b| b.lines[0].line_total_minor = Some(5), "lines[0].line_total_minor TWO_PRICES"),
        (|b| total(b, 1_000, i64::MIN), "lines[0].line_total_minor OUT_OF_RANGE"),
        (|b| total(b, 1_000, -5), "lines[0].line_total_minor SIGN_DIFFERS"),
        (|b| b.lines[0].legal_minimum_minor = Some(-1), "lines[0].legal_minimum_minor OUT_OF_RANGE"),
        (|b| taxes(b, &[("", 0)]), "lines[0].taxes[0].id REQUIRED"),
        (|b| taxes(b, &[("vat", 0), ("vat", 1)]), "lines[0].taxes[1].id DUPLICATE"),
        (|b| taxes(b, &[("vat", -1)]), "lines[0].taxes[0].rate_ppm OUT_OF_RANGE"),
        (|b| taxes(b, &[("vat", 1); 9]), "lines[0].taxes TOO_MANY"),
        (
            |b| {
                b.lines[0].unit_price_minor = Some(1_000_000_000_000);
                b.lines[0].quantity_milli = 1_001;
            },
            "lines[0].quantity_milli AMOUNT_TOO_LARGE, lines AMOUNT_TOO_LARGE",
        ),
        (
            |b| b.lines.iter_mut().for_each(|line| line.unit_price_minor = Some(500_000_000_001)),
            "lines AMOUNT_TOO_LARGE",
        ),
        (|b| b.codes = vec!["c".into(); 65], "codes TOO_MANY"),
        (|b| b.codes = vec!["c".into(), String::new()], "codes[1] REQUIRED"),
        (
            // One list too long hides nothing of the others.
            |b| {
                b.codes = vec!["c".into(); 65];
                b.lines[0].quantity_milli = 0;
                paper(b, "5012345", "L9", 50);
            },
            "codes TOO_MANY, paper_coupons[0].line_id UNKNOWN_LINE, lines[0].quantity_milli ZERO",
        ),
        (|b| paper(b, "", "L1", 50), "paper_coupons[0].code REQUIRED"),
        (|b| paper(b, "5012345", "", 50), "paper_coupons[0].line_id REQUIRED"),
        (|b| paper(b, "5012345", "L9", 50), "paper_coupons[0].line_id UNKNOWN_LINE"),
        (|b| paper(b, "5012345", "L1", 0), "paper_coupons[0].value_minor OUT_OF_RANGE"),
        (|b| manual(b, "", Some(5)), "manual_discounts[0].id REQUIRED"),
        (|b| manual(b, "m", None), "manual_discounts[0].worth REQUIRED"),
        (|b| manual(b, "m", Some(-5)), "manual_discounts[0].amount_minor OUT_OF_RANGE"),
        (
            |b| {
                manual(b, "m", Some(5));
                manual(b, "m", Some(5));
            },
            "manual_discounts[1].id DUPLICATE",
        ),
        (
            |b| {
                manual(b, "m", Some(5));
                let manual = &mut b.manual_discounts[0];
                (manual.reason, manual.authority, manual.line_id) = ("".into(), "".into(), "L9".into());
                manual.worth = Some(v1::manual_discount::Worth::PercentPpm(1_000_001));
            },
            "manual_discounts[0].reason REQUIRED, manual_discounts[0].authority REQUIRED, \
             manual_discounts[0].line_id UNKNOWN_LINE, manual_discounts[0].percent_ppm OUT_OF_RANGE",
        ),
        (|b| gift(b, "", &["a"]), "gift_choices[0].offer REQUIRED"),
        (|b| gift(b, "g", &[]), "gift_choices[0].skus REQUIRED"),
        (|b| gift(b, "g", &["a", ""]), "gift_choices[0].skus[1] REQUIRED"),
        (|b| gift(b, "g", &["a"; 65]), "gift_choices[0].skus TOO_MANY"),
        (|b| points(b, -1, 0), "points.exact OUT_OF_RANGE"),
        (|b| points(b, 1, 9), "points.conflict UNKNOWN_VALUE"),
        (|b| member(b, v1::member::Identity::Id(String::new())), "member.id REQUIRED"),
        (|b| member(b, v1::member::Identity::Card("c".repeat(129))), "member.card TOO_LONG"),
        (|b| snapshot(b, |s| s.id.clear()), "member.snapshot.id REQUIRED"),
        (|b| snapshot(b, |s| s.chain = "sunset".into()), "member.snapshot.chain OTHER_CHAIN"),
        (|b| snapshot(b, |s| s.version = -1), "member.snapshot.version OUT_OF_RANGE"),
        (|b| snapshot(b, |s| s.points = -1), "member.snapshot.points OUT_OF_RANGE"),
        (|b| snapshot(b, |s| s.tier = "t".repeat(129)), "member.snapshot.tier TOO_LONG"),
        (|b| snapshot(b, |s| s.segments = vec![String::new()]), "member.snapshot.segments[0] REQUIRED"),
        (
            |b| snapshot(b, |s| s.birthday = Some(v1::Birthday { month: 2, day: 30 })),
            "member.snapshot.birthday NO_SUCH_DAY",
        ),
        (
            |b| snapshot(b, |s| s.birthday = Some(v1::Birthday { month: 300, day: 1 })),
            "member.snapshot.birthday NO_SUCH_DAY",
        ),
        (
            |b| snapshot(b, |s| s.enrolled = Some(v1::Date { year: 2025, month: 2, day: 29 })),
            "member.snapshot.enrolled NO_SUCH_DAY",
        ),
        (
            |b| snapshot(b, |s| s.enrolled = Some(v1::Date { year: 0, month: 2, day: 1 })),
            "member.snapshot.enrolled NO_SUCH_DAY",
        ),
        (
            |b| snapshot(b, |s| s.coupons = vec![owned("c"), owned("c")]),
            "member.snapshot.coupons[1].id DUPLICATE",
        ),
        (|b| snapshot(b, |s| s.coupons = vec![owned("")]), "member.snapshot.coupons[0].id REQUIRED"),
        (
            |b| snapshot(b, |s| s.counters = vec![used("o", 1), used("o", 1)]),
            "member.snapshot.counters[1].offer DUPLICATE",
        ),
        (
            |b| snapshot(b, |s| s.counters = vec![used("o", -1)]),
            "member.snapshot.counters[0].used OUT_OF_RANGE",
        ),
    ];
    for (change, expected) in rows {
        assert_eq!(problems_after(change).join(", "), *expected);
    }
}

fn time(basket: &mut v1::Basket, unix_ms: i64, utc_offset_minutes: i32) {
    basket.business_time = Some(v1::BusinessTime { unix_ms, utc_offset_minutes });
}

fn total(basket: &mut v1::Basket, quantity_milli: i64, minor: i64) {
    let line = &mut basket.lines[0];
    (line.quantity_milli, line.unit_price_minor, line.line_total_minor) = (quantity_milli, None, Some(minor));
}

fn taxes(basket: &mut v1::Basket, taxes: &[(&str, i64)]) {
    let taxes = taxes.iter().map(|(id, rate_ppm)| v1::TaxRate {
        id: (*id).to_owned(),
        rate_ppm: *rate_ppm,
        included: true,
    });
    basket.lines[0].taxes = taxes.collect();
}

fn paper(basket: &mut v1::Basket, code: &str, line_id: &str, value_minor: i64) {
    basket.paper_coupons.push(v1::PaperCoupon {
        code: code.to_owned(),
        line_id: line_id.to_owned(),
        value_minor,
    });
}

fn manual(basket: &mut v1::Basket, id: &str, amount_minor: Option<i64>) {
    basket.manual_discounts.push(v1::ManualDiscount {
        id: id.to_owned(),
        reason: "damaged".to_owned(),
        authority: "shift-lead".to_owned(),
        line_id: String::new(),
        worth: amount_minor.map(v1::manual_discount::Worth::AmountMinor),
    });
}

fn gift(basket: &mut v1::Basket, offer: &str, skus: &[&str]) {
    let skus = skus.iter().map(|sku| (*sku).to_owned()).collect();
    basket.gift_choices.push(v1::GiftChoice { offer: offer.to_owned(), skus });
}

fn points(basket: &mut v1::Basket, exact: i64, conflict: i32) {
    let wanted = Some(v1::points_request::Wanted::Exact(exact));
    basket.points = Some(v1::PointsRequest { wanted, conflict });
}

fn member(basket: &mut v1::Basket, identity: v1::member::Identity) {
    basket.member = Some(v1::Member { identity: Some(identity) });
}

fn snapshot(basket: &mut v1::Basket, change: impl FnOnce(&mut v1::MemberSnapshot)) {
    let mut snapshot = v1::MemberSnapshot { id: "m-1".to_owned(), ..v1::MemberSnapshot::default() };
    change(&mut snapshot);
    member(basket, v1::member::Identity::Snapshot(snapshot));
}

fn owned(id: &str) -> v1::OwnedCoupon {
    v1::OwnedCoupon { id: id.to_owned(), campaign: "winback".to_owned(), expires_unix_ms: 0 }
}

fn used(offer: &str, used: i64) -> v1::MemberCounter {
    v1::MemberCounter { offer: offer.to_owned(), used }
}

#[test]
fn what_is_at_the_edge_passes() {
    let rows: &[Change] = &[
        |b| b.store.clear(),
        |b| b.store = "s".repeat(128),
        |b| time(b, NOW + 900_000, -1_080),
        |b| {
            time(b, 1, 0);
            b.offline_sale = true;
        },
        |b| b.lines = (0..1_000).map(|index| line(&format!("L{index}"))).collect(),
        |b| b.lines[0].category = ["a"; 16].join("/"),
        |b| (b.lines[0].quantity_milli, b.lines[0].kind) = (-1_000, v1::LineKind::Deposit.into()),
        |b| (b.lines[0].quantity_milli, b.exchange_of) = (-1_000, "r-1".into()),
        |b| total(b, 3_000, 0),
        |b| b.lines[0].unit_price_minor = Some(999_999_998_710),
        |b| (b.lines[0].unit_price_minor, b.lines[0].unit_price_sub_ppm) = (None, 999_999),
        |b| b.codes = vec!["c".into(); 64],
        |b| snapshot(b, |s| s.birthday = Some(v1::Birthday { month: 2, day: 29 })),
        |b| member(b, v1::member::Identity::Id("m".into())),
        |b| b.member = Some(v1::Member { identity: None }),
    ];
    for (row, change) in rows.iter().enumerate() {
        assert_eq!(problems_after(change), Vec::<String>::new(), "row {row}");
    }
}

#[test]
fn all_problems_are_said_at_once_and_the_rest_is_counted() {
    let found = problems_after(|basket| {
        basket.currency = "XXX".into();
        basket.lines[0].quantity_milli = 0;
        basket.lines[1].sku.clear();
        points(basket, -1, 0);
        manual(basket, "m", None);
    });
    assert_eq!(
        found,
        [
            "currency UNKNOWN_CURRENCY",
            "manual_discounts[0].worth REQUIRED",
            "lines[0].quantity_milli ZERO",
            "lines[1].sku REQUIRED",
            "points.exact OUT_OF_RANGE",
        ]
    );
    let mut message = basket();
    message.lines =
        (0..1_000).map(|index| v1::Line { quantity_milli: 0, ..line(&index.to_string()) }).collect();
    let problems = decoded(message).unwrap_err();
    assert_eq!((problems.kept().len(), problems.omitted()), (100, 900));
}

/// A catalogue of one weighed article.
struct OneArticle {
    taxes: Vec<LineTax>,
}

impl Catalogue for OneArticle {
    fn find(&self, sku: &str) -> Option<Article<'_>> {
        (sku == "6901").then_some(Article {
            category: "dairy/cheese",
            brand: "laiterie",
            kind: LineKind::Goods,
            weighed: true,
            unit_price: Some(UnitPrice::from_minor(4_500)),
            legal_minimum: Some(Money::from_minor(1_000)),
            tags: 0,
            taxes: 0,
        })
    }

    fn tags_of<'a>(&'a self, _: &Article<'a>) -> Vec<&'a str> {
        vec!["fresh"]
    }

    fn taxes_of<'a>(&'a self, _: &Article<'a>) -> &'a [LineTax] {
        &self.taxes
    }
}

#[test]
fn the_catalogue_completes_a_line_and_the_request_stands_above_it() {
    let vat = LineTax { id: "vat".to_owned(), rate: Rate::from_percent(13), included: true };
    let catalogue = OneArticle { taxes: vec![vat.clone()] };
    let mut message = basket();
    message.lines[0] =
        v1::Line { id: "L1".into(), sku: "6901".into(), quantity_milli: 734, ..v1::Line::default() };
    message.lines[1].brand = "own".into();
    message.lines[1].tags = vec!["sale".into()];
    message.lines[1].legal_minimum_minor = Some(0);
    taxes(&mut message, &[]);
    message.lines.push(v1::Line { sku: "unknown".into(), ..line("L3") });
    let request = decode::basket(message, &terms(Some(&catalogue))).unwrap();
    let [bare, own, unknown] = &request.basket.lines[..] else { panic!("three lines") };
    assert_eq!((bare.category.as_str(), bare.brand.as_str()), ("dairy/cheese", "laiterie"));
    assert_eq!(bare.price, LinePrice::Unit(UnitPrice::from_minor(4_500)));
    assert_eq!((bare.tags.as_slice(), bare.weighed), (["fresh".to_owned()].as_slice(), true));
    assert_eq!((bare.legal_minimum, &bare.taxes), (Some(Money::from_minor(1_000)), &vec![vat]));
    assert_eq!((own.brand.as_str(), own.legal_minimum), ("own", Some(Money::ZERO)));
    assert_eq!(own.price, LinePrice::Unit(UnitPrice::from_minor(1_290)));
    assert_eq!((unknown.category.as_str(), unknown.taxes.len()), ("", 0));
    assert_eq!(request.not_in_catalogue, [2]);
}

#[test]
fn files_name_their_problems_too() {
    let member = v1::MemberSnapshot { points: -1, ..v1::MemberSnapshot::default() };
    let said = decode::member(member, "sunrise").unwrap_err().to_string();
    assert_eq!(said, "chain is required; points must be between 0 and 1000000000000; id is required");
    let offer = v1::OfferUsage { offer: "o".to_owned(), used: -1, given_minor: 0 };
    let usage = v1::UsageSnapshot { chain: "sunrise".to_owned(), offers: vec![offer.clone(), offer] };
    let problems = decode::usage(usage, "sunrise").unwrap_err();
    let fields: Vec<_> = problems.kept().iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["offers[1].offer", "offers[0].used", "offers[1].used"]);
}
