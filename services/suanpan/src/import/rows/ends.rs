//! Ends of lines, whatever wrote the file.

use std::io::{self, Read};

/// Gives every end of a line (`\r\n`, `\r`, `\n`) as `\n`, so that lines are counted alike: the reader of CSV stands
/// between the two bytes of the first one when it has read a row.
pub(super) struct LineEnds<R> {
    inner: R,
    after_return: bool,
}

impl<R> LineEnds<R> {
    pub(super) const fn of(inner: R) -> Self {
        Self { inner, after_return: false }
    }
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.inner.read(buffer)?;
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
            if kept > 0 || count == 0 {
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
            ("a\nb", "a\nb"),
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
