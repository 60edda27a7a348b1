//! A new program reaches every member, also those about whom nothing was ever due.

use suanpan_checkout::{Verb, tier_key};
use suanpan_store::Owner;
use tokio::sync::oneshot;

use crate::oracle::{DAY_MS, START_MS};
use crate::shop::{Folder, Shop, checkout, member, sale};

const HEAD: &str = "program: sunrise\ncurrency: EUR\nengine_edition: 1\n";
const TIERS: &str = "
tiers:
  - id: ordinary
  - id: regular
    qualify: { purchases: 3 }
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_rise_by_a_program_that_was_published_later() {
    let folder = Folder::new();
    let shop = Shop::open(&folder.file("store"), START_MS);
    shop.publish(HEAD).await;
    for number in 0..30 {
        shop.enrol(&member(number), None, None).await;
        for place in 0..number as u64 % 5 {
            let id = checkout(START_MS, 100 * number as u64 + place);
            shop.sell(Owner::Member(member(number)), id, sale(START_MS, 100, 0, 0), Verb::Confirm).await;
        }
    }
    let worker = shop.worker(Vec::new());
    worker.pass().await.expect("a pass");
    for number in 0..30 {
        let row = shop.store.member("sunrise", &member(number)).await.expect("a read").expect("a member");
        assert_eq!(row.due_at_ms, None, "without rules nothing is ever due");
    }
    shop.publish(&format!("{HEAD}{TIERS}")).await;
    shop.set_now(START_MS + DAY_MS);
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await });
    let regular = tier_key(1, "regular");
    for number in 0..30 {
        let rises = number % 5 >= 3;
        for tries in 0.. {
            let head = shop.head(&member(number)).await;
            if head.policy_version == shop.books().await.policy.version {
                assert_eq!(head.tier.tier == regular, rises, "{number}");
                break;
            }
            assert!(tries < 5_000, "{number} was not reached");
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }
    stop.send(()).expect("it runs");
    running.await.expect("no panic");
}
