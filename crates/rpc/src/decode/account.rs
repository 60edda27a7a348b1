//! Calls about members.

use suanpan_domain::limits::POINTS_MAX;
use suanpan_domain::{BusinessTime, MemberId, MonthDay, ReturnId};
use suanpan_ledger::head::CouponId;
use suanpan_ledger::{Actor, Role};

use super::checkout::{page_size, page_token};
use super::text::{check, check_count, check_required, optional, required, within};
use super::{MEMBER_CARDS_MAX, UNIX_MS_MAX, check_chain};
use crate::hex::hex;
use crate::problem::{Fault, PHONE_DIGITS, Problems};
use crate::{member_v1, v1};

/// A call that changes a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeCall<T> {
    /// Who asks.
    pub actor: Actor,
    /// Names the call.
    pub request: [u8; 16],
    /// Whose account.
    pub member: MemberId,
    /// What.
    pub what: T,
}

/// A new member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// What leads to the member.
    pub lookups: Vec<Lookup>,
    /// Month and day of birth.
    pub birthday: Option<MonthDay>,
    /// Who brought the member.
    pub referred_by: Option<MemberId>,
}

/// What leads to a member, normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The number of a card or app code.
    Card(String),
    /// A telephone number: digits, with a leading `+` where it was given.
    Phone(String),
    /// An e-mail address in lower case.
    Email(String),
}

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// By id.
    Id(MemberId),
    /// By what leads there.
    Lookup(Lookup),
}

/// A new coupon of a campaign, with its expiry, Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The campaign's id.
    pub campaign: String,
    /// None: it does not expire.
    pub expires_ms: Option<i64>,
}

/// Points by hand, with their expiry, Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Up or down.
    pub points: i64,
    /// None: as points that are earned now.
    pub expires_ms: Option<i64>,
}

/// An activity and when it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub activity: String,
    /// None: now.
    pub business_time: Option<BusinessTime>,
}

/// Which part of a statement is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementCall {
    /// Whose.
    pub member: MemberId,
    /// At most so many rows.
    pub page_size: usize,
    /// Where to go on; the bytes of the token.
    pub after: Vec<u8>,
}

/// Who asks. `reasoned` calls need a reason.
pub(super) fn actor(
    message: Option<&member_v1::Actor>,
    reasoned: bool,
    problems: &mut Problems,
) -> Option<Actor> {
    let Some(message) = message else {
        problems.add(format_args!("actor"), Fault::Required);
        return None;
    };
    check_required(&message.id, format_args!("actor.id"), problems);
    check(&message.channel, format_args!("actor.channel"), problems);
    if reasoned {
        check_required(&message.reason, format_args!("actor.reason"), problems);
    } else {
        check(&message.reason, format_args!("actor.reason"), problems);
    }
    let role = match member_v1::Role::try_from(message.role) {
        Ok(member_v1::Role::Unspecified | member_v1::Role::Till) => Role::Till,
        Ok(member_v1::Role::Online) => Role::Online,
        Ok(member_v1::Role::ServiceDesk) => Role::ServiceDesk,
        Ok(member_v1::Role::Marketing) => Role::Marketing,
        Ok(member_v1::Role::Finance) => Role::Finance,
        Ok(member_v1::Role::Operator) => Role::Operator,
        Ok(member_v1::Role::Worker) | Err(_) => {
            problems.add(format_args!("actor.role"), Fault::UnknownValue);
            Role::Till
        }
    };
    Some(Actor {
        id: message.id.clone(),
        role,
        channel: message.channel.clone(),
        reason: message.reason.clone(),
    })
}

