//! A scenario as short text: what is as usual is left out.

use suanpan_testkit::generate::Scenario;

/// What a value says of itself when nothing was said of it.
const USUAL: [&str; 34] = [
    "title: Title { en: None, zh_cn: None }, ",
    "when: When { from: None, until: None, weekdays: 0, days_of_month: 0, months: 0, times: [] }, ",
    "who: Who { members_only: false, tiers: [], segments: [], birthday: None, first_purchase: false, \
     new_member_days: None, hold_out: None }, ",
    "place: Place { stores: None, channels: [], payments: [] }, ",
    "threshold: None, ",
    "target: None, ",
    "cap: None, ",
    "units: None, ",
    "floor_unit_price: None, ",
    "floor_line: None, ",
    "floor_sku: None, ",
    "worth: 0, ",
    "round_at: None, ",
    "min_gain: None, ",
    "basis: Running, ",
    ", all_or_nothing: false",
    "all_or_nothing: false ",
    "limits: Limits { per_basket: None, per_member: None, in_total: None, budget: None }, ",
    "funding: [], ",
    "counts_as: Discount, ",
    "stacking: OfferStacking { groups: [], exclusive: None, pool: None }, ",
    "coupon: None, ",
    ", guard_exempt: false",
    "buy: Selection { selector: Everything, undiscounted_only: false }, ",
    ", undiscounted_only: false",
    "terms: Terms { }, ",
    "weighed: false, ",
    "price_overridden: false, ",
    "not_discountable: false, ",
    ", legal_minimum: None",
    "tags: [], ",
    "taxes: [], ",
    "kind: Goods, ",
    "brand: \"\", ",
];

fn short(text: String) -> String {
    USUAL.iter().fold(text, |text, usual| text.replace(usual, ""))
}

/// The scenario, one offer, line or setting a line.
pub(crate) fn of(scenario: &Scenario) -> String {
    let (program, basket) = (&scenario.program, &scenario.basket);
    let mut rows = vec![format!(
        "program: {:?}, {:?}, {:?}, {:?}, split {:?}, layers {:?}",
        program.currency,
        program.price_mode,
        program.rounding,
        program.selection,
        program.unit_split,
        program.layers
    )];
    rows.push(format!("  {:?}", program.allocation));
    rows.push(format!(
        "  maximum discount {:?}, minimum due {:?}, cash {:?}, {:?}",
        program.maximum_discount, program.minimum_due, program.cash_rounding, program.tax
    ));
    rows.push(format!("  groups {:?}, combine {:?}", program.groups, program.combine));
    rows.push(format!("  earn {:?}, offset {:?}", program.points.earn, program.points.offset));
    rows.extend(program.offers.iter().map(|offer| short(format!("  {offer:?}"))));
    rows.push(format!("member: {:?}", scenario.member));
    rows.push(format!("usage: {:?}", scenario.usage));
    rows.push(format!(
        "basket: store {:?}, channel {:?}, payment {:?}, {:?}, codes {:?}, {:?}",
        basket.store, basket.channel, basket.payment_kind, basket.business_time, basket.codes, basket.points
    ));
    rows.extend(basket.lines.iter().map(|line| short(format!("  {line:?}"))));
    rows.extend(basket.paper_coupons.iter().map(|paper| format!("  {paper:?}")));
    rows.extend(basket.manual_discounts.iter().map(|manual| format!("  {manual:?}")));
    rows.extend(basket.gift_choices.iter().map(|choice| format!("  {choice:?}")));
    if let Some(priced) = suanpan_testkit::oracle::price(scenario) {
        let given: Vec<String> =
            priced.offers.iter().map(|offer| format!("{} {}", offer.id, offer.amount)).collect();
        rows.push(format!(
            "oracle: net {}, due {}, objective {}, gives {given:?}, left out {:?}, dropped {:?}, refused {:?}",
            priced.net, priced.due, priced.objective, priced.left_out, priced.dropped, priced.refused
        ));
    }
    rows.join("\n")
}
