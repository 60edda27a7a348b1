//! The end of most programs needs no lines: offers on the whole of one set of lines, rounded once, move nothing but the
//! set's total. There the search runs on one number, exactly, some hundred times faster.

use suanpan_domain::{Money, OfferRef, Rounding, divide_i128};
use suanpan_program::model::{
    AmountAt, AmountPer, Effect, OffAmount, PercentBasis, RoundAt, Saving, UnitCount,
};

use super::search::Question;
use crate::compile::CompiledOffer;
use crate::ground::{Ground, SET_BUY, SET_TARGET, bits};
use crate::state::State;

/// What an offer does to the total.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    Percent(i64),
    Amount(i64),
    /// Range of the steps' list: reach, saving.
    Steps {
        start: u32,
        len: u32,
    },
    Repeat {
        every: i64,
        off: i64,
        most: i64,
    },
    Nothing,
}

/// One candidate, as far as it concerns the total.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mover {
    pub(super) candidate: u32,
    pub(super) what: Move,
    /// Least total that it asks for when it executes.
    pub(super) least: i64,
    /// The amounts that its threshold sees were settled before: the row of marks.
    pub(super) mark: Option<u16>,
    pub(super) cap: i64,
    pub(super) worth: i64,
    pub(super) exempt: bool,
    pub(super) all_or_nothing: bool,
    pub(super) lowers: bool,
    pub(super) contested: bool,
    pub(super) may_drop: bool,
    pub(super) costs: bool,
}

/// The candidates from some place on, as movers of one total.
#[derive(Debug, Default)]
pub(crate) struct Scalar {
    from: usize,
    pub(super) movers: Vec<Mover>,
    steps: Vec<(i64, Result<i64, i64>)>,
    pub(super) set: Vec<u64>,
    rounding: Rounding,
    pub(super) gave: Vec<u64>,
    /// What the rest of the basket costs, less what is reserved and what is worth something.
    pub(super) outside: i64,
}

impl Scalar {
    /// The first place from which on only the total matters; beyond the candidates when there is none.
    pub(super) fn from(&self) -> usize {
        self.from
    }

    /// The lines of the total, where there are at most 64.
    pub(super) fn lines(&self) -> u64 {
        self.set.first().copied().unwrap_or(0)
    }

    /// The first candidate that moves the total.
    pub(super) fn first_candidate(&self) -> Option<usize> {
        self.movers.first().map(|mover| mover.candidate as usize)
    }

    /// Whether the layers that thresholds look back at end after everything that comes before the total: what they see is
    /// the total then.
    pub(super) fn marks_are_totals(&self, ground: &Ground<'_>, from: usize) -> bool {
        let last = (0..from)
            .filter(|&candidate| ground.candidates[candidate].lowers)
            .map(|at| ground.candidates[at].layer)
            .max();
        self.movers
            .iter()
            .filter_map(|mover| mover.mark)
            .all(|row| last.is_none_or(|last| ground.compiled.marked_layers[row as usize] >= last))
    }

    /// Notes what everything but the total comes to.
    pub(super) fn begin_totals(&mut self, ground: &Ground<'_>, state: &State) {
        let total: i64 = bits(&self.set).map(|line| state.running[line]).sum();
        let worth = state.worth;
        self.outside = state.running.iter().sum::<i64>() - state.reserved.iter().sum::<i64>() - total - worth;
        self.gave.clear();
        self.gave.resize(ground.candidates.len().div_ceil(64).max(1), 0);
    }

    /// The next larger total at which a threshold, a step or a multiple is reached.
    pub(super) fn next_reach(&self, total: i64) -> Option<i64> {
        let of_mover = |mover: &Mover| {
            let own = Some(mover.least).filter(|least| *least > total);
            let inner = match mover.what {
                Move::Steps { start, len } => self.steps[start as usize..(start + len) as usize]
                    .iter()
                    .map(|(reach, _)| *reach)
                    .filter(|reach| *reach > total)
                    .min(),
                Move::Repeat { every, .. } => Some((total / every.max(1) + 1).saturating_mul(every)),
                Move::Percent(_) | Move::Amount(_) | Move::Nothing => None,
            };
            own.into_iter().chain(inner).min()
        };
        self.movers.iter().filter_map(of_mover).min().filter(|reach| *reach < i64::MAX)
    }

