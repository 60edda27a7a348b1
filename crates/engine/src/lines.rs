//! The lines of a basket as they are priced: equal request lines merged, in the order that breaks ties.

use std::cmp::Ordering;

use suanpan_domain::{
    Basket, Line, LineKind, LinePrice, ManualDiscount, ManualTarget, Money, PaperCoupon, Quantity, Rounding,
    UnitPrice, divide_i128,
};

use crate::compile::leading;
use crate::multiset::compare_sorted;

/// A merged line: what every offer sees of it, besides the running amounts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineFacts {
    /// The request line with the smallest id; it speaks for the others, which are equal to it.
    pub(crate) first: u32,
    /// Range of `Lines::members`.
    pub(crate) members_start: u32,
    pub(crate) members_len: u32,
    pub(crate) gross: i64,
    /// Units for unit effects and returns: 1 when weighed, 0 when the quantity is negative.
    pub(crate) units: i64,
    pub(crate) quantity_milli: i64,
    /// Requested price of a unit in millionths of a minor unit.
    pub(crate) requested_micro: i64,
    /// The least that the line may cost by law.
    pub(crate) legal_minimum: i64,
    pub(crate) kind: LineKind,
    pub(crate) weighed: bool,
    pub(crate) overridden: bool,
    /// Offers may act on it: discountable and not negative.
    pub(crate) open: bool,
}

impl LineFacts {
    /// Goods and services: what an offer without a selector means, what thresholds see.
    pub(crate) fn is_merchandise(&self) -> bool {
        matches!(self.kind, LineKind::Goods | LineKind::Service)
    }
}

/// The merged lines of a basket.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) facts: Vec<LineFacts>,
    /// Request lines of each merged line, by id.
    pub(crate) members: Vec<u32>,
    /// Merged line of each request line.
    pub(crate) of_request: Vec<u32>,
    /// Request lines with the beginnings of their skus, in order.
    order: Vec<Place>,
    /// Request lines that a manual discount or a paper coupon names; empty when none is named.
    named: Vec<u64>,
}

/// A request line in the order of lines.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The beginning of its sku as a number: most comparisons of skus end here.
    leading: u64,
    index: u32,
}

impl Lines {
    /// Merges and orders the lines of a basket.
    pub(crate) fn read(&mut self, basket: &Basket) {
        let lines = &basket.lines;
        self.mark_named(basket);
        let Self { facts: merged, members, of_request, order, named } = self;
        let merges = |place: u32| {
            let is_named = named.get(place as usize / 64).is_some_and(|word| word >> (place % 64) & 1 == 1);
            !is_named && is_mergeable(&lines[place as usize])
        };
        order.clear();
        order.extend(
            lines
                .iter()
                .enumerate()
                .map(|(index, line)| Place { leading: leading(line.sku.as_str()), index: index as u32 }),
        );
        order.sort_unstable_by_key(|place| place.leading);
        // The leading bytes keep nearly all lines apart; only those alike are compared in full.
        let mut start = 0;
        while start < order.len() {
            let leading = order[start].leading;
            let mut end = start + 1;
            while order.get(end).is_some_and(|place| place.leading == leading) {
                end += 1;
            }
            if end > start + 1 {
                order[start..end].sort_unstable_by(|a, b| {
                    let (x, y) = (&lines[a.index as usize], &lines[b.index as usize]);
                    let alike = content(x, y).then_with(|| x.legal_minimum.cmp(&y.legal_minimum));
                    alike.then_with(|| match (merges(a.index), merges(b.index)) {
                        // These will be one line, named by the smallest id.
                        (true, true) => x.id.cmp(&y.id),
                        (true, false) => Ordering::Less,
                        (false, true) => Ordering::Greater,
                        (false, false) => Ordering::Equal,
                    })
                });
            }
            start = end;
        }

        merged.clear();
        members.clear();
        members.extend(order.iter().map(|place| place.index));
        // Every request line is written.
        of_request.resize(lines.len(), 0);
        let (mut before, mut apart) = (None, false);
        for (place, &Place { leading, index }) in order.iter().enumerate() {
            let line = &lines[index as usize];
            let alike = before.replace(leading) == Some(leading);
            if alike && let Some(last) = merged.last_mut() {
                let first = &lines[last.first as usize];
                if last.requested_micro == requested_micro(line) && content(first, line) == Ordering::Equal {
                    if merges(index) && merges(last.first) && first.legal_minimum == line.legal_minimum {
                        let quantity = Quantity::from_milli(last.quantity_milli + line.quantity.milli());
                        let members_len = last.members_len + 1;
                        *last = LineFacts {
                            members_len,
                            ..facts(first, quantity, last.first, last.members_start)
                        };
                        of_request[index as usize] = merged.len() as u32 - 1;
                        continue;
                    }
                    apart = true;
                }
            }
            of_request[index as usize] = merged.len() as u32;
            merged.push(facts(line, line.quantity, index, place as u32));
        }
        if apart {
            self.order_apart(basket);
        }
    }