/// Checks an enrolment. Without an id the member is named by the request.
///
/// # Errors
/// Every problem of it.
pub fn enrol(message: member_v1::EnrolRequest, chain: &str) -> Result<ChangeCall<Enrolment>, Problems> {
    let mut problems = Problems::default();
    check_chain(&message.chain, chain, &mut problems);
    let actor = actor(message.actor.as_ref(), false, &mut problems);
    let request = request(&message.request_id, &mut problems);
    let named = if message.member_id.is_empty() {
        request.and_then(|request| MemberId::new(format!("m{}", hex(&request))).ok())
    } else {
        required(message.member_id, format_args!("member_id"), &mut problems)
    };
    let mut lookups = Vec::new();
    if check_count(message.cards.len(), MEMBER_CARDS_MAX, format_args!("cards"), &mut problems) {
        for (index, card) in message.cards.into_iter().enumerate() {
            check_required(&card, format_args!("cards[{index}]"), &mut problems);
            lookups.push(Lookup::Card(card));
        }
    }
    if !message.phone.is_empty() {
        lookups.extend(phone(&message.phone, "phone", &mut problems));
    }
    if !message.email.is_empty() {
        lookups.extend(email(&message.email, "email", &mut problems));
    }
    let birthday = message.birthday.and_then(|birthday| birthday_of(birthday, &mut problems));
    let referred_by: Option<MemberId> =
        optional(message.referred_by, format_args!("referred_by"), &mut problems);
    if referred_by.is_some() && referred_by == named {
        problems.add(format_args!("referred_by"), Fault::SameMember);
    }
    let call = actor.zip(request).zip(named).map(|((actor, request), member)| ChangeCall {
        actor,
        request,
        member,
        what: Enrolment { lookups, birthday, referred_by },
    });
    problems.or(call)
}

/// Checks who is asked for.
///
/// # Errors
/// Every problem of it.
pub fn get(message: member_v1::GetRequest, chain: &str) -> Result<(Actor, Key), Problems> {
    use member_v1::member_key::Key as Sent;
    let mut problems = Problems::default();
    check_chain(&message.chain, chain, &mut problems);
    let actor = actor(message.actor.as_ref(), false, &mut problems);
    let key = match message.member.and_then(|member| member.key) {
        None => {
            problems.add(format_args!("member"), Fault::Required);
            None
        }
        Some(Sent::Id(id)) => required(id, format_args!("member.id"), &mut problems).map(Key::Id),
        Some(Sent::Card(card)) => {
            check_required(&card, format_args!("member.card"), &mut problems);
            Some(Key::Lookup(Lookup::Card(card)))
        }
        Some(Sent::Phone(text)) => phone(&text, "member.phone", &mut problems).map(Key::Lookup),
        Some(Sent::Email(text)) => email(&text, "member.email", &mut problems).map(Key::Lookup),
    };
    problems.or(actor.zip(key))
}

/// Checks points by hand.
///
/// # Errors
/// Every problem of it.
pub fn adjust(message: member_v1::AdjustRequest, chain: &str) -> Result<ChangeCall<Adjustment>, Problems> {
    let mut problems = Problems::default();
    let points = within(message.points, (-POINTS_MAX, POINTS_MAX), format_args!("points"), &mut problems);
    if points == Some(0) {
        problems.add(format_args!("points"), Fault::Zero);
    }
    let expires_ms = expiry(message.expires_unix_ms, &mut problems);
    let what = points.zip(expires_ms).map(|(points, expires_ms)| Adjustment { points, expires_ms });
    let of = (message.chain, message.actor, message.request_id, message.member_id);
    changed(of, true, chain, what, problems)
}

/// Checks a coupon for the wallet.
///
/// # Errors
/// Every problem of it.
pub fn grant_coupon(
    message: member_v1::GrantCouponRequest,
    chain: &str,
) -> Result<ChangeCall<Grant>, Problems> {
    let mut problems = Problems::default();
    check_required(&message.campaign, format_args!("campaign"), &mut problems);
    let expires_ms = expiry(message.expires_unix_ms, &mut problems);
    let what = expires_ms.map(|expires_ms| Grant { campaign: message.campaign, expires_ms });
    let of = (message.chain, message.actor, message.request_id, message.member_id);
    changed(of, false, chain, what, problems)
}

