//! A year of a chain's life, day by day: sales, returns, referrals, transfers, merges, reservations, birthdays, lapses,
//! with a worker that is killed in the middle, a file, and an address that fails at times.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use suanpan_accrual_worker::outbox::{FileSink, Sink, Webhook};
use suanpan_accrual_worker::{Ended, StatusBoard};
use suanpan_checkout::Verb;
use suanpan_domain::CheckoutId;
use suanpan_ledger::head::Status;
use suanpan_ledger::{Action, EntryKey, MovementKind, State};
use suanpan_store::{Cursor, Owner, Store, StoreError};
use suanpan_store_embedded::EmbeddedStore;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::ledgers::Account;
use crate::lossy::LossyFeed;
use crate::oracle::{
    self, Life, MERGE_DAY, RESERVE_DAY, TRANSFER_DAY, at_ms, birthday, brings_back, buys, earns, first_sale,
    month_day, pays_points,
};
use crate::receiver::{Receiver, SECRET, once};
use crate::shop::{CHAIN, Folder, Shop, checkout, member, request, sale};

/// A worker that runs.
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Ended>,
    board: Arc<StatusBoard>,
}

impl Running {
    fn start(shop: &Shop, events: &Path, url: &str) -> Self {
        let webhook =
            Webhook::new(url.to_owned(), SECRET.into(), shop.clock()).expect("an address and a secret");
        let sinks: Vec<Arc<dyn Sink>> = vec![Arc::new(FileSink::new(events.to_owned())), Arc::new(webhook)];
        let worker = shop.worker(sinks);
        let (stop, stopped) = oneshot::channel();
        let board = worker.status();
        let task = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await });
        Self { stop, task, board }
    }

    async fn end(self) -> Ended {
        self.stop.send(()).expect("it runs");
        self.task.await.expect("no panic")
    }

    /// Ends it as a kill would, whatever it is doing.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.is_err_and(|error| error.is_cancelled()));
    }
}

