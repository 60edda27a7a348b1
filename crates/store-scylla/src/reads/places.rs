//! Places that readers keep, and duties that workers hold.

use scylla::serialize::value::SerializeValue;
use scylla::value::CqlTimestamp;
use suanpan_store::{Cursor, Lease, Part, StoreError};

use crate::bytes::{check_name, count_column, counted};
use crate::error::damaged;
use crate::inner::Inner;
use crate::session::{Applied, Deadline, Pauses, Values, values};

/// A duty with its holder and end.
type LeaseColumns = (String, Option<String>, Option<i64>);

/// Stands for all chains together; no chain has this name.
const NO_CHAIN: &str = "";

fn pass_over(part: Part) -> String {
    format!("pass/{}", part.0)
}

impl Inner {
    /// The clock of the server that answers.
    pub(crate) async fn server_ms(&self) -> Result<i64, StoreError> {
        let row = self.cql.read_one::<(CqlTimestamp,)>(&self.statements.clock, values![], self.deadline());
        let (CqlTimestamp(ms),) = row.await?.ok_or_else(|| damaged("a server without a clock"))?;
        Ok(ms)
    }

    pub(crate) async fn place_of(
        &self,
        chain: &str,
        name: &str,
    ) -> Result<Option<(u64, Cursor)>, StoreError> {
        let row = self
            .cql
            .read_one::<(Option<i64>, Option<Vec<u8>>)>(
                &self.statements.position,
                values![chain, name],
                self.deadline(),
            )
            .await?;
        let Some((Some(fence), place)) = row else { return Ok(None) };
        Ok(Some((counted(fence)?, Cursor(place.unwrap_or_default()))))
    }

    /// Keeps a place; false when it was kept under a higher fence.
    pub(crate) async fn keep_place(
        &self,
        chain: &str,
        name: &str,
        fence: u64,
        place: &Cursor,
    ) -> Result<bool, StoreError> {
        check_name("a position's name", name)?;
        self.list_chain(chain, self.deadline()).await?;
        self.put_place(chain, name, fence, place).await
    }

