//! The rules of money and points, each with its rows.

use crate::script::check;

#[test]
fn lots_go_soonest_first_and_lapse() {
    for (rule, policy, steps, expected) in [
        (
            "the soonest to expire are spent first",
            "",
            "enrol; adjust 50 until 2026-06-01; adjust 50 until 2026-03-01; confirm S1 pays 40 points 60 worth 60",
            "points 40, lots 40@2026-06-01_00:00, spent 60",
        ),
        (
            "the same expiry is one lot",
            "",
            "enrol; adjust 10 until 2026-06-01; adjust 20 until 2026-06-01",
            "lots 30@2026-06-01_00:00",
        ),
        (
            "points can be spent to their last minute",
            "",
            "enrol; adjust 50 until 2026-02-01; at 2026-01-31 23:59; confirm S1 pays 10 points 50 worth 50",
            "done, points 0",
        ),
        (
            "and not from their instant, whether it is booked or not",
            "",
            "enrol; adjust 50 until 2026-02-01; at 2026-02-01; confirm S1 pays 10 points 1 worth 1",
            "refused PointsShort, points 0, expired 0",
        ),
        (
            "the next write books what lapsed",
            "",
            "enrol; adjust 50 until 2026-02-01; at 2026-02-01; adjust 5 until 2026-03-01",
            "expired 50, lots 5@2026-03-01_00:00",
        ),
        (
            "so does the worker, at that instant",
            "",
            "enrol; adjust 50 until 2026-02-01; at 2026-02-01; work",
            "expired 50, lots none, due never",
        ),
        ("it is due then", "", "enrol; adjust 50 until 2026-02-01; work", "due 2026-02-01_00:00"),
    ] {
        check(rule, policy, steps, expected);
    }
}

#[test]
fn an_ended_reservation_is_ended_by_whoever_meets_it() {
    let held = "enrol; adjust 9; grant c1; reserve S1 pays 9 points 5 worth 5 coupon c1 use o1/1 first; \
                at 2026-01-15 12:10";
    for (rule, steps, expected) in [
        ("points", "confirm S2 pays 9 points 6 worth 6", "accrue-first, holds 1"),
        ("then they are there", "end S1; confirm S2 pays 9 points 6 worth 6", "done, holds 0"),
        ("coupons", "confirm S2 pays 9 coupon c1", "accrue-first"),
        ("uses", "reserve S2 pays 9 use o1/1", "accrue-first"),
        ("the first purchase", "confirm S2 pays 9 first", "accrue-first"),
        ("for a fact too", "fact S2 pays 9 points 6 worth 6", "accrue-first"),
        ("to send", "send 6", "accrue-first"),
        ("to close", "close", "accrue-first"),
        ("to revoke", "revoke c1", "accrue-first"),
        (
            "it is the first that is due",
            "confirm S2 pays 9; work; confirm S3 pays 9 points 6 worth 6",
            "done",
        ),
        ("what it does not hold stays missing", "confirm S2 pays 9 coupon c2", "refused CouponUnknown"),
        ("its own sale goes on", "confirm S1 pays 9 points 5 worth 5 coupon c1 use o1/1 first", "done"),
        (
            "before its time it holds",
            "at 2026-01-15 12:09; confirm S2 pays 9 points 6 worth 6",
            "refused PointsShort",
        ),
    ] {
        check(rule, "", &format!("{held}; {steps}"), expected);
    }
}

#[test]
fn held_points_do_not_lapse() {
    let held = "enrol; adjust 50 until 2026-02-01; \
                reserve S1 pays 70 points 30 worth 30 until 2026-02-03; at 2026-02-02";
    for (rule, steps, expected) in [
        ("what is not held lapses", "work", "points 0, held 30, expired 20, lots 30@2026-02-01_00:00"),
        (
            "a hold spends what would have lapsed",
            "confirm S1 pays 70 points 30 worth 30 until 2026-02-03",
            "done, spent 30, expired 20, lots none",
        ),
        ("when the hold ends they lapse at once", "cancel S1", "expired 50, lots none, holds 0"),
        ("a hold is not ended before its time", "end S1", "nothing, held 30"),
        ("but by the worker after it", "at 2026-02-03; work", "expired 50, holds 0, due never"),
        (
            "a late confirm on a hold that nobody ended succeeds",
            "at 2026-03-01; confirm S1 pays 70 points 30 worth 30 until 2026-02-03",
            "done, spent 30, expired 20",
        ),
    ] {
        check(rule, "", &format!("{held}; {steps}"), expected);
    }
}

