//! Policies of the tables, written in words.

use jiff::tz::TimeZone;
use suanpan_ledger::Policy;
use suanpan_ledger::head::TierKey;
use suanpan_ledger::policy::{
    ActivityRule, BirthdayRule, PointsExpiry, Qualify, ReferralRule, TierEnd, TierRule, Window,
};

use crate::script::offer;

/// A policy from words such as `expire 12, delay 14, tiers`.
pub(crate) fn policy_of(words: &str) -> Policy {
    let mut policy = Policy::plain(TimeZone::UTC);
    policy.version = 1;
    policy.restored_days = 30;
    for words in words.split(',').map(str::trim).filter(|words| !words.is_empty()) {
        let (name, value) = words.split_once(' ').unwrap_or((words, ""));
        let number = || value.parse::<u16>().unwrap_or_else(|_| panic!("{words}"));
        let expiry = |policy: &Policy| {
            policy.expiry.unwrap_or(PointsExpiry {
                after_months: 12,
                end_of_month: false,
                remind_months_before: None,
            })
        };
        match name {
            "expire" => policy.expiry = Some(PointsExpiry { after_months: number(), ..expiry(&policy) }),
            "remind" => {
                policy.expiry = Some(PointsExpiry { remind_months_before: Some(number()), ..expiry(&policy) })
            }
            "month-end" => policy.expiry = Some(PointsExpiry { end_of_month: true, ..expiry(&policy) }),
            "delay" => policy.delay_days = number(),
            "restored" => policy.restored_days = number(),
            "anew" => policy.transfers_keep_expiry = false,
            "archive" => policy.archive_days = Some(number()),
            "days" => policy.window_days_max = number(),
            "zone" => policy.time_zone = TimeZone::posix(value).expect("a zone"),
            "birthday" => {
                policy.birthday =
                    Some(BirthdayRule { points: i64::from(number()), coupons: vec![offer("o9")] })
            }
            "referral" => {
                policy.referral =
                    Some(ReferralRule { referrer_points: 50, friend_points: 20, taken_back_days: number() });
            }
            "no-restore" => policy.returns.restore_points = false,
            "no-take-back" => policy.returns.take_back_points = false,
            "no-coupons-back" => policy.returns.give_back_coupons = false,
            "review" => policy.activities.push(ActivityRule {
                activity: offer("o5"),
                id: "review".to_owned(),
                points: 10,
                activity_points: 5,
                per_day: Some(2),
                lifetime: Some(number().into()),
            }),
            "version" => policy.version = number().into(),
            "tier" => policy.tiers.push(tier_of(value)),
            _ => panic!("no such rule: {words}"),
        }
    }
    policy
}

/// `gold spend 1000 months 12 valid 12 grace 10 end one-down points 100 coupon o7`.
fn tier_of(words: &str) -> TierRule {
    let mut words = words.split(' ');
    let id = words.next().expect("a name");
    let mut rule = TierRule {
        tier: TierKey(id.bytes().fold(0, |key, byte| key * 31 + u64::from(byte))),
        id: id.to_owned(),
        qualify: None,
        valid_months: None,
        grace_days: 0,
        at_end: TierEnd::Reevaluate,
        welcome_points: 0,
        welcome_coupons: Vec::new(),
    };
    if id == "base" {
        rule.tier = TierKey(0);
    }
    let mut rules = Vec::new();
    let mut any = false;
    while let Some(word) = words.next() {
        let value = words.next().unwrap_or_default();
        let number = || value.parse::<i64>().unwrap_or_else(|_| panic!("{word} {value}"));
        let window = |window| {
            move |rule: Qualify| match rule {
                Qualify::Spend(need, _) => Qualify::Spend(need, window),
                Qualify::Purchases(need, _) => Qualify::Purchases(need, window),
                Qualify::Activity(need, _) => Qualify::Activity(need, window),
                other => other,
            }
        };
        match word {
            "spend" => rules.push(Qualify::Spend(number(), Window::Lifetime)),
            "purchases" => rules.push(Qualify::Purchases(number() as u32, Window::Lifetime)),
            "activity" => rules.push(Qualify::Activity(number(), Window::Lifetime)),
            "any" => any = value == "of",
            "months" => rules = rules.into_iter().map(window(Window::Months(number() as u16))).collect(),
            "days" => rules = rules.into_iter().map(window(Window::Days(number() as u16))).collect(),
            "in" => rules = rules.into_iter().map(window(Window::CalendarYear)).collect(),
            "valid" => rule.valid_months = Some(number() as u16),
            "grace" => rule.grace_days = number() as u16,
            "end" if value == "keep" => rule.at_end = TierEnd::Keep,
            "end" => rule.at_end = TierEnd::OneDown,
            "points" => rule.welcome_points = number(),
            "coupon" => rule.welcome_coupons.push(offer(value)),
            _ => panic!("no such rule of a tier: {word}"),
        }
    }
    rule.qualify = match rules.len() {
        0 => None,
        1 => rules.pop(),
        _ if any => Some(Qualify::AnyOf(rules)),
        _ => Some(Qualify::AllOf(rules)),
    };
    rule
}
