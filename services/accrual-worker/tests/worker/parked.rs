//! A sale that cannot be accrued waits for a person; nobody else does.

use std::path::Path;
use std::sync::Arc;

use suanpan_accrual_worker::parked::{self, Retried};
use suanpan_checkout::Verb;
use suanpan_domain::{CheckoutId, ReturnId};
use suanpan_ledger::{Actor, Change, EntryKey, MovementKind, Role, Sale, State, due_at};
use suanpan_store::{Cursor, Owner, Scope, Verdict, View, Write, decide_with};

use crate::ledgers::Account;
use crate::oracle::{PROGRAM, START_MS};
use crate::shop::{CHAIN, Folder, Shop, checkout, member, request, sale};

/// Damages a sale's row, or mends it: writes what it was about.
async fn set_sale(shop: &Shop, checkout: CheckoutId, sale: Option<Sale>) {
    let policy = shop.books().await.policy;
    let owner = Owner::Member(member(1));
    let key = EntryKey::Checkout(checkout);
    let decider = move |view: &View| {
        let mut head = view.head.clone();
        head.version += 1;
        let mut entry = view.entry(key).expect("the row").clone();
        entry.sale = sale.clone().map(Arc::new);
        let due_at_ms = due_at(&policy, &head);
        let change = Change { head, entry, emits: Vec::new() };
        (Verdict::from(Write::of(owner.clone(), change, due_at_ms)), ())
    };
    let scope = Scope::of(Owner::Member(member(1))).reading(key);
    decide_with(&*shop.store, CHAIN, scope, decider).await.expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_entry_parks_itself_alone_and_comes_back() {
    let folder = Folder::new();
    let shop = Shop::open(&folder.file("store"), START_MS);
    shop.publish(PROGRAM).await;
    let ids: Vec<CheckoutId> = (1..=4).map(|number| checkout(START_MS, number)).collect();
    for (number, who) in [(0, 1), (1, 1), (2, 1), (3, 2)] {
        if number == 0 || number == 3 {
            shop.enrol(&member(who), None, None).await;
        }
        let owner = Owner::Member(member(who));
        shop.sell(owner, ids[number], sale(START_MS, 100, 10, 0), Verb::Confirm).await;
    }
    let poisoned = sale(START_MS, 100, 10, 0);
    // Its return cannot be accrued either before the sale is.
    shop.give_back(&member(1), ids[1], 9).await;
    set_sale(&shop, ids[1], None).await;
    set_sale(&shop, ids[2], None).await;

    let worker = shop.worker(Vec::new());
    worker.pass().await.expect("a pass");
    let status = worker.status().read();
    assert_eq!((status.accrued, status.parked, status.failing), (2, 3, 0), "{status:?}");
    let books = shop.books().await;
    let list = || async { parked::list(&books, &Cursor::default()).await.expect("a list").0 };
    let keys: Vec<EntryKey> = list().await.iter().map(|row| row.key).collect();
    let back = EntryKey::Return(ids[1], ReturnId::from_bytes(request(9)));
    assert_eq!(keys, [EntryKey::Checkout(ids[1]), back, EntryKey::Checkout(ids[2])]);
    assert_eq!(shop.head(&member(1)).await.parked, 3);
    assert!(shop.head(&member(1)).await.pending.is_empty());
    assert!(list().await[0].why.contains("CheckoutUnknown"), "{:?}", list().await);
    assert_eq!(shop.head(&member(1)).await.sums.earned, 10);
    assert_eq!(shop.head(&member(2)).await.sums.earned, 10);

    // Put back without having been mended, it is parked again.
    let actor = Actor { id: "operator-1".to_owned(), role: Role::Operator, ..Actor::default() };
    parked::retry(&books, &list().await[0], &actor, shop.now_ms()).await.expect("put back");
    assert_eq!(shop.head(&member(1)).await.pending.len(), 1);
    worker.pass().await.expect("a pass");
    assert!(list().await.iter().any(|row| row.key == keys[0]), "{:?}", list().await);

    // Mended, and returned while it is still parked: the return waits beside it.
    set_sale(&shop, ids[1], Some(poisoned.clone())).await;
    set_sale(&shop, ids[2], Some(poisoned)).await;
    shop.give_back(&member(1), ids[2], 10).await;
    assert_eq!(list().await.len(), 4, "{:?}", list().await);
    let retried = parked::retry_all(&books, &actor, shop.now_ms()).await.expect("put back");
    assert_eq!(retried, Retried { back: 4, stay: 0 });
    worker.pass().await.expect("a pass");
    assert_eq!(list().await, []);
    let account = Account::of(&shop, &member(1)).await;
    assert_eq!(account.head.parked, 0);
    account.balances();
    assert_eq!((account.sum(MovementKind::Earned), account.sum(MovementKind::TakenBack)), (30, 20));
    let row = account.rows.iter().find(|row| row.key == keys[0]).expect("the sale");
    assert_eq!(row.state, State::Confirmed);
    // Nothing is put back twice.
    assert_eq!(parked::retry_all(&books, &actor, shop.now_ms()).await.expect("a list"), Retried::default());
}

/// Damages the bytes of a row behind the store's back, or mends them; gives those before.
fn set_bytes(file: &Path, key: EntryKey, bytes: &[u8]) -> Vec<u8> {
    let file = rusqlite::Connection::open(file).expect("the file");
    let of = "FROM entry_body WHERE id = (SELECT body FROM entry WHERE key = ?1)";
    let before = file.query_row(&format!("SELECT bytes {of}"), [key.to_bytes()], |row| row.get(0));
    let set = "UPDATE entry_body SET bytes = ?2 WHERE id = (SELECT body FROM entry WHERE key = ?1)";
    assert_eq!(file.execute(set, (key.to_bytes(), bytes)).expect("a statement"), 1);
    before.expect("the row")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_cannot_be_read_parks_itself_alone_and_comes_back() {
    let folder = Folder::new();
    let shop = Shop::open(&folder.file("store"), START_MS);
    shop.publish(PROGRAM).await;
    shop.enrol(&member(1), None, None).await;
    let ids: Vec<CheckoutId> = (1..=3).map(|number| checkout(START_MS, number)).collect();
    for id in &ids {
        shop.sell(Owner::Member(member(1)), *id, sale(START_MS, 100, 10, 0), Verb::Confirm).await;
    }
    shop.give_back(&member(1), ids[1], 9).await;
    let key = EntryKey::Checkout(ids[1]);
    let bytes = set_bytes(&folder.file("store"), key, &[1, 0xff]);

    let worker = shop.worker(Vec::new());
    worker.pass().await.expect("a pass");
    let status = worker.status().read();
    assert_eq!((status.accrued, status.parked, status.failing), (2, 2, 0), "{status:?}");
    let books = shop.books().await;
    let list = || async { parked::list(&books, &Cursor::default()).await.expect("a list").0 };
    let back = EntryKey::Return(ids[1], ReturnId::from_bytes(request(9)));
    let keys: Vec<EntryKey> = list().await.iter().map(|row| row.key).collect();
    assert_eq!(keys, [key, back]);
    for row in list().await {
        assert!(row.why.starts_with("RowUnreadable: "), "{row:?}");
    }
    let head = shop.head(&member(1)).await;
    assert_eq!((head.parked, head.pending.len(), head.emitting.len()), (2, 0, 0));
    assert_eq!(head.sums.earned, 20, "the member goes on");

    // As long as it cannot be read, it stays.
    let actor = Actor { id: "operator-1".to_owned(), role: Role::Operator, ..Actor::default() };
    let retried = parked::retry_all(&books, &actor, shop.now_ms()).await.expect("a list");
    assert_eq!(retried, Retried { back: 0, stay: 2 });
    set_bytes(&folder.file("store"), key, &bytes);
    let retried = parked::retry_all(&books, &actor, shop.now_ms()).await.expect("put back");
    assert_eq!(retried, Retried { back: 2, stay: 0 });
    worker.pass().await.expect("a pass");
    assert_eq!(list().await, []);
    let account = Account::of(&shop, &member(1)).await;
    assert_eq!((account.head.parked, account.head.sums.earned), (0, 30));
    account.balances();
    assert_eq!(parked::retry_all(&books, &actor, shop.now_ms()).await.expect("a list"), Retried::default());
}
