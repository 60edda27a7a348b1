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

/// Names a place and how often it is passed before: `scylla/looked=12`.
#[cfg(feature = "failpoints")]
const FREEZE: &str = "SUANPAN_FREEZE";

/// Freezes this process, once, at the place that the environment names, if it names one: nobody hears of it until somebody
/// lets it go on, and it does not know that it was away.
///
/// # Panics
/// When what is named is no place and a number.
#[cfg(feature = "failpoints")]
pub fn freeze_where_told() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let Ok(told) = std::env::var(FREEZE) else { return };
    let named = told.split_once('=').and_then(|(place, passes)| Some((place, passes.parse::<u64>().ok()?)));
    let Some((place, passes)) = named else { panic!("{FREEZE}={told} is not a place and a number") };
    let left = AtomicU64::new(passes);
    let freezing = fail::cfg_callback(place, move || {
        if left.fetch_sub(1, Ordering::Relaxed) == 0 {
            let own = std::process::id().to_string();
            let frozen = std::process::Command::new("kill").args(["-STOP", &own]).status();
            assert!(frozen.is_ok_and(|status| status.success()), "the program kill");
        }
    });
    freezing.unwrap_or_else(|error| panic!("{FREEZE}={told}: {error}"));
}
