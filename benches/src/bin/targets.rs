//! Measures every target and prints a line for each: name, measured, must, aim, verdict, separated by tabs. An argument
//! measures the targets whose names contain it.

#![allow(clippy::float_arithmetic)] // Ratios of times; no money is near.

use std::hint::black_box;
use std::time::Duration;

use suanpan_benches::random::Random;
use suanpan_benches::{hardwired, measure, programs, w1};
use suanpan_domain::quote::SelectionOutcome;
use suanpan_domain::{Basket, Member, Quote};
use suanpan_engine::{Compiled, Scratch};
use suanpan_program::model::SelectionMode;
use suanpan_testkit::heap;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

/// Baskets of one round.
const BASKETS: usize = 4_096;
/// Programs of a target that speaks of the worst of a thousand.
const PROGRAMS: usize = 1_000;

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let targets: [(&str, Target); 8] = [
        ("w1", against_hardwired),
        ("offers_10000", many_offers),
        ("lines_100", many_lines),
        ("conflicts_16", conflicts),
        ("big_basket", big_basket),
        ("chain_16", chained_thresholds),
        ("compile_10000", compile_many),
        ("allocations", allocations),
    ];
    let mut table = Table;
    for (name, target) in targets {
        if name.contains(&wanted) || wanted.starts_with(name) {
            target(&mut table);
        }
    }
}

/// Measures some rows.
type Target = fn(&mut Table);

/// Prints rows.
struct Table;

impl Table {
    fn row(&mut self, name: &str, measured: f64, unit: &str, must: f64, aim: f64, smaller_is_better: bool) {
        let (passes, sign) =
            if smaller_is_better { (measured <= must, "<=") } else { (measured >= must, ">=") };
        let verdict = if passes { "pass" } else { "miss" };
        println!("{name}\t{measured:.2}{unit}\t{sign} {must}{unit}\t{sign} {aim}{unit}\t{verdict}");
    }

    fn time(&mut self, name: &str, measured: Duration, must: Duration, aim: Duration) {
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        self.row(name, us(measured), " us", us(must), us(aim), true);
    }
}

/// One thread's memory and a program.
struct Desk<'a> {
    compiled: &'a Compiled,
    member: Member,
    scratch: Scratch,
    quote: Quote,
}

impl<'a> Desk<'a> {
    fn new(compiled: &'a Compiled) -> Self {
        Self { compiled, member: w1::member(), scratch: Scratch::new(), quote: Quote::default() }
    }

    fn price(&mut self, basket: &Basket) {
        self.compiled.quote(black_box(basket), Some(&self.member), None, &mut self.scratch, &mut self.quote);
        black_box(&self.quote);
    }
}

fn against_hardwired(table: &mut Table) {
    let baskets = w1::baskets(BASKETS);
    for (name, selection, must, aim) in [
        ("w1_by_priority", SelectionMode::ByPriority, 5.0, 3.0),
        ("w1_best_for_member", SelectionMode::BestForMember, 8.0, 4.0),
    ] {
        let compiled = w1::compiled(selection);
        let mut desk = Desk::new(&compiled);
        let (_, _, ratio) = measure::ratio(
            || baskets.iter().for_each(|basket| desk.price(basket)),
            || baskets.iter().for_each(|basket| _ = black_box(hardwired::price(black_box(basket)))),
        );
        table.row(name, ratio, "x", must, aim, true);
    }
}

/// Of a quote whose memory is warm, the most of W1 and all baskets like it.
fn allocations(table: &mut Table) {
    for (name, selection) in [
        ("allocations_by_priority", SelectionMode::ByPriority),
        ("allocations_best_for_member", SelectionMode::BestForMember),
    ] {
        table.row(name, w1::allocations(selection, BASKETS) as f64, "", 2.0, 0.0, true);
    }
}

fn many_offers(table: &mut Table) {
    let (many, few) =
        (programs::compiled(&programs::crowd(10_000)), programs::compiled(&programs::crowd(20)));
    let (mut in_crowd, mut alone) = (Desk::new(&many), Desk::new(&few));
    let basket = w1::w1();
    let (_, _, ratio) = measure::ratio(
        || (0..BASKETS).for_each(|_| in_crowd.price(&basket)),
        || (0..BASKETS).for_each(|_| alone.price(&basket)),
    );
    table.row("offers_10000", ratio, "x", 1.5, 1.1, true);
}

fn many_lines(table: &mut Table) {
    let compiled = w1::compiled(SelectionMode::BestForMember);
    let (mut long, mut short) = (Desk::new(&compiled), Desk::new(&compiled));
    let (hundred, ten) = (programs::long_basket(100), programs::long_basket(10));
    let (_, _, ratio) = measure::ratio(
        || (0..BASKETS / 8).for_each(|_| long.price(&hundred)),
        || (0..BASKETS / 8).for_each(|_| short.price(&ten)),
    );
    table.row("lines_100", ratio, "x", 12.0, 10.0, true);
}

/// The shortest of five times for each of many programs, and how many were priced exactly.
fn each_of_many(make: impl Fn(&mut Random) -> (String, Basket)) -> (Vec<Duration>, f64) {
    let mut exact = 0;
    let times = (0..PROGRAMS)
        .map(|seed| {
            let (text, basket) = make(&mut Random::new(seed as u64));
            let compiled = programs::compiled(&text);
            let mut desk = Desk::new(&compiled);
            desk.price(&basket);
            exact += usize::from(desk.quote.selection == SelectionOutcome::Exact);
            measure::best_of_five(|| measure::time(|| desk.price(&basket)))
        })
        .collect();
    (times, exact as f64 * 100.0 / PROGRAMS as f64)
}

const fn us(microseconds: u64) -> Duration {
    Duration::from_micros(microseconds)
}

fn conflicts(table: &mut Table) {
    let (mut times, _) = each_of_many(|random| {
        let basket = programs::plain_basket(random, 30, &[]);
        (programs::conflicts(random), basket)
    });
    let (median, _) = measure::median_and_p99(&mut times);
    table.time("conflicts_16_median", median, us(250), us(90));
    table.time("conflicts_16_worst", times.last().copied().unwrap_or_default(), us(1_000), us(400));
}

fn big_basket(table: &mut Table) {
    let (mut times, exact) = each_of_many(programs::ordinary);
    let (median, p99) = measure::median_and_p99(&mut times);
    table.time("big_basket_median", median, us(500), us(100));
    table.time("big_basket_p99", p99, us(5_000), us(2_000));
    table.row("big_basket_exact", exact, " %", 97.0, 99.0, false);
}

fn chained_thresholds(table: &mut Table) {
    let (mut times, _) = each_of_many(programs::chain);
    times.sort();
    table.time("chain_16_worst", times.last().copied().unwrap_or_default(), us(20_000), us(5_000));
}

fn compile_many(table: &mut Table) {
    let text = programs::crowd(10_000);
    let program = match suanpan_program::parse(&[suanpan_program::SourceFile::new("crowd.yaml", text)]) {
        Ok(parsed) => parsed.program,
        Err(diagnostics) => panic!("{}", diagnostics.render(false)),
    };
    let time = measure::best_of_five(|| measure::time(|| _ = black_box(suanpan_engine::compile(&program))));
    table.time("compile_10000", time, us(1_000_000), us(200_000));
}
