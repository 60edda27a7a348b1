//! Years pass, and bodies move to the archive: what is asked for late is answered as it was, what comes back late is exact,
//! and the store balances.

use std::collections::BTreeMap;
use std::sync::Arc;

use suanpan_accrual_worker::StatusBoard;
use suanpan_audit::audit;
use suanpan_checkout::{Ask, Recorded, Refund, Verb};
use suanpan_domain::{CheckoutId, ReturnId};
use suanpan_ledger::command::{Wanted, WantedLine};
use suanpan_ledger::sale::SaleRun;
use suanpan_ledger::{Actor, Entry, EntryKey, Sale};
use suanpan_store::{Cursor, Faults, FaultyStore, Order, Owner, RawRow, Store};
use suanpan_store_embedded::EmbeddedStore;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::ledgers::Account;
use crate::oracle::{DAY_MS, START_MS};
use crate::shop::{CHAIN, Folder, Shop, checkout, member, request, sale};

const PROGRAM: &str = "program: sunrise\ncurrency: EUR\nengine_edition: 1\ntime_zone: Europe/Berlin\n\
    archive_after_days: 400\npoints: { earn: { per: 1.00 }, expire: { after: 36 months, at: end_of_month } }\n";
/// Days between two sales of a member.
const EVERY: i64 = 15;
/// Days after which a body may move, and those after which it has to have moved: bodies move a month's at a time.
const MAY: i64 = 400;
const MUST: i64 = 400 + 2 * 31;
const MEMBERS: usize = 3;

/// A worker that runs.
struct Running(oneshot::Sender<()>, JoinHandle<()>, Arc<StatusBoard>);

impl Running {
    fn start(shop: &Shop) -> Self {
        let worker = shop.worker(Vec::new());
        let board = worker.status();
        let (stop, stopped) = oneshot::channel::<()>();
        let run = async move {
            worker.run(async { drop(stopped.await) }).await;
        };
        Self(stop, tokio::spawn(run), board)
    }

    async fn kill(self) {
        self.1.abort();
        assert!(self.1.await.is_err_and(|error| error.is_cancelled()));
    }

    async fn end(self) {
        self.0.send(()).expect("it runs");
        self.1.await.expect("no panic");
    }
}

/// Three units for 10.00 that earn ten points: the last one cost 3.34 and earned 4, the others 3.33 and 3 each.
fn three_units(now_ms: i64) -> Sale {
    let mut sale = sale(now_ms, 1_000, 10, 0);
    let line = &mut sale.lines[0];
    line.quantity_milli = 3_000;
    let run =
        |units, paid_minor, points_earned| SaleRun { units, paid_minor, points_earned, ..SaleRun::default() };
    line.runs = vec![run(2, 333, 3), run(1, 334, 4)];
    sale
}

fn bought(number: usize, day: i64) -> CheckoutId {
    checkout(START_MS + day * DAY_MS, 1_000 * number as u64 + day as u64)
}

async fn buy(shop: &Shop, number: usize, day: i64, answer: &str) -> Recorded {
    let ask = Ask {
        checkout: bought(number, day),
        owner: Owner::Member(member(number)),
        actor: Actor { id: "till-1".to_owned(), ..Actor::default() },
        now_ms: shop.now_ms(),
        basket_hash: [2; 32],
        content_hash: [3; 32],
        sale: Arc::new(three_units(START_MS + day * DAY_MS)),
        answer: answer.as_bytes().to_vec(),
        verb: Verb::Confirm,
        gone: None,
        unseen: false,
    };
    shop.books().await.sell(Arc::new(ask)).await.expect("sold")
}

async fn back(shop: &Shop, number: usize, day: i64, named: u64, units: i64) -> Recorded {
    let line = WantedLine { line: "1".to_owned(), quantity_milli: units * 1_000, units: Vec::new() };
    let refund = Refund {
        checkout: bought(number, day),
        return_id: ReturnId::from_bytes(request(named)),
        owner: Owner::Member(member(number)),
        actor: Actor::default(),
        now_ms: shop.now_ms(),
        business_ms: shop.now_ms(),
        content_hash: [4; 32],
        wanted: Wanted::Lines(vec![line]),
        repriced: None,
        fact: false,
    };
    shop.books().await.refund(refund).await.expect("returned")
}

/// Rows of all members, and whether their bodies are archived.
async fn rows(shop: &Shop) -> BTreeMap<(usize, EntryKey), (Entry, bool)> {
    let mut found = BTreeMap::new();
    for number in 0..MEMBERS {
        let owner = Owner::Member(member(number));
        let from = shop.store.walk_from(CHAIN, &owner).await.expect("a read").expect("a head");
        let lying = shop.store.walk(&from, 10_000).await.expect("a read").rows;
        let lying = lying.into_iter().skip(1).map_while(|row| match row {
            RawRow::Entry(entry) => Some((entry.key, entry.stays.is_some())),
            RawRow::Head(_) => None,
        });
        let archived: BTreeMap<Vec<u8>, bool> = lying.collect();
        let all =
            shop.store.entries(CHAIN, &member(number), Order::OldestFirst, &Cursor::default(), 10_000).await;
        for entry in all.expect("a read").rows {
            let is_archived = archived[&entry.key.to_bytes()];
            found.insert((number, entry.key), (entry, is_archived));
        }
    }
    found
}

