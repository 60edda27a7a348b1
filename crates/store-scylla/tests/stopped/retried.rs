//! A sale that a till asks for again otherwise than before: the process that it asked first has taken shares for a sale that
//! never comes to be.

use std::sync::Arc;

use suanpan_checkout::{BooksError, Recorded, Verb};
use suanpan_ledger::Actor;
use suanpan_ledger::command::Fact;
use suanpan_store::{CodeHolder, CodeState, LimitCap, Owner, Store, StoreError};
use suanpan_store_scylla::Options;

use crate::away::{Away, enrol, member, shop};
use crate::script::{Call, NOW_MS, OFFER, ask, books, call, checkout, code, guest, limited, prepare};
use crate::{ALONE, keyspace, process};

/// Sells with these uses of the limit, and with the code or without it.
pub(crate) async fn sell(
    store: &Arc<dyn Store>,
    chain: &str,
    (owner, number): (&Owner, u64),
    (verb, uses, with_code): (Verb, u32, bool),
) -> Result<Recorded, BooksError> {
    let ask = ask(number, owner.clone(), verb, limited(uses, 0, with_code.then_some(1)));
    books(Arc::clone(store), chain).sell(Arc::new(ask)).await
}

/// Uses that are taken, held and overrun of all shards.
pub(crate) async fn uses(store: &dyn Store, chain: &str) -> (i64, i64, i64) {
    let limit = store.limits(chain).await.expect("a store").remove(0);
    (limit.used.uses, limit.held.uses, limit.overrun.uses)
}

/// A sale was to take the last use and the code, and the process that had taken both ended. The till asked again without
/// them, perhaps with a card, and it was paid so: both are there for others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_sale_was_paid_without_is_free() {
    let _alone = ALONE.lock().await;
    let anna = Owner::Member(member("anna"));
    for (chain, owner, payer, swept) in [
        ("without", guest(40), guest(40), false),
        ("without-swept", guest(40), guest(40), true),
        ("without-member", anna.clone(), anna.clone(), false),
        ("without-member-swept", anna.clone(), anna.clone(), true),
        ("without-card-swept", guest(40), anna.clone(), true),
    ] {
        let options = shop(chain).await;
        let store = process(&options).await;
        let one = LimitCap { uses: Some(1), amount_minor: None };
        store.set_limit(chain, OFFER, one).await.expect("a limit");
        enrol(&store, chain, "anna").await;
        fail::cfg("scylla/code-held", "1*return->off").expect("a place that can be stopped at");
        let stopped = sell(&process(&options).await, chain, (&owner, 40), (Verb::Confirm, 1, true)).await;
        fail::remove("scylla/code-held");
        assert!(matches!(stopped, Err(BooksError::Store(StoreError::Unknown(_)))), "{stopped:?}");
        sell(&store, chain, (&payer, 40), (Verb::Confirm, 0, false)).await.expect("paid without");
        if swept {
            // As the worker does, first of the limit, then of the code.
            let books = books(Arc::clone(&store), chain);
            let ended = books.end_expired(owner.clone(), checkout(40), NOW_MS).await;
            let told =
                matches!(ended, Ok(false)) || owner != payer && matches!(ended, Err(BooksError::Refused(_)));
            assert!(told, "{chain}: nothing was reserved: {ended:?}");
            let by = CodeHolder { checkout: checkout(40), owner: owner.clone() };
            for (limits, codes) in [(&[OFFER][..], &[][..]), (&[], &[code(1)])] {
                store.finish_shares(chain, &by, limits, codes).await.expect("a store");
            }
            assert_eq!(uses(&*store, chain).await, (0, 0, 0), "{chain}");
            let found = store.code(chain, code(1)).await.expect("a store").expect("a code");
            assert_eq!(found.state, CodeState::Free, "{chain}");
        }
        let sold = sell(&store, chain, (&guest(41), 41), (Verb::Confirm, 1, true)).await;
        assert!(sold.is_ok(), "{chain}: {sold:?}");
        assert_eq!(uses(&*store, chain).await, (1, 0, 0), "{chain}");
    }
}

/// A chain whose limit has three shards of one use each, of which one sale has its own; with a process.
async fn three_shards(chain: &str, sold: u64) -> (Options, Arc<dyn Store>) {
    let mut options = keyspace::options();
    options.uses_per_shard = 1;
    drop(keyspace::open(options.clone()).await);
    let store = process(&options).await;
    prepare(&*store, chain).await;
    sell(&store, chain, (&guest(sold), sold), (Verb::Confirm, 1, false)).await.expect("the first");
    (options, store)
}

/// Capacity was on its way to a share, and who sent it was away. Meanwhile the till asked another process, which brought the
/// share from elsewhere: what arrives then is anybody's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn capacity_that_comes_late_is_not_held_twice() {
    let _alone = ALONE.lock().await;
    let (chain, owner) = ("twice", guest(42));
    let (options, store) = three_shards(chain, 39).await;
    let reserve = Verb::Reserve { until_ms: NOW_MS + 60_000 };
    let first = Away::at("scylla/capacity-sent", move || async move {
        sell(&process(&options).await, chain, (&guest(42), 42), (reserve, 1, false)).await
    });
    sell(&store, chain, (&owner, 42), (reserve, 1, false)).await.expect("reserved");
    assert_eq!(uses(&*store, chain).await, (1, 1, 0));
    let last = sell(&store, chain, (&guest(45), 45), (Verb::Confirm, 1, false)).await;
    assert!(last.is_ok(), "the third of three: {last:?}");
    assert_eq!(uses(&*store, chain).await, (2, 1, 0));
    first.goes_on().expect("it finds it reserved");
    assert_eq!(uses(&*store, chain).await, (2, 1, 0));
    sell(&store, chain, (&owner, 42), (Verb::Confirm, 1, false)).await.expect("paid");
    assert_eq!(uses(&*store, chain).await, (3, 0, 0));
}

