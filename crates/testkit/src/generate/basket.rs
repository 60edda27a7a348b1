//! Baskets of a made-up chain.

use suanpan_domain::{
    Basket, Line, LineId, LineKind, LinePrice, Money, PointsRequest, Quantity, Sku, StoreId, TillId,
    UnitPrice,
};

use super::market::{Article, Market, price};
use super::{Profile, Random, Size};

impl Market {
    /// A basket with lines, store, channel and time; what is presented comes once the program is known.
    pub fn basket(&self, random: &mut Random, size: Size) -> Basket {
        let count = 1 + random.below(size.lines_max as u64) as usize;
        let mut lines: Vec<Line> = Vec::with_capacity(count);
        let exchange = self.profile == Profile::Money && random.chance(12);
        for _ in 0..count {
            let repeated = !lines.is_empty() && random.chance(25);
            let line = if repeated {
                let mut line = random.pick(&lines);
                if line.quantity.is_whole() && line.quantity.milli() > 0 && !line.weighed {
                    line.quantity = Quantity::from_units(random.between(1, size.units_max));
                }
                line
            } else {
                let article = self.article(random).clone();
                self.line(random, &article, size, exchange)
            };
            lines.push(line);
        }
        number(random, &mut lines);
        Basket {
            chain: "chain".to_owned(),
            store: StoreId::new(random.pick(&["s-1", "s-2", "s-3"])).ok().filter(|_| random.chance(90)),
            till: TillId::new("t-1").ok().filter(|_| random.chance(50)),
            channel: random.pick(&["pos", "web", ""]).to_owned(),
            currency: self.currency,
            business_time: self.time,
            lines,
            codes: Vec::new(),
            paper_coupons: Vec::new(),
            manual_discounts: Vec::new(),
            gift_choices: Vec::new(),
            payment_kind: random.pick(&["cash", "card", ""]).to_owned(),
            points: PointsRequest::default(),
            unknown_member: None,
            exchange_of: exchange.then(|| "sale-1".to_owned()),
        }
    }

    fn line(&self, random: &mut Random, article: &Article, size: Size, exchange: bool) -> Line {
        let weighed = article.weighed;
        let quantity = if weighed {
            Quantity::from_milli(random.pick(&[500, 734, 1_000, 1_234, 2_000, 333]))
        } else if random.chance(3) && article.kind == LineKind::Goods {
            Quantity::from_milli(1_500)
        } else {
            Quantity::from_units(random.between(1, size.units_max))
        };
        let returned = match article.kind {
            LineKind::Deposit => random.chance(50),
            LineKind::Goods => exchange && random.chance(30),
            LineKind::Shipping | LineKind::Service | LineKind::GiftCard => false,
        };
        let unit_price = if random.chance(15) { price(random) } else { article.price };
        let total = random.chance(10).then(|| random.pick(&[0, 1, 5, 100, 500, 1_000]));
        let sign = if returned { -1 } else { 1 };
        let rare = if self.profile == Profile::Amounts { 20 } else { 6 };
        Line {
            id: LineId::new("L").expect("a sound id"),
            sku: Sku::new(article.sku.clone()).expect("a sound sku"),
            category: article.category.clone(),
            brand: article.brand.clone(),
            tags: article.tags.clone(),
            kind: article.kind,
            quantity: Quantity::from_milli(sign * quantity.milli()),
            weighed,
            price: match total {
                Some(minor) => LinePrice::Total(Money::from_minor(sign * minor)),
                None => LinePrice::Unit(unit_price),
            },
            taxes: article.taxes.clone(),
            price_overridden: random.chance(rare),
            not_discountable: random.chance(rare / 2),
            legal_minimum: random.maybe(rare, |random| legal_minimum(random, unit_price)),
        }
    }
}

/// A little below the price, at it, or anything small.
fn legal_minimum(random: &mut Random, price: UnitPrice) -> Money {
    let minor = price.micro() / UnitPrice::MICRO_PER_MINOR;
    Money::from_minor(random.pick(&[minor, (minor - 1).max(0), minor / 2, minor * 9 / 10, 1]))
}

/// Names the lines in an order of their own, so that ids say nothing of the place.
fn number(random: &mut Random, lines: &mut [Line]) {
    let mut numbers: Vec<usize> = (1..=lines.len()).collect();
    random.shuffle(&mut numbers);
    for (line, number) in lines.iter_mut().zip(numbers) {
        line.id = LineId::new(format!("L{number}")).expect("a sound id");
    }
}
