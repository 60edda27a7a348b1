//! What operators do, over gRPC: who may, and what is refused. The verbs' own tests show the rest.

use std::sync::Arc;
use std::time::Duration;

use prost::Message as _;
use suanpan_checkout::token::TokenKeys;
use suanpan_pricing_node::{Drain, Listeners, Members, Node, Selling, serve};
use suanpan_rpc::admin_v1;
use suanpan_rpc::admin_v1::admin_service_client::AdminServiceClient;
use suanpan_rpc::bounds::ADMIN_BYTES_MAX;
use suanpan_store::{ProgramRow, Store};
use tokio::net::TcpListener;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_types::StatusExt;

use crate::shop::{PROGRAM, SECRET, Shop, basket, chain, reserve, till, uuid, with_code};

/// The admin service of a node with the shop's store, which listens at this address.
async fn admin(shop: &Shop, listen: &str) -> AdminServiceClient<Channel> {
    let store = Arc::clone(&shop.store) as Arc<dyn Store>;
    let selling = Selling::with_keys(TokenKeys::new((1, [7; 32]), None), SECRET);
    let node = Arc::new(Node::new(chain(), Members::default(), None, None).selling(store, selling));
    let grpc = TcpListener::bind(listen).await.unwrap();
    let port = grpc.local_addr().unwrap().port();
    let drain = Drain { lag: Duration::ZERO, deadline: Duration::from_secs(10) };
    tokio::spawn(serve(node, Listeners { grpc, admin: None }, drain, std::future::pending()));
    let channel = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap().connect().await.unwrap();
    AdminServiceClient::new(channel)
}

