//! `migrate`: makes a cluster's store, or brings it to this release's schema.

use std::process::ExitCode;

use clap::Args;
use suanpan_store_scylla::{CqlOptions, Replication, after_restore, migrate};

use crate::error::Error;
use crate::table::print;

/// Options of `migrate`.
#[derive(Args)]
pub(crate) struct MigrateOptions {
    #[command(flatten)]
    cluster: CqlOptions,

    /// Copies of everything when the keyspace is made: a number, or one for each data centre
    #[arg(
        long,
        value_name = "COUNT | NAME:COUNT,...",
        default_value = "3",
        value_parser = replication,
        help_heading = "Cluster"
    )]
    replication: Replication,

    /// The keyspace was restored from a copy: raise the store's epoch and empty its feed. Nothing may run on it
    #[arg(long)]
    restored: bool,
}

/// Copies: `3`, or `east:3,west:3`.
fn replication(text: &str) -> Result<Replication, String> {
    let count = |text: &str| match text.parse::<u8>() {
        Ok(count) if (1..=9).contains(&count) => Ok(count),
        _ => Err(format!("{text:?} is no number of copies from 1 to 9")),
    };
    if !text.contains(':') {
        return count(text).map(Replication::Nodes);
    }
    let one = |part: &str| {
        let (name, copies) = part.split_once(':').ok_or_else(|| format!("{part:?} is not NAME:COUNT"))?;
        Ok((name.to_owned(), count(copies)?))
    };
    text.split(',').map(one).collect::<Result<_, String>>().map(Replication::DataCentres)
}

pub(crate) fn run(options: &MigrateOptions) -> Result<ExitCode, Error> {
    let Some(cluster) = options.cluster.options()? else {
        return Err(Error::Options("--cql HOST[:PORT] names the cluster".to_owned()));
    };
    let cluster = suanpan_store_scylla::Options { replication: options.replication.clone(), ..cluster };
    let runtime = tokio::runtime::Runtime::new().map_err(Error::Runtime)?;
    let meta = runtime.block_on(async {
        let meta = migrate(&cluster).await?;
        if options.restored { after_restore(&cluster).await } else { Ok(meta) }
    })?;
    print(&format!("{}: schema {}, epoch {}", cluster.keyspace, meta.schema, meta.epoch))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_a_number_or_one_for_each_data_centre() {
        for (text, expected) in [
            ("3", Some("Nodes(3)")),
            ("east:3,west:2", Some(r#"DataCentres([("east", 3), ("west", 2)])"#)),
            ("0", None),
            ("10", None),
            ("east:3,west", None),
            ("", None),
        ] {
            assert_eq!(
                replication(text).ok().map(|copies| format!("{copies:?}")).as_deref(),
                expected,
                "{text}"
            );
        }
    }
}
