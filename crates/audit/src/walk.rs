//! Every owner once, in pieces: while one piece is proved the next one is read.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use sha2::{Digest, Sha256};
use suanpan_domain::CheckoutId;
use suanpan_store::{
    CodeHash, CodeState, Cursor, LimitView, Owner, Page, RawHead, RawRow, Store, StoreError,
};

use crate::code::Code;
use crate::decode::{Id, Key, KeyKind, Row, read_row};
use crate::owner::{Account, Class, SaleShare, ShareOf};
use crate::report::{Counts, Finding, Progress, Report};
use crate::seen::{Seen, halves};
use crate::sketch::{Share, Sketch};

/// How often an owner is read again whose head changed while it was read in several pieces.
const READS_MAX: usize = 5;
/// Blocks of 64 bytes that remember paid ids: 32 MiB, enough for some 15 million of them before one in a thousand has to
/// be asked for.
const SEEN_BLOCKS: usize = 1 << 19;
/// Ids that were perhaps paid before and wait to be asked for; more are asked for at once.
const ASK_MAX: usize = 4_096;

/// Kinds of shares, in the lowest byte of what a share is.
pub(crate) const LIMIT: u64 = 0;
pub(crate) const CODE: u64 = 1;

/// An audit while it runs.
pub(crate) struct Audit<'a> {
    pub(crate) store: &'a dyn Store,
    only: Option<&'a str>,
    /// Rows of one piece.
    pub(crate) rows: usize,
    /// Limits as they stood at the beginning, with their chain.
    pub(crate) limits_before: Vec<(String, LimitView)>,
    pub(crate) report: Report,
    pub(crate) progress: Progress,
    /// Numbers of chains, in the order in which they were met, and their names.
    numbers: HashMap<String, u64>,
    pub(crate) chains: Vec<String>,
    pub(crate) sketch: Sketch,
    seen: Seen,
    /// Ids that were perhaps paid under another owner too, with their chain and one owner.
    ask: Vec<(u64, Owner, Id)>,
}

impl<'a> Audit<'a> {
    pub(crate) fn new(store: &'a dyn Store, only: Option<&'a str>, rows: usize) -> Self {
        Self {
            store,
            only,
            rows,
            limits_before: Vec::new(),
            report: Report::default(),
            progress: Progress::default(),
            numbers: HashMap::new(),
            chains: Vec::new(),
            sketch: Sketch::new(),
            seen: Seen::new(SEEN_BLOCKS),
            ask: Vec::new(),
        }
    }

    /// What the store finds wrong with its own files.
    pub(crate) async fn files(&mut self) -> Result<(), StoreError> {
        for text in self.store.damage().await? {
            let (chain, subject) = (String::new(), String::new());
            self.report.find(Finding { chain, owner: None, subject, code: Code::FileDamaged, text });
        }
        Ok(())
    }

    /// Whether a chain is looked at.
    pub(crate) fn is_asked(&self, chain: &str) -> bool {
        self.only.is_none_or(|only| only == chain)
    }

    /// The number of a chain.
    pub(crate) fn number(&mut self, chain: &str) -> u64 {
        if let Some(number) = self.numbers.get(chain) {
            return *number;
        }
        let number = self.chains.len() as u64;
        self.numbers.insert(chain.to_owned(), number);
        self.chains.push(chain.to_owned());
        number
    }

    /// Proves all owners.
    pub(crate) async fn walk(&mut self, mut progress: impl FnMut(Progress)) -> Result<(), StoreError> {
        let mut account = Account::default();
        let mut current: Option<(RawHead, usize)> = None;
        let mut ahead = Some(read_ahead(self.store, Cursor::default(), self.rows).await);
        while let Some(piece) = ahead.take() {
            let Page { rows, next } = piece.read().await?;
            if let Some(next) = next {
                ahead = Some(read_ahead(self.store, next, self.rows).await);
            }
            if let Some((_, pieces)) = &mut current {
                *pieces += 1;
            }
            for row in rows {
                match row {
                    RawRow::Head(head) => {
                        if let Some((last, pieces)) = current.take() {
                            self.end(&mut account, &last, pieces).await?;
                        }
                        if self.is_asked(&head.chain) {
                            account.begin(&head);
                            current = Some((head, 1));
                        }
                    }
                    RawRow::Entry(entry) => {
                        if current.is_some() {
                            account.row(&entry);
                        }
                    }
                }
            }
            if self.ask.len() >= ASK_MAX {
                self.ask_paid().await?;
            }
            self.tell(&mut progress);
        }
        if let Some((last, pieces)) = current {
            self.end(&mut account, &last, pieces).await?;
        }
        self.ask_paid().await?;
        self.tell(&mut progress);
        Ok(())
    }

