//! Backup beside sales, restore, audit, export.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::shop::{BOTH, Place, Shop, basket, printed, refused};

#[test]
fn a_backup_beside_sales_is_a_store_that_balances() {
    let mut shop = Shop::open(Place::Node);
    printed(&shop.run(&["member", "enrol", "m-1", "--card", "4711"]));
    for _ in 0..3 {
        shop.sell("m-1", &[]);
    }
    let shop = {
        let (selling, sold) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while selling.load(Ordering::Acquire) {
                        shop.sell("m-1", &[]);
                        sold.fetch_add(1, Ordering::AcqRel);
                    }
                });
            }
            let enough = |count: u64| {
                while sold.load(Ordering::Acquire) < count {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
            };
            enough(2);
            let told = printed(&shop.run(&["backup", &shop.path("copy")]));
            assert!(told.contains("1 members") && told.contains("checked"), "{told}");
            enough(sold.load(Ordering::Acquire) + 2);
            selling.store(false, Ordering::Release);
        });
        let over = refused(&shop.run(&["backup", &shop.path("copy")]), 3);
        assert!(over.contains("is there already\n  help: name a new file"), "{over}");
        printed(&shop.run(&["audit"]));
        shop.kill();
        shop
    };
    let live: Vec<_> = shop.export("checkouts");
    let restore = std::process::Command::new(env!("CARGO_BIN_EXE_suanpan"))
        .args(["restore", &shop.path("copy"), &shop.path("restored"), "--keys", &shop.path("store.keys")])
        .output()
        .expect("the binary ends");
    assert!(!printed(&restore).contains("warning"));
    let on_restored = |arguments: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_suanpan"))
            .args(arguments)
            .args(["--store", &shop.path("restored")])
            .output()
            .expect("the binary ends")
    };
    let told = printed(&on_restored(&["audit"]));
    assert!(told.contains("everything balances"), "{told}");
    assert!(printed(&on_restored(&["member", "get", "--card", "4711"])).starts_with("m-1  active"));
    let ids = |text: &str| -> Vec<String> {
        let id = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            row["checkoutId"].as_str().expect("an id").to_owned()
        };
        text.lines().map(id).collect()
    };
    let kept = ids(&printed(&on_restored(&["export", "checkouts"])));
    let all: Vec<&str> = live.iter().filter_map(|sale| sale["checkoutId"].as_str()).collect();
    assert!(kept.len() >= 5 && kept.len() <= all.len(), "{} of {}", kept.len(), all.len());
    assert!(kept.iter().all(|id| all.contains(&id.as_str())), "what was copied had been sold");

    let again = std::process::Command::new(env!("CARGO_BIN_EXE_suanpan"))
        .args(["restore", &shop.path("copy"), &shop.path("restored")])
        .output()
        .expect("the binary ends");
    assert!(refused(&again, 3).contains("is there already\n  help: name a new file"));
}

#[test]
fn exports_stream_every_row_and_files_are_whole() {
    for place in BOTH {
        let shop = Shop::open(place);
        let mut rows = String::from("id,points\n");
        for number in 0..1_500 {
            rows.push_str(&format!("m-{number:04},1\n"));
        }
        let file = shop.write("members.csv", &rows);
        printed(&shop.run(&["import", "members", &file]));
        let guest = basket(None, &[]).to_string();
        printed(&shop.run_with(&["checkout", "confirm"], &guest));
        shop.sell("m-0001", &[]);

        let out = shop.path("members.jsonl");
        let told = shop.run(&["export", "members", "--out", &out]);
        assert_eq!(printed(&told), "");
        let lines = shop.read("members.jsonl");
        assert_eq!(lines.lines().count(), 1_500, "{place:?}");
        assert!(!shop.folder().join("members.jsonl.part").exists());
        // Enrolled and adjusted; one has a sale.
        assert_eq!(shop.export("entries").len(), 3_001);
        let sales = printed(&shop.run(&["export", "checkouts", "--quotes"]));
        assert_eq!(sales.lines().count(), 2);
        assert!(sales.lines().all(|line| line.contains("\"quote\":")), "{sales}");
        printed(&shop.run(&["audit", "--chain-only"]));
    }
}

#[test]
fn an_export_of_a_damaged_file_names_what_it_left_out() {
    const OF: &str = "(SELECT id FROM head WHERE name = 'm-1')";
    const BODY: &str = "(SELECT max(body) FROM entry WHERE owner = (SELECT id FROM head WHERE name = 'm-1'))";
    let head_gone = format!("DELETE FROM head WHERE id = {OF}");
    let blob_gone = format!("DELETE FROM head_blob WHERE id = {OF}");
    let blob_damaged = format!("UPDATE head_blob SET bytes = x'01ff' WHERE id = {OF}");
    let body_gone = format!("DELETE FROM entry_body WHERE id = {BODY}");
    let body_damaged = format!("UPDATE entry_body SET bytes = x'01ff' WHERE id = {BODY}");
    let all = ["members", "entries", "checkouts"].as_slice();
    let rows = &all[1..];
    for (damage, found_by, named) in [
        (&head_gone, all, "rows of member number"),
        (&blob_gone, all, "the head of member m-1"),
        (&blob_damaged, &all[..1], "member m-1: its head cannot be read"),
        (&body_gone, all, "a row of member m-1"),
        (&body_damaged, rows, "member m-1: the row of version"),
    ] {
        let shop = Shop::open(Place::File);
        for member in ["m-1", "m-2"] {
            shop.enrol(member);
            shop.sell(member, &[]);
        }
        let file = rusqlite::Connection::open(shop.path("store")).expect("the file");
        assert_eq!(file.execute(damage, []).expect("a statement"), 1, "{damage}");
        drop(file);
        for what in all {
            let out = shop.path(&format!("{what}.jsonl"));
            let run = shop.run(&["export", what, "--out", &out]);
            if !found_by.contains(what) {
                printed(&run);
                continue;
            }
            let told = refused(&run, 1);
            assert!(told.contains(named), "{damage}: {what}: {told}");
            assert!(told.contains("help: suanpan audit"), "{damage}: {what}: {told}");
            assert!(!std::path::Path::new(&out).exists(), "half an export is none");
            // Everybody else is there all the same.
            let part = shop.read(&format!("{what}.jsonl.part"));
            assert!(part.contains("m-2"), "{damage}: {what}: {part}");
        }
        let audit = shop.run(&["audit"]);
        assert_eq!(audit.status.code(), Some(1), "{damage}: {audit:?}");
    }
}
