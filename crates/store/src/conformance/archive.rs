//! Bodies move to the archive, and nobody can tell: what is read, answered and given back is the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use suanpan_domain::{MemberId, ReturnId};
use suanpan_ledger::codec::{decode_archived, decode_entry};
use suanpan_ledger::command::{EntryRef, Wanted, WantedLine};
use suanpan_ledger::sale::SaleRun;
use suanpan_ledger::{Action, Entry, EntryKey, Refusal};

use crate::conformance::till::{Basket, START_MS, Shop, Told, checkout, known, request};
use crate::rows::{CheckoutFilter, Cursor, FoundCheckout, Order, RawEntry, RawRow};
use crate::scope::Owner;

/// After everything that a check does.
const LATER_MS: i64 = START_MS + 1_000_000_000;

/// Moves everything that is old enough, in small pieces.
async fn archive(shop: &Shop, member: &MemberId, before_ms: i64) {
    let mut after = Cursor::default();
    loop {
        let rows = known(|| shop.store.archive(shop.chain, member, before_ms, &after, 3)).await;
        match rows.next {
            Some(next) => after = next,
            None => return,
        }
    }
}

/// A member's rows as they lie.
async fn lying(shop: &Shop, member: &MemberId) -> Vec<RawEntry> {
    let owner = Owner::Member(member.clone());
    let from = known(|| shop.store.walk_from(shop.chain, &owner)).await.expect("a head");
    let page = known(|| shop.store.walk(&from, 1_000)).await;
    let rows = page.rows.into_iter().skip(1);
    rows.map_while(|row| match row {
        RawRow::Entry(entry) => Some(entry),
        RawRow::Head(_) => None,
    })
    .collect()
}

/// Rows whose bodies are archived. What stays in their place says the same as they do.
fn archived(rows: &[RawEntry]) -> BTreeSet<EntryKey> {
    let of = |row: &RawEntry| {
        let entry = decode_entry(&row.bytes).expect("a whole row");
        let stays = decode_archived(row.stays.as_ref()?).expect("what stays");
        assert_eq!(stays.entry(&row.bytes).as_ref(), Ok(&entry));
        assert!(row.stays.as_ref().is_some_and(|stays| stays.len() < row.bytes.len()));
        Some(entry.key)
    };
    rows.iter().filter_map(of).collect()
}

/// Everything that readers are told of a member.
#[derive(Debug, PartialEq, Eq)]
struct Readings {
    entries: [Vec<Entry>; 2],
    listed: Vec<FoundCheckout>,
    found: Vec<Option<FoundCheckout>>,
    bytes: Vec<Vec<u8>>,
    version: u64,
}

async fn readings(shop: &Shop, member: &MemberId, checkouts: u64) -> Readings {
    let mut entries = [Vec::new(), Vec::new()];
    for (order, entries) in [Order::OldestFirst, Order::NewestFirst].into_iter().zip(&mut entries) {
        let mut after = Cursor::default();
        loop {
            let page = known(|| shop.store.entries(shop.chain, member, order, &after, 4)).await;
            entries.extend(page.rows);
            let Some(next) = page.next else { break };
            after = next;
        }
    }
    let (start, mut listed) = (Cursor::default(), Vec::new());
    for member in [None, Some(member.clone())] {
        let filter = CheckoutFilter { member, ..CheckoutFilter::default() };
        let page = known(|| shop.store.list_checkouts(shop.chain, &filter, &start, 100)).await;
        listed.extend(page.rows);
    }
    let mut found = Vec::new();
    for number in 1..=checkouts {
        found.push(known(|| shop.store.find_checkout(shop.chain, checkout(number))).await);
    }
    let bytes = lying(shop, member).await.into_iter().map(|row| row.bytes).collect();
    let head = known(|| shop.store.member(shop.chain, member)).await.expect("a member").head;
    Readings { entries, listed, found, bytes, version: head.version }
}

async fn accrue(shop: &Shop, member: &MemberId, entry: EntryRef) {
    let key = match entry {
        EntryRef::Checkout(checkout) => EntryKey::Checkout(checkout),
        EntryRef::Return(checkout, back) => EntryKey::Return(checkout, back),
    };
    assert!(shop.do_for(member, key, Action::Accrue { entry }).await.is_done());
    let head = known(|| shop.store.member(shop.chain, member)).await.expect("a member").head;
    if let Some(last) = head.emitting.last() {
        let action = Action::ClearEmitting { up_to_version: last.version };
        assert!(shop.do_for(member, last.key, action).await.is_done());
    }
}

