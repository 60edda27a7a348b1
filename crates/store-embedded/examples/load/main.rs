//! What the embedded store costs, against a bare loop of the same statements with the same bytes (the *floor*), in one
//! run, interleaved: `cargo run --release -p suanpan-store-embedded --example load [seconds] [rounds] [members]`.

mod floor;
mod members;
mod sell;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use suanpan_store_embedded::EmbeddedStore;

/// Members that buy; more than fit into one page of anything.
const MEMBERS: u64 = 20_000;

fn main() {
    let number =
        |at: usize, usual: u64| std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (seconds, rounds) = (Duration::from_secs(number(1, 4)), number(2, 3));
    let folder = std::env::temp_dir().join(format!("suanpan-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let mut best = Best::default();
    for round in 0..rounds {
        println!("round {}", round + 1);
        measure(&folder.join(format!("round-{round}")), seconds, &mut best);
    }
    best.print();
    let members = number(3, 1_000_000);
    println!("a scan of {members} members: {:?}", members::scan(&folder.join("scan"), members));
    // What is left behind lies in the folder for temporary files.
    let _ = std::fs::remove_dir_all(&folder);
}

/// The best figure of each kind, in the order in which they were measured first.
#[derive(Default)]
struct Best(Vec<(&'static str, f64)>);

impl Best {
    fn put(&mut self, what: &'static str, rate: f64) {
        println!("  {what:<42} {rate:>10.0}/s");
        match self.0.iter_mut().find(|(known, _)| *known == what) {
            Some((_, best)) => *best = best.max(rate),
            None => self.0.push((what, rate)),
        }
    }

    fn of(&self, what: &str) -> f64 {
        self.0.iter().find(|(known, _)| *known == what).map_or(f64::NAN, |(_, rate)| *rate)
    }

    #[expect(clippy::float_arithmetic, reason = "ratios of rates, no money")]
    fn print(&self) {
        println!("best of all rounds");
        for (what, rate) in &self.0 {
            println!("  {what:<42} {rate:>10.0}/s");
        }
        for (what, over) in [
            ("confirm, 64 callers", "floor of a confirm, batches of 64"),
            ("confirm, 1 caller", "floor of a confirm, one by one"),
            ("accrual, 64 callers", "floor of an accrual, batches of 64"),
            ("adjustment, 64 callers on one member", "adjustment, 64 callers on many"),
        ] {
            println!("  {:>5.1} % = {what} / {over}", 100.0 * self.of(what) / self.of(over));
        }
    }
}

fn measure(path: &Path, seconds: Duration, best: &mut Best) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let open = || Arc::new(EmbeddedStore::open(path).expect("a store"));
    let store = open();
    runtime.block_on(sell::enrol(&store, MEMBERS));
    drop(store);

    let written = sell::written();
    for (head, row) in &written {
        println!("  a head of {} bytes, a row of {} bytes", head.len(), row.len());
    }
    let mut floor = floor::Floor::open(path, sell::CHAIN, sell::name, MEMBERS, written);
    floor.grow();
    let confirms = floor.confirms(64, seconds);
    best.put("floor of a confirm, batches of 64", confirms.whole);
    best.put("floor of a confirm, batches of 64, log not folded", confirms.unfolded);
    best.put("floor of a confirm, one by one", floor.confirms(1, seconds).whole);
    best.put("floor of an accrual, batches of 64", floor.accruals(64, seconds).whole);
    floor.close();

    let store = open();
    let mut seller = sell::Seller::new(Arc::clone(&store), MEMBERS);
    // As long as the floor had for it.
    runtime.block_on(seller.confirms(64, Duration::from_secs(2)));
    seller.forget_waits();
    best.put("confirm, 64 callers", runtime.block_on(seller.confirms(64, seconds)));
    best.put("confirm, 1 caller", runtime.block_on(seller.confirms(1, seconds)));
    best.put("accrual, 64 callers", runtime.block_on(seller.accruals(64, seconds)));
    best.put("adjustment, 64 callers on many", runtime.block_on(seller.adjustments(64, MEMBERS, seconds)));
    best.put("adjustment, 64 callers on one member", runtime.block_on(seller.adjustments(64, 1, seconds)));
    best.put("walk, rows", runtime.block_on(members::walk(&store)));
    seller.print_waits();
}
