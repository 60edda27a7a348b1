//! The largest baskets and the worst programs end: on a small stack, in little memory, within a count of nodes.

use std::fmt::Write as _;
use std::time::Instant;

use suanpan_domain::Quote;
use suanpan_domain::quote::SelectionOutcome;
use suanpan_engine::{Scratch, compile};
use suanpan_program::{SourceFile, parse};
use suanpan_testkit::{cases, heap};

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

/// What a thread of the node's runtime has.
const STACK: usize = 2 * 1024 * 1024;
/// More than the largest basket of this test needs beside its program and itself.
const MEMORY_MAX: usize = 96 * 1024 * 1024;
/// Nodes that a program may ask for unless it says otherwise, and what the first choice of each search may take beside.
const NODES_MAX: u64 = 200_000;
const FIRST_MAX: u64 = 1_000_000;

/// One basket under one program.
struct Large {
    name: &'static str,
    /// Rows of `promotions`.
    promotions: String,
    /// Other keys of the program.
    more: String,
    lines: String,
    codes: String,
    exact: bool,
}

/// So many rows, each from its number.
fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "        - {}", row(number));
        text
    })
}

fn lines(count: usize, quantity: u32) -> String {
    rows(count, |at| {
        format!("{{ id: L{at}, sku: S{at}, price: {}.{:02}, qty: {quantity} }}", 3 + at % 7, at % 100)
    })
}

const SPEND_AND_SAVE: &str =
    "        - { id: save, layer: basket, effect: { steps: [{ spend: SPEND, save: 30.00 }] } }\n";

fn spend_and_save(spend: u32) -> String {
    SPEND_AND_SAVE.replace("SPEND", &spend.to_string())
}

fn large() -> Vec<Large> {
    let plain = |name, promotions: String, lines: String, exact| Large {
        name,
        promotions,
        more: String::new(),
        lines,
        codes: String::new(),
        exact,
    };
    let of_sku = |effect: &'static str| {
        move |at: usize| format!("{{ id: o{at}, buy: {{ sku: S{} }}, {effect} }}", at % 1_000)
    };
    let never = "effect: { percent_off: 10% }";
    let allowed = "leave_out: allowed, effect: { percent_off: 10% }";
    let exclusive = "stacking: { exclusive: line }, effect: { percent_off: 10% }";
    vec![
        plain(
            "offers that must not be left out",
            rows(2_000, of_sku(never)) + &spend_and_save(6_000),
            lines(1_000, 1),
            true,
        ),
        plain(
            "offers that may be left out",
            rows(2_000, of_sku(allowed)) + &spend_and_save(6_000),
            lines(1_000, 1),
            false,
        ),
        plain(
            "sets and pairs of one pool on each line",
            rows(1_000, |at| {
                format!(
                    "{{ id: p{at}, buy: {{ sku: S{at} }}, effect: {{ nth_unit: {{ n: 2, percent_off: 50% }} }} }}"
                )
            }) + &rows(1_000, |at| {
                format!(
                    "{{ id: q{at}, buy: {{ sku: S{at} }}, effect: {{ set_price: {{ units: 3, price: 6.00 }} }} }}"
                )
            }),
            lines(1_000, 7),
            false,
        ),
        plain(
            "exclusive offers on one line",
            rows(40, |at| {
                format!(
                    "{{ id: o{at}, stacking: {{ exclusive: line }}, effect: {{ percent_off: {}% }} }}",
                    at % 9 + 1
                )
            }),
            lines(1, 1),
            true,
        ),
        plain("an exclusive offer on each line", rows(1_000, of_sku(exclusive)), lines(1_000, 1), true),
        plain(
            "an exclusive offer on each line before one on all",
            rows(1_000, of_sku(exclusive))
                + &rows(1, |_| "{ id: five, effect: { percent_off: 5% } }".to_owned()),
            lines(1_000, 1),
            false,
        ),
        plain(
            "exclusive offers that give nothing any more",
            rows(40, |at| {
                format!(
                    "{{ id: a{at}, layer: item, buy: {{ sku: S{at} }}, effect: {{ percent_off: 100% }} }}"
                )
            }) + &rows(40, |at| {
                format!(
                    "{{ id: b{at}, layer: basket, buy: {{ sku: S{at}, spend: 1.00 }}, stacking: {{ exclusive: line }}, effect: {{ percent_off: 5% }} }}"
                )
            }),
            lines(40, 1),
            false,
        ),
        plain(
            "offers on the whole",
            rows(5_000, |at| {
                format!("{{ id: w{at}, leave_out: never, effect: {{ amount_off: 0.0{} }} }}", at % 9 + 1)
            }) + &spend_and_save(10),
            lines(10, 20),
            true,
        ),
        plain(
            "offers on the whole that may be left out",
            rows(3_000, |at| format!("{{ id: w{at}, effect: {{ amount_off: 0.0{} }} }}", at % 9 + 1))
                + &rows(20, |at| {
                    format!("{{ id: z{at}, effect: {{ steps: [{{ spend: {}, save: 2.00 }}] }} }}", 900 + at)
                }),
            lines(10, 20),
            false,
        ),
        plain(
            "thousands of units of one pool",
            rows(1, |_| "{ id: half, effect: { nth_unit: { n: 2, percent_off: 50% } } }".to_owned())
                + &rows(1, |_| "{ id: three, effect: { set_price: { units: 3, price: 6.00 } } }".to_owned()),
            lines(2, 3_000),
            false,
        ),
        Large {
            name: "coupons before thresholds",
            promotions: rows(12, |at| {
                format!("{{ id: s{at}, effect: {{ steps: [{{ spend: {}, save: 2.00 }}] }} }}", 200 + 10 * at)
            }),
            more: format!(
                "      coupons:\n{}",
                rows(64, |at| format!(
                    "{{ id: c{at}, layer: tier, codes: {{ generic: [C{at}] }}, effect: {{ amount_off: 0.{:02} }} }}",
                    7 * at % 90 + 5
                ))
            ),
            lines: lines(40, 1),
            codes: (0..64).map(|at| format!("C{at}")).collect::<Vec<_>>().join(", "),
            exact: false,
        },
    ]
}

