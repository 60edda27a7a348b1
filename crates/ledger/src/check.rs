//! What must hold of every head, checked after every command and when one is read.

use crate::head::{Head, Status, Unannounced};
use crate::limits;

/// What is wrong with a head, if anything. Heads that `apply` made are sound; one from outside is refused with this.
pub(crate) fn broken(head: &Head) -> Option<&'static str> {
    let lots = || head.lots.iter();
    let sums = head.sums;
    let [earned, restored, adjusted, received, spent, expired, taken, sent] = [
        sums.earned,
        sums.restored,
        sums.adjusted,
        sums.transferred_in,
        sums.spent,
        sums.expired,
        sums.taken_back,
        sums.transferred_out,
    ]
    .map(i128::from);
    let there: i128 = lots().map(|lot| i128::from(lot.points)).sum::<i128>()
        + head.delayed.iter().map(|delayed| i128::from(delayed.points)).sum::<i128>()
        - i128::from(head.debt_points);
    if earned + restored + adjusted + received - spent - expired - taken - sent != there {
        return Some("points do not balance");
    }
    if head.debt_points < 0 {
        return Some("a debt is negative");
    }
    if lots().any(|lot| lot.points <= 0 || lot.held < 0 || lot.held > lot.points || lot.expires_ms <= 0) {
        return Some("a lot is empty, or holds more than it has");
    }
    if head.lots.windows(2).any(|pair| pair[0].expires_ms >= pair[1].expires_ms) {
        return Some("lots are out of order");
    }
    let late = &head.unannounced;
    if late.windows(2).any(|pair| pair[0].expires_ms >= pair[1].expires_ms)
        || late.iter().any(|late| !is_of_a_lot(head, late))
    {
        return Some("points to announce are in no lot");
    }
    if head.delayed.iter().any(|delayed| delayed.points <= 0 || delayed.expires_ms <= 0) {
        return Some("delayed points are empty");
    }
    if head.delayed.windows(2).any(|pair| pair[0].release_ms > pair[1].release_ms) {
        return Some("delayed points are out of order");
    }
    if head.coupons.windows(2).any(|pair| pair[0].id >= pair[1].id) {
        return Some("coupons are out of order, or one is there twice");
    }
    if head.pending.windows(2).any(|pair| pair[0].version > pair[1].version)
        || head.emitting.windows(2).any(|pair| pair[0].version >= pair[1].version)
    {
        return Some("entries wait out of order");
    }
    broken_holds(head).or_else(|| broken_status(head))
}

/// Whether points that came late are those of a lot below the watermark.
fn is_of_a_lot(head: &Head, late: &Unannounced) -> bool {
    let lot = head.lots.iter().find(|lot| lot.expires_ms == late.expires_ms);
    let has = lot.is_some_and(|lot| (1..=lot.points).contains(&late.points));
    has && late.expires_ms < head.watermarks.reminded_until_ms
}

fn broken_holds(head: &Head) -> Option<&'static str> {
    // Sums of both sides, and every hold finds its lot: with both, each lot's holds add up.
    for lot in &head.lots {
        if lot.held > 0 || !head.holds.is_empty() {
            let held: i128 = head
                .holds
                .iter()
                .flat_map(|hold| &hold.points)
                .filter(|held| held.expires_ms == lot.expires_ms)
                .map(|held| i128::from(held.points))
                .sum();
            if held != i128::from(lot.held) {
                return Some("a lot and its holds differ");
            }
        }
    }
    let finds_lot = |expires_ms: i64| head.lots.iter().any(|lot| lot.expires_ms == expires_ms);
    if head
        .holds
        .iter()
        .flat_map(|hold| &hold.points)
        .any(|held| held.points <= 0 || !finds_lot(held.expires_ms))
    {
        return Some("a hold has no lot");
    }
    let mut named = 0;
    for id in head.holds.iter().flat_map(|hold| &hold.coupons) {
        named += 1;
        let held = head.coupons.binary_search_by_key(id, |coupon| coupon.id);
        if !held.is_ok_and(|place| head.coupons[place].held) {
            return Some("a hold has no coupon");
        }
    }
    if head.coupons.iter().filter(|coupon| coupon.held).count() != named {
        return Some("a coupon is held by nobody, or by two");
    }
    if head.holds.windows(2).any(|pair| pair[0].checkout >= pair[1].checkout) {
        return Some("holds are out of order");
    }
    None
}

fn broken_status(head: &Head) -> Option<&'static str> {
    let empty =
        head.lots.is_empty() && head.delayed.is_empty() && head.coupons.is_empty() && head.holds.is_empty();
    match head.status {
        Status::Active | Status::Blocked => None,
        Status::Closed { .. } if empty && head.pending.is_empty() => None,
        Status::Absent | Status::Guest if empty && head.pending.is_empty() && head.debt_points == 0 => None,
        Status::Closed { .. } | Status::Absent | Status::Guest => {
            Some("something is left where there is no account")
        }
    }
}

/// Input cannot bring a head here: every command is checked before it changes anything.
pub(crate) fn assert_sound(head: &Head) {
    let broken = broken(head);
    assert!(broken.is_none(), "an invariant of the ledger is broken: {}", broken.unwrap_or_default());
}

impl Head {
    /// Whether the sums of a life have room for what one command may add.
    pub(crate) fn has_sums_left(&self) -> bool {
        let sums = self.sums;
        let life = self.lifetime;
        let all = [
            sums.earned,
            sums.restored,
            sums.adjusted,
            sums.transferred_in,
            sums.spent,
            sums.expired,
            sums.taken_back,
            sums.transferred_out,
            life.spend_minor,
            life.activity_points,
        ];
        let most = limits::SUM_MAX.unsigned_abs();
        all.iter().all(|sum| sum.unsigned_abs() <= most) && life.purchases.abs() <= limits::PURCHASES_MAX
    }
}
