//! Who pays for what an offer gave.

use crate::v1;

/// The name of the chain as a funder.
const CHAIN: &str = "chain";
/// The whole, in parts per million.
const WHOLE_PPM: i64 = 1_000_000;

/// Divides an amount by the shares of its funders; the chain takes what is not listed. Each share is rounded down, and
/// the minor units that are left go to the largest remainders, the chain's last among equals and the others in the
/// program's order. Nothing for an amount of zero.
pub(super) fn shares(amount_minor: i64, funders: &[(String, i64)]) -> Vec<v1::FundingShare> {
    if amount_minor == 0 {
        return Vec::new();
    }
    let listed_ppm: i64 = funders.iter().map(|(_, share_ppm)| share_ppm).sum();
    let chain = (listed_ppm < WHOLE_PPM).then_some((CHAIN, WHOLE_PPM - listed_ppm));
    let all = funders.iter().map(|(funder, share_ppm)| (funder.as_str(), *share_ppm)).chain(chain);

    let mut shares = Vec::with_capacity(funders.len() + 1);
    let mut remainders = Vec::with_capacity(funders.len() + 1);
    let mut left = amount_minor;
    for (funder, share_ppm) in all {
        let exact = i128::from(amount_minor) * i128::from(share_ppm);
        // Rounded down; at most the amount itself, so it fits again.
        let share = exact.div_euclid(i128::from(WHOLE_PPM)) as i64;
        remainders.push((exact.rem_euclid(i128::from(WHOLE_PPM)), shares.len()));
        left -= share;
        shares.push(v1::FundingShare { funder: funder.to_owned(), amount_minor: share });
    }
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, index) in remainders {
        if left == 0 {
            break;
        }
        left -= 1;
        shares[index].amount_minor += 1;
    }
    shares.retain(|share| share.amount_minor != 0);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_the_amount() {
        for (amount, funders, expected) in [
            (100, &[][..], &[("chain", 100)][..]),
            (100, &[("meiji", 1_000_000)], &[("meiji", 100)]),
            (101, &[("meiji", 500_000)], &[("meiji", 51), ("chain", 50)]),
            (10, &[("a", 333_333), ("b", 333_333)], &[("a", 3), ("b", 3), ("chain", 4)]),
            (1, &[("a", 333_333), ("b", 666_667)], &[("b", 1)]),
            (0, &[("a", 1_000_000)], &[]),
        ] {
            let funders: Vec<_> = funders.iter().map(|(name, ppm)| ((*name).to_owned(), *ppm)).collect();
            let shares = shares(amount, &funders);
            let shown: Vec<_> =
                shares.iter().map(|share| (share.funder.as_str(), share.amount_minor)).collect();
            assert_eq!(shown, expected, "{amount} {funders:?}");
        }
    }
}