/// A sale of three units that is paid and accrued.
async fn sold(shop: &Shop, member: &MemberId, number: u64) -> Basket {
    let mut basket = Basket::of_member(member, number);
    let line = &mut basket.sale.lines[0];
    line.quantity_milli = 3_000;
    let run = |units, paid_minor| SaleRun { units, paid_minor, ..SaleRun::default() };
    line.runs = vec![run(2, 333), run(1, 334)];
    assert!(shop.confirm_answering(&basket, b"the first answer").await.is_done());
    accrue(shop, member, EntryRef::Checkout(basket.checkout)).await;
    basket
}

/// So many units come back; what they bring is in the row.
async fn back(shop: &Shop, basket: &Basket, number: u64, units: i64) -> Told {
    let Owner::Member(member) = &basket.owner else { panic!("a member's sale") };
    let return_id = ReturnId::from_bytes(request(number));
    let line = WantedLine { line: "1".to_owned(), quantity_milli: units * 1_000, units: Vec::new() };
    let action = Action::Return {
        checkout: basket.checkout,
        return_id,
        content_hash: [7; 32],
        business_ms: START_MS,
        wanted: Wanted::Lines(vec![line]),
        repriced: None,
        fact: false,
    };
    let told = shop.do_for(member, EntryKey::Return(basket.checkout, return_id), action).await;
    if told.is_done() {
        accrue(shop, member, EntryRef::Return(basket.checkout, return_id)).await;
    }
    told
}

pub(super) async fn what_is_read_stays_the_same(shop: Shop) {
    let member = shop.enrol("anna").await;
    let mut expected = BTreeSet::new();
    for number in 1..=7 {
        expected.insert(EntryKey::Checkout(sold(&shop, &member, number).await.checkout));
    }
    let first = Basket::of_member(&member, 1);
    assert!(back(&shop, &first, 1, 1).await.is_done());
    expected.insert(EntryKey::Return(first.checkout, ReturnId::from_bytes(request(1))));
    let (held, waiting) = (Basket::of_member(&member, 8), Basket::of_member(&member, 9));
    assert!(shop.reserve(&held).await.is_done());
    assert!(shop.confirm(&Basket::of_guest(10)).await.is_done());
    let boundary_ms = shop.now();
    let late = sold(&shop, &member, 11).await;
    assert!(shop.confirm(&waiting).await.is_done());

    let before = readings(&shop, &member, 11).await;
    archive(&shop, &member, START_MS).await;
    assert_eq!(
        archived(&lying(&shop, &member).await),
        BTreeSet::new(),
        "nothing is older than the beginning"
    );
    for _ in 0..2 {
        archive(&shop, &member, boundary_ms).await;
        let sales = |key: &EntryKey| matches!(key, EntryKey::Checkout(_) | EntryKey::Return(..));
        let moved: BTreeSet<_> = archived(&lying(&shop, &member).await).into_iter().filter(sales).collect();
        assert_eq!(moved, expected);
        assert_eq!(readings(&shop, &member, 11).await, before);
    }
    archive(&shop, &member, LATER_MS).await;
    let moved = archived(&lying(&shop, &member).await);
    assert!(moved.contains(&EntryKey::Checkout(late.checkout)));
    for stays in [held, waiting] {
        assert!(!moved.contains(&EntryKey::Checkout(stays.checkout)), "it is not over");
    }
    assert_eq!(readings(&shop, &member, 11).await, before);
    let start = Cursor::default();
    let nobody = MemberId::new("nobody").expect("an id");
    let rows = known(|| shop.store.archive(shop.chain, &nobody, LATER_MS, &start, 9)).await;
    assert_eq!((rows.moved, rows.next), (0, None));
}