    /// Orders lines that are equal but were not merged, by what keeps them apart.
    fn order_apart(&mut self, basket: &Basket) {
        let line = |facts: &LineFacts| &basket.lines[facts.first as usize];
        let alike = |a: &LineFacts, b: &LineFacts| {
            a.requested_micro == b.requested_micro && content(line(a), line(b)) == Ordering::Equal
        };
        for run in self.facts.chunk_by_mut(alike) {
            run.sort_by(|a, b| {
                compare_apart(basket, (line(a), a.quantity_milli), (line(b), b.quantity_milli))
            });
        }
        for (merged, facts) in self.facts.iter().enumerate() {
            for member in &self.members[facts.members_start as usize..][..facts.members_len as usize] {
                self.of_request[*member as usize] = merged as u32;
            }
        }
    }

    fn mark_named(&mut self, basket: &Basket) {
        self.named.clear();
        if basket.manual_discounts.is_empty() && basket.paper_coupons.is_empty() {
            return;
        }
        self.named.resize(basket.lines.len().div_ceil(64), 0);
        let by_discount = basket.manual_discounts.iter().filter_map(|discount| match &discount.target {
            ManualTarget::Line(id) => Some(id),
            ManualTarget::Basket => None,
        });
        for id in by_discount.chain(basket.paper_coupons.iter().map(|coupon| &coupon.line)) {
            if let Some(index) = basket.lines.iter().position(|line| line.id == *id) {
                self.named[index / 64] |= 1 << (index % 64);
            }
        }
    }

    /// The merged line of the request line with an id.
    pub(crate) fn find(&self, basket: &Basket, id: &suanpan_domain::LineId) -> Option<usize> {
        let index = basket.lines.iter().position(|line| line.id == *id)?;
        Some(self.of_request[index] as usize)
    }
}

fn is_mergeable(line: &Line) -> bool {
    matches!(line.price, LinePrice::Unit(_)) && !is_weighed(line) && line.quantity.milli() > 0
}

fn is_weighed(line: &Line) -> bool {
    line.weighed || !line.quantity.is_whole()
}

/// Requested price of a unit in millionths of a minor unit, rounded down for a line total.
fn requested_micro(line: &Line) -> i64 {
    match line.price {
        LinePrice::Unit(price) => price.micro(),
        LinePrice::Total(total) => {
            // Both are negative for goods that come back: the price is not.
            let sign = line.quantity.milli().signum();
            let quantity = i128::from(line.quantity.milli().unsigned_abs().max(1));
            let scaled = i128::from(total.minor() * sign) * i128::from(UnitPrice::MICRO_PER_MINOR) * 1_000;
            i64::try_from(divide_i128(scaled, quantity, Rounding::Down)).unwrap_or(i64::MAX)
        }
    }
}

