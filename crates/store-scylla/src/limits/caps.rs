//! How much there is of a limit. A change is a plan, kept with the limit, in which each shard takes part once; so one that
//! was interrupted is carried out by the next who comes, and two at once do not add up.

mod plan;

use suanpan_ledger::head::OfferKey;
use suanpan_store::{LimitCap, StoreError};

use crate::bytes::{ANCHOR, offer_column};
use crate::error::damaged;
use crate::failpoint::between;
use crate::inner::Inner;
use crate::limits::line::{LINES_MAX, predecessor};
use crate::limits::shard::{ALL_SENT, Shard, sent_key};
use crate::session::{Applied, Deadline, Pauses, values};
use plan::{Dimension, Plan};

/// A limit's record.
pub(crate) struct Campaign {
    pub(crate) shards: i32,
    plan_number: i64,
    plan: Option<Plan>,
}

impl Inner {
    pub(super) async fn campaign(
        &self,
        chain: &str,
        offer: OfferKey,
        until: Deadline,
    ) -> Result<Option<Campaign>, StoreError> {
        let values = values![chain, offer_column(offer)];
        let row = self
            .cql
            .read_one::<(i32, i64, Option<Vec<u8>>)>(&self.statements.campaign, values, until)
            .await?;
        row.map(|(shards, plan_number, plan)| {
            let plan = plan.map(|plan| minicbor::decode(&plan)).transpose();
            let plan = plan.map_err(|error| damaged(format!("the plan of a limit: {error}")))?;
            Ok(Campaign { shards, plan_number, plan })
        })
        .transpose()
    }

    /// Makes a limit without a cap, of which nothing fits until it has one. One that is there stays as it is.
    pub(super) async fn make_limit(
        &self,
        chain: &str,
        offer: OfferKey,
        shards: i32,
        until: Deadline,
    ) -> Result<Campaign, StoreError> {
        let column = offer_column(offer);
        // Its shards first, so that whoever sees the limit finds them; more than it will have do no harm.
        for number in 0..shards {
            self.cql
                .decide(&self.statements.new_shard, values![chain, column, number, ANCHOR], until)
                .await?;
            between!("scylla/shard-made");
        }
        self.cql.decide(&self.statements.new_campaign, values![chain, column, shards], until).await?;
        between!("scylla/limit-made");
        let campaign =
            self.campaign(chain, offer, until).await?.ok_or_else(|| damaged("a limit that was made"))?;
        for number in shards..campaign.shards {
            self.cql
                .decide(&self.statements.new_shard, values![chain, column, number, ANCHOR], until)
                .await?;
        }
        Ok(campaign)
    }

    /// Sets what may be taken in all, never below what is used or held; the cap that holds from now on.
    pub(crate) async fn set_cap(
        &self,
        chain: &str,
        offer: OfferKey,
        asked: LimitCap,
    ) -> Result<LimitCap, StoreError> {
        let until = self.deadline();
        self.list_chain(chain, until).await?;
        let shards = asked
            .uses
            .map_or(1, |uses| bins(uses, self.options.uses_per_shard).clamp(1, i64::from(LINES_MAX)));
        let shards = i32::try_from(shards).unwrap_or(1);
        let mut campaign = match self.campaign(chain, offer, until).await? {
            Some(campaign) => campaign,
            None => self.make_limit(chain, offer, shards, until).await?,
        };
        let mut pauses = Pauses::default();
        loop {
            self.carry_plan_out(chain, offer, &campaign, until).await?;
            self.finish_transfers(chain, offer, until).await?;
            let before = self.all_shards(chain, offer, None, until).await?;
            let shards = self.all_shards(chain, offer, None, until).await?;
            // A shard may have handed over since then: what left it has to arrive first.
            let handed_over = shards.iter().any(|shard| !shard.is_set && predecessor(shard.number).is_some());
            if handed_over || !self.stayed(chain, offer, &before, until).await? {
                if until.is_over() {
                    return Err(StoreError::Busy);
                }
                pauses.pause().await;
                continue;
            }
            let uses = Dimension::of(&shards, |cap| cap.uses, |shard| shard.used.uses + shard.held.uses);
            let amounts = Dimension::of(
                &shards,
                |cap| cap.amount_minor,
                |shard| shard.used.amount_minor + shard.held.amount_minor,
            );
            let (uses_plan, uses_cap) = uses.plan(asked.uses);
            let (amounts_plan, amount_cap) = amounts.plan(asked.amount_minor);
            if uses_plan.is_none() && amounts_plan.is_none() && shards.iter().all(|shard| shard.is_set) {
                return Ok(LimitCap { uses: uses_cap, amount_minor: amount_cap });
            }
            let plan = Plan {
                uses: uses_plan.unwrap_or_else(|| uses.as_it_is()),
                amounts: amounts_plan.unwrap_or_else(|| amounts.as_it_is()),
                shards: Some(shards.iter().map(|shard| shard.number).collect()),
            };
            self.keep_plan(chain, offer, &campaign, &plan, until).await?;
            between!("scylla/plan-kept");
            campaign =
                self.campaign(chain, offer, until).await?.ok_or_else(|| damaged("a limit that was there"))?;
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause().await;
        }
    }

