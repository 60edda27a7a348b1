//! One node: its folder, its process, whether it answers.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Paxos, Shape, failed, jars, memory};
use crate::TaskError;

/// Where clients connect.
const PORT: u16 = 9_042;
/// How long a node may take to end in order.
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// A third of the ring each, so that nothing has to move when the others come.
const TOKENS: [&str; 3] = ["-6148914691236517206", "0", "6148914691236517206"];

pub(super) struct Node {
    folder: PathBuf,
    number: u8,
    /// Of all nodes.
    count: u8,
}

impl Node {
    pub(super) fn new(cassandra: &Path, number: u8, count: u8) -> Self {
        Self { folder: cassandra.join(format!("node-{number}")), number, count }
    }

    fn address(&self) -> String {
        format!("127.0.0.{}", self.number)
    }

    pub(super) fn endpoint(&self) -> String {
        format!("{}:{PORT}", self.address())
    }

    /// Starts with an empty folder, which lies in memory when that is given. The process goes on when this one ends.
    pub(super) fn start(
        &self,
        root: &Path,
        lib: &Path,
        shape: Shape,
        memory: Option<&Path>,
    ) -> Result<(), TaskError> {
        if self.folder.symlink_metadata().is_ok() {
            std::fs::remove_dir_all(&self.folder).map_err(|source| self.file("", source))?;
        }
        match memory {
            Some(memory) => memory::link(&self.folder, memory),
            None => std::fs::create_dir_all(&self.folder),
        }
        .map_err(|source| self.file("", source))?;
        let ours = root.join("xtask/cassandra");
        let read = |name: &str| {
            let path = ours.join(name);
            std::fs::read_to_string(&path).map_err(|source| TaskError::File { path, source })
        };
        self.write("cassandra.yaml", &self.configured(&read("cassandra.yaml")?, shape))?;
        self.write("logback.xml", &read("logback.xml")?)?;
        self.write("java.args", &self.arguments(&read("jvm.args")?, lib, shape)?)?;
        let output = self.folder.join("output.log");
        let output = File::create(&output).map_err(|source| self.file("output.log", source))?;
        let errors = output.try_clone().map_err(|source| self.file("output.log", source))?;
        let mut java = Command::new(jars::java());
        java.arg(format!("@{}", self.folder.join("java.args").display()));
        java.stdin(Stdio::null()).stdout(output).stderr(errors);
        // Out of the terminal's reach: it is stopped by `down`, not by the end of this command.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut java, 0);
        let child = java.spawn().map_err(|source| TaskError::NotStarted {
            step: "cassandra",
            program: "java".to_owned(),
            source,
        })?;
        self.write("pid", &child.id().to_string())
    }

    fn configured(&self, template: &str, shape: Shape) -> String {
        let seeds: Vec<String> = (1..=self.count).map(|number| format!("127.0.0.{number}:7000")).collect();
        // Group commit without waiting for company; the period alone means nothing to it.
        let sync = if shape.durable { "batch" } else { "periodic\ncommitlog_sync_period: 10000ms" };
        let paxos = match shape.paxos {
            Paxos::V1 => "v1",
            Paxos::V2 => "v2",
        };
        template
            .replace("{{address}}", &self.address())
            .replace("{{token}}", TOKENS[usize::from(self.number - 1)])
            .replace("{{seeds}}", &seeds.join(","))
            .replace("{{commitlog_sync}}", sync)
            .replace("{{paxos_variant}}", paxos)
    }

    /// Everything that `java` is told, one argument a line.
    fn arguments(&self, machine: &str, lib: &Path, shape: Shape) -> Result<String, TaskError> {
        let folder = self.folder.display();
        let agent = std::fs::read_dir(lib)
            .map_err(|source| TaskError::File { path: lib.to_path_buf(), source })?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("jamm-")))
            .ok_or_else(|| failed("jars are missing", "remove target/cassandra/lib and start again"))?;
        let own = [
            format!("-javaagent:{}", agent.display()),
            format!("-Dcassandra.config=file://{folder}/cassandra.yaml"),
            format!("-Dcassandra.storagedir={folder}"),
            format!("-Dcassandra.logdir={folder}"),
            format!("-Dlogback.configurationFile=file:{folder}/logback.xml"),
            "-Dcassandra-foreground=yes".to_owned(),
            format!("-Dcassandra.jmx.local.port={}", 7_199 + u16::from(self.number)),
            // Nobody waits for neighbours that are on the same machine.
            "-Dcassandra.skip_wait_for_gossip_to_settle=0".to_owned(),
            "-Dcassandra.ring_delay_ms=1000".to_owned(),
            "-Dcassandra.superuser_setup_delay_ms=0".to_owned(),
            "-Dcassandra.shutdown_announce_in_ms=0".to_owned(),
            "-Dcassandra.available_processors=2".to_owned(),
            "-Dcassandra.load_ring_state=false".to_owned(),
            // Tests make hundreds of tables. A node that nobody kills need not write each change to its disk at once.
            format!("-Dcassandra.test.flush_local_schema_changes={}", shape.durable),
            "-cp".to_owned(),
            format!("{folder}:{}/*", lib.display()),
            "org.apache.cassandra.service.CassandraDaemon".to_owned(),
        ];
        Ok(format!("{}\n{}\n", machine.trim_end(), own.join("\n")))
    }

    fn pid(&self) -> Option<u32> {
        std::fs::read_to_string(self.folder.join("pid")).ok()?.trim().parse().ok()
    }

    /// Whether the process that was started is still there, and no other that has its number by now.
    pub(super) fn runs(&self) -> bool {
        let Some(pid) = self.pid() else { return false };
        let Ok(told) = Command::new("ps").args(["-o", "state=,args=", "-p", &pid.to_string()]).output()
        else {
            return false;
        };
        let told = String::from_utf8_lossy(&told.stdout);
        !told.trim_start().starts_with('Z')
            && told.contains(&self.folder.join("java.args").display().to_string())
    }

    /// Whether it speaks CQL: asked for its options, which needs no login.
    pub(super) fn answers(&self) -> bool {
        let Ok(address) = self.endpoint().parse::<SocketAddr>() else { return false };
        let ask = || -> std::io::Result<u8> {
            let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
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

    /// Ends the process in order, or else at once.
    pub(super) fn stop(&self) -> Result<(), TaskError> {
        let Some(pid) = self.pid() else { return Ok(()) };
        for signal in ["-TERM", "-KILL"] {
            let kill = Command::new("kill").args([signal, &pid.to_string()]).status();
            kill.map_err(|source| TaskError::NotStarted {
                step: "cassandra",
                program: "kill".to_owned(),
                source,
            })?;
            let until = Instant::now() + ENDS_WITHIN;
            while self.runs() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(100));
            }
            if !self.runs() {
                return Ok(());
            }
        }
        Err(failed("a node does not end", &format!("end process {pid} by hand")))
    }

    /// The end of what it wrote, for whoever wonders why it does not run.
    pub(super) fn last_words(&self) -> String {
        let text = |name: &str| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        let log = text("output.log") + &text("system.log");
        let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with("INFO")).collect();
        let last = lines[lines.len().saturating_sub(5)..].join("\n");
        format!("it last wrote, in {}:\n{last}", self.folder.display())
    }

    fn write(&self, name: &str, text: &str) -> Result<(), TaskError> {
        std::fs::write(self.folder.join(name), text).map_err(|source| self.file(name, source))
    }

    fn file(&self, name: &str, source: std::io::Error) -> TaskError {
        TaskError::File { path: self.folder.join(name), source }
    }
}
