//! Which units of a line came back: ranges of their places.

/// A set of places, as `(first, count)`, ascending and never touching each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Units {
    ranges: Vec<(u32, u32)>,
}

impl Units {
    pub(crate) fn contains(&self, place: u32) -> bool {
        let after = self.ranges.partition_point(|(first, _)| *first <= place);
        after > 0 && {
            let (first, count) = self.ranges[after - 1];
            place - first < count
        }
    }

    /// Adds places of which none is there yet.
    pub(crate) fn add(&mut self, first: u32, count: u32) {
        if count == 0 {
            return;
        }
        let mut place = self.ranges.partition_point(|(known, _)| *known < first);
        self.ranges.insert(place, (first, count));
        if place > 0 && self.ranges[place - 1].0 + self.ranges[place - 1].1 == first {
            place -= 1;
            let (_, more) = self.ranges.remove(place + 1);
            self.ranges[place].1 += more;
        }
        if place + 1 < self.ranges.len()
            && self.ranges[place].0 + self.ranges[place].1 == self.ranges[place + 1].0
        {
            let (_, more) = self.ranges.remove(place + 1);
            self.ranges[place].1 += more;
        }
    }

    /// The last places below `total` that are not there, at most so many.
    pub(crate) fn last_missing(&self, total: u32, count: u32) -> Self {
        let mut found = Vec::new();
        let mut left = count;
        let mut end = total;
        for (first, count) in self.ranges.iter().rev().copied().chain([(0, 0)]) {
            let begin = first + count;
            let free = end.saturating_sub(begin).min(left);
            if free > 0 {
                found.push((end - free, free));
                left -= free;
            }
            end = first;
            if left == 0 {
                break;
            }
        }
        found.reverse();
        Self { ranges: found }
    }

    pub(crate) fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_missing_units_come_first() {
        let mut units = Units::default();
        for (count, expected) in [(2, &[(8, 2)][..]), (1, &[(7, 1)]), (0, &[])] {
            let found = units.last_missing(10, count);
            assert_eq!(found.ranges(), expected);
            for (first, count) in found.ranges() {
                units.add(*first, *count);
            }
        }
        assert_eq!(units.ranges(), [(7, 3)]);
        units.add(4, 1);
        assert_eq!(units.last_missing(10, 4).ranges(), [(2, 2), (5, 2)]);
        assert_eq!(units.last_missing(10, 100).ranges(), [(0, 4), (5, 2)]);
        units.add(5, 2);
        assert_eq!(units.ranges(), [(4, 6)]);
        for (place, there) in [(3, false), (4, true), (9, true), (10, false)] {
            assert_eq!(units.contains(place), there, "{place}");
        }
        assert_eq!(units.last_missing(10, 5).ranges(), [(0, 4)]);
    }
}
