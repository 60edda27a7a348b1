//! Goods come back.

use crate::apply::{Call, park, sorted};
use crate::command::{Action, Effect, Repriced, Wanted};
use crate::draft::{Draft, blank};
use crate::entry::{Entry, EntryKey, Movement, MovementKind, State, Verb};
use crate::head::{Coupon, Lot, Pending, Status};
use crate::limits::{RETURNS_MAX, SALE_LINES_MAX};
use crate::outcome::{Applied, Emit};
use crate::policy::ReturnRules;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::returns::Account;
use crate::sale::Returned;
use crate::shape::Shape;
use suanpan_domain::limits::{AMOUNT_MINOR_MAX, QUANTITY_MILLI_MAX};

pub(crate) fn give_back(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::Return { checkout, return_id, content_hash, business_ms, wanted, repriced, fact } =
        &call.command.action
    else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Return(*checkout, *return_id);
    if let Some(row) = call.row(key) {
        return if *fact || row.content_hash.as_ref() == Some(content_hash) {
            Ok(Applied::Known(Box::new(row.clone())))
        } else {
            Err(vec![Conflict::of(Refusal::ContentDiffers)])
        };
    }
    sorted(shape(wanted, repriced.as_ref(), *business_ms))?;
    let sale_row = sold(call, EntryKey::Checkout(*checkout))?;
    let Some(sale) = &sale_row.sale else { return Err(vec![Conflict::of(Refusal::CheckoutUnknown)]) };
    let earlier: Vec<&Returned> = call
        .entries
        .iter()
        .filter(|row| matches!(row.key, EntryKey::Return(of, _) if of == *checkout))
        .filter_map(|row| row.returned.as_deref())
        .collect();
    // All that is left ends it, and what was given back already is recorded whatever it is.
    if earlier.len() >= RETURNS_MAX && !*fact && *wanted != Wanted::All {
        let count = RETURNS_MAX as i64;
        return Err(vec![Conflict::short(Refusal::TooManyReturns, "", count, count + 1)]);
    }
    let reach = Reach::of(&call.head.status);
    let rules = if reach == Reach::Nobody { NOTHING } else { call.policy.returns };
    let spent = || sale_row.movements.iter().filter(|movement| movement.kind == MovementKind::Spent);
    let points_spent = spent().map(|movement| movement.points).sum();
    let restored_before = earlier.iter().map(|returned| returned.points_restored).sum();
    let account = Account { rules, sale, points_spent, earlier };
    let (mut returned, found) = account.work_out(wanted, *repriced, *business_ms);
    if !*fact {
        sorted(found.clone())?;
    }
    if call.pending_full() || park::is_parked(call, sale_row) && call.emitting_full() {
        return Ok(Applied::AccrueFirst);
    }

    let pieces = pieces(spent(), restored_before, returned.points_restored);
    let mut draft = Draft::new(call.policy, call.head, call.command);
    let mut row = blank(key, Verb::Return, draft.head.version, draft.now_ms, &call.command.actor);
    match reach {
        Reach::Member => {
            pieces.iter().for_each(|piece| draft.restore(piece));
            if returned.whole && rules.give_back_coupons {
                returned.coupons = draft.give_back_coupons(sale_row);
            }
            let unaccrued = sale_row.accrued_version == 0;
            if returned.whole && unaccrued && draft.head.first_purchase == Some(*checkout) {
                draft.head.first_purchase = None;
            }
            row.accrued_version = 0;
            if park::is_parked(call, sale_row) {
                row.note.push_str(SALE_PARKED);
                draft.park(&mut row);
            } else {
                draft.head.pending.push(Pending { version: draft.head.version, key });
            }
        }
        Reach::Survivor => {
            if let Status::Closed { survivor: Some(survivor) } = &draft.head.status {
                let counted = returned.whole && sale.qualifying_minor > 0;
                let effect = Effect::Returned {
                    business_ms: *business_ms,
                    restored: pieces,
                    points_taken_back: returned.points_taken_back,
                    qualifying_minor: returned.qualifying_minor,
                    whole: counted,
                };
                row.other = Some(survivor.clone());
                draft.emits.push(Emit::Effect { member: survivor.clone(), effect });
            }
        }
        Reach::Nobody => {}
    }
    row.content_hash = Some(*content_hash);
    row.returned = Some(Box::new(returned));
    Ok(draft.finish_with(row, found))
}

