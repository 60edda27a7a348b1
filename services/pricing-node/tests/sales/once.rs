//! One id, one owner, one effect: whatever comes again, and whoever comes at once.

use suanpan_rpc::{checkout_v1, v1};
use tokio::task::JoinSet;
use tonic::Code;

use super::shop::{
    Shop, basket, confirm, now_ms, reasons, refused, reserve, till, uuid, with_code, with_points,
};

#[tokio::test]
async fn the_same_id_gives_the_same_answer_and_other_content_changes_nothing() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    let id = uuid();
    let first = shop.confirm(&id, basket(1_000, Some("m-1"))).await.unwrap();
    shop.work("m-1").await;
    let again = shop.confirm(&id, basket(1_000, Some("m-1"))).await.unwrap();
    assert_eq!(again, first);
    let status = shop.confirm(&id, basket(1_200, Some("m-1"))).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(shop.points("m-1").await, 10);
    // A fact is never refused: it is told in what it differs.
    let mut fact = confirm(&id, basket(1_200, Some("m-1")));
    fact.tendered = true;
    let answer = shop.checkouts().confirm(fact).await.unwrap().into_inner();
    assert_eq!(answer.due_minor, 1_000);
    let what: Vec<_> = answer.differences.iter().map(|difference| difference.what.as_str()).collect();
    assert_eq!(what, ["content"]);
}

