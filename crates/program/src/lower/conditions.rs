//! When, for whom, where, how often, at whose expense.

use suanpan_domain::Rate;

use super::names::{Names, Of};
use crate::code;
use crate::file::{
    BirthdayWord, DayWord, GivenBackWord, LimitsFile, PeriodWord, PlaceFile, StoresFile, TitleFile, WhenFile,
    WhoFile,
};
use crate::model::{
    Birthday, DayOrTime, FundingShare, LimitPeriod, Limits, Place, StoreFilter, Title, When, Who,
};
use crate::read::{At, Context, Entries, FromNode, Id, OneOrMany, Percent};

/// Times of day of one offer: a span for each quarter of an hour.
const TIMES_MAX: usize = 96;
/// The payer that pays what is not listed.
const CHAIN: &str = "chain";

pub(super) fn title(file: Option<&TitleFile>) -> Title {
    match file {
        None => Title::default(),
        Some(TitleFile::One(words)) => Title { en: Some(words.0.clone()), zh_cn: Some(words.0.clone()) },
        Some(TitleFile::Languages(by)) => Title {
            en: by.en.as_ref().map(|words| words.0.clone()),
            zh_cn: by.zh_cn.as_ref().map(|words| words.0.clone()),
        },
    }
}

/// Ids, each of which stands once and passes the check.
pub(super) fn ids(
    list: Option<&OneOrMany<Id>>,
    mut check: impl FnMut(&At<Id>),
    context: &Context,
) -> Vec<String> {
    let Some(list) = list else { return Vec::new() };
    list.repeated(context);
    list.map(context, |id| {
        check(&id);
        id.value.0
    })
}

/// Collects bits, and tells of those that are set twice.
fn bits<T: FromNode>(list: Option<&OneOrMany<T>>, bit: impl Fn(T) -> u32, context: &Context) -> u32 {
    let mut all = 0;
    for item in list.iter().flat_map(|list| list.each(context)) {
        let one = 1 << bit(item.value);
        if all & one != 0 {
            context.error_hint(code::REPEATED, item.spot, "this stands here twice", "keep one of them");
        }
        all |= one;
    }
    all
}

pub(super) fn when(file: Option<&At<WhenFile>>, context: &Context) -> When {
    let Some(At { value: file, .. }) = file else { return When::default() };
    let (from, until) = (file.from, file.until);
    if let (Some(from), Some(until)) = (from, until)
        && ends_before(from.value.0, until.value.0)
    {
        context.error_hint(
            code::ENDS_BEFORE,
            until.spot,
            "this end lies before the beginning",
            "swap the two, or correct the year",
        );
    }
    let mut times = Vec::new();
    for span in file.times.iter().flat_map(|times| times.each(context)) {
        if times.contains(&span.value.0) {
            context.error_hint(code::REPEATED, span.spot, "this stands here twice", "keep one of them");
        } else if times.len() >= TIMES_MAX {
            context.error_hint(
                code::LIMIT,
                span.spot,
                format!("an offer has at most {TIMES_MAX} times of day"),
                "join spans, or write two offers",
            );
            break;
        } else {
            times.push(span.value.0);
        }
    }
    When {
        from: from.map(|from| from.value.0),
        until: until.map(|until| until.value.0),
        weekdays: bits(file.days.as_ref(), weekday, context) as u8,
        days_of_month: bits(file.days_of_month.as_ref(), |day| u32::from(day.0), context),
        months: bits(file.months.as_ref(), |month| u32::from(month.0), context) as u16,
        times,
    }
}

/// The end as the first moment that does not belong any more, compared with the beginning.
fn ends_before(from: DayOrTime, until: DayOrTime) -> bool {
    match (from, until) {
        (DayOrTime::Day(from), DayOrTime::Day(until)) => until < from,
        (DayOrTime::Time(from), DayOrTime::Time(until)) => until < from,
        (DayOrTime::Day(from), DayOrTime::Time(until)) => until.date() < from,
        (DayOrTime::Time(from), DayOrTime::Day(until)) => until < from.date(),
    }
}

const fn weekday(word: DayWord) -> u32 {
    match word {
        DayWord::Mon => 0,
        DayWord::Tue => 1,
        DayWord::Wed => 2,
        DayWord::Thu => 3,
        DayWord::Fri => 4,
        DayWord::Sat => 5,
        DayWord::Sun => 6,
    }
}