/// Checks which coupon goes.
///
/// # Errors
/// Every problem of it.
pub fn revoke_coupon(
    message: member_v1::RevokeCouponRequest,
    chain: &str,
) -> Result<ChangeCall<CouponId>, Problems> {
    let mut problems = Problems::default();
    let coupon = coupon(&message.coupon_id, "coupon_id", &mut problems);
    let of = (message.chain, message.actor, message.request_id, message.member_id);
    changed(of, true, chain, coupon, problems)
}

/// Checks a block, or its end.
///
/// # Errors
/// Every problem of it.
pub fn block(message: member_v1::BlockRequest, chain: &str) -> Result<ChangeCall<bool>, Problems> {
    let of = (message.chain, message.actor, message.request_id, message.member_id);
    changed(of, true, chain, Some(message.blocked), Problems::default())
}

/// Checks points that are sent: to whom, and how many.
///
/// # Errors
/// Every problem of it.
pub fn transfer(
    message: member_v1::TransferRequest,
    chain: &str,
) -> Result<ChangeCall<(MemberId, i64)>, Problems> {
    let mut problems = Problems::default();
    if !message.to_member_id.is_empty() && message.to_member_id == message.member_id {
        problems.add(format_args!("to_member_id"), Fault::SameMember);
    }
    let to = required(message.to_member_id, format_args!("to_member_id"), &mut problems);
    let points = within(message.points, (1, POINTS_MAX), format_args!("points"), &mut problems);
    let of = (message.chain, message.actor, message.request_id, message.member_id);
    changed(of, false, chain, to.zip(points), problems)
}

/// Checks a merge: the call's member survives.
///
/// # Errors
/// Every problem of it.
pub fn merge(message: member_v1::MergeRequest, chain: &str) -> Result<ChangeCall<MemberId>, Problems> {
    let mut problems = Problems::default();
    if !message.source_id.is_empty() && message.source_id == message.survivor_id {
        problems.add(format_args!("source_id"), Fault::SameMember);
    }
    let source = required(message.source_id, format_args!("source_id"), &mut problems);
    check_chain(&message.chain, chain, &mut problems);
    let actor = actor(message.actor.as_ref(), true, &mut problems);
    let request = request(&message.request_id, &mut problems);
    let survivor = required(message.survivor_id, format_args!("survivor_id"), &mut problems);
    let call = actor
        .zip(request)
        .zip(survivor)
        .zip(source)
        .map(|(((actor, request), member), what)| ChangeCall { actor, request, member, what });
    problems.or(call)
}

/// Checks the end of an account.
///
/// # Errors
/// Every problem of it.
pub fn close(message: member_v1::CloseRequest, chain: &str) -> Result<ChangeCall<()>, Problems> {
    let of = (message.chain, message.actor, message.request_id, message.member_id);
    changed(of, true, chain, Some(()), Problems::default())
}

/// Checks an activity.
///
/// # Errors
/// Every problem of it.
pub fn activity(
    message: member_v1::RecordActivityRequest,
    chain: &str,
) -> Result<ChangeCall<Event>, Problems> {
    let mut problems = Problems::default();
    check_required(&message.activity, format_args!("activity"), &mut problems);
    let business_time = super::checkout::business_time(message.business_time, &mut problems);
    let what = Some(Event { activity: message.activity, business_time });
    let of = (message.chain, message.actor, message.request_id, message.member_id);
    changed(of, false, chain, what, problems)
}

/// Checks which statement is asked for.
///
/// # Errors
/// Every problem of it.
pub fn list_entries(message: member_v1::ListEntriesRequest, chain: &str) -> Result<StatementCall, Problems> {
    let mut problems = Problems::default();
    check_chain(&message.chain, chain, &mut problems);
    let actor = actor(message.actor.as_ref(), false, &mut problems);
    let member = required(message.member_id, format_args!("member_id"), &mut problems);
    let page_size = page_size(message.page_size, &mut problems);
    let after = page_token(&message.page_token, &mut problems);
    let call = actor
        .zip(member)
        .zip(page_size)
        .zip(after)
        .map(|(((_, member), page_size), after)| StatementCall { member, page_size, after });
    problems.or(call)
}

