//! How much there is of a limit while capacity goes from shard to shard.

use std::sync::Arc;

use suanpan_checkout::{BooksError, Verb};
use suanpan_ledger::Actor;
use suanpan_store::{LimitCap, StoreError};

use crate::away::Away;
use crate::retried::{sell, uses};
use crate::script::{NOW_MS, OFFER, books, checkout, guest};
use crate::{ALONE, keyspace, process};

/// A cap is lowered while a sale's capacity is on its way between two shards that were looked at: of four there are three
/// then, and three are sold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cap_is_not_summed_while_capacity_is_on_its_way() {
    let _alone = ALONE.lock().await;
    let chain = "summed";
    let mut options = keyspace::options();
    // Shards 0 to 3 with one use each; a sale is at home in the shard of its number's rest.
    options.uses_per_shard = 1;
    drop(keyspace::open(options.clone()).await);
    let store = process(&options).await;
    let cap = |uses| LimitCap { uses: Some(uses), amount_minor: None };
    store.set_limit(chain, OFFER, cap(4)).await.expect("a limit");
    let reserve = Verb::Reserve { until_ms: NOW_MS + 60_000 };
    sell(&store, chain, (&guest(40), 40), (reserve, 1, false)).await.expect("all of shard 0");
    sell(&store, chain, (&guest(43), 43), (Verb::Confirm, 1, false)).await.expect("all of shard 3");
    let sends = async |number| {
        fail::cfg("scylla/capacity-sent", "1*return->off").expect("a place that can be stopped at");
        let store = process(&options).await;
        let stopped = sell(&store, chain, (&guest(number), number), (Verb::Confirm, 1, false)).await;
        fail::remove("scylla/capacity-sent");
        assert!(matches!(stopped, Err(BooksError::Store(StoreError::Unknown(_)))), "{stopped:?}");
    };
    // Out of shard 1, for shard 3.
    sends(47).await;
    let lowers = {
        let options = options.clone();
        move || async move { process(&options).await.set_limit(chain, OFFER, cap(3)).await }
    };
    // It has looked at shard 0, and lets arrive what left shard 1.
    let lowers = Away::at("scylla/capacity-arrived", lowers);
    books(Arc::clone(&store), chain).cancel(checkout(40), &Actor::default(), NOW_MS).await.expect("free");
    // Out of shard 0, for shard 3.
    sends(51).await;
    assert_eq!(lowers.goes_on(), Ok(cap(3)));
    for number in [47, 51] {
        sell(&store, chain, (&guest(number), number), (Verb::Confirm, 1, false)).await.expect("its own");
    }
    assert_eq!(uses(&*store, chain).await, (3, 0, 0));
    let fourth = sell(&store, chain, (&guest(44), 44), (Verb::Confirm, 1, false)).await;
    assert!(matches!(fourth, Err(BooksError::Refused(_))), "of three: {fourth:?}");
}
