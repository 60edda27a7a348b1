//! From offers in view to candidates: their lines, limits and best possible thresholds.

use suanpan_domain::quote::Missing;
use suanpan_domain::{
    LineKind, ManualTarget, Member, Money, OfferRef, Quantity, Reason, Rounding, divide_i128,
};
use suanpan_program::model::{AmountAt, Effect, TaxBasis, Threshold, UnitCount};

use super::conditions::Visit;
use super::{Gathered, Presentation, Refused};
use crate::compile::{Compiled, CompiledOffer, CompiledSelection};
use crate::ground::{Candidate, LineRates, bits};
use crate::lines::LineFacts;
use crate::planted::{self, Bug};

impl Gathered {
    /// Checks every presentation and keeps the candidates.
    pub(super) fn visit_all(&mut self, visit: &Visit<'_>) {
        let words = self.words;
        for at in 0..self.presentations.len() {
            let presentation = self.presentations[at];
            let hits = presentation.row.map(|row| row as usize * words);
            let start = self.sets.len();
            if let Err((reason, missing)) = self.visit(visit, presentation, hits) {
                // A gift that waits for a choice may lack its threshold as well, once others have executed.
                let keeps = matches!(
                    reason,
                    Reason::ThresholdNotMet | Reason::ChoiceNeeded | Reason::ChoiceNotOffered
                );
                let near = keeps.then_some((start / words) as u32);
                if near.is_none() {
                    self.sets.truncate(start);
                }
                self.refused.push(Refused {
                    source: presentation.source(),
                    code: presentation.code,
                    paper: presentation.paper,
                    reason,
                    missing,
                    near,
                });
            }
        }
    }

    fn visit(
        &mut self,
        visit: &Visit<'_>,
        presentation: Presentation,
        hits: Option<usize>,
    ) -> Result<(), (Reason, Missing)> {
        let plain = |reason| (reason, Missing::Nothing);
        let offer = &visit.compiled.offers[presentation.offer as usize];
        visit.check(presentation.offer, &offer.conditions).map_err(plain)?;
        let (budget_left, needs_hold) = limits(visit, presentation.offer, offer).map_err(plain)?;
        if visit.member.is_none() && matches!(offer.effect, Effect::PointsFixed(_) | Effect::PointsTimes(_)) {
            return Err(plain(Reason::MembersOnly));
        }

        let start = self.sets.len();
        let kept = self.build_sets(visit.compiled, offer, presentation, hits);
        let high = match kept {
            Ok(()) => self.best_threshold(visit.compiled, offer, start),
            Err(reason) => Err(plain(reason)),
        };
        high?;
        check_gift(visit, presentation.offer, offer).and_then(|()| earns(visit, offer)).map_err(plain)?;
        let manual_limit =
            offer.limits.per_basket.filter(|_| presentation.code.is_none() && presentation.paper.is_none());
        self.candidates.push(Candidate {
            source: presentation.source(),
            turn: Candidate::turn(offer.layer, false, offer.priority),
            layer: offer.layer,
            priority: offer.priority,
            code: presentation.code,
            paper: presentation.paper,
            leave_out_allowed: offer.leave_out_allowed,
            lowers: offer.lowers(),
            tender: offer.tender,
            guard_exempt: offer.guard_exempt,
            classes: offer.classes,
            budget_left,
            times_max: manual_limit.unwrap_or(u32::MAX),
            needs_hold,
            matched: visit.compiled.index.matched_by.contains_key(&presentation.offer),
            sets: (start / self.words) as u32,
        });
        Ok(())
    }

