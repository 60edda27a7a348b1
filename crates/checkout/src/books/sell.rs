//! Reserve and confirm: one id, one owner; everything that a sale consumes together or not at all.

use std::sync::Arc;

use suanpan_domain::CheckoutId;
use suanpan_ledger::command::Fact;
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::refusal::{Conflict, Conflicts};
use suanpan_ledger::{Action, Actor, Applied, Policy, Refusal, Sale, State, apply};
use suanpan_store::{
    CodeHash, CodeHolder, CodeMove, CodeState, CodeStep, CodeView, HolderState, LimitMove, LimitStep,
    LimitView, Owner, Scope, StoreError, Taken, Verdict, View,
};

use super::expired::{HeldByOthers, named};
use super::{Books, BooksError, Moment, Recorded, TURNS_MAX, Undecided, leaving, moved, ordered};

/// A sale that a till asks for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its id.
    pub checkout: CheckoutId,
    /// Whose.
    pub owner: Owner,
    /// Who asks.
    pub actor: Actor,
    /// Now by the caller's clock, Unix milliseconds.
    pub now_ms: i64,
    /// Hash of the basket's content.
    pub basket_hash: [u8; 32],
    /// Hash of the whole call's content; for a reservation that of the basket.
    pub content_hash: [u8; 32],
    /// The sale.
    pub sale: Arc<Sale>,
    /// What the caller is answered, now and whenever the call comes again.
    pub answer: Vec<u8>,
    /// What is asked.
    pub verb: Verb,
    /// Why the member that was named cannot have the sale: a fact says so.
    pub gone: Option<Refusal>,
    /// It was prepared without a look at what is recorded under its id: it is decided only when nothing is.
    pub unseen: bool,
}

/// What is asked of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Hold it.
    Reserve {
        /// Until when others may not end it, Unix milliseconds.
        until_ms: i64,
    },
    /// It is paid.
    Confirm,
    /// It was paid already, whatever is missing.
    Record(Fact),
}

impl Books {
    /// Reserves, confirms or records a sale.
    ///
    /// # Errors
    /// [`BooksError::Refused`] with every reason; [`Refusal::ContentDiffers`] alone when the id is another sale's;
    /// [`BooksError::Stale`] when it was prepared unseen and something is recorded.
    pub async fn sell(&self, ask: Arc<Ask>) -> Result<Recorded, BooksError> {
        self.sell_if(true, ask).await
    }

    /// Every reason why a sale would be refused now; none when it would not. It is not sold: whoever will not sell it for
    /// reasons of their own names these beside them.
    ///
    /// # Errors
    /// As [`sell`](Self::sell), but for refusals.
    pub async fn objections(&self, ask: Arc<Ask>) -> Result<Conflicts, BooksError> {
        match self.sell_if(false, ask).await {
            Ok(_) => Ok(Vec::new()),
            Err(BooksError::Refused(conflicts)) => Ok(conflicts),
            Err(error) => Err(error),
        }
    }

    async fn sell_if(&self, sold: bool, mut ask: Arc<Ask>) -> Result<Recorded, BooksError> {
        let mut besides = Besides::default();
        let mut ended = false;
        for _ in 0..TURNS_MAX {
            let mut scope = Scope::of(ask.owner.clone()).claiming(ask.checkout);
            scope.limits = ask.sale.global_uses.iter().map(|used| used.offer).collect();
            scope.limits.extend_from_slice(&besides.limits);
            scope.codes = ask.sale.codes.iter().map(|code| CodeHash(*code)).collect();
            scope.codes.extend_from_slice(&besides.codes);
            let (policy, shared, freed) = (Arc::clone(&self.policy), Arc::clone(&ask), besides.clone());
            let held = HeldByOthers::default();
            let seen = held.clone();
            let decider = move |view: &View| {
                seen.saw(view);
                let decided = decided(&policy, view, &shared, &freed);
                leaving(
                    decided
                        .map(|(verdict, recorded)| (if sold { verdict } else { Verdict::Leave }, recorded)),
                )
            };
            match self.decide(Moment::of_call(ask.now_ms), scope, decider).await {
                Ok(Ok(recorded)) => return Ok(recorded),
                Ok(Err(survivor)) => Arc::make_mut(&mut ask).owner = Owner::Member(survivor),
                Err(BooksError::Stale) if matches!(ask.verb, Verb::Record(_)) => {
                    let found = self.store.find_checkout(&self.chain, ask.checkout).await?;
                    let own = found.filter(|found| found.owner == ask.owner);
                    besides = own
                        .and_then(|own| own.entry.sale)
                        .map_or_else(Besides::default, |held| Besides::of(&held, &ask.sale));
                }
                Err(BooksError::Refused(conflicts)) => {
                    // Once: whoever else is in the way came since.
                    if ended || !self.end_expired_of(&ask, &conflicts, &held).await? {
                        return Err(BooksError::Refused(conflicts));
                    }
                    ended = true;
                }
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Busy.into())
    }
}

/// What a reservation holds of limits and codes and the fact that comes in its place does not take: it is freed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Besides {
    limits: Vec<OfferKey>,
    codes: Vec<CodeHash>,
}

