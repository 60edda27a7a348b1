//! What a verdict writes, checked before its first statement.

use suanpan_ledger::limits::HEAD_BYTES_MAX;
use suanpan_ledger::{EntryKey, codec};
use suanpan_store::{
    CodeHolder, CodeState, HeadWrite, HolderState, LimitView, Owner, Scope, StoreError, Write,
};

use crate::bytes::{state_column, told};
use crate::decide::look::Seen;
use crate::decide::owed::Owed;
use crate::decide::partition::{Partition, Standing};
use crate::error::contract;

/// The writes of a verdict.
pub(super) struct Plan {
    /// Of the scope's owner; none when only limits, codes or derived rows change.
    pub(super) own: Option<PlannedHead>,
    /// Of others, whose reservations end.
    pub(super) fences: Vec<PlannedHead>,
}

/// One write of a head with its row, in columns.
pub(super) struct PlannedHead {
    pub(super) owner: Owner,
    /// The partition as it was seen: the condition.
    pub(super) before: Before,
    pub(super) epoch: u64,
    pub(super) version: u64,
    pub(super) as_of_ms: i64,
    pub(super) due_at_ms: Option<i64>,
    pub(super) format: i32,
    pub(super) head: Vec<u8>,
    pub(super) key: EntryKey,
    pub(super) state: i32,
    /// The version that wrote the row first.
    pub(super) row_version: u64,
    pub(super) body: Vec<u8>,
    pub(super) owed: Option<Vec<u8>>,
    /// The row's state as it was seen.
    pub(super) state_before: Option<i32>,
    /// The row's round, which a write of it leaves as it is.
    pub(super) round: Option<i32>,
    /// Whether the decision saw the row, there or not.
    pub(super) looked_at: bool,
}

/// Of a partition as it was seen.
pub(super) struct Before {
    pub(super) epoch: Option<i64>,
    pub(super) version: Option<i64>,
    pub(super) anchored: bool,
}

impl Plan {
    pub(super) fn check(seen: &Seen, scope: &Scope, write: &Write) -> Result<Self, StoreError> {
        let mut plan = Self { own: None, fences: Vec::new() };
        for head in &write.heads {
            let who = told(&head.owner);
            let written = plan.own.iter().chain(&plan.fences).any(|planned| planned.owner == head.owner);
            if written {
                return Err(contract(format!("{who} is written twice")));
            }
            let version = head.change.head.version;
            if head.owner == scope.owner {
                let owed = Owed::of(write, version, scope.checkout);
                plan.own = Some(planned(&seen.own, head, &owed)?);
            } else {
                let other = seen.others.iter().find(|other| other.owner == head.owner);
                let other = other.ok_or_else(|| contract(format!("{who} is not in the view")))?;
                let checkout = scope.checkout.ok_or_else(|| contract("a fence without a sale"))?;
                let owed = Owed::of_fenced(write, &head.owner, version, checkout);
                plan.fences.push(planned(other, head, &owed)?);
            }
        }
        plan.check_sale(seen, scope)?;
        let moves = !write.limits.is_empty() || !write.codes.is_empty();
        let fenced = !write.fenced_limits.is_empty() || !write.fenced_codes.is_empty();
        if moves && !seen.own.has_head() && plan.own.is_none() {
            return Err(contract("limits and codes for an owner without a head"));
        }
        if moves || fenced {
            plan.check_shares(seen, scope, write)?;
        }
        Ok(plan)
    }

    /// A sale's row is written by whoever has its turn, and when nobody else holds it.
    fn check_sale(&self, seen: &Seen, scope: &Scope) -> Result<(), StoreError> {
        let Some(checkout) = scope.checkout.filter(|_| scope.claim) else { return Ok(()) };
        if self.own.as_ref().is_none_or(|own| own.key != EntryKey::Checkout(checkout)) {
            return Ok(());
        }
        if !seen.may_write {
            return Err(contract("a sale that another owner has sold"));
        }
        let kept = |other: &&Partition| !self.fences.iter().any(|fence| fence.owner == other.owner);
        let mut kept = seen.others.iter().filter(kept);
        match kept.find(|other| other.standing(checkout) == Standing::Reserved) {
            Some(other) => Err(contract(format!("{} holds the sale, and is not fenced", told(&other.owner)))),
            None => Ok(()),
        }
    }