#[test]
fn debts() {
    let owing = "enrol; adjust 30; fact S1 pays 50 points 50 worth 50";
    for (rule, policy, steps, expected) in [
        (
            "a fact with points that are gone makes debt",
            "",
            "",
            "overrun PointsShort, debt 20, points 0, spent 50",
        ),
        ("any later credit pays it", "", "adjust 25", "debt 0, points 5"),
        ("a sale's points too", "", "confirm S2 pays 10 earns 12; work", "debt 8, points 0"),
        ("and points from others", "", "receive 21", "debt 0, points 1"),
        (
            "but points that lapsed already do not",
            "expire 1",
            "fact S2 pays 9 earns 9 on 2025-01-01; work",
            "debt 20, expired 9",
        ),
        ("a return cancels what its sale made", "", "return R1 of S1 all", "debt 0, points 30, restored 50"),
        (
            "what was paid since comes back as a new lot",
            "",
            "adjust 20; return R1 of S1 all",
            "debt 0, points 50, lots 20@2026-02-15_00:00 30@never",
        ),
        (
            "restored points of another sale pay nothing",
            "",
            "adjust 60; confirm S2 pays 10 points 40 worth 40; fact S3 pays 10 points 9 worth 9; return R1 of S2 all",
            "debt 9, points 40",
        ),
        ("debt by hand", "", "adjust -5", "debt 25"),
        ("lots by hand go before debt", "", "adjust 30; adjust -15", "debt 5, points 0"),
        ("it never lapses", "", "at 2036-01-01; work", "debt 20"),
        ("a member who leaves keeps it on the books", "", "work; close", "debt 20, points 0"),
    ] {
        check(rule, policy, &format!("{owing}; {steps}"), expected);
    }
}

#[test]
fn spent_points_come_back() {
    let two_lots = "enrol; adjust 10 until 2026-03-01; adjust 10 until 2026-04-01; \
                    confirm S1 line 2x100+5 points 15; work";
    for (rule, policy, steps, expected) in [
        (
            "to their lots, the last spent first, by the floor of the share",
            "",
            format!("{two_lots}; return R1 of S1 L1=1000"),
            "lots 2@2026-03-01_00:00 10@2026-04-01_00:00, refund 100 tax 0 restored 7 back 0",
        ),
        (
            "the last return takes the remainder",
            "",
            format!("{two_lots}; return R1 of S1 L1=1000; return R2 of S1 all"),
            "lots 10@2026-03-01_00:00 10@2026-04-01_00:00, refund 100 tax 0 restored 8 back 0",
        ),
        (
            "lapsed ones into a new lot of the policy's days",
            "",
            "enrol; adjust 10 until 2026-02-01; confirm S1 pays 90 points 10 worth 10; work; \
             at 2026-02-10; return R1 of S1 all"
                .to_owned(),
            "lots 10@2026-03-13_00:00",
        ),
        (
            "unless the policy keeps them",
            "no-restore",
            format!("{two_lots}; return R1 of S1 all"),
            "lots 5@2026-04-01_00:00, refund 200 tax 0 restored 0 back 0",
        ),
    ] {
        check(rule, policy, &steps, expected);
    }
}

