//! Comparing many keys as sorted lists are compared, without making lists.

use std::cmp::Ordering;

/// The smallest key that one of two has more often, and whether that is the first.
pub(crate) fn first_difference<K: Ord>(
    new: impl Iterator<Item = K> + Clone,
    old: impl Iterator<Item = K> + Clone,
) -> Option<(K, bool)> {
    let mut last: Option<K> = None;
    loop {
        let rest = |key: &K| last.as_ref().is_none_or(|last| key > last);
        let next = new.clone().chain(old.clone()).filter(rest).min()?;
        let times_new = new.clone().filter(|key| *key == next).count();
        let times_old = old.clone().filter(|key| *key == next).count();
        if times_new != times_old {
            return Some((next, times_new > times_old));
        }
        last = Some(next);
    }
}

/// How the first of two compares with the second, each as a list in ascending order. What they have in common may be left
/// out of both, and is `common` then.
pub(crate) fn compare_sorted<K: Ord>(
    new: impl Iterator<Item = K> + Clone,
    old: impl Iterator<Item = K> + Clone,
    common: impl Iterator<Item = K>,
) -> Ordering {
    let Some((key, is_new)) = first_difference(new.clone(), old.clone()) else { return Ordering::Equal };
    // Who has the key more often goes on with it where the other one has a larger key, or nothing.
    let (mut new, mut old, mut common) = (new, old, common);
    let larger = |other: K| other > key;
    let other_goes_on = common.any(larger) || if is_new { old.any(larger) } else { new.any(larger) };
    if is_new == other_goes_on { Ordering::Less } else { Ordering::Greater }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lists of up to three of the keys 0 to 3.
    fn lists() -> Vec<Vec<u8>> {
        let mut lists = vec![Vec::new()];
        for length in 0..3 {
            let longer: Vec<Vec<u8>> = lists.iter().filter(|list| list.len() == length).cloned().collect();
            lists.extend(longer.iter().flat_map(|list| (0..4).map(|key| [list.as_slice(), &[key]].concat())));
        }
        lists
    }

    #[test]
    fn keys_compare_as_their_sorted_lists() {
        let sorted = |list: &[u8], more: &[u8]| {
            let mut list = [list, more].concat();
            list.sort_unstable();
            list
        };
        for (new, old) in
            lists().iter().flat_map(|new| lists().into_iter().map(move |old| (new.clone(), old)))
        {
            for common in [&[][..], &[1], &[0, 3]] {
                let got = compare_sorted(new.iter(), old.iter(), common.iter());
                assert_eq!(
                    got,
                    sorted(&new, common).cmp(&sorted(&old, common)),
                    "{new:?} {old:?} {common:?}"
                );
            }
        }
    }

    #[test]
    fn the_first_difference_is_the_smallest_key_that_one_has_more_often() {
        for (new, old, expected) in [
            (&[][..], &[][..], None),
            (&[2, 1], &[1, 2], None),
            (&[1], &[], Some((1, true))),
            (&[1, 1, 3], &[1, 3, 3], Some((1, true))),
            (&[1, 3], &[2, 1], Some((2, false))),
        ] {
            let got = first_difference(new.iter().copied(), old.iter().copied());
            assert_eq!(got, expected, "{new:?} {old:?}");
        }
    }
}
