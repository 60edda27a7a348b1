//! The rules of membership of a program, compiled for the ledger.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use suanpan_ledger::Policy;
use suanpan_ledger::policy::{
    ActivityRule, BirthdayRule, LimitPeriod, OfferName, PointsExpiry, Qualify, ReferralRule, ReturnRules,
    TierEnd, TierRule, Window,
};
use suanpan_program::model::{self, Program, Qualification};

use crate::key::{offer_key, tier_key, version_key};

/// What of a policy the machine knows rather than the program: zones by their names.
#[derive(Clone, Debug)]
pub struct House {
    /// The zone of the program's months and days.
    pub time_zone: TimeZone,
}

/// Why a program cannot be published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Two ids share a key of eight bytes: one of them has to be called something else.
    #[error("{first:?} and {second:?} cannot be told apart in a member's account; rename one of them")]
    SameKey {
        /// One id.
        first: String,
        /// The other.
        second: String,
    },
}

/// Compiles the policy of a program.
///
/// # Errors
/// [`PolicyError::SameKey`] when two of its ids share a key, which one program in 10^12 does.
pub fn policy(program: &Program, house: &House) -> Result<Policy, PolicyError> {
    let offers = offers(program)?;
    let days = program.tiers.iter().filter_map(|tier| tier.qualify.as_ref()).map(window_days);
    Ok(Policy {
        version: version_key(&program.version),
        time_zone: house.time_zone.clone(),
        tiers: tiers(program),
        window_days_max: days.max().unwrap_or(0),
        expiry: program.points.expire.map(|expire| PointsExpiry {
            after_months: expire.after_months,
            end_of_month: expire.end_of_month,
            remind_months_before: expire.remind_months_before,
        }),
        delay_days: program.points.delay_days,
        restored_days: program.points.restored_days,
        returns: ReturnRules {
            restore_points: program.returns.spent_points == model::SpentReturn::Restore,
            take_back_points: program.returns.earned_points == model::EarnedReturn::TakeBack,
            give_back_coupons: program.returns.coupons == model::CouponReturn::GiveBackIfWhole,
        },
        activities: program.points.activities.iter().map(activity).collect(),
        referral: program.points.referral.map(|referral| ReferralRule {
            referrer_points: referral.referrer_points,
            friend_points: referral.friend_points,
            taken_back_days: referral.taken_back_days,
        }),
        birthday: birthday(&program.points.birthday),
        transfers_keep_expiry: program.points.transfers_keep_expiry,
        offers,
        archive_days: program.archive_after_days,
    })
}

fn offers(program: &Program) -> Result<Vec<OfferName>, PolicyError> {
    let mut seen: HashMap<u64, &str> = HashMap::new();
    let activities = program.points.activities.iter().map(|activity| activity.id.as_str());
    let tiers =
        program.tiers.iter().enumerate().map(|(place, tier)| (tier_key(place, &tier.id).0, &*tier.id));
    let ids = program.offers.iter().map(|offer| offer.id.as_str()).chain(activities);
    // Tiers, offers and activities are told apart by where they stand in a head; only their own kind may not collide.
    unlike(tiers, &mut seen)?;
    seen.clear();
    unlike(ids.map(|id| (offer_key(id).0, id)), &mut seen)?;
    let mut names: Vec<OfferName> = program
        .offers
        .iter()
        .map(|offer| OfferName {
            key: offer_key(&offer.id),
            id: offer.id.clone(),
            per_member: offer.limits.per_member.map(|(times, period)| (times, limit_period(period))),
            of_birthday: offer.who.birthday.is_some(),
        })
        .collect();
    names.sort_unstable_by_key(|name| name.key);
    Ok(names)
}

