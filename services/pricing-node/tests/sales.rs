//! Sales over gRPC on the embedded store: the life of a sale, what happens to ids that come again, and who wins races.

#[path = "sales/life.rs"]
mod life;
#[path = "sales/once.rs"]
mod once;
#[path = "sales/shop.rs"]
mod shop;
