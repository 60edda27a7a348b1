//! How long a store takes to open when its process was killed while it sold.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use suanpan_store_embedded::EmbeddedStore;

use crate::hall::Hall;

/// What this program is told to be the one that is killed.
pub(crate) const SELL: &str = "--sell-until-killed";
/// Members that buy from it.
const MEMBERS: u64 = 2_000;
/// What it has sold before it is killed.
const SELLS: Duration = Duration::from_secs(3);

/// Sells until it is killed; says so when it has begun.
pub(crate) fn sell(path: &Path) -> ! {
    let mut hall = if path.exists() { Hall::open(path) } else { Hall::make(path, MEMBERS) };
    println!("selling");
    loop {
        hall.confirms(64, MEMBERS, Duration::from_secs(60));
    }
}

/// Lets another process sell from this file, kills it, and tells how long the file takes to open. What was answered is
/// there and balances.
pub(crate) fn reopen(path: &Path) -> Duration {
    let program = std::env::current_exe().expect("this program");
    let mut selling =
        Command::new(program).arg(SELL).arg(path).stdout(Stdio::piped()).spawn().expect("a process");
    let mut told = BufReader::new(selling.stdout.take().expect("its output"));
    told.read_line(&mut String::new()).expect("a line");
    std::thread::sleep(SELLS);
    selling.kill().expect("it ran");
    selling.wait().expect("it ended");
    let begun = Instant::now();
    let store = EmbeddedStore::open(path).expect("a store");
    let took = begun.elapsed();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let report = runtime.block_on(suanpan_audit::audit(&store, None, |_| {})).expect("a report");
    assert!(report.balances(), "{report}");
    took
}
