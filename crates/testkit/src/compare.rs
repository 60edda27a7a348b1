//! A quote of the engine beside the basket as the oracle prices it: every difference in words.

use std::collections::BTreeMap;

use suanpan_domain::quote::{LineTaxAmount, SelectionOutcome, Span, Step, UnitRun};
use suanpan_domain::{Basket, OfferBook, OfferRef, Quote, Reason};

use crate::oracle::{Priced, PricedGift, PricedLine, PricedOffer, PricedStep, PricedUnit};

/// Every difference between a quote and what the oracle says, as `what: engine ..., oracle ...`. Empty when they agree
/// to the minor unit: lines, units, steps, taxes, points, totals, and which offers give what.
#[must_use]
pub fn differences(quote: &Quote, book: &OfferBook, basket: &Basket, priced: &Priced) -> Vec<String> {
    let reader = Reader { quote, book, basket };
    let mut found = Differences(Vec::new());
    let selection = match quote.selection {
        SelectionOutcome::BestFound => "best_found",
        SelectionOutcome::Exact | SelectionOutcome::ByPriority => "exact",
    };
    found.compare("selection", &selection, &"exact");
    let amounts = |offers: &[PricedOffer]| -> Vec<PricedOffer> {
        sorted(&offers.iter().filter(|offer| offer.amount > 0).cloned().collect::<Vec<_>>())
    };
    found.compare("offers that give", &amounts(&reader.offers()), &amounts(&priced.offers));
    found.compare("gift lines", &reader.gifts(), &by_article(&priced.gifts));
    let totals = &quote.totals;
    for (what, engine, oracle) in [
        ("gross", totals.gross.minor(), priced.gross),
        ("net", totals.net.minor(), priced.net),
        ("discount", totals.discount.minor(), priced.gross - priced.net),
        ("included tax", totals.tax_included.minor(), priced.tax_included),
        ("added tax", totals.tax_added.minor(), priced.tax_added),
        ("reimbursed", totals.reimbursed.minor(), priced.reimbursed),
        ("points as tender", totals.points_tender.minor(), priced.points_tender),
        ("due", totals.due.minor(), priced.due),
        ("due in cash", totals.due_cash.minor(), priced.due_cash),
        ("points used", quote.points.used, priced.points_used),
        ("value of points", quote.points.value.minor(), priced.points_value),
        ("points earned", quote.points.earned, priced.points_earned),
    ] {
        found.compare(what, &engine, &oracle);
    }
    found.compare("taxes", &reader.taxes(), &without_zeros(&priced.taxes));
    found.lines("merged line", &reader.merged(), &priced.merged);
    found.lines("request line", &reader.requests(), &priced.requests);
    // What is said of offers comes last: numbers are worse.
    found.compare("offers that apply", &reader.offers(), &sorted(&priced.offers));
    found.compare("left out wrongly", &reader.wrongly_left_out(priced), &Vec::new());
    for (offer, reason) in reader.refused(priced) {
        let expected = priced.refused.get(&offer).copied();
        found.compare(&format!("reason of {offer}"), &reason, &expected);
    }
    for (offer, expected) in &priced.dropped {
        // One that is presented several times has a row for each, and one of them may apply.
        if let [reason] = reader.reasons(offer)[..] {
            found.compare(&format!("reason of {offer}"), &reason, &Some(*expected));
        }
    }
    found.0
}

struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, engine: &T, oracle: &T) {
        if engine != oracle {
            self.0.push(format!("{what}: engine {engine:?}, oracle {oracle:?}"));
        }
    }

    fn lines(
        &mut self,
        what: &str,
        engine: &BTreeMap<String, PricedLine>,
        oracle: &BTreeMap<String, PricedLine>,
    ) {
        let ids = |lines: &BTreeMap<String, PricedLine>| lines.keys().cloned().collect::<Vec<_>>();
        self.compare(&format!("{what}s"), &ids(engine), &ids(oracle));
        for (id, ours) in engine {
            let Some(theirs) = oracle.get(id) else { continue };
            let what = |part: &str| format!("{part} of {what} {id}");
            self.compare(&what("gross"), &ours.gross, &theirs.gross);
            self.compare(&what("net"), &ours.net, &theirs.net);
            self.compare(&what("steps"), &ours.steps, &theirs.steps);
            self.compare(&what("taxes"), &ours.taxes, &without_zeros(&theirs.taxes));
            self.compare(&what("points paid"), &ours.points_paid, &theirs.points_paid);
            self.compare(&what("points earned"), &ours.points_earned, &theirs.points_earned);
            self.compare(&what("units"), &ours.units, &theirs.units);
        }
    }
}