#[tokio::test]
async fn other_content_under_a_sold_id_is_that_and_nothing_else() {
    let shop = Shop::open().await;
    let (id, sold) = (uuid(), basket(1_000, None));
    shop.confirm(&id, sold.clone()).await.unwrap();
    let card = |amount_minor| vec![checkout_v1::Tender { kind: "card".into(), amount_minor }];
    let token = {
        let quote = shop.pricing().quote(sold.clone()).await.unwrap().into_inner();
        quote.envelope.unwrap().token
    };
    let other = || confirm(&id, basket(1_200, None));
    let calls = [
        ("another basket", other()),
        ("tenders that are too little", checkout_v1::ConfirmRequest { tenders: card(900), ..other() }),
        (
            "the basket with other tenders",
            checkout_v1::ConfirmRequest { tenders: card(900), ..confirm(&id, sold) },
        ),
        (
            "another price is expected",
            checkout_v1::ConfirmRequest { expected: Some(checkout_v1::Expected { due_minor: 1 }), ..other() },
        ),
        ("another basket's token", checkout_v1::ConfirmRequest { quote_token: token, ..other() }),
        ("no token at all", checkout_v1::ConfirmRequest { quote_token: "none".to_owned(), ..other() }),
    ];
    for (what, call) in calls {
        let status = shop.checkouts().confirm(call).await.unwrap_err();
        assert_eq!(
            (status.code(), reasons(&status)),
            (Code::AlreadyExists, vec!["CONTENT_DIFFERS".to_owned()]),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_reservation_that_was_paid_keeps_its_price() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    shop.adjust("m-1", 1_000).await;
    let (id, sold) = (uuid(), with_points(basket(7_000, Some("m-1")), 1_000));
    let mut request = reserve(&id, sold.clone());
    request.expected = Some(checkout_v1::Expected { due_minor: 6_000 });
    let first = shop.checkouts().reserve(request.clone()).await.unwrap().into_inner();
    assert_eq!((first.state(), first.due_minor), (checkout_v1::CheckoutState::Reserved, 6_000));
    shop.confirm(&id, sold).await.unwrap();
    // The points are gone, so that a new price would be another one, and a token that nobody gave is no matter.
    for token in ["", "none"] {
        request.quote_token = token.to_owned();
        let again = shop.checkouts().reserve(request.clone()).await.unwrap().into_inner();
        assert_eq!(
            (again.state(), again.due_minor),
            (checkout_v1::CheckoutState::Confirmed, 6_000),
            "{token}"
        );
        assert_eq!(again.quote, first.quote, "{token}");
    }
    let status = shop.checkouts().reserve(reserve(&id, basket(900, Some("m-1")))).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
}

#[tokio::test]
async fn an_id_says_more_than_what_else_is_wrong() {
    let shop = Shop::open().await;
    let short = |id: &str| {
        let tenders = vec![checkout_v1::Tender { kind: "card".into(), amount_minor: 1 }];
        checkout_v1::ConfirmRequest { tenders, ..confirm(id, basket(1_200, None)) }
    };
    let reserved = uuid();
    shop.checkouts().reserve(reserve(&reserved, basket(1_000, None))).await.unwrap();
    let cancelled = uuid();
    shop.checkouts().reserve(reserve(&cancelled, basket(1_000, None))).await.unwrap();
    let cancel =
        checkout_v1::CancelRequest { chain: "sunrise".into(), actor: till(), checkout_id: cancelled.clone() };
    shop.checkouts().cancel(cancel).await.unwrap();
    for (id, reason) in
        [(reserved, "RESERVATION_DIFFERS"), (cancelled, "CHECKOUT_CANCELLED"), (uuid(), "TENDERS_DIFFER")]
    {
        let status = shop.checkouts().confirm(short(&id)).await.unwrap_err();
        assert_eq!(reasons(&status), [reason]);
    }
    // Two reasons are told together, with what the basket costs.
    let mut both = short(&uuid());
    both.expected = Some(checkout_v1::Expected { due_minor: 1 });
    let status = shop.checkouts().confirm(both).await.unwrap_err();
    assert_eq!(reasons(&status), ["PRICE_DIFFERS", "TENDERS_DIFFER"]);
    assert_eq!(refused(&status).due_minor, Some(1_200));
    // Nobody is paid out where nothing comes back.
    let mut out = confirm(&uuid(), basket(1_200, None));
    let tender = |amount_minor| checkout_v1::Tender { kind: "card".into(), amount_minor };
    out.tenders = vec![tender(1_300), tender(-100)];
    let status = shop.checkouts().confirm(out).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_refusal_prices_without_what_is_gone() {
    let shop = Shop::open().await;
    let sold = with_code(basket(1_000, None), "FR12345678");
    shop.confirm(&uuid(), sold.clone()).await.unwrap();
    let status = shop.confirm(&uuid(), sold).await.unwrap_err();
    let answer = refused(&status);
    assert_eq!((answer.conflicts[0].subject.as_str(), answer.due_minor), ("FR12345678", Some(1_000)));
    // Three may use the limit; whoever comes next is told what it costs without.
    let rush = || with_code(basket(1_000, None), "RUSH");
    for _ in 0..3 {
        assert_eq!(shop.confirm(&uuid(), rush()).await.unwrap().due_minor, 800);
    }
    let status = shop.confirm(&uuid(), rush()).await.unwrap_err();
    let answer = refused(&status);
    assert_eq!((answer.conflicts[0].subject.as_str(), answer.due_minor), ("rush", Some(1_000)));
    assert_eq!(shop.confirm(&uuid(), rush()).await.unwrap().due_minor, 1_000);
}

#[tokio::test]
async fn a_return_that_is_reported_otherwise_says_in_what() {
    let shop = Shop::open().await;
    let (id, return_id) = (uuid(), uuid());
    shop.confirm(&id, basket(5_000, None)).await.unwrap();
    let report = |lines: &[i64]| checkout_v1::RecordOfflineReturnRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        checkout_id: id.clone(),
        return_id: return_id.clone(),
        lines: lines
            .iter()
            .map(|quantity_milli| checkout_v1::ReturnLine {
                line_id: "L1".to_owned(),
                quantity_milli: *quantity_milli,
                units: vec![],
            })
            .collect(),
        all: lines.is_empty(),
        business_time: None,
    };
    // What is reported, and in what the recorded return differs.
    type Differs = &'static [(&'static str, &'static str, &'static str)];
    let cases: [(&[i64], Differs); 4] = [
        (&[1_000], &[]),
        (&[1_000], &[]),
        (&[2_000], &[("lines", "L1 1000", "L1 2000")]),
        (&[], &[("lines", "L1 1000", "all")]),
    ];
    for (lines, differs) in cases {
        let answer = shop.checkouts().record_offline_return(report(lines)).await.unwrap().into_inner();
        assert_eq!((answer.refund_minor, answer.whole), (2_500, false), "{lines:?}");
        let told: Vec<_> = answer.differences.iter().filter(|found| found.what != "content").collect();
        let told: Vec<_> = told
            .iter()
            .map(|found| (found.what.as_str(), found.recorded.as_str(), found.reported.as_str()))
            .collect();
        assert_eq!(told, differs, "{lines:?}");
        assert_eq!(answer.differences.len(), if differs.is_empty() { 0 } else { 2 }, "{lines:?}");
    }
}

