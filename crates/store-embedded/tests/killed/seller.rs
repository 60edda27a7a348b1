//! The process that is killed: some members, each asked for one thing after the other, all at once. It says what was
//! answered, on its standard output, after the answer.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use suanpan_store::{Cursor, Store as _};
use suanpan_store_embedded::EmbeddedStore;

use crate::account::{CHAIN, ask, history, member};

/// Names the file to sell in.
pub(crate) const FILE: &str = "SUANPAN_STORE_FILE";
/// Names a place to stop at, and how often it is passed before.
#[cfg(feature = "failpoints")]
pub(crate) const STOP: &str = "SUANPAN_STORE_STOP";
/// Members that buy at the same time.
pub(crate) const MEMBERS: u64 = 8;

/// The name of a member.
pub(crate) fn name(number: u64) -> String {
    format!("member-{number}")
}

/// Sells until the process is killed.
pub(crate) fn sell() {
    let path = PathBuf::from(std::env::var_os(FILE).expect("a file"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let begun = std::time::Instant::now();
    let store = Arc::new(EmbeddedStore::open(&path).expect("it opens after any kill"));
    say(&format!("open {}", begun.elapsed().as_micros()));
    #[cfg(feature = "failpoints")]
    if let Ok(stop) = std::env::var(STOP) {
        crate::stopped::stop_at(&stop);
    }
    runtime.block_on(async {
        let sellers: Vec<_> = (0..MEMBERS)
            .map(|number| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let member = member(&name(number));
                    let mut next = history(&store, &member).await.len() as u64;
                    while !store.is_poisoned() {
                        // The last request may have been written and not answered: it is asked for again.
                        let request = next.saturating_sub(1);
                        for request in request..next + 20 {
                            ask(store.as_ref(), &member, request).await.expect("a write");
                            say(&format!("done {number} {request}"));
                        }
                        next += 20;
                        // What is old goes out of the way meanwhile.
                        let moved = store.archive(CHAIN, &member, i64::MAX, &Cursor::default(), 100).await;
                        moved.expect("old rows");
                    }
                })
            })
            .collect();
        for seller in sellers {
            seller.await.expect("no seller panics");
        }
    });
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever does not listen any more has killed this process.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
