//! Sales over gRPC on the embedded store: the life of a sale, what happens to ids that come again, who wins races, and what
//! operators do.

#[path = "sales/admin.rs"]
mod admin;
#[path = "sales/life.rs"]
mod life;
#[path = "sales/once.rs"]
mod once;
#[path = "sales/shop.rs"]
mod shop;
