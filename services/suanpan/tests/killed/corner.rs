//! The shop at the corner: its program, its members, its codes, and the folder that everything of it lies in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use suanpan_checkout::offer_key;
use suanpan_pricing_node::{code_hash, keys};
use suanpan_store::{CodeHash, Store};
use suanpan_store_embedded::EmbeddedStore;

/// The chain.
pub(crate) const CHAIN: &str = "corner";

/// Points, tiers with a welcome, coupons of every kind, a limit and a budget for everybody.
const PROGRAM: &str = "
program: corner
currency: CNY
time_zone: Asia/Shanghai
engine_edition: 1
tiers:
  - { id: ordinary }
  - { id: silver, qualify: { spend: 300, within: 12 months }, welcome: { points: 50 } }
  - { id: gold, qualify: { spend: 3000, within: 12 months }, welcome: { points: 70 } }
promotions:
  - { id: spree, buy: { sku: [tea] }, effect: { percent_off: 10% }, limits: { budget: @budget } }
coupons:
  - { id: thanks, codes: owned, effect: { amount_off: 5.00 } }
  - { id: fresh, codes: { unique: { prefix: FR, length: 10 } }, effect: { amount_off: 3.00 } }
  - { id: rush, codes: { generic: [RUSH] }, effect: { amount_off: 2.00 }, limits: { in_total: @uses, given_back: on_full_return } }
points:
  earn: { per: 1.00, points: 1 }
  offset: { value: 0.01, at_least: 1, step: 1 }
  expire: { after: 12 months, at: end_of_month }
  activities: [{ id: check-in, points: 5, per_day: 40 }]
";

/// Points of one check-in.
pub(crate) const CHECK_IN_POINTS: i64 = 5;
/// The tiers in order, with the points that reaching them brings.
pub(crate) const WELCOMES: [(&str, i64); 3] = [("ordinary", 0), ("silver", 50), ("gold", 70)];

/// What there is of everything that is limited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stock {
    /// Uses of the code RUSH.
    pub(crate) uses: i64,
    /// What the spree may give, minor units.
    pub(crate) budget_minor: i64,
    /// Unique codes.
    pub(crate) codes: usize,
    /// Members.
    pub(crate) members: usize,
}

/// A folder with a program, a store that has codes in it, and its keys. It goes when it is dropped, unless something was
/// wrong with it.
pub(crate) struct Corner {
    folder: PathBuf,
    /// The secret that codes are hashed with.
    secret: [u8; 32],
    /// What there was to begin with.
    pub(crate) stock: Stock,
}

impl Drop for Corner {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("left for a look: {}", self.folder.display());
        } else {
            // What cannot be removed lies in the folder for temporary files.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

impl Corner {
    /// A new shop in a folder for temporary files.
    pub(crate) async fn open(name: &str, stock: Stock) -> Self {
        let folder = std::env::temp_dir().join(format!("suanpan-killed-{}-{name}", std::process::id()));
        Self::open_in(folder, stock).await
    }

    /// A new shop in a folder.
    pub(crate) async fn open_in(folder: PathBuf, stock: Stock) -> Self {
        std::fs::create_dir_all(&folder).expect("a folder");
        let money = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
        let program =
            PROGRAM.replace("@budget", &money(stock.budget_minor)).replace("@uses", &stock.uses.to_string());
        std::fs::write(folder.join("program.yaml"), program).expect("a program");
        let secret = keys(&folder.join("store.sqlite.keys")).expect("keys").secret;
        let corner = Self { folder, secret, stock };
        let store = corner.store();
        let codes: Vec<CodeHash> = corner.codes().map(|code| corner.hash(&code)).collect();
        store.add_codes(CHAIN, offer_key("fresh"), &codes).await.expect("codes");
        corner
    }

    /// A file of the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The store's file.
    pub(crate) fn store_file(&self) -> PathBuf {
        self.file("store.sqlite")
    }

    /// Where the worker writes its events.
    pub(crate) fn events_file(&self) -> PathBuf {
        self.file("events.jsonl")
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens the store here; no server may have it.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::new(EmbeddedStore::open(&self.store_file()).expect("the store opens"))
    }

    /// All unique codes.
    pub(crate) fn codes(&self) -> impl Iterator<Item = String> + use<> {
        (0..self.stock.codes).map(code)
    }

    /// What the store calls a code.
    pub(crate) fn hash(&self, code: &str) -> CodeHash {
        code_hash(&self.secret, code)
    }

    /// All members.
    pub(crate) fn members(&self) -> impl Iterator<Item = String> + use<> {
        (0..self.stock.members).map(member)
    }
}

/// A unique code by its number.
pub(crate) fn code(number: usize) -> String {
    format!("FR{number:08}")
}

/// A member by its number.
pub(crate) fn member(number: usize) -> String {
    format!("m-{number}")
}
