//! A till's stream: a basket in, a quote out, in order.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use suanpan_rpc::{status, v1};
use tokio::sync::watch;
use tokio_stream::Stream;
use tokio_stream::wrappers::WatchStream;
use tonic::{Status, Streaming};

use super::Pricing;
use crate::node::Node;

/// The answers to a stream of baskets. Each basket is priced when its answer is asked for, so that a till that does not
/// read slows its own stream and nothing else.
pub(crate) struct Answers {
    baskets: Streaming<v1::Basket>,
    node: Arc<Node>,
    draining: WatchStream<bool>,
    ended: bool,
}

impl Answers {
    pub(super) fn new(
        baskets: Streaming<v1::Basket>,
        node: Arc<Node>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self { baskets, node, draining: WatchStream::new(draining), ended: false }
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
        if self.is_draining(context) {
            self.ended = true;
            return Poll::Ready(Some(Err(status::draining())));
        }
        Pin::new(&mut self.baskets).poll_next(context).map(|next| match next {
            Some(Ok(basket)) => Some(Ok(Pricing::result(&self.node, basket))),
            Some(Err(status)) => {
                self.ended = true;
                Some(Err(status))
            }
            None => None,
        })
    }
}
