//! A quote made by hand, in which every part of a receipt has something to say.

use suanpan_domain::quote::{
    Entitlement, Gift, GivenUp, IssuedCoupon, LineTaxAmount, MergedLine, Missing, NearMiss, OfferOutcome,
    PointsOutcome, QuoteLine, SelectionOutcome, Span, Step, TaxTotal, Totals, UnitRun,
};
use suanpan_domain::{
    Basket, BusinessTime, Currency, Line, LineId, LineKind, LinePrice, LineTax, Money, OfferBook, OfferEntry,
    OfferKind, OfferRef, PaperCoupon, PointsRequest, Quantity, Quote, Rate, Reason, Sku, StoreId, TillId,
    UnitPrice,
};
use suanpan_receipt::Lang;

/// A basket, its quote, and the offers.
pub(crate) struct Quoted {
    pub(crate) basket: Basket,
    pub(crate) quote: Quote,
    pub(crate) offers: OfferBook,
}

const CUP: OfferRef = OfferRef::Program(1);
const MAKER: OfferRef = OfferRef::Program(2);
const MEMBER_DAY: OfferRef = OfferRef::Program(3);
const MINUS5: OfferRef = OfferRef::Program(4);
const SPEND_SAVE: OfferRef = OfferRef::Program(5);
const THIRD_FREE: OfferRef = OfferRef::Program(6);
const GOLD: OfferRef = OfferRef::Program(7);

/// Titles of the articles.
pub(crate) fn article(lang: Lang, sku: &str) -> Option<&'static str> {
    Some(match (lang, sku) {
        (Lang::En, "MILK") => "Milk 1 l",
        (Lang::En, "APPLE") => "Apples from the orchard behind the dairy, loose",
        (Lang::En, "SHIP") => "Delivery",
        (Lang::En, "CUP") => "Cup",
        (Lang::ZhCn, "MILK") => "鲜牛奶一升",
        (Lang::ZhCn, "APPLE") => "牧场后山果园自产散装红富士苹果特级果",
        (Lang::ZhCn, "SHIP") => "送货上门",
        (Lang::ZhCn, "CUP") => "马克杯",
        _ => return None,
    })
}

impl Quoted {
    /// Two milks and one more scanned later (the third is free), weighed apples, delivery, returned bottles; a gold
    /// member with a maker's coupon, points as tender, a coupon that waits, one that nobody knows.
    pub(crate) fn new() -> Self {
        let (basket, offers) = (basket(), offers());
        Self { quote: quote(), basket, offers }
    }
}

fn basket() -> Basket {
    let line = |id: &str, sku: &str, milli: i64, price: &str, kind: LineKind| Line {
        id: LineId::new(id).unwrap(),
        sku: Sku::new(sku).unwrap(),
        category: String::new(),
        brand: String::new(),
        tags: Vec::new(),
        kind,
        quantity: Quantity::from_milli(milli),
        weighed: false,
        price: LinePrice::Unit(UnitPrice::parse(price, cny()).unwrap()),
        taxes: vec![LineTax { id: "VAT".to_owned(), rate: Rate::from_percent(13), included: true }],
        price_overridden: false,
        not_discountable: false,
        legal_minimum: None,
    };
    Basket {
        chain: "corner".to_owned(),
        store: Some(StoreId::new("S7").unwrap()),
        till: Some(TillId::new("3").unwrap()),
        channel: "pos".to_owned(),
        currency: cny(),
        business_time: BusinessTime { unix_ms: 1_794_960_000_000, utc_offset_minutes: 480 },
        lines: vec![
            line("L1", "MILK", 2_000, "3.49", LineKind::Goods),
            line("L2", "APPLE", 734, "9.90", LineKind::Goods),
            line("L3", "MILK", 1_000, "3.49", LineKind::Goods),
            line("L4", "SHIP", 1_000, "5.00", LineKind::Shipping),
            line("L5", "BOTTLE", -2_000, "0.25", LineKind::Deposit),
        ],
        codes: vec!["M50".to_owned(), "MINUS5".to_owned(), "SAVE".to_owned()],
        paper_coupons: vec![PaperCoupon {
            code: "P77".to_owned(),
            line: LineId::new("1").unwrap(),
            value: money(100),
        }],
        manual_discounts: Vec::new(),
        gift_choices: Vec::new(),
        payment_kind: "cash".to_owned(),
        points: PointsRequest::default(),
        unknown_member: None,
        exchange_of: None,
    }
}

fn cny() -> Currency {
    Currency::from_code("CNY").unwrap()
}

fn offers() -> OfferBook {
    let entry = |id: &str, en: &str, zh: &str, tender: bool| OfferEntry {
        id: id.to_owned(),
        title_en: en.to_owned(),
        title_zh: zh.to_owned(),
        kind: OfferKind::Promotion,
        method: "percent_off",
        layer: "item".to_owned(),
        funding: if tender { vec![("dairy-works".to_owned(), 1_000_000)] } else { Vec::new() },
        tender,
    };
    OfferBook {
        program_version: "7f3a09c2".to_owned(),
        entries: vec![
            entry("airport", "Airport prices", "机场店价", false),
            entry("cup", "A cup from 15.00", "满 15 送杯子", false),
            entry("maker", "Half a yuan off milk", "牛奶厂商券", true),
            entry("member-day", "Member day 8 %", "会员日 92 折", false),
            entry("minus5", "5.00 off from 50.00", "满 50 减 5", false),
            entry("spend-save", "10.00 off from 40.00", "满 40 减 10", false),
            entry("third-free", "Every third milk free", "牛奶买三免一", false),
            entry("tier:gold", "Gold 5 %", "金卡 95 折", false),
        ],
    }
}

