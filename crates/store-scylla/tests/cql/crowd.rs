//! Several processes at one store, as far as one test program can be several: each has its session, queues and memory.

use std::sync::Arc;

use futures_util::stream::{StreamExt, iter};
use suanpan_checkout::{Ask, BooksError, Verb};
use suanpan_ledger::{Actor, Refusal};
use suanpan_store::conformance::CHECKS;
use suanpan_store::{LimitCap, Store, Taken};
use suanpan_store_scylla::ScyllaStore;

use crate::keyspace::{open, options};
use crate::script::{OFFER, books, checkout, guest, sale};
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
                sale: sale(0, None),
                answer: Vec::new(),
                verb: Verb::Confirm,
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
