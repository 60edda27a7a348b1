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
    let quotient = numerator / divisor;
    let rest = numerator % divisor;
    if rest == 0 {
        return quotient;
    }
    let twice = rest.unsigned_abs().saturating_mul(2);
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
