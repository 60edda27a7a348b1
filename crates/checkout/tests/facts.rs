//! A sale that was paid already takes the place of its reservation, whatever that held.

use std::sync::Arc;

use suanpan_checkout::{Ask, Books, MemberAsk, Queues, Verb};
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::command::Fact;
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::refusal::{Conflict, Refusal};
use suanpan_ledger::sale::{GlobalUse, Sale, SaleLine, SaleRun, Tender};
use suanpan_ledger::{Action, Actor, Entry, Policy, State};
use suanpan_store::{CodeHash, CodeState, LimitCap, Owner, Store, Taken};
use suanpan_store_embedded::EmbeddedStore;

const CHAIN: &str = "facts";
const NOW_MS: i64 = 1_764_000_000_000;
const CAMPAIGN: OfferKey = OfferKey(7);

fn checkout(number: u8) -> CheckoutId {
    let mut id = [0x70; 16];
    id[..6].copy_from_slice(&NOW_MS.to_be_bytes()[2..]);
    id[15] = number;
    CheckoutId::from_bytes(id).unwrap()
}

/// A sale of 30.00 that takes a use of each of these limits, and these codes.
fn sale(limits: &[u64], codes: &[u8]) -> Sale {
    let run = SaleRun { units: 1, paid_minor: 3_000, ..SaleRun::default() };
    let line = SaleLine {
        id: "1".to_owned(),
        sku: "sku".to_owned(),
        quantity_milli: 1_000,
        paid_minor: 3_000,
        runs: vec![run],
        ..SaleLine::default()
    };
    let used = |offer: &u64| GlobalUse {
        offer: OfferKey(*offer),
        uses: 1,
        amount_minor: 100,
        given_back_if_whole: false,
    };
    Sale {
        business_ms: NOW_MS,
        program_version: "p1".to_owned(),
        lines: vec![line],
        due_minor: 3_000,
        tenders: vec![Tender { kind: "cash".to_owned(), amount_minor: 3_000 }],
        global_uses: limits.iter().map(used).collect(),
        codes: codes.iter().map(|code| [*code; 16]).collect(),
        ..Sale::default()
    }
}

async fn sell(books: &Books, owner: &Owner, number: u8, verb: Verb, sale: Sale) -> Entry {
    // What is sold differs from what was reserved, and so do its hashes.
    let hash = if matches!(verb, Verb::Reserve { .. }) { [3; 32] } else { [4; 32] };
    let ask = Ask {
        checkout: checkout(number),
        owner: owner.clone(),
        actor: Actor::default(),
        now_ms: NOW_MS,
        basket_hash: hash,
        content_hash: hash,
        sale: Arc::new(sale),
        answer: Vec::new(),
        verb,
        gone: None,
        unseen: false,
    };
    books.sell(Arc::new(ask)).await.unwrap().entry
}

/// A store of a test's own, with a chain's books.
fn open(name: &str) -> (std::path::PathBuf, Books) {
    let folder = std::env::temp_dir().join(format!("suanpan-facts-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&folder.join("store.sqlite")).unwrap());
    let policy = Arc::new(Policy::plain(jiff::tz::TimeZone::UTC));
    (folder, Books { store, chain: CHAIN.to_owned(), policy, queues: Queues::default() })
}

#[tokio::test]
async fn what_a_reservation_holds_and_its_fact_does_not_take_is_free() {
    let (folder, books) = open("free");
    let store = Arc::clone(&books.store);
    let member = MemberId::new("anna").unwrap();
    let action = Action::Enrol { request: [1; 16], content_hash: [1; 32], birthday: None, referred_by: None };
    let (request, actor) = ([1; 16], Actor::default());
    books.change(MemberAsk { member: member.clone(), request, actor, now_ms: NOW_MS, action }).await.unwrap();
    let codes: Vec<CodeHash> = (1..=8).map(|code| CodeHash([code; 16])).collect();
    store.add_codes(CHAIN, CAMPAIGN, &codes).await.unwrap();
    let cap = LimitCap { uses: Some(10), amount_minor: None };
    for limit in 1..=3 {
        store.set_limit(CHAIN, OfferKey(limit), cap).await.unwrap();
    }
    for (place, owner) in [Owner::Guest(checkout(0)), Owner::Member(member)].iter().enumerate() {
        let (number, code) = (place as u8, 4 * place as u8 + 1);
        let reserve = Verb::Reserve { until_ms: NOW_MS + 60_000 };
        let held = sell(&books, owner, number, reserve, sale(&[1, 2], &[code, code + 1])).await.state;
        assert_eq!(held, State::Reserved);
        // It goes on with the second limit and the second code, and takes others.
        let sold = sale(&[2, 3], &[code + 1, code + 2]);
        let state = sell(&books, owner, number, Verb::Record(Fact::Tendered), sold).await.state;
        assert!(matches!(state, State::Confirmed | State::Done), "{state:?}");
        let sales = place as i64 + 1;
        // What a fact takes that nobody held for it is an overrun.
        for (offer, (used, overrun)) in [(1, (0, 0)), (2, (sales, 0)), (3, (0, sales))] {
            let limits = store.limits(CHAIN).await.unwrap();
            let limit = limits.iter().find(|limit| limit.offer == OfferKey(offer)).unwrap();
            let taken = |uses| Taken { uses, amount_minor: 100 * uses };
            let found = (limit.used, limit.overrun, limit.held);
            assert_eq!(found, (taken(used), taken(overrun), taken(0)), "{owner:?}: limit {offer}");
        }
        for (code, is_free) in [(code, true), (code + 1, false), (code + 2, false)] {
            let state = store.code(CHAIN, CodeHash([code; 16])).await.unwrap().unwrap().state;
            assert_eq!(matches!(state, CodeState::Free), is_free, "{owner:?}: code {code} is {state:?}");
            assert!(!matches!(state, CodeState::Held { .. }), "{owner:?}: code {code}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_fact_counts_as_what_it_took_whatever_was_held() {
    let (folder, books) = open("took");
    // Of three uses; the fact finds so many missing.
    for (held, took, used, overrun, missing) in
        [(2, 2, 2, 0, None), (3, 1, 1, 0, None), (1, 2, 0, 2, None), (1, 4, 0, 4, Some((3, 4)))]
    {
        let number = held * 10 + took;
        let offer = u64::from(number);
        let cap = LimitCap { uses: Some(3), amount_minor: None };
        books.store.set_limit(CHAIN, OfferKey(offer), cap).await.unwrap();
        let of = |uses: u8| {
            let mut sale = sale(&[offer], &[]);
            sale.global_uses[0].uses = u32::from(uses);
            sale
        };
        let owner = Owner::Guest(checkout(number));
        let reserve = Verb::Reserve { until_ms: NOW_MS + 60_000 };
        sell(&books, &owner, number, reserve, of(held)).await;
        let row = sell(&books, &owner, number, Verb::Record(Fact::Offline), of(took)).await;
        let lacks = |conflict: &&Conflict| conflict.reason == Refusal::GlobalLimit;
        let found = row.overruns.iter().find(lacks).map(|conflict| (conflict.have, conflict.need));
        assert_eq!(found, missing, "{held} held, {took} taken");
        let limits = books.store.limits(CHAIN).await.unwrap();
        let limit = limits.iter().find(|limit| limit.offer == OfferKey(offer)).unwrap();
        let found = (limit.used.uses, limit.held.uses, limit.overrun.uses);
        assert_eq!(found, (used, 0, overrun), "{held} held, {took} taken");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