#[test]
fn earned_points_are_taken_back() {
    for (rule, policy, steps, expected) in [
        (
            "after the accrual of the sale, by the worker",
            "",
            "enrol; confirm S1 pays 100 earns 10; return R1 of S1 all",
            "points 0, pending 2, refund 100 tax 0 restored 0 back 10",
        ),
        (
            "in the order of writing",
            "",
            "enrol; confirm S1 pays 100 earns 10; return R1 of S1 all; accrue R1 of S1",
            "nothing",
        ),
        (
            "so nothing is left",
            "",
            "enrol; confirm S1 pays 100 earns 10; return R1 of S1 all; work",
            "points 0, earned 10, debt 0, pending 0, emitting 0",
        ),
        (
            "spent meanwhile, they are owed",
            "",
            "enrol; confirm S1 pays 100 earns 10; work; confirm S2 pays 5 points 10 worth 10; return R1 of S1 all; work",
            "debt 10, points 0",
        ),
        (
            "delayed points of the sale go first",
            "delay 14",
            "enrol; adjust 5 until 2026-02-01; confirm S1 pays 100 earns 10; work; return R1 of S1 all; work",
            "delayed 0, points 5, debt 0",
        ),
        (
            "those of another sale are not touched",
            "delay 14",
            "enrol; confirm S1 pays 100 earns 10; confirm S2 pays 70 earns 7; work; return R1 of S2 all; work",
            "delayed 10, debt 0",
        ),
        (
            "then the lots that expire first",
            "",
            "enrol; adjust 4 until 2026-02-01; confirm S1 pays 100 earns 10; work; return R1 of S1 all; work",
            "lots 4@never",
        ),
        (
            "unless the policy leaves them",
            "no-take-back",
            "enrol; confirm S1 pays 100 earns 10; work; return R1 of S1 all; work",
            "points 10",
        ),
        (
            "K07: one of two units takes its own",
            "",
            "enrol; confirm S1 line 2x10000+0+100; work; return R1 of S1 L1=1000; work",
            "points 100, refund 10000 tax 0 restored 0 back 100",
        ),
    ] {
        check(rule, policy, steps, expected);
    }
}

#[test]
fn delayed_points_wait() {
    let owing = "enrol; fact S1 pays 10 points 5 worth 5; confirm S2 pays 100 earns 8; work";
    for (rule, policy, steps, expected) in [
        (
            "they pay no debt and cannot be spent",
            "delay 14",
            "",
            "debt 5, delayed 8, points 0, due 2026-01-29_00:00",
        ),
        ("to the last minute", "delay 14", "at 2026-01-28 23:59; work", "debt 5, delayed 8"),
        ("then they pay it", "delay 14", "at 2026-01-29; work", "debt 0, delayed 0, points 3"),
        (
            "their expiry runs from earning",
            "delay 14, expire 1",
            "at 2026-01-29; work",
            "lots 3@2026-02-16_00:00",
        ),
        (
            "they may lapse before",
            "delay 60, expire 1",
            "at 2026-02-16; work",
            "delayed 0, expired 8, debt 5, points 0",
        ),
        (
            "K11: at one instant they are released, then lapse by their own",
            "delay 14, expire 1",
            "at 2026-03-01; work",
            "debt 0, expired 3, points 0, due never",
        ),
    ] {
        check(rule, policy, &format!("{owing}; {steps}"), expected);
    }
}

#[test]
fn months_of_expiry() {
    for (rule, policy, at, expected) in [
        ("the last day of a shorter month, to its end", "expire 1", "2026-01-31 10:00", "2026-03-01_00:00"),
        ("of a leap year", "expire 1", "2028-01-31 10:00", "2028-03-01_00:00"),
        ("a year", "expire 12", "2028-02-29 10:00", "2029-03-01_00:00"),
        ("by the program's clock", "expire 1, zone <+08>-8", "2026-01-31 18:00", "2026-03-01_16:00"),
        ("before its midnight", "expire 1, zone <+08>-8", "2026-01-31 15:59", "2026-02-28_16:00"),
        ("the end of that month", "expire 1, month-end", "2026-01-15 10:00", "2026-03-01_00:00"),
        ("never", "", "2026-01-15 10:00", "never"),
    ] {
        let steps = format!("at {at}; enrol; confirm S1 pays 1 earns 5; work");
        check(rule, policy, &steps, &format!("lots 5@{expected}"));
    }
    check(
        "an offline sale of a closed period: dated at its own time, earned and expired",
        "expire 1",
        "at 2026-06-01; enrol; fact S1 pays 100 earns 9 on 2026-01-31; work",
        "earned 9, expired 9, points 0",
    );
    check(
        "K09: points sent start anew where the program says so",
        "expire 1, anew",
        "at 2026-01-25 09:00; enrol; receive 5 until 2026-01-30",
        "lots 5@2026-02-26_00:00",
    );
    check(
        "and keep their expiry otherwise",
        "expire 1",
        "at 2026-01-25 09:00; enrol; receive 5 until 2026-01-30",
        "lots 5@2026-01-30_00:00",
    );
    check(
        "K13: a hold of ten minutes",
        "",
        "enrol; adjust 100; reserve S1 pays 9000 points 100 worth 1000",
        "held 100, points 0, due 2026-01-15_12:10",
    );
    check(
        "K13: ends by itself",
        "",
        "enrol; adjust 100; reserve S1 pays 9000 points 100 worth 1000; at 2026-01-15 12:10; work",
        "held 0, points 100, due never",
    );
}

