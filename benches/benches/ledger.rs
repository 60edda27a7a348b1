//! One sale on a member's account: read the head, confirm, write head and row. Without a store.

#[path = "ledger/account.rs"]
mod account;

use std::hint::black_box;

use account::{checkout, command, confirm, member, policy};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use suanpan_ledger::codec::{decode_head, encode_entry, encode_head};
use suanpan_ledger::command::EntryRef;
use suanpan_ledger::{Action, Applied, apply, due_at};

fn ledger(criterion: &mut Criterion) {
    let (policy, confirm) = (policy(), confirm());
    let mut group = criterion.benchmark_group("ledger");
    group.throughput(Throughput::Elements(1));
    for (name, lots, coupons) in [("confirm_small", 3, 2), ("confirm_50_lots_20_coupons", 50, 20)] {
        let head = encode_head(&member(&policy, lots, coupons));
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let head = decode_head(black_box(&head)).expect("a head");
                let Ok(Applied::Changed(change)) = apply(&policy, &head, &[], black_box(&confirm)) else {
                    panic!("is confirmed")
                };
                (encode_head(&change.head), encode_entry(&change.entry))
            });
        });
    }
    let head = member(&policy, 50, 20);
    let small = encode_head(&head);
    group.bench_function("decode_head", |bench| bench.iter(|| decode_head(black_box(&small))));
    group.bench_function("encode_head", |bench| bench.iter(|| encode_head(black_box(&head))));
    group.bench_function("apply_confirm", |bench| {
        bench.iter(|| apply(&policy, black_box(&head), &[], &confirm))
    });
    group.bench_function("due_at", |bench| bench.iter(|| due_at(&policy, black_box(&head))));
    let sold = match apply(&policy, &head, &[], &confirm) {
        Ok(Applied::Changed(change)) => change,
        other => panic!("{other:?}"),
    };
    let accrue = command(Action::Accrue { entry: EntryRef::Checkout(checkout()) });
    let rows = [sold.entry.clone()];
    group.bench_function("apply_accrue", |bench| {
        bench.iter_batched(
            || (),
            |()| apply(&policy, black_box(&sold.head), &rows, &accrue),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, ledger);
criterion_main!(benches);