    pub(crate) fn tell(&mut self, progress: &mut impl FnMut(Progress)) {
        self.progress.findings = self.report.found();
        self.progress.entries = self.report.counts.entries;
        self.progress.owners = self.report.counts.members + self.report.counts.guests;
        progress(self.progress);
    }

    /// All rows of an owner were there. One that came in several pieces may have been written in between: then it is
    /// read again.
    async fn end(&mut self, account: &mut Account, head: &RawHead, pieces: usize) -> Result<(), StoreError> {
        account.end();
        if pieces == 1 {
            return self.settle(account, head).await;
        }
        let mut read = head.clone();
        for _ in 0..READS_MAX {
            let Some(now) = self.head_of(&read.chain, &read.owner).await? else { break };
            if (now.epoch, now.version) == (read.epoch, read.version) {
                return self.settle(account, &read).await;
            }
            self.report.counts.read_again += 1;
            let Some(again) = self.read_again(account, &read).await? else { break };
            read = again;
        }
        self.report.counts.unsettled += 1;
        Ok(())
    }

    async fn head_of(&self, chain: &str, owner: &Owner) -> Result<Option<RawHead>, StoreError> {
        let Some(from) = self.store.walk_from(chain, owner).await? else { return Ok(None) };
        let page = self.store.walk(&from, 1).await?;
        Ok(page.rows.into_iter().find_map(|row| match row {
            RawRow::Head(head) if head.owner == *owner && head.chain == chain => Some(head),
            _ => None,
        }))
    }

    /// Reads an owner from its head on; gives that head.
    async fn read_again(&self, account: &mut Account, head: &RawHead) -> Result<Option<RawHead>, StoreError> {
        let mut next = self.store.walk_from(&head.chain, &head.owner).await?;
        let mut read = None;
        while let Some(after) = next {
            let page = self.store.walk(&after, self.rows).await?;
            for row in page.rows {
                match (row, &read) {
                    (RawRow::Head(first), None) if first.owner == head.owner => {
                        account.begin(&first);
                        read = Some(first);
                    }
                    (RawRow::Entry(entry), Some(_)) => account.row(&entry),
                    _ => {
                        account.end();
                        return Ok(read);
                    }
                }
            }
            next = page.next;
        }
        account.end();
        Ok(read)
    }

    /// An owner was read as it is: what was found counts.
    async fn settle(&mut self, account: &mut Account, head: &RawHead) -> Result<(), StoreError> {
        self.report.counts.add(&account.counts);
        for wrong in account.wrong.drain(..) {
            self.report.find(Finding {
                chain: head.chain.clone(),
                owner: Some(head.owner.clone()),
                subject: wrong.subject,
                code: wrong.code,
                text: wrong.text,
            });
        }
        if account.shares.is_empty() && account.paid.is_empty() {
            return Ok(());
        }
        let chain = self.number(&head.chain);
        for id in account.paid.drain(..) {
            if self.seen.met(chain, &id) {
                self.ask.push((chain, head.owner.clone(), id));
            }
        }
        if account.shares.is_empty() {
            return Ok(());
        }
        let owner = owner_hash(&head.owner);
        for share in account.shares.drain(..) {
            if share.class == Class::TakenOrFree && !self.is_used_by(head, &share).await? {
                continue;
            }
            self.sketch.add(&share_of(chain, owner, &share));
        }
        Ok(())
    }

    /// Whether a code is used by this owner's sale, of a sale that came back whole.
    async fn is_used_by(&self, head: &RawHead, share: &SaleShare) -> Result<bool, StoreError> {
        let ShareOf::Code(code) = share.of else { return Ok(true) };
        let found = self.store.code(&head.chain, CodeHash(code)).await?;
        Ok(found.is_some_and(|code| match code.state {
            CodeState::Used { by } => by.owner == head.owner && *by.checkout.as_bytes() == share.checkout,
            CodeState::Free | CodeState::Held { .. } => false,
        }))
    }

    /// Asks for ids that were perhaps paid twice.
    async fn ask_paid(&mut self) -> Result<(), StoreError> {
        for (chain, owner, id) in std::mem::take(&mut self.ask) {
            let chain = self.chains[chain as usize].clone();
            self.check_paid_once(&chain, &owner, id).await?;
        }
        Ok(())
    }

