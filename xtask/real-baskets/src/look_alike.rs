//! Baskets that look like the chain's, from a seed: for tests that have no data.
//!
//! Alike are the lines per basket (p50 5, p90 24, p99 59, at most 161), how many lines have a card price or a
//! coupon, how papers stack on lines of several units, and fuel by the thousandth of a gallon. Amounts that
//! the chain takes are worked out here with a dozen lines of arithmetic that share nothing with the engine.

use crate::papers::{Papers, PapersByLine};
use crate::year::{Line, Product, Year};

/// How many lines baskets have: a basket that is later than `per_mille` of the others has so many, with
/// straight lines between.
const LINES_AT_PER_MILLE: [(u64, u64); 6] = [(0, 1), (500, 5), (900, 24), (990, 59), (999, 110), (1000, 161)];
/// Face values of papers, in cents.
const FACES: [i64; 8] = [20, 35, 40, 50, 55, 75, 100, 250];
/// Products of the chain; every hundredth is unknown to its own list, and the first is fuel.
const PRODUCTS: u64 = 5_000;

/// A look-alike year and the papers that were handed in.
pub struct LookAlike {
    /// Products, lines and baskets.
    pub year: Year,
    /// The papers on every line that has a coupon.
    pub papers: PapersByLine,
}

/// Makes `baskets` baskets; the same seed makes the same ones.
#[must_use]
pub fn make(seed: u64, baskets: u64) -> LookAlike {
    let mut random = Random(seed);
    let products =
        (0..PRODUCTS).filter(|product| product % 100 != 99).map(|id| (id as u32, product(id))).collect();
    let (mut lines, mut papers) = (Vec::new(), PapersByLine::default());
    for basket in 0..baskets {
        // Every size has its share of the baskets, whatever the seed; the last basket is the longest.
        let size = lines_at(basket * 1000 / (baskets - 1).max(1));
        let first_product = random.below(PRODUCTS);
        let wall_clock_s = 1_483_228_800 + random.below(365 * 24 * 3600) as i64;
        for index in 0..size {
            // A stride without a common divisor never meets a product twice.
            let product = ((first_product + index * 31) % PRODUCTS) as u32;
            let frame = Line {
                basket,
                household: basket as u32 % 2_469,
                store: basket as u32 % 457,
                wall_clock_s,
                product,
                quantity: 1,
                sales_value: 0,
                retail_disc: 0,
                coupon_disc: 0,
                coupon_match_disc: 0,
            };
            let (line, on_line) = fill(&mut random, frame);
            if !on_line.is_empty() {
                papers.set(&line, on_line);
            }
            lines.push(line);
        }
    }
    LookAlike { year: Year::new(products, lines), papers }
}

fn product(id: u64) -> Product {
    let path = if id == 0 {
        ["FUEL", "FUEL", "GASOLINE-REG UNLEADED"].map(str::to_owned)
    } else {
        [format!("DEPARTMENT {}", id % 12), format!("CATEGORY {}", id % 300), format!("TYPE {}", id % 2_000)]
    };
    let brand = if id.is_multiple_of(4) { "Private" } else { "National" };
    Product { manufacturer: (id % 900) as u32, path, brand: brand.to_owned() }
}

/// Amounts of a line, as the chain would take them.
fn fill(random: &mut Random, mut line: Line) -> (Line, Papers) {
    if line.product == 0 {
        line.quantity = 500 + random.below(60_000) as i64;
        line.sales_value = line.quantity * (179 + random.below(140) as i64) / 1000;
        return (line, Papers::new());
    }
    line.quantity = if random.below(4) == 0 { 2 + random.below(5) as i64 } else { 1 };
    let unit = 25 + random.below(1_200) as i64;
    let mut price = line.quantity * unit;
    if random.below(2) == 0 {
        line.retail_disc = random.below(price as u64 / 2) as i64;
        price -= line.retail_disc;
    }
    let mut papers = Papers::new();
    if random.below(40) == 0 {
        let face = FACES[random.below(FACES.len() as u64) as usize];
        let count = 1 + random.below(line.quantity as u64) as i64;
        // One in some coupons is worth more than the line, as in the data.
        for _ in 0..count {
            papers.push(face);
        }
        line.coupon_disc = papers.iter().sum();
        let wanted: i64 = papers.iter().map(|face| (100 - face).clamp(0, *face)).sum();
        line.coupon_match_disc = wanted.min(price - line.coupon_disc).max(0);
    }
    line.sales_value = price - line.coupon_match_disc;
    (line, papers)
}

fn lines_at(per_mille: u64) -> u64 {
    for pair in LINES_AT_PER_MILLE.windows(2) {
        let [(from, fewest), (to, most)] = pair else { continue };
        if per_mille <= *to {
            return fewest + (most - fewest) * (per_mille - from) / (to - from);
        }
    }
    1
}

/// SplitMix64: small, good enough for test data, and the same everywhere.
struct Random(u64);

impl Random {
    /// A number below `bound`, which is above zero.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::make;

    #[test]
    fn sizes_are_the_chains_own() {
        let look_alike = make(1, 2_000);
        let mut sizes: Vec<usize> = look_alike.year.baskets.iter().map(ExactSizeIterator::len).collect();
        sizes.sort_unstable();
        assert_eq!([sizes[1_000], sizes[1_800], sizes[1_980], sizes[1_999]], [5, 24, 59, 161]);
        let mut products = HashMap::new();
        for line in &look_alike.year.lines {
            assert!(products.insert((line.basket, line.product), ()).is_none(), "one product, one line");
            assert_eq!(line.coupon_disc, look_alike.papers.of(line).iter().sum::<i64>());
        }
    }
}
