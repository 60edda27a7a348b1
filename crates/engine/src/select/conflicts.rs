//! Which candidates stand against each other by group, class or exclusivity.

use suanpan_program::model::{Effect, ExclusiveScope, GroupScope};

use crate::evaluate::selected;
use crate::execute::units;
use crate::ground::{Ground, SET_BUY, SET_TARGET};
use crate::state::State;

/// Static facts about each candidate that choosing needs.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    /// Basket groups: place in the program, places to take, and how many candidates want one.
    pub(crate) groups: Vec<(u16, u32, u32)>,
    /// By candidate: bits of `groups`.
    pub(crate) group_bits: Vec<u64>,
    /// By candidate: classes that it does not combine with.
    pub(crate) against_classes: Vec<u32>,
    pub(crate) exclusive: Vec<Option<ExclusiveScope>>,
    /// Whether any pair can stand against each other at all.
    pub(crate) any: bool,
}

impl Conflicts {
    pub(crate) fn read(&mut self, ground: &Ground<'_>) {
        self.groups.clear();
        self.group_bits.clear();
        self.against_classes.clear();
        self.exclusive.clear();
        self.any = false;
        let classes_conflict = ground.compiled.class_conflicts.iter().any(|conflicts| *conflicts != 0);
        let mut all_classes = 0;
        for candidate in 0..ground.candidates.len() {
            let facts = &ground.candidates[candidate];
            let offer = ground.offer(candidate);
            let mut bits = 0;
            for &group in offer.map_or(&[][..], |offer| &offer.groups) {
                let source = &ground.compiled.groups[group as usize];
                if source.scope == GroupScope::Line {
                    continue;
                }
                let place = self.groups.iter().position(|(known, ..)| *known == group).unwrap_or_else(|| {
                    self.groups.push((group, source.at_most, 0));
                    self.groups.len() - 1
                });
                self.groups[place].2 += 1;
                bits |= 1_u64 << place.min(63);
            }
            self.group_bits.push(bits);
            let mut against = 0;
            if classes_conflict {
                let mut classes = facts.classes;
                while classes != 0 {
                    against |= ground.compiled.class_conflicts[classes.trailing_zeros() as usize];
                    classes &= classes - 1;
                }
            }
            self.against_classes.push(against);
            all_classes |= facts.classes;
            let exclusive = offer.and_then(|offer| offer.exclusive);
            self.any |= exclusive.is_some();
            self.exclusive.push(exclusive);
        }
        // A group with room for all its candidates keeps nobody out.
        for bits in &mut self.group_bits {
            for (place, (_, at_most, wanting)) in self.groups.iter().enumerate() {
                if wanting <= at_most {
                    *bits &= !(1 << place);
                }
            }
            self.any |= *bits != 0;
        }
        self.any |= self.against_classes.iter().any(|against| against & all_classes != 0);
    }

    /// Whether two candidates can stand against each other.
    pub(crate) fn between(&self, ground: &Ground<'_>, a: usize, b: usize) -> bool {
        a != b
            && (self.group_bits[a] & self.group_bits[b] != 0
                || self.against_classes[a] & ground.candidates[b].classes != 0
                || self.exclusive_basket(ground, a, b)
                || self.exclusive_line(ground, a, b))
    }

    /// One of them tolerates no other discount in the basket.
    pub(crate) fn exclusive_basket(&self, ground: &Ground<'_>, a: usize, b: usize) -> bool {
        let refuses = |a: usize, b: usize| {
            self.exclusive[a] == Some(ExclusiveScope::Basket) && ground.candidates[b].lowers
        };
        refuses(a, b) || refuses(b, a)
    }

    /// One of them tolerates no other discount on a line that both select.
    pub(crate) fn exclusive_line(&self, ground: &Ground<'_>, a: usize, b: usize) -> bool {
        let is_line = |a: usize| self.exclusive[a] == Some(ExclusiveScope::Line);
        (is_line(a) && ground.candidates[b].lowers || is_line(b) && ground.candidates[a].lowers)
            && (0..ground.words).any(|word| selected(ground, a, word) & selected(ground, b, word) != 0)
    }