/// The same when the sale was paid and came back meanwhile: it is not paid again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn capacity_that_comes_late_does_not_hold_for_what_came_back() {
    let _alone = ALONE.lock().await;
    let chain = "came-back";
    let (options, store) = three_shards(chain, 40).await;
    fail::cfg("scylla/capacity-sent", "1*return->off").expect("a place that can be stopped at");
    let stopped = sell(&process(&options).await, chain, (&guest(4), 4), (Verb::Confirm, 1, false)).await;
    fail::remove("scylla/capacity-sent");
    assert!(matches!(stopped, Err(BooksError::Store(StoreError::Unknown(_)))), "{stopped:?}");
    sell(&store, chain, (&guest(4), 4), (Verb::Confirm, 1, false)).await.expect("paid");
    call(&books(Arc::clone(&store), chain), Call::GiveBack(4)).await.expect("it came back");
    for number in [43, 46] {
        let sold = sell(&store, chain, (&guest(number), number), (Verb::Confirm, 1, false)).await;
        assert!(sold.is_ok(), "{number}: {sold:?}");
    }
    assert_eq!(uses(&*store, chain).await, (3, 0, 0));
}

/// Whoever was away between its look and its holds, and comes back when the sale was paid and has come back, holds nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_try_holds_nothing_for_what_came_back() {
    let _alone = ALONE.lock().await;
    let chain = "late-try";
    let options = shop(chain).await;
    let store = process(&options).await;
    let first = Away::at("scylla/looked", move || async move {
        sell(&process(&options).await, chain, (&guest(4), 4), (Verb::Confirm, 1, true)).await
    });
    sell(&store, chain, (&guest(4), 4), (Verb::Confirm, 1, true)).await.expect("paid");
    call(&books(Arc::clone(&store), chain), Call::GiveBack(4)).await.expect("it came back");
    first.goes_on().expect("it finds it paid");
    assert_eq!(uses(&*store, chain).await, (0, 0, 0));
    let found = store.code(chain, code(1)).await.expect("a store").expect("a code");
    assert_eq!(found.state, CodeState::Free);
}

/// A process was about to sell both uses when the till asked another one for a sale of one of them. That one ended too, and the
/// other use went to somebody else: the first process finds that there are not two any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_try_that_takes_less_does_not_lower_what_another_one_sells() {
    let _alone = ALONE.lock().await;
    let chain = "less";
    let options = shop(chain).await;
    let store = process(&options).await;
    let two = LimitCap { uses: Some(2), amount_minor: None };
    store.set_limit(chain, OFFER, two).await.expect("a limit");
    let first = {
        let options = options.clone();
        Away::at("scylla/limit-held", move || async move {
            sell(&process(&options).await, chain, (&guest(48), 48), (Verb::Confirm, 2, false)).await
        })
    };
    fail::cfg("scylla/code-held", "1*return->off").expect("a place that can be stopped at");
    let stopped = sell(&process(&options).await, chain, (&guest(48), 48), (Verb::Confirm, 1, true)).await;
    fail::remove("scylla/code-held");
    assert!(matches!(stopped, Err(BooksError::Store(StoreError::Unknown(_)))), "{stopped:?}");
    sell(&store, chain, (&guest(49), 49), (Verb::Confirm, 1, false)).await.expect("the other one");
    let found = first.goes_on();
    assert!(matches!(found, Err(BooksError::Refused(_))), "there is one of two: {found:?}");
    assert_eq!(uses(&*store, chain).await, (1, 0, 0));
}

/// A guest's try was away when the card was scanned and the member gave the sale up: nobody has the code, but it has moved since.
/// What the late try held would be for a sale that is not its own any more, and would lie there if it ended then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_try_holds_no_code_for_what_passed_to_another_owner() {
    let _alone = ALONE.lock().await;
    let (chain, anna) = ("passed-on", Owner::Member(member("anna")));
    let options = shop(chain).await;
    let store = process(&options).await;
    enrol(&store, chain, "anna").await;
    let first = Away::at("scylla/looked", move || async move {
        sell(&process(&options).await, chain, (&guest(50), 50), (Verb::Confirm, 0, true)).await
    });
    let reserve = Verb::Reserve { until_ms: NOW_MS + 60_000 };
    sell(&store, chain, (&anna, 50), (reserve, 0, true)).await.expect("reserved");
    books(Arc::clone(&store), chain).cancel(checkout(50), &Actor::default(), NOW_MS).await.expect("given up");
    fail::cfg("scylla/code-held", "1*return->off").expect("a place that can be stopped at");
    let late = first.goes_on();
    fail::remove("scylla/code-held");
    assert!(matches!(late, Err(BooksError::Refused(_))), "it was cancelled: {late:?}");
    let found = store.code(chain, code(1)).await.expect("a store").expect("a code");
    assert_eq!(found.state, CodeState::Free);
}

/// A fact that takes other than its reservation held counts as what it took.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_counts_as_what_it_took_whatever_was_held() {
    let _alone = ALONE.lock().await;
    let chain = "took";
    let store = process(&shop(chain).await).await;
    let reserve = Verb::Reserve { until_ms: NOW_MS + 60_000 };
    for (number, held, took, after) in [(52, 2, 1, (1, 0, 0)), (53, 1, 2, (1, 0, 2))] {
        sell(&store, chain, (&guest(number), number), (reserve, held, false)).await.expect("reserved");
        let fact = Verb::Record(Fact::Offline);
        sell(&store, chain, (&guest(number), number), (fact, took, false)).await.expect("recorded");
        assert_eq!(uses(&*store, chain).await, after, "{held} held, {took} taken");
    }
}
