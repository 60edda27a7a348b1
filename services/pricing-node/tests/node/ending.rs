//! How a node ends.

use std::time::{Duration, Instant};

use suanpan_pricing_node::{Drain, Ended};
use suanpan_rpc::v1;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use super::running::{basket, priced, start, start_with};

#[tokio::test]
async fn a_node_that_ends_says_so_first_and_still_answers_for_the_lag() {
    let mut node = start_with(Drain { lag: Duration::from_secs(2), deadline: Duration::from_secs(10) }).await;
    let mut client = node.client().await;
    let mut health = HealthClient::new(node.channel().await);
    let mut watched = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(watched.next().await.unwrap().unwrap().status(), ServingStatus::Serving);

    node.tell_to_end();
    assert_eq!(watched.next().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert_eq!(node.admin("/readyz").await, "503 draining");
    assert_eq!(node.admin("/livez").await, "200 ok");
    assert_eq!(client.quote(basket()).await.unwrap().into_inner().due_minor, 5_300);
    let mut late = node.client().await;
    assert_eq!(late.quote(basket()).await.unwrap().into_inner().due_minor, 5_300);

    let address = node.address;
    assert_eq!(node.ended().await, Ended::InOrder);
    assert!(watched.next().await.is_none(), "whoever watches is let go");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_open_stream_is_answered_and_then_told_to_go_elsewhere() {
    let mut node = start().await;
    let mut client = node.client().await;
    let (till, baskets) = mpsc::channel::<v1::Basket>(4);
    till.send(basket()).await.unwrap();
    let mut answers = client.quote_stream(ReceiverStream::new(baskets)).await.unwrap().into_inner();
    assert_eq!(priced(answers.next().await.unwrap().unwrap()).due_minor, 5_300);
    till.send(basket()).await.unwrap();
    assert_eq!(priced(answers.next().await.unwrap().unwrap()).due_minor, 5_300);

    node.tell_to_end();
    let status = answers.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_details_error_info().unwrap().reason, "DRAINING");
    assert_eq!(node.ended().await, Ended::InOrder);
}

#[tokio::test]
async fn a_stuck_peer_holds_the_process_no_longer_than_the_deadline() {
    let deadline = Duration::from_millis(300);
    let mut node = start_with(Drain { lag: Duration::ZERO, deadline }).await;
    // Connects and never says a word.
    let stuck = TcpStream::connect(node.address).await.unwrap();
    // Connections are dealt in turn: when every thread has served a later one, one of them has this one.
    for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
        node.client().await.quote(basket()).await.unwrap();
    }
    let told = Instant::now();
    node.tell_to_end();
    assert_eq!(node.ended().await, Ended::AtDeadline);
    assert!(told.elapsed() >= deadline && told.elapsed() < Duration::from_secs(5));
    drop(stuck);
}