fn sorted<T: Clone + Ord>(items: &[T]) -> Vec<T> {
    let mut items = items.to_vec();
    items.sort();
    items
}

/// What all presentations of an offer give of each article.
fn by_article(gifts: &[PricedGift]) -> Vec<PricedGift> {
    let mut units: BTreeMap<(&str, usize), i64> = BTreeMap::new();
    for gift in gifts {
        *units.entry((&gift.offer, gift.choice)).or_default() += gift.units;
    }
    let row = |((offer, choice), units): ((&str, usize), i64)| PricedGift {
        offer: offer.to_owned(),
        choice,
        units,
    };
    units.into_iter().map(row).collect()
}

type Taxes = BTreeMap<(String, i64, bool), i64>;

fn without_zeros(taxes: &Taxes) -> Taxes {
    taxes.iter().filter(|(_, amount)| **amount != 0).map(|(tax, amount)| (tax.clone(), *amount)).collect()
}

/// Whether a reason is one of when, where, for whom and how often, which all presentations of an offer have in common.
fn conditional(reason: Reason) -> bool {
    (Reason::NotStarted..=Reason::BudgetUsedUp).contains(&reason)
}

/// Whether a reason is that nothing is there, or never enough. A gift that waits for its choice may lack its threshold too
/// once others have executed, and says that instead.
fn out_of_reach(reason: Reason) -> bool {
    matches!(reason, Reason::NothingSelected | Reason::ThresholdNotMet)
}

/// Reads a quote in the oracle's words.
struct Reader<'a> {
    quote: &'a Quote,
    book: &'a OfferBook,
    basket: &'a Basket,
}

