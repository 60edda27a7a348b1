//! Errors become a gRPC status here and nowhere else, from a short list of codes. Inside detail never gets in.

use prost::Message;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt, pb};

use crate::problem::{Problem, Problems};
use crate::{checkout_v1, member_v1, v1};

/// The domain of every `google.rpc.ErrorInfo` of this service.
pub const DOMAIN: &str = "suanpan.pricing";
/// Field violations that one status carries, besides the last one that counts the rest. Details travel in a header
/// (`grpc-status-details-bin`, a third longer in base64) and a client may refuse more than 16 KiB of headers.
pub const VIOLATIONS_MAX: usize = 32;

/// Fields are wrong.
pub const INVALID_REQUEST: &str = "INVALID_REQUEST";
/// The bytes are no message of the type.
pub const MALFORMED_MESSAGE: &str = "MALFORMED_MESSAGE";
/// The node has no program for the chain.
pub const UNKNOWN_CHAIN: &str = "UNKNOWN_CHAIN";
/// The node is about to end.
pub const DRAINING: &str = "DRAINING";
/// A fault of the node.
pub const INTERNAL: &str = "INTERNAL";

fn details(domain: &str, reason: &str) -> ErrorDetails {
    ErrorDetails::with_error_info(reason, domain, [])
}

/// Fields of the request are wrong, or it is for a chain that the node does not serve.
#[must_use]
pub fn invalid(problems: &Problems) -> Status {
    if problems.of_other_chain() {
        return unknown_chain(problems.domain());
    }
    let mut violations: Vec<FieldViolation> =
        problems.kept().iter().take(VIOLATIONS_MAX).map(violation).collect();
    let more = problems.kept().len() - violations.len() + problems.omitted();
    if more > 0 {
        violations.push(FieldViolation {
            description: format!("and {more} more problems that are not listed"),
            reason: "MORE".to_owned(),
            ..FieldViolation::default()
        });
    }
    let mut details = details(problems.domain(), INVALID_REQUEST);
    details.set_bad_request(violations);
    Status::with_error_details(Code::InvalidArgument, summary(problems), details)
}

fn violation(problem: &Problem) -> FieldViolation {
    FieldViolation {
        field: problem.field.clone(),
        description: problem.fault.to_string(),
        reason: problem.fault.reason().to_owned(),
        localized_message: None,
    }
}

/// One sentence: the first problem, and how many more there are.
fn summary(problems: &Problems) -> String {
    let first = problems.kept().first().map(|problem| format!("{} {}", problem.field, problem.fault));
    let more = problems.kept().len().saturating_sub(1) + problems.omitted();
    match (first, more) {
        (None, _) => "the request is invalid".to_owned(),
        (Some(first), 0) => first,
        (Some(first), more) => format!("{first} (and {more} more)"),
    }
}

/// The bytes are no message of the type. `what` comes from the decoder and says nothing of the node.
#[must_use]
pub fn malformed(domain: &str, what: &str) -> Status {
    let message = format!("the message cannot be decoded: {what}");
    Status::with_error_details(Code::InvalidArgument, message, details(domain, MALFORMED_MESSAGE))
}

/// The node has no program for the chain.
#[must_use]
pub fn unknown_chain(domain: &str) -> Status {
    let message = "this node has no program for the chain";
    Status::with_error_details(Code::NotFound, message, details(domain, UNKNOWN_CHAIN))
}

/// The node is about to end and takes no more baskets from a stream.
#[must_use]
pub fn draining() -> Status {
    let message = "the node is about to end; go on with another one";
    Status::with_error_details(Code::Unavailable, message, details(DOMAIN, DRAINING))
}

/// The domain of errors of sales.
pub const CHECKOUT_DOMAIN: &str = "suanpan.checkout";
/// The domain of errors of members.
pub const MEMBER_DOMAIN: &str = "suanpan.member";
/// The domain of errors of those who run a store.
pub const ADMIN_DOMAIN: &str = "suanpan.admin";
/// A program has errors.
pub const PROGRAM_INVALID: &str = "PROGRAM_INVALID";
/// The program has no such campaign of unique codes.
pub const CAMPAIGN_UNKNOWN: &str = "CAMPAIGN_UNKNOWN";
/// The store said no; nothing was changed.
pub const STORE_REFUSED: &str = "STORE_REFUSED";
/// The store is not one file that can be copied.
pub const NO_BACKUP: &str = "NO_BACKUP";
/// The id was used for something else.
pub const CONTENT_DIFFERS: &str = "CONTENT_DIFFERS";
/// Every conflict is in the details.
pub const REFUSED: &str = "REFUSED";
/// The call may have happened: the same call settles it.
pub const UNKNOWN_OUTCOME: &str = "UNKNOWN_OUTCOME";
/// The call has not happened.
pub const STORE_UNAVAILABLE: &str = "STORE_UNAVAILABLE";
/// The node's clock is wrong, so that it sells nothing; another node does.
pub const CLOCK_WRONG: &str = "CLOCK_WRONG";
/// There is no such sale.
pub const CHECKOUT_UNKNOWN: &str = "CHECKOUT_UNKNOWN";
/// There is no such member.
pub const MEMBER_UNKNOWN: &str = "MEMBER_UNKNOWN";
/// There is a member with this id already.
pub const MEMBER_EXISTS: &str = "MEMBER_EXISTS";
/// A card, telephone number or address leads to somebody else.
pub const LOOKUP_TAKEN: &str = "LOOKUP_TAKEN";
/// The node prices only: it was started without a store.
pub const NO_STORE: &str = "NO_STORE";

