//! Points earned (docs/pricing.md, rule 50).

use suanpan_domain::Member;
use suanpan_program::model::{Earn, EarnOn, Effect, Multipliers};

use super::divide::{Receiver, Remainders, largest_remainder};
use super::points::Paid;
use super::selects::excepts;
use crate::ground::{Ground, SET_TARGET};
use crate::state::State;

/// What the basket earns.
#[derive(Debug, Default)]
pub(super) struct Earned {
    /// Of each line; empty when nothing is earned.
    pub(super) by_line: Vec<i64>,
    /// By candidate: extra points that it gives.
    pub(super) by_candidate: Vec<i64>,
    /// Earned on each line, before multipliers, in minor units.
    bases: Vec<i64>,
    /// Exact points of each line over a common denominator.
    exact: Vec<i128>,
    /// Multipliers that hold: the candidate (none for the tier) and the reduced fraction.
    times: Vec<Times>,
    /// Candidates that seem to give none.
    none: Vec<usize>,
    receivers: Vec<Receiver>,
    remainders: Remainders,
}

#[derive(Clone, Copy, Debug)]
struct Times {
    candidate: Option<usize>,
    numerator: i128,
    denominator: i128,
}

impl Times {
    fn new(candidate: Option<usize>, ppm: i64) -> Self {
        let common = greatest_common_divisor(ppm.max(0), 1_000_000);
        Self {
            candidate,
            numerator: i128::from(ppm.max(0) / common),
            denominator: i128::from(1_000_000 / common),
        }
    }
}

/// Products of multipliers stay below it, so that a line's exact points fit 127 bits.
const PRODUCT_MAX: i128 = 1 << 62;
/// The denominator where the exact product of multipliers would pass it.
const FINE: i128 = 1_000_000_000_000;

/// What earning looks at.
pub(super) struct Sale<'a> {
    pub(super) ground: &'a Ground<'a>,
    pub(super) member: Option<&'a Member>,
    pub(super) state: &'a State,
    /// What lines cost after points.
    pub(super) nets: &'a [i64],
    pub(super) paid: &'a Paid,
}

impl Earned {
    /// Computes the points of every line and gives their sum.
    pub(super) fn compute(&mut self, sale: &Sale<'_>) -> i64 {
        let ground = sale.ground;
        self.by_line.clear();
        self.by_candidate.clear();
        let Some(member) = sale.member else { return 0 };
        let givers = || givers(sale);
        let policy = &ground.compiled.program.points;
        if policy.earn.is_none() && givers().next().is_none() {
            return 0;
        }
        self.by_candidate.resize(ground.candidates.len(), 0);
        self.by_line.resize(ground.lines.len(), 0);
        let mut sum = 0;
        if let Some(earn) = policy_of(sale) {
            self.times.clear();
            let tier =
                member.tier.as_deref().or(ground.compiled.program.tiers.first().map(|tier| tier.id.as_str()));
            let tier_times = policy.tier_times.iter().find(|times| Some(times.tier.as_str()) == tier);
            self.times.extend(tier_times.map(|times| Times::new(None, times.times.ppm())));
            for candidate in givers() {
                if let Some(Effect::PointsTimes(rate)) = ground.offer(candidate).map(|offer| &offer.effect) {
                    self.times.push(Times::new(Some(candidate), rate.ppm()));
                }
            }
            sum = self.earn(sale, earn);
        }
        for candidate in givers() {
            if let Some(Effect::PointsFixed(points)) = ground.offer(candidate).map(|offer| &offer.effect) {
                sum += self.add_fixed(sale, candidate, *points);
            }
        }
        if sum == 0 {
            self.by_line.clear();
        }
        sum
    }

