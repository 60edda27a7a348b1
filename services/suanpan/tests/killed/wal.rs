//! SQLite's write-ahead log, as far as it takes to tear its last commit off.
//! (Form: <https://www.sqlite.org/fileformat2.html#walformat>.)

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// Ways in which a commit is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tear {
    /// Nothing but its first byte was written.
    FirstByte,
    /// Half of it.
    Half,
    /// All but its last byte.
    LastByteMissing,
    /// Its last page is not what was written.
    Noise,
    /// The file has grown, the last page was not written.
    Zeros,
}

impl Tear {
    pub(crate) const ALL: [Self; 5] =
        [Self::FirstByte, Self::Half, Self::LastByteMissing, Self::Noise, Self::Zeros];
}

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// One commit in the log.
struct Commit {
    start: usize,
    end: usize,
}

/// Tears off the last commit of a store's log; false when a part of it is in the store's file already.
pub(crate) fn tear(store: &Path, way: Tear) -> bool {
    let mut log = store.as_os_str().to_owned();
    log.push("-wal");
    let log = PathBuf::from(log);
    let mut bytes = fs::read(&log).expect("a log");
    let page_bytes = number(&bytes, 8) as usize;
    let Some(commit) = last_commit(&bytes, page_bytes) else { return false };
    if is_folded(store, &bytes[commit.start..commit.end], page_bytes) {
        return false;
    }
    let length = commit.end - commit.start;
    let page = commit.end - page_bytes..commit.end;
    match way {
        Tear::FirstByte => bytes.truncate(commit.start + 1),
        Tear::Half => bytes.truncate(commit.start + length / 2),
        Tear::LastByteMissing => bytes.truncate(commit.end - 1),
        Tear::Noise => bytes[page].iter_mut().step_by(97).for_each(|byte| *byte ^= 0x5a),
        Tear::Zeros => bytes[page].fill(0),
    }
    fs::write(&log, bytes).expect("a log");
    true
}

/// The last whole commit: frames up to the last one whose checksum holds and that ends a commit.
fn last_commit(bytes: &[u8], page_bytes: usize) -> Option<Commit> {
    let frame_bytes = FRAME_HEADER_BYTES + page_bytes;
    let big_endian = number(bytes, 0) & 1 == 1;
    let mut sum = checksum((0, 0), &bytes[..24], big_endian);
    let (mut start, mut last) = (HEADER_BYTES, None);
    let mut place = HEADER_BYTES;
    while let Some(frame) = bytes.get(place..place + frame_bytes) {
        // Frames of an earlier round of the log have other salts.
        if frame[8..16] != bytes[16..24] {
            break;
        }
        sum = checksum(sum, &frame[..8], big_endian);
        sum = checksum(sum, &frame[FRAME_HEADER_BYTES..], big_endian);
        if sum != (number(frame, 16), number(frame, 20)) {
            break;
        }
        place += frame_bytes;
        if number(frame, 4) != 0 {
            last = Some(Commit { start, end: place });
            start = place;
        }
    }
    last
}

/// Whether a page of these frames stands in the file as the frame has it.
fn is_folded(store: &Path, frames: &[u8], page_bytes: usize) -> bool {
    let mut file = fs::File::open(store).expect("a store");
    let mut there = vec![0; page_bytes];
    frames.chunks(FRAME_HEADER_BYTES + page_bytes).any(|frame| {
        let page = u64::from(number(frame, 0)) - 1;
        let found = file.seek(SeekFrom::Start(page * page_bytes as u64));
        found.is_ok() && file.read_exact(&mut there).is_ok() && there == frame[FRAME_HEADER_BYTES..]
    })
}

fn number(bytes: &[u8], place: usize) -> u32 {
    u32::from_be_bytes(bytes[place..place + 4].try_into().expect("four bytes"))
}

/// The log's running checksum.
fn checksum(mut sum: (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let word = |bytes: &[u8]| {
        let four: [u8; 4] = bytes.try_into().expect("four bytes");
        if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    };
    for pair in bytes.chunks_exact(8) {
        sum.0 = sum.0.wrapping_add(word(&pair[..4])).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(word(&pair[4..])).wrapping_add(sum.0);
    }
    sum
}
