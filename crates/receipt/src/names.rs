//! What offers, articles and quantities are called.

use suanpan_domain::quote::{Missing, OfferOutcome};
use suanpan_domain::{Basket, Line, LinePrice, Money, OfferBook, OfferRef, Quantity, UnitPrice};

use crate::amounts::{money, unit_price};
use crate::layout::clean;
use crate::options::{Lang, Options};
use crate::words::Words;

/// Everything that a text needs.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) basket: &'a Basket,
    pub(crate) offers: &'a OfferBook,
    pub(crate) options: &'a Options<'a>,
    pub(crate) words: &'static Words,
}

impl<'a> Names<'a> {
    pub(crate) fn new(basket: &'a Basket, offers: &'a OfferBook, options: &'a Options<'a>) -> Self {
        Self { basket, offers, options, words: Words::of(options.lang) }
    }

    pub(crate) fn money(&self, amount: Money) -> String {
        money(amount, self.basket.currency)
    }

    pub(crate) fn points(&self) -> String {
        clean(self.options.points_title.unwrap_or(self.words.points))
    }

    /// The title of an offer.
    pub(crate) fn offer(&self, offer: OfferRef) -> String {
        match offer {
            OfferRef::Program(_) => {
                let entry = self.offers.get(offer);
                let title = entry.map_or("?", |entry| match self.options.lang {
                    Lang::En => entry.title_en.as_str(),
                    Lang::ZhCn => entry.title_zh.as_str(),
                });
                clean(title)
            }
            OfferRef::Manual(index) => {
                let manual = self.basket.manual_discounts.get(index as usize);
                let reason = manual.map_or("", |manual| manual.reason.as_str());
                let reason = if reason.is_empty() { manual.map_or("", |manual| &manual.id) } else { reason };
                format!("{}{}", self.words.by_hand, clean(reason))
            }
            OfferRef::Code(index) => self.code(self.basket.codes.get(index as usize)),
            OfferRef::Paper(index) => {
                let paper = self.basket.paper_coupons.get(index as usize);
                self.code(paper.map(|paper| &paper.code))
            }
            OfferRef::Points => self.points(),
        }
    }

    /// The title of a code that no offer claims.
    fn code(&self, code: Option<&String>) -> String {
        format!("{}{}", self.words.code, clean(code.map_or("?", String::as_str)))
    }

    /// The title of an offer with the code that presented it.
    pub(crate) fn presented(&self, row: &OfferOutcome) -> String {
        let by_code = row.code.and_then(|code| self.basket.codes.get(code as usize));
        let by_paper = row.paper.and_then(|paper| self.basket.paper_coupons.get(paper as usize));
        let code = by_code.or(by_paper.map(|paper| &paper.code));
        let title = self.offer(row.offer);
        match code {
            Some(code) if !matches!(row.offer, OfferRef::Code(_) | OfferRef::Paper(_)) && *code != title => {
                let (open, close) = self.words.brackets;
                format!("{title}{open}{}{close}", clean(code))
            }
            _ => title,
        }
    }

    /// Who pays for an offer, if it is not the chain.
    pub(crate) fn funders(&self, offer: OfferRef) -> Option<String> {
        let entry = self.offers.get(offer)?;
        let names: Vec<String> = entry.funding.iter().map(|(funder, _)| clean(funder)).collect();
        (!names.is_empty()).then(|| names.join(self.words.list))
    }

    pub(crate) fn is_tender(&self, offer: OfferRef) -> bool {
        self.offers.get(offer).is_some_and(|entry| entry.tender)
    }

    /// The title of an article, its sku when none is known.
    pub(crate) fn article(&self, sku: &str) -> String {
        clean(&self.options.article.and_then(|title| title(sku)).unwrap_or_else(|| sku.to_owned()))
    }

    /// The title of a line and, unless it is one piece at its price, how it came to its amount.
    pub(crate) fn line(&self, line: &Line) -> String {
        let title = self.article(line.sku.as_str());
        match self.quantity_and_price(line) {
            Some(text) => format!("{title}  {text}"),
            None => title,
        }
    }

    fn quantity_and_price(&self, line: &Line) -> Option<String> {
        let one = line.quantity == Quantity::from_units(1);
        let currency = self.basket.currency;
        match line.price {
            LinePrice::Unit(price) => {
                let whole = price.micro() % UnitPrice::MICRO_PER_MINOR == 0;
                (!(one && whole)).then(|| format!("{} x {}", line.quantity, unit_price(price, currency)))
            }
            LinePrice::Total(total) => (!one).then(|| {
                let (before, after) = self.words.together;
                format!("{}{before}{}{after}", line.quantity, money(total, currency))
            }),
        }
    }

    /// What is missing, as a demand: "spend 12.00 more".
    pub(crate) fn missing(&self, missing: Missing) -> Option<String> {
        let (what, (before, after)) = match missing {
            Missing::Nothing => return None,
            Missing::Amount(amount) => (self.money(amount), self.words.spend_more),
            Missing::Quantity(units) => (format!("{units}{}", self.words.pieces), self.words.buy_more),
            Missing::Weight(weight) => (format!("{weight}{}", self.words.kilograms), self.words.buy_more),
        };
        Some(format!("{before}{what}{after}"))
    }
}