/// Sales older than it must are archived, younger than it may are not.
async fn in_time(shop: &Shop, today: i64) -> usize {
    let mut moved = 0;
    for ((number, key), (entry, is_archived)) in rows(shop).await {
        if !matches!(key, EntryKey::Checkout(_) | EntryKey::Return(..)) {
            continue;
        }
        let age_ms = START_MS + today * DAY_MS - entry.written_ms;
        assert!(age_ms <= MUST * DAY_MS || is_archived, "{number}: {key:?} of {age_ms} ms lies in its place");
        assert!(age_ms >= MAY * DAY_MS || !is_archived, "{number}: {key:?} of {age_ms} ms is archived");
        moved += usize::from(is_archived);
    }
    moved
}

async fn balances(shop: &Shop) {
    for number in 0..MEMBERS {
        Account::of(shop, &member(number)).await.balances();
    }
    let report = audit(&*shop.store, None, |_| {}).await.expect("a report");
    assert!(report.balances(), "{report}");
}

/// Four years, with a worker that loses answers or is killed now and then.
async fn years(faulty: Option<u64>) {
    let folder = Folder::new();
    let plain: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&folder.file("store")).expect("a store"));
    let shop = Shop::of(Arc::clone(&plain), START_MS);
    let working = match faulty {
        Some(seed) => Shop::of(Arc::new(FaultyStore::new(plain, seed, Faults::default())), START_MS),
        None => shop.clone(),
    };
    shop.publish(PROGRAM).await;
    for number in 0..MEMBERS {
        shop.enrol(&member(number), None, None).await;
    }
    let mut worker = Running::start(&working);
    let mut answered = BTreeMap::new();
    let mut archived = 0;
    for day in (EVERY..=3 * 365).step_by(EVERY as usize) {
        for shop in [&shop, &working] {
            shop.set_now(START_MS + day * DAY_MS);
        }
        for number in 0..MEMBERS {
            buy(&shop, number, day, &format!("answer {number} {day}")).await;
        }
        // Killed somewhere in what it does on that day, which from the second year on is moving bodies too.
        if faulty.is_none() && day % 4 == 0 {
            tokio::time::sleep(std::time::Duration::from_micros(137 * day as u64 % 5_000)).await;
            archived += worker.2.read().archived;
            worker.kill().await;
            worker = Running::start(&working);
        }
        shop.quiet().await;
        for number in 0..MEMBERS {
            let found = shop.store.find_checkout(CHAIN, bought(number, day)).await.expect("a read");
            answered.insert((number, day), found.expect("a sale").entry);
        }
        if day % 90 == 0 {
            in_time(&shop, day).await;
        }
    }
    let today = 3 * 365;
    let moved = in_time(&shop, today).await;
    assert!(moved >= MEMBERS * 40, "{moved} bodies moved");
    balances(&shop).await;

    // Every sale is answered as it was, by any of the ways in which it is asked for.
    for ((number, day), entry) in &answered {
        let again = buy(&shop, *number, *day, "another answer").await;
        assert!(again.repeated && again.entry == *entry, "{number} {day}: {again:?}");
        assert_eq!(entry.answer, format!("answer {number} {day}").into_bytes());
    }
    // What comes back of the first sale, years later.
    let refunds = [back(&shop, 0, EVERY, 1, 1).await, back(&shop, 0, EVERY, 2, 2).await];
    let told = refunds.map(|recorded| {
        let returned = recorded.entry.returned.expect("a return");
        (returned.refund_minor, returned.points_taken_back, returned.whole)
    });
    assert_eq!(told, [(334, 4, false), (666, 6, true)]);
    shop.quiet().await;
    balances(&shop).await;

    // The returns move in their time too, and are known then.
    let today = today + MUST + 31;
    for shop in [&shop, &working] {
        shop.set_now(START_MS + today * DAY_MS);
    }
    shop.quiet().await;
    let first_return = EntryKey::Return(bought(0, EVERY), ReturnId::from_bytes(request(1)));
    let (before, is_archived) = rows(&shop).await.remove(&(0, first_return)).expect("a return");
    assert!(is_archived);
    let again = back(&shop, 0, EVERY, 1, 1).await;
    assert!(again.repeated && again.entry == before);
    in_time(&shop, today).await;
    balances(&shop).await;
    archived += worker.2.read().archived;
    assert!(faulty.is_some() || archived > 0, "nobody counted what moved");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn years_pass_while_workers_are_killed() {
    years(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn years_pass_while_answers_are_lost() {
    for seed in [1, 2] {
        println!("seed {seed}");
        years(Some(seed)).await;
    }
}
