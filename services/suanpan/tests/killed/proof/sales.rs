//! Every sale is what was answered, and no sale is there that nobody was told of.

use std::collections::BTreeMap;

use suanpan_rpc::checkout_v1::checkout_service_client::CheckoutServiceClient;
use suanpan_rpc::checkout_v1::{Checkout, CheckoutState};
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::{Answers, Faults, Sold};
use crate::call::{Answer, Call, Told, read};
use crate::corner::{Corner, Place};
use crate::request::get_sale;
use crate::server::Line;

/// Calls at once.
const AT_ONCE: usize = 32;

/// Compares every id's answers with each other and with what the node says now; gives what is sold.
pub(crate) async fn prove(
    corner: &Corner,
    line: &Line,
    answers: &Answers,
    faults: &mut Faults,
) -> BTreeMap<String, Sold> {
    let on_cluster = matches!(corner.place, Place::Cluster { .. });
    let mut sold = BTreeMap::new();
    let now = all_now(line, answers.sales.keys()).await;
    for (id, told) in &answers.sales {
        let now = now.get(id).and_then(Option::as_ref);
        if let Some(one) = one(id, told, now, on_cluster, faults) {
            sold.insert(id.clone(), one);
        }
    }
    sold
}

async fn all_now<'i>(
    line: &Line,
    ids: impl Iterator<Item = &'i String>,
) -> BTreeMap<String, Option<Checkout>> {
    let mut asked = JoinSet::new();
    let mut now = BTreeMap::new();
    for id in ids {
        if asked.len() == AT_ONCE {
            now.extend(asked.join_next().await.map(|one| one.expect("no panic")));
        }
        let (line, id) = (line.clone(), id.clone());
        asked.spawn(async move {
            let found: Result<Checkout, Status> =
                read!(&line, CheckoutServiceClient, get_checkout, get_sale(&id));
            let found = match found {
                Ok(found) => Some(found),
                Err(status) if status.code() == Code::NotFound => None,
                Err(status) => panic!("{id}: {status:?}"),
            };
            (id, found)
        });
    }
    now.extend(asked.join_all().await);
    now
}

fn one(
    id: &str,
    told: &[Told],
    now: Option<&Checkout>,
    on_cluster: bool,
    faults: &mut Faults,
) -> Option<Sold> {
    let answered = |told: &Told| match (&told.call, &told.answer) {
        (Call::Confirm(_) | Call::Offline(_), Answer::Sale(sale)) => Some(without_differences(sale)),
        _ => None,
    };
    let sales: Vec<Checkout> = told.iter().filter_map(answered).collect();
    let cancelled =
        told.iter().any(|told| matches!((&told.call, &told.answer), (Call::Cancel(_), Answer::Sale(_))));
    let held =
        told.iter().any(|told| matches!((&told.call, &told.answer), (Call::Reserve(_), Answer::Sale(_))));
    reservations(id, told, on_cluster, faults);
    let Some(first) = sales.first() else {
        let state = now.map(Checkout::state);
        // What a guest reserved and nobody lacks is ended by nobody: it holds nothing.
        let of_guest = now.is_some_and(|now| now.member_id.is_empty());
        let holds = match state {
            None => !cancelled && !held,
            Some(CheckoutState::Cancelled) => cancelled || held,
            Some(CheckoutState::Reserved) => held && !cancelled && of_guest,
            // On a cluster a reservation ends before it is known whether the other owner's sale may be: it may not have been.
            Some(CheckoutState::Fenced) => held && on_cluster,
            Some(_) => false,
        };
        faults.unless(holds, || format!("{id}, cancelled {cancelled}, held {held}, not sold, is {state:?}"));
        return None;
    };
    for other in &sales {
        faults.unless(other == first, || format!("{id} was answered as {first:?} and as {other:?}"));
    }
    faults.equal(&first.state(), &CheckoutState::Confirmed, id);
    let Some(now) = now else {
        faults.unless(false, || format!("{id} was sold and is lost"));
        return None;
    };
    let stripped = Checkout { accrued: false, returns: Vec::new(), ..now.clone() };
    faults.unless(stripped == *first, || format!("{id} was sold as {first:?} and is {stripped:?}"));
    faults.equal(&now.accrued, &!now.member_id.is_empty(), &format!("{id} is accrued"));
    if cancelled {
        let fact = told.iter().any(|told| told.call.is_fact() && matches!(told.answer, Answer::Sale(_)));
        let said = first
            .overruns
            .iter()
            .any(|overrun| overrun.reason() == suanpan_rpc::member_v1::ConflictReason::CheckoutCancelled);
        faults
            .unless(fact && said, || format!("{id} was cancelled, and sold by a confirm or without a word"));
    }
    let returns = returns(id, told, now, faults);
    Some(Sold { sale: now.clone(), returns })
}

