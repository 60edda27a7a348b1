//! What is refused, what is known, what is nothing; and that facts never are refused for what the member lacks.

use crate::script::check;

#[test]
fn the_life_of_an_id() {
    for (rule, steps, expected) in [
        ("a reservation again", "reserve S1 pays 9; reserve S1 pays 9", "known Reserved, version 2"),
        ("with other content", "reserve S1 pays 9; reserve S1 pays 8", "refused ContentDiffers"),
        ("a confirm again", "confirm S1 pays 9; confirm S1 pays 9", "known Confirmed, pending 1"),
        ("with other content", "confirm S1 pays 9; confirm S1 pays 8", "refused ContentDiffers"),
        ("after its reservation", "reserve S1 pays 9; confirm S1 pays 9", "done, holds 0, pending 1"),
        ("that held something else", "reserve S1 pays 9; confirm S1 pays 8", "refused ReservationDiffers"),
        (
            "a late reservation finds the sale",
            "reserve S1 pays 9; confirm S1 pays 9; reserve S1 pays 9",
            "known Confirmed",
        ),
        ("also one that came too late", "confirm S1 pays 9; reserve S1 pays 9", "known Confirmed"),
        ("not another one", "confirm S1 pays 9; reserve S1 pays 8", "refused ContentDiffers"),
        (
            "an id that was never seen is cancelled",
            "cancel S1; confirm S1 pays 9",
            "refused CheckoutCancelled",
        ),
        ("for a reservation too", "cancel S1; reserve S1 pays 9", "refused CheckoutCancelled"),
        ("cancelled again", "cancel S1; cancel S1", "known Cancelled"),
        ("a reservation is cancelled", "reserve S1 pays 9; cancel S1", "done, holds 0"),
        ("a sale is not", "confirm S1 pays 9; cancel S1", "refused CheckoutConfirmed"),
        (
            "a fact on a cancelled id is recorded",
            "cancel S1; fact S1 pays 9",
            "overrun CheckoutCancelled, pending 1",
        ),
        (
            "a fact on a sale answers the sale",
            "confirm S1 pays 9; fact S1 pays 7",
            "known Confirmed, pending 1",
        ),
        (
            "a fact with another content than its reservation frees it first",
            "adjust 9; reserve S1 pays 9 points 6 worth 6; fact S1 pays 7 points 8 worth 8",
            "done, points 1, held 0, spent 8",
        ),
        ("fenced", "reserve S1 pays 9; fence S1; confirm S1 pays 9", "refused CheckoutFenced"),
        ("fenced before it was seen", "fence S1; reserve S1 pays 9", "refused CheckoutFenced"),
        ("a sale is not fenced, it is the answer", "confirm S1 pays 9; fence S1", "known Confirmed"),
        ("nor is a cancelled one", "cancel S1; fence S1", "known Cancelled"),
        ("a fact on a fenced id is recorded", "fence S1; fact S1 pays 9", "overrun CheckoutFenced"),
        ("a fenced one is cancelled", "fence S1; cancel S1", "done"),
        ("a reservation that is not there has no end", "end S1", "nothing, version 1"),
        ("nor before its time", "reserve S1 pays 9; at 2026-01-15 12:09; end S1", "nothing"),
        ("but at its time", "reserve S1 pays 9; at 2026-01-15 12:10; end S1", "done, holds 0"),
        ("a reservation into the past", "reserve S1 pays 9 until 2026-01-15_12:00", "refused OutOfRange"),
    ] {
        check(rule, "", &format!("enrol; {steps}"), expected);
    }
}

#[test]
fn every_reason_at_once_in_order() {
    for (rule, steps, expected) in [
        (
            "everything that a sale lacks",
            "block; confirm S1 pays 9 points 9 worth 9 coupon c1 use o1/0 first",
            "refused MemberBlocked PointsShort CouponUnknown MemberLimit",
        ),
        (
            "beside what is wrong with its id",
            "reserve S1 pays 9; confirm S1 pays 9 points 9 worth 9 coupon c1",
            "refused ReservationDiffers PointsShort CouponUnknown",
        ),
        (
            "one reason for each coupon",
            "confirm S1 pays 9 coupon c1 coupon c2",
            "refused CouponUnknown CouponUnknown",
        ),
        ("closed", "close; confirm S1 pays 9 points 9 worth 9", "refused MemberClosed PointsShort"),
    ] {
        check(rule, "", &format!("enrol; {steps}"), expected);
    }
}

