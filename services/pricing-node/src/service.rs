//! The calls of `PricingService`; those of sales and members in the modules.

pub(crate) mod admin;
mod by_size;
mod checkout;
mod deadline;
mod members;
mod stream;

use std::pin::Pin;
use std::sync::Arc;

use suanpan_domain::limits;
use suanpan_receipt::Lang;
use suanpan_rpc::problem::{Fault, Problems};
use suanpan_rpc::v1::pricing_service_server::PricingService;
use suanpan_rpc::{bounds, encode, status, v1};
use suanpan_store::{Cursor, Executed, StoreError};
use tokio::sync::watch;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::node::Node;
pub(crate) use admin::Admin;
pub(crate) use by_size::BySize;
pub(crate) use checkout::Checkouts;
pub(crate) use members::Accounts;
use stream::Answers;

/// Baskets of a batch that are priced before other tasks of the thread get their turn.
const BASKETS_PER_TURN: usize = 8;

/// The service of a node.
#[derive(Clone)]
pub(crate) struct Pricing {
    node: Arc<Node>,
    draining: watch::Receiver<bool>,
}

impl Pricing {
    /// `draining` turns true when open streams have to end.
    pub(crate) const fn of(node: Arc<Node>, draining: watch::Receiver<bool>) -> Self {
        Self { node, draining }
    }

    /// A quote, or why there is none, for batches and streams.
    async fn result(node: &Node, basket: v1::Basket) -> v1::QuoteResult {
        let chain = basket.chain.clone();
        Self::said(chain, node.quote("", basket, false, |answer| answer.message()).await)
    }

    /// The same of a basket whose member is not the store's: nothing is waited for.
    fn result_now(node: &Node, basket: v1::Basket) -> v1::QuoteResult {
        let chain = basket.chain.clone();
        Self::said(chain, node.price("", basket, false, |answer| answer.message()))
    }

    fn said(chain: String, quote: Result<v1::Quote, crate::Failure>) -> v1::QuoteResult {
        use v1::quote_result::Result as Either;
        let result = match quote {
            Ok(quote) => Either::Quote(quote),
            Err(failure) => Either::Refusal(failure.refusal(&chain)),
        };
        v1::QuoteResult { result: Some(result) }
    }
}

#[tonic::async_trait]
impl PricingService for Pricing {
    async fn quote(&self, request: Request<v1::Basket>) -> Result<Response<v1::Quote>, Status> {
        let quote = self.node.quote("", request.into_inner(), false, |answer| answer.message()).await?;
        Ok(Response::new(quote))
    }

    async fn quote_batch(
        &self,
        request: Request<v1::QuoteBatchRequest>,
    ) -> Result<Response<v1::QuoteBatchResponse>, Status> {
        let v1::QuoteBatchRequest { chain, baskets } = request.into_inner();
        check_batch(&chain, &baskets).map_err(|problems| status::invalid(&problems))?;
        if chain != self.node.chain().id() {
            return Err(status::unknown_chain(status::DOMAIN));
        }
        let mut results = Vec::with_capacity(baskets.len());
        for (index, mut basket) in baskets.into_iter().enumerate() {
            if index > 0 && index % BASKETS_PER_TURN == 0 {
                tokio::task::yield_now().await;
            }
            if basket.chain.is_empty() {
                basket.chain.clone_from(&chain);
            }
            results.push(Self::result(&self.node, basket).await);
        }
        Ok(Response::new(v1::QuoteBatchResponse { chain, results }))
    }

    type QuoteStreamStream = Pin<Box<Answers>>;

    async fn quote_stream(
        &self,
        request: Request<Streaming<v1::Basket>>,
    ) -> Result<Response<Self::QuoteStreamStream>, Status> {
        let answers = Answers::new(request.into_inner(), Arc::clone(&self.node), self.draining.clone());
        Ok(Response::new(Box::pin(answers)))
    }

    async fn explain(
        &self,
        request: Request<v1::ExplainRequest>,
    ) -> Result<Response<v1::ExplainResponse>, Status> {
        let v1::ExplainRequest { chain, basket, lang } = request.into_inner();
        let (mut basket, lang) =
            check_explain(&chain, basket, &lang).map_err(|problems| status::invalid(&problems))?;
        if basket.chain.is_empty() {
            basket.chain = chain;
        }
        let response = self.node.quote("basket.", basket, true, |answer| {
            let message = answer.message();
            v1::ExplainResponse {
                chain: message.chain.clone(),
                receipt: answer.receipt(lang),
                quote: Some(message),
                lang: lang.tag().to_owned(),
            }
        });
        let response = response.await?;
        Ok(Response::new(response))
    }

