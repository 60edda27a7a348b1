//! The sale will not happen: everything that was held for it is free again, whoever's it was.

use std::sync::Arc;

use suanpan_domain::CheckoutId;
use suanpan_ledger::refusal::Conflict;
use suanpan_ledger::{Action, Actor, Applied, Command, Policy, Refusal, Sale, State, apply};
use suanpan_store::{CodeHash, CodeMove, CodeStep, LimitMove, LimitStep, Owner, Scope, Taken, Verdict, View};

use super::{Books, BooksError, Moment, Recorded, TURNS_MAX, Undecided, leaving};

impl Books {
    /// Cancels a sale. One that was never seen is cancelled as a guest's, so that a late call finds it.
    ///
    /// # Errors
    /// [`Refusal::CheckoutConfirmed`] when it is paid: a confirmed sale is never touched.
    pub async fn cancel(
        &self,
        checkout: CheckoutId,
        actor: &Actor,
        now_ms: i64,
    ) -> Result<Recorded, BooksError> {
        for _ in 0..TURNS_MAX {
            let found = self.store.find_checkout(&self.chain, checkout).await?;
            let (owner, sale) = match found {
                Some(found) => (found.owner, found.entry.sale),
                None => (Owner::Guest(checkout), None),
            };
            let command = Self::command(now_ms, actor, Action::Cancel { checkout });
            match self.end(Moment::of_call(now_ms), owner, checkout, sale.as_deref(), command).await {
                Ok(Some(recorded)) => return Ok(recorded),
                Ok(None) | Err(BooksError::Stale) => {}
                Err(error) => return Err(error),
            }
        }
        Err(BooksError::Stale)
    }

    /// Ends a reservation whose time is over. Nothing when there is none; its row, repeated, when there is none any more.
    pub(super) async fn end_reservation(
        &self,
        owner: Owner,
        checkout: CheckoutId,
        actor: &Actor,
        at: Moment,
    ) -> Result<Option<Recorded>, BooksError> {
        let found = self.store.find_checkout(&self.chain, checkout).await?;
        let sale = found.filter(|found| found.owner == owner).and_then(|found| found.entry.sale);
        let action = Action::EndReservation { checkout, fenced: false };
        let command = Self::command(at.now_ms, actor, action);
        self.end(at, owner, checkout, sale.as_deref(), command).await
    }

    async fn end(
        &self,
        at: Moment,
        owner: Owner,
        checkout: CheckoutId,
        sale: Option<&Sale>,
        command: Command,
    ) -> Result<Option<Recorded>, BooksError> {
        let mut scope = Scope::of(owner.clone()).claiming(checkout);
        scope.limits = sale.iter().flat_map(|sale| sale.global_uses.iter().map(|used| used.offer)).collect();
        scope.codes = sale.iter().flat_map(|sale| sale.codes.iter().map(|code| CodeHash(*code))).collect();
        let policy = Arc::clone(&self.policy);
        let command = Arc::new(command);
        let decider = move |view: &View| leaving(decided(&policy, view, &owner, checkout, &command));
        match self.decide(at, scope, decider).await? {
            Ok(recorded) => Ok(recorded),
            // A closed member's rows stay where they are: nothing here moves.
            Err(_) => Ok(None),
        }
    }
}

fn decided(
    policy: &Policy,
    view: &View,
    owner: &Owner,
    checkout: CheckoutId,
    command: &Command,
) -> Result<(Verdict, Option<Recorded>), Undecided> {
    let sold = |state| matches!(state, State::Confirmed | State::Parked | State::Done);
    if view.elsewhere.iter().any(|other| sold(other.entry.state)) {
        return Err(vec![Conflict::of(Refusal::CheckoutConfirmed)].into());
    }
    if reserved_since(view, checkout, command) {
        return Err(Undecided::Stale);
    }
    let recorded = |entry, repeated| Recorded { owner: owner.clone(), entry, repeated };
    let change = match apply(policy, &view.head, &view.entries, command) {
        Ok(Applied::Changed(change)) => change,
        Ok(Applied::Known(entry)) => return Ok((Verdict::Leave, Some(recorded(*entry, true)))),
        Ok(Applied::Nothing) => return Ok((Verdict::Leave, None)),
        Ok(Applied::AccrueFirst) => return Err(Undecided::AccrueFirst),
        Err(conflicts) => return Err(conflicts.into()),
    };
    let change = view.over_fenced(*change);
    let answer = recorded(change.entry.clone(), false);
    let mut write = Books::write(policy, owner.clone(), change);
    Books::end_elsewhere(policy, view, command, &mut write);
    // What this sale held, if anything: the steps do nothing to what it does not hold.
    let held = view.checkout(checkout).and_then(|row| row.sale.as_deref());
    if let Some(sale) = held {
        let nothing = Taken::default();
        let limits =
            view.limits.iter().filter(|limit| sale.global_uses.iter().any(|used| used.offer == limit.offer));
        write.limits = limits
            .map(|limit| LimitMove { offer: limit.offer, step: LimitStep::Free, taken: nothing })
            .collect();
        write.codes = sale
            .codes
            .iter()
            .enumerate()
            .filter(|(place, _)| view.codes.get(*place).is_some_and(Option::is_some))
            .map(|(_, code)| CodeMove { code: CodeHash(*code), step: CodeStep::Free })
            .collect();
    }
    Ok((write.into(), Some(answer)))
}

/// Whether the sale was reserved after it was looked for. By another owner: then that row is the one to cancel, so that
/// there is one answer, now and when the call comes again. By this owner: then what it holds has to be in the view, or it
/// would not be freed.
fn reserved_since(view: &View, checkout: CheckoutId, command: &Command) -> bool {
    match view.checkout(checkout).filter(|row| row.state == State::Reserved) {
        Some(row) => row.sale.as_deref().is_some_and(|sale| {
            let seen = |offer| view.limits.iter().any(|limit| limit.offer == offer);
            sale.codes.len() > view.codes.len() || sale.global_uses.iter().any(|used| !seen(used.offer))
        }),
        None => {
            matches!(command.action, Action::Cancel { .. })
                && view.elsewhere.iter().any(|other| other.entry.state == State::Reserved)
        }
    }
}