impl Besides {
    fn of(held: &Sale, sale: &Sale) -> Self {
        let takes = |offer| sale.global_uses.iter().any(|used| used.offer == offer);
        let limits = held.global_uses.iter().map(|used| used.offer).filter(|offer| !takes(*offer));
        let codes = held.codes.iter().filter(|code| !sale.codes.contains(code));
        Self { limits: limits.collect(), codes: codes.map(|code| CodeHash(*code)).collect() }
    }
}

fn decided(
    policy: &Policy,
    view: &View,
    ask: &Ask,
    besides: &Besides,
) -> Result<(Verdict, Recorded), Undecided> {
    let fact = matches!(ask.verb, Verb::Record(_));
    let own = view.checkout(ask.checkout);
    // A confirm takes what its reservation holds, or is refused.
    if let Some(held) =
        own.filter(|own| fact && own.state == State::Reserved).and_then(|own| own.sale.as_ref())
        && Besides::of(held, &ask.sale) != *besides
    {
        return Err(Undecided::Stale);
    }
    if ask.unseen && (own.is_some() || !view.elsewhere.is_empty()) {
        return Err(Undecided::Stale);
    }
    if own.is_none() {
        moved(&view.head)?;
    }
    if let Some(recorded) = elsewhere(view, ask)? {
        return Ok((Verdict::Leave, recorded));
    }
    let mut missing = consumed(view, ask);
    if fact {
        missing.extend(ask.gone.map(Conflict::of));
    }
    let cancelled = view.elsewhere.iter().any(|other| other.entry.state == State::Cancelled);
    if cancelled {
        missing.push(Conflict::of(Refusal::CheckoutCancelled));
    }
    let command =
        Books::command(ask.now_ms, &ask.actor, action(ask, if fact { missing.clone() } else { Vec::new() }));
    let mut conflicts = if fact { Vec::new() } else { missing };
    let change = match apply(policy, &view.head, &view.entries, &command) {
        Ok(Applied::Changed(change)) => change,
        Ok(Applied::Known(entry)) => {
            let recorded = Recorded { owner: ask.owner.clone(), entry: *entry, repeated: true };
            return Ok((Verdict::Leave, recorded));
        }
        Ok(Applied::AccrueFirst) if conflicts.is_empty() => return Err(Undecided::AccrueFirst),
        Ok(Applied::AccrueFirst | Applied::Nothing) => return Err(ordered(conflicts).into()),
        Err(found) if found.iter().any(|conflict| conflict.reason == Refusal::ContentDiffers) => {
            return Err(found.into());
        }
        Err(found) => {
            conflicts.extend(found);
            return Err(ordered(conflicts).into());
        }
    };
    if !conflicts.is_empty() {
        return Err(ordered(conflicts).into());
    }
    let change = view.over_fenced(*change);
    let recorded = Recorded { owner: ask.owner.clone(), entry: change.entry.clone(), repeated: false };
    let mut write = Books::write(policy, ask.owner.clone(), change);
    let fencing = Books::fencing(ask.now_ms, &ask.actor, ask.checkout);
    Books::end_elsewhere(policy, view, &fencing, &mut write);
    (write.limits, write.codes) = (limit_moves(view, ask), code_moves(view, ask));
    let nothing = Taken::default();
    write.limits.extend(besides.limits.iter().map(|offer| LimitMove {
        offer: *offer,
        step: LimitStep::Free,
        taken: nothing,
    }));
    // Those that were never added are not there to be freed.
    let seen = view.codes.iter().skip(ask.sale.codes.len());
    let freed = besides.codes.iter().zip(seen).filter(|(_, seen)| seen.is_some());
    write.codes.extend(freed.map(|(code, _)| CodeMove { code: *code, step: CodeStep::Free }));
    Ok((write.into(), recorded))
}

fn action(ask: &Ask, missing: Conflicts) -> Action {
    let (checkout, sale, answer) = (ask.checkout, Arc::clone(&ask.sale), ask.answer.clone());
    let fact = match ask.verb {
        Verb::Reserve { until_ms } => {
            return Action::Reserve { checkout, content_hash: ask.basket_hash, sale, until_ms, answer };
        }
        Verb::Confirm => None,
        Verb::Record(fact) => Some(fact),
    };
    Action::Confirm {
        checkout,
        content_hash: ask.content_hash,
        reserve_hash: ask.basket_hash,
        missing,
        sale,
        fact,
        answer,
    }
}

