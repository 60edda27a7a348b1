//! What a made-up chain sells: articles with their categories, brands, tags, taxes and prices.

use suanpan_domain::{BusinessTime, Currency, LineKind, LineTax, Rate, UnitPrice};
use suanpan_program::model::TaxBasis;

use super::{Profile, Random};

/// The articles and habits of a made-up chain, which its baskets and its program share.
#[derive(Clone, Debug)]
pub struct Market {
    pub(super) profile: Profile,
    pub(super) currency: Currency,
    pub(super) price_mode: TaxBasis,
    pub(super) articles: Vec<Article>,
    pub(super) time: BusinessTime,
}

/// An article of the made-up chain.
#[derive(Clone, Debug)]
pub(super) struct Article {
    pub(super) sku: String,
    pub(super) category: String,
    pub(super) brand: String,
    pub(super) tags: Vec<String>,
    pub(super) kind: LineKind,
    pub(super) price: UnitPrice,
    pub(super) weighed: bool,
    pub(super) taxes: Vec<LineTax>,
}

pub(super) const CATEGORIES: [&str; 6] =
    ["dairy", "dairy/milk", "dairy/yoghurt", "dairyfree", "care", "bakery/bread"];
pub(super) const BRANDS: [&str; 3] = ["alba", "bora", "cima"];
pub(super) const TAGS: [&str; 3] = ["fresh", "promo", "new"];
pub(super) const SHIPPING_SKU: &str = "SHIP";

/// Prices in minor units: zero, tiny, equal and ugly ones more often than in shops.
const PRICES: [i64; 18] = [0, 1, 2, 3, 5, 10, 10, 20, 33, 50, 99, 100, 100, 149, 200, 333, 349, 1000];

impl Market {
    /// A chain with eight articles and a delivery.
    #[must_use]
    pub fn generate(random: &mut Random, profile: Profile) -> Self {
        let currency = random.weighted(&[(5, "USD"), (3, "CNY"), (2, "JPY"), (1, "KWD")]);
        let price_mode = random.weighted(&[(3, TaxBasis::Included), (2, TaxBasis::Excluded)]);
        let sets = tax_sets(random, price_mode);
        let mut articles: Vec<Article> = (1..=8)
            .map(|number| Article {
                sku: format!("S{number}"),
                category: random.pick(&CATEGORIES).to_owned(),
                brand: random.pick(&BRANDS).to_owned(),
                tags: TAGS.iter().filter(|_| random.chance(25)).map(|tag| (*tag).to_owned()).collect(),
                kind: random.weighted(&[
                    (17, LineKind::Goods),
                    (2, LineKind::Service),
                    (1, LineKind::GiftCard),
                    (1, LineKind::Deposit),
                ]),
                price: price(random),
                weighed: random.chance(12),
                taxes: random.pick(&sets),
            })
            .collect();
        articles[0].kind = LineKind::Goods;
        articles.push(Article {
            sku: SHIPPING_SKU.to_owned(),
            category: String::new(),
            brand: String::new(),
            tags: Vec::new(),
            kind: LineKind::Shipping,
            price: UnitPrice::from_minor(random.pick(&[1, 50, 99, 500])),
            weighed: false,
            taxes: random.pick(&sets),
        });
        let day = random.pick(&DAYS_UNIX);
        let utc_offset_minutes = random.pick(&[0, 480, -300]);
        let minute = random.pick(&[0, 1, 59, 539, 540, 720, 1_080, 1_260, 1_319, 1_320, 1_439]);
        let local_ms = (day * 1_440 + minute) * 60_000 + random.pick(&[0, 0, 1, 59_999]);
        let time =
            BusinessTime { unix_ms: local_ms - i64::from(utc_offset_minutes) * 60_000, utc_offset_minutes };
        let currency =
            Currency::from_code(currency).or_else(|| Currency::from_code("USD")).expect("a known currency");
        Self { profile, currency, price_mode, articles, time }
    }

    /// An article to buy; a delivery comes rarely.
    pub(super) fn article(&self, random: &mut Random) -> &Article {
        let delivery = if self.profile == Profile::Money { 20 } else { 8 };
        if random.chance(delivery) {
            &self.articles[self.articles.len() - 1]
        } else {
            &self.articles[random.below(self.articles.len() as u64 - 1) as usize]
        }
    }

    pub(super) fn skus(&self) -> Vec<String> {
        self.articles.iter().map(|article| article.sku.clone()).collect()
    }
}

/// Days since 1970: 8, 18 and 30 November 2026, New Year's Eve and New Year, 28 February 2027, 29 February 2028.
const DAYS_UNIX: [i64; 7] = [20_765, 20_775, 20_787, 20_818, 20_819, 20_877, 21_243];

pub(super) fn price(random: &mut Random) -> UnitPrice {
    let minor = random.pick(&PRICES);
    let micro = if random.chance(12) { random.pick(&[500_000, 333_333, 900_000, 1]) } else { 0 };
    UnitPrice::new(minor, micro).unwrap_or_default()
}

fn tax(id: &str, rate_ppm: i64, included: bool) -> LineTax {
    LineTax { id: id.to_owned(), rate: Rate::from_ppm(rate_ppm).unwrap_or_default(), included }
}

fn tax_sets(random: &mut Random, price_mode: TaxBasis) -> Vec<Vec<LineTax>> {
    let included = price_mode == TaxBasis::Included;
    let mut sets = vec![
        vec![tax("vat", 190_000, included)],
        vec![tax("vat-low", 70_000, included)],
        vec![tax("city", 12_500, included), tax("state", 60_000, included)],
    ];
    if random.chance(60) {
        sets.push(Vec::new());
    }
    if random.chance(15) {
        sets.push(vec![tax("eco", 33_333, !included), tax("vat", 190_000, included)]);
    }
    sets
}
