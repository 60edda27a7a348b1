//! What guests left reserved is free again.

use suanpan_checkout::Verb;
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::sale::GlobalUse;
use suanpan_ledger::{EntryKey, State};
use suanpan_store::{CodeHash, CodeState, LimitCap, Owner, Taken};
use tokio::sync::oneshot;

use crate::oracle::{PROGRAM, START_MS};
use crate::shop::{CHAIN, Folder, Shop, checkout, sale};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guests_reservation_ends_with_all_that_it_holds() {
    let folder = Folder::new();
    let shop = Shop::open(&folder.file("store"), START_MS);
    shop.publish(PROGRAM).await;
    let offer = OfferKey(7);
    let codes = [CodeHash([1; 16]), CodeHash([2; 16]), CodeHash([3; 16])];
    let cap = LimitCap { uses: Some(10), amount_minor: None };
    shop.store.set_limit(CHAIN, offer, cap).await.expect("a limit");
    shop.store.add_codes(CHAIN, offer, &codes).await.expect("codes");
    // One holds a use of the limit, one a code, one a code for longer.
    let ids = [1, 2, 3].map(|number| checkout(START_MS, number));
    let until = [START_MS + 1_000, START_MS + 1_000, START_MS + 3_600_000];
    for (place, id) in ids.into_iter().enumerate() {
        let mut sold = sale(START_MS, 100, 0, 0);
        if place == 0 {
            sold.global_uses.push(GlobalUse { offer, uses: 1, amount_minor: 5, given_back_if_whole: false });
        } else {
            sold.codes.push(codes[place].0);
        }
        shop.sell(Owner::Guest(id), id, sold, Verb::Reserve { until_ms: until[place] }).await;
    }
    shop.set_now(START_MS + 60_000);
    let worker = shop.worker(Vec::new());
    let board = worker.status();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await });
    for tries in 0.. {
        if board.read().ended == 2 {
            break;
        }
        assert!(tries < 5_000, "{:?}", board.read());
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    stop.send(()).expect("it runs");
    running.await.expect("no panic");
    let limits = shop.store.limits(CHAIN).await.expect("a read");
    assert_eq!((limits[0].held, limits[0].used), (Taken::default(), Taken::default()));
    let mut states = Vec::new();
    for (code, id) in codes.into_iter().zip(ids) {
        let free =
            shop.store.code(CHAIN, code).await.expect("a read").expect("a code").state == CodeState::Free;
        let found = shop.store.find_checkout(CHAIN, id).await.expect("a read").expect("a sale");
        assert_eq!(found.entry.key, EntryKey::Checkout(id));
        states.push((free, found.entry.state));
    }
    let ended = (true, State::Cancelled);
    assert_eq!(states, [ended, ended, (false, State::Reserved)]);
}
