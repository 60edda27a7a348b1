//! The offers that could apply, one candidate for each presentation of a coupon (rules 37, 44).

use std::collections::{BTreeMap, BTreeSet};

use suanpan_domain::{Basket, ManualDiscount, ManualTarget, ManualValue, Member, OfferKind, Reason, Usage};
use suanpan_program::model::{
    AmountPer, CodeKind, CountsAs, Effect, OffAmount, Offer, Program, RoundAt, Selection, Selector, Terms,
    UnitCount,
};

use super::conditions::{budget_left, refusal};
use super::lines::Merged;
use super::select::with_tax_basis;

/// One offer, or one presentation of a coupon, or one manual discount.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) offer: Offer,
    /// Which presentation of the offer, from 0.
    pub(super) presentation: usize,
    /// The only line that a paper or a manual discount is for.
    pub(super) only_line: Option<usize>,
    /// What the paper says.
    pub(super) value: Option<i64>,
    pub(super) layer_name: String,
    pub(super) budget_left: Option<i64>,
}

impl Candidate {
    pub(super) fn is_manual(&self) -> bool {
        self.offer.kind == OfferKind::Manual
    }

    pub(super) fn is_coupon(&self) -> bool {
        self.offer.coupon.is_some()
    }

    pub(super) fn is_tender(&self) -> bool {
        self.offer.counts_as == CountsAs::Tender
    }

    /// Points, coupons to come, entitlements: what lowers no price.
    pub(super) fn earns(&self) -> bool {
        matches!(
            self.offer.effect,
            Effect::PointsFixed(_)
                | Effect::PointsTimes(_)
                | Effect::IssueCoupon { .. }
                | Effect::Entitlement(_)
        )
    }

    /// Classes: the layer's name, and `coupon` for whatever was presented.
    pub(super) fn in_class(&self, class: &str) -> bool {
        self.layer_name == class || (class == "coupon" && self.is_coupon())
    }
}

/// The candidates in the order of execution (44), and why other offers are none.
pub(super) struct Candidates {
    pub(super) all: Vec<Candidate>,
    pub(super) refused: BTreeMap<String, Reason>,
}

