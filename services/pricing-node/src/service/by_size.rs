//! Two copies of the service with different size limits, so that only a batch may be as large as a batch.

use std::convert::Infallible;
use std::task::{Context, Poll};

use suanpan_rpc::bounds::BATCH_BYTES_MAX;
use suanpan_rpc::v1::pricing_service_server::{PricingServiceServer, SERVICE_NAME};
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::NamedService;

use super::{ANSWER_BYTES_MAX, BASKET_BYTES_MAX, Pricing};

const BATCH_PATH: &str = "/suanpan.pricing.v1.PricingService/QuoteBatch";

/// Sends a call to the copy with its limits.
#[derive(Clone)]
pub(crate) struct BySize {
    basket: PricingServiceServer<Pricing>,
    batch: PricingServiceServer<Pricing>,
}

impl BySize {
    pub(crate) fn of(pricing: &Pricing) -> Self {
        let limited = |bytes| {
            PricingServiceServer::new(pricing.clone())
                .max_decoding_message_size(bytes)
                .max_encoding_message_size(ANSWER_BYTES_MAX)
        };
        Self { basket: limited(BASKET_BYTES_MAX), batch: limited(BATCH_BYTES_MAX) }
    }
}

impl NamedService for BySize {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<http::Request<Body>> for BySize {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Both copies are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if request.uri().path() == BATCH_PATH { self.batch.call(request) } else { self.basket.call(request) }
    }
}