impl Large {
    fn case(&self) -> String {
        format!(
            "family: own\ntitle: large\ncases:\n  - id: large\n    source: own\n    shows: large\n    program:\n      program: large\n      currency: EUR\n      engine_edition: 1\n{}      promotions:\n{}    basket:\n      codes: [{}]\n      lines:\n{}    expect: {{ discount_cut: 0.00 }}\n",
            self.more, self.promotions, self.codes, self.lines
        )
    }

    /// Prices it on a small stack; what is wrong.
    fn run(&self) -> Result<(), String> {
        let case = cases::read(&self.case()).map_err(|problems| problems[0].to_string())?.remove(0);
        let variant = &case.variants[0];
        let file = SourceFile::new("program", variant.program.as_str());
        let program = parse(&[file]).map_err(|problems| problems.render(false))?.program;
        let presented = variant.presented(&program).map_err(|problems| problems[0].to_string())?;
        let compiled = compile(&program).map_err(|problems| format!("{problems:?}"))?;
        let begun = Instant::now();
        let price = || {
            let mut quote = Quote::default();
            let (member, usage) = (presented.member.as_ref(), presented.usage.as_ref());
            compiled.quote(&presented.basket, member, usage, &mut Scratch::new(), &mut quote);
            quote
        };
        let (quote, memory) = std::thread::scope(|scope| {
            let small = std::thread::Builder::new().stack_size(STACK);
            let pricing = small.spawn_scoped(scope, || heap::peak_bytes(price)).expect("a thread");
            pricing.join().expect("a quote")
        });
        let (nodes, selection) = (quote.nodes_searched, quote.selection);
        println!("{}: {:?}, {nodes} nodes, {selection:?}, {memory} bytes", self.name, begun.elapsed());
        let expected = if self.exact { SelectionOutcome::Exact } else { SelectionOutcome::BestFound };
        if memory > MEMORY_MAX || nodes > NODES_MAX + FIRST_MAX || selection != expected {
            return Err(format!("{}: {nodes} nodes, {selection:?}, {memory} bytes", self.name));
        }
        Ok(())
    }
}

#[test]
fn large_baskets_end() {
    let wrong: Vec<String> = large().iter().filter_map(|large| large.run().err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