/// The sale that another owner has under this id already: it is the answer.
fn elsewhere(view: &View, ask: &Ask) -> Result<Option<Recorded>, Undecided> {
    let sold = |state| matches!(state, State::Confirmed | State::Parked | State::Done);
    let Some(other) = view.elsewhere.iter().find(|other| sold(other.entry.state)) else { return Ok(None) };
    let same = match ask.verb {
        // A late reservation of what is sold: the basket is what it has to agree in.
        Verb::Reserve { .. } => return Err(vec![Conflict::of(Refusal::CheckoutConfirmed)].into()),
        Verb::Confirm => other.entry.content_hash == Some(ask.content_hash),
        Verb::Record(_) => true,
    };
    if !same {
        return Err(vec![Conflict::of(Refusal::ContentDiffers)].into());
    }
    Ok(Some(Recorded { owner: other.owner.clone(), entry: other.entry.clone(), repeated: true }))
}

/// What limits and codes lack of what the sale takes from them.
fn consumed(view: &View, ask: &Ask) -> Conflicts {
    let mut missing = Conflicts::new();
    for (place, used) in ask.sale.global_uses.iter().enumerate() {
        let Some(mut limit) = view.limit_after_fencing(place) else { continue };
        let more = Taken { uses: i64::from(used.uses), amount_minor: used.amount_minor };
        // What is held is this sale's already, and what is used was settled before. A fact may take more than was held.
        let has = limit.holder.is_some_and(|holder| match holder.state {
            HolderState::Used | HolderState::Overrun => true,
            HolderState::Held => holder.taken.covers(more),
            HolderState::Freed | HolderState::GivenBack => false,
        });
        if has || limit.fits(more) {
            continue;
        }
        if let Some(holder) = limit.holder.filter(|holder| holder.state == HolderState::Held) {
            limit.held = limit.held.minus(holder.taken);
        }
        missing.extend(lacks(&limit, more));
    }
    let holder = CodeHolder { checkout: ask.checkout, owner: ask.owner.clone() };
    for (place, code) in ask.sale.codes.iter().enumerate() {
        let subject = named(code);
        let reason = match view.code_after_fencing(place) {
            None => Refusal::CodeUnknown,
            Some(code) if code.is_for(&holder) => continue,
            // An ended hold that nobody swept is still one: only a write ends it.
            Some(code) if matches!(code.state, CodeState::Held { .. }) => Refusal::CodeHeld,
            Some(_) => Refusal::CodeUsed,
        };
        missing.push(Conflict::about(reason, subject));
    }
    missing
}

/// Which of a limit's caps a use is above.
fn lacks(limit: &LimitView, more: Taken) -> impl Iterator<Item = Conflict> {
    let subject = named(&limit.offer.0.to_be_bytes());
    let (cap, taken) = (limit.cap.unwrap_or_default(), limit.taken());
    let left = |cap: Option<i64>, taken: i64| cap.map_or(0, |cap| cap.saturating_sub(taken).max(0));
    let uses = left(cap.uses, taken.uses);
    let amount = left(cap.amount_minor, taken.amount_minor);
    let uses =
        (more.uses > 0 && (limit.cap.is_none() || cap.uses.is_some()) && uses < more.uses).then(|| {
            Conflict { reason: Refusal::GlobalLimit, subject: subject.clone(), have: uses, need: more.uses }
        });
    let amount = (cap.amount_minor.is_some() && amount < more.amount_minor).then_some(Conflict {
        reason: Refusal::GlobalBudget,
        subject,
        have: amount,
        need: more.amount_minor,
    });
    uses.into_iter().chain(amount)
}

fn limit_moves(view: &View, ask: &Ask) -> Vec<LimitMove> {
    let step = |offer| match ask.verb {
        Verb::Reserve { until_ms } => LimitStep::Hold { until_ms },
        Verb::Record(_) => LimitStep::Settle,
        Verb::Confirm => {
            let limit = view.limits.iter().find(|limit| limit.offer == offer);
            let held =
                limit.and_then(|limit| limit.holder).is_some_and(|holder| holder.state == HolderState::Held);
            if held { LimitStep::Settle } else { LimitStep::Take }
        }
    };
    ask.sale
        .global_uses
        .iter()
        .map(|used| LimitMove {
            offer: used.offer,
            step: step(used.offer),
            taken: Taken { uses: i64::from(used.uses), amount_minor: used.amount_minor },
        })
        .collect()
}

fn code_moves(view: &View, ask: &Ask) -> Vec<CodeMove> {
    let step = match ask.verb {
        Verb::Reserve { until_ms } => CodeStep::Hold { until_ms },
        Verb::Confirm | Verb::Record(_) => CodeStep::Use,
    };
    // A fact was paid with codes that others have, or that nobody knows: its row says so, they stay as they are.
    let holder = CodeHolder { checkout: ask.checkout, owner: ask.owner.clone() };
    let takes = |place| view.code_after_fencing(place).is_some_and(|code: CodeView| code.is_for(&holder));
    let codes = ask.sale.codes.iter().enumerate().filter(|(place, _)| takes(*place));
    codes.map(|(_, code)| CodeMove { code: CodeHash(*code), step }).collect()
}
