//! Compiles a program and prices baskets: pure, sync, exact.
