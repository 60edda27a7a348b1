//! How far the servers were asked for rows of a part, and from where they are asked next.
//!
//! A row may become visible after one that is later: clocks are apart, and writes take their time. Reading goes on from
//! some seconds ago therefore, and what is known is not told again. Most rows come within a second, so that the last
//! second is read whenever somebody asks, and all of the time in which a row may come late now and then.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use scylla::value::CqlTimeuuid;

/// Rows of one partition of the table: this many milliseconds of one part.
const BUCKET_MS: i64 = 60_000;
/// How far clocks may be apart, and how late a row may come.
const LATE_MS: i64 = 10_000;
/// How late most come.
const SOON_MS: i64 = 1_000;
/// So often everything is read in which a row may come late. One that does is seen after so long, and so much later.
const ALL_EVERY: Duration = Duration::from_secs(5);

/// The bucket of an instant.
pub(super) fn bucket_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(BUCKET_MS)
}

/// How far the servers were asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The last answer.
    pub(super) last: Instant,
    /// The next reading of everything.
    all_at: Instant,
    /// The first bucket of it.
    all_from: i64,
    /// The first bucket of the others.
    soon_from: i64,
    places: BTreeMap<i64, Place>,
}

/// How far a bucket was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    /// Before it nothing comes any more.
    settled: Option<CqlTimeuuid>,
    /// Before it little comes.
    soon: Option<CqlTimeuuid>,
    newest_ms: i64,
}

/// One reading.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// Everything in which a row may come late.
    all: bool,
    now_ms: i64,
    /// The buckets that are read.
    pub(super) buckets: RangeInclusive<i64>,
}

impl Asked {
    pub(super) fn begin(now: Instant, now_ms: i64) -> Self {
        let from = bucket_of(now_ms - LATE_MS);
        Self { last: now, all_at: now, all_from: from, soon_from: from, places: BTreeMap::new() }
    }

    /// What is read now.
    pub(super) fn next(&self, now: Instant, now_ms: i64) -> Reading {
        let all = self.all_at <= now;
        let (from, back_ms) = if all { (self.all_from, LATE_MS) } else { (self.soon_from, SOON_MS) };
        Reading { all, now_ms, buckets: from..=bucket_of(now_ms + back_ms) }
    }

    /// The row behind which a bucket is read; none for all of it.
    pub(super) fn after(&self, reading: &Reading, bucket: i64) -> Option<CqlTimeuuid> {
        let place = self.places.get(&bucket)?;
        if reading.all { place.settled } else { place.soon }
    }

    /// Takes in what a bucket gave.
    pub(super) fn read(
        &mut self,
        reading: &Reading,
        bucket: i64,
        rows: impl Iterator<Item = CqlTimeuuid> + Clone,
    ) {
        let Reading { all, now_ms, .. } = *reading;
        let place = self.places.entry(bucket).or_default();
        let before = |ms: i64| rows.clone().filter(|at| unix_ms(*at) < ms).max();
        if all {
            place.settled = place.settled.max(before(now_ms - LATE_MS));
        }
        place.newest_ms = rows.clone().map(unix_ms).fold(place.newest_ms, i64::max);
        // Less than the newest one, too: the clock here may be ahead of the servers'.
        let soon = before(place.newest_ms.min(now_ms) - SOON_MS);
        place.soon = place.soon.max(soon).max(place.settled);
    }

    /// All its buckets gave their rows.
    pub(super) fn done(&mut self, reading: &Reading, now: Instant) {
        self.last = now;
        self.soon_from = bucket_of(reading.now_ms - SOON_MS).max(self.soon_from);
        if reading.all {
            self.all_at = now + ALL_EVERY;
            self.all_from = bucket_of(reading.now_ms - LATE_MS).max(self.all_from);
            self.places = self.places.split_off(&self.all_from);
        }
    }
}

