//! A table: one row a request line.

use suanpan_domain::{Basket, OfferBook, Quote};

use crate::amounts::off;
use crate::layout::{Page, Tone, clean};
use crate::names::Names;
use crate::options::Options;

const ID: usize = 6;
const QUANTITY: usize = 8;
const AMOUNT: usize = 9;
/// Pages of fewer columns leave one amount out.
const NARROW: usize = 60;
/// The column of the amount before offers.
const BEFORE: usize = 3;

/// One row for each request line: its id, article, quantity, and what it cost before and after all offers; then the
/// totals and what is to pay.
#[must_use]
pub fn table(basket: &Basket, quote: &Quote, offers: &OfferBook, options: &Options<'_>) -> String {
    let names = Names::new(basket, offers, options);
    let words = names.words;
    let mut page = Page::new(options.columns(), options.colour);
    // A narrow page does without the amount before offers.
    let narrow = options.columns() < NARROW;
    let amounts = if narrow { 2 } else { 3 };
    let fixed = ID + QUANTITY + amounts * AMOUNT + (amounts + 2) * 2;
    let article_width = options.columns().saturating_sub(fixed);
    let row = |tone: Tone, cells: [&str; 6], page: &mut Page| {
        let widths = [ID, article_width, QUANTITY, AMOUNT, AMOUNT, AMOUNT];
        let shown =
            widths.into_iter().zip(cells).enumerate().filter(|(place, _)| !(narrow && *place == BEFORE));
        let cells: Vec<(usize, &str)> = shown.map(|(_, cell)| cell).collect();
        page.cells(tone, 2, &cells);
    };
    let heads = [
        words.column_line,
        words.column_article,
        words.column_quantity,
        words.column_before,
        words.column_off,
        words.column_net,
    ];
    row(Tone::Heading, heads, &mut page);
    page.rule();
    for line in &quote.lines {
        let Some(request) = basket.lines.get(line.line as usize) else { continue };
        let taken = line.gross - line.net;
        let taken = if taken.minor() == 0 { String::new() } else { off(taken, basket.currency) };
        let cells = [
            &clean(request.id.as_str()),
            &names.article(request.sku.as_str()),
            &line.quantity.to_string(),
            &names.money(line.gross),
            &taken,
            &names.money(line.net),
        ];
        row(Tone::Plain, cells.map(String::as_str), &mut page);
    }
    page.rule();
    let totals = &quote.totals;
    let (gross, taken, net) =
        (names.money(totals.gross), off(totals.discount, basket.currency), names.money(totals.net));
    row(Tone::Strong, ["", words.total, "", &gross, &taken, &net], &mut page);
    page.row(0, Tone::Strong, words.due, "", &names.money(totals.due));
    if totals.due_cash != totals.due {
        page.row(0, Tone::Strong, words.due_cash, "", &names.money(totals.due_cash));
    }
    page.finish()
}
