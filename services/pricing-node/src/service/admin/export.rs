//! Everything of one kind, streamed from a walk over the store in bounded memory. What cannot be read is left out, and told
//! at the end as a refusal: whoever takes what came for all of it would lose members without a word.

use std::sync::Arc;

use prost::Message as _;
use suanpan_domain::{BusinessTime, MemberId};
use suanpan_ledger::codec::{decode_entry, decode_head};
use suanpan_ledger::head::Status as Standing;
use suanpan_ledger::{Entry, EntryKey, Head, progress, snapshot};
use suanpan_rpc::decode::{ExportCall, ExportKind};
use suanpan_rpc::{admin_v1, checkout_v1, encode, member_v1};
use suanpan_store::{Cursor, Owner, RawEntry, RawHead, RawRow, Store, StoreError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{WAITING_MAX, failed};
use crate::chain::Chain;
use crate::node::unix_ms_now;

/// Rows of one read, and about as many of one message.
const ROWS_PER_READ: usize = 1_000;
/// So many of what was left out are named.
const NAMED_MAX: usize = 10;

type Message = Result<admin_v1::ExportResponse, Status>;

/// A stream that walks as fast as its reader reads, and ends with it.
pub(super) fn stream(
    beside: &Handle,
    store: Arc<dyn Store>,
    chain: Arc<Chain>,
    call: ExportCall,
) -> ReceiverStream<Message> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    beside.spawn(async move {
        if let Err(error) = walk(&*store, &chain, call, &sender).await {
            // A reader that is gone hears nothing.
            let _ = sender.send(Err(failed(&error))).await;
        }
    });
    ReceiverStream::new(receiver)
}

async fn walk(
    store: &dyn Store,
    chain: &Chain,
    call: ExportCall,
    sender: &mpsc::Sender<Message>,
) -> Result<(), StoreError> {
    let mut export = Export {
        chain,
        call,
        now_ms: unix_ms_now(),
        owner: None,
        sale: None,
        left_out: Vec::new(),
        left_out_rows: 0,
        out: admin_v1::ExportResponse::default(),
    };
    let mut after = Cursor::default();
    loop {
        let page = store.walk(&after, ROWS_PER_READ).await?;
        for row in page.rows {
            match row {
                RawRow::Head(head) => export.head(head),
                RawRow::Entry(entry) => export.entry(&entry),
            }
        }
        if page.next.is_none() {
            export.finish_sale();
        }
        let out = std::mem::take(&mut export.out);
        if out != admin_v1::ExportResponse::default() && sender.send(Ok(out)).await.is_err() {
            return Ok(());
        }
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    for passed_over in store.passed_over().await? {
        export.leave_out(|| passed_over);
    }
    export.whole()
}

struct Export<'a> {
    chain: &'a Chain,
    call: ExportCall,
    now_ms: i64,
    /// Whose rows come; none of another chain's.
    owner: Option<Owner>,
    /// The sale whose returns come.
    sale: Option<(Entry, Vec<Entry>)>,
    /// The first of what could not be read, in words.
    left_out: Vec<String>,
    /// How much that is.
    left_out_rows: u64,
    out: admin_v1::ExportResponse,
}

impl Export<'_> {
    /// Notes what is not exported.
    fn leave_out(&mut self, what: impl FnOnce() -> String) {
        self.left_out_rows += 1;
        if self.left_out.len() < NAMED_MAX {
            self.left_out.push(what());
        }
    }

    /// Nothing was left out, or what was.
    fn whole(&self) -> Result<(), StoreError> {
        if self.left_out.is_empty() {
            return Ok(());
        }
        let more = self.left_out_rows - self.left_out.len() as u64;
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        Err(StoreError::Corrupt(format!(
            "the export is not whole, it left out: {}{more}",
            self.left_out.join("; ")
        )))
    }

    fn head(&mut self, head: RawHead) {
        self.finish_sale();
        self.owner = None;
        if head.chain != self.chain.id() {
            return;
        }
        if let (ExportKind::Members, Owner::Member(member)) = (self.call.kind, &head.owner) {
            match decode_head(&head.bytes) {
                Ok(decoded) => self.out.members.extend(self.member(member, &decoded)),
                Err(error) => self.leave_out(|| format!("member {member}: its head cannot be read: {error}")),
            }
        }
        self.owner = Some(head.owner);
    }

    fn member(&self, member: &MemberId, head: &Head) -> Option<member_v1::Member> {
        if head.status == Standing::Absent {
            return None;
        }
        let (policy, now_ms) = (self.chain.policy(), self.now_ms);
        let utc_offset_minutes = self.chain.utc_offset_minutes("", now_ms);
        let time = BusinessTime { unix_ms: now_ms, utc_offset_minutes };
        let facts = snapshot(policy, head, member, now_ms, time);
        let standing = progress(policy, head, now_ms);
        Some(encode::account(self.chain.id(), head, policy, &standing, &facts))
    }

    fn entry(&mut self, row: &RawEntry) {
        let Some(owner) = self.owner.clone() else { return };
        let member = match (self.call.kind, &owner) {
            (ExportKind::Members, _) | (ExportKind::Entries, Owner::Guest(_)) => return,
            (ExportKind::Entries, Owner::Member(member)) => Some(member),
            (ExportKind::Checkouts, _) => None,
        };
        let entry = match decode_entry(&row.bytes) {
            Ok(entry) => entry,
            Err(error) => {
                self.leave_out(|| {
                    let owner = match &owner {
                        Owner::Member(member) => format!("member {member}"),
                        Owner::Guest(checkout) => format!("guest's sale {checkout}"),
                    };
                    format!("{owner}: the row of version {} cannot be read: {error}", row.version)
                });
                // Returns of a sale that cannot be read belong to no sale.
                self.finish_sale();
                return;
            }
        };
        if let Some(member) = member {
            let entry = Some(encode::entry(self.chain.policy(), &entry));
            self.out.entries.push(admin_v1::ExportedEntry { member_id: member.to_string(), entry });
            return;
        }
        match entry.key {
            EntryKey::Checkout(_) => {
                self.finish_sale();
                self.sale = Some((entry, Vec::new()));
            }
            // Returns stand right behind their sale.
            EntryKey::Return(checkout, _) => match &mut self.sale {
                Some((sale, returns)) if sale.key == EntryKey::Checkout(checkout) => returns.push(entry),
                Some(_) | None => {
                    self.leave_out(|| format!("a return of sale {checkout}, which is not there"))
                }
            },
            EntryKey::Request(_) | EntryKey::Effect(_) | EntryKey::Time(_) => {}
        }
    }

    fn finish_sale(&mut self) {
        let Some((entry, returns)) = self.sale.take() else { return };
        let member = match &self.owner {
            Some(Owner::Member(member)) => Some(member),
            Some(Owner::Guest(_)) | None => None,
        };
        let record = checkout_v1::SaleRecord::decode(entry.answer.as_slice()).ok();
        let quote = record.filter(|_| self.call.quotes).and_then(|record| record.quote);
        self.out.checkouts.push(encode::checkout_now(self.chain.id(), member, &entry, quote, &returns));
    }
}