impl Reader<'_> {
    fn name(&self, offer: OfferRef) -> String {
        match offer {
            OfferRef::Program(_) => {
                self.book.get(offer).map_or_else(|| "?".to_owned(), |entry| entry.id.clone())
            }
            OfferRef::Manual(index) => format!("manual:{}", self.basket.manual_discounts[index as usize].id),
            OfferRef::Code(index) => format!("code:{}", self.basket.codes[index as usize]),
            OfferRef::Paper(index) => format!("code:{}", self.basket.paper_coupons[index as usize].code),
            OfferRef::Points => "points".to_owned(),
        }
    }

    fn offers(&self) -> Vec<PricedOffer> {
        let applied = self.quote.offers.iter().filter(|outcome| outcome.applied);
        let rows: Vec<PricedOffer> = applied
            .filter(|outcome| outcome.offer != OfferRef::Points)
            .map(|outcome| PricedOffer { id: self.name(outcome.offer), amount: outcome.amount.minor() })
            .collect();
        sorted(&rows)
    }

    /// Offers of which the quote says that they were left out, though the oracle keeps them or refuses them.
    fn wrongly_left_out(&self, priced: &Priced) -> Vec<String> {
        self.quote
            .offers
            .iter()
            .filter(|outcome| outcome.reason == Some(Reason::LeftOut) && !outcome.applied)
            .map(|outcome| self.name(outcome.offer))
            .filter(|offer| !priced.kept_out.contains(offer))
            .collect()
    }

    /// Reasons of offers that the oracle refuses before any choice.
    fn refused(&self, priced: &Priced) -> Vec<(String, Option<Reason>)> {
        let mut rows: Vec<(String, Option<Reason>)> = self
            .quote
            .offers
            .iter()
            .map(|outcome| (self.name(outcome.offer), outcome.reason))
            .filter(|(offer, _)| {
                // One presentation may find lines where another finds none.
                let is_alone = || self.reasons(offer).len() == 1;
                let reason = priced.refused.get(offer).copied();
                reason.is_some_and(|reason| conditional(reason) || out_of_reach(reason) && is_alone())
            })
            .collect();
        rows.sort();
        // Presentations beyond a limit are rows of their own.
        rows.retain(|(_, reason)| {
            !matches!(
                reason,
                Some(
                    Reason::DuplicateCode
                        | Reason::PerBasketLimit
                        | Reason::NotOwned
                        | Reason::CouponExpired
                        | Reason::UnknownCode
                )
            )
        });
        rows
    }

    /// Why each presentation of an offer is what it is.
    fn reasons(&self, offer: &str) -> Vec<Option<Reason>> {
        let rows = self.quote.offers.iter().filter(|outcome| self.name(outcome.offer) == offer);
        rows.map(|outcome| outcome.reason).collect()
    }

    fn gifts(&self) -> Vec<PricedGift> {
        let mut units: BTreeMap<(String, usize), i64> = BTreeMap::new();
        for gift in &self.quote.gifts {
            *units.entry((self.name(gift.offer), gift.choice as usize)).or_default() += gift.units;
        }
        units.into_iter().map(|((offer, choice), units)| PricedGift { offer, choice, units }).collect()
    }

    fn tax_key(&self, tax: usize) -> (String, i64, bool) {
        let total = &self.quote.taxes[tax];
        let tax = &self.basket.lines[total.line as usize].taxes[total.tax_index as usize];
        (tax.id.clone(), total.rate.ppm(), total.included)
    }

    fn taxes(&self) -> Taxes {
        let mut taxes = Taxes::new();
        for (index, total) in self.quote.taxes.iter().enumerate() {
            *taxes.entry(self.tax_key(index)).or_default() += total.amount.minor();
        }
        without_zeros(&taxes)
    }

    fn line_taxes(&self, span: Span) -> Taxes {
        let mut taxes = Taxes::new();
        for LineTaxAmount { tax, amount } in span.of(&self.quote.line_taxes) {
            *taxes.entry(self.tax_key(*tax as usize)).or_default() += amount.minor();
        }
        without_zeros(&taxes)
    }

    fn steps(&self, span: Span, with_tenders: bool) -> Vec<PricedStep> {
        let step = |step: &Step| {
            let tender = self.book.get(step.offer).is_some_and(|entry| entry.tender);
            PricedStep {
                offer: self.name(step.offer),
                amount: step.amount.minor(),
                running: step.running.minor(),
                tender,
            }
        };
        let steps = span.of(&self.quote.steps).iter().map(step);
        steps.filter(|step| step.amount != 0 && (with_tenders || !step.tender)).collect()
    }

    fn units(&self, span: Span) -> Vec<PricedUnit> {
        let mut units = Vec::new();
        for UnitRun { units: count, net, tax, points_paid, points_earned } in span.of(&self.quote.unit_runs) {
            let unit = PricedUnit {
                net: net.minor(),
                tax: tax.minor(),
                points_paid: points_paid.minor(),
                points_earned: *points_earned,
            };
            units.extend((0..*count).map(|_| unit));
        }
        units
    }

    fn id(&self, line: u32) -> String {
        self.basket.lines[line as usize].id.as_str().to_owned()
    }

    fn merged(&self) -> BTreeMap<String, PricedLine> {
        let lines = self.quote.merged_lines.iter().map(|line| {
            let priced = PricedLine {
                gross: line.gross.minor(),
                net: line.net.minor(),
                steps: self.steps(line.steps, true),
                units: self.units(line.unit_runs),
                taxes: self.line_taxes(line.taxes),
                points_paid: line.points_paid.minor(),
                points_earned: line.points_earned,
            };
            (self.id(line.first_line), priced)
        });
        lines.collect()
    }

    fn requests(&self) -> BTreeMap<String, PricedLine> {
        let lines = self.quote.lines.iter().map(|line| {
            let priced = PricedLine {
                gross: line.gross.minor(),
                net: line.net.minor(),
                steps: self.steps(line.steps, false),
                units: self.units(line.unit_runs),
                taxes: self.line_taxes(line.taxes),
                points_paid: line.points_paid.minor(),
                points_earned: line.points_earned,
            };
            (self.id(line.line), priced)
        });
        lines.collect()
    }
}
