//! Every bound on what comes from outside, each with its reason.

/// Lines of one basket. The longest real receipt in a year of a grocery chain has 161.
pub const BASKET_LINES_MAX: usize = 1_000;
/// Coupon codes and paper coupons of one basket, counted together.
pub const BASKET_CODES_MAX: usize = 64;
/// Manual discounts of one basket: at most one for each line.
pub const BASKET_MANUAL_DISCOUNTS_MAX: usize = 1_000;
/// Gift choices of one basket.
pub const BASKET_GIFT_CHOICES_MAX: usize = 64;
/// Tags of one line.
pub const LINE_TAGS_MAX: usize = 32;
/// Taxes of one line: a federal, a state, a city and a deposit tax leave room.
pub const LINE_TAXES_MAX: usize = 8;
/// Bytes of an identifier, a code, a tag or a category path.
pub const IDENTIFIER_BYTES_MAX: usize = 128;
/// Levels of a category path.
pub const CATEGORY_DEPTH_MAX: usize = 16;
/// Owned coupons of a member snapshot.
pub const MEMBER_COUPONS_MAX: usize = 1_000;
/// Segments of a member snapshot.
pub const MEMBER_SEGMENTS_MAX: usize = 256;
/// Counters of a member snapshot.
pub const MEMBER_COUNTERS_MAX: usize = 4_096;
/// Bytes of one request that carries one basket.
pub const REQUEST_BYTES_MAX: usize = 1 << 20;
/// Offers of a program.
pub const PROGRAM_OFFERS_MAX: usize = 20_000;
/// Bytes of a program, all its files together.
pub const PROGRAM_BYTES_MAX: usize = 16 << 20;

/// The largest amount of one line or of a basket, in minor units: a thousand times a million lines of it still fit
/// an `i64`, so that no sum inside a quote can overflow.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;
/// The largest quantity of a line, in thousandths: a million units.
pub const QUANTITY_MILLI_MAX: i64 = 1_000_000_000;
/// The largest rate, in parts per million: a tax of 1,000 %.
pub const RATE_PPM_MAX: i64 = 10_000_000;
/// The largest number of points in a balance or a request.
pub const POINTS_MAX: i64 = 1_000_000_000_000;

const _: () = {
    assert!(AMOUNT_MINOR_MAX.checked_mul(BASKET_LINES_MAX as i64 * 1_000).is_some());
    assert!(QUANTITY_MILLI_MAX % 1_000 == 0);
};
