//! Every bound of a member's state, each with its reason and what happens at it. A command that is beyond one of its own
//! (lines, names, bytes, points) is refused as [`Refusal::OutOfRange`](crate::Refusal::OutOfRange) with the field.

/// Bytes of an encoded head. A conditional write of 4 KiB runs at 70 % of the rate of one of 300 bytes.
pub const HEAD_BYTES_MAX: usize = 4_096;
/// Above it nothing that somebody chooses to do is added (reservation, grant, activity): refused as
/// [`Refusal::HeadFull`](crate::Refusal::HeadFull). The rest is room for what has to be recorded.
pub const HEAD_BYTES_SOFT: usize = 3_000;
/// Above it lots, delayed points, days and months are joined until the head fits.
pub const HEAD_BYTES_FIT: usize = 4_000;
/// Above it a confirm, a fact or a return accrues what is pending first, by a write of its own.
pub const HEAD_BYTES_ACCRUE: usize = 3_900;
/// Lots of different expiry. At the bound the two neighbours that expire closest together become one, with the later
/// expiry.
pub const LOTS_MAX: usize = 64;
/// Credits that cannot be spent yet. At the bound the two that are released closest together become one, with the
/// earlier release.
pub const DELAYED_MAX: usize = 32;
/// Coupons in the wallet. At the bound a grant is refused; one that a sale issues replaces the one that expires first.
pub const COUPONS_MAX: usize = 32;
/// Reservations at the same time. At the bound a reservation is refused.
pub const HOLDS_MAX: usize = 4;
/// Counters of limited offers. At the bound the oldest ended period goes; without one, a use is refused, a fact counts
/// as overrun; a merge leaves out what has no room.
pub const COUNTERS_MAX: usize = 48;
/// Counters of limited activities. At the bound the oldest ended period goes; without one, the activity is refused; a
/// merge leaves out what has no room.
pub const ACTIVITIES_MAX: usize = 16;
/// Months of spend, purchases and activity: a window of 24 months touches 25.
pub const MONTHS_MAX: usize = 25;
/// Days of the same, for windows of up to 62 days.
pub const DAYS_MAX: usize = 62;
/// Entries that were not accrued. At the bound a confirm accrues the oldest first, by a write of its own.
pub const PENDING_MAX: usize = 64;
/// Entries accrued, parked or told whose derived writes are not out. At the bound an effect of another member that has something to tell waits
/// until those are cleared that tell events alone.
pub const EMITTING_MAX: usize = 16;
/// So many of them may be what a member begins. At the bound nothing is accrued or begun until some are out. The rest are
/// for effects of others, which bring nothing to anybody: two members who are full of what they owe each other take it all
/// the same.
pub const EMITTING_BEGUN_MAX: usize = EMITTING_MAX - 2;
/// Lines of a sale, as of a basket.
pub const SALE_LINES_MAX: usize = suanpan_domain::limits::BASKET_LINES_MAX;
/// Returns of one checkout. At the bound a part is refused; what is left comes back at once, and facts are recorded.
pub const RETURNS_MAX: usize = 256;
/// Tenders of a sale.
pub const TENDERS_MAX: usize = 32;
/// The most points that one command names.
pub const POINTS_MAX: i64 = suanpan_domain::limits::POINTS_MAX;

/// Coupons that one sale uses, or brings.
pub const SALE_COUPONS_MAX: usize = COUPONS_MAX;
/// Offers limited per member that one sale uses.
pub const SALE_USES_MAX: usize = 32;
/// Limits that hold for everybody of which one sale takes.
pub const SALE_GLOBAL_USES_MAX: usize = 64;
/// Bytes of a text that names something: a line, an article, a tender, an actor, a channel.
pub const NAME_BYTES_MAX: usize = suanpan_domain::limits::IDENTIFIER_BYTES_MAX;
/// Bytes of a reason and of a note, for people.
pub const REASON_BYTES_MAX: usize = 512;
/// Bytes of an answer that is kept with its row.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;
/// The largest lifetime sum of points or money, and the largest count of purchases. A member that passed it can do
/// nothing more; a million sales of the largest amount reach it.
pub const SUM_MAX: i64 = 1_000_000_000_000_000_000;
/// The same for purchases.
pub const PURCHASES_MAX: i32 = 1_000_000_000;

const _: () = {
    assert!(HEAD_BYTES_SOFT < HEAD_BYTES_ACCRUE);
    // What a sale that must be recorded adds, the longest pending and emitting keys, fits above both bounds.
    assert!(HEAD_BYTES_ACCRUE + 2 * 45 <= HEAD_BYTES_FIT);
    assert!(HEAD_BYTES_FIT + 2 * 45 <= HEAD_BYTES_MAX);
    // Entries whose derived writes are not out fit beside a head at its soft bound.
    assert!(HEAD_BYTES_SOFT + EMITTING_MAX * 45 < HEAD_BYTES_ACCRUE);
    // What others bring has a place of its own.
    assert!(EMITTING_BEGUN_MAX < EMITTING_MAX);
    // One command moves a sum by less than the room above it.
    assert!(SUM_MAX.checked_add(64 * POINTS_MAX).is_some());
};
