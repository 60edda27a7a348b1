//! Offers that a few may use: whose hold counts against whom, and what a sale costs when the last use is gone.

use suanpan_checkout::offer_key;
use suanpan_rpc::{checkout_v1, member_v1, v1};
use suanpan_store::{LimitCap, Store as _};

use super::shop::{Shop, basket, confirm, now_ms, reasons, refused, reserve, till, uuid, with_code};

/// 1.00 off for one.
const RULES: &str = "
promotions:
  - { id: first, buy: { spend: 1.00 }, effect: { amount_off: 1.00 }, limits: { in_total: 1, given_back: on_full_return } }
";

async fn shop() -> Shop {
    let shop = Shop::open_with(RULES).await;
    let cap = LimitCap { uses: Some(1), amount_minor: None };
    shop.store.set_limit("sunrise", offer_key("first"), cap).await.unwrap();
    for (member, card) in [("m-1", "8801"), ("m-2", "8802")] {
        shop.enrol(member, card).await;
    }
    shop
}

/// Who reserves, who goes on, whether that is a reservation, and the price that is expected.
type Passing = (Option<&'static str>, Option<&'static str>, bool, Option<i64>);

#[tokio::test]
async fn what_an_id_holds_passes_to_whoever_has_it_next() {
    let cases: [Passing; 5] = [
        (None, Some("m-1"), false, None),
        (None, Some("m-1"), false, Some(400)),
        (Some("m-1"), Some("m-2"), false, Some(400)),
        (Some("m-1"), Some("m-2"), true, None),
        (Some("m-1"), None, false, Some(400)),
    ];
    for case in cases {
        let (first, then, reserves, expected) = case;
        let (shop, id) = (shop().await, uuid());
        let held = shop.checkouts().reserve(reserve(&id, basket(500, first))).await.unwrap().into_inner();
        assert_eq!(held.due_minor, 400, "{case:?}");
        shop.node.refresh().await.unwrap();
        // Who comes with another id finds nothing left, and what is refused says what it would cost.
        let other = shop.checkouts().reserve(reserve(&uuid(), basket(500, None))).await.unwrap();
        assert_eq!(other.into_inner().due_minor, 500, "{case:?}");
        let expected = expected.map(|due_minor| checkout_v1::Expected { due_minor });
        let mut wrong = confirm(&id, basket(500, then));
        wrong.expected = Some(checkout_v1::Expected { due_minor: 1 });
        let status = shop.checkouts().confirm(wrong).await.unwrap_err();
        assert_eq!(reasons(&status), ["PRICE_DIFFERS"], "{case:?}");
        assert_eq!(refused(&status).due_minor, Some(400), "{case:?}");
        let sold = if reserves {
            let call = checkout_v1::ReserveRequest { expected, ..reserve(&id, basket(500, then)) };
            shop.checkouts().reserve(call).await
        } else {
            let call = checkout_v1::ConfirmRequest { expected, ..confirm(&id, basket(500, then)) };
            shop.checkouts().confirm(call).await
        };
        assert_eq!(sold.unwrap().into_inner().due_minor, 400, "{case:?}");
        let limit = &shop.store.limits("sunrise").await.unwrap();
        let limit = limit.iter().find(|limit| limit.offer == offer_key("first")).unwrap();
        assert_eq!(limit.taken().uses, 1, "{case:?}");
    }
}

#[tokio::test]
async fn a_sale_of_which_no_price_is_known_costs_what_it_costs_without_the_last_use() {
    let shop = shop().await;
    shop.node.refresh().await.unwrap();
    // Another node takes the last use, and this one has not heard of it.
    let mut taken = shop.other_node_with(RULES).await;
    assert_eq!(taken.confirm(confirm(&uuid(), basket(500, None))).await.unwrap().into_inner().due_minor, 400);
    assert_eq!(shop.confirm(&uuid(), basket(500, None)).await.unwrap().due_minor, 500);
    // Whoever was shown a price is told that it is another one.
    let shop = self::shop().await;
    shop.node.refresh().await.unwrap();
    let mut taken = shop.other_node_with(RULES).await;
    taken.confirm(confirm(&uuid(), basket(500, None))).await.unwrap();
    let mut expects = confirm(&uuid(), basket(500, None));
    expects.expected = Some(checkout_v1::Expected { due_minor: 400 });
    let status = shop.checkouts().confirm(expects).await.unwrap_err();
    assert_eq!(reasons(&status), ["GLOBAL_LIMIT"]);
    assert_eq!(refused(&status).due_minor, Some(500));
}

#[tokio::test]
async fn what_is_gone_is_named_as_the_program_and_the_till_name_it() {
    let shop = shop().await;
    let sold = with_code(basket(500, None), "FR12345678");
    assert_eq!(shop.confirm(&uuid(), sold.clone()).await.unwrap().due_minor, 100);
    let id = uuid();
    let mut taken = sold;
    taken.business_time = Some(v1::BusinessTime { unix_ms: now_ms(), utc_offset_minutes: 480 });
    let offline = checkout_v1::RecordOfflineSaleRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        checkout_id: id.clone(),
        basket: Some(taken),
        tenders: vec![checkout_v1::Tender { kind: "card".to_owned(), amount_minor: 100 }],
    };
    let named = |sale: &checkout_v1::Checkout| {
        let overruns = sale.overruns.iter();
        let named = overruns.map(|overrun| format!("{:?} {}", overrun.reason(), overrun.subject));
        let mut named: Vec<_> = named.collect();
        named.sort_unstable();
        named
    };
    let expected = ["CodeUsed FR12345678", "GlobalLimit first"];
    // When it is recorded, when it comes again, and when it is read.
    for _ in 0..2 {
        let answer = shop.checkouts().record_offline_sale(offline.clone()).await.unwrap().into_inner();
        assert_eq!(named(&answer), expected);
    }
    let read =
        checkout_v1::GetCheckoutRequest { chain: "sunrise".to_owned(), actor: till(), checkout_id: id };
    assert_eq!(named(&shop.checkouts().get_checkout(read).await.unwrap().into_inner()), expected);
    for (activity, expected) in
        [("check-in", None), ("check-in", Some("ACTIVITY_LIMIT")), ("run", Some("ACTIVITY_UNKNOWN"))]
    {
        let request = member_v1::RecordActivityRequest {
            chain: "sunrise".to_owned(),
            actor: till(),
            request_id: uuid(),
            member_id: "m-1".to_owned(),
            activity: activity.to_owned(),
            business_time: None,
        };
        let answer = shop.members().record_activity(request).await;
        let told = answer.err().map(|status| {
            let subjects: Vec<_> =
                refused(&status).conflicts.into_iter().map(|found| found.subject).collect();
            (reasons(&status).join(" "), subjects.join(" "))
        });
        let expected = expected.map(|reason| (reason.to_owned(), activity.to_owned()));
        assert_eq!(told, expected, "{activity}");
    }
}
