//! What the worker reads: the scan, the feed, positions.

use std::collections::BTreeSet;
use std::sync::Arc;

use suanpan_domain::MemberId;
use tokio::task::JoinSet;

use crate::conformance::till::{Basket, START_MS, Shop, known};
use crate::rows::{Cursor, DueRow, Lease, Part};
use crate::store::EVERYBODY_MS;

/// A pass over the chain, in pieces.
async fn scan(shop: &Shop, now_ms: i64) -> Vec<DueRow> {
    scan_part(shop, None, now_ms).await
}

/// A pass over one part of it.
async fn scan_part(shop: &Shop, only: Option<Part>, now_ms: i64) -> Vec<DueRow> {
    let mut after = Cursor::default();
    let mut due = Vec::new();
    loop {
        let part = known(|| shop.store.scan_due(Some(shop.chain), only, &after, now_ms, 10)).await;
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
    // The parts have everybody, each once.
    let mut by_parts = Vec::new();
    for part in 0..shop.store.parts() {
        by_parts.extend(scan_part(&shop, Some(Part(part)), EVERYBODY_MS).await);
    }
    assert_eq!(by_parts.len(), all.len());
    assert_eq!(by_parts.into_iter().map(|row| row.member).collect::<BTreeSet<_>>(), everybody);
    // A reservation is due when its time is over, not before.
    let held = shop.enrol("held").await;
    assert!(shop.reserve(&Basket::of_member(&held, 200)).await.is_done());
    assert!(scan(&shop, now_ms).await.iter().all(|row| row.member != held));
    assert!(scan(&shop, START_MS + 3_600_000).await.iter().any(|row| row.member == held));
    // A scan of all chains finds it too.
    let mut after = Cursor::default();
    let mut found = false;
    loop {
        let part = known(|| shop.store.scan_due(None, None, &after, START_MS + 3_600_000, 1_000)).await;
        found |= part.due.iter().any(|row| row.chain == shop.chain && row.member == held);
        match part.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert!(found);
}

/// What the feed told of the chain since some places, one place for each part.
async fn told(shop: &Shop, places: &mut [Cursor]) -> Vec<(MemberId, u64, Option<i64>)> {
    let mut rows = Vec::new();
    for (part, after) in places.iter_mut().enumerate() {
        let page = known(|| shop.store.feed(Part(part as u32), after, 1, 1)).await;
        assert!(page.rows.len() <= 1 && !page.lagged);
        *after = page.next;
        let ours = page.rows.into_iter().filter(|row| row.chain == shop.chain);
        rows.extend(ours.map(|row| (row.member, row.version, row.due_at_ms)));
    }
    rows
}

pub(super) async fn the_feed_tells_changes(shop: Shop) {
    let mut places = Vec::new();
    let start = Cursor::default();
    for part in 0..shop.store.parts() {
        let begin = known(|| shop.store.feed(Part(part), &start, 0, 10)).await;
        assert!(begin.rows.is_empty(), "the beginning is now");
        places.push(begin.next);
    }
    let mut waiting = JoinSet::new();
    for (part, after) in places.iter().enumerate() {
        let (shop, after) = (shop.clone(), after.clone());
        waiting
            .spawn(async move { known(|| shop.store.feed(Part(part as u32), &after, 30_000, 1_000)).await });
    }
    tokio::task::yield_now().await;
    let member = shop.enrol("anna").await;
    let woken = waiting.join_next().await.expect("a part").expect("no panic");
    assert!(!woken.rows.is_empty(), "the wait ends with the first row");
    waiting.abort_all();
    assert!(shop.confirm(&Basket::of_member(&member, 1)).await.is_done());
    assert!(shop.confirm(&Basket::of_guest(2)).await.is_done());
    // Rows may come a moment after the answer, and may be lost on a cluster; here none is.
    let mut rows = Vec::new();
    for _ in 0..1_000 {
        rows.extend(told(&shop, &mut places).await);
        if rows.last().is_some_and(|(_, version, _)| *version == 2) {
            break;
        }
    }
    let due_at_ms = known(|| shop.store.member(shop.chain, &member)).await.expect("a member").due_at_ms;
    let told: Vec<(&MemberId, u64)> = rows.iter().map(|(member, version, _)| (member, *version)).collect();
    assert_eq!(told, [(&member, 1), (&member, 2)]);
    assert_eq!(rows[1].2, due_at_ms);
}

pub(super) async fn leases_pass_on(shop: Shop) {
    let store = &shop.store;
    let duty = format!("{}/sweep", shop.chain);
    let held = |holder: &str, until_ms| Lease { duty: duty.clone(), holder: holder.to_owned(), until_ms };
    let ours = |now_ms| {
        let duty = duty.clone();
        async move {
            let leases = known(|| store.leases(now_ms)).await;
            leases.into_iter().filter(|lease| lease.duty == duty).collect::<Vec<_>>()
        }
    };
    for (holder, now_ms, until_ms, takes, left) in [
        ("anna", 1_000, 2_000, true, Some(held("anna", 2_000))),
        ("ben", 1_500, 2_500, false, Some(held("anna", 2_000))),
        ("anna", 1_600, 2_600, true, Some(held("anna", 2_600))),
        ("ben", 2_599, 3_000, false, Some(held("anna", 2_600))),
        ("ben", 2_600, 3_600, true, Some(held("ben", 3_600))),
        // Whoever comes back late finds another.
        ("anna", 2_700, 3_700, false, Some(held("ben", 3_600))),
    ] {
        let taken = known(|| store.lease(&duty, holder, now_ms, until_ms)).await;
        assert_eq!(taken, takes, "{holder} at {now_ms}");
        assert_eq!(ours(now_ms).await, left.into_iter().collect::<Vec<_>>(), "{holder} at {now_ms}");
    }
    assert_eq!(ours(3_600).await, [], "it ended");
    known(|| store.end_lease(&duty, "anna")).await;
    assert_eq!(ours(2_800).await, [held("ben", 3_600)], "only its own");
    known(|| store.end_lease(&duty, "ben")).await;
    assert_eq!(ours(2_800).await, []);
    assert!(known(|| store.lease(&duty, "anna", 2_800, 3_800)).await);

    // Several in one go: those that are to be had, whatever becomes of the others.
    let all: Vec<String> = ["", "/b", "/c"].map(|more| format!("{duty}{more}")).into();
    assert_eq!(known(|| store.lease_all(&all, "ben", 3_000, 4_000)).await, all[1..]);
    assert_eq!(known(|| store.lease_all(&all, "ben", 3_100, 4_100)).await, all[1..], "kept");
    assert_eq!(known(|| store.lease_all(&all, "anna", 3_200, 4_200)).await, all[..1]);
    known(|| store.end_leases(&all, "ben")).await;
    assert_eq!(known(|| store.lease_all(&all, "anna", 3_300, 4_300)).await, all);
    known(|| store.end_leases(&all, "anna")).await;
    assert_eq!(known(|| store.lease_all(&[], "anna", 3_300, 4_300)).await, all[..0]);
}

pub(super) async fn positions_are_fenced(shop: Shop) {
    let (store, chain) = (&shop.store, shop.chain);
    let [one, two, three, four] = [1, 2, 3, 4].map(|number| Cursor(vec![number]));
    assert_eq!(known(|| store.position(chain, "webhook")).await, None);
    assert!(known(|| store.set_position(chain, "webhook", 1, &one)).await);
    assert!(known(|| store.set_position(chain, "webhook", 1, &two)).await);
    assert!(known(|| store.set_position(chain, "webhook", 3, &three)).await);
    assert!(!known(|| store.set_position(chain, "webhook", 2, &four)).await, "an older fence");
    assert_eq!(known(|| store.position(chain, "webhook")).await, Some((3, three.clone())));
    assert_eq!(known(|| store.position(chain, "file")).await, None);

    // Who takes it over goes on where it stands, and nobody from before does.
    let (fence, place) = known(|| store.take_position(chain, "webhook")).await;
    assert_eq!((fence > 3, &place), (true, &three));
    assert!(!known(|| store.set_position(chain, "webhook", 3, &four)).await, "who had it before");
    assert!(known(|| store.set_position(chain, "webhook", fence, &four)).await);
    assert!(known(|| store.set_position(chain, "webhook", fence, &four)).await, "the same one goes on");
    // Of many who take it at once one has it, and the others know.
    let mut takers = JoinSet::new();
    for _ in 0..8 {
        let (store, chain) = (Arc::clone(store), chain.to_owned());
        takers.spawn(async move { known(|| store.take_position(&chain, "file")).await });
    }
    let taken = takers.join_all().await;
    let fences: BTreeSet<u64> = taken.iter().map(|(fence, _)| *fence).collect();
    assert_eq!(fences.len(), taken.len(), "each has a fence of its own: {taken:?}");
    assert!(taken.iter().all(|(_, place)| *place == Cursor::default()), "{taken:?}");
    let mut keep = Vec::new();
    for fence in &fences {
        if known(|| store.set_position(chain, "file", *fence, &one)).await {
            keep.push(*fence);
        }
    }
    assert_eq!(keep, fences.last().copied().into_iter().collect::<Vec<_>>(), "the last one alone");
}
