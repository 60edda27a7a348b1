//! What the checks sell with: the ledger's commands as decisions, in the order that a service has them too.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use suanpan_domain::{CheckoutId, MemberId, ReturnId};
use suanpan_ledger::command::{Fact, Wanted};
use suanpan_ledger::head::{CouponId, NEVER_MS, OfferKey};
use suanpan_ledger::sale::{GlobalUse, Sale, SaleLine, SaleRun, Tender};
use suanpan_ledger::{
    Action, Actor, Applied, Command, Conflict, EntryKey, Policy, Refusal, State, apply, due_at,
};

use crate::code::{CodeHolder, CodeMove, CodeStep};
use crate::error::StoreError;
use crate::limit::{HolderState, LimitMove, LimitStep, Taken};
use crate::scope::{CodeHash, Owner, Scope};
use crate::store::Store;
use crate::verdict::{HeadWrite, Verdict, Write, decide_with};
use crate::view::View;

/// When the checks begin, Unix milliseconds.
pub(super) const START_MS: i64 = 1_764_000_000_000;

/// Repetitions after which a store that never knows is given up.
const TRIES_MAX: usize = 10_000;

/// A chain in a store.
#[derive(Clone)]
pub(super) struct Shop {
    pub(super) store: Arc<dyn Store>,
    pub(super) chain: &'static str,
    policy: Arc<Policy>,
    clock: Arc<AtomicI64>,
}

/// A sale and what it takes from everybody's limits.
#[derive(Clone)]
pub(super) struct Basket {
    pub(super) owner: Owner,
    pub(super) checkout: CheckoutId,
    pub(super) sale: Sale,
}

/// What a till is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It happened, now or before, with this answer.
    Done(Vec<u8>),
    /// It happened for another owner.
    Elsewhere(Owner),
    /// It did not happen.
    Refused(Vec<Refusal>),
}

impl Told {
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// The first reason; panics when it happened.
    pub(super) fn reason(&self) -> Refusal {
        match self {
            Self::Refused(reasons) => reasons[0],
            other => panic!("not refused: {other:?}"),
        }
    }
}