fn unlike<'p>(
    ids: impl Iterator<Item = (u64, &'p str)>,
    seen: &mut HashMap<u64, &'p str>,
) -> Result<(), PolicyError> {
    for (key, id) in ids {
        match seen.insert(key, id) {
            Some(first) if first != id => {
                return Err(PolicyError::SameKey { first: first.to_owned(), second: id.to_owned() });
            }
            _ => {}
        }
    }
    Ok(())
}

fn tiers(program: &Program) -> Vec<TierRule> {
    let rule = |(place, tier): (usize, &model::Tier)| TierRule {
        tier: tier_key(place, &tier.id),
        id: tier.id.clone(),
        // Everyone starts with the first, whatever it asks for.
        qualify: tier.qualify.as_ref().filter(|_| place > 0).map(qualify),
        valid_months: tier.keep.map(|keep| keep.months),
        grace_days: tier.keep.map_or(0, |keep| keep.grace_days),
        at_end: match tier.keep.map(|keep| keep.end).unwrap_or_default() {
            model::TierEnd::ReEvaluate => TierEnd::Reevaluate,
            model::TierEnd::OneDown => TierEnd::OneDown,
            model::TierEnd::Keep => TierEnd::Keep,
        },
        welcome_points: tier.welcome.points,
        welcome_coupons: tier.welcome.coupons.iter().map(|id| offer_key(id)).collect(),
    };
    program.tiers.iter().enumerate().map(rule).collect()
}

fn qualify(qualification: &Qualification) -> Qualify {
    let all = |parts: &[Qualification]| parts.iter().map(qualify).collect();
    match qualification {
        Qualification::AnyOf(parts) => Qualify::AnyOf(all(parts)),
        Qualification::AllOf(parts) => Qualify::AllOf(all(parts)),
        Qualification::Spend(amount, within) => Qualify::Spend(amount.minor(), window(*within)),
        Qualification::Purchases(count, within) => Qualify::Purchases(*count, window(*within)),
        Qualification::Activity(points, within) => Qualify::Activity(*points, window(*within)),
    }
}

fn window(within: Option<model::Window>) -> Window {
    match within {
        None => Window::Lifetime,
        Some(model::Window::Months(months)) => Window::Months(months),
        Some(model::Window::Days(days)) => Window::Days(days),
        Some(model::Window::CalendarYear) => Window::CalendarYear,
    }
}

/// The longest window of days in a qualification.
fn window_days(qualification: &Qualification) -> u16 {
    match qualification {
        Qualification::AnyOf(parts) | Qualification::AllOf(parts) => {
            parts.iter().map(window_days).max().unwrap_or(0)
        }
        Qualification::Spend(_, Some(model::Window::Days(days)))
        | Qualification::Purchases(_, Some(model::Window::Days(days)))
        | Qualification::Activity(_, Some(model::Window::Days(days))) => *days,
        Qualification::Spend(..) | Qualification::Purchases(..) | Qualification::Activity(..) => 0,
    }
}

fn activity(activity: &model::Activity) -> ActivityRule {
    ActivityRule {
        activity: offer_key(&activity.id),
        id: activity.id.clone(),
        points: activity.points,
        activity_points: activity.counts,
        per_day: activity.per_day,
        lifetime: activity.lifetime,
    }
}

fn birthday(reward: &model::Reward) -> Option<BirthdayRule> {
    let coupons = reward.coupons.iter().map(|id| offer_key(id)).collect::<Vec<_>>();
    let brings = reward.points > 0 || !coupons.is_empty();
    brings.then_some(BirthdayRule { points: reward.points, coupons })
}

pub(crate) const fn limit_period(period: model::LimitPeriod) -> LimitPeriod {
    match period {
        model::LimitPeriod::Day => LimitPeriod::Day,
        model::LimitPeriod::Week => LimitPeriod::Week,
        model::LimitPeriod::Month => LimitPeriod::Month,
        model::LimitPeriod::Year => LimitPeriod::Year,
        model::LimitPeriod::Lifetime => LimitPeriod::Lifetime,
    }
}
