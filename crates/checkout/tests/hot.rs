//! Many tills sell to one member at once, on a store that takes its time: everybody is served, whatever waits to be accrued.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use suanpan_checkout::{Ask, Books, BooksError, MemberAsk, Queues, Verb};
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::limits::PENDING_MAX;
use suanpan_ledger::sale::{Sale, SaleLine, SaleRun, Tender};
use suanpan_ledger::{Action, Actor, Policy, State};
use suanpan_store::{Cursor, Faults, FaultyStore, Order, Owner, Store};
use suanpan_store_embedded::EmbeddedStore;

const CHAIN: &str = "rush";
/// When everything happens, Unix milliseconds.
const NOW_MS: i64 = 1_764_000_000_000;
/// Tills at once: more than there is room for.
const TILLS: u64 = PENDING_MAX as u64 + 32;

fn checkout(number: u64) -> CheckoutId {
    let mut id = [0x70; 16];
    id[..6].copy_from_slice(&NOW_MS.to_be_bytes()[2..]);
    id[8..].copy_from_slice(&number.to_be_bytes());
    CheckoutId::from_bytes(id).unwrap()
}

fn sale() -> Sale {
    let run = SaleRun { units: 1, paid_minor: 3_000, points_earned: 30, ..SaleRun::default() };
    let line = SaleLine {
        id: "1".to_owned(),
        sku: "sku".to_owned(),
        quantity_milli: 1_000,
        paid_minor: 3_000,
        points_earned: 30,
        runs: vec![run],
        ..SaleLine::default()
    };
    Sale {
        business_ms: NOW_MS,
        program_version: "p1".to_owned(),
        lines: vec![line],
        due_minor: 3_000,
        tenders: vec![Tender { kind: "cash".to_owned(), amount_minor: 3_000 }],
        points_earned: 30,
        qualifying_minor: 3_000,
        ..Sale::default()
    }
}

async fn sell(books: &Books, member: &MemberId, number: u64) -> Result<State, BooksError> {
    let ask = Ask {
        checkout: checkout(number),
        owner: Owner::Member(member.clone()),
        actor: Actor::default(),
        now_ms: NOW_MS,
        basket_hash: [3; 32],
        content_hash: [4; 32],
        sale: Arc::new(sale()),
        answer: Vec::new(),
        verb: Verb::Confirm,
        gone: None,
        unseen: false,
    };
    books.sell(Arc::new(ask)).await.map(|recorded| recorded.entry.state)
}

/// Sells to one member, so often at each till, and gives the sales that were accrued meanwhile by those who needed room.
async fn rush(name: &str, faults: Faults, tills: u64, sales: u64) -> u64 {
    let folder = std::env::temp_dir().join(format!("suanpan-hot-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&folder.join("store.sqlite")).unwrap());
    let store: Arc<dyn Store> = Arc::new(FaultyStore::new(store, 7, faults));
    let policy = Arc::new(Policy::plain(jiff::tz::TimeZone::UTC));
    let books = Books { store, chain: CHAIN.to_owned(), policy, queues: Queues::default() };
    let member = MemberId::new("anna").unwrap();
    let enrol = Action::Enrol { request: [1; 16], content_hash: [1; 32], birthday: None, referred_by: None };
    let (request, actor) = ([1; 16], Actor::default());
    let ask = MemberAsk { member: member.clone(), request, actor, now_ms: NOW_MS, action: enrol };
    books.change(ask).await.unwrap();
    let next = Arc::new(AtomicU64::new(1));
    let tills: Vec<_> = (0..tills)
        .map(|till| {
            let (books, member, next) = (books.clone(), member.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                for sale in 0..sales {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    // Some give up while they wait, and come again: nobody waits for them.
                    if (till + sale) % 8 == 0 {
                        let short = Duration::from_millis(till % 16);
                        let _gave_up = tokio::time::timeout(short, sell(&books, &member, number)).await;
                    }
                    let state = sell(&books, &member, number).await;
                    assert!(
                        matches!(state, Ok(State::Confirmed | State::Done)),
                        "till {till}, sale {sale}: {state:?}"
                    );
                }
            })
        })
        .collect();
    for till in tills {
        till.await.unwrap();
    }
    let sold = next.load(Ordering::Relaxed) - 1;
    let before = books.work(&member, NOW_MS).await.unwrap();
    let row = books.store.member(CHAIN, &member).await.unwrap().unwrap();
    let points: i64 = row.head.lots.iter().map(|lot| lot.points).sum();
    assert_eq!(points, 30 * i64::try_from(sold).unwrap(), "each sale is accrued once");
    let begin = Cursor::default();
    let rows = books.store.entries(CHAIN, &member, Order::OldestFirst, &begin, 10_000).await.unwrap().rows;
    assert_eq!(rows.iter().filter(|row| row.sale.is_some() && row.accrued_version != 0).count() as u64, sold);
    std::fs::remove_dir_all(folder).unwrap();
    sold - u64::from(before.accrued)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tills_at_one_member_are_all_served() {
    let none =
        Faults { lost_before: 0, lost_after: 0, busy: 0, delayed: 0, delay_ms_max: 0, decided_again: 0 };
    let slow = Faults { delayed: 1_000, delay_ms_max: 2, ..none };
    // Where calls keep their order, many make room at once; where they do not, each entry is a call of its own.
    for (name, faults, sales) in [("in-order", none, 10), ("slow", slow, 4)] {
        let accrued = rush(name, faults, TILLS, sales).await;
        assert!(accrued > 0, "{name}: nobody needed room");
    }
}