#[tokio::test]
async fn a_fact_is_recorded_whatever_became_of_its_price() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    shop.adjust("m-1", 40).await;
    let mut fact = confirm(&uuid(), basket(5_000, Some("m-1")));
    fact.tendered = true;
    fact.quote_token = "none".to_owned();
    fact.expected = Some(checkout_v1::Expected { due_minor: 1 });
    let recorded = shop.checkouts().confirm(fact).await.unwrap().into_inner();
    assert_eq!((recorded.due_minor, recorded.overruns.len()), (5_000, 0));
    // Sold without a network: the till took 1,000 points worth 10.00, a coupon of the wallet and a use of the limit.
    let gone = "0198c0de7a10700080000000000000a1";
    let mut taken = with_code(with_points(basket(5_000, Some("m-1")), 1_000), gone);
    taken.business_time = Some(v1::BusinessTime { unix_ms: now_ms(), utc_offset_minutes: 480 });
    let offline = checkout_v1::RecordOfflineSaleRequest {
        chain: "sunrise".into(),
        actor: till(),
        checkout_id: uuid(),
        basket: Some(taken),
        tenders: vec![checkout_v1::Tender { kind: "card".into(), amount_minor: 3_500 }],
    };
    let recorded = shop.checkouts().record_offline_sale(offline).await.unwrap().into_inner();
    let overruns: Vec<_> = recorded.overruns.iter().map(|overrun| overrun.reason().as_str_name()).collect();
    assert_eq!((recorded.due_minor, recorded.points_used), (3_500, 1_000));
    assert_eq!(overruns, ["CONFLICT_REASON_POINTS_SHORT", "CONFLICT_REASON_COUPON_UNKNOWN"]);
    let points = shop.member("m-1").await.points.unwrap();
    assert_eq!((points.spendable, points.debt), (0, 960));
}

#[tokio::test]
async fn a_sale_belongs_to_one_owner_whoever_came_first() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    shop.adjust("m-1", 100).await;
    // A guest's reservation, then the card is scanned: the member's sale fences it.
    let id = uuid();
    shop.checkouts().reserve(reserve(&id, basket(1_000, None))).await.unwrap();
    let sale = shop.confirm(&id, basket(1_000, Some("m-1"))).await.unwrap();
    assert_eq!(sale.member_id, "m-1");
    // A guest's sale of the same id is that sale.
    let late = shop.confirm(&id, basket(1_000, None)).await.unwrap();
    assert_eq!(late, sale);
    // A fact is told whose sale it is, also when nothing else differs, and whenever it comes.
    for _ in 0..2 {
        let mut fact = confirm(&id, basket(1_000, None));
        fact.tendered = true;
        let answer = shop.checkouts().confirm(fact).await.unwrap().into_inner();
        let told: Vec<_> = answer.differences.iter().map(|one| (&*one.what, &*one.recorded)).collect();
        assert_eq!(told, [("member_id", "m-1")]);
    }
    // Cancelled before it was seen: a late confirm finds that.
    let id = uuid();
    let cancel = |id: &str| checkout_v1::CancelRequest {
        chain: "sunrise".into(),
        actor: till(),
        checkout_id: id.to_owned(),
    };
    shop.checkouts().cancel(cancel(&id)).await.unwrap();
    let status = shop.confirm(&id, basket(1_000, Some("m-1"))).await.unwrap_err();
    assert_eq!(reasons(&status), ["CHECKOUT_CANCELLED"]);
    // Paid all the same: recorded, and flagged.
    let mut fact = confirm(&id, basket(1_000, Some("m-1")));
    fact.tendered = true;
    let recorded = shop.checkouts().confirm(fact).await.unwrap().into_inner();
    assert_eq!(recorded.overruns.len(), 1);
    // A confirmed sale is never cancelled.
    let status = shop.checkouts().cancel(cancel(&id)).await.unwrap_err();
    assert_eq!(
        (status.code(), reasons(&status)),
        (Code::FailedPrecondition, vec!["CHECKOUT_CONFIRMED".to_owned()])
    );
}

#[tokio::test]
async fn an_id_that_is_too_old_is_never_written_as_new() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    let old_ms = now_ms() - 401 * 86_400_000;
    let id = format!("{:08x}-{:04x}-7000-8000-00000000000a", old_ms >> 16, old_ms & 0xffff);
    let sold = || basket(1_000, Some("m-1"));
    let status = shop.confirm(&id, sold()).await.unwrap_err();
    assert_eq!(reasons(&status), ["CHECKOUT_TOO_OLD"]);
    let status = shop.checkouts().reserve(reserve(&id, sold())).await.unwrap_err();
    assert_eq!(reasons(&status), ["CHECKOUT_TOO_OLD"]);
    let cancel =
        checkout_v1::CancelRequest { chain: "sunrise".into(), actor: till(), checkout_id: id.clone() };
    let cancelled = shop.checkouts().cancel(cancel).await.unwrap().into_inner();
    assert_eq!(cancelled.state(), checkout_v1::CheckoutState::Cancelled);
    let get =
        checkout_v1::GetCheckoutRequest { chain: "sunrise".into(), actor: till(), checkout_id: id.clone() };
    assert_eq!(shop.checkouts().get_checkout(get).await.unwrap_err().code(), Code::NotFound);
    // Whoever was paid says so, whatever its clock shows.
    let mut fact = confirm(&id, sold());
    fact.tendered = true;
    let recorded = shop.checkouts().confirm(fact).await.unwrap().into_inner();
    assert_eq!((recorded.due_minor, recorded.overruns.len()), (1_000, 0));
}

