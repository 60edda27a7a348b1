//! Offers: when, where and for whom, what has to be bought, and what stands beside the effect.

use suanpan_domain::OfferKind;
use suanpan_program::model::{
    AmountAt, Birthday, CodeKind, CouponTerms, DayOrTime, Effect, ExclusiveScope, Limits, Offer, Place,
    TaxBasis, When, Who,
};

use super::effect::{basis, round_at};
use super::{Map, Writer, counts_as, list, percent, period, quoted, texts};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn day_or_time(at: DayOrTime) -> String {
    match at {
        DayOrTime::Day(date) => date.to_string(),
        DayOrTime::Time(time) => quoted(&time.strftime("%Y-%m-%d %H:%M:%S").to_string()),
    }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// The places of the bits that are set.
fn numbers(bits: u32) -> impl Iterator<Item = u32> {
    (0..32).filter(move |place| bits >> place & 1 == 1)
}

fn when(when: &When) -> Map {
    let mut map = Map::default();
    map.maybe("from", when.from.map(day_or_time));
    map.maybe("until", when.until.map(day_or_time));
    if when.weekdays != 0 {
        map.put("days", list(numbers(when.weekdays.into()).map(|day| DAYS[day as usize].to_owned())));
    }
    if when.days_of_month != 0 {
        map.put("days_of_month", list(numbers(when.days_of_month).map(|day| day.to_string())));
    }
    if when.months != 0 {
        map.put("months", list(numbers(when.months.into()).map(|month| month.to_string())));
    }
    if !when.times.is_empty() {
        let spans = when
            .times
            .iter()
            .map(|span| quoted(&format!("{}-{}", clock(span.from_minute), clock(span.until_minute))));
        map.put("times", list(spans));
    }
    map
}

fn who(who: &Who) -> Map {
    let mut map = Map::default();
    map.maybe("members", who.members_only.then_some("true"));
    map.maybe("tiers", (!who.tiers.is_empty()).then(|| texts(&who.tiers)));
    map.maybe("segments", (!who.segments.is_empty()).then(|| texts(&who.segments)));
    map.maybe(
        "birthday",
        who.birthday.map(|window| match window {
            Birthday::Day => "day",
            Birthday::Week => "week",
            Birthday::Month => "month",
        }),
    );
    map.maybe("first_purchase", who.first_purchase.then_some("true"));
    map.maybe("new_member", who.new_member_days.map(|days| format!("{days} days")));
    map.maybe("hold_out", who.hold_out.map(percent));
    map
}

fn place(place: &Place) -> Map {
    let mut map = Map::default();
    map.maybe(
        "stores",
        place.stores.as_ref().map(|stores| {
            let mut map = Map::default();
            map.maybe("group", (!stores.groups.is_empty()).then(|| texts(&stores.groups)));
            map.maybe("ids", (!stores.ids.is_empty()).then(|| texts(&stores.ids)));
            map.text()
        }),
    );
    map.maybe("channels", (!place.channels.is_empty()).then(|| texts(&place.channels)));
    map.maybe("payments", (!place.payments.is_empty()).then(|| texts(&place.payments)));
    map
}

fn codes(terms: &CouponTerms) -> String {
    let mut map = match &terms.codes {
        CodeKind::Owned => return "owned".to_owned(),
        CodeKind::Generic(codes) => Map::of("generic", texts(codes)),
        CodeKind::Unique { prefix, length } => {
            Map::of("unique", format!("{{ prefix: {}, length: {length} }}", quoted(prefix)))
        }
    };
    map.maybe("paper", terms.paper.then_some("true"));
    map.text()
}

impl Writer<'_> {
    /// A price list, a promotion or a coupon.
    pub(super) fn offer(&self, offer: &Offer) -> String {
        let mut map = Map::of("id", quoted(&offer.id));
        self.beside(offer, &mut map);
        map.maybe("who", who(&offer.who).some());
        map.maybe("codes", offer.coupon.as_ref().map(|terms| codes(terms)));
        if offer.counts_as != suanpan_program::model::CountsAs::Discount {
            map.put("counts_as", counts_as(offer.counts_as));
        }
        match (&offer.effect, offer.kind) {
            (Effect::PriceList(prices), OfferKind::PriceList) => map.put("prices", self.prices(prices)),
            _ => {
                let target = offer.target.as_ref().map(|target| self.selection(target).text());
                map.put("effect", self.effect(&offer.effect, &offer.terms, target));
            }
        }
        map.text()
    }

    /// The discount of a tier.
    pub(super) fn tier_discount(&self, offer: &Offer) -> String {
        let Effect::PercentOff(rate) = offer.effect else { return "{}".to_owned() };
        let mut map = Map::of("percent_off", percent(rate));
        map.maybe("cap", offer.terms.cap.map(|amount| self.money(amount)));
        map.maybe("floor_unit_price", offer.terms.floor_unit_price.map(|amount| self.money(amount)));
        map.maybe("round_at", offer.terms.round_at.map(round_at));
        map.maybe("basis", basis(offer.terms.basis));
        map.maybe("all_or_nothing", offer.terms.all_or_nothing.then_some("true"));
        self.beside(offer, &mut map);
        map.text()
    }

    /// What all kinds of offers say alike.
    fn beside(&self, offer: &Offer, map: &mut Map) {
        map.put("layer", quoted(&self.program.layers[offer.layer]));
        map.put("priority", offer.priority.to_string());
        map.put("leave_out", if offer.leave_out_allowed { "allowed" } else { "never" });
        map.maybe("when", when(&offer.when).some());
        map.maybe("where", place(&offer.place).some());
        map.maybe("buy", self.buy(offer).some());
        map.maybe("limits", self.limits(&offer.limits).some());
        if !offer.funding.is_empty() {
            let shares = offer
                .funding
                .iter()
                .map(|share| format!("{}: {}", quoted(&share.funder), percent(share.share)));
            map.put("funding", format!("{{ {} }}", shares.collect::<Vec<_>>().join(", ")));
        }
        map.maybe("stacking", self.offer_stacking(offer).some());
        map.maybe("guard", offer.guard_exempt.then_some("exempt"));
    }

    fn buy(&self, offer: &Offer) -> Map {
        let mut map = self.selection(&offer.buy);
        if let Effect::BuyGet { buy, .. } = &offer.effect {
            let (key, value) = self.measure(*buy);
            map.put(key, value);
        }
        let Some(threshold) = offer.threshold else { return map };
        let (key, value) = self.measure(threshold.reach);
        map.put(key, value);
        match threshold.at {
            AmountAt::Running => {}
            AmountAt::List => map.put("at", "list"),
            AmountAt::AfterLayer(layer) => {
                map.put("at", quoted(&format!("after:{}", self.program.layers[layer])));
            }
        }
        map.maybe(
            "tax",
            threshold.tax.map(|basis| match basis {
                TaxBasis::Included => "included",
                TaxBasis::Excluded => "excluded",
            }),
        );
        map
    }

    fn limits(&self, limits: &Limits) -> Map {
        let mut map = Map::default();
        map.maybe("per_basket", limits.per_basket.map(|most| most.to_string()));
        if let Some((most, per)) = limits.per_member {
            map.put("per_member", most.to_string());
            map.put("per", period(per));
        }
        map.maybe("in_total", limits.in_total.map(|most| most.to_string()));
        map.maybe("budget", limits.budget.map(|amount| self.money(amount)));
        map.maybe("given_back", limits.given_back_if_whole.then_some("on_full_return"));
        map
    }

    fn offer_stacking(&self, offer: &Offer) -> Map {
        let mut map = Map::default();
        let groups = &offer.stacking.groups;
        if !groups.is_empty() {
            map.put("groups", list(groups.iter().map(|group| quoted(&self.program.groups[*group].id))));
        }
        map.maybe(
            "exclusive",
            offer.stacking.exclusive.map(|scope| match scope {
                ExclusiveScope::Basket => "basket",
                ExclusiveScope::Line => "line",
            }),
        );
        map.maybe("pool", offer.stacking.pool.as_ref().map(|pool| quoted(pool)));
        map
    }
}
