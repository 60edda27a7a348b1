//! Limits that hold for everybody.

use rusqlite::{Connection, OptionalExtension};
use suanpan_domain::CheckoutId;
use suanpan_ledger::Entry;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{HolderState, LimitCap, LimitHolder, LimitView, Scope, StoreError, Taken};

use crate::bytes::{self, holder_column, holder_state, offer_column};
use crate::failed::Failed;

/// A limit without a holder.
pub(crate) fn limit(row: &rusqlite::Row<'_>) -> rusqlite::Result<LimitView> {
    let taken =
        |at: usize| Ok::<_, rusqlite::Error>(Taken { uses: row.get(at)?, amount_minor: row.get(at + 1)? });
    let cap = LimitCap { uses: row.get(2)?, amount_minor: row.get(3)? };
    Ok(LimitView {
        offer: bytes::offer(row.get(0)?),
        cap: row.get::<_, bool>(1)?.then_some(cap),
        used: taken(4)?,
        held: taken(6)?,
        overrun: taken(8)?,
        holder: None,
    })
}

pub(crate) fn load(connection: &Connection, chain: i64, offer: OfferKey) -> Result<LimitView, Failed> {
    let found = connection
        .prepare_cached(
            "SELECT offer, is_set, cap_uses, cap_amount, used_uses, used_amount, held_uses, held_amount,
                overrun_uses, overrun_amount
             FROM limit_cap WHERE chain = ?1 AND offer = ?2",
        )?
        .query_row((chain, offer_column(offer)), limit)
        .optional()?;
    Ok(found.unwrap_or_else(|| LimitView::unknown(offer)))
}

fn holder(
    connection: &Connection,
    chain: i64,
    offer: OfferKey,
    checkout: CheckoutId,
    owner: i64,
) -> Result<Option<LimitHolder>, Failed> {
    let found = connection
        .prepare_cached(
            "SELECT state, uses, amount, until FROM limit_holder
             WHERE chain = ?1 AND offer = ?2 AND checkout = ?3 AND owner = ?4",
        )?
        .query_row((chain, offer_column(offer), checkout.as_bytes(), owner), |row| {
            let taken = Taken { uses: row.get(1)?, amount_minor: row.get(2)? };
            Ok((row.get::<_, u8>(0)?, taken, row.get(3)?))
        })
        .optional()?;
    Ok(match found {
        Some((state, taken, until_ms)) => Some(LimitHolder { state: holder_state(state)?, taken, until_ms }),
        None => None,
    })
}

/// The scope's limits as its holder sees them.
pub(super) fn views(
    connection: &Connection,
    chain: Option<i64>,
    owner: Option<i64>,
    scope: &Scope,
) -> Result<Vec<LimitView>, Failed> {
    let mut views = Vec::with_capacity(scope.limits.len());
    for offer in &scope.limits {
        let Some(chain) = chain else {
            views.push(LimitView::unknown(*offer));
            continue;
        };
        let mut view = load(connection, chain, *offer)?;
        if let (Some(checkout), Some(owner)) = (scope.checkout, owner) {
            view.holder = holder(connection, chain, *offer, checkout, owner)?;
        }
        views.push(view);
    }
    Ok(views)
}

/// A limit as a holder sees it.
fn view_of(
    connection: &Connection,
    chain: i64,
    offer: OfferKey,
    checkout: CheckoutId,
    owner: i64,
) -> Result<LimitView, Failed> {
    let mut view = load(connection, chain, offer)?;
    view.holder = holder(connection, chain, offer, checkout, owner)?;
    Ok(view)
}

/// Limits of another owner's sale, with its share.
pub(super) fn of_sale(
    connection: &Connection,
    chain: i64,
    owner: i64,
    checkout: CheckoutId,
    entry: &Entry,
) -> Result<Vec<LimitView>, Failed> {
    let uses = entry.sale.iter().flat_map(|sale| &sale.global_uses);
    uses.map(|used| view_of(connection, chain, used.offer, checkout, owner)).collect()
}

/// Writes a holder's share.
pub(super) fn write_holder(
    connection: &Connection,
    chain: i64,
    offer: OfferKey,
    checkout: CheckoutId,
    owner: i64,
    holder: LimitHolder,
) -> Result<(), Failed> {
    connection
        .prepare_cached(
            "INSERT INTO limit_holder(chain, offer, checkout, owner, state, uses, amount, until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET state = excluded.state, uses = excluded.uses, amount = excluded.amount,
                until = excluded.until",
        )?
        .execute((
            chain,
            offer_column(offer),
            checkout.as_bytes(),
            owner,
            holder_column(holder.state),
            holder.taken.uses,
            holder.taken.amount_minor,
            holder.until_ms,
        ))?;
    Ok(())
}

/// Writes a limit alone.
pub(super) fn write_limit(connection: &Connection, chain: i64, view: &LimitView) -> Result<(), Failed> {
    let cap = view.cap.unwrap_or_default();
    connection
        .prepare_cached(
            "INSERT INTO limit_cap(chain, offer, is_set, cap_uses, cap_amount, used_uses, used_amount, held_uses,
                held_amount, overrun_uses, overrun_amount)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT DO UPDATE SET is_set = excluded.is_set, cap_uses = excluded.cap_uses,
                cap_amount = excluded.cap_amount, used_uses = excluded.used_uses, used_amount = excluded.used_amount,
                held_uses = excluded.held_uses, held_amount = excluded.held_amount,
                overrun_uses = excluded.overrun_uses, overrun_amount = excluded.overrun_amount",
        )?
        .execute((
            chain,
            offer_column(view.offer),
            view.cap.is_some(),
            cap.uses,
            cap.amount_minor,
            view.used.uses,
            view.used.amount_minor,
            view.held.uses,
            view.held.amount_minor,
            view.overrun.uses,
            view.overrun.amount_minor,
        ))?;
    Ok(())
}

/// A holder's share by name, for lists.
pub(crate) fn listed(state: u8, taken: Taken, until_ms: i64) -> Result<LimitHolder, StoreError> {
    let state: HolderState = holder_state(state)?;
    Ok(LimitHolder { state, taken, until_ms })
}
