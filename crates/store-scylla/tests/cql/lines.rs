//! Shards of a limit that hand over: nothing of it is lost or there twice, whoever looks, and however often.

use std::sync::Arc;

use futures_util::stream::{StreamExt, iter};
use suanpan_checkout::{Books, BooksError, Refund, Verb};
use suanpan_domain::{CheckoutId, ReturnId};
use suanpan_ledger::command::{Fact, Wanted};
use suanpan_ledger::{Actor, Refusal};
use suanpan_store::{Cursor, HolderState, LimitCap, LimitView, Owner, Store};
use suanpan_store_scylla::ScyllaStore;

use crate::keyspace::{open, options};
use crate::script::{NOW_MS, OFFER, ask, books, checkout, guest, sale};

/// Rows of a shard, after which it hands over.
const ROWS: i64 = 6;

async fn sell(books: &Books, number: u64, verb: Verb) -> Result<(), BooksError> {
    let ask = ask(number, guest(number), verb, sale(0, None));
    books.sell(Arc::new(ask)).await.map(|_| ())
}

async fn give_back(books: &Books, number: u64) {
    let refund = Refund {
        checkout: checkout(number),
        return_id: ReturnId::from_bytes([9; 16]),
        owner: guest(number),
        actor: Actor::default(),
        now_ms: NOW_MS,
        business_ms: NOW_MS,
        content_hash: [5; 32],
        wanted: Wanted::All,
        repriced: None,
        fact: false,
    };
    books.refund(refund).await.expect("it came back");
}

