//! The points policy, and what returns give back.

use suanpan_domain::UnitPrice;

use super::conditions::title;
use super::names::{Names, Of, Unique, too_many};
use super::offer::counts_as;
use super::selector::selector;
use super::tiers::reward;
use crate::code;
use crate::file::{
    ActivityFile, CouponReturnWord, EarnFile, EarnOnWord, EarnedReturnWord, ExpireAtWord, MultipliersWord,
    OffsetFile, PointsFile, PriceReturnWord, ReturnsFile, SelectorFile, SpentReturnWord, TransferWord,
};
use crate::model::{
    Activity, CouponReturn, Earn, EarnOn, EarnedReturn, Expiry, Multipliers, PointsOffset, PointsPolicy,
    PriceReturn, REFERRAL_TAKEN_BACK_DAYS_DEFAULT, RESTORED_DAYS_DEFAULT, Referral, ReturnsPolicy, Selector,
    SpentReturn, TierTimes,
};
use crate::read::{At, Context, Later};

/// Activities of a program: a member remembers the limited ones.
const ACTIVITIES_MAX: usize = 100;

pub(super) fn policy(file: Option<&PointsFile>, names: &Names, context: &Context) -> PointsPolicy {
    let Some(file) = file else { return none() };
    let earn = file.earn.as_ref().map(|earn| self::earn(earn, context));
    let offset = file.offset.as_ref().map(|at| self::offset(at, earn.as_ref(), context));
    PointsPolicy {
        title: title(file.title.as_ref()),
        tier_times: tier_times(file, earn.is_some(), names, context),
        earn,
        offset,
        expire: file.expire.as_ref().map(|At { value: file, spot }| {
            let remind = file.remind_before.map(|months| months.0);
            if remind.is_some_and(|remind| remind >= file.after.0) {
                context.error_hint(
                    code::CONTRADICTION,
                    *spot,
                    "members would be reminded before they have earned anything",
                    "remind later than points are earned: `remind_before` is less than `after`",
                );
            }
            Expiry {
                after_months: file.after.0,
                end_of_month: file.at == Some(ExpireAtWord::EndOfMonth),
                remind_months_before: remind,
            }
        }),
        delay_days: file.delay.map_or(0, |days| days.0),
        restored_days: file.restored_for.map_or(RESTORED_DAYS_DEFAULT, |days| days.0),
        activities: activities(file.activities.as_ref(), context),
        referral: file.referral.as_ref().map(|file| Referral {
            referrer_points: file.referrer.map_or(0, |points| points.0),
            friend_points: file.friend.map_or(0, |points| points.0),
            taken_back_days: file.taken_back_within.map_or(REFERRAL_TAKEN_BACK_DAYS_DEFAULT, |days| days.0),
        }),
        birthday: reward(file.birthday.as_ref(), context),
        transfers_keep_expiry: file.transfers == Some(TransferWord::Kept),
    }
}

/// A program that says nothing of points.
fn none() -> PointsPolicy {
    PointsPolicy { restored_days: RESTORED_DAYS_DEFAULT, ..PointsPolicy::default() }
}

fn activities(files: Option<&Later<ActivityFile>>, context: &Context) -> Vec<Activity> {
    let mut unique = Unique::default();
    let mut list = Vec::new();
    let Some(files) = files else { return list };
    if too_many(files, ACTIVITIES_MAX, "activities", context) {
        return list;
    }
    for At { value: file, spot } in files.each(context) {
        unique.add("activity", &file.id.value.0, file.id.spot, context);
        if file.points.is_none() && file.counts.is_none() {
            context.warning(
                code::NO_EFFECT,
                spot,
                "the activity brings nothing",
                "add `points` that can be spent, or `counts` for points that count for tiers",
            );
        }
        list.push(Activity {
            id: file.id.value.0,
            points: file.points.map_or(0, |points| points.0),
            counts: file.counts.map_or(0, |points| points.0),
            per_day: file.per_day.map(|count| count.0),
            lifetime: file.lifetime.map(|count| count.0),
        });
    }
    list
}

fn except(file: Option<&SelectorFile>, context: &Context) -> Option<Selector> {
    file.map(|file| selector(file.selector(), context)).filter(|except| *except != Selector::Everything)
}

