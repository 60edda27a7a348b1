//! How many pieces of paper a line's coupon amount was.
//!
//! The chain's doubling rule is per piece of paper: two papers of 0.55 are doubled to 1.00 each, one paper
//! of 1.10 is not doubled. The data have only their sum per line. A line of one unit takes one paper, so
//! there is nothing to guess; for the others there are two answers here, and the report shows both:
//! - [`Evidence::blind`] never looks at what the chain added. It asks which face values lines of one unit
//!   show for the same product, for the same maker's family, and over all, near that day.
//! - [`Evidence::with_another_count`] takes the count as unknown, and looks for one with which the rule gives what
//!   the chain recorded. The rule itself is priced by the node either way.

use std::collections::{BTreeSet, HashMap};

use crate::year::{Line, Year};

/// Papers on one line: nobody hands in more for one product.
const PAPERS_MAX: i64 = 12;
/// How far away, in days, the papers of other lines still say something about this one.
const NEAR_DAYS: i64 = 30;
/// A face value is known when so many lines of one unit show it.
const KNOWN_AT: u32 = 3;
/// How much nearer the same product is than another product of the maker's family.
const SAME_PRODUCT: u128 = 4;
/// Of a hundred lines with one paper, so many others have several equal ones.
const SEVERAL_EQUAL: u128 = 30;
/// Of a hundred lines with one paper, so many others have two different ones.
const TWO_DIFFERENT: u128 = 20;

/// The values of the papers on a line, in cents.
pub type Papers = Vec<i64>;

/// Which papers were handed in, for every line that has a coupon.
#[derive(Debug, Clone, Default)]
pub struct PapersByLine {
    papers: HashMap<(u64, u32), Papers>,
}

impl PapersByLine {
    /// The papers of every line with a coupon, by [`Evidence::blind`].
    #[must_use]
    pub fn blind(year: &Year, evidence: &Evidence) -> Self {
        let mut all = Self::default();
        for line in year.lines.iter().filter(|line| line.coupon_disc > 0) {
            all.set(line, evidence.blind(year, line));
        }
        all
    }

    /// The papers of a line; none when it has no coupon.
    #[must_use]
    pub fn of(&self, line: &Line) -> &[i64] {
        self.papers.get(&(line.basket, line.product)).map_or(&[], Vec::as_slice)
    }

    /// Says which papers a line had. No product stands twice in one basket.
    pub fn set(&mut self, line: &Line, papers: Papers) {
        self.papers.insert((line.basket, line.product), papers);
    }
}

/// Face values that lines of one unit show.
pub struct Evidence {
    by_product: HashMap<u32, Vec<Seen>>,
    by_family: HashMap<Family, Vec<Seen>>,
    by_value: HashMap<i64, u32>,
    known: BTreeSet<i64>,
    total: u32,
}

/// A maker's products of one type.
type Family = (u32, String);

#[derive(Clone, Copy)]
struct Seen {
    day: i64,
    value: i64,
}

impl Evidence {
    /// Collects the evidence of a year.
    #[must_use]
    pub fn of(year: &Year) -> Self {
        let mut evidence = Self {
            by_product: HashMap::new(),
            by_family: HashMap::new(),
            by_value: HashMap::new(),
            known: BTreeSet::new(),
            total: 0,
        };
        for line in year.lines.iter().filter(|line| line.quantity == 1 && line.coupon_disc > 0) {
            let seen = Seen { day: line.day(), value: line.coupon_disc };
            evidence.by_product.entry(line.product).or_default().push(seen);
            evidence.by_family.entry(family(year, line)).or_default().push(seen);
            *evidence.by_value.entry(line.coupon_disc).or_default() += 1;
            evidence.total += 1;
        }
        evidence.known = evidence
            .by_value
            .iter()
            .filter(|(_, seen)| **seen >= KNOWN_AT)
            .map(|(value, _)| *value)
            .collect();
        evidence
    }

    /// The most likely papers of a line, by face values alone.
    #[must_use]
    pub fn blind(&self, year: &Year, line: &Line) -> Papers {
        let near = Near::new(self, year, line);
        let mut best = (0, Vec::new());
        for papers in self.candidates(line) {
            let likely = match papers[..] {
                [one] => near.weight(one) * 100 * near.all(),
                [first, .., last] if first == last => near.weight(first) * SEVERAL_EQUAL * near.all(),
                [first, .., last] => near.weight(first) * near.weight(last) * TWO_DIFFERENT,
                [] => 0,
            };
            if best.1.is_empty() || likely > best.0 {
                best = (likely, papers);
            }
        }
        best.1
    }

