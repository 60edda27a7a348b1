//! What a case expects, field by field, against what the quote says. Both sides become texts of one form.

use suanpan_domain::quote::SelectionOutcome;
use suanpan_domain::{Money, Quantity, Reason};

use super::compare::{Answer, Mismatch};
use super::fields::{Fields, parsed};
use super::node::{Entry, Node};
use super::{Problem, expect_lines};

/// The keys of an expectation.
const KEYS: &[&str] = &[
    "gross",
    "net",
    "discount",
    "tax",
    "tax_included",
    "tax_added",
    "untaxed",
    "total",
    "due",
    "due_cash",
    "reimbursed",
    "points_tender",
    "discount_cut",
    "nets",
    "discounts",
    "lines",
    "offers",
    "times",
    "refused",
    "cut",
    "used",
    "points_value",
    "earned",
    "points_cut",
    "given_up",
    "extra_points",
    "gifts",
    "entitlements",
    "issued",
    "used_codes",
    "taxes",
    "near",
    "holds",
    "selection",
];

/// What `cut` says of an offer that nothing cut.
const IN_FULL: &str = "in full";

/// Collects what differs.
pub(super) struct Differences<'a> {
    pub(super) answer: &'a Answer<'a>,
    pub(super) found: Vec<Mismatch>,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn differences(expect: &Node, answer: &Answer<'_>) -> Result<Vec<Mismatch>, Vec<Problem>> {
    let mut differences = Differences { answer, found: Vec::new(), problems: Vec::new() };
    if let Some(fields) = Fields::of(expect, KEYS, &mut differences.problems) {
        differences.totals(fields);
        expect_lines::check(&mut differences, fields);
        differences.offers(fields);
        differences.points(fields);
        differences.beside(fields);
    }
    if differences.problems.is_empty() { Ok(differences.found) } else { Err(differences.problems) }
}

