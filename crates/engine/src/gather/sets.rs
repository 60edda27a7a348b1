//! From offers in view to candidates: their lines, limits and best possible thresholds.

use suanpan_domain::quote::Missing;
use suanpan_domain::{
    LineKind, ManualTarget, Member, Money, OfferRef, Quantity, Reason, Rounding, divide_i128,
};
use suanpan_program::model::{Effect, TaxBasis, Threshold, UnitCount};

use super::conditions::Visit;
use super::{Gathered, Presentation, Refused};
use crate::compile::{Compiled, CompiledOffer, CompiledSelection};
use crate::ground::{Candidate, LineRates, bits};
use crate::lines::LineFacts;
use crate::planted::{self, Bug};

impl Gathered {
    /// Checks every offer in view and every presentation, and keeps the candidates.
    #[inline(never)]
    pub(super) fn visit_all(&mut self, visit: &Visit<'_>) {
        if self.words == 1 {
            // Most baskets: loops over words vanish when the compiler knows.
            self.visit_each(visit, 1);
        } else {
            self.visit_long(visit);
        }
    }

    #[inline(never)]
    fn visit_long(&mut self, visit: &Visit<'_>) {
        self.visit_each(visit, self.words);
    }

    #[inline(always)]
    fn visit_each(&mut self, visit: &Visit<'_>, words: usize) {
        let presented = std::mem::take(&mut self.presentations);
        let automatic = self.in_view.offers.len();
        for place in 0..automatic + presented.len() {
            // One call for both: it is compiled into this loop, and once is enough.
            let (offer, presentation, hits) = match presented.get(place.wrapping_sub(automatic)) {
                Some(presentation) => (presentation.offer, presentation, None),
                None => {
                    let (offer, row) = self.in_view.offers[place];
                    (offer, &Presentation::AUTOMATIC, Some(row as usize * words))
                }
            };
            self.admit(visit, offer, presentation, hits, words);
        }
        self.presentations = presented;
    }

    /// Keeps a candidate, or notes why it is none. `hits` is where its row of lines begins that postings selected.
    #[inline(always)]
    fn admit(
        &mut self,
        visit: &Visit<'_>,
        place: u32,
        presentation: &Presentation,
        hits: Option<usize>,
        words: usize,
    ) {
        let start = self.sets.len();
        let Err((reason, missing)) = self.visit(visit, place, presentation, hits, words) else { return };
        // A gift that waits for a choice may lack its threshold as well, once others have executed.
        let keeps =
            matches!(reason, Reason::ThresholdNotMet | Reason::ChoiceNeeded | Reason::ChoiceNotOffered);
        let near = keeps.then_some((start / words) as u32);
        if !keeps {
            self.sets.truncate(start);
        }
        self.refused.push(Refused {
            source: OfferRef::Program(place),
            code: presentation.code,
            paper: presentation.paper,
            reason,
            missing,
            near,
        });
    }

    #[inline(always)]
    fn visit(
        &mut self,
        visit: &Visit<'_>,
        place: u32,
        presentation: &Presentation,
        hits: Option<usize>,
        words: usize,
    ) -> Result<(), (Reason, Missing)> {
        let plain = |reason| (reason, Missing::Nothing);
        let offer = &visit.compiled.offers[place as usize];
        if offer.conditions.any {
            visit.check(place, &offer.conditions).map_err(plain)?;
        }
        let (budget_left, needs_hold) =
            if offer.limited { limits(visit, place, offer).map_err(plain)? } else { (i64::MAX, false) };
        // Guests have neither points nor a wallet.
        let for_members = matches!(
            offer.effect,
            Effect::PointsFixed(_) | Effect::PointsTimes(_) | Effect::IssueCoupon { .. }
        );
        if visit.member.is_none() && for_members {
            return Err(plain(Reason::MembersOnly));
        }

        let start = self.sets.len();
        self.build_sets(visit.compiled, offer, presentation.line, hits, words).map_err(plain)?;
        earns(visit, offer).map_err(plain)?;
        if let Some(threshold) = &offer.entry {
            self.best_threshold(visit.compiled, threshold, &self.sets[start..start + words])?;
        }
        if let Effect::Gift { of, choose, .. } = &offer.effect {
            check_gift(visit, place, of, *choose).map_err(plain)?;
        }
        let Presentation { code, paper, .. } = *presentation;
        let by_itself = code.is_none() && paper.is_none();
        self.candidates.push(Candidate {
            code,
            paper,
            budget_left,
            times_max: offer.limits.per_basket.filter(|_| by_itself).unwrap_or(u32::MAX),
            needs_hold,
            sets: (start / words) as u32,
            ..offer.candidate
        });
        Ok(())
    }

