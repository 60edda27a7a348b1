//! One shard as it lies.

use scylla::DeserializeRow;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{LimitCap, LimitHolder, LimitView, StoreError, Taken};

use crate::bytes::{ANCHOR, checkout, holder_column, holder_state, offer_column, owner, owner_column};
use crate::error::damaged;
use crate::inner::{Inner, Who};
use crate::session::{Applied, Deadline, values};

/// Begins the keys of shares.
const SHARE: u8 = 1;
/// Begins the keys of capacity that was sent to another shard.
const SENT: u8 = 2;

/// A shard, with one holder's share.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    pub(crate) number: i32,
    /// Raised by every write: the condition of the next one.
    pub(crate) version: i64,
    /// The last plan for the caps that it took part in.
    pub(crate) plan: i64,
    pub(crate) is_set: bool,
    pub(crate) cap: LimitCap,
    pub(crate) used: Taken,
    pub(crate) held: Taken,
    pub(crate) overrun: Taken,
    /// How many pieces of capacity have left and are not known to have arrived.
    pub(crate) leaving: i64,
    /// How many rows it has: shares, and capacity that was sent. Counted since schema 5.
    pub(crate) rows: i64,
    /// Where new shares go since it handed over.
    pub(crate) next: Option<i32>,
    pub(crate) holder: Option<Holder>,
}

/// A share as it lies.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) share: LimitHolder,
    /// What it was taken for (`basis.rs`).
    pub(crate) basis: i64,
    /// Names of the capacity that came with it from other shards, one after the other.
    pub(crate) carried: Vec<u8>,
}

#[derive(DeserializeRow)]
struct Columns {
    holder: Vec<u8>,
    ver: Option<i64>,
    plan_no: Option<i64>,
    is_set: Option<bool>,
    cap_uses: Option<i64>,
    cap_amount: Option<i64>,
    used_uses: Option<i64>,
    used_amount: Option<i64>,
    held_uses: Option<i64>,
    held_amount: Option<i64>,
    overrun_uses: Option<i64>,
    overrun_amount: Option<i64>,
    leaving: Option<i64>,
    row_count: Option<i64>,
    next: Option<i32>,
    state: Option<i32>,
    basis: Option<i64>,
    uses: Option<i64>,
    amount: Option<i64>,
    until: Option<i64>,
    carried: Option<Vec<u8>>,
}

/// The key of a share.
pub(super) fn share_key(who: &Who) -> Vec<u8> {
    let mut key = vec![SHARE];
    key.extend_from_slice(who.checkout.as_bytes());
    key.extend_from_slice(owner_column(&who.owner).as_bytes());
    key
}

/// Whose a share is.
pub(crate) fn share_of(key: &[u8]) -> Result<Who, StoreError> {
    let (id, name) = key
        .strip_prefix(&[SHARE])
        .and_then(|rest| rest.split_at_checked(16))
        .ok_or_else(|| damaged("the key of a share"))?;
    let name = std::str::from_utf8(name).map_err(|_| damaged("the owner of a share"))?;
    Ok(Who { checkout: checkout(id)?, owner: owner(name)? })
}

/// The key of capacity that was sent by a version of its shard.
pub(super) fn sent_key(version: i64) -> Vec<u8> {
    let mut key = vec![SENT];
    key.extend_from_slice(&version.to_be_bytes());
    key
}

/// Between which keys a shard's shares lie, and what was sent.
pub(crate) const SHARES: (&[u8], &[u8]) = (&[SHARE], &[SENT]);
pub(super) const ALL_SENT: (&[u8], &[u8]) = (&[SENT], &[SENT + 1]);

impl Shard {
    /// The shard as a limit, with its holder.
    pub(super) fn view(&self, offer: OfferKey) -> LimitView {
        LimitView {
            offer,
            cap: self.is_set.then_some(self.cap),
            used: self.used,
            held: self.held,
            overrun: self.overrun,
            holder: self.holder.as_ref().map(|holder| holder.share),
        }
    }

