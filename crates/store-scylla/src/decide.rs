//! One decision: look, ask the decider, check, hold, write, pay. What is refused has written nothing but marks that keep
//! others from writing what they had in mind, and claims.

mod contest;
mod guests;
mod look;
mod owed;
mod partition;
mod plan;
mod release;

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::future::join;
use suanpan_ledger::EntryKey;
use suanpan_store::{CodeStep, Decider, FeedRow, LimitStep, Owner, Scope, StoreError, Verdict, Write};
use tokio::sync::OwnedMutexGuard;

use crate::basis;
use crate::bytes::{self, ANCHOR, count_column};
use crate::error::contract;
use crate::failpoint::between;
use crate::inner::{Inner, Who};
use crate::queues::Turn;
use crate::session::{Applied, Deadline, Pauses, values};

pub(crate) use contest::day_of;
use look::Seen;
use owed::Owed;
use partition::Partition;
use plan::{Plan, PlannedHead};

/// How often a refusal looks for shares that nobody has any more before it is answered.
const RELEASES_MAX: u32 = 16;

/// What came of carrying a verdict out.
enum Carried {
    /// All of it is written.
    Done,
    /// What the verdict was based on has changed.
    Again,
}

impl Inner {
    /// Shows the decider a view and writes its verdict, again as long as others come in between.
    pub(crate) async fn decide(
        &self,
        chain: &str,
        scope: &Scope,
        decider: &mut dyn Decider,
    ) -> Result<(), StoreError> {
        let until = self.deadline();
        let claims = scope.checkout.filter(|_| scope.claim);
        let _sale = match claims {
            Some(checkout) => {
                Some(self.queues.turn(Turn::Sale(chain.to_owned(), *checkout.as_bytes())).await)
            }
            None => None,
        };
        let owner = Turn::Owner(chain.to_owned(), bytes::owner_column(&scope.owner));
        let (turn, mut claimants) = match (self.queues.free(owner.clone()), claims) {
            (Some(turn), _) => (turn, None),
            (None, None) => (self.queues.turn(owner).await, None),
            // While it waits, it claims: whoever has the turn has less to do in it.
            (None, Some(checkout)) => {
                let claim = self.claim(chain, &scope.owner, checkout, until);
                let (turn, claimants) = join(self.queues.turn(owner), claim).await;
                (turn, Some(claimants?))
            }
        };
        let mut turn = Some(turn);
        let mut pauses = Pauses::default();
        let mut releases = 0;
        loop {
            if let Some(seen) = self.look(chain, scope, claimants.take(), until).await? {
                between!("scylla/looked");
                let verdict = catch_unwind(AssertUnwindSafe(|| decider.decide(&seen.view)))
                    .map_err(|panic| StoreError::Panicked(panic_text(&*panic)))?;
                match verdict {
                    Verdict::Leave => return self.release_own(chain, scope, &seen, until).await,
                    Verdict::Short if releases == RELEASES_MAX => return Ok(()),
                    Verdict::Short => {
                        if !self.release(chain, scope, &seen, until).await? {
                            return Ok(());
                        }
                        releases += 1;
                    }
                    Verdict::Write(write) => {
                        match self.carry_out(chain, scope, &seen, &write, &mut turn, until).await? {
                            Carried::Done => return Ok(()),
                            Carried::Again => {}
                        }
                    }
                }
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause().await;
        }
    }

    async fn carry_out(
        &self,
        chain: &str,
        scope: &Scope,
        seen: &Seen,
        write: &Write,
        turn: &mut Option<OwnedMutexGuard<()>>,
        until: Deadline,
    ) -> Result<Carried, StoreError> {
        let plan = Plan::check(seen, scope, write)?;
        self.list_chain(chain, until).await?;
        between!("scylla/chain-listed");
        if !plan.fences.is_empty() {
            // Their reservations end first. Then the decider looks again: what they held is free by then.
            for fenced in &plan.fences {
                self.write_head(chain, fenced, until).await?;
                between!("scylla/fenced");
            }
            return Ok(Carried::Again);
        }
        let who = scope.checkout.map(|checkout| Who { checkout, owner: scope.owner.clone() });
        if let Some(who) = &who
            && !self.hold(chain, scope, seen, write, who, until).await?
        {
            return Ok(Carried::Again);
        }
        let (version, listed) = match &plan.own {
            Some(own) => {
                let listed = self.list_debt(chain, seen, write, own, until).await?;
                between!("scylla/debt-listed");
                if let Carried::Again = self.write_head(chain, own, until).await? {
                    return Ok(Carried::Again);
                }
                between!("scylla/head-written");
                (own.version, listed)
            }
            None => (seen.own.head.version, None),
        };
        // What is owed has to be paid by whoever comes next, too: it need not wait for it.
        turn.take();
        let owed = Owed::of(write, version, scope.checkout);
        let paid = self.pay(chain, &scope.owner, &owed, until).await;
        // The head is written: nobody may hear that nothing was.
        paid.map_err(|error| if plan.own.is_some() { error.after_a_write() } else { error })?;
        if let (Some(own), Some(_)) = (&plan.own, owed.column()) {
            let name = (chain.to_owned(), bytes::owner_column(&scope.owner), own.key.to_bytes(), version);
            self.paid.add(name);
        }
        between!("scylla/paid");
        if let Some(listed) = listed {
            // All of it is written: what stays on the list is looked at once more by the worker, and goes then.
            let _ = self.unlist_debt(chain, &listed, until).await;
        }
        Ok(Carried::Done)
    }

    /// Takes what the write is to have of limits and codes, for exactly the version and the round of the row that were seen.
    /// False when something is not to be had any more.
    async fn hold(
        &self,
        chain: &str,
        scope: &Scope,
        seen: &Seen,
        write: &Write,
        who: &Who,
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let row = seen.own.row(EntryKey::Checkout(who.checkout));
        let round = row.and_then(|row| row.round).unwrap_or_default();
        let basis = basis::of(seen.own.version.unwrap_or_default(), round);
        // In one order for all, so that two who want the same two do not wait for each other.
        let mut limits: Vec<_> = write.limits.iter().collect();
        limits.sort_by_key(|moved| moved.offer);
        for moved in limits {
            let until_ms = match moved.step {
                LimitStep::Hold { until_ms } => until_ms,
                LimitStep::Take => 0,
                // What a reservation holds is there; what a fact finds missing is an overrun.
                LimitStep::Settle | LimitStep::Free | LimitStep::GiveBack => continue,
            };
            // A try that sells it otherwise may be about to write for the same version. Were its hold made less, it would be
            // paid for less than it takes: it is kept out first, and then this one holds for a new round.
            let left = seen.limits.iter().filter_map(|limit| limit.leftover.as_ref());
            let mut left = left.filter(|held| held.offer == moved.offer && held.basis == basis);
            if left.any(|held| held.taken != moved.taken) {
                self.fence(chain, &seen.own, EntryKey::Checkout(who.checkout), until).await?;
                return Ok(false);
            }
            if !self.hold_limit(chain, moved.offer, who, moved.taken, basis, until_ms, until).await? {
                return Ok(false);
            }
            between!("scylla/limit-held");
        }
        let mut codes: Vec<_> = write.codes.iter().collect();
        codes.sort_by_key(|moved| moved.code);
        for moved in codes {
            let until_ms = match moved.step {
                CodeStep::Hold { until_ms } => until_ms,
                CodeStep::Use => 0,
                CodeStep::Free | CodeStep::GiveBack => continue,
            };
            let place = scope.codes.iter().position(|code| *code == moved.code);
            let saw = place.and_then(|place| seen.codes.get(place)).and_then(|code| code.version);
            if !self.hold_code(chain, (moved.code, saw), who, basis, until_ms, until).await? {
                return Ok(false);
            }
            between!("scylla/code-held");
        }
        Ok(true)
    }

    /// The one conditional write of a head with its row.
    async fn write_head(
        &self,
        chain: &str,
        planned: &PlannedHead,
        until: Deadline,
    ) -> Result<Carried, StoreError> {
        let PlannedHead { owner, before, .. } = planned;
        let id = bytes::id(owner);
        if !before.anchored {
            // Before the head, so that no head is without it.
            self.cql.decide(self.statements.anchor.of(owner), values![chain, id, ANCHOR], until).await?;
            between!("scylla/anchored");
        }
        let (epoch, version) = (count_column(planned.epoch)?, count_column(planned.version)?);
        let row_version = count_column(planned.row_version)?;
        let key = planned.key.to_bytes();
        let values = values![
            epoch,
            version,
            planned.as_of_ms,
            planned.due_at_ms,
            planned.format,
            planned.head,
            planned.state,
            row_version,
            planned.round,
            planned.body,
            planned.owed,
            chain,
            id,
            key,
            before.epoch,
            before.version,
            planned.state_before,
            planned.round
        ];
        match self.cql.decide(self.statements.decide.of(owner), values, until).await? {
            Applied::Yes => {}
            Applied::No(found) => {
                let same = found.bigint("epoch") == before.epoch && found.bigint("ver") == before.version;
                if same && !planned.looked_at && found.int("state").is_some() {
                    let who = bytes::told(owner);
                    return Err(contract(format!("{who}: a row is there that the decision did not see")));
                }
                return Ok(Carried::Again);
            }
        }
        if let Owner::Member(member) = owner {
            let row = FeedRow {
                chain: chain.to_owned(),
                member: member.clone(),
                epoch: planned.epoch,
                version: planned.version,
                due_at_ms: planned.due_at_ms,
            };
            self.tell(row)?;
        }
        Ok(Carried::Done)
    }

    /// Keeps others from writing a sale's row as they saw it: one that is not there becomes a mark, one that ended gets a
    /// newer round. False when it changed since it was seen.
    async fn fence(
        &self,
        chain: &str,
        seen: &Partition,
        key: EntryKey,
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let row = seen.row(key);
        let (state, round) = (row.and_then(|row| row.state), row.and_then(|row| row.round));
        let next_state = state.unwrap_or(bytes::state_column(suanpan_ledger::State::Fenced));
        let next_round = round.unwrap_or_default().wrapping_add(1);
        let (id, key) = (bytes::id(&seen.owner), key.to_bytes());
        let fence = self.statements.fence.of(&seen.owner);
        let values = values![next_state, next_round, chain, id, key, state, round];
        Ok(matches!(self.cql.decide(fence, values, until).await?, Applied::Yes))
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a text".to_owned())
}
