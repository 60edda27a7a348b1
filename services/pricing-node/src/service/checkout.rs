//! The calls of `CheckoutService`.

mod answer;
mod give_back;
mod price;
mod read;
mod recorded;
mod refused;
mod sell;

use std::sync::Arc;

use suanpan_checkout::BooksError;
use suanpan_rpc::checkout_v1::checkout_service_server::CheckoutService;
use suanpan_rpc::problem::Problems;
use suanpan_rpc::{checkout_v1, decode, status};
use tokio::time::Instant;
use tonic::{Code, Request, Response, Status};

use crate::chain::Chain;
use crate::node::{Node, unix_ms_now};
use crate::sales::{SETTLE, Sales, settled};
use sell::{Kind, Sell};

/// The service of a node that sells.
#[derive(Clone)]
pub(crate) struct Checkouts {
    node: Arc<Node>,
}

/// What one call works with.
pub(super) struct Desk<'a> {
    node: &'a Node,
    pub(super) sales: &'a Sales,
    pub(super) chain: Arc<Chain>,
    pub(super) now_ms: i64,
    /// Until when the store is asked, and a write whose outcome is not known is repeated.
    pub(super) until: Instant,
}

impl Checkouts {
    pub(crate) const fn of(node: Arc<Node>) -> Self {
        Self { node }
    }

    fn desk<T>(&self, request: &Request<T>) -> Result<Desk<'_>, Status> {
        desk(&self.node, request, status::CHECKOUT_DOMAIN)
    }

    fn writing<T>(&self, request: &Request<T>) -> Result<Desk<'_>, Status> {
        writing(&self.node, request, status::CHECKOUT_DOMAIN)
    }
}

/// What a call works with; an error on a node without a store.
pub(super) fn desk<'a, T>(node: &'a Node, request: &Request<T>, domain: &str) -> Result<Desk<'a>, Status> {
    let Some(sales) = node.sales() else {
        let message = "this node prices only; start it with a store to sell";
        return Err(status::plain(Code::Unimplemented, domain, status::NO_STORE, message));
    };
    let until = Instant::now() + super::deadline::of(request).unwrap_or(SETTLE);
    Ok(Desk { node, sales, chain: node.chain(), now_ms: unix_ms_now(), until })
}

/// The same for a call that writes; an error on a node whose clock is wrong, because what it writes has a time.
pub(super) fn writing<'a, T>(node: &'a Node, request: &Request<T>, domain: &str) -> Result<Desk<'a>, Status> {
    let desk = desk(node, request, domain)?;
    if desk.sales.clock_is_right() {
        return Ok(desk);
    }
    let message = "nothing was changed: this node's clock is wrong; go on with another one";
    Err(status::plain(Code::Unavailable, domain, status::CLOCK_WRONG, message))
}

fn invalid(problems: Problems) -> Status {
    status::invalid(&problems.of_domain(status::CHECKOUT_DOMAIN))
}

