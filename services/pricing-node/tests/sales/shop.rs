//! A node with a store, and calls on it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use suanpan_checkout::token::TokenKeys;
use suanpan_checkout::{Books, offer_key};
use suanpan_domain::MemberId;
use suanpan_pricing_node::{Chain, Drain, Listeners, Members, Node, Selling, code_hash, serve};
use suanpan_program::{SourceFile, parse};
use suanpan_rpc::checkout_v1::checkout_service_client::CheckoutServiceClient;
use suanpan_rpc::member_v1::member_service_client::MemberServiceClient;
use suanpan_rpc::v1::pricing_service_client::PricingServiceClient;
use suanpan_rpc::{checkout_v1, member_v1, v1};
use suanpan_store::{LimitCap, Store};
use suanpan_store_embedded::EmbeddedStore;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};

/// One point for 1.00, 0.01 a point; silver from 100.00; coupons of every kind; a limit that holds for everybody.
pub(super) const PROGRAM: &str = "
program: sunrise
currency: CNY
time_zone: Asia/Shanghai
engine_edition: 1
cash_rounding: { to: 0.10, mode: down }
tiers:
  - { id: ordinary }
  - { id: silver, qualify: { spend: 100, within: 12 months }, welcome: { points: 50 } }
coupons:
  - { id: thanks, codes: owned, effect: { amount_off: 5.00 } }
  - { id: fresh, codes: { unique: { prefix: FR, length: 10 } }, effect: { amount_off: 3.00 } }
  - { id: rush, codes: { generic: [RUSH] }, effect: { amount_off: 2.00 }, limits: { in_total: 3 } }
points:
  earn: { per: 1.00, points: 1 }
  offset: { value: 0.01, at_least: 1, step: 1 }
  expire: { after: 12 months, at: end_of_month }
  referral: { referrer: 20, friend: 10 }
  activities: [{ id: check-in, points: 5, per_day: 1 }]
";

pub(super) const SECRET: [u8; 32] = [3; 32];

/// A node that sells.
pub(super) struct Shop {
    pub(super) store: Arc<EmbeddedStore>,
    pub(super) chain: Arc<Chain>,
    pub(super) node: Arc<Node>,
    channel: Channel,
    folder: PathBuf,
}

impl Drop for Shop {
    fn drop(&mut self) {
        // What is left behind is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(super) fn chain() -> Chain {
    chain_of(PROGRAM)
}

fn chain_of(program: &str) -> Chain {
    let parsed = parse(&[SourceFile::new("sunrise.yaml", program)]).unwrap();
    Chain::new(&parsed.program, None).unwrap()
}

pub(super) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

impl Shop {
    pub(super) async fn open() -> Self {
        Self::open_behind(|store| store).await
    }

    /// A shop with rules beside the usual ones.
    pub(super) async fn open_with(rules: &str) -> Self {
        Self::opened(chain_of(&format!("{PROGRAM}{rules}")), |store| store).await
    }

    /// A shop whose node sees its store through something.
    pub(super) async fn open_behind(through: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        Self::opened(chain(), through).await
    }

