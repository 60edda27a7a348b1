//! The process itself: how it starts, what it says when it cannot, and how a signal ends it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::shop::Folder;

fn command(store: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accrual-worker"));
    command
        .arg("--store")
        .arg(store)
        .env("SUANPAN_WORKER_ADMIN_LISTEN", "127.0.0.1:0")
        .stderr(Stdio::piped());
    command
}

/// A process that is not left behind when its test fails.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What an admin port answers.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the admin port");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: worker\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn it_works_until_the_signal_and_keeps_others_out() {
    let folder = Folder::new();
    let store = folder.file("store");
    let mut started = Started(command(&store).spawn().expect("a process"));
    let mut lines = BufReader::new(started.0.stderr.take().expect("a pipe")).lines();
    let address = loop {
        let line = lines.next().expect("it says where it listens").expect("a text");
        let plain: String = strip(&line);
        if let Some((_, rest)) = plain.split_once("admin_listen=") {
            break rest.split_whitespace().next().expect("an address").to_owned();
        }
    };
    // The pipe has to be read, or the process waits for it.
    let rest = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
    let began = Instant::now();
    while !get(&address, "/readyz").starts_with("HTTP/1.1 200") {
        assert!(began.elapsed() < Duration::from_secs(30), "not ready");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(get(&address, "/livez").starts_with("HTTP/1.1 200"));
    assert!(get(&address, "/status").contains("\"last_pass\":{"));

    let second = command(&store).output().expect("a process");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("another process"), "{said}");

    let told = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", started.0.id())).status();
    assert!(told.expect("a shell").success());
    assert_eq!(started.0.wait().expect("it ends").code(), Some(0));
    let said = rest.join().expect("no panic").join("\n");
    assert!(strip(&said).contains("InOrder"), "{said}");
}

/// A line of the log without its colours.
fn strip(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[test]
fn a_wrong_option_is_named() {
    let folder = Folder::new();
    let secret = folder.file("secret");
    std::fs::write(&secret, "short\n").expect("a file");
    let with = |url: &str, secret: &Path| {
        let mut command = command(&folder.file("store"));
        let output = command.args(["--webhook", url, "--webhook-secret-file"]).arg(secret).output();
        let output = output.expect("a process");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (url, secret, expected) in [
        ("http://127.0.0.1:9/events", secret.as_path(), "5 bytes"),
        ("127.0.0.1:9", &folder.file("none"), "--webhook-secret-file"),
    ] {
        let (code, said) = with(url, secret);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    std::fs::write(&secret, "long enough to be a secret\n").expect("a file");
    let (code, said) = with("crm.example", &secret);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("crm.example"), "{said}");
}
