//! A coupon into the wallet, or out of it, by hand.

use crate::apply::{Call, reserve, sorted};
use crate::calendar::whole_second;
use crate::command::Action;
use crate::draft::Draft;
use crate::entry::{EntryKey, MovementKind, Verb};
use crate::head::{Coupon, NEVER_MS};
use crate::limits::COUPONS_MAX;
use crate::outcome::{Applied, Emit};
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::shape::Shape;
use crate::wallet;

pub(crate) fn grant(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::GrantCoupon { request, content_hash, coupon, campaign, expires_ms } = &call.command.action
    else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Request(*request);
    if let Some(repeated) = call.repeated(key, content_hash) {
        return repeated;
    }
    let mut shape = Shape::default();
    shape.within(*expires_ms, call.now_ms() + 1_000, NEVER_MS, || "expires".to_owned());
    let mut found = call.member_conflicts();
    found.append(&mut shape.wrong);
    if wallet::find(call.head, *coupon).is_some() {
        // By another request: that one is known by its row.
        found.push(Conflict::about(Refusal::ContentDiffers, coupon.to_string()));
    }
    let now_ms = call.now_ms();
    let there = call.head.coupons.iter().filter(|coupon| coupon.held || coupon.expires_ms > now_ms).count();
    if there >= COUPONS_MAX {
        found.push(Conflict::short(Refusal::HeadFull, "coupons", COUPONS_MAX as i64, COUPONS_MAX as i64 + 1));
    }
    sorted(found)?;
    if call.emitting_full() {
        return Ok(Applied::AccrueFirst);
    }
    let mut draft = Draft::new(call.policy, call.head, call.command);
    let expires_ms = whole_second(*expires_ms);
    let granted = Coupon { id: *coupon, campaign: *campaign, expires_ms, held: false };
    let before = draft.head.coupons.len();
    if !draft.put_coupon(MovementKind::CouponGranted, granted) || draft.head.coupons.len() == before {
        return full(call);
    }
    draft.emits.push(Emit::CouponGranted { coupon: *coupon, campaign: *campaign, expires_ms });
    let mut row = draft.row(key, Verb::GrantCoupon, &call.command.actor);
    row.content_hash = Some(*content_hash);
    reserve::not_full(call, draft.finish(row))
}

/// What is due may make room; otherwise there is none.
fn full(call: Call<'_>) -> Result<Applied, Conflicts> {
    if call.head.pending.is_empty() && call.head.emitting.is_empty() {
        Err(vec![Conflict::about(Refusal::HeadFull, "bytes")])
    } else {
        Ok(Applied::AccrueFirst)
    }
}

pub(crate) fn revoke(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::RevokeCoupon { request, content_hash, coupon } = &call.command.action else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Request(*request);
    if let Some(repeated) = call.repeated(key, content_hash) {
        return repeated;
    }
    let mut found = call.member_conflicts();
    let subject = coupon.to_string();
    match wallet::find(call.head, *coupon) {
        None => found.push(Conflict::about(Refusal::CouponUnknown, subject)),
        Some(known) if known.held => found.push(Conflict::about(Refusal::CouponHeld, subject)),
        Some(known) if known.expires_ms <= call.now_ms() => {
            found.push(Conflict::about(Refusal::CouponExpired, subject));
        }
        Some(_) => {}
    }
    sorted(found)?;
    let mut draft = Draft::new(call.policy, call.head, call.command);
    if let Ok(place) = draft.head.coupons.binary_search_by_key(coupon, |known| known.id) {
        let gone = draft.head.coupons.remove(place);
        draft.book_coupon(MovementKind::CouponRevoked, gone.name(), gone.expires_ms, draft.now_ms);
    }
    let mut row = draft.row(key, Verb::RevokeCoupon, &call.command.actor);
    row.content_hash = Some(*content_hash);
    Ok(draft.finish(row))
}
