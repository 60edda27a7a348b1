//! The chain as a program and a catalogue beside it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use crate::year::{Product, Year};

/// The chain's name in every message.
pub const CHAIN: &str = "journey";
/// The code under which the till presents a maker's paper coupon; its value is read off the paper.
pub const MAKER_CODE: &str = "MAKER";
/// The offer behind [`MAKER_CODE`].
pub const MAKER_OFFER: &str = "maker-coupon";
/// The offer by which the chain doubles a maker's coupon.
pub const DOUBLING_OFFER: &str = "maker-coupon-doubled";
/// The channel in which the doubling rule is in force. In [`CHANNEL_RECORDED`] the till sends what the
/// chain added, so that everything else can be compared to the cent on lines where the chain left its rule.
pub const CHANNEL_RULE: &str = "pos";
/// The channel in which the doubling is data.
pub const CHANNEL_RECORDED: &str = "pos-recorded";

/// The chain's rules. Shelf and card prices vary by store and day, so they are data of the line: a total, and
/// what the card takes off. The rules are about coupons.
pub const PROGRAM: &str = r#"# A US grocery chain of 2017, as far as its receipts show its rules.
program: journey
title: { en: A real grocery chain's year }
currency: USD
time_zone: America/New_York
prices: { tax: excluded }
engine_edition: 1
selection: best_for_member

coupons:
  - id: maker-coupon              # a manufacturer pays; the till reads the value off the paper
    title: { en: Manufacturer's coupon }
    codes: { generic: ["MAKER"], paper: true }
    effect: { amount_off: presented }
    funding: { maker: 100% }
    counts_as: tender

promotions:
  - id: maker-coupon-doubled      # the chain adds as much again, up to 1.00 together for each paper
    title: { en: Doubled by the chain }
    layer: coupon
    where: { channels: [pos] }
    effect: { match: { offer: maker-coupon, percent: 100%, together_at_most: 1.00 } }
"#;

/// Writes `program.yaml` and `catalogue.csv` into a folder.
///
/// # Errors
/// When a file cannot be written.
pub fn write(year: &Year, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("program.yaml"), PROGRAM)?;
    std::fs::write(folder.join("catalogue.csv"), catalogue(year))
}

/// One record per product, in the order of their numbers. The base price is the shelf price that single
/// units had most often (of equally frequent ones the lowest).
fn catalogue(year: &Year) -> String {
    let prices = usual_prices(year);
    let products: BTreeMap<u32, &Product> =
        year.products.iter().map(|(id, product)| (*id, product)).collect();
    let mut text = String::from("sku,category,brand,tags,kind,taxes,unit,base_price,legal_minimum\n");
    for (id, product) in products {
        let category: Vec<String> =
            product.path.iter().map(|level| slug(level)).filter(|level| !level.is_empty()).collect();
        // A catalogue knows no gallons; what matters here is that fuel is sold by volume.
        let unit = if product.is_fuel() { "l" } else { "piece" };
        let price =
            prices.get(&id).map_or_else(String::new, |cents| format!("{}.{:02}", cents / 100, cents % 100));
        let _ = writeln!(
            text,
            "{id},{},maker-{},{},goods,,{unit},{price},",
            category.join("/"),
            product.manufacturer,
            slug(&product.brand)
        );
    }
    text
}

fn usual_prices(year: &Year) -> HashMap<u32, i64> {
    let mut seen: HashMap<u32, BTreeMap<i64, u32>> = HashMap::new();
    for line in year.lines.iter().filter(|line| line.quantity == 1 && !year.is_fuel(line)) {
        *seen.entry(line.product).or_default().entry(line.shelf_total()).or_default() += 1;
    }
    let usual = |prices: BTreeMap<i64, u32>| {
        prices
            .into_iter()
            .max_by_key(|(price, count)| (*count, std::cmp::Reverse(*price)))
            .map(|(price, _)| price)
    };
    seen.into_iter().filter_map(|(product, prices)| Some((product, usual(prices)?))).collect()
}

/// A level of a category path: lower case, with a hyphen for whatever is neither letter nor digit.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}
