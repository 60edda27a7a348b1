//! Every call, sent once more, gives the answer that it gave.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use tokio::task::JoinSet;

use super::{Answers, Faults, Sold};
use crate::call::{Answer, Call, Told, until_answered};
use crate::server::Line;

/// Calls at once.
const AT_ONCE: usize = 32;

/// Repeats everything that was carried out; gives how many answers were compared.
pub(crate) async fn prove(
    line: &Line,
    answers: &Answers,
    sold: &BTreeMap<String, Sold>,
    faults: &mut Faults,
) -> usize {
    let mut asked: JoinSet<(Told, Answer)> = JoinSet::new();
    let mut compared = 0;
    let all = answers.sales.values().flatten().chain(&answers.members);
    for told in all.filter(|told| stays(told, sold)) {
        if asked.len() == AT_ONCE {
            let one = asked.join_next().await.expect("some are asked").expect("no panic");
            same(&one, faults);
        }
        compared += 1;
        let (line, told) = (line.clone(), told.clone());
        asked.spawn(async move {
            let answer = until_answered(&line, &AtomicU64::new(0), || &told.call).await;
            (told, answer)
        });
    }
    for one in asked.join_all().await {
        same(&one, faults);
    }
    compared
}

/// Whether the call's answer is one that has to stay: refusals are not kept, and what became something else later is
/// answered with that.
fn stays(told: &Told, sold: &BTreeMap<String, Sold>) -> bool {
    let is_sold = told.call.sale().is_some_and(|id| sold.contains_key(id));
    match (&told.call, &told.answer) {
        (_, Answer::Refused(_)) | (Call::Reserve(_), _) => false,
        (Call::Cancel(_), _) => !is_sold,
        _ => true,
    }
}

fn same((told, again): &(Told, Answer), faults: &mut Faults) {
    // The answer is what is long: it stands before the call.
    faults.unless(told.answer == *again, || {
        format!("answered with {:?}, and now with {again:?}: {:?}", told.answer, told.call)
    });
}
