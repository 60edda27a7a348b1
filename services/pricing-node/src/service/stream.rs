//! A till's stream: a basket in, a quote out, in order.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use suanpan_rpc::{status, v1};
use tokio::sync::watch;
use tokio_stream::Stream;
use tokio_stream::wrappers::WatchStream;
use tonic::codegen::BoxFuture;
use tonic::{Status, Streaming};

use super::Pricing;
use crate::node::Node;

/// The answers to a stream of baskets. Each basket is priced when its answer is asked for, so that a till that does not
/// read slows its own stream and nothing else.
pub(crate) struct Answers {
    baskets: Streaming<v1::Basket>,
    node: Arc<Node>,
    draining: WatchStream<bool>,
    /// The basket whose member is being looked up.
    pricing: Option<BoxFuture<v1::QuoteResult, Infallible>>,
    ended: bool,
}

impl Answers {
    pub(super) fn new(
        baskets: Streaming<v1::Basket>,
        node: Arc<Node>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self { baskets, node, draining: WatchStream::new(draining), pricing: None, ended: false }
    }

    /// Whether the node is about to end. The task is woken when it becomes so.
    fn is_draining(&mut self, context: &mut Context<'_>) -> bool {
        while let Poll::Ready(value) = Pin::new(&mut self.draining).poll_next(context) {
            // The sender goes away only after the server ended.
            if value.unwrap_or(true) {
                return true;
            }
        }
        false
    }
}

impl Stream for Answers {
    type Item = Result<v1::QuoteResult, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(pricing) = &mut self.pricing {
            let Ok(result) = ready!(pricing.as_mut().poll(context));
            self.pricing = None;
            return Poll::Ready(Some(Ok(result)));
        }
        if self.is_draining(context) {
            self.ended = true;
            return Poll::Ready(Some(Err(status::draining())));
        }
        match ready!(Pin::new(&mut self.baskets).poll_next(context)) {
            Some(Ok(basket)) if self.node.asks_the_store(&basket) => {
                let node = Arc::clone(&self.node);
                self.pricing = Some(Box::pin(async move { Ok(Pricing::result(&node, basket).await) }));
                self.poll_next(context)
            }
            Some(Ok(basket)) => Poll::Ready(Some(Ok(Pricing::result_now(&self.node, basket)))),
            Some(Err(status)) => {
                self.ended = true;
                Poll::Ready(Some(Err(status)))
            }
            None => Poll::Ready(None),
        }
    }
}
