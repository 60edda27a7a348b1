//! What guests owe. A member's head says when something is to be done, and the scan of all heads finds it; guests have no
//! such head, and nobody scans their rows. So a debt that no sweep of held shares would find (the uses of a fact, and what a
//! return gives back) is put on a list before the row that owes it is written, and off it when it is paid.
//!
//! A debt is named by the version and the round that its write is for. Whatever is taken off the list is paid, or its write
//! fails for ever: the version has been written, or the row has a newer round. Whoever writes the row after all lists another
//! debt, so that somebody who was away before it took the first one off does not take the second one with it.

use suanpan_ledger::EntryKey;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{CodeStep, HolderState, LimitStep, Owner, Part, Read, StoreError, Write};

use crate::basis;
use crate::bytes;
use crate::decide::look::Seen;
use crate::decide::plan::PlannedHead;
use crate::failpoint::between;
use crate::inner::{Inner, PARTS};
use crate::session::{Deadline, values};

/// So long whoever wrote the row is left to pay by itself, which takes it some milliseconds.
const LEFT_ALONE_MS: i64 = 5_000;
/// After so long nobody is to write any more what it listed: longer than a call may take. Who was away for longer finds
/// that its row has changed.
const WRITTEN_WITHIN_MS: i64 = 60_000;
/// Debts of one read.
const DEBTS_PER_READ: i32 = 500;

/// What a row of a guest is about to owe.
pub(super) struct Listed {
    part: i32,
    id: String,
    key: Vec<u8>,
    /// The version and the round that it is for.
    basis: i64,
}

/// A debt as it is listed: whose, of which row, for which basis, and when by the servers' clocks, microseconds.
type Debt = (String, String, Vec<u8>, i64, Option<i64>);

/// Whether a write owes what nobody would find. What is held is found: it is swept when its time is over. A fact may take more
/// than its reservation held.
fn is_hidden(seen: &Seen, write: &Write) -> bool {
    let is_held = |offer: OfferKey| {
        let limit = seen.view.limits.iter().find(|limit| limit.offer == offer);
        limit.and_then(|limit| limit.holder).is_some_and(|holder| holder.state == HolderState::Held)
    };
    let of_limits = write.limits.iter().any(|moved| match moved.step {
        LimitStep::Settle => !is_held(moved.offer),
        LimitStep::GiveBack => true,
        LimitStep::Hold { .. } | LimitStep::Take | LimitStep::Free => false,
    });
    of_limits || write.codes.iter().any(|moved| matches!(moved.step, CodeStep::GiveBack))
}

impl Inner {
    /// Lists what a guest's row is about to owe, when nobody would find it else.
    pub(super) async fn list_debt(
        &self,
        chain: &str,
        seen: &Seen,
        write: &Write,
        own: &PlannedHead,
        until: Deadline,
    ) -> Result<Option<Listed>, StoreError> {
        if matches!(own.owner, Owner::Member(_)) || !is_hidden(seen, write) {
            return Ok(None);
        }
        let listed = Listed {
            part: self.part(chain, &own.owner)?.0.cast_signed(),
            id: bytes::id(&own.owner),
            key: own.key.to_bytes(),
            basis: basis::of(bytes::count_column(own.version)?, own.round.unwrap_or_default()),
        };
        let values = values![listed.part, chain, listed.id, listed.key, listed.basis];
        self.cql.write(&self.statements.list_debt, values, until).await?;
        Ok(Some(listed))
    }

    /// It is paid.
    pub(super) async fn unlist_debt(
        &self,
        chain: &str,
        listed: &Listed,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let values = values![listed.part, chain, listed.id, listed.key, listed.basis];
        self.cql.write(&self.statements.unlist_debt, values, until).await
    }

    /// Pays what guests owe of all chains, and takes off the list what never will be owed. `now_ms` is close to the servers'
    /// clocks.
    pub(crate) async fn pay_guests(&self, now_ms: i64) -> Result<(), StoreError> {
        let mut result = Ok(());
        for part in (0..PARTS).map(Part) {
            let part = part.0.cast_signed();
            let until = self.deadline();
            let mut debts =
                self.cql.read::<Debt>(&self.statements.debts, values![part, DEBTS_PER_READ], until).await?;
            loop {
                let last = debts.last().filter(|_| debts.len() as i64 >= i64::from(DEBTS_PER_READ)).cloned();
                for (chain, id, key, basis, listed_us) in debts {
                    let age_ms = now_ms - listed_us.unwrap_or_default().div_euclid(1_000);
                    let listed = Listed { part, id, key, basis };
                    if age_ms < LEFT_ALONE_MS {
                        continue;
                    }
                    match self.pay_listed(&chain, &listed, age_ms).await {
                        Ok(true) => self.unlist_debt(&chain, &listed, self.deadline()).await?,
                        Ok(false) => {}
                        // One row that cannot be read must not keep all others from being paid.
                        Err(error @ (StoreError::Corrupt(_) | StoreError::Contract(_))) => {
                            result = result.and(Err(error));
                        }
                        Err(error) => return Err(error),
                    }
                }
                let Some((chain, id, key, basis, _)) = last else { break };
                let values = values![part, chain, id, key, basis, DEBTS_PER_READ];
                debts = self.cql.read::<Debt>(&self.statements.debts_after, values, self.deadline()).await?;
            }
        }
        result
    }

    /// Pays what one row owes; whether nothing is left of it to come.
    async fn pay_listed(&self, chain: &str, listed: &Listed, age_ms: i64) -> Result<bool, StoreError> {
        let until = self.deadline();
        let (owner, key): (Owner, EntryKey) = (bytes::guest(&listed.id)?, bytes::key(&listed.key)?);
        let seen = self.partition(chain, &owner, &[Read::Entry(key)], until).await?;
        self.pay_rows(chain, &seen, until).await?;
        between!("scylla/debtor-seen");
        // Its version has been written, by this row or by another one: then the row's writer begins again, with a new debt.
        if seen.version.is_some_and(|version| version >= basis::version(listed.basis)) {
            return Ok(true);
        }
        let kept_out = age_ms >= WRITTEN_WITHIN_MS && self.fence(chain, &seen, key, until).await?;
        between!("scylla/debtor-kept-out");
        Ok(kept_out)
    }
}
