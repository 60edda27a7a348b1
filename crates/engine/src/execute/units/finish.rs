//! Cuts of what an effect computed for units, and the state that follows (docs/pricing.md, rules 14, 17, 18 and 35).

use suanpan_domain::{Money, Quantity, Reason, Rounding, UnitPrice};
use suanpan_program::model::Effect;

use super::classes::{Piece, Role};
use super::{Call, times_of};
use crate::execute::{Given, Take, cap_of, keep_sku_floor, refusal};
use crate::lines::LineFacts;
use crate::state::Run;

impl Call<'_, '_> {
    /// Settles the rewards of all classes; `cut` says that a unit was to get more than it costs.
    pub(super) fn finish(&mut self, times: i64, cut: bool) -> Given {
        self.units.place();
        self.finish_placed(times, cut)
    }

    /// The same once the rewards have found their places.
    pub(super) fn finish_placed(&mut self, times: i64, cut: bool) -> Given {
        match self.cut(cut) {
            Ok(reason) => {
                if matches!(self.offer.effect, Effect::Gift { .. }) {
                    self.keep_what_costs();
                }
                let amount = self.apply();
                Given { reason, ..Given::full(amount, times_of(times)) }
            }
            Err(reason) => Given::nothing(reason),
        }
    }

    /// Cuts the rewards to what lines, floors and caps allow. `Ok` is why they were cut; `Err` is why nothing is left.
    fn cut(&mut self, mut cut: bool) -> Result<Option<Reason>, Reason> {
        let (ground, candidate) = (self.ground, self.candidate);
        let terms = ground.terms(candidate);
        let (mut total, mut back) = (0, 0);
        let mut by_law = false;
        let super::UnitWork { spans, pieces, .. } = &mut *self.units;
        for span in spans.iter_mut() {
            let line = span.line as usize;
            let pieces = &mut pieces[span.pieces.0 as usize..span.pieces.1 as usize];
            if let Some(price) = terms.floor_unit_price {
                let floor = unit_floor(price, &ground.lines[line]);
                for piece in pieces.iter_mut() {
                    piece.reward = piece.reward.min((piece.run.amount - floor).max(0));
                }
            }
            let sum: i64 = pieces.iter().map(|piece| piece.run.count * piece.reward).sum();
            let above = terms.floor_line.map_or(i64::MAX, |floor| self.state.running[line] - floor.minor());
            let free = self.state.free(ground.lines, line);
            let wanted = sum.min(above.max(0));
            cut |= wanted > free;
            by_law |= wanted > free && self.state.is_held_by_law(ground.lines, line);
            let taken = wanted.min(free);
            span.back = sum - taken;
            back += span.back;
            total += taken;
            if taken > 0 && terms.floor_sku.is_some() {
                self.work.takes.push(Take { line: span.line, amount: taken });
            }
        }
        if back > 0 {
            self.units.give_back();
        }
        if terms.floor_sku.is_some() {
            self.keep_sku_floor();
            total = self.work.takes.iter().map(|take| take.amount).sum();
        }
        let (cap, binding) = cap_of(ground, self.state, candidate);
        self.work.wanted = total;
        self.work.takes.clear();
        if terms.all_or_nothing && (cut || total > cap) {
            return Err(refusal(ground, self.state, self.work, candidate, cut));
        }
        let reason = by_law.then_some(Reason::LegalMinimum);
        match total > cap {
            _ if total == 0 && by_law => Err(Reason::LegalMinimum),
            _ if total == 0 => Err(Reason::NothingLeftToDiscount),
            true if cap <= 0 => Err(binding.unwrap_or(Reason::NothingLeftToDiscount)),
            true => {
                self.cap(cap);
                Ok(binding)
            }
            false => Ok(reason),
        }
    }

    /// A unit that was to be a gift and was cut to nothing is none.
    fn keep_what_costs(&mut self) {
        for piece in self.units.pieces.iter_mut().filter(|piece| piece.reward == 0) {
            piece.role = Role::Untouched;
        }
    }

