//! How programs are told where a cluster's store is: the same flags for all of them, each with an environment variable.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::error::ConnectError;
use crate::options::{Levels, Login, Options, Tls};

/// Port of CQL where none is named.
const PORT: u16 = 9042;

/// Where a cluster's store is.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Cluster")]
pub struct CqlOptions {
    /// Some nodes of the ScyllaDB (or Apache Cassandra) cluster that keeps the store; the others are found
    #[arg(long, env = "SUANPAN_CQL", value_name = "HOST[:PORT]", value_delimiter = ',')]
    pub cql: Vec<String>,

    /// Keyspace of the store
    #[arg(long, env = "SUANPAN_CQL_KEYSPACE", value_name = "NAME", default_value = "suanpan")]
    pub cql_keyspace: String,

    /// Data centre that the store is at home in: its nodes are asked; needed where there are copies in several, and kept by
    /// `suanpan migrate` [default: all alike]
    #[arg(long, env = "SUANPAN_CQL_DATA_CENTRE", value_name = "NAME")]
    pub cql_data_centre: Option<String>,

    /// Where a decision has to be known before it is answered; one for a whole store
    #[arg(long, env = "SUANPAN_CQL_LEVELS", value_enum, value_name = "WHERE", default_value = "local")]
    pub cql_levels: LevelsName,

    /// Who logs in
    #[arg(long, env = "SUANPAN_CQL_USER", value_name = "NAME", requires = "cql_password_file")]
    pub cql_user: Option<String>,

    /// File with the password, its first line
    #[arg(long, env = "SUANPAN_CQL_PASSWORD_FILE", value_name = "FILE", requires = "cql_user")]
    pub cql_password_file: Option<PathBuf>,

    /// Speak TLS, and trust the certificates that these authorities (in PEM) signed
    #[arg(long, env = "SUANPAN_CQL_CA_FILE", value_name = "FILE")]
    pub cql_ca_file: Option<PathBuf>,
}

/// Names of [`Levels`] on a command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LevelsName {
    /// In the data centre that is home to the chains.
    #[default]
    Local,
    /// In all data centres together.
    Everywhere,
}

impl CqlOptions {
    /// How the store is reached; none where no node of a cluster is named.
    ///
    /// # Errors
    /// [`ConnectError`] when a file cannot be read or holds no certificates.
    pub fn options(&self) -> Result<Option<Options>, ConnectError> {
        let Some(first) = self.cql.first() else { return Ok(None) };
        let login = match (&self.cql_user, &self.cql_password_file) {
            (Some(user), Some(file)) => {
                let text = String::from_utf8_lossy(&read(file)?).into_owned();
                let password = text.lines().next().unwrap_or_default().to_owned();
                Some(Login { user: user.clone(), password })
            }
            _ => None,
        };
        let tls = self.cql_ca_file.as_deref().map(|file| Tls::trusting(&read(file)?)).transpose()?;
        Ok(Some(Options {
            contact_points: self.cql.iter().map(|host| with_port(host)).collect(),
            local_data_centre: self.cql_data_centre.clone(),
            login,
            tls,
            levels: match self.cql_levels {
                LevelsName::Local => Levels::Local,
                LevelsName::Everywhere => Levels::Everywhere,
            },
            ..Options::at(with_port(first), self.cql_keyspace.clone())
        }))
    }
}

fn read(file: &Path) -> Result<Vec<u8>, ConnectError> {
    fs::read(file).map_err(|source| ConnectError::File { path: file.to_owned(), source })
}

/// A host with a port, its own or the usual one. An IPv6 address stands in brackets when it has a port.
fn with_port(host: &str) -> String {
    let has_port = match host.rsplit_once(':') {
        Some((before, port)) => {
            port.parse::<u16>().is_ok() && (!before.contains(':') || before.ends_with(']'))
        }
        None => false,
    };
    match (has_port, host.contains(':') && !host.starts_with('[')) {
        (true, _) => host.to_owned(),
        (false, true) => format!("[{host}]:{PORT}"),
        (false, false) => format!("{host}:{PORT}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_the_usual_port_unless_they_name_one() {
        for (host, expected) in [
            ("db-1", "db-1:9042"),
            ("db-1:19042", "db-1:19042"),
            ("10.0.0.1", "10.0.0.1:9042"),
            ("::1", "[::1]:9042"),
            ("[::1]", "[::1]:9042"),
            ("[::1]:19042", "[::1]:19042"),
        ] {
            assert_eq!(with_port(host), expected);
        }
    }
}
