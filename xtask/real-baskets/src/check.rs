//! One quote against one recorded basket, line by line.

use suanpan_rpc::v1;

use crate::chain::{DOUBLING_OFFER, MAKER_OFFER};
use crate::request::{Addition, line_id};
use crate::year::Line;

/// What became of a basket's lines.
#[derive(Debug, Default)]
pub struct Findings {
    /// Lines that are as the chain recorded them, to the cent.
    pub reproduced: u64,
    /// Lines whose coupon was worth more than what was left of the price, and was cut to it.
    pub cut: u64,
    /// What the rule added to coupons, next to what the chain did.
    pub doublings: Vec<Doubling>,
    /// Products that the chain's own list does not have.
    pub not_in_catalogue: u64,
    /// Anything that differs, in words. Empty is what we want.
    pub differences: Vec<String>,
    /// Why coupons gave nothing or less than their value.
    pub coupon_reasons: Vec<v1::Reason>,
}

/// The rule's answer on a line with a coupon.
#[derive(Debug, Clone, Copy)]
pub struct Doubling {
    /// The line as recorded.
    pub line: Line,
    /// What the rule added.
    pub by_rule: i64,
}

impl Doubling {
    /// Whether the rule and the chain agree.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.by_rule == self.line.coupon_match_disc
    }
}

/// A quote's line, taken apart by what lowered it.
#[derive(Debug, Default)]
struct Priced {
    card: i64,
    added: i64,
    doubled: i64,
    coupon: i64,
    foreign: Vec<String>,
}

impl Priced {
    fn of(line: &v1::QuoteLine) -> Self {
        let mut priced = Self::default();
        for step in &line.steps {
            let place = match step.offer.split(':').next().unwrap_or_default() {
                "card" => &mut priced.card,
                "added" => &mut priced.added,
                MAKER_OFFER => &mut priced.coupon,
                DOUBLING_OFFER => &mut priced.doubled,
                _ => {
                    priced.foreign.push(step.offer.clone());
                    continue;
                }
            };
            *place += step.amount_minor;
        }
        priced
    }
}

/// Compares a quote with the lines that it was asked for. `skipped` are those that were left out of the request.
#[must_use]
pub fn check(lines: &[Line], skipped: &[usize], addition: Addition, quote: &v1::Quote) -> Findings {
    let mut findings = Findings::default();
    let (mut net_sum, mut due_sum) = (0, 0);
    for (index, line) in lines.iter().enumerate().filter(|(index, _)| !skipped.contains(index)) {
        let id = line_id(index);
        let Some(quoted) = quote.lines.iter().find(|quoted| quoted.id == id) else {
            findings.differences.push(format!("basket {}: {id} is not in the quote", line.basket));
            continue;
        };
        findings.not_in_catalogue += u64::from(quoted.not_in_catalogue);
        let priced = Priced::of(quoted);
        net_sum += quoted.net_minor;
        due_sum += quoted.net_minor - priced.coupon;
        let added = match addition {
            Addition::Recorded => line.coupon_match_disc,
            Addition::ByRule => priced.doubled,
        };
        if addition == Addition::ByRule && line.coupon_disc > 0 {
            findings.doublings.push(Doubling { line: *line, by_rule: priced.doubled });
        }
        let left = line.loyalty_price() - added;
        let coupon = line.coupon_disc.min(left);
        let expected = [
            ("gross", line.shelf_total(), quoted.gross_minor),
            ("card price", line.retail_disc, priced.card),
            ("sent addition", if addition == Addition::Recorded { added } else { 0 }, priced.added),
            ("addition by rule", if addition == Addition::ByRule { added } else { 0 }, priced.doubled),
            ("net", left, quoted.net_minor),
            ("coupon", coupon, priced.coupon),
        ];
        let before = findings.differences.len();
        findings.differences.extend(expected.iter().filter(|(_, expected, got)| expected != got).map(
            |(what, expected, got)| {
                format!("basket {} product {}: {what} {got}, recorded {expected}", line.basket, line.product)
            },
        ));
        findings.differences.extend(
            priced.foreign.iter().map(|offer| format!("basket {}: {offer} was not expected", line.basket)),
        );
        if findings.differences.len() == before {
            if coupon < line.coupon_disc {
                findings.cut += 1;
            } else {
                findings.reproduced += 1;
            }
        }
    }
    let totals = quote.totals.unwrap_or_default();
    if (totals.net_minor, quote.due_minor) != (net_sum, due_sum) {
        let basket = lines.first().map_or(0, |line| line.basket);
        findings.differences.push(format!(
            "basket {basket}: net {} due {}, the lines say {net_sum} and {due_sum}",
            totals.net_minor, quote.due_minor
        ));
    }
    findings.coupon_reasons.extend(
        quote
            .offers
            .iter()
            .filter(|offer| offer.id == MAKER_OFFER && offer.reason() != v1::Reason::Unspecified)
            .map(v1::OfferResult::reason),
    );
    findings
}
