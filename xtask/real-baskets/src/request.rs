//! A recorded basket as a request: what the till knows, and nothing of what the rule has to find.

use suanpan_rpc::v1;

use crate::chain::{CHAIN, CHANNEL_RECORDED, CHANNEL_RULE, MAKER_CODE};
use crate::papers::PapersByLine;
use crate::year::{Line, Year};

/// Where the chain's addition to a maker's coupon comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addition {
    /// The till sends it, as it was recorded.
    Recorded,
    /// The program's rule finds it.
    ByRule,
}

/// Seconds that the wall clock of the stores is behind UTC. The data name no time zone; the chain is
/// American, and its rules do not depend on the hour.
const BEHIND_UTC_S: i64 = 5 * 60 * 60;

/// The request for a basket. `skip` names lines (by their place) that the node has refused before.
#[must_use]
pub fn basket(
    year: &Year,
    lines: &[Line],
    addition: Addition,
    papers: &PapersByLine,
    skip: &[usize],
) -> v1::Basket {
    let mut request =
        v1::Basket { chain: CHAIN.to_owned(), currency: "USD".to_owned(), ..Default::default() };
    request.channel = match addition {
        Addition::Recorded => CHANNEL_RECORDED.to_owned(),
        Addition::ByRule => CHANNEL_RULE.to_owned(),
    };
    request.offline_sale = true;
    if let Some(first) = lines.first() {
        request.store = first.store.to_string();
        request.business_time = Some(v1::BusinessTime {
            unix_ms: (first.wall_clock_s + BEHIND_UTC_S) * 1000,
            utc_offset_minutes: -(BEHIND_UTC_S / 60) as i32,
        });
        let member = v1::MemberSnapshot { id: first.household.to_string(), ..Default::default() };
        request.member = Some(v1::Member { identity: Some(v1::member::Identity::Snapshot(member)) });
    }
    for (index, line) in lines.iter().enumerate().filter(|(index, _)| !skip.contains(index)) {
        let id = line_id(index);
        let weighed = year.is_fuel(line);
        request.lines.push(v1::Line {
            id: id.clone(),
            sku: line.product.to_string(),
            quantity_milli: if weighed { line.quantity } else { line.quantity * 1000 },
            line_total_minor: Some(line.shelf_total()),
            flags: weighed.then(|| v1::LineFlags { weighed, ..Default::default() }),
            ..Default::default()
        });
        if line.retail_disc > 0 {
            request.manual_discounts.push(by_hand("card", "card price", line.retail_disc, &id));
        }
        if addition == Addition::Recorded && line.coupon_match_disc > 0 {
            request.manual_discounts.push(by_hand("added", "coupon doubled", line.coupon_match_disc, &id));
        }
        if line.coupon_disc > 0 {
            request.paper_coupons.extend(papers.of(line).iter().map(|value_minor| v1::PaperCoupon {
                code: MAKER_CODE.to_owned(),
                line_id: id.clone(),
                value_minor: *value_minor,
            }));
        }
    }
    request
}

/// The id of the line at this place of its basket.
#[must_use]
pub fn line_id(index: usize) -> String {
    format!("L{index}")
}

fn by_hand(what: &str, reason: &str, amount_minor: i64, line_id: &str) -> v1::ManualDiscount {
    v1::ManualDiscount {
        id: format!("{what}:{line_id}"),
        reason: reason.to_owned(),
        authority: "till".to_owned(),
        line_id: line_id.to_owned(),
        worth: Some(v1::manual_discount::Worth::AmountMinor(amount_minor)),
    }
}
