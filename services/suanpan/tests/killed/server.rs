//! The real process: started on a store, killed, started again.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};
use tonic::transport::{Channel, Endpoint};

use crate::corner::Corner;
use crate::proof::Faults;
use crate::upkeep::{self, Addresses};

/// How long a process may take to serve, or to end, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Lines of a log that are shown when something is wrong.
const LINES_MAX: usize = 60;

/// A process that is not left behind.
pub(crate) struct Process {
    pub(crate) child: Child,
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let lines = self.lines.lock().map(|lines| lines.clone()).unwrap_or_default();
            lines.iter().for_each(|line| println!("  server: {line}"));
        }
    }
}

impl Process {
    /// Starts a program that logs in JSON. What the receiver gives is what its message `sign` has under `key`.
    pub(crate) fn spawn(mut command: Command, sign: &str, key: &str) -> (Self, oneshot::Receiver<String>) {
        let (sign, key) = (format!("\"{sign}\""), format!("\"{key}\":"));
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let log = BufReader::new(child.stderr.take().expect("its log"));
        let lines = Arc::new(Mutex::new(VecDeque::with_capacity(LINES_MAX)));
        let kept = Arc::clone(&lines);
        let (tell, told) = oneshot::channel();
        std::thread::spawn(move || {
            let mut tell = Some(tell);
            for line in log.lines().map_while(Result::ok) {
                if line.contains(&sign)
                    && let Some(address) = text_after(&line, &key)
                    && let Some(tell) = tell.take()
                {
                    // Whoever started it may have killed it meanwhile.
                    let _ = tell.send(address.to_owned());
                }
                let mut kept = kept.lock().expect("nobody panics with it");
                if kept.len() == LINES_MAX {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        });
        (Self { child, lines }, told)
    }

    /// Kills it as the system would when power or memory is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is dead");
    }

    /// Sends it a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let told = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(told.expect("the program kill").success());
    }

    /// Tells it to end, which it has to do in order.
    pub(crate) async fn end(mut self) {
        self.signal("TERM");
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a state") {
                assert!(status.success(), "it ends in order, not with {status}");
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// What serves the tills of a shop.
pub(crate) trait House {
    /// Where tills call.
    fn line(&self) -> Line;
    /// Starts everything, and waits until it serves.
    async fn open(&mut self);
    /// Ends everything in order.
    async fn close(&mut self);
    /// Proves what else was done in it than what tills asked for.
    async fn prove(&self, _line: &Line, _faults: &mut Faults) {}
}

/// The connections to the processes that serve now.
pub(crate) type Line = watch::Receiver<Vec<Channel>>;

/// Keeps one shop's process.
pub(crate) struct Keeper<'c> {
    corner: &'c Corner,
    line: watch::Sender<Vec<Channel>>,
    addresses: watch::Sender<Vec<String>>,
    process: Option<Process>,
    /// Members came from a file meanwhile.
    pub(crate) imported: bool,
    /// From the start of a process to its first answer, for each that was started after a kill.
    pub(crate) reopened: Vec<Duration>,
    /// Processes that were killed.
    pub(crate) kills: usize,
}

impl<'c> Keeper<'c> {
    pub(crate) fn of(corner: &'c Corner) -> Self {
        Self {
            corner,
            line: watch::Sender::new(Vec::new()),
            addresses: watch::Sender::new(Vec::new()),
            process: None,
            imported: false,
            reopened: Vec::new(),
            kills: 0,
        }
    }

    /// Where the process serves now.
    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses.subscribe()
    }

    /// Starts a process and does not wait for it. What it gives is where it serves.
    pub(crate) fn spawn(&mut self, more: &[(&str, &str)]) -> oneshot::Receiver<String> {
        assert!(self.process.is_none(), "one process for a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_suanpan"));
        command.arg("serve").arg("--program").arg(self.corner.file("program.yaml"));
        command.arg("--store").arg(self.corner.store_file());
        command.arg("--outbox-file").arg(self.corner.events_file());
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-format", "json"]);
        command.envs(more.iter().copied());
        let (process, told) = Process::spawn(command, "serving", "listen");
        self.process = Some(process);
        told
    }

    /// Starts a process and waits until it serves.
    pub(crate) async fn start(&mut self, more: &[(&str, &str)]) {
        assert!(self.starts(more).await, "the process does not serve");
    }

    /// Starts a process and waits until it serves; false when it ends before.
    pub(crate) async fn starts(&mut self, more: &[(&str, &str)]) -> bool {
        let begun = Instant::now();
        let told = self.spawn(more);
        let address = tokio::time::timeout(PATIENCE, told).await.expect("it serves or ends");
        let Ok(address) = address else { return false };
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let Ok(channel) = endpoint.connect().await else { return false };
        if self.kills > 0 {
            self.reopened.push(begun.elapsed());
        }
        self.line.send_replace(vec![channel]);
        self.addresses.send_replace(vec![address]);
        true
    }

    /// Kills it as the system would when power or memory is gone.
    pub(crate) fn kill(&mut self) {
        self.process.take().expect("a process").kill();
        self.kills += 1;
        self.hang_up();
    }

    /// Whether it has ended by itself, which then counts as a kill.
    pub(crate) fn has_died(&mut self) -> bool {
        let Some(process) = &mut self.process else { return true };
        let died = process.child.try_wait().expect("a state").is_some();
        if died {
            self.process = None;
            self.kills += 1;
            self.hang_up();
        }
        died
    }

    /// Tells it to end, which it has to do in order.
    pub(crate) async fn end(&mut self) {
        self.hang_up();
        self.process.take().expect("a process").end().await;
    }

    /// Nobody serves any more.
    fn hang_up(&self) {
        self.line.send_replace(Vec::new());
        self.addresses.send_replace(Vec::new());
    }
}

impl House for Keeper<'_> {
    async fn prove(&self, line: &Line, faults: &mut Faults) {
        if self.imported {
            upkeep::prove(line, faults).await;
        }
    }

    fn line(&self) -> Line {
        self.line.subscribe()
    }

    async fn open(&mut self) {
        self.start(&[]).await;
    }

    async fn close(&mut self) {
        self.end().await;
    }
}

fn text_after<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(key)?;
    rest.split(['"', ' ', ',']).find(|word| !word.is_empty())
}
