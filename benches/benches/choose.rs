//! Choosing: offers in conflict, an ordinary big basket near a step, chained thresholds; one seed of each.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use suanpan_benches::random::Random;
use suanpan_benches::{programs, w1};
use suanpan_domain::Quote;
use suanpan_engine::Scratch;

fn choose(criterion: &mut Criterion) {
    let member = w1::member();
    let conflicts = {
        let random = &mut Random::new(7);
        let basket = programs::plain_basket(random, 30, &[]);
        (programs::conflicts(random), basket)
    };
    let mut group = criterion.benchmark_group("choose");
    for (name, (text, basket)) in [
        ("conflicts_16", conflicts),
        ("big_basket", programs::ordinary(&mut Random::new(7))),
        ("chain_16", programs::chain(&mut Random::new(7))),
    ] {
        let compiled = programs::compiled(&text);
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

criterion_group!(benches, choose);
criterion_main!(benches);
