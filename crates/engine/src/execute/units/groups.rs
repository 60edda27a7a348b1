//! Every nth unit of groups (docs/pricing.md, rule 30).

use suanpan_domain::Reason;
use suanpan_program::model::{GroupForm, GroupReward, RewardOver, UnitReward};

use super::{Call, pick_of, reward_of};
use crate::execute::Given;

pub(super) fn run(
    call: &mut Call<'_, '_>,
    size: i64,
    form: GroupForm,
    reward: GroupReward,
    off: UnitReward,
    times: Option<u32>,
) -> Given {
    if let Err(reason) = call.collect_target() {
        return Given::nothing(reason);
    }
    let groups = (call.units.count() / size.max(1)).min(call.times_max(times));
    if groups <= 0 {
        return Given::nothing(Reason::NoCompleteGroup);
    }
    call.units.sort(pick_of(form));
    let end = groups * size;
    // How many of the first so many units are the nth of their group.
    let nth_among = |units: i64| (units + size - reward.nth) / size;
    let mut cut = false;
    let mut from = 0;
    for place in 0..call.units.order.len() {
        if from == end {
            break;
        }
        let class = call.units.order[place];
        let until = (from + call.units.classes[class as usize].count).min(end);
        let rewarded = match reward {
            GroupReward { all_units: true, .. } => until - from,
            GroupReward { over: RewardOver::Each, .. } => nth_among(until) - nth_among(from),
            GroupReward { over: RewardOver::All, nth, .. } => {
                (until.min(nth * groups) - from.max((nth - 1) * groups)).max(0)
            }
        };
        let class_facts = &mut call.units.classes[class as usize];
        class_facts.bought = until - from - rewarded;
        if rewarded > 0 {
            let (amount, exceeds) = reward_of(off, class_facts.amount, call.offer.rounding);
            cut |= exceeds;
            call.units.reward(class, amount, rewarded);
        }
        from = until;
    }
    call.finish(groups, cut)
}
