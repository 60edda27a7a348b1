//! Reads of the whole store, and what a store checks of a write.

use std::collections::BTreeMap;

use suanpan_domain::MemberId;
use suanpan_ledger::{Action, Applied, Change, EntryKey, Head, Policy, apply};

use crate::conformance::till::{Basket, Shop, known, request};
use crate::error::StoreError;
use crate::rows::{Cursor, RawRow};
use crate::scope::{Owner, Scope};
use crate::store::Store;
use crate::verdict::{Verdict, Write};
use crate::view::View;

/// All rows of one chain.
async fn walked(shop: &Shop, limit: usize) -> Vec<RawRow> {
    let mut after = Cursor::default();
    let mut rows = Vec::new();
    let mut ours = false;
    loop {
        let page = known(|| shop.store.walk(&after, limit)).await;
        for row in page.rows {
            if let RawRow::Head(head) = &row {
                ours = head.chain == shop.chain;
            }
            if ours {
                rows.push(row);
            }
        }
        match page.next {
            Some(next) => after = next,
            None => return rows,
        }
    }
}

/// How many rows of each owner, whose head comes first.
fn counted(rows: &[RawRow]) -> BTreeMap<Owner, usize> {
    let mut counts = BTreeMap::new();
    let mut owner = None;
    for row in rows {
        match row {
            RawRow::Head(head) => {
                assert!(counts.insert(head.owner.clone(), 0).is_none(), "{:?} twice", head.owner);
                owner = Some(head.owner.clone());
            }
            RawRow::Entry(_) => {
                *counts.get_mut(owner.as_ref().expect("a head comes first")).expect("counted") += 1;
            }
        }
    }
    counts
}

pub(super) async fn every_row_once(shop: Shop) {
    let mut expected = BTreeMap::new();
    for number in 0..12 {
        let member = shop.enrol(&format!("m{number}")).await;
        for turn in 1..=number {
            assert!(shop.adjust(&member, turn, 1).await.is_done());
        }
        expected.insert(Owner::Member(member), usize::try_from(number).expect("small") + 1);
    }
    for number in 1..=5 {
        let basket = Basket::of_guest(number);
        assert!(shop.confirm(&basket).await.is_done());
        expected.insert(basket.owner, 1);
    }
    let whole = walked(&shop, 10_000).await;
    assert_eq!(counted(&whole), expected);
    for limit in [1, 2, 7] {
        assert_eq!(walked(&shop, limit).await, whole, "in pieces of {limit}");
    }
    for (owner, count) in &expected {
        let from = known(|| shop.store.walk_from(shop.chain, owner)).await.expect("a head");
        let page = known(|| shop.store.walk(&from, count + 1)).await;
        assert!(
            matches!(&page.rows[0], RawRow::Head(head) if head.owner == *owner && head.chain == shop.chain)
        );
        assert!(page.rows[1..].iter().all(|row| matches!(row, RawRow::Entry(_))));
        assert_eq!(page.rows.len(), count + 1);
    }
    let nobody = Owner::Member(MemberId::new("nobody").expect("an id"));
    assert_eq!(known(|| shop.store.walk_from(shop.chain, &nobody)).await, None);
    assert!(known(|| shop.store.chains()).await.iter().any(|chain| chain == shop.chain));
}

/// Asks for a write that may not be, until the store has looked at it.
async fn refused(
    store: &dyn Store,
    chain: &str,
    scope: Scope,
    decider: impl FnMut(&View) -> Verdict + Clone + Send + 'static,
) -> StoreError {
    loop {
        match store.decide(chain, scope.clone(), Box::new(decider.clone())).await {
            Err(StoreError::Unknown(_) | StoreError::Busy) => {}
            other => return other.expect_err("a write that may not be"),
        }
    }
}

pub(super) async fn a_view_is_checked(shop: Shop) {
    let member = shop.enrol("anna").await;
    let owner = Owner::Member(member.clone());
    let policy = Policy::plain(jiff::tz::TimeZone::UTC);
    let action = Action::Adjust { request: request(1), content_hash: [0; 32], points: 5, expires_ms: None };
    let command = shop.command(action);
    let change = move |head: &Head| -> Change {
        match apply(&policy, head, &[], &command) {
            Ok(Applied::Changed(change)) => *change,
            other => panic!("{other:?}"),
        }
    };
    type Spoil = fn(&mut Write);
    let spoils: [(&str, Spoil); 5] = [
        ("a version is left out", |write| write.heads[0].change.head.version += 1),
        ("the epoch falls", |write| write.heads[0].change.head.epoch -= 1),
        ("time runs back", |write| write.heads[0].change.head.as_of_ms -= 1_000_000),
        ("an owner that was not seen", |write| {
            write.heads[0].owner = Owner::Member(MemberId::new("other").expect("an id"));
        }),
        ("an owner twice", |write| write.heads.push(write.heads[0].clone())),
    ];
    for (what, spoil) in spoils {
        let (owner, change) = (owner.clone(), change.clone());
        let scope = Scope::of(owner.clone()).reading(EntryKey::Request(request(1)));
        let error = refused(shop.store.as_ref(), shop.chain, scope, move |view| {
            let mut write = Write::of(owner.clone(), change(&view.head), None);
            spoil(&mut write);
            write.into()
        })
        .await;
        assert!(matches!(error, StoreError::Contract(_)), "{what}: {error}");
    }
    // A row that is there and was not looked at is not written over.
    assert!(shop.adjust(&member, 1, 5).await.is_done());
    let error = refused(shop.store.as_ref(), shop.chain, Scope::of(owner.clone()), move |view| {
        Write::of(owner.clone(), change(&view.head), None).into()
    })
    .await;
    assert!(matches!(error, StoreError::Contract(_)), "{error}");
    let row = known(|| shop.store.member(shop.chain, &member)).await.expect("a member");
    assert_eq!(row.head.version, 2);
}

pub(super) async fn versions_and_epochs(shop: Shop) {
    let meta = known(|| shop.store.meta()).await;
    assert!(meta.epoch >= 1 && meta.min_reader <= meta.schema && meta.min_writer <= meta.schema);
    let member = MemberId::new("anna").expect("an id");
    assert!(known(|| shop.store.member(shop.chain, &member)).await.is_none());
    // A head that is not there has the store's epoch already, and no version.
    let scope = Scope::of(Owner::Member(member.clone()));
    let seen = shop.ask(scope, |view| (Verdict::Leave, (view.head.epoch, view.head.version))).await;
    assert_eq!(seen, (meta.epoch, 0));
    shop.enrol("anna").await;
    let row = known(|| shop.store.member(shop.chain, &member)).await.expect("a member");
    assert_eq!((row.head.epoch, row.head.version), (meta.epoch, 1));
}
