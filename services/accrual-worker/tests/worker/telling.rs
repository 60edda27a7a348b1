//! A pass tells again what changed since the last complete one.

use std::sync::Arc;

use suanpan_store::{Part, Store};
use suanpan_store_embedded::EmbeddedStore;

use super::lossy::LossyFeed;
use super::shop::{Folder, Shop};

const START_MS: i64 = 1_764_000_000_000;
/// What is told again from before the beginning of the last complete pass.
const BEFORE_MS: i64 = 60_000;

#[tokio::test]
async fn changes_are_told_again_since_the_last_complete_pass_began_and_a_minute_before() {
    let folder = Folder::new();
    let inner: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&folder.file("store")).expect("a store"));
    let store = Arc::new(LossyFeed::new(inner, 2));
    let shop = Shop::of(Arc::clone(&store) as Arc<dyn Store>, START_MS);
    let mut worker = shop.worker(Vec::new());
    for (restarted, after_ms, since_ms, kept_ms) in [
        // Nothing is known of passes before: all that the feed would have.
        (false, 0, None, 0),
        // The beginning of a pass is kept now and then; what was kept says enough.
        (false, 5_000, Some(0), 0),
        (false, 10_000, Some(0), 10_000),
        (false, 15_000, Some(10_000), 10_000),
        // Another process goes on from what was kept.
        (true, 200_000, Some(10_000), 200_000),
        (false, 201_000, Some(200_000), 200_000),
    ] {
        if restarted {
            worker = shop.worker(Vec::new());
        }
        shop.set_now(START_MS + after_ms);
        worker.pass().await.expect("a pass");
        let since_ms = since_ms.map(|since_ms: i64| START_MS + since_ms - BEFORE_MS);
        assert_eq!(store.told(), [(0, since_ms), (1, since_ms)], "after {after_ms}");
        for part in [0, 1].map(Part) {
            assert_eq!(store.passed(part).await, Ok(Some(START_MS + kept_ms)), "after {after_ms}");
        }
    }
    // Somebody else had the parts for a while: what it saw need not be told again.
    store.set_passed(Part(1), START_MS + 290_000).await.expect("kept");
    shop.set_now(START_MS + 300_000);
    worker.pass().await.expect("a pass");
    let since = [200_000, 290_000].map(|since_ms| Some(START_MS + since_ms - BEFORE_MS));
    assert_eq!(store.told(), [(0, since[0]), (1, since[1])]);
}
