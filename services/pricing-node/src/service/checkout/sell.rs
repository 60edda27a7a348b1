//! Reserve, confirm, and sales that were paid already.
//!
//! A sale that is recorded under the id is the answer, and a reservation of the same basket is the price; else the basket
//! is priced, by the facts of its token or by what holds now.

use std::sync::Arc;

use suanpan_checkout::{Ask, BooksError, Recorded, Verb};
use suanpan_domain::limits;
use suanpan_ledger::command::Fact;
use suanpan_ledger::{Conflict, Refusal, Sale, State};
use suanpan_rpc::decode::SaleCall;
use suanpan_rpc::member_v1::ConflictReason;
use suanpan_rpc::problem::{Fault, Problems};
use suanpan_rpc::{checkout_v1, content, member_v1, status, v1};
use suanpan_store::{FoundCheckout, Owner};
use tonic::Status;

use super::refused::is_of_a_limit;
use super::{Desk, answer};
use crate::failure::Failure;
use crate::node::Facts;
use crate::sales::{Found, Whom, settled};

/// How often a sale at any price is priced again, each time because others took what limited offers had left.
const PRICED_AGAIN_MAX: usize = 8;

/// What of a selling call is not checked yet.
pub(super) struct Sell {
    pub(super) basket: Option<v1::Basket>,
    /// The tenders as they were sent.
    pub(super) sent: Vec<checkout_v1::Tender>,
    pub(super) token: String,
    pub(super) expected_due_minor: Option<i64>,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reserve,
    Confirm,
    Tendered,
    Offline,
}

impl Kind {
    pub(super) const fn fact(self) -> Option<Fact> {
        match self {
            Kind::Reserve | Kind::Confirm => None,
            Kind::Tendered => Some(Fact::Tendered),
            Kind::Offline => Some(Fact::Offline),
        }
    }
}

/// A call whose fields are right.
pub(super) struct Checked {
    pub(super) call: SaleCall,
    pub(super) basket: v1::Basket,
    pub(super) sent: Vec<checkout_v1::Tender>,
    pub(super) token: String,
    expected_due_minor: Option<i64>,
    pub(super) kind: Kind,
    /// Why the member that the basket names cannot have the sale.
    gone: Option<Refusal>,
    pub(super) basket_hash: [u8; 32],
    pub(super) content_hash: [u8; 32],
}

/// A sale ready for the books.
pub(super) struct Ready {
    pub(super) owner: Owner,
    pub(super) sale: Sale,
    pub(super) record: Vec<u8>,
    /// The quote in the record.
    pub(super) quote: Option<v1::Quote>,
    pub(super) due_minor: i64,
}

impl Checked {
    /// That the caller expected another price. What was paid was paid.
    pub(super) fn differs(&self, due_minor: i64) -> Option<member_v1::Conflict> {
        let expected = self.expected_due_minor.filter(|expected| *expected != due_minor)?;
        let expects = self.kind.fact().is_none();
        expects.then(|| answer::conflict(ConflictReason::PriceDiffers, due_minor, expected))
    }

    /// Nothing was shown to whoever pays: no quote, no price, no coupon, no money taken.
    fn takes_any_price(&self) -> bool {
        self.token.is_empty()
            && self.expected_due_minor.is_none()
            && self.basket.codes.is_empty()
            && self.sent.is_empty()
    }

    /// Why nothing is sold under an id that is recorded, whatever else is wrong with the call.
    fn stands_against(&self, found: Option<&FoundCheckout>, owner: &Owner) -> Option<Refusal> {
        let found = found.filter(|_| self.kind.fact().is_none())?;
        match found.entry.state {
            State::Cancelled => Some(Refusal::CheckoutCancelled),
            State::Reserved if self.kind == Kind::Confirm && found.owner == *owner => {
                (found.entry.reserve_hash != Some(self.basket_hash)).then_some(Refusal::ReservationDiffers)
            }
            _ => None,
        }
    }

