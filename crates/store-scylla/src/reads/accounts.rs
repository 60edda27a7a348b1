//! Members, their rows, and sales by their ids.

use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::{Entry, EntryKey, Head, State};
use suanpan_store::{Cursor, FoundCheckout, MemberRow, Order, Owner, Page, StoreError};

use crate::bytes::{self, counted, foreign_cursor};
use crate::inner::Inner;
use crate::session::{Deadline, values};

/// Key, state and body of a row.
type RowColumns = (Vec<u8>, Option<i32>, Option<Vec<u8>>);

impl Inner {
    /// An owner's head as it was last answered.
    pub(crate) async fn head(
        &self,
        chain: &str,
        owner: &Owner,
        until: Deadline,
    ) -> Result<Option<MemberRow>, StoreError> {
        type Columns = (Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<Vec<u8>>);
        let id = bytes::id(owner);
        let row =
            self.cql.read_one::<Columns>(self.statements.head.of(owner), values![chain, id], until).await?;
        let Some((_, Some(_), _, due_at_ms, Some(head))) = row else { return Ok(None) };
        let mut head: Head = bytes::head(&head)?;
        head.epoch = head.epoch.max(self.meta.epoch);
        Ok(Some(MemberRow { head, due_at_ms }))
    }

    /// Rows of an owner by their keys.
    pub(crate) async fn rows(
        &self,
        chain: &str,
        owner: &Owner,
        keys: &[Vec<u8>],
        until: Deadline,
    ) -> Result<Vec<Entry>, StoreError> {
        let id = bytes::id(owner);
        let values = values![chain, id, keys];
        let rows = self.cql.read::<RowColumns>(self.statements.rows.of(owner), values, until).await?;
        let lying: Vec<Vec<u8>> = rows.into_iter().filter_map(|(_, _, body)| body).collect();
        self.all_whole(chain, &id, &lying, until).await
    }

    /// A member's rows by version. Versions are read of all rows, bodies of the page alone.
    pub(crate) async fn list_entries(
        &self,
        chain: &str,
        member: &MemberId,
        order: Order,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError> {
        let until = self.deadline();
        let after = match after.0.as_slice() {
            [] => None,
            bytes => {
                let number = bytes.try_into().map(i64::from_be_bytes).map_err(|_| foreign_cursor())?;
                Some(number)
            }
        };
        let owner = Owner::Member(member.clone());
        let id = bytes::id(&owner);
        let rows = self
            .cql
            .read::<(Vec<u8>, Option<i64>)>(self.statements.narrow.members(), values![chain, id], until)
            .await?;
        let mut narrow: Vec<(i64, Vec<u8>)> =
            rows.into_iter().filter_map(|(key, version)| Some((version?, key))).collect();
        match order {
            Order::OldestFirst => {
                narrow.sort_unstable();
                narrow.retain(|(version, _)| after.is_none_or(|after| *version > after));
            }
            Order::NewestFirst => {
                narrow.sort_unstable_by(|one, other| other.cmp(one));
                narrow.retain(|(version, _)| after.is_none_or(|after| *version < after));
            }
        }
        let more = narrow.len() > limit.max(1);
        narrow.truncate(limit.clamp(1, KEYS_MAX));
        let more = more || narrow.len() == KEYS_MAX;
        let next = narrow.last().filter(|_| more).map(|(version, _)| Cursor(version.to_be_bytes().to_vec()));
        let keys: Vec<Vec<u8>> = narrow.iter().map(|(_, key)| key.clone()).collect();
        let mut rows =
            if keys.is_empty() { Vec::new() } else { self.rows(chain, &owner, &keys, until).await? };
        rows.sort_by_key(|entry| entry.version);
        if order == Order::NewestFirst {
            rows.reverse();
        }
        Ok(Page { rows, next })
    }

    /// A sale with its returns, whoever's it is: of several owners' rows the one that speaks for the sale.
    pub(crate) async fn find(
        &self,
        chain: &str,
        checkout: CheckoutId,
    ) -> Result<Option<FoundCheckout>, StoreError> {
        let until = self.deadline();
        let mut best: Option<(u8, FoundCheckout)> = None;
        for owner in self.claimants(chain, checkout, until).await? {
            let id = bytes::id(&owner);
            let (first, last) = bytes::sale_range(checkout);
            let values = values![chain, id, first, last];
            let rows =
                self.cql.read::<RowColumns>(self.statements.rows_between.of(&owner), values, until).await?;
            let lying: Vec<Vec<u8>> = rows.into_iter().filter_map(|(_, _, body)| body).collect();
            let mut rows = self.all_whole(chain, &id, &lying, until).await?.into_iter();
            let Some(entry) = rows.next() else { continue };
            if entry.key != EntryKey::Checkout(checkout) {
                continue;
            }
            let rank = rank(entry.state);
            if best.as_ref().is_none_or(|(best, _)| rank < *best) {
                best = Some((rank, FoundCheckout { owner, entry, returns: rows.collect() }));
            }
        }
        let found = best.map(|(_, found)| found);
        if let Some(FoundCheckout { owner: owner @ Owner::Guest(_), entry, .. }) = &found {
            // A member's rows are met by the worker. A guest's are not: whoever asks again for an answer that was lost pays.
            self.pay_owner(chain, owner, entry.key, until).await?;
        }
        Ok(found)
    }

    /// The version of an owner's head; none when there is none.
    pub(crate) async fn version(
        &self,
        chain: &str,
        owner: &Owner,
        until: Deadline,
    ) -> Result<Option<u64>, StoreError> {
        type Columns = (Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<Vec<u8>>);
        let id = bytes::id(owner);
        let row =
            self.cql.read_one::<Columns>(self.statements.head.of(owner), values![chain, id], until).await?;
        row.and_then(|(_, version, ..)| version).map(counted).transpose()
    }
}

/// Keys that one statement is given.
pub(super) const KEYS_MAX: usize = 500;

/// The row that speaks for the sale: paid, else held, else given up.
const fn rank(state: State) -> u8 {
    match state {
        State::Confirmed | State::Parked | State::Done => 0,
        State::Reserved => 1,
        State::Cancelled => 2,
        State::Fenced => 3,
    }
}
