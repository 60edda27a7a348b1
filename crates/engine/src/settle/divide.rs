//! Dividing whole numbers by largest remainder between receivers, each of which may stand for many that are alike.

/// Some receivers that weigh the same: a line, a request line, a run of units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Receiver {
    /// How many.
    pub(super) count: i64,
    /// What each weighs, not negative.
    pub(super) weight: i128,
    /// What each of them gets.
    pub(super) each: i64,
    /// So many of them, the first ones, get one more; negative where a negative amount was divided: one less.
    pub(super) more: i64,
}

impl Receiver {
    pub(super) const fn new(count: i64, weight: i128) -> Self {
        Self { count, weight, each: 0, more: 0 }
    }

    /// What they get together.
    pub(super) const fn total(&self) -> i64 {
        self.each * self.count + self.more
    }
}

/// Working memory: remainders with the place of their receiver.
pub(super) type Remainders = Vec<(i128, u32)>;

/// Divides an amount by weight: the exact shares cut, then one each to the largest remainders, ties in order. Equally
/// when nobody weighs anything. A negative amount mirrors the positive one. The product of the amount and the largest
/// weight fits 127 bits.
pub(super) fn largest_remainder(amount: i64, receivers: &mut [Receiver], remainders: &mut Remainders) {
    if amount == 0 || receivers.is_empty() {
        receivers.iter_mut().for_each(|receiver| (receiver.each, receiver.more) = (0, 0));
        return;
    }
    if let [only] = receivers {
        (only.each, only.more) = (amount / only.count, amount % only.count);
        return;
    }
    let mut whole: i128 = receivers.iter().map(|receiver| receiver.weight * i128::from(receiver.count)).sum();
    if whole == 0 {
        receivers.iter_mut().for_each(|receiver| receiver.weight = 1);
        whole = receivers.iter().map(|receiver| i128::from(receiver.count)).sum();
    }
    let magnitude = i64::try_from(amount.unsigned_abs()).unwrap_or(i64::MAX);
    let sign = amount.signum();
    let mut rest = magnitude;
    remainders.clear();
    // The machine divides 64 bits an order of magnitude faster, and most baskets fit.
    let small = whole < 1 << 31 && magnitude < 1 << 31;
    for (place, receiver) in receivers.iter_mut().enumerate() {
        let (share, remainder) = if small {
            let exact = magnitude * receiver.weight as i64;
            (exact / whole as i64, i128::from(exact % whole as i64))
        } else {
            let exact = i128::from(magnitude) * receiver.weight;
            ((exact / whole) as i64, exact % whole)
        };
        receiver.each = share * sign;
        receiver.more = 0;
        rest -= share * receiver.count;
        if remainder > 0 {
            remainders.push((remainder, place as u32));
        }
    }
    if rest > 0 {
        remainders.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        for &(_, place) in remainders.iter() {
            let receiver = &mut receivers[place as usize];
            let more = rest.min(receiver.count);
            receiver.more = more * sign;
            rest -= more;
            if rest == 0 {
                break;
            }
        }
    }
    debug_assert_eq!(receivers.iter().map(Receiver::total).sum::<i64>(), amount);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(amount: i64, receivers: &[(i64, i128)], expected: &[(i64, i64)]) {
        let mut divided: Vec<Receiver> =
            receivers.iter().map(|&(count, weight)| Receiver::new(count, weight)).collect();
        largest_remainder(amount, &mut divided, &mut Vec::new());
        let got: Vec<_> = divided.iter().map(|receiver| (receiver.each, receiver.more)).collect();
        assert_eq!(got, expected, "{amount} over {receivers:?}");
    }

    #[test]
    fn shares_are_cut_and_the_rest_goes_to_the_largest_remainders() {
        check(299, &[(1, 4300), (1, 1400), (1, 2300)], &[(160, 1), (52, 0), (85, 1)]);
        check(200, &[(2, 667), (1, 666)], &[(66, 2), (66, 0)]);
        check(-200, &[(2, 667), (1, 666)], &[(-66, -2), (-66, 0)]);
        check(10, &[(3, 0), (1, 0)], &[(2, 2), (2, 0)]);
        check(7, &[(3, 5)], &[(2, 1)]);
        check(0, &[(3, 5), (1, 1)], &[(0, 0), (0, 0)]);
        check(1 << 40, &[(1, 1 << 60), (1, 1 << 60)], &[(1 << 39, 0), (1 << 39, 0)]);
    }
}
