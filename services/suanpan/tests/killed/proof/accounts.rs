//! Every member has what the answers add up to; so says the account, and so its statement.

use std::collections::{BTreeMap, BTreeSet};

use suanpan_rpc::member_v1::member_service_client::MemberServiceClient;
use suanpan_rpc::member_v1::{Entry, ListEntriesResponse, Member, MovementKind};
use tonic::Status;

use super::{Answers, Faults, Sold};
use crate::call::{Call, read};
use crate::corner::{CHECK_IN_POINTS, Corner, WELCOMES};
use crate::request::{get_entries, get_member};
use crate::server::Line;

/// A member at the end.
pub(crate) struct Account {
    pub(crate) member: Member,
    pub(crate) entries: Vec<Entry>,
    /// Coupons that were granted.
    pub(crate) granted: usize,
}

/// Points by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    earned: i64,
    restored: i64,
    adjusted: i64,
    transferred_in: i64,
    spent: i64,
    taken_back: i64,
    transferred_out: i64,
}

impl Sums {
    const fn balance(self) -> i64 {
        self.earned + self.restored + self.adjusted + self.transferred_in
            - self.spent
            - self.taken_back
            - self.transferred_out
    }
}

/// The name of a call about a member.
pub(crate) fn request_of(call: &Call) -> &str {
    match call {
        Call::Enrol(call) => &call.request_id,
        Call::Adjust(call) => &call.request_id,
        Call::Grant(call) => &call.request_id,
        Call::Activity(call) => &call.request_id,
        Call::Transfer(call) => &call.request_id,
        Call::Reserve(_)
        | Call::Confirm(_)
        | Call::Offline(_)
        | Call::Cancel(_)
        | Call::Return(_)
        | Call::OfflineReturn(_) => "",
    }
}

pub(crate) async fn prove(
    corner: &Corner,
    line: &Line,
    answers: &Answers,
    sold: &BTreeMap<String, Sold>,
    faults: &mut Faults,
) -> BTreeMap<String, Account> {
    let mut accounts = BTreeMap::new();
    for name in corner.members() {
        let member = member(line, &name).await;
        let entries = entries(line, &name).await;
        let expected = expected(&name, answers, sold, &member);
        let points = member.points.clone().unwrap_or_default();
        faults.equal(&(points.held, member.entries_pending, member.entries_parked), &(0, 0, 0), &name);
        let balance = points.spendable + points.held + points.delayed - points.debt;
        faults.equal(&balance, &expected.balance(), &format!("{name}: points"));
        faults.equal(&booked(&entries), &expected, &format!("{name}: statement"));
        rows(&name, answers, sold, &entries, faults);
        let granted = wallet(&name, answers, sold, &member, faults);
        accounts.insert(name, Account { member, entries, granted });
    }
    accounts
}

/// Nothing of a member has changed since.
pub(crate) async fn unchanged(line: &Line, accounts: &BTreeMap<String, Account>, faults: &mut Faults) {
    for (name, account) in accounts {
        let now = member(line, name).await;
        let then = &account.member;
        let same = now.version == then.version && now.points == then.points && now.coupons == then.coupons;
        faults.unless(same, || format!("{name}: repeated calls changed {then:?} to {now:?}"));
    }
}

async fn member(line: &Line, name: &str) -> Member {
    let member: Result<Member, Status> = read!(line, MemberServiceClient, get, get_member(name));
    member.expect("every member began")
}

async fn entries(line: &Line, name: &str) -> Vec<Entry> {
    let (mut entries, mut token) = (Vec::new(), String::new());
    loop {
        let page: Result<ListEntriesResponse, Status> =
            read!(line, MemberServiceClient, list_entries, get_entries(name, token.clone()));
        let page = page.expect("a statement");
        entries.extend(page.entries);
        token = page.next_page_token;
        if token.is_empty() {
            return entries;
        }
    }
}