    /// Moves the shares in memory, those of fenced owners first: what they held is there for the own moves.
    fn check_shares(&self, seen: &Seen, scope: &Scope, write: &Write) -> Result<(), StoreError> {
        let checkout = scope.checkout.ok_or_else(|| contract("shares without a checkout that has them"))?;
        let fenced = |owner: &Owner| self.fences.iter().any(|planned| planned.owner == *owner);
        let owners = write.fenced_limits.iter().map(|(owner, _)| owner);
        if owners.chain(write.fenced_codes.iter().map(|(owner, _)| owner)).any(|owner| !fenced(owner)) {
            return Err(contract("a share of an owner whom this write does not fence"));
        }
        let mut limits: Vec<LimitView> = seen.view.limits.clone();
        for (owner, offer) in &write.fenced_limits {
            let theirs = seen.view.elsewhere.iter().find(|other| other.owner == *owner);
            let theirs = theirs.and_then(|other| other.limits.iter().find(|limit| limit.offer == *offer));
            let theirs = theirs.ok_or_else(|| contract("a limit that the fenced sale does not name"))?;
            let held = theirs.holder.filter(|holder| holder.state == HolderState::Held);
            if let (Some(held), Some(limit)) = (held, limits.iter_mut().find(|limit| limit.offer == *offer)) {
                limit.held = limit.held.minus(held.taken);
            }
        }
        for moved in &write.limits {
            let limit = limits.iter_mut().find(|limit| limit.offer == moved.offer);
            let limit = limit.ok_or_else(|| contract("a limit that is not in the scope"))?;
            let after = limit.after(moved.step, moved.taken);
            *limit =
                after.ok_or_else(|| contract(format!("limit {:016x}: more than fits", moved.offer.0)))?;
        }
        let holder = CodeHolder { checkout, owner: scope.owner.clone() };
        for moved in &write.codes {
            let place = scope.codes.iter().position(|code| *code == moved.code);
            let place = place.ok_or_else(|| contract("a code that is not in the scope"))?;
            let mut code = seen.view.codes.get(place).cloned().flatten();
            let code = code.as_mut().ok_or_else(|| contract("a code that was never added"))?;
            if let CodeState::Held { by, .. } = &code.state
                && write.fenced_codes.iter().any(|(owner, code)| *owner == by.owner && *code == moved.code)
            {
                code.state = CodeState::Free;
            }
            code.after(moved.step, &holder).ok_or_else(|| contract("a code that another sale has"))?;
        }
        Ok(())
    }
}

fn planned(before: &Partition, write: &HeadWrite, owed: &Owed) -> Result<PlannedHead, StoreError> {
    let after = &write.change.head;
    let who = told(&write.owner);
    let head = &before.head;
    if after.version != head.version + 1 || after.epoch < head.epoch || after.as_of_ms < head.as_of_ms {
        return Err(contract(format!(
            "{who}: from {}.{} at {} to {}.{} at {}",
            head.epoch, head.version, head.as_of_ms, after.epoch, after.version, after.as_of_ms
        )));
    }
    let bytes = codec::encode_head(after);
    if bytes.len() > HEAD_BYTES_MAX {
        return Err(contract(format!("{who}: a head of {} bytes", bytes.len())));
    }
    let entry = &write.change.entry;
    let row = before.row(entry.key);
    Ok(PlannedHead {
        owner: write.owner.clone(),
        before: Before { epoch: before.epoch, version: before.version, anchored: before.anchored },
        epoch: after.epoch,
        version: after.version,
        as_of_ms: after.as_of_ms,
        due_at_ms: write.due_at_ms,
        format: i32::from(bytes.first().copied().unwrap_or_default()),
        head: bytes,
        key: entry.key,
        state: state_column(entry.state),
        row_version: entry.version,
        body: codec::encode_entry(entry),
        owed: owed.column(),
        state_before: row.and_then(|row| row.state),
        round: row.and_then(|row| row.round),
        looked_at: before.looked_at(entry.key),
    })
}
