//! What is wrong with a message: which field, and how.

use std::fmt;
use std::ops::RangeInclusive;

use suanpan_domain::{InvalidIdentifier, limits};

use crate::status;

/// Problems that are kept with their text. A message can hold hundreds of thousands of wrong fields; the rest is
/// counted, so that refusing it stays cheap.
pub const PROBLEMS_KEPT_MAX: usize = 100;
/// Digits of a telephone number: a short one of a company to a long one with its country and an extension.
pub(crate) const PHONE_DIGITS: RangeInclusive<usize> = 4..=20;

/// Everything that is wrong with one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    prefix: &'static str,
    domain: &'static str,
    kept: Vec<Problem>,
    omitted: usize,
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its path in the message, such as `lines[3].quantity_milli`.
    pub field: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What can be wrong with a field. `Display` says it to people, [`Fault::reason`] to machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It must be there.
    Required,
    /// Longer than the limit for texts.
    TooLong,
    /// Holds a control character.
    ControlCharacter,
    /// Begins with what the quote uses for lines of its own.
    ReservedPrefix,
    /// A category path with an empty level or too many levels.
    BadCategoryPath,
    /// The element at this index of the same list has the same name.
    Duplicate(usize),
    /// More elements than permitted.
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// An element with more bytes than permitted.
    TooManyBytes {
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// Outside its range.
    OutOfRange {
        /// The smallest permitted value.
        least: i64,
        /// The largest permitted value.
        most: i64,
    },
    /// Zero, where something must be bought.
    Zero,
    /// Negative on a line that is neither a returned deposit nor part of an exchange.
    NegativeQuantity,
    /// A line total whose sign is not the quantity's.
    SignDiffers,
    /// A unit price and a line total at once.
    TwoPrices,
    /// No price in the line and none in the catalogue.
    NoPrice,
    /// Price times quantity, or the sum of the lines, beyond the largest amount.
    AmountTooLarge,
    /// No currency of ISO 4217.
    UnknownCurrency,
    /// A currency, but not the program's.
    OtherCurrency,
    /// Another chain than the one that the message is for.
    OtherChain,
    /// No line of the basket has this id.
    UnknownLine,
    /// A number that the enum does not have.
    UnknownValue,
    /// No day of the calendar.
    NoSuchDay,
    /// Further from the node's clock than permitted, and not a sale made offline. How many milliseconds are permitted.
    ClockSkew(i64),
    /// A language without receipts.
    UnknownLanguage,
    /// No UUID in the usual form.
    NoUuid,
    /// A UUID, but not of version 7.
    NoUuidV7,
    /// Only without the other field.
    Together(&'static str),
    /// No id of a coupon of a wallet.
    NoCouponId,
    /// The same member twice.
    SameMember,
    /// A token of another list.
    BadPageToken,
    /// No telephone number.
    NoPhone,
    /// No e-mail address.
    NoEmail,
    /// The program has no such campaign of coupons.
    UnknownCampaign,
    /// Not of the form that the campaign's codes have.
    OtherForm,
    /// No key of an entry that can be parked.
    NoParkedKey,
    /// A path from wherever the node was started, or none.
    NoAbsolutePath,
}

impl Fault {
    /// The stable name for machines.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Fault::Required => "REQUIRED",
            Fault::TooLong => "TOO_LONG",
            Fault::ControlCharacter => "CONTROL_CHARACTER",
            Fault::ReservedPrefix => "RESERVED_PREFIX",
            Fault::BadCategoryPath => "BAD_CATEGORY_PATH",
            Fault::Duplicate(_) => "DUPLICATE",
            Fault::TooMany { .. } => "TOO_MANY",
            Fault::TooManyBytes { .. } => "TOO_MANY_BYTES",
            Fault::OutOfRange { .. } => "OUT_OF_RANGE",
            Fault::Zero => "ZERO",
            Fault::NegativeQuantity => "NEGATIVE_QUANTITY",
            Fault::SignDiffers => "SIGN_DIFFERS",
            Fault::TwoPrices => "TWO_PRICES",
            Fault::NoPrice => "NO_PRICE",
            Fault::AmountTooLarge => "AMOUNT_TOO_LARGE",
            Fault::UnknownCurrency => "UNKNOWN_CURRENCY",
            Fault::OtherCurrency => "OTHER_CURRENCY",
            Fault::OtherChain => "OTHER_CHAIN",
            Fault::UnknownLine => "UNKNOWN_LINE",
            Fault::UnknownValue => "UNKNOWN_VALUE",
            Fault::NoSuchDay => "NO_SUCH_DAY",
            Fault::ClockSkew(_) => "CLOCK_SKEW",
            Fault::UnknownLanguage => "UNKNOWN_LANGUAGE",
            Fault::NoUuid => "NO_UUID",
            Fault::NoUuidV7 => "NO_UUID_V7",
            Fault::Together(_) => "TOGETHER",
            Fault::NoCouponId => "NO_COUPON_ID",
            Fault::SameMember => "SAME_MEMBER",
            Fault::BadPageToken => "BAD_PAGE_TOKEN",
            Fault::NoPhone => "NO_PHONE",
            Fault::NoEmail => "NO_EMAIL",
            Fault::UnknownCampaign => "UNKNOWN_CAMPAIGN",
            Fault::OtherForm => "OTHER_FORM",
            Fault::NoParkedKey => "NO_PARKED_KEY",
            Fault::NoAbsolutePath => "NO_ABSOLUTE_PATH",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Required => f.write_str("is required"),
            Fault::TooLong => write!(f, "is longer than {} bytes", limits::IDENTIFIER_BYTES_MAX),
            Fault::ControlCharacter => f.write_str("contains a control character"),
            Fault::ReservedPrefix => f.write_str("begins with `gift:`, which names lines that offers add"),
            Fault::BadCategoryPath => {
                write!(f, "must be 1 to {} names separated by `/`", limits::CATEGORY_DEPTH_MAX)
            }
            Fault::Duplicate(first) => write!(f, "is the same as that of element {first}"),
            Fault::TooMany { count, most } => write!(f, "has {count} elements, at most {most} are permitted"),
            Fault::TooManyBytes { count, most } => {
                write!(f, "has {count} bytes, at most {most} are permitted")
            }
            Fault::OutOfRange { least, most } if least == most => write!(f, "must be {least}"),
            Fault::OutOfRange { least, most } => write!(f, "must be between {least} and {most}"),
            Fault::Zero => f.write_str("must not be 0"),
            Fault::NegativeQuantity => {
                f.write_str("may be negative only for deposits and in an exchange (`exchange_of`)")
            }
            Fault::SignDiffers => f.write_str("must have the sign of the quantity"),
            Fault::TwoPrices => f.write_str("must not be given together with a unit price"),
            Fault::NoPrice => f.write_str("is missing, and the catalogue has no price for the article"),
            Fault::AmountTooLarge => {
                write!(f, "makes an amount of more than {} minor units", limits::AMOUNT_MINOR_MAX)
            }
            Fault::UnknownCurrency => f.write_str("is no currency of ISO 4217"),
            Fault::OtherCurrency => f.write_str("is not the currency of the chain's program"),
            Fault::OtherChain => f.write_str("is another chain than the one that the call is for"),
            Fault::UnknownLine => f.write_str("names no line of the basket"),
            Fault::UnknownValue => f.write_str("is no value of the enum"),
            Fault::NoSuchDay => f.write_str("is no day of the calendar"),
            Fault::ClockSkew(most_ms) => write!(
                f,
                "is more than {most_ms} ms away from the node's clock; sales made offline say `offline_sale`"
            ),
            Fault::UnknownLanguage => f.write_str("must be `en` or `zh-CN`"),
            Fault::NoUuid => f.write_str("must be a UUID such as 0198c0de-7a10-7000-8000-0000000000a1"),
            Fault::NoUuidV7 => {
                f.write_str("must be a UUID of version 7, which carries the moment of its making")
            }
            Fault::Together(other) => write!(f, "must not be given together with `{other}`"),
            Fault::NoCouponId => f.write_str("must be 32 hexadecimal digits in lower case"),
            Fault::SameMember => f.write_str("must be another member"),
            Fault::BadPageToken => f.write_str("is no page token of this list"),
            Fault::NoPhone => write!(
                f,
                "must be {} to {} digits, with a `+` before them or not, and blanks, `-`, `.`, `(` and `)` as they are written",
                PHONE_DIGITS.start(),
                PHONE_DIGITS.end()
            ),
            Fault::NoEmail => f.write_str("must be an address such as name@example.com"),
            Fault::UnknownCampaign => f.write_str("names no coupon of the program"),
            Fault::OtherForm => f.write_str("is not of the form of the campaign's codes"),
            Fault::NoParkedKey => f.write_str("is no key as `ListParked` gives it"),
            Fault::NoAbsolutePath => f.write_str("must be an absolute path"),
        }
    }
}