/// What the answers add up to.
fn expected(name: &str, answers: &Answers, sold: &BTreeMap<String, Sold>, member: &Member) -> Sums {
    let mut sums = Sums::default();
    for call in answers.done() {
        match call {
            Call::Adjust(call) if call.member_id == name => sums.adjusted += call.points,
            Call::Activity(call) if call.member_id == name => sums.earned += CHECK_IN_POINTS,
            Call::Transfer(call) => {
                if call.member_id == name {
                    sums.transferred_out += call.points;
                }
                if call.to_member_id == name {
                    sums.transferred_in += call.points;
                }
            }
            _ => {}
        }
    }
    for sold in sold.values().filter(|sold| sold.sale.member_id == name) {
        sums.earned += sold.sale.points_earned;
        sums.spent += sold.sale.points_used;
        sums.restored += sold.returns.values().map(|back| back.points_restored).sum::<i64>();
        sums.taken_back += sold.returns.values().map(|back| back.points_taken_back).sum::<i64>();
    }
    let reached = member.tier.as_ref().map_or("", |tier| &tier.id);
    let reached = WELCOMES.iter().position(|(tier, _)| *tier == reached).unwrap_or(0);
    sums.earned += WELCOMES[..=reached].iter().map(|(_, points)| points).sum::<i64>();
    sums
}

/// What the statement adds up to.
fn booked(entries: &[Entry]) -> Sums {
    let sum = |kind: MovementKind| {
        let movements = entries.iter().flat_map(|entry| &entry.movements);
        movements.filter(|movement| movement.kind() == kind).map(|movement| movement.points).sum::<i64>()
    };
    Sums {
        earned: sum(MovementKind::Earned),
        restored: sum(MovementKind::Restored),
        adjusted: sum(MovementKind::Adjusted),
        transferred_in: sum(MovementKind::TransferredIn),
        spent: sum(MovementKind::Spent),
        taken_back: sum(MovementKind::TakenBack),
        transferred_out: sum(MovementKind::TransferredOut),
    }
}

/// The statement has one row for everything that was answered, and none for anything else that a till may ask for.
fn rows(
    name: &str,
    answers: &Answers,
    sold: &BTreeMap<String, Sold>,
    entries: &[Entry],
    faults: &mut Faults,
) {
    let mut expected = BTreeSet::new();
    for (id, sold) in sold.iter().filter(|(_, sold)| sold.sale.member_id == name) {
        expected.insert(format!("checkout:{id}"));
        expected.extend(sold.returns.keys().map(|back| format!("return:{id}:{back}")));
    }
    let of_member = |call: &&Call| match call {
        Call::Enrol(call) => call.member_id == name,
        Call::Adjust(call) => call.member_id == name,
        Call::Grant(call) => call.member_id == name,
        Call::Activity(call) => call.member_id == name,
        Call::Transfer(call) => call.member_id == name,
        _ => false,
    };
    expected.extend(answers.done().filter(of_member).map(|call| format!("request:{}", request_of(call))));
    let mut there = BTreeSet::new();
    for entry in entries {
        let asked = ["checkout:", "return:", "request:"].iter().any(|kind| entry.key.starts_with(kind));
        // Reservations that came to nothing stand in the statement too.
        let came_to_nothing = matches!(entry.state.as_str(), "cancelled" | "fenced");
        if asked && !came_to_nothing {
            faults.unless(there.insert(entry.key.clone()), || format!("{name}: {} twice", entry.key));
        }
    }
    for key in expected.symmetric_difference(&there).take(3) {
        let which = if expected.contains(key) { "lost" } else { "there, and nobody was told" };
        faults.unless(false, || format!("{name}: {key} is {which}"));
    }
}

/// Coupons: granted, less used, and those that came back. Gives how many were granted.
fn wallet(
    name: &str,
    answers: &Answers,
    sold: &BTreeMap<String, Sold>,
    member: &Member,
    faults: &mut Faults,
) -> usize {
    let mut granted = BTreeSet::new();
    for call in answers.done() {
        if let Call::Grant(call) = call
            && call.member_id == name
        {
            granted.insert(call.request_id.replace('-', ""));
        }
    }
    let mut wallet = granted.clone();
    for (id, sold) in sold.iter().filter(|(_, sold)| sold.sale.member_id == name) {
        let given_back: BTreeSet<&String> = sold.returns.values().flat_map(|back| &back.coupon_ids).collect();
        for offer in sold.offers().filter(|offer| offer.id == "thanks" && !sold.was_missing(&offer.code)) {
            if given_back.contains(&offer.code) {
                continue;
            }
            faults.unless(wallet.remove(&offer.code), || {
                format!("{name}: coupon {} was used by {id}, and was not there", offer.code)
            });
        }
    }
    let there: BTreeSet<String> = member.coupons.iter().map(|coupon| coupon.id.clone()).collect();
    faults.equal(&there, &wallet, &format!("{name}: wallet"));
    faults.unless(member.coupons.iter().all(|coupon| !coupon.held), || format!("{name}: a held coupon"));
    granted.len()
}
