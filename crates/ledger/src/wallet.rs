//! Coupons of a member: granted, held, used, given back, lapsed.

use sha2::{Digest, Sha256};

use crate::bounds;
use crate::calendar::whole_second;
use crate::draft::Draft;
use crate::entry::{CouponName, EntryKey, MovementKind};
use crate::head::{Coupon, CouponId, Head, OfferKey};
use crate::key::first_16;
use crate::limits::COUPONS_MAX;
use crate::outcome::Emit;

/// A coupon of the wallet.
pub(crate) fn find(head: &Head, id: CouponId) -> Option<&Coupon> {
    head.coupons.binary_search_by_key(&id, |coupon| coupon.id).ok().map(|place| &head.coupons[place])
}

impl Coupon {
    pub(crate) const fn name(&self) -> CouponName {
        CouponName { id: self.id, campaign: self.campaign }
    }
}

impl Draft<'_> {
    pub(crate) fn lapse_coupons(&mut self) {
        let now_ms = self.now_ms;
        while let Some(place) = self.head.coupons.iter().position(|c| c.expires_ms <= now_ms && !c.held) {
            let coupon = self.head.coupons.remove(place);
            self.book_coupon(
                MovementKind::CouponExpired,
                coupon.name(),
                coupon.expires_ms,
                coupon.expires_ms,
            );
        }
    }

    /// Puts a coupon into the wallet. At the bound it takes the place of the free one that expires first, unless it
    /// would expire first itself: then it is not granted. One whose time is over comes and lapses.
    pub(crate) fn put_coupon(&mut self, kind: MovementKind, coupon: Coupon) -> bool {
        let Err(mut place) = self.head.coupons.binary_search_by_key(&coupon.id, |known| known.id) else {
            return false;
        };
        if coupon.expires_ms <= self.now_ms {
            self.book_coupon(kind, coupon.name(), coupon.expires_ms, self.now_ms);
            self.book_coupon(
                MovementKind::CouponExpired,
                coupon.name(),
                coupon.expires_ms,
                coupon.expires_ms,
            );
            return false;
        }
        if self.head.coupons.len() >= COUPONS_MAX || bounds::full(&self.head) {
            let first = (0..self.head.coupons.len())
                .filter(|place| !self.head.coupons[*place].held)
                .min_by_key(|place| self.head.coupons[*place].expires_ms);
            match first {
                Some(first) if self.head.coupons[first].expires_ms <= coupon.expires_ms => {
                    let gone = self.head.coupons.remove(first);
                    self.book_coupon(MovementKind::CouponRevoked, gone.name(), gone.expires_ms, self.now_ms);
                    place -= usize::from(first < place);
                }
                _ => return false,
            }
        }
        self.head.coupons.insert(place, coupon);
        self.book_coupon(kind, coupon.name(), coupon.expires_ms, self.now_ms);
        true
    }

    /// Puts a new coupon of a campaign into the wallet. Its id is made of the row, the member's beginning and its place.
    pub(crate) fn issue(&mut self, key: EntryKey, campaign: OfferKey, number: u32, expires_ms: i64) {
        let mut hash = Sha256::new();
        hash.update(key.to_bytes());
        hash.update(self.head.enrolled_ms.to_be_bytes());
        hash.update(self.head.version.to_be_bytes());
        hash.update(self.now_ms.to_be_bytes());
        hash.update(campaign.0.to_be_bytes());
        hash.update(number.to_be_bytes());
        let coupon = CouponId(first_16(hash));
        let expires_ms = whole_second(expires_ms);
        let granted = Coupon { id: coupon, campaign, expires_ms, held: false };
        if self.put_coupon(MovementKind::CouponGranted, granted) {
            self.emits.push(Emit::CouponGranted { coupon, campaign, expires_ms });
        }
    }

    /// Uses a coupon up; false when it is not there, has lapsed or belongs to another sale.
    pub(crate) fn use_coupon(&mut self, id: CouponId) -> bool {
        let Ok(place) = self.head.coupons.binary_search_by_key(&id, |coupon| coupon.id) else { return false };
        let coupon = self.head.coupons[place];
        if coupon.held || coupon.expires_ms <= self.now_ms {
            return false;
        }
        self.head.coupons.remove(place);
        self.book_coupon(MovementKind::CouponUsed, coupon.name(), coupon.expires_ms, self.now_ms);
        true
    }

    /// Holds coupons, or lets them go.
    pub(crate) fn set_held(&mut self, ids: &[CouponId], held: bool) {
        for id in ids {
            if let Ok(place) = self.head.coupons.binary_search_by_key(id, |coupon| coupon.id) {
                self.head.coupons[place].held = held;
            }
        }
    }
}