/// Repeats a call until its outcome is known. Every call of the suite may be repeated.
pub(super) async fn known<T, F: Future<Output = Result<T, StoreError>>>(call: impl Fn() -> F) -> T {
    for _ in 0..TRIES_MAX {
        match call().await {
            Ok(value) => return value,
            Err(StoreError::Unknown(_) | StoreError::Busy | StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::task::yield_now().await;
    }
    panic!("no outcome after {TRIES_MAX} tries");
}

impl Shop {
    pub(super) fn new(store: Arc<dyn Store>, chain: &'static str) -> Self {
        let policy = Arc::new(Policy::plain(jiff::tz::TimeZone::UTC));
        Self { store, chain, policy, clock: Arc::new(AtomicI64::new(START_MS)) }
    }

    /// A millisecond later than before.
    pub(super) fn now(&self) -> i64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn command(&self, action: Action) -> Command {
        Command { now_ms: self.now(), actor: Actor::default(), action }
    }

    /// Decides, again while the outcome is not known.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        scope: Scope,
        decider: impl FnMut(&View) -> (Verdict, T) + Clone + Send + 'static,
    ) -> T {
        known(|| decide_with(self.store.as_ref(), self.chain, scope.clone(), decider.clone())).await
    }

    /// Carries out a command that touches nothing but the member.
    pub(super) async fn do_for(&self, member: &MemberId, key: EntryKey, action: Action) -> Told {
        let (policy, command, owner) =
            (Arc::clone(&self.policy), self.command(action), Owner::Member(member.clone()));
        let scope = match key {
            EntryKey::Checkout(checkout) | EntryKey::Return(checkout, _) => {
                Scope::of(owner.clone()).with_returns(checkout)
            }
            _ => Scope::of(owner.clone()).reading(key),
        };
        self.ask(scope, move |view| {
            let applied = apply(&policy, &view.head, &view.entries, &command);
            let mut write = Write::default();
            let told = take(&policy, &owner, applied, &mut write);
            (verdict(write), told)
        })
        .await
    }

    pub(super) async fn enrol(&self, name: &str) -> MemberId {
        let member = MemberId::new(name).expect("a short name");
        let request = request(0);
        let action = Action::Enrol { request, content_hash: [1; 32], birthday: None, referred_by: None };
        let told = self.do_for(&member, EntryKey::Request(request), action).await;
        assert!(told.is_done(), "{told:?}");
        member
    }

    pub(super) async fn adjust(&self, member: &MemberId, number: u64, points: i64) -> Told {
        let request = request(number);
        let action = Action::Adjust { request, content_hash: [2; 32], points, expires_ms: None };
        self.do_for(member, EntryKey::Request(request), action).await
    }

    pub(super) async fn grant(&self, member: &MemberId, number: u64) -> CouponId {
        let request = request(number);
        let coupon = CouponId(request);
        let action = Action::GrantCoupon {
            request,
            content_hash: [3; 32],
            coupon,
            campaign: OfferKey(number),
            expires_ms: NEVER_MS,
        };
        let told = self.do_for(member, EntryKey::Request(request), action).await;
        assert!(told.is_done(), "{told:?}");
        coupon
    }

    pub(super) async fn reserve(&self, basket: &Basket) -> Told {
        let until_ms = START_MS + 3_600_000;
        let action = Action::Reserve {
            checkout: basket.checkout,
            content_hash: [4; 32],
            sale: Arc::new(basket.sale.clone()),
            until_ms,
            answer: b"reserved".to_vec(),
        };
        self.sell(basket, action, Some(until_ms)).await
    }

    pub(super) async fn confirm(&self, basket: &Basket) -> Told {
        self.confirm_answering(basket, b"paid").await
    }

    pub(super) async fn confirm_answering(&self, basket: &Basket, answer: &[u8]) -> Told {
        self.sell(basket, confirm(basket, None, answer), None).await
    }

    pub(super) async fn tender(&self, basket: &Basket) -> Told {
        self.sell(basket, confirm(basket, Some(Fact::Tendered), b"told"), None).await
    }

    pub(super) async fn cancel(&self, basket: &Basket) -> Told {
        self.sell(basket, Action::Cancel { checkout: basket.checkout }, None).await
    }

    /// Everything comes back.
    pub(super) async fn give_back(&self, basket: &Basket, number: u64) -> Told {
        let return_id = ReturnId::from_bytes(request(number));
        let action = Action::Return {
            checkout: basket.checkout,
            return_id,
            content_hash: [6; 32],
            business_ms: START_MS,
            wanted: Wanted::All,
            repriced: None,
            fact: false,
        };
        let (policy, command, owner) = (Arc::clone(&self.policy), self.command(action), basket.owner.clone());
        let mut scope = Scope::of(owner.clone()).with_returns(basket.checkout);
        scope.limits = basket.limits();
        let uses = basket.sale.global_uses.clone();
        self.ask(scope, move |view| {
            let applied = apply(&policy, &view.head, &view.entries, &command);
            let mut write = Write::default();
            let told = take(&policy, &owner, applied, &mut write);
            if !write.heads.is_empty() {
                write.limits = moves(&uses, |_| LimitStep::GiveBack);
            }
            (verdict(write), told)
        })
        .await
    }

    /// Reserve, confirm or cancel: fences who else has the id, then the own row, limits and codes.
    async fn sell(&self, basket: &Basket, action: Action, until_ms: Option<i64>) -> Told {
        let (policy, command, basket) = (Arc::clone(&self.policy), self.command(action), basket.clone());
        let mut scope = Scope::of(basket.owner.clone()).claiming(basket.checkout);
        scope.limits = basket.limits();
        scope.codes = basket.codes();
        self.ask(scope, move |view| decide_sale(&policy, &command, &basket, until_ms, view)).await
    }
}

impl Basket {
    /// A sale over some minor units.
    pub(super) fn of(owner: Owner, number: u64, paid_minor: i64) -> Self {
        let sale = Sale {
            business_ms: START_MS,
            program_version: "p1".to_owned(),
            lines: vec![SaleLine {
                id: "1".to_owned(),
                sku: "sku".to_owned(),
                quantity_milli: 1_000,
                paid_minor,
                runs: vec![SaleRun { units: 1, paid_minor, ..SaleRun::default() }],
                ..SaleLine::default()
            }],
            due_minor: paid_minor,
            tenders: vec![Tender { kind: "cash".to_owned(), amount_minor: paid_minor }],
            qualifying_minor: paid_minor,
            ..Sale::default()
        };
        Self { owner, checkout: checkout(number), sale }
    }

    pub(super) fn of_member(member: &MemberId, number: u64) -> Self {
        Self::of(Owner::Member(member.clone()), number, 1_000)
    }

    pub(super) fn of_guest(number: u64) -> Self {
        Self::of(Owner::Guest(checkout(number)), number, 1_000)
    }

    /// The same sale for somebody else.
    pub(super) fn owned_by(&self, owner: Owner) -> Self {
        Self { owner, ..self.clone() }
    }

    pub(super) fn paying_points(mut self, points: i64) -> Self {
        self.sale.points_used = points;
        self.sale.points_value_minor = points;
        self.sale.lines[0].points_value_minor = points;
        self.sale.lines[0].runs[0].points_value_minor = points;
        self
    }

    pub(super) fn using(mut self, coupon: CouponId) -> Self {
        self.sale.coupons.push(coupon);
        self
    }

    pub(super) fn taking(mut self, offer: OfferKey, uses: u32, amount_minor: i64) -> Self {
        self.sale.global_uses.push(GlobalUse { offer, uses, amount_minor, given_back_if_whole: true });
        self
    }

    pub(super) fn with_code(mut self, code: CodeHash) -> Self {
        self.sale.codes.push(code.0);
        self
    }

    fn codes(&self) -> Vec<CodeHash> {
        self.sale.codes.iter().copied().map(CodeHash).collect()
    }

    fn limits(&self) -> Vec<OfferKey> {
        self.sale.global_uses.iter().map(|used| used.offer).collect()
    }
}

/// An id of sixteen bytes.
pub(super) fn request(number: u64) -> [u8; 16] {
    let mut id = [0xa0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    id
}

/// An id made `number` milliseconds after the beginning.
pub(super) fn checkout(number: u64) -> CheckoutId {
    let mut id = [0x70; 16];
    let ms = (START_MS as u64 + number).to_be_bytes();
    id[..6].copy_from_slice(&ms[2..]);
    id[8..].copy_from_slice(&number.to_be_bytes());
    CheckoutId::from_bytes(id).expect("version 7")
}

fn confirm(basket: &Basket, fact: Option<Fact>, answer: &[u8]) -> Action {
    Action::Confirm {
        checkout: basket.checkout,
        content_hash: [5; 32],
        reserve_hash: [4; 32],
        sale: Arc::new(basket.sale.clone()),
        fact,
        missing: Vec::new(),
        answer: answer.to_vec(),
    }
}

/// What the ledger said as a write and an answer.
fn take(policy: &Policy, owner: &Owner, applied: Result<Applied, Vec<Conflict>>, write: &mut Write) -> Told {
    match applied {
        Ok(Applied::Changed(change)) => {
            let told = Told::Done(change.entry.answer.clone());
            let due_at_ms = due_at(policy, &change.head);
            write.heads.push(HeadWrite { owner: owner.clone(), change: *change, due_at_ms });
            told
        }
        Ok(Applied::Known(entry)) => Told::Done(entry.answer),
        Ok(Applied::Nothing) => Told::Done(Vec::new()),
        Ok(Applied::AccrueFirst) => panic!("the checks stay below the bound of pending entries"),
        Err(conflicts) => Told::Refused(conflicts.into_iter().map(|conflict| conflict.reason).collect()),
    }
}

fn verdict(write: Write) -> Verdict {
    let nothing = write.heads.is_empty()
        && write.limits.is_empty()
        && write.codes.is_empty()
        && write.derived.is_empty();
    if nothing { Verdict::Leave } else { write.into() }
}

fn moves(uses: &[GlobalUse], step: impl Fn(usize) -> LimitStep) -> Vec<LimitMove> {
    let of = |(place, used): (usize, &GlobalUse)| LimitMove {
        offer: used.offer,
        step: step(place),
        taken: Taken { uses: i64::from(used.uses), amount_minor: used.amount_minor },
    };
    uses.iter().enumerate().map(of).collect()
}

fn decide_sale(
    policy: &Policy,
    command: &Command,
    basket: &Basket,
    until_ms: Option<i64>,
    view: &View,
) -> (Verdict, Told) {
    let fact = matches!(command.action, Action::Confirm { fact: Some(_), .. });
    let cancel = matches!(command.action, Action::Cancel { .. });
    let own_is_settled = view
        .checkout(basket.checkout)
        .is_some_and(|row| matches!(row.state, State::Confirmed | State::Cancelled));
    let mut write = Write::default();
    let mut fenced = Vec::new();
    if !own_is_settled {
        for other in &view.elsewhere {
            match other.entry.state {
                State::Reserved => fenced.push(other),
                State::Cancelled if !fact && !cancel => {
                    return (Verdict::Leave, Told::Refused(vec![Refusal::CheckoutCancelled]));
                }
                State::Cancelled | State::Fenced => {}
                _ => return (Verdict::Leave, Told::Elsewhere(other.owner.clone())),
            }
        }
    }
    let told = take(policy, &basket.owner, apply(policy, &view.head, &view.entries, command), &mut write);
    if write.heads.is_empty() {
        return (Verdict::Leave, told);
    }
    if let Some(missing) = take_limits(basket, until_ms, fact, cancel, view, &mut write) {
        return (Verdict::Short, Told::Refused(missing));
    }
    for other in fenced {
        let action = Action::EndReservation { checkout: basket.checkout, fenced: true };
        let end = Command { action, ..command.clone() };
        let applied = apply(policy, &other.head, std::slice::from_ref(&other.entry), &end);
        if let Ok(Applied::Changed(change)) = applied {
            let due_at_ms = due_at(policy, &change.head);
            write.fence(other, *change, due_at_ms);
        }
    }
    (write.into(), told)
}

/// Takes limits and codes; what is missing when it does not fit.
fn take_limits(
    basket: &Basket,
    until_ms: Option<i64>,
    fact: bool,
    cancel: bool,
    view: &View,
    write: &mut Write,
) -> Option<Vec<Refusal>> {
    let holder = CodeHolder { checkout: basket.checkout, owner: basket.owner.clone() };
    let mut missing = Vec::new();
    write.limits = moves(&basket.sale.global_uses, |place| {
        let used = &basket.sale.global_uses[place];
        let view = view.limit_after_fencing(place).expect("a limit of the scope");
        let taken = Taken { uses: i64::from(used.uses), amount_minor: used.amount_minor };
        let held = view.holder.is_some_and(|holder| holder.state == HolderState::Held);
        match until_ms {
            _ if cancel => LimitStep::Free,
            Some(until_ms) => LimitStep::Hold { until_ms },
            None if held || (fact && !view.fits(taken)) => LimitStep::Settle,
            None => LimitStep::Take,
        }
    });
    for (place, moved) in write.limits.iter().enumerate() {
        let view = view.limit_after_fencing(place).expect("a limit of the scope");
        if matches!(moved.step, LimitStep::Hold { .. } | LimitStep::Take) && !view.fits(moved.taken) {
            missing.push(if moved.taken.uses > 0 { Refusal::GlobalLimit } else { Refusal::GlobalBudget });
        }
    }
    for (place, code) in basket.codes().into_iter().enumerate() {
        let step = match until_ms {
            _ if cancel => CodeStep::Free,
            Some(until_ms) => CodeStep::Hold { until_ms },
            None => CodeStep::Use,
        };
        match view.code_after_fencing(place) {
            None if !fact && !cancel => missing.push(Refusal::CodeUnknown),
            Some(view) if !cancel && !view.is_for(&holder) && !fact => missing.push(Refusal::CodeUsed),
            Some(view) if cancel || view.is_for(&holder) => write.codes.push(CodeMove { code, step }),
            _ => {}
        }
    }
    (!missing.is_empty()).then_some(missing)
}
