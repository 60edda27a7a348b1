//! What a case expects of single lines.

use suanpan_domain::Money;

use super::Problem;
use super::expect::Differences;
use super::fields::Fields;
use super::node::{Entry, Node};

const KEYS: &[&str] =
    &["gross", "net", "discount", "tax", "by", "units", "unit_taxes", "points_paid", "earned"];

/// Checks `nets`, `discounts` and `lines`.
pub(super) fn check(differences: &mut Differences<'_>, fields: Fields<'_>) {
    let answer = differences.answer;
    let lines = &answer.quote.lines;
    in_order(differences, fields, "nets", lines.iter().map(|line| line.net).collect());
    in_order(differences, fields, "discounts", lines.iter().map(|line| line.gross - line.net).collect());
    for entry in differences.entries(fields.get("lines"), "lines") {
        one(differences, entry);
    }
}

fn in_order(differences: &mut Differences<'_>, fields: Fields<'_>, key: &str, got: Vec<Money>) {
    let Some(node) = fields.get(key) else { return };
    let expected: Vec<String> = node.items().iter().filter_map(|item| differences.amount(item)).collect();
    let got: Vec<String> = got.into_iter().map(|amount| differences.answer.money(amount)).collect();
    differences.check(key, expected.join(" / "), got.join(" / "));
}

fn one(differences: &mut Differences<'_>, entry: &Entry) {
    let answer = differences.answer;
    let id = &entry.key;
    let Some(fields) = Fields::of(&entry.node, KEYS, &mut differences.problems) else { return };
    let Some(line) = answer.line(id) else {
        differences.problems.push(Problem::new(entry.node.line, format!("the basket has no line {id}")));
        return;
    };
    let tax = line.taxes.of(&answer.quote.line_taxes).iter().map(|tax| tax.amount).sum();
    for (key, got) in [
        ("gross", line.gross),
        ("net", line.net),
        ("discount", line.gross - line.net),
        ("tax", tax),
        ("points_paid", line.points_paid),
    ] {
        differences.amount_is(format!("line {id} {key}"), fields.get(key), got);
    }
    differences.number_is(&format!("line {id} earned"), fields.get("earned"), line.points_earned);
    if let Some(node) = fields.get("by") {
        let mut expected = Vec::new();
        for offer in differences.entries(Some(node), "offers and amounts") {
            expected.extend(differences.amount(&offer.node).map(|amount| format!("{} {amount}", offer.key)));
        }
        let got = answer.steps(line.steps.of(&answer.quote.steps));
        differences.check(format!("line {id} by"), expected.join(", "), got);
    }
    // Returns follow the merged line, so units are said of it, whichever of its request lines is named.
    let runs =
        answer.merged(line).map(|merged| merged.unit_runs.of(&answer.quote.unit_runs)).unwrap_or_default();
    if let Some(node) = fields.get("units") {
        let expected = units(differences, node);
        let got = answer.units(runs, |run| answer.money(run.net));
        differences.check(format!("line {id} units"), expected, got);
    }
    if let Some(node) = fields.get("unit_taxes") {
        let expected = units(differences, node);
        let got = answer.units(runs, |run| answer.money(run.tax));
        differences.check(format!("line {id} unit taxes"), expected, got);
    }
}

/// `[2 x 10.50, 9.00]`: amounts of units, in the order in which they come back.
fn units(differences: &mut Differences<'_>, node: &Node) -> String {
    let mut texts = Vec::new();
    for item in node.items() {
        let text = item.text().unwrap_or_default();
        let (count, amount) = text.split_once(" x ").unwrap_or(("1", text));
        let amount = Node {
            line: item.line,
            value: super::node::Value::Text { text: amount.to_owned(), quoted: false },
        };
        texts.extend(differences.amount(&amount).map(|amount| format!("{count} x {amount}")));
    }
    texts.join(", ")
}
