//! Two lists compared in memory that does not grow with them.
//!
//! What sales say of limits and codes is met owner by owner, what limits and codes say themselves is met holder by
//! holder, in another order. Both are put into one table of a fixed size, one side added, the other taken away: what both
//! sides have cancels itself out, and what is left is named, as long as it is not too much (an invertible Bloom look-up
//! table). Nothing has to be sorted, kept or looked up.

/// A share of a limit or a code as both sides know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Share {
    /// Chain in the upper half, kind and class below.
    pub(crate) what: u64,
    /// The offer, or the first half of the code.
    pub(crate) name: u64,
    /// The amount held, or the second half of the code.
    pub(crate) more: u64,
    /// Uses held.
    pub(crate) uses: u64,
    /// The sale.
    pub(crate) checkout: [u64; 2],
    /// A hash of the owner.
    pub(crate) owner: [u64; 2],
}

const WORDS: usize = 8;

impl Share {
    fn words(&self) -> [u64; WORDS] {
        let Self { what, name, more, uses, checkout, owner } = *self;
        [what, name, more, uses, checkout[0], checkout[1], owner[0], owner[1]]
    }

    fn of(words: [u64; WORDS]) -> Self {
        let [what, name, more, uses, first, second, third, fourth] = words;
        Self { what, name, more, uses, checkout: [first, second], owner: [third, fourth] }
    }
}

/// Mixes the bits of a number, so that numbers that are alike spread.
pub(crate) const fn mix(number: u64) -> u64 {
    let mut bits = number ^ (number >> 30);
    bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits ^= bits >> 27;
    bits = bits.wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

fn hash(words: &[u64; WORDS]) -> u64 {
    words.iter().fold(0x9e37_79b9_7f4a_7c15, |hash, word| mix(hash ^ *word).wrapping_add(hash << 1))
}

#[derive(Clone, Copy, Default)]
struct Cell {
    count: i64,
    words: [u64; WORDS],
    check: u64,
}

/// Cells of each of the three parts. Some 5,000 differences can be named.
const PART: usize = 2_048;

/// The table.
pub(crate) struct Sketch {
    cells: Vec<Cell>,
}

/// What is left of both sides.
pub(crate) struct Differences {
    /// On the side that was added only.
    pub(crate) added: Vec<Share>,
    /// On the side that was taken away only.
    pub(crate) taken: Vec<Share>,
    /// Whether there are more that cannot be named.
    pub(crate) more: bool,
}

impl Sketch {
    pub(crate) fn new() -> Self {
        Self { cells: vec![Cell::default(); 3 * PART] }
    }

    /// What sales say.
    pub(crate) fn add(&mut self, share: &Share) {
        self.put(&share.words(), 1);
    }

    /// What limits and codes say.
    pub(crate) fn take(&mut self, share: &Share) {
        self.put(&share.words(), -1);
    }

    fn put(&mut self, words: &[u64; WORDS], count: i64) {
        let hash = hash(words);
        for place in places(hash) {
            let cell = &mut self.cells[place];
            cell.count += count;
            cell.check ^= mix(hash);
            cell.words.iter_mut().zip(words).for_each(|(mine, theirs)| *mine ^= theirs);
        }
    }

    /// Names what is left.
    pub(crate) fn differences(mut self) -> Differences {
        let mut found = Differences { added: Vec::new(), taken: Vec::new(), more: false };
        let mut todo: Vec<usize> = (0..self.cells.len()).collect();
        while let Some(place) = todo.pop() {
            let Cell { count, words, check } = self.cells[place];
            let hash = hash(&words);
            // A cell with one share only: its check is that share's.
            if !matches!(count, 1 | -1) || mix(hash) != check || !places(hash).contains(&place) {
                continue;
            }
            let side = if count == 1 { &mut found.added } else { &mut found.taken };
            side.push(Share::of(words));
            // Every share takes a cell to itself, so that this ends also on a table that is damaged.
            if found.added.len() + found.taken.len() > self.cells.len() {
                break;
            }
            self.put(&words, -count);
            todo.extend(places(hash));
        }
        found.more = self.cells.iter().any(|cell| cell.count != 0 || cell.check != 0);
        found.added.sort_unstable();
        found.taken.sort_unstable();
        found
    }
}

/// A share's cell in each of the parts.
fn places(hash: u64) -> [usize; 3] {
    let within = |bits: u64| (bits % PART as u64) as usize;
    [within(hash), PART + within(hash >> 20), 2 * PART + within(hash >> 40)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(number: u64) -> Share {
        Share { what: number % 5, name: number / 7, checkout: [number, 3], ..Share::default() }
    }

    #[test]
    fn what_both_sides_have_cancels_itself_out() {
        for missing in [0, 1, 7, 2_000] {
            let mut sketch = Sketch::new();
            let whole = 50_000;
            (0..whole).for_each(|number| sketch.add(&share(number)));
            // The other side in another order, without some and with as many others.
            (missing..whole + missing).rev().for_each(|number| sketch.take(&share(number)));
            let found = sketch.differences();
            assert!(!found.more, "{missing}");
            let mut added: Vec<Share> = (0..missing).map(share).collect();
            let mut taken: Vec<Share> = (whole..whole + missing).map(share).collect();
            added.sort_unstable();
            taken.sort_unstable();
            assert_eq!((found.added, found.taken), (added, taken));
        }
    }

    #[test]
    fn the_same_share_twice_is_a_difference() {
        let mut sketch = Sketch::new();
        sketch.add(&share(1));
        sketch.add(&share(1));
        sketch.take(&share(1));
        assert_eq!(sketch.differences().added, [share(1)]);
    }

    #[test]
    fn more_than_can_be_named_is_said() {
        let mut sketch = Sketch::new();
        (0..100_000).for_each(|number| sketch.add(&share(number)));
        assert!(sketch.differences().more);
    }
}
