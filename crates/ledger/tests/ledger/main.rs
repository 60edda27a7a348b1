//! The ledger from outside: tables of its rules, a naive model beside it, returns of random sales, its bytes.

mod archived;
mod bounds;
mod bytes;
mod cases;
mod life;
mod model;
mod policy_words;
mod refusals;
mod reminders;
mod returns;
mod rules;
mod script;
mod tiers;
mod world;
