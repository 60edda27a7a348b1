//! Copies of a store, where it can be copied.

use std::path::Path;

use suanpan_store::StoreError;

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Members.
    pub members: u64,
    /// Guests' sales.
    pub guests: u64,
    /// Entries of both.
    pub entries: u64,
}

/// Copies a store while it is in use. A cluster's store has other ways.
pub trait Backup: Send + Sync {
    /// Copies the store as it is now into a new file and checks the copy. Blocks its thread.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the file is there already or cannot be written, [`StoreError::Corrupt`] when the
    /// copy is damaged.
    fn backup(&self, to: &Path) -> Result<Copied, StoreError>;
}

impl<F: Fn(&Path) -> Result<Copied, StoreError> + Send + Sync> Backup for F {
    fn backup(&self, to: &Path) -> Result<Copied, StoreError> {
        self(to)
    }
}