/// Tie order of two merged lines that are equal in everything but what keeps them apart.
fn compare_apart(basket: &Basket, (a, a_milli): (&Line, i64), (b, b_milli): (&Line, i64)) -> Ordering {
    a_milli
        .cmp(&b_milli)
        .then_with(|| total(a).cmp(&total(b)))
        .then_with(|| a.legal_minimum.cmp(&b.legal_minimum))
        .then_with(|| compare_sorted(discounts_of(basket, a), discounts_of(basket, b), std::iter::empty()))
        .then_with(|| compare_sorted(papers_of(basket, a), papers_of(basket, b), std::iter::empty()))
        .then_with(|| a.id.cmp(&b.id))
}

/// The manual discounts that name a line. Asked only of lines that are equal in everything else, like its coupons.
fn discounts_of<'a>(basket: &'a Basket, line: &'a Line) -> impl Iterator<Item = &'a str> + Clone {
    let is_named =
        |discount: &&ManualDiscount| matches!(&discount.target, ManualTarget::Line(id) if *id == line.id);
    basket.manual_discounts.iter().filter(is_named).map(|discount| discount.id.as_str())
}

/// The paper coupons that name a line.
fn papers_of<'a>(basket: &'a Basket, line: &'a Line) -> impl Iterator<Item = (&'a str, Money)> + Clone {
    let is_named = |paper: &&PaperCoupon| paper.line == line.id;
    basket.paper_coupons.iter().filter(is_named).map(|paper| (paper.code.as_str(), paper.value))
}

fn total(line: &Line) -> Option<i64> {
    match line.price {
        LinePrice::Unit(_) => None,
        LinePrice::Total(total) => Some(total.minor()),
    }
}

fn content(a: &Line, b: &Line) -> Ordering {
    a.sku
        .cmp(&b.sku)
        .then_with(|| requested_micro(a).cmp(&requested_micro(b)))
        .then_with(|| a.kind.cmp(&b.kind))
        .then_with(|| a.category.cmp(&b.category))
        .then_with(|| a.brand.cmp(&b.brand))
        .then_with(|| compare_sets(&a.tags, &b.tags))
        .then_with(|| a.price_overridden.cmp(&b.price_overridden))
        .then_with(|| a.not_discountable.cmp(&b.not_discountable))
        .then_with(|| compare_sets(&a.taxes, &b.taxes))
}

/// Compares two short lists as sets: what stands where does not matter.
fn compare_sets<T: Ord>(a: &[T], b: &[T]) -> Ordering {
    if a.len() <= 1 && b.len() <= 1 || a == b {
        return a.cmp(b);
    }
    // Smallest element first, without sorting in place or allocating: both lists are short by their limits.
    let rank = |list: &[T], item: &T| list.iter().filter(|other| *other < item).count();
    let nth = |list: &'_ [T], n: usize| -> Option<usize> {
        (0..list.len()).find(|&at| {
            let before =
                rank(list, &list[at]) + list[..at].iter().filter(|other| **other == list[at]).count();
            before == n
        })
    };
    for n in 0..a.len().min(b.len()) {
        if let (Some(x), Some(y)) = (nth(a, n), nth(b, n)) {
            let ordering = a[x].cmp(&b[y]);
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
    }
    a.len().cmp(&b.len())
}

/// A line by itself, or the first of those that are merged, for the quantity of all of them.
#[inline(always)]
fn facts(line: &Line, quantity: Quantity, first: u32, members_start: u32) -> LineFacts {
    let (gross, requested_micro) = match line.price {
        LinePrice::Unit(price) => (price.times(quantity, Rounding::HalfUp).minor(), price.micro()),
        LinePrice::Total(total) => (total.minor(), requested_micro(line)),
    };
    let (quantity_milli, weighed) = (quantity.milli(), is_weighed(line));
    LineFacts {
        first,
        members_start,
        members_len: 1,
        gross,
        units: match (quantity_milli > 0, weighed) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => quantity.units(),
        },
        quantity_milli,
        requested_micro,
        legal_minimum: line.legal_minimum.map_or(0, |minimum| {
            UnitPrice::from_minor(minimum.minor()).times(quantity, Rounding::Up).minor().max(0)
        }),
        kind: line.kind,
        weighed,
        overridden: line.price_overridden,
        open: !line.not_discountable && quantity_milli > 0 && gross >= 0,
    }
}
