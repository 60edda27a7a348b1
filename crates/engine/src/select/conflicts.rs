//! Which candidates stand against each other by group, class or exclusivity.

use suanpan_program::model::{Effect, ExclusiveScope, GroupScope};

use crate::compile::CompiledOffer;
use crate::evaluate::selected;
use crate::execute::units;
use crate::ground::{Ground, SET_BUY, SET_TARGET};
use crate::planted::{self, Bug};

/// Which candidates cannot both give something, as bit sets over candidates. Empty when none can stand against another.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    /// Whether any pair can stand against each other at all.
    pub(crate) any: bool,
    /// Words of a bit set over candidates.
    pub(crate) words: usize,
    /// Row of each candidate: those that must not give beside it.
    forbidden: Vec<u64>,
    /// Row of each candidate: those that excuse its absence when they give.
    excusing: Vec<u64>,
    /// Row of each candidate: all that it has to do with, groups included.
    related: Vec<u64>,
    /// Places of a group with fewer places than candidates; its row of members in `members`.
    groups: Vec<u32>,
    members: Vec<u64>,
    pub(crate) exclusive: Vec<Option<ExclusiveScope>>,
    order: Vec<u16>,
}

impl Conflicts {
    pub(crate) fn read(&mut self, ground: &Ground<'_>) {
        let count = ground.candidates.len();
        self.words = count.div_ceil(64).max(1);
        self.any = false;
        self.exclusive.clear();
        if !ground.compiled.has_conflicts {
            self.exclusive.resize(count, None);
            return;
        }
        self.exclusive.extend((0..count).map(|at| ground.offer(at).and_then(|offer| offer.exclusive)));
        let classes = ground.compiled.class_conflicts.iter().any(|conflicts| *conflicts != 0);
        let exclusive = self.exclusive.iter().any(Option::is_some);
        let grouped = ground.compiled.has_basket_groups
            && (0..count).any(|at| ground.offer(at).is_some_and(|offer| !offer.groups.is_empty()));
        if !(classes || exclusive || grouped) {
            return;
        }
        for rows in [&mut self.forbidden, &mut self.excusing, &mut self.related] {
            rows.clear();
            rows.resize(count * self.words, 0);
        }
        if classes || exclusive {
            self.read_pairs(ground);
        }
        self.read_groups(ground);
        self.any = self.related.iter().any(|word| *word != 0) || exclusive;
    }

    fn read_pairs(&mut self, ground: &Ground<'_>) {
        let count = ground.candidates.len();
        for a in 0..count {
            for b in a + 1..count {
                let forbidden = classes_clash(ground, a, b) || self.refuses_basket(ground, a, b);
                let (a_line, b_line) = (self.is_line(a), self.is_line(b));
                let common = (a_line && ground.candidates[b].lowers || b_line && ground.candidates[a].lowers)
                    && (0..ground.words)
                        .any(|word| selected(ground, a, word) & selected(ground, b, word) != 0);
                if forbidden || common && a_line && b_line {
                    set(&mut self.forbidden, self.words, a, b);
                }
                // What an offer's threshold counts, or what has to be bought for it, it loses with the lines.
                let counted = a_line && ground.candidates[b].lowers && looks_at(ground, b, a)
                    || b_line && ground.candidates[a].lowers && looks_at(ground, a, b);
                if forbidden || common || counted {
                    set(&mut self.related, self.words, a, b);
                }
                // What only skips the lines of a line-exclusive offer is kept beside it.
                if forbidden || common && a_line {
                    set_one(&mut self.excusing, self.words, a, b);
                }
                if forbidden || common && b_line {
                    set_one(&mut self.excusing, self.words, b, a);
                }
            }
        }
    }

    fn read_groups(&mut self, ground: &Ground<'_>) {
        self.groups.clear();
        self.members.clear();
        self.order.clear();
        for candidate in 0..ground.candidates.len() {
            for &group in ground.offer(candidate).map_or(&[][..], |offer| &offer.groups) {
                let source = &ground.compiled.groups[group as usize];
                if source.scope == GroupScope::Line {
                    continue;
                }
                let place = self.order.iter().position(|known| *known == group).unwrap_or_else(|| {
                    self.order.push(group);
                    self.groups.push(source.at_most);
                    self.members.resize(self.groups.len() * self.words, 0);
                    self.order.len() - 1
                });
                self.members[place * self.words + candidate / 64] |= 1 << (candidate % 64);
            }
        }
        for place in 0..self.groups.len() {
            let row = place * self.words..(place + 1) * self.words;
            let wanting: u32 = self.members[row.clone()].iter().map(|word| word.count_ones()).sum();
            if wanting <= self.groups[place] {
                // A group with room for all its candidates keeps nobody out.
                self.members[row].fill(0);
                continue;
            }
            let members = || crate::ground::bits(&self.members[row.clone()]);
            for a in members() {
                for b in members().filter(|b| *b > a) {
                    set(&mut self.related, self.words, a, b);
                }
            }
        }
    }

    fn is_line(&self, candidate: usize) -> bool {
        self.exclusive[candidate] == Some(ExclusiveScope::Line)
    }

