//! Returns. A program that prices again is asked what the rest would have cost.

use suanpan_checkout::{BooksError, Refund};
use suanpan_domain::BusinessTime;
use suanpan_ledger::command::{Repriced, Wanted};
use suanpan_ledger::{Entry, Sale, State};
use suanpan_program::model::PriceReturn;
use suanpan_rpc::decode::{self, ReturnCall};
use suanpan_rpc::{checkout_v1, encode, status, v1};
use suanpan_store::{FoundCheckout, StoreError};
use tonic::Status;

use super::{Desk, answer, recorded};
use crate::node::Facts;
use crate::sales::{in_time, settled};

/// How often a return is priced again when others come in between.
const PRICED_AGAIN_MAX: usize = 8;

impl Desk<'_> {
    pub(super) async fn give_back(
        &self,
        call: ReturnCall,
        content_hash: [u8; 32],
        fact: bool,
    ) -> Result<checkout_v1::ReturnResponse, Status> {
        for _ in 0..PRICED_AGAIN_MAX {
            let Some(found) = self.found(call.checkout).await? else {
                return Err(answer::unknown_checkout());
            };
            let books = self.sales.books(&self.chain);
            let refund = Refund {
                checkout: call.checkout,
                return_id: call.return_id,
                owner: found.owner.clone(),
                actor: call.actor.clone(),
                now_ms: self.now_ms,
                business_ms: call.business_time.map_or(self.now_ms, |time| time.unix_ms),
                content_hash,
                wanted: call.wanted.clone(),
                repriced: self.repriced(&found, &call.wanted).await?,
                fact,
            };
            match settled(self.until, || books.refund(refund.clone())).await {
                Ok(recorded) => {
                    let sale = found.entry.sale.as_deref();
                    let mut answer = encode::refund(self.chain.id(), sale, &recorded.entry);
                    if fact && recorded.repeated {
                        answer.differences =
                            recorded::of_return(&recorded.entry, &answer, &call.wanted, &content_hash);
                    }
                    return Ok(answer);
                }
                Err(BooksError::Stale) => {}
                Err(error) => return Err(answer::failed(error)),
            }
        }
        Err(answer::failed(BooksError::Stale))
    }

    /// What stays of the sale, priced again under its own program and facts; none when its program gives back what the
    /// units cost, or when nothing stays.
    async fn repriced(
        &self,
        found: &FoundCheckout,
        wanted: &Wanted,
    ) -> Result<Option<(Repriced, usize)>, Status> {
        let sold = matches!(found.entry.state, State::Confirmed | State::Parked | State::Done);
        let (Some(sale), true) = (found.entry.sale.as_deref(), sold) else { return Ok(None) };
        let chain = in_time(self.until, self.sales.version(&self.chain, &sale.program_version)).await;
        let failed = |error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error);
        // What the units cost would be other money than what the program promised: better no answer than that one.
        let unreadable = |what: &str| failed(StoreError::Corrupt(format!("{what} cannot be read")));
        let Some(chain) = chain.map_err(failed)? else {
            return Err(unreadable(&format!("the program of version {}", sale.program_version)));
        };
        if chain.program().returns.prices != PriceReturn::Reprice {
            return Ok(None);
        }
        let earlier = found.returns.len();
        let record = answer::record(&found.entry).and_then(|record| Some((record.basket?, record.usage)));
        let Some((mut basket, usage)) = record else { return Err(unreadable("the basket of the sale")) };
        keep(&mut basket, sale, &found.returns, wanted);
        if basket.lines.is_empty() {
            let nothing = Repriced { due_minor: 0, points_value_minor: 0, points_used: 0, points_earned: 0 };
            return Ok(Some((nothing, earlier)));
        }
        let member = basket.member.take().and_then(|member| match member.identity {
            Some(v1::member::Identity::Snapshot(snapshot)) => decode::member(snapshot, chain.id()).ok(),
            _ => None,
        });
        let usage = usage.and_then(|usage| decode::usage(usage, chain.id()).ok());
        let business_time =
            BusinessTime { unix_ms: sale.business_ms, utc_offset_minutes: sale.utc_offset_minutes };
        let facts = Facts::Kept { member: member.map(|known| Box::new(known.member)), usage, business_time };
        let priced = self.node.price_by(&chain, "basket.", basket, false, facts, |answer| {
            let quote = answer.quote();
            Repriced {
                due_minor: quote.totals.due.minor(),
                points_value_minor: quote.points.value.minor(),
                points_used: quote.points.used,
                points_earned: quote.points.earned,
            }
        });
        Ok(Some((priced?, earlier)))
    }
}

/// Leaves in the basket what is still sold after the earlier returns and this one. Points are what the sale used: a
/// smaller rest takes as many of them as it can.
fn keep(basket: &mut v1::Basket, sale: &Sale, returns: &[Entry], wanted: &Wanted) {
    let mut left: Vec<i64> = sale.lines.iter().map(|line| line.quantity_milli).collect();
    for line in returns.iter().filter_map(|row| row.returned.as_deref()).flat_map(|returned| &returned.lines)
    {
        if let Some(left) = left.get_mut(line.line as usize) {
            *left -= line.quantity_milli;
        }
    }
    match wanted {
        Wanted::All => left.fill(0),
        Wanted::Lines(lines) => {
            for wanted in lines {
                let Some(place) = sale.lines.iter().position(|line| line.id == wanted.line) else { continue };
                let sign = sale.lines[place].quantity_milli.signum();
                left[place] -= match (wanted.quantity_milli, wanted.units.len() as i64) {
                    (0, 0) => left[place],
                    (0, units) => sign * units * 1_000,
                    (quantity_milli, _) => sign * quantity_milli,
                };
            }
        }
    }
    let stays = |line: &v1::Line| {
        let place = sale.lines.iter().position(|sold| sold.id == line.id)?;
        // What is wanted beyond it is refused, or is an overrun.
        (left[place].signum() == sale.lines[place].quantity_milli.signum()).then_some(left[place])
    };
    basket.lines = std::mem::take(&mut basket.lines)
        .into_iter()
        .filter_map(|line| Some(part(stays(&line)?, line)))
        .collect();
    let known: Vec<String> = basket.lines.iter().map(|line| line.id.clone()).collect();
    basket.paper_coupons.retain(|paper| known.contains(&paper.line_id));
    basket.manual_discounts.retain(|manual| manual.line_id.is_empty() || known.contains(&manual.line_id));
    // Without goods there is nothing that deposits could be taken off.
    if basket.lines.iter().all(|line| line.quantity_milli < 0) {
        basket.lines.clear();
    }
    let wanted = (sale.points_used > 0).then_some(v1::points_request::Wanted::Maximum(true));
    if let Some(points) = &mut basket.points {
        points.wanted = wanted;
    }
    if let Some(v1::Member { identity: Some(v1::member::Identity::Snapshot(snapshot)) }) = &mut basket.member
    {
        snapshot.points = sale.points_used;
    }
}

/// So much of a line. Of a line total the share that the quantity is, rounded down.
fn part(quantity_milli: i64, mut line: v1::Line) -> v1::Line {
    if let Some(total) = line.line_total_minor
        && line.quantity_milli != 0
    {
        let share = i128::from(total) * i128::from(quantity_milli) / i128::from(line.quantity_milli);
        line.line_total_minor = i64::try_from(share).ok();
    }
    line.quantity_milli = quantity_milli;
    line
}
