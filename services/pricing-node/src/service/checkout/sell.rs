//! Reserve, confirm, and sales that were paid already.
//!
//! A sale that is recorded under the id is the answer, and a reservation of the same basket is the price; else the basket
//! is priced, by the facts of its token or by what holds now.

use std::sync::Arc;

use prost::Message as _;
use suanpan_checkout::token::Promise;
use suanpan_checkout::{Ask, BooksError, Paid, Priced, Recorded, SaleError, Verb, sale};
use suanpan_domain::BusinessTime;
use suanpan_ledger::command::Fact;
use suanpan_ledger::sale::Tender;
use suanpan_ledger::{Entry, Refusal, Sale, State};
use suanpan_rpc::decode::SaleCall;
use suanpan_rpc::member_v1::ConflictReason;
use suanpan_rpc::problem::Problems;
use suanpan_rpc::{checkout_v1, content, encode, status, v1};
use suanpan_store::{FoundCheckout, Owner};
use tonic::Status;

use super::{Desk, answer};
use crate::failure::Failure;
use crate::node::{Answer, Facts};
use crate::sales::{Found, Whom, in_time, settled};

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
    const fn fact(self) -> Option<Fact> {
        match self {
            Kind::Reserve | Kind::Confirm => None,
            Kind::Tendered => Some(Fact::Tendered),
            Kind::Offline => Some(Fact::Offline),
        }
    }
}

/// A call whose fields are right.
struct Checked {
    call: SaleCall,
    basket: v1::Basket,
    sent: Vec<checkout_v1::Tender>,
    token: String,
    expected_due_minor: Option<i64>,
    kind: Kind,
    /// Why the member that the basket names cannot have the sale.
    gone: Option<Refusal>,
    basket_hash: [u8; 32],
    content_hash: [u8; 32],
}

/// A sale ready for the books.
struct Ready {
    owner: Owner,
    sale: Sale,
    record: Vec<u8>,
    /// The quote in the record.
    quote: Option<v1::Quote>,
    due_minor: i64,
}

impl Checked {
    /// Whether the caller expected another price.
    fn differs(&self, ready: &Ready) -> Option<i64> {
        self.expected_due_minor.filter(|expected| *expected != ready.due_minor)
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
        problems: Problems,
        sell: Sell,
    ) -> Result<checkout_v1::Checkout, Status> {
        let Sell { basket, sent, token, expected_due_minor, kind } = sell;
        let Some(mut basket) = basket else { return Err(status::invalid(&problems)) };
        if basket.chain.is_empty() {
            self.chain.id().clone_into(&mut basket.chain);
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
        let mut ready = self.price(checked, buyer).await.ok()?;
        if checked.differs(&ready).is_some() {
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
        let mut ready = match reserved {
            // After a reservation, the reservation is the price.
            Some(found) => self.as_reserved(&found.entry, owner, call, *kind)?,
            None => self.price(&checked, buyer.as_ref()).await?,
        };
        if let Some(expected) = checked.differs(&ready) {
            let conflict = answer::conflict(ConflictReason::PriceDiffers, ready.due_minor, expected);
            return Err(answer::refused_for(vec![conflict], self.fresh(checked.basket).await));
        }
        let quote = ready.quote.take();
        let ask = checked.ask(ready, self.now_ms, false);
        let books = self.sales.books(&self.chain);
        match settled(self.until, || books.sell(Arc::clone(&ask))).await {
            Ok(recorded) => {
                let mut answer = answer::checkout(self.chain.id(), &recorded, quote);
                if recorded.repeated && kind.fact().is_some() {
                    let Recorded { entry, owner, .. } = &recorded;
                    answer.differences = self.differences(entry, owner, &ask.owner, &checked).await?;
                }
                Ok(answer)
            }
            Err(BooksError::Refused(conflicts)) => {
                Err(answer::refused(&conflicts, self.fresh(checked.basket).await, None))
            }
            Err(error) => Err(answer::failed(error)),
        }
    }

    /// Every problem of the call and of its basket.
    fn invalid(&self, problems: Problems, basket: v1::Basket) -> Status {
        match self.node.price_by(&self.chain, "basket.", basket, false, Facts::Found(None), |_| ()) {
            Err(Failure::Invalid(of_basket)) => status::invalid(&problems.and(of_basket)),
            _ => status::invalid(&problems),
        }
    }

    async fn buyer(&self, basket: &v1::Basket) -> Result<Whom, Status> {
        let found = in_time(self.until, self.sales.buyer(&self.chain, basket, self.now_ms)).await;
        found.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))
    }

    pub(super) const fn is_too_old(&self, checkout_ms: i64) -> bool {
        checkout_ms < self.now_ms - self.sales.selling.horizon_ms
    }

