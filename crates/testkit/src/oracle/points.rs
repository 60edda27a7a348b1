//! Paying with points and earning them (rules 48 to 50).

use std::collections::BTreeMap;

use suanpan_domain::{LineKind, LineTax, PointsWanted, Rounding};
use suanpan_program::model::{CountsAs, EarnOn, Effect, Multipliers, PointsOffset, ShippingTax};

use super::arithmetic::{MILLION, largest_remainder, largest_remainder_wide, rounded};
use super::execute::{Outcome, World};
use super::select::means;
use super::state::State;
use super::tax::{taxes, taxes_mixed_by};

/// What paying with points comes to.
#[derive(Clone, Debug, Default)]
pub(super) struct Paid {
    pub(super) points: i64,
    pub(super) value: i64,
    /// Of each line, with tax where tax is added.
    pub(super) of_lines: Vec<i64>,
}

/// How many points pay, and for which lines (49).
pub(super) fn pay(world: &World<'_>, outcome: &Outcome<'_>) -> Paid {
    let state = &outcome.state;
    let nothing = Paid { of_lines: vec![0; world.lines.len()], ..Paid::default() };
    let (Some(offset), Some(member)) = (&world.program.points.offset, world.member) else { return nothing };
    let wanted = match world.basket.points.wanted {
        PointsWanted::None => return nothing,
        PointsWanted::Exact(points) => points,
        PointsWanted::Max => i64::MAX,
    };
    let added: Vec<i64> = taxes(world.program, world.lines, &state.running)
        .iter()
        .map(|taxes| taxes.iter().filter(|(tax, _)| !tax.included).map(|(_, amount)| amount).sum())
        .collect();
    let payable: Vec<i64> = (0..world.lines.len())
        .map(|line| {
            if may_pay(world, offset, line) {
                (state.running[line] - state.reserved[line] + added[line]).max(0)
            } else {
                0
            }
        })
        .collect();
    let due =
        state.running.iter().sum::<i64>() + added.iter().sum::<i64>() - state.reserved.iter().sum::<i64>();
    let mut most = payable.iter().sum::<i64>();
    if let Some(share) = offset.at_most_share {
        most = most.min(rounded(i128::from(due.max(0)) * i128::from(share.ppm()), MILLION, Rounding::Down));
    }
    if let Some(amount) = offset.at_most_amount {
        most = most.min(amount.minor());
    }
    most = most.min(due - world.program.minimum_due.minor()).max(0);
    let by_value = i128::from(most) * MILLION / i128::from(offset.value.micro());
    let mut points = wanted.min(member.points).min(i64::try_from(by_value).unwrap_or(i64::MAX));
    points -= points % offset.step.max(1);
    if points < offset.at_least.max(1) {
        return nothing;
    }
    let value = rounded(i128::from(points) * i128::from(offset.value.micro()), MILLION, Rounding::Down);
    if value == 0 {
        return nothing;
    }
    Paid { points, value, of_lines: largest_remainder(value, &payable) }
}

fn may_pay(world: &World<'_>, offset: &PointsOffset, line: usize) -> bool {
    let merged = &world.lines[line];
    let excepted = offset.except.as_ref().is_some_and(|except| means(except, merged));
    let as_discount = offset.counts_as == CountsAs::Discount;
    let refuses_discounts = as_discount && merged.line.not_discountable;
    !(merged.negative() || excepted || refuses_discounts)
}

/// Points as discount: nets fall, and added tax with them, by exactly what is paid (48). Gives the nets and the taxes
/// after it.
pub(super) fn lowered(
    world: &World<'_>,
    state: &State<'_>,
    paid: &Paid,
) -> (Vec<i64>, Vec<BTreeMap<LineTax, i64>>) {
    let mut after = taxes(world.program, world.lines, &state.running);
    let mut nets = state.running.clone();
    for (line, share) in paid.of_lines.iter().enumerate().filter(|(_, share)| **share > 0) {
        let merged = &world.lines[line];
        let added: Vec<LineTax> = after[line].keys().filter(|tax| !tax.included).cloned().collect();
        let amounts: Vec<i64> = added.iter().map(|tax| after[line][tax]).collect();
        let mixed = merged.line.kind == LineKind::Shipping
            && world.program.tax.shipping == ShippingTax::GoodsMix
            && (0..world.lines.len())
                .any(|goods| world.lines[goods].line.kind == LineKind::Goods && state.running[goods] > 0);
        let (weight, of) = if mixed {
            let net = i128::from(nets[line]);
            (net, (net + i128::from(amounts.iter().sum::<i64>())).max(1))
        } else {
            (MILLION, MILLION + i128::from(merged.sum_of_rates(false)))
        };
        let of_net = rounded(i128::from(*share) * weight, of, Rounding::HalfUp);
        let of_net = of_net.max(share - amounts.iter().sum::<i64>()).min(nets[line]);
        nets[line] -= of_net;
        // What the taxes lose, by their amounts, so that none falls below zero.
        for (tax, less) in added.iter().zip(largest_remainder(share - of_net, &amounts)) {
            *after[line].entry(tax.clone()).or_default() -= less;
        }
    }
    // Included taxes are computed on the nets that remain.
    let after_points = taxes_mixed_by(world.program, world.lines, &nets, &state.running);
    for (line, of_line) in after_points.into_iter().enumerate() {
        for (tax, amount) in of_line {
            if tax.included {
                after[line].insert(tax, amount);
            }
        }
    }
    (nets, after)
}