    /// Lines of one sku give back, from the last, what would take it below its floor.
    fn keep_sku_floor(&mut self) {
        let mut takes = std::mem::take(&mut self.work.takes);
        let mut place = 0;
        for take in &takes {
            while self.units.spans[place].line != take.line {
                place += 1;
            }
            self.units.spans[place].back = take.amount;
        }
        keep_sku_floor(self.ground, self.state, self.candidate, &mut takes);
        place = 0;
        for take in &takes {
            while self.units.spans[place].line != take.line {
                place += 1;
            }
            self.units.spans[place].back -= take.amount;
        }
        self.units.give_back();
        self.work.takes = takes;
    }

    /// Divides the cap between the rewarded units by what was computed for them, in unit order.
    fn cap(&mut self, cap: i64) {
        let lines = self.ground.lines;
        let units = &mut *self.units;
        let super::UnitWork { order, pieces, spread, .. } = units;
        order.clear();
        order.extend((0..pieces.len() as u32).filter(|&place| pieces[place as usize].reward > 0));
        let requested = |piece: &Piece| lines[piece.line as usize].requested_micro;
        order.sort_unstable_by(|&a, &b| {
            let (x, y) = (&pieces[a as usize], &pieces[b as usize]);
            y.run.amount.cmp(&x.run.amount).then(requested(y).cmp(&requested(x))).then(a.cmp(&b))
        });
        spread.begin();
        for &place in order.iter() {
            let piece = &pieces[place as usize];
            spread.push(place, piece.reward, piece.run.count);
        }
        spread.divide(self.ground.method(), cap);
        units.take_parts();
    }

    /// Lets the state follow: runs of units, what lines cost or have reserved, what is consumed. Gives what was given.
    fn apply(&mut self) -> i64 {
        let facts = &self.ground.candidates[self.candidate];
        let mut total = 0;
        for span in &self.units.spans {
            let line = span.line as usize;
            let pieces = &self.units.pieces[span.pieces.0 as usize..span.pieces.1 as usize];
            if pieces.iter().all(|piece| piece.role == Role::Untouched) {
                continue;
            }
            let mut taken = 0;
            let runs = pieces.iter().map(|piece| {
                taken += piece.reward * piece.run.count;
                let consumed = if piece.role == Role::Untouched { 0 } else { self.offer.pool };
                Run {
                    amount: piece.run.amount - if facts.tender { 0 } else { piece.reward },
                    consumed: piece.run.consumed | consumed,
                    ..piece.run
                }
            });
            self.state.units.set_runs(line, runs);
            if taken == 0 {
                continue;
            }
            total += taken;
            self.work.takes.push(Take { line: span.line, amount: taken });
            if facts.tender {
                self.state.reserved[line] += taken;
                self.state.holds_back = true;
            } else {
                self.state.running[line] -= taken;
            }
        }
        if !facts.guard_exempt && !facts.tender && self.state.guard_left != i64::MAX {
            self.state.guard_left -= total;
        }
        total
    }
}

impl super::UnitWork {
    /// Gives the pieces the shares of the parts that were divided between them; the parts' keys are places of pieces.
    fn take_parts(&mut self) {
        let Self { spans, pieces, fresh, spread, order, .. } = self;
        // Where the parts of each piece begin; parts of one piece stand together.
        order.clear();
        order.resize(pieces.len(), u32::MAX);
        for (place, part) in spread.parts.iter().enumerate().rev() {
            order[part.key as usize] = place as u32;
        }
        fresh.clear();
        for span in spans {
            let start = fresh.len();
            for place in span.pieces.0..span.pieces.1 {
                let piece = pieces[place as usize];
                let first = order[place as usize];
                if first == u32::MAX {
                    fresh.push(piece);
                    continue;
                }
                for part in spread.parts[first as usize..].iter().take_while(|part| part.key == place) {
                    let run = Run { count: part.count, ..piece.run };
                    fresh.push(Piece { run, reward: part.share, ..piece });
                }
            }
            span.pieces = (start as u32, fresh.len() as u32);
        }
        std::mem::swap(pieces, fresh);
    }
}

/// The least that one unit of a line may cost: of a weighed line for its quantity, rounded up.
fn unit_floor(price: Money, facts: &LineFacts) -> i64 {
    if facts.weighed {
        let quantity = Quantity::from_milli(facts.quantity_milli);
        UnitPrice::from_minor(price.minor()).times(quantity, Rounding::Up).minor()
    } else {
        price.minor()
    }
}
