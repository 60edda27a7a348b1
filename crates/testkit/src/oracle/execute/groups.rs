//! Units in groups: which are taken, which are bought, which are rewarded (rules 28 to 31, 34).

use std::collections::BTreeMap;

use suanpan_domain::Rounding;
use suanpan_program::model::{GroupForm, GroupReward, Pick, RewardOver, Selection, UnitLimitPer, UnitReward};

use super::super::arithmetic::{largest_remainder, share};
use super::super::state::Unit;
use super::{Plan, Run, pool_of};

/// What happens to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Stays free.
    Free,
    /// Used up at its price.
    Bought,
    /// Used up and lowered by so much.
    Rewarded(i64),
}

impl Run<'_, '_> {
    /// Units of a selection that the offer may use (29).
    pub(super) fn free_units(&self, index: usize, selection: &Selection) -> Vec<Unit> {
        let lines = self.acting_lines(index, selection);
        self.units_of(index, &lines)
    }

    pub(super) fn units_of(&self, index: usize, lines: &[usize]) -> Vec<Unit> {
        let pool = pool_of(self.candidate(index));
        let mut units = Vec::new();
        for line in lines {
            units.extend((0..self.state.units[*line].len()).map(|place| (*line, place)));
        }
        units.retain(|unit| {
            pool.as_ref().is_none_or(|pool| !self.state.consumed.contains(&(pool.clone(), *unit)))
        });
        units
    }

    /// Among equal units of a line bought ones are taken from the front, rewarded ones from the end, the larger
    /// rewards on the later units (28).
    pub(super) fn placed(&self, roles: &[(Unit, Role)]) -> Vec<(Unit, Role)> {
        let mut classes: BTreeMap<(usize, i64), Vec<(Unit, Role)>> = BTreeMap::new();
        for (unit, role) in roles {
            classes.entry((unit.0, self.state.unit(*unit))).or_default().push((*unit, *role));
        }
        let mut placed = Vec::new();
        for class in classes.into_values() {
            let mut places: Vec<Unit> = class.iter().map(|(unit, _)| *unit).collect();
            places.sort_unstable();
            let bought = class.iter().filter(|(_, role)| *role == Role::Bought).count();
            let mut rewards: Vec<i64> = class
                .iter()
                .filter_map(|(_, role)| match role {
                    Role::Rewarded(reward) => Some(*reward),
                    Role::Free | Role::Bought => None,
                })
                .collect();
            rewards.sort_unstable();
            let first_rewarded = places.len() - rewards.len();
            for (place, unit) in places.into_iter().enumerate() {
                let role = if place < bought {
                    Role::Bought
                } else if place >= first_rewarded {
                    Role::Rewarded(rewards[place - first_rewarded])
                } else {
                    Role::Free
                };
                placed.push((unit, role));
            }
        }
        placed
    }

    /// The plan of placed units: rewards are wanted, whatever is not free is used up.
    pub(super) fn plan_of(&self, roles: &[(Unit, Role)]) -> Plan {
        let placed = self.placed(roles);
        let used = placed.iter().filter(|(_, role)| *role != Role::Free).map(|(unit, _)| *unit).collect();
        let wanted = placed
            .into_iter()
            .filter_map(|(unit, role)| match role {
                Role::Rewarded(want) => Some((unit, want)),
                Role::Free | Role::Bought => None,
            })
            .collect();
        Plan::Units { wanted, cut: false, used }
    }

    /// All units of the lines, or the first so many of each line or of the basket (34).
    pub(super) fn chosen_units(&self, index: usize, lines: &[usize]) -> Vec<Unit> {
        let Some(limit) = self.candidate(index).offer.terms.units else {
            return self.units_of(index, lines);
        };
        let scopes: Vec<Vec<usize>> = match limit.per {
            UnitLimitPer::Line => lines.iter().map(|line| vec![*line]).collect(),
            UnitLimitPer::Basket => vec![lines.to_vec()],
        };
        let mut chosen = Vec::new();
        for scope in scopes {
            let mut units = self.units_of(index, &scope);
            match limit.pick {
                Pick::Dearest => self.state.dearest_first(&mut units),
                Pick::Cheapest => self.state.cheapest_first(&mut units),
            }
            let roles: Vec<(Unit, Role)> = units
                .into_iter()
                .enumerate()
                .map(|(place, unit)| {
                    (unit, if (place as i64) < limit.at_most { Role::Rewarded(0) } else { Role::Free })
                })
                .collect();
            chosen.extend(
                self.placed(&roles).into_iter().filter(|(_, role)| *role != Role::Free).map(|(unit, _)| unit),
            );
        }
        chosen
    }