    /// What the books are asked.
    fn ask(&self, ready: Box<Ready>, now_ms: i64, unseen: bool) -> Arc<Ask> {
        Arc::new(Ask {
            checkout: self.call.checkout,
            owner: ready.owner,
            actor: self.call.actor.clone(),
            now_ms,
            basket_hash: self.basket_hash,
            content_hash: self.content_hash,
            sale: Arc::new(ready.sale),
            answer: ready.record,
            verb: match self.kind.fact() {
                Some(fact) => Verb::Record(fact),
                None if self.kind == Kind::Reserve => Verb::Reserve { until_ms: now_ms + self.call.hold_ms },
                None => Verb::Confirm,
            },
            gone: self.gone,
            unseen,
        })
    }
}

impl Desk<'_> {
    pub(super) async fn sell(
        &self,
        call: Option<SaleCall>,
        mut problems: Problems,
        sell: Sell,
    ) -> Result<checkout_v1::Checkout, Status> {
        let Sell { basket, sent, token, expected_due_minor, kind } = sell;
        let Some(mut basket) = basket else { return Err(status::invalid(&problems)) };
        if basket.chain.is_empty() {
            self.chain.id().clone_into(&mut basket.chain);
        }
        if kind == Kind::Confirm && basket.lines.iter().all(|line| line.quantity_milli >= 0) {
            // Nobody is paid out where nothing comes back.
            for (place, _) in sent.iter().enumerate().filter(|(_, tender)| tender.amount_minor < 0) {
                let fault = Fault::OutOfRange { least: 1, most: limits::AMOUNT_MINOR_MAX };
                problems.add(format_args!("tenders[{place}].amount_minor"), fault);
            }
        }
        // The till's time of a sale that is over is what it is.
        basket.offline_sale |= kind.fact().is_some();
        let Some(call) = call.filter(|_| problems.is_empty()) else {
            return Err(self.invalid(problems, basket));
        };
        let basket_hash = content::basket(&basket);
        let content_hash = match kind {
            Kind::Reserve => basket_hash,
            _ => content::confirm(&basket_hash, &sent),
        };
        let (buyer, gone) = match self.buyer(&basket).await? {
            Whom::Known(found) => (Some(found), None),
            Whom::Gone(why) => (None, Some(why)),
            Whom::Nobody => (None, None),
        };
        let checked = Box::new(Checked {
            call,
            basket,
            sent,
            token,
            expected_due_minor,
            kind,
            gone,
            basket_hash,
            content_hash,
        });
        let checkout = checked.call.checkout;
        if kind == Kind::Reserve {
            self.sales.reserved.add(checkout);
        }
        // Most sales are confirmed once, and were not reserved.
        if kind == Kind::Confirm
            && !self.is_too_old(checkout.unix_ms())
            && !self.sales.reserved.has(checkout)
            && let Some(answer) = self.confirm_unseen(&checked, buyer.as_ref()).await
        {
            return answer;
        }
        // Apart from the call, which is moved twice before it runs: most calls do not come here.
        Box::pin(self.sell_after_a_look(checked, buyer)).await
    }

    /// Confirms a sale without a look at what is recorded under its id. None, and nothing has changed, when something is,
    /// or when it would be refused: a look tells why.
    async fn confirm_unseen(
        &self,
        checked: &Checked,
        buyer: Option<&Found>,
    ) -> Option<Result<checkout_v1::Checkout, Status>> {
        let mut ready = self.price(checked, buyer, None).await.ok()?;
        if checked.differs(ready.due_minor).is_some() {
            return None;
        }
        let quote = ready.quote.take();
        let ask = checked.ask(ready, self.now_ms, true);
        let books = self.sales.books(&self.chain);
        match settled(self.until, || books.sell(Arc::clone(&ask))).await {
            Ok(recorded) => Some(Ok(answer::checkout(self.chain.id(), &recorded, quote))),
            Err(BooksError::Stale | BooksError::Refused(_)) => None,
            Err(error @ BooksError::Store(_)) => Some(Err(answer::failed(error))),
        }
    }

    async fn sell_after_a_look(
        &self,
        checked: Box<Checked>,
        buyer: Option<Found>,
    ) -> Result<checkout_v1::Checkout, Status> {
        let Checked { call, kind, .. } = &*checked;
        let found = self.found(call.checkout).await?;
        let owner =
            buyer.as_ref().map_or(Owner::Guest(call.checkout), |buyer| Owner::Member(buyer.id.clone()));
        if let Some(recorded) = self.recorded(&found, &owner, &checked).await {
            return recorded;
        }
        if found.is_none() && kind.fact().is_none() && self.is_too_old(call.checkout.unix_ms()) {
            let conflict =
                answer::conflict(ConflictReason::CheckoutTooOld, call.checkout.unix_ms(), self.now_ms);
            return Err(answer::refused_for(vec![conflict], None));
        }
        let reserved = found.as_ref().filter(|found| {
            found.owner == owner
                && found.entry.state == State::Reserved
                && found.entry.reserve_hash == Some(checked.basket_hash)
        });
        let stands_against = checked.stands_against(found.as_ref(), &owner);
        // What a reservation of another owner holds passes to this one with the sale.
        let passes =
            found.as_ref().filter(|found| found.owner != owner && found.entry.state == State::Reserved);
        let held =
            passes.and_then(|found| found.entry.sale.as_deref()).map_or(&[][..], |sale| &sale.global_uses);
        let mut counted = if held.is_empty() { None } else { Some(self.counted(held).await?) };
        for again in 0..=PRICED_AGAIN_MAX {
            let ready = match reserved {
                // After a reservation, the reservation is the price.
                Some(found) => self.as_reserved(&found.entry, owner.clone(), &checked),
                None => self.price(&checked, buyer.as_ref(), counted.as_ref()).await,
            };
            let conflict = ready.as_ref().ok().and_then(|ready| checked.differs(ready.due_minor));
            let mut ready = match (ready, conflict.is_some(), stands_against) {
                (Ok(ready), false, _) | (Ok(ready), true, None) => ready,
                (_, _, Some(refusal)) => {
                    let conflicts = vec![Conflict::of(refusal)];
                    return Err(self.refused(conflicts, None, checked.basket, counted).await);
                }
                (Err(status), ..) => return Err(status),
            };
            let quote = ready.quote.take();
            let ask = checked.ask(ready, self.now_ms, false);
            let books = self.sales.books(&self.chain);
            if let Some(conflict) = conflict {
                // Both at once: whoever expects the right price next is not refused then for what was known now.
                let objections = settled(self.until, || books.objections(Arc::clone(&ask))).await;
                let objections = objections.unwrap_or_default();
                return Err(self.refused(objections, Some(conflict), checked.basket, counted).await);
            }
            match settled(self.until, || books.sell(Arc::clone(&ask))).await {
                Ok(recorded) => {
                    let mut answer = answer::checkout(self.chain.id(), &recorded, quote);
                    self.name_overruns(&recorded.entry, &mut answer.overruns);
                    if recorded.repeated && kind.fact().is_some() {
                        let Recorded { entry, owner, .. } = &recorded;
                        answer.differences = self.differences(entry, owner, &ask.owner, &checked).await?;
                    }
                    return Ok(answer);
                }
                // Somebody took what was left after it was counted: the price without it is as good as any.
                Err(BooksError::Refused(conflicts))
                    if again < PRICED_AGAIN_MAX
                        && checked.takes_any_price()
                        && conflicts.iter().all(is_of_a_limit) =>
                {
                    counted = Some(self.counted(held).await?);
                }
                Err(BooksError::Refused(conflicts)) => {
                    return Err(self.refused(conflicts, None, checked.basket, counted).await);
                }
                Err(error) => return Err(answer::failed(error)),
            }
        }
        Err(answer::failed(BooksError::Stale))
    }

    /// Every problem of the call and of its basket.
    fn invalid(&self, problems: Problems, basket: v1::Basket) -> Status {
        match self.node.price_by(&self.chain, "basket.", basket, false, Facts::Found(None), |_| ()) {
            Err(Failure::Invalid(of_basket)) => status::invalid(&problems.and(of_basket)),
            _ => status::invalid(&problems),
        }
    }
}