    /// Pushes the offer's sets of lines: buy, target, parts.
    #[inline(always)]
    fn build_sets(
        &mut self,
        compiled: &Compiled,
        offer: &CompiledOffer,
        named: Option<u32>,
        hits: Option<usize>,
        words: usize,
    ) -> Result<(), Reason> {
        let start = self.sets.len();
        let shipping = matches!(offer.effect, Effect::Shipping(_));
        match hits.filter(|_| is_single(&offer.buy)) {
            Some(row) => {
                let selected = &self.in_view.rows[row..row + words];
                let reachable = reachable(&offer.buy, &self.open, &self.merchandise);
                // Mostly one word: no copy by call.
                selected.iter().zip(reachable).for_each(|(hits, reachable)| self.sets.push(hits & reachable));
            }
            None => self.push_selection(&offer.buy),
        }
        if let Some(line) = named {
            // A paper coupon that names a line acts on that line alone.
            let line = line as usize;
            for word in 0..words {
                self.sets[start + word] &= if word == line / 64 { 1 << (line % 64) } else { 0 };
            }
        }
        let target_start = self.sets.len();
        match &offer.target {
            Some(target) if shipping => self.push_shipping(Some(target)),
            Some(target) => self.push_selection(target),
            None if shipping => self.push_shipping(None),
            None => (start..start + words).for_each(|word| self.sets.push(self.sets[word])),
        }
        // Price-overridden lines count for thresholds, but no price list and no `item` offer acts on them.
        let spares_overridden = self.any_overridden
            && (offer.layer == compiled.layer_price || offer.layer == compiled.layer_item);
        if spares_overridden {
            self.drop_overridden(target_start);
        }
        let empty = |row: &[u64]| row.iter().all(|word| *word == 0);
        // Where `buy` names something, something of it must be there, whatever the effect.
        if empty(&self.sets[start..start + words]) && !offer.buy.is_everything {
            return Err(Reason::NothingSelected);
        }
        if offer.parts.is_empty() {
            if acts_on_lines(offer) && empty(&self.sets[target_start..target_start + words]) {
                return Err(Reason::NothingSelected);
            }
            // Gifts come with goods.
            if matches!(offer.effect, Effect::Gift { .. })
                && counted(&self.sets[start..start + words], &self.lines.facts).next().is_none()
            {
                return Err(Reason::NothingSelected);
            }
        } else {
            for part in &offer.parts {
                let part_start = self.sets.len();
                self.push_selection(part);
                if spares_overridden {
                    self.drop_overridden(part_start);
                }
                if empty(&self.sets[part_start..]) {
                    return Err(Reason::NothingSelected);
                }
            }
        }
        Ok(())
    }

    #[cold]
    fn drop_overridden(&mut self, start: usize) {
        for (word, overridden) in self.sets[start..].iter_mut().zip(&self.overridden) {
            *word &= !overridden;
        }
    }

    fn push_selection(&mut self, selection: &CompiledSelection) {
        if selection.is_everything {
            self.merchandise.iter().for_each(|word| self.sets.push(*word));
            return;
        }
        let Self { sets, symbols, flat, lines, .. } = self;
        for (word, &reachable) in reachable(selection, &self.open, &self.merchandise).iter().enumerate() {
            let (symbols, facts) = (&symbols[word * 64..], &lines.facts[word * 64..]);
            sets.push(selection.pattern.select(reachable, symbols, flat, facts));
        }
    }

    /// Shipping lines; a target chooses among them without naming their kind.
    fn push_shipping(&mut self, target: Option<&CompiledSelection>) {
        let start = self.sets.len();
        self.sets.resize(start + self.words, 0);
        for (line, facts) in self.lines.facts.iter().enumerate() {
            let chosen =
                target.is_none_or(|target| target.pattern.matches(&self.symbols[line], &self.flat, facts));
            if facts.open && facts.kind == LineKind::Shipping && chosen {
                self.sets[start + line / 64] |= 1 << (line % 64);
            }
        }
    }

    /// Refuses where even the highest amounts leave the threshold unmet, or the first step, or one multiple.
    fn best_threshold(
        &self,
        compiled: &Compiled,
        threshold: &Threshold,
        set: &[u64],
    ) -> Result<(), (Reason, Missing)> {
        let facts = &self.lines.facts;
        let missing = match (threshold.reach, threshold.tax) {
            // Goods and services are what thresholds count, and their sum is known.
            (UnitCount::Spend(spend), None) if *set == self.merchandise[..] => {
                short_of(spend, self.merchandise_gross)
            }
            _ => reach(compiled, threshold, set, facts, &self.rates, |line| facts[line].gross).1,
        };
        match missing {
            Missing::Nothing => Ok(()),
            missing => Err((Reason::ThresholdNotMet, missing)),
        }
    }

