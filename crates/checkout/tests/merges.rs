//! Two members who are merged into each other at once: whatever was done before whatever, exactly one merge goes through.

use std::sync::Arc;

use suanpan_checkout::{Books, BooksError, MemberAsk, Queues};
use suanpan_domain::MemberId;
use suanpan_ledger::head::Status;
use suanpan_ledger::refusal::Refusal;
use suanpan_ledger::{Action, Actor, Head, Policy};
use suanpan_store::Store;
use suanpan_store_embedded::EmbeddedStore;

const CHAIN: &str = "twins";
/// When everything happens, Unix milliseconds.
const NOW_MS: i64 = 1_764_000_000_000;
/// Points of each.
const POINTS: i64 = 30;

/// One of the two merges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Merge {
    /// Bert into Anna, who has the smaller id.
    IntoAnna,
    /// Anna into Bert.
    IntoBert,
}
use Merge::{IntoAnna, IntoBert};

impl Merge {
    fn survivor(self) -> MemberId {
        MemberId::new(if self == IntoAnna { "anna" } else { "bert" }).unwrap()
    }

    fn source(self) -> MemberId {
        if self == IntoAnna { IntoBert.survivor() } else { IntoAnna.survivor() }
    }

    /// The call, which begins with the survivor's lock.
    fn ask(self) -> MemberAsk {
        let request = [if self == IntoAnna { 11 } else { 22 }; 16];
        let action = Action::MergeLock { request, content_hash: [6; 32], source: self.source() };
        MemberAsk { member: self.survivor(), request, actor: Actor::default(), now_ms: NOW_MS, action }
    }
}

async fn merge(books: &Books, merge: Merge) -> Vec<Refusal> {
    match books.merge(merge.ask(), merge.source()).await {
        Ok(_) => Vec::new(),
        Err(BooksError::Refused(conflicts)) => conflicts.iter().map(|conflict| conflict.reason).collect(),
        Err(error) => panic!("{merge:?}: {error}"),
    }
}

async fn head(books: &Books, member: &MemberId) -> Head {
    books.store.member(CHAIN, member).await.unwrap().unwrap().head
}

async fn change(books: &Books, member: &MemberId, request: [u8; 16], action: Action) {
    let ask = MemberAsk { member: member.clone(), request, actor: Actor::default(), now_ms: NOW_MS, action };
    books.change(ask).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_merges_the_other_way_round_one_goes_through() {
    let wins = |survivor| Some(survivor);
    for (number, (what, locked, called, at_once, survivor)) in [
        ("one after the other", &[][..], &[IntoAnna, IntoBert][..], false, wins(IntoAnna)),
        ("the other one first", &[], &[IntoBert, IntoAnna], false, wins(IntoBert)),
        ("both have locked", &[IntoAnna, IntoBert], &[IntoAnna, IntoBert], false, wins(IntoAnna)),
        (
            "both, the greater goes on first",
            &[IntoBert, IntoAnna],
            &[IntoBert, IntoAnna],
            false,
            wins(IntoAnna),
        ),
        ("the greater's caller is gone", &[IntoAnna, IntoBert], &[IntoAnna], false, wins(IntoAnna)),
        ("it has locked, and stopped", &[IntoBert], &[IntoAnna, IntoBert], false, wins(IntoAnna)),
        ("it has locked, and goes on", &[IntoBert], &[IntoBert, IntoAnna], false, wins(IntoBert)),
        ("the smaller has locked", &[IntoAnna], &[IntoBert, IntoAnna], false, wins(IntoAnna)),
        ("both have locked, at once", &[IntoAnna, IntoBert], &[IntoAnna, IntoBert], true, wins(IntoAnna)),
        (
            "twins of both",
            &[IntoAnna, IntoBert],
            &[IntoAnna, IntoBert, IntoAnna, IntoBert],
            true,
            wins(IntoAnna),
        ),
        ("at once", &[], &[IntoAnna, IntoBert], true, None),
        ("at once, and again", &[], &[IntoBert, IntoAnna, IntoBert, IntoAnna], true, None),
    ]
    .into_iter()
    .enumerate()
    {
        for turn in 0..if at_once { 8 } else { 1 } {
            let folder =
                std::env::temp_dir().join(format!("suanpan-merges-{}-{number}-{turn}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&folder.join("store.sqlite")).unwrap());
            let policy = Arc::new(Policy::plain(jiff::tz::TimeZone::UTC));
            let books = Books { store, chain: CHAIN.to_owned(), policy, queues: Queues::default() };
            one_goes_through(&books, what, locked, called, at_once, survivor).await;
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}

async fn one_goes_through(
    books: &Books,
    what: &str,
    locked: &[Merge],
    called: &[Merge],
    at_once: bool,
    survivor: Option<Merge>,
) {
    for member in [IntoAnna.survivor(), IntoBert.survivor()] {
        let (one, two) = ([1; 16], [2; 16]);
        let enrol = Action::Enrol { request: one, content_hash: [1; 32], birthday: None, referred_by: None };
        change(books, &member, one, enrol).await;
        let (content_hash, expires_ms) = ([2; 32], Some(NOW_MS + 1_000_000_000));
        let adjust = Action::Adjust { request: two, content_hash, points: POINTS, expires_ms };
        change(books, &member, two, adjust).await;
    }
    for merge in locked {
        books.change(merge.ask()).await.unwrap();
    }
    let mut answers = Vec::new();
    if at_once {
        let calls: Vec<_> = called
            .iter()
            .map(|called| {
                let (books, called) = (books.clone(), *called);
                tokio::spawn(async move { (called, merge(&books, called).await) })
            })
            .collect();
        for call in calls {
            answers.push(call.await.unwrap());
        }
    } else {
        for called in called {
            answers.push((*called, merge(books, *called).await));
        }
    }
    let heads = [head(books, &IntoAnna.survivor()).await, head(books, &IntoBert.survivor()).await];
    let closed = |head: &Head| matches!(head.status, Status::Closed { .. });
    assert_eq!(heads.iter().filter(|head| closed(head)).count(), 1, "{what}: {answers:?}");
    let went = if closed(&heads[1]) { IntoAnna } else { IntoBert };
    if let Some(survivor) = survivor {
        assert_eq!(went, survivor, "{what}: {answers:?}");
    }
    for (merge, refused) in &answers {
        assert_eq!(refused.is_empty(), *merge == went, "{what}: {answers:?}");
    }
    let head = head(books, &went.survivor()).await;
    assert_eq!((head.status, head.merge_lock), (Status::Active, None), "{what}: {answers:?}");
    assert_eq!(head.lots.iter().map(|lot| lot.points).sum::<i64>(), 2 * POINTS, "{what}");
}
