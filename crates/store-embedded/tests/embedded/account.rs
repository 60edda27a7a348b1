//! A member whose points are adjusted: the smallest history that can be counted.

use std::collections::BTreeSet;

use suanpan_domain::MemberId;
use suanpan_ledger::{Action, Actor, Applied, Command, EntryKey, Policy, apply, due_at};
use suanpan_store::{Cursor, Order, Owner, Scope, Store, StoreError, Verdict, Write, decide_with};
use suanpan_store_embedded::EmbeddedStore;

pub(crate) const CHAIN: &str = "chain";
const NOW_MS: i64 = 1_764_000_000_000;

pub(crate) fn member(name: &str) -> MemberId {
    MemberId::new(name).expect("a short name")
}

fn request(number: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    id
}

/// Enrols with request 0, adds one point with any other; once, however often it is asked for.
pub(crate) async fn ask(store: &dyn Store, member: &MemberId, number: u64) -> Result<(), StoreError> {
    let policy = Policy::plain(jiff::tz::TimeZone::UTC);
    let (request, owner) = (request(number), Owner::Member(member.clone()));
    let action = if number == 0 {
        Action::Enrol { request, content_hash: [0; 32], birthday: None, referred_by: None }
    } else {
        Action::Adjust { request, content_hash: [0; 32], points: 1, expires_ms: None }
    };
    let command = Command { now_ms: NOW_MS, actor: Actor::default(), action };
    let scope = Scope::of(owner.clone()).reading(EntryKey::Request(request));
    decide_with(store, CHAIN, scope, move |view| match apply(&policy, &view.head, &view.entries, &command) {
        Ok(Applied::Changed(change)) => {
            let due_at_ms = due_at(&policy, &change.head);
            (Write::of(owner.clone(), *change, due_at_ms).into(), ())
        }
        Ok(Applied::Known(_)) => (Verdict::Leave, ()),
        other => panic!("{other:?}"),
    })
    .await
}

/// The requests of a member that are there; each once, and the head counts the same.
pub(crate) async fn history(store: &EmbeddedStore, member: &MemberId) -> BTreeSet<u64> {
    let Some(row) = store.member(CHAIN, member).await.expect("a head that can be read") else {
        return BTreeSet::new();
    };
    let mut after = Cursor::default();
    let mut found = BTreeSet::new();
    loop {
        let page = store.entries(CHAIN, member, Order::OldestFirst, &after, 500).await.expect("rows");
        for entry in page.rows {
            let EntryKey::Request(id) = entry.key else { panic!("{:?}", entry.key) };
            let number = id[8..].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
            assert!(found.insert(number), "request {number} of {member} twice");
        }
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    let points: i64 = row.head.lots.iter().map(|lot| lot.points).sum();
    assert_eq!(row.head.version, found.len() as u64, "{member}");
    assert_eq!(points, found.len() as i64 - 1, "{member}");
    found
}