pub(super) fn candidates(
    program: &Program,
    basket: &Basket,
    member: Option<&Member>,
    usage: Option<&Usage>,
    lines: &[Merged<'_>],
) -> Candidates {
    let mut found = Candidates { all: Vec::new(), refused: BTreeMap::new() };
    for offer in &program.offers {
        let presented = presentations(offer, basket, member, lines);
        if presented.is_empty() {
            continue;
        }
        if let Some(reason) = refusal(program, offer, basket, member, usage) {
            found.refused.insert(offer.id.clone(), reason);
            continue;
        }
        for (presentation, (only_line, value)) in presented.into_iter().enumerate() {
            let candidate = Candidate {
                offer: offer.clone(),
                presentation,
                only_line,
                value,
                layer_name: program.layers[offer.layer].clone(),
                budget_left: budget_left(offer, usage),
            };
            match out_of_reach(program, &candidate, lines).or(choice_needed(&candidate, basket)) {
                Some(reason) => {
                    found.refused.insert(offer.id.clone(), reason);
                }
                None => found.all.push(candidate),
            }
        }
    }
    for manual in &basket.manual_discounts {
        found.all.push(manual_candidate(program, basket, manual, lines));
    }
    found.all.sort_by(|one, two| {
        let key = |candidate: &Candidate| {
            (
                candidate.offer.layer,
                candidate.is_manual(),
                std::cmp::Reverse(candidate.offer.priority),
                candidate.offer.id.clone(),
                candidate.presentation,
            )
        };
        key(one).cmp(&key(two))
    });
    found
}

/// How often an offer is presented, and for which line at which value; automatic offers once.
fn presentations(
    offer: &Offer,
    basket: &Basket,
    member: Option<&Member>,
    lines: &[Merged<'_>],
) -> Vec<(Option<usize>, Option<i64>)> {
    let Some(coupon) = &offer.coupon else { return vec![(None, None)] };
    let per_basket = offer.limits.per_basket.map(|most| most as usize);
    match &coupon.codes {
        CodeKind::Generic(codes) => {
            let mut papers: Vec<(Option<usize>, Option<i64>)> = basket
                .paper_coupons
                .iter()
                .filter(|paper| codes.contains(&paper.code))
                .map(|paper| {
                    let line = lines.iter().position(|merged| merged.line.id == paper.line);
                    (line, Some(paper.value.minor()))
                })
                .collect();
            // The larger value first, then the line.
            papers.sort_by_key(|(line, value)| (std::cmp::Reverse(*value), *line));
            let sent: Vec<&String> = basket.codes.iter().filter(|code| codes.contains(code)).collect();
            let different: BTreeSet<&String> = sent.iter().copied().collect();
            let sent = if coupon.paper { sent.len() } else { different.len() };
            papers.extend((0..sent).map(|_| (None, None)));
            let most = per_basket.unwrap_or(if coupon.paper { usize::MAX } else { 1 });
            papers.truncate(most);
            papers
        }
        CodeKind::Unique { prefix, length } => {
            let codes: BTreeSet<&String> = basket
                .codes
                .iter()
                .filter(|code| code.starts_with(prefix.as_str()) && code.chars().count() == *length)
                .collect();
            codes.into_iter().take(per_basket.unwrap_or(1)).map(|_| (None, None)).collect()
        }
        CodeKind::Owned => {
            let mut owned: Vec<_> = member
                .map_or(&[][..], |member| &member.coupons)
                .iter()
                .filter(|owned| owned.campaign == offer.id && basket.codes.contains(&owned.id))
                .filter(|owned| {
                    owned.expires_unix_ms.is_none_or(|expires| basket.business_time.unix_ms < expires)
                })
                .collect();
            owned.sort_by_key(|owned| (owned.expires_unix_ms.unwrap_or(i64::MAX), owned.id.as_str()));
            owned.into_iter().take(per_basket.unwrap_or(1)).map(|_| (None, None)).collect()
        }
    }
}

/// Why an offer can give nothing in this basket, whatever the choice (37).
fn out_of_reach(program: &Program, candidate: &Candidate, lines: &[Merged<'_>]) -> Option<Reason> {
    let acts = match candidate.offer.effect {
        Effect::Match { .. } | Effect::IssueCoupon { .. } | Effect::Entitlement(_) => true,
        // Gifts come with goods.
        Effect::Gift { .. } => (0..lines.len()).any(|line| candidate.counts(line, lines)),
        Effect::PointsFixed(_) => {
            (0..lines.len()).any(|line| candidate.may_take(candidate.acting_selection(), line, lines))
        }
        // A bundle needs something of each part.
        Effect::Bundle { ref parts, .. } => parts
            .iter()
            .all(|part| (0..lines.len()).any(|line| candidate.may_take(&part.selection, line, lines))),
        _ => !candidate.acts_on(lines, false).is_empty(),
    };
    let bought = candidate.offer.buy.selector == Selector::Everything
        || (0..lines.len()).any(|line| candidate.is_bought(line, lines));
    // Nothing can be multiplied where nothing is earned.
    let earns = program.points.earn.is_some() || !matches!(candidate.offer.effect, Effect::PointsTimes(_));
    if !acts || !bought || !earns {
        return Some(Reason::NothingSelected);
    }
    let highest = |reach: UnitCount| highest_measure(program, candidate, reach, lines);
    let met = |reach: UnitCount| highest(reach) >= wanted(reach);
    let reached = match (candidate.offer.threshold, &candidate.offer.effect) {
        (Some(threshold), _) => met(threshold.reach),
        (None, Effect::Steps(steps)) => steps.iter().any(|step| met(step.reach)),
        (None, Effect::Repeat { every, .. }) => met(*every),
        (None, Effect::Gift { per_units: Some(each), .. }) => met(UnitCount::Units(*each)),
        (None, _) => true,
    };
    (!reached).then_some(Reason::ThresholdNotMet)
}

/// A gift that has to be chosen is no candidate before it is (36, 37).
fn choice_needed(candidate: &Candidate, basket: &Basket) -> Option<Reason> {
    let Effect::Gift { of, choose, .. } = &candidate.offer.effect else { return None };
    if *choose as usize >= of.len() {
        return None;
    }
    let mut chosen = basket
        .gift_choices
        .iter()
        .filter(|choice| choice.offer == candidate.offer.id)
        .flat_map(|choice| &choice.skus)
        .peekable();
    if chosen.peek().is_none() {
        return Some(Reason::ChoiceNeeded);
    }
    let offered = chosen.any(|sku| of.iter().any(|offered| offered == sku.as_str()));
    (!offered).then_some(Reason::ChoiceNotOffered)
}

/// What a count asks for, in its own unit.
pub(super) fn wanted(reach: UnitCount) -> i64 {
    match reach {
        UnitCount::Units(units) => units,
        UnitCount::Weight(weight) => weight.milli(),
        UnitCount::Spend(amount) => amount.minor(),
    }
}

/// What an offer's threshold would see at the amounts that enter the first layer.
pub(super) fn highest_measure(
    program: &Program,
    candidate: &Candidate,
    reach: UnitCount,
    lines: &[Merged<'_>],
) -> i64 {
    (0..lines.len())
        .filter(|line| candidate.counts(*line, lines))
        .map(|line| measure_of_line(program, candidate, reach, &lines[line], lines[line].gross))
        .sum()
}

/// What one line adds to a measure (11, 12).
pub(super) fn measure_of_line(
    program: &Program,
    candidate: &Candidate,
    reach: UnitCount,
    merged: &Merged<'_>,
    amount: i64,
) -> i64 {
    match reach {
        UnitCount::Units(_) => merged.owners.len() as i64,
        UnitCount::Weight(_) if merged.weighed => merged.quantity_milli,
        UnitCount::Weight(_) => 0,
        UnitCount::Spend(_) => match candidate.offer.threshold.and_then(|threshold| threshold.tax) {
            Some(basis) if basis != program.price_mode => with_tax_basis(amount, merged, basis),
            _ => amount,
        },
    }
}

/// A manual discount as an offer: never left out, last in its layer (44).
fn manual_candidate(
    program: &Program,
    basket: &Basket,
    manual: &ManualDiscount,
    lines: &[Merged<'_>],
) -> Candidate {
    let (layer_name, only_line, round_at) = match &manual.target {
        ManualTarget::Basket => ("basket", None, RoundAt::Offer),
        ManualTarget::Line(id) => {
            let request = basket.lines.iter().position(|line| line.id == *id).expect("a line of the basket");
            let line = lines.iter().position(|merged| merged.requests.contains(&request));
            ("item", line, RoundAt::Line)
        }
    };
    let effect = match manual.value {
        ManualValue::Percent(rate) => Effect::PercentOff(rate),
        ManualValue::Amount(amount) => {
            Effect::AmountOff { amount: OffAmount::Fixed(amount), per: AmountPer::Basket }
        }
    };
    let offer = Offer {
        id: format!("manual:{}", manual.id),
        title: Default::default(),
        kind: OfferKind::Manual,
        layer: program.layers.iter().position(|layer| layer == layer_name).expect("a known layer"),
        priority: 0,
        leave_out_allowed: false,
        when: Default::default(),
        who: Default::default(),
        place: Default::default(),
        buy: Selection::default(),
        threshold: None,
        target: None,
        effect,
        terms: Terms { round_at: Some(round_at), ..Terms::default() }.into(),
        limits: Default::default(),
        funding: Vec::new(),
        counts_as: CountsAs::Discount,
        stacking: Default::default(),
        coupon: None,
        guard_exempt: false,
    };
    let layer_name = layer_name.to_owned();
    Candidate { offer, presentation: 0, only_line, value: None, layer_name, budget_left: None }
}