pub(super) fn who(file: Option<&At<WhoFile>>, names: &Names, context: &Context) -> Who {
    let Some(At { value: file, .. }) = file else { return Who::default() };
    let known_tier = |tier: &At<Id>| {
        names.check(Of::Tier, tier, context);
    };
    Who {
        members_only: file.members.is_some_and(|members| members.0),
        tiers: ids(file.tiers.as_ref(), known_tier, context),
        segments: ids(file.segments.as_ref(), |_| (), context),
        birthday: file.birthday.map(|word| match word {
            BirthdayWord::Day => Birthday::Day,
            BirthdayWord::Week => Birthday::Week,
            BirthdayWord::Month => Birthday::Month,
        }),
        first_purchase: file.first_purchase.is_some_and(|first| first.0),
        new_member_days: file.new_member.map(|days| days.0),
        hold_out: file.hold_out.map(|share| share.0),
    }
}

pub(super) fn place(file: Option<&PlaceFile>, names: &Names, context: &Context) -> Place {
    let Some(file) = file else { return Place::default() };
    let stores = file.stores.as_ref().map(|stores| store_filter(stores, names, context));
    let channels = ids(file.channels.as_ref(), |_| (), context);
    Place { stores, channels, payments: ids(file.payments.as_ref(), |_| (), context) }
}

fn store_filter(file: &StoresFile, names: &Names, context: &Context) -> StoreFilter {
    let known_store = |store: &At<Id>| {
        names.check(Of::Store, store, context);
    };
    let known_group = |group: &At<Id>| {
        names.check(Of::StoreGroup, group, context);
    };
    let by = match file {
        StoresFile::Ids(list) => {
            return StoreFilter { ids: ids(Some(list), known_store, context), groups: Vec::new() };
        }
        StoresFile::Groups(by) => by,
    };
    if by.value.ids.is_none() && by.value.group.is_none() {
        context.error_hint(code::EMPTY, by.spot, "this names no store", "write `group` or `ids`");
    }
    StoreFilter {
        ids: ids(by.value.ids.as_ref(), known_store, context),
        groups: ids(by.value.group.as_ref(), known_group, context),
    }
}

pub(super) const fn period(word: PeriodWord) -> LimitPeriod {
    match word {
        PeriodWord::Day => LimitPeriod::Day,
        PeriodWord::Week => LimitPeriod::Week,
        PeriodWord::Month => LimitPeriod::Month,
        PeriodWord::Year => LimitPeriod::Year,
        PeriodWord::Lifetime => LimitPeriod::Lifetime,
    }
}

pub(super) fn limits(file: Option<&At<LimitsFile>>, context: &Context) -> Limits {
    let Some(At { value: file, spot }) = file else { return Limits::default() };
    if file.per.is_some() && file.per_member.is_none() {
        context.error_hint(
            code::CONTRADICTION,
            *spot,
            "`per` is the period of `per_member`, which is missing",
            "write such as { per_member: 1, per: month }",
        );
    }
    Limits {
        per_basket: file.per_basket.map(|count| count.0),
        per_member: file.per_member.map(|count| (count.0, file.per.map_or(LimitPeriod::Lifetime, period))),
        in_total: file.in_total.map(|count| u64::from(count.0)),
        budget: file.budget.map(|amount| amount.0),
        given_back_if_whole: file.given_back == Some(GivenBackWord::OnFullReturn),
    }
}

/// Who pays; the chain itself is not listed, whatever the file says of it.
pub(super) fn funding(file: Option<&At<Entries<Percent<100>>>>, context: &Context) -> Vec<FundingShare> {
    let Some(At { value: file, spot }) = file else { return Vec::new() };
    let mut sum = 0;
    let mut chain = false;
    let mut shares = Vec::with_capacity(file.len(context));
    for (funder, share) in file.each(context) {
        sum += share.value.0.ppm();
        if funder.value.0 == CHAIN {
            chain = true;
        } else {
            shares.push(FundingShare { funder: funder.value.0, share: share.value.0 });
        }
    }
    if sum > Rate::WHOLE.ppm() {
        context.error_hint(
            code::ABOVE_WHOLE,
            *spot,
            format!("the shares are {} together", Rate::from_ppm(sum).unwrap_or(Rate::WHOLE)),
            "lower them to 100% together; the chain pays what is not listed",
        );
    } else if chain && sum < Rate::WHOLE.ppm() {
        context.error_hint(
            code::CONTRADICTION,
            *spot,
            "the chain's share and the others are less than 100% together",
            "leave the chain out: it pays what is not listed",
        );
    }
    shares
}