    /// Pushes the offer's sets of lines: buy, target, parts.
    fn build_sets(
        &mut self,
        compiled: &Compiled,
        offer: &CompiledOffer,
        presentation: Presentation,
        hits: Option<usize>,
    ) -> Result<(), Reason> {
        let words = self.words;
        let start = self.sets.len();
        let shipping = matches!(offer.effect, Effect::Shipping(_));
        match hits.filter(|_| is_single(&offer.buy)) {
            Some(row) => {
                let selected = &self.in_view.rows[row..row + words];
                let reachable = reachable(&offer.buy, &self.open, &self.merchandise);
                self.sets
                    .extend(selected.iter().zip(reachable).map(|(selected, reachable)| selected & reachable));
            }
            None => self.push_selection(&offer.buy),
        }
        if let Some(line) = presentation.line {
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
        let spares_overridden = offer.layer == compiled.layer_price || offer.layer == compiled.layer_item;
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
            let mut selected = 0;
            for line in bits(&[reachable]) {
                let (symbols, facts) = (&symbols[word * 64 + line], &lines.facts[word * 64 + line]);
                selected |= u64::from(selection.pattern.matches(symbols, flat, facts)) << line;
            }
            sets.push(selected);
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
        offer: &CompiledOffer,
        start: usize,
    ) -> Result<(), (Reason, Missing)> {
        let Some(threshold) = entry_of(offer) else { return Ok(()) };
        let set = &self.sets[start..start + self.words];
        let facts = &self.lines.facts;
        let missing = match (threshold.reach, threshold.tax) {
            // Goods and services are what thresholds count, and their sum is known.
            (UnitCount::Spend(spend), None) if *set == self.merchandise[..] => {
                short_of(spend, self.merchandise_gross)
            }
            _ => reach(compiled, &threshold, set, facts, &self.rates, |line| facts[line].gross).1,
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
                budget_left: i64::MAX,
                times_max: u32::MAX,
                needs_hold: false,
                matched: false,
                sets: (start / self.words) as u32,
            });
        }
    }
}

/// The threshold without which an offer cannot apply: its own, else its first step (steps ascend) or one multiple.
pub(crate) fn entry_of(offer: &CompiledOffer) -> Option<Threshold> {
    offer.threshold.or_else(|| {
        let reach = match &offer.effect {
            Effect::Steps(steps) => steps.first()?.reach,
            Effect::Repeat { every, .. } => *every,
            Effect::Gift { per_units: Some(every), .. } => UnitCount::Units(*every),
            _ => return None,
        };
        Some(Threshold { reach, at: AmountAt::Running, tax: None })
    })
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
fn check_gift(visit: &Visit<'_>, place: u32, offer: &CompiledOffer) -> Result<(), Reason> {
    let Effect::Gift { of, choose, .. } = &offer.effect else { return Ok(()) };
    if of.len() <= *choose as usize {
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
    let id = &visit.compiled.book.entries[place as usize].id;
    if let Some((allowed, _)) = limits.per_member {
        match visit.member {
            None => return Err(Reason::MembersOnly),
            Some(Member { counters: None, .. }) => return Err(Reason::UsageUnknown),
            Some(Member { counters: Some(counters), .. }) => {
                let used =
                    counters.iter().find(|counter| counter.offer == *id).map_or(0, |counter| counter.used);
                if used >= allowed {
                    return Err(Reason::UsedUp);
                }
            }
        }
    }
    if limits.in_total.is_none() && limits.budget.is_none() {
        return Ok((i64::MAX, false));
    }
    let Some(usage) = visit.usage.and_then(|usage| usage.offers.iter().find(|usage| usage.offer == *id))
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
            (seen, lacking(units.saturating_mul(1_000) - seen.saturating_mul(1_000)))
        }
        UnitCount::Weight(weight) => {
            let seen: i64 = counted(set, facts)
                .filter(|&line| facts[line].weighed)
                .map(|line| facts[line].quantity_milli)
                .sum();
            (seen, lacking(weight.milli() - seen))
        }
    }
}

fn short_of(spend: Money, seen: i64) -> Missing {
    let short = spend.minor() - seen + i64::from(planted::is(Bug::ThresholdAboveOnly));
    if short > 0 { Missing::Amount(Money::from_minor(short)) } else { Missing::Nothing }
}

fn lacking(milli: i64) -> Missing {
    if milli > 0 { Missing::Quantity(Quantity::from_milli(milli)) } else { Missing::Nothing }
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
