//! Before something is refused: shares of limits and codes whose sale will not happen are released, and capacity on its way
//! between shards arrives. So the last one of a thousand is sold although whoever had it was killed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::{EntryKey, Sale};
use suanpan_store::{CodeHash, Read, Scope, StoreError};

use crate::bytes;
use crate::decide::Inner;
use crate::decide::look::Seen;
use crate::decide::partition::Standing;
use crate::failpoint::between;
use crate::inner::Who;
use crate::limits::Held;
use crate::limits::hold::HeldPlace;
use crate::queues::Turn;
use crate::session::Deadline;

/// A sale in progress has so long to become one before others take what it holds: they could at any moment, for safety
/// is in the row's round, but both would begin again. Looked at a few times, since most are through at once.
const LOOKS: u32 = 6;
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Sales that are looked at together. One by one, hundreds of reservations would take longer than a till waits.
const LOOKS_AT_ONCE: usize = 16;

/// A share that no row stands for.
enum Suspect {
    Limit(Held),
    Code { code: CodeHash, who: Who, basis: i64 },
}

impl Suspect {
    const fn who(&self) -> &Who {
        match self {
            Self::Limit(held) => &held.who,
            Self::Code { who, .. } => who,
        }
    }

    /// Whether a sale takes what this is a share of.
    fn is_of(&self, sale: &Sale) -> bool {
        match self {
            Self::Limit(held) => takes(sale, held.offer),
            Self::Code { code, .. } => sale.codes.contains(&code.0),
        }
    }
}

/// How a sale stands, with what it was paid for when it is.
struct Stands {
    standing: Standing,
    paid: Option<Arc<Sale>>,
}

fn takes(sale: &Sale, offer: OfferKey) -> bool {
    sale.global_uses.iter().any(|used| used.offer == offer)
}

impl Inner {
    /// After a decision for which something is missing that others have: whether something came free, so that it is worth
    /// deciding again.
    pub(super) async fn release(
        &self,
        chain: &str,
        scope: &Scope,
        seen: &Seen,
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let Some(checkout) = scope.checkout.filter(|checkout| !seen.is_backed(*checkout)) else {
            return Ok(false);
        };
        self.release_own(chain, scope, seen, until).await?;
        let own = Who { checkout, owner: scope.owner.clone() };
        let mut changed = false;
        let held_by = scope.codes.iter().zip(&seen.codes).filter_map(|(code, seen)| {
            let (who, basis) = seen.held_by.clone().filter(|(who, _)| *who != own)?;
            Some(Suspect::Code { code: *code, who, basis })
        });
        let mut suspects = self.left_over(chain, held_by.collect(), &mut changed, until).await?;
        for (offer, limit) in scope.limits.iter().zip(&seen.limits) {
            if limit.on_its_way {
                changed |= self.finish_transfers(chain, *offer, until).await?;
            }
            if !limit.others_hold {
                continue;
            }
            // On and on: before one that nobody has any more, there may lie thousands of reservations.
            let mut place = HeldPlace::default();
            while let Some(held) = self.held(chain, *offer, &mut place, until).await? {
                let others = held.into_iter().filter(|held| held.who != own).map(Suspect::Limit);
                let left = self.left_over(chain, others.collect(), &mut changed, until).await?;
                suspects.extend(left);
                if changed || !suspects.is_empty() || until.is_over() {
                    break;
                }
            }
        }
        for _ in 1..LOOKS {
            if changed || suspects.is_empty() {
                return Ok(changed);
            }
            tokio::time::sleep(LOOK_EVERY).await;
            suspects = self.unchanged(chain, suspects, &mut changed, until).await?;
            suspects = self.left_over(chain, suspects, &mut changed, until).await?;
        }
        if changed {
            return Ok(true);
        }
        for suspect in suspects {
            let who = suspect.who();
            if self.keep_out(chain, who, until).await? {
                self.let_go(chain, &suspect, until).await?;
            }
            changed = true;
        }
        Ok(changed)
    }

    /// Those of some shares that no row stands for; whether others came free by the look.
    async fn left_over(
        &self,
        chain: &str,
        suspects: Vec<Suspect>,
        changed: &mut bool,
        until: Deadline,
    ) -> Result<Vec<Suspect>, StoreError> {
        let looks = stream::iter(suspects).map(|suspect| async {
            let stands = self.stands_lately(chain, suspect.who(), until).await?;
            // A till may ask again otherwise than before. What its sale was paid without, a process took that has ended, or
            // that finds the sale paid: a paid row is written no more, so that nobody can use it.
            if stands.paid.as_ref().is_some_and(|sale| !suspect.is_of(sale)) {
                self.let_go(chain, &suspect, until).await?;
            }
            Ok::<_, StoreError>((suspect, stands.standing))
        });
        let looked: Vec<_> = looks.buffer_unordered(LOOKS_AT_ONCE).try_collect().await?;
        // Whoever sold it is about to say so, or has ended: looking at its row paid what it owes.
        *changed |= looked.iter().any(|(_, standing)| matches!(standing, Standing::Sold));
        let is_left = |standing: &Standing| {
            matches!(standing, Standing::Nothing | Standing::Cancelled | Standing::Fenced)
        };
        let left = looked.into_iter().filter(|(_, standing)| is_left(standing));
        Ok(left.map(|(suspect, _)| suspect).collect())
    }

