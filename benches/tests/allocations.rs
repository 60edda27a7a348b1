//! What a quote allocates when its memory is warm.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use suanpan_benches::w1;
use suanpan_domain::Quote;
use suanpan_engine::Scratch;
use suanpan_program::model::SelectionMode;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts the allocations of each thread.
struct Counting;

// SAFETY: hands everything on to the system's allocator, unchanged.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_quote_allocates_next_to_nothing_once_its_memory_is_warm() {
    let (baskets, member) = (w1::baskets(256), w1::member());
    for selection in [SelectionMode::ByPriority, SelectionMode::BestForMember] {
        let compiled = w1::compiled(selection);
        let (mut scratch, mut quote) = (Scratch::new(), Quote::default());
        let mut worst = 0;
        for round in 0..2 {
            for basket in std::iter::once(&w1::w1()).chain(&baskets) {
                let before = ALLOCATIONS.with(Cell::get);
                compiled.quote(basket, Some(&member), None, &mut scratch, &mut quote);
                let allocations = ALLOCATIONS.with(Cell::get) - before;
                // Baskets that had to be searched may allocate.
                if round == 1 && quote.nodes_searched == 0 {
                    worst = worst.max(allocations);
                }
            }
        }
        // A threshold that is nearly contested makes lists of what could contest it.
        let most = if selection == SelectionMode::ByPriority { 0 } else { 2 };
        assert!(worst <= most, "{selection:?}: {worst}");
    }
}
