//! The shop at the corner: its program, its members, its codes, and the folder that everything of it lies in.

#![allow(dead_code)] // the tests of one machine need no cluster, and that of a cluster no file

use std::path::{Path, PathBuf};
use std::sync::Arc;

use suanpan_checkout::offer_key;
use suanpan_pricing_node::{code_hash, keys};
use suanpan_store::{CodeHash, Store};
use suanpan_store_embedded::EmbeddedStore;

#[cfg(feature = "cql-tests")]
use crate::chance::now_ms;

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

/// Where the store is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In a file of the folder.
    File,
    /// On a cluster.
    Cluster {
        /// Its servers.
        contact: String,
        /// The store's keyspace.
        keyspace: String,
    },
}

/// A folder with a program, a store that has codes in it, and its keys. It goes when it is dropped, unless something was
/// wrong with it.
pub(crate) struct Corner {
    folder: PathBuf,
    /// The secret that codes are hashed with.
    secret: [u8; 32],
    pub(crate) place: Place,
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
        let corner = Self::furnish(folder, Place::File, stock);
        corner.add_codes(&*corner.store().await).await;
        corner
    }

    /// A new shop on a cluster, in a keyspace of its own, with its program published.
    #[cfg(feature = "cql-tests")]
    pub(crate) async fn open_on(contact: &str, seed: u64, stock: Stock) -> Self {
        let name = format!("killed_{}_{seed}", std::process::id());
        let folder = std::env::temp_dir().join(format!("suanpan-{name}"));
        let place = Place::Cluster { contact: contact.to_owned(), keyspace: name };
        let corner = Self::furnish(folder, place, stock);
        suanpan_store_scylla::migrate(&corner.cql()).await.expect("a keyspace");
        let store = corner.store().await;
        let text = std::fs::read_to_string(corner.file("program.yaml")).expect("the program");
        let files = [suanpan_program::SourceFile::new("program.yaml", text)];
        let parsed = suanpan_program::parse(&files).unwrap_or_else(|problems| panic!("{problems}"));
        let published = suanpan_checkout::publish(&*store, &files, &parsed.program, now_ms()).await;
        published.expect("published");
        corner.add_codes(&*store).await;
        corner
    }

    /// How its cluster is reached.
    #[cfg(feature = "cql-tests")]
    fn cql(&self) -> suanpan_store_scylla::Options {
        let Place::Cluster { contact, keyspace } = &self.place else { panic!("the shop has no cluster") };
        let contact_points: Vec<String> = contact.split(',').map(str::to_owned).collect();
        suanpan_store_scylla::Options {
            replication: suanpan_store_scylla::Replication::Nodes(contact_points.len() as u8),
            contact_points,
            ..suanpan_store_scylla::Options::at("", keyspace.clone())
        }
    }

    async fn add_codes(&self, store: &dyn Store) {
        let codes: Vec<CodeHash> = self.codes().map(|code| self.hash(&code)).collect();
        store.add_codes(CHAIN, offer_key("fresh"), &codes).await.expect("codes");
    }

    fn furnish(folder: PathBuf, place: Place, stock: Stock) -> Self {
        std::fs::create_dir_all(&folder).expect("a folder");
        let money = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
        let program =
            PROGRAM.replace("@budget", &money(stock.budget_minor)).replace("@uses", &stock.uses.to_string());
        std::fs::write(folder.join("program.yaml"), program).expect("a program");
        let secret = keys(&folder.join("store.sqlite.keys")).expect("keys").secret;
        Self { folder, secret, place, stock }
    }

    /// A file of the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The store's file.
    pub(crate) fn store_file(&self) -> PathBuf {
        self.file("store.sqlite")
    }

    /// The store's keys.
    pub(crate) fn keys_file(&self) -> PathBuf {
        self.file("store.sqlite.keys")
    }

    /// Where the worker writes its events.
    pub(crate) fn events_file(&self) -> PathBuf {
        self.file("events.jsonl")
    }

    /// Every event that any worker wrote, one a line.
    pub(crate) fn events(&self) -> String {
        let files =
            std::fs::read_dir(&self.folder).expect("the folder").map(|file| file.expect("a file").path());
        let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
        files.map(|path| std::fs::read_to_string(path).expect("events")).collect()
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens the store here; no process may have its file.
    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        match &self.place {
            Place::File => Arc::new(EmbeddedStore::open(&self.store_file()).expect("the store opens")),
            #[cfg(feature = "cql-tests")]
            Place::Cluster { .. } => {
                let store = suanpan_store_scylla::ScyllaStore::connect(self.cql()).await;
                Arc::new(store.expect("the store is reached"))
            }
            #[cfg(not(feature = "cql-tests"))]
            Place::Cluster { .. } => panic!("built without a cluster's store"),
        }
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
