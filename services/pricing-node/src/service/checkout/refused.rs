//! A refusal in the caller's words: the codes and offers that it is about, and what the basket costs without them.

use suanpan_domain::Usage;
use suanpan_domain::usage::OfferUsage;
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::refusal::Conflict;
use suanpan_ledger::{Entry, Policy, Refusal};
use suanpan_rpc::{encode, member_v1, v1};
use tonic::Status;

use super::{Desk, answer};

impl Desk<'_> {
    /// Refusals of the ledger. The basket is priced anew without the codes that are gone and the uses that are left to
    /// nobody: whoever shows that price is not refused again for the same. The node's own reason stands before them.
    pub(super) async fn refused(
        &self,
        mut conflicts: Vec<Conflict>,
        own: Option<member_v1::Conflict>,
        mut basket: v1::Basket,
        counted: Option<Usage>,
    ) -> Status {
        // What was counted for the sale did not hold where a limit refuses; the node knows better then.
        let counted = counted.filter(|_| !conflicts.iter().any(is_of_a_limit));
        for conflict in &mut conflicts {
            if let Some(code) = self.code_of(conflict, &basket.codes) {
                code.clone_into(&mut conflict.subject);
                basket.codes.retain(|other| *other != code);
            } else if let Some(offer) = offer_of(conflict, self.chain.policy()) {
                offer.clone_into(&mut conflict.subject);
                self.note_used_up(conflict);
            }
        }
        let conflicts = own.into_iter().chain(conflicts.iter().map(encode::conflict)).collect();
        answer::refused_for(conflicts, self.fresh(basket, counted).await)
    }

    /// The code that a conflict is about, as the caller wrote it.
    fn code_of(&self, conflict: &Conflict, codes: &[String]) -> Option<String> {
        let of_codes =
            matches!(conflict.reason, Refusal::CodeUnknown | Refusal::CodeHeld | Refusal::CodeUsed);
        let hash = |code: &str| {
            let bytes = self.sales.code_hash(code);
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        codes.iter().find(|code| of_codes && hash(code) == conflict.subject).cloned()
    }

    /// What a recorded sale could not take any more, in the words of whoever reported it. An offer that the program has no
    /// more is left as the ledger knows it.
    pub(super) fn name_overruns(&self, entry: &Entry, overruns: &mut [member_v1::Conflict]) {
        if entry.overruns.is_empty() {
            return;
        }
        let codes = answer::record(entry).and_then(|record| record.basket).map(|basket| basket.codes);
        let codes = codes.unwrap_or_default();
        for (conflict, shown) in entry.overruns.iter().zip(overruns) {
            let code = self.code_of(conflict, &codes);
            let offer = || offer_of(conflict, self.chain.policy()).map(str::to_owned);
            if let Some(name) = code.or_else(offer) {
                shown.subject = name;
            }
        }
    }

    /// What is left of an offer is known better than it was read last.
    fn note_used_up(&self, conflict: &Conflict) {
        let offers = &self.chain.program().offers;
        let Some(offer) = offers.iter().find(|offer| offer.id == conflict.subject) else { return };
        let (in_total, budget) = (offer.limits.in_total, offer.limits.budget);
        self.sales.note_usage(&offer.id, |usage: &mut OfferUsage| match conflict.reason {
            Refusal::GlobalLimit => {
                let left = u64::try_from(conflict.have).unwrap_or(0);
                usage.used = in_total.unwrap_or(u64::MAX).saturating_sub(left);
            }
            Refusal::GlobalBudget => {
                let whole = budget.map_or(i64::MAX, suanpan_domain::Money::minor);
                usage.given_minor = whole.saturating_sub(conflict.have);
            }
            _ => {}
        });
    }
}

/// Whether somebody else has what an offer had left for everybody.
pub(super) const fn is_of_a_limit(conflict: &Conflict) -> bool {
    matches!(conflict.reason, Refusal::GlobalLimit | Refusal::GlobalBudget)
}

/// The offer that a conflict is about.
fn offer_of<'p>(conflict: &Conflict, policy: &'p Policy) -> Option<&'p str> {
    let of_offers =
        matches!(conflict.reason, Refusal::GlobalLimit | Refusal::GlobalBudget | Refusal::MemberLimit);
    let key = u64::from_str_radix(&conflict.subject, 16).ok().filter(|_| of_offers)?;
    policy.offer(OfferKey(key)).map(|offer| offer.id.as_str())
}
