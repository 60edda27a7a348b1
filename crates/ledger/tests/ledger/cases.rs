//! Returns of sales, with worked cases of other engines: J01, J03, J05 and J07 from Sylius and its refund plugin and
//! Business Central, J09 from a discussion of a shop module. Amounts in cents.

use crate::script::check;

#[test]
fn what_a_return_gives_back() {
    for (rule, sale, steps, expected) in [
        ("J01: one of two at 9.00", "line 2x900", "return R1 of S1 L1=1000", "900"),
        ("J03: a unit", "line 2x1230 line 1x2000", "return R1 of S1 L1=1000", "1230"),
        ("J03: the rest", "line 2x1230 line 1x2000", "return R1 of S1 L1=1000; return R2 of S1 all", "3230"),
        ("J03: the whole order", "line 2x1230 line 1x2000", "return R1 of S1 all", "4460"),
        ("J05: three units", "line 1x991&3x990 line 1x575", "return R1 of S1 L1=3000", "2970"),
        ("J05: all", "line 1x991&3x990 line 1x575", "return R1 of S1 all", "4536"),
        (
            "J05: the unit that cost a cent more",
            "line 1x991&3x990 line 1x575",
            "return R1 of S1 L1[0]",
            "991",
        ),
        ("J07: one of two", "line 2x3840", "return R1 of S1 L1=1000", "3840"),
        ("J09: by the recorded split", "line 6x4500", "return R1 of S1 L1=5000", "22500"),
        ("J09: priced again", "line 6x4500", "return R1 of S1 L1=5000 rest 5000", "22000"),
        (
            "J09: and the last",
            "line 6x4500",
            "return R1 of S1 L1=5000 rest 5000; return R2 of S1 all",
            "5000",
        ),
        ("the rest costs more than was paid", "line 2x4500", "return R1 of S1 L1=1000 rest 9500", "0"),
        (
            "then the last has it all",
            "line 2x4500",
            "return R1 of S1 L1=1000 rest 9500; return R2 of S1 all",
            "9000",
        ),
        ("the last unit first", "line 1x100&1x50", "return R1 of S1 L1=1000", "50"),
        ("unless one is named", "line 1x100&1x50", "return R1 of S1 L1[0]", "100"),
        ("then the other", "line 1x100&1x50", "return R1 of S1 L1[0]; return R2 of S1 L1", "50"),
        ("by weight, a third", "line 1500g1000", "return R1 of S1 L1=500", "333"),
        (
            "half up over everything so far",
            "line 1500g1000",
            "return R1 of S1 L1=500; return R2 of S1 L1=500",
            "334",
        ),
        (
            "to the last",
            "line 1500g1000",
            "return R1 of S1 L1=500; return R2 of S1 L1=500; return R3 of S1 L1",
            "333",
        ),
        ("coarse coins come last", "line 2x499 cash 2", "return R1 of S1 L1=1000", "499"),
        ("with the last", "line 2x499 cash 2", "return R1 of S1 L1=1000; return R2 of S1 all", "501"),
        ("also when they were short", "line 2x501 cash -2", "return R1 of S1 all", "1000"),
        ("never more than was paid", "line 1x5009 line 1x0 cash -9", "return R1 of S1 L1=1000", "5000"),
        (
            "and nothing is owed for the last",
            "line 1x5009 line 1x0 cash -9",
            "return R1 of S1 L1=1000; return R2 of S1 L2=1000",
            "0",
        ),
        ("short only where it has to be", "line 1x4 line 1x5 cash -2", "return R1 of S1 L2=1000", "5"),
        (
            "the last gives what is left",
            "line 1x4 line 1x5 cash -2",
            "return R1 of S1 L2=1000; return R2 of S1 L1=1000",
            "2",
        ),
    ] {
        let steps = format!("enrol; confirm S1 {sale}; {steps}");
        check(rule, "", &steps, &format!("refund {expected} tax 0 restored 0 back 0"));
    }
}

#[test]
fn points_of_a_return() {
    for (rule, sale, steps, expected) in [
        (
            "by the share of their value",
            "line 3x100+10+5 points 10",
            "return R1 of S1 L1=1000",
            "100 tax 0 restored 3 back 5",
        ),
        (
            "floor over everything so far",
            "line 3x100+10+5 points 10",
            "return R1 of S1 L1=1000; return R2 of S1 L1=1000",
            "100 tax 0 restored 3 back 5",
        ),
        (
            "the rest with the last",
            "line 3x100+10+5 points 10",
            "return R1 of S1 L1=2000; return R2 of S1 all",
            "100 tax 0 restored 4 back 5",
        ),
        (
            "weighed goods by half up",
            "line 1000g1000+100+25 points 10",
            "return R1 of S1 L1=500",
            "500 tax 0 restored 5 back 13",
        ),
        (
            "priced again, by what stays",
            "line 3x100+10+5 points 10",
            "return R1 of S1 L1=1000 rest 190/8/7/24",
            "110 tax 0 restored 2 back 8",
        ),
        (
            "never more than there was, and the last has the rest",
            "line 3x100+10+5 points 10",
            "return R1 of S1 L1=1000 rest 190/8/7/24; return R2 of S1 all",
            "190 tax 0 restored 8 back 7",
        ),
        (
            // 330 were paid in money and points, 326 would have been.
            "a rest that uses more takes nothing",
            "line 3x100+10+5 points 10",
            "return R1 of S1 L1=1000 rest 290/12/20/36",
            "4 tax 0 restored 0 back 0",
        ),
        (
            // 344 would have been paid: the two points that it does not use are not free.
            "a rest that costs more gives back neither money nor points",
            "line 3x100+10+5 points 10",
            "return R1 of S1 L1=1000 rest 320/8/7/24",
            "0 tax 0 restored 0 back 8",
        ),
        (
            // 5 of 330 come back: one point is worth 3, so that one comes back, and 2 in money.
            "points that are free come first, as far as it goes",
            "line 3x100+10+5 points 10",
            "return R1 of S1 L1=1000 rest 310/5/7/15",
            "2 tax 0 restored 1 back 8",
        ),
        (
            "and the last has what was kept",
            "line 3x100+10+5 points 10",
            "return R1 of S1 L1=1000 rest 310/5/7/15; return R2 of S1 all",
            "298 tax 0 restored 9 back 7",
        ),
    ] {
        let steps = format!("enrol; adjust 10; confirm S1 {sale}; {steps}");
        check(rule, "", &steps, &format!("refund {expected}"));
    }
}

#[test]
fn guests_return_too() {
    check(
        "money comes back",
        "",
        "guest; confirm S1 line 2x900+0+0; return R1 of S1 L1=1000",
        "refund 900 tax 0 restored 0 back 0, version 2",
    );
    check("nothing waits", "", "guest; confirm S1 pays 900", "pending 0, due never, version 1");
    check("nothing is held", "", "guest; reserve S1 pays 900; confirm S1 pays 900", "done, holds 0");
    check("guests have no points", "", "guest; confirm S1 pays 900 points 1 worth 1", "refused PointsShort");
    check(
        "no limits per member, no first purchase",
        "",
        "guest; confirm S1 pays 900 use o1/1 first coupon c1",
        "refused CouponUnknown MemberLimit NotFirstPurchase",
    );
    check(
        "a fact is recorded",
        "",
        "guest; fact S1 pays 900 points 1 worth 1",
        "overrun PointsShort, debt 0, spent 0",
    );
    check(
        "and gives no points back",
        "",
        "guest; fact S1 pays 900 points 7 worth 7; return R1 of S1 all",
        "refund 900 tax 0 restored 0 back 0",
    );
}
