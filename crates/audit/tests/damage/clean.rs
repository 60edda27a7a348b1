//! What services leave behind balances: in rest, in small pieces, and while they are at work.

use std::sync::Arc;

use suanpan_audit::{Options, Progress, audit, audit_with};
use suanpan_checkout::Verb;
use suanpan_store::Store;
use suanpan_store_embedded::EmbeddedStore;
use tokio::sync::Semaphore;

use crate::scratch::{Scratch, copy_of_a_life};
use crate::till::{CHAIN, Till, basket, limited, of, sale_id};

#[tokio::test]
async fn a_life_balances() {
    let scratch = Scratch::new();
    let file = scratch.file("life.db");
    copy_of_a_life(&file).await;
    let store = EmbeddedStore::open(&file).expect("a store");
    let mut last = Progress::default();
    let report = audit(&store, None, |progress| last = progress).await.expect("a report");
    assert!(report.balances(), "{report}");
    let counts = report.counts;
    assert_eq!((counts.members, counts.guests), (4, 4));
    assert_eq!((counts.sales, counts.reserved, counts.ended), (8, 2, 2));
    assert_eq!((counts.returns, counts.parked, counts.limits, counts.codes), (5, 1, 1, 6));
    assert_eq!((counts.entries, counts.unsettled), (last.entries, 0));
    assert_eq!((last.owners, last.findings), (8, 0));
    assert!(counts.points > 0 && counts.pending > 0 && counts.holders > 0, "{report}");
    let ours = audit(&store, Some(CHAIN), |_| {}).await.expect("a report");
    assert_eq!(ours.counts, counts);
    let nobody = audit(&store, Some("nobody"), |_| {}).await.expect("a report");
    assert!(nobody.balances() && nobody.counts.entries == 0, "{nobody}");
}

/// Sales that are made while one audit runs. Were they as many as the machine can make, each audit would have more to read
/// than the last by as much as it took, without end.
const SALES_EACH: usize = 40;

/// Sales go on while the store is proved: what was read in between is not taken for damage.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_busy_store_balances() {
    let scratch = Scratch::new();
    let store = Arc::new(EmbeddedStore::open(&scratch.file("busy.db")).expect("a store"));
    crate::till::life(store.clone()).await;
    let turns = Arc::new(Semaphore::new(0));
    let sold = tokio::spawn({
        let (store, turns) = (store.clone(), turns.clone());
        async move {
            let mut till = Till::new(store.clone());
            let cap = suanpan_store::LimitCap::default();
            store.set_limit(CHAIN, crate::till::LIMIT, cap).await.expect("no limit");
            let mut number = 1_000;
            while let Ok(turn) = turns.acquire().await {
                turn.forget();
                number += 1;
                let mut sale = limited(basket());
                sale.uses.clear();
                let owner = if number % 3 == 0 {
                    suanpan_store::Owner::Guest(sale_id(number))
                } else {
                    of(if number % 2 == 0 { "anna" } else { "bert" })
                };
                till.sell(owner, sale_id(number), sale, Verb::Confirm).await;
            }
            number - 1_000
        }
    });
    let (mut audits, mut read_again) = (0, 0);
    while audits < 20 || (read_again == 0 && audits < 2_000) {
        let mut given = 0;
        let a_sale_for_each_piece = |_| {
            if given < SALES_EACH {
                given += 1;
                turns.add_permits(1);
            }
        };
        let report =
            audit_with(&*store, None, Options { rows: 5 }, a_sale_for_each_piece).await.expect("a report");
        assert!(report.balances(), "{report}");
        audits += 1;
        read_again += report.counts.read_again;
    }
    turns.close();
    let sold = sold.await.expect("sales");
    assert!(read_again > 0 && sold > 0, "{audits} audits, {read_again} owners read again, {sold} sales");
    let report = audit_with(&*store, None, Options { rows: 1 }, |_| {}).await.expect("a report");
    assert!(report.balances() && report.counts.unsettled == 0, "{report}");
    let whole = audit(&*store, None, |_| {}).await.expect("a report");
    assert_eq!(report.counts, whole.counts);
}