/// How many of some customers, all at once at two processes, were served; others were refused for the limit.
async fn served(shops: &[Books; 2], customers: std::ops::RangeInclusive<u64>) -> i64 {
    let tills = customers.map(|number| {
        let books = shops[(number % 2) as usize].clone();
        async move { tokio::spawn(async move { sell(&books, number, Verb::Confirm).await }).await }
    });
    let told: Vec<_> = iter(tills).buffer_unordered(16).collect().await;
    let mut served = 0;
    for told in told {
        match told.expect("a till does not panic") {
            Ok(()) => served += 1,
            Err(BooksError::Refused(conflicts)) => {
                let reason = conflicts[0].reason;
                assert!(matches!(reason, Refusal::GlobalLimit | Refusal::GlobalBudget), "{reason:?}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    served
}

async fn limit(store: &dyn Store, chain: &str) -> LimitView {
    store.limits(chain).await.expect("a store").into_iter().next().expect("a limit")
}

/// Who has something, a few at a time.
async fn holders(store: &dyn Store, chain: &str) -> Vec<(CheckoutId, Owner, HolderState)> {
    let (mut after, mut all) = (Cursor::default(), Vec::new());
    loop {
        let page = store.limit_holders(chain, OFFER, &after, 4).await.expect("holders");
        all.extend(page.rows.into_iter().map(|row| (row.checkout, row.owner, row.holder.state)));
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    let count = all.len();
    all.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    all.dedup_by(|one, other| one.0 == other.0 && one.1 == other.1);
    assert_eq!(all.len(), count, "nobody has something in two shards");
    all
}

/// Rows of each shard, by the server.
async fn rows(keyspace: &str, chain: &str) -> Vec<i64> {
    let server = std::env::var("SUANPAN_CQL").expect("a server");
    let builder = scylla::client::session_builder::SessionBuilder::new().known_node(server);
    let session = builder.build().await.expect("a session");
    let mut counts = Vec::new();
    // Of lines up to three, up to twelve shards each.
    for shard in (0..12).flat_map(|turn| (0..3).map(move |line| turn * 64 + line)) {
        let text = format!(
            "SELECT count(state) FROM {keyspace}.limit_shard WHERE chain = '{chain}' AND offer = {} AND shard = {shard}",
            OFFER.0
        );
        let result = session.query_unpaged(text, ()).await.expect("rows").into_rows_result().expect("rows");
        // Its anchor has a state too.
        let (count,) = result.single_row::<(i64,)>().expect("a count");
        counts.extend((count > 0).then_some(count - 1));
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_outgrows_its_shards() {
    let (cap, mut options) = (30_i64, options());
    options.rows_per_shard = ROWS;
    drop(open(options.clone()).await);
    for (chain, lines) in [("one_line", 1), ("three_lines", 3)] {
        options.uses_per_shard = cap / lines;
        let shops = [
            books(Arc::new(ScyllaStore::connect(options.clone()).await.expect("a store")), chain),
            books(Arc::new(ScyllaStore::connect(options.clone()).await.expect("a store")), chain),
        ];
        let store = &*shops[0].store;
        let of = |uses| LimitCap { uses: Some(uses), amount_minor: None };
        assert_eq!(store.set_limit(chain, OFFER, of(cap)).await, Ok(of(cap)));
        assert_eq!(served(&shops, 1..=60).await, cap, "{chain}");
        let seen = limit(store, chain).await;
        assert_eq!((seen.cap, seen.used.uses, seen.held.uses), (Some(of(cap)), cap, 0), "{chain}");
        let of_shards = rows(&options.keyspace, chain).await;
        // A row that is sent when the last share comes is one more.
        assert!(of_shards.len() as i64 >= cap / ROWS, "{chain}: {of_shards:?}");
        // Whoever knows nothing yet finds the same.
        let fresh = ScyllaStore::connect(options.clone()).await.expect("a store");
        let used = holders(&fresh, chain).await;
        let used: Vec<_> = used.iter().filter(|(.., state)| *state == HolderState::Used).collect();
        assert_eq!(used.len() as i64, cap, "{chain}");
        // The first and the last to be served come back: one of them lies in a shard that handed over long ago.
        for (checkout, ..) in [used[0], used[used.len() - 1]] {
            let number = u64::from_be_bytes(checkout.as_bytes()[8..].try_into().expect("eight bytes"));
            give_back(&shops[1], number & 0x3fff_ffff_ffff_ffff).await;
        }
        assert_eq!(limit(store, chain).await.used.uses, cap - 2, "{chain}");
        assert_eq!(served(&shops, 101..=110).await, 2, "{chain}: what came back is sold once more");
        // More of it, and less than is taken.
        assert_eq!(store.set_limit(chain, OFFER, of(cap + 7)).await, Ok(of(cap + 7)));
        assert_eq!(served(&shops, 201..=220).await, 7, "{chain}");
        assert_eq!(store.set_limit(chain, OFFER, of(5)).await, Ok(of(cap + 7)));
        // A fact is recorded all the same.
        sell(&shops[0], 300, Verb::Record(Fact::Offline)).await.expect("recorded");
        let seen = limit(store, chain).await;
        assert_eq!((seen.used.uses, seen.overrun.uses, seen.held.uses), (cap + 7, 1, 0), "{chain}");
        // The same call again finds what it took.
        sell(&shops[1], 300, Verb::Record(Fact::Offline)).await.expect("recorded");
        assert_eq!(limit(store, chain).await.overrun.uses, 1, "{chain}");
    }
}

/// A budget has no uses to divide by: it is made with one shard, however many sales it is for.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_budget_outgrows_its_shard() {
    let (chain, mut options) = ("budget", options());
    options.rows_per_shard = ROWS;
    let shops = [
        books(open(options.clone()).await, chain),
        books(Arc::new(ScyllaStore::connect(options.clone()).await.expect("a store")), chain),
    ];
    let store = &*shops[0].store;
    // Of every sale 5.00: forty of them, and a rest that is too small for one more.
    let cap = LimitCap { uses: None, amount_minor: Some(20_300) };
    assert_eq!(store.set_limit(chain, OFFER, cap).await, Ok(cap));
    // Reserved in one shard, paid when it has handed over.
    let reserve = Verb::Reserve { until_ms: NOW_MS + 600_000 };
    sell(&shops[0], 1, reserve).await.expect("reserved");
    assert_eq!(served(&shops, 2..=60).await, 39);
    sell(&shops[1], 1, Verb::Confirm).await.expect("paid");
    let seen = limit(store, chain).await;
    assert_eq!((seen.cap, seen.used.amount_minor, seen.held.amount_minor), (Some(cap), 20_000, 0));
    let of_shards = rows(&options.keyspace, chain).await;
    assert!(of_shards.len() >= 6, "{of_shards:?}");
    // Forty shares in shards of six; each has one row beside them, of what it handed over.
    assert!(of_shards.iter().all(|rows| *rows <= ROWS + 2), "{of_shards:?}");
    assert_eq!(holders(store, chain).await.len(), 40);
    let meta = open(options).await.meta().await.expect("a store");
    assert_eq!((meta.min_reader, meta.min_writer), (5, 5), "earlier releases would not find them");
}
