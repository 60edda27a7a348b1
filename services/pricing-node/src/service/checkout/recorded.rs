//! A sale that is recorded already, and in what it is not the one that was reported.

use suanpan_domain::BusinessTime;
use suanpan_ledger::command::Wanted;
use suanpan_ledger::{Conflict, Entry, Refusal, State};
use suanpan_rpc::{checkout_v1, encode, status};
use suanpan_store::{FoundCheckout, Owner};
use tonic::Status;

use super::sell::{Checked, Kind};
use super::{Desk, answer};
use crate::sales::in_time;

impl Desk<'_> {
    /// The answer of a sale that is recorded already.
    pub(super) async fn recorded(
        &self,
        found: &Option<FoundCheckout>,
        owner: &Owner,
        checked: &Checked,
    ) -> Option<Result<checkout_v1::Checkout, Status>> {
        let (found, kind) = (found.as_ref()?, checked.kind);
        let sold = matches!(found.entry.state, State::Confirmed | State::Parked | State::Done);
        let fact = kind.fact().is_some();
        // A late reservation of what another owner was sold is decided with both.
        if !sold || kind == Kind::Reserve && found.owner != *owner {
            return None;
        }
        let quote = answer::quote(&found.entry);
        let mut answer = encode::checkout(self.chain.id(), answer::member(&found.owner), &found.entry, quote);
        self.name_overruns(&found.entry, &mut answer.overruns);
        if fact {
            match self.differences(&found.entry, &found.owner, owner, checked).await {
                Ok(differences) => answer.differences = differences,
                Err(status) => return Some(Err(status)),
            }
            return Some(Ok(answer));
        }
        let same = match kind {
            // It was paid since, and the answer says so.
            Kind::Reserve => found.entry.reserve_hash == Some(checked.basket_hash),
            _ => found.entry.content_hash == Some(checked.content_hash),
        };
        if same {
            return Some(Ok(answer));
        }
        // Before anything else is wrong with the call: whoever hears of a price or a tender believes that nothing is sold.
        let differs = vec![Conflict::of(Refusal::ContentDiffers)];
        Some(Err(answer::refused(&differs, None, None)))
    }

    /// In what a recorded sale is not what was reported. Whose it is, is compared after merges.
    pub(super) async fn differences(
        &self,
        entry: &Entry,
        recorded: &Owner,
        reported: &Owner,
        checked: &Checked,
    ) -> Result<Vec<checkout_v1::Difference>, Status> {
        let now = match recorded {
            Owner::Member(member) if recorded != reported => {
                let time = BusinessTime { unix_ms: self.now_ms, utc_offset_minutes: 0 };
                let found = self.sales.member(&self.chain, member, self.now_ms, time);
                let found = in_time(self.until, found).await;
                let found =
                    found.map_err(|error| super::super::store_failed(status::CHECKOUT_DOMAIN, &error))?;
                found.known().map(|found| Owner::Member(found.id))
            }
            Owner::Member(_) | Owner::Guest(_) => None,
        };
        let recorded = if now.as_ref() == Some(reported) { reported } else { recorded };
        Ok(differences(entry, recorded, reported, &checked.content_hash, &checked.sent))
    }
}

/// In what a recorded sale is not what was reported.
fn differences(
    entry: &Entry,
    owner: &Owner,
    reported: &Owner,
    content_hash: &[u8; 32],
    sent: &[checkout_v1::Tender],
) -> Vec<checkout_v1::Difference> {
    let mut found = Vec::new();
    let mut differs = |what: &str, recorded: String, reported: String| {
        found.push(checkout_v1::Difference { what: what.to_owned(), recorded, reported });
    };
    let name = |owner: &Owner| answer::member(owner).map(ToString::to_string).unwrap_or_default();
    if name(owner) != name(reported) {
        differs("member_id", name(owner), name(reported));
    }
    if entry.content_hash.as_ref() == Some(content_hash) {
        return found;
    }
    let recorded: i64 = entry
        .sale
        .iter()
        .flat_map(|sale| &sale.tenders)
        .map(|tender| tender.amount_minor)
        .fold(0, i64::saturating_add);
    let reported: i64 = sent.iter().map(|tender| tender.amount_minor).fold(0, i64::saturating_add);
    // Who names no tenders reports none.
    if recorded != reported && !sent.is_empty() {
        differs("tenders", recorded.to_string(), reported.to_string());
    }
    let (recorded, reported) = contents(entry, content_hash);
    differs("content", recorded, reported);
    found
}

/// In what a recorded return is not what was reported; `answer` tells the recorded one.
pub(super) fn of_return(
    entry: &Entry,
    answer: &checkout_v1::ReturnResponse,
    wanted: &Wanted,
    content_hash: &[u8; 32],
) -> Vec<checkout_v1::Difference> {
    if entry.content_hash.as_ref() == Some(content_hash) {
        return Vec::new();
    }
    let told = |lines: Vec<(&str, i64)>| {
        lines.iter().map(|(line, milli)| format!("{line} {milli}")).collect::<Vec<_>>().join(", ")
    };
    let lines = told(answer.lines.iter().map(|line| (line.line_id.as_str(), line.quantity_milli)).collect());
    let asked = match wanted {
        Wanted::All => "all".to_owned(),
        Wanted::Lines(lines) => {
            told(lines.iter().map(|line| (line.line.as_str(), line.quantity_milli)).collect())
        }
    };
    let (recorded, reported) = contents(entry, content_hash);
    let both = [("lines", lines, asked), ("content", recorded, reported)].into_iter();
    both.filter(|(_, recorded, reported)| recorded != reported)
        .map(|(what, recorded, reported)| checkout_v1::Difference {
            what: what.to_owned(),
            recorded,
            reported,
        })
        .collect()
}

/// Hashes of what is recorded and of what was reported.
fn contents(entry: &Entry, content_hash: &[u8; 32]) -> (String, String) {
    let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    (entry.content_hash.as_ref().map(|hash| hex(hash)).unwrap_or_default(), hex(content_hash))
}
