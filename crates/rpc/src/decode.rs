//! Messages become domain values. This is the one place where a request is validated: every problem is found in one
//! pass and named by its field, and what passes needs no further check.
//!
//! Texts are moved, not copied. Lists are within their bounds already when [`crate::bounds`] has seen the bytes, and
//! are checked again here for callers that come by JSON.

mod account;
mod admin;
mod checkout;
mod line;
mod member;
mod names;
mod points;
mod presented;
mod text;
mod usage;

use suanpan_domain::{Basket, BusinessTime, Catalogue, Currency, Member, MemberId, limits};

use crate::problem::{Fault, Problems};
use crate::v1;
use names::Names;
use text::{check, check_count, check_required, optional, within};

pub use account::{
    Adjustment, ChangeCall, Enrolment, Event, Grant, Key, Lookup, StatementCall, activity, adjust, block,
    close, enrol, get, grant_coupon, list_entries, merge, revoke_coupon, transfer,
};
pub use admin::{
    CodesCall, ExportCall, ExportKind, ParkedCall, RetryCall, add_codes, audit, backup, export, list_parked,
    publish, retry_parked,
};
pub use checkout::{
    CheckoutCall, HOLD_SECONDS_DEFAULT, HOLD_SECONDS_MAX, HOLD_SECONDS_MIN, ListCall, PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX, ReturnCall, SaleCall, checkout, confirm, get_checkout, list_checkouts, offline_return,
    offline_sale, refund, reserve,
};
pub(crate) use member::MEMBER_CARDS_MAX;
pub use member::{KnownMember, member};
pub(crate) use presented::GIFTS_CHOSEN_MAX;
pub use usage::usage;

/// What the node knows when a basket arrives.
pub struct Terms<'a> {
    /// The chain that the node serves.
    pub chain: &'a str,
    /// The currency of the chain's program.
    pub currency: Currency,
    /// Completes lines that bring little more than an article.
    pub catalogue: Option<&'a dyn Catalogue>,
    /// The node's clock, and how far a till's may be from it.
    pub clock: Clock<'a>,
}

/// The node's clock at the moment of receipt.
pub struct Clock<'a> {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub received_unix_ms: i64,
    /// How many milliseconds a business time may be away from it. None: any time is taken, for files and tests.
    pub skew_ms_max: Option<i64>,
    /// Minutes that the wall clock of a store is ahead of UTC at a moment, for baskets without a business time.
    pub utc_offset_minutes: &'a dyn Fn(&str, i64) -> i32,
}

/// A request that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is to be priced. Its `unknown_member` is for whoever looks the buyer up.
    pub basket: Basket,
    /// Whose basket it is.
    pub buyer: Buyer,
    /// Near misses were asked for.
    pub near_misses: bool,
    /// The sale was made offline.
    pub offline_sale: bool,
    /// The business time came from the node's clock.
    pub time_of_receipt: bool,
    /// Indexes of lines whose article the catalogue does not know, ascending. Empty without a catalogue.
    pub not_in_catalogue: Vec<u32>,
}

/// Whose basket it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Buyer {
    /// Nobody that the chain knows.
    Guest,
    /// A member by id.
    Id(MemberId),
    /// A member by the number of a card.
    Card(MemberId),
    /// A member whose facts came with the request.
    Snapshot(Box<Member>),
}

/// Checks a basket and takes it over.
///
/// # Errors
/// Every problem of it, each with the path of its field.
pub fn basket(message: v1::Basket, terms: &Terms<'_>) -> Result<Request, Problems> {
    basket_under("", message, terms)
}

