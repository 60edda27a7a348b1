//! One life of everything, by the books that services use: a member and guests, reservations that pass from owner to owner,
//! points, limits over several shards, codes, facts, a cancel, a return, accrual, the archive. Every call is named, so that it may be
//! repeated by whoever comes after a process that ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use suanpan_checkout::{Ask, Books, BooksError, MemberAsk, Queues, Refund, Verb};
use suanpan_domain::{CheckoutId, MemberId, ReturnId};
use suanpan_ledger::command::{Fact, Wanted};
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::sale::{GlobalUse, Sale, SaleLine, SaleRun, Tender};
use suanpan_ledger::{Action, Actor, Policy};
use suanpan_store::{
    CodeHash, CodeView, Cursor, LimitCap, LimitHolder, OutboxEvent, Owner, ParkedRow, RawRow, Store,
};

/// The only limit.
pub(crate) const OFFER: OfferKey = OfferKey(0x5e11);
/// When everything happens, Unix milliseconds.
pub(crate) const NOW_MS: i64 = 1_764_000_000_000;
/// When reservations end.
const UNTIL_MS: i64 = NOW_MS + 600_000;

/// More rows than an owner has. What is read beyond them is of others, of whom a server that many tests share has many.
const ROWS_MAX: usize = 32;

/// The books of a chain in a store.
pub(crate) fn books(store: Arc<dyn Store>, chain: &str) -> Books {
    let policy = Arc::new(Policy::plain(jiff::tz::TimeZone::UTC));
    Books { store, chain: chain.to_owned(), policy, queues: Queues::default() }
}

pub(crate) fn member() -> MemberId {
    MemberId::new("anna").expect("a name")
}

pub(crate) fn checkout(number: u64) -> CheckoutId {
    let mut id = [0x70; 16];
    id[..6].copy_from_slice(&(NOW_MS as u64 + number).to_be_bytes()[2..]);
    id[8..].copy_from_slice(&number.to_be_bytes());
    CheckoutId::from_bytes(id).expect("version 7")
}

pub(crate) fn guest(number: u64) -> Owner {
    Owner::Guest(checkout(number))
}

pub(crate) fn code(number: u8) -> CodeHash {
    CodeHash([number; 16])
}

/// A sale over 30.00 that takes one use of the limit, and a code when it has one.
pub(crate) fn sale(points: i64, with: Option<u8>) -> Sale {
    let paid_minor = 3_000 - points;
    let line = SaleLine {
        id: "1".to_owned(),
        sku: "sku".to_owned(),
        quantity_milli: 1_000,
        paid_minor,
        points_value_minor: points,
        points_earned: 30,
        runs: vec![SaleRun {
            units: 1,
            paid_minor,
            points_value_minor: points,
            points_earned: 30,
            ..SaleRun::default()
        }],
        ..SaleLine::default()
    };
    Sale {
        business_ms: NOW_MS,
        program_version: "p1".to_owned(),
        lines: vec![line],
        due_minor: paid_minor,
        tenders: vec![Tender { kind: "cash".to_owned(), amount_minor: paid_minor }],
        points_used: points,
        points_value_minor: points,
        points_earned: 30,
        qualifying_minor: paid_minor,
        global_uses: vec![GlobalUse { offer: OFFER, uses: 1, amount_minor: 500, given_back_if_whole: true }],
        codes: with.map(|number| code(number).0).into_iter().collect(),
        ..Sale::default()
    }
}

/// The same with other uses of the limit, each sale's worth so much.
#[allow(dead_code)] // One of the programs that share this sells nothing else.
pub(crate) fn limited(uses: u32, amount_minor: i64, with: Option<u8>) -> Sale {
    let used = GlobalUse { offer: OFFER, uses, amount_minor, given_back_if_whole: true };
    Sale { global_uses: (uses > 0).then_some(used).into_iter().collect(), ..sale(0, with) }
}