pub(super) async fn an_archived_sale_answers_and_comes_back(shop: Shop) {
    let member = shop.enrol("anna").await;
    let basket = sold(&shop, &member, 1).await;
    archive(&shop, &member, LATER_MS).await;
    assert!(archived(&lying(&shop, &member).await).contains(&EntryKey::Checkout(basket.checkout)));

    // Repeated, whatever it would be answered today.
    let again = shop.confirm_answering(&basket, b"another answer").await;
    assert_eq!(again, Told::Done(b"the first answer".to_vec()));
    assert_eq!(shop.tender(&basket).await, Told::Done(b"the first answer".to_vec()));
    assert_eq!(shop.reserve(&basket).await, Told::Done(b"the first answer".to_vec()));
    let other = Action::Confirm {
        checkout: basket.checkout,
        content_hash: [8; 32],
        reserve_hash: [8; 32],
        sale: Arc::new(basket.sale.clone()),
        fact: None,
        missing: Vec::new(),
        answer: b"another sale".to_vec(),
    };
    let told = shop.do_for(&member, EntryKey::Checkout(basket.checkout), other).await;
    assert_eq!(told.reason(), Refusal::ContentDiffers);
    let guest = Owner::Guest(basket.checkout);
    assert_eq!(shop.confirm(&basket.owned_by(guest)).await, Told::Elsewhere(basket.owner.clone()));

    // Of three units for 10.00 the last one cost 3.34, the others 3.33 each.
    assert!(back(&shop, &basket, 1, 1).await.is_done());
    archive(&shop, &member, LATER_MS).await;
    assert_eq!(back(&shop, &basket, 2, 3).await.reason(), Refusal::QuantityExceeded);
    assert!(back(&shop, &basket, 2, 2).await.is_done());
    archive(&shop, &member, LATER_MS).await;
    assert!(back(&shop, &basket, 1, 1).await.is_done(), "the first return is known");
    assert_eq!(back(&shop, &basket, 3, 1).await.reason(), Refusal::QuantityExceeded);
    let found = known(|| shop.store.find_checkout(shop.chain, basket.checkout)).await.expect("a sale");
    let refunds: Vec<i64> =
        found.returns.iter().map(|row| row.returned.as_ref().expect("a return").refund_minor).collect();
    assert_eq!(refunds, [334, 666]);
}

pub(super) async fn a_row_that_is_written_again_is_whole_again(shop: Shop) {
    let member = shop.enrol("anna").await;
    let basket = Basket::of_member(&member, 1);
    let (key, entry) = (EntryKey::Checkout(basket.checkout), EntryRef::Checkout(basket.checkout));
    assert!(shop.confirm(&basket).await.is_done());
    assert!(shop.do_for(&member, key, Action::Accrue { entry }).await.is_done());
    archive(&shop, &member, LATER_MS).await;
    let before = readings(&shop, &member, 1).await;
    assert!(archived(&lying(&shop, &member).await).contains(&key));
    let head = known(|| shop.store.member(shop.chain, &member)).await.expect("a member").head;
    let last = head.emitting.last().expect("its accrual is to be told");
    let action = Action::ClearEmitting { up_to_version: last.version };
    assert!(shop.do_for(&member, key, action).await.is_done());
    assert!(!archived(&lying(&shop, &member).await).contains(&key));
    archive(&shop, &member, LATER_MS).await;
    assert!(archived(&lying(&shop, &member).await).contains(&key));
    let after = readings(&shop, &member, 1).await;
    assert_eq!(after.version, before.version + 1);
    assert_eq!((after.entries, after.bytes), (before.entries, before.bytes));
}

pub(super) async fn bodies_move_while_their_rows_are_written(shop: Shop) {
    const SALES: u64 = 12;
    let member = shop.enrol("anna").await;
    let movers: Vec<_> = (0..3)
        .map(|_| {
            let (shop, member) = (shop.clone(), member.clone());
            tokio::spawn(async move {
                loop {
                    archive(&shop, &member, LATER_MS).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for number in 1..=SALES {
        let basket = sold(&shop, &member, number).await;
        let again = shop.confirm_answering(&basket, b"another answer").await;
        assert_eq!(again, Told::Done(b"the first answer".to_vec()));
        assert!(back(&shop, &basket, number, 2).await.is_done());
    }
    for mover in movers {
        mover.abort();
        assert!(mover.await.is_err_and(|error| error.is_cancelled()), "no panic");
    }
    archive(&shop, &member, LATER_MS).await;
    let moved = archived(&lying(&shop, &member).await);
    for number in 1..=SALES {
        let sale = known(|| shop.store.find_checkout(shop.chain, checkout(number))).await.expect("a sale");
        assert_eq!(sale.entry.answer, b"the first answer");
        assert!(sale.entry.accrued_version > 0 && moved.contains(&sale.entry.key));
        // The last unit and one of the others.
        let refunds: Vec<_> =
            sale.returns.iter().map(|row| row.returned.as_ref().map(|r| r.refund_minor)).collect();
        assert_eq!(refunds, [Some(667)]);
        assert!(sale.returns.iter().all(|row| row.accrued_version > 0 && moved.contains(&row.key)));
    }
}
