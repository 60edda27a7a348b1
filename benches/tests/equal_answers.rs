//! The baseline gives the engine's answers, on W1 and on all baskets that the benches price.

use suanpan_benches::{hardwired, w1};
use suanpan_domain::{OfferRef, Quote};
use suanpan_engine::Scratch;
use suanpan_program::model::SelectionMode;

#[test]
fn the_baseline_gives_w1_as_published() {
    let answer = hardwired::price(&w1::w1());
    assert_eq!(answer.nets, [565, 1052, 432, 1097, 3513, 1276, 9653, 2805, 0, 1977]);
    assert_eq!(answer.rules, [203, 349, 1974, 2498, 2541, 500]);
}

#[test]
fn engine_and_baseline_give_equal_answers() {
    let member = w1::member();
    let mut better = 0;
    for selection in [SelectionMode::ByPriority, SelectionMode::BestForMember] {
        let compiled = w1::compiled(selection);
        let (mut scratch, mut quote) = (Scratch::new(), Quote::default());
        for basket in std::iter::once(w1::w1()).chain(w1::baskets(4_096)) {
            compiled.quote(&basket, Some(&member), None, &mut scratch, &mut quote);
            let expected = hardwired::price(&basket);
            let net: i64 = expected.nets.iter().sum();
            let chose = selection == SelectionMode::BestForMember && quote.totals.net.minor() < net;
            if chose {
                // A coupon was left out so that the basket reaches 50.00: the member pays less than by the plain rules.
                better += 1;
                continue;
            }
            let nets: Vec<i64> = quote.lines.iter().map(|line| line.net.minor()).collect();
            assert_eq!(nets, expected.nets, "{selection:?} {basket:#?}");
            for (place, id) in ["R1", "R2", "R3", "R4", "R5", "R6"].iter().enumerate() {
                let offer = compiled.offers().find(id).unwrap_or(OfferRef::Points);
                let row = quote.offers.iter().find(|row| row.offer == offer);
                assert_eq!(
                    row.map(|row| row.amount.minor()),
                    Some(expected.rules[place]),
                    "{id} {selection:?}"
                );
            }
        }
    }
    // Few baskets lie so near 50.00.
    assert!(better <= 4_096 / 50, "{better} baskets");
}
