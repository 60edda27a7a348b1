//! Two members become one: the survivor is locked, the source closes with everything it had written out, and that
//! reaches the survivor as an effect. A head that is locked cannot close, so that two merges the other way round never
//! both succeed.

use suanpan_domain::MemberId;

use crate::apply::{Call, close, sorted};
use crate::codec;
use crate::command::{Action, Effect};
use crate::draft::Draft;
use crate::entry::{EntryKey, MovementKind, State, Verb};
use crate::head::{Counter, Coupon, CouponId, Delayed, Head, Status, TierState};
use crate::key::first_16;
use crate::limits::{ACTIVITIES_MAX, COUNTERS_MAX};
use crate::outcome::{Applied, Emit};
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::{calendar, tier, usage};

/// First step, on the survivor.
pub(crate) fn lock(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::MergeLock { request, content_hash, source } = &call.command.action else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Request(*request);
    if let Some(row) = call.row(key).filter(|row| row.state == State::Cancelled) {
        return Ok(Applied::Known(Box::new(row.clone())));
    }
    if let Some(repeated) = call.repeated(key, content_hash) {
        return repeated;
    }
    let mut found = call.member_conflicts();
    if call.head.merge_lock.is_some() {
        found.push(Conflict::of(Refusal::MergeInProgress));
    }
    sorted(found)?;
    let mut draft = Draft::new(call.policy, call.head, call.command);
    draft.head.merge_lock = Some(source.clone());
    let mut row = draft.row(key, Verb::MergeLock, &call.command.actor);
    row.content_hash = Some(*content_hash);
    row.other = Some(source.clone());
    Ok(draft.finish(row))
}

/// The survivor gives the merge up. A lock that never came is given up too, so that it finds that when it comes late.
pub(crate) fn unlock(call: Call<'_>, request: [u8; 16]) -> Result<Applied, Conflicts> {
    let key = EntryKey::Request(request);
    let row = call.row(key);
    if let Some(row) = row.filter(|row| row.state == State::Cancelled) {
        return Ok(Applied::Known(Box::new(row.clone())));
    }
    if row.is_some_and(|row| row.verb != Verb::MergeLock) {
        return Err(vec![Conflict::of(Refusal::ContentDiffers)]);
    }
    sorted(call.member_conflicts())?;
    let mut draft = Draft::new(call.policy, call.head, call.command);
    let mut next = match row {
        Some(row) => row.clone(),
        None => draft.row(key, Verb::MergeLock, &call.command.actor),
    };
    if next.other.is_some() && draft.head.merge_lock == next.other {
        draft.head.merge_lock = None;
    }
    next.state = State::Cancelled;
    Ok(draft.finish(next))
}

/// Second step, on the source.
pub(crate) fn close_into(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::CloseInto { request, content_hash, survivor } = &call.command.action else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Request(*request);
    if let Some(repeated) = call.repeated(key, content_hash) {
        return repeated;
    }
    sorted(close::conflicts(call))?;
    let mut draft = Draft::new(call.policy, call.head, call.command);
    // Lapses found nothing to wait for: nothing is owed.
    let estate = codec::encode_head(&draft.head);
    let now_ms = draft.now_ms;
    for lot in std::mem::take(&mut draft.head.lots) {
        draft.book(MovementKind::TransferredOut, lot.points, lot.expires_ms, now_ms);
    }
    for delayed in std::mem::take(&mut draft.head.delayed) {
        draft.book(MovementKind::TransferredOut, delayed.points, delayed.expires_ms, now_ms);
    }
    let debt = std::mem::take(&mut draft.head.debt_points);
    draft.book(MovementKind::TransferredOut, -debt, 0, now_ms);
    for coupon in std::mem::take(&mut draft.head.coupons) {
        draft.book_coupon(MovementKind::CouponRevoked, coupon.name(), coupon.expires_ms, now_ms);
    }
    draft.head.forget();
    draft.head.status = Status::Closed { survivor: Some(survivor.clone()) };
    draft.emits.push(Emit::Effect { member: survivor.clone(), effect: Effect::Merged { estate } });
    let mut row = draft.row(key, Verb::CloseInto, &call.command.actor);
    row.content_hash = Some(*content_hash);
    row.other = Some(survivor.clone());
    Ok(draft.finish(row))
}

