//! Entries that could not be accrued and wait for a person.

use suanpan_checkout::BooksError;
use suanpan_ledger::command::EntryRef;
use suanpan_ledger::{EntryKey, Refusal, State};
use suanpan_rpc::decode::{ParkedCall, RetryCall};
use suanpan_rpc::{admin_v1, checkout_v1, encode, status};
use suanpan_store::{Cursor, ParkedRow, StoreError};
use tonic::{Code, Status};

use super::super::page_token;
use super::{Desk, failed};
use crate::sales::settled;

impl Desk<'_> {
    pub(super) async fn list_parked(&self, call: ParkedCall) -> Result<admin_v1::ListParkedResponse, Status> {
        let page = self.sales.store.parked(self.chain.id(), &Cursor(call.after), call.page_size).await;
        let page = page.map_err(|error| failed(&error))?;
        let entry = |row: ParkedRow| admin_v1::ParkedEntry {
            member_id: row.member.to_string(),
            key: encode::key(row.key),
            why: row.why,
            parked_unix_ms: row.at_ms,
        };
        Ok(admin_v1::ListParkedResponse {
            entries: page.rows.into_iter().map(entry).collect(),
            next_page_token: page_token(page.next),
        })
    }

    /// Puts an entry back and does the member's work at once, so that the caller hears whether it is parked again.
    pub(super) async fn retry_parked(
        &self,
        call: &RetryCall,
    ) -> Result<admin_v1::RetryParkedResponse, Status> {
        let books = self.sales.books(&self.chain);
        let unparked =
            settled(self.until, || books.unpark(&call.member, call.entry, &call.actor, self.now_ms)).await;
        unparked.map_err(refused)?;
        books.work(&call.member, self.now_ms).await.map_err(refused)?;
        let (checkout, back) = match call.entry {
            EntryRef::Checkout(checkout) => (checkout, None),
            EntryRef::Return(checkout, back) => (checkout, Some(back)),
        };
        let found = self.sales.store.find_checkout(self.chain.id(), checkout).await;
        let found = found.map_err(|error| failed(&error))?;
        let entry = found.as_ref().and_then(|found| match back {
            None => Some(&found.entry),
            Some(back) => found.returns.iter().find(|entry| entry.key == EntryKey::Return(checkout, back)),
        });
        let accrued = entry.is_some_and(|entry| entry.state != State::Parked && entry.accrued_version != 0);
        Ok(admin_v1::RetryParkedResponse { accrued })
    }
}

fn refused(error: BooksError) -> Status {
    match error {
        BooksError::Refused(conflicts)
            if conflicts.iter().any(|conflict| conflict.reason == Refusal::MemberUnknown) =>
        {
            let message = "there is no such member";
            status::plain(Code::NotFound, status::ADMIN_DOMAIN, status::MEMBER_UNKNOWN, message)
        }
        BooksError::Refused(conflicts) => {
            let conflicts = conflicts.iter().map(encode::conflict).collect();
            let refused = checkout_v1::CheckoutRefused { conflicts, ..Default::default() };
            status::refused(status::ADMIN_DOMAIN, refused)
        }
        BooksError::Stale => failed(&StoreError::Busy),
        BooksError::Store(error) => failed(&error),
    }
}
