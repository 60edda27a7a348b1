//! Buy X, get Y (docs/pricing.md, rule 33).

use suanpan_domain::Reason;
use suanpan_program::model::{AllocationBasis, AllocationMethod, Pick, UnitCount, UnitReward};

use super::classes::Class;
use super::{Call, UnitWork, largest, reward_of};
use crate::execute::{Given, live_buy, live_target};
use crate::ground::{Ground, bits};

/// What is bought, and what is got for it.
#[derive(Clone, Copy)]
pub(super) struct Deal {
    pub(super) buy: UnitCount,
    pub(super) get_units: i64,
    pub(super) off: UnitReward,
    pub(super) pick: Pick,
}

/// The line's units can be bought.
const BUY: u32 = 1;
/// The line's units can be got.
const GET: u32 = 2;

pub(super) fn run(call: &mut Call<'_, '_>, deal: Deal, times: Option<u32>) -> Given {
    if let Err(reason) = collect(call, deal.buy) {
        return Given::nothing(reason);
    }
    let measure = Measure::new(call.ground, deal.buy);
    let at_most = call.times_max(times);
    let applications = if gets_what_it_buys(call.units, deal) {
        take_alike(call.units, deal, measure, at_most)
    } else {
        take_apart(call.units, deal, measure, at_most)
    };
    if applications == 0 {
        return Given::nothing(Reason::NoCompleteGroup);
    }
    buy(call.units, deal, measure, applications);
    let cut = reward(call, deal);
    call.finish(applications, cut)
}

/// Whether every unit can be bought and got, and counts one: then purchases miss none more than another, and any of them
/// may be a target.
fn gets_what_it_buys(units: &UnitWork, deal: Deal) -> bool {
    matches!(deal.buy, UnitCount::Units(_)) && units.classes.iter().all(|class| class.mask == BUY | GET)
}

/// Picks the targets of as many applications as the units make; gives their number.
fn take_alike(units: &mut UnitWork, deal: Deal, measure: Measure<'_>, at_most: i64) -> i64 {
    let applications = at_most.min(units.count() / (measure.needed + deal.get_units));
    if applications > 0 {
        units.sort(deal.pick);
        let UnitWork { members, order, classes, .. } = units;
        members.clear();
        let mut open = applications * deal.get_units;
        for &class in order.iter() {
            let taken = classes[class as usize].count.min(open);
            if taken == 0 {
                break;
            }
            members.push((class, taken));
            open -= taken;
        }
    }
    applications
}

/// The same where the purchases need some units more than others.
fn take_apart(units: &mut UnitWork, deal: Deal, measure: Measure<'_>, at_most: i64) -> i64 {
    sort_by_measure(units, measure);
    let all = Rest { purchase: purchase_of(units, measure), only_got: only_got(units), needed: 0 };
    let applications = most_applications(units, deal, measure, at_most, all);
    if applications > 0 {
        let rest = Rest { needed: applications * measure.needed, ..all };
        pick_targets(units, deal, measure, applications, rest);
    }
    applications
}

fn collect(call: &mut Call<'_, '_>, buy: UnitCount) -> Result<(), Reason> {
    let ground = call.ground;
    live_buy(ground, call.state, call.work, call.candidate, call.offer);
    live_target(ground, call.state, call.work, call.candidate, Some(call.offer));
    let (live, live_buy) = (&call.work.live, &call.work.live_buy);
    if live.iter().all(|word| *word == 0) || live_buy.iter().all(|word| *word == 0) {
        return Err(Reason::ExcludedBy);
    }
    let spares_overridden = call.spares_overridden();
    for (word, (&got, &bought)) in live.iter().zip(live_buy).enumerate() {
        for bit in bits(&[got | bought]) {
            let line = word * 64 + bit;
            let facts = &ground.lines[line];
            let weighs = facts.weighed || !matches!(buy, UnitCount::Weight(_));
            let spared = spares_overridden && facts.overridden;
            let buys = bought >> bit & 1 == 1 && weighs && !spared;
            let gets = got >> bit & 1 == 1;
            if buys || gets {
                let mask = if buys { BUY } else { 0 } | if gets { GET } else { 0 };
                call.units.collect(ground, call.state, call.offer.pool, line, mask);
            }
        }
    }
    Ok(())
}

/// What a unit counts for the purchase, and what one application needs.
#[derive(Clone, Copy)]
struct Measure<'g> {
    ground: &'g Ground<'g>,
    buy: UnitCount,
    needed: i64,
}

impl<'g> Measure<'g> {
    fn new(ground: &'g Ground<'g>, buy: UnitCount) -> Self {
        let needed = match buy {
            UnitCount::Units(units) => units,
            UnitCount::Weight(quantity) => quantity.milli(),
            UnitCount::Spend(amount) => amount.minor(),
        };
        Self { ground, buy, needed: needed.max(1) }
    }

    fn of(self, class: &Class) -> i64 {
        match self.buy {
            UnitCount::Units(_) => 1,
            UnitCount::Weight(_) => self.ground.lines[class.line as usize].quantity_milli,
            UnitCount::Spend(_) => class.amount.max(0),
        }
    }
}

/// Classes that can be bought and got, those first that a purchase misses least.
fn sort_by_measure(units: &mut UnitWork, measure: Measure<'_>) {
    let UnitWork { by_measure, classes, .. } = units;
    by_measure.clear();
    by_measure.extend((0..classes.len() as u32).filter(|&class| classes[class as usize].mask == BUY | GET));
    by_measure.sort_unstable_by_key(|&class| (measure.of(&classes[class as usize]), class));
}

