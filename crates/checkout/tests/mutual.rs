//! Two members who are full of what they owe each other: both take it, whoever is worked for.

use std::sync::Arc;

use suanpan_checkout::{Books, Queues};
use suanpan_domain::MemberId;
use suanpan_ledger::command::Effect;
use suanpan_ledger::limits::{EMITTING_BEGUN_MAX, EMITTING_MAX};
use suanpan_ledger::{Action, Actor, Applied, Command, Emit, EntryKey, Head, Policy, apply};
use suanpan_store::{Owner, Scope, Store, Verdict, View, Write, decide_with};
use suanpan_store_embedded::EmbeddedStore;

const CHAIN: &str = "friends";
/// When everything happens, Unix milliseconds.
const NOW_MS: i64 = 1_764_000_000_000;
/// Points that each has at first.
const POINTS: i64 = 1_000;

/// What each owes, before anybody works.
struct Owes {
    what: &'static str,
    /// Points sent to the other, one each.
    transfers: usize,
    /// The first of them is a reward, of which the other is told.
    reward: bool,
    /// Rewards that came and of which it is told.
    told: usize,
}

const NOTHING_TOLD: Owes = Owes { what: "", transfers: EMITTING_BEGUN_MAX, reward: false, told: 0 };

#[tokio::test(flavor = "multi_thread")]
async fn two_who_owe_each_other_take_it() {
    for (number, owes) in [
        Owes { what: "as much as each may begin", ..NOTHING_TOLD },
        Owes { what: "a reward needs a place of its own", reward: true, ..NOTHING_TOLD },
        Owes {
            what: "those places are taken by what is told",
            reward: true,
            told: EMITTING_MAX - EMITTING_BEGUN_MAX,
            ..NOTHING_TOLD
        },
        Owes { what: "as earlier releases left them", transfers: EMITTING_MAX, ..NOTHING_TOLD },
    ]
    .into_iter()
    .enumerate()
    {
        for first in ["anna", "bert", "both"] {
            drain(&format!("{number}-{first}"), first, &owes).await;
        }
    }
}

async fn drain(name: &str, first: &str, owes: &Owes) {
    let folder = std::env::temp_dir().join(format!("suanpan-mutual-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&folder.join("store.sqlite")).unwrap());
    let policy = Arc::new(Policy::plain(jiff::tz::TimeZone::UTC));
    let books = Books { store, chain: CHAIN.to_owned(), policy, queues: Queues::default() };
    let [anna, bert] = ["anna", "bert"].map(|name| MemberId::new(name).unwrap());
    for (member, other) in [(&anna, &bert), (&bert, &anna)] {
        let [one, two] = [[1; 16], [2; 16]];
        let enrol = Action::Enrol { request: one, content_hash: one32(), birthday: None, referred_by: None };
        change(&books, member, EntryKey::Request(one), enrol, None).await;
        let (points, expires_ms) = (POINTS, Some(NOW_MS + 1_000_000_000));
        let adjust = Action::Adjust { request: two, content_hash: one32(), points, expires_ms };
        change(&books, member, EntryKey::Request(two), adjust, None).await;
        for place in 0..owes.transfers {
            let request = [10 + u8::try_from(place).unwrap(); 16];
            let action = Action::TransferOut { request, content_hash: one32(), to: other.clone(), points: 1 };
            let reward = Effect::ReferralReward { points: 1, friend_points: 0 };
            let instead =
                (place == 0 && owes.reward).then(|| Emit::Effect { member: other.clone(), effect: reward });
            change(&books, member, EntryKey::Request(request), action, instead).await;
        }
        for place in 0..owes.told {
            let (id, source) = ([100 + u8::try_from(place).unwrap(); 16], MemberId::new("carl").unwrap());
            let effect = Effect::ReferralReward { points: 1, friend_points: 0 };
            change(&books, member, EntryKey::Effect(id), Action::Effect { id, source, effect }, None).await;
        }
        let waits = head(&books, member).await.emitting.len();
        assert_eq!(waits, owes.transfers + owes.told, "{}", owes.what);
    }
    let worked = match first {
        "anna" => vec![books.work(&anna, NOW_MS).await, books.work(&bert, NOW_MS).await],
        "bert" => vec![books.work(&bert, NOW_MS).await, books.work(&anna, NOW_MS).await],
        _ => {
            let (anna, bert) = tokio::join!(books.work(&anna, NOW_MS), books.work(&bert, NOW_MS));
            vec![anna, bert]
        }
    };
    for worked in worked {
        assert!(worked.is_ok(), "{}, {first} first: {worked:?}", owes.what);
    }
    let told = i64::try_from(owes.told).unwrap();
    for member in [&anna, &bert] {
        books.work(member, NOW_MS).await.unwrap();
        let head = head(&books, member).await;
        assert_eq!(head.emitting, [], "{}, {first} first: {member}", owes.what);
        let points: i64 = head.lots.iter().map(|lot| lot.points).sum();
        assert_eq!(points, POINTS + told, "{}, {first} first: {member}", owes.what);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

const fn one32() -> [u8; 32] {
    [1; 32]
}

async fn head(books: &Books, member: &MemberId) -> Head {
    books.store.member(CHAIN, member).await.unwrap().unwrap().head
}

/// Carries a command out whatever is emitting, as a release with other bounds may have done. `instead` is what its row
/// owes.
async fn change(books: &Books, member: &MemberId, key: EntryKey, action: Action, instead: Option<Emit>) {
    let owner = Owner::Member(member.clone());
    let (scope, policy) = (Scope::of(owner.clone()).reading(key), Arc::clone(&books.policy));
    let command = Command { now_ms: NOW_MS, actor: Actor::default(), action };
    let decider = move |view: &View| {
        let mut head = view.head.clone();
        let mut emitting = std::mem::take(&mut head.emitting);
        let Ok(Applied::Changed(mut change)) = apply(&policy, &head, &view.entries, &command) else {
            return (Verdict::Leave, false);
        };
        if let Some(instead) = &instead {
            change.entry.emits = vec![instead.clone()];
        }
        emitting.append(&mut change.head.emitting);
        change.head.emitting = emitting;
        let due_at_ms = Some(change.head.as_of_ms);
        (Write::of(owner.clone(), *change, due_at_ms).into(), true)
    };
    assert!(decide_with(&*books.store, CHAIN, scope, decider).await.unwrap());
}
