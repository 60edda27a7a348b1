//! The one suite that every store passes: each check runs in a chain of its own, by several callers at once, and repeats
//! what had no known outcome, so that it also holds behind a store that loses answers.
//!
//! A store's tests call [`run`], or each of [`CHECKS`].

mod archive;
mod claims;
mod codes;
mod due;
mod limits;
mod links;
mod lists;
mod programs;
mod races;
mod till;
mod walks;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::store::Store;

/// One check of a store.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its name, also that of its chain.
    pub name: &'static str,
    /// Runs it in that chain, in which nothing may have been written before; other chains may be busy.
    pub run: fn(Arc<dyn Store>, &'static str) -> Running,
}

/// A check that runs. Ends in a panic where the store is wrong.
pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! checks {
    ($($module:ident: $($name:ident)*;)*) => {
        /// All checks.
        pub const CHECKS: &[Check] = &[$($(Check {
            name: concat!(stringify!($module), ".", stringify!($name)),
            run: |store, chain| Box::pin($module::$name(till::Shop::new(store, chain))),
        },)*)*];
    };
}

checks! {
    races: one_coupon_and_a_hundred_tills the_last_points_and_fifty_tills a_budget_and_sixty_four_writers
        the_same_confirm_twenty_times sixteen_writers_on_one_member a_use_for_everybody_is_sold_once
        a_decision_that_panics_hurts_nobody;
    claims: guest_then_member member_then_guest two_cards a_reservation_is_fenced a_cancel_comes_first
        everybody_at_once a_fenced_share_of_a_limit_is_free;
    limits: held_settled_freed_given_back a_cap_is_never_lowered_below_what_is_taken what_does_not_fit_is_no_write
        holders_are_listed facts_overrun;
    codes: used_once held_and_freed added_twice;
    due: the_scan_finds_what_is_due the_feed_tells_changes leases_pass_on positions_are_fenced;
    lists: entries_in_pages checkouts_in_pages a_checkout_with_its_returns events_and_parked_entries
        names_have_bounds;
    links: linked_once a_link_without_a_member_settles links_in_pages;
    programs: put_and_activated;
    archive: what_is_read_stays_the_same an_archived_sale_answers_and_comes_back
        a_row_that_is_written_again_is_whole_again bodies_move_while_their_rows_are_written;
    walks: every_row_once a_view_is_checked versions_and_epochs;
}

/// Runs every check on a store that `make` gives, which may be the same each time.
pub async fn run(make: impl Fn() -> Arc<dyn Store>) {
    for check in CHECKS {
        println!("{}", check.name);
        (check.run)(make(), check.name).await;
    }
}
