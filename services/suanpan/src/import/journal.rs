//! How far an import came: a small file beside the rows, so that a run that was cut short goes on. It saves time alone;
//! without it the same rows are sent again, which changes nothing.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::ImportOptions;
use crate::error::Error;
use crate::session::{Session, beside};

/// Where a run is.
pub(super) struct Journal {
    /// None for standard input, which cannot be read twice.
    path: Option<PathBuf>,
    /// Which run: the rows, what they are, and the store. A store that was restored is another one.
    run: Value,
    /// Rows that were seen.
    pub(super) rows: u64,
    /// Rows that were taken.
    pub(super) done: u64,
    /// Rows that were not.
    pub(super) bad: u64,
}

impl Journal {
    /// Goes on with an earlier run of the same rows on the same store, or begins.
    pub(super) fn open(session: &Session, options: &ImportOptions) -> Result<Self, Error> {
        if options.file == Path::new("-") {
            return Ok(Self { path: None, run: Value::Null, rows: 0, done: 0, bad: 0 });
        }
        let failed = |source| Error::Read { path: options.file.clone(), source };
        let run = json!({
            "what": options.what.name(),
            "campaign": options.campaign,
            "rows_sha256": fingerprint(&options.file).map_err(failed)?,
            "store": session.name,
            "chain": session.node.chain,
            "epoch": session.node.epoch,
        });
        let path = beside(&options.file, ".progress");
        let earlier = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let count = |name: &str| {
            let earlier = earlier.as_ref().filter(|earlier| earlier["run"] == run);
            earlier.and_then(|earlier| earlier[name].as_u64()).unwrap_or(0)
        };
        let (rows, done, bad) = (count("rows"), count("done"), count("bad"));
        Ok(Self { path: Some(path), run, rows, done, bad })
    }

    /// Keeps how far the run is. A folder that cannot be written costs the saved time alone.
    pub(super) fn save(&self) {
        let Some(path) = &self.path else { return };
        let state = json!({ "run": self.run, "rows": self.rows, "done": self.done, "bad": self.bad });
        let part = beside(path, ".part");
        // Moved over the old one in one step: a crash leaves one of them.
        let _ = fs::write(&part, state.to_string()).and_then(|()| fs::rename(&part, path));
    }

    /// The run is over.
    pub(super) fn remove(&self) {
        if let Some(path) = &self.path {
            // There is none after a short run.
            let _ = fs::remove_file(path);
        }
    }
}

fn fingerprint(path: &Path) -> std::io::Result<String> {
    let (mut file, mut hash, mut piece) = (File::open(path)?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(&piece[..read]);
    }
}
