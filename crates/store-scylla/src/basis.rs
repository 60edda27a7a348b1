//! What a hold is for, and what a debt of a guest is named by: a version of the owner's head, and a round of the row.
//!
//! A version alone is not enough. Whoever frees a hold first keeps the sale out, by a new round of its row, and frees the
//! hold as it was seen. The sale looks again, at the same version, and must not find that hold good: it renews it for the
//! new round, which the other then leaves alone. In the same way whoever keeps a row out that was to owe something takes that
//! debt off the list, and not what is listed for the new round.

/// Bits of the round.
const ROUND_BITS: u32 = 16;

/// The basis of a version and a round. Rounds begin again after 65,536 of one version, which no sale comes to.
pub(crate) const fn of(version: i64, round: i32) -> i64 {
    version << ROUND_BITS | (round & 0xffff) as i64
}

/// The version in a basis.
pub(crate) const fn version(basis: i64) -> i64 {
    basis >> ROUND_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_version_or_round_is_greater() {
        for (before, after) in [((0, 0), (0, 1)), ((3, 1), (3, 2)), ((3, 65_535), (4, 0)), ((1, 9), (2, 0))] {
            let (before, after) = (of(before.0, before.1), of(after.0, after.1));
            assert!(before < after, "{before} {after}");
        }
        assert_eq!(version(of(7, 3)), 7);
        assert_eq!(version(of(0, 65_535)), 0);
    }
}
