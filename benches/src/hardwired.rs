//! W1's six acting rules as a plain function on `i64`: what a programmer would write who knows the program by heart.
//! The engine is measured as a multiple of it, on the same baskets, with the same answers.

use suanpan_domain::{Basket, LinePrice};

/// Nets of the request lines and totals of the rules R1 to R6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// By request line.
    pub nets: [i64; 10],
    /// R1 to R6.
    pub rules: [i64; 6],
}

#[derive(Clone, Copy, Default)]
struct Merged {
    sku: u8,
    category: u8,
    price: i64,
    units: i64,
    running: i64,
    /// Request line with the smallest id, and the second one if two were merged.
    first: usize,
    second: Option<usize>,
}

/// Prices a basket of ten lines by W1's rules for a gold member with all three codes.
///
/// # Panics
/// When the basket has not ten lines with unit prices.
#[must_use]
pub fn price(basket: &Basket) -> Answer {
    let mut lines = [Merged::default(); 10];
    for (place, (slot, line)) in lines.iter_mut().zip(&basket.lines).enumerate() {
        let LinePrice::Unit(price) = line.price else { panic!("a unit price is needed") };
        let (price, units) = (price.micro() / 1_000_000, line.quantity.units());
        *slot = Merged {
            sku: line.sku.as_str().as_bytes()[1],
            category: line.category.as_bytes()[0],
            price,
            units,
            running: price * units,
            first: place,
            second: None,
        };
    }
    lines.sort_unstable_by_key(|line| (line.sku, line.price, line.first));
    let mut count = 1;
    for at in 1..10 {
        let line = lines[at];
        let last = &mut lines[count - 1];
        if last.sku == line.sku && last.price == line.price {
            last.units += line.units;
            last.running += line.running;
            last.second = Some(line.first);
        } else {
            lines[count] = line;
            count += 1;
        }
    }
    let lines = &mut lines[..count];
    let mut answer = Answer::default();
    // What the request line with the larger id gives up first, of two that were merged.
    let mut rewarded = [(0_i64, 0_i64); 10];

    // R2: buy two S1, get the cheapest S1 free.
    let units: i64 = lines.iter().filter(|line| line.sku == b'1').map(|line| line.units).sum();
    let mut free = units / 3;
    for (at, line) in lines.iter_mut().enumerate().filter(|(_, line)| line.sku == b'1') {
        let taken = free.min(line.units);
        free -= taken;
        line.running -= taken * line.price;
        rewarded[at] = (taken, line.price);
        answer.rules[1] += taken * line.price;
    }
    // R3: of category B every second unit, dearest first, at half price.
    let mut order = [0_usize; 4];
    let mut found = 0;
    for (at, line) in lines.iter().enumerate() {
        if line.category == b'B' {
            order[found] = at;
            found += 1;
        }
    }
    let order = &mut order[..found];
    order.sort_unstable_by_key(|&at| (-lines[at].price, at));
    let total: i64 = order.iter().map(|&at| lines[at].units).sum();
    let complete = total / 2 * 2;
    let mut position = 0;
    for &at in order.iter() {
        let last = (position + lines[at].units).min(complete);
        let seconds = last / 2 - position.min(complete) / 2;
        let half = (lines[at].price + 1) / 2;
        lines[at].running -= seconds * half;
        rewarded[at] = (seconds, half);
        answer.rules[2] += seconds * half;
        position += lines[at].units;
    }
    // R1: gold members get 8 % off category A. R4: 15 % off category C.
    for line in lines.iter_mut() {
        let (rule, percent) = match line.category {
            b'A' => (0, 8),
            b'C' => (3, 15),
            _ => continue,
        };
        let off = (line.running * percent + 50) / 100;
        line.running -= off;
        answer.rules[rule] += off;
    }
    let after_percents = lines.iter().map(|line| line.running);
    let mut steps = [[0_i64; 3]; 10];
    steps.iter_mut().zip(after_percents).for_each(|(step, running)| step[0] = running);
    // R5: 10 % off the order, divided. R6: 5.00 off from 50.00.
    let total: i64 = lines.iter().map(|line| line.running).sum();
    answer.rules[4] = divide((total * 10 + 50) / 100, lines);
    steps.iter_mut().zip(lines.iter()).for_each(|(step, line)| step[1] = line.running);
    let total: i64 = lines.iter().map(|line| line.running).sum();
    if total >= 5_000 {
        answer.rules[5] = divide(500, lines);
    }
    for (at, line) in lines.iter().enumerate() {
        steps[at][2] = line.running;
        match line.second {
            None => answer.nets[line.first] = line.running,
            Some(second) => {
                let first_units = basket.lines[line.first].quantity.units();
                let first = share_of_first(line, first_units, rewarded[at], &steps[at]);
                answer.nets[line.first] = first;
                answer.nets[second] = line.running - first;
            }
        }
    }
    answer
}

/// Largest remainder, ties in the order of lines.
fn divide(amount: i64, lines: &mut [Merged]) -> i64 {
    let total: i64 = lines.iter().map(|line| line.running).sum();
    let mut remainders = [-1_i64; 10];
    let mut missing = amount;
    for (line, remainder) in lines.iter_mut().zip(&mut remainders) {
        let exact = amount * line.running;
        let share = exact / total;
        if line.running > 0 {
            *remainder = exact % total;
        }
        line.running -= share;
        missing -= share;
    }
    for _ in 0..missing {
        let mut best = 0;
        for at in 1..lines.len() {
            if remainders[at] > remainders[best] {
                best = at;
            }
        }
        lines[best].running -= 1;
        remainders[best] = -1;
    }
    amount
}

/// What the first of two merged request lines costs: rewarded units are taken from the end, and every later discount sits on
/// the units by largest remainder over their amounts. `steps` are the line's amounts after each of them.
fn share_of_first(line: &Merged, first_units: i64, (rewarded, off): (i64, i64), steps: &[i64]) -> i64 {
    let mut units = [0_i64; 6];
    let units = &mut units[..line.units as usize];
    for (place, unit) in units.iter_mut().enumerate() {
        *unit = if (place as i64) < line.units - rewarded { line.price } else { line.price - off };
    }
    for &after in steps {
        let before: i64 = units.iter().sum();
        if before == 0 {
            return 0;
        }
        let mut remainders = [-1_i64; 6];
        let mut missing = after;
        for (unit, remainder) in units.iter_mut().zip(&mut remainders) {
            *remainder = *unit * after % before;
            *unit = *unit * after / before;
            missing -= *unit;
        }
        for _ in 0..missing {
            let mut best = 0;
            for at in 1..units.len() {
                if remainders[at] > remainders[best] {
                    best = at;
                }
            }
            units[best] += 1;
            remainders[best] = -1;
        }
    }
    units[..first_units as usize].iter().sum()
}
