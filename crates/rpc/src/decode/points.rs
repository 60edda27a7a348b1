//! The wish to pay with points.

use suanpan_domain::{PointsConflict, PointsRequest, PointsWanted, limits};

use super::text::within;
use crate::problem::{Fault, Problems};
use crate::v1;
use v1::points_request::Wanted;

/// No message is no wish.
pub(super) fn request(message: Option<v1::PointsRequest>, problems: &mut Problems) -> PointsRequest {
    let Some(message) = message else { return PointsRequest::default() };
    let wanted = match message.wanted {
        None | Some(Wanted::Maximum(false)) => PointsWanted::None,
        Some(Wanted::Maximum(true)) => PointsWanted::Max,
        Some(Wanted::Exact(points)) => {
            let field = format_args!("points.exact");
            PointsWanted::Exact(within(points, (0, limits::POINTS_MAX), field, problems).unwrap_or(0))
        }
    };
    let conflict = match v1::PointsConflict::try_from(message.conflict) {
        Ok(v1::PointsConflict::Unspecified) => None,
        Ok(v1::PointsConflict::PreferPoints) => Some(PointsConflict::PreferPoints),
        Ok(v1::PointsConflict::PreferOffers) => Some(PointsConflict::PreferOffers),
        Ok(v1::PointsConflict::LowestDue) => Some(PointsConflict::LowestDue),
        Err(_) => {
            problems.add(format_args!("points.conflict"), Fault::UnknownValue);
            None
        }
    };
    PointsRequest { wanted, conflict }
}