    /// The answer of a sale that is recorded already.
    async fn recorded(
        &self,
        found: &Option<FoundCheckout>,
        owner: &Owner,
        checked: &Checked,
    ) -> Option<Result<checkout_v1::Checkout, Status>> {
        let (found, kind) = (found.as_ref()?, checked.kind);
        let sold = matches!(found.entry.state, State::Confirmed | State::Parked | State::Done);
        let fact = kind.fact().is_some();
        if !sold || (!fact && kind == Kind::Reserve) {
            return None;
        }
        let quote = answer::quote(&found.entry);
        let mut answer = encode::checkout(self.chain.id(), answer::member(&found.owner), &found.entry, quote);
        if fact {
            match self.differences(&found.entry, &found.owner, owner, checked).await {
                Ok(differences) => answer.differences = differences,
                Err(status) => return Some(Err(status)),
            }
            return Some(Ok(answer));
        }
        (found.entry.content_hash == Some(checked.content_hash)).then_some(Ok(answer))
    }

    /// In what a recorded sale is not what was reported. Whose it is, is compared after merges.
    async fn differences(
        &self,
        entry: &Entry,
        recorded: &Owner,
        reported: &Owner,
        checked: &Checked,
    ) -> Result<Vec<checkout_v1::Difference>, Status> {
        let now = match recorded {
            Owner::Member(member) if recorded != reported => {
                let time = BusinessTime { unix_ms: self.now_ms, utc_offset_minutes: 0 };
                let found = self.sales.member(&self.chain, member, self.now_ms, time);
                let found = in_time(self.until, found).await;
                let found =
                    found.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))?;
                found.known().map(|found| Owner::Member(found.id))
            }
            Owner::Member(_) | Owner::Guest(_) => None,
        };
        let recorded = if now.as_ref() == Some(reported) { reported } else { recorded };
        Ok(differences(entry, recorded, reported, &checked.content_hash, &checked.sent))
    }

    /// The sale of a reservation, paid as it is paid now.
    fn as_reserved(
        &self,
        entry: &Entry,
        owner: Owner,
        call: &SaleCall,
        kind: Kind,
    ) -> Result<Box<Ready>, Status> {
        let (Some(held), Some(record)) = (entry.sale.as_deref(), answer::record(entry)) else {
            return Err(answer::unknown_checkout());
        };
        let mut sale = held.clone();
        let quote = record.quote.unwrap_or_default();
        if kind != Kind::Reserve {
            let in_cash = call.tenders.iter().any(|tender| suanpan_checkout::is_cash(&tender.kind))
                || call.tenders.is_empty()
                    && held.tenders.iter().any(|tender| suanpan_checkout::is_cash(&tender.kind));
            let owed = if in_cash { quote.due_cash_minor } else { quote.due_minor };
            sale.tenders = call.tenders.clone();
            if sale.tenders.is_empty() && owed != 0 {
                let kind = held.tenders.first().map_or("unspecified", |tender| tender.kind.as_str());
                sale.tenders.push(Tender { kind: kind.to_owned(), amount_minor: owed });
            }
            let paid: i64 =
                sale.tenders.iter().map(|tender| tender.amount_minor).fold(0, i64::saturating_add);
            if paid != owed && kind == Kind::Confirm {
                return Err(tenders_differ(paid, owed));
            }
            if paid == owed {
                sale.cash_rounding_minor = owed - sale.due_minor;
            } else {
                suanpan_checkout::paid_otherwise(&mut sale, paid);
            }
        }
        let due_minor = held.due_minor;
        let record = entry.answer.clone();
        Ok(Box::new(Ready { owner, sale, record, quote: Some(quote), due_minor }))
    }

    async fn price(&self, checked: &Checked, buyer: Option<&Found>) -> Result<Box<Ready>, Status> {
        let Checked { basket, token, basket_hash, .. } = checked;
        if token.is_empty() {
            let facts = Facts::Found(buyer.map(|buyer| Box::new(buyer.member.clone())));
            return self.ready(&self.chain, checked, buyer, facts, None);
        }
        let refused = |why: ConflictReason| answer::conflict(why, 0, 0);
        let token_refused = || vec![refused(ConflictReason::TokenRefused)];
        let verified = self.sales.selling.token_keys.verify(token, self.now_ms);
        let promise = match verified {
            Ok(promise) if promise.chain == self.chain.id() && promise.basket_hash == *basket_hash => promise,
            _ => return Err(answer::refused_for(token_refused(), self.fresh(basket.clone()).await)),
        };
        let version = in_time(self.until, self.sales.version(&self.chain, &promise.program_version)).await;
        let version = version.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))?;
        let Some(chain) = version else {
            return Err(answer::refused_for(token_refused(), self.fresh(basket.clone()).await));
        };
        // A token says whose facts it has; a basket that names somebody else was not quoted.
        if promise.member.as_ref().map(|member| &member.id) != buyer.map(|buyer| &buyer.id) {
            return Err(answer::refused_for(token_refused(), self.fresh(basket.clone()).await));
        }
        let facts = Facts::Kept {
            member: promise.member.clone().map(Box::new),
            usage: promise.usage.clone(),
            business_time: promise.business_time,
        };
        self.ready(&chain, checked, buyer, facts, Some(&promise))
    }

    fn ready(
        &self,
        chain: &crate::chain::Chain,
        checked: &Checked,
        buyer: Option<&Found>,
        facts: Facts,
        promise: Option<&Promise>,
    ) -> Result<Box<Ready>, Status> {
        let Checked { call, basket, kind, basket_hash, .. } = checked;
        let owner = buyer.map_or(Owner::Guest(call.checkout), |buyer| Owner::Member(buyer.id.clone()));
        let tenders = call.tenders.clone();
        let paid = if kind.fact().is_some() { Paid::AsTendered } else { Paid::AsQuoted };
        let priced = self.node.price_by(chain, "basket.", basket.clone(), false, facts, |answer| {
            if promise.is_some_and(|promise| {
                promise.result_hash != suanpan_checkout::token::result_hash(answer.quote())
            }) {
                answer.promise(self.sales, *basket_hash, self.now_ms);
                return Err(answer::refused_for(
                    vec![answer::conflict(ConflictReason::TokenRefused, 0, 0)],
                    Some(answer.message()),
                ));
            }
            let priced = Priced {
                program: answer.program(),
                basket: answer.basket(),
                member: answer.member(),
                quote: answer.quote(),
            };
            let sale =
                sale(&priced, tenders, paid, &|code| self.sales.code_hash(code)).map_err(
                    |error| match error {
                        SaleError::TendersDiffer { paid_minor, due_minor } => {
                            tenders_differ(paid_minor, due_minor)
                        }
                        SaleError::DoesNotAddUp { .. } => Status::from(Failure::internal(&error.to_string())),
                    },
                )?;
            let due_minor = answer.quote().totals.due.minor();
            let record = record(answer);
            let (bytes, quote) = (record.encode_to_vec(), record.quote);
            Ok(Box::new(Ready { owner, sale, record: bytes, quote, due_minor }))
        });
        priced?
    }

    /// What the basket costs now, for a refusal.
    async fn fresh(&self, basket: v1::Basket) -> Option<v1::Quote> {
        self.node.quote("basket.", basket, false, |answer| answer.message()).await.ok()
    }
}

