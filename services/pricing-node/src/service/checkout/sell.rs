//! Reserve, confirm, and sales that were paid already.
//!
//! A sale that is recorded under the id is the answer, and a reservation of the same basket is the price; else the basket
//! is priced, by the facts of its token or by what holds now.

use prost::Message as _;
use suanpan_checkout::token::Promise;
use suanpan_checkout::{Ask, BooksError, Paid, Priced, Recorded, SaleError, Verb, sale};
use suanpan_domain::{BusinessTime, MemberId};
use suanpan_ledger::command::Fact;
use suanpan_ledger::sale::Tender;
use suanpan_ledger::{Entry, Sale, State};
use suanpan_rpc::decode::SaleCall;
use suanpan_rpc::member_v1::ConflictReason;
use suanpan_rpc::problem::Problems;
use suanpan_rpc::{checkout_v1, content, encode, status, v1};
use suanpan_store::{FoundCheckout, Owner};
use tonic::Status;

use super::{Desk, answer};
use crate::failure::Failure;
use crate::node::{Answer, Facts};
use crate::sales::settled;

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

/// A sale ready for the books.
struct Ready {
    owner: Owner,
    sale: Sale,
    record: Vec<u8>,
    due_minor: i64,
}

impl Desk<'_> {
    pub(super) async fn sell(
        &self,
        call: Option<SaleCall>,
        problems: Problems,
        sell: Sell,
    ) -> Result<checkout_v1::Checkout, Status> {
        let Some(mut basket) = sell.basket else { return Err(status::invalid(&problems)) };
        if basket.chain.is_empty() {
            self.chain.id().clone_into(&mut basket.chain);
        }
        // The till's time of a sale that is over is what it is.
        basket.offline_sale |= sell.kind.fact().is_some();
        let Some(call) = call.filter(|_| problems.is_empty()) else {
            return Err(self.invalid(problems, basket));
        };
        let basket_hash = content::basket(&basket);
        let content_hash = match sell.kind {
            Kind::Reserve => basket_hash,
            _ => content::confirm(&basket_hash, &sell.sent),
        };
        let found = self.found(call.checkout).await?;
        let buyer = self.buyer(&basket).await?;
        let owner = buyer.clone().map_or(Owner::Guest(call.checkout), Owner::Member);
        if let Some(recorded) = self.recorded(&found, &owner, sell.kind, &content_hash, &sell.sent).await {
            return recorded;
        }
        if found.is_none() && sell.kind.fact().is_none() && self.is_too_old(call.checkout.unix_ms()) {
            let conflict =
                answer::conflict(ConflictReason::CheckoutTooOld, call.checkout.unix_ms(), self.now_ms);
            return Err(answer::refused_for(vec![conflict], None));
        }
        let reserved = found.as_ref().filter(|found| {
            found.owner == owner
                && found.entry.state == State::Reserved
                && found.entry.reserve_hash == Some(basket_hash)
        });
        let ready = match reserved {
            // After a reservation, the reservation is the price.
            Some(found) => self.as_reserved(&found.entry, owner, &call, sell.kind)?,
            None => self.price(&basket, buyer, &call, &sell.token, basket_hash, sell.kind).await?,
        };
        if let Some(expected) = sell.expected_due_minor
            && expected != ready.due_minor
        {
            let conflict = answer::conflict(ConflictReason::PriceDiffers, ready.due_minor, expected);
            return Err(answer::refused_for(vec![conflict], self.fresh(basket).await));
        }
        let ask = Ask {
            checkout: call.checkout,
            owner: ready.owner,
            actor: call.actor,
            now_ms: self.now_ms,
            basket_hash,
            content_hash,
            sale: ready.sale,
            answer: ready.record,
            verb: match sell.kind.fact() {
                Some(fact) => Verb::Record(fact),
                None if sell.kind == Kind::Reserve => Verb::Reserve { until_ms: self.now_ms + call.hold_ms },
                None => Verb::Confirm,
            },
        };
        let books = self.sales.books(&self.chain);
        match settled(self.within, || books.sell(ask.clone())).await {
            Ok(recorded) => {
                let mut answer = answer::checkout(self.chain.id(), &recorded);
                if recorded.repeated && sell.kind.fact().is_some() {
                    let Recorded { entry, owner, .. } = &recorded;
                    answer.differences =
                        self.differences(entry, owner, &ask.owner, &content_hash, &sell.sent).await?;
                }
                Ok(answer)
            }
            Err(BooksError::Refused(conflicts)) => {
                Err(answer::refused(&conflicts, self.fresh(basket).await, None))
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

    async fn buyer(&self, basket: &v1::Basket) -> Result<Option<MemberId>, Status> {
        let found = self.sales.buyer(&self.chain, basket, self.now_ms).await;
        let found = found.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))?;
        Ok(found.map(|found| found.id))
    }

    const fn is_too_old(&self, checkout_ms: i64) -> bool {
        checkout_ms < self.now_ms - self.sales.selling.horizon_ms
    }

    /// The answer of a sale that is recorded already.
    async fn recorded(
        &self,
        found: &Option<FoundCheckout>,
        owner: &Owner,
        kind: Kind,
        content_hash: &[u8; 32],
        sent: &[checkout_v1::Tender],
    ) -> Option<Result<checkout_v1::Checkout, Status>> {
        let found = found.as_ref()?;
        let sold = matches!(found.entry.state, State::Confirmed | State::Parked | State::Done);
        let fact = kind.fact().is_some();
        if !sold || (!fact && kind == Kind::Reserve) {
            return None;
        }
        let quote = answer::quote(&found.entry);
        let mut answer = encode::checkout(self.chain.id(), answer::member(&found.owner), &found.entry, quote);
        if fact {
            match self.differences(&found.entry, &found.owner, owner, content_hash, sent).await {
                Ok(differences) => answer.differences = differences,
                Err(status) => return Some(Err(status)),
            }
            return Some(Ok(answer));
        }
        (found.entry.content_hash.as_ref() == Some(content_hash)).then_some(Ok(answer))
    }

    /// In what a recorded sale is not what was reported. Whose it is, is compared after merges.
    async fn differences(
        &self,
        entry: &Entry,
        recorded: &Owner,
        reported: &Owner,
        content_hash: &[u8; 32],
        sent: &[checkout_v1::Tender],
    ) -> Result<Vec<checkout_v1::Difference>, Status> {
        let now = match recorded {
            Owner::Member(member) if recorded != reported => {
                let time = BusinessTime { unix_ms: self.now_ms, utc_offset_minutes: 0 };
                let found = self.sales.member(&self.chain, member, self.now_ms, time).await;
                let found =
                    found.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))?;
                found.map(|found| Owner::Member(found.id))
            }
            Owner::Member(_) | Owner::Guest(_) => None,
        };
        let recorded = if now.as_ref() == Some(reported) { reported } else { recorded };
        Ok(differences(entry, recorded, reported, content_hash, sent))
    }

    /// The sale of a reservation, paid as it is paid now.
    fn as_reserved(&self, entry: &Entry, owner: Owner, call: &SaleCall, kind: Kind) -> Result<Ready, Status> {
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
        Ok(Ready { owner, due_minor: held.due_minor, sale, record: entry.answer.clone() })
    }

    async fn price(
        &self,
        basket: &v1::Basket,
        buyer: Option<MemberId>,
        call: &SaleCall,
        token: &str,
        basket_hash: [u8; 32],
        kind: Kind,
    ) -> Result<Ready, Status> {
        if token.is_empty() {
            let facts = self.facts_now(basket).await?;
            return self.ready(&self.chain, basket, buyer, call, kind, facts, None);
        }
        let refused = |why: ConflictReason| answer::conflict(why, 0, 0);
        let token_refused = || vec![refused(ConflictReason::TokenRefused)];
        let verified = self.sales.selling.token_keys.verify(token, self.now_ms);
        let promise = match verified {
            Ok(promise) if promise.chain == self.chain.id() && promise.basket_hash == basket_hash => promise,
            _ => return Err(answer::refused_for(token_refused(), self.fresh(basket.clone()).await)),
        };
        let version = self.sales.version(&self.chain, &promise.program_version).await;
        let version = version.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))?;
        let Some(chain) = version else {
            return Err(answer::refused_for(token_refused(), self.fresh(basket.clone()).await));
        };
        // A token says whose facts it has; a basket that names somebody else was not quoted.
        let named = promise.member.as_ref().map(|member| member.id.clone());
        if named != buyer {
            return Err(answer::refused_for(token_refused(), self.fresh(basket.clone()).await));
        }
        let facts = Facts::Kept {
            member: promise.member.clone().map(Box::new),
            usage: promise.usage.clone(),
            business_time: promise.business_time,
        };
        self.ready(&chain, basket, buyer, call, kind, facts, Some(&promise))
    }

    async fn facts_now(&self, basket: &v1::Basket) -> Result<Facts, Status> {
        let found = self.sales.buyer(&self.chain, basket, self.now_ms).await;
        let found = found.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))?;
        Ok(Facts::Found(found.map(|found| Box::new(found.member))))
    }

    #[allow(clippy::too_many_arguments)] // the parts of one pricing, each of another kind
    fn ready(
        &self,
        chain: &crate::chain::Chain,
        basket: &v1::Basket,
        buyer: Option<MemberId>,
        call: &SaleCall,
        kind: Kind,
        facts: Facts,
        promise: Option<&Promise>,
    ) -> Result<Ready, Status> {
        let owner = buyer.map_or(Owner::Guest(call.checkout), Owner::Member);
        let tenders = call.tenders.clone();
        let paid = if kind.fact().is_some() { Paid::AsTendered } else { Paid::AsQuoted };
        let priced = self.node.price_by(chain, "basket.", basket.clone(), false, facts, |answer| {
            if promise.is_some_and(|promise| {
                promise.result_hash != suanpan_checkout::token::result_hash(answer.quote())
            }) {
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
            Ok(Ready { owner, sale, record: record(answer).encode_to_vec(), due_minor })
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
    let mut quote = answer.message();
    // A token is the caller's, and says nothing of the price.
    if let Some(envelope) = &mut quote.envelope {
        (envelope.token, envelope.expires_unix_ms) = (String::new(), 0);
    }
    let chain = &answer.basket().chain;
    checkout_v1::SaleRecord {
        quote: Some(quote),
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
