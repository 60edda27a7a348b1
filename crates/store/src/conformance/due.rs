//! What the worker reads: the scan, the feed, positions.

use std::collections::BTreeSet;

use suanpan_domain::MemberId;

use crate::conformance::till::{Basket, START_MS, Shop, known};
use crate::rows::{Cursor, DueRow};
use crate::store::EVERYBODY_MS;

/// A pass over the chain, in pieces.
async fn scan(shop: &Shop, now_ms: i64) -> Vec<DueRow> {
    let mut after = Cursor::default();
    let mut due = Vec::new();
    loop {
        let part = known(|| shop.store.scan_due(Some(shop.chain), &after, now_ms, 10)).await;
        due.extend(part.due);
        match part.next {
            Some(next) => after = next,
            None => return due,
        }
    }
}

pub(super) async fn the_scan_finds_what_is_due(shop: Shop) {
    let mut selling = BTreeSet::new();
    let mut all = Vec::new();
    for number in 0..30 {
        let member = shop.enrol(&format!("member-{number}")).await;
        if number % 3 == 0 {
            assert!(shop.confirm(&Basket::of_member(&member, number)).await.is_done());
            selling.insert(member.clone());
        }
        all.push(member);
    }
    // A guest's sale is never accrued: no scan meets it.
    assert!(shop.confirm(&Basket::of_guest(100)).await.is_done());
    let now_ms = START_MS + 60_000;
    let due = scan(&shop, now_ms).await;
    assert!(due.iter().all(|row| row.chain == shop.chain && row.due_at_ms <= now_ms));
    let found: BTreeSet<MemberId> = due.iter().map(|row| row.member.clone()).collect();
    assert_eq!(found.len(), due.len(), "each once");
    assert!(found.is_superset(&selling), "{selling:?} in {found:?}");
    for member in &all {
        let row = known(|| shop.store.member(shop.chain, member)).await.expect("a member");
        assert_eq!(found.contains(member), row.due_at_ms.is_some_and(|due| due <= now_ms), "{member}");
    }
    for row in &due {
        let member = known(|| shop.store.member(shop.chain, &row.member)).await.expect("a member");
        assert_eq!((row.epoch, row.version), (member.head.epoch, member.head.version));
    }
    // In the end everybody is due, whatever will be due by time.
    let everybody: BTreeSet<MemberId> =
        scan(&shop, EVERYBODY_MS).await.into_iter().map(|row| row.member).collect();
    assert_eq!(everybody, all.iter().cloned().collect());
    // A reservation is due when its time is over, not before.
    let held = shop.enrol("held").await;
    assert!(shop.reserve(&Basket::of_member(&held, 200)).await.is_done());
    assert!(scan(&shop, now_ms).await.iter().all(|row| row.member != held));
    assert!(scan(&shop, START_MS + 3_600_000).await.iter().any(|row| row.member == held));
    // A scan of all chains finds it too.
    let mut after = Cursor::default();
    let mut found = false;
    loop {
        let part = known(|| shop.store.scan_due(None, &after, START_MS + 3_600_000, 1_000)).await;
        found |= part.due.iter().any(|row| row.chain == shop.chain && row.member == held);
        match part.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert!(found);
}

pub(super) async fn the_feed_tells_changes(shop: Shop) {
    let start = Cursor::default();
    let begin = known(|| shop.store.feed(&start, 0, 10)).await;
    assert!(begin.rows.is_empty(), "the beginning is now");
    let waiting = {
        let (shop, after) = (shop.clone(), begin.next.clone());
        tokio::spawn(async move { known(|| shop.store.feed(&after, 30_000, 1_000)).await })
    };
    tokio::task::yield_now().await;
    let member = shop.enrol("anna").await;
    let woken = waiting.await.expect("no panic");
    assert!(!woken.rows.is_empty(), "the wait ends with the first row");
    assert!(shop.confirm(&Basket::of_member(&member, 1)).await.is_done());
    assert!(shop.confirm(&Basket::of_guest(2)).await.is_done());
    // Rows may come a moment after the answer, and may be lost on a cluster; here none is.
    let mut after = begin.next;
    let mut rows = Vec::new();
    for _ in 0..1_000 {
        let page = known(|| shop.store.feed(&after, 20, 1)).await;
        assert!(page.rows.len() <= 1 && !page.lagged);
        after = page.next;
        rows.extend(page.rows.into_iter().filter(|row| row.chain == shop.chain));
        if rows.last().is_some_and(|row| row.version == 2) {
            break;
        }
    }
    let told: Vec<(&MemberId, u64)> = rows.iter().map(|row| (&row.member, row.version)).collect();
    assert_eq!(told, [(&member, 1), (&member, 2)]);
    let row = known(|| shop.store.member(shop.chain, &member)).await.expect("a member");
    assert_eq!(rows[1].due_at_ms, row.due_at_ms);
}

pub(super) async fn positions_are_fenced(shop: Shop) {
    let (store, chain) = (&shop.store, shop.chain);
    let [one, two, three, four] = [1, 2, 3, 4].map(|number| Cursor(vec![number]));
    assert_eq!(known(|| store.position(chain, "webhook")).await, None);
    assert!(known(|| store.set_position(chain, "webhook", 1, &one)).await);
    assert!(known(|| store.set_position(chain, "webhook", 1, &two)).await);
    assert!(known(|| store.set_position(chain, "webhook", 3, &three)).await);
    assert!(!known(|| store.set_position(chain, "webhook", 2, &four)).await, "an older fence");
    assert_eq!(known(|| store.position(chain, "webhook")).await, Some((3, three)));
    assert_eq!(known(|| store.position(chain, "file")).await, None);
}
