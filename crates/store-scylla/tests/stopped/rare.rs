//! What happens rarely, stopped in the same way: an entry that is parked and put back, shares that somebody left behind, a
//! limit that nobody set, one that grows, events that are forgotten, the first archived body.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scylla::client::session_builder::SessionBuilder;
use suanpan_checkout::{Books, BooksError, Verb};
use suanpan_domain::CheckoutId;
use suanpan_ledger::command::{EntryRef, Fact};
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::sale::{GlobalUse, Sale};
use suanpan_ledger::{Actor, Change, EntryKey, due_at};
use suanpan_store::{Cursor, LimitCap, Owner, Scope, Store, StoreError, Verdict, View, Write, decide_with};
use suanpan_store_scylla::Options;

use crate::away::Away;
use crate::script::{
    CALLS, Call, NOW_MS, OFFER, ask, books, call, checkout, everything, guest, member, prepare, sale,
};
use crate::{
    A_FACT, ALONE, a_fact_that_stopped_at, of_main, process, run, shared, stopped_at_each_pass, used,
};

/// Every place between two statements that the main script does not pass.
const PLACES: [&str; 10] = [
    "scylla/parked-told",
    "scylla/holder-seen",
    "scylla/holder-kept-out",
    "scylla/share-let-go",
    "scylla/shard-made",
    "scylla/limit-made",
    "scylla/plan-kept",
    "scylla/cap-set",
    "scylla/bucket-emptied",
    "scylla/events-forgotten",
];
/// A limit that nobody set.
const UNSET: OfferKey = OfferKey(0x5e12);

/// A step of the script.
#[derive(Clone, Copy, Debug)]
enum Step {
    Call(Call),
    /// Writes what a sale's row is about: nothing, so that it cannot be accrued, or what it was.
    Damage(u64, bool),
    Unpark(u64),
    /// Holds a share and a code for a sale, and ends.
    LeaveBehind(u64),
    /// Records what takes of a limit that nobody set.
    Unset(u64),
    Grow(i64),
    Forget,
}

const fn sell(owner: Option<u64>, checkout: u64, code: Option<u8>) -> Step {
    Step::Call(Call::Sell { owner, checkout, verb: Verb::Confirm, points: 0, code })
}

const STEPS: &[Step] = &[
    Step::Call(Call::Enrol),
    sell(None, 1, None),
    Step::Damage(1, true),
    Step::Call(Call::Work),
    Step::Damage(1, false),
    Step::Unpark(1),
    Step::Call(Call::Work),
    sell(Some(4), 4, Some(2)),
    Step::LeaveBehind(7),
    // The last use, and the code, that somebody left behind.
    sell(Some(8), 8, Some(1)),
    Step::Unset(10),
    Step::Grow(9),
    // A second event, in another bucket.
    sell(None, 13, None),
    Step::Call(Call::Work),
    Step::Forget,
];

/// A member's sale, of which the world is told.
const A_SALE: Call = Call::Sell { owner: None, checkout: 1, verb: Verb::Confirm, points: 0, code: None };
const A_SECOND_SALE: Call =
    Call::Sell { owner: None, checkout: 13, verb: Verb::Confirm, points: 0, code: None };

/// Makes one step; each may be repeated.
async fn step(store: Arc<dyn Store>, chain: &str, step: Step) -> Result<(), BooksError> {
    let books = books(Arc::clone(&store), chain);
    match step {
        Step::Call(of_main) => call(&books, of_main).await,
        Step::Damage(number, is_damaged) => {
            let about = (!is_damaged).then(|| sale(0, None));
            Ok(set_sale(&books, checkout(number), about).await?)
        }
        Step::Unpark(number) => {
            let entry = EntryRef::Checkout(checkout(number));
            books.unpark(&member(), entry, &Actor::default(), NOW_MS).await.map(|_| ())
        }
        Step::LeaveBehind(number) => {
            const AT: &str = "scylla/code-held";
            fail::cfg(AT, "1*return->off").expect("a place that can be stopped at");
            let Step::Call(sold) = sell(Some(number), number, Some(1)) else { unreachable!() };
            let left = call(&books, sold).await;
            fail::remove(AT);
            match left {
                Err(BooksError::Store(StoreError::Unknown(why))) if why.ends_with(AT) => Ok(()),
                other => other,
            }
        }
        Step::Unset(number) => {
            let used = GlobalUse { offer: UNSET, uses: 1, amount_minor: 500, given_back_if_whole: true };
            let sale = Sale { global_uses: vec![used], ..sale(0, None) };
            let ask = ask(number, guest(number), Verb::Record(Fact::Offline), sale);
            books.sell(Arc::new(ask)).await.map(|_| ())
        }
        Step::Grow(uses) => {
            let cap = LimitCap { uses: Some(uses), amount_minor: Some(10_000) };
            assert_eq!(store.set_limit(chain, OFFER, cap).await?, cap);
            Ok(())
        }
        Step::Forget => {
            let events = store.outbox(chain, &Cursor::default(), 1_000).await?;
            match events.next {
                Some(up_to) => Ok(store.forget_outbox(chain, &up_to).await?),
                None => Ok(()),
            }
        }
    }
}

