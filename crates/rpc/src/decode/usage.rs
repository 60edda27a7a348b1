//! How often offers were used by everybody.

use suanpan_domain::{OfferUsage, Usage};

use super::names::check_unique;
use super::text::{check_required, within};
use crate::problem::Problems;
use crate::v1;

/// Checks a usage file's message and takes it over.
///
/// # Errors
/// Every problem of it, each with the path of its field.
pub fn usage(message: v1::UsageSnapshot, chain: &str) -> Result<Usage, Problems> {
    let mut problems = Problems::default();
    super::check_chain(&message.chain, chain, &mut problems);
    check_unique(
        message.offers.iter().map(|usage| usage.offer.as_str()),
        &mut problems,
        |problems, at, fault| {
            problems.add(format_args!("offers[{at}].offer"), fault);
        },
    );
    let mut offers = Vec::with_capacity(message.offers.len());
    for (index, usage) in message.offers.into_iter().enumerate() {
        check_required(&usage.offer, format_args!("offers[{index}].offer"), &mut problems);
        let field = format_args!("offers[{index}].used");
        let used = within(usage.used, (0, i64::MAX), field, &mut problems);
        let field = format_args!("offers[{index}].given_minor");
        let given = within(usage.given_minor, (0, i64::MAX), field, &mut problems);
        if let Some((used, given_minor)) = used.zip(given) {
            offers.push(OfferUsage { offer: usage.offer, used: used.unsigned_abs(), given_minor });
        }
    }
    problems.or(Some(Usage { offers }))
}
