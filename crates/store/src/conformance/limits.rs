//! Limits that hold for everybody.

use suanpan_ledger::Refusal;
use suanpan_ledger::head::OfferKey;

use crate::conformance::till::{Basket, Shop, known};
use crate::error::StoreError;
use crate::limit::{HolderState, LimitCap, LimitMove, LimitStep, LimitView, Taken};
use crate::rows::Cursor;
use crate::scope::Scope;
use crate::verdict::{Verdict, Write};
use crate::view::View;

const OFFER: OfferKey = OfferKey(0x5e11);

async fn cap(shop: &Shop, uses: i64) -> LimitCap {
    known(|| shop.store.set_limit(shop.chain, OFFER, LimitCap { uses: Some(uses), amount_minor: None })).await
}

async fn limit(shop: &Shop) -> LimitView {
    known(|| shop.store.limits(shop.chain)).await.into_iter().next().expect("a limit")
}

fn taken(uses: i64) -> Taken {
    Taken { uses, amount_minor: uses * 10 }
}

fn sale(number: u64) -> Basket {
    Basket::of_guest(number).taking(OFFER, 1, 10)
}

pub(super) async fn held_settled_freed_given_back(shop: Shop) {
    cap(&shop, 2).await;
    assert!(shop.reserve(&sale(1)).await.is_done());
    assert!(shop.reserve(&sale(2)).await.is_done());
    assert_eq!(shop.reserve(&sale(3)).await.reason(), Refusal::GlobalLimit);
    assert_eq!(limit(&shop).await.held, taken(2));
    assert!(shop.confirm(&sale(1)).await.is_done());
    assert!(shop.cancel(&sale(2)).await.is_done());
    let now = limit(&shop).await;
    assert_eq!((now.held, now.used, now.overrun), (taken(0), taken(1), taken(0)));
    assert!(shop.confirm(&sale(3)).await.is_done());
    assert_eq!(shop.confirm(&sale(4)).await.reason(), Refusal::GlobalLimit);
    assert!(shop.give_back(&sale(1), 1).await.is_done());
    assert_eq!(limit(&shop).await.used, taken(1));
    assert!(shop.confirm(&sale(4)).await.is_done());
    assert_eq!(limit(&shop).await.used, taken(2));
}

pub(super) async fn a_cap_is_never_lowered_below_what_is_taken(shop: Shop) {
    cap(&shop, 10).await;
    for number in 1..=3 {
        assert!(shop.confirm(&sale(number)).await.is_done());
    }
    assert!(shop.reserve(&sale(4)).await.is_done());
    assert_eq!(cap(&shop, 1).await.uses, Some(4));
    assert_eq!(limit(&shop).await.cap, Some(LimitCap { uses: Some(4), amount_minor: None }));
    assert_eq!(shop.confirm(&sale(5)).await.reason(), Refusal::GlobalLimit);
    assert_eq!(cap(&shop, 5).await.uses, Some(5));
    assert!(shop.confirm(&sale(5)).await.is_done());
}

pub(super) async fn what_does_not_fit_is_no_write(shop: Shop) {
    cap(&shop, 1).await;
    assert!(shop.confirm(&sale(1)).await.is_done());
    // A decider that takes although nothing is left: the store refuses it, head and all.
    let basket = sale(1);
    let error = loop {
        let mut scope = Scope::of(basket.owner.clone()).for_checkout(basket.checkout);
        scope.limits = vec![OFFER, OfferKey(2)];
        let takes = |_: &View| -> Verdict {
            let limits = vec![LimitMove { offer: OfferKey(2), step: LimitStep::Take, taken: taken(1) }];
            Write { limits, ..Write::default() }.into()
        };
        match shop.store.decide(shop.chain, scope, Box::new(takes)).await {
            Err(StoreError::Unknown(_) | StoreError::Busy) => {}
            other => break other.expect_err("no cap was ever set"),
        }
    };
    assert!(matches!(error, StoreError::Contract(_)), "{error}");
    assert_eq!(limit(&shop).await.used, taken(1));
}

pub(super) async fn holders_are_listed(shop: Shop) {
    cap(&shop, 100).await;
    for number in 1..=25 {
        assert!(shop.reserve(&sale(number)).await.is_done());
        if number % 5 == 0 {
            assert!(shop.confirm(&sale(number)).await.is_done());
        }
    }
    let mut after = Cursor::default();
    let mut found = Vec::new();
    loop {
        let page = known(|| shop.store.limit_holders(shop.chain, OFFER, &after, 7)).await;
        assert!(page.rows.len() <= 7);
        found.extend(page.rows);
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(found.len(), 25);
    for number in 1..=25_u64 {
        let basket = sale(number);
        let of: Vec<_> = found.iter().filter(|holder| holder.checkout == basket.checkout).collect();
        assert_eq!(of.len(), 1);
        let expected = if number % 5 == 0 { HolderState::Used } else { HolderState::Held };
        assert_eq!((&of[0].owner, of[0].holder.state), (&basket.owner, expected));
        assert_eq!(of[0].holder.taken, taken(1));
    }
}

pub(super) async fn facts_overrun(shop: Shop) {
    cap(&shop, 1).await;
    assert!(shop.tender(&sale(1)).await.is_done());
    assert!(shop.tender(&sale(2)).await.is_done());
    assert!(shop.tender(&sale(2)).await.is_done(), "again, nothing");
    let now = limit(&shop).await;
    assert_eq!((now.used, now.overrun, now.held), (taken(1), taken(1), taken(0)));
    assert_eq!(shop.confirm(&sale(3)).await.reason(), Refusal::GlobalLimit);
    assert!(shop.give_back(&sale(2), 1).await.is_done());
    assert_eq!(limit(&shop).await.overrun, taken(0));
}
