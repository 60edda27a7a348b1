//! Calls about sales.

use suanpan_domain::limits;
use suanpan_domain::{BusinessTime, CheckoutId, InvalidCheckoutId, MemberId, ReturnId};
use suanpan_ledger::Actor;
use suanpan_ledger::command::{Wanted, WantedLine};
use suanpan_ledger::sale::Tender;

use super::account::actor;
use super::names::Names;
use super::text::{check, check_count, check_required, optional, within};
use super::{UNIX_MS_MAX, check_chain};
use crate::bounds::TENDERS_MAX;
use crate::problem::{Fault, Problems};
use crate::{checkout_v1, v1};

/// What the calls that sell have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleCall {
    /// Who asks.
    pub actor: Actor,
    /// The sale.
    pub checkout: CheckoutId,
    /// How it was paid.
    pub tenders: Vec<Tender>,
    /// How long a hold may not be ended by others, milliseconds.
    pub hold_ms: i64,
}

/// A return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnCall {
    /// Who asks.
    pub actor: Actor,
    /// The sale.
    pub checkout: CheckoutId,
    /// The return.
    pub return_id: ReturnId,
    /// What comes back.
    pub wanted: Wanted,
    /// When by the store's clock; none: now.
    pub business_time: Option<BusinessTime>,
}

/// A call that names a sale and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutCall {
    /// Who asks.
    pub actor: Actor,
    /// The sale.
    pub checkout: CheckoutId,
}

/// Which sales are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListCall {
    /// Only this member's.
    pub member: Option<MemberId>,
    /// From this moment on, Unix milliseconds.
    pub from_ms: Option<i64>,
    /// Before this moment, Unix milliseconds.
    pub before_ms: Option<i64>,
    /// At most so many.
    pub page_size: usize,
    /// Where to go on; the bytes of the token.
    pub after: Vec<u8>,
}

/// How long a reservation holds unless the caller says otherwise, seconds.
pub const HOLD_SECONDS_DEFAULT: i64 = 600;
/// The shortest hold.
pub const HOLD_SECONDS_MIN: i64 = 60;
/// The longest hold: 15 days.
pub const HOLD_SECONDS_MAX: i64 = 15 * 24 * 3_600;
/// Rows of a page unless the caller says otherwise.
pub const PAGE_SIZE_DEFAULT: usize = 50;
/// The largest page.
pub const PAGE_SIZE_MAX: usize = 200;

/// Checks a reservation, but for its basket, and adds what is wrong.
pub fn reserve(
    message: &checkout_v1::ReserveRequest,
    chain: &str,
    problems: &mut Problems,
) -> Option<SaleCall> {
    let (actor, checkout) = head(&message.chain, &message.actor, &message.checkout_id, chain, problems);
    basket_is_there(message.basket.as_ref(), problems);
    expected(message.expected.as_ref(), problems);
    let seconds = match message.hold_seconds {
        0 => Some(HOLD_SECONDS_DEFAULT),
        other => within(other, (HOLD_SECONDS_MIN, HOLD_SECONDS_MAX), format_args!("hold_seconds"), problems),
    };
    Some(SaleCall { actor: actor?, checkout: checkout?, tenders: Vec::new(), hold_ms: seconds? * 1_000 })
}

/// Checks a confirm, but for its basket, and adds what is wrong.
pub fn confirm(
    message: &checkout_v1::ConfirmRequest,
    chain: &str,
    problems: &mut Problems,
) -> Option<SaleCall> {
    let (actor, checkout) = head(&message.chain, &message.actor, &message.checkout_id, chain, problems);
    basket_is_there(message.basket.as_ref(), problems);
    expected(message.expected.as_ref(), problems);
    let tenders = tenders(&message.tenders, problems)?;
    Some(SaleCall { actor: actor?, checkout: checkout?, tenders, hold_ms: 0 })
}

/// Checks a sale that was made offline, but for its basket, and adds what is wrong.
pub fn offline_sale(
    message: &checkout_v1::RecordOfflineSaleRequest,
    chain: &str,
    problems: &mut Problems,
) -> Option<SaleCall> {
    let (actor, checkout) = head(&message.chain, &message.actor, &message.checkout_id, chain, problems);
    basket_is_there(message.basket.as_ref(), problems);
    if let Some(basket) = &message.basket
        && basket.business_time.is_none()
    {
        problems.add(format_args!("basket.business_time"), Fault::Required);
    }
    if message.tenders.is_empty() {
        problems.add(format_args!("tenders"), Fault::Required);
    }
    let tenders = tenders(&message.tenders, problems)?;
    Some(SaleCall { actor: actor?, checkout: checkout?, tenders, hold_ms: 0 })
}

