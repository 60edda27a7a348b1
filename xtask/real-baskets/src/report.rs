//! What pricing the year showed, as Markdown, and whether it is what was promised.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::check::Doubling;
use crate::papers::PapersByLine;
use crate::price::Outcome;
use crate::year::Year;

/// At least so many of a thousand lines with a coupon must be doubled by the rule as the chain did. Held where the number
/// of papers is known (one unit), and where any possible number may explain the line; the blind count is shown only, for
/// what it misses is mostly the number of papers and not the rule.
const RULE_AGREES_PER_MILLE_MIN: u64 = 975;
/// Kinds of exceptions that the report lists, the most frequent first; the file beside it has all of them.
const EXCEPTIONS_SHOWN: usize = 25;
/// Differences that the report quotes.
const DIFFERENCES_SHOWN: usize = 20;

/// Three ways through the year.
pub struct Priced {
    /// Every basket, with the chain's addition to coupons as recorded.
    pub recorded: Outcome,
    /// Baskets with a coupon, with the addition by the rule and papers counted blind.
    pub blind: Outcome,
    /// Of these the baskets that disagreed, with another possible count of papers.
    pub recounted: Outcome,
    /// The counts of papers that the last run was given.
    pub papers: PapersByLine,
}

/// The doubling rule against the chain, on lines with a coupon and a positive quantity.
struct Rule {
    lines: u64,
    blind: u64,
    single_lines: u64,
    single_agree: u64,
    recounted: u64,
    exceptions: Vec<Doubling>,
}

impl Rule {
    fn of(priced: &Priced) -> Self {
        let blind = &priced.blind.findings.doublings;
        let key = |doubling: &Doubling| (doubling.line.basket, doubling.line.product);
        let mut last: BTreeMap<_, Doubling> =
            blind.iter().map(|doubling| (key(doubling), *doubling)).collect();
        last.extend(priced.recounted.findings.doublings.iter().map(|doubling| (key(doubling), *doubling)));
        let single = || blind.iter().filter(|doubling| doubling.line.quantity == 1);
        Self {
            lines: blind.len() as u64,
            blind: blind.iter().filter(|doubling| doubling.agrees()).count() as u64,
            single_lines: single().count() as u64,
            single_agree: single().filter(|doubling| doubling.agrees()).count() as u64,
            recounted: last.values().filter(|doubling| doubling.agrees()).count() as u64,
            exceptions: last.into_values().filter(|doubling| !doubling.agrees()).collect(),
        }
    }
}

/// The report as Markdown.
#[must_use]
pub fn markdown(year: &Year, priced: &Priced) -> String {
    let mut text = String::new();
    let all = &priced.recorded;
    let seconds = all.took.as_millis().max(1);
    let rows = [
        ("baskets, lines", format!("{}, {}", year.baskets.len(), year.lines.len())),
        ("lines per basket: p50, p90, p99, maximum", lines_per_basket(year)),
        (
            "baskets a second (client, node and check on one machine)",
            (u128::from(all.quoted) * 1000 / seconds).to_string(),
        ),
        ("lines a second", (u128::from(all.lines) * 1000 / seconds).to_string()),
        ("lines reproduced to the cent", all.findings.reproduced.to_string()),
        (
            "of these, fuel by the thousandth of a gallon (quantities in the ten thousands), sent as a weight",
            year.lines.iter().filter(|line| line.quantity > 0 && year.is_fuel(line)).count().to_string(),
        ),
        ("lines whose coupon was above what was left of the price: cut to it", all.findings.cut.to_string()),
        ("lines refused", all.refused_lines.to_string()),
        ("lines that differ", all.findings.differences.len().to_string()),
        (
            "lines of products that the chain's own list lacks, priced as they came",
            all.findings.not_in_catalogue.to_string(),
        ),
    ];
    text.push_str("| a real grocery chain's year | |\n|---|---|\n");
    for (what, value) in rows {
        let _ = writeln!(text, "| {what} | {value} |");
    }
    refusals(&mut text, all);
    doubling(&mut text, priced);
    differences(&mut text, priced);
    text
}

fn lines_per_basket(year: &Year) -> String {
    let mut sizes: Vec<usize> = year.baskets.iter().map(ExactSizeIterator::len).collect();
    sizes.sort_unstable();
    let at =
        |per_mille: usize| sizes.get(sizes.len().saturating_sub(1) * per_mille / 1000).copied().unwrap_or(0);
    format!("{}, {}, {}, {}", at(500), at(900), at(990), at(1000))
}

fn refusals(text: &mut String, all: &Outcome) {
    let _ = writeln!(
        text,
        "\n{} baskets were refused as recorded; without the lines that the refusal names all were priced, but for {} that \
         held nothing else.\n\n| refused field: why | lines |\n|---|---|",
        all.refused_baskets, all.empty
    );
    for (why, count) in &all.refusals {
        let _ = writeln!(text, "| {why} | {count} |");
    }
    text.push_str("\n| coupons that gave less than their value: reason | papers |\n|---|---|\n");
    for (reason, count) in &all.coupon_reasons {
        let _ = writeln!(text, "| `{reason}` | {count} |");
    }
}

