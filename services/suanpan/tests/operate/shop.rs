//! A store file, perhaps with a node, and the binary run on it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

pub(crate) const PROGRAM: &str = include_str!("sunrise.yaml");

/// Where the verbs of a test work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Each opens the file for itself.
    File,
    /// They speak to a node that has it.
    Node,
}

pub(crate) const BOTH: [Place; 2] = [Place::File, Place::Node];

/// A store in a folder that goes with the test.
pub(crate) struct Shop {
    folder: PathBuf,
    node: Option<Running>,
}

/// A node that does not outlive its test.
struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.node = None;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// What a run printed; it has to have ended well.
pub(crate) fn printed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// What a run that was refused said.
pub(crate) fn refused(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stderr)
}

pub(crate) fn json_of(output: &Output) -> Value {
    serde_json::from_str(&printed(output)).expect("one line of JSON")
}

impl Shop {
    /// A store with the program published into it.
    pub(crate) fn open(place: Place) -> Self {
        let mut shop = Self::empty();
        printed(&shop.run(&["publish", &shop.path("sunrise.yaml")]));
        if place == Place::Node {
            shop.serve();
        }
        shop
    }

    /// A folder with a program and no store yet.
    pub(crate) fn empty() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("suanpan-operate-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let shop = Self { folder, node: None };
        shop.write("sunrise.yaml", PROGRAM);
        shop
    }

    /// Starts a node on the store.
    pub(crate) fn serve(&mut self) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_suanpan"))
            .args(["serve", "--store", &self.path("store"), "--log-format", "json"])
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the node starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut told = String::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("the node ended: {told}")).expect("a line");
            let logged: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = logged["fields"]["listen"].as_str() {
                break address.to_owned();
            }
            told.push_str(&line);
        };
        // What it says later has to go somewhere.
        std::thread::spawn(move || for _ in lines {});
        self.node = Some(Running { child, address });
    }

    /// Stops the node, as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.node = None;
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.folder.join(name), text).expect("a file");
        self.path(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).expect("a file")
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A verb with its options, and where it works.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_suanpan"));
        command.args(arguments);
        match &self.node {
            Some(node) => command.args(["--node", &node.address]),
            None => command.args(["--store", &self.path("store")]),
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "")
    }

    /// With something on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).spawn().expect("the binary starts");
        // A verb that reads nothing may be gone already.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        child.wait_with_output().expect("the binary ends")
    }

    pub(crate) fn member(&self, id: &str) -> Value {
        json_of(&self.run(&["member", "get", id, "--format", "json"]))
    }

    pub(crate) fn enrol(&self, id: &str) {
        printed(&self.run(&["member", "enrol", id]));
    }

    /// Sells bread for 20.00 to a member; gives the sale.
    pub(crate) fn sell(&self, member: &str, codes: &[&str]) -> Value {
        let basket = basket(Some(member), codes).to_string();
        json_of(&self.run_with(&["checkout", "confirm", "--format", "json"], &basket))
    }

    /// The lines of an export.
    pub(crate) fn export(&self, what: &str) -> Vec<Value> {
        let lines = printed(&self.run(&["export", what]));
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// Two loaves for 20.00 in all.
pub(crate) fn basket(member: Option<&str>, codes: &[&str]) -> Value {
    json!({
        "chain": "sunrise",
        "currency": "CNY",
        "paymentKind": "card",
        "lines": [{ "id": "L1", "sku": "bread", "quantityMilli": 2_000, "unitPriceMinor": 1_000 }],
        "member": member.map(|id| json!({ "id": id })),
        "codes": codes,
    })
}
