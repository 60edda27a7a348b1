//! A sale from quote to return.

use suanpan_rpc::{checkout_v1, member_v1};
use tonic::Code;

use super::shop::{Shop, basket, confirm, reasons, reserve, till, uuid, with_code, with_points};

#[tokio::test]
async fn points_are_held_spent_earned_and_given_back() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    shop.adjust("m-1", 500).await;
    let id = uuid();
    let sold = with_points(basket(12_000, Some("m-1")), 300);

    let reserved = shop.checkouts().reserve(reserve(&id, sold.clone())).await.unwrap().into_inner();
    assert_eq!(reserved.state(), checkout_v1::CheckoutState::Reserved);
    assert_eq!((reserved.due_minor, reserved.points_used), (11_700, 300));
    let held = shop.member("m-1").await.points.unwrap();
    assert_eq!((held.spendable, held.held), (200, 300));

    let confirmed = shop.confirm(&id, sold.clone()).await.unwrap();
    assert_eq!(confirmed.state(), checkout_v1::CheckoutState::Confirmed);
    assert_eq!((confirmed.due_minor, confirmed.points_earned), (11_700, 117));
    let member = shop.member("m-1").await;
    assert_eq!((member.points.unwrap().spendable, member.entries_pending), (200, 1));

    shop.work("m-1").await;
    let member = shop.member("m-1").await;
    // 117 for the sale, 50 for reaching silver.
    assert_eq!((member.points.unwrap().spendable, member.entries_pending), (367, 0));
    assert_eq!(member.tier.unwrap().id, "silver");

    let back = checkout_v1::ReturnRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        checkout_id: id.clone(),
        // The first to come back, and the last by its id.
        return_id: "ffffffff-ffff-4fff-bfff-ffffffffffff".to_owned(),
        lines: vec![checkout_v1::ReturnLine { line_id: "L1".into(), quantity_milli: 1_000, units: vec![] }],
        ..Default::default()
    };
    let half = shop.checkouts().r#return(back.clone()).await.unwrap().into_inner();
    assert_eq!((half.refund_minor, half.points_restored), (5_850, 150));
    assert!(!half.whole);
    // The same return again is the same return.
    let again = shop.checkouts().r#return(back).await.unwrap().into_inner();
    assert_eq!(again, half);
    let rest = checkout_v1::ReturnRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        checkout_id: id.clone(),
        return_id: uuid(),
        all: true,
        ..Default::default()
    };
    let rest = shop.checkouts().r#return(rest).await.unwrap().into_inner();
    assert_eq!(
        (half.refund_minor + rest.refund_minor, half.points_restored + rest.points_restored),
        (11_700, 300)
    );
    assert_eq!(half.points_taken_back + rest.points_taken_back, 117);
    assert!(rest.whole);
    shop.work("m-1").await;
    // 500 to begin with, 50 for the tier, which stays inside its validity.
    assert_eq!(shop.points("m-1").await, 550);

    let read = checkout_v1::GetCheckoutRequest { chain: "sunrise".into(), actor: till(), checkout_id: id };
    let read = shop.checkouts().get_checkout(read).await.unwrap().into_inner();
    assert!(read.accrued);
    let refunds: Vec<_> = read.returns.iter().map(|back| (&back.return_id, back.refund_minor)).collect();
    let given = [(&half.return_id, half.refund_minor), (&rest.return_id, rest.refund_minor)];
    assert_eq!(refunds, given, "in the order in which they came");
    assert_eq!(read.quote.unwrap().due_minor, 11_700);
    let entries = member_v1::ListEntriesRequest {
        chain: "sunrise".into(),
        actor: till(),
        member_id: "m-1".into(),
        page_size: 3,
        page_token: String::new(),
    };
    let page = shop.members().list_entries(entries.clone()).await.unwrap().into_inner();
    assert_eq!(page.entries.len(), 3);
    let next = member_v1::ListEntriesRequest { page_token: page.next_page_token, ..entries };
    let page = shop.members().list_entries(next).await.unwrap().into_inner();
    assert!(!page.entries.is_empty());
}

