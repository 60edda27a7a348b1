//! Pages of entries, sales, events and parked rows.

use suanpan_ledger::{EntryKey, State};

use crate::conformance::till::{Basket, START_MS, Shop, checkout, known, request};
use crate::error::StoreError;
use crate::rows::{CheckoutFilter, Cursor, Order};
use crate::scope::{Owner, Scope};
use crate::verdict::{Derived, OutboxEvent, Write};

pub(super) async fn entries_in_pages(shop: Shop) {
    let member = shop.enrol("anna").await;
    for number in 1..=24 {
        assert!(shop.adjust(&member, number, 1).await.is_done());
    }
    for (order, expected) in
        [(Order::OldestFirst, (1..=25).collect::<Vec<u64>>()), (Order::NewestFirst, (1..=25).rev().collect())]
    {
        let mut after = Cursor::default();
        let mut versions = Vec::new();
        loop {
            let page = known(|| shop.store.entries(shop.chain, &member, order, &after, 7)).await;
            assert!(page.rows.len() <= 7);
            versions.extend(page.rows.iter().map(|entry| entry.version));
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
        assert_eq!(versions, expected);
    }
    let start = Cursor::default();
    let nobody = suanpan_domain::MemberId::new("nobody").expect("an id");
    let page = known(|| shop.store.entries(shop.chain, &nobody, Order::OldestFirst, &start, 5)).await;
    assert!(page.rows.is_empty() && page.next.is_none());
}

pub(super) async fn checkouts_in_pages(shop: Shop) {
    let member = shop.enrol("anna").await;
    for number in 1..=20 {
        let basket =
            if number % 2 == 0 { Basket::of_member(&member, number) } else { Basket::of_guest(number) };
        assert!(shop.confirm(&basket).await.is_done());
        if number % 4 == 0 {
            assert!(shop.give_back(&basket, 1).await.is_done());
        }
    }
    let all = CheckoutFilter { order: Order::OldestFirst, ..CheckoutFilter::default() };
    let newest = CheckoutFilter::default();
    let of_member = CheckoutFilter { member: Some(member.clone()), ..all.clone() };
    let of_member_newest = CheckoutFilter { member: Some(member.clone()), ..newest.clone() };
    let between =
        CheckoutFilter { from_ms: Some(START_MS + 5), before_ms: Some(START_MS + 9), ..all.clone() };
    let between_of_member = CheckoutFilter { member: Some(member), ..between.clone() };
    for (filter, expected) in [
        (all, (1..=20).collect::<Vec<u64>>()),
        (newest, (1..=20).rev().collect()),
        (of_member, (1..=10).map(|half| 2 * half).collect()),
        (of_member_newest, (1..=10).rev().map(|half| 2 * half).collect()),
        (between, vec![5, 6, 7, 8]),
        (between_of_member, vec![6, 8]),
    ] {
        let mut after = Cursor::default();
        let mut found = Vec::new();
        loop {
            let page = known(|| shop.store.list_checkouts(shop.chain, &filter, &after, 3)).await;
            assert!(page.rows.len() <= 3);
            found.extend(page.rows.into_iter().map(|row| row.entry.key));
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
        let expected: Vec<EntryKey> =
            expected.into_iter().map(|number| EntryKey::Checkout(checkout(number))).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

pub(super) async fn a_checkout_with_its_returns(shop: Shop) {
    let member = shop.enrol("anna").await;
    assert!(known(|| shop.store.find_checkout(shop.chain, checkout(1))).await.is_none());
    let basket = Basket::of_member(&member, 1);
    assert!(shop.confirm(&basket).await.is_done());
    assert!(shop.confirm(&Basket::of_member(&member, 2)).await.is_done());
    assert!(shop.give_back(&basket, 9).await.is_done());
    let found = known(|| shop.store.find_checkout(shop.chain, basket.checkout)).await.expect("a sale");
    assert_eq!(found.owner, Owner::Member(member));
    assert_eq!(found.entry.state, State::Confirmed);
    assert_eq!(found.returns.len(), 1);
    let return_id = suanpan_domain::ReturnId::from_bytes(request(9));
    assert_eq!(found.returns[0].key, EntryKey::Return(basket.checkout, return_id));
}

pub(super) async fn events_and_parked_entries(shop: Shop) {
    let member = shop.enrol("anna").await;
    let owner = Owner::Member(member.clone());
    let event = |version: u64, index: u32| OutboxEvent {
        member: member.clone(),
        epoch: 1,
        version,
        index,
        at_ms: START_MS,
        kind: "tier_changed".to_owned(),
        body: vec![index as u8],
    };
    let key = EntryKey::Checkout(checkout(1));
    let parked = Derived::Parked { key, why: "no lots".to_owned(), at_ms: START_MS };
    for version in 1..=5 {
        let mut derived: Vec<Derived> = (0..2).map(|index| Derived::Outbox(event(version, index))).collect();
        derived.push(parked.clone());
        let write = Write { derived, ..Write::default() };
        // Written twice, as after a lost answer.
        for _ in 0..2 {
            let write = write.clone();
            shop.ask(Scope::of(owner.clone()), move |_| (write.clone().into(), ())).await;
        }
    }
    let mut after = Cursor::default();
    let mut found = Vec::new();
    loop {
        let page = known(|| shop.store.outbox(shop.chain, &after, 3)).await;
        if page.rows.is_empty() {
            break;
        }
        found.extend(page.rows);
        after = page.next.expect("a place behind the last event");
    }
    let expected: Vec<OutboxEvent> = (1..=5)
        .flat_map(|version| (0..2).map(move |index| (version, index)))
        .map(|(v, i)| event(v, i))
        .collect();
    assert_eq!(found, expected);
    let start = Cursor::default();
    let first = known(|| shop.store.outbox(shop.chain, &start, 4)).await;
    known(|| shop.store.forget_outbox(shop.chain, first.next.as_ref().expect("a place"))).await;
    let rest = known(|| shop.store.outbox(shop.chain, &start, 100)).await;
    assert_eq!(rest.rows, expected[4..]);

    let page = known(|| shop.store.parked(shop.chain, &start, 10)).await;
    assert_eq!(page.rows.len(), 1);
    assert_eq!(
        (&page.rows[0].member, page.rows[0].key, page.rows[0].why.as_str()),
        (&member, key, "no lots")
    );
    let write = Write { derived: vec![Derived::Unparked { key }], ..Write::default() };
    shop.ask(Scope::of(owner), move |_| (write.clone().into(), ())).await;
    assert!(known(|| shop.store.parked(shop.chain, &start, 10)).await.rows.is_empty());
}

pub(super) async fn names_have_bounds(shop: Shop) {
    let long = "x".repeat(129);
    for name in ["", long.as_str()] {
        let refused = loop {
            match shop.store.set_position(shop.chain, name, 1, &Cursor::default()).await {
                Err(StoreError::Unknown(_) | StoreError::Busy) => {}
                other => break other.expect_err("a name outside its bounds"),
            }
        };
        assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    }
    let foreign = loop {
        match shop.store.outbox(shop.chain, &Cursor(vec![1, 2, 3]), 10).await {
            Err(StoreError::Unavailable(_) | StoreError::Busy) => {}
            Ok(page) => {
                // A chain without anything has no page to be outside of.
                assert!(page.rows.is_empty());
                return;
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(foreign, StoreError::Refused(_)), "{foreign}");
}
