//! Calls of those who run a store.

use suanpan_domain::{CheckoutId, MemberId, ReturnId};
use suanpan_ledger::Actor;
use suanpan_ledger::command::EntryRef;

use super::account::actor;
use super::check_chain;
use super::checkout::{page_size, page_token};
use super::text::{check_count, check_required, required};
use crate::admin_v1;
use crate::bounds::{CODES_MAX, PROGRAM_FILES_MAX};
use crate::problem::{Fault, Problems};

/// Codes of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodesCall {
    /// Who asks.
    pub actor: Actor,
    /// The campaign's id.
    pub campaign: String,
    /// The codes, each a text of its own.
    pub codes: Vec<String>,
    /// Whether the caller wants to know which exist already.
    pub only_new: bool,
}

/// Which part of the parked entries is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedCall {
    /// At most so many.
    pub page_size: usize,
    /// Where to go on; the bytes of the token.
    pub after: Vec<u8>,
}

/// An entry that is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryCall {
    /// Who asks.
    pub actor: Actor,
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub entry: EntryRef,
}

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// Members.
    Members,
    /// Sales with their returns.
    Checkouts,
    /// Entries of members.
    Entries,
}

/// An export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportCall {
    /// What.
    pub kind: ExportKind,
    /// Sales with their quotes.
    pub quotes: bool,
}

/// Checks who publishes, and that there are files; what is in them is the program's to check.
///
/// # Errors
/// Every problem of it.
pub fn publish(message: &admin_v1::PublishRequest) -> Result<Actor, Problems> {
    let mut problems = Problems::default();
    let actor = actor(message.actor.as_ref(), false, &mut problems);
    if message.files.is_empty() {
        problems.add(format_args!("files"), Fault::Required);
    }
    if check_count(message.files.len(), PROGRAM_FILES_MAX, format_args!("files"), &mut problems) {
        for (index, file) in message.files.iter().enumerate() {
            check_required(&file.name, format_args!("files[{index}].name"), &mut problems);
        }
    }
    problems.or(actor)
}

/// Checks codes, but for what the program says of them.
///
/// # Errors
/// Every problem of them.
pub fn add_codes(message: admin_v1::AddCodesRequest, chain: &str) -> Result<CodesCall, Problems> {
    let mut problems = Problems::default();
    check_chain(&message.chain, chain, &mut problems);
    let actor = actor(message.actor.as_ref(), false, &mut problems);
    check_required(&message.campaign, format_args!("campaign"), &mut problems);
    if message.codes.is_empty() {
        problems.add(format_args!("codes"), Fault::Required);
    }
    if check_count(message.codes.len(), CODES_MAX, format_args!("codes"), &mut problems) {
        for (index, code) in message.codes.iter().enumerate() {
            check_required(code, format_args!("codes[{index}]"), &mut problems);
        }
    }
    let admin_v1::AddCodesRequest { campaign, codes, only_new, .. } = message;
    problems.or(actor.map(|actor| CodesCall { actor, campaign, codes, only_new }))
}

/// Checks which parked entries are asked for.
///
/// # Errors
/// Every problem of it.
pub fn list_parked(message: &admin_v1::ListParkedRequest, chain: &str) -> Result<ParkedCall, Problems> {
    let mut problems = Problems::default();
    check_chain(&message.chain, chain, &mut problems);
    let page_size = page_size(message.page_size, &mut problems);
    let after = page_token(&message.page_token, &mut problems);
    problems.or(page_size.zip(after).map(|(page_size, after)| ParkedCall { page_size, after }))
}

/// Checks which entry is tried again.
///
/// # Errors
/// Every problem of it.
pub fn retry_parked(message: admin_v1::RetryParkedRequest, chain: &str) -> Result<RetryCall, Problems> {
    let mut problems = Problems::default();
    check_chain(&message.chain, chain, &mut problems);
    let actor = actor(message.actor.as_ref(), false, &mut problems);
    let member = required(message.member_id, format_args!("member_id"), &mut problems);
    let entry = entry(&message.key);
    if entry.is_none() {
        let fault = if message.key.is_empty() { Fault::Required } else { Fault::NoParkedKey };
        problems.add(format_args!("key"), fault);
    }
    let call =
        actor.zip(member).zip(entry).map(|((actor, member), entry)| RetryCall { actor, member, entry });
    problems.or(call)
}

/// The entry of a key as [`crate::encode::key`] writes it; none of keys that are never parked.
fn entry(key: &str) -> Option<EntryRef> {
    let mut parts = key.split(':');
    let (kind, checkout) = (parts.next()?, parts.next()?.parse::<CheckoutId>().ok()?);
    let back = parts.next().map(str::parse::<ReturnId>);
    match (kind, back, parts.next()) {
        ("checkout", None, None) => Some(EntryRef::Checkout(checkout)),
        ("return", Some(Ok(back)), None) => Some(EntryRef::Return(checkout, back)),
        _ => None,
    }
}

