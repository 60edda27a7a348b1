//! The codes of diagnostics. A code never changes its meaning; `docs/program.md` lists them all.

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal;)*) => {
        $($(#[doc = $doc])* pub(crate) const $name: &str = $code;)*

        /// Every code of a diagnostic, with what it means.
        #[must_use]
        pub const fn codes() -> &'static [(&'static str, &'static str)] {
            &[$(($code, concat!($($doc),*))),*]
        }
    };
}

codes! {
    /// A file cannot be read.
    UNREADABLE = "P001";
    /// A file is not YAML, or uses a part of YAML that programs do without.
    SYNTAX = "P002";
    /// A limit on size, depth, aliases or offers is passed.
    LIMIT = "P003";
    /// More problems than are shown.
    MORE = "P004";

    /// A key that is not known here.
    UNKNOWN_KEY = "P010";
    /// A key that is needed is missing.
    MISSING_KEY = "P011";
    /// A key stands twice.
    DUPLICATE_KEY = "P012";
    /// A text, a list or a map where something else is needed.
    WRONG_TYPE = "P013";
    /// A key without a value.
    NO_VALUE = "P014";
    /// A word that is none of those possible here.
    UNKNOWN_WORD = "P015";
    /// A list or a map that has to name something is empty.
    EMPTY = "P016";
    /// Keys of which exactly one is needed, or which exclude each other.
    ONE_OF = "P017";
    /// Something stands twice in a list.
    REPEATED = "P018";
    /// A text that is no id: empty, too long, with control characters.
    BAD_ID = "P019";

    /// A text that is no amount.
    BAD_AMOUNT = "P020";
    /// An amount with more decimals than the currency has.
    TOO_MANY_DECIMALS = "P021";
    /// An amount, a number or a rate outside of what makes sense here.
    OUT_OF_RANGE = "P022";
    /// A text that is no percentage.
    BAD_PERCENT = "P023";
    /// A text that is no number.
    BAD_NUMBER = "P024";
    /// A text that is no date, or no date with a time.
    BAD_DATE = "P025";
    /// A text that is no span of the day.
    BAD_TIME = "P026";
    /// A text that is no number of days or months.
    BAD_DURATION = "P027";

    /// A currency that ISO 4217 does not know.
    UNKNOWN_CURRENCY = "P030";
    /// An engine edition that this release does not know.
    UNKNOWN_EDITION = "P031";
    /// An id that stands for two things.
    DUPLICATE_ID = "P032";
    /// A layer that the program does not have.
    UNKNOWN_LAYER = "P033";
    /// A tier that the program does not have.
    UNKNOWN_TIER = "P034";
    /// A store or a group of stores that the program does not have.
    UNKNOWN_STORE = "P035";
    /// A stacking group that the program does not have.
    UNKNOWN_GROUP = "P036";
    /// An offer that the program does not have.
    UNKNOWN_OFFER = "P037";
    /// A coupon campaign that the program does not have.
    UNKNOWN_CAMPAIGN = "P038";
    /// A class of offers that the program does not have.
    UNKNOWN_CLASS = "P039";

    /// An end before its beginning.
    ENDS_BEFORE = "P040";
    /// Shares that are more than the whole together.
    ABOVE_WHOLE = "P041";
    /// An offer in a line group that is no effect per line.
    NOT_PER_LINE = "P042";
    /// A code that two coupons claim.
    CODE_TAKEN = "P043";
    /// Offers that match each other in a circle, or something that cannot be matched.
    MATCH = "P044";
    /// Keys that have no meaning together.
    CONTRADICTION = "P045";
    /// A list whose order matters and is wrong.
    WRONG_ORDER = "P046";
    /// An id of an offer that quotes use for rows of their own.
    RESERVED_ID = "P047";

    /// A warning: an offer that can never apply.
    NEVER_APPLIES = "P060";
    /// A warning: an offer that another one surely takes the place of.
    SHADOWED = "P061";
    /// A warning: an offer that takes more than 90 % of what it asks for, and nothing keeps it from that.
    VERY_HIGH = "P062";
    /// A warning: one id for things of different kinds.
    SAME_ID = "P063";
    /// A warning: something that nothing uses.
    UNUSED = "P064";
    /// A warning: something that should be said and is not.
    UNSAID = "P065";
    /// A warning: something that has no effect as it stands.
    NO_EFFECT = "P066";
    /// A warning: codes that can be guessed.
    WEAK_CODES = "P067";

    /// A row of a catalogue that cannot be used.
    BAD_ROW = "P080";
    /// A catalogue whose first line is not what it should be.
    BAD_HEADER = "P081";
    /// A sku that stands twice in a catalogue.
    DUPLICATE_SKU = "P082";
}

/// Whether a code says that something does not exist.
pub(crate) fn says_unknown(code: &str) -> bool {
    [
        UNKNOWN_LAYER,
        UNKNOWN_TIER,
        UNKNOWN_STORE,
        UNKNOWN_GROUP,
        UNKNOWN_OFFER,
        UNKNOWN_CAMPAIGN,
        UNKNOWN_CLASS,
    ]
    .contains(&code)
}

#[cfg(test)]
mod tests {
    use super::codes;

    #[test]
    fn codes_are_unique_and_ascend() {
        assert!(codes().is_sorted_by(|one, next| one.0 < next.0));
    }
}
