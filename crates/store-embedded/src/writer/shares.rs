//! Limits and codes of a decision: what becomes of them is computed and checked first, then written.

use rusqlite::Connection;
use suanpan_domain::CheckoutId;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{
    CodeHash, CodeHolder, CodeState, CodeStep, CodeView, LimitHolder, LimitStep, LimitView, Owner, Scope,
    StoreError, Taken, Write,
};

use crate::failed::Failed;
use crate::failpoint::between;
use crate::writer::decide::contract;
use crate::writer::view::Seen;
use crate::writer::{codes, limits};

/// What becomes of limits and codes.
pub(super) struct Shares {
    /// Limits that moved, with their sums after all moves.
    limits: Vec<LimitView>,
    /// Holders that moved, by the place of their owner among the seen ones.
    holders: Vec<(OfferKey, usize, LimitHolder)>,
    /// Codes that moved, with the place of the owner that has them now.
    codes: Vec<(CodeHash, CodeState, usize)>,
}

impl Shares {
    /// Moves the shares of fenced owners first: what they held is there for the own moves.
    pub(super) fn check(
        connection: &Connection,
        seen: &Seen,
        scope: &Scope,
        write: &Write,
    ) -> Result<Self, Failed> {
        let mut shares = Self { limits: Vec::new(), holders: Vec::new(), codes: Vec::new() };
        let moves_nothing = write.limits.is_empty() && write.codes.is_empty();
        if moves_nothing && write.fenced_limits.is_empty() && write.fenced_codes.is_empty() {
            return Ok(shares);
        }
        let checkout = scope.checkout.ok_or_else(|| contract("shares without a checkout that has them"))?;
        for (owner, offer) in &write.fenced_limits {
            let place = fenced_place(seen, write, owner)?;
            let view = seen.view.elsewhere[place - 1].limits.iter().find(|limit| limit.offer == *offer);
            let view = view.ok_or_else(|| contract("a limit that the fenced sale does not name"))?;
            shares.move_limit(view, place, LimitStep::Free, Taken::default())?;
        }
        for moved in &write.limits {
            let view = seen.view.limits.iter().find(|limit| limit.offer == moved.offer);
            let view = view.ok_or_else(|| contract("a limit that is not in the scope"))?;
            shares.move_limit(view, 0, moved.step, moved.taken)?;
        }
        for (owner, code) in &write.fenced_codes {
            let place = fenced_place(seen, write, owner)?;
            shares.move_code(connection, seen, scope, checkout, (*code, CodeStep::Free), place)?;
        }
        for moved in &write.codes {
            if !scope.codes.contains(&moved.code) {
                return Err(contract("a code that is not in the scope").into());
            }
            shares.move_code(connection, seen, scope, checkout, (moved.code, moved.step), 0)?;
        }
        Ok(shares)
    }

    /// `view` has the share of the owner at `place`; the sums may have moved since.
    fn move_limit(
        &mut self,
        view: &LimitView,
        place: usize,
        step: LimitStep,
        taken: Taken,
    ) -> Result<(), StoreError> {
        let offer = view.offer;
        let mut before = self.limits.iter().find(|limit| limit.offer == offer).unwrap_or(view).clone();
        let moved = self.holders.iter().rev().find(|(moved, at, _)| *moved == offer && *at == place);
        before.holder = moved.map_or(view.holder, |(_, _, holder)| Some(*holder));
        let after = before
            .after(step, taken)
            .ok_or_else(|| contract(format!("limit {:016x}: more than fits", offer.0)))?;
        if after == before {
            return Ok(());
        }
        if let Some(holder) = after.holder {
            self.holders.retain(|(moved, at, _)| *moved != offer || *at != place);
            self.holders.push((offer, place, holder));
        }
        self.limits.retain(|limit| limit.offer != offer);
        self.limits.push(after);
        Ok(())
    }

    fn move_code(
        &mut self,
        connection: &Connection,
        seen: &Seen,
        scope: &Scope,
        checkout: CheckoutId,
        (code, step): (CodeHash, CodeStep),
        place: usize,
    ) -> Result<(), Failed> {
        let holder = CodeHolder { checkout, owner: seen.owners[place].owner.clone() };
        let of_scope = scope.codes.iter().position(|known| *known == code);
        let known = match (of_scope, seen.chain) {
            (Some(at), _) => seen.view.codes[at].clone(),
            (None, Some(chain)) => codes::load(connection, chain, code)?,
            (None, None) => None,
        };
        let Some(known) = known else {
            // A fact may have named a code that nobody made: it held nothing.
            return if place == 0 { Err(contract("a code that was never added").into()) } else { Ok(()) };
        };
        let moved = self.codes.iter().find(|(moved, _, _)| *moved == code);
        let state = moved.map_or_else(|| known.state.clone(), |(_, state, _)| state.clone());
        let before = CodeView { campaign: known.campaign, state };
        let state = before.after(step, &holder).ok_or_else(|| contract("a code that another sale has"))?;
        if state != before.state {
            self.codes.retain(|(moved, _, _)| *moved != code);
            self.codes.push((code, state, place));
        }
        Ok(())
    }

    /// Writes them; `ids` are the numbers of the seen owners, by place.
    pub(super) fn write(
        &self,
        connection: &Connection,
        chain: i64,
        scope: &Scope,
        ids: &[Option<i64>],
    ) -> Result<(), Failed> {
        let Some(checkout) = scope.checkout else { return Ok(()) };
        let id = |place: usize| ids[place].ok_or_else(|| contract("a share of an owner without a head"));
        for limit in &self.limits {
            limits::write_limit(connection, chain, limit)?;
            between!("embedded/limit-written");
        }
        for (offer, place, holder) in &self.holders {
            limits::write_holder(connection, chain, *offer, checkout, id(*place)?, *holder)?;
            between!("embedded/holder-written");
        }
        for (code, state, place) in &self.codes {
            codes::write(connection, chain, *code, state, id(*place)?)?;
            between!("embedded/code-written");
        }
        Ok(())
    }
}

/// The place of an owner that this write fences.
fn fenced_place(seen: &Seen, write: &Write, owner: &Owner) -> Result<usize, StoreError> {
    let written = write.heads.iter().any(|head| head.owner == *owner);
    let place = seen.owners.iter().skip(1).position(|place| place.owner == *owner);
    match place {
        Some(place) if written => Ok(place + 1),
        _ => Err(contract("a share of an owner whom this write does not fence")),
    }
}
