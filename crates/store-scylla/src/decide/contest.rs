//! One id, one owner. Whoever is not alone under an id takes the turn of it, then keeps every other owner's row from being
//! written as it was seen, and only then looks at its own row to write it.
//!
//! The turn (`winner` and `round` of the claim) passes from owner to owner until one has sold: a till that scans a card
//! later than another takes the sale over, as on one machine. What makes that safe is the order: turn, fences, own look,
//! turn and claims again, write. A write that was prepared before somebody else's fences fails by the row's round, and one
//! prepared after them finds the turn gone. Whoever claimed since the claims were read may have kept this row out before the
//! own look, which then shows it as it may be written: so there must be nobody such, or everything begins again.

use futures_util::future::try_join_all;
use suanpan_domain::CheckoutId;
use suanpan_ledger::EntryKey;
use suanpan_store::{Owner, Read, Scope, StoreError};

use crate::bytes;
use crate::decide::partition::{Partition, Standing};
use crate::failpoint::between;
use crate::inner::Inner;
use crate::session::{Applied, Deadline, values};

/// A claim as it is at a moment.
struct Claim {
    /// Whose turn it is.
    winner: Option<String>,
    /// How often it was taken.
    round: Option<i32>,
    /// All who claimed.
    owners: Vec<String>,
}

/// What came of contending for an id.
pub(super) struct Contest {
    /// The own partition as it is under the turn.
    pub(super) own: Partition,
    /// Everybody else's.
    pub(super) others: Vec<Partition>,
    /// Whether the own row may be written: not when somebody else has sold.
    pub(super) won: bool,
}

/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// The day that an id was made on, by its till's clock; days are counted from 1970.
pub(crate) fn day_of(checkout: CheckoutId) -> i32 {
    let ms = checkout.as_bytes()[..6].iter().fold(0_u64, |ms, byte| ms << 8 | u64::from(*byte));
    i32::try_from(ms / DAY_MS).unwrap_or(i32::MAX)
}

impl Inner {
    /// Says that this owner may write under the id, and tells who else said so, before or after.
    pub(super) async fn claim(
        &self,
        chain: &str,
        owner: &Owner,
        checkout: CheckoutId,
        until: Deadline,
    ) -> Result<Vec<Owner>, StoreError> {
        let (name, id, day) = (bytes::owner_column(owner), checkout.as_bytes().as_slice(), day_of(checkout));
        let listed = async {
            let known = (chain.to_owned(), day);
            if !self.days.has(&known) {
                self.cql.write(&self.statements.list_sale_day, values![chain, day], until).await?;
                between!("scylla/day-listed");
                self.days.add(known);
            }
            self.cql.write(&self.statements.list_sale, values![chain, day, id, name], until).await
        };
        let values = values![chain, id, name];
        let claimed = self.cql.write(&self.statements.claim, values, until);
        futures_util::future::try_join(claimed, listed).await?;
        between!("scylla/claimed");
        let mut owners = self.claimants(chain, checkout, until).await?;
        between!("scylla/claims-read");
        owners.retain(|other| other != owner);
        Ok(owners)
    }

    /// Everybody who said so.
    pub(crate) async fn claimants(
        &self,
        chain: &str,
        checkout: CheckoutId,
        until: Deadline,
    ) -> Result<Vec<Owner>, StoreError> {
        let id = checkout.as_bytes().as_slice();
        let rows = self.cql.read::<(String,)>(&self.statements.claims, values![chain, id], until).await?;
        rows.iter().map(|(owner,)| bytes::owner(owner)).collect()
    }

    async fn claim_of(
        &self,
        chain: &str,
        checkout: CheckoutId,
        until: Deadline,
    ) -> Result<Claim, StoreError> {
        type Row = (String, Option<String>, Option<i32>);
        let id = checkout.as_bytes().as_slice();
        let rows = self.cql.read::<Row>(&self.statements.winner, values![chain, id], until).await?;
        let mut claim = Claim { winner: None, round: None, owners: Vec::new() };
        for (owner, winner, round) in rows {
            claim.owners.push(owner);
            (claim.winner, claim.round) = (winner, round);
        }
        Ok(claim)
    }

    /// Contends with others for an id; none when somebody came in between.
    pub(super) async fn contest(
        &self,
        chain: &str,
        scope: &Scope,
        checkout: CheckoutId,
        (own, others): (Partition, &[Owner]),
        until: Deadline,
    ) -> Result<Option<Contest>, StoreError> {
        let key = EntryKey::Checkout(checkout);
        let reads = [Read::Entry(key)];
        let looks = others.iter().map(|other| self.partition(chain, other, &reads, until));
        let others = try_join_all(looks).await?;
        if others.iter().any(|other| other.standing(checkout) == Standing::Sold) {
            return Ok(Some(Contest { own, others, won: false }));
        }
        let name = bytes::owner_column(&scope.owner);
        between!("scylla/others-seen");
        let round = self.claim_of(chain, checkout, until).await?.round;
        between!("scylla/round-read");
        let next = round.unwrap_or_default().wrapping_add(1);
        let id = checkout.as_bytes().as_slice();
        let values = values![name, next, chain, id, round];
        if let Applied::No(_) = self.cql.decide(&self.statements.win, values, until).await? {
            return Ok(None);
        }
        between!("scylla/turn-taken");
        for other in &others {
            // A reservation is ended by the decider, with all that it holds.
            if other.standing(checkout) != Standing::Reserved && !self.fence(chain, other, key, until).await?
            {
                return Ok(None);
            }
            between!("scylla/other-kept-out");
        }
        let own = self.partition(chain, &scope.owner, &scope.reads, until).await?;
        between!("scylla/seen-in-turn");
        let claim = self.claim_of(chain, checkout, until).await?;
        let still = claim.winner.as_ref() == Some(&name) && claim.round == Some(next);
        let known = |owner: &String| {
            *owner == name || others.iter().any(|other| bytes::owner_column(&other.owner) == *owner)
        };
        let nobody_since = claim.owners.iter().all(known);
        Ok((still && nobody_since).then_some(Contest { own, others, won: true }))
    }
}
