//! What a quote allocates when its memory is warm: nothing.

use suanpan_benches::w1;
use suanpan_domain::Quote;
use suanpan_engine::{Compiled, Scratch, compile};
use suanpan_program::model::SelectionMode;
use suanpan_testkit::generate::{Scenario, Size};
use suanpan_testkit::heap;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

#[test]
fn a_quote_allocates_nothing_once_its_memory_is_warm() {
    for selection in [SelectionMode::ByPriority, SelectionMode::BestForMember] {
        assert_eq!(w1::allocations(selection, 256), 0, "{selection:?}");
    }
}

#[test]
fn no_kind_of_offer_allocates_more() {
    let usual = (1..=300).map(|seed| Scenario::of_seed(seed, Size::USUAL));
    let local = (1..=60).map(|seed| Scenario::of_local_offers(seed, 12));
    let all: Vec<(Scenario, Compiled)> = usual
        .chain(local)
        .map(|scenario| {
            let compiled = compile(&scenario.program).expect("generated programs can be priced");
            (scenario, compiled)
        })
        .collect();
    let (mut scratch, mut quote) = (Scratch::new(), Quote::default());
    let mut searched = 0;
    // Memory that one basket gives back another one takes: it is large enough for all when all came twice.
    for is_warm in [false, false, true] {
        for (scenario, compiled) in &all {
            let (member, usage) = (scenario.member.as_ref(), scenario.usage.as_ref());
            let price = || compiled.quote(&scenario.basket, member, usage, &mut scratch, &mut quote);
            let ((), asked) = heap::allocations(price);
            assert!(!is_warm || asked == 0, "seed {}: {asked}", scenario.seed);
            searched += u32::from(is_warm && quote.nodes_searched > 0);
        }
    }
    assert!(searched > 50, "only {searched} of {} baskets were searched", all.len());
}
