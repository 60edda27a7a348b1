//! What a sale costs: by its token, by its reservation, by what is known now, or as it was reported.

use std::sync::Arc;

use prost::Message as _;
use suanpan_checkout::token::Promise;
use suanpan_checkout::{Paid, Priced, SaleError, sale};
use suanpan_domain::{Basket, Member, Usage};
use suanpan_ledger::sale::{GlobalUse, Tender};
use suanpan_ledger::{Entry, Sale};
use suanpan_rpc::member_v1::ConflictReason;
use suanpan_rpc::{checkout_v1, encode, status, v1};
use suanpan_store::{Owner, StoreError};
use tonic::Status;

use super::sell::{Checked, Kind, Ready};
use super::{Desk, answer};
use crate::chain::Chain;
use crate::failure::Failure;
use crate::node::{Answer, Facts};
use crate::sales::{Found, in_time};

impl Desk<'_> {
    /// The sale of a reservation, paid as it is paid now.
    pub(super) fn as_reserved(
        &self,
        entry: &Entry,
        owner: Owner,
        checked: &Checked,
    ) -> Result<Box<Ready>, Status> {
        let Checked { call, kind, .. } = checked;
        let (Some(held), Some(record)) = (entry.sale.as_deref(), answer::record(entry)) else {
            return Err(answer::unknown_checkout());
        };
        let mut sale = held.clone();
        let quote = record.quote.unwrap_or_default();
        if *kind != Kind::Reserve {
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
            if paid != owed && *kind == Kind::Confirm {
                return Err(checked.tenders_differ(paid, owed, quote));
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

    /// What it costs; by `counted` where what everybody else uses of limited offers was read for this sale.
    pub(super) async fn price(
        &self,
        checked: &Checked,
        buyer: Option<&Found>,
        counted: Option<&Usage>,
    ) -> Result<Box<Ready>, Status> {
        let member = || buyer.map(|buyer| Box::new(buyer.member.clone()));
        let reported = || {
            let as_reported = |member: Box<Member>| Box::new(as_reported(*member, &checked.basket));
            Facts::Reported(member().map(as_reported))
        };
        let is_fact = checked.kind.fact().is_some();
        match self.promised(checked, buyer).await? {
            Some((chain, promise)) => {
                let facts = Facts::Kept {
                    member: promise.member.clone().map(Box::new),
                    usage: promise.usage.clone(),
                    business_time: promise.business_time,
                };
                self.ready(&chain, checked, buyer, facts, Some(&promise))
            }
            // What was paid is recorded, whatever became of its token.
            None if is_fact => self.ready(&self.chain, checked, buyer, reported(), None),
            None if checked.token.is_empty() => {
                let facts = match counted {
                    Some(usage) => Facts::Counted(member(), usage.clone()),
                    None => Facts::Found(member()),
                };
                self.ready(&self.chain, checked, buyer, facts, None)
            }
            None => {
                let conflict = answer::conflict(ConflictReason::TokenRefused, 0, 0);
                Err(answer::refused_for(
                    vec![conflict],
                    self.fresh(checked.basket.clone(), counted.cloned()).await,
                ))
            }
        }
    }

    /// What a call's token promises, with the program of its version; none without a token that holds for the call.
    async fn promised(
        &self,
        checked: &Checked,
        buyer: Option<&Found>,
    ) -> Result<Option<(Arc<Chain>, Promise)>, Status> {
        if checked.token.is_empty() {
            return Ok(None);
        }
        // A sale that is over was paid when its token held.
        let at_ms = if checked.kind.fact().is_some() { i64::MIN } else { self.now_ms };
        let Ok(promise) = self.sales.selling.token_keys.verify(&checked.token, at_ms) else {
            return Ok(None);
        };
        // A token says whose facts it has; a basket that names somebody else was not quoted.
        let holds = promise.chain == self.chain.id()
            && promise.basket_hash == checked.basket_hash
            && promise.member.as_ref().map(|member| &member.id) == buyer.map(|buyer| &buyer.id);
        if !holds {
            return Ok(None);
        }
        let version = in_time(self.until, self.sales.version(&self.chain, &promise.program_version)).await;
        let version = match version {
            // What cannot be kept is promised anew.
            Err(StoreError::Corrupt(_)) => None,
            version => {
                version.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))?
            }
        };
        Ok(version.map(|chain| (chain, promise)))
    }

    fn ready(
        &self,
        chain: &Chain,
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
            let is_fact = kind.fact().is_some();
            if promise.is_some_and(|promise| {
                !is_fact && promise.result_hash != suanpan_checkout::token::result_hash(answer.quote())
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
            let mut sale = sale(&priced, tenders, paid, &|code| self.sales.code_hash(code)).map_err(
                |error| match error {
                    SaleError::TendersDiffer { paid_minor, due_minor } => {
                        checked.tenders_differ(paid_minor, due_minor, answer.message())
                    }
                    SaleError::DoesNotAddUp { .. } => Status::from(Failure::internal(&error.to_string())),
                },
            )?;
            if is_fact {
                use_up_what_is_gone(&mut sale, answer.basket(), answer.member());
            }
            let due_minor = answer.quote().totals.due.minor();
            let record = record(answer);
            let (bytes, quote) = (record.encode_to_vec(), record.quote);
            Ok(Box::new(Ready { owner, sale, record: bytes, quote, due_minor }))
        });
        priced?
    }

    /// What the basket costs now, for a refusal.
    pub(super) async fn fresh(&self, basket: v1::Basket, counted: Option<Usage>) -> Option<v1::Quote> {
        let message = |answer: &Answer<'_>| answer.message();
        let quote = match counted {
            Some(usage) => self.node.quote_counted("basket.", basket, usage, message).await,
            None => self.node.quote("basket.", basket, false, message).await,
        };
        quote.ok()
    }

    /// What everybody uses of limited offers now, but for what the sale's own reservation holds of them.
    pub(super) async fn counted(&self, own: &[GlobalUse]) -> Result<Usage, Status> {
        let usage = in_time(self.until, self.sales.usage_besides(&self.chain, own)).await;
        usage.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))
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

impl Checked {
    /// That the tenders are not what is due; that another price was expected too, if so.
    fn tenders_differ(&self, paid_minor: i64, due_minor: i64, quote: v1::Quote) -> Status {
        let mut conflicts: Vec<_> = self.differs(quote.due_minor).into_iter().collect();
        conflicts.push(answer::conflict(ConflictReason::TendersDiffer, paid_minor, due_minor));
        answer::refused_for(conflicts, Some(quote))
    }
}

/// A member as the till had it that reports a sale: what it took and what is gone since is debt or an overrun, and not a
/// price that nobody was asked.
fn as_reported(mut member: Member, basket: &v1::Basket) -> Member {
    let wanted = basket.points.as_ref().and_then(|points| points.wanted.as_ref());
    if let Some(v1::points_request::Wanted::Exact(points)) = wanted {
        member.points = member.points.max(*points);
    }
    member.counters = Some(Vec::new());
    member
}

/// Coupons of the wallet that were taken and that the member has not, or not any more.
fn use_up_what_is_gone(sale: &mut Sale, basket: &Basket, member: Option<&Member>) {
    let Some(member) = member else { return };
    let has = |code: &str| member.coupons.iter().any(|coupon| coupon.id == code);
    let gone = basket.codes.iter().map(|code| code.as_str()).filter(|code| !has(code));
    sale.coupons.extend(gone.filter_map(suanpan_checkout::coupon_id));
    sale.coupons.sort_unstable();
    sale.coupons.dedup();
}
