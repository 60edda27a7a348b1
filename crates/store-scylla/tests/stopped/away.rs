//! Processes that are away between two statements, and go on when others have come in between. The models in
//! `crates/models/` say which places matter.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use futures_util::StreamExt as _;
use futures_util::stream::iter;
use suanpan_checkout::{BooksError, MemberAsk, Recorded, Verb};
use suanpan_domain::MemberId;
use suanpan_ledger::command::Fact;
use suanpan_ledger::{Action, Actor};
use suanpan_store::{LimitCap, Owner, Store, StoreError};
use suanpan_store_scylla::Options;

use crate::script::{NOW_MS, OFFER, ask, books, call, guest, limited, prepare};
use crate::{A_FACT, ALONE, a_fact_that_stopped_at, process, shared, used};

/// A process that stays at a place, the first time that it comes there, until it is let go on.
pub(crate) struct Away<T> {
    place: &'static str,
    lets_go: Sender<()>,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Away<T> {
    /// Starts it, and waits until it is there.
    pub(crate) fn at<F>(place: &'static str, work: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = T>,
    {
        let ((arrives, arrived), (lets_go, goes_on)) = (channel(), channel::<()>());
        let waits = std::sync::Mutex::new(Some((arrives, goes_on)));
        let stay = move || {
            // Taken before it waits: others that come here later go by.
            let first = waits.lock().expect("no panic").take();
            if let Some((arrives, goes_on)) = first {
                arrives.send(()).expect("somebody waits for it");
                let _ = goes_on.recv();
            }
        };
        fail::cfg_callback(place, stay).expect("a place that can be stopped at");
        let thread = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().expect("a runtime").block_on(async { work().await })
        });
        arrived.recv().expect("it comes to its place");
        Self { place, lets_go, thread }
    }

    /// Leaves it there for ever.
    pub(crate) fn never_comes_back(self) {
        fail::remove(self.place);
        std::mem::forget(self.lets_go);
    }

    /// Lets it go on to its end.
    pub(crate) fn goes_on(self) -> T {
        self.lets_go.send(()).expect("it waits");
        let end = self.thread.join().expect("no panic");
        fail::remove(self.place);
        end
    }
}

pub(crate) fn member(name: &str) -> MemberId {
    MemberId::new(name).expect("a name")
}

pub(crate) async fn enrol(store: &Arc<dyn Store>, chain: &str, name: &str) {
    let request = [1; 16];
    let action = Action::Enrol { request, content_hash: [1; 32], birthday: None, referred_by: None };
    let ask = MemberAsk { member: member(name), request, actor: Actor::default(), now_ms: NOW_MS, action };
    books(Arc::clone(store), chain).change(ask).await.expect("enrolled");
}

/// Sells with these uses of the limit.
pub(crate) async fn sell(
    store: Arc<dyn Store>,
    chain: &str,
    owner: Owner,
    (number, verb, uses): (u64, Verb, u32),
) -> Result<Recorded, BooksError> {
    books(store, chain).sell(Arc::new(ask(number, owner, verb, limited(uses, 500, None)))).await
}

pub(crate) async fn shop(chain: &str) -> Options {
    let options = shared().await;
    prepare(process(&options).await.as_ref(), chain).await;
    options
}

/// A guest begins, then a card is scanned, and another one. Whoever read who else wants the sale was away while the third came:
/// she has kept the second from selling as it saw its row, and the second looks at its row once more before it sells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_owners_one_sells_though_the_second_never_heard_of_the_third() {
    let _alone = ALONE.lock().await;
    let (chain, number) = ("three", 30);
    let options = shop(chain).await;
    let store = process(&options).await;
    for name in ["anna", "bela"] {
        enrol(&store, chain, name).await;
    }
    fail::cfg("scylla/claimed", "1*return->off").expect("a place that can be stopped at");
    let stopped = sell(process(&options).await, chain, guest(number), (number, Verb::Confirm, 1)).await.err();
    assert!(matches!(stopped, Some(BooksError::Store(StoreError::Unknown(_)))), "{stopped:?}");
    fail::remove("scylla/claimed");
    let confirm = |name: &'static str| {
        let options = options.clone();
        move || async move {
            let owner = Owner::Member(member(name));
            sell(process(&options).await, chain, owner, (number, Verb::Confirm, 1)).await
        }
    };
    let anna = Away::at("scylla/claims-read", confirm("anna"));
    let bela = Away::at("scylla/looked", confirm("bela"));
    let sold_to_anna = anna.goes_on().expect("sold");
    let sold_to_bela = bela.goes_on().expect("answered");
    assert_eq!(sold_to_anna.owner, sold_to_bela.owner, "one sale has one owner");
    assert_eq!(used(&*store, chain).await, 1);
}

/// Reservations of a limit: more than one look at its holders reads.
const RESERVED: u64 = 520;

