//! Division with a named rounding.

/// How a fraction of a minor unit becomes a whole one. Negative numbers mirror positive ones: `HalfUp` of -0.5 is -1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest, a half away from zero.
    #[default]
    HalfUp,
    /// To the nearest, a half to the even neighbour.
    HalfEven,
    /// To the nearest, a half towards zero.
    HalfDown,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
}

/// Divides with a named rounding. The divisor is positive.
///
/// ```
/// use suanpan_domain::{Rounding, divide};
/// assert_eq!(divide(5, 2, Rounding::HalfUp), 3);
/// assert_eq!(divide(5, 2, Rounding::HalfEven), 2);
/// assert_eq!(divide(-5, 2, Rounding::HalfUp), -3);
/// ```
#[inline]
#[must_use]
pub fn divide(numerator: i64, divisor: i64, rounding: Rounding) -> i64 {
    debug_assert!(divisor > 0);
    let (quotient, rest, by) =
        (numerator / divisor, (numerator % divisor).unsigned_abs(), divisor.unsigned_abs());
    // The smallest rest that rounds away from zero. Where many numbers are divided by one, it is found once.
    let least = match rounding {
        Rounding::HalfUp | Rounding::HalfEven => by.div_ceil(2),
        Rounding::HalfDown => by / 2 + 1,
        Rounding::Down => by,
        Rounding::Up => 1,
    };
    let to_even =
        rounding == Rounding::HalfEven && by.is_multiple_of(2) && rest == by / 2 && quotient % 2 == 0;
    if rest >= least && !to_even { quotient + numerator.signum() } else { quotient }
}

/// [`divide`] for products that need 128 bits.
#[inline]
#[must_use]
pub fn divide_i128(numerator: i128, divisor: i128, rounding: Rounding) -> i128 {
    // Most products fit 64 bits, where the machine divides an order of magnitude faster.
    if let (Ok(small), Ok(by)) = (i64::try_from(numerator), i64::try_from(divisor)) {
        return i128::from(divide(small, by, rounding));
    }
    let quotient = numerator / divisor;
    let rest = numerator % divisor;
    if rest == 0 {
        return quotient;
    }
    let twice = rest.unsigned_abs() * 2;
    let away = match rounding {
        Rounding::HalfUp => twice >= divisor.unsigned_abs(),
        Rounding::HalfDown => twice > divisor.unsigned_abs(),
        Rounding::HalfEven => {
            twice > divisor.unsigned_abs() || (twice == divisor.unsigned_abs() && quotient % 2 != 0)
        }
        Rounding::Down => false,
        Rounding::Up => true,
    };
    quotient + if away { numerator.signum() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_rounds_as_named() {
        use Rounding::{Down, HalfDown, HalfEven, HalfUp, Up};
        for (numerator, by, expected) in [
            (25, 10, [(HalfUp, 3), (HalfEven, 2), (HalfDown, 2), (Down, 2), (Up, 3)]),
            (35, 10, [(HalfUp, 4), (HalfEven, 4), (HalfDown, 3), (Down, 3), (Up, 4)]),
            (-25, 10, [(HalfUp, -3), (HalfEven, -2), (HalfDown, -2), (Down, -2), (Up, -3)]),
            (21, 10, [(HalfUp, 2), (HalfEven, 2), (HalfDown, 2), (Down, 2), (Up, 3)]),
            (30, 10, [(HalfUp, 3), (HalfEven, 3), (HalfDown, 3), (Down, 3), (Up, 3)]),
        ] {
            for (mode, rounded) in expected {
                assert_eq!(divide(numerator, by, mode), rounded, "{numerator}/{by} {mode:?}");
                let wide = i128::from(numerator) * (1 << 70);
                assert_eq!(divide_i128(wide, i128::from(by) * (1 << 70), mode), i128::from(rounded));
            }
        }
    }
}
