//! quick
use std::hint::black_box;
use suanpan_benches::{hardwired, measure, w1};
use suanpan_domain::Quote;
use suanpan_engine::Scratch;
use suanpan_program::model::SelectionMode;
fn main() {
    let baskets = w1::baskets(4096);
    let member = w1::member();
    for sel in [SelectionMode::ByPriority, SelectionMode::BestForMember] {
        let c = w1::compiled(sel);
        let (mut s, mut q) = (Scratch::new(), Quote::default());
        let (a, b, r) = measure::ratio(
            || {
                for x in &baskets {
                    c.quote(black_box(x), Some(&member), None, &mut s, &mut q);
                    black_box(&q);
                }
            },
            || {
                for x in &baskets {
                    black_box(hardwired::price(black_box(x)));
                }
            },
        );
        println!("{sel:?} {:?} {:?} {r:.2}", a / 4096, b / 4096);
    }
}
