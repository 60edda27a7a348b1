//! A receipt: line by line how the price came about, then what was used, what was not, and what is to pay.

mod offers;
mod totals;

use suanpan_domain::quote::{Gift, QuoteLine, SelectionOutcome, Step};
use suanpan_domain::{Basket, OfferBook, OfferRef, Quote};

use crate::amounts::off;
use crate::layout::{Page, Tone, clean};
use crate::names::Names;
use crate::options::Options;

/// A receipt of a priced basket.
///
/// Every line shows the offers that lowered it in order, with what it costs after each; then follow what each offer
/// gave, offers that were not used with the reason, what a little more would save, benefits beside the price, taxes
/// and totals, and points. Lines end by a line feed. `basket` and `offers` are those that the quote was made of.
#[must_use]
pub fn receipt(basket: &Basket, quote: &Quote, offers: &OfferBook, options: &Options<'_>) -> String {
    let names = Names::new(basket, offers, options);
    let mut page = Page::new(options.columns(), options.colour);
    head(&mut page, &names);
    page.rule();
    for line in &quote.lines {
        self::line(&mut page, &names, quote, line);
    }
    for gift in &quote.gifts {
        self::gift(&mut page, &names, gift);
    }
    page.rule();
    totals::write(&mut page, &names, quote);
    offers::write(&mut page, &names, quote);
    foot(&mut page, &names, quote);
    page.finish()
}

fn head(page: &mut Page, names: &Names<'_>) {
    let Names { basket, options, words, .. } = *names;
    let title = clean(options.chain_title.unwrap_or(&basket.chain));
    let clock = basket.business_time.wall_clock().map_or_else(String::new, |clock| {
        format!("{} {:02}:{:02}", clock.date, clock.time.hour(), clock.time.minute())
    });
    page.ends(Tone::Strong, &title, &clock);
    let mut place = Vec::new();
    if let Some(store) = &basket.store {
        place.push(format!("{}{}", words.store, clean(store.as_str())));
    }
    if let Some(till) = &basket.till {
        place.push(format!("{}{}", words.till, clean(till.as_str())));
    }
    if let Some(tier) = options.tier_title {
        place.push(clean(tier));
    }
    page.ends(Tone::Quiet, &place.join(" · "), basket.currency.code());
    if let Some(member) = &basket.unknown_member {
        let (before, after) = words.unknown_member;
        page.text(0, Tone::Hint, &format!("{before}{}{after}", clean(member.as_str())));
    }
}

fn line(page: &mut Page, names: &Names<'_>, quote: &Quote, line: &QuoteLine) {
    let Some(request) = names.basket.lines.get(line.line as usize) else { return };
    page.row(0, Tone::Plain, &names.line(request), "", &names.money(line.gross));
    for step in line.steps.of(&quote.steps) {
        self::step(page, names, step);
    }
}

/// What an offer took, and what the line costs after it. What a funder pays stands in brackets and lowers nothing.
pub(crate) fn step(page: &mut Page, names: &Names<'_>, step: &Step) {
    let currency = names.basket.currency;
    let title = names.offer(step.offer);
    let running = names.money(step.running);
    if !names.is_tender(step.offer) {
        page.row(2, Tone::Saving, &title, &off(step.amount, currency), &running);
        return;
    }
    let (before, after) = names.words.paid_by;
    let funders = names.funders(step.offer).unwrap_or_else(|| names.words.somebody.to_owned());
    let (open, close) = names.words.brackets;
    let title = format!("{title}{open}{before}{funders}{after}{close}");
    page.row(2, Tone::Quiet, &title, &format!("({})", names.money(step.amount)), &running);
}

fn gift(page: &mut Page, names: &Names<'_>, gift: &Gift) {
    let words = names.words;
    let article = names.options.gift.and_then(|gift_of| gift_of(gift.offer, gift.choice));
    let article = article.map_or_else(|| names.offer(gift.offer), |sku| names.article(&sku));
    let count = if gift.units == 1 { String::new() } else { format!("  {} x", gift.units) };
    let zero = names.money(suanpan_domain::Money::ZERO);
    page.row(0, Tone::Saving, &format!("{}{article}{count}", words.gift), "", &zero);
    if gift.list_value.minor() > 0 {
        page.text(2, Tone::Quiet, &format!("{}{}", words.worth, names.money(gift.list_value)));
    }
}

fn foot(page: &mut Page, names: &Names<'_>, quote: &Quote) {
    let words = names.words;
    page.rule();
    if quote.selection == SelectionOutcome::BestFound {
        page.text(0, Tone::Quiet, words.best_found);
    }
    let mut parts = vec![format!("{}{}", words.program, clean(&names.offers.program_version))];
    if quote.snapshot_version > 0 {
        parts.push(format!("{}{}", words.snapshot, quote.snapshot_version));
    }
    page.text(0, Tone::Quiet, &parts.join(" · "));
}

/// What points took off line nets, where they count as a discount.
pub(crate) fn points_off(quote: &Quote) -> suanpan_domain::Money {
    let lines = quote.lines.iter().flat_map(|line| line.steps.of(&quote.steps));
    lines.filter(|step| step.offer == OfferRef::Points).map(|step| step.amount).sum()
}
