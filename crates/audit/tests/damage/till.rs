//! What a chain does in a few days: members, sales, reservations, returns, coupons, limits, codes.

use std::sync::Arc;

use suanpan_checkout::{Ask, Books, MemberAsk, Recorded, Refund, Verb};
use suanpan_domain::{CheckoutId, MemberId, ReturnId};
use suanpan_ledger::command::{EntryRef, Fact, Wanted, WantedLine};
use suanpan_ledger::head::{Counter, CouponId, OfferKey, Period};
use suanpan_ledger::policy::{ActivityRule, PointsExpiry, ReferralRule};
use suanpan_ledger::sale::{GlobalUse, LimitedUse, SaleLine, SaleRun, Tender};
use suanpan_ledger::{Action, Actor, Policy, Sale};
use suanpan_store::{CodeHash, LimitCap, Owner, Store};

pub(crate) const CHAIN: &str = "sunrise";
/// When it begins, Unix milliseconds.
pub(crate) const START_MS: i64 = 1_764_000_000_000;
pub(crate) const LIMIT: OfferKey = OfferKey(0xa1);
pub(crate) const CAMPAIGN: OfferKey = OfferKey(0xc0);
const PER_MEMBER: OfferKey = OfferKey(0xb1);
pub(crate) const STROLL: OfferKey = OfferKey(0xac);

pub(crate) fn member(name: &str) -> MemberId {
    MemberId::new(name).expect("a short name")
}

pub(crate) fn of(name: &str) -> Owner {
    Owner::Member(member(name))
}

pub(crate) fn checkout(number: u8) -> CheckoutId {
    sale_id(u64::from(number))
}

/// An id of version 7, whose moment and end are of the number.
pub(crate) fn sale_id(number: u64) -> CheckoutId {
    let mut id = [0; 16];
    id[..6].copy_from_slice(&(START_MS as u64 + number).to_be_bytes()[2..]);
    (id[6], id[8]) = (0x70, 0x80);
    id[9..].copy_from_slice(&number.to_be_bytes()[1..]);
    CheckoutId::from_bytes(id).expect("a version 7")
}

pub(crate) const fn coupon(number: u8) -> CouponId {
    CouponId([number; 16])
}

pub(crate) const fn code(number: u8) -> [u8; 16] {
    [0xe0 | number; 16]
}

pub(crate) const fn back(number: u8) -> ReturnId {
    ReturnId::from_bytes([number; 16])
}

/// A chain at work, whose clock goes on with every call.
pub(crate) struct Till {
    pub(crate) books: Books,
    now_ms: i64,
    requests: u64,
}

/// Three units at 4.00 with tax 0.32, of which each earns 10 points; and 1.5 kg at 9.99.
pub(crate) fn basket() -> Sale {
    let run = SaleRun { units: 3, paid_minor: 400, tax_minor: 32, points_value_minor: 0, points_earned: 10 };
    let units = SaleLine {
        id: "1".to_owned(),
        sku: "tea".to_owned(),
        quantity_milli: 3_000,
        paid_minor: 1_200,
        tax_minor: 96,
        points_earned: 30,
        runs: vec![run],
        ..SaleLine::default()
    };
    let run = SaleRun { units: 1, paid_minor: 999, tax_minor: 80, points_value_minor: 0, points_earned: 9 };
    let weighed = SaleLine {
        id: "2".to_owned(),
        sku: "rice".to_owned(),
        quantity_milli: 1_500,
        weighed: true,
        paid_minor: 999,
        tax_minor: 80,
        points_earned: 9,
        runs: vec![run],
        ..SaleLine::default()
    };
    Sale {
        business_ms: START_MS,
        program_version: "p1".to_owned(),
        lines: vec![units, weighed],
        due_minor: 2_199,
        cash_rounding_minor: 1,
        tenders: vec![Tender { kind: "cash".to_owned(), amount_minor: 2_200 }],
        points_earned: 39,
        qualifying_minor: 2_199,
        ..Sale::default()
    }
}

/// The same, one unit of which is paid with points.
pub(crate) fn with_points(points: i64) -> Sale {
    let mut sale = basket();
    let line = &mut sale.lines[0];
    line.runs = vec![
        SaleRun { units: 2, ..line.runs[0] },
        SaleRun { units: 1, paid_minor: 0, tax_minor: 0, points_value_minor: 400, points_earned: 0 },
    ];
    (line.paid_minor, line.tax_minor, line.points_value_minor, line.points_earned) = (800, 64, 400, 20);
    (sale.due_minor, sale.points_value_minor, sale.points_earned) = (1_799, 400, 29);
    (sale.points_used, sale.qualifying_minor) = (points, 1_799);
    sale.tenders[0].amount_minor = 1_800;
    sale
}

pub(crate) fn limited(mut sale: Sale) -> Sale {
    let take = GlobalUse { offer: LIMIT, uses: 1, amount_minor: 150, given_back_if_whole: true };
    sale.global_uses.push(take);
    let counter = Counter { offer: PER_MEMBER, period: Period::Month(670), used: 1 };
    sale.uses.push(LimitedUse { counter, limit: 9 });
    sale
}