/// Asks for a sale.
pub(crate) fn ask(number: u64, owner: Owner, verb: Verb, sale: Sale) -> Ask {
    let basket_hash = [3; 32];
    Ask {
        checkout: checkout(number),
        owner,
        actor: Actor::default(),
        now_ms: NOW_MS,
        basket_hash,
        content_hash: if matches!(verb, Verb::Reserve { .. }) { basket_hash } else { [4; 32] },
        sale: Arc::new(sale),
        answer: format!("sale {number}").into_bytes(),
        verb,
        gone: None,
        unseen: false,
    }
}

/// A call of the script.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Enrol,
    Adjust,
    Sell { owner: Option<u64>, checkout: u64, verb: Verb, points: i64, code: Option<u8> },
    Cancel(u64),
    GiveBack(u64),
    Work,
    Archive,
}

const RESERVE: Verb = Verb::Reserve { until_ms: UNTIL_MS };
const FACT: Verb = Verb::Record(Fact::Tendered);

/// Everything in its order. Never do two entries wait for accrual at once: stores that keep the order of calls accrue several
/// together, in fewer versions. The owner of a sale is a guest's number, or none for the member.
pub(crate) const CALLS: &[Call] = &[
    Call::Enrol,
    Call::Adjust,
    Call::Sell { owner: Some(1), checkout: 1, verb: RESERVE, points: 0, code: Some(1) },
    // The card is scanned: the sale passes over, with what it holds.
    Call::Sell { owner: None, checkout: 1, verb: RESERVE, points: 40, code: Some(1) },
    Call::Sell { owner: None, checkout: 1, verb: Verb::Confirm, points: 40, code: Some(1) },
    Call::Work,
    // What the till asks for again, and what comes back, lies in the archive.
    Call::Archive,
    Call::Sell { owner: None, checkout: 1, verb: Verb::Confirm, points: 40, code: Some(1) },
    // At once, the last but one use; it comes from another shard.
    Call::Sell { owner: Some(4), checkout: 4, verb: Verb::Confirm, points: 0, code: Some(2) },
    Call::Sell { owner: None, checkout: 7, verb: RESERVE, points: 20, code: None },
    Call::Cancel(7),
    Call::Cancel(8),
    // Paid although nobody knows what is left.
    Call::Sell { owner: None, checkout: 10, verb: FACT, points: 0, code: None },
    Call::Work,
    Call::GiveBack(1),
    Call::Work,
    Call::GiveBack(4),
    Call::Sell { owner: None, checkout: 13, verb: Verb::Confirm, points: 0, code: Some(1) },
    Call::Work,
    Call::Archive,
];

/// What there is before the first call.
pub(crate) async fn prepare(store: &dyn Store, chain: &str) {
    let cap = LimitCap { uses: Some(3), amount_minor: Some(10_000) };
    assert_eq!(store.set_limit(chain, OFFER, cap).await, Ok(cap));
    store.add_codes(chain, OFFER, &[code(1), code(2)]).await.expect("codes");
}

/// Makes one call.
pub(crate) async fn call(books: &Books, call: Call) -> Result<(), BooksError> {
    let actor = Actor::default();
    let now_ms = NOW_MS;
    let change = |number: u8, action: fn([u8; 16]) -> Action| {
        let request = [number; 16];
        MemberAsk { member: member(), request, actor: Actor::default(), now_ms, action: action(request) }
    };
    match call {
        Call::Enrol => {
            let ask = change(1, |request| Action::Enrol {
                request,
                content_hash: [1; 32],
                birthday: None,
                referred_by: None,
            });
            books.change(ask).await.map(|_| ())
        }
        Call::Adjust => {
            let ask = change(2, |request| Action::Adjust {
                request,
                content_hash: [2; 32],
                points: 100,
                expires_ms: None,
            });
            books.change(ask).await.map(|_| ())
        }
        Call::Sell { owner, checkout: number, verb, points, code } => {
            let owner = owner.map_or_else(|| Owner::Member(member()), guest);
            let ask = ask(number, owner, verb, sale(points, code));
            books.sell(Arc::new(ask)).await.map(|_| ())
        }
        Call::Cancel(number) => books.cancel(checkout(number), &actor, now_ms).await.map(|_| ()),
        Call::GiveBack(number) => {
            let owner = if number == 4 { guest(4) } else { Owner::Member(member()) };
            let refund = Refund {
                checkout: checkout(number),
                return_id: ReturnId::from_bytes([9; 16]),
                owner,
                actor,
                now_ms,
                business_ms: now_ms,
                content_hash: [5; 32],
                wanted: Wanted::All,
                repriced: None,
                fact: false,
            };
            books.refund(refund).await.map(|_| ())
        }
        Call::Work => books.work(&member(), now_ms).await.map(|_| ()),
        Call::Archive => {
            let mut after = Cursor::default();
            loop {
                let rows = books.store.archive(&books.chain, &member(), now_ms + 1, &after, 2).await?;
                let Some(next) = rows.next else { return Ok(()) };
                after = next;
            }
        }
    }
}

