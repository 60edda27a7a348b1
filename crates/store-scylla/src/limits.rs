//! Limits that hold for everybody. A limit's capacity is divided into shards, each a partition of its own with a version
//! that every write of it raises; a sale's share lies in the shard that its id leads to.
//!
//! - [`shard`]: one shard as it lies, and its one conditional write.
//! - [`hold`]: taking a share.
//! - [`transfer`]: capacity from other shards when the own one has too little.
//! - [`settle`]: what becomes of a share when its sale is paid, ended or returned.
//! - [`caps`]: how much there is.
//! - [`mod@line`], [`handover`]: the fresh shard that comes after a full one.

pub(crate) mod caps;
mod handover;
pub(crate) mod hold;
mod line;
pub(crate) mod settle;
pub(crate) mod shard;
mod transfer;

use suanpan_ledger::head::OfferKey;
use suanpan_store::{HolderState, LimitCap, LimitView, StoreError, Taken};

use crate::bytes::{offer, offer_column};
use crate::inner::{Inner, Who};
use crate::limits::shard::Shard;
use crate::session::{Deadline, values};

/// A share that is held, as it was seen.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) offer: OfferKey,
    pub(crate) who: Who,
    /// What it is for (`basis.rs`).
    pub(crate) basis: i64,
    pub(crate) taken: Taken,
}

/// A limit as a decision sees it, all shards together.
#[derive(Clone, Debug)]
pub(crate) struct SeenLimit {
    pub(crate) view: LimitView,
    /// What an earlier try of the same decision holds; the view is without it.
    pub(crate) leftover: Option<Held>,
    /// Whether others hold something.
    pub(crate) others_hold: bool,
    /// Whether capacity is between two shards.
    pub(crate) on_its_way: bool,
}

impl Inner {
    /// How many shards a limit was made with; none when it was never heard of.
    pub(crate) async fn shards_of(
        &self,
        chain: &str,
        offer: OfferKey,
        until: Deadline,
    ) -> Result<Option<i32>, StoreError> {
        let name = (chain.to_owned(), offer_column(offer));
        let known = |known: &Self| {
            let shards = known.shards.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            shards.get(&name).copied()
        };
        if let Some(shards) = known(self) {
            return Ok(Some(shards));
        }
        let campaign = self.campaign(chain, offer, until).await?;
        if let Some(campaign) = &campaign {
            let mut shards = self.shards.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            shards.insert(name, campaign.shards);
        }
        Ok(campaign.map(|campaign| campaign.shards))
    }

    /// A limit as this holder sees it. `backed`: its sale is reserved or sold, so that what it holds is really its; else
    /// it is left from an earlier try, and not shown.
    pub(crate) async fn see_limit(
        &self,
        chain: &str,
        offer: OfferKey,
        who: Option<&Who>,
        backed: bool,
        until: Deadline,
    ) -> Result<SeenLimit, StoreError> {
        let mut seen = SeenLimit {
            view: LimitView::unknown(offer),
            leftover: None,
            others_hold: false,
            on_its_way: false,
        };
        let shards = self.all_shards(chain, offer, who, until).await?;
        seen.view = sum(offer, &shards);
        seen.on_its_way = shards.iter().any(|shard| shard.leaving > 0);
        let mut own = Taken::default();
        let holder = shards.iter().find_map(|shard| shard.holder.as_ref());
        if let (Some(holder), Some(who)) = (holder, who) {
            if holder.share.state == HolderState::Held {
                own = holder.share.taken;
            }
            if holder.share.state == HolderState::Held && !backed {
                seen.view.held = seen.view.held.minus(own);
                let (who, basis, taken) = (who.clone(), holder.basis, own);
                seen.leftover = Some(Held { offer, who, basis, taken });
                own = Taken::default();
            } else {
                seen.view.holder = Some(holder.share);
            }
        }
        seen.others_hold = seen.view.held != own;
        Ok(seen)
    }

    /// Every limit that a chain has, with its shards.
    pub(crate) async fn campaigns(
        &self,
        chain: &str,
        until: Deadline,
    ) -> Result<Vec<(OfferKey, i32)>, StoreError> {
        let rows = self.cql.read::<(i64, i32)>(&self.statements.campaigns, values![chain], until).await?;
        Ok(rows.into_iter().map(|(column, shards)| (offer(column), shards)).collect())
    }

    /// Every limit of a chain, without holders, by offer.
    pub(crate) async fn all_limits(&self, chain: &str) -> Result<Vec<LimitView>, StoreError> {
        let until = self.deadline();
        let mut views = Vec::new();
        for (offer, _) in self.campaigns(chain, until).await? {
            views.push(self.see_limit(chain, offer, None, false, until).await?.view);
        }
        views.sort_by_key(|view| view.offer);
        Ok(views)
    }
}

/// The shard that a sale's share lies in.
pub(crate) fn home(who: &Who, shards: i32) -> i32 {
    let id = who.checkout.as_bytes();
    // The second half of an id is chance; a till that makes them in order spreads them too.
    let chance = id[8..].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let shards = u64::try_from(shards.max(1)).unwrap_or(1);
    i32::try_from(chance % shards).unwrap_or_default()
}

/// All shards together. A cap counts when every shard has it; what is on its way to a fresh one is nobody's until it is
/// there.
fn sum(offer: OfferKey, shards: &[Shard]) -> LimitView {
    let mut view = LimitView::unknown(offer);
    for shard in shards {
        view.used = view.used.plus(shard.used);
        view.held = view.held.plus(shard.held);
        view.overrun = view.overrun.plus(shard.overrun);
    }
    let total = |of: fn(&LimitCap) -> Option<i64>| -> Option<i64> {
        shards.iter().map(|shard| of(&shard.cap)).try_fold(0_i64, |sum, cap| Some(sum.saturating_add(cap?)))
    };
    let waits = |shard: &Shard| !shard.is_set && line::predecessor(shard.number).is_some();
    let shards: Vec<&Shard> = shards.iter().filter(|shard| !waits(shard)).collect();
    if !shards.is_empty() && shards.iter().all(|shard| shard.is_set) {
        view.cap =
            Some(LimitCap { uses: total(|cap| cap.uses), amount_minor: total(|cap| cap.amount_minor) });
    }
    view
}
