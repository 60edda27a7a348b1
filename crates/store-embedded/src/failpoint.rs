//! Places at which a test may stop the writer. Without the feature `failpoints` nothing of it is there.

/// Names a place between two steps.
macro_rules! between {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name);
    };
}
pub(crate) use between;

/// As [`between`], where a test may also let the step after it fail as the disk would.
macro_rules! may_fail {
    ($name:literal) => {
        may_fail!(
            $name,
            rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC),
                None
            )
        );
    };
    ($name:literal, $error:expr) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name, |_| Err($error));
    };
}
pub(crate) use may_fail;