    /// Manual discounts are candidates too.
    pub(super) fn add_manual(&mut self, compiled: &Compiled, basket: &suanpan_domain::Basket) {
        for (place, manual) in basket.manual_discounts.iter().enumerate() {
            let source = OfferRef::Manual(place as u32);
            let start = self.sets.len();
            self.sets.resize(start + self.words, 0);
            let (layer, found) = match &manual.target {
                ManualTarget::Line(id) => (compiled.layer_item, self.lines.find(basket, id)),
                ManualTarget::Basket => (compiled.layer_basket, None),
            };
            for (line, facts) in self.lines.facts.iter().enumerate() {
                let meant = match manual.target {
                    ManualTarget::Line(_) => found == Some(line),
                    ManualTarget::Basket => facts.is_merchandise(),
                };
                if facts.open && meant {
                    self.sets[start + line / 64] |= 1 << (line % 64);
                }
            }
            if self.sets[start..].iter().all(|word| *word == 0) {
                self.sets.truncate(start);
                let reason = if found.is_some() { Reason::NotDiscountable } else { Reason::NothingSelected };
                let missing = Missing::Nothing;
                self.refused.push(Refused { source, code: None, paper: None, reason, missing, near: None });
                continue;
            }
            self.sets.extend_from_within(start..start + self.words);
            let last_layer = compiled.program.layers.len().saturating_sub(1) as u16;
            let layer = layer.min(last_layer);
            self.candidates.push(Candidate {
                source,
                turn: Candidate::turn(layer, true, 0),
                layer,
                priority: 0,
                code: None,
                paper: None,
                leave_out_allowed: false,
                lowers: true,
                tender: false,
                guard_exempt: false,
                classes: 1 << layer,
                capped: false,
                budget_left: i64::MAX,
                times_max: u32::MAX,
                needs_hold: false,
                matched: false,
                sets: (start / self.words) as u32,
            });
        }
    }
}

/// Single patterns are served by postings.
fn is_single(selection: &CompiledSelection) -> bool {
    use crate::compile::Pattern::{Brand, Category, Sku, Tag};
    matches!(selection.pattern, Sku(_) | Category(_) | Brand(_) | Tag(_))
}

/// The lines that a selection may reach at all (docs/pricing.md, rules 6 and 7).
fn reachable<'a>(selection: &CompiledSelection, open: &'a [u64], merchandise: &'a [u64]) -> &'a [u64] {
    if selection.names_kinds { open } else { merchandise }
}

/// Whether a gift that the shopper chooses was chosen.
fn check_gift(visit: &Visit<'_>, place: u32, of: &[String], choose: u32) -> Result<(), Reason> {
    if of.len() <= choose as usize {
        return Ok(());
    }
    let id = &visit.compiled.book.entries[place as usize].id;
    let mut chosen =
        visit.basket.gift_choices.iter().filter(|choice| choice.offer == *id).flat_map(|choice| &choice.skus);
    match chosen.next() {
        None => Err(Reason::ChoiceNeeded),
        Some(first) => {
            let on_offer = |sku: &suanpan_domain::Sku| of.iter().any(|offered| offered == sku.as_str());
            if on_offer(first) || chosen.any(on_offer) { Ok(()) } else { Err(Reason::ChoiceNotOffered) }
        }
    }
}

/// Points cannot be multiplied where none are earned.
fn earns(visit: &Visit<'_>, offer: &CompiledOffer) -> Result<(), Reason> {
    let earns = visit.compiled.program.points.earn.is_some();
    if matches!(offer.effect, Effect::PointsTimes(_)) && !earns {
        Err(Reason::NothingSelected)
    } else {
        Ok(())
    }
}

/// Whether the effect needs lines of its own: it takes something from them, or divides points between them.
fn acts_on_lines(offer: &CompiledOffer) -> bool {
    match offer.effect {
        Effect::PercentOff(_)
        | Effect::AmountOff { .. }
        | Effect::UnitPrice(_)
        | Effect::PriceList(_)
        | Effect::SetPrice { .. }
        | Effect::Bundle { .. }
        | Effect::NthUnit { .. }
        | Effect::BuyGet { .. }
        | Effect::Steps(_)
        | Effect::Repeat { .. }
        | Effect::Shipping(_)
        | Effect::PointsTimes(_)
        | Effect::PointsFixed(_) => true,
        Effect::Gift { .. } | Effect::Match { .. } | Effect::IssueCoupon { .. } | Effect::Entitlement(_) => {
            false
        }
    }
}