    /// What a reward takes off a unit of this amount, before it is cut to it.
    pub(super) fn reward(&self, off: UnitReward, amount: i64) -> i64 {
        match off {
            UnitReward::PercentOff(rate) => share(amount, rate.ppm(), self.world.program.rounding),
            UnitReward::AmountOff(off) => off.minor(),
            UnitReward::UnitPrice(price) => (amount - price.minor()).max(0),
        }
    }

    fn in_form(&self, index: usize, form: GroupForm) -> Vec<Unit> {
        let selection = self.candidate(index).acting_selection().clone();
        let mut units = self.free_units(index, &selection);
        match form {
            GroupForm::DearestFirst => self.state.dearest_first(&mut units),
            GroupForm::CheapestFirst => self.state.cheapest_first(&mut units),
        }
        units
    }

    /// Every nth unit of groups (30).
    pub(super) fn nth_unit(
        &self,
        index: usize,
        group_size: i64,
        form: GroupForm,
        reward: GroupReward,
        off: UnitReward,
        times: Option<u32>,
    ) -> Plan {
        let units = self.in_form(index, form);
        let groups = (units.len() as i64 / group_size).min(self.applications(index, times));
        let roles: Vec<(Unit, Role)> = units
            .into_iter()
            .enumerate()
            .map(|(place, unit)| {
                let place = place as i64;
                let rewarded = reward.all_units
                    || match reward.over {
                        RewardOver::Each => place % group_size == reward.nth - 1,
                        RewardOver::All => (reward.nth - 1) * groups <= place && place < reward.nth * groups,
                    };
                let role = if place >= groups * group_size {
                    Role::Free
                } else if rewarded {
                    Role::Rewarded(self.reward(off, self.state.unit(unit)))
                } else {
                    Role::Bought
                };
                (unit, role)
            })
            .collect();
        self.plan_of(&roles)
    }

    /// Sets of so many units for a price (31).
    pub(super) fn sets(
        &self,
        index: usize,
        size: i64,
        price: i64,
        form: GroupForm,
        times: Option<u32>,
    ) -> Plan {
        let units = self.in_form(index, form);
        let most = self.applications(index, times);
        let mut roles: Vec<(Unit, Role)> = Vec::new();
        let mut formed = 0;
        let mut stopped = false;
        for set in units.chunks(size as usize) {
            let complete = set.len() as i64 == size;
            let sum: i64 = set.iter().map(|unit| self.state.unit(*unit)).sum();
            if complete && sum > price && !stopped && formed < most {
                formed += 1;
                roles.extend(self.spread(set, sum - price));
            } else {
                // Later sets of the dearest-first form are cheaper still.
                stopped |= form == GroupForm::DearestFirst;
                roles.extend(set.iter().map(|unit| (*unit, Role::Free)));
            }
        }
        self.plan_of(&roles)
    }

    /// A discount spread over units by amount, largest remainder, ties in unit order (31).
    pub(super) fn spread(&self, units: &[Unit], discount: i64) -> Vec<(Unit, Role)> {
        let mut units = units.to_vec();
        self.state.dearest_first(&mut units);
        let amounts: Vec<i64> = units.iter().map(|unit| self.state.unit(*unit)).collect();
        let shares = largest_remainder(discount, &amounts);
        units.into_iter().zip(shares).map(|(unit, share)| (unit, Role::Rewarded(share))).collect()
    }

    /// Rounds a share of a unit's amount; the mode is the program's.
    pub(super) fn share_of_unit(&self, unit: Unit, ppm: i64) -> i64 {
        let mode: Rounding = self.world.program.rounding;
        share(self.state.unit(unit), ppm, mode)
    }
}
