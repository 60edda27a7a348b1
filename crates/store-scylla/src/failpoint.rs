//! Places at which a test may stop a call, as a process that ends there would. Without the feature `failpoints` nothing of
//! it is there.

/// Names a place between two statements. A test lets the call end there: it has done what came before, and nothing after.
macro_rules! between {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name, |_| Err(suanpan_store::StoreError::Unknown(
            concat!("stopped at ", $name).to_owned()
        )));
    };
}
pub(crate) use between;
