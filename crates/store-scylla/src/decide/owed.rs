//! What a row owes beside its partition: moves of limits and codes, events, parked entries. It is written with the row, so
//! that whoever meets the row pays what a process that ended in between did not, and is nothing to pay twice.

use minicbor::{Decode, Encode};
use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::EntryKey;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{
    CodeHash, CodeStep, Derived, LimitStep, OutboxEvent, Owner, Read, StoreError, Taken, Write,
};

use crate::bytes;
use crate::decide::partition::Partition;
use crate::error::damaged;
use crate::failpoint::between;
use crate::inner::{Inner, Who};
use crate::session::Deadline;

/// What one write of a row owes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Owed {
    /// The version of the head that wrote it.
    #[n(0)]
    pub(super) version: u64,
    /// The sale whose shares move.
    #[cbor(n(1), with = "minicbor::bytes")]
    checkout: Option<Vec<u8>>,
    #[n(2)]
    limits: Vec<OwedLimit>,
    #[n(3)]
    codes: Vec<OwedCode>,
    #[n(4)]
    events: Vec<OwedEvent>,
    #[n(5)]
    parked: Vec<OwedParked>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct OwedLimit {
    #[n(0)]
    offer: u64,
    #[n(1)]
    step: OwedStep,
    #[n(2)]
    uses: i64,
    #[n(3)]
    amount_minor: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct OwedCode {
    #[cbor(n(0), with = "minicbor::bytes")]
    hash: [u8; 16],
    #[n(1)]
    step: OwedStep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
enum OwedStep {
    /// It is paid.
    #[n(0)]
    Settle,
    /// It will not be.
    #[n(1)]
    Free,
    /// It came back.
    #[n(2)]
    GiveBack,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct OwedEvent {
    #[n(0)]
    member: String,
    #[n(1)]
    epoch: u64,
    #[n(2)]
    version: u64,
    #[n(3)]
    index: u32,
    #[n(4)]
    at_ms: i64,
    #[n(5)]
    kind: String,
    #[cbor(n(6), with = "minicbor::bytes")]
    body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct OwedParked {
    #[cbor(n(0), with = "minicbor::bytes")]
    key: Vec<u8>,
    /// Why and since when; none takes it off the list.
    #[n(1)]
    why: Option<String>,
    #[n(2)]
    at_ms: i64,
}

impl Owed {
    /// What the own row of a write owes.
    pub(super) fn of(write: &Write, version: u64, checkout: Option<CheckoutId>) -> Self {
        let mut owed = Self { version, ..Self::default() };
        owed.checkout = checkout.map(|checkout| checkout.as_bytes().to_vec());
        for moved in &write.limits {
            let step = match moved.step {
                LimitStep::Hold { .. } => continue,
                LimitStep::Take | LimitStep::Settle => OwedStep::Settle,
                LimitStep::Free => OwedStep::Free,
                LimitStep::GiveBack => OwedStep::GiveBack,
            };
            let Taken { uses, amount_minor } = moved.taken;
            owed.limits.push(OwedLimit { offer: moved.offer.0, step, uses, amount_minor });
        }
        for moved in &write.codes {
            let step = match moved.step {
                CodeStep::Hold { .. } => continue,
                CodeStep::Use => OwedStep::Settle,
                CodeStep::Free => OwedStep::Free,
                CodeStep::GiveBack => OwedStep::GiveBack,
            };
            owed.codes.push(OwedCode { hash: moved.code.0, step });
        }
        for derived in &write.derived {
            owed.derive(derived);
        }
        owed
    }

    /// What the row of a fenced owner owes: its shares are free.
    pub(super) fn of_fenced(write: &Write, owner: &Owner, version: u64, checkout: CheckoutId) -> Self {
        let limits = write.fenced_limits.iter().filter(|(of, _)| of == owner);
        let limits = limits.map(|(_, offer)| OwedLimit {
            offer: offer.0,
            step: OwedStep::Free,
            uses: 0,
            amount_minor: 0,
        });
        let codes = write.fenced_codes.iter().filter(|(of, _)| of == owner);
        let codes = codes.map(|(_, code)| OwedCode { hash: code.0, step: OwedStep::Free });
        Self {
            version,
            checkout: Some(checkout.as_bytes().to_vec()),
            limits: limits.collect(),
            codes: codes.collect(),
            ..Self::default()
        }
    }

    fn derive(&mut self, derived: &Derived) {
        match derived {
            Derived::Outbox(event) => self.events.push(OwedEvent {
                member: event.member.as_str().to_owned(),
                epoch: event.epoch,
                version: event.version,
                index: event.index,
                at_ms: event.at_ms,
                kind: event.kind.clone(),
                body: event.body.clone(),
            }),
            Derived::Parked { key, why, at_ms } => {
                self.parked.push(OwedParked { key: key.to_bytes(), why: Some(why.clone()), at_ms: *at_ms });
            }
            Derived::Unparked { key } => {
                self.parked.push(OwedParked { key: key.to_bytes(), why: None, at_ms: 0 });
            }
        }
    }

    /// The bytes that stand with the row; none when nothing is owed.
    pub(super) fn column(&self) -> Option<Vec<u8>> {
        let nothing = self.limits.is_empty()
            && self.codes.is_empty()
            && self.events.is_empty()
            && self.parked.is_empty();
        let mut bytes = Vec::new();
        // Writing into memory cannot fail.
        (!nothing && minicbor::encode(self, &mut bytes).is_ok()).then_some(bytes)
    }

    fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        minicbor::decode(bytes).map_err(|error| damaged(format!("what a row owes: {error}")))
    }
}

impl Inner {
    /// Pays what a row of an owner owes.
    pub(crate) async fn pay_owner(
        &self,
        chain: &str,
        owner: &Owner,
        key: EntryKey,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let seen = self.partition(chain, owner, &[Read::Entry(key)], until).await?;
        self.pay_rows(chain, &seen, until).await
    }

    /// Pays what the rows of a look owe.
    pub(super) async fn pay_rows(
        &self,
        chain: &str,
        seen: &Partition,
        until: Deadline,
    ) -> Result<(), StoreError> {
        for row in &seen.rows {
            let Some(owed) = &row.owed else { continue };
            let owed = Owed::read(owed)?;
            let name = (chain.to_owned(), bytes::owner_column(&seen.owner), row.key.to_bytes(), owed.version);
            if !self.paid.has(&name) {
                self.pay(chain, &seen.owner, &owed, until).await?;
                self.paid.add(name);
                between!("scylla/row-paid");
            }
        }
        Ok(())
    }

    /// Pays; what is paid already stays as it is.
    pub(super) async fn pay(
        &self,
        chain: &str,
        owner: &Owner,
        owed: &Owed,
        until: Deadline,
    ) -> Result<(), StoreError> {
        if let Some(checkout) = &owed.checkout {
            let who = Who { checkout: bytes::checkout(checkout)?, owner: owner.clone() };
            let version = bytes::count_column(owed.version)?;
            for limit in &owed.limits {
                let (offer, taken) =
                    (OfferKey(limit.offer), Taken { uses: limit.uses, amount_minor: limit.amount_minor });
                match limit.step {
                    OwedStep::Settle => self.settle_limit(chain, offer, &who, taken, until).await?,
                    OwedStep::Free => self.free_limit(chain, offer, &who, version, until).await?,
                    OwedStep::GiveBack => self.give_limit_back(chain, offer, &who, until).await?,
                }
                between!("scylla/limit-settled");
            }
            for code in &owed.codes {
                let hash = CodeHash(code.hash);
                match code.step {
                    OwedStep::Settle => self.use_code(chain, hash, &who, until).await?,
                    OwedStep::Free => self.free_code(chain, hash, &who, version, until).await?,
                    OwedStep::GiveBack => self.give_code_back(chain, hash, &who, until).await?,
                }
                between!("scylla/code-settled");
            }
        }
        let events: Vec<OutboxEvent> = owed.events.iter().map(event).collect::<Result<_, _>>()?;
        if !events.is_empty() {
            self.put_events(chain, &events, until).await?;
            between!("scylla/events-out");
        }
        // A guest's sale is never accrued, so it has nothing to park.
        if let Owner::Member(member) = owner {
            for parked in &owed.parked {
                match &parked.why {
                    Some(why) => self.park(chain, member, &parked.key, why, parked.at_ms, until).await?,
                    None => self.unpark(chain, member, &parked.key, until).await?,
                }
                between!("scylla/parked-told");
            }
        }
        Ok(())
    }
}

fn event(owed: &OwedEvent) -> Result<OutboxEvent, StoreError> {
    Ok(OutboxEvent {
        member: MemberId::new(owed.member.clone()).map_err(|error| damaged(format!("member id: {error}")))?,
        epoch: owed.epoch,
        version: owed.version,
        index: owed.index,
        at_ms: owed.at_ms,
        kind: owed.kind.clone(),
        body: owed.body.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use suanpan_ledger::EntryKey;
    use suanpan_store::{CodeMove, LimitMove};

    #[test]
    fn what_is_owed_comes_back_from_its_bytes() {
        let checkout: CheckoutId = "0198c0de-7a10-7000-8000-0000000000a1".parse().expect("an id");
        let taken = Taken { uses: 1, amount_minor: 300 };
        let limit = |step| LimitMove { offer: OfferKey(u64::MAX), step, taken };
        let code = |step| CodeMove { code: CodeHash([7; 16]), step };
        let event = OutboxEvent {
            member: MemberId::new("anna").expect("an id"),
            epoch: 1,
            version: 9,
            index: 2,
            at_ms: 5,
            kind: "points_earned".to_owned(),
            body: vec![0, 255],
        };
        let key = EntryKey::Checkout(checkout);
        let write = Write {
            limits: vec![
                limit(LimitStep::Hold { until_ms: 1 }),
                limit(LimitStep::Take),
                limit(LimitStep::GiveBack),
            ],
            codes: vec![code(CodeStep::Hold { until_ms: 1 }), code(CodeStep::Use), code(CodeStep::Free)],
            derived: vec![
                Derived::Outbox(event),
                Derived::Parked { key, why: "no lots".to_owned(), at_ms: 3 },
                Derived::Unparked { key },
            ],
            ..Write::default()
        };
        let owed = Owed::of(&write, 9, Some(checkout));
        // Holds were taken before the row was written.
        assert_eq!((owed.limits.len(), owed.codes.len(), owed.events.len(), owed.parked.len()), (2, 2, 1, 2));
        let bytes = owed.column().expect("something is owed");
        assert_eq!(Owed::read(&bytes), Ok(owed));
        assert_eq!(Owed::of(&Write::default(), 9, Some(checkout)).column(), None);
        assert!(matches!(Owed::read(&bytes[1..]), Err(StoreError::Corrupt(_))));
    }
}