pub(crate) fn policy() -> Policy {
    let mut policy = Policy::plain(jiff::tz::TimeZone::UTC);
    policy.expiry =
        Some(PointsExpiry { after_months: 12, end_of_month: true, remind_months_before: Some(1) });
    policy.delay_days = 1;
    policy.referral = Some(ReferralRule { referrer_points: 70, friend_points: 25, taken_back_days: 30 });
    policy.activities.push(ActivityRule {
        activity: STROLL,
        id: "stroll".to_owned(),
        points: 3,
        activity_points: 1,
        per_day: None,
        lifetime: None,
    });
    policy
}

impl Till {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        let books = Books {
            store,
            chain: CHAIN.to_owned(),
            policy: Arc::new(policy()),
            queues: suanpan_checkout::Queues::default(),
        };
        Self { books, now_ms: START_MS, requests: 0 }
    }

    fn now(&mut self) -> i64 {
        self.now_ms += 1_000;
        self.now_ms
    }

    pub(crate) async fn change(&mut self, who: &str, action: impl FnOnce([u8; 16]) -> Action) {
        self.requests += 1;
        let mut request = [0; 16];
        request[8..].copy_from_slice(&self.requests.to_be_bytes());
        let now_ms = self.now();
        let ask = MemberAsk {
            member: member(who),
            request,
            actor: Actor::default(),
            now_ms,
            action: action(request),
        };
        self.books.change(ask).await.expect("a change of a member");
    }

    pub(crate) async fn enrol(&mut self, who: &str, referred_by: Option<&str>) {
        let referred_by = referred_by.map(member);
        let content_hash = [0; 32];
        self.change(who, |request| Action::Enrol { request, content_hash, birthday: None, referred_by })
            .await;
    }

    pub(crate) async fn adjust(&mut self, who: &str, points: i64) {
        let content_hash = [0; 32];
        let action = |request| Action::Adjust { request, content_hash, points, expires_ms: None };
        self.change(who, action).await;
    }

    pub(crate) async fn grant(&mut self, who: &str, coupon: CouponId) {
        let (content_hash, campaign, expires_ms) = ([0; 32], CAMPAIGN, START_MS + 90 * 86_400_000);
        let action = |request| Action::GrantCoupon { request, content_hash, coupon, campaign, expires_ms };
        self.change(who, action).await;
    }

    pub(crate) async fn sell(
        &mut self,
        owner: Owner,
        checkout: CheckoutId,
        sale: Sale,
        verb: Verb,
    ) -> Recorded {
        let now_ms = self.now();
        let actor = Actor::default();
        let (basket_hash, content_hash, answer) = ([1; 32], [2; 32], b"paid".to_vec());
        let (sale, gone, unseen) = (Arc::new(sale), None, false);
        let ask = Ask {
            checkout,
            owner,
            actor,
            now_ms,
            basket_hash,
            content_hash,
            sale,
            answer,
            verb,
            gone,
            unseen,
        };
        self.books.sell(Arc::new(ask)).await.expect("a sale")
    }

    pub(crate) async fn reserve(&mut self, owner: Owner, checkout: CheckoutId, sale: Sale) {
        let until_ms = self.now_ms + 3_600_000;
        self.sell(owner, checkout, sale, Verb::Reserve { until_ms }).await;
    }

    pub(crate) async fn refund(&mut self, owner: Owner, checkout: CheckoutId, number: u8, wanted: Wanted) {
        let now_ms = self.now();
        let refund = Refund {
            checkout,
            return_id: back(number),
            owner,
            actor: Actor::default(),
            now_ms,
            business_ms: now_ms,
            content_hash: [number; 32],
            wanted,
            repriced: None,
            fact: false,
        };
        self.books.refund(refund).await.expect("a return");
    }

    pub(crate) async fn work(&mut self, who: &str) {
        let now_ms = self.now();
        self.books.work(&member(who), now_ms).await.expect("the worker's steps");
    }
}

pub(crate) fn lines(line: &str, quantity_milli: i64) -> Wanted {
    Wanted::Lines(vec![WantedLine { line: line.to_owned(), quantity_milli, units: Vec::new() }])
}

