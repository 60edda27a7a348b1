//! Limits that hold for everybody: total uses of an offer and its budget.

use suanpan_domain::CheckoutId;
use suanpan_ledger::head::OfferKey;

use crate::scope::Owner;

/// How much an offer may give in all. None is without a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitCap {
    /// Uses by everybody together.
    pub uses: Option<i64>,
    /// What it gives in all, minor units.
    pub amount_minor: Option<i64>,
}

/// Uses and what they gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Uses.
    pub uses: i64,
    /// Minor units.
    pub amount_minor: i64,
}

impl Taken {
    /// Both sums; saturates, which fits no cap.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            uses: self.uses.saturating_add(other.uses),
            amount_minor: self.amount_minor.saturating_add(other.amount_minor),
        }
    }

    /// Whether so much is within this.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.uses >= other.uses && self.amount_minor >= other.amount_minor
    }

    /// Both differences, not below 0.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            uses: self.uses.saturating_sub(other.uses).max(0),
            amount_minor: self.amount_minor.saturating_sub(other.amount_minor).max(0),
        }
    }
}

/// Where one limit stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitView {
    /// The offer.
    pub offer: OfferKey,
    /// What may be taken; none when no cap was ever set, and then nothing fits.
    pub cap: Option<LimitCap>,
    /// By paid sales.
    pub used: Taken,
    /// By reservations.
    pub held: Taken,
    /// By facts that found nothing left or held nothing.
    pub overrun: Taken,
    /// What the holder of the decision (its checkout and owner) has of it.
    pub holder: Option<LimitHolder>,
}

/// What one sale has of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitHolder {
    /// Where it stands.
    pub state: HolderState,
    /// How much.
    pub taken: Taken,
    /// Until when a hold may not be ended by others, Unix milliseconds; 0 for other states.
    pub until_ms: i64,
}

/// Where one sale's share of a limit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HolderState {
    /// Reserved.
    Held,
    /// Paid.
    Used,
    /// Paid without having been there to take.
    Overrun,
    /// The reservation ended without a sale.
    Freed,
    /// The sale was returned, and the program counts that back.
    GivenBack,
}

/// A holder by name, as reports and the audit read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedHolder {
    /// The limit.
    pub offer: OfferKey,
    /// The sale.
    pub checkout: CheckoutId,
    /// Whose sale.
    pub owner: Owner,
    /// What it has.
    pub holder: LimitHolder,
}

impl LimitView {
    /// A limit of which nothing is known.
    #[must_use]
    pub fn unknown(offer: OfferKey) -> Self {
        Self {
            offer,
            cap: None,
            used: Taken::default(),
            held: Taken::default(),
            overrun: Taken::default(),
            holder: None,
        }
    }

    /// Everything taken: `used + held + overrun`.
    #[must_use]
    pub const fn taken(&self) -> Taken {
        self.used.plus(self.held).plus(self.overrun)
    }

    /// Whether so much more can be held or used. What this holder holds already is not counted twice.
    #[must_use]
    pub fn fits(&self, more: Taken) -> bool {
        let Some(cap) = self.cap else { return false };
        let mut taken = self.taken();
        if let Some(holder) = self.holder.filter(|holder| holder.state == HolderState::Held) {
            taken = taken.minus(holder.taken);
        }
        let taken = taken.plus(more);
        cap.uses.is_none_or(|cap| taken.uses <= cap || more.uses == 0)
            && cap.amount_minor.is_none_or(|cap| taken.amount_minor <= cap || more.amount_minor == 0)
    }
}

/// What a decision does to a limit, for the holder that its scope names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitMove {
    /// The limit; one of the scope's.
    pub offer: OfferKey,
    /// What.
    pub step: LimitStep,
    /// How much; read by `Hold`, `Take` and `Settle`.
    pub taken: Taken,
}

