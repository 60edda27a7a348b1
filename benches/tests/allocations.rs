//! What a quote allocates when its memory is warm.

use suanpan_benches::w1;
use suanpan_program::model::SelectionMode;
use suanpan_testkit::heap;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

#[test]
fn a_quote_allocates_next_to_nothing_once_its_memory_is_warm() {
    for selection in [SelectionMode::ByPriority, SelectionMode::BestForMember] {
        // Baskets that had to be searched among them.
        let worst = w1::allocations(selection, 256).all;
        // A threshold that is nearly contested makes lists of what could contest it.
        let most = if selection == SelectionMode::ByPriority { 0 } else { 2 };
        assert!(worst <= most, "{selection:?}: {worst}");
    }
}
