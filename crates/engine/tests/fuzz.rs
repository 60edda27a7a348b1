//! Program files with changes that nobody meant: what is still read is compiled or refused, and prices a basket without a
//! panic, by sums that hold.
//!
//! `SUANPAN_SEED` sets the first seed, `SUANPAN_LONG=1` tries ten times as many.

use suanpan_domain::{Money, Quote};
use suanpan_engine::{Scratch, compile};
use suanpan_program::{SourceFile, parse};
use suanpan_testkit::generate::{Random, Scenario, Size};
use suanpan_testkit::program_file;

/// Files that are changed.
const FILES: u64 = 2_000;
/// Changes that each is tried with; those after which it is still read stay.
const CHANGES: u64 = 16;

/// Values at the edges of what a key takes, and words that stand elsewhere in programs.
const WORDS: &[&str] = &[
    "0",
    "1",
    "2",
    "-1",
    "0.01",
    "0.000001",
    "99999999",
    "1000000000.00",
    "9223372036854775807",
    "100%",
    "0%",
    "0.0001%",
    "50%",
    "true",
    "false",
    "null",
    "[]",
    "{}",
    "allowed",
    "never",
    "basket",
    "line",
    "unit",
    "running",
    "list",
    "layer",
    "cheapest",
    "dearest",
    "included",
    "excluded",
    "best_for_member",
    "by_priority",
    "S1",
    "dairy",
    "goods",
    "shipping",
];

/// The places of numbers and words in a text.
fn words(text: &str) -> Vec<(usize, usize)> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "._-%".contains(character);
    let mut found = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, is_part(character)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                found.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// One change: a word becomes another, two change places, a line goes or comes twice.
fn change(random: &mut Random, text: &mut String) {
    let found = words(text);
    if found.is_empty() {
        return;
    }
    let (from, to) = random.pick(&found);
    match random.below(6) {
        0..=2 => text.replace_range(from..to, random.pick(WORDS)),
        3 => {
            let (other_from, other_to) = random.pick(&found);
            let other = text[other_from..other_to].to_owned();
            text.replace_range(from..to, &other);
        }
        4 => {
            let digits: String = text[from..to].chars().filter(char::is_ascii_digit).collect();
            text.insert_str(to, if digits.is_empty() { "s" } else { &digits });
        }
        _ => {
            let mut lines: Vec<&str> = text.lines().collect();
            let at = random.below(lines.len() as u64) as usize;
            if random.chance(50) {
                lines.remove(at);
            } else {
                let line = random.pick(&lines);
                lines.insert(at, line);
            }
            *text = lines.join("\n");
        }
    }
}

/// What became of the changed files.
#[derive(Debug, Default)]
struct Tally {
    changes: u64,
    compiled: u64,
    reduced: u64,
}

fn price(seed: u64, tally: &mut Tally) {
    let mut random = Random::new(seed);
    let Scenario { program, mut basket, member, usage, .. } = Scenario::of_seed(seed, Size::SMALL);
    let mut text = program_file::write(&program);
    let mut last = None;
    for _ in 0..CHANGES {
        let mut changed = text.clone();
        change(&mut random, &mut changed);
        if let Ok(parsed) = parse(&[SourceFile::new("changed.yaml", changed.as_str())]) {
            tally.changes += u64::from(changed != text);
            (text, last) = (changed, Some(parsed));
        }
    }
    let Some(parsed) = last else { return };
    let Ok(compiled) = compile(&parsed.program) else { return };
    tally.compiled += 1;
    // A node refuses baskets in other currencies.
    basket.currency = parsed.program.currency;
    let mut quote = Quote::default();
    compiled.quote_with_near_misses(
        &basket,
        member.as_ref(),
        usage.as_ref(),
        &mut Scratch::new(),
        &mut quote,
    );
    assert_eq!(quote.lines.iter().map(|line| line.net).sum::<Money>(), quote.totals.net, "seed {seed}");
    assert_eq!(quote.totals.gross - quote.totals.discount, quote.totals.net, "seed {seed}");
    for line in quote.merged_lines.iter().filter(|line| line.gross >= Money::ZERO) {
        assert!(Money::ZERO <= line.net && line.net <= line.gross, "seed {seed}: {line:?}");
    }
    tally.reduced += u64::from(quote.totals.discount > Money::ZERO);
}

#[test]
fn a_changed_program_that_is_read_prices() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = setting("SUANPAN_SEED").unwrap_or(1);
    let files = if std::env::var_os("SUANPAN_LONG").is_some() { 10 * FILES } else { FILES };
    let mut tally = Tally::default();
    for seed in first..first + files {
        let priced = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| price(seed, &mut tally)));
        assert!(priced.is_ok(), "seed {seed} panics");
    }
    println!("{tally:?} of {files}");
    assert!(
        tally.changes > files && tally.reduced * 4 > files,
        "too little is changed and prices: {tally:?}"
    );
}
