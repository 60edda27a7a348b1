//! The search by sums finds what trying every choice finds.

use suanpan_benches::{programs, random::Random, w1};
use suanpan_domain::{Basket, Quote};
use suanpan_engine::{Scratch, compile};
use suanpan_program::model::Program;
use suanpan_program::{SourceFile, parse};

fn net(program: &Program, basket: &Basket) -> i64 {
    let compiled = compile(program).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut quote = Quote::default();
    compiled.quote(basket, Some(&w1::member()), None, &mut Scratch::new(), &mut quote);
    quote.totals.net.minor()
}

/// Twelve offers on single lines, the tier, a member day, three steps, two coupons: every subset of those before the
/// steps is priced as a program of its own, in which nothing may be left out.
#[test]
fn sums_are_as_good_as_every_choice() {
    for seed in 0..6 {
        let (text, basket) = programs::ordinary_of(&mut Random::new(seed), 9, 10);
        let parsed = parse(&[SourceFile::new("ordinary.yaml", text)]);
        let program = parsed.unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render(false))).program;
        let optional: Vec<usize> = (0..program.offers.len()).collect();
        let best = (0..1_u32 << optional.len())
            .map(|left_out| {
                let mut part = program.clone();
                let mut place = 0;
                part.offers.retain(|_| {
                    place += 1;
                    left_out >> (place - 1) & 1 == 0
                });
                part.offers.iter_mut().for_each(|offer| offer.leave_out_allowed = false);
                net(&part, &basket)
            })
            .min();
        assert_eq!(Some(net(&program, &basket)), best, "seed {seed}");
    }
}