    /// Finds that place.
    pub(super) fn read(&mut self, question: &Question<'_, '_>) {
        let ground = question.ground;
        let count = ground.candidates.len();
        self.from = usize::MAX;
        self.movers.clear();
        self.steps.clear();
        self.rounding = ground.compiled.rounding();
        let plain =
            ground.tax_rates.iter().all(|rates| rates.added_ppm == 0) && !ground.compiled.has_line_groups;
        if !plain || question.contest.clusters > 0 {
            return;
        }
        self.set.clear();
        let mut from = count;
        for candidate in (0..count).rev() {
            if question.excluded[candidate] {
                from = candidate;
                continue;
            }
            let lowers = ground.candidates[candidate].lowers;
            let fits = if lowers {
                let target = ground.set(candidate, SET_TARGET);
                if self.set.is_empty() {
                    self.set.extend_from_slice(target);
                }
                self.set == target
                    && bits(target).all(|line| ground.lines[line].legal_minimum == 0)
                    && moves_total(ground, candidate, &self.set)
            } else {
                !question.contest.contested[candidate] && !passes_over_discounted(ground, candidate)
            };
            if !fits {
                break;
            }
            from = candidate;
        }
        if from + 1 >= count || self.set.is_empty() {
            return;
        }
        self.from = from;
        for candidate in (from..count).filter(|&candidate| !question.excluded[candidate]) {
            let mover = self.mover(question, candidate);
            self.movers.push(mover);
        }
    }

    fn mover(&mut self, question: &Question<'_, '_>, candidate: usize) -> Mover {
        let ground = question.ground;
        let facts = &ground.candidates[candidate];
        let terms = ground.terms(candidate);
        let offer = ground.offer(candidate);
        let what = match (offer.map(|offer| &offer.effect), facts.source) {
            (None, OfferRef::Manual(place)) => match ground.basket.manual_discounts[place as usize].value {
                suanpan_domain::ManualValue::Percent(rate) => Move::Percent(rate.ppm()),
                suanpan_domain::ManualValue::Amount(amount) => Move::Amount(amount.minor()),
            },
            (Some(Effect::PercentOff(rate)), _) => Move::Percent(rate.ppm()),
            (Some(Effect::AmountOff { amount: OffAmount::Fixed(amount), .. }), _) => {
                Move::Amount(amount.minor())
            }
            (Some(Effect::Steps(steps)), _) => {
                let start = self.steps.len() as u32;
                self.steps.extend(steps.iter().map(|step| {
                    let save = match step.save {
                        Saving::Amount(amount) => Ok(amount.minor()),
                        Saving::Percent(rate) => Err(rate.ppm()),
                    };
                    (spend(step.reach).unwrap_or(i64::MAX), save)
                }));
                Move::Steps { start, len: steps.len() as u32 }
            }
            (Some(Effect::Repeat { every, off, times }), _) => Move::Repeat {
                every: spend(*every).unwrap_or(i64::MAX),
                off: off.minor(),
                most: i64::from(times.unwrap_or(u32::MAX).min(facts.times_max)),
            },
            _ => Move::Nothing,
        };
        let threshold = offer.and_then(|offer| offer.threshold);
        let running = threshold.filter(|threshold| threshold.at != AmountAt::List);
        Mover {
            candidate: candidate as u32,
            what,
            least: running.and_then(|threshold| spend(threshold.reach)).unwrap_or(i64::MIN),
            mark: running.and_then(|threshold| match threshold.at {
                AmountAt::AfterLayer(layer) => {
                    ground.compiled.marked_layers.binary_search(&(layer as u16)).ok().map(|row| row as u16)
                }
                AmountAt::Running | AmountAt::List => None,
            }),
            cap: terms.cap.map_or(i64::MAX, Money::minor).min(facts.budget_left),
            worth: terms.worth.minor(),
            exempt: facts.guard_exempt,
            all_or_nothing: terms.all_or_nothing,
            lowers: facts.lowers,
            contested: question.contest.contested[candidate],
            may_drop: question.waive_never
                || facts.leave_out_allowed
                || question.conflicts.any && question.conflicts.exclusive[candidate].is_some()
                || question.conflicts.stands_against_any(candidate, question.excluded),
            costs: !question.conflicts.stands_against_any(candidate, question.excluded),
        }
    }