    /// Whether all capacity has stayed where it was since shards were seen. Only then may they be added up that were looked at
    /// one after the other since: of what was on its way then, or has left one since, one look may see it gone and another one
    /// not yet there, or see it twice.
    async fn stayed(
        &self,
        chain: &str,
        offer: OfferKey,
        before: &[Shard],
        until: Deadline,
    ) -> Result<bool, StoreError> {
        for shard in before {
            let (since, to) = (sent_key(shard.version), ALL_SENT.1);
            let sent = self.rows_between(chain, offer, shard.number, (&since, to), 1, until).await?;
            if shard.leaving > 0 || !sent.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keeps a plan in the place of the last one, if nobody else did.
    async fn keep_plan(
        &self,
        chain: &str,
        offer: OfferKey,
        campaign: &Campaign,
        plan: &Plan,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        minicbor::encode(plan, &mut bytes).map_err(|error| damaged(format!("a plan: {error}")))?;
        let number = campaign.plan_number;
        let values = values![number + 1, bytes, chain, offer_column(offer), number];
        self.cql.decide(&self.statements.plan, values, until).await.map(|_| ())
    }

    /// Lets each shard take part in the plan that is kept, if it has not.
    async fn carry_plan_out(
        &self,
        chain: &str,
        offer: OfferKey,
        campaign: &Campaign,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let Some(plan) = &campaign.plan else { return Ok(()) };
        let numbers = plan.shards.clone().unwrap_or_else(|| (0..campaign.shards).collect());
        for (number, (uses, amount)) in numbers.into_iter().zip(plan.uses.iter().zip(&plan.amounts)) {
            let mut pauses = Pauses::default();
            loop {
                let shard = self.shard(chain, offer, number, None, until).await?;
                if shard.plan >= campaign.plan_number {
                    break;
                }
                let is_open = shard.next.is_none();
                let cap_uses = uses.apply(shard.cap.uses, shard.used.uses + shard.held.uses, is_open);
                let taken = shard.used.amount_minor + shard.held.amount_minor;
                let cap_amount = amount.apply(shard.cap.amount_minor, taken, is_open);
                let values = values![
                    shard.version + 1,
                    campaign.plan_number,
                    true,
                    cap_uses,
                    cap_amount,
                    chain,
                    offer_column(offer),
                    number,
                    shard.version
                ];
                if let Applied::Yes = self.cql.decide(&self.statements.set_cap, values, until).await? {
                    between!("scylla/cap-set");
                    break;
                }
                if until.is_over() {
                    return Err(StoreError::Busy);
                }
                pauses.pause().await;
            }
        }
        Ok(())
    }
}

/// How many of a size hold so much.
const fn bins(count: i64, size: i64) -> i64 {
    let (count, size) = (if count < 0 { 0 } else { count }, if size < 1 { 1 } else { size });
    count / size + (count % size > 0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_enough_and_no_more() {
        for (count, size, held) in [(0, 5, 0), (1, 5, 1), (5, 5, 1), (6, 5, 2), (1_000, 125, 8), (7, 0, 7)] {
            assert_eq!(bins(count, size), held, "{count} by {size}");
        }
    }
}
