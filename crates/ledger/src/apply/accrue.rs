//! What a confirmed sale earned is credited, and what a return takes is taken back: in the order in which they were
//! written, each once.

use suanpan_domain::CheckoutId;

use crate::apply::{Call, key_of, park, ret};
use crate::command::{Effect, EntryRef};
use crate::draft::Draft;
use crate::entry::{Entry, EntryKey, MovementKind};
use crate::head::Activity;
use crate::outcome::{Applied, Emit};
use crate::policy::ReferralRule;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::sale::{Returned, Sale};

const DAY_MS: i64 = 86_400_000;

pub(crate) fn accrue(call: Call<'_>, entry: EntryRef) -> Result<Applied, Conflicts> {
    let key = key_of(entry);
    let Some(row) = call.row(key) else { return Err(vec![Conflict::of(Refusal::CheckoutUnknown)]) };
    if row.accrued_version != 0 {
        return Ok(Applied::Known(Box::new(row.clone())));
    }
    let next = call.head.pending.first().is_some_and(|first| first.key == key);
    if !next || call.emitting_full() {
        return Ok(Applied::Nothing);
    }
    match entry {
        EntryRef::Checkout(checkout) => accrue_sale(call, row, checkout),
        EntryRef::Return(checkout, _) => accrue_return(call, row, checkout),
    }
}

/// Takes the first of the waiting entries off.
fn begin<'a>(call: Call<'a>) -> Draft<'a> {
    let mut draft = Draft::new(call.policy, call.head, call.command);
    draft.head.pending.remove(0);
    draft.owes_beside = true;
    draft
}

fn accrue_sale(call: Call<'_>, row: &Entry, checkout: CheckoutId) -> Result<Applied, Conflicts> {
    let Some(sale) = row.sale.as_deref() else { return Err(vec![Conflict::of(Refusal::CheckoutUnknown)]) };
    let mut draft = begin(call);
    let earned_ms = sale.business_ms.min(draft.now_ms);
    let first_movement = draft.movements.len();
    draft.earn(row.key, sale.points_earned, earned_ms);
    draft.pay_referral(checkout);
    let counts = i32::from(sale.qualifying_minor > 0);
    let activity =
        Activity { at: 0, spend_minor: sale.qualifying_minor, purchases: counts, activity_points: 0 };
    draft.book_activity(earned_ms, activity);
    let mut number = 0;
    for issued in &sale.issued {
        for _ in 0..issued.count {
            draft.issue(row.key, issued.campaign, number, issued.expires_ms);
            number += 1;
        }
    }
    draft.rise(row.key);
    draft.say_earned(first_movement);
    let mut row = row.clone();
    row.accrued_version = draft.head.version;
    Ok(draft.finish(row))
}

fn accrue_return(call: Call<'_>, row: &Entry, checkout: CheckoutId) -> Result<Applied, Conflicts> {
    let (Some(returned), Some(sale_row)) = (row.returned.as_deref(), call.row(EntryKey::Checkout(checkout)))
    else {
        return Err(vec![Conflict::of(Refusal::CheckoutUnknown)]);
    };
    let Some(sale) = sale_row.sale.as_deref() else {
        return Err(vec![Conflict::of(Refusal::CheckoutUnknown)]);
    };
    let mut draft = begin(call);
    let mut row = row.clone();
    if park::is_parked(call, sale_row) {
        ret::SALE_PARKED.clone_into(&mut row.note);
        draft.park(&mut row);
        return Ok(draft.finish(row));
    }
    draft.take_back(Some(checkout), returned.points_taken_back);
    draft.uncount(returned, returned.whole && sale.qualifying_minor > 0);
    draft.take_back_referral(sale_row, sale, returned);
    row.accrued_version = draft.head.version;
    Ok(draft.finish(row))
}

impl Draft<'_> {
    /// The first sale of a member that somebody brought: both get their points, once.
    fn pay_referral(&mut self, checkout: CheckoutId) {
        if self.head.first_purchase != Some(checkout) {
            return;
        }
        let (Some(referrer), Some(rule)) = (self.head.referred_by.take(), self.policy.referral) else {
            return;
        };
        let ReferralRule { referrer_points, friend_points, .. } = rule;
        if friend_points > 0 {
            let expires_ms = self.expiry_from(self.now_ms);
            self.credit(MovementKind::Earned, friend_points, expires_ms, self.now_ms);
        }
        let effect = Effect::ReferralReward { points: referrer_points, friend_points };
        self.emits.push(Emit::Effect { member: referrer, effect });
    }

    /// The whole first sale came back in time: what the referral paid is taken back.
    fn take_back_referral(&mut self, sale_row: &Entry, sale: &Sale, returned: &Returned) {
        let Some(rule) = self.policy.referral.filter(|_| returned.whole) else { return };
        if returned.business_ms - sale.business_ms > i64::from(rule.taken_back_days) * DAY_MS {
            return;
        }
        let paid = sale_row.emits.iter().find_map(|emit| match emit {
            Emit::Effect { member, effect: Effect::ReferralReward { points, friend_points } } => {
                Some((member.clone(), *points, *friend_points))
            }
            _ => None,
        });
        let Some((member, points, friend_points)) = paid else { return };
        self.take_back(None, friend_points);
        self.emits.push(Emit::Effect { member, effect: Effect::ReferralTakenBack { points } });
    }

    /// What came back counts no longer, in the period in which it came back.
    pub(crate) fn uncount(&mut self, returned: &Returned, purchase: bool) {
        let purchases = -i32::from(purchase);
        let spend_minor = -returned.qualifying_minor;
        self.book_activity(
            returned.business_ms,
            Activity { at: 0, spend_minor, purchases, activity_points: 0 },
        );
    }

    /// Tells the member what came by the movements since one of them.
    pub(crate) fn say_earned(&mut self, since: usize) {
        let earned = self.movements[since..].iter().filter(|movement| movement.kind == MovementKind::Earned);
        let points = earned.map(|movement| movement.points).sum();
        if points > 0 {
            self.emits.push(Emit::PointsEarned { points });
        }
    }
}