/// One sentence with a stable reason in a domain.
#[must_use]
pub fn plain(code: Code, domain: &str, reason: &str, message: &str) -> Status {
    Status::with_error_details(code, message, details(domain, reason))
}

/// Conflicts: every one as a violation, and in full in `refused`, without what would make the headers too long.
#[must_use]
pub fn refused(domain: &str, mut refused: checkout_v1::CheckoutRefused) -> Status {
    refused.conflicts.truncate(VIOLATIONS_MAX);
    if refused.encoded_len() > REFUSED_BYTES_MAX {
        refused.quote = None;
        if let Some(checkout) = &mut refused.checkout {
            checkout.quote = None;
        }
    }
    let name = |conflict: &member_v1::Conflict| {
        let name = conflict.reason().as_str_name();
        name.strip_prefix("CONFLICT_REASON_").unwrap_or(name).to_owned()
    };
    let is_there = |reason| refused.conflicts.iter().any(|of| of.reason() == reason);
    let (code, reason, message) = if is_there(member_v1::ConflictReason::ContentDiffers) {
        let message = "the id was used for something else; nothing was changed".to_owned();
        (Code::AlreadyExists, CONTENT_DIFFERS, message)
    } else if is_there(member_v1::ConflictReason::MemberExists) {
        let message = "there is a member with this id; nothing was changed".to_owned();
        (Code::AlreadyExists, MEMBER_EXISTS, message)
    } else {
        let named: Vec<String> = refused.conflicts.iter().map(name).collect();
        (Code::FailedPrecondition, REFUSED, format!("nothing was changed: {}", named.join(", ")))
    };
    let violations = refused.conflicts.iter().map(|conflict| pb::precondition_failure::Violation {
        r#type: name(conflict),
        subject: conflict.subject.clone(),
        description: in_numbers(conflict),
    });
    let info = pb::ErrorInfo {
        reason: reason.to_owned(),
        domain: domain.to_owned(),
        metadata: std::collections::HashMap::new(),
    };
    let failure = pb::PreconditionFailure { violations: violations.collect() };
    let details = vec![
        any("google.rpc.ErrorInfo", &info),
        any("google.rpc.PreconditionFailure", &failure),
        any("suanpan.checkout.v1.CheckoutRefused", &refused),
    ];
    let status = pb::Status { code: code.into(), message: message.clone(), details };
    Status::with_details(code, message, status.encode_to_vec().into())
}

/// What the numbers of a conflict say; nothing where it has none.
fn in_numbers(conflict: &member_v1::Conflict) -> String {
    use member_v1::ConflictReason as Reason;
    let member_v1::Conflict { have, need, .. } = conflict;
    match conflict.reason() {
        _ if (*have, *need) == (0, 0) => String::new(),
        Reason::PriceDiffers => format!("it costs {have}, and {need} was expected"),
        Reason::TendersDiffer => format!("the tenders are {have}, and {need} is to be paid"),
        Reason::CheckoutTooOld => format!("the id was made at {have}, and it is {need} now"),
        _ => format!("there is {have}, and {need} would be needed"),
    }
}

/// What of a refusal's details fits beside the rest into 16 KiB of headers, in base64.
const REFUSED_BYTES_MAX: usize = 7 << 10;

fn any(name: &str, message: &impl Message) -> prost_types::Any {
    prost_types::Any { type_url: format!("type.googleapis.com/{name}"), value: message.encode_to_vec() }
}

/// A fault of the node, which its log describes under the same id.
#[must_use]
pub fn internal(request_id: &str) -> Status {
    let info =
        ErrorDetails::with_error_info(INTERNAL, DOMAIN, [("request_id".to_owned(), request_id.to_owned())]);
    Status::with_error_details(Code::Internal, "the node failed; its log says more", info)
}

/// Why a basket of a batch or a stream was not priced, when its fields are wrong.
#[must_use]
pub fn refusal_invalid(chain: &str, problems: &Problems) -> v1::Refusal {
    let listed = problems.kept().iter().map(|problem| v1::FieldProblem {
        field: problem.field.clone(),
        description: problem.fault.to_string(),
        reason: problem.fault.reason().to_owned(),
    });
    v1::Refusal {
        chain: chain.to_owned(),
        code: Code::InvalidArgument.into(),
        reason: INVALID_REQUEST.to_owned(),
        message: summary(problems),
        problems: listed.collect(),
        problems_omitted: i32::try_from(problems.omitted()).unwrap_or(i32::MAX),
    }
}

