//! Reading and compiling a program of ten thousand offers.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use suanpan_benches::programs;
use suanpan_program::{SourceFile, parse};

fn compile(criterion: &mut Criterion) {
    let file = SourceFile::new("crowd.yaml", programs::crowd(10_000));
    let program = match parse(std::slice::from_ref(&file)) {
        Ok(parsed) => parsed.program,
        Err(diagnostics) => panic!("{}", diagnostics.render(false)),
    };
    let mut group = criterion.benchmark_group("offers_10000");
    group.sample_size(20);
    group.bench_function("parse", |bench| bench.iter(|| _ = black_box(parse(std::slice::from_ref(&file)))));
    group.bench_function("compile", |bench| bench.iter(|| _ = black_box(suanpan_engine::compile(&program))));
    group.finish();
}

criterion_group!(benches, compile);
criterion_main!(benches);
