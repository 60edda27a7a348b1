//! A node whose clock is wrong sells nothing: what it wrote would be of a wrong time. One whose store is silent prices on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use suanpan_pricing_node::CLOCK_OFF_MS_MAX_DEFAULT;
use suanpan_store::{Faults, FaultyStore};
use tonic::Code;
use tonic_types::StatusExt as _;

use super::shop::{Shop, basket, now_ms, reserve, uuid};

const NO_FAULTS: Faults =
    Faults { lost_before: 0, lost_after: 0, busy: 0, delayed: 0, delay_ms_max: 0, decided_again: 0 };

#[tokio::test]
async fn a_node_whose_clock_is_wrong_sells_nothing() {
    let ahead_ms = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&ahead_ms);
    let shop = Shop::open_behind(|store| {
        let store = FaultyStore::new(store, 1, NO_FAULTS);
        Arc::new(store.with_clock(move || now_ms() + clock.load(Ordering::Relaxed)))
    })
    .await;
    shop.enrol("m-1", "8801").await;
    let sold = uuid();
    shop.confirm(&sold, basket(1_000, Some("m-1"))).await.unwrap();
    let allowed_ms = i64::try_from(CLOCK_OFF_MS_MAX_DEFAULT).unwrap();
    for (store_ahead_ms, sells) in [
        (allowed_ms / 2, true),
        (allowed_ms + 1_000, false),
        (-allowed_ms - 1_000, false),
        (-allowed_ms / 2, true),
    ] {
        ahead_ms.store(store_ahead_ms, Ordering::Relaxed);
        shop.node.refresh().await.unwrap();
        let confirmed = shop.confirm(&uuid(), basket(1_000, Some("m-1"))).await;
        assert_eq!(confirmed.is_ok(), sells, "{store_ahead_ms}: {confirmed:?}");
        let reserved = shop.checkouts().reserve(reserve(&uuid(), basket(1_000, None))).await;
        assert_eq!(reserved.is_ok(), sells, "{store_ahead_ms}: {reserved:?}");
        if let Err(status) = confirmed {
            assert_eq!(status.code(), Code::Unavailable);
            assert_eq!(status.get_details_error_info().unwrap().reason, "CLOCK_WRONG");
        }
        // What is known is told all the same, and quotes go on.
        assert_eq!(shop.member("m-1").await.id, "m-1");
        shop.pricing().quote(basket(1_000, Some("m-1"))).await.unwrap();
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_told_and_prices_go_on() {
    let silent = Faults { lost_before: 1_000, ..NO_FAULTS };
    let shop = Shop::open_behind(|store| Arc::new(FaultyStore::new(store, 1, silent))).await;
    for (member, degraded) in [(Some("m-1"), true), (None, false)] {
        let quote = shop.pricing().quote(basket(1_000, member)).await.unwrap().into_inner();
        let envelope = quote.envelope.unwrap();
        assert_eq!(
            (quote.due_minor, envelope.degraded, envelope.member_unknown),
            (1_000, degraded, degraded)
        );
    }
}
