//! `docs/integrate-a-till.md` as it stands: its program is served by the real binary, its commands are sent, its answers
//! are compared.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Puts ids in the place of the page's names, the same one each time.
fn filled(text: &str, ids: &mut HashMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let name: String = rest[at + 1..]
            .chars()
            .take_while(|letter| letter.is_ascii_uppercase() || *letter == '_')
            .collect();
        let count = ids.len();
        let id = ids.entry(name.clone()).or_insert_with(|| match name.as_str() {
            "YESTERDAY_MS" => (now_ms() - 86_400_000).to_string(),
            _ => format!("{:08x}-{:04x}-7000-8000-{count:012x}", now_ms() >> 16, now_ms() & 0xffff),
        });
        out.push_str(id);
        rest = &rest[at + 1 + name.len()..];
    }
    out + rest
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
    let mut ids = HashMap::new();
    let mut asked: Option<(String, String)> = None;
    let mut compared = 0;
    for block in &blocks {
        match block.kind {
            "sh" => {
                let text = filled(block.text, &mut ids);
                let (_, rest) = text.split_once("-d '").expect("a command with data");
                let (request, rest) = rest.split_once("' 127.0.0.1:7443 ").expect("an address");
                asked = Some((rest.trim().to_owned(), request.to_owned()));
            }
            "json" => {
                let (method, request) = asked.take().expect("an answer follows a command");
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
                let (method, request) = asked.take().expect("an error follows a command");
                let status = call(channel.clone(), &method, &request).await.expect_err(&method);
                assert_eq!(told(&status), block.text, "{method}\n{request}");
                compared += 1;
            }
            _ => {}
        }
    }
    assert!(asked.is_none(), "every command has its answer");
    assert!(compared >= 12, "{compared} answers compared");
}