/// Why a basket of a batch or a stream was not priced, for the other errors of this file.
#[must_use]
pub fn refusal(chain: &str, status: &Status) -> v1::Refusal {
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    v1::Refusal {
        chain: chain.to_owned(),
        code: status.code().into(),
        reason,
        message: status.message().to_owned(),
        problems: Vec::new(),
        problems_omitted: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Fault;

    #[test]
    fn each_problem_is_a_violation_up_to_the_bound() {
        for (count, violations, last) in [
            (1, 1, "must not be 0"),
            (32, 32, "must not be 0"),
            (33, 33, "and 1 more problems that are not listed"),
            (5_000, 33, "and 4968 more problems that are not listed"),
        ] {
            let mut problems = Problems::default();
            for index in 0..count {
                problems.add(format_args!("lines[{index}].quantity_milli"), Fault::Zero);
            }
            let status = invalid(&problems);
            let listed = status.get_details_bad_request().unwrap().field_violations;
            assert_eq!(listed.len(), violations, "{count}");
            assert_eq!(listed.last().unwrap().description, last, "{count}");
            assert_eq!(listed[0].reason, "ZERO");
            assert_eq!(status.code(), Code::InvalidArgument);
            assert_eq!(status.get_details_error_info().unwrap().reason, INVALID_REQUEST);
        }
    }

    #[test]
    fn a_conflict_is_told_in_its_numbers_where_it_has_any() {
        use member_v1::ConflictReason as Reason;
        for (reason, have, need, expected) in [
            (Reason::MemberBlocked, 0, 0, ""),
            (Reason::PointsShort, 0, 500, "there is 0, and 500 would be needed"),
            (Reason::GlobalLimit, 3, 4, "there is 3, and 4 would be needed"),
            (Reason::PriceDiffers, 5_000, 4_900, "it costs 5000, and 4900 was expected"),
            (Reason::PriceDiffers, 0, 4_900, "it costs 0, and 4900 was expected"),
            (Reason::TendersDiffer, 4_000, 5_000, "the tenders are 4000, and 5000 is to be paid"),
        ] {
            let conflict = member_v1::Conflict { reason: reason.into(), have, need, ..Default::default() };
            let conflicts = vec![conflict];
            let refused = checkout_v1::CheckoutRefused { conflicts, ..Default::default() };
            let status = refused_in_checkout(refused);
            let violations = status.get_details_precondition_failure().unwrap().violations;
            assert_eq!(violations[0].description, expected, "{reason:?}");
        }
    }

    fn refused_in_checkout(refused: checkout_v1::CheckoutRefused) -> Status {
        super::refused(CHECKOUT_DOMAIN, refused)
    }

    #[test]
    fn each_service_has_its_domain_and_another_chain_is_unknown() {
        for (domain, field, fault, expected) in [
            (DOMAIN, "chain", Fault::Required, (Code::InvalidArgument, INVALID_REQUEST)),
            (CHECKOUT_DOMAIN, "key", Fault::Required, (Code::InvalidArgument, INVALID_REQUEST)),
            (CHECKOUT_DOMAIN, "chain", Fault::OtherChain, (Code::NotFound, UNKNOWN_CHAIN)),
            (MEMBER_DOMAIN, "chain", Fault::OtherChain, (Code::NotFound, UNKNOWN_CHAIN)),
            (ADMIN_DOMAIN, "chain", Fault::OtherChain, (Code::NotFound, UNKNOWN_CHAIN)),
            // Of two chains in one call, one is a fault of the caller.
            (CHECKOUT_DOMAIN, "basket.chain", Fault::OtherChain, (Code::InvalidArgument, INVALID_REQUEST)),
        ] {
            let mut problems = Problems::one(format_args!("actor.id"), Fault::Required);
            problems.add(format_args!("{field}"), fault);
            let status = invalid(&problems.of_domain(domain));
            let info = status.get_details_error_info().unwrap();
            assert_eq!((status.code(), info.reason.as_str()), expected, "{domain} {field}");
            assert_eq!(info.domain, domain);
        }
    }

    #[test]
    fn the_longest_status_fits_into_a_header() {
        let mut problems = Problems::default();
        for index in 0..200 {
            let field = format_args!("baskets[255].member.snapshot.coupons[{index}].expires_unix_ms");
            problems.add(field, Fault::ClockSkew(i64::MIN));
        }
        let status = invalid(&problems);
        let base64 = status.details().len().div_ceil(3) * 4;
        assert!(base64 + status.message().len() < 12 << 10, "{base64}");
    }
}