#[test]
fn coupons() {
    for (rule, policy, steps, expected) in [
        ("a used coupon is gone", "", "confirm S1 pays 10 coupon c1", "done, coupons none"),
        (
            "L05: one coupon, one sale",
            "",
            "confirm S1 pays 10 coupon c1; confirm S2 pays 10 coupon c1",
            "refused CouponUnknown",
        ),
        (
            "L05: held, it is another's",
            "",
            "reserve S1 pays 10 coupon c1; confirm S2 pays 10 coupon c1",
            "refused CouponHeld",
        ),
        (
            "a held one is free again",
            "",
            "reserve S1 pays 10 coupon c1; cancel S1; confirm S2 pays 10 coupon c1",
            "done, coupons none",
        ),
        (
            "it comes back with the whole sale",
            "",
            "confirm S1 line 2x10 coupon c1; return R1 of S1 all",
            "coupons c1",
        ),
        ("not with a part", "", "confirm S1 line 2x10 coupon c1; return R1 of S1 L1=1000", "coupons none"),
        (
            "with the last part",
            "",
            "confirm S1 line 2x10 coupon c1; return R1 of S1 L1=1000; return R2 of S1 L1",
            "coupons c1",
        ),
        (
            "not where the policy keeps it",
            "no-coupons-back",
            "confirm S1 pays 10 coupon c1; return R1 of S1 all",
            "coupons none",
        ),
        (
            "not when its time is over",
            "",
            "confirm S1 pays 10 coupon c1; at 2026-02-02; return R1 of S1 all",
            "coupons none",
        ),
        ("its time is over", "", "at 2026-02-01; confirm S1 pays 10 coupon c1", "refused CouponExpired"),
        ("then it lapses", "", "at 2026-02-01; work", "coupons none, due never"),
        (
            "but not while it is held",
            "",
            "reserve S1 pays 10 coupon c1 until 2026-03-01; at 2026-02-02; work",
            "coupons c1",
        ),
        (
            "a hold uses what would have lapsed",
            "",
            "reserve S1 pays 10 coupon c1 until 2026-03-01; at 2026-02-02; \
             confirm S1 pays 10 coupon c1 until 2026-03-01",
            "done, coupons none",
        ),
        (
            "a fact leaves out what is not there",
            "",
            "fact S1 pays 10 coupon c1 coupon c7",
            "overrun CouponUnknown, coupons none",
        ),
        (
            "a fact takes nothing from a reservation",
            "",
            "reserve S1 pays 10 coupon c1; fact S2 pays 10 coupon c1",
            "overrun CouponHeld, coupons c1",
        ),
        (
            "what a fact did not find does not come back",
            "",
            "fact S1 pays 10 coupon c7; return R1 of S1 all",
            "coupons c1",
        ),
        (
            "its time ends with the second",
            "",
            "grant c3 until 2026-02-01_00:01; at 2026-02-01 00:00; work",
            "coupons c3",
        ),
        ("a sale brings coupons at its accrual", "", "confirm S1 pays 10 brings o3; work", "wallet 2"),
        ("by hand, in and out", "", "grant c2; revoke c1", "coupons c2"),
        ("none twice", "", "grant c1", "refused ContentDiffers"),
        ("none that is not there", "", "revoke c7", "refused CouponUnknown"),
        ("none that is held", "", "reserve S1 pays 10 coupon c1; revoke c1", "refused CouponHeld"),
    ] {
        check(rule, policy, &format!("enrol; grant c1 until 2026-02-01; {steps}"), expected);
    }
}

