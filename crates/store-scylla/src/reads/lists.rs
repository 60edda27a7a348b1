//! Sales by the moment in their ids: of a member from its own rows, of a chain from the list of claimed ids by day.

use suanpan_domain::{CheckoutId, MemberId};
use suanpan_ledger::{EntryKey, State};
use suanpan_store::{CheckoutFilter, Cursor, FoundCheckout, Order, Owner, Page, StoreError};

use crate::bytes::{self, foreign_cursor};
use crate::decide::day_of;
use crate::inner::Inner;
use crate::reads::accounts::KEYS_MAX;
use crate::session::{Deadline, values};

/// The first id that a till can have made at an instant, without its version.
fn first_id_at(ms: i64) -> [u8; 16] {
    let mut id = [0; 16];
    let ms = ms.clamp(0, (1 << 48) - 1).to_be_bytes();
    id[..6].copy_from_slice(&ms[2..]);
    id
}

/// Which ids a list goes over: those in `low..high` that lie behind `after`.
struct Range {
    low: [u8; 16],
    high: [u8; 16],
    order: Order,
    /// An id with its owner.
    after: Option<([u8; 16], String)>,
}

impl Range {
    fn of(filter: &CheckoutFilter, after: &Cursor) -> Result<Self, StoreError> {
        let after = match after.0.split_first_chunk::<16>() {
            None if after.0.is_empty() => None,
            None => return Err(foreign_cursor()),
            Some((id, owner)) => {
                Some((*id, String::from_utf8(owner.to_vec()).map_err(|_| foreign_cursor())?))
            }
        };
        Ok(Self {
            low: first_id_at(filter.from_ms.unwrap_or(0)),
            high: filter.before_ms.map_or([0xff; 16], first_id_at),
            order: filter.order,
            after,
        })
    }

    fn has(&self, id: &[u8; 16], owner: &str) -> bool {
        let behind = match (&self.after, self.order) {
            (None, _) => true,
            (Some(after), Order::OldestFirst) => (*id, owner) > (after.0, after.1.as_str()),
            (Some(after), Order::NewestFirst) => (*id, owner) < (after.0, after.1.as_str()),
        };
        behind && self.low <= *id && *id < self.high
    }
}

fn cursor(id: [u8; 16], owner: &str) -> Cursor {
    let mut cursor = id.to_vec();
    cursor.extend_from_slice(owner.as_bytes());
    Cursor(cursor)
}

impl Inner {
    pub(crate) async fn list_sales(
        &self,
        chain: &str,
        filter: &CheckoutFilter,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<FoundCheckout>, StoreError> {
        let until = self.deadline();
        let range = Range::of(filter, after)?;
        let limit = limit.clamp(1, KEYS_MAX);
        let named = match &filter.member {
            Some(member) => self.named_of_member(chain, member, &range, until).await?,
            None => self.named_of_chain(chain, &range, limit, until).await?,
        };
        let more = named.len() > limit;
        let mut rows = Vec::new();
        let mut next = None;
        for (id, name) in named.into_iter().take(limit) {
            let (owner, checkout) = (bytes::owner(&name)?, bytes::checkout(&id)?);
            let key = EntryKey::Checkout(checkout).to_bytes();
            for entry in self.rows(chain, &owner, &[key], until).await? {
                // The row of the owner that won stands in the list too.
                if entry.state != State::Fenced {
                    rows.push(FoundCheckout { owner: owner.clone(), entry, returns: Vec::new() });
                }
            }
            next = Some(cursor(id, &name));
        }
        Ok(Page { rows, next: next.filter(|_| more) })
    }

    /// All ids of a member's sales that the range has, in its order.
    async fn named_of_member(
        &self,
        chain: &str,
        member: &MemberId,
        range: &Range,
        until: Deadline,
    ) -> Result<Vec<([u8; 16], String)>, StoreError> {
        let owner = Owner::Member(member.clone());
        let (id, name) = (bytes::id(&owner), bytes::owner_column(&owner));
        let rows = self
            .cql
            .read::<(Vec<u8>, Option<i64>)>(self.statements.narrow.members(), values![chain, id], until)
            .await?;
        let mut found = Vec::new();
        for (key, version) in rows {
            if key != bytes::ANCHOR
                && version.is_some()
                && let EntryKey::Checkout(checkout) = bytes::key(&key)?
                && range.has(checkout.as_bytes(), &name)
            {
                found.push((*checkout.as_bytes(), name.clone()));
            }
        }
        if range.order == Order::NewestFirst {
            found.reverse();
        }
        Ok(found)
    }

    /// One more id than `limit` that were claimed in a chain, in the order of the range.
    async fn named_of_chain(
        &self,
        chain: &str,
        range: &Range,
        limit: usize,
        until: Deadline,
    ) -> Result<Vec<([u8; 16], String)>, StoreError> {
        let days = self.cql.read::<(i32,)>(&self.statements.sale_days, values![chain], until).await?;
        let day = |id: &[u8; 16]| {
            // Any version will do: the day is in the first bytes.
            let mut id = *id;
            id[6] = 0x70 | (id[6] & 0x0f);
            id[8] = 0x80 | (id[8] & 0x3f);
            CheckoutId::from_bytes(id).map(day_of).unwrap_or(i32::MAX)
        };
        let (first, last) = (day(&range.low), day(&range.high));
        let mut days: Vec<i32> =
            days.into_iter().map(|(day,)| day).filter(|day| (first..=last).contains(day)).collect();
        if range.order == Order::NewestFirst {
            days.reverse();
        }
        let mut found: Vec<([u8; 16], String)> = Vec::new();
        for day in days {
            let mut place = range.after.clone().unwrap_or(match range.order {
                Order::OldestFirst => (range.low, String::new()),
                Order::NewestFirst => (range.high, "\u{10ffff}".to_owned()),
            });
            loop {
                let left = i32::try_from(limit + 1 - found.len()).unwrap_or(1);
                let statement = match range.order {
                    Order::OldestFirst => &self.statements.sales,
                    Order::NewestFirst => &self.statements.sales_down,
                };
                let values = values![chain, day, place.0, place.1, left];
                let rows = self.cql.read::<(Vec<u8>, String)>(statement, values, until).await?;
                let full = rows.len() as i64 >= i64::from(left);
                for (id, name) in rows {
                    let id = *bytes::checkout(&id)?.as_bytes();
                    if range.has(&id, &name) {
                        found.push((id, name.clone()));
                    }
                    place = (id, name);
                }
                if found.len() > limit {
                    return Ok(found);
                }
                if !full {
                    break;
                }
            }
        }
        Ok(found)
    }
}
