//! Entries that wait for a person, listed and tried again.

use std::sync::Arc;

use std::path::Path;

use suanpan_ledger::{Change, EntryKey, Sale, due_at};
use suanpan_store::{Owner, Scope, Verdict, View, Write, decide_with};
use suanpan_store_embedded::EmbeddedStore;

use super::shop::{Place, Shop, json_of, printed};

/// Damages a sale's row, or mends it: writes what it was about.
fn set_sale(shop: &Shop, id: &str, sale: Option<Sale>) -> Option<Sale> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = EmbeddedStore::open(Path::new(&shop.path("store"))).expect("the store");
        let chain = suanpan_pricing_node::stored_chain(&store).await.expect("a program").expect("a chain");
        let policy = chain.policy().clone();
        let owner = Owner::Member(suanpan_domain::MemberId::new("m-1").expect("an id"));
        let key = EntryKey::Checkout(id.parse().expect("a checkout"));
        let scope = Scope::of(owner.clone()).reading(key);
        let decider = move |view: &View| {
            let mut head = view.head.clone();
            head.version += 1;
            let mut entry = view.entry(key).expect("the row").clone();
            let before = std::mem::replace(&mut entry.sale, sale.clone().map(Arc::new));
            let due_at_ms = due_at(&policy, &head);
            let change = Change { head, entry, emits: Vec::new() };
            (Verdict::from(Write::of(owner.clone(), change, due_at_ms)), before.map(Arc::unwrap_or_clone))
        };
        decide_with(&store, "sunrise", scope, decider).await.expect("written")
    })
}

#[test]
fn a_parked_entry_is_listed_and_comes_back_when_it_was_mended() {
    let shop = Shop::open(Place::File);
    shop.enrol("m-1");
    let id = shop.sell("m-1", &[])["checkoutId"].as_str().expect("an id").to_owned();
    let sale = set_sale(&shop, &id, None);
    assert!(sale.is_some());
    // Whatever changes the member next does its waiting work first; a merge waits for nothing else.
    shop.enrol("m-2");
    let merge = shop.run(&["member", "merge", "m-2", "m-1", "--reason", "one person"]);
    assert_eq!(merge.status.code(), Some(1), "an entry waits");
    let mut node = shop;
    node.serve();
    let list = |shop: &Shop| {
        let listed = printed(&shop.run(&["parked", "list", "--format", "json"]));
        listed
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect::<Vec<serde_json::Value>>()
    };
    let begun = std::time::Instant::now();
    while list(&node).is_empty() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(30), "nothing is parked");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let entry = &list(&node)[0];
    let key = entry["key"].as_str().expect("a key").to_owned();
    assert_eq!((entry["memberId"].as_str(), key.as_str()), (Some("m-1"), format!("checkout:{id}").as_str()));
    assert!(entry["why"].as_str().is_some_and(|why| !why.is_empty()), "{entry}");
    let told = printed(&node.run(&["parked", "list"]));
    assert!(told.contains(&key) && told.contains("m-1"), "{told}");

    let again = node.run(&["parked", "retry", "m-1", &key]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(super::shop::text(&again.stdout).contains("still parked"));
    assert_eq!(list(&node).len(), 1);

    node.kill();
    set_sale(&node, &id, sale);
    let told = printed(&node.run(&["parked", "retry", "--all"]));
    assert!(told.contains("accrued"), "{told}");
    assert!(list(&node).is_empty());
    assert!(printed(&node.run(&["parked", "list"])).contains("nothing is parked"));
    let sale = json_of(&node.run(&["checkout", "get", &id, "--format", "json"]));
    assert_eq!(sale["accrued"], true, "{sale}");
    printed(&node.run(&["audit"]));
}