fn money(minor: i64) -> Money {
    Money::from_minor(minor)
}

fn span(start: u32, len: u32) -> Span {
    Span { start, len }
}

fn quote() -> Quote {
    let step = |sequence, offer, amount, running, prorated| Step {
        sequence,
        offer,
        amount: money(amount),
        running: money(running),
        prorated,
    };
    let run = |units, net| UnitRun { units, net: money(net), ..UnitRun::default() };
    Quote {
        lines: vec![
            line(0, 0, 2_000, 698, 663, span(0, 2), 0),
            line(1, 1, 734, 727, 691, span(2, 1), 1),
            line(2, 0, 1_000, 349, 0, span(3, 1), 2),
            line(3, 2, 1_000, 500, 500, span(0, 0), 3),
            line(4, 3, -2_000, -50, -50, span(0, 0), 4),
        ],
        merged_lines: vec![
            merged(0, 2, 3_000, 1047, 663, span(4, 3), span(0, 1)),
            merged(1, 1, 734, 727, 691, span(2, 1), span(1, 1)),
            merged(3, 1, 1_000, 500, 500, span(0, 0), span(2, 1)),
            merged(4, 1, -2_000, -50, -50, span(0, 0), span(3, 1)),
        ],
        steps: vec![
            step(1, GOLD, 35, 663, false),
            step(2, MAKER, 50, 663, false),
            step(1, GOLD, 36, 691, false),
            step(1, THIRD_FREE, 349, 0, false),
            step(1, THIRD_FREE, 349, 698, false),
            step(2, GOLD, 35, 663, false),
            step(3, MAKER, 50, 663, true),
        ],
        unit_runs: vec![run(3, 221), run(1, 691), run(1, 500), run(2, -25)],
        line_taxes: [76, 79, 0, 58, -6]
            .map(|amount| LineTaxAmount { tax: 0, amount: money(amount) })
            .to_vec(),
        offers: outcomes(),
        gifts: vec![Gift { offer: CUP, number: 1, choice: 0, units: 1, list_value: money(800) }],
        taxes: vec![TaxTotal {
            line: 0,
            tax_index: 0,
            rate: Rate::from_percent(13),
            included: true,
            base: money(1597),
            amount: money(207),
        }],
        totals: Totals {
            gross: money(2224),
            discount: money(420),
            net: money(1804),
            tax_included: money(207),
            tax_added: Money::ZERO,
            reimbursed: money(50),
            points_tender: money(300),
            due: money(1454),
            due_cash: money(1450),
            discount_cut: Money::ZERO,
        },
        points: PointsOutcome {
            used: 300,
            value: money(300),
            cut: Some(Reason::PointsMaximum),
            earned: 14,
            given_up: None::<GivenUp>,
        },
        entitlements: vec![Entitlement { offer: None, index: 0 }],
        issued_coupons: vec![IssuedCoupon { offer: CUP, campaign: MINUS5, count: 2 }],
        near_misses: vec![
            NearMiss { offer: SPEND_SAVE, missing: Missing::Amount(money(2646)), saving: money(1000) },
            NearMiss {
                offer: THIRD_FREE,
                missing: Missing::Quantity(Quantity::from_units(3)),
                saving: money(349),
            },
            NearMiss {
                offer: MEMBER_DAY,
                missing: Missing::Weight(Quantity::from_units(1)),
                saving: money(21),
            },
        ],
        selection: SelectionOutcome::BestFound,
        nodes_searched: 12,
        snapshot_version: 41,
    }
}

fn line(line: u32, merged: u32, milli: i64, gross: i64, net: i64, steps: Span, tax: u32) -> QuoteLine {
    QuoteLine {
        line,
        merged,
        quantity: Quantity::from_milli(milli),
        gross: money(gross),
        net: money(net),
        steps,
        unit_runs: span(0, 0),
        taxes: span(tax, 1),
        points_paid: Money::ZERO,
        points_earned: 0,
    }
}

fn merged(
    first_line: u32,
    line_count: u32,
    milli: i64,
    gross: i64,
    net: i64,
    steps: Span,
    unit_runs: Span,
) -> MergedLine {
    MergedLine {
        first_line,
        line_count,
        quantity: Quantity::from_milli(milli),
        units: if milli % 1_000 == 0 { (milli / 1_000).abs() } else { 1 },
        gross: money(gross),
        net: money(net),
        steps,
        unit_runs,
        taxes: span(0, 0),
        points_paid: Money::ZERO,
        points_earned: 0,
    }
}

fn outcomes() -> Vec<OfferOutcome> {
    let applied = |offer, amount, times| OfferOutcome {
        applied: true,
        amount: money(amount),
        times,
        ..OfferOutcome::new(offer)
    };
    let refused = |offer, reason| OfferOutcome { reason: Some(reason), ..OfferOutcome::new(offer) };
    vec![
        applied(THIRD_FREE, 349, 1),
        applied(GOLD, 71, 1),
        OfferOutcome { code: Some(0), ..applied(MAKER, 50, 1) },
        applied(CUP, 0, 1),
        OfferOutcome { difference: money(21), ..refused(MEMBER_DAY, Reason::LeftOut) },
        OfferOutcome {
            code: Some(1),
            missing: Missing::Amount(money(3646)),
            ..refused(MINUS5, Reason::ThresholdNotMet)
        },
        refused(OfferRef::Program(0), Reason::WrongStore),
        OfferOutcome { code: Some(2), ..refused(OfferRef::Code(2), Reason::UnknownCode) },
        OfferOutcome { paper: Some(0), ..refused(OfferRef::Paper(0), Reason::UnknownCode) },
    ]
}
