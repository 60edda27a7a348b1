//! Points that lapse soon are announced, each once.
//!
//! A watermark says up to which expiry everything was announced. Points that come later to an expiry below it (by hand,
//! for an activity, given back, released, from another member) are kept apart by lot until they are announced too.

use crate::calendar;
use crate::draft::Draft;
use crate::head::{Head, Lot, NEVER_MS, Unannounced};
use crate::outcome::Emit;
use crate::policy::Policy;

/// What is announced next.
pub(crate) struct Reminder {
    /// When the points lapse, Unix milliseconds.
    expires_ms: i64,
    /// How many of that expiry were not announced yet.
    points: i64,
    /// When it is announced, Unix milliseconds; long past for points that came late.
    pub(crate) at_ms: i64,
}

/// The next points to be announced. Those that came late lapse before all others that were not announced.
pub(crate) fn next(policy: &Policy, head: &Head) -> Option<Reminder> {
    let months = policy.expiry?.remind_months_before?;
    let late = head.unannounced.first().map(|late| (late.expires_ms, late.points));
    let (expires_ms, points) = late.or_else(|| {
        let until_ms = head.watermarks.reminded_until_ms;
        head.lots.iter().find(|lot| lot.expires_ms >= until_ms).map(|lot| (lot.expires_ms, lot.points))
    })?;
    if expires_ms >= NEVER_MS {
        return None;
    }
    Some(Reminder {
        expires_ms,
        points,
        at_ms: calendar::months_before(&policy.time_zone, expires_ms, months),
    })
}

impl Draft<'_> {
    /// Announces what lapses soon.
    pub(crate) fn remind(&mut self) {
        while let Some(next) = next(self.policy, &self.head) {
            let Reminder { expires_ms, points, at_ms } = next;
            if at_ms > self.now_ms {
                break;
            }
            if expires_ms > self.now_ms {
                self.emits.push(Emit::PointsExpiring { points, expires_ms });
            }
            if self.head.unannounced.is_empty() {
                self.head.watermarks.reminded_until_ms = expires_ms + 1;
            } else {
                self.head.unannounced.remove(0);
            }
        }
    }

    /// Points that were not announced come to a lot.
    pub(crate) fn note_unannounced(&mut self, expires_ms: i64, points: i64) {
        if points <= 0 || expires_ms >= self.head.watermarks.reminded_until_ms {
            return;
        }
        let list = &mut self.head.unannounced;
        match list.binary_search_by_key(&expires_ms, |late| late.expires_ms) {
            Ok(place) => list[place].points += points,
            Err(place) => list.insert(place, Unannounced { expires_ms, points }),
        }
    }

    /// A lot is joined to another on the same side of the watermark.
    pub(crate) fn rename_unannounced(&mut self, from_ms: i64, to_ms: i64) {
        let list = &mut self.head.unannounced;
        if let Ok(place) = list.binary_search_by_key(&from_ms, |late| late.expires_ms) {
            let moved = list.remove(place);
            self.note_unannounced(to_ms, moved.points);
        }
    }

    /// What was spent, taken or has lapsed before it was announced is not announced.
    pub(crate) fn trim_unannounced(&mut self) {
        let Head { unannounced, lots, .. } = &mut self.head;
        if unannounced.is_empty() {
            return;
        }
        for late in unannounced.iter_mut() {
            let lot = lots.binary_search_by_key(&late.expires_ms, |lot| lot.expires_ms);
            late.points = lot.map_or(0, |place| late.points.min(lots[place].points));
        }
        let now_ms = self.now_ms;
        unannounced.retain(|late| late.points > 0 && late.expires_ms > now_ms);
    }

    /// Takes over how far another member's points were announced; what is here below it was not.
    pub(crate) fn inherit_announced(&mut self, estate: &Head) {
        let until_ms = estate.watermarks.reminded_until_ms;
        let own_ms = self.head.watermarks.reminded_until_ms;
        if until_ms <= own_ms {
            return;
        }
        self.head.watermarks.reminded_until_ms = until_ms;
        let between: Vec<_> = self
            .head
            .lots
            .iter()
            .filter(|lot| (own_ms..until_ms).contains(&lot.expires_ms))
            .copied()
            .collect();
        for lot in between {
            self.note_unannounced(lot.expires_ms, lot.points);
        }
    }
}

impl Head {
    /// How many points of one of its lots were announced.
    pub(crate) fn announced(&self, lot: &Lot) -> i64 {
        if lot.expires_ms >= self.watermarks.reminded_until_ms {
            return 0;
        }
        let late = self.unannounced.iter().find(|late| late.expires_ms == lot.expires_ms);
        lot.points - late.map_or(0, |late| late.points)
    }
}
