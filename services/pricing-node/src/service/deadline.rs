//! How long a caller waits.

use std::time::Duration;

use tonic::Request;

/// What is taken off a caller's time-out, so that the answer is back before it.
const MARGIN: Duration = Duration::from_millis(20);

/// The time that a call has: its `grpc-timeout`, less the way back. None when the caller named none.
pub(super) fn of<T>(request: &Request<T>) -> Option<Duration> {
    let text = request.metadata().get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    let waits = match unit {
        "H" => Duration::from_secs(number.checked_mul(3_600)?),
        "M" => Duration::from_secs(number.checked_mul(60)?),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    };
    Some(waits.saturating_sub(MARGIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_outs_are_read_in_all_units() {
        for (text, expected_ms) in [
            ("1S", Some(980)),
            ("500m", Some(480)),
            ("1M", Some(59_980)),
            ("5u", Some(0)),
            ("S", None),
            ("1x", None),
        ] {
            let mut request = Request::new(());
            request.metadata_mut().insert("grpc-timeout", text.parse().unwrap());
            assert_eq!(of(&request).map(|waits| waits.as_millis()), expected_ms, "{text}");
        }
        assert_eq!(of(&Request::new(())), None);
    }
}