impl Head {
    /// Empties what only an account needs. The sums stay: they balance with nothing.
    pub(crate) fn forget(&mut self) {
        self.counters.clear();
        self.activities.clear();
        self.months.clear();
        self.days.clear();
        self.birthday = None;
        self.referred_by = None;
        self.tier = TierState::default();
        self.watermarks.reminded_until_ms = 0;
        self.unannounced.clear();
    }
}

/// Third step, on the survivor: everything of the source. Counters add, the tier is the higher one, coupons unite.
pub(crate) fn inherit(draft: &mut Draft<'_>, source: &MemberId, estate: &Head) {
    let now_ms = draft.now_ms;
    if draft.head.merge_lock.as_ref() == Some(source) {
        draft.head.merge_lock = None;
    }
    draft.head.debt_points += estate.debt_points;
    draft.book(MovementKind::TransferredIn, -estate.debt_points, 0, now_ms);
    draft.inherit_announced(estate);
    for lot in &estate.lots {
        let (kind, announced) = (MovementKind::TransferredIn, estate.announced(lot));
        draft.credit_announced(kind, lot.points, lot.expires_ms, now_ms, announced);
    }
    for delayed in &estate.delayed {
        draft.credit_delayed(MovementKind::TransferredIn, now_ms, Delayed { ..*delayed });
    }
    for coupon in &estate.coupons {
        let id = unused_id(&draft.head, coupon.id);
        draft.put_coupon(MovementKind::CouponGranted, Coupon { id, held: false, ..*coupon });
    }
    let today = calendar::day_number(draft.today());
    add_counters(&mut draft.head.counters, &estate.counters, COUNTERS_MAX, today);
    add_counters(&mut draft.head.activities, &estate.activities, ACTIVITIES_MAX, today);
    for month in &estate.months {
        draft.inherit_month(*month);
    }
    for day in &estate.days {
        draft.inherit_day(*day);
    }
    let head = &mut draft.head;
    head.lifetime.spend_minor += estate.lifetime.spend_minor;
    head.lifetime.purchases += estate.lifetime.purchases;
    head.lifetime.activity_points += estate.lifetime.activity_points;
    head.birthday = head.birthday.or(estate.birthday);
    head.first_purchase = head.first_purchase.or(estate.first_purchase);
    head.enrolled_ms = head.enrolled_ms.min(estate.enrolled_ms);
    let marks = &mut head.watermarks;
    marks.birthday_year = marks.birthday_year.max(estate.watermarks.birthday_year);
    draft.inherit_tier(estate.tier);
}

/// Two wallets may have made the same id by the same clock: the second coupon gets another one.
fn unused_id(head: &Head, id: CouponId) -> CouponId {
    use sha2::{Digest, Sha256};
    let mut id = id;
    while crate::wallet::find(head, id).is_some() {
        id = CouponId(first_16(Sha256::new().chain_update(id.0)));
    }
    id
}

fn add_counters(list: &mut Vec<Counter>, more: &[Counter], max: usize, today: i32) {
    for counter in more {
        usage::count(list, max, *counter, today);
    }
}

impl Draft<'_> {
    /// The higher tier, with its own validity; of the same one the longer validity.
    fn inherit_tier(&mut self, other: TierState) {
        let place = |state: &TierState| tier::place_of(self.policy, state.tier).unwrap_or(0);
        let (old, new) = (place(&self.head.tier), place(&other));
        if new > old {
            let from = self.head.tier.tier;
            self.head.tier = other;
            self.push(MovementKind::TierUp, new as i64, 0, self.now_ms, None);
            self.emits.push(Emit::TierChanged { from, to: other.tier });
        } else if new == old && other.tier == self.head.tier.tier {
            let mine = self.head.tier.until_ms;
            self.head.tier.until_ms = mine.zip(other.until_ms).map(|(mine, others)| mine.max(others));
        }
    }
}
