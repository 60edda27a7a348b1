//! A quote there and back: whatever the engine says comes out of the bytes, and of the JSON, as it went in.

use proptest::prelude::*;
use prost::Message;
use suanpan_domain::quote::Entitlement;
use suanpan_domain::{OfferRef, Quote};
use suanpan_engine::{Scratch, compile};
use suanpan_program::model::{Effect, Program};
use suanpan_rpc::encode::{self, Names, Priced};
use suanpan_rpc::v1;
use suanpan_testkit::generate::{Scenario, Size};

/// What a node looks up in the program.
struct Named<'a>(&'a Program);

impl Named<'_> {
    fn effect(&self, offer: OfferRef) -> Option<&Effect> {
        match offer {
            OfferRef::Program(place) => Some(&self.0.offers[place as usize].effect),
            OfferRef::Manual(_) | OfferRef::Code(_) | OfferRef::Paper(_) | OfferRef::Points => None,
        }
    }
}

impl Names for Named<'_> {
    fn gift_sku(&self, offer: OfferRef, choice: u32) -> &str {
        match self.effect(offer) {
            Some(Effect::Gift { of, .. }) => &of[choice as usize],
            _ => "",
        }
    }

    fn entitlement(&self, entitlement: Entitlement) -> &str {
        match entitlement.offer.and_then(|offer| self.effect(offer)) {
            Some(Effect::Entitlement(id)) => id,
            _ => "of the tier",
        }
    }
}

/// The message of a priced scenario, near misses and all.
fn message(scenario: &Scenario, numbers: (i64, i64)) -> v1::Quote {
    let compiled = compile(&scenario.program).expect("generated programs compile");
    let Scenario { basket, member, usage, .. } = scenario;
    let mut quote = Quote::default();
    let mut scratch = Scratch::new();
    compiled.quote_with_near_misses(basket, member.as_ref(), usage.as_ref(), &mut scratch, &mut quote);
    let priced = Priced {
        basket,
        quote: &quote,
        offers: compiled.offers(),
        names: &Named(compiled.program()),
        not_in_catalogue: &[0],
    };
    // What goes around it is the node's.
    let envelope = v1::Envelope {
        age_ms: numbers.0,
        degraded: numbers.1 % 2 == 0,
        token: format!("\u{0}\"{}\u{1f375}", numbers.1),
        expires_unix_ms: numbers.1,
        member_unknown: numbers.0 % 2 == 0,
        ..v1::Envelope::default()
    };
    encode::quote(&priced, envelope)
}

/// There and back, by bytes and by JSON, one after the other.
fn carried(message: &v1::Quote) -> v1::Quote {
    let bytes = message.encode_to_vec();
    let read = v1::Quote::decode(bytes.as_slice()).expect("its own bytes");
    let json = serde_json::to_string(&read).expect("a message is JSON");
    let read: v1::Quote = serde_json::from_str(&json).expect("its own JSON");
    assert_eq!(read.encode_to_vec(), bytes, "the bytes after the JSON");
    read
}

/// Cases, ten times as many with `SUANPAN_LONG=1`.
fn cases() -> u32 {
    if std::env::var_os("SUANPAN_LONG").is_some() { 20_000 } else { 2_000 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_quote_comes_back_as_it_went(seed in any::<u64>(), usual in any::<bool>(), numbers in any::<(i64, i64)>()) {
        let size = if usual { Size::USUAL } else { Size::SMALL };
        let message = message(&Scenario::of_seed(seed, size), numbers);
        prop_assert_eq!(carried(&message), message);
    }
}

/// Fields that quotes fill: a round trip of what is never there proves nothing.
#[test]
fn quotes_of_many_programs_fill_every_field() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..3_000 {
        let message = message(&Scenario::of_seed(seed, Size::SMALL), (1, 2));
        let json = serde_json::to_value(&message).expect("a message is JSON");
        collect("", &json, &mut seen);
    }
    let wanted = [
        "lines.unitRuns.taxMinor",
        "lines.taxes.ratePpm",
        "mergedLines.steps.runningMinor",
        "offers.reason",
        "gifts.sku",
        "taxes.baseMinor",
        "points.used",
        "nearMisses.savingMinor",
        "nearMisses.missing.amountMinor",
        "nearMisses.missing.quantityMilli",
        "entitlements.id",
        "issuedCoupons",
        "envelope.token",
    ];
    let missing: Vec<_> = wanted.iter().filter(|path| !seen.contains(**path)).collect();
    assert!(missing.is_empty(), "never filled: {missing:?}, of {seen:#?}");
}

/// Every path of a JSON value, without places in lists.
fn collect(path: &str, value: &serde_json::Value, seen: &mut std::collections::BTreeSet<String>) {
    seen.insert(path.to_owned());
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                collect(&below, value, seen);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(path, item, seen)),
        _ => {}
    }
}