    /// Names the points offers of what was computed that give none, lowest priority first, last id first: the basket
    /// earns as much without each of them and those named before it. Gives whether there are any.
    pub(super) fn name_those_that_give_none(&mut self, sale: &Sale<'_>, mut name: impl FnMut(usize)) -> bool {
        let ground = sale.ground;
        let effect = |candidate: usize| ground.offer(candidate).map(|offer| &offer.effect);
        // What is worth something whatever it earns was chosen for that.
        let none = |candidate: &usize| {
            ground.terms(*candidate).worth.minor() == 0
                && matches!(effect(*candidate), Some(Effect::PointsFixed(_) | Effect::PointsTimes(_)))
                && self.by_candidate.get(*candidate).is_none_or(|points| *points == 0)
        };
        if sale.member.is_none() || givers(sale).all(|candidate| !none(&candidate)) {
            return false;
        }
        let mut found = std::mem::take(&mut self.none);
        found.clear();
        found.extend(givers(sale).filter(none));
        // By place at last, so that no two are equal.
        found.sort_unstable_by(|&a, &b| {
            let priority = |candidate: usize| ground.candidates[candidate].priority;
            priority(a).cmp(&priority(b)).then_with(|| ground.id(b).cmp(ground.id(a))).then(b.cmp(&a))
        });
        // One that adds nothing beside an equal one may give something once that is gone.
        let earn = policy_of(sale);
        let total = earn.map_or(0, |earn| self.total(sale, earn, None));
        found.retain(|&candidate| {
            let Some(earn) = earn.filter(|_| matches!(effect(candidate), Some(Effect::PointsTimes(_))))
            else {
                return true;
            };
            let gives_none = self.total(sale, earn, Some(candidate)) == total;
            if gives_none {
                self.times.retain(|times| times.candidate != Some(candidate));
            }
            gives_none
        });
        found.iter().for_each(|&candidate| name(candidate));
        let any = !found.is_empty();
        self.none = found;
        any
    }

    fn earn(&mut self, sale: &Sale<'_>, earn: &Earn) -> i64 {
        self.bases.clear();
        self.bases.extend((0..sale.ground.lines.len()).map(|line| base(sale, earn, line)));
        for place in 0..self.times.len() {
            let Some(candidate) = self.times[place].candidate else { continue };
            let without = self.total(sale, earn, Some(candidate));
            self.by_candidate[candidate] = -without;
        }
        let total = self.total(sale, earn, None);
        for times in &self.times {
            if let Some(candidate) = times.candidate {
                self.by_candidate[candidate] += total;
            }
        }
        self.receivers.clear();
        let largest = self.exact.iter().copied().max().unwrap_or(0).max(1);
        // Weights lose digits only where the product with the total would not fit.
        let bits = (128 - largest.leading_zeros()) + (64 - total.leading_zeros());
        let shift = bits.saturating_sub(126);
        self.receivers.extend(self.exact.iter().map(|exact| Receiver::new(1, (*exact).max(0) >> shift)));
        if self.receivers.iter().all(|receiver| receiver.weight == 0) {
            return 0;
        }
        largest_remainder(total, &mut self.receivers, &mut self.remainders);
        for (points, share) in self.by_line.iter_mut().zip(&self.receivers) {
            *points += share.total();
        }
        total
    }

    /// The points of the basket, with one floor; exact points of each line stand in `exact`.
    fn total(&mut self, sale: &Sale<'_>, earn: &Earn, without: Option<usize>) -> i64 {
        let denominator = self.fill_exact(sale, earn, without);
        let sum: i128 = self.exact.iter().copied().fold(0, i128::saturating_add);
        i64::try_from(sum.max(0) / denominator).unwrap_or(i64::MAX)
    }

