//! What a sale takes from a member: whether it is there, and taking it.

use suanpan_domain::CheckoutId;

use crate::apply::Call;
use crate::calendar;
use crate::draft::Draft;
use crate::entry::MovementKind;
use crate::head::{Head, Hold};
use crate::points;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::sale::Sale;
use crate::{usage, wallet};

/// Everything that a sale takes and that is not there, the sale's own reservation apart.
pub(crate) fn conflicts(call: Call<'_>, sale: &Sale, checkout: CheckoutId) -> Conflicts {
    let (head, now_ms) = (call.head, call.now_ms());
    let own = hold_of(head, checkout);
    let mut found = Vec::new();
    if sale.points_used > 0 {
        let held = own.iter().flat_map(|hold| &hold.points).filter(|held| held.expires_ms > now_ms);
        let have = points::spendable(head, now_ms) + held.map(|held| held.points).sum::<i64>();
        if have < sale.points_used {
            found.push(Conflict::short(Refusal::PointsShort, "", have, sale.points_used));
        }
    }
    for id in &sale.coupons {
        let ours = own.is_some_and(|hold| hold.coupons.contains(id));
        let reason = match wallet::find(head, *id) {
            None => Refusal::CouponUnknown,
            Some(coupon) if coupon.held && !ours => Refusal::CouponHeld,
            Some(coupon) if coupon.expires_ms <= now_ms => Refusal::CouponExpired,
            Some(_) => continue,
        };
        found.push(Conflict::about(reason, id.to_string()));
    }
    for used in &sale.uses {
        let counter = used.counter;
        let before = usage::used(head, counter.offer, counter.period, Some(checkout));
        let need = i64::from(before) + i64::from(counter.used);
        if need > i64::from(used.limit) || !head.has_account() {
            let have = (i64::from(used.limit) - i64::from(before)).max(0);
            found.push(Conflict::short(
                Refusal::MemberLimit,
                counter.offer.to_string(),
                have,
                i64::from(counter.used),
            ));
        }
    }
    let uses: Vec<_> = sale.uses.iter().map(|used| used.counter).collect();
    let today = || calendar::day_number(calendar::date_at(&call.policy.time_zone, now_ms));
    if !uses.is_empty() && !usage::has_room(head, &uses, Some(checkout), today) {
        found.push(Conflict::about(Refusal::HeadFull, "counters"));
    }
    let others_first = head.holds.iter().any(|hold| hold.first_purchase && hold.checkout != checkout);
    if sale.first_purchase && (head.first_purchase.is_some() || others_first || !head.has_account()) {
        found.push(Conflict::of(Refusal::NotFirstPurchase));
    }
    found
}

/// The reservation of a sale.
pub(crate) fn hold_of(head: &Head, checkout: CheckoutId) -> Option<&Hold> {
    head.holds.binary_search_by_key(&checkout, |hold| hold.checkout).ok().map(|place| &head.holds[place])
}

impl Draft<'_> {
    /// Takes the reservation of a sale out of the head: what it held is free, or spent.
    pub(crate) fn end_hold(&mut self, checkout: CheckoutId, spent: bool) -> Option<Hold> {
        let place = self.head.holds.binary_search_by_key(&checkout, |hold| hold.checkout).ok()?;
        let hold = self.head.holds.remove(place);
        self.end_held(&hold, spent);
        self.set_held(&hold.coupons, false);
        Some(hold)
    }

    /// Spends what a reservation held, as it was held.
    pub(crate) fn spend_hold(&mut self, checkout: CheckoutId) {
        let Some(hold) = self.end_hold(checkout, true) else { return };
        for id in &hold.coupons {
            // The hold kept it from lapsing, so its time may be over.
            if let Ok(place) = self.head.coupons.binary_search_by_key(id, |coupon| coupon.id) {
                let coupon = self.head.coupons.remove(place);
                self.book_coupon(MovementKind::CouponUsed, coupon.name(), coupon.expires_ms, self.now_ms);
            }
        }
        for counter in hold.uses {
            self.count_use(counter);
        }
    }

    /// Spends what a sale takes. What is not there becomes debt, or is left out: the caller knows of it already.
    pub(crate) fn spend(&mut self, sale: &Sale) {
        self.take_or_owe(MovementKind::Spent, sale.points_used);
        for id in &sale.coupons {
            self.use_coupon(*id);
        }
        for used in &sale.uses {
            let room = {
                let today = || calendar::day_number(self.today());
                usage::has_room(&self.head, &[used.counter], None, today)
            };
            if room {
                self.count_use(used.counter);
            }
        }
    }
}