    /// Frees what an earlier try of this very call had taken.
    pub(super) async fn release_own(
        &self,
        chain: &str,
        scope: &Scope,
        seen: &Seen,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let Some(checkout) = scope.checkout.filter(|checkout| !seen.is_backed(*checkout)) else {
            return Ok(());
        };
        let own = Who { checkout, owner: scope.owner.clone() };
        let limits: Vec<_> = seen.limits.iter().filter_map(|limit| limit.leftover.clone()).collect();
        let codes: Vec<_> = seen.codes.iter().filter_map(|code| code.leftover).collect();
        if limits.is_empty() && codes.is_empty() {
            return Ok(());
        }
        if self.keep_out(chain, &own, until).await? {
            for held in limits {
                self.let_go(chain, &Suspect::Limit(held), until).await?;
            }
            for (code, basis) in codes {
                self.let_go(chain, &Suspect::Code { code, who: own.clone(), basis }, until).await?;
            }
        }
        Ok(())
    }

    /// How the sale stands that a share is for. Most are reservations, and every call that is refused asks for all of them:
    /// one that stood a moment ago is not looked at again, and calls that ask together look once. So a call that is sent
    /// again, because a look at all took longer than its till waits, has fewer left.
    async fn stands_lately(&self, chain: &str, who: &Who, until: Deadline) -> Result<Stands, StoreError> {
        let reserved = Stands { standing: Standing::Reserved, paid: None };
        let name = (chain.to_owned(), who.checkout, bytes::id(&who.owner));
        if self.standing.has(&name, Instant::now()) {
            return Ok(reserved);
        }
        let _turn = self.queues.turn(Turn::Look(chain.to_owned(), *who.checkout.as_bytes())).await;
        if self.standing.has(&name, Instant::now()) {
            return Ok(reserved);
        }
        let stands = self.stands(chain, who, until).await?;
        if matches!(stands.standing, Standing::Reserved) {
            self.standing.add(name, Instant::now());
        }
        Ok(stands)
    }

    /// How the sale stands that a share is for. What its row owes is paid by the look.
    async fn stands(&self, chain: &str, who: &Who, until: Deadline) -> Result<Stands, StoreError> {
        let key = EntryKey::Checkout(who.checkout);
        let seen = self.partition(chain, &who.owner, &[Read::Entry(key)], until).await?;
        self.pay_rows(chain, &seen, until).await?;
        let standing = seen.standing(who.checkout);
        let entry = seen.row(key).and_then(|row| row.entry.as_ref());
        let paid = entry.filter(|_| standing == Standing::Sold).and_then(|entry| entry.sale.clone());
        Ok(Stands { standing, paid })
    }

    /// Those of the suspects whose shares are as they were.
    async fn unchanged(
        &self,
        chain: &str,
        suspects: Vec<Suspect>,
        changed: &mut bool,
        until: Deadline,
    ) -> Result<Vec<Suspect>, StoreError> {
        let mut same = Vec::new();
        for suspect in suspects {
            let is_held = match &suspect {
                Suspect::Limit(held) => self.is_held(chain, held, until).await?,
                Suspect::Code { code, who, basis } => {
                    let seen = self.see_code(chain, *code, None, false, until).await?;
                    seen.held_by.is_some_and(|(by, of)| by == *who && of == *basis)
                }
            };
            if is_held {
                same.push(suspect);
            } else {
                *changed = true;
            }
        }
        Ok(same)
    }

    /// Keeps a sale from being written by whoever took shares for it; false when it got there first.
    async fn keep_out(&self, chain: &str, who: &Who, until: Deadline) -> Result<bool, StoreError> {
        let key = EntryKey::Checkout(who.checkout);
        let seen = self.partition(chain, &who.owner, &[Read::Entry(key)], until).await?;
        between!("scylla/holder-seen");
        let is_out = match seen.standing(who.checkout) {
            Standing::Reserved | Standing::Sold => false,
            Standing::Nothing | Standing::Cancelled | Standing::Fenced => {
                self.fence(chain, &seen, key, until).await?
            }
        };
        between!("scylla/holder-kept-out");
        Ok(is_out)
    }

    async fn let_go(&self, chain: &str, suspect: &Suspect, until: Deadline) -> Result<(), StoreError> {
        match suspect {
            Suspect::Limit(held) => self.release_limit(chain, held, until).await?,
            Suspect::Code { code, who, basis } => self.release_code(chain, *code, who, *basis, until).await?,
        }
        between!("scylla/share-let-go");
        Ok(())
    }

    /// Finishes what a process that ended left of a sale's shares: settled where it was sold, released where it is gone or was
    /// sold without them. A reservation keeps what it has: only a decision ends it.
    pub(crate) async fn finish_shares_of(
        &self,
        chain: &str,
        who: &Who,
        limits: &[OfferKey],
        codes: &[CodeHash],
    ) -> Result<(), StoreError> {
        let until = self.deadline();
        let Stands { standing, paid } = self.stands(chain, who, until).await?;
        match (standing, &paid) {
            (Standing::Reserved, _) | (Standing::Sold, None) => return Ok(()),
            (Standing::Sold, Some(_)) => {}
            (Standing::Nothing | Standing::Cancelled | Standing::Fenced, _) => {
                if !self.keep_out(chain, who, until).await? {
                    return Ok(());
                }
            }
        }
        let is_let_go = |is_of: &dyn Fn(&Sale) -> bool| paid.as_deref().is_none_or(|sale| !is_of(sale));
        for offer in limits.iter().filter(|offer| is_let_go(&|sale| takes(sale, **offer))) {
            self.finish_transfers(chain, *offer, until).await?;
            if let Some(held) = self.see_limit(chain, *offer, Some(who), false, until).await?.leftover {
                self.release_limit(chain, &held, until).await?;
            }
        }
        for code in codes.iter().filter(|code| is_let_go(&|sale| sale.codes.contains(&code.0))) {
            let seen = self.see_code(chain, *code, None, false, until).await?;
            if let Some((_, basis)) = seen.held_by.filter(|(by, _)| by == who) {
                self.release_code(chain, *code, who, basis, until).await?;
            }
        }
        Ok(())
    }
}
