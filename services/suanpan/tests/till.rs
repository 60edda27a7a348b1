//! `docs/integrate-a-till.md` as it stands: its program is served by the real binary, its commands are run by a shell and
//! sent, its answers are compared.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use suanpan_rpc::checkout_v1::checkout_service_client::CheckoutServiceClient;
use suanpan_rpc::member_v1::member_service_client::MemberServiceClient;
use suanpan_rpc::v1::pricing_service_client::PricingServiceClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

const PAGE: &str = include_str!("../../../docs/integrate-a-till.md");
/// The worker needs a moment; answers that wait for it are asked for again.
const PATIENCE: Duration = Duration::from_secs(20);

/// A fenced block of the page.
struct Block<'a> {
    kind: &'a str,
    text: &'a str,
}

fn blocks() -> Vec<Block<'static>> {
    let mut blocks = Vec::new();
    let mut rest = PAGE;
    while let Some(start) = rest.find("\n```") {
        let block = &rest[start + 4..];
        let (kind, body) = block.split_once('\n').expect("a block has lines");
        let end = body.find("\n```").expect("a block ends");
        blocks.push(Block { kind, text: &body[..end] });
        rest = &body[end + 4..];
    }
    blocks
}

/// What a shell makes of the page's commands, in their order: the method and what is sent.
fn asked(folder: &Path) -> Vec<(String, String)> {
    let (programs, calls) = (folder.join("programs"), folder.join("calls"));
    std::fs::create_dir_all(&programs).unwrap();
    std::fs::create_dir_all(&calls).unwrap();
    // Stands where grpcurl would: keeps its arguments and what it is given to send.
    let stub = "#!/bin/sh\n{ echo \"$*\"; cat; } > \"$CALLS/$(ls \"$CALLS\" | wc -l | xargs printf %03d)\"\n";
    std::fs::write(programs.join("grpcurl"), stub).unwrap();
    std::fs::set_permissions(programs.join("grpcurl"), Permissions::from_mode(0o755)).unwrap();
    let commands: Vec<_> =
        blocks().iter().filter(|block| block.kind == "sh").map(|block| block.text).collect();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let script = format!("set -eu\n{}\n", commands.join("\n"));
    let ran =
        Command::new("sh").arg("-c").arg(script).env("PATH", path).env("CALLS", &calls).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let mut files: Vec<_> = std::fs::read_dir(&calls).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let call = |file: PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        let (arguments, sent) = text.split_once('\n').expect("arguments");
        let method = arguments.strip_prefix("-plaintext -d @ 127.0.0.1:7443 ");
        (method.expect("a call of the page").to_owned(), sent.to_owned())
    };
    files.into_iter().map(call).collect()
}

/// A node of the real binary in a folder of its own.
struct Shop {
    child: Child,
    folder: PathBuf,
    address: String,
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn serve(program: &str) -> Shop {
    let folder = std::env::temp_dir().join(format!("suanpan-till-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("corner-shop.yaml"), program).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_suanpan"))
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-format", "json"])
        .arg("--program")
        .arg(folder.join("corner-shop.yaml"))
        .arg("--store")
        .arg(folder.join("shop.sqlite"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().expect("the node says where it listens").unwrap();
        let Ok(said) = serde_json::from_str::<Value>(&line) else { continue };
        if said["fields"]["message"] == "serving" {
            break said["fields"]["listen"].as_str().unwrap().to_owned();
        }
    };
    // The log is read on, so that the node never waits for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    Shop { child, folder, address }
}

async fn call(channel: Channel, method: &str, request: &str) -> Result<Value, Status> {
    macro_rules! sent {
        ($client:ident, $verb:ident) => {{
            let message =
                serde_json::from_str(request).unwrap_or_else(|error| panic!("{method}: {error}\n{request}"));
            let answer = $client::new(channel).$verb(tonic::Request::new(message)).await;
            answer.map(Response::into_inner).map(|answer| serde_json::to_value(answer).unwrap())
        }};
    }
    match method.rsplit_once('.').map_or(method, |(_, name)| name) {
        "PricingService/Quote" => sent!(PricingServiceClient, quote),
        "MemberService/Enrol" => sent!(MemberServiceClient, enrol),
        "MemberService/Get" => sent!(MemberServiceClient, get),
        "CheckoutService/Reserve" => sent!(CheckoutServiceClient, reserve),
        "CheckoutService/Confirm" => sent!(CheckoutServiceClient, confirm),
        "CheckoutService/Cancel" => sent!(CheckoutServiceClient, cancel),
        "CheckoutService/Return" => sent!(CheckoutServiceClient, r#return),
        "CheckoutService/RecordOfflineSale" => sent!(CheckoutServiceClient, record_offline_sale),
        "CheckoutService/RecordOfflineReturn" => sent!(CheckoutServiceClient, record_offline_return),
        "CheckoutService/GetCheckout" => sent!(CheckoutServiceClient, get_checkout),
        other => panic!("the page calls {other}, which this test does not know"),
    }
}

/// Whether everything that the page shows is in the answer.
fn shows(answer: &Value, shown: &Value) -> bool {
    match (answer, shown) {
        (Value::Object(answer), Value::Object(shown)) => {
            shown.iter().all(|(key, shown)| answer.get(key).is_some_and(|answer| shows(answer, shown)))
        }
        (Value::Array(answer), Value::Array(shown)) => {
            answer.len() == shown.len()
                && answer.iter().zip(shown).all(|(answer, shown)| shows(answer, shown))
        }
        _ => answer == shown,
    }
}

/// An error as the page writes it: code, reason, conflicts.
fn told(status: &Status) -> String {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
    let conflicts =
        details.precondition_failure().map(|failure| failure.violations.clone()).unwrap_or_default();
    let code = match status.code() {
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        other => panic!("{other:?}: {}", status.message()),
    };
    let mut words = vec![code.to_owned(), reason];
    words.extend(
        conflicts.into_iter().map(|conflict| conflict.r#type).filter(|kind| kind != "CONTENT_DIFFERS"),
    );
    words.join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_can_be_followed() {
    let blocks = blocks();
    let program = blocks.iter().find(|block| block.kind == "yaml").expect("a program");
    let shop = serve(program.text);
    let endpoint = Endpoint::from_shared(format!("http://{}", shop.address)).unwrap();
    let channel = endpoint.connect().await.unwrap();
    let mut calls = asked(&shop.folder).into_iter();
    let mut compared = 0;
    for block in &blocks {
        match block.kind {
            "json" => {
                let (method, request) = calls.next().expect("an answer follows a command");
                let shown: Value = serde_json::from_str(block.text).expect("JSON");
                let start = Instant::now();
                loop {
                    let answer = call(channel.clone(), &method, &request).await;
                    let answer = answer.unwrap_or_else(|status| panic!("{method}: {status}\n{request}"));
                    if shows(&answer, &shown) {
                        break;
                    }
                    assert!(start.elapsed() < PATIENCE, "{method}\n{request}\n{answer:#}\nis not\n{shown:#}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                compared += 1;
            }
            "error" => {
                let (method, request) = calls.next().expect("an error follows a command");
                let status = call(channel.clone(), &method, &request).await.expect_err(&method);
                assert_eq!(told(&status), block.text, "{method}\n{request}");
                compared += 1;
            }
            _ => {}
        }
    }
    assert!(calls.next().is_none(), "every command has its answer");
    assert!(compared >= 12, "{compared} answers compared");
}
