//! Programs and baskets of the targets, from seeds.

use std::fmt::Write as _;

use suanpan_domain::Basket;
use suanpan_engine::{Compiled, compile};
use suanpan_program::{SourceFile, parse};

use crate::random::Random;
use crate::w1;

/// Compiles a program that a bench wrote.
///
/// # Panics
/// When the program is wrong, with its diagnostics.
#[must_use]
pub fn compiled(text: &str) -> Compiled {
    let parsed = match parse(&[SourceFile::new("bench.yaml", text)]) {
        Ok(parsed) => parsed,
        Err(diagnostics) => panic!("{}\n{text}", diagnostics.render(false)),
    };
    compile(&parsed.program).unwrap_or_else(|problems| panic!("{problems:?}"))
}

const HEAD: &str =
    "program: bench\ncurrency: EUR\ntiers: [{ id: basic }, { id: gold, discount: { percent_off: 5% } }]\n";

/// W1's program among so many others: 60 % by sku, 20 % by category, 10 % by brand, 5 % of baskets in other stores or
/// segments, 5 % coupons. None of them acts on W1.
#[must_use]
pub fn crowd(offers: usize) -> String {
    let mut text = include_str!("../w1.yaml").to_owned();
    let (mut promotions, mut coupons) = (String::new(), String::new());
    for number in 0..offers.saturating_sub(20) {
        let _ = match number % 20 {
            0..12 => writeln!(
                promotions,
                "  - {{ id: s{number}, layer: item, buy: {{ sku: X{number} }}, effect: {{ percent_off: 5% }} }}"
            ),
            12..16 => writeln!(
                promotions,
                "  - {{ id: c{number}, layer: item, buy: {{ category: x/{number} }}, effect: {{ percent_off: 5% }} }}"
            ),
            16..18 => writeln!(
                promotions,
                "  - {{ id: b{number}, layer: item, buy: {{ brand: x{number} }}, effect: {{ percent_off: 5% }} }}"
            ),
            18 if number % 40 == 18 => writeln!(
                promotions,
                "  - {{ id: t{number}, layer: basket, where: {{ stores: [store-{number}] }}, effect: {{ percent_off: 5% }} }}"
            ),
            18 => writeln!(
                promotions,
                "  - {{ id: g{number}, layer: basket, who: {{ segments: [segment-{number}] }}, effect: {{ percent_off: 5% }} }}"
            ),
            _ => writeln!(
                coupons,
                "  - {{ id: k{number}, codes: {{ generic: [CODE{number}] }}, effect: {{ percent_off: 5% }} }}"
            ),
        };
    }
    let stores: String =
        (0..offers).filter(|number| number % 40 == 18).fold("stores:\n".to_owned(), |mut stores, number| {
            let _ = writeln!(stores, "  - {{ id: store-{number} }}");
            stores
        });
    let at = text.find("coupons:\n").unwrap_or(text.len());
    text.insert_str(at, &promotions);
    text.push_str(&coupons);
    if offers > 20 {
        let at = text.find("promotions:\n").unwrap_or(0);
        text.insert_str(at, &stores);
    }
    text
}

/// W1's lines again and again, with skus of their own beyond the first ten.
#[must_use]
pub fn long_basket(lines: usize) -> Basket {
    let rows: Vec<(String, &str, i64, i64)> = (0..lines)
        .map(|place| {
            let ((sku, category), (price, units)) = (w1::PAIRS[place % 10], w1::W1_LINES[place % 10]);
            (
                format!("{sku}{}", if place < 10 { String::new() } else { format!("-{}", place / 10) }),
                category,
                price,
                units,
            )
        })
        .collect();
    let rows = rows.iter().map(|(sku, category, price, units)| (sku.as_str(), *category, *price, *units));
    w1::basket(rows, &["ORDER10", "MINUS5", "CAT15"])
}

/// A basket of so many lines with a sku each.
#[must_use]
pub fn plain_basket(random: &mut Random, lines: usize, codes: &[&str]) -> Basket {
    let rows: Vec<(String, i64, i64)> = (0..lines)
        .map(|place| (format!("P{place:02}"), random.within(99, 2_999), random.within(1, 4)))
        .collect();
    let mut basket =
        w1::basket(rows.iter().map(|(sku, price, units)| (sku.as_str(), "A", *price, *units)), codes);
    basket.chain = "bench".to_owned();
    basket
}

