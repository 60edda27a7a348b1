//! What an offer does, and what it adds to any effect.

use suanpan_program::model::{
    AmountPer, BundlePrice, Effect, GroupForm, GroupReward, OffAmount, PercentBasis, Pick, RewardOver,
    RoundAt, Saving, ShippingEffect, Terms, UnitLimitPer, UnitReward,
};

use super::{Map, Writer, factor, list, percent, quoted, texts};

fn form(form: GroupForm) -> &'static str {
    match form {
        GroupForm::DearestFirst => "dearest_first",
        GroupForm::CheapestFirst => "cheapest_first",
    }
}

fn pick(pick: Pick) -> &'static str {
    match pick {
        Pick::Dearest => "dearest",
        Pick::Cheapest => "cheapest",
    }
}

pub(super) fn basis(basis: PercentBasis) -> Option<&'static str> {
    match basis {
        PercentBasis::Running => None,
        PercentBasis::Layer => Some("layer"),
        PercentBasis::List => Some("list"),
    }
}

pub(super) fn round_at(round_at: RoundAt) -> &'static str {
    match round_at {
        RoundAt::Unit => "unit",
        RoundAt::Line => "line",
        RoundAt::Offer => "offer",
    }
}

impl Writer<'_> {
    /// The effect with its terms and its target.
    pub(super) fn effect(&self, effect: &Effect, terms: &Terms, target: Option<String>) -> String {
        let mut map = self.plain_effect(effect);
        map.maybe("target", target);
        map.maybe("cap", terms.cap.map(|amount| self.money(amount)));
        if let Some(limit) = terms.units {
            let per = match limit.per {
                UnitLimitPer::Basket => "basket",
                UnitLimitPer::Line => "line",
            };
            let at_most = limit.at_most;
            map.put("units", format!("{{ at_most: {at_most}, per: {per}, pick: {} }}", pick(limit.pick)));
        }
        map.maybe("floor_unit_price", terms.floor_unit_price.map(|amount| self.money(amount)));
        map.maybe("floor_line", terms.floor_line.map(|amount| self.money(amount)));
        map.maybe("floor_sku", terms.floor_sku.map(|amount| self.money(amount)));
        map.maybe("worth", (terms.worth.minor() != 0).then(|| self.money(terms.worth)));
        map.maybe("round_at", terms.round_at.map(round_at));
        map.maybe("min_gain", terms.min_gain.map(|amount| self.money(amount)));
        map.maybe("basis", basis(terms.basis));
        map.maybe("all_or_nothing", terms.all_or_nothing.then_some("true"));
        map.text()
    }

    fn reward(&self, off: UnitReward) -> (&'static str, String) {
        match off {
            UnitReward::PercentOff(rate) => ("percent_off", percent(rate)),
            UnitReward::AmountOff(amount) => ("amount_off", self.money(amount)),
            UnitReward::UnitPrice(price) => ("unit_price", self.money(price)),
        }
    }

    fn plain_effect(&self, effect: &Effect) -> Map {
        match effect {
            Effect::PercentOff(rate) => Map::of("percent_off", percent(*rate)),
            Effect::AmountOff { amount, per } => {
                let mut map = match amount {
                    OffAmount::Fixed(amount) => Map::of("amount_off", self.money(*amount)),
                    OffAmount::Presented => Map::of("amount_off", "presented"),
                };
                match per {
                    AmountPer::Basket => {}
                    AmountPer::Line => map.put("per", "line"),
                    AmountPer::Unit => map.put("per", "unit"),
                }
                map
            }
            Effect::UnitPrice(price) => Map::of("unit_price", self.price(*price)),
            Effect::PriceList(prices) => Map::of("price_list", self.prices(prices)),
            Effect::SetPrice { units, price, form: order, times } => {
                let mut set = Map::of("units", units.to_string());
                set.put("price", self.money(*price));
                set.put("form", form(*order));
                set.maybe("times", times.map(|times| times.to_string()));
                Map::of("set_price", set.text())
            }
            Effect::Bundle { parts, price, times } => {
                let parts = parts.iter().map(|part| {
                    let mut map = self.selection(&part.selection);
                    map.put("units", part.units.to_string());
                    map.put("pick", pick(part.pick));
                    map.text()
                });
                let mut bundle = Map::of("parts", list(parts));
                match price {
                    BundlePrice::Price(price) => bundle.put("price", self.money(*price)),
                    BundlePrice::PercentOff(rate) => bundle.put("percent_off", percent(*rate)),
                    BundlePrice::AmountOff(amount) => bundle.put("amount_off", self.money(*amount)),
                }
                bundle.maybe("times", times.map(|times| times.to_string()));
                Map::of("bundle", bundle.text())
            }
            Effect::NthUnit { group_size, form: order, reward, off, times } => {
                self.nth_unit(*group_size, *order, *reward, *off, *times)
            }
            Effect::BuyGet { buy: _, get, get_units, off, pick: which, times } => {
                let mut map = Map::default();
                map.maybe("select", get.as_ref().map(|get| self.selection(get).text()));
                map.put("units", get_units.to_string());
                let (key, value) = self.reward(*off);
                map.put(key, value);
                map.put("pick", pick(*which));
                map.maybe("times", times.map(|times| times.to_string()));
                Map::of("get", map.text())
            }
            Effect::Steps(steps) => {
                let rows = steps.iter().map(|step| {
                    let (key, value) = self.measure(step.reach);
                    let mut map = Map::of(key, value);
                    match step.save {
                        Saving::Amount(amount) => map.put("save", self.money(amount)),
                        Saving::Percent(rate) => map.put("percent_off", percent(rate)),
                    }
                    map.text()
                });
                Map::of("steps", list(rows))
            }
            Effect::Repeat { every, off, times } => {
                let (key, value) = self.measure(*every);
                let mut map = Map::of("every", Map::of(key, value).text());
                map.put("off", self.money(*off));
                map.maybe("times", times.map(|times| times.to_string()));
                Map::of("repeat", map.text())
            }
            Effect::Shipping(shipping) => {
                let value = match shipping {
                    ShippingEffect::Free => "free".to_owned(),
                    ShippingEffect::PercentOff(rate) => Map::of("percent_off", percent(*rate)).text(),
                    ShippingEffect::AmountOff(amount) => Map::of("amount_off", self.money(*amount)).text(),
                    ShippingEffect::Price(price) => Map::of("price", self.money(*price)).text(),
                };
                Map::of("shipping", value)
            }
            Effect::Gift { of, choose, per_units } => {
                let mut map = Map::of("of", texts(of));
                map.put("choose", choose.to_string());
                map.maybe("per_units", per_units.map(|units| units.to_string()));
                Map::of("gift", map.text())
            }
            Effect::Match { offer, percent: rate, together_at_most } => {
                let mut map = Map::of("offer", quoted(offer));
                map.put("percent", percent(*rate));
                map.maybe("together_at_most", together_at_most.map(|amount| self.money(amount)));
                Map::of("match", map.text())
            }
            Effect::PointsFixed(points) => Map::of("points", format!("{{ extra: {points} }}")),
            Effect::PointsTimes(times) => Map::of("points", format!("{{ times: {} }}", factor(*times))),
            Effect::IssueCoupon { campaign, count } => {
                Map::of("issue_coupon", format!("{{ campaign: {}, count: {count} }}", quoted(campaign)))
            }
            Effect::Entitlement(id) => Map::of("entitlement", quoted(id)),
        }
    }

    pub(super) fn prices(&self, prices: &[(String, suanpan_domain::UnitPrice)]) -> String {
        let rows = prices.iter().map(|(sku, price)| format!("{}: {}", quoted(sku), self.price(*price)));
        format!("{{ {} }}", rows.collect::<Vec<_>>().join(", "))
    }

    fn nth_unit(
        &self,
        size: i64,
        order: GroupForm,
        reward: GroupReward,
        off: UnitReward,
        times: Option<u32>,
    ) -> Map {
        let mut map = Map::of("group", format!("{{ size: {size}, form: {} }}", form(order)));
        if reward.all_units {
            map.put("units", "all");
        } else {
            let over = match reward.over {
                RewardOver::Each => "each",
                RewardOver::All => "all",
            };
            map.put("reward", format!("{{ nth: {}, over: {over} }}", reward.nth));
        }
        let (key, value) = self.reward(off);
        map.put(key, value);
        map.maybe("times", times.map(|times| times.to_string()));
        Map::of("nth_unit", map.text())
    }
}