/// The note of a return whose sale is parked.
pub(crate) const SALE_PARKED: &str = "its sale is parked";

/// Whom the points of a return reach.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The member.
    Member,
    /// Who took the member over.
    Survivor,
    /// Nobody: a guest, or a member that left.
    Nobody,
}

const NOTHING: ReturnRules =
    ReturnRules { restore_points: false, take_back_points: false, give_back_coupons: false };

impl Reach {
    const fn of(status: &Status) -> Self {
        match status {
            Status::Active | Status::Blocked => Self::Member,
            Status::Closed { survivor: Some(_) } => Self::Survivor,
            Status::Closed { survivor: None } | Status::Absent | Status::Guest => Self::Nobody,
        }
    }
}

/// The sale that goods come back of.
fn sold(call: Call<'_>, key: EntryKey) -> Result<&Entry, Conflicts> {
    let reason = match call.row(key) {
        Some(row) if matches!(row.state, State::Confirmed | State::Parked) => return Ok(row),
        Some(row) if row.state == State::Cancelled => Refusal::CheckoutCancelled,
        Some(row) if row.state == State::Fenced => Refusal::CheckoutFenced,
        _ => Refusal::CheckoutUnknown,
    };
    Err(vec![Conflict::of(reason)])
}

fn shape(wanted: &Wanted, repriced: Option<&Repriced>, business_ms: i64) -> Conflicts {
    let mut shape = Shape::default();
    shape.instant(business_ms, || "business_ms".to_owned());
    if let Wanted::Lines(lines) = wanted {
        shape.within(lines.len() as i64, 1, SALE_LINES_MAX as i64, || "lines".to_owned());
        for (place, line) in lines.iter().take(SALE_LINES_MAX).enumerate() {
            let field = |name: &str| format!("lines[{place}].{name}");
            shape.within(line.quantity_milli, 0, QUANTITY_MILLI_MAX, || field("quantity"));
            shape.within(line.units.len() as i64, 0, SALE_LINES_MAX as i64, || field("units"));
        }
    }
    if let Some(rest) = repriced {
        shape.within(rest.due_minor, -AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX, || "repriced.due".to_owned());
        shape.points(rest.points_used, || "repriced.points_used".to_owned());
        shape.points(rest.points_earned, || "repriced.points_earned".to_owned());
    }
    shape.wrong
}

/// The lots that spent points come back to: in the reverse order of spending, after those that came back before.
fn pieces<'a>(
    spent: impl DoubleEndedIterator<Item = &'a Movement>,
    restored_before: i64,
    points: i64,
) -> Vec<Lot> {
    let (mut skip, mut want) = (restored_before, points);
    let mut pieces = Vec::new();
    for movement in spent.rev() {
        let skipped = skip.min(movement.points);
        skip -= skipped;
        let piece = want.min(movement.points - skipped);
        want -= piece;
        if piece > 0 {
            pieces.push(Lot { expires_ms: movement.expires_ms, points: piece, held: 0 });
        }
    }
    pieces
}

impl Draft<'_> {
    /// Coupons that a sale used come back with their expiry. Those of a fact that did not find them do not.
    fn give_back_coupons(&mut self, sale: &Entry) -> Vec<crate::head::CouponId> {
        let mut given_back = Vec::new();
        for movement in sale.movements.iter().filter(|movement| movement.kind == MovementKind::CouponUsed) {
            let Some(name) = movement.coupon else { continue };
            let coupon =
                Coupon { id: name.id, campaign: name.campaign, expires_ms: movement.expires_ms, held: false };
            if self.put_coupon(MovementKind::CouponReturned, coupon) {
                given_back.push(name.id);
            }
        }
        given_back
    }
}