/// When the server made a row.
fn unix_ms(at: CqlTimeuuid) -> i64 {
    /// From 1582, where the timestamps of such ids begin, to 1970, in steps of 100 ns.
    const UNIX_BEGINS: u64 = 0x01b2_1dd2_1381_4000;
    let bytes = at.as_bytes();
    let low = u64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let middle = u64::from(u16::from_be_bytes([bytes[4], bytes[5]]));
    let high = u64::from(u16::from_be_bytes([bytes[6], bytes[7]]) & 0x0fff);
    let steps = high << 48 | middle << 32 | low;
    (steps.saturating_sub(UNIX_BEGINS) / 10_000).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of an instant.
    fn row(at_ms: i64) -> CqlTimeuuid {
        let steps = 0x01b2_1dd2_1381_4000 + at_ms.cast_unsigned() * 10_000;
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&(steps as u32).to_be_bytes());
        bytes[4..6].copy_from_slice(&((steps >> 32) as u16).to_be_bytes());
        bytes[6..8].copy_from_slice(&((steps >> 48) as u16 | 0x1000).to_be_bytes());
        bytes[8] = 0x80;
        let at = CqlTimeuuid::from_bytes(bytes);
        assert_eq!(unix_ms(at), at_ms);
        at
    }

    /// A reader of rows that lie in buckets.
    struct Reader {
        asked: Asked,
        began: Instant,
        seen: Vec<i64>,
        /// Rows that were read, again and again.
        rows: usize,
    }

    const BEGAN_MS: i64 = 1_764_000_000_000;

    impl Reader {
        fn new() -> Self {
            let began = Instant::now();
            Self { asked: Asked::begin(began, BEGAN_MS), began, seen: Vec::new(), rows: 0 }
        }

        /// Asks at an instant. `lying` are rows: when they were made, and when they can be seen.
        fn ask(&mut self, after_ms: i64, lying: &[(i64, i64)]) {
            let now = self.began + Duration::from_millis(after_ms.cast_unsigned());
            let now_ms = BEGAN_MS + after_ms;
            let reading = self.asked.next(now, now_ms);
            for bucket in reading.buckets.clone() {
                let after = self.asked.after(&reading, bucket);
                let visible = lying.iter().filter(|(_, visible_ms)| *visible_ms <= after_ms);
                let rows =
                    visible.map(|(made_ms, _)| BEGAN_MS + made_ms).filter(|at| bucket_of(*at) == bucket);
                let rows: Vec<i64> = rows.filter(|at| after.is_none_or(|after| row(*at) > after)).collect();
                self.asked.read(&reading, bucket, rows.iter().map(|at| row(*at)));
                self.rows += rows.len();
                self.seen.extend(rows.into_iter().map(|at| at - BEGAN_MS));
            }
            self.asked.done(&reading, now);
        }
    }

    #[test]
    fn every_row_is_seen_however_late_it_comes() {
        // At ends of minutes and between them; so late a row comes, so soon it is seen then.
        for made in [12_000, 59_400, 59_990, 60_000, 61_000, 68_000, 119_999] {
            for (late_ms, within_ms) in [(0, 150), (500, 150), (900, 150), (3_000, 5_150), (9_500, 5_150)] {
                let visible = made + late_ms;
                let others = (0..600).map(|nth| (nth * 250 + 3, nth * 250 + 3));
                let mut lying: Vec<(i64, i64)> = others.collect();
                lying.push((made, visible));
                let mut reader = Reader::new();
                let asked_ms = (visible + within_ms) / 150 * 150;
                for after_ms in (0..=asked_ms).step_by(150) {
                    reader.ask(after_ms, &lying);
                }
                for (at, _) in lying.into_iter().filter(|(at, _)| *at <= asked_ms) {
                    assert!(reader.seen.contains(&at), "{made} + {late_ms}: {at}");
                }
            }
        }
    }

    #[test]
    fn a_reader_that_was_away_goes_on_where_it_was() {
        for away_ms in [3_000, 20_000, 200_000] {
            let lying: Vec<(i64, i64)> = (0..1_000).map(|nth| (nth * 250, nth * 250)).collect();
            let mut reader = Reader::new();
            for after_ms in [0, 150, 300, 50_000, 50_150, 50_150 + away_ms] {
                reader.ask(after_ms, &lying);
            }
            for (at, _) in lying.into_iter().filter(|(at, _)| *at <= 50_150 + away_ms) {
                assert!(reader.seen.contains(&at), "{away_ms}: {at}");
            }
        }
    }

    #[test]
    fn a_row_is_read_a_few_times_and_not_in_every_reading_of_ten_seconds() {
        let lying: Vec<(i64, i64)> = (0..3_000).map(|nth| (nth * 40, nth * 40)).collect();
        let mut reader = Reader::new();
        for after_ms in (0..120_000).step_by(150) {
            reader.ask(after_ms, &lying);
        }
        assert!((6..14).contains(&(reader.rows / lying.len())), "{}", reader.rows / lying.len());
    }
}
