//! The benchmark basket W1, and 4,096 different baskets like it.

use suanpan_domain::{
    Basket, BusinessTime, Currency, Line, LineId, LineKind, LinePrice, Member, MemberId, PointsRequest,
    Quantity, Quote, Sku, UnitPrice,
};
use suanpan_engine::{Compiled, Scratch, compile};
use suanpan_program::model::{Program, SelectionMode};
use suanpan_program::{SourceFile, parse};
use suanpan_testkit::heap;

use crate::random::Random;

/// The program, as it stands in `w1.yaml`.
///
/// # Panics
/// When the file does not load, which its own test would show first.
#[must_use]
pub fn program() -> Program {
    let file = SourceFile { name: "w1.yaml".into(), text: include_str!("../w1.yaml").into() };
    match parse(&[file]) {
        Ok(parsed) => parsed.program,
        Err(diagnostics) => panic!("{}", diagnostics.render(false)),
    }
}

/// The program, compiled with a way of choosing.
///
/// # Panics
/// When it does not compile.
#[must_use]
pub fn compiled(selection: SelectionMode) -> Compiled {
    let mut program = program();
    program.selection = selection;
    compile(&program).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// How often a quote of W1, or of one of so many baskets like it, asks the heap for memory at most, when scratch and quote were used for all of them
/// before. Whoever calls has made the counting allocator of `testkit` its own.
#[must_use]
pub fn allocations(selection: SelectionMode, count: usize) -> u64 {
    let (compiled, member) = (compiled(selection), member());
    let (mut scratch, mut quote) = (Scratch::new(), Quote::default());
    let all: Vec<Basket> = std::iter::once(w1()).chain(baskets(count)).collect();
    let mut round = || {
        let mut most = 0;
        for basket in &all {
            let price = || compiled.quote(basket, Some(&member), None, &mut scratch, &mut quote);
            let ((), asked) = heap::allocations(price);
            most = most.max(asked);
        }
        most
    };
    round();
    round()
}

/// The sku and category pairs of W1, in its order.
pub const PAIRS: [(&str, &str); 10] = [
    ("S1", "A"),
    ("S2", "A"),
    ("S3", "A"),
    ("S4", "B"),
    ("S5", "B"),
    ("S6", "B"),
    ("S7", "C"),
    ("S8", "C"),
    ("S1", "A"),
    ("S4", "B"),
];

/// Unit prices and quantities of W1 itself.
pub const W1_LINES: [(i64, i64); 10] = [
    (349, 2),
    (1299, 1),
    (89, 6),
    (2495, 1),
    (3990, 1),
    (725, 3),
    (12_900, 1),
    (1875, 2),
    (349, 1),
    (2245, 1),
];

/// The member of W1.
///
/// # Panics
/// Never: the id is valid.
#[must_use]
pub fn member() -> Member {
    Member {
        id: MemberId::new("M1").expect("a valid id"),
        tier: Some("gold".to_owned()),
        points: 0,
        coupons: Vec::new(),
        segments: Vec::new(),
        birthday: None,
        first_purchase: Some(false),
        enrolled_on: None,
        counters: Some(Vec::new()),
        version: 1,
    }
}

/// A basket of lines that are given as sku, category, unit price and quantity.
///
/// # Panics
/// When an id is not valid.
#[must_use]
pub fn basket<'a>(lines: impl IntoIterator<Item = (&'a str, &'a str, i64, i64)>, codes: &[&str]) -> Basket {
    let lines = lines.into_iter().enumerate().map(|(place, (sku, category, price_minor, units))| Line {
        id: LineId::new(format!("L{:02}", place + 1)).expect("a valid id"),
        sku: Sku::new(sku).expect("a valid sku"),
        category: category.to_owned(),
        brand: String::new(),
        tags: Vec::new(),
        kind: LineKind::Goods,
        quantity: Quantity::from_units(units),
        weighed: false,
        price: LinePrice::Unit(UnitPrice::from_minor(price_minor)),
        taxes: Vec::new(),
        price_overridden: false,
        not_discountable: false,
        legal_minimum: None,
    });
    Basket {
        chain: "w1".to_owned(),
        store: None,
        till: None,
        channel: "web".to_owned(),
        currency: Currency::from_code("EUR").expect("a known currency"),
        business_time: BusinessTime { unix_ms: 1_795_600_000_000, utc_offset_minutes: 60 },
        lines: lines.collect(),
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        paper_coupons: Vec::new(),
        manual_discounts: Vec::new(),
        gift_choices: Vec::new(),
        payment_kind: String::new(),
        points: PointsRequest::default(),
        unknown_member: None,
        exchange_of: None,
    }
}

/// W1 itself, with padded line ids.
#[must_use]
pub fn w1() -> Basket {
    let lines =
        PAIRS.iter().zip(W1_LINES).map(|((sku, category), (price, units))| (*sku, *category, price, units));
    basket(lines, &["ORDER10", "MINUS5", "CAT15"])
}

/// Different baskets: the pairs shuffled, unit prices 0.50 to 14.98, quantities 1 to 3.
#[must_use]
pub fn baskets(count: usize) -> Vec<Basket> {
    let mut random = Random::new(0x5eed);
    let one = |random: &mut Random| {
        let mut pairs = PAIRS;
        random.shuffle(&mut pairs);
        let lines: Vec<(&str, &str, i64, i64)> = pairs
            .iter()
            .map(|(sku, category)| (*sku, *category, random.within(50, 1_499), random.within(1, 4)))
            .collect();
        basket(lines, &["ORDER10", "MINUS5", "CAT15"])
    };
    (0..count).map(|_| one(&mut random)).collect()
}
