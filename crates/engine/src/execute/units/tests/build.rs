//! Programs of unit effects and baskets in a few words, and what executing all of them leaves.

use suanpan_domain::{
    Basket, BusinessTime, Currency, Line, LineId, LineKind, LinePrice, Money, OfferKind, PointsRequest,
    Quantity, Reason, Rounding, Sku,
};
use suanpan_program::model::{
    Allocation, Effect, LAYERS_DEFAULT, Offer, PointsPolicy, Program, ReturnsPolicy, Selection,
    SelectionMode, Selector, TaxBasis, TaxPolicy, Title, UnitSplit,
};

use crate::evaluate::{Choice, Observer, evaluate};
use crate::execute::{GiftGiven, Given, Take, Work};
use crate::gather::Gathered;
use crate::ground::Ground;
use crate::state::{Run, State};

/// A line: sku, price in minor units, quantity.
pub(super) fn line(sku: &str, price: i64, units: i64) -> Line {
    Line {
        id: LineId::new(format!("line-{sku}-{price}")).unwrap(),
        sku: Sku::new(sku).unwrap(),
        category: String::new(),
        brand: String::new(),
        tags: Vec::new(),
        kind: LineKind::Goods,
        quantity: Quantity::from_units(units),
        weighed: false,
        price: LinePrice::Unit(suanpan_domain::UnitPrice::from_minor(price)),
        taxes: Vec::new(),
        price_overridden: false,
        not_discountable: false,
        legal_minimum: None,
    }
}

pub(super) fn basket(lines: Vec<Line>) -> Basket {
    Basket {
        chain: "cases".to_owned(),
        store: None,
        till: None,
        channel: String::new(),
        currency: Currency::from_code("EUR").unwrap(),
        business_time: BusinessTime::default(),
        lines,
        codes: Vec::new(),
        paper_coupons: Vec::new(),
        manual_discounts: Vec::new(),
        gift_choices: Vec::new(),
        payment_kind: String::new(),
        points: PointsRequest::default(),
        unknown_member: None,
        exchange_of: None,
    }
}

pub(super) fn skus(skus: &[&str]) -> Selection {
    let skus = skus.iter().map(|sku| (*sku).to_owned()).collect();
    Selection { selector: Selector::Sku(skus), undiscounted_only: false }
}

/// An automatic offer on everything.
pub(super) fn offer(id: &str, effect: Effect) -> Offer {
    Offer {
        id: id.to_owned(),
        title: Default::default(),
        kind: OfferKind::Promotion,
        layer: 1,
        priority: 0,
        leave_out_allowed: false,
        when: Default::default(),
        who: Default::default(),
        place: Default::default(),
        buy: Selection::default(),
        threshold: None,
        target: None,
        effect,
        terms: Default::default(),
        limits: Default::default(),
        funding: Vec::new(),
        counts_as: Default::default(),
        stacking: Default::default(),
        coupon: None,
        guard_exempt: false,
    }
}

pub(super) fn program(offers: Vec<Offer>) -> Program {
    Program {
        id: "cases".to_owned(),
        version: "1".to_owned(),
        title: Title::default(),
        currency: Currency::from_code("EUR").unwrap(),
        time_zone: None,
        price_mode: TaxBasis::Included,
        rounding: Rounding::HalfUp,
        allocation: Allocation::default(),
        selection: SelectionMode::ByPriority,
        layers: LAYERS_DEFAULT.iter().map(|layer| (*layer).to_owned()).collect(),
        engine_edition: 1,
        maximum_discount: None,
        minimum_due: Money::ZERO,
        cash_rounding: None,
        tax: TaxPolicy::default(),
        unit_split: UnitSplit::Level,
        search_nodes_max: 1_000,
        archive_after_days: None,
        stores: Vec::new(),
        tiers: Vec::new(),
        offers,
        groups: Vec::new(),
        combine: Vec::new(),
        points: PointsPolicy::default(),
        returns: ReturnsPolicy::default(),
    }
}

/// What an offer did.
#[derive(Debug)]
pub(super) struct Executed {
    pub(super) id: String,
    pub(super) given: Given,
    pub(super) takes: Vec<Take>,
    pub(super) gifts: Vec<GiftGiven>,
    /// What the bound said just before.
    pub(super) bound: i64,
}

/// What all offers left.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) offers: Vec<Executed>,
    pub(super) running: Vec<i64>,
    pub(super) reserved: Vec<i64>,
    /// By merged line.
    pub(super) runs: Vec<Vec<Run>>,
}

impl Outcome {
    pub(super) fn offer(&self, id: &str) -> &Executed {
        self.offers.iter().find(|offer| offer.id == id).unwrap()
    }

    pub(super) fn amount(&self, id: &str) -> i64 {
        self.offer(id).given.amount
    }

    pub(super) fn reason(&self, id: &str) -> Option<Reason> {
        self.offer(id).given.reason
    }
}

struct Watch {
    offers: Vec<Executed>,
    bounds: Vec<i64>,
}

impl Observer for Watch {
    fn executed(&mut self, ground: &Ground<'_>, _: &State, work: &Work, candidate: usize, given: &Given) {
        self.offers.push(Executed {
            id: ground.id(candidate).to_owned(),
            given: *given,
            takes: work.takes.clone(),
            gifts: work.gifts.clone(),
            bound: self.bounds[candidate],
        });
    }
}

/// Executes every offer of a program once, in order; `times` bounds the applications of each.
pub(super) fn execute_all(program: &Program, basket: &Basket, times: Option<u32>) -> Outcome {
    let compiled = crate::compile(program).unwrap();
    let mut gathered = Gathered::default();
    gathered.read(&compiled, basket, None, None);
    let mut taxes = crate::settle::Taxes::default();
    taxes.read(&compiled.program.tax, basket, &gathered.lines.facts);
    let ground = Ground {
        compiled: &compiled,
        basket,
        lines: &gathered.lines.facts,
        merged: &gathered.lines,
        candidates: &gathered.candidates,
        sets: &gathered.sets,
        words: gathered.words,
        tax_rates: &gathered.rates,
        taxes: &taxes,
        guard: gathered.guard,
    };
    let count = ground.candidates.len();
    let (mut state, mut work) = (State::default(), Work::default());
    state.begin(&ground, ground.guard);
    // The bound holds on every state that costs no more than the first, so it is asked once.
    let bounds = (0..count).map(|candidate| {
        let offer = ground.offer(candidate).unwrap();
        crate::execute::units::upper_bound(&ground, &state, candidate, offer)
    });
    let mut watch = Watch { bounds: bounds.collect(), offers: Vec::new() };
    let times = times.map_or(Vec::new(), |times| vec![times; count]);
    let choice = Choice { kept: &vec![true; count], order: &[], times: &times };
    evaluate(&ground, choice, &mut state, &mut work, &mut watch);
    let runs = ground.lines.iter().enumerate().map(|(line, facts)| {
        let mut runs = Vec::new();
        state.units.push_runs(line, facts.units, state.running[line], &mut runs);
        runs
    });
    Outcome {
        runs: runs.collect(),
        offers: watch.offers,
        running: state.running.clone(),
        reserved: state.reserved.clone(),
    }
}