#[tokio::test]
async fn a_token_honours_a_quote_after_everything_changed() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    shop.adjust("m-1", 500).await;
    let sold = with_points(basket(10_000, Some("m-1")), 400);
    let quote = shop.pricing().quote(sold.clone()).await.unwrap().into_inner();
    assert_eq!(quote.due_minor, 9_600);
    let token = quote.envelope.unwrap().token;
    assert!(!token.is_empty());
    let with_token =
        |id: &str, sold| checkout_v1::ConfirmRequest { quote_token: token.clone(), ..confirm(id, sold) };

    // Another basket than the quoted one.
    let other = with_token(&uuid(), with_points(basket(9_000, Some("m-1")), 400));
    let status = shop.checkouts().confirm(other).await.unwrap_err();
    assert_eq!(
        (status.code(), reasons(&status)),
        (Code::FailedPrecondition, vec!["TOKEN_REFUSED".to_owned()])
    );
    // The points are gone meanwhile: every conflict, and nothing changed.
    shop.adjust("m-1", -200).await;
    let status = shop.checkouts().confirm(with_token(&uuid(), sold.clone())).await.unwrap_err();
    assert_eq!(
        (status.code(), reasons(&status)),
        (Code::FailedPrecondition, vec!["POINTS_SHORT".to_owned()])
    );
    assert_eq!(shop.points("m-1").await, 300);
    shop.adjust("m-1", 200).await;
    let sale = shop.checkouts().confirm(with_token(&uuid(), sold)).await.unwrap().into_inner();
    assert_eq!((sale.due_minor, sale.points_used), (9_600, 400));
}

#[tokio::test]
async fn what_the_caller_expects_is_compared() {
    let shop = Shop::open().await;
    let mut request = confirm(&uuid(), basket(1_000, None));
    request.expected = Some(checkout_v1::Expected { due_minor: 999 });
    let status = shop.checkouts().confirm(request.clone()).await.unwrap_err();
    assert_eq!(
        (status.code(), reasons(&status)),
        (Code::FailedPrecondition, vec!["PRICE_DIFFERS".to_owned()])
    );
    request.expected = Some(checkout_v1::Expected { due_minor: 1_000 });
    request.tenders = vec![checkout_v1::Tender { kind: "card".into(), amount_minor: 900 }];
    let status = shop.checkouts().confirm(request.clone()).await.unwrap_err();
    assert_eq!(reasons(&status), ["TENDERS_DIFFER"]);
    request.tenders = vec![checkout_v1::Tender { kind: "card".into(), amount_minor: 1_000 }];
    shop.checkouts().confirm(request).await.unwrap();
    // 10.06 in cash is 10.00.
    let mut cash = confirm(&uuid(), basket(1_006, None));
    cash.tenders = vec![checkout_v1::Tender { kind: "cash".into(), amount_minor: 1_000 }];
    let sale = shop.checkouts().confirm(cash).await.unwrap().into_inner();
    assert_eq!((sale.due_minor, sale.cash_rounding_minor), (1_006, -6));
}

#[tokio::test]
async fn coupons_and_codes_are_used_once_and_come_back_with_everything() {
    let shop = Shop::open().await;
    shop.enrol("m-1", "8801").await;
    let grant = member_v1::GrantCouponRequest {
        chain: "sunrise".into(),
        actor: till(),
        request_id: uuid(),
        member_id: "m-1".into(),
        campaign: "thanks".into(),
        expires_unix_ms: 0,
    };
    let member = shop.members().grant_coupon(grant).await.unwrap().into_inner();
    let coupon = member.coupons[0].id.clone();
    let sold = with_code(with_code(basket(2_000, Some("m-1")), &coupon), "FR12345678");
    let id = uuid();
    let sale = shop.confirm(&id, sold.clone()).await.unwrap();
    assert_eq!(sale.due_minor, 1_200);
    let status = shop.confirm(&uuid(), with_code(basket(2_000, None), "FR12345678")).await.unwrap_err();
    assert_eq!(reasons(&status), ["CODE_USED"]);
    assert!(shop.member("m-1").await.coupons.is_empty());
    let all = checkout_v1::ReturnRequest {
        chain: "sunrise".into(),
        actor: till(),
        checkout_id: id,
        return_id: uuid(),
        all: true,
        ..Default::default()
    };
    let back = shop.checkouts().r#return(all).await.unwrap().into_inner();
    assert_eq!((back.refund_minor, back.coupon_ids.as_slice()), (1_200, [coupon.clone()].as_slice()));
    shop.work("m-1").await;
    assert_eq!(shop.member("m-1").await.coupons[0].id, coupon);
    shop.confirm(&uuid(), with_code(basket(2_000, None), "FR12345678")).await.unwrap();
}

#[tokio::test]
async fn all_problems_of_a_call_are_said_at_once() {
    use tonic_types::StatusExt;
    let shop = Shop::open().await;
    let mut request = confirm("not-a-uuid", basket(1_000, None));
    request.actor = None;
    request.tenders = vec![checkout_v1::Tender { kind: String::new(), amount_minor: 0 }];
    request.basket.as_mut().unwrap().currency = "XXX".to_owned();
    let status = shop.checkouts().confirm(request).await.unwrap_err();
    let details = status.get_error_details();
    let fields: Vec<_> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|violation| violation.field.clone())
        .collect();
    assert_eq!(
        fields,
        ["actor", "checkout_id", "tenders[0].kind", "tenders[0].amount_minor", "basket.currency"]
    );
}
