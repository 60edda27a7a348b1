//! Loaded before everything else into a process: while a file is there that says so, no file below a folder grows. The
//! caller is told what a disk without room tells, so that all above it, SQLite too, does what it would do on one.
//!
//! `full.rs` builds it for itself as a library of C's kind; it belongs to no crate.

use std::ffi::{c_int, c_long, c_void};
use std::path::PathBuf;
use std::sync::OnceLock;

const ENOSPC: c_int = 28;
const SEEK_SET: c_int = 0;
const SEEK_CUR: c_int = 1;
const SEEK_END: c_int = 2;
#[cfg(target_arch = "x86_64")]
const CALLS: [c_long; 2] = [1, 18];
#[cfg(target_arch = "aarch64")]
const CALLS: [c_long; 2] = [64, 68];

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn lseek64(file: c_int, offset: i64, whence: c_int) -> i64;
    fn __errno_location() -> *mut c_int;
}

/// The file that says that there is no room, and the folder in which there is none.
fn told() -> Option<&'static (PathBuf, PathBuf)> {
    static TOLD: OnceLock<Option<(PathBuf, PathBuf)>> = OnceLock::new();
    let path = |name| std::env::var_os(name).map(PathBuf::from);
    TOLD.get_or_init(|| path("NO_ROOM_WHILE").zip(path("NO_ROOM_BELOW"))).as_ref()
}

/// Whether a write to this place would make a file of the folder longer while there is no room.
fn grows(file: c_int, at: Option<i64>, len: usize) -> bool {
    let Some((mark, folder)) = told() else { return false };
    if !mark.exists() {
        return false;
    }
    let ours = std::fs::read_link(format!("/proc/self/fd/{file}")).is_ok_and(|path| path.starts_with(folder));
    if !ours {
        return false;
    }
    // SAFETY: seeking touches no memory, and the place is put back; whoever writes to a file alone seeks in it.
    unsafe {
        let here = lseek64(file, 0, SEEK_CUR);
        let end = lseek64(file, 0, SEEK_END);
        lseek64(file, here, SEEK_SET);
        here >= 0 && at.unwrap_or(here).saturating_add(len as i64) > end
    }
}

fn no_room() -> isize {
    // SAFETY: the C library gives every thread a place for its error.
    unsafe { *__errno_location() = ENOSPC };
    -1
}

/// # Safety
/// As `write` of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(file: c_int, bytes: *const c_void, len: usize) -> isize {
    if grows(file, None, len) {
        return no_room();
    }
    // SAFETY: what was asked for, passed on.
    unsafe { syscall(CALLS[0], file, bytes, len) as isize }
}

/// # Safety
/// As `pwrite64` of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(file: c_int, bytes: *const c_void, len: usize, at: i64) -> isize {
    if grows(file, Some(at), len) {
        return no_room();
    }
    // SAFETY: what was asked for, passed on.
    unsafe { syscall(CALLS[1], file, bytes, len, at) as isize }
}

/// # Safety
/// As `pwrite` of the C library, whose places are of 64 bits here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(file: c_int, bytes: *const c_void, len: usize, at: i64) -> isize {
    // SAFETY: what was asked for, passed on.
    unsafe { pwrite64(file, bytes, len, at) }
}