/// A share that was taken by a process that ended before its sale was written lies behind all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_has_any_more_is_found_behind_hundreds_of_reservations() {
    let _alone = ALONE.lock().await;
    let chain = "behind";
    let options = shop(chain).await;
    let store = process(&options).await;
    let cap = LimitCap { uses: Some(RESERVED as i64 + 1), amount_minor: None };
    store.set_limit(chain, OFFER, cap).await.expect("a limit");
    let hold = Verb::Reserve { until_ms: NOW_MS + 60_000 };
    let holds =
        iter((1..=RESERVED).map(|number| sell(Arc::clone(&store), chain, guest(number), (number, hold, 1))));
    let held: Vec<_> = holds.buffer_unordered(32).collect().await;
    assert!(held.iter().all(Result::is_ok), "{held:?}");
    let buy =
        async |number| sell(process(&options).await, chain, guest(number), (number, Verb::Confirm, 1)).await;
    fail::cfg("scylla/limit-held", "1*return->off").expect("a place that can be stopped at");
    let stopped = buy(RESERVED + 1).await.err();
    assert!(matches!(stopped, Some(BooksError::Store(StoreError::Unknown(_)))), "{stopped:?}");
    fail::remove("scylla/limit-held");
    let sold = buy(RESERVED + 2).await;
    assert!(sold.is_ok(), "{sold:?}");
    assert!(matches!(buy(RESERVED + 3).await, Err(BooksError::Refused(_))), "that was the last one");
}

/// The worker keeps a guest's sale from being written that was listed long ago, and is away before it takes it off the list.
/// Meanwhile the till asks again, and that process ends before it pays: what it listed is another debt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_debt_that_is_listed_again_stays_on_the_list() {
    let _alone = ALONE.lock().await;
    let (next, chain) = a_fact_that_stopped_at("scylla/debt-listed", "listed-again").await;
    let now_ms = next.clock_ms().await.expect("a store").expect("a clock");
    let store = Arc::clone(&next);
    let worker =
        Away::at("scylla/debtor-kept-out", move || async move { store.pay_guests(now_ms + 90_000).await });
    fail::cfg("scylla/head-written", "1*return->off").expect("a place that can be stopped at");
    let stopped = call(&books(Arc::clone(&next), chain), A_FACT).await;
    fail::remove("scylla/head-written");
    assert!(matches!(stopped, Err(BooksError::Store(StoreError::Unknown(_)))), "{stopped:?}");
    worker.goes_on().expect("a store");
    next.pay_guests(now_ms + 90_000).await.expect("a store");
    assert_eq!(used(&*next, chain).await, 1);
}

/// A guest's reservation holds nothing of the limit, and what was paid in the end takes one use: no held share leads to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_that_takes_more_than_was_reserved_is_listed() {
    let _alone = ALONE.lock().await;
    let (chain, number) = ("more", 31);
    let options = shop(chain).await;
    let reserve = Verb::Reserve { until_ms: NOW_MS + 600_000 };
    sell(process(&options).await, chain, guest(number), (number, reserve, 0)).await.expect("reserved");
    fail::cfg("scylla/head-written", "1*return->off").expect("a place that can be stopped at");
    let fact = Verb::Record(Fact::Offline);
    let stopped = sell(process(&options).await, chain, guest(number), (number, fact, 1)).await.err();
    fail::remove("scylla/head-written");
    assert!(matches!(stopped, Some(BooksError::Store(StoreError::Unknown(_)))), "{stopped:?}");
    let worker = process(&options).await;
    let now_ms = worker.clock_ms().await.expect("a store").expect("a clock");
    worker.pay_guests(now_ms + 30_000).await.expect("a store");
    assert_eq!(used(&*worker, chain).await, 1);
}

/// Capacity is on its way to a shard for a sale. Whoever sent it is away while that shard hands over, and finds a fresh one that
/// has no cap yet, since whoever let it hand over has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn capacity_that_comes_before_a_fresh_shard_has_a_cap_is_not_lost() {
    let _alone = ALONE.lock().await;
    let chain = "before";
    let mut options = shared().await;
    // Three shards with one use each; all these sales are at home in the second, which is full with two rows.
    (options.uses_per_shard, options.rows_per_shard) = (1, 2);
    let store = process(&options).await;
    prepare(&*store, chain).await;
    let fact = Verb::Record(Fact::Offline);
    sell(Arc::clone(&store), chain, guest(1), (1, Verb::Confirm, 1)).await.expect("sold");
    let of_away = options.clone();
    let away = Away::at("scylla/capacity-sent", move || async move {
        sell(process(&of_away).await, chain, guest(4), (4, Verb::Confirm, 1)).await
    });
    sell(Arc::clone(&store), chain, guest(7), (7, fact, 1)).await.expect("recorded");
    fail::cfg("scylla/handed-over", "1*return->off").expect("a place that can be stopped at");
    sell(process(&options).await, chain, guest(10), (10, fact, 1)).await.expect_err("stopped");
    fail::remove("scylla/handed-over");
    away.goes_on().expect("sold");
    sell(Arc::clone(&store), chain, guest(10), (10, fact, 1)).await.expect("recorded");
    // Before anything is refused, all of it arrives.
    sell(Arc::clone(&store), chain, guest(13), (13, Verb::Confirm, 1))
        .await
        .expect_err("there is nothing left");
    let limit = store.limits(chain).await.expect("a store").into_iter().next().expect("a limit");
    assert_eq!(limit.cap, Some(LimitCap { uses: Some(3), amount_minor: Some(10_000) }));
    assert_eq!((limit.used.uses, limit.held.uses, limit.overrun.uses), (2, 0, 2));
}