/// What is still there while targets are picked. Classes that were passed have no targets any more.
#[derive(Clone, Copy)]
struct Rest {
    /// What all that can be bought counts, less what was picked.
    purchase: i64,
    /// Units that can only be got and were not passed.
    only_got: i64,
    /// What the purchases need.
    needed: i64,
}

impl Rest {
    /// Whether so many more targets can be had without spoiling the purchases. `left` says how many units of a class
    /// can still be picked.
    fn allows(
        &self,
        units: &UnitWork,
        measure: Measure<'_>,
        targets: i64,
        left: impl Fn(u32, &Class) -> i64,
    ) -> bool {
        let mut missing = targets - self.only_got;
        let mut spare = self.purchase - self.needed;
        for &place in &units.by_measure {
            if missing <= 0 || spare < 0 {
                break;
            }
            let class = &units.classes[place as usize];
            let taken = left(place, class).min(missing);
            missing -= taken;
            spare = spare.saturating_sub(taken.saturating_mul(measure.of(class)));
        }
        missing <= 0 && spare >= 0
    }
}

/// The most applications for which the purchases and the targets can be taken, each unit once.
fn most_applications(units: &UnitWork, deal: Deal, measure: Measure<'_>, at_most: i64, all: Rest) -> i64 {
    let got: i64 = units.classes.iter().filter(|class| class.mask & GET != 0).map(|class| class.count).sum();
    let high = at_most.min(got / deal.get_units.max(1)).min(all.purchase / measure.needed);
    largest(high, |applications| {
        let rest = Rest { needed: applications * measure.needed, ..all };
        rest.allows(units, measure, applications * deal.get_units, |_, class| class.count)
    })
}

fn purchase_of(units: &UnitWork, measure: Measure<'_>) -> i64 {
    let bought = units.classes.iter().filter(|class| class.mask & BUY != 0);
    bought.map(|class| class.count * measure.of(class)).sum()
}

fn only_got(units: &UnitWork) -> i64 {
    units.classes.iter().filter(|class| class.mask == GET).map(|class| class.count).sum()
}

/// Picks the targets, passing over units that the purchases cannot spare. Notes them in `members`.
fn pick_targets(units: &mut UnitWork, deal: Deal, measure: Measure<'_>, applications: i64, mut rest: Rest) {
    units.sort(deal.pick);
    units.members.clear();
    let mut open = applications * deal.get_units;
    // Passed classes are marked by the number of their place in the order.
    let mut passed = std::mem::take(&mut units.masks);
    passed.clear();
    passed.resize(units.classes.len(), 0);
    for place in 0..units.order.len() {
        if open == 0 {
            break;
        }
        let class = units.order[place];
        let facts = units.classes[class as usize];
        if facts.mask & GET == 0 {
            continue;
        }
        let at_most = facts.count.min(open);
        passed[class as usize] = 1;
        let taken = if facts.mask == GET {
            rest.only_got -= facts.count;
            at_most
        } else {
            let goes = |taken: i64| {
                let after = Rest { purchase: rest.purchase - taken * measure.of(&facts), ..rest };
                after.allows(units, measure, open - taken, |place, other| {
                    if place == class {
                        facts.count - taken
                    } else if passed[place as usize] == 1 {
                        0
                    } else {
                        other.count
                    }
                })
            };
            let taken = largest(at_most, goes);
            rest.purchase -= taken * measure.of(&facts);
            taken
        };
        if taken > 0 {
            units.members.push((class, taken));
            open -= taken;
        }
    }
    units.masks = passed;
}

/// Buys the dearest of what the targets left, until the purchases are complete.
fn buy(units: &mut UnitWork, deal: Deal, measure: Measure<'_>, applications: i64) {
    if deal.pick == Pick::Cheapest {
        units.sort(Pick::Dearest);
    }
    for &(class, count) in &units.members {
        // Until rewards are given, the targets stand here.
        units.classes[class as usize].rewarded = count;
    }
    let mut missing = applications * measure.needed;
    for &class in &units.order {
        let facts = &mut units.classes[class as usize];
        let each = measure.of(facts);
        if missing <= 0 {
            break;
        }
        if facts.mask & BUY == 0 || each == 0 {
            continue;
        }
        // Rounded up: the last unit may go beyond what is missing.
        let wanted = (missing + each - 1) / each;
        facts.bought = wanted.min(facts.count - facts.rewarded);
        missing -= facts.bought * each;
    }
}

/// Gives the targets their rewards, or divides the sum between all units that take part.
fn reward(call: &mut Call<'_, '_>, deal: Deal) -> bool {
    let units = &mut *call.units;
    let mut cut = false;
    let mut total = 0;
    let shared = call.ground.compiled.allocation().basis == AllocationBasis::SourceAndTarget;
    for place in 0..units.members.len() {
        let (class, count) = units.members[place];
        let (amount, exceeds) =
            reward_of(deal.off, units.classes[class as usize].amount, call.offer.rounding);
        cut |= exceeds;
        total += amount * count;
        units.classes[class as usize].rewarded = if shared { count } else { 0 };
        if !shared {
            units.reward(class, amount, count);
        }
    }
    if shared {
        // The order is dearest first by now.
        units.spread.begin();
        for &class in &units.order {
            let facts = &mut units.classes[class as usize];
            let count = facts.bought + facts.rewarded;
            (facts.bought, facts.rewarded) = (0, 0);
            units.spread.push(class, facts.amount, count);
        }
        units.spread.divide(AllocationMethod::LargestRemainder, total);
        for place in 0..units.spread.parts.len() {
            let part = units.spread.parts[place];
            units.reward(part.key, part.share, part.count);
        }
    }
    cut
}