    /// What is left of it; `i64::MAX` without a cap.
    pub(super) fn spare(&self) -> Taken {
        let taken = self.used.plus(self.held).plus(self.overrun);
        let left = |cap: Option<i64>, taken: i64| cap.map_or(i64::MAX, |cap| cap.saturating_sub(taken));
        if !self.is_set {
            return Taken::default();
        }
        Taken {
            uses: left(self.cap.uses, taken.uses),
            amount_minor: left(self.cap.amount_minor, taken.amount_minor),
        }
    }
}

impl Inner {
    /// Looks at a shard and one holder's share. The shard is there: it was made with its limit.
    pub(super) async fn shard(
        &self,
        chain: &str,
        offer: OfferKey,
        number: i32,
        who: Option<&Who>,
        until: Deadline,
    ) -> Result<Shard, StoreError> {
        let own = who.map(share_key);
        let keys: Vec<Vec<u8>> = [Some(ANCHOR.to_vec()), own.clone()].into_iter().flatten().collect();
        let values = values![chain, offer_column(offer), number, keys];
        let rows = self.cql.read::<Columns>(&self.statements.shard, values, until).await?;
        let mut shard = None;
        let mut holder = None;
        for row in rows {
            let taken = |uses: Option<i64>, amount: Option<i64>| Taken {
                uses: uses.unwrap_or_default(),
                amount_minor: amount.unwrap_or_default(),
            };
            if own.as_ref() == Some(&row.holder)
                && let Some(state) = row.state
            {
                holder = Some(Holder {
                    share: LimitHolder {
                        state: holder_state(state)?,
                        taken: taken(row.uses, row.amount),
                        until_ms: row.until.unwrap_or_default(),
                    },
                    basis: row.basis.unwrap_or_default(),
                    carried: row.carried.clone().unwrap_or_default(),
                });
            }
            shard = Some(Shard {
                number,
                version: row.ver.ok_or_else(|| damaged("a shard without a version"))?,
                plan: row.plan_no.unwrap_or_default(),
                is_set: row.is_set.unwrap_or_default(),
                cap: LimitCap { uses: row.cap_uses, amount_minor: row.cap_amount },
                used: taken(row.used_uses, row.used_amount),
                held: taken(row.held_uses, row.held_amount),
                overrun: taken(row.overrun_uses, row.overrun_amount),
                leaving: row.leaving.unwrap_or_default(),
                rows: row.row_count.unwrap_or_default(),
                next: row.next,
                holder: None,
            });
        }
        let mut shard = shard.ok_or_else(|| damaged(format!("shard {number} of limit {:016x}", offer.0)))?;
        shard.holder = holder;
        Ok(shard)
    }

    /// Writes a shard with one holder's share as they are after a step; false when the shard changed since it was seen.
    #[allow(clippy::too_many_arguments)] // One statement's worth of values.
    pub(super) async fn move_holder(
        &self,
        chain: &str,
        seen: &Shard,
        after: &LimitView,
        cap: LimitCap,
        who: &Who,
        holder: &Holder,
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let key = share_key(who);
        let share = &holder.share;
        let values = values![
            seen.version + 1,
            cap.uses,
            cap.amount_minor,
            after.used.uses,
            after.used.amount_minor,
            after.held.uses,
            after.held.amount_minor,
            after.overrun.uses,
            after.overrun.amount_minor,
            seen.rows + i64::from(seen.holder.is_none()),
            holder_column(share.state),
            holder.basis,
            share.taken.uses,
            share.taken.amount_minor,
            share.until_ms,
            holder.carried,
            chain,
            offer_column(after.offer),
            seen.number,
            key,
            seen.version
        ];
        Ok(matches!(self.cql.decide(&self.statements.move_holder, values, until).await?, Applied::Yes))
    }
}
