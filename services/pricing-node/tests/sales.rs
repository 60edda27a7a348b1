//! Sales over gRPC on the embedded store: the life of a sale, what happens to ids that come again, who wins races, what a
//! wrong clock stops, and what operators do.

#[path = "sales/admin.rs"]
mod admin;
#[path = "sales/clock.rs"]
mod clock;
#[path = "sales/life.rs"]
mod life;
#[path = "sales/limited.rs"]
mod limited;
#[path = "sales/members.rs"]
mod members;
#[path = "sales/once.rs"]
mod once;
#[path = "sales/repriced.rs"]
mod repriced;
#[path = "sales/shop.rs"]
mod shop;