    async fn get_program(
        &self,
        request: Request<v1::GetProgramRequest>,
    ) -> Result<Response<v1::GetProgramResponse>, Status> {
        let asked = request.into_inner().chain;
        if asked.is_empty() {
            return Err(status::invalid(&Problems::one(format_args!("chain"), Fault::Required)));
        }
        let chain = self.node.chain();
        if asked != chain.id() {
            return Err(status::unknown_chain(status::DOMAIN));
        }
        let message =
            encode::program(chain.id(), chain.id(), chain.currency(), &chain.titles(), chain.offers());
        Ok(Response::new(message))
    }
}

/// What is wrong with a batch, but for what is wrong with its baskets.
fn check_batch(chain: &str, baskets: &[v1::Basket]) -> Result<(), Problems> {
    let mut problems = Problems::default();
    if chain.is_empty() {
        problems.add(format_args!("chain"), Fault::Required);
    }
    if baskets.is_empty() {
        problems.add(format_args!("baskets"), Fault::Required);
    }
    if baskets.len() > bounds::BATCH_BASKETS_MAX {
        let fault = Fault::TooMany { count: baskets.len(), most: bounds::BATCH_BASKETS_MAX };
        problems.add(format_args!("baskets"), fault);
    }
    for (index, basket) in baskets.iter().enumerate().take(bounds::BATCH_BASKETS_MAX) {
        if !basket.chain.is_empty() && basket.chain != chain {
            problems.add(format_args!("baskets[{index}].chain"), Fault::OtherChain);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The basket and the language of an explanation.
fn check_explain(
    chain: &str,
    basket: Option<v1::Basket>,
    lang: &str,
) -> Result<(v1::Basket, Lang), Problems> {
    let mut problems = Problems::default();
    if let Some(basket) = &basket {
        if !chain.is_empty() && !basket.chain.is_empty() && basket.chain != chain {
            problems.add(format_args!("basket.chain"), Fault::OtherChain);
        }
    } else {
        problems.add(format_args!("basket"), Fault::Required);
    }
    let lang = if lang.is_empty() { Some(Lang::default()) } else { Lang::from_tag(lang) };
    if lang.is_none() {
        problems.add(format_args!("lang"), Fault::UnknownLanguage);
    }
    match basket.zip(lang) {
        Some(both) if problems.is_empty() => Ok(both),
        _ => Err(problems),
    }
}

/// The own checks of a call that sells, with every problem that they found.
fn checked<T>(check: impl FnOnce(&mut Problems) -> Option<T>) -> (Option<T>, Problems) {
    let mut problems = Problems::default().of_domain(status::CHECKOUT_DOMAIN);
    let call = check(&mut problems);
    (call, problems)
}

/// What the caller hears of a store that did not do what it was asked. What it may have done is never called failed.
fn store_failed(domain: &str, error: &StoreError) -> Status {
    tracing::warn!(%error, "the store did not answer as asked");
    match error.executed() {
        Executed::Unknown => {
            let message = "the outcome is not known; send the same call again";
            status::plain(Code::Unavailable, domain, status::UNKNOWN_OUTCOME, message)
        }
        Executed::No => {
            let message = "nothing was changed: the store is not available; send the same call again";
            status::plain(Code::Unavailable, domain, status::STORE_UNAVAILABLE, message)
        }
    }
}

/// A cursor as a page token; empty at the end.
fn page_token(next: Option<Cursor>) -> String {
    next.map(|cursor| cursor.0.iter().map(|byte| format!("{byte:02x}")).collect()).unwrap_or_default()
}

/// The largest message of the calls that carry one basket.
pub(crate) const BASKET_BYTES_MAX: usize = limits::REQUEST_BYTES_MAX;
/// The largest answer. A batch of the largest baskets stays below it; what would not is an error and not a surprise.
pub(crate) const ANSWER_BYTES_MAX: usize = 128 << 20;
