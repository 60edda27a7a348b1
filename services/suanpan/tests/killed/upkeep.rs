//! What people do to a shop while it sells: members come from a file, twice and at once; the store is restored.

use std::fmt::Write as _;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use suanpan_rpc::member_v1::member_service_client::MemberServiceClient;
use suanpan_rpc::member_v1::{ListEntriesResponse, Member};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::Status;

use crate::call::read;
use crate::corner::{Corner, Place};
use crate::proof::Faults;
use crate::request::{get_entries, get_member};
use crate::server::Line;

/// Members that come from a file.
const IMPORTED: usize = 300;
/// How long an import may take, with every node that it is sent to killed now and then.
const PATIENCE: Duration = Duration::from_secs(120);

/// Addresses of the nodes that serve now.
pub(crate) type Addresses = watch::Receiver<Vec<String>>;

fn name(number: usize) -> String {
    format!("file-{number}")
}

fn points(number: usize) -> i64 {
    number as i64 % 7 * 50
}

/// Writes the file, a copy for each import: its journal lies beside it.
pub(crate) fn write_members(corner: &Corner) {
    let mut rows = "id,points\n".to_owned();
    for number in 0..IMPORTED {
        writeln!(rows, "{},{}", name(number), points(number)).expect("memory");
    }
    for copy in 0..2 {
        std::fs::write(corner.file(&format!("members-{copy}.csv")), &rows).expect("a file");
    }
}

/// Imports the file by two processes at once; gives how many runs it took.
pub(crate) async fn import(corner: &Corner, nodes: &Addresses) -> usize {
    let (first, second) = tokio::join!(imported(corner, nodes, 0), imported(corner, nodes, 1));
    first + second
}

/// Imports a copy of the file until it has come through: a run that lost its node is begun again.
async fn imported(corner: &Corner, nodes: &Addresses, copy: usize) -> usize {
    let (begun, mut runs) = (Instant::now(), 0);
    let file = corner.file(&format!("members-{copy}.csv")).display().to_string();
    loop {
        runs += 1;
        let node = serving(nodes, copy + runs).await;
        let told = suanpan(&["import", "members", &file, "--node", &node]).await;
        if told.status.success() {
            return runs;
        }
        let said = String::from_utf8_lossy(&told.stderr);
        assert!(begun.elapsed() < PATIENCE, "the import does not come through: {said}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// One of the nodes that serve, in turn.
async fn serving(nodes: &Addresses, turn: usize) -> String {
    let mut nodes = nodes.clone();
    let served = tokio::time::timeout(PATIENCE, nodes.wait_for(|nodes| !nodes.is_empty())).await;
    let nodes = served.expect("a node serves").expect("the cluster is kept");
    nodes[turn % nodes.len()].clone()
}

/// Restores the store from a copy. The copy has all of it: what came after an older one would be lost, and what was answered
/// would not be true any more. Nothing may run on it meanwhile.
pub(crate) async fn restored(corner: &Corner) {
    let Place::Cluster { contact, keyspace } = &corner.place else {
        let (store, copy) = (corner.store_file(), corner.file("copy.sqlite"));
        let (store, copy) = (store.to_str().expect("UTF-8"), copy.to_str().expect("UTF-8"));
        succeeds(&["backup", copy, "--store", store]).await;
        std::fs::remove_file(store).expect("a store");
        return succeeds(&["restore", copy, store]).await;
    };
    // As far as the store is concerned, servers copy and restore by themselves.
    let copies = contact.split(',').count().to_string();
    succeeds(&[
        "migrate",
        "--cql",
        contact,
        "--cql-keyspace",
        keyspace,
        "--replication",
        &copies,
        "--restored",
    ])
    .await;
}

/// Runs a verb until it has come through.
async fn succeeds(verb: &[&str]) {
    let begun = Instant::now();
    loop {
        let told = suanpan(verb).await;
        if told.status.success() {
            return;
        }
        let said = String::from_utf8_lossy(&told.stderr);
        assert!(begun.elapsed() < PATIENCE, "{}: {said}", verb[0]);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn suanpan(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_suanpan"));
    command.args(arguments);
    let told = tokio::task::spawn_blocking(move || command.output()).await;
    told.expect("no panic").expect("the binary runs")
}

/// Every row of the file is there once.
pub(crate) async fn prove(line: &Line, faults: &mut Faults) {
    let mut asked = JoinSet::new();
    for number in 0..IMPORTED {
        let line = line.clone();
        asked.spawn(async move {
            let name = name(number);
            let member: Result<Member, Status> = read!(&line, MemberServiceClient, get, get_member(&name));
            let entries: Result<ListEntriesResponse, Status> =
                read!(&line, MemberServiceClient, list_entries, get_entries(&name, String::new()));
            (number, member, entries)
        });
    }
    for (number, member, entries) in asked.join_all().await {
        let (name, points) = (name(number), points(number));
        let (Ok(member), Ok(entries)) = (&member, &entries) else {
            faults.unless(false, || format!("{name} is lost: {member:?}, {entries:?}"));
            continue;
        };
        let spendable = member.points.as_ref().map_or(0, |points| points.spendable);
        faults.equal(&spendable, &points, &format!("{name}: points"));
        // One row makes the member, and one brings the points if there are any.
        let rows = entries.entries.iter().filter(|entry| entry.key.starts_with("request:")).count();
        faults.equal(&rows, &if points > 0 { 2 } else { 1 }, &format!("{name}: rows"));
    }
}
