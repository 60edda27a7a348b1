//! Keys that lead to members.

use suanpan_domain::MemberId;

use crate::conformance::till::{START_MS, Shop, known};
use crate::rows::{Cursor, Linked, LookupKey, LookupKind};
use crate::store::LINK_SETTLES_MS;

fn key(kind: LookupKind, number: u8) -> LookupKey {
    LookupKey { kind, hash: [number; 16] }
}

async fn link(shop: &Shop, key: LookupKey, member: &MemberId, now_ms: i64) -> Linked {
    known(|| shop.store.link(shop.chain, key, member, now_ms)).await
}

async fn lookup(shop: &Shop, key: LookupKey) -> Option<MemberId> {
    known(|| shop.store.lookup(shop.chain, key)).await
}

pub(super) async fn linked_once(shop: Shop) {
    let (one, two) = (shop.enrol("anna").await, shop.enrol("bela").await);
    let phone = key(LookupKind::Phone, 1);
    assert_eq!(lookup(&shop, phone).await, None);
    assert_eq!(link(&shop, phone, &one, START_MS).await, Linked::Yes);
    assert_eq!(link(&shop, phone, &one, START_MS).await, Linked::Yes);
    assert_eq!(link(&shop, phone, &two, START_MS + 10 * LINK_SETTLES_MS).await, Linked::To(one.clone()));
    assert_eq!(lookup(&shop, phone).await, Some(one.clone()));
    assert_eq!(lookup(&shop, key(LookupKind::Email, 1)).await, None, "another kind is another key");
    known(|| shop.store.unlink(shop.chain, phone, &two)).await;
    assert_eq!(lookup(&shop, phone).await, Some(one.clone()));
    known(|| shop.store.unlink(shop.chain, phone, &one)).await;
    assert_eq!(lookup(&shop, phone).await, None);
    assert_eq!(link(&shop, phone, &two, START_MS).await, Linked::Yes);
}

pub(super) async fn a_link_without_a_member_settles(shop: Shop) {
    let (lost, other) = (MemberId::new("lost").expect("an id"), MemberId::new("other").expect("an id"));
    let card = key(LookupKind::Card, 2);
    assert_eq!(link(&shop, card, &lost, START_MS).await, Linked::Yes);
    assert_eq!(lookup(&shop, card).await, None, "a member without a head is nobody");
    // Somebody may be enrolling under it at this moment.
    let early = START_MS + LINK_SETTLES_MS - 1;
    assert_eq!(link(&shop, card, &other, early).await, Linked::To(lost.clone()));
    assert_eq!(link(&shop, card, &other, START_MS + LINK_SETTLES_MS).await, Linked::Yes);
    shop.enrol("other").await;
    assert_eq!(lookup(&shop, card).await, Some(other));
}

pub(super) async fn links_in_pages(shop: Shop) {
    let member = shop.enrol("anna").await;
    for number in 0..20 {
        let kind = if number % 2 == 0 { LookupKind::Card } else { LookupKind::Email };
        link(&shop, key(kind, number), &member, START_MS).await;
    }
    let mut after = Cursor::default();
    let mut found = Vec::new();
    loop {
        let page = known(|| shop.store.lookups(shop.chain, &after, 6)).await;
        found.extend(page.rows);
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert!(found.iter().all(|(_, to)| *to == member));
    let mut numbers: Vec<u8> = found.iter().map(|(key, _)| key.hash[0]).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..20).collect::<Vec<u8>>());
}
