//! Who may open a keyspace.

use std::time::Duration;

use suanpan_checkout::Verb;
use suanpan_store::{Store, StoreError};
use suanpan_store_scylla::{ConnectError, Levels, Options, ScyllaStore, after_restore, migrate};

use crate::keyspace::{open, options};
use crate::script::{Call, books, call, member, prepare};

#[tokio::test]
async fn a_keyspace_is_migrated_once_and_opened_by_many() {
    let options = options();
    let first = migrate(&options).await.expect("a new keyspace");
    assert_eq!(migrate(&options).await.expect("again"), first);
    let (one, other) = (open(options.clone()).await, open(options).await);
    assert_eq!(one.meta().await, Ok(first));
    assert_eq!(other.meta().await, Ok(first));
    assert_eq!((first.epoch, first.schema), (1, 6));
}

#[tokio::test]
async fn several_that_migrate_at_once_are_all_told_of_the_same_store() {
    let options = options();
    let all: Vec<_> = (0..4)
        .map(|_| {
            let options = options.clone();
            tokio::spawn(async move { migrate(&options).await })
        })
        .collect();
    let mut told = Vec::new();
    for one in all {
        told.push(one.await.expect("no panic").expect("migrated"));
    }
    assert!(told.iter().all(|meta| *meta == told[0] && meta.schema == 6), "{told:?}");
    let shop = books(open(options).await, "chain");
    call(&shop, Call::Enrol).await.expect("a store that works");
}

#[tokio::test]
async fn whoever_does_not_fit_stays_outside() {
    let mut wanted = options();
    let error = ScyllaStore::connect(wanted.clone()).await.err().expect("there is no such keyspace");
    assert!(matches!(error, ConnectError::Session(_) | ConnectError::Old { schema: 0, .. }), "{error}");
    migrate(&wanted).await.expect("a new keyspace");
    wanted.levels = Levels::Everywhere;
    for error in [
        ScyllaStore::connect(wanted.clone()).await.err().expect("others decide elsewhere"),
        migrate(&wanted).await.expect_err("others decide elsewhere"),
    ] {
        assert!(matches!(&error, ConnectError::Levels { theirs, .. } if theirs.contains("LOCAL")), "{error}");
    }
    wanted.keyspace = "no such; name".to_owned();
    assert!(matches!(migrate(&wanted).await, Err(ConnectError::Keyspace(_))));
}

#[tokio::test]
async fn a_newer_release_says_who_may() {
    let options = options();
    migrate(&options).await.expect("a new keyspace");
    let session = scylla::client::session_builder::SessionBuilder::new()
        .known_node(&options.contact_points[0])
        .build()
        .await
        .expect("a session");
    for (min_reader, min_writer, may) in [(6, 6, true), (6, 7, false), (7, 7, false), (7, 6, false)] {
        for (key, value) in [("schema", 7), ("min_reader", min_reader), ("min_writer", min_writer)] {
            let text = format!(
                "UPDATE {}.meta SET value = '{value}' WHERE key = '{key}' IF EXISTS",
                options.keyspace
            );
            session.query_unpaged(text, ()).await.expect("written");
        }
        let told = ScyllaStore::connect(options.clone()).await;
        match told {
            Ok(store) => {
                assert!(may, "{min_reader} {min_writer}");
                assert_eq!(store.meta().await.expect("meta").schema, 7);
            }
            Err(ConnectError::Store(error)) => {
                assert!(!may, "{min_reader} {min_writer}: {error}");
                assert_eq!(error, StoreError::TooNew { schema: 7, min_reader, min_writer, ours: 6 });
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn what_earlier_releases_cannot_read_keeps_them_out() {
    let options = options();
    let sold = Call::Sell { owner: None, checkout: 1, verb: Verb::Confirm, points: 0, code: None };
    let said = async || {
        let meta = migrate(&options).await.expect("what it says of itself");
        (meta.schema, meta.min_reader, meta.min_writer)
    };
    let make = async |calls: &[Call]| {
        let shop = books(open(options.clone()).await, "chain");
        for step in calls {
            call(&shop, *step).await.expect("done");
        }
    };
    prepare(open(options.clone()).await.as_ref(), "chain").await;
    make(&[Call::Enrol, sold]).await;
    assert_eq!(said().await, (6, 1, 1));
    make(&[Call::Work]).await;
    assert_eq!(said().await, (6, 6, 6), "the first event in a bucket");
    for key in ["min_reader", "min_writer"] {
        say(&options, key, "1").await;
    }
    make(&[Call::Archive]).await;
    assert_eq!(said().await, (6, 4, 4), "the first archived body");
}

#[tokio::test]
async fn after_a_restore_everything_is_newer() {
    let options = options();
    let before = open(options.clone()).await;
    let shop = books(before.clone(), "chain");
    call(&shop, Call::Enrol).await.expect("a member");
    let seen = before.member("chain", &member()).await.expect("answered").expect("a member").head;
    assert_eq!((seen.epoch, seen.version), (1, 1));
    drop((shop, before));
    let raised = after_restore(&options).await.expect("raised").epoch;
    assert!(raised > 1);
    let after = open(options).await;
    // Also of what nobody has written since.
    let read = after.member("chain", &member()).await.expect("answered").expect("a member").head;
    assert_eq!((read.epoch, read.version), (raised, 1));
    call(&books(after.clone(), "chain"), Call::Adjust).await.expect("points");
    let written = after.member("chain", &member()).await.expect("answered").expect("a member").head;
    assert_eq!((written.epoch, written.version), (raised, 2));
}

/// Has the store say something else of itself, by a statement of its own.
async fn say(options: &Options, key: &str, value: &str) {
    let session = scylla::client::session_builder::SessionBuilder::new()
        .known_node(&options.contact_points[0])
        .build()
        .await
        .expect("a session");
    let keyspace = &options.keyspace;
    let text = format!("UPDATE {keyspace}.meta SET value = '{value}' WHERE key = '{key}' IF EXISTS");
    session.query_unpaged(text, ()).await.expect("written");
}

/// The copy still says the epoch that it was made in; what was written after the first restore is not to come again with other
/// content after the second one.
#[tokio::test]
async fn one_copy_that_is_restored_twice_gives_two_epochs() {
    let options = options();
    let made_in = migrate(&options).await.expect("a new keyspace").epoch;
    let first = after_restore(&options).await.expect("raised").epoch;
    say(&options, "epoch", &made_in.to_string()).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let second = after_restore(&options).await.expect("raised").epoch;
    assert!(made_in < first && first < second, "{made_in} {first} {second}");
}

#[tokio::test]
async fn whoever_decides_in_another_data_centre_stays_outside() {
    let mut wanted = options();
    let anywhere = migrate(&wanted).await;
    assert!(anywhere.is_ok(), "the servers are all in one: {anywhere:?}");
    // The one that test servers are in.
    wanted.local_data_centre = Some("datacenter1".to_owned());
    migrate(&wanted).await.expect("it says where it is at home");
    drop(ScyllaStore::connect(wanted.clone()).await.expect("at home"));
    say(&wanted, "home", "west").await;
    for error in [
        ScyllaStore::connect(wanted.clone()).await.err().expect("others decide elsewhere"),
        migrate(&wanted).await.expect_err("others decide elsewhere"),
    ] {
        assert!(matches!(&error, ConnectError::Home { theirs, .. } if theirs == "west"), "{error}");
    }
}
