//! The codec of the service: prost, behind a look at the bytes.

use std::marker::PhantomData;

use prost::Message;
use prost::bytes::Buf;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

use crate::bounds::{self, OutOfBounds, Shape};
use crate::{admin_v1, checkout_v1, member_v1, status, v1};

/// Encodes with prost and decodes with prost what is within its bounds. Sends `T`, receives `U`.
#[derive(Clone, Debug)]
pub struct BoundedCodec<T, U> {
    messages: PhantomData<(T, U)>,
}

impl<T, U> Default for BoundedCodec<T, U> {
    fn default() -> Self {
        Self { messages: PhantomData }
    }
}

impl<T, U> Codec for BoundedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Received,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder { message: PhantomData }
    }
}

/// Decodes messages that are within their bounds.
#[derive(Clone, Debug)]
pub struct BoundedDecoder<U> {
    message: PhantomData<U>,
}

impl<U: Received> Decoder for BoundedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // A message lies in one piece: tonic collects it before it asks.
        let bytes = buf.chunk();
        if bytes.len() == buf.remaining() {
            decode(bytes).inspect(|_| buf.advance(buf.remaining())).map(Some)
        } else {
            decode(&buf.copy_to_bytes(buf.remaining())).map(Some)
        }
    }
}

/// Decodes a message within its bounds.
///
/// # Errors
/// `INVALID_ARGUMENT` for a request that is malformed or too long, `INTERNAL` for a malformed answer.
pub fn decode<U: Received>(bytes: &[u8]) -> Result<U, Status> {
    let Some(shape) = U::SHAPE else {
        return U::decode(bytes).map_err(|error| Status::internal(error.to_string()));
    };
    match bounds::check(bytes, shape.0) {
        Ok(()) => U::decode(bytes).map_err(|error| status::malformed(U::DOMAIN, &error.to_string())),
        Err(OutOfBounds::Malformed) => {
            Err(status::malformed(U::DOMAIN, "cut short or with an impossible tag"))
        }
        Err(OutOfBounds::Lists(problems)) => Err(status::invalid(&problems.of_domain(U::DOMAIN))),
    }
}

/// A message that one side of the service receives.
pub trait Received: Message + Default + 'static {
    /// The bounds of a request; none for answers, which come from a node that the caller trusts.
    const SHAPE: Option<RequestShape>;
    /// The domain of the errors of the service that it belongs to.
    const DOMAIN: &'static str;
}

/// The bounds of a request's lists.
#[derive(Clone, Copy, Debug)]
pub struct RequestShape(&'static Shape);

macro_rules! received {
    ($package:ident, $domain:ident { $($message:ident: $shape:expr;)* }) => {$(
        impl Received for $package::$message {
            const SHAPE: Option<RequestShape> = $shape;
            const DOMAIN: &'static str = status::$domain;
        }
    )*};
}

received! { v1, DOMAIN {
    Basket: Some(RequestShape(&bounds::BASKET));
    QuoteBatchRequest: Some(RequestShape(&bounds::BATCH));
    ExplainRequest: Some(RequestShape(&bounds::EXPLAIN));
    GetProgramRequest: Some(RequestShape(&bounds::LEAF));
    Quote: None;
    QuoteBatchResponse: None;
    QuoteResult: None;
    ExplainResponse: None;
    GetProgramResponse: None;
} }

received! { checkout_v1, CHECKOUT_DOMAIN {
    ReserveRequest: Some(RequestShape(&bounds::RESERVE));
    ConfirmRequest: Some(RequestShape(&bounds::CONFIRM));
    CancelRequest: Some(RequestShape(&bounds::LEAF));
    ReturnRequest: Some(RequestShape(&bounds::RETURN));
    RecordOfflineSaleRequest: Some(RequestShape(&bounds::OFFLINE_SALE));
    RecordOfflineReturnRequest: Some(RequestShape(&bounds::RETURN));
    GetCheckoutRequest: Some(RequestShape(&bounds::LEAF));
    ListCheckoutsRequest: Some(RequestShape(&bounds::LEAF));
    Checkout: None;
    ReturnResponse: None;
    ListCheckoutsResponse: None;
} }

received! { member_v1, MEMBER_DOMAIN {
    EnrolRequest: Some(RequestShape(&bounds::ENROL));
    GetRequest: Some(RequestShape(&bounds::LEAF));
    AdjustRequest: Some(RequestShape(&bounds::LEAF));
    GrantCouponRequest: Some(RequestShape(&bounds::LEAF));
    RevokeCouponRequest: Some(RequestShape(&bounds::LEAF));
    BlockRequest: Some(RequestShape(&bounds::LEAF));
    TransferRequest: Some(RequestShape(&bounds::LEAF));
    MergeRequest: Some(RequestShape(&bounds::LEAF));
    CloseRequest: Some(RequestShape(&bounds::LEAF));
    RecordActivityRequest: Some(RequestShape(&bounds::LEAF));
    ListEntriesRequest: Some(RequestShape(&bounds::LEAF));
    Member: None;
    ListEntriesResponse: None;
} }

received! { admin_v1, ADMIN_DOMAIN {
    DescribeRequest: Some(RequestShape(&bounds::LEAF));
    PublishRequest: Some(RequestShape(&bounds::PUBLISH));
    AddCodesRequest: Some(RequestShape(&bounds::ADD_CODES));
    ListParkedRequest: Some(RequestShape(&bounds::LEAF));
    RetryParkedRequest: Some(RequestShape(&bounds::LEAF));
    BackupRequest: Some(RequestShape(&bounds::LEAF));
    AuditRequest: Some(RequestShape(&bounds::LEAF));
    ExportRequest: Some(RequestShape(&bounds::LEAF));
    DescribeResponse: None;
    PublishResponse: None;
    AddCodesResponse: None;
    ListParkedResponse: None;
    RetryParkedResponse: None;
    BackupResponse: None;
    AuditResponse: None;
    ExportResponse: None;
} }
