//! Events as signed calls of somebody's HTTP address.
//!
//! Each event is one `POST` of its JSON, with `Suanpan-Timestamp` (Unix milliseconds of this try), `Suanpan-Key` and
//! `Suanpan-Signature: v1=<hex>`, the HMAC-SHA256 of `<timestamp>.<body>` under the shared secret. An answer of 2xx takes
//! it; anything else does not, and it comes again with what follows behind it, so that the order stays.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::watch;
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::{Message, Sink, Took};
use crate::worker::Clock;

/// A call takes no longer.
const CALL_MAX: Duration = Duration::from_secs(10);
/// Bytes of a secret; shorter ones can be guessed.
const SECRET_BYTES_MIN: usize = 16;

/// Posts events to an address.
pub struct Webhook {
    target: Arc<Target>,
    clock: Clock,
}

struct Target {
    agent: Agent,
    url: String,
    secret: Vec<u8>,
}

/// Why a webhook cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The address is none.
    #[error("{0:?} is no address such as https://crm.example/suanpan-events")]
    Address(String),
    /// The secret is too short.
    #[error("the secret has {0} bytes and needs at least {SECRET_BYTES_MIN}")]
    Secret(usize),
}

impl Webhook {
    /// An `http` or `https` address, and the secret that its owner knows too (at least 16 bytes). No proxy is used.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn new(url: String, secret: Vec<u8>, clock: Clock) -> Result<Self, WebhookError> {
        let is_address = url.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
        });
        if !is_address {
            return Err(WebhookError::Address(url));
        }
        if secret.len() < SECRET_BYTES_MIN {
            return Err(WebhookError::Secret(secret.len()));
        }
        let cryptography = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(cryptography)
            .build();
        let config = Agent::config_builder()
            .timeout_global(Some(CALL_MAX))
            .http_status_as_error(false)
            // A signed body goes where its owner said, nowhere else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("suanpan")
            .tls_config(tls)
            .build();
        Ok(Self { target: Arc::new(Target { agent: config.into(), url, secret }), clock })
    }
}

#[async_trait]
impl Sink for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    async fn take(&self, messages: Vec<Message>, stopped: &watch::Receiver<bool>) -> Took {
        let mut count = 0;
        // One at a time: the next one goes out when this one is safe.
        for message in messages {
            if *stopped.borrow() {
                break;
            }
            let (target, now_ms) = (Arc::clone(&self.target), (self.clock)());
            let posted = tokio::task::spawn_blocking(move || target.post(&message, now_ms)).await;
            let error = match posted {
                Ok(Ok(())) => {
                    count += 1;
                    continue;
                }
                Ok(Err(error)) => error,
                Err(error) => error.to_string(),
            };
            return Took { count, error: Some(error) };
        }
        Took { count, error: None }
    }
}

impl Target {
    fn post(&self, message: &Message, now_ms: i64) -> Result<(), String> {
        let signed = format!("v1={}", signature(&self.secret, now_ms, message.json.as_bytes()));
        let answer = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("suanpan-timestamp", now_ms.to_string())
            .header("suanpan-key", &message.key)
            .header("suanpan-signature", signed)
            .send(message.json.as_bytes())
            .map_err(|error| error.to_string())?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("the address answered {status}")) }
    }
}

/// The signature of a body that was sent at an instant, Unix milliseconds: the HMAC-SHA256 of `<timestamp>.<body>` in
/// lower-case hexadecimal digits. Receivers compute it over the bytes that came and compare it in constant time.
#[must_use]
pub fn signature(secret: &[u8], timestamp_ms: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("every length is a key");
    mac.update(timestamp_ms.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let mut text = String::with_capacity(64);
    for byte in mac.finalize().into_bytes() {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_hmac_of_timestamp_and_body() {
        // printf '1767225600000.{"points":12}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let expected = "cf240349bf99766477ee69893645874aa2d419403fff51d01471ae761d198bf3";
        assert_eq!(signature(b"0123456789abcdef", 1_767_225_600_000, br#"{"points":12}"#), expected);
    }

    #[test]
    fn an_address_and_a_secret_have_to_be_some() {
        let webhook = |url: &str, secret: &str| {
            Webhook::new(url.to_owned(), secret.into(), Arc::new(|| 0))
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        let secret = "0123456789abcdef";
        for (url, fine) in [
            ("https://crm.example/events", true),
            ("http://127.0.0.1:80", true),
            ("ftp://crm.example", false),
            ("crm.example/events", false),
            ("https://", false),
            ("", false),
        ] {
            assert_eq!(webhook(url, secret).is_ok(), fine, "{url}");
        }
        assert!(webhook("https://crm.example", &secret[1..]).is_err_and(|said| said.contains("15 bytes")));
    }
}