/// Checks a call that names a sale.
///
/// # Errors
/// Every problem of it.
pub fn checkout(message: &checkout_v1::CancelRequest, chain: &str) -> Result<CheckoutCall, Problems> {
    named(&message.chain, &message.actor, &message.checkout_id, chain)
}

/// Checks a question about a sale.
///
/// # Errors
/// Every problem of it.
pub fn get_checkout(
    message: &checkout_v1::GetCheckoutRequest,
    chain: &str,
) -> Result<CheckoutCall, Problems> {
    named(&message.chain, &message.actor, &message.checkout_id, chain)
}

/// Checks a return.
///
/// # Errors
/// Every problem of it.
pub fn refund(message: checkout_v1::ReturnRequest, chain: &str) -> Result<ReturnCall, Problems> {
    let mut problems = Problems::default();
    let (actor, checkout) = head(&message.chain, &message.actor, &message.checkout_id, chain, &mut problems);
    let return_id = return_id(&message.return_id, &mut problems);
    let wanted = wanted(message.all, message.lines, &mut problems);
    let business_time = business_time(message.business_time, &mut problems);
    let call =
        actor.zip(checkout).zip(return_id).zip(wanted).map(|(((actor, checkout), return_id), wanted)| {
            ReturnCall { actor, checkout, return_id, wanted, business_time }
        });
    problems.or(call)
}

/// Checks a return that was given offline.
///
/// # Errors
/// Every problem of it.
pub fn offline_return(
    message: checkout_v1::RecordOfflineReturnRequest,
    chain: &str,
) -> Result<ReturnCall, Problems> {
    let checkout_v1::RecordOfflineReturnRequest {
        chain: of,
        actor,
        checkout_id,
        return_id,
        lines,
        all,
        business_time,
    } = message;
    let message =
        checkout_v1::ReturnRequest { chain: of, actor, checkout_id, return_id, lines, all, business_time };
    refund(message, chain)
}

/// Checks which sales are asked for.
///
/// # Errors
/// Every problem of it.
pub fn list_checkouts(message: checkout_v1::ListCheckoutsRequest, chain: &str) -> Result<ListCall, Problems> {
    let mut problems = Problems::default();
    check_chain(&message.chain, chain, &mut problems);
    let actor = actor(message.actor.as_ref(), false, &mut problems);
    let member = optional(message.member_id, format_args!("member_id"), &mut problems);
    let moment = |value: i64, field: &str, problems: &mut Problems| {
        within(value, (0, UNIX_MS_MAX), format_args!("{field}"), problems).filter(|value| *value > 0)
    };
    let from_ms = moment(message.from_unix_ms, "from_unix_ms", &mut problems);
    let before_ms = moment(message.before_unix_ms, "before_unix_ms", &mut problems);
    let page_size = page_size(message.page_size, &mut problems);
    let after = page_token(&message.page_token, &mut problems);
    let call = actor.zip(page_size).zip(after).map(|((_, page_size), after)| ListCall {
        member,
        from_ms,
        before_ms,
        page_size,
        after,
    });
    problems.or(call)
}

fn named(
    of: &str,
    by: &Option<crate::member_v1::Actor>,
    id: &str,
    chain: &str,
) -> Result<CheckoutCall, Problems> {
    let mut problems = Problems::default();
    let (actor, checkout) = head(of, by, id, chain, &mut problems);
    let call = actor.zip(checkout).map(|(actor, checkout)| CheckoutCall { actor, checkout });
    problems.or(call)
}

fn head(
    of: &str,
    by: &Option<crate::member_v1::Actor>,
    id: &str,
    chain: &str,
    problems: &mut Problems,
) -> (Option<Actor>, Option<CheckoutId>) {
    check_chain(of, chain, problems);
    let actor = actor(by.as_ref(), false, problems);
    let checkout = match id.parse() {
        Ok(checkout) => Some(checkout),
        Err(invalid) => {
            problems.add(format_args!("checkout_id"), fault(id, invalid));
            None
        }
    };
    (actor, checkout)
}

fn fault(text: &str, invalid: InvalidCheckoutId) -> Fault {
    match invalid {
        _ if text.is_empty() => Fault::Required,
        InvalidCheckoutId::NoUuid => Fault::NoUuid,
        InvalidCheckoutId::NoVersion7 => Fault::NoUuidV7,
    }
}

fn return_id(text: &str, problems: &mut Problems) -> Option<ReturnId> {
    text.parse().map_err(|invalid| problems.add(format_args!("return_id"), fault(text, invalid))).ok()
}

fn basket_is_there(basket: Option<&v1::Basket>, problems: &mut Problems) {
    if basket.is_none() {
        problems.add(format_args!("basket"), Fault::Required);
    }
}

