//! Why a store did not do what it was asked, and above all: whether it may have.

/// Why a store did not answer with what it was asked for. Causes are texts: one cause is told to every caller that it hit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It may have been written, or not. The same call with the same ids settles it; nothing else does.
    #[error("the outcome is not known, repeat the same call: {0}")]
    Unknown(String),
    /// Too much is waiting. Certainly not executed; may be repeated at once elsewhere, later here.
    #[error("the store is busy")]
    Busy,
    /// The store could not do it (the disk is full, the name is too long). Certainly not executed.
    #[error("the store refused: {0}")]
    Refused(String),
    /// The store is closed, or gave up after an error and has to be opened again. Certainly not executed.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// What is stored cannot be read. Certainly not executed.
    #[error("the stored data is damaged: {0}")]
    Corrupt(String),
    /// A newer release wrote this store and does not let this one in. Certainly not executed.
    #[error(
        "schema {schema} of the store needs a reader of at least {min_reader} and a writer of at least {min_writer}, this one is {ours}"
    )]
    TooNew {
        /// Schema of the store.
        schema: u32,
        /// The oldest release that may read it, by its schema.
        min_reader: u32,
        /// The oldest release that may write it, by its schema.
        min_writer: u32,
        /// The schema that this release writes.
        ours: u32,
    },
    /// The caller's decider panicked. Nothing was changed, nobody else was touched.
    #[error("the decision panicked: {0}")]
    Panicked(String),
    /// The decider asked for a write that the contract of [`Write`](crate::Write) rules out. Nothing was changed.
    #[error("a write that may not be: {0}")]
    Contract(String),
}

/// Whether what was asked for was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Executed {
    /// Certainly not: it may be asked for again under any id.
    No,
    /// Perhaps: it may only be asked for again under the same id.
    Unknown,
}

impl StoreError {
    /// Whether the call may have been executed all the same.
    #[must_use]
    pub const fn executed(&self) -> Executed {
        match self {
            Self::Unknown(_) => Executed::Unknown,
            Self::Busy
            | Self::Refused(_)
            | Self::Unavailable(_)
            | Self::Corrupt(_)
            | Self::TooNew { .. }
            | Self::Panicked(_)
            | Self::Contract(_) => Executed::No,
        }
    }

    /// The same where it came after something was sent: whatever failed then, what was sent may have been executed.
    ///
    /// ```
    /// use suanpan_store::{Executed, StoreError};
    /// let closed = StoreError::Unavailable("closed".to_owned());
    /// assert_eq!(closed.executed(), Executed::No);
    /// assert_eq!(closed.after_a_write().executed(), Executed::Unknown);
    /// ```
    #[must_use]
    pub fn after_a_write(self) -> Self {
        match self.executed() {
            Executed::Unknown => self,
            Executed::No => Self::Unknown(self.to_string()),
        }
    }
}
