//! A folder of a test's own, gone with it; and the one store that damage is planted in.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use suanpan_store_embedded::EmbeddedStore;

use crate::till;

pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("suanpan-audit-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for temporary files");
        Self(folder)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Copies a chain's life, which is made once.
pub(crate) async fn copy_of_a_life(to: &Path) {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    if BYTES.get().is_none() {
        let scratch = Scratch::new();
        let store = std::sync::Arc::new(EmbeddedStore::open(&scratch.file("life.db")).expect("a store"));
        till::life(store.clone()).await;
        let copy = scratch.file("copy.db");
        store.backup(&copy).expect("a copy");
        let _ = BYTES.set(std::fs::read(copy).expect("its bytes"));
    }
    std::fs::write(to, BYTES.get().expect("made above")).expect("a copy of the copy");
}
