//! Codes: who claims which, and whether each can be told from the others.

use std::collections::HashMap;

use suanpan_domain::limits::IDENTIFIER_BYTES_MAX;

use super::rewards::exactly_one;
use crate::code;
use crate::diagnostics::quoted;
use crate::file::{CodesFile, CouponFile};
use crate::model::{CodeKind, CouponTerms};
use crate::read::{At, Context};
use crate::yaml::Spot;

/// Characters of a unique code beside its prefix: fewer are soon guessed.
const UNIQUE_CHARACTERS_MIN: usize = 6;

/// Codes claimed so far.
#[derive(Default)]
pub(super) struct Codes {
    generic: HashMap<Box<str>, Spot>,
    unique: Vec<(String, usize, Spot)>,
}

impl Codes {
    /// What the coupon says of its codes; they are claimed by it from now on. None for a match, which is automatic.
    pub(super) fn terms(&mut self, at: &At<CouponFile>, context: &Context) -> Option<CouponTerms> {
        let said = at.value.codes.as_ref();
        let has_key = |spot: Spot, key| context.node(spot).is_some_and(|node| node.get(key).is_some());
        let effect = at.value.effect.0.as_ref();
        if !has_key(at.spot, "codes") && effect.is_some_and(|effect| !has_key(effect.spot, "match")) {
            context.error_hint(
                code::MISSING_KEY,
                at.spot,
                "the key `codes` is missing",
                "write `codes: owned`, `codes: { generic: [...] }` or `codes: { unique: … }`; an offer that needs no code \
                 is a promotion",
            );
        }
        let named = match &said?.value {
            CodesFile::Owned(()) => return Some(CouponTerms { codes: CodeKind::Owned, paper: false }),
            CodesFile::Named(named) => named,
        };
        exactly_one(named.spot, "which codes", &["generic", "unique"], context);
        let paper = named.value.paper.is_some_and(|paper| paper.0);
        if let Some(generic) = &named.value.generic {
            let codes = generic.map(context, |code| {
                self.claim(&code.value.0, code.spot, context);
                code.value.0
            });
            return Some(CouponTerms { codes: CodeKind::Generic(codes), paper });
        }
        let unique = named.value.unique.as_ref()?;
        let (prefix, length) = (unique.prefix.value.0.clone(), unique.length.value.0 as usize);
        let own = prefix.chars().count();
        if (own + 1..own + UNIQUE_CHARACTERS_MIN).contains(&length) {
            context.warning(
                code::WEAK_CODES,
                unique.length.spot,
                format!("{} characters beside the prefix are soon guessed", length - own),
                format!("write {} or more", own + UNIQUE_CHARACTERS_MIN),
            );
        }
        if length > IDENTIFIER_BYTES_MAX || length <= own {
            context.error_hint(
                code::OUT_OF_RANGE,
                unique.length.spot,
                format!("codes of {length} characters that begin with {} do not do", quoted(&prefix)),
                format!(
                    "write {} to {IDENTIFIER_BYTES_MAX}: {UNIQUE_CHARACTERS_MIN} beside the prefix keep codes from \
                     being guessed",
                    own + UNIQUE_CHARACTERS_MIN
                ),
            );
        }
        self.unique.push((prefix.clone(), length, unique.prefix.spot));
        Some(CouponTerms { codes: CodeKind::Unique { prefix, length }, paper })
    }

    fn claim(&mut self, text: &str, spot: Spot, context: &Context) {
        match self.generic.get(text) {
            Some(first) => taken(text, *first, spot, context),
            None => {
                self.generic.insert(text.into(), spot);
            }
        }
    }

    /// Tells of codes that two campaigns would claim by their form.
    pub(super) fn check_forms(mut self, context: &Context) {
        self.unique.sort();
        // A prefix stands right before those that begin with it, among codes of one length.
        self.unique.sort_by_key(|(_, length, _)| *length);
        for pair in self.unique.windows(2) {
            let ((first, one, first_spot), (second, other, spot)) = (&pair[0], &pair[1]);
            if one == other && second.starts_with(first.as_str()) {
                taken(second, *first_spot, *spot, context);
            }
        }
        let mut generic: Vec<(&Box<str>, &Spot)> = self.generic.iter().collect();
        generic.sort();
        for (text, spot) in generic {
            let characters = text.chars().count();
            let claimed = self
                .unique
                .iter()
                .find(|(prefix, length, _)| *length == characters && text.starts_with(prefix.as_str()));
            if let Some((_, _, first)) = claimed {
                taken(text, *first, *spot, context);
            }
        }
    }
}

fn taken(text: &str, first: Spot, spot: Spot, context: &Context) {
    context.error_hint(
        code::CODE_TAKEN,
        spot,
        format!("the code {} is claimed twice", quoted(text)),
        format!("the other claim stands {}; a code means one coupon", context.place_of(first)),
    );
}

/// Tells when a value is to be read off something that has none.
pub(super) fn check_presented(coupon: &At<CouponFile>, terms: Option<&CouponTerms>, context: &Context) {
    use crate::file::AmountOff;
    let effect = coupon.value.effect.0.as_ref();
    let presented =
        effect.is_some_and(|effect| matches!(effect.value.amount_off, Some(AmountOff::Presented(()))));
    let generic = matches!(terms, Some(CouponTerms { codes: CodeKind::Generic(_), .. }));
    if presented && terms.is_some() && !generic {
        context.error_hint(
            code::CONTRADICTION,
            coupon.value.codes.as_ref().map_or(coupon.spot, |codes| codes.spot),
            "`amount_off: presented` reads the value off a paper coupon, and these codes have none",
            "write `codes: { generic: [...], paper: true }`",
        );
    }
}
