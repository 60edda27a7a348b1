//! What a decision sees.

use futures_util::future::try_join_all;
use suanpan_domain::CheckoutId;
use suanpan_ledger::{Entry, EntryKey};
use suanpan_store::{Elsewhere, Owner, Scope, StoreError, View};

use crate::codes::SeenCode;
use crate::decide::contest::Contest;
use crate::decide::partition::{Partition, Standing};
use crate::failpoint::between;
use crate::inner::{Inner, Who};
use crate::limits::SeenLimit;
use crate::session::Deadline;

/// A view with where it came from.
pub(super) struct Seen {
    pub(super) view: View,
    pub(super) own: Partition,
    /// Those of `view.elsewhere`, in its order.
    pub(super) others: Vec<Partition>,
    /// Whether the sale's own row may be written.
    pub(super) may_write: bool,
    pub(super) limits: Vec<SeenLimit>,
    pub(super) codes: Vec<SeenCode>,
}

impl Seen {
    /// Whether the sale's own row has what it holds, or held it: then nothing of it is anybody's to release.
    pub(super) fn is_backed(&self, checkout: CheckoutId) -> bool {
        matches!(self.own.standing(checkout), Standing::Reserved | Standing::Sold)
    }
}

impl Inner {
    /// Looks at everything that the scope names; none when somebody came in between. `claimants` are the others who had
    /// claimed the sale's id when its owner did, just before.
    pub(super) async fn look(
        &self,
        chain: &str,
        scope: &Scope,
        claimants: Option<Vec<Owner>>,
        until: Deadline,
    ) -> Result<Option<Seen>, StoreError> {
        let mut own = self.partition(chain, &scope.owner, &scope.reads, until).await?;
        between!("scylla/own-seen");
        let mut others = Vec::new();
        let mut may_write = true;
        if let (true, Some(checkout)) = (scope.claim, scope.checkout)
            // One's own reservation was claimed for, and is there: nobody else has got so far.
            && !matches!(own.standing(checkout), Standing::Reserved | Standing::Sold)
        {
            let claimants = match claimants {
                // Whoever claimed since then has to keep this row from being written: as long as it is not there at all,
                // they have not, and the write will fail when they do.
                Some(before) if own.row(EntryKey::Checkout(checkout)).is_none() => before,
                _ => self.claim(chain, &scope.owner, checkout, until).await?,
            };
            if !claimants.is_empty() {
                let contest = self.contest(chain, scope, checkout, (own, &claimants), until).await?;
                let Some(Contest { own: ours, others: theirs, won }) = contest else { return Ok(None) };
                (own, others, may_write) = (ours, theirs, won);
            }
        }
        self.pay_rows(chain, &own, until).await?;
        for other in &others {
            self.pay_rows(chain, other, until).await?;
        }
        let fenced = scope.checkout.and_then(|checkout| fenced(&own, &others, checkout));
        let entries = own.rows.iter().filter_map(|row| row.entry.clone());
        let entries = entries.filter(|entry| fenced.as_ref().is_none_or(|fenced| fenced.key != entry.key));
        let entries: Vec<Entry> = entries.collect();
        let who = scope.checkout.map(|checkout| Who { checkout, owner: scope.owner.clone() });
        let backed = scope
            .checkout
            .is_some_and(|checkout| matches!(own.standing(checkout), Standing::Reserved | Standing::Sold));
        let limits =
            scope.limits.iter().map(|offer| self.see_limit(chain, *offer, who.as_ref(), backed, until));
        let codes = scope.codes.iter().map(|code| self.see_code(chain, *code, who.as_ref(), backed, until));
        let (limits, codes) =
            futures_util::future::try_join(try_join_all(limits), try_join_all(codes)).await?;
        let (mut elsewhere, mut shown) = (Vec::new(), Vec::new());
        for other in others {
            let Some(checkout) = scope.checkout else { break };
            let Some(entry) = other.row(EntryKey::Checkout(checkout)).and_then(|row| row.entry.clone())
            else {
                continue;
            };
            let who = Who { checkout, owner: other.owner.clone() };
            let uses = entry.sale.iter().flat_map(|sale| &sale.global_uses);
            let theirs = uses.map(|used| self.see_limit(chain, used.offer, Some(&who), true, until));
            let limits = try_join_all(theirs).await?.into_iter().map(|seen| seen.view).collect();
            elsewhere.push(Elsewhere { owner: other.owner.clone(), head: other.head.clone(), entry, limits });
            shown.push(other);
        }
        let view = View {
            head: own.head.clone(),
            entries,
            elsewhere,
            limits: limits.iter().map(|seen| seen.view.clone()).collect(),
            codes: codes.iter().map(|seen| seen.view.clone()).collect(),
            fenced,
        };
        Ok(Some(Seen { view, own, others: shown, may_write, limits, codes }))
    }
}

/// The own fenced row, when whoever fenced it did not get further: nobody else holds, sold or cancelled the sale, so it may
/// be had again.
fn fenced(own: &Partition, others: &[Partition], checkout: CheckoutId) -> Option<Entry> {
    let has = |other: &Partition| {
        matches!(other.standing(checkout), Standing::Reserved | Standing::Sold | Standing::Cancelled)
    };
    if own.standing(checkout) != Standing::Fenced || others.iter().any(has) {
        return None;
    }
    own.row(EntryKey::Checkout(checkout)).and_then(|row| row.entry.clone())
}
