//! Several processes at one store, as far as one test program can be several: each has its session, queues and memory.

use std::sync::Arc;

use futures_util::stream::{StreamExt, iter};
use suanpan_checkout::{Ask, BooksError, MemberAsk, Verb};
use suanpan_ledger::{Action, Actor, Refusal};
use suanpan_store::conformance::CHECKS;
use suanpan_store::{Cursor, LimitCap, Owner, Store, Taken};
use suanpan_store_scylla::ScyllaStore;

use crate::keyspace::{open, options};
use crate::script::{OFFER, books, checkout, guest, member, sale};
use crate::several::Several;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_check_holds_on_three_processes() {
    let options = options();
    let mut stores = vec![open(options.clone()).await];
    for _ in 0..2 {
        stores.push(Arc::new(ScyllaStore::connect(options.clone()).await.expect("a store")));
    }
    let several = Arc::new(Several::new(stores));
    for check in CHECKS {
        println!("{}", check.name);
        (check.run)(Arc::clone(&several) as Arc<dyn Store>, check.name).await;
    }
}

/// Buyers who ask at the same time.
const AT_ONCE: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_uses_are_sold_to_five_thousand_buyers() {
    let (uses, buyers, chain) = (1_000_i64, 5_000_u64, "crowd");
    let mut options = options();
    // Eight shards.
    options.uses_per_shard = 125;
    let mut shops = Vec::new();
    for turn in 0..4 {
        let store = match turn {
            0 => open(options.clone()).await,
            _ => Arc::new(ScyllaStore::connect(options.clone()).await.expect("a store")),
        };
        shops.push(books(store, chain));
    }
    let store = Arc::clone(&shops[0].store);
    let cap = LimitCap { uses: Some(uses), amount_minor: None };
    assert_eq!(store.set_limit(chain, OFFER, cap).await, Ok(cap));
    let tills = (1..=buyers).map(|number| {
        let books = shops[(number % 4) as usize].clone();
        async move {
            let ask = Ask {
                checkout: checkout(number),
                owner: guest(number),
                actor: Actor::default(),
                now_ms: 1_764_000_000_000,
                basket_hash: [3; 32],
                content_hash: [4; 32],
                sale: Arc::new(sale(0, None)),
                answer: Vec::new(),
                verb: Verb::Confirm,
                gone: None,
                unseen: false,
            };
            tokio::spawn(async move { books.sell(Arc::new(ask)).await }).await.expect("a till does not panic")
        }
    });
    let told: Vec<_> = iter(tills).buffer_unordered(AT_ONCE).collect().await;
    let sold = told.iter().filter(|told| told.is_ok()).count();
    for refused in told.iter().filter_map(|told| told.as_ref().err()) {
        match refused {
            BooksError::Refused(conflicts) => {
                assert_eq!(conflicts[0].reason, Refusal::GlobalLimit, "{refused:?}")
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(sold as i64, uses, "of {buyers} buyers");
    let limit = store.limits(chain).await.expect("limits").into_iter().next().expect("a limit");
    assert_eq!(limit.cap, Some(cap));
    assert_eq!(limit.used, Taken { uses, amount_minor: uses * 500 });
    assert_eq!((limit.held, limit.overrun), (Taken::default(), Taken::default()));
}

/// Reservations that hold all of a limit.
const RESERVED: u64 = 600;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_is_refused_behind_many_reservations_is_told_in_time() {
    let chain = "reserved";
    let books = books(open(options()).await, chain);
    let cap = LimitCap { uses: Some(RESERVED as i64), amount_minor: None };
    assert_eq!(books.store.set_limit(chain, OFFER, cap).await, Ok(cap));
    let now_ms = 1_764_000_000_000;
    let sell = |number, verb| {
        let ask = Ask {
            checkout: checkout(number),
            owner: guest(number),
            actor: Actor::default(),
            now_ms,
            basket_hash: [3; 32],
            content_hash: [3; 32],
            sale: Arc::new(sale(0, None)),
            answer: Vec::new(),
            verb,
            gone: None,
            unseen: false,
        };
        let books = books.clone();
        async move { books.sell(Arc::new(ask)).await }
    };
    let hold = Verb::Reserve { until_ms: now_ms + 60_000 };
    let held: Vec<_> =
        iter((1..=RESERVED).map(|number| sell(number, hold))).buffer_unordered(AT_ONCE).collect().await;
    assert!(held.iter().all(Result::is_ok), "{held:?}");
    // Each of them asks for all the others before it is refused: one by one, and each by itself, that would be 38,400
    // looks.
    let late = (1..=AT_ONCE as u64).map(|number| sell(RESERVED + number, Verb::Confirm));
    let told: Vec<_> = iter(late).buffer_unordered(AT_ONCE).collect().await;
    for told in told {
        match told {
            Err(BooksError::Refused(conflicts)) => assert_eq!(conflicts[0].reason, Refusal::GlobalLimit),
            other => panic!("{other:?}"),
        }
    }
    // What comes free is sold at once, although its reservation was seen to stand a moment ago.
    let cancel = books.cancel(checkout(1), &Actor::default(), now_ms).await;
    assert!(cancel.is_ok(), "{cancel:?}");
    let sold = sell(2 * RESERVED, Verb::Confirm).await;
    assert!(sold.is_ok(), "{sold:?}");
}

/// Tills that sell to one member at the same time, through two processes.
const TILLS: u64 = 64;
/// Sales at each of them: together more than may wait for accrual, several times.
const SALES: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tills_at_one_member_are_all_served() {
    let (options, chain) = (options(), "hot");
    let shops = [
        books(open(options.clone()).await, chain),
        books(Arc::new(ScyllaStore::connect(options).await.expect("a store")), chain),
    ];
    let enrol = Action::Enrol { request: [1; 16], content_hash: [1; 32], birthday: None, referred_by: None };
    let (request, actor) = ([1; 16], Actor::default());
    let ask = MemberAsk { member: member(), request, actor, now_ms: 1_764_000_000_000, action: enrol };
    shops[0].change(ask).await.expect("enrolled");
    let tills: Vec<_> = (0..TILLS)
        .map(|till| {
            let books = shops[(till % 2) as usize].clone();
            tokio::spawn(async move {
                for number in (1 + till * SALES)..=(till + 1) * SALES {
                    let mut sale = sale(0, None);
                    sale.global_uses.clear();
                    let ask = Ask {
                        checkout: checkout(number),
                        owner: Owner::Member(member()),
                        actor: Actor::default(),
                        now_ms: 1_764_000_000_000,
                        basket_hash: [3; 32],
                        content_hash: [4; 32],
                        sale: Arc::new(sale),
                        answer: Vec::new(),
                        verb: Verb::Confirm,
                        gone: None,
                        unseen: false,
                    };
                    let sold = books.sell(Arc::new(ask)).await;
                    assert!(sold.is_ok(), "till {till}, sale {number}: {sold:?}");
                }
            })
        })
        .collect();
    for till in tills {
        till.await.expect("a till is served");
    }
    shops[0].work(&member(), 1_764_000_000_000).await.expect("the rest");
    let row = shops[0].store.member(chain, &member()).await.expect("a look").expect("a member");
    assert_eq!(row.head.lots.iter().map(|lot| lot.points).sum::<i64>(), 30 * (TILLS * SALES) as i64);
    // One event for each sale, however many were put out together.
    let (mut after, mut events) = (Cursor::default(), 0);
    loop {
        let page = shops[0].store.outbox(chain, &after, 1_000).await.expect("events");
        events += page.rows.iter().filter(|event| event.kind == "points_earned").count() as u64;
        match page.next {
            Some(next) if !page.rows.is_empty() => after = next,
            _ => break,
        }
    }
    assert_eq!(events, TILLS * SALES);
}
