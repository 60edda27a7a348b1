//! One id, one owner, one effect: whatever comes again, and whoever comes at once.

use suanpan_rpc::checkout_v1;
use tokio::task::JoinSet;
use tonic::Code;

use super::shop::{Shop, basket, confirm, now_ms, reasons, reserve, till, uuid, with_code, with_points};

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