/// Writes what a sale's row is about, unless it is so.
async fn set_sale(books: &Books, checkout: CheckoutId, about: Option<Sale>) -> Result<(), StoreError> {
    let policy = Arc::clone(&books.policy);
    let owner = Owner::Member(member());
    let key = EntryKey::Checkout(checkout);
    let scope = Scope::of(owner.clone()).reading(key);
    let decider = move |view: &View| {
        let (mut head, mut entry) = (view.head.clone(), view.entry(key).expect("the row").clone());
        if entry.sale.is_some() == about.is_some() {
            return (Verdict::Leave, ());
        }
        head.version += 1;
        entry.sale = about.clone().map(Arc::new);
        let due_at_ms = due_at(&policy, &head);
        let change = Change { head, entry, emits: Vec::new() };
        (Verdict::from(Write::of(owner.clone(), change, due_at_ms)), ())
    };
    decide_with(&*books.store, &books.chain, scope, decider).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_where_the_main_script_never_comes() {
    let _alone = ALONE.lock().await;
    let mut options = shared().await;
    options.uses_per_shard = 1;
    options.events_per_bucket = 1;
    let (_, expected) = run(&options, "rare-never-stopped", None, (STEPS, step)).await;
    for place in PLACES {
        stopped_at_each_pass(&options, place, &expected, (STEPS, step)).await;
    }
}

/// The first body that moves keeps earlier releases out, by two statements, once for a whole store. So does the first event in
/// a bucket, which keeps out more of them: it is as if there had been none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_while_earlier_releases_are_kept_out() {
    const AT: &str = "scylla/others-kept-out";
    let _alone = ALONE.lock().await;
    let mut options = shared().await;
    options.uses_per_shard = 1;
    let least = async || {
        let meta = process(&options).await.meta().await.expect("a store");
        (meta.min_reader, meta.min_writer)
    };
    let (_, expected) = run(&options, "kept-out-never-stopped", None, (CALLS, of_main)).await;
    for passes in [0, 1] {
        let_in_since(&options, 6).await;
        let archived = AtomicBool::new(false);
        let step_of = async |mut store, chain: &str, step| {
            if matches!(step, Call::Archive) && !archived.swap(true, Ordering::Relaxed) {
                let_in_since(&options, 1).await;
                assert_eq!(least().await, (1, 1));
                // The one before knows that they are kept out.
                store = process(&options).await;
            }
            of_main(store, chain, step).await
        };
        let chain = format!("kept-out-{passes}");
        let (stopped, found) = run(&options, &chain, Some((AT, passes)), (CALLS, step_of)).await;
        assert!(stopped, "after {passes} passes");
        assert_eq!(least().await, (4, 4), "after {passes} passes");
        assert_eq!(found, expected.of_chain(&chain), "after {passes} passes");
    }
}

/// Has the store let in releases since this schema.
async fn let_in_since(options: &Options, schema: u32) {
    let builder = SessionBuilder::new().known_node(&options.contact_points[0]);
    let session = builder.build().await.expect("a session");
    for key in ["min_reader", "min_writer"] {
        let text =
            format!("UPDATE {}.meta SET value = '{schema}' WHERE key = '{key}' IF EXISTS", options.keyspace);
        session.query_unpaged(text, ()).await.expect("written");
    }
}

