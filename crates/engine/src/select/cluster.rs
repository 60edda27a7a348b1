//! Offers that share units: in which order they take them, and how often each is applied.

use suanpan_program::model::{BundlePart, Effect};

use super::contest::CLUSTER_MAX;
use super::search::{ALL_NUMBERS, Question, Search};
use crate::execute::Work;
use crate::ground::{Ground, SET_PARTS, SET_TARGET, bits};
use crate::state::State;

impl Search {
    /// Whether the order of a cluster's offers is searched: with more of them it is fixed.
    pub(super) fn is_searchable(&self, question: &Question<'_, '_>, cluster: u32) -> bool {
        question.contest.cluster.iter().filter(|other| **other == cluster).count() <= CLUSTER_MAX
    }

    /// Fills the slot of a member of a cluster: with any member of its layer that has no slot yet and any number of
    /// applications; or leaves it empty, together with the member that it belongs to. Members change places among
    /// themselves, so one that is left out takes its slot with it.
    pub(super) fn branch_cluster(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        place: usize,
        depth: usize,
        here: &State,
        left_out: u32,
    ) {
        let ground = question.ground;
        let cluster = question.contest.cluster[place];
        if !self.kept[place] {
            self.visit(question, work, place + 1, depth, here, left_out);
            return;
        }
        let layer = ground.candidates[place].layer;
        // One that does nothing here changes nothing by being away.
        let mut needless = false;
        let mut members = work.lists.take();
        members.extend((0..ground.candidates.len()).filter(|&member| {
            question.contest.cluster[member] == cluster
                && ground.candidates[member].layer == layer
                && self.kept[member]
                && !self.decided[member]
                && !self.placed[member]
        }));
        for &member in &members {
            self.placed[member] = true;
            let silent = self.fill_slot(question, work, (place, member), depth, here, left_out);
            needless |= silent && member == place;
            self.times[member] = u32::MAX;
            self.placed[member] = false;
        }
        work.lists.give(members);
        if !(needless || self.placed[place] || self.settled[place]) {
            self.kept[place] = false;
            let costs = u32::from(self.costs(question, place));
            self.visit(question, work, place + 1, depth, here, left_out + costs);
            self.kept[place] = true;
        }
    }

    /// Fills a slot with one member, for each number of its applications. Gives whether it gave nothing there.
    fn fill_slot(
        &mut self,
        question: &Question<'_, '_>,
        work: &mut Work,
        (place, member): (usize, usize),
        depth: usize,
        here: &State,
        left_out: u32,
    ) -> bool {
        let executed = self.order.len();
        let mut before = (0, 0);
        let mut silent = false;
        let mut numbers = Numbers::default();
        let mut most = u32::MAX;
        loop {
            let mut next = self.take_state(depth + 1);
            next.copy_from(here);
            self.times[member] = most;
            let admitted = self.execute(question, work, &mut next, member, most);
            let (times, amount) = (next.times[member], next.given[member]);
            // What an offer forms may be fewer than what it was allowed: what is the same is visited once.
            let fresh = if times > 0 { before != (times, amount) } else { !silent };
            if admitted && fresh {
                silent |= times == 0;
                self.visit(question, work, place + 1, depth + 1, &next, left_out);
            } else {
                self.count_node();
            }
            before = (times, amount);
            self.order.truncate(executed);
            self.give_state(depth + 1, next);
            if most == u32::MAX {
                numbers = Numbers::below(applications_possible(question.ground, member, times), self.grain);
            }
            let Some(number) = numbers.next().filter(|_| !self.ran_out) else { return silent };
            if numbers.turned {
                before = (0, 0);
            }
            most = number;
        }
    }
}

/// Numbers of applications below the most: spread ones first, so that a search that runs out has seen all regions.
#[derive(Debug, Default)]
struct Numbers {
    most: u32,
    stride: u32,
    next: u32,
    fine: bool,
    /// Those in between are not tried.
    few: bool,
    /// Whether the number given last is the first of the second round.
    turned: bool,
}

/// So many numbers of applications are tried before those in between.
const SPREAD: u32 = 32;

impl Numbers {
    /// All of them, or so many.
    fn below(most: u32, grain: u32) -> Self {
        let few = grain != ALL_NUMBERS;
        let parts = if few { grain + 1 } else { SPREAD };
        let stride = most.div_ceil(parts).max(1);
        Self { most, stride, next: if grain == 0 { 0 } else { most }, fine: false, few, turned: false }
    }
}

impl Iterator for Numbers {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.turned = false;
        loop {
            // One step, however far apart they are: there may be a thousand million of them.
            let below = self.next.saturating_sub(1);
            let rest = below % self.stride.max(1);
            self.next = match self.fine {
                false => below - rest,
                true => below.saturating_sub(u32::from(rest == 0)),
            };
            if self.next > 0 {
                return Some(self.next);
            }
            if self.fine || self.few || self.stride <= 1 {
                return None;
            }
            (self.fine, self.turned, self.next) = (true, true, self.most);
        }
    }
}

/// How many applications are possible at most, of an offer that was applied so often with all units that are left.
fn applications_possible(ground: &Ground<'_>, candidate: usize, times: u32) -> u32 {
    let units =
        |set: usize| -> i64 { bits(ground.set(candidate, set)).map(|line| ground.lines[line].units).sum() };
    let Some(offer) = ground.offer(candidate) else { return 1 };
    let possible = match &offer.effect {
        Effect::SetPrice { units: size, .. } => units(SET_TARGET) / size.max(&1),
        Effect::NthUnit { group_size, .. } => units(SET_TARGET) / group_size.max(&1),
        Effect::BuyGet { get_units, .. } => units(SET_TARGET) / get_units.max(&1),
        // Which bundles are formed depends on how many were asked for.
        Effect::Bundle { parts, .. } => {
            let of_part = |(part, of): (usize, &BundlePart)| units(SET_PARTS + part) / of.units.max(1);
            parts.iter().take(offer.parts.len()).enumerate().map(of_part).min().unwrap_or(1)
        }
        _ => return 1,
    };
    let possible = u32::try_from(possible).unwrap_or(u32::MAX);
    match offer.effect {
        Effect::Bundle { .. } => possible,
        _ if times > 0 => possible.min(times),
        _ => possible,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_takes_one_step_however_many_there_are() {
        let most = 2_000_000_000;
        let all: u64 = (0..1_000).map(|_| Numbers::below(most, 3).map(u64::from).sum::<u64>()).sum();
        assert_eq!(all, 1_000 * (1_500_000_000 + 1_000_000_000 + 500_000_000));
        assert_eq!(Numbers::below(most, ALL_NUMBERS).nth(31), Some(most - 1), "the second round");
    }

    #[test]
    fn each_number_of_applications_comes_once() {
        for (most, few) in
            [(0, vec![]), (1, vec![]), (2, vec![1]), (4, vec![3, 2, 1]), (100, vec![75, 50, 25])]
        {
            assert_eq!(Numbers::below(most, 3).collect::<Vec<_>>(), few, "{most}");
            assert_eq!(Numbers::below(most, 0).count(), 0, "{most}");
        }
        for (most, first) in [(1, vec![]), (2, vec![1]), (5, vec![4, 3, 2, 1]), (100, vec![96, 92, 88])] {
            let mut numbers: Vec<u32> = Numbers::below(most, ALL_NUMBERS).collect();
            assert_eq!(numbers[..first.len()], first, "{most}");
            numbers.sort_unstable();
            assert_eq!(numbers, (1..most).collect::<Vec<_>>(), "{most}");
        }
    }
}
