//! A loop for instruction counts.
use std::hint::black_box;
use suanpan_benches::{hardwired, w1};
use suanpan_domain::Quote;
use suanpan_engine::Scratch;
use suanpan_program::model::SelectionMode;
fn main() {
    let n = 400;
    let baskets = w1::baskets(n);
    let member = w1::member();
    let mode = std::env::args().nth(1).unwrap_or_default();
    let c =
        w1::compiled(if mode == "best" { SelectionMode::BestForMember } else { SelectionMode::ByPriority });
    let (mut s, mut q) = (Scratch::new(), Quote::default());
    for _ in 0..10 {
        for x in &baskets {
            if mode == "hard" {
                black_box(hardwired::price(black_box(x)));
            } else {
                c.quote(black_box(x), Some(&member), None, &mut s, &mut q);
                black_box(&q);
            }
        }
    }
}
