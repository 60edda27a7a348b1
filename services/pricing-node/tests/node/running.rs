//! Starts nodes and makes baskets for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use suanpan_pricing_node::{Chain, Drain, Ended, Listeners, Members, Node, serve};
use suanpan_program::{SourceFile, parse};
use suanpan_rpc::v1::pricing_service_client::PricingServiceClient;
use suanpan_rpc::v1::{self, QuoteResult, quote_result::Result as Either};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

/// Second milk at half price, 10 % for gold members, 5.00 off from 50.00 with a code.
pub(super) const PROGRAM: &str = "
program: sunrise
title: { en: Sunrise Market, zh-CN: 朝阳超市 }
currency: CNY
time_zone: Asia/Shanghai
engine_edition: 1
tiers:
  - { id: ordinary }
  - { id: gold, discount: { percent_off: 10% }, entitlements: [{ id: gift-wrap }] }
promotions:
  - id: milk-second-half
    title: { en: Second milk at half price, zh-CN: 牛奶第二件半价 }
    buy: { category: dairy/milk }
    effect: { nth_unit: { n: 2, percent_off: 50% } }
coupons:
  - id: save-5
    codes: { generic: [SAVE5] }
    buy: { spend: 50.00 }
    effect: { amount_off: 5.00 }
";

/// A running node.
pub(super) struct Running {
    pub(super) node: Arc<Node>,
    pub(super) address: SocketAddr,
    admin: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Ended>,
}

pub(super) fn chain(program: &str) -> Chain {
    let parsed = parse(&[SourceFile::new("sunrise.yaml", program)]).unwrap();
    Chain::new(&parsed.program, None).unwrap()
}

pub(super) async fn start() -> Running {
    start_with(Drain { lag: Duration::ZERO, deadline: Duration::from_secs(10) }).await
}

pub(super) async fn start_with(drain: Drain) -> Running {
    let member = v1::MemberSnapshot {
        chain: "sunrise".to_owned(),
        id: "m-gold".to_owned(),
        cards: vec!["8800".to_owned()],
        version: 17,
        tier: "gold".to_owned(),
        ..v1::MemberSnapshot::default()
    };
    let members = Members::of(vec![member], "sunrise").unwrap();
    let node = Arc::new(Node::new(chain(PROGRAM), members, None, Some(Duration::from_secs(900))));
    let grpc = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, admin_address) = (grpc.local_addr().unwrap(), admin.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let listeners = Listeners { grpc, admin: Some(admin) };
    let serving = serve(Arc::clone(&node), listeners, drain, async {
        let _ = stopped.await;
    });
    let task = tokio::spawn(async { serving.await.unwrap() });
    Running { node, address, admin: admin_address, stop: Some(stop), task }
}

impl Running {
    pub(super) async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address)).unwrap().connect().await.unwrap()
    }

    pub(super) async fn client(&self) -> PricingServiceClient<Channel> {
        PricingServiceClient::new(self.channel().await).max_decoding_message_size(64 << 20)
    }

    /// The status and body of an admin path.
    pub(super) async fn admin(&self, path: &str) -> String {
        let mut socket = TcpStream::connect(self.admin).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap_or_default();
        let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
        format!("{status} {}", body.trim())
    }

    /// Tells the node to end.
    pub(super) fn tell_to_end(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until it did.
    pub(super) async fn ended(self) -> Ended {
        self.task.await.unwrap()
    }
}

pub(super) fn line(id: &str, sku: &str, category: &str, units: i64, price: i64) -> v1::Line {
    v1::Line {
        id: id.to_owned(),
        sku: sku.to_owned(),
        category: category.to_owned(),
        quantity_milli: units * 1_000,
        unit_price_minor: Some(price),
        ..v1::Line::default()
    }
}

/// Two milks at 12.00 and a bread at 40.00, with the code: 64.00 - 6.00 - 5.00 = 53.00 for a guest.
pub(super) fn basket() -> v1::Basket {
    v1::Basket {
        chain: "sunrise".to_owned(),
        store: "bj-001".to_owned(),
        currency: "CNY".to_owned(),
        lines: vec![line("L1", "milk", "dairy/milk", 2, 1_200), line("L2", "bread", "bakery", 1, 4_000)],
        codes: vec!["SAVE5".to_owned()],
        ..v1::Basket::default()
    }
}

pub(super) fn member(identity: v1::member::Identity) -> Option<v1::Member> {
    Some(v1::Member { identity: Some(identity) })
}

pub(super) fn priced(result: QuoteResult) -> v1::Quote {
    match result.result {
        Some(Either::Quote(quote)) => quote,
        other => panic!("no quote: {other:?}"),
    }
}

pub(super) fn refused(result: QuoteResult) -> v1::Refusal {
    match result.result {
        Some(Either::Refusal(refusal)) => refusal,
        other => panic!("no refusal: {other:?}"),
    }
}
