//! A change of the caps of all shards, worked out before the first of them takes part.

use minicbor::{Decode, Encode};
use suanpan_store::LimitCap;

use crate::limits::shard::Shard;

/// What each shard does with its cap.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Plan {
    #[n(0)]
    pub(super) uses: Vec<Share>,
    #[n(1)]
    pub(super) amounts: Vec<Share>,
    /// Which shards; without it the first so many.
    #[n(2)]
    pub(super) shards: Option<Vec<i32>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Share {
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
    /// The cap afterwards: never below what is used and held. Of a shard that has handed over no more than that is set: what
    /// it was to have has left it.
    pub(super) fn apply(self, cap: Option<i64>, taken: i64, is_open: bool) -> Option<i64> {
        match self {
            Self::NoCap => None,
            Self::Set(cap) => Some(if is_open { cap.max(taken) } else { taken }),
            Self::Add(more) => Some(cap.unwrap_or_default().saturating_add(more).max(taken)),
        }
    }
}

/// Uses or amounts of all shards.
pub(super) struct Dimension {
    /// Each shard's cap, what is used and held of it, and whether it takes new shares.
    shards: Vec<(Option<i64>, i64, bool)>,
}

impl Dimension {
    pub(super) fn of(shards: &[Shard], cap: fn(&LimitCap) -> Option<i64>, taken: fn(&Shard) -> i64) -> Self {
        let of =
            |shard: &Shard| (cap(&shard.cap).filter(|_| shard.is_set), taken(shard), shard.next.is_none());
        Self { shards: shards.iter().map(of).collect() }
    }

    /// The plan that leads to what is asked, none when it is so; and the cap then.
    pub(super) fn plan(&self, asked: Option<i64>) -> (Option<Vec<Share>>, Option<i64>) {
        let capped = self.shards.iter().filter(|(cap, ..)| cap.is_some()).count();
        let Some(asked) = asked else {
            return ((capped > 0).then(|| vec![Share::NoCap; self.shards.len()]), None);
        };
        let least = self.shards.iter().fold(0_i64, |sum, (_, taken, _)| sum.saturating_add(*taken));
        let wanted = asked.max(least);
        if capped < self.shards.len() {
            let extra = self.spread(wanted - least);
            let set = self.shards.iter().zip(extra).map(|((_, taken, _), extra)| Share::Set(taken + extra));
            return (Some(set.collect()), Some(wanted));
        }
        let now =
            self.shards.iter().fold(0_i64, |sum, (cap, ..)| sum.saturating_add(cap.unwrap_or_default()));
        if now == wanted {
            return (None, Some(wanted));
        }
        if now < wanted {
            return (Some(self.spread(wanted - now).map(Share::Add).collect()), Some(wanted));
        }
        let mut rest = now - wanted;
        let less = self.shards.iter().map(|(cap, taken, _)| {
            let gives = (cap.unwrap_or_default() - taken).clamp(0, rest);
            rest -= gives;
            Share::Add(-gives)
        });
        (Some(less.collect()), Some(wanted))
    }

    /// So many for those shards that take new shares, in parts that differ by one at most.
    fn spread(&self, sum: i64) -> impl Iterator<Item = i64> {
        let open = self.shards.iter().filter(|(.., is_open)| *is_open).count();
        let mut parts = even(sum, open);
        self.shards
            .iter()
            .map(move |(.., is_open)| if *is_open { parts.next().unwrap_or_default() } else { 0 })
    }

    /// A plan that changes nothing.
    pub(super) fn as_it_is(&self) -> Vec<Share> {
        self.shards.iter().map(|(cap, ..)| cap.map_or(Share::NoCap, |_| Share::Add(0))).collect()
    }
}

/// So many in parts that differ by one at most.
fn even(sum: i64, parts: usize) -> impl Iterator<Item = i64> {
    let count = i64::try_from(parts.max(1)).unwrap_or(1);
    (0..count).map(move |part| sum / count + i64::from(part < sum % count))
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
            let shards = shards.into_iter().map(|(cap, taken)| (cap, taken, true)).collect();
            leads_to(shards, asked, plan, cap);
        }
    }

    #[test]
    fn what_is_new_goes_to_shards_that_take_new_shares() {
        for (shards, asked, plan, cap) in [
            (vec![(Some(3), 3, false), (Some(5), 1, true)], Some(10), Some(vec![Add(0), Add(2)]), Some(10)),
            // What came free in one that handed over is the first to go.
            (vec![(Some(3), 1, false), (Some(5), 1, true)], Some(5), Some(vec![Add(-2), Add(-1)]), Some(5)),
            (vec![(None, 3, false), (None, 1, true)], Some(10), Some(vec![Set(3), Set(7)]), Some(10)),
        ] {
            leads_to(shards, asked, plan, cap);
        }
        // Handed over between the plan and its part in it: what it was to have is not there twice.
        assert_eq!(Set(9).apply(Some(3), 3, false), Some(3));
        assert_eq!(Set(9).apply(Some(3), 3, true), Some(9));
    }

    fn leads_to(
        shards: Vec<(Option<i64>, i64, bool)>,
        asked: Option<i64>,
        plan: Option<Vec<Share>>,
        cap: Option<i64>,
    ) {
        let dimension = Dimension { shards: shards.clone() };
        let told = dimension.plan(asked);
        assert_eq!(told, (plan, cap), "{shards:?} {asked:?}");
        // Carried out, nothing is left to do.
        if let Some(plan) = told.0 {
            let after = shards
                .iter()
                .zip(plan)
                .map(|((cap, taken, open), share)| (share.apply(*cap, *taken, *open), *taken, *open));
            assert_eq!(Dimension { shards: after.collect() }.plan(asked).0, None, "{shards:?} {asked:?}");
        }
    }

    #[test]
    fn plans_of_earlier_releases_are_read() {
        #[derive(Encode)]
        struct Earlier {
            #[n(0)]
            uses: Vec<Share>,
            #[n(1)]
            amounts: Vec<Share>,
        }
        let earlier = Earlier { uses: vec![Set(3)], amounts: vec![NoCap] };
        let bytes = minicbor::to_vec(&earlier).expect("bytes");
        let plan: Plan = minicbor::decode(&bytes).expect("a plan");
        assert_eq!(plan, Plan { uses: earlier.uses, amounts: earlier.amounts, shards: None });
    }
}
