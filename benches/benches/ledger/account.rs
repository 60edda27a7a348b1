//! A member's account with many lots and coupons, and a sale on it: what a confirm costs without a store.

use std::sync::Arc;

use jiff::tz::TimeZone;
use suanpan_domain::CheckoutId;
use suanpan_ledger::head::{CouponId, OfferKey};
use suanpan_ledger::policy::PointsExpiry;
use suanpan_ledger::sale::{Sale, SaleLine, SaleRun, Tender};
use suanpan_ledger::{Action, Actor, Applied, Change, Command, Entry, Head, Policy, apply};

const DAY_MS: i64 = 86_400_000;

pub(crate) fn command(action: Action) -> Command {
    let actor = Actor { id: "till-07".to_owned(), channel: "pos".to_owned(), ..Actor::default() };
    Command { now_ms: 1_800_000_000_000, actor, action }
}

fn changed(policy: &Policy, head: &Head, rows: &[Entry], action: Action) -> Change {
    match apply(policy, head, rows, &command(action)) {
        Ok(Applied::Changed(change)) => *change,
        other => panic!("{other:?}"),
    }
}

/// A member with so many lots and coupons, and nothing that waits.
pub(crate) fn member(policy: &Policy, lots: u8, coupons: u8) -> Head {
    let enrol =
        Action::Enrol { request: [255; 16], content_hash: [0; 32], birthday: None, referred_by: None };
    let mut head = changed(policy, &Head::absent(), &[], enrol).head;
    for lot in 0..lots {
        let expires_ms = Some(1_800_000_000_000 + (i64::from(lot) + 1) * 7 * DAY_MS);
        let action = Action::Adjust { request: [lot; 16], content_hash: [0; 32], points: 250, expires_ms };
        head = changed(policy, &head, &[], action).head;
    }
    for coupon in 0..coupons {
        let action = Action::GrantCoupon {
            request: [100 + coupon; 16],
            content_hash: [0; 32],
            coupon: CouponId([coupon.wrapping_mul(37); 16]),
            campaign: OfferKey(0x0123_4567_89ab_cdef),
            expires_ms: 1_800_000_000_000 + 90 * DAY_MS,
        };
        let granted = changed(policy, &head, &[], action);
        let clear = Action::ClearEmitting { up_to_version: granted.head.version };
        head = changed(policy, &granted.head, &[granted.entry], clear).head;
    }
    head
}

/// Three lines, points, a coupon: what a till sends.
fn sale() -> Arc<Sale> {
    let line = |id: &str, sku: &str, units: i64| {
        let run =
            SaleRun { units, paid_minor: 349, tax_minor: 27, points_value_minor: 100, points_earned: 3 };
        SaleLine {
            id: id.to_owned(),
            sku: sku.to_owned(),
            quantity_milli: units * 1_000,
            weighed: false,
            paid_minor: units * run.paid_minor,
            tax_minor: units * run.tax_minor,
            points_value_minor: units * run.points_value_minor,
            points_earned: units * run.points_earned,
            runs: vec![run],
        }
    };
    let lines =
        vec![line("1", "4006381333931", 2), line("2", "4006381333948", 1), line("3", "2012345000000", 3)];
    Arc::new(Sale {
        business_ms: 1_800_000_000_000,
        utc_offset_minutes: 480,
        program_version: "3f9a1c".to_owned(),
        due_minor: 6 * 349,
        tenders: vec![Tender { kind: "card:visa".to_owned(), amount_minor: 6 * 349 }],
        points_used: 600,
        points_value_minor: 600,
        points_earned: 18,
        qualifying_minor: 6 * 349,
        coupons: vec![CouponId([37; 16])],
        lines,
        ..Sale::default()
    })
}

pub(crate) fn checkout() -> CheckoutId {
    "0198c0de-7a10-7000-8000-0000000000a1".parse().expect("a checkout id")
}

/// Points for purchases, which expire after a year.
pub(crate) fn policy() -> Policy {
    let mut policy = Policy::plain(TimeZone::UTC);
    policy.expiry =
        Some(PointsExpiry { after_months: 12, end_of_month: false, remind_months_before: Some(1) });
    policy
}

/// The sale is paid.
pub(crate) fn confirm() -> Command {
    command(Action::Confirm {
        checkout: checkout(),
        content_hash: [1; 32],
        reserve_hash: [2; 32],
        missing: Vec::new(),
        sale: sale(),
        fact: None,
        answer: vec![7; 200],
    })
}
