//! Quote tokens: a quote that any node honours, whatever changed since.
//!
//! A token carries the facts that a quote consulted, the version of the program, the time, and hashes of the basket and
//! of the result. A node prices again from them and must come to the same result; what is consumed (points, coupons,
//! limits) is checked when the sale is confirmed. It says nothing of who the member is but an id, and is no secret: it is
//! signed, not encrypted.

mod facts;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use suanpan_domain::quote::Quote;
use suanpan_domain::{BusinessTime, Member, Usage};

pub use facts::consulted;

/// The longest token, in bytes of its text. A quote with more facts has none.
pub const TOKEN_BYTES_MAX: usize = 4_096;
/// How long a token holds unless the operator says otherwise, milliseconds.
pub const TOKEN_MS_DEFAULT: i64 = 15 * 60 * 1_000;

/// What a quote promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The chain.
    pub chain: String,
    /// The program that priced it.
    pub program_version: String,
    /// The sale's time, which decides offers.
    pub business_time: BusinessTime,
    /// The member's facts that the quote consulted; none for guests.
    pub member: Option<Member>,
    /// The chain-wide counters that the quote consulted; none when it had none.
    pub usage: Option<Usage>,
    /// Of the basket's content.
    pub basket_hash: [u8; 32],
    /// Of the result, see [`result_hash`].
    pub result_hash: [u8; 32],
    /// First moment at which it is refused, Unix milliseconds.
    pub expires_ms: i64,
}

/// Keys that sign: the first signs, all of them verify, so that one can be replaced while the other still holds.
#[derive(Clone)]
pub struct TokenKeys {
    keys: Vec<(u8, [u8; 32])>,
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A key never reaches a log.
        f.debug_list().entries(self.keys.iter().map(|(number, _)| number)).finish()
    }
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token, or was changed.
    #[error("is no quote token, or was changed on its way")]
    NotOurs,
    /// It was signed by a key that is gone.
    #[error("was signed by a key that is not in use any more")]
    UnknownKey,
    /// Its time is over.
    #[error("has expired; ask for a new quote")]
    Expired,
}

impl TokenKeys {
    /// The key that signs, and the one before it, each with its number.
    #[must_use]
    pub fn new(signing: (u8, [u8; 32]), earlier: Option<(u8, [u8; 32])>) -> Self {
        Self { keys: std::iter::once(signing).chain(earlier).collect() }
    }

    /// The token of a promise; none when its facts are too many.
    #[must_use]
    pub fn sign(&self, promise: &Promise) -> Option<String> {
        let (number, key) = self.keys.first()?;
        let mut bytes = vec![FORMAT, *number];
        bytes.extend(facts::encode(promise));
        bytes.extend(tag(key, &bytes));
        let text = URL_SAFE_NO_PAD.encode(&bytes);
        (text.len() <= TOKEN_BYTES_MAX).then_some(text)
    }

    /// What a token promises at a moment.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str, now_ms: i64) -> Result<Promise, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::NotOurs);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenError::NotOurs)?;
        let Some((signed, given)) = bytes.split_last_chunk::<TAG_BYTES>() else {
            return Err(TokenError::NotOurs);
        };
        let (Some(&FORMAT), Some(number)) = (signed.first(), signed.get(1)) else {
            return Err(TokenError::NotOurs);
        };
        let key = self.keys.iter().find(|(known, _)| known == number).ok_or(TokenError::UnknownKey)?;
        let mut mac = mac(&key.1);
        mac.update(signed);
        // In constant time: how far a forged tag agrees is nobody's to measure.
        mac.verify_truncated_left(given).map_err(|_| TokenError::NotOurs)?;
        let promise = facts::decode(&signed[2..]).ok_or(TokenError::NotOurs)?;
        if now_ms >= promise.expires_ms { Err(TokenError::Expired) } else { Ok(promise) }
    }
}

/// The format of this release.
const FORMAT: u8 = 1;
/// Bytes of a signature: half of the hash, which nobody can guess.
const TAG_BYTES: usize = 16;

fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("every length is a key")
}

fn tag(key: &[u8; 32], bytes: &[u8]) -> [u8; TAG_BYTES] {
    let mut mac = mac(key);
    mac.update(bytes);
    let whole = mac.finalize().into_bytes();
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&whole[..TAG_BYTES]);
    tag
}

/// Of everything that a quote promises: amounts of lines and units, what is due, points, and what became of offers.
#[must_use]
pub fn result_hash(quote: &Quote) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut put = |number: i64| hasher.update(number.to_le_bytes());
    for line in &quote.lines {
        put(i64::from(line.line));
        put(line.net.minor());
        put(line.points_paid.minor());
        put(line.points_earned);
        for run in line.unit_runs.of(&quote.unit_runs) {
            put(run.units);
            put(run.net.minor());
            put(run.tax.minor());
        }
    }
    for row in quote.offers.iter().filter(|row| row.applied) {
        let (kind, index) = match row.offer {
            suanpan_domain::OfferRef::Program(index) => (0, index),
            suanpan_domain::OfferRef::Manual(index) => (1, index),
            suanpan_domain::OfferRef::Code(index) => (2, index),
            suanpan_domain::OfferRef::Points => (3, 0),
            suanpan_domain::OfferRef::Paper(index) => (4, index),
        };
        put(kind);
        put(i64::from(index));
        put(row.amount.minor());
    }
    let totals = &quote.totals;
    for amount in [totals.gross, totals.net, totals.due, totals.due_cash, totals.reimbursed] {
        put(amount.minor());
    }
    put(quote.points.used);
    put(quote.points.earned);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise() -> Promise {
        Promise {
            chain: "sunrise".to_owned(),
            program_version: "v1".to_owned(),
            business_time: BusinessTime { unix_ms: 1_764_000_000_000, utc_offset_minutes: 480 },
            member: None,
            usage: None,
            basket_hash: [1; 32],
            result_hash: [2; 32],
            expires_ms: 2_000,
        }
    }

    #[test]
    fn a_token_holds_until_it_expires_and_only_as_it_was_signed() {
        let keys = TokenKeys::new((1, [7; 32]), None);
        let token = keys.sign(&promise()).unwrap();
        assert_eq!(keys.verify(&token, 1_999), Ok(promise()));
        assert_eq!(keys.verify(&token, 2_000), Err(TokenError::Expired));
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(keys.verify(&changed, 0).is_err(), "{place}");
        }
        for text in ["", "A", "AQ", &token[..40], &"A".repeat(5_000)] {
            assert!(keys.verify(text, 0).is_err(), "{text}");
        }
    }

    #[test]
    fn two_keys_hold_while_one_replaces_the_other() {
        let (old, new) = ((1, [7; 32]), (2, [8; 32]));
        let before = TokenKeys::new(old, None);
        let during = TokenKeys::new(new, Some(old));
        let after = TokenKeys::new(new, None);
        let (early, late) = (before.sign(&promise()).unwrap(), during.sign(&promise()).unwrap());
        assert!(during.verify(&early, 0).is_ok());
        assert!(after.verify(&late, 0).is_ok());
        assert_eq!(after.verify(&early, 0), Err(TokenError::UnknownKey));
        assert_eq!(before.verify(&late, 0), Err(TokenError::UnknownKey));
        assert_eq!(format!("{during:?}"), "[2, 1]");
    }
}
