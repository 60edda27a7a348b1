//! Writes a scenario and what the oracle says of it as a case file (`docs/cases.md`): put into the folder of cases, it is
//! run as it stands.

use std::collections::BTreeMap;
use std::fmt::Write;

use suanpan_domain::Currency;
use suanpan_program::model::Effect;

use crate::basket_file::{self, Presented};
use crate::generate::Scenario;
use crate::oracle::{Priced, PricedLine, PricedUnit};
use crate::program_file;

/// A case file with one case, named after the scenario's seed.
///
/// ```
/// use suanpan_testkit::generate::{Scenario, Size};
/// use suanpan_testkit::{case_file, cases, oracle};
/// let scenario = Scenario::of_seed(7, Size::SMALL);
/// let priced = oracle::price(&scenario).expect("few choices");
/// let read = cases::read(&case_file::write(&scenario, &priced)).expect("it is a case file");
/// assert_eq!(read[0].id, "ORACLE-7");
/// ```
#[must_use]
pub fn write(scenario: &Scenario, priced: &Priced) -> String {
    let Scenario { seed, program, basket, member, usage } = scenario;
    let presented = Presented { basket: basket.clone(), member: member.clone(), usage: usage.clone() };
    let mut out = format!(
        "family: oracle\ntitle: Found beside the oracle\ncases:\n  - id: ORACLE-{seed}\n    source: the oracle, seed {seed}\n    \
         shows: what the oracle says\n"
    );
    section(&mut out, "program", &program_file::write(program));
    section(&mut out, "basket", &basket_file::write(&presented, program));
    section(&mut out, "expect", &expectation(scenario, priced));
    out
}

fn section(out: &mut String, key: &str, text: &str) {
    let _ = writeln!(out, "    {key}:");
    for line in text.lines() {
        let _ = writeln!(out, "      {line}");
    }
}

fn money(currency: Currency, minor: i64) -> String {
    let places = usize::from(currency.exponent());
    let scale = 10_u64.pow(places as u32);
    let (sign, magnitude) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
    match places {
        0 => format!("{sign}{magnitude}"),
        _ => format!("{sign}{}.{:0places$}", magnitude / scale, magnitude % scale),
    }
}

fn map<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let rows: Vec<String> = rows.into_iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
    if rows.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", rows.join(", ")) }
}

fn expectation(scenario: &Scenario, priced: &Priced) -> String {
    let amount = |minor: i64| money(scenario.program.currency, minor);
    let mut out = String::new();
    for (key, minor) in [
        ("gross", priced.gross),
        ("net", priced.net),
        ("tax_included", priced.tax_included),
        ("tax_added", priced.tax_added),
        ("reimbursed", priced.reimbursed),
        ("points_tender", priced.points_tender),
        ("due", priced.due),
        ("due_cash", priced.due_cash),
        ("points_value", priced.points_value),
    ] {
        let _ = writeln!(out, "{key}: {}", amount(minor));
    }
    let _ = writeln!(out, "used: {}\nearned: {}", priced.points_used, priced.points_earned);
    // An offer that is presented several times is said once, with all that it gives.
    let mut offers: BTreeMap<&str, i64> = BTreeMap::new();
    for offer in &priced.offers {
        // A case names a manual discount by its id alone.
        let id = offer.id.strip_prefix("manual:").unwrap_or(&offer.id);
        *offers.entry(id).or_default() += offer.amount;
    }
    let once = offers.len() == priced.offers.len();
    let _ = writeln!(out, "offers: {}", map(offers.into_iter().map(|(id, given)| (id, amount(given)))));
    if once {
        let _ = writeln!(out, "gifts: [{}]", gifts(scenario, priced).join(", "));
    }
    let _ = writeln!(out, "lines:");
    for (id, line) in &priced.requests {
        let _ = writeln!(out, "  \"{id}\": {}", request(scenario, priced, id, line));
    }
    out
}

/// What each offer adds of each article.
fn gifts(scenario: &Scenario, priced: &Priced) -> Vec<String> {
    let mut units: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for gift in &priced.gifts {
        let offer = scenario.program.offers.iter().find(|offer| offer.id == gift.offer);
        if let Some(Effect::Gift { of, .. }) = offer.map(|offer| &offer.effect) {
            *units.entry((&gift.offer, &of[gift.choice])).or_default() += gift.units;
        }
    }
    units.into_iter().map(|((offer, sku), units)| format!("\"{offer}: {units} x {sku}\"")).collect()
}

fn request(scenario: &Scenario, priced: &Priced, id: &str, line: &PricedLine) -> String {
    let amount = |minor: i64| money(scenario.program.currency, minor);
    let tax: i64 = line.taxes.values().sum();
    let mut rows = vec![
        ("gross", amount(line.gross)),
        ("net", amount(line.net)),
        ("tax", amount(tax)),
        ("points_paid", amount(line.points_paid)),
        ("earned", line.points_earned.to_string()),
    ];
    // Units are said of the merged line, which its first request line names.
    if let Some(merged) = priced.merged.get(id) {
        let runs = |of: fn(&PricedUnit) -> i64| {
            let mut runs: Vec<(i64, usize)> = Vec::new();
            for unit in &merged.units {
                match runs.last_mut() {
                    Some((last, count)) if *last == of(unit) => *count += 1,
                    _ => runs.push((of(unit), 1)),
                }
            }
            let texts: Vec<String> =
                runs.into_iter().map(|(minor, count)| format!("\"{count} x {}\"", amount(minor))).collect();
            format!("[{}]", texts.join(", "))
        };
        rows.push(("units", runs(|unit| unit.net)));
    }
    map(rows)
}