/// A chain's life: everything that can stand in a store stands in it.
pub(crate) async fn life(store: Arc<dyn Store>) {
    let cap = LimitCap { uses: Some(10), amount_minor: Some(100_000) };
    store.set_limit(CHAIN, LIMIT, cap).await.expect("a limit");
    let codes: Vec<CodeHash> = (1..=6).map(|number| CodeHash(code(number))).collect();
    store.add_codes(CHAIN, CAMPAIGN, &codes).await.expect("codes");
    let mut till = Till::new(store);

    // Anna: points, coupons, a sale that is accrued, two partial returns, one that waits, a reservation.
    till.enrol("anna", None).await;
    till.adjust("anna", 900).await;
    for number in 1..=4 {
        till.grant("anna", coupon(number)).await;
    }
    let mut sale = limited(with_points(200));
    (sale.coupons, sale.codes) = (vec![coupon(1)], vec![code(1)]);
    till.sell(of("anna"), checkout(1), sale, Verb::Confirm).await;
    till.work("anna").await;
    till.refund(of("anna"), checkout(1), 1, lines("1", 1_000)).await;
    till.refund(of("anna"), checkout(1), 2, lines("2", 500)).await;
    till.work("anna").await;
    let mut sale = limited(with_points(100));
    (sale.coupons, sale.codes) = (vec![coupon(2)], vec![code(2)]);
    till.reserve(of("anna"), checkout(2), sale.clone()).await;
    till.sell(of("anna"), checkout(3), basket(), Verb::Confirm).await;
    till.change("anna", |request| Action::EarnByActivity {
        request,
        content_hash: [0; 32],
        activity: STROLL,
        business_ms: START_MS,
    })
    .await;

    // Bert, whom Anna brought: his first sale pays both; a reservation is paid, and comes back whole.
    till.enrol("bert", Some("anna")).await;
    till.sell(of("bert"), checkout(4), basket(), Verb::Confirm).await;
    till.work("bert").await;
    till.grant("bert", coupon(5)).await;
    let mut sale = limited(basket());
    (sale.coupons, sale.codes) = (vec![coupon(5)], vec![code(3)]);
    till.reserve(of("bert"), checkout(5), sale.clone()).await;
    till.sell(of("bert"), checkout(5), sale, Verb::Confirm).await;
    till.work("bert").await;
    till.refund(of("bert"), checkout(5), 1, lines("1", 2_000)).await;
    till.refund(of("bert"), checkout(5), 2, Wanted::All).await;
    till.work("bert").await;

    // Carla: more points than she has in a fact, so a debt; a parked sale; points from Bert; Dora merges into her.
    till.enrol("carla", None).await;
    till.sell(of("carla"), checkout(6), with_points(90), Verb::Record(Fact::Offline)).await;
    let key = EntryRef::Checkout(checkout(6));
    park(&mut till, "carla", key).await;
    till.sell(of("carla"), checkout(7), limited(basket()), Verb::Confirm).await;
    till.work("carla").await;
    till.adjust("bert", 60).await;
    till.change("bert", |request| Action::TransferOut {
        request,
        content_hash: [0; 32],
        to: member("carla"),
        points: 15,
    })
    .await;
    till.work("bert").await;
    till.enrol("dora", None).await;
    till.adjust("dora", 33).await;
    till.grant("dora", coupon(6)).await;
    till.work("dora").await;
    let now_ms = till.now();
    let action = Action::MergeLock { request: [0xdd; 16], content_hash: [0; 32], source: member("dora") };
    let survivor =
        MemberAsk { member: member("carla"), request: [0xdd; 16], actor: Actor::default(), now_ms, action };
    till.books.merge(survivor, member("dora")).await.expect("a merge");

    // Guests: a sale with a limit and a code that comes back in part, a reservation, a sale that never was.
    let guest = |number| Owner::Guest(checkout(number));
    let mut sale = limited(basket());
    sale.uses.clear();
    sale.codes = vec![code(4)];
    till.sell(guest(8), checkout(8), sale.clone(), Verb::Confirm).await;
    till.refund(guest(8), checkout(8), 1, lines("1", 1_000)).await;
    sale.codes = vec![code(5)];
    till.reserve(guest(9), checkout(9), sale.clone()).await;
    sale.codes = vec![code(6)];
    till.reserve(guest(10), checkout(10), sale).await;
    let now_ms = till.now();
    till.books.cancel(checkout(10), &Actor::default(), now_ms).await.expect("a cancel");
    // A guest's reservation turns out to be Bert's sale.
    till.reserve(guest(11), checkout(11), basket()).await;
    till.sell(of("bert"), checkout(11), basket(), Verb::Confirm).await;
}

/// Puts an entry aside, as the worker does with one that it cannot accrue.
async fn park(till: &mut Till, who: &str, entry: EntryRef) {
    use suanpan_ledger::{Applied, Command, apply, due_at};
    use suanpan_store::{Scope, Verdict, Write, decide_with};
    let (EntryRef::Checkout(sale) | EntryRef::Return(sale, _)) = entry;
    let (owner, policy, now_ms) = (of(who), policy(), till.now());
    let scope = Scope::of(owner.clone()).for_checkout(sale);
    let action = Action::Park { entry, why: "its program is gone".to_owned() };
    let command = Command { now_ms, actor: Actor::default(), action };
    decide_with(&*till.books.store, CHAIN, scope, move |view| {
        match apply(&policy, &view.head, &view.entries, &command) {
            Ok(Applied::Changed(change)) => {
                let due_at_ms = due_at(&policy, &change.head);
                (Write::of(owner.clone(), *change, due_at_ms).into(), ())
            }
            other => panic!("{other:?}, {:?}", Verdict::Leave),
        }
    })
    .await
    .expect("a parked entry");
}