    async fn opened(chain: Chain, through: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("suanpan-sales-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = Arc::new(EmbeddedStore::open(&folder.join("store.sqlite")).unwrap());
        store
            .set_limit("sunrise", offer_key("rush"), LimitCap { uses: Some(3), amount_minor: None })
            .await
            .unwrap();
        store.add_codes("sunrise", offer_key("fresh"), &[code_hash(&SECRET, "FR12345678")]).await.unwrap();
        let (node, channel) = served(chain, through(Arc::clone(&store) as Arc<dyn Store>)).await;
        let chain = node.chain();
        Self { store, chain, node, channel, folder }
    }

    /// Calls to another node beside it, which has the usual rules alone.
    pub(super) async fn other_node(&self) -> CheckoutServiceClient<Channel> {
        self.other_node_with("").await
    }

    /// The same with rules beside the usual ones.
    pub(super) async fn other_node_with(&self, rules: &str) -> CheckoutServiceClient<Channel> {
        let chain = chain_of(&format!("{PROGRAM}{rules}"));
        let (_, channel) = served(chain, Arc::clone(&self.store) as Arc<dyn Store>).await;
        CheckoutServiceClient::new(channel)
    }

    pub(super) fn pricing(&self) -> PricingServiceClient<Channel> {
        PricingServiceClient::new(self.channel.clone())
    }

    pub(super) fn checkouts(&self) -> CheckoutServiceClient<Channel> {
        CheckoutServiceClient::new(self.channel.clone())
    }

    pub(super) fn members(&self) -> MemberServiceClient<Channel> {
        MemberServiceClient::new(self.channel.clone())
    }

    /// Does what the worker would.
    pub(super) async fn work(&self, member: &str) {
        let books = Books {
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            chain: "sunrise".to_owned(),
            policy: Arc::clone(self.chain.policy()),
            queues: suanpan_checkout::Queues::default(),
        };
        books.work(&MemberId::new(member).unwrap(), now_ms()).await.unwrap();
    }

    pub(super) async fn enrol(&self, member: &str, card: &str) -> member_v1::Member {
        let request = member_v1::EnrolRequest {
            chain: "sunrise".to_owned(),
            actor: till(),
            request_id: uuid(),
            member_id: member.to_owned(),
            cards: vec![card.to_owned()],
            ..member_v1::EnrolRequest::default()
        };
        self.members().enrol(request).await.unwrap().into_inner()
    }

    pub(super) async fn adjust(&self, member: &str, points: i64) {
        let request = member_v1::AdjustRequest {
            chain: "sunrise".to_owned(),
            actor: till(),
            request_id: uuid(),
            member_id: member.to_owned(),
            points,
            expires_unix_ms: 0,
        };
        self.members().adjust(request).await.unwrap();
    }

    pub(super) async fn member(&self, member: &str) -> member_v1::Member {
        let request = member_v1::GetRequest {
            chain: "sunrise".to_owned(),
            actor: till(),
            member: Some(member_v1::MemberKey {
                key: Some(member_v1::member_key::Key::Id(member.to_owned())),
            }),
        };
        self.members().get(request).await.unwrap().into_inner()
    }

    pub(super) async fn points(&self, member: &str) -> i64 {
        self.member(member).await.points.unwrap().spendable
    }

    pub(super) async fn confirm(
        &self,
        checkout_id: &str,
        basket: v1::Basket,
    ) -> Result<checkout_v1::Checkout, tonic::Status> {
        self.checkouts().confirm(confirm(checkout_id, basket)).await.map(tonic::Response::into_inner)
    }
}

async fn served(chain: Chain, store: Arc<dyn Store>) -> (Arc<Node>, Channel) {
    let selling = Selling::with_keys(TokenKeys::new((1, [7; 32]), None), SECRET);
    let node = Node::new(chain, Members::default(), None, Some(Duration::from_secs(900)));
    let node = Arc::new(node.selling(store, selling));
    let grpc = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = grpc.local_addr().unwrap();
    let drain = Drain { lag: Duration::ZERO, deadline: Duration::from_secs(10) };
    let listeners = Listeners { grpc, admin: None };
    tokio::spawn(serve(Arc::clone(&node), listeners, drain, std::future::pending()));
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    (node, channel)
}

pub(super) fn confirm(checkout_id: &str, basket: v1::Basket) -> checkout_v1::ConfirmRequest {
    checkout_v1::ConfirmRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        checkout_id: checkout_id.to_owned(),
        basket: Some(basket),
        ..checkout_v1::ConfirmRequest::default()
    }
}

pub(super) fn reserve(checkout_id: &str, basket: v1::Basket) -> checkout_v1::ReserveRequest {
    checkout_v1::ReserveRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        checkout_id: checkout_id.to_owned(),
        basket: Some(basket),
        ..checkout_v1::ReserveRequest::default()
    }
}

pub(super) fn till() -> Option<member_v1::Actor> {
    Some(member_v1::Actor { id: "till-07".to_owned(), reason: "test".to_owned(), ..Default::default() })
}

/// A UUIDv7 of now, different each time.
pub(super) fn uuid() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let (ms, count) = (now_ms(), COUNT.fetch_add(1, Ordering::Relaxed));
    format!("{:08x}-{:04x}-7000-8000-{count:012x}", ms >> 16, ms & 0xffff)
}

/// Bread for the price.
pub(super) fn basket(price_minor: i64, member: Option<&str>) -> v1::Basket {
    v1::Basket {
        chain: "sunrise".to_owned(),
        currency: "CNY".to_owned(),
        lines: vec![v1::Line {
            id: "L1".to_owned(),
            sku: "bread".to_owned(),
            quantity_milli: 2_000,
            unit_price_minor: Some(price_minor / 2),
            ..v1::Line::default()
        }],
        member: member.map(|id| v1::Member { identity: Some(v1::member::Identity::Id(id.to_owned())) }),
        payment_kind: "card".to_owned(),
        ..v1::Basket::default()
    }
}

pub(super) fn with_points(mut basket: v1::Basket, points: i64) -> v1::Basket {
    let wanted = Some(v1::points_request::Wanted::Exact(points));
    basket.points = Some(v1::PointsRequest { wanted, ..v1::PointsRequest::default() });
    basket
}

pub(super) fn with_code(mut basket: v1::Basket, code: &str) -> v1::Basket {
    basket.codes.push(code.to_owned());
    basket
}

/// The reasons of a refusal, in order.
pub(super) fn reasons(status: &tonic::Status) -> Vec<String> {
    use tonic_types::StatusExt;
    let details = status.get_error_details();
    details
        .precondition_failure()
        .map(|failure| failure.violations.iter().map(|violation| violation.r#type.clone()).collect())
        .unwrap_or_default()
}

/// A refusal in full.
pub(super) fn refused(status: &tonic::Status) -> checkout_v1::CheckoutRefused {
    use prost::Message as _;
    let details = tonic_types::pb::Status::decode(status.details()).unwrap().details;
    let refused = details.iter().find(|detail| detail.type_url.ends_with("CheckoutRefused")).unwrap();
    checkout_v1::CheckoutRefused::decode(refused.value.as_slice()).unwrap()
}
