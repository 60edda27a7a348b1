//! Two members become one, whatever was tried before.

use suanpan_checkout::{BooksError, Verb};
use suanpan_domain::MemberId;
use suanpan_ledger::head::Status;
use suanpan_ledger::refusal::Refusal;
use suanpan_ledger::{Action, Actor};
use suanpan_store::Owner;

use crate::oracle::{PROGRAM, START_MS};
use crate::shop::{Folder, Shop, checkout, member, request, sale};

const POINTS: i64 = 30;

async fn merge(shop: &Shop, survivor: &MemberId, source: &MemberId, number: u64) -> Vec<Refusal> {
    let action =
        Action::MergeLock { request: request(number), content_hash: [6; 32], source: source.clone() };
    let ask = shop.member_ask(survivor, request(number), action);
    match shop.books().await.merge(ask, source.clone()).await {
        Ok(_) => Vec::new(),
        Err(BooksError::Refused(conflicts)) => conflicts.iter().map(|conflict| conflict.reason).collect(),
        Err(error) => panic!("{error}"),
    }
}

/// Each of two merges the other way round is refused first. Asked for again, both would close a member whose survivor
/// nobody has locked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_merge_is_over() {
    let folder = Folder::new();
    let shop = Shop::open(&folder.file("store"), START_MS);
    shop.publish(PROGRAM).await;
    let (anna, bela) = (member(0), member(1));
    for (number, who) in [&anna, &bela].into_iter().enumerate() {
        shop.enrol(who, None, None).await;
        let action =
            Action::Adjust { request: request(1), content_hash: [7; 32], points: POINTS, expires_ms: None };
        shop.ask(who, request(1), action).await;
        let id = checkout(START_MS, number as u64);
        let until_ms = START_MS + 1_000;
        shop.sell(Owner::Member(who.clone()), id, sale(START_MS, 100, 0, 0), Verb::Reserve { until_ms })
            .await;
    }
    assert_eq!(merge(&shop, &anna, &bela, 10).await, [Refusal::HoldsOpen]);
    assert_eq!(merge(&shop, &bela, &anna, 11).await, [Refusal::HoldsOpen]);
    for number in 0..2 {
        let id = checkout(START_MS, number);
        shop.books().await.cancel(id, &Actor::default(), START_MS).await.expect("cancelled");
    }
    assert_eq!(merge(&shop, &anna, &bela, 10).await, [Refusal::ContentDiffers]);
    assert_eq!(merge(&shop, &bela, &anna, 11).await, [Refusal::ContentDiffers]);
    for who in [&anna, &bela] {
        let head = shop.head(who).await;
        assert_eq!((head.status, head.merge_lock), (Status::Active, None));
    }
    // Another request is another merge.
    assert_eq!(merge(&shop, &anna, &bela, 12).await, []);
    let head = shop.head(&anna).await;
    assert_eq!(head.lots.iter().map(|lot| lot.points).sum::<i64>(), 2 * POINTS);
    assert_eq!(shop.head(&bela).await.status, Status::Closed { survivor: Some(anna) });
}
