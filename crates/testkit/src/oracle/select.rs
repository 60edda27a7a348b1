//! Which lines an offer means (rules 6 to 10), as far as that stands before anything is executed.

use suanpan_domain::LineKind;
use suanpan_program::model::{Effect, Selection, Selector, TaxBasis};

use super::arithmetic::{MILLION, rounded, share};
use super::candidates::Candidate;
use super::lines::Merged;
use suanpan_domain::Rounding;

/// Whether kinds are named somewhere; a negated kind names none (6).
fn names_kinds(selector: &Selector) -> bool {
    match selector {
        Selector::Kind(_) => true,
        Selector::AnyOf(parts) | Selector::AllOf(parts) => parts.iter().any(names_kinds),
        _ => false,
    }
}

fn holds(selector: &Selector, merged: &Merged<'_>) -> bool {
    let line = merged.line;
    match selector {
        Selector::Everything => matches!(line.kind, LineKind::Goods | LineKind::Service),
        Selector::Sku(skus) => skus.iter().any(|sku| sku == line.sku.as_str()),
        // (10): itself and what is below.
        Selector::Category(paths) => {
            paths.iter().any(|path| line.category == *path || line.category.starts_with(&format!("{path}/")))
        }
        Selector::Brand(brands) => brands.contains(&line.brand),
        Selector::Tag(tags) => tags.iter().any(|tag| line.tags.contains(tag)),
        Selector::Kind(kinds) => kinds.contains(&line.kind),
        Selector::Price { from, below } => {
            from.is_none_or(|from| merged.price_micro >= from.micro())
                && below.is_none_or(|below| merged.price_micro < below.micro())
        }
        Selector::AnyOf(parts) => parts.iter().any(|part| holds(part, merged)),
        Selector::AllOf(parts) => parts.iter().all(|part| holds(part, merged)),
        Selector::Not(inner) => !holds(inner, merged),
    }
}

/// Whether a selector means a line, be it discountable or not (6).
pub(super) fn means(selector: &Selector, merged: &Merged<'_>) -> bool {
    let plain = matches!(merged.line.kind, LineKind::Goods | LineKind::Service);
    (plain || names_kinds(selector)) && holds(selector, merged)
}

/// Whether offers can act on a line at all (7).
pub(super) fn takes_discounts(merged: &Merged<'_>) -> bool {
    !merged.negative() && !merged.line.not_discountable
}

impl Candidate {
    /// Whether an effect of this offer may act on a line that a selection of it means (6, 7, 8).
    pub(super) fn may_take(&self, selection: &Selection, line: usize, lines: &[Merged<'_>]) -> bool {
        let merged = &lines[line];
        if !takes_discounts(merged) || self.only_line.is_some_and(|only| only != line) {
            return false;
        }
        if self.is_manual() {
            // A person means the line that was named, whatever it is.
            return self.only_line.is_some() || means(&selection.selector, merged);
        }
        let closed = merged.line.price_overridden && matches!(self.layer_name.as_str(), "price" | "item");
        !closed && means(&selection.selector, merged)
    }

    /// Whether a line counts for this offer's threshold (7, 11).
    pub(super) fn counts(&self, line: usize, lines: &[Merged<'_>]) -> bool {
        let merged = &lines[line];
        takes_discounts(merged)
            && !matches!(merged.line.kind, LineKind::GiftCard | LineKind::Deposit)
            && means(&self.offer.buy.selector, merged)
    }

    /// Whether a line is what has to be bought: where `buy` names something, something of it must be there (37).
    pub(super) fn is_bought(&self, line: usize, lines: &[Merged<'_>]) -> bool {
        takes_discounts(&lines[line]) && means(&self.offer.buy.selector, &lines[line])
    }

    /// The selection that the effect lowers when it has no parts: `target`, or `buy`.
    pub(super) fn acting_selection(&self) -> &Selection {
        self.offer.target.as_deref().unwrap_or(&self.offer.buy)
    }

    /// Lines that this offer selects, before anything is executed: what it closes to others when it is exclusive
    /// (38). A gift selects what it asks to be bought, wherever its articles are found.
    pub(super) fn selects(&self, lines: &[Merged<'_>]) -> Vec<usize> {
        match &self.offer.effect {
            Effect::Gift { .. }
            | Effect::Match { .. }
            | Effect::PointsFixed(_)
            | Effect::IssueCoupon { .. }
            | Effect::Entitlement(_) => {
                (0..lines.len()).filter(|line| self.may_take(self.acting_selection(), *line, lines)).collect()
            }
            _ => self.acts_on(lines, true),
        }
    }

    /// Lines that this offer acts on, before anything is executed: what it touches (40).
    pub(super) fn acts_on(&self, lines: &[Merged<'_>], bought_too: bool) -> Vec<usize> {
        let all = 0..lines.len();
        let of = |selection: &Selection| -> Vec<usize> {
            all.clone().filter(|line| self.may_take(selection, *line, lines)).collect()
        };
        let mut acting = match &self.offer.effect {
            Effect::Bundle { parts, .. } => parts.iter().flat_map(|part| of(&part.selection)).collect(),
            Effect::BuyGet { get, .. } => {
                let mut acting = of(get.as_deref().unwrap_or(&self.offer.buy));
                if bought_too {
                    acting.extend(of(&self.offer.buy));
                }
                acting
            }
            Effect::PriceList(prices) => of(&self.offer.buy)
                .into_iter()
                .filter(|line| prices.iter().any(|(sku, _)| sku == lines[*line].line.sku.as_str()))
                .collect(),
            Effect::Shipping(_) => self.shipping_lines(lines),
            Effect::Gift { of: skus, .. } => self.gift_lines(skus, lines),
            Effect::Match { .. }
            | Effect::PointsFixed(_)
            | Effect::IssueCoupon { .. }
            | Effect::Entitlement(_) => Vec::new(),
            _ => of(self.acting_selection()),
        };
        acting.sort_unstable();
        acting.dedup();
        acting
    }

    /// Shipping that this offer lowers; its target chooses among shipping without naming the kind (22).
    pub(super) fn shipping_lines(&self, lines: &[Merged<'_>]) -> Vec<usize> {
        (0..lines.len())
            .filter(|line| {
                let merged = &lines[*line];
                let overridden =
                    merged.line.price_overridden && matches!(self.layer_name.as_str(), "price" | "item");
                merged.line.kind == LineKind::Shipping
                    && takes_discounts(merged)
                    && !overridden
                    && self.offer.target.as_ref().is_none_or(|target| {
                        target.selector == Selector::Everything || holds(&target.selector, merged)
                    })
            })
            .collect()
    }

    /// Lines in which a gift may be found (36).
    pub(super) fn gift_lines(&self, skus: &[String], lines: &[Merged<'_>]) -> Vec<usize> {
        (0..lines.len())
            .filter(|line| {
                let merged = &lines[*line];
                skus.iter().any(|sku| sku == merged.line.sku.as_str())
                    && self.may_take(&Selection::default(), *line, lines)
            })
            .collect()
    }
}

/// An amount of a line with or without tax (12).
pub(super) fn with_tax_basis(amount: i64, merged: &Merged<'_>, basis: TaxBasis) -> i64 {
    match basis {
        TaxBasis::Excluded => {
            let divisor = MILLION + i128::from(merged.sum_of_rates(true));
            rounded(i128::from(amount) * MILLION, divisor, Rounding::HalfUp)
        }
        TaxBasis::Included => amount + share(amount, merged.sum_of_rates(false), Rounding::HalfUp),
    }
}
