//! Where cards lead, what a refused call leaves behind, and sales of those who are gone.

use suanpan_rpc::{checkout_v1, member_v1, v1};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::shop::{Shop, basket, confirm, now_ms, reasons, till, uuid};

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

fn enrolment(member: &str, cards: &[&str]) -> member_v1::EnrolRequest {
    member_v1::EnrolRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        request_id: uuid(),
        member_id: member.to_owned(),
        cards: cards.iter().map(|card| (*card).to_owned()).collect(),
        ..member_v1::EnrolRequest::default()
    }
}

async fn by_card(shop: &Shop, card: &str) -> Result<member_v1::Member, Status> {
    let key = Some(member_v1::member_key::Key::Card(card.to_owned()));
    let member = Some(member_v1::MemberKey { key });
    let request = member_v1::GetRequest { chain: "sunrise".to_owned(), actor: till(), member };
    shop.members().get(request).await.map(tonic::Response::into_inner)
}

async fn close(shop: &Shop, member: &str) {
    let request = member_v1::CloseRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        request_id: uuid(),
        member_id: member.to_owned(),
    };
    shop.members().close(request).await.unwrap();
}

#[tokio::test]
async fn a_refused_enrolment_leaves_nothing() {
    let shop = Shop::open().await;
    let first = enrolment("m-1", &["8801"]);
    shop.members().enrol(first.clone()).await.unwrap();
    shop.enrol("m-2", "8802").await;
    shop.enrol("left", "8803").await;
    close(&shop, "left").await;
    for (what, request, code, expected) in [
        ("somebody has the id", enrolment("m-1", &["9901"]), Code::AlreadyExists, "MEMBER_EXISTS"),
        (
            "the call was another one",
            member_v1::EnrolRequest { cards: vec!["9901".to_owned()], ..first.clone() },
            Code::AlreadyExists,
            "CONTENT_DIFFERS",
        ),
        ("the account is closed", enrolment("left", &["9901"]), Code::FailedPrecondition, "REFUSED"),
        ("somebody has the card", enrolment("m-3", &["8802"]), Code::AlreadyExists, "LOOKUP_TAKEN"),
        ("somebody has one", enrolment("m-3", &["9901", "8802"]), Code::AlreadyExists, "LOOKUP_TAKEN"),
    ] {
        let status = shop.members().enrol(request).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (code, expected), "{what}: {status}");
    }
    assert_eq!(by_card(&shop, "9901").await.unwrap_err().code(), Code::NotFound);
    // The card is free, and the first call may come again.
    shop.members().enrol(enrolment("m-4", &["9901"])).await.unwrap();
    assert_eq!(by_card(&shop, "9901").await.unwrap().id, "m-4");
    assert_eq!(shop.members().enrol(first).await.unwrap().into_inner().id, "m-1");
}

#[tokio::test]
async fn points_are_sent_to_nobody_who_left() {
    let shop = Shop::open().await;
    for (member, card) in [("m-1", "8801"), ("m-2", "8802"), ("m-3", "8803")] {
        shop.enrol(member, card).await;
    }
    shop.adjust("m-1", 100).await;
    let sent = |to: &str, points| member_v1::TransferRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        request_id: uuid(),
        member_id: "m-1".to_owned(),
        to_member_id: to.to_owned(),
        points,
    };
    let before = sent("m-2", 30);
    shop.members().transfer(before.clone()).await.unwrap();
    shop.work("m-1").await;
    close(&shop, "m-2").await;
    let refused = shop.members().transfer(sent("m-2", 20)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "REFUSED"));
    assert_eq!(reasons(&refused), ["MEMBER_CLOSED"]);
    let nobody = shop.members().transfer(sent("nobody", 20)).await.unwrap_err();
    assert_eq!(reason(&nobody), "MEMBER_UNKNOWN");
    assert_eq!(shop.points("m-1").await, 70);
    // What was sent before is answered again, and is not sent again.
    shop.members().transfer(before.clone()).await.unwrap();
    let other = member_v1::TransferRequest { points: 31, ..before };
    let other = shop.members().transfer(other).await.unwrap_err();
    assert_eq!(reason(&other), "CONTENT_DIFFERS");
    shop.members().transfer(sent("m-3", 20)).await.unwrap();
    assert_eq!(shop.points("m-1").await, 50);
}

