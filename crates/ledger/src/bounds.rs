//! Keeps a head within its bytes. What can be joined is joined; what somebody chooses to add is refused earlier.

use crate::codec;
use crate::draft::Draft;
use crate::head::{Activity, Head};
use crate::limits::{HEAD_BYTES_FIT, HEAD_BYTES_SOFT};

/// Bytes that a head has at most, from the lengths of its lists: cheap, and enough for nearly every head.
fn bytes_at_most(head: &Head) -> usize {
    let holds: usize = head
        .holds
        .iter()
        .map(|hold| 40 + 15 * hold.points.len() + 17 * hold.coupons.len() + 20 * hold.uses.len())
        .sum();
    let waiting = head.pending.len() + head.emitting.len();
    let names = 3 * 132;
    200 + names
        + 24 * head.lots.len()
        + 15 * head.unannounced.len()
        + 36 * head.delayed.len()
        + 33 * head.coupons.len()
        + 20 * (head.counters.len() + head.activities.len())
        + 25 * (head.months.len() + head.days.len())
        + 45 * waiting
        + holds
}

/// Whether a head is over a number of bytes.
pub(crate) fn over(head: &Head, bytes: usize) -> bool {
    bytes_at_most(head) > bytes && codec::head_bytes(head) > bytes
}

/// Whether nothing more may be added to a head by choice.
pub(crate) fn full(head: &Head) -> bool {
    over(head, HEAD_BYTES_SOFT)
}

impl Draft<'_> {
    /// Joins what may be joined until the head fits: lots, then delayed points, then days, then months.
    pub(crate) fn fit(&mut self) {
        while over(&self.head, HEAD_BYTES_FIT) {
            let joined = self.head.lots.len() > 4 && self.join_lots()
                || self.head.delayed.len() > 1 && self.join_delayed()
                || join_oldest(&mut self.head.days)
                || join_oldest(&mut self.head.months);
            if !joined {
                break;
            }
        }
    }
}

/// The oldest two become one, dated as the younger: a window may count a little more, never less.
fn join_oldest(list: &mut Vec<Activity>) -> bool {
    if list.len() < 2 {
        return false;
    }
    let gone = list.remove(0);
    list[0].spend_minor += gone.spend_minor;
    list[0].purchases += gone.purchases;
    list[0].activity_points += gone.activity_points;
    true
}
