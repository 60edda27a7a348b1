//! Whoever meets a reservation whose time is over, and needs what it holds, ends it: no worker has to run for that.

use std::sync::Arc;

use suanpan_checkout::{Ask, Books, BooksError, MemberAsk, Queues, Verb};
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::sale::{GlobalUse, Sale, SaleLine, SaleRun, Tender};
use suanpan_ledger::{Action, Actor, Policy, Refusal, State};
use suanpan_store::{CodeHash, LimitCap, Owner, Store, Taken};
use suanpan_store_embedded::EmbeddedStore;

const CHAIN: &str = "expired";
const NOW_MS: i64 = 1_764_000_000_000;
const UNTIL_MS: i64 = NOW_MS + 60_000;
const LIMIT: OfferKey = OfferKey(7);
const CODE: CodeHash = CodeHash([9; 16]);

fn checkout(number: u8) -> CheckoutId {
    let mut id = [0x70; 16];
    id[..6].copy_from_slice(&NOW_MS.to_be_bytes()[2..]);
    id[15] = number;
    CheckoutId::from_bytes(id).unwrap()
}

/// A sale of 30.00 that takes uses of the limit, or the code.
fn sale(uses: u32, with_code: bool) -> Sale {
    let run = SaleRun { units: 1, paid_minor: 3_000, ..SaleRun::default() };
    let line = SaleLine {
        id: "1".to_owned(),
        sku: "sku".to_owned(),
        quantity_milli: 1_000,
        paid_minor: 3_000,
        runs: vec![run],
        ..SaleLine::default()
    };
    let used = GlobalUse { offer: LIMIT, uses, amount_minor: 0, given_back_if_whole: false };
    Sale {
        business_ms: NOW_MS,
        program_version: "p1".to_owned(),
        lines: vec![line],
        due_minor: 3_000,
        tenders: vec![Tender { kind: "cash".to_owned(), amount_minor: 3_000 }],
        global_uses: if uses > 0 { vec![used] } else { Vec::new() },
        codes: if with_code { vec![CODE.0] } else { Vec::new() },
        ..Sale::default()
    }
}

struct Till {
    books: Books,
    folder: std::path::PathBuf,
}

impl Till {
    async fn open(name: &str, members: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("suanpan-expired-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&folder.join("store.sqlite")).unwrap());
        store.set_limit(CHAIN, LIMIT, LimitCap { uses: Some(2), amount_minor: None }).await.unwrap();
        store.add_codes(CHAIN, OfferKey(8), &[CODE]).await.unwrap();
        let policy = Arc::new(Policy::plain(jiff::tz::TimeZone::UTC));
        let books = Books { store, chain: CHAIN.to_owned(), policy, queues: Queues::default() };
        for member in members {
            let member = MemberId::new(*member).unwrap();
            let (request, actor) = ([1; 16], Actor::default());
            let action = Action::Enrol { request, content_hash: [1; 32], birthday: None, referred_by: None };
            books.change(MemberAsk { member, request, actor, now_ms: NOW_MS, action }).await.unwrap();
        }
        Self { books, folder }
    }

    async fn sell(
        &self,
        number: u8,
        owner: &Owner,
        verb: Verb,
        now_ms: i64,
        sale: Sale,
    ) -> Result<State, Vec<Refusal>> {
        let ask = Ask {
            checkout: checkout(number),
            owner: owner.clone(),
            actor: Actor::default(),
            now_ms,
            basket_hash: [3; 32],
            content_hash: [3; 32],
            sale: Arc::new(sale),
            answer: Vec::new(),
            verb,
            gone: None,
            unseen: false,
        };
        match self.books.sell(Arc::new(ask)).await {
            Ok(recorded) => Ok(recorded.entry.state),
            Err(BooksError::Refused(conflicts)) => {
                Err(conflicts.iter().map(|conflict| conflict.reason).collect())
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        // A folder that stays is of no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn what_expired_reservations_hold_is_sold_without_a_worker() {
    let reserve = Verb::Reserve { until_ms: UNTIL_MS };
    for (name, uses, with_code, refusal) in
        [("limit", 1, false, Refusal::GlobalLimit), ("code", 0, true, Refusal::CodeHeld)]
    {
        let till = Till::open(name, &["anna", "ben"]).await;
        let [anna, ben] = ["anna", "ben"].map(|name| Owner::Member(MemberId::new(name).unwrap()));
        let guest = Owner::Guest(checkout(2));
        // A member's and a guest's; of the code there is one.
        assert_eq!(till.sell(1, &anna, reserve, NOW_MS, sale(uses, with_code)).await, Ok(State::Reserved));
        if !with_code {
            assert_eq!(till.sell(2, &guest, reserve, NOW_MS, sale(uses, false)).await, Ok(State::Reserved));
        }
        let confirm = async |number, now_ms, uses| {
            till.sell(number, &ben, Verb::Confirm, now_ms, sale(uses, with_code)).await
        };
        assert_eq!(confirm(3, UNTIL_MS - 1, uses).await, Err(vec![refusal]), "{name}: in its time");
        // Both of the limit in one sale: both reservations end.
        let sold = confirm(4, UNTIL_MS, 2 * uses).await;
        assert!(matches!(sold, Ok(State::Confirmed | State::Done)), "{name}: {sold:?}");
        let limit = till.books.store.limits(CHAIN).await.unwrap().remove(0);
        let taken = Taken { uses: i64::from(2 * uses), amount_minor: 0 };
        assert_eq!(
            (limit.used, limit.held, limit.overrun),
            (taken, Taken::default(), Taken::default()),
            "{name}"
        );
        // What ended is cancelled for who had it; others find nothing any more.
        let late = till.sell(1, &anna, Verb::Confirm, UNTIL_MS, sale(uses, with_code)).await;
        assert!(late.is_err(), "{name}: {late:?}");
        assert!(confirm(5, UNTIL_MS, uses.max(1)).await.is_err(), "{name}");
    }
}
