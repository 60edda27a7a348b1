//! Goods come back.

use std::sync::Arc;

use suanpan_domain::{CheckoutId, ReturnId};
use suanpan_ledger::command::{Repriced, Wanted};
use suanpan_ledger::refusal::Conflict;
use suanpan_ledger::{Action, Actor, Applied, EntryKey, Policy, Refusal, apply};
use suanpan_store::{
    CodeHash, CodeMove, CodeStep, LimitMove, LimitStep, Owner, Scope, StoreError, Taken, Verdict, View,
};

use super::{Books, BooksError, Moment, Recorded, Undecided, leaving};

/// A return that a till asks for.
#[derive(Clone, Debug)]
pub struct Refund {
    /// The sale.
    pub checkout: CheckoutId,
    /// The return.
    pub return_id: ReturnId,
    /// Whose sale it is.
    pub owner: Owner,
    /// Who asks.
    pub actor: Actor,
    /// Now by the caller's clock, Unix milliseconds.
    pub now_ms: i64,
    /// When by the store's clock, Unix milliseconds.
    pub business_ms: i64,
    /// Of what is asked for.
    pub content_hash: [u8; 32],
    /// What comes back.
    pub wanted: Wanted,
    /// What the rest costs, for a program that prices again, and on how many returns before that was priced.
    pub repriced: Option<(Repriced, usize)>,
    /// It was given already: recorded whatever is left.
    pub fact: bool,
}

impl Books {
    /// Takes goods back.
    ///
    /// # Errors
    /// [`BooksError::Refused`] with every reason; [`BooksError::Stale`] when another return came between pricing and
    /// this call.
    pub async fn refund(&self, refund: Refund) -> Result<Recorded, BooksError> {
        let found = self.store.find_checkout(&self.chain, refund.checkout).await?;
        let sale = found.and_then(|found| found.entry.sale);
        let mut scope = Scope::of(refund.owner.clone()).with_returns(refund.checkout);
        if let Some(sale) = &sale {
            scope.limits = sale.global_uses.iter().map(|used| used.offer).collect();
            scope.codes = sale.codes.iter().map(|code| CodeHash(*code)).collect();
        }
        let (policy, now_ms, refund) = (Arc::clone(&self.policy), refund.now_ms, Arc::new(refund));
        let decider = move |view: &View| leaving(decided(&policy, view, &refund));
        // Returns of a merged member's sales stay with the sale; the ledger carries them over.
        self.decide(Moment::of_call(now_ms), scope, decider).await?.map_err(|_| StoreError::Busy.into())
    }
}

fn decided(policy: &Policy, view: &View, refund: &Refund) -> Result<(Verdict, Recorded), Undecided> {
    let key = EntryKey::Return(refund.checkout, refund.return_id);
    let earlier = view.entries.iter().filter(|entry| matches!(entry.key, EntryKey::Return(..))).count();
    let repriced = match refund.repriced {
        // A repeated return is answered from its row, whatever it would be priced on now.
        Some((_, priced_on)) if priced_on != earlier && view.entry(key).is_none() => {
            return Err(Undecided::Stale);
        }
        Some((repriced, _)) => Some(repriced),
        None => None,
    };
    let action = Action::Return {
        checkout: refund.checkout,
        return_id: refund.return_id,
        content_hash: refund.content_hash,
        business_ms: refund.business_ms,
        wanted: refund.wanted.clone(),
        repriced,
        fact: refund.fact,
    };
    let recorded = |entry, repeated| Recorded { owner: refund.owner.clone(), entry, repeated };
    let command = Books::command(refund.now_ms, &refund.actor, action);
    let change = match apply(policy, &view.head, &view.entries, &command) {
        Ok(Applied::Changed(change)) => change,
        Ok(Applied::Known(entry)) => return Ok((Verdict::Leave, recorded(*entry, true))),
        Ok(Applied::AccrueFirst) => return Err(Undecided::AccrueFirst),
        Ok(Applied::Nothing) => return Err(vec![Conflict::of(Refusal::CheckoutUnknown)].into()),
        Err(conflicts) => return Err(conflicts.into()),
    };
    let answer = recorded(change.entry.clone(), false);
    let whole = change.entry.returned.as_ref().is_some_and(|returned| returned.whole);
    let mut write = Books::write(policy, refund.owner.clone(), *change);
    let sale = view.checkout(refund.checkout).and_then(|row| row.sale.as_deref());
    if let (true, Some(sale)) = (whole, sale) {
        let back = sale.global_uses.iter().filter(|used| used.given_back_if_whole);
        let nothing = Taken::default();
        write.limits = back
            .filter(|used| view.limits.iter().any(|limit| limit.offer == used.offer))
            .map(|used| LimitMove { offer: used.offer, step: LimitStep::GiveBack, taken: nothing })
            .collect();
        if policy.returns.give_back_coupons {
            let known = |place: usize| view.codes.get(place).is_some_and(Option::is_some);
            let codes = sale.codes.iter().enumerate().filter(|(place, _)| known(*place));
            write.codes =
                codes.map(|(_, code)| CodeMove { code: CodeHash(*code), step: CodeStep::GiveBack }).collect();
        }
    }
    Ok((write.into(), answer))
}