#[tokio::test]
async fn it_is_offered_on_loopback_alone() {
    let shop = Shop::open().await;
    let described = admin(&shop, "127.0.0.1:0").await.describe(admin_v1::DescribeRequest {}).await;
    let described = described.unwrap().into_inner();
    assert_eq!((&*described.chain, &*described.time_zone), ("sunrise", "Asia/Shanghai"));
    let campaigns: Vec<_> = described.code_campaigns.iter().map(|campaign| &*campaign.id).collect();
    assert_eq!(campaigns, ["fresh"]);
    assert_eq!(described.coupon_campaigns, ["fresh", "rush", "thanks"]);
    let beyond = admin(&shop, "0.0.0.0:0").await.describe(admin_v1::DescribeRequest {}).await;
    assert_eq!(beyond.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn codes_are_taken_in_their_form_and_doubles_are_named() {
    let shop = Shop::open().await;
    let mut admin = admin(&shop, "127.0.0.1:0").await;
    let request = |campaign: &str, codes: &[&str], only_new| admin_v1::AddCodesRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        campaign: campaign.to_owned(),
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        only_new,
    };
    // The shop opens with FR12345678.
    let codes = ["FR12345678", "FR00000001", "FR00000001", "FR00000002"];
    let added = admin.add_codes(request("fresh", &codes, true)).await.unwrap().into_inner();
    assert_eq!((added.added, added.known, added.not_new), (2, 2, vec![0, 2]));
    let added = admin.add_codes(request("fresh", &codes, false)).await.unwrap().into_inner();
    assert_eq!((added.added, added.known, added.not_new), (0, 4, vec![]));
    let short = admin.add_codes(request("fresh", &["FR00000001", "FR1", "XX00000001"], false)).await;
    let fields: Vec<String> = short
        .unwrap_err()
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect();
    assert_eq!(fields, ["codes[1]", "codes[2]"]);
    let owned = admin.add_codes(request("thanks", &["FR00000001"], false)).await;
    assert_eq!(owned.unwrap_err().get_details_error_info().unwrap().reason, "CAMPAIGN_UNKNOWN");
}

#[tokio::test]
async fn a_program_that_is_wrong_or_anothers_is_not_published() {
    let shop = Shop::open().await;
    let mut admin = admin(&shop, "127.0.0.1:0").await;
    let mut publish = async |text: String| {
        let files = vec![admin_v1::ProgramFile { name: "sunrise.yaml".to_owned(), text }];
        admin.publish(admin_v1::PublishRequest { actor: till(), files, dry_run: false }).await
    };
    let wrong = publish(PROGRAM.replace("amount_off: 3.00", "amount_of: 3.00")).await.unwrap_err();
    assert_eq!(wrong.get_details_error_info().unwrap().reason, "PROGRAM_INVALID");
    assert!(wrong.message().contains("sunrise.yaml:"), "{wrong}");
    let other = publish(PROGRAM.replace("program: sunrise", "program: sunset")).await.unwrap_err();
    assert_eq!(other.get_details_error_info().unwrap().reason, "UNKNOWN_CHAIN");
    let long = publish(format!("{PROGRAM}\nno_such_key: {}\n", "x".repeat(1 << 16))).await.unwrap_err();
    assert_eq!(long.code(), Code::InvalidArgument, "a long message fits into its header");
    assert_eq!(shop.store.active_program("sunrise").await.unwrap(), None);
    let right = publish(PROGRAM.to_owned()).await.unwrap().into_inner();
    assert_eq!((right.generation, &*right.previous_version), (1, ""));
    assert_eq!(right.limits[0].uses, Some(3));
    // What was sold and promised in yuan would mean euros from then on.
    let euros = publish(PROGRAM.replace("currency: CNY", "currency: EUR")).await.unwrap_err();
    let violations = euros.get_details_bad_request().unwrap().field_violations;
    let told: Vec<_> = violations.iter().map(|of| (of.field.as_str(), of.reason.as_str())).collect();
    assert_eq!(told, [("currency", "OTHER_CURRENCY")], "{euros}");
    assert_eq!(euros.get_details_error_info().unwrap().domain, "suanpan.admin");
}

#[tokio::test]
async fn a_dry_run_says_the_limits_that_the_real_one_sets() {
    let shop = Shop::open().await;
    let mut admin = admin(&shop, "127.0.0.1:0").await;
    // Two are used and one is held.
    for _ in 0..2 {
        shop.confirm(&uuid(), with_code(basket(2_000, None), "RUSH")).await.unwrap();
    }
    shop.checkouts().reserve(reserve(&uuid(), with_code(basket(2_000, None), "RUSH"))).await.unwrap();
    let mut publish = async |in_total: u32, dry_run| {
        let text = PROGRAM.replace("in_total: 3", &format!("in_total: {in_total}"));
        let files = vec![admin_v1::ProgramFile { name: "sunrise.yaml".to_owned(), text }];
        let request = admin_v1::PublishRequest { actor: till(), files, dry_run };
        let limits = admin.publish(request).await.unwrap().into_inner().limits;
        limits.into_iter().map(|limit| (limit.uses, limit.raised)).collect::<Vec<_>>()
    };
    for (in_total, expected) in [(1, (Some(3), true)), (3, (Some(3), false)), (5, (Some(5), false))] {
        assert_eq!(publish(in_total, true).await, [expected], "a dry run of {in_total}");
        assert_eq!(publish(in_total, false).await, [expected], "{in_total}");
    }
}

#[tokio::test]
async fn a_node_whose_store_cannot_be_copied_says_so() {
    let shop = Shop::open().await;
    let mut admin = admin(&shop, "127.0.0.1:0").await;
    let request = admin_v1::BackupRequest { actor: till(), path: "/no/such/folder/copy".to_owned() };
    let refused = admin.backup(request).await.unwrap_err();
    assert_eq!(refused.get_details_error_info().unwrap().reason, "NO_BACKUP");
}

#[tokio::test]
async fn nothing_is_published_over_a_program_that_cannot_be_read() {
    let shop = Shop::open().await;
    let mut admin = admin(&shop, "127.0.0.1:0").await;
    let mut publish = async |text: &str, dry_run| {
        let files = vec![admin_v1::ProgramFile { name: "sunrise.yaml".to_owned(), text: text.to_owned() }];
        admin.publish(admin_v1::PublishRequest { actor: till(), files, dry_run }).await
    };
    publish(PROGRAM, false).await.unwrap();
    // As a later release, or a damaged disk, may leave it.
    let broken = ProgramRow { version: "later".to_owned(), bytes: vec![0xff; 8] };
    shop.store.put_program("sunrise", &broken).await.unwrap();
    shop.store.activate("sunrise", "later", 1).await.unwrap();
    let euros = PROGRAM.replace("currency: CNY", "currency: EUR");
    for (text, dry_run) in [(PROGRAM, false), (&*euros, false), (&*euros, true)] {
        let refused = publish(text, dry_run).await.unwrap_err();
        let reason = refused.get_details_error_info().map(|info| info.reason);
        assert_eq!((refused.code(), reason.as_deref()), (Code::FailedPrecondition, Some("STORE_REFUSED")));
        assert!(refused.message().contains("version later, cannot be read"), "{refused}");
    }
    assert_eq!(shop.store.active_program("sunrise").await.unwrap().unwrap().version, "later");
}

#[tokio::test]
async fn a_program_is_read_up_to_its_bytes() {
    let shop = Shop::open().await;
    let mut admin = admin(&shop, "127.0.0.1:0").await;
    let of = |bytes: usize| {
        let file = |text: String| admin_v1::ProgramFile { name: "sunrise.yaml".to_owned(), text };
        let request =
            |text| admin_v1::PublishRequest { actor: till(), files: vec![file(text)], dry_run: true };
        let around = request("#".repeat(bytes)).encoded_len() - bytes;
        let request = request("#".repeat(bytes - around));
        assert_eq!(request.encoded_len(), bytes);
        request
    };
    for (bytes, code) in [(ADMIN_BYTES_MAX, Code::InvalidArgument), (ADMIN_BYTES_MAX + 1, Code::OutOfRange)] {
        let refused = admin.publish(of(bytes)).await.unwrap_err();
        assert_eq!(refused.code(), code, "{bytes} bytes: {}", refused.message());
    }
}
