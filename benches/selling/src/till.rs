//! A till that sells as fast as it is answered, at little cost to the machine that it shares with the node: it encodes one
//! message over and over, and decodes the first answer only.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use h2::client::{SendRequest, handshake};
use prost::Message as _;
use prost::bytes::{BufMut as _, Bytes, BytesMut};
use suanpan_rpc::{checkout_v1, member_v1, v1};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tonic::codegen::http::{Request, header};

use crate::hall::{CHAIN, now_ms};

/// A connection to a node.
pub(crate) type Line = SendRequest<Bytes>;

/// Connections to a node.
pub(crate) async fn connect(address: SocketAddr, count: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for _ in 0..count {
        let socket = TcpStream::connect(address).await.expect("a connection");
        socket.set_nodelay(true).expect("a setting");
        let (line, connection) = handshake(Together(socket)).await.expect("HTTP/2");
        tokio::spawn(async move { connection.await.expect("an open connection") });
        lines.push(line);
    }
    lines
}

/// One till.
pub(crate) struct Till {
    line: Line,
    uri: String,
    request: checkout_v1::ConfirmRequest,
}

impl Till {
    /// A till on a connection to this address.
    pub(crate) fn at(line: Line, address: SocketAddr) -> Self {
        let uri = format!("http://{address}/suanpan.checkout.v1.CheckoutService/Confirm");
        Self { line, uri, request: three_lines() }
    }

    /// Sells until then; gives what it waited for each answer, microseconds. `next` gives the number of a sale and its
    /// member.
    pub(crate) async fn sell(mut self, until: Instant, next: impl Fn() -> (u64, String) + Send) -> Vec<u32> {
        let mut waits = Vec::new();
        while Instant::now() < until {
            let (number, member) = next();
            let asked = Instant::now();
            let answer = self.confirm(number, member).await;
            waits.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
            if waits.len() == 1 {
                // Behind the five bytes that say how long it is.
                let checkout = checkout_v1::Checkout::decode(&answer[5..]).expect("a checkout");
                assert_eq!(checkout.state(), checkout_v1::CheckoutState::Confirmed);
            }
        }
        waits
    }

    /// One call; its answer, whose status was 0.
    async fn confirm(&mut self, number: u64, member: String) -> BytesMut {
        let ms = now_ms();
        self.request.checkout_id = format!("{:08x}-{:04x}-7000-8000-{number:012x}", ms >> 16, ms & 0xffff);
        let basket = self.request.basket.get_or_insert_default();
        basket.member = Some(v1::Member { identity: Some(v1::member::Identity::Id(member)) });
        let length = u32::try_from(self.request.encoded_len()).expect("a small message");
        let mut bytes = BytesMut::with_capacity(5 + length as usize);
        bytes.put_u8(0);
        bytes.put_u32(length);
        self.request.encode(&mut bytes).expect("enough room");

        let call = Request::post(self.uri.as_str())
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .body(())
            .expect("a request");
        let mut line = self.line.clone().ready().await.expect("an open connection");
        let (answer, mut sends) = line.send_request(call, false).expect("an open connection");
        sends.send_data(bytes.freeze(), true).expect("an open stream");
        let mut answer = answer.await.expect("an answer").into_body();
        let mut told = BytesMut::new();
        while let Some(part) = answer.data().await {
            let part = part.expect("an answer");
            answer.flow_control().release_capacity(part.len()).expect("an open stream");
            told.extend_from_slice(&part);
        }
        let ends = answer.trailers().await.expect("an answer");
        let status = ends.as_ref().and_then(|ends| ends.get("grpc-status"));
        assert!(status.is_some_and(|status| status == "0"), "{ends:?}");
        told
    }
}

/// Three lines, as a small shop sells.
fn three_lines() -> checkout_v1::ConfirmRequest {
    let line = |id: &str, sku: &str, category: &str, units: i64, price: i64| v1::Line {
        id: id.to_owned(),
        sku: sku.to_owned(),
        category: category.to_owned(),
        quantity_milli: units * 1_000,
        unit_price_minor: Some(price),
        ..v1::Line::default()
    };
    checkout_v1::ConfirmRequest {
        chain: CHAIN.to_owned(),
        actor: Some(member_v1::Actor { id: "till-07".to_owned(), ..member_v1::Actor::default() }),
        basket: Some(v1::Basket {
            currency: "EUR".to_owned(),
            lines: vec![
                line("1", "4006381333931", "dairy", 2, 149),
                line("2", "4006381333948", "bakery", 1, 299),
                line("3", "4006381333955", "drinks", 1, 899),
            ],
            payment_kind: "card:visa".to_owned(),
            ..v1::Basket::default()
        }),
        ..checkout_v1::ConfirmRequest::default()
    }
}

/// A connection that hides vectored writes, as the node's do: calls that go together leave in one write.
struct Together(TcpStream);

impl AsyncRead for Together {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Together {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        false
    }
}
