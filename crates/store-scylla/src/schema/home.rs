//! Where the chains of a store are at home. A decision that is known in one data centre alone is made there or not at all: two
//! processes that ask servers of two of them would each find a majority, and sell the same thing twice. So the store says
//! which one it is, and whoever decides elsewhere, or anywhere, does not come in.

use std::collections::{BTreeSet, HashMap};

use scylla::client::session::Session;
use scylla::statement::Consistency;

use super::change;
use crate::error::{ConnectError, damaged};
use crate::options::{Levels, Options};

/// What the store says, and where there are copies of it.
struct Home {
    said: Option<String>,
    centres: BTreeSet<String>,
}

/// Whether a process that is started like this decides where all others do.
pub(super) async fn check(session: &Session, options: &Options) -> Result<(), ConnectError> {
    if options.levels == Levels::Everywhere {
        return Ok(());
    }
    let Home { said, centres } = look(session, options).await?;
    judge(said.as_deref(), options.local_data_centre.as_deref(), &centres)
}

/// Before anything is decided in a keyspace that may be new: as [`check`], but what the store does not say yet it will say as
/// the options do.
pub(super) async fn check_new(session: &Session, options: &Options) -> Result<(), ConnectError> {
    if options.levels == Levels::Everywhere {
        return Ok(());
    }
    let (ours, Home { said, centres }) = (&options.local_data_centre, look(session, options).await?);
    judge(said.as_ref().or(ours.as_ref()).map(String::as_str), ours.as_deref(), &centres)
}

/// Has the store say where it is at home, if it does not yet and the options do.
pub(super) async fn keep(session: &Session, options: &Options) -> Result<(), ConnectError> {
    if let (Levels::Local, Some(centre)) = (options.levels, &options.local_data_centre) {
        super::set_once(session, "home", &centre.replace('\'', "''")).await?;
    }
    // Somebody else may have been first.
    check(session, options).await
}

fn judge(said: Option<&str>, ours: Option<&str>, centres: &BTreeSet<String>) -> Result<(), ConnectError> {
    let is_one = centres.len() <= 1;
    match (said, ours) {
        (Some(said), Some(ours)) if said != ours => {
            Err(ConnectError::Home { theirs: said.to_owned(), ours: ours.to_owned() })
        }
        (Some(_), Some(_)) => Ok(()),
        // Whoever asks all servers alike asks those of the only data centre.
        _ if is_one => Ok(()),
        _ => Err(ConnectError::NoHome { centres: centres.iter().cloned().collect::<Vec<_>>().join(", ") }),
    }
}

async fn look(session: &Session, options: &Options) -> Result<Home, ConnectError> {
    let unreadable = |error: &dyn std::fmt::Display| damaged(format!("the home of a store: {error}"));
    let said = "SELECT value FROM meta WHERE key = 'home'";
    let result = change::look(session, said, options.levels.regular()).await?;
    let result = result.into_rows_result().map_err(|error| unreadable(&error))?;
    let said = result.maybe_first_row::<(Option<String>,)>().map_err(|error| unreadable(&error))?;
    let keyspace = options.keyspace.to_lowercase();
    let copies =
        format!("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '{keyspace}'");
    let result = change::look(session, &copies, Consistency::One).await?;
    let result = result.into_rows_result().map_err(|error| unreadable(&error))?;
    let copies = result
        .maybe_first_row::<(HashMap<String, String>,)>()
        .map_err(|error| unreadable(&error))?
        .map(|(copies,)| copies)
        .unwrap_or_default();
    let centres = centres(copies).unwrap_or_else(|| {
        let state = session.get_cluster_state();
        state.get_nodes_info().iter().filter_map(|node| node.datacenter.clone()).collect()
    });
    Ok(Home { said: said.and_then(|(said,)| said), centres })
}

/// Data centres with copies, as the keyspace's replication names them; none when it counts copies wherever they lie.
fn centres(copies: HashMap<String, String>) -> Option<BTreeSet<String>> {
    if !copies.get("class").is_some_and(|class| class.ends_with("NetworkTopologyStrategy")) {
        return None;
    }
    let named = copies.into_iter().filter(|(name, copies)| name != "class" && copies != "0");
    Some(named.map(|(name, _)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_decides_elsewhere_stays_outside() {
        for (said, ours, centres, told) in [
            (None, None, &["east"][..], ""),
            (None, Some("east"), &["east"], ""),
            (Some("east"), None, &["east"], ""),
            (Some("east"), Some("east"), &["east", "west"], ""),
            (Some("east"), Some("west"), &["east", "west"], "east, west"),
            (Some("east"), Some("west"), &["west"], "east, west"),
            (Some("east"), None, &["east", "west"], "of east, west"),
            (None, Some("east"), &["east", "west"], "of east, west"),
            (None, None, &["east", "west"], "of east, west"),
        ] {
            let centres = centres.iter().map(|name| (*name).to_owned()).collect();
            let found = match judge(said, ours, &centres) {
                Ok(()) => String::new(),
                Err(ConnectError::Home { theirs, ours }) => format!("{theirs}, {ours}"),
                Err(ConnectError::NoHome { centres }) => format!("of {centres}"),
                Err(error) => panic!("{error}"),
            };
            assert_eq!(found, told, "{said:?} {ours:?} {centres:?}");
        }
    }

    #[test]
    fn data_centres_are_those_with_copies() {
        let network = "org.apache.cassandra.locator.NetworkTopologyStrategy";
        for (copies, expected) in [
            (&[("class", network), ("east", "3"), ("west", "2")][..], Some(&["east", "west"][..])),
            (&[("class", network), ("east", "3"), ("west", "0")], Some(&["east"])),
            (&[("class", "NetworkTopologyStrategy"), ("east", "3")], Some(&["east"])),
            (&[("class", "org.apache.cassandra.locator.SimpleStrategy"), ("replication_factor", "3")], None),
        ] {
            let copies = copies.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            let expected = expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
            assert_eq!(centres(copies), expected);
        }
    }
}
