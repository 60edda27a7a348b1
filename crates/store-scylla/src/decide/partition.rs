//! What one serial look at an owner's partition shows: the head with the rows that were asked for.

use scylla::DeserializeRow;
use suanpan_domain::CheckoutId;
use suanpan_ledger::{Entry, EntryKey, Head, State};
use suanpan_store::{Owner, Read, StoreError};

use crate::bytes::{self, ANCHOR};
use crate::inner::Inner;
use crate::session::{Deadline, values};

/// An owner's head with some of its rows.
#[derive(Clone, Debug)]
pub(super) struct Partition {
    pub(super) owner: Owner,
    /// The head, never below the store's epoch; an absent one when there is none.
    pub(super) head: Head,
    /// Epoch and version as they lie: the condition of the next write.
    pub(super) epoch: Option<i64>,
    pub(super) version: Option<i64>,
    /// Whether the row is there that lets later looks find the head.
    pub(super) anchored: bool,
    /// Rows that were asked for and are there, by key.
    pub(super) rows: Vec<Row>,
    /// Keys that were asked for one by one.
    asked: Vec<EntryKey>,
    /// Sales that were asked for with their returns.
    whole: Vec<CheckoutId>,
}

/// A row as it lies.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) key: EntryKey,
    pub(super) state: Option<i32>,
    pub(super) round: Option<i32>,
    /// None for a mark that only keeps others from writing.
    pub(super) entry: Option<Entry>,
    pub(super) owed: Option<Vec<u8>>,
}

#[derive(DeserializeRow)]
struct Columns {
    ck: Vec<u8>,
    epoch: Option<i64>,
    ver: Option<i64>,
    head: Option<Vec<u8>>,
    state: Option<i32>,
    round: Option<i32>,
    body: Option<Vec<u8>>,
    owed: Option<Vec<u8>>,
}

/// Where a sale's row stands for those who contend for its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not there, or only a mark.
    Nothing,
    /// Held.
    Reserved,
    /// Paid.
    Sold,
    /// Never to be paid, but for facts.
    Cancelled,
    /// Its reservation ended for another owner.
    Fenced,
}

impl Row {
    pub(super) fn standing(&self) -> Standing {
        match self.entry.as_ref().map(|entry| entry.state) {
            None => Standing::Nothing,
            Some(State::Reserved) => Standing::Reserved,
            Some(State::Confirmed | State::Done | State::Parked) => Standing::Sold,
            Some(State::Cancelled) => Standing::Cancelled,
            Some(State::Fenced) => Standing::Fenced,
        }
    }
}

impl Partition {
    pub(super) fn row(&self, key: EntryKey) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == key)
    }

    pub(super) fn standing(&self, checkout: CheckoutId) -> Standing {
        self.row(EntryKey::Checkout(checkout)).map_or(Standing::Nothing, Row::standing)
    }

    /// Whether a key was looked at, there or not.
    pub(super) fn looked_at(&self, key: EntryKey) -> bool {
        let whole = match key {
            EntryKey::Checkout(checkout) | EntryKey::Return(checkout, _) => self.whole.contains(&checkout),
            EntryKey::Request(_) | EntryKey::Effect(_) | EntryKey::Time(_) => false,
        };
        whole || self.asked.contains(&key)
    }

    pub(super) fn has_head(&self) -> bool {
        self.version.is_some()
    }

    fn empty(owner: &Owner, epoch: u64) -> Self {
        let mut head = match owner {
            Owner::Member(_) => Head::absent(),
            Owner::Guest(_) => Head::guest(),
        };
        head.epoch = epoch;
        Self {
            owner: owner.clone(),
            head,
            epoch: None,
            version: None,
            // A guest's first row is its sale's, which every look asks for.
            anchored: matches!(owner, Owner::Guest(_)),
            rows: Vec::new(),
            asked: Vec::new(),
            whole: Vec::new(),
        }
    }

    /// Takes in what a statement gave. The first one's head counts: rows that came later are guarded by its version.
    fn take(&mut self, columns: Vec<(Columns, Option<Entry>)>, epoch: u64) -> Result<(), StoreError> {
        for (row, entry) in columns {
            if let (None, Some(version), Some(head)) = (self.version, row.ver, &row.head) {
                self.head = bytes::head(head)?;
                self.head.epoch = self.head.epoch.max(epoch);
                (self.epoch, self.version) = (row.epoch, Some(version));
            }
            if row.ck == ANCHOR {
                self.anchored = true;
                continue;
            }
            let key = bytes::key(&row.ck)?;
            self.rows.retain(|known| known.key != key);
            self.rows.push(Row { key, state: row.state, round: row.round, entry, owed: row.owed });
        }
        self.rows.sort_by_key(|row| row.key);
        Ok(())
    }
}