/// Checks a basket that is a field of another message; `prefix` goes before every path.
///
/// # Errors
/// Every problem of it, each with the path of its field.
pub fn basket_under(
    prefix: &'static str,
    mut message: v1::Basket,
    terms: &Terms<'_>,
) -> Result<Request, Problems> {
    let mut problems = Problems::under(prefix);
    check_chain(&message.chain, terms.chain, &mut problems);
    check(&message.channel, format_args!("channel"), &mut problems);
    check(&message.payment_kind, format_args!("payment_kind"), &mut problems);
    check(&message.exchange_of, format_args!("exchange_of"), &mut problems);
    let currency = currency(&message.currency, terms.currency, &mut problems);
    let (business_time, time_of_receipt) = business_time(&message, terms, &mut problems);

    // What is beyond a bound is said once; everything within it is looked at all the same.
    check_counts(&message, &mut problems);
    message.manual_discounts.truncate(limits::BASKET_MANUAL_DISCOUNTS_MAX);
    message.paper_coupons.truncate(limits::BASKET_CODES_MAX);
    let names = Names::new(message.lines.iter().map(|line| line.id.as_str()), |index, first| {
        problems.add(format_args!("lines[{index}].id"), Fault::Duplicate(first));
    });
    let manual_discounts = presented::manual(message.manual_discounts, &names, &mut problems);
    let paper_coupons = presented::papers(message.paper_coupons, &names, &mut problems);
    let mut not_in_catalogue = Vec::new();
    let exchange = !message.exchange_of.is_empty();
    message.lines.truncate(limits::BASKET_LINES_MAX);
    let lines = line::lines(message.lines, exchange, terms, &mut not_in_catalogue, &mut problems);
    for (index, code) in message.codes.iter().enumerate().take(limits::BASKET_CODES_MAX) {
        check_required(code, format_args!("codes[{index}]"), &mut problems);
    }
    let gift_choices = presented::gifts(message.gift_choices, &mut problems);
    let points = points::request(message.points, &mut problems);
    let buyer = member::buyer(message.member, terms.chain, &mut problems);
    let store = optional(message.store, format_args!("store"), &mut problems);
    let till = optional(message.till, format_args!("till"), &mut problems);

    let basket = currency.zip(business_time).map(|(currency, business_time)| Basket {
        chain: message.chain,
        store,
        till,
        channel: message.channel,
        currency,
        business_time,
        lines,
        codes: message.codes,
        paper_coupons,
        manual_discounts,
        gift_choices,
        payment_kind: message.payment_kind,
        points,
        unknown_member: None,
        exchange_of: exchange.then_some(message.exchange_of),
    });
    let request = basket.zip(buyer).map(|(basket, buyer)| Request {
        basket,
        buyer,
        near_misses: message.near_misses,
        offline_sale: message.offline_sale,
        time_of_receipt,
        not_in_catalogue,
    });
    problems.or(request)
}

/// Whether the chain of a message is there and the one that the node serves.
fn check_chain(chain: &str, expected: &str, problems: &mut Problems) {
    if chain.is_empty() {
        problems.add(format_args!("chain"), Fault::Required);
    } else if chain != expected {
        problems.add(format_args!("chain"), Fault::OtherChain);
    }
}

fn currency(code: &str, expected: Currency, problems: &mut Problems) -> Option<Currency> {
    let fault = match Currency::from_code(code) {
        _ if code.is_empty() => Fault::Required,
        None => Fault::UnknownCurrency,
        Some(currency) if currency != expected => Fault::OtherCurrency,
        known => return known,
    };
    problems.add(format_args!("currency"), fault);
    None
}

/// The last millisecond of the year 9999.
const UNIX_MS_MAX: i64 = 253_402_300_799_999;

fn business_time(
    message: &v1::Basket,
    terms: &Terms<'_>,
    problems: &mut Problems,
) -> (Option<BusinessTime>, bool) {
    let clock = &terms.clock;
    let Some(sent) = message.business_time else {
        let unix_ms = clock.received_unix_ms;
        let utc_offset_minutes = (clock.utc_offset_minutes)(&message.store, unix_ms);
        return (Some(BusinessTime { unix_ms, utc_offset_minutes }), true);
    };
    let field = format_args!("business_time.unix_ms");
    let unix_ms = within(sent.unix_ms, (0, UNIX_MS_MAX), field, problems);
    let offset = i64::from(sent.utc_offset_minutes);
    let most = i64::from(BusinessTime::OFFSET_MINUTES_MAX);
    let field = format_args!("business_time.utc_offset_minutes");
    let offset = within(offset, (-most, most), field, problems);
    if let (Some(unix_ms), Some(skew_ms_max), false) = (unix_ms, clock.skew_ms_max, message.offline_sale)
        && unix_ms.abs_diff(clock.received_unix_ms) > skew_ms_max.unsigned_abs()
    {
        problems.add(format_args!("business_time.unix_ms"), Fault::ClockSkew(skew_ms_max));
    }
    let time = BusinessTime { unix_ms: sent.unix_ms, utc_offset_minutes: sent.utc_offset_minutes };
    (unix_ms.and(offset).map(|_| time), false)
}

/// Whether the lists of the basket are within their bounds.
fn check_counts(message: &v1::Basket, problems: &mut Problems) {
    if message.lines.is_empty() {
        problems.add(format_args!("lines"), Fault::Required);
    }
    let codes = message.codes.len() + message.paper_coupons.len();
    for (count, most, field) in [
        (codes, limits::BASKET_CODES_MAX, "codes"),
        (message.lines.len(), limits::BASKET_LINES_MAX, "lines"),
        (message.manual_discounts.len(), limits::BASKET_MANUAL_DISCOUNTS_MAX, "manual_discounts"),
        (message.gift_choices.len(), limits::BASKET_GIFT_CHOICES_MAX, "gift_choices"),
    ] {
        check_count(count, most, format_args!("{field}"), problems);
    }
}