#[tokio::test]
async fn another_chain_is_unknown_in_the_domain_of_the_service() {
    let shop = Shop::open().await;
    let key = Some(member_v1::member_key::Key::Id("m-1".to_owned()));
    let member = Some(member_v1::MemberKey { key });
    let get = |chain: &str| member_v1::GetRequest {
        chain: chain.to_owned(),
        actor: till(),
        member: member.clone(),
    };
    let confirm = |chain: &str| checkout_v1::ConfirmRequest {
        chain: chain.to_owned(),
        ..confirm(&uuid(), v1::Basket { chain: chain.to_owned(), ..basket(1_000, None) })
    };
    let found = [
        shop.members().get(get("sunset")).await.unwrap_err(),
        shop.members().get(get("")).await.unwrap_err(),
        shop.checkouts().confirm(confirm("sunset")).await.unwrap_err(),
        shop.checkouts().confirm(confirm("")).await.unwrap_err(),
    ];
    let told = found.map(|status| {
        let info = status.get_details_error_info().unwrap();
        (status.code(), info.reason, info.domain)
    });
    let expected = [
        (Code::NotFound, "UNKNOWN_CHAIN", "suanpan.member"),
        (Code::InvalidArgument, "INVALID_REQUEST", "suanpan.member"),
        (Code::NotFound, "UNKNOWN_CHAIN", "suanpan.checkout"),
        (Code::InvalidArgument, "INVALID_REQUEST", "suanpan.checkout"),
    ];
    assert_eq!(told, expected.map(|(code, reason, domain)| (code, reason.to_owned(), domain.to_owned())));
}

#[tokio::test]
async fn cards_of_a_merged_member_lead_to_the_survivor() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    shop.enrol("m-2", "8802").await;
    shop.adjust("m-2", 70).await;
    let request = member_v1::MergeRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        request_id: uuid(),
        survivor_id: "m-1".to_owned(),
        source_id: "m-2".to_owned(),
    };
    shop.members().merge(request).await.unwrap();
    for member in ["m-2", "m-1"] {
        shop.work(member).await;
    }
    let found = by_card(&shop, "8802").await.unwrap();
    assert_eq!((found.id.as_str(), found.points.unwrap().spendable), ("m-1", 70));
    // By its id the account itself is shown.
    assert_eq!(shop.member("m-2").await.survivor_id, "m-1");
}

/// Merges that a look-up follows, as `sales.rs` bounds them: nobody merges a person so often.
const MERGES_MAX: usize = 8;

#[tokio::test]
async fn a_card_follows_so_many_merges() {
    let shop = Shop::open().await;
    let name = |number: usize| format!("m-{number}");
    for number in 0..=MERGES_MAX + 1 {
        shop.enrol(&name(number), &format!("88{number:02}")).await;
    }
    for number in 0..=MERGES_MAX {
        let request = member_v1::MergeRequest {
            chain: "sunrise".to_owned(),
            actor: till(),
            request_id: uuid(),
            survivor_id: name(number + 1),
            source_id: name(number),
        };
        shop.members().merge(request).await.unwrap();
        shop.work(&name(number)).await;
        shop.work(&name(number + 1)).await;
        let found = by_card(&shop, "8800").await.unwrap();
        // Behind the last one the account itself is shown, which says who took over.
        let (leads_to, survivor) = match number + 1 {
            merges @ ..=MERGES_MAX => (name(merges), String::new()),
            merges => (name(MERGES_MAX), name(merges)),
        };
        assert_eq!((found.id, found.survivor_id), (leads_to, survivor), "after {} merges", number + 1);
    }
}

#[tokio::test]
async fn the_statement_of_nobody_is_not_found() {
    let shop = Shop::open().await;
    let request = member_v1::ListEntriesRequest {
        chain: "sunrise".into(),
        actor: till(),
        member_id: "nobody".into(),
        page_size: 3,
        page_token: String::new(),
    };
    let status = shop.members().list_entries(request).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "MEMBER_UNKNOWN"));
}

#[tokio::test]
async fn what_was_sold_offline_to_somebody_who_is_gone_says_so() {
    let shop = Shop::open().await;
    shop.enrol("left", "8801").await;
    close(&shop, "left").await;
    for (member, why) in [
        ("nobody", member_v1::ConflictReason::MemberUnknown),
        ("left", member_v1::ConflictReason::MemberClosed),
    ] {
        let mut sold = basket(1_000, Some(member));
        sold.business_time = Some(v1::BusinessTime { unix_ms: now_ms() - 1_000, utc_offset_minutes: 480 });
        let request = checkout_v1::RecordOfflineSaleRequest {
            chain: "sunrise".to_owned(),
            actor: till(),
            checkout_id: uuid(),
            basket: Some(sold.clone()),
            tenders: vec![checkout_v1::Tender { kind: "card".into(), amount_minor: 1_000 }],
        };
        let recorded = shop.checkouts().record_offline_sale(request.clone()).await.unwrap().into_inner();
        assert_eq!((recorded.member_id.as_str(), recorded.due_minor), ("", 1_000));
        let overruns: Vec<_> = recorded.overruns.iter().map(member_v1::Conflict::reason).collect();
        assert_eq!(overruns, [why], "{member}");
        let again = shop.checkouts().record_offline_sale(request).await.unwrap().into_inner();
        assert_eq!((again.overruns, again.differences), (recorded.overruns, vec![]));
        // Asked for now, it is a guest's, and the quote says so.
        let sale = shop.confirm(&uuid(), basket(1_000, Some(member))).await.unwrap();
        assert!(sale.overruns.is_empty());
        assert!(sale.quote.unwrap().envelope.unwrap().member_unknown, "{member}");
    }
}
