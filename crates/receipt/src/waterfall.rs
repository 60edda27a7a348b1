//! The waterfall: each merged line, offer by offer, with the running amount.

use suanpan_domain::{Basket, OfferBook, Quote};
use unicode_width::UnicodeWidthStr;

use crate::amounts::off;
use crate::layout::{Page, Tone, clean};
use crate::names::Names;
use crate::options::Options;

/// Columns of an amount.
const AMOUNT: usize = 10;

/// The lines of a quote as they were priced, each with every offer that lowered it in order, what it costs after each,
/// and what its units are worth when they come back.
///
/// Equal request lines stand here as one, named by their first id. A share of a discount on several lines is marked.
#[must_use]
pub fn waterfall(basket: &Basket, quote: &Quote, offers: &OfferBook, options: &Options<'_>) -> String {
    let names = Names::new(basket, offers, options);
    let words = names.words;
    let mut page = Page::new(options.columns(), options.colour);
    let title_width = options.columns() - 2 * (AMOUNT + 2);
    let cells = |title: &str, taken: &str, running: &str, tone: Tone, page: &mut Page| {
        page.cells(tone, 1, &[(title_width, title), (AMOUNT, taken), (AMOUNT, running)]);
    };
    cells(words.column_line, words.column_off, words.column_running, Tone::Heading, &mut page);
    page.rule();
    let mut any_prorated = false;
    for merged in &quote.merged_lines {
        let Some(first) = basket.lines.get(merged.first_line as usize) else { continue };
        let count =
            if merged.line_count > 1 { format!(" (+{})", merged.line_count - 1) } else { String::new() };
        let title = format!(
            "{}{count}  {}  {}",
            clean(first.id.as_str()),
            names.article(first.sku.as_str()),
            merged.quantity
        );
        cells(&title, "", &names.money(merged.gross), Tone::Strong, &mut page);
        for step in merged.steps.of(&quote.steps) {
            any_prorated |= step.prorated;
            let mark = if step.prorated { "*" } else { "" };
            let title = format!("  {}. {}{mark}", step.sequence, names.offer(step.offer));
            let tender = names.is_tender(step.offer);
            let taken = if tender {
                format!("({})", names.money(step.amount))
            } else {
                off(step.amount, basket.currency)
            };
            let tone = if tender { Tone::Quiet } else { Tone::Saving };
            cells(&title, &taken, &names.money(step.running), tone, &mut page);
        }
        if merged.units != 1 {
            let runs = merged.unit_runs.of(&quote.unit_runs).iter();
            let runs: Vec<String> =
                runs.map(|run| format!("{} x {}", run.units, names.money(run.net))).collect();
            page.text(2, Tone::Quiet, &format!("{}{}", words.units, runs.join(", ")));
        }
    }
    page.rule();
    let totals = &quote.totals;
    let discount = off(totals.discount, basket.currency);
    debug_assert!(words.total.width() < title_width);
    cells(words.total, &discount, &names.money(totals.net), Tone::Strong, &mut page);
    if any_prorated {
        page.text(0, Tone::Quiet, words.prorated);
    }
    page.finish()
}
