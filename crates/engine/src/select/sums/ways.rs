//! The ways to one sum: which option of each cluster. Ways are told apart by who gives (docs/pricing.md, rule 41): that is
//! lexicographic in counts by priority, then in ids, so that what is better for a part is better for the whole, and the best
//! way to a sum goes by the best ways to smaller sums of fewer clusters.

use std::cmp::Reverse;

use super::{NEVER, Sums};
use crate::ground::{Ground, bits};
use crate::planted::{self, Bug};
use crate::select::ties;

/// Sums of one number of clusters that are followed. More of them leave the answer the best found.
const SUMS_MAX: usize = 2_048;
/// So many steps from one sum to another cost as much as a node.
const STEPS_A_NODE: u64 = 32;

/// Working memory of ways.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// Those whose giving on several clusters' lines makes a difference; they count once.
    spanning: u128,
    /// How many clusters there are.
    clusters: usize,
    /// By number of clusters: the sums that lead to the one at hand.
    sums: Vec<Vec<usize>>,
    /// By number of clusters: the best way for each sum and each set of those who span.
    stages: Vec<Vec<Stage>>,
    /// By cluster: its option on the way at hand.
    pub(super) options: Vec<usize>,
    places: Vec<usize>,
}

/// The best way to a sum of the first clusters.
#[derive(Clone, Copy, Debug, Default)]
struct Stage {
    sum: usize,
    spanning: u128,
    rank: (u128, u128),
    /// Place of the stage before, and the option that led here.
    before: u32,
    option: u32,
}

impl Ways {
    /// How many ways were found, as different as those who span.
    pub(super) fn found(&self) -> usize {
        self.stages.get(self.clusters).map_or(0, Vec::len)
    }
}

impl Sums {
    /// Gives every option its rank, once it is noted who gives.
    pub(super) fn weigh(&mut self, ground: &Ground<'_>) {
        // Those who give whatever the options are make no difference.
        let mut always = self.gave_outside;
        let (mut once, mut several) = (0_u128, 0_u128);
        for cluster in &self.clusters {
            let any = cluster.options.iter().fold(0, |all, option| all | option.gave);
            always |= cluster.options.iter().fold(u128::MAX, |all, option| all & option.gave);
            several |= once & any;
            once |= any;
        }
        self.ways.spanning = several & !always;
        if planted::is(Bug::FirstWayTaken) {
            return;
        }
        let alone = once & !several & !always;
        let mut places = std::mem::take(&mut self.ways.places);
        places.clear();
        places.extend(bits(&[alone as u64, (alone >> 64) as u64]));
        let mut ranks = [(0_u128, 0_u128); super::LOCAL_MAX];
        // By ids: one bit each, the smallest id the highest.
        places.sort_unstable_by_key(|&place| (Reverse(ties::id(ground, self.local[place])), place));
        for (bit, &place) in places.iter().enumerate() {
            ranks[place].1 = 1 << bit;
        }
        // By priorities: a number for each, wide enough for all that have it, the highest priority first.
        let priority = |place: usize| ground.candidates[self.local[place]].priority;
        places.sort_unstable_by_key(|&place| priority(place));
        let mut shift = 0;
        for equals in places.chunk_by(|a, b| priority(*a) == priority(*b)) {
            equals.iter().for_each(|&place| ranks[place].0 = 1 << shift);
            shift += usize::BITS - equals.len().leading_zeros();
        }
        self.ways.places = places;
        for option in self.clusters.iter_mut().flat_map(|cluster| &mut cluster.options) {
            let giving = option.gave & alone;
            option.rank = bits(&[giving as u64, (giving >> 64) as u64])
                .fold((0, 0), |(counts, ids), place| (counts + ranks[place].0, ids + ranks[place].1));
        }
    }

    /// Finds the best ways to a sum that was counted. False when not all were looked at: `spend` counts nodes, and says
    /// whether any are left.
    pub(super) fn find_ways(&mut self, sum: usize, mut spend: impl FnMut(u64) -> bool) -> bool {
        let count = self.clusters.len();
        let mut all = true;
        let mut ways = std::mem::take(&mut self.ways);
        ways.clusters = count;
        ways.sums.resize_with((count + 1).max(ways.sums.len()), Vec::new);
        ways.stages.resize_with((count + 1).max(ways.stages.len()), Vec::new);
        // Back from the sum. Each that is kept leads to it, so that cutting some off leaves others whole.
        ways.sums[count].clear();
        ways.sums[count].push(sum);
        let mut most = SUMS_MAX;
        let mut steps = 0;
        for place in (0..count).rev() {
            let (before, after) = ways.sums.split_at_mut(place + 1);
            let (before, after) = (&mut before[place], &after[0]);
            before.clear();
            for &to in after {
                let from = |value: i64| to.checked_sub(value as usize);
                let options = self.clusters[place].options.iter();
                before.extend(options.filter_map(|option| {
                    from(option.value).filter(|&from| self.leads(place, from, to, option.left_out))
                }));
            }
            steps += (after.len() * self.clusters[place].options.len()) as u64;
            before.sort_unstable();
            before.dedup();
            all &= before.len() <= most;
            before.truncate(most);
            if steps >= STEPS_A_NODE && !spend(std::mem::take(&mut steps) / STEPS_A_NODE) {
                most = 1;
            }
        }
        ways.stages[0].clear();
        ways.stages[0].push(Stage::default());
        for place in 0..count {
            let (before, after) = ways.stages.split_at_mut(place + 1);
            let (before, after) = (&before[place], &mut after[0]);
            after.clear();
            for (stage, from) in before.iter().enumerate() {
                for (number, option) in self.clusters[place].options.iter().enumerate() {
                    let to = from.sum + option.value as usize;
                    if ways.sums[place + 1].binary_search(&to).is_ok()
                        && self.leads(place, from.sum, to, option.left_out)
                    {
                        after.push(Stage {
                            sum: to,
                            spanning: from.spanning | option.gave & ways.spanning,
                            rank: (from.rank.0 + option.rank.0, from.rank.1 + option.rank.1),
                            before: stage as u32,
                            option: number as u32,
                        });
                    }
                }
            }
            steps += (before.len() * self.clusters[place].options.len()) as u64;
            after.sort_unstable_by_key(|stage| {
                (stage.sum, stage.spanning, Reverse(stage.rank), stage.before, stage.option)
            });
            after.dedup_by_key(|stage| (stage.sum, stage.spanning));
            all &= after.len() <= most;
            after.truncate(most);
            if steps >= STEPS_A_NODE && !spend(std::mem::take(&mut steps) / STEPS_A_NODE) {
                most = 1;
            }
        }
        self.ways = ways;
        all
    }

    /// Whether the fewest left out for a sum go by a smaller sum of one cluster less.
    fn leads(&self, place: usize, from: usize, to: usize, left_out: u16) -> bool {
        let fewest = |place: usize, sum: usize| self.rows[place].get(sum).copied().unwrap_or(NEVER);
        fewest(place, from) != NEVER && fewest(place, from) + left_out == fewest(place + 1, to)
    }

    /// Who gives on one of the ways that were found; its option of each cluster is in [`Ways::options`] then.
    pub(super) fn follow_way(&mut self, number: usize) -> u128 {
        let mut gave = self.gave_outside;
        let options = &mut self.ways.options;
        options.clear();
        let mut at = number;
        for place in (0..self.clusters.len()).rev() {
            let stage = self.ways.stages[place + 1][at];
            gave |= self.clusters[place].options[stage.option as usize].gave;
            options.push(stage.option as usize);
            at = stage.before as usize;
        }
        options.reverse();
        gave
    }
}