/// Opens a file as soon as whoever had it has let go of it: a killed worker's last steps end first.
async fn open(path: &Path) -> Arc<dyn Store> {
    for _ in 0..10_000 {
        match EmbeddedStore::open(path) {
            Ok(store) => return Arc::new(store),
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(1)).await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("somebody keeps the store open");
}

fn checkout_of(member: usize, day: i64) -> CheckoutId {
    checkout(at_ms(day), member as u64)
}

/// What happens of itself on a day.
async fn trade(shop: &Shop, members: usize, day: i64) {
    let mut tills = JoinSet::new();
    for number in 0..members {
        let shop = shop.clone();
        if tills.len() >= 64 {
            tills.join_next().await.expect("a till").expect("no panic");
        }
        tills.spawn(async move { of_one(&shop, number, day).await });
    }
    while let Some(till) = tills.join_next().await {
        till.expect("no panic");
    }
}

async fn of_one(shop: &Shop, number: usize, day: i64) {
    let (who, now_ms) = (member(number), shop.now_ms());
    let life = Life::of(number);
    if brings_back(number, day) {
        shop.give_back(&who, checkout_of(number, first_sale(number)), 1).await;
    }
    if buys(number, day) {
        let paid = 500 + number as i64;
        let sold = sale(now_ms, paid, earns(number, day), pays_points(number, day));
        shop.sell(Owner::Member(who.clone()), checkout_of(number, day), sold, Verb::Confirm).await;
    }
    if life == Life::Giver && day == TRANSFER_DAY {
        let request = request(2);
        let to = member(number + 1);
        shop.ask(&who, request, Action::TransferOut { request, content_hash: [5; 32], to, points: 15 }).await;
    }
    if life == Life::Forgetful && day == RESERVE_DAY {
        let verb = Verb::Reserve { until_ms: now_ms + 3_600_000 };
        let kept = checkout(now_ms, 10_000 + number as u64);
        shop.sell(Owner::Member(who), kept, sale(now_ms, 100, 0, 5), verb).await;
    }
}

async fn merge_twins(shop: &Shop, members: usize) {
    for number in (0..members).filter(|number| Life::of(*number) == Life::Twin) {
        let (source, survivor, request) = (member(number), member(number + 1), request(3));
        let action = Action::MergeLock { request, content_hash: [6; 32], source: source.clone() };
        let ask = shop.member_ask(&survivor, request, action);
        shop.books().await.merge(ask, source).await.expect("merged");
    }
}

/// Lives through the days, with a kill in the middle of the trade of one of them.
async fn live(members: usize, days: i64, killed_on: i64, lossy: bool) {
    let folder = Folder::new();
    let (file, events) = (folder.file("store"), folder.file("events"));
    let receiver = Receiver::start().await;
    let open = async |now_ms| {
        let plain = open(&file).await;
        let feed = lossy.then(|| Arc::new(LossyFeed::new(Arc::clone(&plain), 1)));
        let store = feed.as_ref().map_or(plain, |feed| Arc::clone(feed) as Arc<dyn Store>);
        (Shop::of(store, now_ms), feed)
    };
    let (mut shop, mut feed) = open(at_ms(0)).await;
    shop.publish(oracle::PROGRAM).await;
    for number in 0..members {
        let brought_by = (Life::of(number) == Life::Friend).then(|| member(number + 1));
        shop.enrol(&member(number), Some(month_day(birthday(number))), brought_by).await;
    }
    let mut worker = Running::start(&shop, &events, &receiver.url);
    for day in 0..=days {
        shop.set_now(at_ms(day));
        trade(&shop, members, day).await;
        if day == killed_on {
            worker.kill().await;
            drop(feed.take());
            drop(shop);
            (shop, feed) = open(at_ms(day)).await;
            worker = Running::start(&shop, &events, &receiver.url);
        }
        shop.quiet().await;
        if day == MERGE_DAY {
            merge_twins(&shop, members).await;
            shop.quiet().await;
        }
    }
    let mut accounts = Vec::new();
    for number in 0..members {
        accounts.push(Account::of(&shop, &member(number)).await);
    }
    let expected: BTreeSet<String> = accounts.iter().flat_map(Account::events).collect();
    arrived(&shop, &receiver, expected.len()).await;
    let board = Arc::clone(&worker.board);
    assert_eq!(worker.end().await, Ended::InOrder);
    let status = board.read();
    assert!(status.passes > 0 && status.accrued > 0 && status.failing == 0, "{status:?}");
    if let Some(feed) = &feed {
        assert!(feed.lost() > 0, "the feed lost nothing");
    }

    for (number, account) in accounts.iter().enumerate() {
        account.balances();
        of_life(number, account, days);
    }
    let sum = |kind| accounts.iter().map(|account| account.sum(kind)).sum::<i64>();
    assert_eq!(sum(MovementKind::TransferredIn), sum(MovementKind::TransferredOut));
    let parked = shop.store.parked(CHAIN, &Cursor::default(), 10).await.expect("a read");
    assert!(parked.rows.is_empty(), "{:?}", parked.rows);

    let (came, doubles) = receiver.events();
    assert!(doubles > 0, "answers were lost");
    let text = std::fs::read_to_string(&events).expect("a file of events");
    let lines: Vec<_> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (lines, _) = once(&lines);
    let keys = |events: &[serde_json::Value]| -> BTreeSet<String> {
        events.iter().map(|event| event["key"].as_str().expect("a key").to_owned()).collect()
    };
    assert_eq!(keys(&lines), expected);
    assert_eq!(came, lines, "both sinks have the same, in the same order");
    for (number, account) in
        accounts.iter().enumerate().filter(|(number, _)| Life::of(*number) == Life::Plain)
    {
        told(number, account, &lines, days);
    }
}

/// Waits until every event arrived everywhere and was forgotten.
async fn arrived(shop: &Shop, receiver: &Receiver, events: usize) {
    for _ in 0..60_000 {
        let left = shop.store.outbox(CHAIN, &Cursor::default(), 1).await.expect("a read").rows;
        if left.is_empty() && receiver.count() >= events {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} of {events} events arrived", receiver.count());
}

/// What a member's life has to have brought.
fn of_life(number: usize, account: &Account, days: i64) {
    let who = &account.member;
    let own = oracle::own(number, days);
    let earned = account.sum(MovementKind::Earned);
    let taken_back = account.sum(MovementKind::TakenBack);
    let (up, down) = (account.count(MovementKind::TierUp), account.count(MovementKind::TierDown));
    let returned = |friend: usize| friend % 20 == 2;
    match Life::of(number) {
        Life::Keen => {
            assert_eq!(earned, own + 200, "{who}");
            let at =
                |kind| account.movements().find(|moved| moved.kind == kind).map(|movement| movement.at_ms);
            // The tenth purchase of 31 days is that of day 27, 28 January. Two months and ten days of grace later, on
            // 8 April, ten purchases lie within 31 days; on 19 June none does.
            assert_eq!((up, at(MovementKind::TierUp)), (1, Some(at_ms(27))), "{who}");
            let falls = (days >= 169).then_some(at_ms(169));
            assert_eq!((down, at(MovementKind::TierDown)), (usize::from(falls.is_some()), falls), "{who}");
        }
        Life::Plain => {
            let plain = oracle::plain(number, days);
            assert_eq!((earned, account.sum(MovementKind::Expired)), (plain.earned, plain.expired), "{who}");
        }
        Life::Spender => {
            let spent = (0..=days).filter(|day| buys(number, *day)).map(|day| pays_points(number, day));
            assert_eq!((earned, account.sum(MovementKind::Spent)), (own, spent.sum()), "{who}");
        }
        Life::Friend => {
            assert_eq!(earned, own + 100, "{who}");
            let back = if returned(number) { earns(number, first_sale(number)) + 100 } else { 0 };
            assert_eq!(taken_back, back, "{who}");
        }
        Life::Referrer => {
            assert_eq!(earned, own + 200, "{who}");
            assert_eq!(taken_back, if returned(number - 1) { 200 } else { 0 }, "{who}");
        }
        Life::Giver => assert_eq!((earned, account.sum(MovementKind::TransferredOut)), (own, 15), "{who}"),
        Life::Taker => assert_eq!((earned, account.sum(MovementKind::TransferredIn)), (own, 15), "{who}"),
        Life::Twin => {
            let survivor = (days >= MERGE_DAY).then(|| member(number + 1));
            let status = match survivor {
                Some(survivor) => Status::Closed { survivor: Some(survivor) },
                None => Status::Active,
            };
            assert_eq!((&account.head.status, earned), (&status, own), "{who}");
        }
        Life::Survivor => assert!(earned >= own, "{who}: {earned} of {own}"),
        Life::Forgetful => {
            assert_eq!(earned, own, "{who}");
            let kept = EntryKey::Checkout(checkout(at_ms(RESERVE_DAY), 10_000 + number as u64));
            let row = account.rows.iter().find(|row| row.key == kept);
            assert_eq!(row.map(|row| row.state), Some(State::Cancelled), "{who}");
            let freed = (account.sum(MovementKind::Held), account.sum(MovementKind::Freed));
            assert_eq!(freed, (5, 5), "{who}");
        }
    }
    if Life::of(number) != Life::Keen && Life::of(number) != Life::Survivor {
        assert_eq!((up, down), (0, 0), "{who}");
    }
}

/// What a plain member was told.
fn told(number: usize, account: &Account, events: &[serde_json::Value], days: i64) {
    let who = account.member.as_str();
    let plain = oracle::plain(number, days);
    let of = |kind: &str| -> Vec<&serde_json::Value> {
        events.iter().filter(|event| event["member"] == who && event["kind"] == kind).collect()
    };
    let points = |events: &[&serde_json::Value]| -> Vec<i64> {
        events.iter().map(|event| event["points"].as_i64().expect("points")).collect()
    };
    assert_eq!(points(&of("points_expiring")), plain.reminders, "{who}");
    for reminder in of("points_expiring") {
        let ahead = reminder["expires_unix_ms"].as_i64().expect("an instant")
            - reminder["at_unix_ms"].as_i64().expect("an instant");
        assert!((27 * oracle::DAY_MS..=31 * oracle::DAY_MS).contains(&ahead), "{reminder}");
    }
    assert_eq!(points(&of("points_expired")).iter().sum::<i64>(), plain.expired, "{who}");
    assert_eq!(points(&of("points_earned")).iter().sum::<i64>(), plain.earned, "{who}");
    assert_eq!(of("birthday").len(), plain.birthdays, "{who}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_passes() {
    live(200, 364, 180, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scan_finds_what_the_feed_loses() {
    live(60, 100, 50, true).await;
}
