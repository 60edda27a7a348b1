//! Keys of which one is needed: measures, rewards, effects.

use super::selector::own_selection;
use crate::code;
use crate::file::{AllWord, FormWord, OverWord, PickWord};
use crate::file::{GetFile, MEASURES, NthUnitFile, REWARDS};
use crate::model::{Effect, GroupForm, GroupReward, Pick, RewardOver, Selector, UnitCount, UnitReward};
use crate::read::{Amount, At, Context, Percent, UnitsCount, Weight};
use crate::yaml::Spot;

/// How many of the keys stand in the map, whether or not their values could be read.
pub(super) fn present<'k>(spot: Spot, keys: &'k [&'k str], context: &Context) -> Vec<&'k str> {
    let Some(node) = context.node(spot) else { return Vec::new() };
    keys.iter().copied().filter(|key| node.get(key).is_some()).collect()
}

/// Tells unless exactly one of the keys stands in the map.
pub(super) fn exactly_one(spot: Spot, what: &str, keys: &[&str], context: &Context) {
    let found = present(spot, keys, context);
    match found.as_slice() {
        [_] => {}
        // A misspelt key is one mistake, not two.
        [] if is_misspelt(spot, keys, context) => {}
        [] => context.error_hint(
            code::ONE_OF,
            spot,
            format!("{what} is missing"),
            format!("add one of: {}", keys.join(", ")),
        ),
        [first, second, ..] => {
            let at = context.node(spot).and_then(|node| node.get(second)).map_or(spot, |node| node.spot());
            context.error_hint(
                code::ONE_OF,
                at,
                format!("`{second}` stands beside `{first}`, only one of them is possible"),
                "keep one of them",
            );
        }
    }
}

/// Whether a key that was told to be unknown means one of these.
fn is_misspelt(spot: Spot, keys: &[&str], context: &Context) -> bool {
    let Some(node) = context.node(spot) else { return false };
    node.entries()
        .filter(|(key, _)| context.is_told(code::UNKNOWN_KEY, key.spot()))
        .any(|(key, _)| key.text().is_some_and(|name| context.nearest(name, keys.iter().copied()).is_some()))
}

/// An amount, units or a weight.
pub(super) fn measure(
    spend: Option<Amount<1>>,
    units: Option<UnitsCount>,
    weight: Option<Weight>,
) -> Option<UnitCount> {
    spend
        .map(|amount| UnitCount::Spend(amount.0))
        .or(units.map(|units| UnitCount::Units(units.0)))
        .or(weight.map(|weight| UnitCount::Weight(weight.0)))
}

/// Tells when several measures stand in one map.
pub(super) fn at_most_one_measure(spot: Spot, context: &Context) {
    if present(spot, MEASURES, context).len() > 1 {
        exactly_one(spot, "a measure", MEASURES, context);
    }
}

fn reward(
    spot: Spot,
    percent: Option<Percent<100>>,
    amount: Option<Amount<1>>,
    price: Option<Amount<0>>,
    context: &Context,
) -> Option<UnitReward> {
    exactly_one(spot, "what a rewarded unit gets", REWARDS, context);
    percent
        .map(|percent| UnitReward::PercentOff(percent.0))
        .or(amount.map(|amount| UnitReward::AmountOff(amount.0)))
        .or(price.map(|price| UnitReward::UnitPrice(price.0)))
}

pub(super) const fn form(word: Option<FormWord>) -> GroupForm {
    match word {
        None | Some(FormWord::DearestFirst) => GroupForm::DearestFirst,
        Some(FormWord::CheapestFirst) => GroupForm::CheapestFirst,
    }
}

pub(super) const fn pick(word: Option<PickWord>, unless_said: Pick) -> Pick {
    match word {
        None => unless_said,
        Some(PickWord::Dearest) => Pick::Dearest,
        Some(PickWord::Cheapest) => Pick::Cheapest,
    }
}

pub(super) fn nth_unit(file: &At<NthUnitFile>, context: &Context) -> Option<Effect> {
    let At { value: file, spot } = file;
    let off = reward(*spot, file.percent_off, file.amount_off, file.unit_price, context);
    let group = file.group.as_ref();
    let named = file.reward.as_ref();
    let nth = named.and_then(|reward| reward.value.nth).or(file.n).map(|units| units.0);
    let size = group.and_then(|group| group.size).or(file.n).map(|units| units.0);
    let Some(size) = size else {
        // One that stands here could not be read, and that was told.
        let node = context.node(*spot);
        let said = node.and_then(|node| node.get("n").or_else(|| node.get("group")?.get("size")));
        if said.is_none() && !is_misspelt(*spot, &["n", "group"], context) {
            context.error_hint(
                code::MISSING_KEY,
                *spot,
                "how large a group is, is missing",
                "add `n: 2`, or `group: { size: 2 }`",
            );
        }
        return None;
    };
    let nth = nth.unwrap_or(size);
    if nth > size {
        context.error_hint(
            code::OUT_OF_RANGE,
            named.map_or(*spot, |reward| reward.spot),
            format!("a group of {size} has no position {nth}"),
            format!("write 1 to {size}, or larger groups"),
        );
    }
    if let (Some(reward), Some(AllWord::All)) = (named, file.units) {
        context.error_hint(
            code::CONTRADICTION,
            reward.spot,
            "`units: all` rewards all units of the groups, so that no position is left to name",
            "keep one of the two",
        );
    }
    let over = match named.and_then(|reward| reward.value.over) {
        None | Some(OverWord::Each) => RewardOver::Each,
        Some(OverWord::All) => RewardOver::All,
    };
    Some(Effect::NthUnit {
        group_size: size,
        form: form(group.and_then(|group| group.form)),
        reward: GroupReward { nth, over, all_units: file.units.is_some() },
        off: off?,
        times: file.times.map(|times| times.0),
    })
}

/// Buy X get Y. What to buy stands in `buy`, and is no threshold beside.
pub(super) fn get(
    file: &At<GetFile>,
    buy: Option<UnitCount>,
    except: Option<&Selector>,
    context: &Context,
) -> Option<Effect> {
    let At { value: file, spot } = file;
    let off = reward(*spot, file.percent_off, file.amount_off, file.unit_price, context);
    if buy.is_none() {
        context.error_hint(
            code::MISSING_KEY,
            *spot,
            "how much has to be bought is missing",
            "add such as `units: 2` to `buy` of the offer",
        );
    }
    let get = file.select.as_ref().map(|select| own_selection(select, except, context));
    Some(Effect::BuyGet {
        buy: buy?,
        get: get.map(Box::new),
        get_units: file.units.map_or(1, |units| units.0),
        off: off?,
        pick: pick(file.pick, Pick::Cheapest),
        times: file.times.map(|times| times.0),
    })
}
