//! Buy X, get Y (rule 33).

use suanpan_program::model::{AllocationBasis, Pick, Selection, UnitCount, UnitReward};

use super::super::candidates::wanted;
use super::super::state::Unit;
use super::groups::Role;
use super::{Plan, Run};

/// What is bought and rewarded.
struct Assignment {
    bought: Vec<Unit>,
    targets: Vec<Unit>,
}

impl Run<'_, '_> {
    #[expect(clippy::too_many_arguments, reason = "the fields of one effect")]
    pub(super) fn buy_get(
        &self,
        index: usize,
        buy: UnitCount,
        get: &Selection,
        get_units: i64,
        off: UnitReward,
        pick: Pick,
        times: Option<u32>,
    ) -> Plan {
        let mut sources = self.free_units(index, &self.candidate(index).offer.buy.clone());
        if matches!(buy, UnitCount::Weight(_)) {
            sources.retain(|unit| self.world.lines[unit.0].weighed);
        }
        let mut targets = self.free_units(index, get);
        self.state.dearest_first(&mut sources);
        match pick {
            Pick::Cheapest => self.state.cheapest_first(&mut targets),
            Pick::Dearest => self.state.dearest_first(&mut targets),
        }
        // The most applications for which everything can be taken, each unit once.
        let most = (targets.len() as i64 / get_units).min(self.applications(index, times));
        let assigned = (1..=most).rev().find_map(|applications| {
            self.assign(&sources, &targets, buy, applications, applications * get_units)
        });
        let Some(Assignment { bought, targets: taken }) = assigned else { return Plan::Nothing };
        let mut roles: Vec<(Unit, Role)> = Vec::new();
        for unit in sources.iter().chain(&targets) {
            if bought.contains(unit) {
                roles.push((*unit, Role::Bought));
            } else if !taken.contains(unit) {
                roles.push((*unit, Role::Free));
            }
        }
        for unit in &taken {
            roles.push((*unit, Role::Rewarded(self.reward(off, self.state.unit(*unit)))));
        }
        roles.sort_by_key(|(unit, _)| *unit);
        roles.dedup_by_key(|(unit, _)| *unit);
        if self.world.program.allocation.basis == AllocationBasis::Target {
            return self.plan_of(&roles);
        }
        self.shared(&roles)
    }

    /// `source_and_target`: the sum over bought and rewarded units by amount; all of them are rewarded then.
    fn shared(&self, roles: &[(Unit, Role)]) -> Plan {
        let mut formed: Vec<Unit> = Vec::new();
        let mut shared: Vec<(Unit, Role)> = Vec::new();
        let (mut sum, mut more_than_it_costs) = (0, false);
        for (unit, role) in roles {
            match role {
                Role::Free => shared.push((*unit, Role::Free)),
                Role::Bought => formed.push(*unit),
                Role::Rewarded(want) => {
                    sum += (*want).min(self.state.unit(*unit));
                    more_than_it_costs |= *want > self.state.unit(*unit);
                    formed.push(*unit);
                }
            }
        }
        shared.extend(self.spread(&formed, sum));
        match self.plan_of(&shared) {
            Plan::Units { wanted, used, .. } => Plan::Units { wanted, cut: more_than_it_costs, used },
            other => other,
        }
    }

    /// Units for so many applications, or none when they cannot all be completed.
    fn assign(
        &self,
        sources: &[Unit],
        targets: &[Unit],
        buy: UnitCount,
        applications: i64,
        to_reward: i64,
    ) -> Option<Assignment> {
        let to_buy = applications * wanted(buy);
        if !self.completes(sources, targets, buy, to_buy, to_reward, &[]) {
            return None;
        }
        let mut taken: Vec<Unit> = Vec::new();
        for (place, unit) in targets.iter().enumerate() {
            if taken.len() as i64 == to_reward {
                break;
            }
            // A unit that X cannot spare is passed over.
            taken.push(*unit);
            let missing = to_reward - taken.len() as i64;
            if !self.completes(sources, &targets[place + 1..], buy, to_buy, missing, &taken) {
                taken.pop();
            }
        }
        let mut bought = Vec::new();
        let mut left = to_buy;
        for unit in sources.iter().filter(|unit| !taken.contains(unit)) {
            if left > 0 {
                bought.push(*unit);
                left -= self.buys(buy, *unit);
            }
        }
        Some(Assignment { bought, targets: taken })
    }

    /// What a bought unit counts for.
    fn buys(&self, buy: UnitCount, unit: Unit) -> i64 {
        match buy {
            UnitCount::Units(_) => 1,
            UnitCount::Weight(_) => self.world.lines[unit.0].quantity_milli,
            UnitCount::Spend(_) => self.state.unit(unit),
        }
    }

    /// Whether the rest can be completed: so many more targets out of these, with enough of X left. Targets that are
    /// no X cost X nothing; of the others those that count least are the easiest to spare.
    fn completes(
        &self,
        sources: &[Unit],
        targets: &[Unit],
        buy: UnitCount,
        to_buy: i64,
        missing: i64,
        taken: &[Unit],
    ) -> bool {
        let outside = targets.iter().filter(|unit| !sources.contains(unit)).count() as i64;
        let mut inside: Vec<i64> =
            targets.iter().filter(|unit| sources.contains(unit)).map(|unit| self.buys(buy, *unit)).collect();
        inside.sort_unstable();
        let from_sources = (missing - outside).max(0);
        if from_sources > inside.len() as i64 {
            return false;
        }
        let left: i64 =
            sources.iter().filter(|unit| !taken.contains(unit)).map(|unit| self.buys(buy, *unit)).sum();
        left - inside.iter().take(from_sources as usize).sum::<i64>() >= to_buy
    }
}
