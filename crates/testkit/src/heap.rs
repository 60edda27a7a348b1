//! An allocator that counts what a piece of work takes of it. A test or a measuring program makes it its own:
//!
//! ```
//! use suanpan_testkit::heap;
//!
//! #[global_allocator]
//! static ALLOCATOR: heap::Counting = heap::Counting;
//!
//! let (text, peak_bytes) = heap::peak_bytes(|| "é".repeat(500));
//! assert_eq!((text.len(), peak_bytes), (1_000, 1_000));
//! let (length, allocations) = heap::allocations(|| text.len());
//! assert_eq!((length, allocations), (1_000, 0));
//! ```
//!
//! Each thread counts for itself, so that tests side by side do not count each other's.

#![allow(unsafe_code)] // An allocator cannot be written without; this one counts and passes everything on.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with counters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn taken(bytes: usize) {
    // A thread that is ending has no counters any more, and nobody asks for them.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
    let _ = NOW.try_with(|now| {
        now.set(now.get() + bytes.cast_signed());
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(now.get())));
    });
}

fn given_back(bytes: usize) {
    let _ = NOW.try_with(|now| now.set(now.get() - bytes.cast_signed()));
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's promise holds for the system's allocator too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        given_back(layout.size());
        // SAFETY: the pointer came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Old and new block may live at the same time.
        taken(size);
        // SAFETY: the pointer came from the system's allocator.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        given_back(layout.size());
        moved
    }
}

/// The result of the work, and the most bytes that this thread held at once beyond what it held before.
pub fn peak_bytes<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.get();
    PEAK.set(before);
    let result = work();
    (result, usize::try_from(PEAK.get() - before).unwrap_or(0))
}

/// The result of the work, and how often this thread asked for memory meanwhile.
pub fn allocations<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = ALLOCATIONS.get();
    let result = work();
    (result, ALLOCATIONS.get() - before)
}