/// What is kept with the sale.
fn record(answer: &Answer<'_>) -> checkout_v1::SaleRecord {
    let chain = &answer.basket().chain;
    checkout_v1::SaleRecord {
        quote: Some(answer.message()),
        basket: Some(encode::basket(answer.basket(), answer.member())),
        usage: answer.usage().map(|usage| encode::usage(chain, usage)),
    }
}

fn tenders_differ(paid_minor: i64, due_minor: i64) -> Status {
    let conflict = answer::conflict(ConflictReason::TendersDiffer, paid_minor, due_minor);
    answer::refused_for(vec![conflict], None)
}

/// In what a recorded sale is not what was reported.
fn differences(
    entry: &Entry,
    owner: &Owner,
    reported: &Owner,
    content_hash: &[u8; 32],
    sent: &[checkout_v1::Tender],
) -> Vec<checkout_v1::Difference> {
    let mut found = Vec::new();
    let mut differs = |what: &str, recorded: String, reported: String| {
        found.push(checkout_v1::Difference { what: what.to_owned(), recorded, reported });
    };
    let name = |owner: &Owner| answer::member(owner).map(ToString::to_string).unwrap_or_default();
    if name(owner) != name(reported) {
        differs("member_id", name(owner), name(reported));
    }
    if entry.content_hash.as_ref() == Some(content_hash) {
        return found;
    }
    let recorded: i64 = entry
        .sale
        .iter()
        .flat_map(|sale| &sale.tenders)
        .map(|tender| tender.amount_minor)
        .fold(0, i64::saturating_add);
    let reported: i64 = sent.iter().map(|tender| tender.amount_minor).fold(0, i64::saturating_add);
    // Who names no tenders reports none.
    if recorded != reported && !sent.is_empty() {
        differs("tenders", recorded.to_string(), reported.to_string());
    }
    let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let recorded = entry.content_hash.as_ref().map(|hash| hex(hash)).unwrap_or_default();
    differs("content", recorded, hex(content_hash));
    found
}