    /// Fills the numerators of the lines' exact points and gives their denominator.
    fn fill_exact(&mut self, sale: &Sale<'_>, earn: &Earn, without: Option<usize>) -> i128 {
        let largest = earn.multipliers == Multipliers::Largest;
        let held = || self.times.iter().filter(|times| without.is_none() || times.candidate != without);
        let applies = |times: &Times, line: usize| match times.candidate {
            None => true,
            Some(candidate) => self.bases[line] >= 0 && is_target(sale, candidate, line),
        };
        let fits = |of: fn(&Times) -> i128| {
            held().try_fold(1_i128, |product, times| {
                product.checked_mul(of(times)).filter(|product| *product < PRODUCT_MAX)
            })
        };
        let exact_denominator = if largest {
            Some(1_000_000)
        } else {
            fits(|times| times.denominator)
                .filter(|_| fits(|times| times.numerator.max(times.denominator)).is_some())
        };
        let denominator = exact_denominator.unwrap_or(FINE);
        self.exact.clear();
        for (line, &base) in self.bases.iter().enumerate() {
            if base == 0 {
                self.exact.push(0);
                continue;
            }
            let mut applying = held().filter(|times| applies(times, line));
            let factor = if largest {
                let in_millionths = |times: &Times| times.numerator * (1_000_000 / times.denominator);
                applying.map(in_millionths).max().unwrap_or(denominator)
            } else {
                // Beyond the exact range each multiplier is cut to the fine denominator.
                applying
                    .try_fold(denominator, |factor, times| {
                        let scaled = factor.checked_mul(times.numerator)? / times.denominator;
                        Some(scaled.min(PRODUCT_MAX))
                    })
                    .unwrap_or(PRODUCT_MAX)
            };
            let points = i128::from(base).saturating_mul(i128::from(earn.points));
            self.exact.push(points.saturating_mul(factor));
        }
        denominator * i128::from(earn.per.minor())
    }

    /// Extra points on top, divided by the nets of the offer's lines.
    fn add_fixed(&mut self, sale: &Sale<'_>, candidate: usize, points: i64) -> i64 {
        self.receivers.clear();
        self.receivers.extend((0..sale.nets.len()).map(|line| {
            let net = if is_target(sale, candidate, line) { sale.nets[line].max(0) } else { 0 };
            Receiver::new(1, i128::from(net))
        }));
        if points <= 0 || self.receivers.iter().all(|receiver| receiver.weight == 0) {
            return 0;
        }
        largest_remainder(points, &mut self.receivers, &mut self.remainders);
        for (earned, share) in self.by_line.iter_mut().zip(&self.receivers) {
            *earned += share.total();
        }
        self.by_candidate[candidate] = points;
        points
    }
}

/// Candidates that earn something beside money.
fn givers<'a>(sale: &'a Sale<'_>) -> impl Iterator<Item = usize> + 'a {
    let gives =
        |candidate: &usize| !sale.ground.candidates[*candidate].lowers && sale.state.times[*candidate] > 0;
    (0..sale.ground.candidates.len()).filter(gives)
}

/// The program's earning, where it can earn anything.
fn policy_of<'a>(sale: &Sale<'a>) -> Option<&'a Earn> {
    let earn = sale.ground.compiled.program.points.earn.as_ref();
    earn.filter(|earn| earn.per.minor() > 0 && earn.points > 0)
}

/// What a line earns on.
fn base(sale: &Sale<'_>, earn: &Earn, line: usize) -> i64 {
    let ground = sale.ground;
    let facts = &ground.lines[line];
    let request = &ground.basket.lines[facts.first as usize];
    if !facts.is_merchandise() || excepts(earn.except.as_ref(), request, facts) {
        return 0;
    }
    if facts.quantity_milli < 0 || facts.gross < 0 {
        return if earn.on == EarnOn::List { facts.gross } else { sale.nets[line] };
    }
    let reserved = sale.state.reserved[line];
    let base = match earn.on {
        EarnOn::PaidAfterPoints => sale.nets[line] - reserved - sale.paid.tender(line),
        EarnOn::PaidBeforePoints => sale.state.running[line] - reserved,
        EarnOn::List => facts.gross,
    };
    base.max(0)
}

/// Whether an offer that earns means a line.
fn is_target(sale: &Sale<'_>, candidate: usize, line: usize) -> bool {
    let bit = 1 << (line % 64);
    let selected = sale.ground.set(candidate, SET_TARGET)[line / 64] & bit != 0;
    let passed_over = sale
        .ground
        .offer(candidate)
        .is_some_and(|offer| offer.target.as_ref().unwrap_or(&offer.buy).undiscounted_only)
        && sale.state.is_changed(sale.ground.lines, line);
    selected && !passed_over
}

fn greatest_common_divisor(mut a: i64, mut b: i64) -> i64 {
    while a != 0 {
        (a, b) = (b % a, a);
    }
    b.max(1)
}