    /// What a mover takes from the total; `marks` are the amounts of settled layers.
    #[inline]
    pub(super) fn amount(&self, mover: &Mover, total: i64, seen: i64, guard: i64) -> i64 {
        if seen < mover.least {
            return 0;
        }
        let wanted = match mover.what {
            Move::Percent(ppm) => percent(total, ppm, self.rounding),
            Move::Amount(amount) => amount,
            Move::Steps { start, len } => {
                let steps = &self.steps[start as usize..(start + len) as usize];
                match steps.iter().rev().find(|(reach, _)| seen >= *reach) {
                    Some((_, Ok(amount))) => *amount,
                    Some((_, Err(ppm))) => percent(total, *ppm, self.rounding),
                    None => return 0,
                }
            }
            Move::Repeat { every, off, most } => off.saturating_mul((seen / every.max(1)).min(most)),
            Move::Nothing => return 0,
        };
        let cap = if mover.exempt { mover.cap } else { mover.cap.min(guard) };
        let given = wanted.min(cap).min(total);
        if mover.all_or_nothing && given < wanted { 0 } else { given.max(0) }
    }
}

#[inline]
fn percent(total: i64, ppm: i64, rounding: Rounding) -> i64 {
    divide_i128(i128::from(total) * i128::from(ppm), 1_000_000, rounding) as i64
}

fn spend(reach: UnitCount) -> Option<i64> {
    match reach {
        UnitCount::Spend(amount) => Some(amount.minor()),
        UnitCount::Units(_) | UnitCount::Weight(_) => None,
    }
}

/// Whether a candidate takes one amount from the whole of a set of lines, whatever the lines cost by themselves.
fn moves_total(ground: &Ground<'_>, candidate: usize, set: &[u64]) -> bool {
    let facts = &ground.candidates[candidate];
    if facts.tender || facts.matched {
        return false;
    }
    let Some(offer) = ground.offer(candidate) else {
        let OfferRef::Manual(place) = facts.source else { return false };
        return ground.basket.manual_discounts[place as usize].target == suanpan_domain::ManualTarget::Basket;
    };
    let terms = &offer.terms;
    let plain = terms.units.is_none()
        && terms.floor_unit_price.is_none()
        && terms.floor_line.is_none()
        && terms.floor_sku.is_none()
        && !passes_over_discounted(ground, candidate)
        // Presentations of one offer share its cap.
        && (!facts.is_coupon() || terms.cap.is_none() && offer.limits.budget.is_none());
    let at_total = ground.set(candidate, SET_BUY) == set
        && offer.threshold.is_none_or(|threshold| {
            threshold.tax.is_none_or(|tax| tax == ground.compiled.program.price_mode)
                && match threshold.at {
                    // A layer that is settled before the total begins to matter is a number too.
                    AmountAt::AfterLayer(layer) => layer < usize::from(first_layer_of(ground, set)),
                    AmountAt::Running | AmountAt::List => true,
                }
        });
    plain && at_total && one_amount(offer)
}

/// Whether what a candidate means depends on which lines were lowered before.
pub(super) fn passes_over_discounted(ground: &Ground<'_>, candidate: usize) -> bool {
    ground.offer(candidate).is_some_and(|offer| {
        offer.buy.undiscounted_only || offer.target.as_ref().is_some_and(|target| target.undiscounted_only)
    })
}

/// The layer of the first candidate that acts on exactly this set and moves the total: marks before it are settled.
fn first_layer_of(ground: &Ground<'_>, set: &[u64]) -> u16 {
    (0..ground.candidates.len())
        .find(|&candidate| {
            ground.candidates[candidate].lowers
                && ground.set(candidate, SET_TARGET) == set
                && ground.offer(candidate).is_none_or(one_amount)
        })
        .map_or(0, |candidate| ground.candidates[candidate].layer)
}

fn one_amount(offer: &CompiledOffer) -> bool {
    let at_list = offer.threshold.is_some_and(|threshold| threshold.at == AmountAt::List);
    match &offer.effect {
        Effect::PercentOff(_) => {
            offer.round_at == RoundAt::Offer && offer.terms.basis == PercentBasis::Running
        }
        Effect::AmountOff { amount: OffAmount::Fixed(_), per } => *per == AmountPer::Basket,
        Effect::Steps(steps) => {
            !at_list
                && steps.is_sorted_by_key(|step| spend(step.reach))
                && steps.iter().all(|step| {
                    spend(step.reach).is_some()
                        && (matches!(step.save, Saving::Amount(_)) || offer.round_at == RoundAt::Offer)
                })
                && offer.terms.basis == PercentBasis::Running
        }
        Effect::Repeat { every, .. } => !at_list && spend(*every).is_some(),
        _ => false,
    }
}
