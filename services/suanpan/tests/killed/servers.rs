//! The database servers that `cargo xtask cassandra up` started: killed, frozen, started again as they were.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to answer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// So much of a server's log is shown when it does not come back.
const LAST_LINES: usize = 30;

/// One server.
pub(crate) struct Server {
    folder: PathBuf,
    address: SocketAddr,
    pid: u32,
    /// When this process started it.
    child: Option<Child>,
}

/// A server that was given, by its `host:port`: nobody may kill it.
pub(crate) fn given() -> Option<String> {
    std::env::var("SUANPAN_CQL").ok().filter(|given| !given.is_empty())
}

/// The servers that run.
pub(crate) fn all() -> Vec<Server> {
    if given().is_some() {
        println!("the server that was given is left alone");
        return Vec::new();
    }
    let folder = std::env::var_os("SUANPAN_CASSANDRA").map_or_else(default_folder, PathBuf::from);
    let servers: Vec<Server> = (1..=3)
        .filter_map(|number| {
            let folder = folder.join(format!("node-{number}"));
            let pid = std::fs::read_to_string(folder.join("pid")).ok()?.trim().parse().ok()?;
            let address = SocketAddr::from(([127, 0, 0, number], 9_042));
            Some(Server { folder, address, pid, child: None })
        })
        .filter(Server::answers)
        .collect();
    assert!(
        !servers.is_empty(),
        "no server answers: start three with `cargo xtask cassandra up --nodes 3 --durable --in-memory`"
    );
    if servers.len() < 3 {
        println!("{} of 3 servers answer: they are left alone", servers.len());
    }
    servers
}

/// Beside the folder of what was built: this program lies in `deps` of it.
fn default_folder() -> PathBuf {
    let program = std::env::current_exe().expect("this program");
    program.ancestors().nth(3).expect("the target folder").join("cassandra")
}

impl Server {
    /// Where it is reached.
    pub(crate) fn endpoint(&self) -> String {
        self.address.to_string()
    }

    fn signal(&self, name: &str) {
        let told = Command::new("kill").arg(format!("-{name}")).arg(self.pid.to_string()).status();
        assert!(told.expect("the program kill").success());
    }

    /// Nobody hears of it until [`thaw`](Self::thaw).
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    /// It goes on as if nothing had been.
    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    /// Kills it as the system would when power or memory is gone.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }

    /// Starts it again as it was started, and does not wait.
    pub(crate) fn start(&mut self) {
        let log = std::fs::File::options().append(true).create(true).open(self.folder.join("output.log"));
        let log = log.expect("its log");
        let mut java = Command::new(java());
        java.arg(format!("@{}", self.folder.join("java.args").display()));
        java.stdin(Stdio::null()).stdout(log.try_clone().expect("its log")).stderr(log);
        // It outlives this test, as it did before.
        std::os::unix::process::CommandExt::process_group(&mut java, 0);
        let child = java.spawn().expect("java starts");
        self.pid = child.id();
        std::fs::write(self.folder.join("pid"), self.pid.to_string()).expect("a folder");
        self.child = Some(child);
    }

    /// Waits until it answers.
    pub(crate) async fn serves(&self) {
        let begun = Instant::now();
        while !self.answers() {
            assert!(begun.elapsed() < PATIENCE, "{} does not answer; {}", self.address, self.last_words());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The end of what it wrote, for whoever wonders why it does not come back.
    fn last_words(&self) -> String {
        let text = |name: &str| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        let log = text("output.log") + &text("system.log");
        let lines: Vec<&str> = log.lines().collect();
        format!("it last wrote:\n{}", lines[lines.len().saturating_sub(LAST_LINES)..].join("\n"))
    }

    fn answers(&self) -> bool {
        let ask = || -> std::io::Result<u8> {
            let mut stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(1))?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            // Version 4, no flags, stream 0, OPTIONS, no body.
            stream.write_all(&[4, 0, 0, 0, 5, 0, 0, 0, 0])?;
            let mut header = [0; 9];
            stream.read_exact(&mut header)?;
            Ok(header[4])
        };
        // SUPPORTED.
        ask().is_ok_and(|opcode| opcode == 6)
    }
}

fn java() -> PathBuf {
    match std::env::var_os("JAVA_HOME") {
        Some(home) => PathBuf::from(home).join("bin/java"),
        None => PathBuf::from("java"),
    }
}