    /// Whether a group, a class or an exclusive offer among those that give keeps a candidate out.
    pub(crate) fn excused(
        &self,
        ground: &Ground<'_>,
        state: &State,
        kept: &[bool],
        candidate: usize,
    ) -> Option<u32> {
        let gives = |other: usize| kept[other] && other != candidate && state.times[other] > 0;
        let count = ground.candidates.len();
        for (place, (_, at_most, _)) in self.groups.iter().enumerate() {
            if self.group_bits[candidate] >> place & 1 == 0 {
                continue;
            }
            let mut holders =
                (0..count).filter(|&other| gives(other) && self.group_bits[other] >> place & 1 == 1);
            let first = holders.next();
            if first.is_some() && 1 + holders.count() >= *at_most as usize {
                return first.map(|first| first as u32);
            }
        }
        let stands_against = |other: &usize| {
            gives(*other)
                && (self.against_classes[candidate] & ground.candidates[*other].classes != 0
                    || self.exclusive_basket(ground, candidate, *other)
                    || self.exclusive_line(ground, candidate, *other))
        };
        (0..count).find(stands_against).map(|other| other as u32)
    }

    /// Whether a candidate that just gave something may stand beside those that gave before.
    pub(crate) fn admits(&self, ground: &Ground<'_>, state: &State, kept: &[bool], candidate: usize) -> bool {
        if !self.any {
            return true;
        }
        let gives = state.times[candidate] > 0;
        if self.exclusive[candidate].is_some() && !gives {
            return false;
        }
        if !gives {
            return true;
        }
        let others = || {
            (0..ground.candidates.len())
                .filter(|&other| other != candidate && kept[other] && state.times[other] > 0)
        };
        for (place, (_, at_most, _)) in self.groups.iter().enumerate() {
            if self.group_bits[candidate] >> place & 1 == 1
                && others().filter(|&other| self.group_bits[other] >> place & 1 == 1).count()
                    >= *at_most as usize
            {
                return false;
            }
        }
        !others().any(|other| {
            self.against_classes[candidate] & ground.candidates[other].classes != 0
                || self.exclusive_basket(ground, candidate, other)
                || self.exclusive[candidate] == Some(ExclusiveScope::Line)
                    && self.exclusive[other] == Some(ExclusiveScope::Line)
                    && self.exclusive_line(ground, candidate, other)
        })
    }
    /// Whether a candidate that is still ahead could stand beside those that gave.
    pub(crate) fn could_stand(
        &self,
        ground: &Ground<'_>,
        state: &State,
        kept: &[bool],
        candidate: usize,
    ) -> bool {
        let others = || (0..ground.candidates.len()).filter(|&other| kept[other] && state.times[other] > 0);
        for (place, (_, at_most, _)) in self.groups.iter().enumerate() {
            if self.group_bits[candidate] >> place & 1 == 1
                && others().filter(|&other| self.group_bits[other] >> place & 1 == 1).count()
                    >= *at_most as usize
            {
                return false;
            }
        }
        !others().any(|other| {
            self.against_classes[candidate] & ground.candidates[other].classes != 0
                || self.exclusive_basket(ground, candidate, other)
        })
    }
}

/// Whether one candidate takes from lines that another's threshold or price looks at.
pub(crate) fn touches(ground: &Ground<'_>, from: usize, looks_at: &[u64]) -> bool {
    let acts = |which: usize| ground.set(from, which).iter().zip(looks_at).any(|(a, b)| a & b != 0);
    match ground.offer(from) {
        Some(offer) if !offer.parts.is_empty() => {
            (0..offer.parts.len()).any(|part| acts(crate::ground::SET_PARTS + part))
        }
        // A `match` takes where the other offer took.
        Some(offer) if matches!(offer.effect, Effect::Match { .. }) => offer.matches.is_some_and(|other| {
            (0..ground.candidates.len()).any(|candidate| {
                ground.candidates[candidate].source == suanpan_domain::OfferRef::Program(other)
                    && ground.set(candidate, SET_TARGET).iter().zip(looks_at).any(|(a, b)| a & b != 0)
            })
        }),
        Some(offer) if matches!(offer.effect, Effect::Gift { .. }) => true,
        Some(offer) if matches!(offer.effect, Effect::BuyGet { .. }) => {
            acts(SET_TARGET) || acts(SET_BUY) && offer.target.is_none()
        }
        _ => acts(SET_TARGET),
    }
}

/// Whether two candidates share a unit pool and units.
pub(crate) fn share_units(ground: &Ground<'_>, a: usize, b: usize) -> bool {
    units::shares_units(ground, a, b)
}