fn expected(expected: Option<&checkout_v1::Expected>, problems: &mut Problems) {
    if let Some(expected) = expected {
        let range = (-limits::AMOUNT_MINOR_MAX, limits::AMOUNT_MINOR_MAX);
        within(expected.due_minor, range, format_args!("expected.due_minor"), problems);
    }
}

fn tenders(messages: &[checkout_v1::Tender], problems: &mut Problems) -> Option<Vec<Tender>> {
    if !check_count(messages.len(), TENDERS_MAX, format_args!("tenders"), problems) {
        return None;
    }
    let mut tenders = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        check_required(&message.kind, format_args!("tenders[{index}].kind"), problems);
        let field = format_args!("tenders[{index}].amount_minor");
        let range = (-limits::AMOUNT_MINOR_MAX, limits::AMOUNT_MINOR_MAX);
        match within(message.amount_minor, range, field, problems) {
            Some(0) => problems.add(field, Fault::Zero),
            Some(amount_minor) => tenders.push(Tender { kind: message.kind.clone(), amount_minor }),
            None => {}
        }
    }
    Some(tenders)
}

fn wanted(all: bool, messages: Vec<checkout_v1::ReturnLine>, problems: &mut Problems) -> Option<Wanted> {
    match (all, messages.is_empty()) {
        (true, true) => return Some(Wanted::All),
        (true, false) => {
            problems.add(format_args!("lines"), Fault::Together("all"));
            return None;
        }
        (false, true) => {
            problems.add(format_args!("lines"), Fault::Required);
            return None;
        }
        (false, false) => {}
    }
    if !check_count(messages.len(), limits::BASKET_LINES_MAX, format_args!("lines"), problems) {
        return None;
    }
    Names::new(messages.iter().map(|message| message.line_id.as_str()), |index, first| {
        problems.add(format_args!("lines[{index}].line_id"), Fault::Duplicate(first));
    });
    let mut lines = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        check_required(&message.line_id, format_args!("lines[{index}].line_id"), problems);
        let field = format_args!("lines[{index}].quantity_milli");
        let quantity = within(message.quantity_milli, (0, limits::QUANTITY_MILLI_MAX), field, problems);
        let mut units = Vec::with_capacity(message.units.len());
        for (place, unit) in message.units.into_iter().enumerate() {
            let field = format_args!("lines[{index}].units[{place}]");
            let most = limits::QUANTITY_MILLI_MAX / 1_000 - 1;
            let unit = within(i64::from(unit), (0, most), field, problems);
            units.extend(unit.and_then(|unit| u32::try_from(unit).ok()));
        }
        let named = i64::try_from(units.len()).unwrap_or(i64::MAX).saturating_mul(1_000);
        if !units.is_empty() && message.quantity_milli != 0 && message.quantity_milli != named {
            problems.add(
                format_args!("lines[{index}].quantity_milli"),
                Fault::OutOfRange { least: named, most: named },
            );
        }
        let quantity = quantity.map(|quantity| if units.is_empty() { quantity } else { named });
        lines.push(WantedLine { line: message.line_id, quantity_milli: quantity.unwrap_or(0), units });
    }
    Some(Wanted::Lines(lines))
}

pub(super) fn business_time(
    message: Option<v1::BusinessTime>,
    problems: &mut Problems,
) -> Option<BusinessTime> {
    let sent = message?;
    let unix_ms = within(sent.unix_ms, (0, UNIX_MS_MAX), format_args!("business_time.unix_ms"), problems);
    let most = i64::from(BusinessTime::OFFSET_MINUTES_MAX);
    let field = format_args!("business_time.utc_offset_minutes");
    let offset = within(i64::from(sent.utc_offset_minutes), (-most, most), field, problems);
    let time = BusinessTime { unix_ms: sent.unix_ms, utc_offset_minutes: sent.utc_offset_minutes };
    unix_ms.and(offset).map(|_| time)
}

pub(super) fn page_size(size: i32, problems: &mut Problems) -> Option<usize> {
    match size {
        0 => Some(PAGE_SIZE_DEFAULT),
        size => within(i64::from(size), (1, PAGE_SIZE_MAX as i64), format_args!("page_size"), problems)
            .and_then(|size| usize::try_from(size).ok()),
    }
}

/// The bytes of a page token: hexadecimal digits.
pub(super) fn page_token(text: &str, problems: &mut Problems) -> Option<Vec<u8>> {
    check(text, format_args!("page_token"), problems);
    let byte = |place: usize| u8::from_str_radix(text.get(place..place + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    if bytes.is_none() {
        problems.add(format_args!("page_token"), Fault::BadPageToken);
    }
    bytes
}
