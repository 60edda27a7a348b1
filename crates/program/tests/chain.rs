//! A whole chain loads, and means what it says.

use suanpan_domain::{Money, OfferKind, Rate};
use suanpan_program::model::{
    AmountAt, CodeKind, CountsAs, Effect, GroupScope, Offer, Program, SelectionMode, Selector, Threshold,
    UnitCount,
};
use suanpan_program::{SourceFile, parse};

const CHAIN: &str = include_str!("programs/sunrise-market.yaml");

fn chain() -> Program {
    let parsed = parse(&[SourceFile::new("sunrise-market.yaml", CHAIN)])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    assert!(parsed.warnings.is_empty(), "{}", parsed.warnings);
    parsed.program
}

fn offer<'p>(program: &'p Program, id: &str) -> &'p Offer {
    program.offers.iter().find(|offer| offer.id == id).unwrap_or_else(|| panic!("no offer {id}"))
}

#[test]
fn the_frame_is_read() {
    let program = chain();
    assert_eq!((program.id.as_str(), program.currency.code()), ("sunrise-market", "CNY"));
    assert_eq!(program.title.zh_cn.as_deref(), Some("朝阳超市"));
    assert_eq!(program.selection, SelectionMode::BestForMember);
    assert_eq!(program.maximum_discount, Some(Rate::from_percent(70)));
    assert_eq!(program.archive_after_days, Some(730));
    assert_eq!(program.stores[1].groups, ["city", "airport"]);
    assert_eq!(
        program.tiers.iter().map(|tier| tier.id.as_str()).collect::<Vec<_>>(),
        ["ordinary", "silver", "gold"]
    );
    assert_eq!(program.points.tier_times[0].times, Rate::from_ppm(1_200_000).unwrap());
    let offset = program.points.offset.as_ref().unwrap();
    assert_eq!((offset.value.micro(), offset.at_least, offset.step), (1_000_000, 100, 100));
    assert_eq!(program.version.len(), 16);
}

#[test]
fn layers_and_leave_out_have_the_defaults_of_their_kind() {
    let program = chain();
    let table = [
        ("tier:silver", "tier", true, OfferKind::Tier),
        ("member-prices", "price", false, OfferKind::PriceList),
        ("member-day", "basket", true, OfferKind::Promotion),
        ("milk-second-half", "item", false, OfferKind::Promotion),
        ("noodles-three-for-ten", "item", false, OfferKind::Promotion),
        ("breakfast", "item", false, OfferKind::Promotion),
        ("buy-two-get-towel", "item", false, OfferKind::Promotion),
        ("autumn-save", "basket", true, OfferKind::Promotion),
        ("happy-evening", "price", false, OfferKind::Promotion),
        ("gift-over-300", "basket", true, OfferKind::Promotion),
        ("first-order", "basket", true, OfferKind::Promotion),
        ("free-shipping", "shipping", true, OfferKind::Promotion),
        ("double-points-fresh", "earn", false, OfferKind::Promotion),
        ("welcome-20", "coupon", true, OfferKind::Coupon),
        ("fresh-15", "item", true, OfferKind::Coupon),
        ("maker-yoghurt", "coupon", false, OfferKind::Coupon),
        ("maker-doubled", "coupon", true, OfferKind::Promotion),
    ];
    for (id, layer, leave_out, kind) in table {
        let offer = offer(&program, id);
        let found = (program.layers[offer.layer].as_str(), offer.leave_out_allowed, offer.kind);
        assert_eq!(found, (layer, leave_out, kind), "{id}");
    }
}

#[test]
fn offers_mean_what_they_say() {
    let program = chain();
    let gold = offer(&program, "tier:gold");
    assert_eq!(gold.who.tiers, ["gold"]);
    let tobacco = Selector::Category(vec!["tobacco".to_owned()]);
    assert_eq!(gold.buy.selector, Selector::Not(Box::new(tobacco)));
    assert_eq!(gold.effect, Effect::PercentOff(Rate::from_percent(5)));

    let save = offer(&program, "autumn-save");
    let hundred = UnitCount::Spend(Money::from_minor(10_000));
    assert_eq!(save.threshold, Some(Threshold { reach: hundred, at: AmountAt::AfterLayer(2), tax: None }));

    let towel = offer(&program, "buy-two-get-towel");
    assert!(towel.threshold.is_none());
    assert!(matches!(
        &towel.effect,
        Effect::BuyGet { buy: UnitCount::Units(2), get: Some(_), get_units: 1, .. }
    ));

    let gift = offer(&program, "gift-over-300");
    assert_eq!(gift.threshold.unwrap().reach, UnitCount::Spend(Money::from_minor(30_000)));
    assert!(matches!(&gift.effect, Effect::Gift { of, choose: 1, per_units: None } if of.len() == 2));

    let yoghurt = offer(&program, "maker-yoghurt");
    let terms = yoghurt.coupon.as_ref().unwrap();
    assert!(terms.paper && terms.codes == CodeKind::Generic(vec!["5012345".to_owned()]));
    assert_eq!((yoghurt.counts_as, yoghurt.funding[0].funder.as_str()), (CountsAs::Tender, "meiji"));
    // It executes after what it matches, though its id comes first.
    assert!(offer(&program, "maker-doubled").priority < yoghurt.priority);
}

#[test]
fn a_class_brings_its_offers_into_a_group() {
    let program = chain();
    let group = program.groups.iter().position(|group| group.id == "line-price").unwrap();
    assert_eq!(program.groups[group].scope, GroupScope::Line);
    let members: Vec<&str> = program
        .offers
        .iter()
        .filter(|offer| offer.stacking.groups.contains(&group))
        .map(|offer| offer.id.as_str())
        .collect();
    assert_eq!(members, ["tier:silver", "tier:gold", "happy-evening"]);
}

#[test]
fn a_list_of_one_needs_no_brackets() {
    let program = |offers: &str| {
        let text = format!(
            "program: shop\ncurrency: EUR\nstacking: {{ groups: [{{ id: one, scope: basket, at_most: 1 }}] }}\n{offers}"
        );
        parse(&[SourceFile::new("shop.yaml", text)]).unwrap_or_else(|problems| panic!("{problems}")).program
    };
    let list = |kind: &str, offer: &str| program(&format!("{kind}:\n  - {{ id: a, {offer} }}\n"));
    for (kind, with, without) in [
        (
            "promotions",
            "buy: { any_of: [{ sku: [X] }] }, effect: { percent_off: 5% }",
            "buy: { any_of: { sku: X } }, effect: { percent_off: 5% }",
        ),
        (
            "promotions",
            "effect: { steps: [{ spend: 10, save: 1 }] }",
            "effect: { steps: { spend: 10, save: 1 } }",
        ),
        (
            "promotions",
            "effect: { bundle: { parts: [{ sku: X, units: 2 }], price: 1 } }",
            "effect: { bundle: { parts: { sku: X, units: 2 }, price: 1 } }",
        ),
        (
            "promotions",
            "stacking: { groups: [one] }, effect: { percent_off: 5% }",
            "stacking: { groups: one }, effect: { percent_off: 5% }",
        ),
        (
            "coupons",
            "codes: { generic: [K] }, effect: { percent_off: 5% }",
            "codes: { generic: K }, effect: { percent_off: 5% }",
        ),
    ] {
        assert_eq!(list(kind, with).offers, list(kind, without).offers, "{without}");
    }
}