type Of = (String, Option<member_v1::Actor>, String, String);

fn changed<T>(
    (of, by, request_id, member_id): Of,
    reasoned: bool,
    chain: &str,
    what: Option<T>,
    mut problems: Problems,
) -> Result<ChangeCall<T>, Problems> {
    check_chain(&of, chain, &mut problems);
    let actor = actor(by.as_ref(), reasoned, &mut problems);
    let request = request(&request_id, &mut problems);
    let member = required(member_id, format_args!("member_id"), &mut problems);
    let call = actor
        .zip(request)
        .zip(member)
        .zip(what)
        .map(|(((actor, request), member), what)| ChangeCall { actor, request, member, what });
    problems.or(call)
}

fn request(text: &str, problems: &mut Problems) -> Option<[u8; 16]> {
    match text.parse::<ReturnId>() {
        Ok(id) => Some(*id.as_bytes()),
        Err(_) => {
            let fault = if text.is_empty() { Fault::Required } else { Fault::NoUuid };
            problems.add(format_args!("request_id"), fault);
            None
        }
    }
}

fn coupon(text: &str, field: &str, problems: &mut Problems) -> Option<CouponId> {
    let byte = |place: usize| u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..16).map(byte).collect();
    let id = bytes.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()).filter(|id| hex(id) == text);
    if id.is_none() {
        let fault = if text.is_empty() { Fault::Required } else { Fault::NoCouponId };
        problems.add(format_args!("{field}"), fault);
    }
    id.map(CouponId)
}

/// An expiry; the inner none is for ever, or as the policy says.
fn expiry(unix_ms: i64, problems: &mut Problems) -> Option<Option<i64>> {
    let expires = within(unix_ms, (0, UNIX_MS_MAX), format_args!("expires_unix_ms"), problems)?;
    // Whole seconds, as accounts keep them.
    Some((expires > 0).then_some(expires / 1_000 * 1_000))
}

fn birthday_of(birthday: v1::Birthday, problems: &mut Problems) -> Option<MonthDay> {
    let month = i8::try_from(birthday.month).ok();
    let day = month.zip(i8::try_from(birthday.day).ok()).and_then(|(month, day)| MonthDay::new(month, day));
    if day.is_none() {
        problems.add(format_args!("birthday"), Fault::NoSuchDay);
    }
    day
}

/// A telephone number by its digits; blanks, hyphens, dots and brackets are how people write it. What else is in it, such
/// as an extension, is no part of a number that leads to one member.
fn phone(text: &str, field: &str, problems: &mut Problems) -> Option<Lookup> {
    let written = |letter: char| matches!(letter, ' ' | '-' | '.' | '(' | ')');
    let number: String =
        text.chars().filter(|letter| !written(*letter)).take(PHONE_DIGITS.end() + 2).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    if PHONE_DIGITS.contains(&digits.len()) && digits.bytes().all(|letter| letter.is_ascii_digit()) {
        return Some(Lookup::Phone(number));
    }
    let fault = if text.is_empty() { Fault::Required } else { Fault::NoPhone };
    problems.add(format_args!("{field}"), fault);
    None
}

fn email(text: &str, field: &str, problems: &mut Problems) -> Option<Lookup> {
    check_required(text, format_args!("{field}"), problems);
    let address = text.trim().to_lowercase();
    match address.split_once('@') {
        Some((local, host)) if !local.is_empty() && !host.is_empty() => Some(Lookup::Email(address)),
        _ => {
            problems.add(format_args!("{field}"), Fault::NoEmail);
            None
        }
    }
}
