//! Sums, taxes and points of a receipt.

use suanpan_domain::quote::TaxTotal;
use suanpan_domain::{Money, Quote};

use super::points_off;
use crate::amounts::off;
use crate::layout::{Page, Tone, clean};
use crate::names::Names;
use crate::reason::{Facts, alone};

/// Writes the sums down to what is to pay, then points.
pub(super) fn write(page: &mut Page, names: &Names<'_>, quote: &Quote) {
    let (words, totals, currency) = (names.words, &quote.totals, names.basket.currency);
    let by_points = points_off(quote);
    let by_offers = totals.discount - by_points;
    if totals.discount != Money::ZERO {
        page.row(0, Tone::Plain, words.before, "", &names.money(totals.gross));
    }
    if by_offers != Money::ZERO {
        page.row(0, Tone::Saving, words.taken_off, "", &off(by_offers, currency));
    }
    if by_points != Money::ZERO {
        page.row(0, Tone::Saving, &points_used(names, quote), "", &off(by_points, currency));
    }
    page.row(0, Tone::Plain, words.net, "", &names.money(totals.net));
    for tax in quote.taxes.iter().filter(|tax| tax.included) {
        page.row(2, Tone::Quiet, &tax_title(names, tax), &names.money(tax.amount), "");
    }
    for tax in quote.taxes.iter().filter(|tax| !tax.included) {
        page.row(0, Tone::Plain, &tax_title(names, tax), "", &names.money(tax.amount));
    }
    if totals.reimbursed != Money::ZERO {
        page.row(0, Tone::Plain, words.reimbursed, "", &off(totals.reimbursed, currency));
    }
    if totals.points_tender != Money::ZERO {
        page.row(0, Tone::Plain, &points_used(names, quote), "", &off(totals.points_tender, currency));
    }
    page.row(0, Tone::Strong, words.due, "", &names.money(totals.due));
    if totals.due_cash != totals.due {
        page.row(0, Tone::Strong, words.due_cash, "", &names.money(totals.due_cash));
    }
    if totals.discount_cut != Money::ZERO {
        page.row(2, Tone::Quiet, words.cut_by_guard, &names.money(totals.discount_cut), "");
    }
    points(page, names, quote);
}

fn tax_title(names: &Names<'_>, tax: &TaxTotal) -> String {
    let line = names.basket.lines.get(tax.line as usize);
    let id = line.and_then(|line| line.taxes.get(tax.tax_index as usize)).map_or("?", |tax| tax.id.as_str());
    let words = names.words;
    let how = if tax.included { words.included } else { words.added };
    format!("{how}{} {}{}{}", clean(id), tax.rate, words.on_base, names.money(tax.base))
}

fn points_used(names: &Names<'_>, quote: &Quote) -> String {
    format!("{} {}", quote.points.used, names.points())
}

/// Why not more points were used, what yielded, and what is earned.
fn points(page: &mut Page, names: &Names<'_>, quote: &Quote) {
    let (words, points) = (names.words, &quote.points);
    if points.used == 0 && points.earned == 0 && points.cut.is_none() && points.given_up.is_none() {
        return;
    }
    page.heading(&names.points());
    if points.used > 0 {
        let worth = names.money(points.value);
        page.row(0, Tone::Plain, words.used, &worth, &format!("-{}", points.used));
    }
    if let Some(given_up) = points.given_up {
        let (before, between, after) =
            if given_up.points { words.points_yielded } else { words.offer_yielded };
        let offer = names.offer(given_up.offer);
        let worth = names.money(given_up.worth);
        page.text(2, Tone::Hint, &format!("{before}{offer}{between}{worth}{after}"));
    } else if let Some(reason) = points.cut {
        let facts = Facts { points: names.points(), ..Facts::default() };
        page.text(2, Tone::Hint, &alone(names.options.lang, reason, &facts));
    }
    if points.earned > 0 {
        page.row(0, Tone::Saving, words.earned, "", &format!("+{}", points.earned));
    }
}