    /// Raises a position's fence. The place is read after that: whoever had the fence before moves it no more.
    pub(crate) async fn take_place(&self, chain: &str, name: &str) -> Result<(u64, Cursor), StoreError> {
        check_name("a position's name", name)?;
        self.list_chain(chain, self.deadline()).await?;
        let until = self.deadline();
        let mut pauses = Pauses::default();
        loop {
            let row = self
                .cql
                .read_one::<(Option<i64>, Option<Vec<u8>>)>(
                    &self.statements.position_now,
                    values![chain, name],
                    until,
                )
                .await?;
            let before = row.and_then(|(fence, _)| fence);
            let fence = before.unwrap_or_default() + 1;
            // One that was carried out and whose answer was lost is not told from another's: the next one is nobody else's.
            let values = values![fence, chain, name, before];
            if let Applied::Yes = self.cql.decide(&self.statements.take_position, values, until).await? {
                let place = self.place_of(chain, name).await?;
                return Ok((counted(fence)?, place.map(|(_, place)| place).unwrap_or_default()));
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause().await;
        }
    }

    /// When the latest complete pass over a part began.
    pub(crate) async fn passed(&self, part: Part) -> Result<Option<i64>, StoreError> {
        let place = self.place_of(NO_CHAIN, &pass_over(part)).await?;
        Ok(place.map(|(began_ms, _)| began_ms.cast_signed()))
    }

    /// Keeps that moment. It is its own fence: of two passes over a part the one that began later says more.
    pub(crate) async fn set_passed(&self, part: Part, began_ms: i64) -> Result<(), StoreError> {
        let began_ms = counted(began_ms)?;
        self.put_place(NO_CHAIN, &pass_over(part), began_ms, &Cursor::default()).await.map(drop)
    }

    async fn put_place(
        &self,
        chain: &str,
        name: &str,
        fence: u64,
        place: &Cursor,
    ) -> Result<bool, StoreError> {
        let until = self.deadline();
        let fence = count_column(fence)?;
        let mut pauses = Pauses::default();
        loop {
            let row = self
                .cql
                .read_one::<(Option<i64>, Option<Vec<u8>>)>(
                    &self.statements.position_now,
                    values![chain, name],
                    until,
                )
                .await?;
            let before = row.and_then(|(fence, _)| fence);
            if before.is_some_and(|before| before > fence) {
                return Ok(false);
            }
            let values = values![fence, place.0, chain, name, before];
            if let Applied::Yes = self.cql.decide(&self.statements.set_position, values, until).await? {
                return Ok(true);
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause().await;
        }
    }

    async fn all_leases(&self) -> Result<Vec<LeaseColumns>, StoreError> {
        self.cql.read::<LeaseColumns>(&self.statements.leases, values![], self.deadline()).await
    }

    /// Takes or keeps those of some duties that are not another's, all in one write: they lie in one partition, where writes
    /// one by one would wait for each other.
    pub(crate) async fn take_leases(
        &self,
        duties: &[String],
        holder: &str,
        now_ms: i64,
        until_ms: i64,
    ) -> Result<Vec<String>, StoreError> {
        for duty in duties {
            check_name("a duty", duty)?;
        }
        check_name("a holder", holder)?;
        let until = self.deadline();
        let mut pauses = Pauses::default();
        loop {
            let leases = self.all_leases().await?;
            let mut before: Vec<LeaseColumns> = Vec::with_capacity(duties.len());
            for duty in duties {
                let found = leases.iter().find(|(known, ..)| known == duty).cloned();
                let (duty, by, ends) = found.unwrap_or_else(|| (duty.clone(), None, None));
                let theirs = by.as_deref().is_some_and(|by| by != holder);
                if !theirs || ends.is_none_or(|ends| ends <= now_ms) {
                    before.push((duty, by, ends));
                }
            }
            if before.is_empty() || self.move_leases(&before, Some(holder), Some(until_ms), until).await? {
                return Ok(before.into_iter().map(|(duty, ..)| duty).collect());
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause().await;
        }
    }

    pub(crate) async fn let_leases_go(&self, duties: &[String], holder: &str) -> Result<(), StoreError> {
        let until = self.deadline();
        let mut pauses = Pauses::default();
        loop {
            let mut own = self.all_leases().await?;
            own.retain(|(duty, by, _)| by.as_deref() == Some(holder) && duties.contains(duty));
            // Not applied: one of them is somebody else's by now.
            if own.is_empty() || self.move_leases(&own, None, None, until).await? {
                return Ok(());
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause().await;
        }
    }

    /// Gives duties to a holder, or to nobody, if all of them are as they were seen; else none.
    async fn move_leases(
        &self,
        before: &[LeaseColumns],
        holder: Option<&str>,
        until_ms: Option<i64>,
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let mut batch = self.batch();
        let mut all: Vec<Vec<&(dyn SerializeValue + Sync)>> = Vec::with_capacity(before.len());
        for (duty, by, ends) in before {
            batch.append_statement(self.statements.lease.clone());
            all.push(vec![&holder, &until_ms, duty, by, ends]);
        }
        let all: Vec<Values<'_>> = all.iter().map(Vec::as_slice).collect();
        Ok(matches!(self.cql.decide_together(&batch, &all, until).await?, Applied::Yes))
    }

    pub(crate) async fn list_leases(&self, now_ms: i64) -> Result<Vec<Lease>, StoreError> {
        let leases = self.all_leases().await?.into_iter();
        let held = leases.filter_map(|(duty, holder, ends)| {
            let until_ms = ends.filter(|ends| *ends > now_ms)?;
            Some(Lease { duty, holder: holder?, until_ms })
        });
        Ok(held.collect())
    }
}