/// Steps of a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitStep {
    /// Reserve; only what [fits](LimitView::fits). Again: replaces what this holder holds.
    Hold {
        /// Until when others may not end it, Unix milliseconds.
        until_ms: i64,
    },
    /// Paid without a reservation: only what fits. A hold of this holder becomes used.
    Take,
    /// Paid: what is held becomes used, by the amounts given here; what is absent or freed becomes an overrun by them, and so
    /// does all of a fact's share that is more than was held. Repeated, nothing.
    Settle,
    /// The reservation ended: what is held is free. For others, nothing.
    Free,
    /// The sale came back whole: what is used (or an overrun) counts no longer. For others, nothing.
    GiveBack,
}

impl LimitView {
    /// The limit after a step of its holder; none when `Hold` or `Take` does not fit or an amount is negative.
    ///
    /// Both stores move limits by this one function.
    #[must_use]
    pub fn after(&self, step: LimitStep, taken: Taken) -> Option<Self> {
        if taken.uses < 0 || taken.amount_minor < 0 {
            return None;
        }
        let mut next = self.clone();
        let holding = |state, taken, until_ms| Some(LimitHolder { state, taken, until_ms });
        match (step, self.holder) {
            (LimitStep::Hold { .. } | LimitStep::Take, Some(holder))
                if matches!(holder.state, HolderState::Used | HolderState::Overrun) => {}
            (LimitStep::Hold { .. } | LimitStep::Take, holder) => {
                if !self.fits(taken) {
                    return None;
                }
                if let Some(holder) = holder.filter(|holder| holder.state == HolderState::Held) {
                    next.held = next.held.minus(holder.taken);
                }
                if let LimitStep::Hold { until_ms } = step {
                    next.held = next.held.plus(taken);
                    next.holder = holding(HolderState::Held, taken, until_ms);
                } else {
                    next.used = next.used.plus(taken);
                    next.holder = holding(HolderState::Used, taken, 0);
                }
            }
            (LimitStep::Settle, Some(holder)) if holder.state == HolderState::Held => {
                next.held = next.held.minus(holder.taken);
                if holder.taken.covers(taken) {
                    next.used = next.used.plus(taken);
                    next.holder = holding(HolderState::Used, taken, 0);
                } else {
                    next.overrun = next.overrun.plus(taken);
                    next.holder = holding(HolderState::Overrun, taken, 0);
                }
            }
            (LimitStep::Settle, Some(holder))
                if matches!(holder.state, HolderState::Used | HolderState::Overrun) => {}
            (LimitStep::Settle, _) => {
                next.overrun = next.overrun.plus(taken);
                next.holder = holding(HolderState::Overrun, taken, 0);
            }
            (LimitStep::Free, Some(holder)) if holder.state == HolderState::Held => {
                next.held = next.held.minus(holder.taken);
                next.holder = holding(HolderState::Freed, holder.taken, 0);
            }
            (LimitStep::Free, _) => {}
            (LimitStep::GiveBack, Some(holder)) if holder.state == HolderState::Used => {
                next.used = next.used.minus(holder.taken);
                next.holder = holding(HolderState::GivenBack, holder.taken, 0);
            }
            (LimitStep::GiveBack, Some(holder)) if holder.state == HolderState::Overrun => {
                next.overrun = next.overrun.minus(holder.taken);
                next.holder = holding(HolderState::GivenBack, holder.taken, 0);
            }
            (LimitStep::GiveBack, _) => {}
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(uses: i64) -> Taken {
        Taken { uses, amount_minor: 10 * uses }
    }

    /// A limit of five uses, of which others have one used and one held.
    fn limit(holder: Option<(HolderState, i64)>) -> LimitView {
        let mut limit = LimitView::unknown(OfferKey(1));
        limit.cap = Some(LimitCap { uses: Some(5), amount_minor: None });
        (limit.used, limit.held) = (taken(1), taken(1));
        if let Some((state, uses)) = holder {
            match state {
                HolderState::Held => limit.held = limit.held.plus(taken(uses)),
                HolderState::Used => limit.used = limit.used.plus(taken(uses)),
                HolderState::Overrun => limit.overrun = limit.overrun.plus(taken(uses)),
                HolderState::Freed | HolderState::GivenBack => {}
            }
            limit.holder = Some(LimitHolder { state, taken: taken(uses), until_ms: 0 });
        }
        limit
    }

    #[test]
    fn steps_move_between_the_sums() {
        use HolderState::{Freed, GivenBack, Held, Overrun, Used};
        use LimitStep::{Free, GiveBack, Settle, Take};
        let hold = LimitStep::Hold { until_ms: 9 };
        for (before, step, uses, after) in [
            // Step, its uses, then used, held, overrun and state after it.
            (None, hold, 3, Some((1, 4, 0, Some(Held)))),
            (None, hold, 4, None),
            (None, Take, 3, Some((4, 1, 0, Some(Used)))),
            (None, Take, 4, None),
            (None, Settle, 9, Some((1, 1, 9, Some(Overrun)))),
            (None, Free, 0, Some((1, 1, 0, None))),
            (None, GiveBack, 0, Some((1, 1, 0, None))),
            (Some((Held, 2)), hold, 3, Some((1, 4, 0, Some(Held)))),
            (Some((Held, 2)), hold, 4, None),
            (Some((Held, 2)), Take, 1, Some((2, 1, 0, Some(Used)))),
            (Some((Held, 2)), Settle, 2, Some((3, 1, 0, Some(Used)))),
            // A fact may take other than was held: less, and the rest is free; more, and it held nothing of that.
            (Some((Held, 2)), Settle, 1, Some((2, 1, 0, Some(Used)))),
            (Some((Held, 2)), Settle, 3, Some((1, 1, 3, Some(Overrun)))),
            (Some((Held, 2)), Free, 0, Some((1, 1, 0, Some(Freed)))),
            (Some((Held, 2)), GiveBack, 0, Some((1, 3, 0, Some(Held)))),
            (Some((Used, 2)), hold, 1, Some((3, 1, 0, Some(Used)))),
            (Some((Used, 2)), Take, 9, Some((3, 1, 0, Some(Used)))),
            (Some((Used, 2)), Settle, 9, Some((3, 1, 0, Some(Used)))),
            (Some((Used, 2)), Free, 0, Some((3, 1, 0, Some(Used)))),
            (Some((Used, 2)), GiveBack, 0, Some((1, 1, 0, Some(GivenBack)))),
            (Some((Overrun, 9)), Settle, 1, Some((1, 1, 9, Some(Overrun)))),
            (Some((Overrun, 9)), GiveBack, 0, Some((1, 1, 0, Some(GivenBack)))),
            (Some((Freed, 2)), Settle, 2, Some((1, 1, 2, Some(Overrun)))),
            (Some((Freed, 2)), Take, 3, Some((4, 1, 0, Some(Used)))),
            (None, Take, -1, None),
        ] {
            let told = limit(before).after(step, taken(uses)).map(|limit| {
                let sums = (limit.used, limit.held, limit.overrun);
                for sum in [sums.0, sums.1, sums.2] {
                    assert_eq!(sum.amount_minor, 10 * sum.uses);
                }
                (sums.0.uses, sums.1.uses, sums.2.uses, limit.holder.map(|holder| holder.state))
            });
            assert_eq!(told, after, "{before:?} {step:?} {uses}");
        }
    }

    #[test]
    fn nothing_fits_where_no_cap_was_set() {
        assert!(!LimitView::unknown(OfferKey(1)).fits(taken(0)));
        let mut free = limit(None);
        free.cap = Some(LimitCap::default());
        assert!(free.fits(Taken { uses: i64::MAX, amount_minor: i64::MAX }));
        free.cap = Some(LimitCap { uses: None, amount_minor: Some(100) });
        assert!(free.fits(Taken { uses: 1_000, amount_minor: 80 }));
        assert!(!free.fits(Taken { uses: 1, amount_minor: 81 }));
        // Overruns may stand above the cap: what takes nothing of it still fits.
        free.overrun = taken(1_000);
        assert!(free.fits(Taken { uses: 1, amount_minor: 0 }));
    }
}
