//! What belongs to everybody: limits, budgets and codes have exactly the sales that were answered with them.

use std::collections::BTreeMap;

use suanpan_checkout::offer_key;
use suanpan_store::{CodeState, Cursor, HolderState, Store, Taken};

use super::{Answers, Faults, Sold};
use crate::corner::{CHAIN, Corner};

pub(crate) async fn prove(
    corner: &Corner,
    answers: &Answers,
    sold: &BTreeMap<String, Sold>,
    faults: &mut Faults,
) {
    let store = corner.store().await;
    let rush = Rule { offer: "rush", uses: 1, given_back: true };
    limit(&*store, rush, answers, sold, faults).await;
    // Of a budget alone, money is counted and uses are not.
    let spree = Rule { offer: "spree", uses: 0, given_back: false };
    limit(&*store, spree, answers, sold, faults).await;
    codes(corner, &*store, sold, faults).await;
}

/// What a sale takes of an offer.
#[derive(Clone, Copy)]
struct Rule {
    offer: &'static str,
    /// Uses that one sale counts.
    uses: i64,
    /// A whole return gives it back.
    given_back: bool,
}

/// One limit: its sums are those of its holders, its holders are the sales that were answered with the offer.
async fn limit(
    store: &dyn Store,
    Rule { offer, uses, given_back }: Rule,
    answers: &Answers,
    sold: &BTreeMap<String, Sold>,
    faults: &mut Faults,
) {
    let limits = store.limits(CHAIN).await.expect("a store");
    let Some(limit) = limits.into_iter().find(|limit| limit.offer == offer_key(offer)) else {
        faults.unless(false, || format!("{offer} has no limit"));
        return;
    };
    let cap = limit.cap.unwrap_or_default();
    faults.unless(cap.uses.is_none_or(|cap| limit.used.uses <= cap), || format!("{offer}: {limit:?}"));
    faults.unless(cap.amount_minor.is_none_or(|cap| limit.used.amount_minor <= cap), || {
        format!("{offer}: {limit:?}")
    });
    faults.equal(&limit.held, &Taken::default(), &format!("{offer}: held"));
    let mut expected: BTreeMap<String, (bool, Taken)> = BTreeMap::new();
    for (id, sold) in sold {
        if let Some(applied) = sold.applied(offer) {
            let back = given_back && sold.is_whole_back();
            expected.insert(id.clone(), (back, Taken { uses, amount_minor: applied.amount_minor }));
        }
    }
    let (mut used, mut overrun, mut there) = (Taken::default(), Taken::default(), BTreeMap::new());
    let mut after = Cursor::default();
    loop {
        let page = store.limit_holders(CHAIN, offer_key(offer), &after, 1_000).await.expect("a store");
        for named in page.rows {
            let (id, taken) = (named.checkout.to_string(), named.holder.taken);
            faults.unless(answers.sales.contains_key(&id), || format!("{offer}: nobody asked for {id}"));
            match named.holder.state {
                HolderState::Freed => continue,
                HolderState::Held => faults.unless(false, || format!("{offer}: {id} holds it")),
                HolderState::Used => used = used.plus(taken),
                HolderState::Overrun => overrun = overrun.plus(taken),
                HolderState::GivenBack => {}
            }
            let back = named.holder.state == HolderState::GivenBack;
            let again = there.insert(id.clone(), (back, taken));
            faults.unless(again.is_none(), || format!("{offer}: {id} has it twice"));
        }
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    faults.equal(&(limit.used, limit.overrun), &(used, overrun), &format!("{offer}: sums"));
    for (id, has) in &there {
        faults.equal(&Some(has), &expected.get(id), &format!("{offer}: holder {id}"));
    }
    for id in expected.keys().filter(|id| !there.contains_key(*id)) {
        faults.unless(false, || format!("{offer}: {id} was sold with it and does not hold it"));
    }
}

/// Each code is used by the one sale that was answered with it, or free.
async fn codes(corner: &Corner, store: &dyn Store, sold: &BTreeMap<String, Sold>, faults: &mut Faults) {
    for code in corner.codes() {
        let hash = corner.hash(&code);
        let users: Vec<&str> = sold
            .iter()
            .filter(|(_, sold)| sold.offers().any(|offer| offer.code == code))
            .filter(|(_, sold)| !sold.was_missing(&code) && !sold.is_whole_back())
            .map(|(id, _)| id.as_str())
            .collect();
        let state = store.code(CHAIN, hash).await.expect("a store").map(|view| view.state);
        let holds = match &state {
            Some(CodeState::Free) => users.is_empty(),
            Some(CodeState::Used { by }) => users == [by.checkout.to_string()],
            Some(CodeState::Held { .. }) | None => false,
        };
        faults.unless(holds, || format!("{code} is {state:?}, and was used by {users:?}"));
    }
}
