//! What a call says, in 32 bytes: the same content gives the same hash, in whatever bytes it came.
//!
//! A hash covers what was sold and paid. It does not cover who pays with points and coupons (the member may be named by a
//! code that changes), when and where (times are filled in), nor how the call is to be treated (tokens, flags, deadlines).

use sha2::{Digest, Sha256};

use crate::{checkout_v1, v1};

/// Every field with its length, so that no two contents run together.
#[derive(Default)]
struct Content(Sha256);

impl Content {
    fn text(&mut self, text: &str) {
        self.number(text.len() as i64);
        self.0.update(text);
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn maybe(&mut self, number: Option<i64>) {
        self.number(i64::from(number.is_some()));
        self.number(number.unwrap_or(0));
    }

    fn list<T>(&mut self, list: &[T], each: impl Fn(&mut Self, &T)) {
        self.number(list.len() as i64);
        for item in list {
            each(self, item);
        }
    }

    fn hash(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Of a basket: lines, quantities, prices, codes, discounts by people, gifts, points. As it was sent, before a catalogue
/// completes it, because catalogues change.
#[must_use]
pub fn basket(basket: &v1::Basket) -> [u8; 32] {
    let mut content = Content::default();
    content.text(&basket.currency);
    content.list(&basket.lines, |content, line| {
        content.text(&line.id);
        content.text(&line.sku);
        content.text(&line.category);
        content.text(&line.brand);
        content.list(&line.tags, |content, tag| content.text(tag));
        content.number(line.kind.into());
        content.number(line.quantity_milli);
        content.maybe(line.unit_price_minor);
        content.number(line.unit_price_sub_ppm);
        content.maybe(line.line_total_minor);
        content.list(&line.taxes, |content, tax| {
            content.text(&tax.id);
            content.number(tax.rate_ppm);
            content.number(tax.included.into());
        });
        let flags = line.flags.unwrap_or_default();
        content.number(flags.weighed.into());
        content.number(flags.price_overridden.into());
        content.number(flags.not_discountable.into());
        content.maybe(line.legal_minimum_minor);
    });
    content.list(&basket.codes, |content, code| content.text(code));
    content.list(&basket.paper_coupons, |content, paper| {
        content.text(&paper.code);
        content.text(&paper.line_id);
        content.number(paper.value_minor);
    });
    content.list(&basket.manual_discounts, |content, manual| {
        content.text(&manual.id);
        content.text(&manual.line_id);
        match manual.worth {
            None => content.number(0),
            Some(v1::manual_discount::Worth::PercentPpm(ppm)) => {
                content.number(1);
                content.number(ppm);
            }
            Some(v1::manual_discount::Worth::AmountMinor(amount)) => {
                content.number(2);
                content.number(amount);
            }
        }
    });
    content.list(&basket.gift_choices, |content, choice| {
        content.text(&choice.offer);
        content.list(&choice.skus, |content, sku| content.text(sku));
    });
    content.text(&basket.exchange_of);
    let points = basket.points.unwrap_or_default();
    match points.wanted {
        None | Some(v1::points_request::Wanted::Maximum(false)) => content.number(0),
        Some(v1::points_request::Wanted::Exact(exact)) => {
            content.number(1);
            content.number(exact);
        }
        Some(v1::points_request::Wanted::Maximum(true)) => content.number(2),
    }
    content.number(points.conflict.into());
    content.hash()
}

/// Of a sale that is paid: its basket and its tenders.
#[must_use]
pub fn confirm(basket: &[u8; 32], tenders: &[checkout_v1::Tender]) -> [u8; 32] {
    let mut content = Content::default();
    content.0.update(basket);
    content.list(tenders, |content, tender| {
        content.text(&tender.kind);
        content.number(tender.amount_minor);
    });
    content.hash()
}

/// Of a return: which lines, how much, which units.
#[must_use]
pub fn refund(all: bool, lines: &[checkout_v1::ReturnLine]) -> [u8; 32] {
    let mut content = Content::default();
    content.number(all.into());
    content.list(lines, |content, line| {
        content.text(&line.line_id);
        content.number(line.quantity_milli);
        content.list(&line.units, |content, unit| content.number(i64::from(*unit)));
    });
    content.hash()
}

/// Of a change of a member: what is asked, then its fields in order.
#[must_use]
pub fn change(verb: &str, texts: &[&str], numbers: &[i64]) -> [u8; 32] {
    let mut content = Content::default();
    content.text(verb);
    content.list(texts, |content, text| content.text(text));
    content.list(numbers, |content, number| content.number(*number));
    content.hash()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_basket() -> v1::Basket {
        v1::Basket {
            currency: "CNY".to_owned(),
            lines: vec![v1::Line {
                id: "1".into(),
                sku: "a".into(),
                quantity_milli: 1_000,
                ..Default::default()
            }],
            codes: vec!["WELCOME20".to_owned()],
            ..v1::Basket::default()
        }
    }

    #[test]
    fn what_is_sold_is_covered_and_the_rest_is_not() {
        let hash = basket(&a_basket());
        let changed = |change: fn(&mut v1::Basket)| {
            let mut other = a_basket();
            change(&mut other);
            basket(&other)
        };
        for same in [
            changed(|basket| basket.store = "s".to_owned()),
            changed(|basket| basket.business_time = Some(v1::BusinessTime::default())),
            changed(|basket| basket.near_misses = true),
            changed(|basket| basket.member = Some(v1::Member::default())),
            changed(|basket| basket.offline_sale = true),
        ] {
            assert_eq!(same, hash);
        }
        for other in [
            changed(|basket| basket.lines[0].quantity_milli = 2_000),
            changed(|basket| basket.lines[0].unit_price_minor = Some(0)),
            changed(|basket| basket.lines[0].line_total_minor = Some(0)),
            changed(|basket| basket.codes.clear()),
            changed(|basket| {
                basket.points = Some(v1::PointsRequest {
                    wanted: Some(v1::points_request::Wanted::Exact(100)),
                    ..Default::default()
                });
            }),
        ] {
            assert_ne!(other, hash);
        }
        let tender = |amount_minor| checkout_v1::Tender { kind: "cash".to_owned(), amount_minor };
        assert_ne!(confirm(&hash, &[tender(1)]), confirm(&hash, &[tender(2)]));
    }
}