/// Checks who copies and whereto.
///
/// # Errors
/// Every problem of it.
pub fn backup(message: &admin_v1::BackupRequest) -> Result<Actor, Problems> {
    let mut problems = Problems::default();
    let actor = actor(message.actor.as_ref(), false, &mut problems);
    if message.path.is_empty() {
        problems.add(format_args!("path"), Fault::Required);
    } else if !message.path.starts_with('/') || message.path.contains('\0') {
        problems.add(format_args!("path"), Fault::NoAbsolutePath);
    }
    problems.or(actor)
}

/// Checks what is proved: one chain, or, without a name, everything.
///
/// # Errors
/// Every problem of it.
pub fn audit(message: admin_v1::AuditRequest) -> Result<Option<String>, Problems> {
    let mut problems = Problems::default();
    if message.chain.is_empty() {
        return Ok(None);
    }
    check_required(&message.chain, format_args!("chain"), &mut problems);
    problems.or(Some(Some(message.chain)))
}

/// Checks what is exported.
///
/// # Errors
/// Every problem of it.
pub fn export(message: &admin_v1::ExportRequest, chain: &str) -> Result<ExportCall, Problems> {
    use admin_v1::ExportKind as Sent;
    let mut problems = Problems::default();
    check_chain(&message.chain, chain, &mut problems);
    let kind = match Sent::try_from(message.kind) {
        Ok(Sent::Members) => Some(ExportKind::Members),
        Ok(Sent::Checkouts) => Some(ExportKind::Checkouts),
        Ok(Sent::Entries) => Some(ExportKind::Entries),
        Ok(Sent::Unspecified) => {
            problems.add(format_args!("kind"), Fault::Required);
            None
        }
        Err(_) => {
            problems.add(format_args!("kind"), Fault::UnknownValue);
            None
        }
    };
    problems.or(kind.map(|kind| ExportCall { kind, quotes: message.quotes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode;
    use suanpan_ledger::EntryKey;

    const SALE: &str = "0198c0de-0000-7000-8000-000000000001";
    const BACK: &str = "0198c0de-0000-4000-8000-000000000002";

    #[test]
    fn a_key_that_is_listed_can_be_sent_back() {
        let (sale, back) = (SALE.parse::<CheckoutId>().unwrap(), BACK.parse::<ReturnId>().unwrap());
        for (key, expected) in [
            (encode::key(EntryKey::Checkout(sale)), Some(EntryRef::Checkout(sale))),
            (encode::key(EntryKey::Return(sale, back)), Some(EntryRef::Return(sale, back))),
            (encode::key(EntryKey::Time(7)), None),
            (format!("checkout:{SALE}:{BACK}"), None),
            (format!("return:{SALE}"), None),
            (format!("return:{SALE}:{BACK}:x"), None),
            (String::new(), None),
            ("checkout:7".to_owned(), None),
        ] {
            assert_eq!(entry(&key), expected, "{key}");
        }
    }

    #[test]
    fn every_problem_of_a_call_is_named() {
        let fields = |problems: Problems| -> Vec<String> {
            problems.kept().iter().map(|problem| problem.field.clone()).collect()
        };
        let codes = admin_v1::AddCodesRequest { codes: vec![String::new()], ..Default::default() };
        let retry = admin_v1::RetryParkedRequest::default();
        let file = admin_v1::ProgramFile::default();
        let program = admin_v1::PublishRequest { files: vec![file], ..Default::default() };
        for (problems, expected) in [
            (add_codes(codes, "c").unwrap_err(), &["chain", "actor", "campaign", "codes[0]"][..]),
            (retry_parked(retry, "c").unwrap_err(), &["chain", "actor", "member_id", "key"]),
            (publish(&program).unwrap_err(), &["actor", "files[0].name"]),
            (publish(&admin_v1::PublishRequest::default()).unwrap_err(), &["actor", "files"]),
            (backup(&admin_v1::BackupRequest::default()).unwrap_err(), &["actor", "path"]),
            (export(&admin_v1::ExportRequest::default(), "c").unwrap_err(), &["chain", "kind"]),
        ] {
            assert_eq!(fields(problems), expected);
        }
        let relative = admin_v1::BackupRequest { path: "copy.sqlite".to_owned(), ..Default::default() };
        assert_eq!(fields(backup(&relative).unwrap_err()), ["actor", "path"]);
    }
}
