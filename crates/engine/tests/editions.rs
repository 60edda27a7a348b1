//! What an edition of the engine prices stays as it is: a quote of each of some hundred generated baskets, in one line, as it was
//! when the edition was made.
//!
//! `SUANPAN_REWRITE_EDITIONS=1 cargo test -p suanpan-engine --test editions` writes the file anew.

use std::fmt::{Debug, Write as _};
use std::path::Path;

use suanpan_domain::Quote;
use suanpan_domain::quote::Span;
use suanpan_engine::{Compiled, Scratch, compile};
use suanpan_testkit::generate::{Scenario, Size};

/// Seeds of the file.
const SEEDS: std::ops::Range<u64> = 1_000_000..1_000_300;
/// Differences that are shown.
const SHOWN: usize = 5;

/// The file of an edition.
fn path(edition: u16) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/editions/{edition}.txt"))
}

/// FNV-1a 64 of how something is written.
fn hash(of: &impl Debug) -> u64 {
    let text = format!("{of:?}");
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A quote in one line: what a difference is about can be read, units and taxes are a number. The count of nodes is no part of it:
/// a faster search is no other price.
fn line(seed: u64, compiled: &Compiled, scenario: &Scenario, quote: &Quote) -> String {
    let mut line = format!(
        "{seed} gross {} net {} due {} cash {} points {}/{} {:?}",
        quote.totals.gross.minor(),
        quote.totals.net.minor(),
        quote.totals.due.minor(),
        quote.totals.due_cash.minor(),
        quote.points.used,
        quote.points.earned,
        quote.selection,
    );
    let _ = write!(line, " | nets");
    for row in &quote.lines {
        let _ = write!(line, " {}", row.net.minor());
    }
    let _ = write!(line, " | offers");
    for row in &quote.offers {
        let id = match compiled.offers().get(row.offer) {
            Some(entry) => entry.id.clone(),
            None => format!("{:?}", row.offer),
        };
        let reason = row.reason.map_or("", |reason| reason.name());
        let _ = write!(
            line,
            " {id}:{}:{reason}",
            if row.applied { row.amount.minor().to_string() } else { "-".to_owned() }
        );
    }
    let steps = |span: Span| {
        let steps = span.of(&quote.steps).iter();
        steps.map(|step| (step.amount.minor(), step.running.minor())).collect::<Vec<_>>()
    };
    let detail: Vec<_> = quote
        .lines
        .iter()
        .map(|row| {
            let units = row.unit_runs.of(&quote.unit_runs).iter();
            let units: Vec<_> = units
                .map(|run| {
                    (run.units, run.net.minor(), run.tax.minor(), run.points_paid.minor(), run.points_earned)
                })
                .collect();
            let taxes = row.taxes.of(&quote.line_taxes).iter();
            let taxes: Vec<_> = taxes.map(|tax| (tax.tax, tax.amount.minor())).collect();
            (scenario.basket.lines[row.line as usize].id.as_str(), steps(row.steps), units, taxes)
        })
        .collect();
    let gifts: Vec<_> = quote.gifts.iter().map(|gift| (gift.choice, gift.units)).collect();
    let _ = write!(line, " | {:016x}", hash(&(detail, gifts)));
    line
}

/// Every quote of the file, and the edition that priced them.
fn quotes() -> (u16, String) {
    let mut text = String::new();
    let mut edition = 0;
    let (mut scratch, mut quote) = (Scratch::new(), Quote::default());
    for seed in SEEDS {
        let scenario = Scenario::of_seed(seed, Size::USUAL);
        let compiled = compile(&scenario.program).expect("generated programs compile");
        edition = compiled.program().engine_edition;
        let (member, usage) = (scenario.member.as_ref(), scenario.usage.as_ref());
        compiled.quote(&scenario.basket, member, usage, &mut scratch, &mut quote);
        text.push_str(&line(seed, &compiled, &scenario, &quote));
        text.push('\n');
    }
    (edition, text)
}

#[test]
fn an_edition_prices_as_it_did() {
    let (edition, text) = quotes();
    let path = path(edition);
    if std::env::var_os("SUANPAN_REWRITE_EDITIONS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        std::fs::write(&path, &text).expect("the file can be written");
        return;
    }
    let committed =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let different: Vec<_> = committed.lines().zip(text.lines()).filter(|(then, now)| then != now).collect();
    let shown = different.iter().take(SHOWN).fold(String::new(), |mut shown, (then, now)| {
        let _ = writeln!(shown, "  was {then}\n  is  {now}");
        shown
    });
    assert!(
        committed == text,
        "{} of {} quotes of edition {edition} differ:\n{shown}A released edition prices to the same bytes: make a new edition. \
         Before its release, or where the edition was wrong, say in CHANGELOG.md what is priced otherwise, and write the file \
         anew (a change of the generator alone only needs that):\n\
         SUANPAN_REWRITE_EDITIONS=1 cargo test -p suanpan-engine --test editions",
        different.len(),
        committed.lines().count(),
    );
}