fn doubling(text: &mut String, priced: &Priced) {
    let rule = Rule::of(priced);
    let _ = writeln!(
        text,
        "\nThe chain doubles a maker's coupon up to 1.00 together. The rule is priced by `match`; nothing of what the chain \
         added is sent. The data have the sum of a line's papers and not their number:\n\n\
         | lines with a coupon and a positive quantity | lines | as the chain | share |\n|---|---|---|---|"
    );
    for (what, lines, agree) in [
        ("one unit, so one paper: nothing to guess", rule.single_lines, rule.single_agree),
        ("all, papers counted by the face values that other lines show", rule.lines, rule.blind),
        (
            "all, with another possible number of papers where the rule then agrees",
            rule.lines,
            rule.recounted,
        ),
    ] {
        let _ = writeln!(text, "| {what} | {lines} | {agree} | {} |", share(agree, lines));
    }
    let mut kinds: BTreeMap<(String, i64, i64, bool), u64> = BTreeMap::new();
    for doubling in &rule.exceptions {
        let kind = (
            papers(priced, doubling),
            doubling.by_rule,
            doubling.line.coupon_match_disc,
            doubling.line.coupon_above_price(),
        );
        *kinds.entry(kind).or_default() += 1;
    }
    let above = rule.exceptions.iter().filter(|doubling| doubling.line.coupon_above_price()).count();
    let _ = writeln!(
        text,
        "\nThe {} exceptions stay exceptions; on {above} of them the chain added so much that the customer got money back, which no \
         quote does. By kind, in cents:\n\n| papers | rule adds | chain added | money back | lines |\n|---|---|---|---|---|",
        rule.exceptions.len()
    );
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for ((papers, by_rule, by_chain, above), count) in kinds.iter().take(EXCEPTIONS_SHOWN) {
        let _ = writeln!(
            text,
            "| {papers} | {by_rule} | {by_chain} | {} | {count} |",
            if *above { "yes" } else { "" }
        );
    }
    let rest = kinds.iter().skip(EXCEPTIONS_SHOWN);
    let _ =
        writeln!(text, "| {} more kinds | | | | {} |", rest.len(), rest.map(|(_, count)| count).sum::<u64>());
}

fn papers(priced: &Priced, doubling: &Doubling) -> String {
    let values: Vec<String> = priced.papers.of(&doubling.line).iter().map(ToString::to_string).collect();
    values.join(" + ")
}

fn differences(text: &mut String, priced: &Priced) {
    let all: Vec<&String> = [&priced.recorded, &priced.blind, &priced.recounted]
        .into_iter()
        .flat_map(|outcome| &outcome.findings.differences)
        .collect();
    if all.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{} differences, the first of them:\n", all.len());
    for difference in all.iter().take(DIFFERENCES_SHOWN) {
        let _ = writeln!(text, "- {difference}");
    }
}

/// Every line on which the chain left its rule, as CSV.
#[must_use]
pub fn exceptions(priced: &Priced) -> String {
    let mut text = String::from(
        "basket,product,quantity,shelf_total,loyalty_price,papers,rule_adds,chain_added,customer_paid\n",
    );
    for doubling in Rule::of(priced).exceptions {
        let line = &doubling.line;
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{}",
            line.basket,
            line.product,
            line.quantity,
            line.shelf_total(),
            line.loyalty_price(),
            papers(priced, &doubling),
            doubling.by_rule,
            line.coupon_match_disc,
            line.customer_pays()
        );
    }
    text
}

/// What was promised and did not hold; empty when everything did. How often the rule agrees is a promise about the
/// whole year; a few days may hold more exceptions.
#[must_use]
pub fn broken_promises(year: &Year, priced: &Priced, whole_year: bool) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, outcome) in
        [("recorded", &priced.recorded), ("by rule", &priced.blind), ("recounted", &priced.recounted)]
    {
        if !outcome.findings.differences.is_empty() {
            broken.push(format!("{} differences in the run `{name}`", outcome.findings.differences.len()));
        }
    }
    let clean =
        year.lines.iter().filter(|line| line.quantity > 0 && !line.coupon_above_price()).count() as u64;
    if priced.recorded.findings.reproduced != clean {
        broken.push(format!("{} of {clean} clean lines reproduced", priced.recorded.findings.reproduced));
    }
    let rule = Rule::of(priced);
    for (what, agree, lines) in [
        ("with one unit", rule.single_agree, rule.single_lines),
        ("with a possible number of papers", rule.recounted, rule.lines),
    ] {
        if whole_year && agree * 1000 < lines * RULE_AGREES_PER_MILLE_MIN {
            broken.push(format!("the rule agrees on {agree} of {lines} lines {what}"));
        }
    }
    broken
}

fn share(part: u64, whole: u64) -> String {
    let hundredths = part * 10_000 / whole.max(1);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}
