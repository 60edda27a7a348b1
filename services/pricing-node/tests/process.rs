//! The process itself: how it starts, what it says when it cannot, and how a signal ends it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process};

use suanpan_rpc::v1;
use suanpan_rpc::v1::pricing_service_client::PricingServiceClient;

const PROGRAM: &str = "
program: sunrise
currency: CNY
engine_edition: 1
promotions:
  - { id: happy-day, effect: { percent_off: 5% } }
";

/// A folder of one test, gone after it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = env::temp_dir().join(format!("suanpan-{}-{test}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn node(program: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pricing-node"));
    command.arg("--program").arg(program);
    command
        .env("SUANPAN_LISTEN", "127.0.0.1:0")
        .env("SUANPAN_ADMIN_LISTEN", "127.0.0.1:0")
        .stderr(Stdio::piped());
    command
}

/// A process that is not left behind when its test fails.
struct Started(Child);

impl Started {
    fn tell(&self, signal: &str) {
        let told = Command::new("sh").arg("-c").arg(format!("kill -{signal} {}", self.0.id())).status();
        assert!(told.unwrap().success());
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn text_after<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(key)?;
    rest.split(['"', ' ', ',']).find(|word| !word.is_empty())
}

// The client acknowledges that the server goes away while the test reads the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_it_in_order_and_another_publishes_the_program() {
    let folder = Folder::new("signals");
    let program = folder.file("sunrise.yaml", PROGRAM);
    let mut started = Started(node(&program).args(["--log-format", "json"]).spawn().unwrap());
    let mut log = BufReader::new(started.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    let serving = log.find(|line| line.contains("\"serving\"")).unwrap();
    let listen = text_after(&serving, "\"listen\":").unwrap();
    let mut client = PricingServiceClient::connect(format!("http://{listen}")).await.unwrap();
    let line = v1::Line {
        id: "L1".to_owned(),
        sku: "milk".to_owned(),
        quantity_milli: 1_000,
        unit_price_minor: Some(1_000),
        ..v1::Line::default()
    };
    let basket = v1::Basket {
        chain: "sunrise".to_owned(),
        currency: "CNY".to_owned(),
        lines: vec![line],
        ..v1::Basket::default()
    };
    let due = client.quote(basket.clone()).await.unwrap().into_inner().due_minor;
    assert_eq!(due, 950);

    folder.file("sunrise.yaml", &PROGRAM.replace("5%", "five"));
    started.tell("HUP");
    assert!(log.any(|line| line.contains("kept the old program")));
    assert_eq!(client.quote(basket.clone()).await.unwrap().into_inner().due_minor, 950);

    folder.file("sunrise.yaml", &PROGRAM.replace("5%", "10%"));
    started.tell("HUP");
    assert!(log.any(|line| line.contains("program published")));
    assert_eq!(client.quote(basket).await.unwrap().into_inner().due_minor, 900);

    started.tell("TERM");
    let told = Instant::now();
    assert!(log.any(|line| line.contains("InOrder")));
    assert_eq!(started.0.wait().unwrap().code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(10));
}

#[test]
fn what_is_wrong_at_start_is_said_with_its_own_exit_code() {
    let folder = Folder::new("start");
    let program = folder.file("sunrise.yaml", PROGRAM);
    let wrong = folder.file("wrong.yaml", &PROGRAM.replace("5%", "five"));
    let zone = folder.file("zone.yaml", &format!("{PROGRAM}time_zone: Asia/Nowhere\n"));
    let missing = folder.0.join("missing.yaml");
    let no_json = folder.file("no.json", "[{]");
    let member = folder.file("member.json", r#"[{ "chain": "sunrise", "points": "-1" }]"#);
    let usage = folder.file("usage.json", r#"{ "chain": "sunset" }"#);
    let (no_json, member, usage) =
        (no_json.to_str().unwrap(), member.to_str().unwrap(), usage.to_str().unwrap());
    let taker = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taker.local_addr().unwrap().to_string();
    for (program, arguments, code, said) in [
        (&program, &["--listen", "0.0.0.0:0"][..], 2, "--insecure-beyond-loopback"),
        (&program, &["--drain-lag", "5"], 2, "250ms"),
        (&program, &["--log", "=,="], 2, "--log"),
        (&missing, &[], 1, "missing.yaml"),
        (&wrong, &[], 1, "wrong.yaml:6"),
        (&zone, &[], 1, "Asia/Nowhere"),
        (&program, &["--members", no_json], 1, "line 1 column 3"),
        (&program, &["--members", member], 1, "[0].id is required"),
        (&program, &["--usage", usage], 1, "chain is another chain"),
        (&program, &["--admin-listen", &taken], 1, "cannot listen on 127.0.0.1"),
    ] {
        let output = node(program).args(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}