/// Sixteen basket offers of which 30 % of the pairs exclude each other.
#[must_use]
pub fn conflicts(random: &mut Random) -> String {
    let mut groups = String::new();
    let mut of_offer = vec![Vec::new(); 16];
    for a in 0..16 {
        for b in a + 1..16 {
            if random.within(0, 100) < 30 {
                let _ = writeln!(groups, "    - {{ id: g{a}-{b}, scope: basket, at_most: 1 }}");
                of_offer[a].push(format!("g{a}-{b}"));
                of_offer[b].push(format!("g{a}-{b}"));
            }
        }
    }
    let mut text = format!("{HEAD}stacking:\n  groups:\n{groups}promotions:\n");
    for (place, groups) in of_offer.iter().enumerate() {
        let effect = if random.within(0, 2) == 0 {
            format!("percent_off: {}%", random.within(2, 11))
        } else {
            format!("amount_off: {}.{:02}", random.within(2, 20), random.within(0, 100))
        };
        let stacking = if groups.is_empty() {
            String::new()
        } else {
            format!(", stacking: {{ groups: [{}] }}", groups.join(", "))
        };
        let priority = random.within(0, 4);
        let _ = writeln!(
            text,
            "  - {{ id: o{place:02}, layer: basket, priority: {priority}, effect: {{ {effect} }}{stacking} }}"
        );
    }
    text
}

/// An ordinary big basket: thirty lines, 25 offers on single lines, the tier's discount, a member day, spend-and-save in
/// three steps, two coupons, all of which may be left out; the basket lies near a step.
#[must_use]
pub fn ordinary(random: &mut Random) -> (String, Basket) {
    ordinary_of(random, 25, 30)
}

/// The same with so many offers on single lines and so many lines.
#[must_use]
pub fn ordinary_of(random: &mut Random, offers: i64, lines: usize) -> (String, Basket) {
    let basket = plain_basket(random, lines, &["TEN", "FIVE"]);
    let gross: i64 = basket
        .lines
        .iter()
        .map(|line| match line.price {
            suanpan_domain::LinePrice::Unit(price) => {
                price.times(line.quantity, suanpan_domain::Rounding::HalfUp).minor()
            }
            suanpan_domain::LinePrice::Total(total) => total.minor(),
        })
        .sum();
    let mut text = format!("{HEAD}promotions:\n");
    for place in 0..offers {
        let line = random.within(0, lines as i64);
        let effect = match random.within(0, 3) {
            0 => format!("percent_off: {}%", random.within(5, 31)),
            1 => format!("amount_off: 0.{:02}, per: line", random.within(10, 100)),
            _ => format!("percent_off: {}%, cap: {}.00", random.within(10, 51), random.within(1, 6)),
        };
        let _ = writeln!(
            text,
            "  - {{ id: i{place:02}, layer: item, leave_out: allowed, priority: {}, buy: {{ sku: P{line:02} }}, effect: {{ {effect} }} }}",
            random.within(0, 3)
        );
    }
    // The steps lie where leaving something out can reach them.
    let middle = gross * 84 / 100 + random.within(-300, 300);
    let [low, middle, high] = [middle * 7 / 10, middle, middle + random.within(1_000, 3_000)]
        .map(|reach| format!("{}.{:02}", reach / 100, reach % 100));
    let _ = writeln!(
        text,
        "  - {{ id: member-day, layer: basket, priority: 5, who: {{ members: true }}, effect: {{ percent_off: 3% }} }}"
    );
    let _ = writeln!(
        text,
        "  - {{ id: save, layer: basket, effect: {{ steps: [{{ spend: {low}, save: 8 }}, {{ spend: {middle}, save: 20 }}, {{ spend: {high}, save: 35 }}] }} }}"
    );
    text.push_str("coupons:\n  - { id: five, codes: { generic: [FIVE] }, effect: { amount_off: 5.00 } }\n  - { id: ten, codes: { generic: [TEN] }, effect: { percent_off: 10% } }\n");
    (text, basket)
}

/// Sixteen offers, each of which asks for a spend of what runs and lowers what the next one sees.
#[must_use]
pub fn chain(random: &mut Random) -> (String, Basket) {
    let basket = plain_basket(random, 10, &[]);
    let gross: i64 = basket
        .lines
        .iter()
        .map(|line| match line.price {
            suanpan_domain::LinePrice::Unit(price) => price.micro() / 1_000_000 * line.quantity.units(),
            suanpan_domain::LinePrice::Total(total) => total.minor(),
        })
        .sum();
    let mut text = format!("{HEAD}promotions:\n");
    let mut reach = gross;
    for place in 0..16 {
        reach -= random.within(gross / 100, gross / 30);
        let off = random.within(gross / 60, gross / 20);
        let [reach, off] = [reach, off].map(|amount| format!("{}.{:02}", amount / 100, amount % 100));
        let priority = 16 - place;
        let _ = writeln!(
            text,
            "  - {{ id: o{place:02}, layer: basket, priority: {priority}, buy: {{ spend: {reach} }}, effect: {{ amount_off: {off} }} }}"
        );
    }
    (text, basket)
}
