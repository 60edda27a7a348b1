//! One quote: W1's baskets beside the hard-wired function, among many offers, with many lines.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use suanpan_benches::{hardwired, programs, w1};
use suanpan_domain::Quote;
use suanpan_engine::Scratch;
use suanpan_program::model::SelectionMode;

fn quote(criterion: &mut Criterion) {
    let (baskets, member) = (w1::baskets(4_096), w1::member());
    let mut group = criterion.benchmark_group("w1");
    group.throughput(Throughput::Elements(1));
    let mut place = 0;
    let mut next = || {
        place = (place + 1) % baskets.len();
        &baskets[place]
    };
    group.bench_function("hard_wired", |bench| bench.iter(|| hardwired::price(black_box(next()))));
    for (name, selection) in
        [("by_priority", SelectionMode::ByPriority), ("best_for_member", SelectionMode::BestForMember)]
    {
        let compiled = w1::compiled(selection);
        let (mut scratch, mut quote) = (Scratch::new(), Quote::default());
        group.bench_function(name, |bench| {
            bench.iter(|| {
                compiled.quote(black_box(next()), Some(&member), None, &mut scratch, &mut quote);
                black_box(&quote);
            });
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("size");
    for (name, compiled, basket) in [
        ("offers_20", programs::compiled(&programs::crowd(20)), w1::w1()),
        ("offers_10000", programs::compiled(&programs::crowd(10_000)), w1::w1()),
        ("lines_100", programs::compiled(&programs::crowd(20)), programs::long_basket(100)),
    ] {
        let (mut scratch, mut quote) = (Scratch::new(), Quote::default());
        group.bench_function(name, |bench| {
            bench.iter(|| {
                compiled.quote(black_box(&basket), Some(&member), None, &mut scratch, &mut quote);
                black_box(&quote);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, quote);
criterion_main!(benches);
