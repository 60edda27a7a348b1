//! What the worker costs, against a bare loop of the same statements with the same bytes (the *floor*); rows of
//! `cargo xtask targets`, separated by tabs:
//! `cargo run --release -p suanpan-accrual-worker --example accruals [name of a row] [members] [rounds]`.
//!
//! Each member has one confirmed sale; the worker finds them all by one pass of its scan, credits their points, writes
//! their events, and marks them as out: two commits of each member's account.

mod floor;

use std::path::Path;
use std::sync::Arc;

use suanpan_accrual_worker::{Pace, StoredPolicies, Worker};
use suanpan_checkout::{Ask, Books, MemberAsk, Verb, publish};
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::sale::{SaleLine, SaleRun, Tender};
use suanpan_ledger::{Action, Actor, Sale};
use suanpan_program::{SourceFile, parse};
use suanpan_store::{Owner, Store};
use suanpan_store_embedded::EmbeddedStore;

const CHAIN: &str = "chain";
const NOW_MS: i64 = 1_764_000_000_000;
const PROGRAM: &str = "
program: chain
currency: EUR
engine_edition: 1
time_zone: Europe/Berlin
tiers:
  - id: ordinary
  - { id: silver, qualify: { spend: 1000, within: 12 months } }
points:
  earn: { per: 1.00 }
  offset: { value: 0.01 }
  expire: { after: 12 months, at: end_of_month, remind_before: 1 month }
";

#[expect(clippy::float_arithmetic, reason = "rates and their ratio, no money")]
fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    if !("accruals".contains(&wanted) || wanted.starts_with("accruals")) {
        return;
    }
    let number =
        |at: usize, usual: u64| std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (members, rounds) = (number(2, 20_000), number(3, 5));
    let folder = std::env::temp_dir().join(format!("suanpan-accruals-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let mut best = (0.0_f64, 0.0_f64);
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let (path, copy) = (folder.join(format!("{round}")), folder.join(format!("{round}-floor")));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(sell(&path, members));
        std::fs::copy(&path, &copy).expect("a copy of a closed store");
        let worker = runtime.block_on(work(&path, members));
        let floor = floor::accruals(&copy, &path, members);
        ratios.push(100.0 * worker / floor);
        best = (best.0.max(worker), best.1.max(floor));
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
    let verdict = if ratio >= 60.0 { "pass" } else { "miss" };
    println!("accruals by the worker / floor\t{ratio:.0} %\t>= 60 %\t>= 85 %\t{verdict}");
    println!("accruals/s by the worker; floor\t{:.0}; {:.0}\t-\t-\tpass", best.0, best.1);
    // What is left behind lies in the folder for temporary files.
    let _ = std::fs::remove_dir_all(&folder);
}

fn member(number: u64) -> MemberId {
    MemberId::new(format!("member-{number:08}")).expect("a short name")
}

/// A number as an id: a sale's as a UUIDv7.
fn id(number: u64) -> [u8; 16] {
    let mut id = [0x70; 16];
    id[..6].copy_from_slice(&NOW_MS.to_be_bytes()[2..]);
    id[8..].copy_from_slice(&number.to_be_bytes());
    id[8] = 0x80;
    id
}

/// Three lines, as a small shop sells.
fn sale() -> Sale {
    let line = |number: i64| SaleLine {
        id: number.to_string(),
        sku: format!("400638133393{number}"),
        quantity_milli: 1_000,
        paid_minor: 499,
        tax_minor: 80,
        points_earned: 5,
        runs: vec![SaleRun {
            units: 1,
            paid_minor: 499,
            tax_minor: 80,
            points_earned: 5,
            ..SaleRun::default()
        }],
        ..SaleLine::default()
    };
    Sale {
        business_ms: NOW_MS,
        program_version: "6f1ed002ab5595859014ebf0951522d9".to_owned(),
        lines: (1..=3).map(line).collect(),
        due_minor: 1_497,
        tenders: vec![Tender { kind: "card:visa".to_owned(), amount_minor: 1_497 }],
        points_earned: 15,
        qualifying_minor: 1_497,
        ..Sale::default()
    }
}

/// A store in which every member has one sale that waits.
async fn sell(path: &Path, members: u64) {
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(path).expect("a store"));
    let files = [SourceFile::new("program.yaml", PROGRAM)];
    let program = parse(&files).expect("a program").program;
    publish(&*store, &files, &program, NOW_MS).await.expect("published");
    let policies = StoredPolicies::new(Arc::clone(&store), Arc::new(|| NOW_MS));
    let books =
        suanpan_accrual_worker::Policies::books(&policies, CHAIN).await.expect("rules").expect("active");
    let tills: Vec<_> = (0..128)
        .map(|till| {
            let books = books.clone();
            tokio::spawn(async move {
                for number in (till..members).step_by(128) {
                    buy(&books, number).await;
                }
            })
        })
        .collect();
    for till in tills {
        till.await.expect("no panic");
    }
}

async fn buy(books: &Books, number: u64) {
    let (who, request) = (member(number), id(number));
    let action = Action::Enrol { request, content_hash: [0; 32], birthday: None, referred_by: None };
    let actor = Actor { id: "till-07".to_owned(), channel: "pos".to_owned(), ..Actor::default() };
    let ask = MemberAsk { member: who.clone(), request, actor: actor.clone(), now_ms: NOW_MS, action };
    books.change(ask).await.expect("enrolled");
    let ask = Ask {
        checkout: CheckoutId::from_bytes(id(number)).expect("version 7"),
        owner: Owner::Member(who),
        actor,
        now_ms: NOW_MS,
        basket_hash: [7; 32],
        content_hash: [8; 32],
        sale: Arc::new(sale()),
        answer: vec![0x42; 300],
        verb: Verb::Confirm,
        gone: None,
        unseen: false,
    };
    books.sell(Arc::new(ask)).await.expect("sold");
}

/// Accruals in a second.
#[expect(clippy::float_arithmetic, reason = "a rate, no money")]
async fn work(path: &Path, members: u64) -> f64 {
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(path).expect("a store"));
    let policies = Arc::new(StoredPolicies::new(Arc::clone(&store), Arc::new(|| NOW_MS)));
    let worker = Worker::new(store, policies, Arc::new(|| NOW_MS), Pace::default(), Vec::new());
    let pass = worker.pass().await.expect("a pass");
    let status = worker.status().read();
    assert_eq!((status.accrued, status.emitted, status.failing), (members, members, 0), "{status:?}");
    members as f64 / pass.took.as_secs_f64()
}
