//! On which line of a file a row stands, whatever wrote the file.

use std::io::{self, Read};

/// Gives every end of a line (`\r\n`, `\r`, `\n`) as `\n`, so that lines are counted alike: the reader of CSV stands
/// between the two bytes of the first one when it has read a row. The last line gets one where it has none.
///
/// ```
/// use std::io::Read;
/// use suanpan_program::LineEnds;
/// let mut text = String::new();
/// LineEnds::of(&b"sku\r\nMILK"[..]).read_to_string(&mut text).unwrap();
/// assert_eq!(text, "sku\nMILK\n");
/// ```
#[derive(Debug)]
pub struct LineEnds<R> {
    inner: R,
    after_return: bool,
    /// Something was read since the last end.
    in_line: bool,
}

impl<R> LineEnds<R> {
    /// The same bytes with one kind of end.
    pub const fn of(inner: R) -> Self {
        Self { inner, after_return: false, in_line: false }
    }
}

/// The line on which a record begins, from 1. Its own position is before the blank lines above it; the reader, which stands
/// behind it on the line `next`, knows where it ended.
///
/// ```
/// use suanpan_program::line_of_record;
/// let mut reader = csv::Reader::from_reader(&b"sku\n\nMILK\n"[..]);
/// let record = reader.records().next().unwrap().unwrap();
/// assert_eq!(line_of_record(&record, reader.position().line()), 3);
/// ```
#[must_use]
pub fn line_of_record(record: &csv::StringRecord, next: u64) -> u64 {
    let within = record.iter().flat_map(str::bytes).filter(|byte| *byte == b'\n').count() as u64;
    record.position().map_or(0, csv::Position::line).max(next.saturating_sub(within + 1))
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let count = self.inner.read(buffer)?;
            if count == 0 {
                buffer[0] = b'\n';
                return Ok(usize::from(std::mem::take(&mut self.in_line)));
            }
            let mut kept = 0;
            for at in 0..count {
                let byte = buffer[at];
                let is_told = byte == b'\n' && self.after_return;
                self.after_return = byte == b'\r';
                if !is_told {
                    buffer[kept] = if self.after_return { b'\n' } else { byte };
                    kept += 1;
                }
            }
            // Nothing kept of something read is not the end.
            if kept > 0 {
                self.in_line = buffer[kept - 1] != b'\n';
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads one byte at a time, so that a pair is always torn.
    struct Torn<'a>(&'a [u8]);

    impl Read for Torn<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(1);
            self.0.read(&mut buffer[..most])
        }
    }

    #[test]
    fn every_end_of_a_line_is_one() {
        for (given, expected) in [
            ("", ""),
            ("a\nb", "a\nb\n"),
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\rb\r", "a\nb\n"),
            ("\r\n\r\n", "\n\n"),
            ("\n\r\n\r\r\n\n", "\n\n\n\n\n"),
        ] {
            let mut whole = String::new();
            LineEnds::of(given.as_bytes()).read_to_string(&mut whole).unwrap();
            let mut torn = String::new();
            LineEnds::of(Torn(given.as_bytes())).read_to_string(&mut torn).unwrap();
            assert_eq!((whole.as_str(), torn.as_str()), (expected, expected), "{given:?}");
        }
    }
}
