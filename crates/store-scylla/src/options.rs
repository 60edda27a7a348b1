//! How a store is reached.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use scylla::statement::{Consistency, SerialConsistency};

use crate::error::ConnectError;

/// How a store is reached. [`Options::at`] is what a test and a single node want.
#[derive(Clone, Debug)]
pub struct Options {
    /// Some nodes as `host:port`; the others are found.
    pub contact_points: Vec<String>,
    /// The keyspace that the store lies in.
    pub keyspace: String,
    /// How many copies there are, read by [`migrate`](crate::migrate) when it makes the keyspace.
    pub replication: Replication,
    /// Whose nodes are asked. None asks all alike.
    pub local_data_centre: Option<String>,
    /// Who logs in.
    pub login: Option<Login>,
    /// Whom to trust when nodes are reached through TLS. None speaks in the clear.
    pub tls: Option<Tls>,
    /// Where a decision has to be known.
    pub levels: Levels,
    /// Connections to each shard of a node (to each node of Apache Cassandra).
    pub connections: NonZeroUsize,
    /// How long one request may take. Above the servers' own bounds on a conditional write, which would else go on behind
    /// our back: `cas_contention_timeout` and `write_request_timeout` together.
    pub request_within: Duration,
    /// How long one call of the store may take with all its repetitions, when its caller waits as long.
    pub call_within: Duration,
    /// A new limit has a shard for so many uses.
    pub uses_per_shard: i64,
    /// A shard of a limit that has so many rows hands what is left to a fresh one.
    pub rows_per_shard: i64,
    /// A bucket of the outbox that has so many events is followed by another one.
    pub events_per_bucket: i64,
}

/// How many copies of everything there are.
#[derive(Clone, Debug)]
pub enum Replication {
    /// In all: for one data centre, and for tests.
    Nodes(u8),
    /// In each data centre, by name.
    DataCentres(Vec<(String, u8)>),
}

/// Who logs in.
#[derive(Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({})", self.user)
    }
}

/// Whom to trust. Nodes prove the address that they are reached at: their certificates name it.
#[derive(Clone)]
pub struct Tls(pub(crate) Arc<rustls::ClientConfig>);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Trusts these authorities and nobody else.
    ///
    /// # Errors
    /// [`ConnectError::Tls`] when it is no list of certificates in PEM.
    pub fn trusting(authorities_pem: &[u8]) -> Result<Self, ConnectError> {
        let wrong = |error: &dyn std::fmt::Display| ConnectError::Tls(error.to_string());
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities_pem) {
            roots.add(certificate.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
        }
        if roots.is_empty() {
            return Err(ConnectError::Tls("there is no certificate in it".to_owned()));
        }
        // The provider is named: whichever else comes into a build, this one is used.
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

/// Where a decision has to be known before it is answered. One pair for a whole store, kept in it: decisions at different
/// levels would not see each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Levels {
    /// In the data centre that is home to the chains.
    #[default]
    Local,
    /// In all data centres together.
    Everywhere,
}

impl Levels {
    pub(crate) const fn regular(self) -> Consistency {
        match self {
            Self::Local => Consistency::LocalQuorum,
            Self::Everywhere => Consistency::Quorum,
        }
    }

    pub(crate) const fn serial(self) -> SerialConsistency {
        match self {
            Self::Local => SerialConsistency::LocalSerial,
            Self::Everywhere => SerialConsistency::Serial,
        }
    }

    /// A regular level that makes a read a serial one.
    pub(crate) const fn serial_read(self) -> Consistency {
        match self {
            Self::Local => Consistency::LocalSerial,
            Self::Everywhere => Consistency::Serial,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Local => "LOCAL_SERIAL+LOCAL_QUORUM",
            Self::Everywhere => "SERIAL+QUORUM",
        }
    }
}

impl Options {
    /// A store at one node, in the clear, without a login, with one copy.
    #[must_use]
    pub fn at(contact_point: impl Into<String>, keyspace: impl Into<String>) -> Self {
        Self {
            contact_points: vec![contact_point.into()],
            keyspace: keyspace.into(),
            replication: Replication::Nodes(1),
            local_data_centre: None,
            login: None,
            tls: None,
            levels: Levels::Local,
            connections: NonZeroUsize::MIN.saturating_add(1),
            request_within: Duration::from_secs(5),
            call_within: Duration::from_secs(30),
            uses_per_shard: 50_000,
            rows_per_shard: 90_000,
            events_per_bucket: 45_000,
        }
    }
}
