//! Coupons: each comes, is used, lapses or goes, and is in the wallet exactly when its movements leave it there.

use super::Account;
use crate::code::Code;
use crate::decode::{Movement, Row, kind, state, uuid, verb};

/// How often what happened to one coupon.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CouponCount {
    granted: i64,
    used: i64,
    returned: i64,
    gone: i64,
}

impl Account {
    pub(super) fn count_coupon(&mut self, row: &Row, movement: &Movement) {
        let Some(id) = movement.coupon else {
            self.find(Code::RowMisplaced, Some(&row.key), || "a movement of a coupon names none".to_owned());
            return;
        };
        let count = self.coupons.entry(id).or_default();
        match movement.kind {
            kind::COUPON_GRANTED => {
                count.granted += 1;
                // Of a member that was merged into this one it may be an id that was used up here.
                if count.granted > 1 && row.verb != verb::MERGED {
                    self.find(Code::CouponGrantedTwice, Some(&row.key), || format!("coupon {}", uuid(&id)));
                }
            }
            kind::COUPON_USED => {
                count.used += 1;
                let paid = matches!(row.state, state::CONFIRMED | state::PARKED);
                if !(row.verb == verb::SALE && paid && row.sale.coupons.contains(&id)) {
                    self.find(Code::CouponUseMisplaced, Some(&row.key), || {
                        format!("coupon {} was used by what is no paid sale of it", uuid(&id))
                    });
                }
            }
            kind::COUPON_RETURNED => {
                count.returned += 1;
                if row.verb != verb::RETURN {
                    self.find(Code::CouponReturnedWrongly, Some(&row.key), || {
                        format!("coupon {} came back without a return", uuid(&id))
                    });
                }
            }
            kind::COUPON_REVOKED | kind::COUPON_EXPIRED => count.gone += 1,
            _ => {}
        }
    }

    /// The wallet against the movements.
    pub(super) fn check_coupons(&mut self) {
        if self.coupons.is_empty() && self.head.coupons.is_empty() {
            return;
        }
        let mut wrong = Vec::new();
        for coupon in &self.head.coupons {
            if !self.coupons.contains_key(&coupon.id) {
                wrong.push((
                    Code::CouponUnaccounted,
                    coupon.id,
                    "is in the wallet and never came".to_owned(),
                ));
            }
        }
        for (id, count) in &self.coupons {
            let in_wallet = self.head.coupons.binary_search_by_key(id, |coupon| coupon.id).is_ok();
            let CouponCount { granted, used, returned, gone } = *count;
            if used > granted + returned {
                let text = format!("came {} times and was used {used} times", granted + returned);
                wrong.push((Code::CouponUsedTwice, *id, text));
            } else if granted + returned - used - gone != i64::from(in_wallet) {
                let text = format!(
                    "granted {granted}, returned {returned}, used {used}, lapsed or revoked {gone} times, {}",
                    if in_wallet { "but in the wallet" } else { "but not in the wallet" }
                );
                wrong.push((Code::CouponUnaccounted, *id, text));
            }
        }
        wrong.sort_unstable();
        for (code, id, text) in wrong {
            self.find(code, None, || format!("coupon {} {text}", uuid(&id)));
        }
    }
}
