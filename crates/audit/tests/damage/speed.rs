//! How fast a store is proved. Wall times prove nothing on a busy machine: the figure is printed, the count is checked.

use std::sync::Arc;

use suanpan_audit::audit;
use suanpan_checkout::Verb;
use suanpan_store::Owner;
use suanpan_store_embedded::EmbeddedStore;

use crate::scratch::Scratch;
use crate::till::{Till, basket, sale_id, with_points};

/// Members, and rows of each: enrolment, points, sales.
const MEMBERS: u64 = 1_000;
const SALES: u64 = 18;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_entries() {
    let scratch = Scratch::new();
    let store = Arc::new(EmbeddedStore::open(&scratch.file("speed.db")).expect("a store"));
    let mut tasks = tokio::task::JoinSet::new();
    for first in 0..16 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut till = Till::new(store);
            for number in (first..MEMBERS).step_by(16) {
                let name = format!("member-{number:06}");
                till.enrol(&name, None).await;
                till.adjust(&name, 100_000).await;
                for sale in 0..SALES {
                    let owner: Owner = crate::till::of(&name);
                    let sold = if sale % 2 == 0 { basket() } else { with_points(20) };
                    till.sell(owner, sale_id(number * 100 + sale), sold, Verb::Confirm).await;
                }
                till.work(&name).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("a till");
    }
    let mut best = 0;
    for _ in 0..5 {
        let report = audit(&*store, None, |_| {}).await.expect("a report");
        assert!(report.balances(), "{report}");
        assert_eq!(report.counts.entries, MEMBERS * (SALES + 2));
        best = best.max(report.entries_per_second());
    }
    println!("{} entries, best of five: {best} entries/s", MEMBERS * (SALES + 2));
}