/// Everything that a chain has in the end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Everything {
    /// Heads and rows, byte for byte, by owner.
    rows: BTreeMap<Owner, Vec<RawRow>>,
    /// What is used, held and overrun, by limit.
    used: BTreeMap<OfferKey, (i64, i64, i64)>,
    caps: Vec<Option<LimitCap>>,
    holders: BTreeMap<(OfferKey, CheckoutId, Owner), LimitHolder>,
    codes: Vec<Option<CodeView>>,
    pub(crate) events: Vec<OutboxEvent>,
    parked: Vec<ParkedRow>,
}

impl Everything {
    /// The same in another chain: heads name theirs.
    #[allow(dead_code)] // One of the programs that share this compares chains.
    pub(crate) fn of_chain(&self, chain: &str) -> Self {
        let mut other = self.clone();
        for row in other.rows.values_mut().flatten() {
            if let RawRow::Head(head) = row {
                chain.clone_into(&mut head.chain);
            }
        }
        other
    }
}

pub(crate) async fn everything(store: &dyn Store, chain: &str) -> Everything {
    let mut rows: BTreeMap<Owner, Vec<RawRow>> = BTreeMap::new();
    let owners = [1, 4, 7, 8, 10, 13].map(guest).into_iter().chain([Owner::Member(member())]);
    for owner in owners {
        let Some(from) = store.walk_from(chain, &owner).await.expect("a place") else { continue };
        let page = store.walk(&from, ROWS_MAX).await.expect("rows");
        let mut of = page.rows.into_iter();
        let head = of.next().expect("a head");
        let entries = of.take_while(|row| matches!(row, RawRow::Entry(_)));
        let all: Vec<RawRow> = std::iter::once(head).chain(entries).collect();
        assert!(all.len() < ROWS_MAX, "there may be more");
        rows.insert(owner, all);
    }
    let limits = store.limits(chain).await.expect("limits");
    let caps = limits.iter().map(|limit| limit.cap).collect();
    let (mut used, mut holders) = (BTreeMap::new(), BTreeMap::new());
    for limit in limits {
        used.insert(limit.offer, (limit.used.uses, limit.held.uses, limit.overrun.uses));
        let mut after = Cursor::default();
        loop {
            let page = store.limit_holders(chain, limit.offer, &after, 100).await.expect("holders");
            for row in page.rows {
                // A share that ended is as good as none.
                if !matches!(row.holder.state, suanpan_store::HolderState::Freed) {
                    let holder = LimitHolder { until_ms: 0, ..row.holder };
                    holders.insert((limit.offer, row.checkout, row.owner), holder);
                }
            }
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
    }
    let mut codes = Vec::new();
    for number in [1, 2] {
        codes.push(store.code(chain, code(number)).await.expect("a code"));
    }
    let events = store.outbox(chain, &Cursor::default(), 1_000).await.expect("events").rows;
    let parked = store.parked(chain, &Cursor::default(), 1_000).await.expect("a list").rows;
    Everything { rows, used, caps, holders, codes, events, parked }
}