#[test]
fn limits_and_first_purchases() {
    for (rule, steps, expected) in [
        ("L01: a limit of two", "confirm S1 pays 1 use o1/2; confirm S2 pays 1 use o1/2", "counters o1:2"),
        (
            "L01: and no more",
            "confirm S1 pays 1 use o1/2; confirm S2 pays 1 use o1/2; confirm S3 pays 1 use o1/2",
            "refused MemberLimit",
        ),
        ("held uses count", "reserve S1 pays 1 use o1/1; confirm S2 pays 1 use o1/1", "refused MemberLimit"),
        (
            "L03: a return gives no use back",
            "confirm S1 pays 1 use o1/1; return R1 of S1 all; confirm S2 pays 1 use o1/1",
            "refused MemberLimit",
        ),
        (
            "a cancelled hold does",
            "reserve S1 pays 1 use o1/1; cancel S1; confirm S2 pays 1 use o1/1",
            "counters o1:1",
        ),
        (
            "a fact goes beyond, and says so",
            "confirm S1 pays 1 use o1/1; fact S2 pays 1 use o1/1",
            "overrun MemberLimit, counters o1:2",
        ),
        ("the first purchase is set by the first confirm", "confirm S1 pays 1", "first S1"),
        ("and not by the second", "confirm S1 pays 1; confirm S2 pays 1", "first S1"),
        ("it is given once", "confirm S1 pays 1; confirm S2 pays 1 first", "refused NotFirstPurchase"),
        (
            "a reservation holds it",
            "reserve S1 pays 1 first; confirm S2 pays 1 first",
            "refused NotFirstPurchase",
        ),
        (
            "and is honoured",
            "reserve S1 pays 1 first; confirm S2 pays 1; confirm S1 pays 1 first",
            "done, first S2",
        ),
        (
            "given back by a whole return before accrual",
            "confirm S1 pays 1 first; return R1 of S1 all; confirm S2 pays 1 first",
            "done, first S2",
        ),
        ("not by a part", "confirm S1 line 2x1 first; return R1 of S1 L1=1000", "first S1"),
        ("not after accrual", "confirm S1 pays 1 first; work; return R1 of S1 all; work", "first S1"),
    ] {
        check(rule, "", &format!("enrol; {steps}"), expected);
    }
}

#[test]
fn referrals() {
    let friend = "enrol by m2; confirm S1 pays 100 earns 10";
    for (rule, steps, expected) in [
        ("paid when the first sale is accrued", "work", "points 30, emits 2"),
        ("once", "work; confirm S2 pays 100 earns 10; work", "points 40, emits 3"),
        ("not when it came back before", "return R1 of S1 all; work", "points 0, earned 10"),
        ("then by the next", "return R1 of S1 all; confirm S2 pays 50 earns 5; work", "points 25, earned 35"),
        (
            "taken back by a whole return in time",
            "work; at 2026-02-14 12:00; return R1 of S1 all; work",
            "points 0, debt 0, earned 30",
        ),
        ("not later", "work; at 2026-02-14 12:01; return R1 of S1 all; work", "points 20, debt 0"),
        ("not for a part", "work; confirm S2 line 2x5; return R1 of S2 L1=1000; work", "points 30"),
    ] {
        check(rule, "referral 30", &format!("{friend}; {steps}"), expected);
    }
    check("the referrer gets it", "referral 30", "enrol; reward 50", "points 50, earned 50");
    check("and loses it", "referral 30", "enrol; reward 50; unreward 50", "points 0, debt 0");
    check(
        "even when it is spent",
        "referral 30",
        "enrol; reward 50; adjust -20; unreward 50",
        "points 0, debt 20",
    );
}