    /// One of them tolerates no other discount in the basket.
    fn refuses_basket(&self, ground: &Ground<'_>, a: usize, b: usize) -> bool {
        let refuses = |a: usize, b: usize| {
            self.exclusive[a] == Some(ExclusiveScope::Basket) && ground.candidates[b].lowers
        };
        refuses(a, b) || refuses(b, a)
    }

    fn row<'a>(&self, rows: &'a [u64], candidate: usize) -> &'a [u64] {
        &rows[candidate * self.words..(candidate + 1) * self.words]
    }

    /// Whether two exclusive candidates, which must both give something where they are kept, cannot both give.
    pub(crate) fn exclusives_clash(&self, a: usize, b: usize) -> bool {
        self.any
            && self.exclusive[a].is_some()
            && self.exclusive[b].is_some()
            && self.row(&self.forbidden, a)[b / 64] >> (b % 64) & 1 == 1
    }

    /// Whether a candidate has to do with any that is not excluded.
    pub(crate) fn stands_against_any(&self, candidate: usize, excluded: &[bool]) -> bool {
        self.any && crate::ground::bits(self.row(&self.related, candidate)).any(|other| !excluded[other])
    }

    /// Who keeps a candidate out, among those that give.
    pub(crate) fn excused(&self, gave: &[u64], candidate: usize) -> Option<u32> {
        if !self.any {
            return None;
        }
        for (place, at_most) in self.groups.iter().enumerate() {
            let members = &self.members[place * self.words..(place + 1) * self.words];
            if members[candidate / 64] >> (candidate % 64) & 1 == 0 {
                continue;
            }
            let others = |word: usize| {
                let own = if word == candidate / 64 { 1 << (candidate % 64) } else { 0 };
                members[word] & gave[word] & !own
            };
            let holders: u32 = (0..self.words).map(|word| others(word).count_ones()).sum();
            if holders >= *at_most && holders > 0 {
                return (0..self.words)
                    .find(|&word| others(word) != 0)
                    .map(|word| word as u32 * 64 + others(word).trailing_zeros());
            }
        }
        let row = self.row(&self.excusing, candidate);
        row.iter()
            .zip(gave)
            .position(|(a, b)| a & b != 0)
            .map(|word| word as u32 * 64 + (row[word] & gave[word]).trailing_zeros())
    }

    /// Whether a candidate may stand beside those that gave: `gave` may hold it already.
    pub(crate) fn admits(&self, gave: &[u64], candidate: usize, gives: bool) -> bool {
        if !self.any {
            return true;
        }
        if !gives {
            return self.exclusive[candidate].is_none();
        }
        self.could_stand(gave, candidate)
    }

    /// [`Conflicts::could_stand`], where there are conflicts at all.
    #[inline]
    pub(crate) fn any_stands(&self, gave: &[u64], candidate: usize) -> bool {
        !self.any || self.could_stand(gave, candidate)
    }

    /// Whether a candidate could give something beside those that gave.
    pub(crate) fn could_stand(&self, gave: &[u64], candidate: usize) -> bool {
        if self.row(&self.forbidden, candidate).iter().zip(gave).any(|(a, b)| a & b != 0) {
            return false;
        }
        if planted::is(Bug::GroupIgnored) {
            return true;
        }
        for (place, at_most) in self.groups.iter().enumerate() {
            let members = &self.members[place * self.words..(place + 1) * self.words];
            let own = candidate / 64;
            if members[own] >> (candidate % 64) & 1 == 0 {
                continue;
            }
            let mut holders: u32 = members.iter().zip(gave).map(|(a, b)| (a & b).count_ones()).sum();
            if gave[own] >> (candidate % 64) & 1 == 1 {
                holders -= 1;
            }
            if holders >= *at_most {
                return false;
            }
        }
        true
    }
}

/// Whether a candidate asks for something on the lines that an exclusive one selects, though it need not act there.
fn looks_at(ground: &Ground<'_>, candidate: usize, exclusive: usize) -> bool {
    let Some(offer) = ground.offer(candidate) else { return false };
    let asks = offer.threshold.is_some()
        || !offer.buy.is_everything
        || matches!(offer.effect, Effect::Steps(_) | Effect::Repeat { .. } | Effect::Gift { .. });
    let buy = ground.set(candidate, SET_BUY);
    asks && (0..ground.words).any(|word| selected(ground, exclusive, word) & buy[word] != 0)
}

fn set(rows: &mut [u64], words: usize, a: usize, b: usize) {
    set_one(rows, words, a, b);
    set_one(rows, words, b, a);
}

fn set_one(rows: &mut [u64], words: usize, row: usize, other: usize) {
    rows[row * words + other / 64] |= 1 << (other % 64);
}

fn classes_clash(ground: &Ground<'_>, a: usize, b: usize) -> bool {
    let mut classes = ground.candidates[a].classes;
    while classes != 0 {
        let against = ground.compiled.class_conflicts[classes.trailing_zeros() as usize];
        if against & ground.candidates[b].classes != 0 {
            return true;
        }
        classes &= classes - 1;
    }
    false
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
        Some(CompiledOffer { effect: Effect::Gift { of, .. }, .. }) => {
            (0..ground.words).any(|word| units::gift_word(ground, from, of, word) & looks_at[word] != 0)
        }
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
