//! What time brought: releases, lapses, the end of a tier's period, reminders, a birthday, the archive, a new policy.

use crate::apply::Call;
use crate::draft::Draft;
use crate::due;
use crate::entry::{EntryKey, MovementKind, Verb};
use crate::head::NEVER_MS;
use crate::outcome::{Applied, Emit};
use crate::refusal::Conflicts;

pub(crate) fn tick(call: Call<'_>) -> Result<Applied, Conflicts> {
    // Derived writes that are not out keep their places; what time brought waits for them.
    if !call.head.has_account()
        || call.emitting_full()
        || !due::tick_is_due(call.policy, call.head, call.now_ms())
    {
        return Ok(Applied::Nothing);
    }
    let mut draft = Draft::new(call.policy, call.head, call.command);
    let key = EntryKey::Time(draft.head.version);
    let first_movement = draft.movements.len();
    draft.end_tier_period(key);
    if call.policy.version != call.head.policy_version {
        draft.rise(key);
    }
    draft.congratulate(key);
    draft.say_earned(first_movement);
    draft.remind();
    draft.archive(call.head.as_of_ms);
    draft.head.policy_version = call.policy.version;
    let row = draft.row(key, Verb::Time, &call.command.actor);
    Ok(draft.finish(row))
}

impl Draft<'_> {
    /// The birthday of the year, once; one that is long past is only marked.
    fn congratulate(&mut self, key: EntryKey) {
        let Some(birthday) = due::birthday(self.policy, &self.head, self.now_ms) else { return };
        self.head.watermarks.birthday_year = birthday.year;
        if birthday.late {
            return;
        }
        let Some(rule) = &self.policy.birthday else { return };
        if rule.points > 0 {
            let expires_ms = self.expiry_from(self.now_ms);
            self.credit(MovementKind::Earned, rule.points, expires_ms, self.now_ms);
        }
        for (number, campaign) in rule.coupons.iter().enumerate() {
            self.issue(key, *campaign, number as u32, NEVER_MS);
        }
        self.emits.push(Emit::Birthday { year: birthday.year });
    }

    /// Lets bodies move to the archive. When nothing was written since, nothing is left to move.
    fn archive(&mut self, last_written_ms: i64) {
        let is_due = due::archived_at(self.policy, &self.head).is_some_and(|at_ms| at_ms <= self.now_ms);
        let Some(days) = self.policy.archive_days.filter(|_| is_due) else { return };
        let before_ms = self.now_ms - i64::from(days) * due::DAY_MS;
        self.head.watermarks.unarchived_since_ms = if last_written_ms < before_ms { 0 } else { before_ms };
        self.emits.push(Emit::Archive { before_ms });
    }
}
