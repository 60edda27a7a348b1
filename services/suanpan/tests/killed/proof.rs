//! After the last kill: every answer is still the answer, nothing is lost, nothing is there twice.
//!
//! What there should be is added up from the answers that tills got, and compared with what the calls say, with every
//! member's statement, with the store's limits and codes, and with the events in the file.

mod accounts;
mod events;
mod history;
mod repeats;
mod sales;
mod shares;

use std::collections::BTreeMap;

use suanpan_rpc::checkout_v1::{Checkout, ReturnResponse};
use suanpan_rpc::v1::{OfferOutcome, OfferResult};

use crate::call::{Answer, Call, Log, Told};
use crate::corner::{Corner, Place};
use crate::finish;
use crate::server::House;

/// What was found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Survived {
    /// Ids of sales that were used.
    pub(crate) checkouts: usize,
    /// Of them, sales that are paid.
    pub(crate) sold: usize,
    /// Returns.
    pub(crate) returns: usize,
    /// Answers that were compared.
    pub(crate) answers: usize,
    /// Events in the file.
    pub(crate) events: usize,
}

/// Everything that was answered, in order of what it is about.
pub(crate) struct Answers {
    /// By the sale's id.
    pub(crate) sales: BTreeMap<String, Vec<Told>>,
    /// What is about a member alone.
    pub(crate) members: Vec<Told>,
}

/// A sale as it stands at the end, with its returns by their ids.
pub(crate) struct Sold {
    pub(crate) sale: Checkout,
    pub(crate) returns: BTreeMap<String, ReturnResponse>,
}

impl Sold {
    /// What an offer gave; none when it was not applied.
    pub(crate) fn applied(&self, offer: &str) -> Option<&OfferResult> {
        self.offers().find(|result| result.id == offer)
    }

    /// The offers that were applied.
    pub(crate) fn offers(&self) -> impl Iterator<Item = &OfferResult> {
        let offers = self.sale.quote.iter().flat_map(|quote| &quote.offers);
        offers.filter(|result| result.outcome() == OfferOutcome::Applied)
    }

    /// Whether it all came back.
    pub(crate) fn is_whole_back(&self) -> bool {
        self.returns.values().any(|back| back.whole)
    }

    /// Whether it was recorded that something of this name was not there.
    pub(crate) fn was_missing(&self, subject: &str) -> bool {
        self.sale.overruns.iter().any(|overrun| overrun.subject == subject)
    }
}

/// What is wrong, everything of it.
#[derive(Default)]
pub(crate) struct Faults(Vec<String>);

/// Faults that are shown.
const FAULTS_SHOWN: usize = 20;

impl Faults {
    pub(crate) fn unless(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.0.push(fault());
        }
    }

    pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(&mut self, found: &T, expected: &T, what: &str) {
        self.unless(found == expected, || format!("{what}: found {found:?}, expected {expected:?}"));
    }

    fn none(self) {
        if self.0.is_empty() {
            return;
        }
        for fault in self.0.iter().take(FAULTS_SHOWN) {
            println!("  wrong: {fault}");
        }
        panic!("{} things are wrong", self.0.len());
    }
}

impl Answers {
    pub(crate) fn of(told: Vec<Told>) -> Self {
        let mut answers = Self { sales: BTreeMap::new(), members: Vec::new() };
        for told in told {
            match told.call.sale() {
                Some(id) => answers.sales.entry(id.to_owned()).or_default().push(told),
                None => answers.members.push(told),
            }
        }
        answers
    }

    /// Calls about members that were carried out, each once however often it was sent.
    pub(crate) fn done(&self) -> impl Iterator<Item = &Call> {
        let mut seen = std::collections::BTreeSet::new();
        self.members
            .iter()
            .filter(|told| told.answer == Answer::Done)
            .filter(move |told| seen.insert(accounts::request_of(&told.call).to_owned()))
            .map(|told| &told.call)
    }
}

/// Ends the day and proves everything. No process runs when it begins, and none when it is done.
pub(crate) async fn prove(corner: &Corner, house: &mut impl House, log: &Log) -> Survived {
    finish::settle(corner).await;
    let answers = Answers::of(log.take());
    let mut faults = Faults::default();
    house.open().await;
    let line = house.line();
    let sold = sales::prove(corner, &line, &answers, &mut faults).await;
    let accounts = accounts::prove(corner, &line, &answers, &sold, &mut faults).await;
    let ordered = history::prove(&answers, &sold, &mut faults);
    faults.unless(ordered > 0, || "no member has a history".to_owned());
    let repeated = repeats::prove(&line, &answers, &sold, &mut faults).await;
    accounts::unchanged(&line, &accounts, &mut faults).await;
    house.prove(&line, &mut faults).await;
    house.close().await;
    shares::prove(corner, &answers, &sold, &mut faults).await;
    let events = events::prove(corner, &accounts, &mut faults);
    audit(corner, &mut faults).await;
    faults.none();
    Survived {
        checkouts: answers.sales.len(),
        sold: sold.len(),
        returns: sold.values().map(|sold| sold.returns.len()).sum(),
        answers: repeated,
        events,
    }
}

/// The file is sound, and the whole store balances.
async fn audit(corner: &Corner, faults: &mut Faults) {
    if matches!(corner.place, Place::File) {
        let checked = suanpan_store_embedded::check(&corner.store_file());
        faults.unless(checked.is_ok(), || format!("the file: {checked:?}"));
    }
    let report = suanpan_audit::audit(&*corner.store().await, None, |_| ()).await.expect("a store");
    faults.unless(report.counts.sales > 0, || format!("the audit saw nothing: {report:?}"));
    for finding in &report.findings {
        faults.unless(false, || format!("audit: {finding}"));
    }
}
