//! What the node is told at start: flags, each with an environment variable.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};

/// The options of a node.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Program to price by: a YAML file or a folder of them. With a store it is published there; without it the store's
    /// active program holds
    #[arg(long, env = "SUANPAN_PROGRAM", value_name = "PATH")]
    pub program: Option<PathBuf>,

    /// Articles, in CSV or Parquet [default: catalogue.csv or catalogue.parquet in the program's folder]
    #[arg(long, env = "SUANPAN_CATALOGUE", value_name = "FILE", requires = "program")]
    pub catalogue: Option<PathBuf>,

    /// Members: a JSON array of suanpan.pricing.v1.MemberSnapshot
    #[arg(long, env = "SUANPAN_MEMBERS", value_name = "FILE")]
    pub members: Option<PathBuf>,

    /// Uses of offers by everybody: a suanpan.pricing.v1.UsageSnapshot in JSON
    #[arg(long, env = "SUANPAN_USAGE", value_name = "FILE")]
    pub usage: Option<PathBuf>,

    /// Address of the gRPC service
    #[arg(long, env = "SUANPAN_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:7443")]
    pub listen: SocketAddr,

    /// Let --listen be an address that other machines reach, without encryption or authentication
    #[arg(long, env = "SUANPAN_INSECURE_BEYOND_LOOPBACK")]
    pub insecure_beyond_loopback: bool,

    /// Address of the admin port (/livez, /readyz)
    #[arg(long, env = "SUANPAN_ADMIN_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:9464")]
    pub admin_listen: SocketAddr,

    /// How far a basket's business time may be from this clock, unless the sale was made offline
    #[arg(long, env = "SUANPAN_CLOCK_SKEW", value_name = "DURATION", default_value = "15m")]
    pub clock_skew: Period,

    /// How long calls are still taken after the signal to end, for load balancers that look now and then
    #[arg(long, env = "SUANPAN_DRAIN_LAG", value_name = "DURATION", default_value = "0s")]
    pub drain_lag: Period,

    /// How long calls in flight may take after that; a stuck peer holds the process no longer
    #[arg(long, env = "SUANPAN_DRAIN_DEADLINE", value_name = "DURATION", default_value = "20s")]
    pub drain_deadline: Period,

    /// What is logged: a level, or directives such as `info,suanpan_pricing_node=debug`
    #[arg(long, env = "SUANPAN_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,

    /// How it is logged
    #[arg(long, env = "SUANPAN_LOG_FORMAT", value_name = "FORMAT", default_value = "human")]
    pub log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Human,
    /// One JSON object a line.
    Json,
}

/// A duration as it is written in options, such as `250ms`, `20s` or `15m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period(pub Duration);

/// A text that is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number and a unit, such as 250ms, 20s or 15m, at most 30 days")]
pub struct NoPeriod;

/// Longer periods are mistakes, and would overflow where deadlines are added up.
const PERIOD_MAX: Duration = Duration::from_secs(30 * 24 * 3_600);

impl FromStr for Period {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<Self, NoPeriod> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| NoPeriod)?;
        let unit_ms = match unit.trim_start() {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            _ => return Err(NoPeriod),
        };
        let period = Duration::from_millis(number.checked_mul(unit_ms).ok_or(NoPeriod)?);
        if period <= PERIOD_MAX { Ok(Self(period)) } else { Err(NoPeriod) }
    }
}

/// Options that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Plain text beyond this machine has to be asked for.
    #[error(
        "--listen {0} is reachable from other machines, and this node neither encrypts nor asks who calls; \
         use a loopback address, or say --insecure-beyond-loopback"
    )]
    BeyondLoopback(SocketAddr),
}

impl Options {
    /// Checks what no option can check by itself.
    ///
    /// # Errors
    /// The first [`Conflict`].
    pub fn check(&self) -> Result<(), Conflict> {
        if !self.listen.ip().is_loopback() && !self.insecure_beyond_loopback {
            return Err(Conflict::BeyondLoopback(self.listen));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{FromArgMatches, Parser};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(arguments: &[&str]) -> Result<Options, clap::Error> {
        let arguments = ["node", "--program", "p.yaml"].iter().chain(arguments);
        let matches = <Command as clap::CommandFactory>::command().try_get_matches_from(arguments)?;
        Command::from_arg_matches(&matches).map(|command| command.options)
    }

    #[test]
    fn the_node_stays_on_loopback_unless_told_otherwise() {
        for (arguments, fine) in [
            (&[][..], true),
            (&["--listen", "[::1]:7443"], true),
            (&["--listen", "0.0.0.0:7443"], false),
            (&["--listen", "[::]:7443"], false),
            (&["--listen", "10.0.0.1:7443"], false),
            (&["--listen", "0.0.0.0:7443", "--insecure-beyond-loopback"], true),
        ] {
            assert_eq!(parsed(arguments).unwrap().check().is_ok(), fine, "{arguments:?}");
        }
    }

    #[test]
    fn periods_have_a_unit() {
        for (text, expected) in [
            ("250ms", Some(250)),
            ("20s", Some(20_000)),
            ("15m", Some(900_000)),
            ("1 h", Some(3_600_000)),
            ("15", None),
            ("-1s", None),
            ("s", None),
            ("1.5s", None),
            ("18446744073709551615h", None),
            ("31h31", None),
            ("1000h", None),
        ] {
            let period = text.parse::<Period>().ok().map(|period| period.0.as_millis());
            assert_eq!(period, expected, "{text}");
        }
        assert!(parsed(&["--clock-skew", "5"]).is_err());
    }
}
