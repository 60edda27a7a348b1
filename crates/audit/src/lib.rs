//! Proves that a whole store balances: every point, coupon, sale, return, hold, limit and code is accounted for once.
//!
//! The proof shares nothing with what it proves: heads and rows are read by a reader of their own, after their published
//! format (`docs/head-format.md`), and everything is added up again from the movements. It streams: memory is that of the
//! largest owner and some tens of megabytes, whatever the store holds.
//!
//! - **Files** are checked by the store itself, where it has files.
//! - **Owners** come one after the other with all of their rows. Points by expiry, sums, debt, coupons, holds, uses and
//!   what counts for tiers are computed from the rows and compared with the head; returns with their sale. An owner that
//!   was written while it was read is read again.
//! - **Limits, codes and ids** belong to many owners. What the sales said of them is compared with what they say in a
//!   table of a fixed size, in which equal things cancel each other out; what is left is looked at again and named.
//!
//! An audit changes nothing and may run beside any traffic. It does not know the program: what a tier, a birthday or an
//! activity should have brought is not proved, only that it was booked once.

mod code;
mod decode;
mod owner;
mod report;
mod seen;
mod shares;
mod sketch;
mod walk;

use std::time::Instant;

use suanpan_store::{Store, StoreError};

pub use code::Code;
pub use report::{Counts, FINDINGS_MAX, Finding, Progress, Report};

/// How an audit reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Rows, or holders, that are read at once, at least 1. More is faster and takes more memory, some kilobytes each;
    /// an owner with more rows may have to be read again on a busy store.
    pub rows: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { rows: 4_096 }
    }
}

/// Proves a store, or one chain of it. `progress` is called after every piece.
///
/// # Errors
/// [`StoreError`] when the store cannot be read; what is wrong with its contents is a [`Finding`].
pub async fn audit(
    store: &dyn Store,
    chain: Option<&str>,
    progress: impl FnMut(Progress),
) -> Result<Report, StoreError> {
    audit_with(store, chain, Options::default(), progress).await
}

/// As [`audit()`], by other [`Options`].
///
/// # Errors
/// As [`audit()`].
pub async fn audit_with(
    store: &dyn Store,
    chain: Option<&str>,
    options: Options,
    mut progress: impl FnMut(Progress),
) -> Result<Report, StoreError> {
    let started = Instant::now();
    let mut audit = walk::Audit::new(store, chain, options.rows.max(1));
    audit.files().await?;
    audit.remember_limits().await?;
    audit.walk(&mut progress).await?;
    audit.shares(&mut progress).await?;
    audit.report.elapsed = started.elapsed();
    Ok(audit.report)
}