impl Default for Problems {
    fn default() -> Self {
        Self::under("")
    }
}

impl From<InvalidIdentifier> for Fault {
    fn from(invalid: InvalidIdentifier) -> Self {
        match invalid {
            InvalidIdentifier::Empty => Fault::Required,
            InvalidIdentifier::TooLong => Fault::TooLong,
            InvalidIdentifier::ControlCharacter => Fault::ControlCharacter,
        }
    }
}

impl Problems {
    /// None yet. Every path that is added gets the prefix, such as `basket.`.
    #[must_use]
    pub const fn under(prefix: &'static str) -> Self {
        Self { prefix, domain: status::DOMAIN, kept: Vec::new(), omitted: 0 }
    }

    /// The same problems, told in the domain of another service than that of prices.
    #[must_use]
    pub const fn of_domain(mut self, domain: &'static str) -> Self {
        self.domain = domain;
        self
    }

    /// The domain of the errors of the service that was called.
    #[must_use]
    pub const fn domain(&self) -> &'static str {
        self.domain
    }

    /// Whether the call is for another chain than the node's: then nothing else of it is looked at.
    pub(crate) fn of_other_chain(&self) -> bool {
        self.kept.iter().any(|problem| problem.field == "chain" && problem.fault == Fault::OtherChain)
    }

    /// One problem alone.
    #[must_use]
    pub fn one(field: fmt::Arguments<'_>, fault: Fault) -> Self {
        let mut problems = Self::default();
        problems.add(field, fault);
        problems
    }

    /// Adds a problem. The path is written only when it is kept.
    pub fn add(&mut self, field: fmt::Arguments<'_>, fault: Fault) {
        if self.kept.len() < PROBLEMS_KEPT_MAX {
            self.kept.push(Problem { field: format!("{}{field}", self.prefix), fault });
        } else {
            self.omitted += 1;
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The first [`PROBLEMS_KEPT_MAX`] problems, in the order of the message's fields.
    #[must_use]
    pub fn kept(&self) -> &[Problem] {
        &self.kept
    }

    /// How many more there are.
    #[must_use]
    pub const fn omitted(&self) -> usize {
        self.omitted
    }

    /// These problems and others behind them, in the domain of these.
    #[must_use]
    pub fn and(mut self, others: Problems) -> Self {
        let room = PROBLEMS_KEPT_MAX - self.kept.len();
        self.omitted += others.omitted + others.kept.len().saturating_sub(room);
        self.kept.extend(others.kept.into_iter().take(room));
        self
    }

    /// The value, when nothing is wrong.
    ///
    /// # Errors
    /// These problems, when there are any.
    pub(crate) fn or<T>(self, value: Option<T>) -> Result<T, Problems> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.kept.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", problem.field, problem.fault)?;
        }
        if self.omitted > 0 {
            write!(f, "; and {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
