//! Input that is refused, health, reflection.

use std::collections::BTreeSet;

use prost::Message as _;
use suanpan_rpc::v1::{self, member::Identity};
use tokio_stream::StreamExt;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt;

use super::running::{basket, line, member, start};

/// `field REASON` for each violation of a status, and the status's own reason.
fn violations(status: &Status) -> (Vec<String>, String) {
    let listed = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    (listed.iter().map(|violation| format!("{} {}", violation.field, violation.reason)).collect(), reason)
}

#[tokio::test]
async fn every_problem_of_a_request_is_one_field_violation() {
    let node = start().await;
    let mut client = node.client().await;
    let mut bad = basket();
    bad.currency = "XXX".to_owned();
    bad.lines[1].id = "L1".to_owned();
    bad.lines[1].quantity_milli = 0;
    bad.member = member(Identity::Id(String::new()));
    let expected = [
        "currency UNKNOWN_CURRENCY",
        "lines[1].id DUPLICATE",
        "lines[1].quantity_milli ZERO",
        "member.id REQUIRED",
    ];
    let status = client.quote(bad.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let (found, reason) = violations(&status);
    assert_eq!(
        (found.as_slice(), reason.as_str()),
        (expected.map(str::to_owned).as_slice(), "INVALID_REQUEST")
    );
    assert_eq!(status.get_details_error_info().unwrap().domain, "suanpan.pricing");

    let request = v1::ExplainRequest { chain: "sunrise".into(), basket: Some(bad), lang: "en".into() };
    let (found, _) = violations(&client.explain(request).await.unwrap_err());
    assert_eq!(found, expected.map(|field| format!("basket.{field}")));
}

#[tokio::test]
async fn requests_around_a_basket_are_checked_too() {
    let node = start().await;
    let mut client = node.client().await;
    let explain = v1::ExplainRequest { chain: "sunrise".into(), basket: None, lang: "tlh".into() };
    let (found, _) = violations(&client.explain(explain).await.unwrap_err());
    assert_eq!(found, ["basket REQUIRED", "lang UNKNOWN_LANGUAGE"]);
    let other = v1::ExplainRequest { chain: "sunset".into(), basket: Some(basket()), lang: String::new() };
    let (found, _) = violations(&client.explain(other).await.unwrap_err());
    assert_eq!(found, ["basket.chain OTHER_CHAIN"]);

    let (found, _) = violations(&client.quote_batch(v1::QuoteBatchRequest::default()).await.unwrap_err());
    assert_eq!(found, ["chain REQUIRED", "baskets REQUIRED"]);
    let mixed = v1::Basket { chain: "sunset".into(), ..basket() };
    let batch = v1::QuoteBatchRequest { chain: "sunrise".into(), baskets: vec![basket(), mixed] };
    let (found, _) = violations(&client.quote_batch(batch).await.unwrap_err());
    assert_eq!(found, ["baskets[1].chain OTHER_CHAIN"]);
    let many = v1::QuoteBatchRequest { chain: "sunrise".into(), baskets: vec![v1::Basket::default(); 257] };
    let (found, _) = violations(&client.quote_batch(many).await.unwrap_err());
    assert_eq!(found, ["baskets TOO_MANY"]);

    let (found, _) = violations(&client.get_program(v1::GetProgramRequest::default()).await.unwrap_err());
    assert_eq!(found, ["chain REQUIRED"]);
}

#[tokio::test]
async fn another_chain_is_not_found() {
    let node = start().await;
    let mut client = node.client().await;
    let chain = || "sunset".to_owned();
    let elsewhere = v1::Basket { chain: chain(), ..basket() };
    let batch = v1::QuoteBatchRequest { chain: chain(), baskets: vec![v1::Basket::default()] };
    for status in [
        client.quote(elsewhere).await.unwrap_err(),
        client.quote_batch(batch).await.unwrap_err(),
        client.get_program(v1::GetProgramRequest { chain: chain() }).await.unwrap_err(),
    ] {
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(violations(&status).1, "UNKNOWN_CHAIN");
    }
}

#[tokio::test]
async fn hostile_sizes_are_refused_and_the_connection_lives_on() {
    let node = start().await;
    let mut client = node.client().await;
    let lines = |count: usize, price| -> Vec<_> {
        (0..count).map(|at| line(&format!("L{at}"), "s", "", 1, price)).collect()
    };
    let (found, _) =
        violations(&client.quote(v1::Basket { lines: lines(10_000, 1), ..basket() }).await.unwrap_err());
    assert_eq!(found, ["lines TOO_MANY"]);
    let (found, _) =
        violations(&client.quote(v1::Basket { lines: lines(1, i64::MAX), ..basket() }).await.unwrap_err());
    assert_eq!(found, ["lines[0].unit_price_minor OUT_OF_RANGE"]);
    let (found, _) = violations(&client.quote(v1::Basket::default()).await.unwrap_err());
    assert_eq!(found, ["chain REQUIRED", "currency REQUIRED", "lines REQUIRED"]);

    // A thousand problems: what a header can carry, and a word about the rest.
    let (found, _) =
        violations(&client.quote(v1::Basket { lines: lines(1_000, -1), ..basket() }).await.unwrap_err());
    assert_eq!((found.len(), found[32].as_str()), (33, " MORE"));

    let large = v1::Basket { till: "t".repeat(1 << 20), ..basket() };
    assert_eq!(client.quote(large.clone()).await.unwrap_err().code(), Code::OutOfRange);
    let batch = v1::QuoteBatchRequest { chain: "sunrise".into(), baskets: vec![large] };
    let (found, _) = violations(&client.quote_batch(batch).await.unwrap_err());
    assert_eq!(found, ["baskets[0] TOO_MANY_BYTES"]);

    let quote = client.quote(v1::Basket { lines: lines(1_000, 1), ..basket() }).await.unwrap().into_inner();
    assert_eq!(quote.totals.unwrap().gross_minor, 1_000);
}

#[tokio::test]
async fn bytes_that_are_no_basket_are_malformed() {
    let node = start().await;
    let mut grpc = tonic::client::Grpc::new(node.channel().await);
    for bytes in [
        vec![0xff; 40],
        vec![0x0a, 0x7f],
        v1::Basket { store: "x".into(), ..basket() }.encode_to_vec()[..7].to_vec(),
    ] {
        grpc.ready().await.unwrap();
        let path =
            tonic::codegen::http::uri::PathAndQuery::from_static("/suanpan.pricing.v1.PricingService/Quote");
        let request = tonic::Request::new(Raw(bytes));
        let codec = tonic_prost::ProstCodec::<Raw, v1::Quote>::default();
        let status = grpc.unary(request, path, codec).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        assert_eq!(violations(&status).1, "MALFORMED_MESSAGE");
    }
}

/// Bytes that claim to be a message.
#[derive(Clone, Debug, Default)]
struct Raw(Vec<u8>);

impl prost::Message for Raw {
    fn encode_raw(&self, buf: &mut impl prost::bytes::BufMut) {
        buf.put_slice(&self.0);
    }

    fn merge_field(
        &mut self,
        _: u32,
        _: prost::encoding::WireType,
        _: &mut impl prost::bytes::Buf,
        _: prost::encoding::DecodeContext,
    ) -> Result<(), prost::DecodeError> {
        unreachable!("is only sent")
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

#[tokio::test]
async fn health_and_reflection_answer() {
    let node = start().await;
    let mut health = HealthClient::new(node.channel().await);
    for service in ["", "suanpan.pricing.v1.PricingService"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer = health.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service:?}");
    }
    assert_eq!(node.admin("/livez").await, "200 ok");
    assert_eq!(node.admin("/readyz").await, "200 ok");
    assert!(node.admin("/etc/passwd").await.starts_with("404"));

    let mut reflection = ServerReflectionClient::new(node.channel().await);
    let ask = |message_request| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(message_request),
    };
    let symbols = [
        "suanpan.pricing.v1.Basket",
        "suanpan.checkout.v1.CheckoutRefused",
        // What a refusal is made of.
        "google.rpc.ErrorInfo",
        "google.rpc.BadRequest",
        "google.rpc.PreconditionFailure",
    ];
    let files = symbols.map(|symbol| ask(MessageRequest::FileContainingSymbol(symbol.to_owned())));
    let requests = [ask(MessageRequest::ListServices(String::new()))].into_iter().chain(files);
    let requests = tokio_stream::iter(requests.collect::<Vec<_>>());
    let mut answers = reflection.server_reflection_info(requests).await.unwrap().into_inner();
    let Some(MessageResponse::ListServicesResponse(list)) =
        answers.next().await.unwrap().unwrap().message_response
    else {
        panic!("no list of services")
    };
    let services: BTreeSet<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    assert!(
        services.contains("suanpan.pricing.v1.PricingService") && services.contains("grpc.health.v1.Health")
    );
    for symbol in symbols {
        let answer = answers.next().await.unwrap().unwrap().message_response;
        let Some(MessageResponse::FileDescriptorResponse(files)) = answer else {
            panic!("no file of {symbol}: {answer:?}")
        };
        assert!(!files.file_descriptor_proto.is_empty(), "{symbol}");
    }
}
