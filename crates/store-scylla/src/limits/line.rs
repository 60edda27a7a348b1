//! The shards of a limit as they follow each other. A limit is made with some shards, and a sale's id leads to one of
//! them. A shard that is full hands what it has left to a fresh one: then a line of shards stands in its place, of which the
//! last one takes new shares and the others keep what they have.
//!
//! A share lies in one shard of its line. One that handed over takes no new share, so that whoever has seen none in it need
//! not look again; and a hold, which is conditional on the version of the shard that it saw last, fails when that one has
//! handed over meanwhile.

use futures_util::future::try_join_all;
use suanpan_ledger::head::OfferKey;
use suanpan_store::StoreError;

use crate::bytes::offer_column;
use crate::inner::{Inner, Who};
use crate::limits::home;
use crate::limits::shard::Shard;
use crate::session::Deadline;

/// Shards that a limit is made with, at most: a look at it reads them all. Part of the schema: a shard's successor has a
/// number that is greater by so much.
pub(super) const LINES_MAX: i32 = 64;

/// The shard that comes after this one.
pub(super) const fn successor(number: i32) -> i32 {
    number + LINES_MAX
}

/// The shard that handed over to this one; none for the first of a line.
pub(super) const fn predecessor(number: i32) -> Option<i32> {
    if number < LINES_MAX { None } else { Some(number - LINES_MAX) }
}

/// The line that a shard is of.
pub(super) const fn line_of(number: i32) -> i32 {
    number % LINES_MAX
}

impl Inner {
    /// The shards of a line, in their order, with what this holder has in each.
    async fn line(
        &self,
        chain: &str,
        offer: OfferKey,
        line: i32,
        who: Option<&Who>,
        until: Deadline,
    ) -> Result<Vec<Shard>, StoreError> {
        let name = (chain.to_owned(), offer_column(offer), line);
        let known = {
            let lines = self.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            lines.get(&name).copied().unwrap_or(line)
        };
        let numbers = (line..=known).step_by(LINES_MAX.unsigned_abs() as usize);
        let looks = numbers.map(|number| self.shard(chain, offer, number, who, until));
        let mut shards = try_join_all(looks).await?;
        while let Some(next) = shards.last().and_then(|shard| shard.next) {
            shards.push(self.shard(chain, offer, next, who, until).await?);
        }
        if let Some(last) = shards.last().filter(|last| last.number > known) {
            let mut lines = self.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let known = lines.entry(name).or_insert(last.number);
            *known = last.number.max(*known);
        }
        Ok(shards)
    }

    /// All shards of a limit, those that its making made first; none when it was never heard of. What a holder has stands in
    /// one of its line.
    pub(super) async fn all_shards(
        &self,
        chain: &str,
        offer: OfferKey,
        who: Option<&Who>,
        until: Deadline,
    ) -> Result<Vec<Shard>, StoreError> {
        let lines = self.shards_of(chain, offer, until).await?.unwrap_or_default();
        let at_home = who.map(|who| home(who, lines));
        let looks = (0..lines).map(|line| {
            let who = who.filter(|_| Some(line) == at_home);
            self.line(chain, offer, line, who, until)
        });
        let mut shards: Vec<Shard> = try_join_all(looks).await?.into_iter().flatten().collect();
        shards.sort_by_key(|shard| shard.number);
        Ok(shards)
    }

    /// The shard that a holder's share lies in, or is to lie in when there is none.
    pub(super) async fn home_shard(
        &self,
        chain: &str,
        offer: OfferKey,
        line: i32,
        who: &Who,
        until: Deadline,
    ) -> Result<Shard, StoreError> {
        let mut shards = self.line(chain, offer, line, Some(who), until).await?;
        let place = shards.iter().position(|shard| shard.holder.is_some());
        Ok(shards.swap_remove(place.unwrap_or(shards.len() - 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_of_a_line_find_each_other() {
        for (number, before, line) in [(0, None, 0), (63, None, 63), (64, Some(0), 0), (191, Some(127), 63)] {
            assert_eq!((predecessor(number), line_of(number)), (before, line), "{number}");
            assert_eq!(predecessor(successor(number)), Some(number));
        }
    }
}