#[tonic::async_trait]
impl CheckoutService for Checkouts {
    async fn reserve(
        &self,
        request: Request<checkout_v1::ReserveRequest>,
    ) -> Result<Response<checkout_v1::Checkout>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let (call, problems) =
            super::checked(|problems| decode::reserve(&message, desk.chain.id(), problems));
        let sell = Sell {
            basket: message.basket,
            sent: Vec::new(),
            token: message.quote_token,
            expected_due_minor: message.expected.map(|expected| expected.due_minor),
            kind: Kind::Reserve,
        };
        desk.sell(call, problems, sell).await.map(Response::new)
    }

    async fn confirm(
        &self,
        request: Request<checkout_v1::ConfirmRequest>,
    ) -> Result<Response<checkout_v1::Checkout>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let (call, problems) =
            super::checked(|problems| decode::confirm(&message, desk.chain.id(), problems));
        let sell = Sell {
            basket: message.basket,
            sent: message.tenders,
            token: message.quote_token,
            expected_due_minor: message.expected.map(|expected| expected.due_minor),
            kind: if message.tendered { Kind::Tendered } else { Kind::Confirm },
        };
        desk.sell(call, problems, sell).await.map(Response::new)
    }

    async fn cancel(
        &self,
        request: Request<checkout_v1::CancelRequest>,
    ) -> Result<Response<checkout_v1::Checkout>, Status> {
        let desk = self.writing(&request)?;
        let call = decode::checkout(&request.into_inner(), desk.chain.id()).map_err(invalid)?;
        desk.cancel(call).await.map(Response::new)
    }

    async fn r#return(
        &self,
        request: Request<checkout_v1::ReturnRequest>,
    ) -> Result<Response<checkout_v1::ReturnResponse>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let content_hash = suanpan_rpc::content::refund(message.all, &message.lines);
        let call = decode::refund(message, desk.chain.id()).map_err(invalid)?;
        desk.give_back(call, content_hash, false).await.map(Response::new)
    }

    async fn record_offline_sale(
        &self,
        request: Request<checkout_v1::RecordOfflineSaleRequest>,
    ) -> Result<Response<checkout_v1::Checkout>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let (call, problems) =
            super::checked(|problems| decode::offline_sale(&message, desk.chain.id(), problems));
        let sell = Sell {
            basket: message.basket,
            sent: message.tenders,
            token: String::new(),
            expected_due_minor: None,
            kind: Kind::Offline,
        };
        desk.sell(call, problems, sell).await.map(Response::new)
    }

    async fn record_offline_return(
        &self,
        request: Request<checkout_v1::RecordOfflineReturnRequest>,
    ) -> Result<Response<checkout_v1::ReturnResponse>, Status> {
        let desk = self.writing(&request)?;
        let message = request.into_inner();
        let content_hash = suanpan_rpc::content::refund(message.all, &message.lines);
        let call = decode::offline_return(message, desk.chain.id()).map_err(invalid)?;
        desk.give_back(call, content_hash, true).await.map(Response::new)
    }

    async fn get_checkout(
        &self,
        request: Request<checkout_v1::GetCheckoutRequest>,
    ) -> Result<Response<checkout_v1::Checkout>, Status> {
        let desk = self.desk(&request)?;
        let call = decode::get_checkout(&request.into_inner(), desk.chain.id()).map_err(invalid)?;
        desk.get(call.checkout).await.map(Response::new)
    }

    async fn list_checkouts(
        &self,
        request: Request<checkout_v1::ListCheckoutsRequest>,
    ) -> Result<Response<checkout_v1::ListCheckoutsResponse>, Status> {
        let desk = self.desk(&request)?;
        let call = decode::list_checkouts(request.into_inner(), desk.chain.id()).map_err(invalid)?;
        desk.list(call).await.map(Response::new)
    }
}

impl Desk<'_> {
    async fn cancel(&self, call: decode::CheckoutCall) -> Result<checkout_v1::Checkout, Status> {
        // Nothing is written under an id that is too old, and nothing need be: a late call of it is refused for that.
        if self.is_too_old(call.checkout.unix_ms()) && self.found(call.checkout).await?.is_none() {
            return Ok(answer::never_sold(self.chain.id(), call.checkout));
        }
        let books = self.sales.books(&self.chain);
        let cancelled = settled(self.until, || books.cancel(call.checkout, &call.actor, self.now_ms)).await;
        match cancelled {
            Ok(recorded) => Ok(answer::checkout(self.chain.id(), &recorded, None)),
            Err(BooksError::Refused(conflicts)) => {
                // The confirmed sale comes with the refusal, so that the till need not ask again.
                let checkout = self.get(call.checkout).await.ok();
                Err(answer::refused(&conflicts, None, checkout))
            }
            Err(error) => Err(answer::failed(error)),
        }
    }
}
