//! A member begins.

use crate::apply::{Call, sorted};
use crate::calendar;
use crate::command::Action;
use crate::draft::Draft;
use crate::entry::{EntryKey, Verb};
use crate::head::{Status, TierKey, TierState};
use crate::outcome::Applied;
use crate::refusal::{Conflict, Conflicts, Refusal};

pub(crate) fn enrol(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::Enrol { request, content_hash, birthday, referred_by } = &call.command.action else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Request(*request);
    if let Some(repeated) = call.repeated(key, content_hash) {
        return repeated;
    }
    sorted(match call.head.status {
        Status::Absent => Vec::new(),
        Status::Guest => vec![Conflict::of(Refusal::MemberUnknown)],
        Status::Active | Status::Blocked => vec![Conflict::of(Refusal::MemberExists)],
        Status::Closed { .. } => vec![Conflict::of(Refusal::MemberClosed)],
    })?;
    let mut draft = Draft::new(call.policy, call.head, call.command);
    let today = draft.today();
    let head = &mut draft.head;
    head.status = Status::Active;
    head.policy_version = call.policy.version;
    head.enrolled_ms = head.as_of_ms;
    head.birthday = *birthday;
    head.referred_by.clone_from(referred_by);
    let first = call.policy.tiers.first().map_or(TierKey::default(), |rule| rule.tier);
    head.tier = TierState { tier: first, since_ms: head.as_of_ms, until_ms: None };
    // A birthday that lies behind is not made up for; one today is still to come.
    let passed = birthday.and_then(|day| day.in_year(today.year())).is_some_and(|day| day < today);
    head.watermarks.birthday_year = i32::from(today.year()) - i32::from(!passed);
    if let Some(months) = call.policy.tiers.first().and_then(|rule| rule.valid_months) {
        let until_ms = calendar::end_after_months(&call.policy.time_zone, today, months, false);
        draft.head.tier.until_ms = Some(until_ms);
    }
    let mut row = draft.row(key, Verb::Enrol, &call.command.actor);
    row.content_hash = Some(*content_hash);
    row.other.clone_from(referred_by);
    Ok(draft.finish(row))
}
