//! A quote seen through the names that cases use, and what differs from what a case expects.

use suanpan_domain::quote::{MergedLine, Missing, OfferOutcome, QuoteLine, Step, UnitRun};
use suanpan_domain::{Basket, Member, Money, OfferBook, OfferRef, Quote};
use suanpan_program::model::{Effect, Program};

use super::{Problem, Variant, expect, invariants};
use crate::basket_file::{self, Presented};

/// A quote with what it refers to.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The program that priced it.
    pub program: &'a Program,
    /// The names of the program's offers.
    pub book: &'a OfferBook,
    /// The basket that was priced.
    pub basket: &'a Basket,
    /// Whose basket it is; none for a guest.
    pub member: Option<&'a Member>,
    /// What came of it.
    pub quote: &'a Quote,
}

/// Something that is not as a case expects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What it is about, such as `line L1 net`.
    pub field: String,
    /// What the case says.
    pub expected: String,
    /// What the quote says.
    pub got: String,
}

/// What differs from an expectation that stands in a text of its own, and what no quote may ever do.
///
/// # Errors
/// Everything in the text that means nothing.
pub fn mismatches(expectation: &str, answer: &Answer<'_>) -> Result<Vec<Mismatch>, Vec<Problem>> {
    let expect = super::node::read(expectation).map_err(|problem| vec![problem])?;
    let mut found = expect::differences(&expect, answer)?;
    found.extend(invariants::broken(answer));
    Ok(found)
}

impl Variant {
    /// The codes of the problems that this program must have; none when it must be well formed.
    #[must_use]
    pub fn diagnostics_expected(&self) -> Option<Vec<String>> {
        let codes = self.expect.get("diagnostics")?;
        Some(codes.items().iter().filter_map(|code| code.text().map(str::to_owned)).collect())
    }

    /// The basket, read with the program's currency and price mode.
    ///
    /// # Errors
    /// Every problem of the basket's form at once.
    pub fn presented(&self, program: &Program) -> Result<Presented, Vec<Problem>> {
        basket_file::read(&self.basket, program)
    }

    /// What differs from what the case expects, and what no quote may ever do.
    ///
    /// # Errors
    /// Expectations that mean nothing.
    pub fn mismatches(&self, answer: &Answer<'_>) -> Result<Vec<Mismatch>, Vec<Problem>> {
        let mut found = expect::differences(&self.expect, answer)?;
        found.extend(invariants::broken(answer));
        Ok(found)
    }
}

impl Answer<'_> {
    pub(super) fn money(&self, amount: Money) -> String {
        amount.in_currency(self.program.currency).to_string()
    }

    /// An offer by the name that cases use.
    pub(super) fn offer(&self, offer: OfferRef) -> String {
        match offer {
            OfferRef::Program(_) => self.book.get(offer).map_or("?", |entry| entry.id.as_str()).to_owned(),
            OfferRef::Manual(index) => self
                .basket
                .manual_discounts
                .get(index as usize)
                .map_or("?", |manual| manual.id.as_str())
                .to_owned(),
            OfferRef::Code(index) => {
                self.basket.codes.get(index as usize).map_or("?", String::as_str).to_owned()
            }
            OfferRef::Paper(index) => {
                self.basket.paper_coupons.get(index as usize).map_or("?", |paper| &paper.code).to_owned()
            }
            OfferRef::Points => "points".to_owned(),
        }
    }

    pub(super) fn line_id(&self, line: u32) -> &str {
        self.basket.lines.get(line as usize).map_or("?", |line| line.id.as_str())
    }

    /// The request line of an id.
    pub(super) fn line(&self, id: &str) -> Option<&QuoteLine> {
        self.quote.lines.iter().find(|line| self.line_id(line.line) == id)
    }

    pub(super) fn merged(&self, line: &QuoteLine) -> Option<&MergedLine> {
        self.quote.merged_lines.get(line.merged as usize)
    }

    /// What each offer that applied gave, presentations of one offer together, in the quote's order.
    pub(super) fn applied(&self) -> Vec<(String, Money)> {
        let mut sums: Vec<(String, Money)> = Vec::new();
        for outcome in self.quote.offers.iter().filter(|outcome| outcome.applied) {
            let name = self.offer(outcome.offer);
            match sums.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += outcome.amount,
                None => sums.push((name, outcome.amount)),
            }
        }
        sums
    }

    pub(super) fn outcomes<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a OfferOutcome> {
        self.quote.offers.iter().filter(move |outcome| self.offer(outcome.offer) == name)
    }

    pub(super) fn missing(&self, missing: Missing) -> String {
        match missing {
            Missing::Nothing => "nothing".to_owned(),
            Missing::Amount(amount) => self.money(amount),
            Missing::Quantity(units) => units.to_string(),
            Missing::Weight(weight) => format!("{weight} kg"),
        }
    }

    /// What was taken off a line, offer by offer, in order.
    pub(super) fn steps(&self, steps: &[Step]) -> String {
        let texts: Vec<String> = steps
            .iter()
            .map(|step| format!("{} {}", self.offer(step.offer), self.money(step.amount)))
            .collect();
        texts.join(", ")
    }

    /// Units that are worth the same, as `2 x 10.50`, runs of equal worth joined.
    pub(super) fn units(&self, runs: &[UnitRun], of: impl Fn(&UnitRun) -> String) -> String {
        let mut joined: Vec<(i64, String)> = Vec::new();
        for run in runs {
            let worth = of(run);
            match joined.last_mut() {
                Some((units, known)) if *known == worth => *units += run.units,
                _ => joined.push((run.units, worth)),
            }
        }
        let texts: Vec<String> = joined.iter().map(|(units, worth)| format!("{units} x {worth}")).collect();
        texts.join(", ")
    }

    /// The id of an entitlement: of an offer, or by its place in the member's tier.
    pub(super) fn entitlement(&self, offer: Option<OfferRef>, index: u32) -> &str {
        let Some(offer) = offer else {
            let wanted = self.member.and_then(|member| member.tier.as_deref());
            let tier = match wanted {
                Some(id) => self.program.tiers.iter().find(|tier| tier.id == id),
                None => self.program.tiers.first(),
            };
            let entitlement = tier.and_then(|tier| tier.entitlements.get(index as usize));
            return entitlement.map_or("?", |entitlement| entitlement.id.as_str());
        };
        match self.effect(offer) {
            Some(Effect::Entitlement(id)) => id,
            _ => "?",
        }
    }

    fn effect(&self, offer: OfferRef) -> Option<&Effect> {
        let id = self.book.get(offer).map(|entry| entry.id.as_str())?;
        self.program.offers.iter().find(|offer| offer.id == id).map(|offer| &offer.effect)
    }

    /// The sku of a gift that was added.
    pub(super) fn gift_sku(&self, offer: OfferRef, choice: u32) -> &str {
        match self.effect(offer) {
            Some(Effect::Gift { of, .. }) => of.get(choice as usize).map_or("?", String::as_str),
            _ => "?",
        }
    }
}