/// What one owner was told of a reservation, it was told each time. But on a cluster another owner's call under the id may
/// have ended it and got no further: then it is held once more, by the same row, at what the basket costs by then.
fn reservations(id: &str, told: &[Told], on_cluster: bool, faults: &mut Faults) {
    let mut buyers = told.iter().filter_map(|told| told.call.buyer());
    let first_buyer = buyers.next();
    let may_be_ended = on_cluster && buyers.any(|buyer| Some(buyer) != first_buyer);
    let mut first: BTreeMap<&str, &Checkout> = BTreeMap::new();
    for told in told {
        let (Call::Reserve(_), Answer::Sale(held)) = (&told.call, &told.answer) else { continue };
        if held.state() != CheckoutState::Reserved {
            continue;
        }
        let same = *first.entry(&held.member_id).or_insert(held);
        let again = may_be_ended && of_one_row(same, held);
        faults.unless(again || same == &**held, || format!("{id} was reserved as {same:?} and as {held:?}"));
    }
}

/// Whether two answers are of the same row and the same goods, whatever those cost.
fn of_one_row(one: &Checkout, other: &Checkout) -> bool {
    let row = |sale: &Checkout| (sale.checkout_id.clone(), sale.version, sale.written_unix_ms);
    let goods = |sale: &Checkout| -> Vec<(String, String, i64, i64)> {
        let lines = sale.quote.iter().flat_map(|quote| &quote.lines);
        lines.map(|line| (line.id.clone(), line.sku.clone(), line.quantity_milli, line.gross_minor)).collect()
    };
    row(one) == row(other) && goods(one) == goods(other)
}

fn returns(
    id: &str,
    told: &[Told],
    now: &Checkout,
    faults: &mut Faults,
) -> BTreeMap<String, suanpan_rpc::checkout_v1::ReturnResponse> {
    let mut answered = BTreeMap::new();
    for told in told {
        let Answer::Back(back) = &told.answer else { continue };
        let first = answered.entry(back.return_id.clone()).or_insert_with(|| (**back).clone());
        faults.unless(first == &**back, || format!("{id}: a return was {first:?} and {back:?}"));
    }
    let there: BTreeMap<_, _> =
        now.returns.iter().map(|back| (back.return_id.clone(), back.clone())).collect();
    faults.equal(&there.len(), &now.returns.len(), &format!("{id}: returns by their ids"));
    faults.unless(there == answered, || format!("{id}: returns are {there:?}, and were {answered:?}"));
    let refunded: i64 = there.values().map(|back| back.refund_minor).sum();
    let restored: i64 = there.values().map(|back| back.points_restored).sum();
    let taken: i64 = there.values().map(|back| back.points_taken_back).sum();
    faults.unless(refunded <= now.due_minor, || format!("{id}: {refunded} refunded of {}", now.due_minor));
    if there.values().any(|back| back.whole) {
        faults.equal(&refunded, &now.due_minor, &format!("{id}: refunded as a whole"));
        if !now.member_id.is_empty() {
            let points = (now.points_used, now.points_earned);
            faults.equal(&(restored, taken), &points, &format!("{id}: points given and taken back"));
        }
    }
    answered
}

/// A sale without what only one of its reporters has to know.
fn without_differences(sale: &Checkout) -> Checkout {
    Checkout { differences: Vec::new(), ..sale.clone() }
}