/// What is left of a budget, and whether a chain-wide limit has to be held.
fn limits(visit: &Visit<'_>, place: u32, offer: &CompiledOffer) -> Result<(i64, bool), Reason> {
    let limits = &offer.limits;
    let is_own = |id: &String| *id == visit.compiled.book.entries[place as usize].id;
    if let Some((allowed, _)) = limits.per_member {
        match visit.member {
            None => return Err(Reason::MembersOnly),
            Some(Member { counters: None, .. }) => return Err(Reason::UsageUnknown),
            Some(Member { counters: Some(counters), .. }) => {
                let used =
                    counters.iter().find(|counter| is_own(&counter.offer)).map_or(0, |counter| counter.used);
                if used >= allowed {
                    return Err(Reason::UsedUp);
                }
            }
        }
    }
    if limits.in_total.is_none() && limits.budget.is_none() {
        return Ok((i64::MAX, false));
    }
    let Some(usage) = visit.usage.and_then(|usage| usage.offers.iter().find(|usage| is_own(&usage.offer)))
    else {
        return Ok((limits.budget.map_or(i64::MAX, Money::minor), true));
    };
    if limits.in_total.is_some_and(|allowed| usage.used >= allowed) {
        return Err(Reason::UsedUp);
    }
    match limits.budget.map(|budget| budget.minor() - usage.given_minor) {
        Some(left) if left <= 0 => Err(Reason::BudgetUsedUp),
        left => Ok((left.unwrap_or(i64::MAX), false)),
    }
}

/// The lines of a set that thresholds count: no gift cards and deposits.
pub(crate) fn counted<'a>(set: &'a [u64], facts: &'a [LineFacts]) -> impl Iterator<Item = usize> + 'a {
    bits(set).filter(|&line| !matches!(facts[line].kind, LineKind::GiftCard | LineKind::Deposit))
}

/// What a threshold sees of some lines, in its own measure, and what is missing.
pub(crate) fn reach(
    compiled: &Compiled,
    threshold: &Threshold,
    set: &[u64],
    facts: &[LineFacts],
    rates: &[LineRates],
    amount: impl Fn(usize) -> i64,
) -> (i64, Missing) {
    match threshold.reach {
        UnitCount::Spend(spend) => {
            let mode = compiled.program.price_mode;
            let seen = match threshold.tax.filter(|tax| *tax != mode) {
                None => counted(set, facts).map(amount).sum(),
                Some(tax) => {
                    counted(set, facts).map(|line| convert(amount(line), rates[line], mode, tax)).sum()
                }
            };
            (seen, short_of(spend, seen))
        }
        UnitCount::Units(units) => {
            let seen: i64 = counted(set, facts).map(|line| facts[line].units).sum();
            (seen, lacking(units.saturating_mul(1_000) - seen.saturating_mul(1_000), Missing::Quantity))
        }
        UnitCount::Weight(weight) => {
            let seen: i64 = counted(set, facts)
                .filter(|&line| facts[line].weighed)
                .map(|line| facts[line].quantity_milli)
                .sum();
            (seen, lacking(weight.milli() - seen, Missing::Weight))
        }
    }
}

fn short_of(spend: Money, seen: i64) -> Missing {
    let short = spend.minor() - seen + i64::from(planted::is(Bug::ThresholdAboveOnly));
    if short > 0 { Missing::Amount(Money::from_minor(short)) } else { Missing::Nothing }
}

fn lacking(milli: i64, of: impl Fn(Quantity) -> Missing) -> Missing {
    if milli > 0 { of(Quantity::from_milli(milli)) } else { Missing::Nothing }
}

/// A line amount with or without tax (docs/pricing.md, rule 12).
pub(crate) fn convert(amount: i64, rates: LineRates, from: TaxBasis, to: TaxBasis) -> i64 {
    const WHOLE: i128 = 1_000_000;
    match (from, to) {
        (TaxBasis::Included, TaxBasis::Excluded) => {
            let divisor = WHOLE + i128::from(rates.included_ppm);
            divide_i128(i128::from(amount) * WHOLE, divisor, Rounding::HalfUp) as i64
        }
        (TaxBasis::Excluded, TaxBasis::Included) => {
            let tax = divide_i128(i128::from(amount) * i128::from(rates.added_ppm), WHOLE, Rounding::HalfUp);
            amount + tax as i64
        }
        (TaxBasis::Included, TaxBasis::Included) | (TaxBasis::Excluded, TaxBasis::Excluded) => amount,
    }
}