fn earn(file: &EarnFile, context: &Context) -> Earn {
    Earn {
        per: file.per.0,
        points: file.points.map_or(1, |points| points.0),
        on: match file.on {
            None | Some(EarnOnWord::PaidAfterPoints) => EarnOn::PaidAfterPoints,
            Some(EarnOnWord::PaidBeforePoints) => EarnOn::PaidBeforePoints,
            Some(EarnOnWord::List) => EarnOn::List,
        },
        except: except(file.except.as_ref(), context),
        multipliers: match file.multipliers {
            None | Some(MultipliersWord::Multiply) => Multipliers::Multiply,
            Some(MultipliersWord::Largest) => Multipliers::Largest,
        },
    }
}

fn tier_times(file: &PointsFile, earns: bool, names: &Names, context: &Context) -> Vec<TierTimes> {
    let mut list = Vec::new();
    for (tier, times) in file.tier_times.iter().flat_map(|entries| entries.each(context)) {
        names.check(Of::Tier, &tier, context);
        if !earns {
            let hint = "add `earn`, or remove the multipliers";
            context.warning(code::NO_EFFECT, tier.spot, "nothing is earned that could be multiplied", hint);
        }
        list.push(TierTimes { tier: tier.value.0, times: times.value.0 });
    }
    list
}

fn offset(at: &At<OffsetFile>, earn: Option<&Earn>, context: &Context) -> PointsOffset {
    let At { value: file, spot } = at;
    let offset = PointsOffset {
        value: file.value.0,
        at_least: file.at_least.map_or(1, |points| points.0),
        step: file.step.map_or(1, |points| points.0),
        at_most_share: file.at_most_share.map(|share| share.0),
        at_most_amount: file.at_most_amount.map(|amount| amount.0),
        except: except(file.except.as_ref(), context),
        counts_as: counts_as(file.counts_as),
    };
    let worth = |points: i64| i128::from(offset.value.micro()) * i128::from(points);
    let micro = |minor: i64| i128::from(minor) * i128::from(UnitPrice::MICRO_PER_MINOR);
    if file.at_least.is_some() && offset.at_least % offset.step != 0 {
        let first = offset.at_least.div_euclid(offset.step).saturating_add(1).saturating_mul(offset.step);
        context.warning(
            code::NO_EFFECT,
            *spot,
            format!("`at_least` is no multiple of `step`: the smallest use is {first} points"),
            format!("write `at_least: {first}`"),
        );
    }
    if worth(1).saturating_mul(i128::from(offset.step)) < micro(1)
        && offset.at_least.max(offset.step) == offset.step
    {
        context.warning(
            code::NO_EFFECT,
            *spot,
            "the smallest use of points is worth less than the smallest coin",
            "let more points be used at least",
        );
    }
    if let Some(most) = offset.at_most_amount
        && worth(offset.at_least.max(offset.step)) > micro(most.minor())
    {
        context.warning(
            code::NEVER_APPLIES,
            *spot,
            "the smallest use of points is worth more than the largest amount that they may pay",
            "lower `at_least`, or raise `at_most_amount`",
        );
    }
    if let Some(earn) = earn
        && worth(earn.points) * 10 > micro(earn.per.minor()) * 9
    {
        context.warning(
            code::VERY_HIGH,
            *spot,
            "points are worth more than 90% of what has to be spent to earn them",
            "check `value` here, and `per` and `points` of `earn`",
        );
    }
    offset
}

pub(super) fn returns(file: Option<&ReturnsFile>) -> ReturnsPolicy {
    let Some(file) = file else { return ReturnsPolicy::default() };
    ReturnsPolicy {
        prices: match file.prices {
            None | Some(PriceReturnWord::ProRata) => PriceReturn::ProRata,
            Some(PriceReturnWord::Reprice) => PriceReturn::Reprice,
        },
        spent_points: match file.spent_points {
            None | Some(SpentReturnWord::Restore) => SpentReturn::Restore,
            Some(SpentReturnWord::Keep) => SpentReturn::Keep,
        },
        earned_points: match file.earned_points {
            None | Some(EarnedReturnWord::TakeBack) => EarnedReturn::TakeBack,
            Some(EarnedReturnWord::Keep) => EarnedReturn::Keep,
        },
        coupons: match file.coupons {
            None | Some(CouponReturnWord::GiveBackIfWhole) => CouponReturn::GiveBackIfWhole,
            Some(CouponReturnWord::Keep) => CouponReturn::Keep,
        },
    }
}
