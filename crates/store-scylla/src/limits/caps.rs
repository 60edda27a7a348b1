//! How much there is of a limit. A change is a plan, kept with the limit, in which each shard takes part once; so one that
//! was interrupted is carried out by the next who comes, and two at once do not add up.

use minicbor::{Decode, Encode};
use suanpan_ledger::head::OfferKey;
use suanpan_store::{LimitCap, StoreError};

use crate::bytes::{ANCHOR, offer_column};
use crate::error::damaged;
use crate::inner::Inner;
use crate::limits::shard::Shard;
use crate::session::{Applied, Deadline, Pauses, values};

/// Shards of one limit: a look at it reads them all.
const SHARDS_MAX: i64 = 64;

/// A limit's record.
pub(crate) struct Campaign {
    pub(crate) shards: i32,
    plan_number: i64,
    plan: Option<Plan>,
}

/// What each shard does with its cap.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Plan {
    #[n(0)]
    uses: Vec<Share>,
    #[n(1)]
    amounts: Vec<Share>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
enum Share {
    /// There is none.
    #[n(0)]
    NoCap,
    /// It is this much.
    #[n(1)]
    Set(#[n(0)] i64),
    /// It changes by this much.
    #[n(2)]
    Add(#[n(0)] i64),
}

impl Share {
    /// The cap afterwards: never below what is used and held.
    fn apply(self, cap: Option<i64>, taken: i64) -> Option<i64> {
        match self {
            Self::NoCap => None,
            Self::Set(cap) => Some(cap.max(taken)),
            Self::Add(more) => Some(cap.unwrap_or_default().saturating_add(more).max(taken)),
        }
    }
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
        }
        self.cql.decide(&self.statements.new_campaign, values![chain, column, shards], until).await?;
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
        let shards =
            asked.uses.map_or(1, |uses| bins(uses, self.options.uses_per_shard).clamp(1, SHARDS_MAX));
        let shards = i32::try_from(shards).unwrap_or(1);
        let mut campaign = match self.campaign(chain, offer, until).await? {
            Some(campaign) => campaign,
            None => self.make_limit(chain, offer, shards, until).await?,
        };
        let mut pauses = Pauses::default();
        loop {
            self.carry_plan_out(chain, offer, &campaign, until).await?;
            self.finish_transfers(chain, offer, until).await?;
            let mut shards = Vec::new();
            for number in 0..campaign.shards {
                shards.push(self.shard(chain, offer, number, None, until).await?);
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
            };
            self.keep_plan(chain, offer, &campaign, &plan, until).await?;
            campaign =
                self.campaign(chain, offer, until).await?.ok_or_else(|| damaged("a limit that was there"))?;
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause().await;
        }
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
        for (number, (uses, amount)) in (0..campaign.shards).zip(plan.uses.iter().zip(&plan.amounts)) {
            let mut pauses = Pauses::default();
            loop {
                let shard = self.shard(chain, offer, number, None, until).await?;
                if shard.plan >= campaign.plan_number {
                    break;
                }
                let cap_uses = uses.apply(shard.cap.uses, shard.used.uses + shard.held.uses);
                let cap_amount =
                    amount.apply(shard.cap.amount_minor, shard.used.amount_minor + shard.held.amount_minor);
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

/// Uses or amounts of all shards.
struct Dimension {
    /// Each shard's cap, and what is used and held of it.
    shards: Vec<(Option<i64>, i64)>,
}

impl Dimension {
    fn of(shards: &[Shard], cap: fn(&LimitCap) -> Option<i64>, taken: fn(&Shard) -> i64) -> Self {
        let of = |shard: &Shard| (cap(&shard.cap).filter(|_| shard.is_set), taken(shard));
        Self { shards: shards.iter().map(of).collect() }
    }

    /// The plan that leads to what is asked, none when it is so; and the cap then.
    fn plan(&self, asked: Option<i64>) -> (Option<Vec<Share>>, Option<i64>) {
        let capped = self.shards.iter().filter(|(cap, _)| cap.is_some()).count();
        let Some(asked) = asked else {
            return ((capped > 0).then(|| vec![Share::NoCap; self.shards.len()]), None);
        };
        let least = self.shards.iter().fold(0_i64, |sum, (_, taken)| sum.saturating_add(*taken));
        let wanted = asked.max(least);
        if capped < self.shards.len() {
            let extra = even(wanted - least, self.shards.len());
            let set = self.shards.iter().zip(extra).map(|((_, taken), extra)| Share::Set(taken + extra));
            return (Some(set.collect()), Some(wanted));
        }
        let now = self.shards.iter().fold(0_i64, |sum, (cap, _)| sum.saturating_add(cap.unwrap_or_default()));
        if now == wanted {
            return (None, Some(wanted));
        }
        if now < wanted {
            return (Some(even(wanted - now, self.shards.len()).map(Share::Add).collect()), Some(wanted));
        }
        let mut rest = now - wanted;
        let less = self.shards.iter().map(|(cap, taken)| {
            let gives = (cap.unwrap_or_default() - taken).clamp(0, rest);
            rest -= gives;
            Share::Add(-gives)
        });
        (Some(less.collect()), Some(wanted))
    }

    /// A plan that changes nothing.
    fn as_it_is(&self) -> Vec<Share> {
        self.shards.iter().map(|(cap, _)| cap.map_or(Share::NoCap, |_| Share::Add(0))).collect()
    }
}

/// So many in parts that differ by one at most.
fn even(sum: i64, parts: usize) -> impl Iterator<Item = i64> {
    let count = i64::try_from(parts.max(1)).unwrap_or(1);
    (0..count).map(move |part| sum / count + i64::from(part < sum % count))
}

/// How many of a size hold so much.
const fn bins(count: i64, size: i64) -> i64 {
    let (count, size) = (if count < 0 { 0 } else { count }, if size < 1 { 1 } else { size });
    count / size + (count % size > 0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use Share::{Add, NoCap, Set};

    #[test]
    fn plans_lead_to_what_is_asked() {
        for (shards, asked, plan, cap) in [
            // New: spread evenly, over what is used already.
            (vec![(None, 0), (None, 0), (None, 0)], Some(8), Some(vec![Set(3), Set(3), Set(2)]), Some(8)),
            (vec![(None, 5), (None, 0)], Some(4), Some(vec![Set(5), Set(0)]), Some(5)),
            // As it is.
            (vec![(Some(3), 1), (Some(5), 0)], Some(8), None, Some(8)),
            (vec![(None, 7)], None, None, None),
            // More.
            (vec![(Some(3), 3), (Some(5), 0)], Some(11), Some(vec![Add(2), Add(1)]), Some(11)),
            // Less, never below what is taken.
            (vec![(Some(3), 3), (Some(5), 1)], Some(5), Some(vec![Add(0), Add(-3)]), Some(5)),
            (vec![(Some(3), 3), (Some(5), 1)], Some(0), Some(vec![Add(0), Add(-4)]), Some(4)),
            // No more cap.
            (vec![(Some(3), 3), (Some(5), 1)], None, Some(vec![NoCap, NoCap]), None),
        ] {
            let dimension = Dimension { shards: shards.clone() };
            let told = dimension.plan(asked);
            assert_eq!(told, (plan, cap), "{shards:?} {asked:?}");
            // Carried out, nothing is left to do.
            if let Some(plan) = told.0 {
                let after =
                    shards.iter().zip(plan).map(|((cap, taken), share)| (share.apply(*cap, *taken), *taken));
                assert_eq!(Dimension { shards: after.collect() }.plan(asked).0, None, "{shards:?} {asked:?}");
            }
        }
    }

    #[test]
    fn bins_are_enough_and_no_more() {
        for (count, size, held) in [(0, 5, 0), (1, 5, 1), (5, 5, 1), (6, 5, 2), (1_000, 125, 8), (7, 0, 7)] {
            assert_eq!(bins(count, size), held, "{count} by {size}");
        }
    }
}
