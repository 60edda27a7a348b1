//! Each member's history is linearizable: its writes have one order, that of the head's versions, and it is not against
//! time. What was answered before another call was made stands before it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Answers, Faults, Sold};
use crate::call::{Answer, Told};

/// The first write of a row: some time between the first call that could have made it, and the first answer that shows it.
#[derive(Clone, Copy, Debug)]
struct Write {
    version: i64,
    begun: Instant,
    seen: Instant,
}

/// Looks at the sales and returns of every member; gives how many of them have an order.
pub(super) fn prove(answers: &Answers, sold: &BTreeMap<String, Sold>, faults: &mut Faults) -> usize {
    assert!(notices(), "a history against time is not noticed");
    let mut histories: BTreeMap<&str, Vec<Write>> = BTreeMap::new();
    for (id, told) in &answers.sales {
        let mut rows: BTreeMap<(&str, i64), Write> = BTreeMap::new();
        let begun =
            |of: &dyn Fn(&Told) -> bool| told.iter().filter(|told| of(told)).map(|told| told.asked).min();
        for told in told {
            let (member, version, begun) = match &told.answer {
                Answer::Sale(sale) => (sale.member_id.as_str(), sale.version, begun(&|_| true)),
                Answer::Back(back) => {
                    let Some(sold) = sold.get(id) else { continue };
                    let same = |told: &Told| told.call.return_id() == Some(&back.return_id);
                    (sold.sale.member_id.as_str(), back.version, begun(&same))
                }
                Answer::Done | Answer::Refused(_) => continue,
            };
            let (Some(begun), false) = (begun, member.is_empty()) else { continue };
            let row = rows.entry((member, version)).or_insert(Write { version, begun, seen: told.answered });
            row.seen = row.seen.min(told.answered);
        }
        for ((member, _), row) in rows {
            histories.entry(member).or_default().push(row);
        }
    }
    for (member, history) in &mut histories {
        if let Some([before, after]) = against_time(history) {
            faults.unless(false, || {
                let (early, late) = (before.version, after.version);
                format!("{member}: version {late} was answered before the call of version {early} was made")
            });
        }
    }
    histories.values().map(Vec::len).sum()
}

/// Two writes whose order is not that of time, or that have one version; the history is ordered by versions then.
fn against_time(history: &mut [Write]) -> Option<[Write; 2]> {
    history.sort_by_key(|write| write.version);
    let mut last = *history.first()?;
    for place in 1..history.len() {
        let (before, after) = (history[place - 1], history[place]);
        if before.version == after.version {
            return Some([before, after]);
        }
        // The one that began last of all before: if it began after this one was seen, it should stand behind it.
        if after.seen < last.begun {
            return Some([last, after]);
        }
        if after.begun > last.begun {
            last = after;
        }
    }
    None
}

/// Whether what should be noticed is, and nothing else.
fn notices() -> bool {
    let start = Instant::now();
    let write = |version, begun, seen| {
        let at = |second| start + Duration::from_secs(second);
        Write { version, begun: at(begun), seen: at(seen) }
    };
    let at_once = &mut [write(1, 0, 5), write(2, 1, 3), write(3, 4, 6)];
    let late = &mut [write(1, 4, 6), write(3, 1, 3), write(2, 0, 5)];
    let twice = &mut [write(1, 0, 1), write(1, 2, 3)];
    against_time(at_once).is_none() && against_time(late).is_some() && against_time(twice).is_some()
}
