//! What the project does to itself: test, targets, real baskets.

fn main() {}
