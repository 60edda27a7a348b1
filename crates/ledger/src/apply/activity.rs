//! Points for doing something else than buying.

use crate::apply::{Call, reserve, sorted};
use crate::calendar;
use crate::command::Action;
use crate::draft::Draft;
use crate::entry::{EntryKey, MovementKind, Verb};
use crate::head::{Activity, Counter, Head, OfferKey, Period};
use crate::limits::ACTIVITIES_MAX;
use crate::outcome::Applied;
use crate::policy::ActivityRule;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::shape::Shape;
use crate::usage;

pub(crate) fn earn(call: Call<'_>) -> Result<Applied, Conflicts> {
    let Action::EarnByActivity { request, content_hash, activity, business_ms } = &call.command.action else {
        return Ok(Applied::Nothing);
    };
    let key = EntryKey::Request(*request);
    if let Some(repeated) = call.repeated(key, content_hash) {
        return repeated;
    }
    let mut shape = Shape::default();
    shape.instant(*business_ms, || "business_ms".to_owned());
    sorted(shape.wrong)?;
    let at_ms = (*business_ms).min(call.now_ms());
    let day = calendar::day_number(calendar::date_at(&call.policy.time_zone, at_ms));
    let rule = call.policy.activities.iter().find(|rule| rule.activity == *activity);
    let mut found = call.member_conflicts();
    match rule {
        None => found.push(Conflict::about(Refusal::ActivityUnknown, activity.to_string())),
        Some(rule) => {
            for (limit, period) in limits(rule, day) {
                let used = count_of(call.head, rule.activity, period);
                if used >= limit {
                    let have = i64::from(limit) - i64::from(used);
                    found.push(Conflict::short(Refusal::ActivityLimit, activity.to_string(), have.max(0), 1));
                }
            }
        }
    }
    sorted(found)?;
    let Some(rule) = rule else { return Ok(Applied::Nothing) };
    if call.emitting_full() {
        return Ok(Applied::AccrueFirst);
    }
    let mut draft = Draft::new(call.policy, call.head, call.command);
    let today = calendar::day_number(draft.today());
    for (_, period) in limits(rule, day) {
        let counter = Counter { offer: rule.activity, period, used: 1 };
        if !usage::count(&mut draft.head.activities, ACTIVITIES_MAX, counter, today) {
            return Err(vec![Conflict::about(Refusal::HeadFull, "activities")]);
        }
    }
    let first_movement = draft.movements.len();
    let expires_ms = draft.expiry_from(at_ms);
    draft.credit(MovementKind::Earned, rule.points, expires_ms, at_ms);
    let counts = Activity { at: 0, spend_minor: 0, purchases: 0, activity_points: rule.activity_points };
    draft.book_activity(at_ms, counts);
    draft.rise(key);
    draft.say_earned(first_movement);
    let mut row = draft.row(key, Verb::Activity, &call.command.actor);
    row.content_hash = Some(*content_hash);
    row.note.clone_from(&rule.id);
    reserve::not_full(call, draft.finish(row))
}

/// The limits of an activity with the period that each counts in.
fn limits(rule: &ActivityRule, day: i32) -> impl Iterator<Item = (u32, Period)> {
    let per_day = rule.per_day.map(|limit| (limit, Period::Day(day)));
    let lifetime = rule.lifetime.map(|limit| (limit, Period::Lifetime));
    per_day.into_iter().chain(lifetime)
}

fn count_of(head: &Head, activity: OfferKey, period: Period) -> u32 {
    let known = head.activities.iter().find(|counter| counter.offer == activity && counter.period == period);
    known.map_or(0, |counter| counter.used)
}