    /// A sale's row as it is now, and whether all of it came back; read from its owner's rows.
    pub(crate) async fn sale_now(
        &self,
        chain: &str,
        owner: &Owner,
        checkout: &Id,
    ) -> Result<Option<(Row, bool)>, StoreError> {
        let mut next = self.store.walk_from(chain, owner).await?;
        let (mut heads, mut found) = (0, None::<(Row, bool)>);
        while let Some(after) = next {
            let page = self.store.walk(&after, self.rows).await?;
            for row in page.rows {
                let entry = match row {
                    RawRow::Entry(entry) if heads == 1 => entry,
                    RawRow::Head(_) if heads == 0 => {
                        heads = 1;
                        continue;
                    }
                    _ => return Ok(found),
                };
                let Some(key) = Key::new(&entry.key) else { continue };
                let of_sale = matches!(key.kind(), Some(KeyKind::Sale | KeyKind::Return));
                if !of_sale || key.id() > *checkout {
                    return Ok(found);
                }
                let mut row = Row::default();
                if key.id() == *checkout && read_row(&entry.bytes, &mut row).is_ok() {
                    match &mut found {
                        None if row.has_sale || !row.has_returned => found = Some((row, false)),
                        Some((_, whole)) => *whole |= row.returned.whole,
                        None => {}
                    }
                }
            }
            next = page.next;
        }
        Ok(found)
    }
}

impl Counts {
    fn add(&mut self, more: &Self) {
        self.members += more.members;
        self.guests += more.guests;
        self.entries += more.entries;
        self.sales += more.sales;
        self.reserved += more.reserved;
        self.ended += more.ended;
        self.returns += more.returns;
        self.pending += more.pending;
        self.parked += more.parked;
        self.coupons += more.coupons;
        self.points += more.points;
        self.debt_points += more.debt_points;
    }
}

/// A hash of an owner, as shares name it.
pub(crate) fn owner_hash(owner: &Owner) -> [u64; 2] {
    let mut hash = Sha256::new();
    match owner {
        Owner::Member(member) => {
            hash.update(b"m");
            hash.update(member.as_str());
        }
        Owner::Guest(checkout) => {
            hash.update(b"g");
            hash.update(checkout.as_bytes());
        }
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    let (first, second) = halves(&id);
    [first, second]
}

/// A share of a sale in the form in which both sides are compared. Of a hold the amounts count; of what was taken they
/// are those of the reservation, which a fact may differ from.
pub(crate) fn share_of(chain: u64, owner: [u64; 2], share: &SaleShare) -> Share {
    let class = match share.class {
        Class::Held => 1,
        Class::Taken | Class::TakenOrFree => 2,
        Class::GivenBack => 3,
    };
    let held = |amount: u64| if share.class == Class::Held { amount } else { 0 };
    let (kind, name, more, uses) = match share.of {
        ShareOf::Limit { offer, uses, amount_minor } => {
            (LIMIT, offer, held(amount_minor.cast_unsigned()), held(uses))
        }
        ShareOf::Code(code) => {
            let (first, second) = halves(&code);
            (CODE, first, second, 0)
        }
    };
    let (first, second) = halves(&share.checkout);
    Share { what: chain << 16 | class << 8 | kind, name, more, uses, checkout: [first, second], owner }
}

/// The sale that a share names; none for sixteen bytes that are no checkout.
pub(crate) fn checkout_of(share: &Share) -> Option<CheckoutId> {
    let number = u128::from(share.checkout[0]) << 64 | u128::from(share.checkout[1]);
    CheckoutId::from_bytes(number.to_be_bytes()).ok()
}

type Reading<'a> = Pin<Box<dyn Future<Output = Result<Page<RawRow>, StoreError>> + Send + 'a>>;

/// A piece that is being read.
enum Ahead<'a> {
    Reading(Reading<'a>),
    Read(Result<Page<RawRow>, StoreError>),
}

impl Ahead<'_> {
    async fn read(self) -> Result<Page<RawRow>, StoreError> {
        match self {
            Self::Reading(reading) => reading.await,
            Self::Read(page) => page,
        }
    }
}

/// Begins to read a piece without waiting for it: a store that reads on threads of its own goes on meanwhile.
async fn read_ahead(store: &dyn Store, after: Cursor, rows: usize) -> Ahead<'_> {
    let reading: Reading<'_> = Box::pin(async move { store.walk(&after, rows).await });
    let mut reading = Some(reading);
    poll_fn(|context| {
        let Some(mut begun) = reading.take() else { return Poll::Pending };
        Poll::Ready(match begun.as_mut().poll(context) {
            Poll::Ready(page) => Ahead::Read(page),
            Poll::Pending => Ahead::Reading(begun),
        })
    })
    .await
}
