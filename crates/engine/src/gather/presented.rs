//! Codes, owned coupons and paper coupons that the basket presents.

use suanpan_domain::quote::Missing;
use suanpan_domain::{Basket, Member, OfferRef, Reason};
use suanpan_program::model::CodeKind;

use super::{Gathered, Presentation, Refused};
use crate::compile::Compiled;

impl Gathered {
    /// Turns what is presented into presentations, and what cannot be into refusals.
    pub(super) fn present_codes(&mut self, compiled: &Compiled, basket: &Basket, member: Option<&Member>) {
        let start = self.presentations.len();
        for (place, code) in basket.codes.iter().enumerate() {
            let place = place as u32;
            match find(compiled, basket, member, code) {
                Ok((offer, expires_unix_ms)) => {
                    let again = basket.codes[..place as usize].contains(code);
                    if again && !compiled.offers[offer as usize].paper {
                        self.refuse_code(OfferRef::Program(offer), place, Reason::DuplicateCode);
                    } else {
                        let code = Some(place);
                        self.presentations.push(Presentation {
                            code,
                            expires_unix_ms,
                            ..Presentation::automatic(offer)
                        });
                    }
                }
                Err((offer, reason)) => {
                    self.refuse_code(offer.unwrap_or(OfferRef::Code(place)), place, reason)
                }
            }
        }
        for (place, paper) in basket.paper_coupons.iter().enumerate() {
            let found = compiled.index.codes.find(&paper.code);
            let line = self.lines.find(basket, &paper.line);
            match (found, line) {
                (Some(offer), Some(line)) => self.presentations.push(Presentation {
                    paper: Some(place as u32),
                    value: paper.value.minor(),
                    line: Some(line as u32),
                    ..Presentation::automatic(offer)
                }),
                (found, _) => self.refused.push(Refused {
                    source: found.map_or(OfferRef::Paper(place as u32), OfferRef::Program),
                    code: None,
                    paper: Some(place as u32),
                    reason: if found.is_some() { Reason::NothingSelected } else { Reason::UnknownCode },
                    missing: Missing::Nothing,
                    near: None,
                }),
            }
        }
        // Soonest to expire first, then larger papers; the order of the request decides nothing.
        let codes = &basket.codes;
        self.presentations[start..].sort_by(|a, b| {
            let text =
                |presentation: &Presentation| presentation.code.map(|code| codes[code as usize].as_str());
            a.offer.cmp(&b.offer).then_with(|| {
                a.expires_unix_ms
                    .cmp(&b.expires_unix_ms)
                    .then(b.value.cmp(&a.value))
                    .then(a.line.cmp(&b.line))
                    .then_with(|| text(a).cmp(&text(b)))
                    .then(a.code.cmp(&b.code))
                    .then(a.paper.cmp(&b.paper))
            })
        });
        self.refuse_more_than_allowed(compiled, start);
    }

    /// One coupon of a campaign in a basket, unless `per_basket` or paper.
    fn refuse_more_than_allowed(&mut self, compiled: &Compiled, start: usize) {
        let (mut kept, mut count, mut last) = (start, 0_u32, u32::MAX);
        for at in start..self.presentations.len() {
            let presentation = self.presentations[at];
            let offer = &compiled.offers[presentation.offer as usize];
            count = if presentation.offer == last { count + 1 } else { 1 };
            last = presentation.offer;
            let allowed = offer.limits.per_basket.unwrap_or(if offer.paper { u32::MAX } else { 1 });
            if count > allowed {
                self.refused.push(Refused {
                    source: presentation.source(),
                    code: presentation.code,
                    paper: presentation.paper,
                    reason: Reason::PerBasketLimit,
                    missing: Missing::Nothing,
                    near: None,
                });
            } else {
                self.presentations[kept] = presentation;
                kept += 1;
            }
        }
        self.presentations.truncate(kept);
    }

    fn refuse_code(&mut self, source: OfferRef, code: u32, reason: Reason) {
        self.refused.push(Refused {
            source,
            code: Some(code),
            paper: None,
            reason,
            missing: Missing::Nothing,
            near: None,
        });
    }
}

/// The offer that a code presents, and when the coupon behind it expires.
fn find(
    compiled: &Compiled,
    basket: &Basket,
    member: Option<&Member>,
    code: &str,
) -> Result<(u32, i64), (Option<OfferRef>, Reason)> {
    if let Some(coupon) = member.and_then(|member| member.coupons.iter().find(|coupon| coupon.id == code)) {
        let offer = compiled.index.ids.find(&coupon.campaign);
        let offer = offer.filter(|&offer| compiled.program.offers[offer as usize].coupon.is_some());
        return match (offer, coupon.expires_unix_ms) {
            (None, _) => Err((None, Reason::UnknownCode)),
            (Some(offer), Some(expires)) if expires <= basket.business_time.unix_ms => {
                Err((Some(OfferRef::Program(offer)), Reason::CouponExpired))
            }
            (Some(offer), expires) => Ok((offer, expires.unwrap_or(i64::MAX))),
        };
    }
    if let Some(offer) = compiled.index.codes.find(code) {
        return Ok((offer, i64::MAX));
    }
    let unique = compiled.index.prefixes.iter().find(|(prefix, length, _)| {
        code.len() == *length && code.len() > prefix.len() && code.starts_with(&**prefix)
    });
    if let Some((_, _, offer)) = unique {
        return Ok((*offer, i64::MAX));
    }
    // The id of an owned campaign is no code: a coupon of it must be in the member's wallet.
    let owned = compiled.index.ids.find(code).filter(|&offer| {
        let coupon = &compiled.program.offers[offer as usize].coupon;
        coupon.as_ref().is_some_and(|coupon| matches!(coupon.codes, CodeKind::Owned))
    });
    match owned {
        Some(offer) => Err((Some(OfferRef::Program(offer)), Reason::NotOwned)),
        None => Err((None, Reason::UnknownCode)),
    }
}