/// Points earned by each line (50).
pub(super) fn earned(world: &World<'_>, outcome: &Outcome<'_>, nets: &[i64], paid: &Paid) -> Vec<i64> {
    let mut earned = vec![0; world.lines.len()];
    let Some(member) = world.member else { return earned };
    let tier = member
        .tier
        .clone()
        .or_else(|| world.program.tiers.first().map(|tier| tier.id.clone()))
        .unwrap_or_default();
    if let Some(earn) = &world.program.points.earn {
        let times = |line: usize| -> Vec<i64> {
            let of_tier = world.program.points.tier_times.iter().find(|times| times.tier == tier);
            let mut all: Vec<i64> = of_tier.map(|times| times.times.ppm()).into_iter().collect();
            for (index, candidate) in world.candidates.iter().enumerate() {
                if let Effect::PointsTimes(rate) = candidate.offer.effect
                    && outcome.given[index].acting.contains(&line)
                {
                    all.push(rate.ppm());
                }
            }
            match earn.multipliers {
                Multipliers::Multiply => all,
                Multipliers::Largest => all.into_iter().max().into_iter().collect(),
            }
        };
        // One denominator for all lines: the amount per point, and that of each multiplier there may be. Tenths are
        // enough for most programs, and keep the products small.
        let all_times: Vec<Vec<i64>> = (0..world.lines.len()).map(times).collect();
        let tenths = all_times.iter().flatten().all(|ppm| ppm % 100_000 == 0);
        let (scale, whole_times) = if tenths { (100_000, 10_i128) } else { (1, MILLION) };
        let most_times = all_times.iter().map(Vec::len).max().unwrap_or(0);
        let denominator = i128::from(earn.per.minor()) * whole_times.pow(most_times as u32);
        let exact: Vec<i128> = (0..world.lines.len())
            .map(|line| {
                let base =
                    i128::from(earning_base(world, outcome, nets, paid, line)) * i128::from(earn.points);
                let times = &all_times[line];
                let padding = whole_times.pow((most_times - times.len()) as u32);
                times.iter().fold(base, |product, ppm| product * i128::from(*ppm / scale)) * padding
            })
            .collect();
        let sum: i128 = exact.iter().sum();
        let whole = if sum > 0 { sum / denominator } else { 0 };
        let weights: Vec<i128> = exact.iter().map(|points| (*points).max(0)).collect();
        earned = largest_remainder_wide(i64::try_from(whole).expect("few points"), &weights);
    }
    for (index, candidate) in world.candidates.iter().enumerate() {
        if let Effect::PointsFixed(points) = candidate.offer.effect
            && outcome.gives(index)
        {
            let acting = &outcome.given[index].acting;
            let weights: Vec<i64> = (0..world.lines.len())
                .map(|line| if acting.contains(&line) { nets[line] } else { 0 })
                .collect();
            for (line, more) in largest_remainder(points, &weights).into_iter().enumerate() {
                earned[line] += more;
            }
        }
    }
    earned
}

/// What a line earns on: goods and services alone; returned ones subtract.
fn earning_base(world: &World<'_>, outcome: &Outcome<'_>, nets: &[i64], paid: &Paid, line: usize) -> i64 {
    let merged = &world.lines[line];
    let earn = world.program.points.earn.as_ref().expect("asked for with a policy");
    let kind = matches!(merged.line.kind, LineKind::Goods | LineKind::Service);
    if !kind || earn.except.as_ref().is_some_and(|except| means(except, merged)) {
        return 0;
    }
    let state = &outcome.state;
    let tender =
        world.program.points.offset.as_ref().is_some_and(|offset| offset.counts_as == CountsAs::Tender);
    let base = match earn.on {
        EarnOn::List => merged.gross,
        EarnOn::PaidBeforePoints => state.running[line] - state.reserved[line],
        EarnOn::PaidAfterPoints if tender => nets[line] - state.reserved[line] - paid.of_lines[line],
        EarnOn::PaidAfterPoints => nets[line] - state.reserved[line],
    };
    if merged.negative() { base } else { base.max(0) }
}
