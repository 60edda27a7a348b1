//! Everything of one kind, streamed from a walk over the store in bounded memory.

use std::sync::Arc;

use prost::Message as _;
use suanpan_domain::{BusinessTime, MemberId};
use suanpan_ledger::codec::{DecodeError, decode_entry, decode_head};
use suanpan_ledger::head::Status as Standing;
use suanpan_ledger::{Entry, EntryKey, progress, snapshot};
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
        out: admin_v1::ExportResponse::default(),
    };
    let mut after = Cursor::default();
    loop {
        let page = store.walk(&after, ROWS_PER_READ).await?;
        for row in page.rows {
            match row {
                RawRow::Head(head) => export.head(head)?,
                RawRow::Entry(entry) => export.entry(&entry)?,
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
            None => return Ok(()),
        }
    }
}

struct Export<'a> {
    chain: &'a Chain,
    call: ExportCall,
    now_ms: i64,
    /// Whose rows come; none of another chain's.
    owner: Option<Owner>,
    /// The sale whose returns come.
    sale: Option<(Entry, Vec<Entry>)>,
    out: admin_v1::ExportResponse,
}

fn damaged(error: &DecodeError) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

impl Export<'_> {
    fn head(&mut self, head: RawHead) -> Result<(), StoreError> {
        self.finish_sale();
        self.owner = None;
        if head.chain != self.chain.id() {
            return Ok(());
        }
        if let (ExportKind::Members, Owner::Member(member)) = (self.call.kind, &head.owner) {
            self.out.members.extend(self.member(member, &head.bytes)?);
        }
        self.owner = Some(head.owner);
        Ok(())
    }

    fn member(&self, member: &MemberId, bytes: &[u8]) -> Result<Option<member_v1::Member>, StoreError> {
        let head = decode_head(bytes).map_err(|error| damaged(&error))?;
        if head.status == Standing::Absent {
            return Ok(None);
        }
        let (policy, now_ms) = (self.chain.policy(), self.now_ms);
        let utc_offset_minutes = self.chain.utc_offset_minutes("", now_ms);
        let time = BusinessTime { unix_ms: now_ms, utc_offset_minutes };
        let facts = snapshot(policy, &head, member, now_ms, time);
        let standing = progress(policy, &head, now_ms);
        Ok(Some(encode::account(self.chain.id(), &head, policy, &standing, &facts)))
    }

    fn entry(&mut self, row: &RawEntry) -> Result<(), StoreError> {
        let Some(owner) = &self.owner else { return Ok(()) };
        match (self.call.kind, owner) {
            (ExportKind::Members, _) | (ExportKind::Entries, Owner::Guest(_)) => {}
            (ExportKind::Entries, Owner::Member(member)) => {
                let entry = decode_entry(&row.bytes).map_err(|error| damaged(&error))?;
                self.out.entries.push(admin_v1::ExportedEntry {
                    member_id: member.to_string(),
                    entry: Some(encode::entry(self.chain.policy(), &entry)),
                });
            }
            (ExportKind::Checkouts, _) => {
                let entry = decode_entry(&row.bytes).map_err(|error| damaged(&error))?;
                match entry.key {
                    EntryKey::Checkout(_) => {
                        self.finish_sale();
                        self.sale = Some((entry, Vec::new()));
                    }
                    // Returns stand right behind their sale.
                    EntryKey::Return(..) => {
                        if let Some((_, returns)) = &mut self.sale {
                            returns.push(entry);
                        }
                    }
                    EntryKey::Request(_) | EntryKey::Effect(_) | EntryKey::Time(_) => {}
                }
            }
        }
        Ok(())
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
