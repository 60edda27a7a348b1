//! Many tills, one thing: it is given once, and everybody is told the truth.

use suanpan_domain::MemberId;
use suanpan_ledger::Refusal;
use suanpan_ledger::head::OfferKey;

use crate::conformance::till::{Basket, Shop, Told, known};
use crate::error::StoreError;
use crate::limit::{LimitCap, Taken};
use crate::scope::{Owner, Scope};
use crate::verdict::Verdict;
use crate::view::View;

/// Lets everybody confirm at once, each their own basket.
async fn all_at_once(shop: &Shop, baskets: Vec<Basket>) -> Vec<Told> {
    let tills: Vec<_> = baskets
        .into_iter()
        .map(|basket| {
            let shop = shop.clone();
            tokio::spawn(async move { shop.confirm(&basket).await })
        })
        .collect();
    let mut told = Vec::with_capacity(tills.len());
    for till in tills {
        told.push(till.await.expect("a till does not panic"));
    }
    told
}

fn done(told: &[Told]) -> usize {
    told.iter().filter(|told| told.is_done()).count()
}

async fn balance(shop: &Shop, member: &MemberId) -> i64 {
    let row = known(|| shop.store.member(shop.chain, member)).await.expect("an enrolled member");
    row.head.lots.iter().map(|lot| lot.points).sum::<i64>() - row.head.debt_points
}

pub(super) async fn one_coupon_and_a_hundred_tills(shop: Shop) {
    let member = shop.enrol("anna").await;
    let coupon = shop.grant(&member, 1).await;
    let baskets = (1..=100).map(|till| Basket::of_member(&member, till).using(coupon)).collect();
    let told = all_at_once(&shop, baskets).await;
    assert_eq!(done(&told), 1, "{told:?}");
    for told in told.iter().filter(|told| !told.is_done()) {
        assert_eq!(told.reason(), Refusal::CouponUnknown);
    }
    let row = known(|| shop.store.member(shop.chain, &member)).await.expect("a member");
    assert!(row.head.coupons.is_empty());
    assert_eq!(row.head.pending.len(), 1);
}

pub(super) async fn the_last_points_and_fifty_tills(shop: Shop) {
    let member = shop.enrol("bela").await;
    assert!(shop.adjust(&member, 1, 100).await.is_done());
    let baskets = (1..=50).map(|till| Basket::of_member(&member, till).paying_points(30)).collect();
    let told = all_at_once(&shop, baskets).await;
    assert_eq!(done(&told), 3, "{told:?}");
    assert_eq!(balance(&shop, &member).await, 10);
}

pub(super) async fn a_budget_and_sixty_four_writers(shop: Shop) {
    let offer = OfferKey(0xb0d9e7);
    let cap = LimitCap { uses: None, amount_minor: Some(100_000) };
    known(|| shop.store.set_limit(shop.chain, offer, cap)).await;
    // 64 sales of 30.00 each: 33 of them fit into 1,000.00, with 10.00 left.
    let baskets = (1..=64).map(|till| Basket::of_guest(till).taking(offer, 0, 3_000)).collect();
    let told = all_at_once(&shop, baskets).await;
    assert_eq!(done(&told), 33, "{told:?}");
    for told in told.iter().filter(|told| !told.is_done()) {
        assert_eq!(told.reason(), Refusal::GlobalBudget);
    }
    let limit = &known(|| shop.store.limits(shop.chain)).await[0];
    assert_eq!(limit.taken(), Taken { uses: 0, amount_minor: 99_000 });
    assert_eq!(limit.used, limit.taken());
}

pub(super) async fn a_use_for_everybody_is_sold_once(shop: Shop) {
    let offer = OfferKey(u64::MAX);
    known(|| shop.store.set_limit(shop.chain, offer, LimitCap { uses: Some(7), amount_minor: None })).await;
    let baskets = (1..=40).map(|till| Basket::of_guest(till).taking(offer, 1, 500)).collect();
    let told = all_at_once(&shop, baskets).await;
    assert_eq!(done(&told), 7, "{told:?}");
    let limit = &known(|| shop.store.limits(shop.chain)).await[0];
    assert_eq!((limit.offer, limit.used), (offer, Taken { uses: 7, amount_minor: 3_500 }));
}

pub(super) async fn the_same_confirm_twenty_times(shop: Shop) {
    let member = shop.enrol("carl").await;
    assert!(shop.adjust(&member, 1, 100).await.is_done());
    let basket = Basket::of_member(&member, 1).paying_points(40);
    let tills: Vec<_> = (0..20_u8)
        .map(|till| {
            let (shop, basket) = (shop.clone(), basket.clone());
            // Each till would answer otherwise: the first answer is everybody's.
            tokio::spawn(async move { shop.confirm_answering(&basket, &[till]).await })
        })
        .collect();
    let mut told = Vec::new();
    for till in tills {
        told.push(till.await.expect("a till does not panic"));
    }
    assert!(told[0].is_done());
    assert!(told.iter().all(|other| *other == told[0]), "{told:?}");
    assert_eq!(balance(&shop, &member).await, 60);
    let row = known(|| shop.store.member(shop.chain, &member)).await.expect("a member");
    assert_eq!(row.head.version, 3);
}

pub(super) async fn sixteen_writers_on_one_member(shop: Shop) {
    const WRITERS: u64 = 16;
    const EACH: u64 = 20;
    let member = shop.enrol("dora").await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (shop, member) = (shop.clone(), member.clone());
            tokio::spawn(async move {
                for turn in 0..EACH {
                    assert!(shop.adjust(&member, 1 + writer * EACH + turn, 5).await.is_done());
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer does not panic");
    }
    let row = known(|| shop.store.member(shop.chain, &member)).await.expect("a member");
    assert_eq!(row.head.version, 1 + WRITERS * EACH);
    assert_eq!(balance(&shop, &member).await, i64::try_from(5 * WRITERS * EACH).expect("small"));
}

pub(super) async fn a_decision_that_panics_hurts_nobody(shop: Shop) {
    let member = shop.enrol("emil").await;
    let others: Vec<_> = (1..=20)
        .map(|number| {
            let (shop, member) = (shop.clone(), member.clone());
            tokio::spawn(async move { shop.adjust(&member, number, 1).await })
        })
        .collect();
    // Answers may be lost before the decider runs: ask until it has run.
    let error = loop {
        let scope = Scope::of(Owner::Member(member.clone()));
        let panics = |_: &View| -> Verdict { panic!("on purpose") };
        match shop.store.decide(shop.chain, scope, Box::new(panics)).await {
            Err(StoreError::Unknown(_) | StoreError::Busy) => {}
            other => break other.expect_err("it panics"),
        }
    };
    assert!(matches!(&error, StoreError::Panicked(text) if text.contains("on purpose")), "{error}");
    for other in others {
        assert!(other.await.expect("no panic").is_done());
    }
    assert_eq!(balance(&shop, &member).await, 20);
}
