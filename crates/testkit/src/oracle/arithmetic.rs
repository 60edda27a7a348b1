//! Rounding and dividing, written out. Numbers in brackets are rules of `docs/pricing.md`.

use suanpan_domain::Rounding;
use suanpan_program::model::AllocationMethod;

pub(super) const MILLION: i128 = 1_000_000;

/// A fraction as a whole number. The divisor is positive; negative numbers mirror positive ones.
pub(super) fn rounded(numerator: i128, divisor: i128, mode: Rounding) -> i64 {
    let (sign, size) = if numerator < 0 { (-1, -numerator) } else { (1, numerator) };
    let (whole, rest) = (size / divisor, size % divisor);
    let up = match mode {
        Rounding::Down => false,
        Rounding::Up => rest > 0,
        Rounding::HalfUp => 2 * rest >= divisor,
        Rounding::HalfDown => 2 * rest > divisor,
        Rounding::HalfEven => 2 * rest > divisor || (2 * rest == divisor && whole % 2 == 1),
    };
    let result = sign * (whole + i128::from(up));
    i64::try_from(result).expect("oracle amounts are small")
}

/// A share in parts per million of an amount.
pub(super) fn share(amount: i64, ppm: i64, mode: Rounding) -> i64 {
    rounded(i128::from(amount) * i128::from(ppm), MILLION, mode)
}

/// An amount divided into so many parts that differ by at most one, the larger ones first; of negative amounts -10
/// stands before -11.
pub(super) fn level(amount: i64, parts: usize) -> Vec<i64> {
    let (each, rest) = (amount.div_euclid(parts as i64), amount.rem_euclid(parts as i64));
    (0..parts as i64).map(|part| each + i64::from(part < rest)).collect()
}

/// Largest remainder over weights, ties to the first. All weights zero: nothing is given. Negative amounts mirror.
pub(super) fn largest_remainder(amount: i64, weights: &[i64]) -> Vec<i64> {
    if amount < 0 {
        return largest_remainder(-amount, weights).into_iter().map(|share| -share).collect();
    }
    let wide: Vec<i128> = weights.iter().map(|weight| i128::from(*weight)).collect();
    largest_remainder_wide(amount, &wide)
}

/// The same over exact weights that are no amounts.
pub(super) fn largest_remainder_wide(amount: i64, weights: &[i128]) -> Vec<i64> {
    let sum: i128 = weights.iter().sum();
    let mut shares = vec![0; weights.len()];
    if sum == 0 || amount == 0 {
        return shares;
    }
    let mut order: Vec<usize> = (0..weights.len()).collect();
    for (place, weight) in weights.iter().enumerate() {
        shares[place] = (i128::from(amount) * weight / sum) as i64;
    }
    order.sort_by_key(|place| (std::cmp::Reverse(i128::from(amount) * weights[*place] % sum), *place));
    let missing = amount - shares.iter().sum::<i64>();
    for place in order.into_iter().take(missing as usize) {
        shares[place] += 1;
    }
    shares
}

/// Divides an amount by one of the methods of (19). Rooms guide where `last_line_takes_rest` walks back to and where
/// `half_down_then_first` adds; a share may still pass its room, which is for the caller to see.
pub(super) fn divided(amount: i64, weights: &[i64], rooms: &[i64], method: AllocationMethod) -> Vec<i64> {
    let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if sum == 0 || amount == 0 {
        return vec![0; weights.len()];
    }
    let exact = |place: usize| i128::from(amount) * i128::from(weights[place]);
    match method {
        AllocationMethod::LargestRemainder => largest_remainder(amount, weights),
        AllocationMethod::LastLineTakesRest => {
            let last = weights.iter().rposition(|weight| *weight > 0).expect("some weight");
            let mut shares: Vec<i64> =
                (0..weights.len()).map(|place| rounded(exact(place), sum, Rounding::Down)).collect();
            shares[last] = 0;
            let mut rest = amount - shares.iter().sum::<i64>();
            for place in (0..=last).rev() {
                let fits = rest.min((rooms[place] - shares[place]).max(0));
                if weights[place] > 0 {
                    shares[place] += fits;
                    rest -= fits;
                }
            }
            // What found no room stays with the last line, which then passes its room.
            shares[last] += rest;
            shares
        }
        AllocationMethod::HalfDownThenFirst => {
            let mut shares: Vec<i64> =
                (0..weights.len()).map(|place| rounded(exact(place), sum, Rounding::HalfDown)).collect();
            let mut missing = amount - shares.iter().sum::<i64>();
            while missing > 0 {
                let mut moved = false;
                for place in 0..weights.len() {
                    if missing > 0 && weights[place] > 0 && shares[place] < rooms[place] {
                        shares[place] += 1;
                        missing -= 1;
                        moved = true;
                    }
                }
                if !moved {
                    break;
                }
            }
            while missing < 0 {
                for share in shares.iter_mut() {
                    if missing < 0 && *share > 0 {
                        *share -= 1;
                        missing += 1;
                    }
                }
            }
            shares
        }
        AllocationMethod::Cascade => {
            let mut shares = vec![0; weights.len()];
            let first = weights.iter().position(|weight| *weight > 0).expect("some weight");
            let (mut rest, mut left) = (amount, sum);
            for place in (0..weights.len()).rev() {
                if weights[place] == 0 {
                    continue;
                }
                shares[place] = if place == first {
                    rest
                } else {
                    rounded(i128::from(rest) * i128::from(weights[place]), left, Rounding::Down)
                };
                rest -= shares[place];
                left -= i128::from(weights[place]);
            }
            shares
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_divide_as_the_systems_do_that_they_come_from() {
        let rooms = [i64::MAX; 3];
        for (method, amount, weights, expected) in [
            (AllocationMethod::LargestRemainder, 299, [4300, 1400, 2300], [161, 52, 86]),
            (AllocationMethod::HalfDownThenFirst, 300, [4300, 1400, 2300], [162, 52, 86]),
            (AllocationMethod::LargestRemainder, 300, [4300, 1400, 2300], [161, 53, 86]),
            (AllocationMethod::LastLineTakesRest, 400, [1, 1, 1], [133, 133, 134]),
            (AllocationMethod::LargestRemainder, 400, [1, 1, 1], [134, 133, 133]),
            (AllocationMethod::Cascade, 100, [1, 1, 1], [34, 33, 33]),
        ] {
            assert_eq!(divided(amount, &weights, &rooms, method), expected, "{method:?} {amount}");
        }
        assert_eq!(divided(12, &[1, 1, 1], &[5, 10, 3], AllocationMethod::LastLineTakesRest), [4, 5, 3]);
        assert_eq!(level(500, 3), [167, 167, 166]);
        assert_eq!(level(-5, 3), [-1, -2, -2]);
    }
}