#[tokio::test]
async fn a_cancelled_reservation_gives_everything_back() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    shop.adjust("m-1", 100).await;
    let id = uuid();
    let sold = with_code(with_points(basket(1_000, Some("m-1")), 100), "FR12345678");
    shop.checkouts().reserve(reserve(&id, sold.clone())).await.unwrap();
    let status = shop.confirm(&uuid(), with_code(basket(1_000, None), "FR12345678")).await.unwrap_err();
    assert_eq!(reasons(&status), ["CODE_HELD"]);
    // What the node finds and what the books find come at once, and nothing is sold.
    let other = uuid();
    let both = with_code(basket(1_000, None), "FR12345678");
    let expected = Some(checkout_v1::Expected { due_minor: 1 });
    let confirmed = checkout_v1::ConfirmRequest { expected, ..confirm(&other, both.clone()) };
    let reserved = checkout_v1::ReserveRequest { expected, ..reserve(&other, both) };
    for status in [
        shop.checkouts().confirm(confirmed).await.unwrap_err(),
        shop.checkouts().reserve(reserved).await.unwrap_err(),
    ] {
        assert_eq!(reasons(&status), ["PRICE_DIFFERS", "CODE_HELD"]);
        // Without the code, as whoever is refused may sell it.
        assert_eq!(refused(&status).due_minor, Some(1_000));
    }
    let cancel = checkout_v1::CancelRequest { chain: "sunrise".into(), actor: till(), checkout_id: id };
    shop.checkouts().cancel(cancel).await.unwrap();
    assert_eq!(shop.points("m-1").await, 100);
    shop.confirm(&uuid(), sold).await.unwrap();
}

#[tokio::test]
async fn tendered_sales_become_debt_and_say_so() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    shop.adjust("m-1", 300).await;
    let sold = with_points(basket(1_000, Some("m-1")), 300);
    let quote = shop.pricing().quote(sold.clone()).await.unwrap().into_inner();
    shop.adjust("m-1", -200).await;
    let mut fact = confirm(&uuid(), sold);
    fact.tendered = true;
    fact.quote_token = quote.envelope.unwrap().token;
    let recorded = shop.checkouts().confirm(fact).await.unwrap().into_inner();
    assert_eq!((recorded.due_minor, recorded.points_used, recorded.overruns.len()), (700, 300, 1));
    let points = shop.member("m-1").await.points.unwrap();
    assert_eq!((points.spendable, points.debt), (0, 200));
    shop.work("m-1").await;
    assert_eq!(shop.member("m-1").await.points.unwrap().debt, 193);
}

#[tokio::test]
async fn races_have_one_winner() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    shop.adjust("m-1", 100).await;
    let tills = |ids: Vec<String>, sold: suanpan_rpc::v1::Basket| {
        let mut calls = JoinSet::new();
        for id in ids {
            let (mut client, sold) = (shop.checkouts(), sold.clone());
            calls.spawn(async move { client.confirm(confirm(&id, sold)).await });
        }
        calls.join_all()
    };
    // The last 100 points and 50 tills.
    let sold = with_points(basket(1_000, Some("m-1")), 100);
    let answers = tills((0..50).map(|_| uuid()).collect(), sold).await;
    // A till that is late is priced without the points, or refused: 100 points are spent once.
    let spent: i64 = answers.iter().flatten().map(|answer| answer.get_ref().points_used).sum();
    assert_eq!(spent, 100);
    // Three uses and 20 tills: a quote that knows that they are gone sells without the coupon.
    let sold = with_code(basket(1_000, None), "RUSH");
    let answers = tills((0..20).map(|_| uuid()).collect(), sold).await;
    let used = answers.iter().flatten().filter(|answer| answer.get_ref().due_minor == 800).count();
    assert_eq!(used, 3);
    // The same confirm from 20 tills: one effect, twenty equal answers.
    let id = uuid();
    let answers = tills(vec![id; 20], basket(5_000, Some("m-1"))).await;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().into_inner()).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}