impl Inner {
    /// Looks at an owner's head and the rows of some keys, serially: what is shown is decided, and what was begun by others
    /// is ended first.
    pub(super) async fn partition(
        &self,
        chain: &str,
        owner: &Owner,
        reads: &[Read],
        until: Deadline,
    ) -> Result<Partition, StoreError> {
        let id = bytes::id(owner);
        let epoch = self.meta.epoch;
        let mut seen = Partition::empty(owner, epoch);
        for read in reads {
            match *read {
                Read::Entry(key) => seen.asked.push(key),
                Read::WithReturns(checkout) => seen.whole.push(checkout),
            }
        }
        // A sale that is there brings its head along: then that is all.
        if let ([], &[checkout]) = (&seen.asked[..], &seen.whole[..]) {
            let rows = self.range(chain, owner, &id, checkout, until).await?;
            if !rows.is_empty() {
                seen.anchored = true;
                seen.take(rows, epoch)?;
                return Ok(seen);
            }
        }
        let mut keys: Vec<Vec<u8>> = seen.asked.iter().map(EntryKey::to_bytes).collect();
        keys.push(ANCHOR.to_vec());
        // A guest's head is found with its sale, whatever else is looked for.
        if let Owner::Guest(checkout) = owner {
            keys.push(EntryKey::Checkout(*checkout).to_bytes());
        }
        keys.sort_unstable();
        keys.dedup();
        let view = self.statements.view.of(owner);
        let rows = self.cql.read::<Columns>(view, values![chain, id, keys], until).await?;
        let rows = self.with_entries(chain, &id, rows, until).await?;
        seen.take(rows, epoch)?;
        // The head was read before these rows: whatever came in between, the next write fails.
        for checkout in seen.whole.clone() {
            let rows = self.range(chain, owner, &id, checkout, until).await?;
            seen.take(rows, epoch)?;
        }
        if let Owner::Guest(checkout) = owner {
            let key = EntryKey::Checkout(*checkout);
            let asked = seen.looked_at(key);
            seen.rows.retain(|row| asked || row.key != key);
        }
        Ok(seen)
    }

    async fn range(
        &self,
        chain: &str,
        owner: &Owner,
        id: &str,
        checkout: CheckoutId,
        until: Deadline,
    ) -> Result<Vec<(Columns, Option<Entry>)>, StoreError> {
        let (first, last) = bytes::sale_range(checkout);
        let range = self.statements.view_range.of(owner);
        let rows = self.cql.read::<Columns>(range, values![chain, id, first, last], until).await?;
        self.with_entries(chain, id, rows, until).await
    }

    /// Rows with what their bodies say, wherever those lie. A body that is archived, or written again, after its row was
    /// read is the same one, or else the next write fails.
    async fn with_entries(
        &self,
        chain: &str,
        id: &str,
        mut rows: Vec<Columns>,
        until: Deadline,
    ) -> Result<Vec<(Columns, Option<Entry>)>, StoreError> {
        let has_body: Vec<bool> = rows.iter().map(|row| row.body.is_some()).collect();
        let lying: Vec<Vec<u8>> = rows.iter_mut().filter_map(|row| row.body.take()).collect();
        let mut entries = self.all_whole(chain, id, &lying, until).await?.into_iter();
        Ok(rows
            .into_iter()
            .zip(has_body)
            .map(|(row, has)| (row, has.then(|| entries.next()).flatten()))
            .collect())
    }
}