/// A worker looks at a guest's row that was listed long ago and never written, and ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_before_a_debtor_is_kept_out() {
    const AT: &str = "scylla/debtor-seen";
    let _alone = ALONE.lock().await;
    let (next, chain) = a_fact_that_stopped_at("scylla/debt-listed", "debtor").await;
    let now_ms = next.clock_ms().await.expect("a store").expect("a clock");
    fail::cfg(AT, "1*return->off").expect("a place that can be stopped at");
    let stopped = next.pay_guests(now_ms + 90_000).await;
    fail::remove(AT);
    assert!(matches!(stopped, Err(StoreError::Unknown(_))), "{stopped:?}");
    next.pay_guests(now_ms + 90_000).await.expect("a store");
    assert_eq!(used(&*next, chain).await, 0);
    call(&books(Arc::clone(&next), chain), A_FACT).await.expect("recorded");
    assert_eq!(used(&*next, chain).await, 1);
}

/// A process that never comes back, between two statements by which a shard of the outbox or a bucket of it begins or ends:
/// whoever puts events out repeats what fails, so that a stop alone would not end it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gone_while_a_bucket_begins_or_ends() {
    let _alone = ALONE.lock().await;
    let mut options = shared().await;
    options.events_per_bucket = 1;
    // Two events, so that a bucket follows another.
    let calls = [Call::Work, A_SECOND_SALE, Call::Work];
    let mut expected = None;
    for place in [
        None,
        Some("scylla/outbox-begun"),
        Some("scylla/events-begun"),
        Some("scylla/bucket-closed"),
        Some("scylla/bucket-followed"),
    ] {
        let chain = place.map_or("stays", |place| &place[7..]);
        let next = process(&options).await;
        prepare(&*next, chain).await;
        for before in [Call::Enrol, A_SALE] {
            call(&books(Arc::clone(&next), chain), before).await.expect("written");
        }
        if let Some(place) = place {
            let options = options.clone();
            let first = Away::at(place, move || async move {
                let books = books(process(&options).await, chain);
                for made in calls {
                    call(&books, made).await?;
                }
                Ok::<_, BooksError>(())
            });
            first.never_comes_back();
        }
        for made in calls {
            call(&books(Arc::clone(&next), chain), made).await.expect("written");
        }
        let found = everything(&*next, chain).await.of_chain("chain");
        assert_eq!(found.events.len(), 2, "{chain}");
        assert_eq!(*expected.get_or_insert_with(|| found.clone()), found, "{chain}");
    }
}

/// Whoever parked an entry ended before it stood on the list that people read. The member is still due: the worker's scan finds
/// it, and whoever works for it puts the entry on the list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_entry_is_listed_though_whoever_parked_it_ended() {
    const AT: &str = "scylla/head-written";
    let _alone = ALONE.lock().await;
    let (chain, options) = ("parked-and-gone", shared().await);
    let first = process(&options).await;
    prepare(&*first, chain).await;
    for before in &STEPS[..3] {
        step(Arc::clone(&first), chain, *before).await.expect("written");
    }
    fail::cfg(AT, "1*return->off").expect("a place that can be stopped at");
    let stopped = step(first, chain, Step::Call(Call::Work)).await;
    fail::remove(AT);
    assert!(matches!(stopped, Err(BooksError::Store(StoreError::Unknown(_)))), "{stopped:?}");
    let next = process(&options).await;
    let listed = async || next.parked(chain, &Cursor::default(), 10).await.expect("a list").rows;
    assert_eq!(listed().await, [], "it was stopped before");
    let due = next.scan_due(Some(chain), None, &Cursor::default(), NOW_MS, 100).await.expect("scanned").due;
    assert_eq!(due.iter().map(|due| &due.member).collect::<Vec<_>>(), [&member()]);
    step(Arc::clone(&next), chain, Step::Call(Call::Work)).await.expect("worked");
    let keys: Vec<EntryKey> = listed().await.iter().map(|row| row.key).collect();
    assert_eq!(keys, [EntryKey::Checkout(checkout(1))]);
    let rest = next.scan_due(Some(chain), None, &Cursor::default(), NOW_MS, 100).await.expect("scanned").due;
    assert_eq!(rest.len(), 0, "and that is all: {rest:?}");
}