impl Differences<'_> {
    pub(super) fn check(
        &mut self,
        field: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) {
        let (expected, got) = (expected.into(), got.into());
        if expected != got {
            self.found.push(Mismatch { field: field.into(), expected, got });
        }
    }

    /// An amount as the file says it, in the form of the quote's amounts.
    pub(super) fn amount(&mut self, node: &Node) -> Option<String> {
        let currency = self.answer.program.currency;
        let amount = parsed(node, "an amount", &mut self.problems, |text| Money::parse(text, currency).ok())?;
        Some(self.answer.money(amount))
    }

    pub(super) fn amount_is(&mut self, field: impl Into<String>, node: Option<&Node>, got: Money) {
        let Some(node) = node else { return };
        if let Some(expected) = self.amount(node) {
            let got = self.answer.money(got);
            self.check(field, expected, got);
        }
    }

    pub(super) fn number_is(&mut self, field: &str, node: Option<&Node>, got: i64) {
        let number = |text: &str| text.parse::<i64>().ok();
        let Some(expected) = node.and_then(|node| parsed(node, "a number", &mut self.problems, number))
        else {
            return;
        };
        self.check(field, expected.to_string(), got.to_string());
    }

    pub(super) fn entries<'n>(&mut self, node: Option<&'n Node>, what: &str) -> &'n [Entry] {
        let Some(node) = node else { return &[] };
        if let Some(entries) = node.entries() {
            return entries;
        }
        self.problems.push(Problem::new(node.line, format!("here stands a map of {what}")));
        &[]
    }

    fn totals(&mut self, fields: Fields<'_>) {
        let totals = self.answer.quote.totals;
        let tax = totals.tax_included + totals.tax_added;
        for (key, got) in [
            ("gross", totals.gross),
            ("net", totals.net),
            ("discount", totals.discount),
            ("tax", tax),
            ("tax_included", totals.tax_included),
            ("tax_added", totals.tax_added),
            ("untaxed", totals.net - totals.tax_included),
            ("total", totals.net + totals.tax_added),
            ("due", totals.due),
            ("due_cash", totals.due_cash),
            ("reimbursed", totals.reimbursed),
            ("points_tender", totals.points_tender),
            ("discount_cut", totals.discount_cut),
        ] {
            self.amount_is(key, fields.get(key), got);
        }
    }

    fn offers(&mut self, fields: Fields<'_>) {
        if let Some(node) = fields.get("offers") {
            let mut expected = Vec::new();
            for entry in self.entries(Some(node), "offers and amounts") {
                expected.extend(self.amount(&entry.node).map(|amount| format!("{} {amount}", entry.key)));
            }
            let mut got: Vec<String> = Vec::new();
            for (name, amount) in self.answer.applied() {
                got.push(format!("{name} {}", self.answer.money(amount)));
            }
            expected.sort_unstable();
            got.sort_unstable();
            self.check("offers", expected.join(", "), got.join(", "));
        }
        for entry in self.entries(fields.get("times"), "offers and numbers") {
            let got: i64 = self.answer.outcomes(&entry.key).map(|outcome| i64::from(outcome.times)).sum();
            self.number_is(&format!("times of {}", entry.key), Some(&entry.node), got);
        }
        for entry in self.entries(fields.get("refused"), "offers and reasons") {
            self.refused(entry);
        }
        for entry in self.entries(fields.get("cut"), "offers and reasons") {
            let in_full = entry.node.text().filter(|text| *text == IN_FULL).map(|_| IN_FULL);
            let Some(expected) = in_full.or_else(|| self.reason(&entry.node)) else { continue };
            let answer = self.answer;
            let got =
                answer.outcomes(&entry.key).filter(|outcome| outcome.applied).find_map(|one| one.reason);
            self.check(format!("{} cut", entry.key), expected, got.map_or(IN_FULL, Reason::name));
        }
    }

    fn reason(&mut self, node: &Node) -> Option<&'static str> {
        let known = |text: &str| Reason::ALL.iter().map(|reason| reason.name()).find(|name| *name == text);
        parsed(node, "a reason", &mut self.problems, known)
    }

    fn refused(&mut self, entry: &Entry) {
        let answer = self.answer;
        let name = &entry.key;
        let Some(row) = answer.outcomes(name).find(|outcome| !outcome.applied) else {
            let got = if answer.outcomes(name).next().is_some() { "applied" } else { "not in the quote" };
            self.check(format!("{name} refused"), entry.node.text().unwrap_or("refused"), got);
            return;
        };
        let got = row.reason.map_or("no reason", Reason::name);
        let node = &entry.node;
        if node.entries().is_none() {
            if let Some(expected) = self.reason(node) {
                self.check(format!("{name} refused"), expected, got);
            }
            return;
        }
        let keys = ["reason", "missing", "winner", "difference"];
        let Some(fields) = Fields::of(node, &keys, &mut self.problems) else { return };
        if let Some(expected) = fields.get("reason").and_then(|node| self.reason(node)) {
            self.check(format!("{name} refused"), expected, got);
        }
        if let Some(node) = fields.get("missing") {
            self.missing_is(&format!("{name} missing"), node, row.missing);
        }
        if let Some(expected) = fields.get("winner").and_then(Node::text) {
            let got = row.winner.map_or("nobody".to_owned(), |winner| answer.offer(winner));
            self.check(format!("{name} winner"), expected, got);
        }
        self.amount_is(format!("{name} difference"), fields.get("difference"), row.difference);
    }

    fn missing_is(&mut self, field: &str, node: &Node, got: suanpan_domain::quote::Missing) {
        use suanpan_domain::quote::Missing;
        let expected = match got {
            Missing::Quantity(_) => parsed(node, "a quantity", &mut self.problems, Quantity::parse)
                .map(|quantity| quantity.to_string()),
            Missing::Weight(_) => node.text().map(str::to_owned),
            Missing::Nothing | Missing::Amount(_) => self.amount(node),
        };
        if let Some(expected) = expected {
            let got = self.answer.missing(got);
            self.check(field, expected, got);
        }
    }

    fn points(&mut self, fields: Fields<'_>) {
        let points = self.answer.quote.points;
        self.number_is("points used", fields.get("used"), points.used);
        self.number_is("points earned", fields.get("earned"), points.earned);
        self.amount_is("points value", fields.get("points_value"), points.value);
        if let Some(node) = fields.get("points_cut")
            && let Some(expected) = self.reason(node)
        {
            self.check("points cut", expected, points.cut.map_or(IN_FULL, Reason::name));
        }
        if let Some(expected) = fields.get("given_up").and_then(Node::text) {
            let got = points.given_up.map_or("nothing".to_owned(), |given| {
                if given.points { "points".to_owned() } else { self.answer.offer(given.offer) }
            });
            self.check("given up", expected, got);
        }
        for entry in self.entries(fields.get("extra_points"), "offers and points") {
            let got = self.answer.outcomes(&entry.key).map(|outcome| outcome.points).sum();
            self.number_is(&format!("extra points of {}", entry.key), Some(&entry.node), got);
        }
    }

    fn texts(&mut self, fields: Fields<'_>, key: &str, mut got: Vec<String>) {
        if fields.get(key).is_none() {
            return;
        }
        let mut expected = fields.texts(key, &mut self.problems);
        expected.sort_unstable();
        got.sort_unstable();
        self.check(key, expected.join(", "), got.join(", "));
    }

    /// Gifts, entitlements, coupons, taxes, near misses, how it was chosen.
    fn beside(&mut self, fields: Fields<'_>) {
        let answer = self.answer;
        let quote = answer.quote;
        let gift = |gift: &suanpan_domain::quote::Gift| {
            format!(
                "{}: {} x {}",
                answer.offer(gift.offer),
                gift.units,
                answer.gift_sku(gift.offer, gift.choice)
            )
        };
        self.texts(fields, "gifts", quote.gifts.iter().map(gift).collect());
        let issued = |issued: &suanpan_domain::quote::IssuedCoupon| {
            format!("{}: {} x {}", answer.offer(issued.offer), issued.count, answer.offer(issued.campaign))
        };
        self.texts(fields, "issued", quote.issued_coupons.iter().map(issued).collect());
        let applied = quote.offers.iter().filter(|offer| offer.applied);
        let used = applied.filter_map(|offer| answer.basket.codes.get(offer.code? as usize).cloned());
        self.texts(fields, "used_codes", used.collect());
        let holds =
            quote.offers.iter().filter(|offer| offer.needs_hold).map(|offer| answer.offer(offer.offer));
        self.texts(fields, "holds", holds.collect());
        let entitlements =
            quote.entitlements.iter().map(|given| answer.entitlement(given.offer, given.index).to_owned());
        self.texts(fields, "entitlements", entitlements.collect());
        for entry in self.entries(fields.get("taxes"), "taxes and amounts") {
            let got =
                quote.taxes.iter().filter(|tax| self.tax_id(tax) == entry.key).map(|tax| tax.amount).sum();
            self.amount_is(format!("tax {}", entry.key), Some(&entry.node), got);
        }
        for entry in self.entries(fields.get("near"), "offers and what is missing") {
            self.near_miss(entry);
        }
        if let Some(expected) = fields.get("selection").and_then(Node::text) {
            let got = match quote.selection {
                SelectionOutcome::Exact => "exact",
                SelectionOutcome::BestFound => "best_found",
                SelectionOutcome::ByPriority => "by_priority",
            };
            self.check("selection", expected, got);
        }
    }

    fn tax_id(&self, tax: &suanpan_domain::quote::TaxTotal) -> &str {
        let line = self.answer.basket.lines.get(tax.line as usize);
        line.and_then(|line| line.taxes.get(tax.tax_index as usize)).map_or("?", |tax| tax.id.as_str())
    }

    fn near_miss(&mut self, entry: &Entry) {
        let answer = self.answer;
        let near = answer.quote.near_misses.iter().find(|near| answer.offer(near.offer) == entry.key);
        if entry.node.text() == Some("none") {
            let said = if near.is_some() { "said" } else { "not said" };
            self.check(format!("near miss {}", entry.key), "not said", said);
            return;
        }
        let keys = ["missing", "saving"];
        let Some(fields) = Fields::of(&entry.node, &keys, &mut self.problems) else { return };
        let Some(near) = near else {
            self.check(format!("near miss {}", entry.key), "said", "not said");
            return;
        };
        if let Some(node) = fields.get("missing") {
            self.missing_is(&format!("near miss {} missing", entry.key), node, near.missing);
        }
        self.amount_is(format!("near miss {} saving", entry.key), fields.get("saving"), near.saving);
    }
}
