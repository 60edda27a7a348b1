//! Sales as they stand.

use suanpan_domain::CheckoutId;
use suanpan_rpc::{checkout_v1, decode, encode, status, v1};
use suanpan_store::{CheckoutFilter, Cursor, FoundCheckout, Order};
use tonic::Status;

use super::{Desk, answer};
use crate::sales::{Whom, in_time};

impl Desk<'_> {
    /// A sale with its returns.
    pub(super) async fn get(&self, checkout: CheckoutId) -> Result<checkout_v1::Checkout, Status> {
        match self.found(checkout).await? {
            Some(found) => Ok(self.as_message(&found, true)),
            None => Err(answer::unknown_checkout()),
        }
    }

    pub(super) async fn found(&self, checkout: CheckoutId) -> Result<Option<FoundCheckout>, Status> {
        let found = in_time(self.until, self.sales.store.find_checkout(self.chain.id(), checkout)).await;
        found.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))
    }

    pub(super) async fn list(
        &self,
        call: decode::ListCall,
    ) -> Result<checkout_v1::ListCheckoutsResponse, Status> {
        let filter = CheckoutFilter {
            member: call.member,
            from_ms: call.from_ms,
            before_ms: call.before_ms,
            order: Order::NewestFirst,
        };
        let chain = self.chain.id();
        let after = Cursor(call.after);
        let page = self.sales.store.list_checkouts(chain, &filter, &after, call.page_size);
        let page = in_time(self.until, page)
            .await
            .map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))?;
        Ok(checkout_v1::ListCheckoutsResponse {
            chain: chain.to_owned(),
            checkouts: page.rows.iter().map(|found| self.as_message(found, false)).collect(),
            next_page_token: super::super::page_token(page.next),
        })
    }

    fn as_message(&self, found: &FoundCheckout, with_quote: bool) -> checkout_v1::Checkout {
        let FoundCheckout { owner, entry, returns } = found;
        let quote = if with_quote { answer::quote(entry) } else { None };
        let mut message = encode::checkout_now(self.chain.id(), answer::member(owner), entry, quote, returns);
        self.name_overruns(entry, &mut message.overruns);
        message
    }

    /// Whom a basket names.
    pub(super) async fn buyer(&self, basket: &v1::Basket) -> Result<Whom, Status> {
        let found = in_time(self.until, self.sales.buyer(&self.chain, basket, self.now_ms)).await;
        found.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))
    }

    /// Whether an id is never written as new any more.
    pub(super) const fn is_too_old(&self, checkout_ms: i64) -> bool {
        checkout_ms < self.now_ms - self.sales.selling.horizon_ms
    }
}