#[test]
fn members() {
    for (rule, steps, expected) in [
        ("unknown", "confirm S1 pays 9", "refused MemberUnknown, version 0"),
        ("unknown by hand", "adjust 5", "refused MemberUnknown"),
        (
            "unknown, a fact is recorded all the same",
            "fact S1 pays 9",
            "overrun MemberUnknown, pending 0, version 1",
        ),
        ("and the member begins later", "fact S1 pays 9; enrol", "done, version 2"),
        ("unknown, an id is cancelled", "cancel S1", "done"),
        ("enrolled again", "enrol as 7; enrol as 7", "known Done, version 1"),
        ("by another request", "enrol; enrol", "refused MemberExists"),
        ("blocked, facts go on", "enrol; block; fact S1 pays 9 earns 3; work", "points 3"),
        (
            "blocked, returns go on",
            "enrol; confirm S1 pays 9; block; return R1 of S1 all",
            "refund 9 tax 0 restored 0 back 0",
        ),
        ("blocked, nothing is sent", "enrol; adjust 5; block; send 5", "refused MemberBlocked"),
        (
            "blocked, not even what is held",
            "enrol; reserve S1 pays 9; block; confirm S1 pays 9",
            "refused MemberBlocked",
        ),
        ("unblocked", "enrol; block; unblock; confirm S1 pays 9", "done"),
        (
            "closed, a fact is recorded and earns nothing",
            "enrol; close; fact S1 pays 9 earns 3",
            "overrun MemberClosed, pending 0",
        ),
        ("closed for good", "enrol; close; enrol", "refused MemberClosed"),
        ("closing waits for what is open", "enrol; reserve S1 pays 9; close", "refused HoldsOpen"),
        (
            "and for what is not accrued",
            "enrol; confirm S1 pays 9; lock m9; close",
            "refused EntriesPending MergeInProgress",
        ),
        ("points lapse with a member", "enrol; adjust 9; close", "expired 9, points 0"),
        ("a request again", "enrol; adjust 5 as 9; adjust 5 as 9", "known Done, points 5"),
        ("with other content", "enrol; adjust 5 as 9; adjust 6 as 9", "refused ContentDiffers"),
        ("nothing by hand", "enrol; adjust 0", "refused OutOfRange"),
        ("into the past", "enrol; adjust 5 until 2026-01-01", "refused OutOfRange"),
        ("sent", "enrol; adjust 9; send 5", "points 4, emits 1, emitting 1"),
        ("more than there is", "enrol; adjust 9; send 10", "refused PointsShort"),
        ("an effect once", "enrol; receive 5 as 9; receive 5 as 9", "known Done, points 5"),
        ("to a member who left", "enrol; close; receive 5", "done, points 0, expired 5"),
        ("to nobody", "receive 5", "refused MemberUnknown"),
    ] {
        check(rule, "", steps, expected);
    }
}

#[test]
fn returns() {
    let sold = "enrol; confirm S1 line 2x100 line 1500g900; work";
    for (rule, steps, expected) in [
        ("of nothing", "return R1 of S2 all", "refused CheckoutUnknown"),
        ("of a reservation", "reserve S2 pays 9; return R1 of S2 all", "refused CheckoutUnknown"),
        ("of a cancelled sale", "cancel S2; return R1 of S2 all", "refused CheckoutCancelled"),
        ("again", "return R1 of S1 L1=1000; return R1 of S1 L1=1000", "known Done"),
        (
            "again with other content",
            "return R1 of S1 L1=1000; return R1 of S1 L1=2000",
            "refused ContentDiffers",
        ),
        ("a line that it has not", "return R1 of S1 L7", "refused LineUnknown"),
        ("more than was bought", "return R1 of S1 L1=3000", "refused QuantityExceeded"),
        ("more than is left", "return R1 of S1 L1; return R2 of S1 L1", "refused QuantityExceeded"),
        ("all of nothing left", "return R1 of S1 all; return R2 of S1 all", "refused QuantityExceeded"),
        ("half a unit", "return R1 of S1 L1=500", "refused OutOfRange"),
        ("a unit twice", "return R1 of S1 L1[0,0]", "refused UnitReturned"),
        ("a unit that came back", "return R1 of S1 L1[1]; return R2 of S1 L1[1]", "refused UnitReturned"),
        ("a unit of a weighed line", "return R1 of S1 L2[0]", "refused UnitReturned"),
        ("units and a quantity that differ", "return R1 of S1 L1=2000[0]", "refused OutOfRange"),
        ("no line", "return R1 of S1", "refused OutOfRange"),
        ("several reasons", "return R1 of S1 L1=3000 L7", "refused LineUnknown QuantityExceeded"),
        (
            "an offline till gave more",
            "return R1 of S1 L1=3000 fact",
            "overrun QuantityExceeded, refund 200 tax 0 restored 0 back 0",
        ),
        (
            "or what was gone",
            "return R1 of S1 all; return R2 of S1 all fact",
            "overrun QuantityExceeded, refund 0 tax 0 restored 0 back 0",
        ),
        (
            "or something else",
            "return R1 of S1 L1=1000 L7 fact",
            "overrun LineUnknown, refund 100 tax 0 restored 0 back 0",
        ),
        (
            "or a unit that came back",
            "return R1 of S1 L1[1]; return R2 of S1 L1[0,1] fact",
            "overrun UnitReturned, refund 100 tax 0 restored 0 back 0",
        ),
        (
            "a fact again, whatever it says",
            "return R1 of S1 L1=1000 fact; return R1 of S1 L1=2000 fact",
            "known Done",
        ),
    ] {
        check(rule, "", &format!("{sold}; {steps}"), expected);
    }
}

#[test]
fn activities() {
    for (rule, steps, expected) in [
        ("earn points", "activity o5", "points 10, earned 10"),
        ("so often a day", "activity o5; activity o5; activity o5", "refused ActivityLimit"),
        ("and again the next day", "activity o5; activity o5; at 2026-01-16; activity o5", "points 30"),
        (
            "so often in all",
            "activity o5; activity o5; at 2026-01-16; activity o5; activity o5; at 2026-01-17; activity o5",
            "refused ActivityLimit",
        ),
        (
            "yesterday is another day",
            "at 2026-01-16; activity o5 on 2026-01-15; activity o5; activity o5",
            "points 30",
        ),
        ("an unknown one", "activity o6", "refused ActivityUnknown"),
        ("an event again", "activity o5 as 9; activity o5 as 9", "known Done, points 10"),
    ] {
        check(rule, "review 4", &format!("enrol; {steps}"), expected);
    }
}