    /// Papers with which the rule gives what the chain added, if a possible count of them does.
    #[must_use]
    pub fn with_another_count(&self, line: &Line) -> Option<Papers> {
        self.candidates(line).into_iter().find(|papers| doubling(line, papers) == line.coupon_match_disc)
    }

    /// One paper; several equal ones; two different ones of known face values. At most one for each unit.
    fn candidates(&self, line: &Line) -> Vec<Papers> {
        let sum = line.coupon_disc;
        let mut candidates = vec![vec![sum]];
        for count in (2..=line.quantity.min(PAPERS_MAX)).filter(|count| sum % count == 0) {
            candidates.push((0..count).map(|_| sum / count).collect());
        }
        if line.quantity >= 2 {
            let pairs = self.known.iter().map(|larger| (*larger, sum - larger));
            candidates.extend(
                pairs
                    .filter(|(larger, rest)| 0 < *rest && rest < larger && self.known.contains(rest))
                    .map(|(larger, rest)| vec![larger, rest]),
            );
        }
        candidates
    }
}

/// What the rule adds to the papers of a line: each is doubled up to 1.00 together, and nothing below zero.
fn doubling(line: &Line, papers: &[i64]) -> i64 {
    let wanted: i64 = papers.iter().map(|value| (*value).min(100 - value).max(0)).sum();
    wanted.min(line.loyalty_price() - line.coupon_disc).max(0)
}

/// The evidence that is near one line.
struct Near<'a> {
    evidence: &'a Evidence,
    product: Vec<i64>,
    family: Vec<i64>,
}

impl<'a> Near<'a> {
    fn new(evidence: &'a Evidence, year: &Year, line: &Line) -> Self {
        let day = line.day();
        let near = |seen: Option<&Vec<Seen>>| {
            seen.into_iter()
                .flatten()
                .filter(|seen| (seen.day - day).abs() <= NEAR_DAYS)
                .map(|seen| seen.value)
                .collect()
        };
        Self {
            evidence,
            product: near(evidence.by_product.get(&line.product)),
            family: near(evidence.by_family.get(&family(year, line))),
        }
    }

    /// How much speaks for a face value, in thousandths of one line of the family.
    fn weight(&self, value: i64) -> u128 {
        let count = |values: &[i64]| values.iter().filter(|seen| **seen == value).count() as u128;
        let everywhere = u128::from(self.evidence.by_value.get(&value).copied().unwrap_or(0));
        1000 * (SAME_PRODUCT * count(&self.product) + count(&self.family))
            + 1000 * everywhere / u128::from(self.evidence.total.max(1))
    }

    /// How much speaks for any face value.
    fn all(&self) -> u128 {
        1000 * (SAME_PRODUCT * self.product.len() as u128 + self.family.len() as u128 + 1)
    }
}

fn family(year: &Year, line: &Line) -> Family {
    year.products
        .get(&line.product)
        .map_or_else(|| (0, String::new()), |product| (product.manufacturer, product.path[2].clone()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Evidence, doubling};
    use crate::year::{Line, Year};

    fn line(product: u32, quantity: i64, loyalty_price: i64, coupon: i64, matched: i64) -> Line {
        Line {
            basket: 1,
            household: 1,
            store: 1,
            wall_clock_s: 0,
            product,
            quantity,
            sales_value: loyalty_price - matched,
            retail_disc: 0,
            coupon_disc: coupon,
            coupon_match_disc: matched,
        }
    }

    #[test]
    fn each_paper_is_doubled_up_to_one_dollar_together() {
        for (loyalty_price, papers, expected) in [
            (500, vec![50], 50),
            (500, vec![55], 45),
            (500, vec![100], 0),
            (500, vec![150], 0),
            (500, vec![55, 55], 90),
            (500, vec![75, 50], 75),
            (99, vec![55], 44),
            (99, vec![99], 0),
            (40, vec![55], 0),
        ] {
            let line = line(1, 2, loyalty_price, papers.iter().sum(), 0);
            assert_eq!(doubling(&line, &papers), expected, "{papers:?} on {loyalty_price}");
        }
    }

    #[test]
    fn papers_are_counted_by_what_other_lines_show() {
        let seen = [line(1, 1, 300, 55, 45), line(1, 1, 300, 55, 45), line(2, 1, 300, 110, 0)];
        let year = Year::new(HashMap::new(), seen.to_vec());
        let evidence = Evidence::of(&year);
        assert_eq!(evidence.blind(&year, &line(1, 2, 600, 110, 90)), [55, 55]);
        assert_eq!(evidence.blind(&year, &line(1, 1, 600, 110, 0)), [110]);
        assert_eq!(evidence.with_another_count(&line(2, 2, 600, 110, 90)), Some(vec![55, 55]));
        assert_eq!(evidence.with_another_count(&line(2, 2, 600, 110, 17)), None);
    }
}
