//! The proof that everything balances, as a stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use suanpan_audit::{Finding, Progress, Report};
use suanpan_rpc::admin_v1;
use suanpan_rpc::admin_v1::audit_response::What;
use suanpan_store::{Owner, Store};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{WAITING_MAX, failed};

/// How often progress is told.
const TOLD_EVERY: Duration = Duration::from_millis(100);

type Message = Result<admin_v1::AuditResponse, Status>;

/// Proves a store, or one chain of it; ends with its reader.
pub(super) fn stream(
    beside: &Handle,
    store: Arc<dyn Store>,
    chain: Option<String>,
) -> ReceiverStream<Message> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    beside.spawn(async move {
        let mut told = Instant::now();
        let progress = |progress: Progress| {
            if told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                // Progress that nobody waits for is left out.
                let _ = sender.try_send(Ok(message(What::Progress(so_far(progress)))));
            }
        };
        let proved = tokio::select! {
            () = sender.closed() => return,
            proved = suanpan_audit::audit(&*store, chain.as_deref(), progress) => proved,
        };
        let last = match proved {
            Ok(proved) => {
                if !proved.balances() {
                    tracing::error!(findings = proved.found(), "an audit found what does not balance");
                }
                Ok(message(What::Report(report(&proved))))
            }
            Err(error) => Err(failed(&error)),
        };
        // A reader that is gone hears nothing.
        let _ = sender.send(last).await;
    });
    ReceiverStream::new(receiver)
}

const fn message(what: What) -> admin_v1::AuditResponse {
    admin_v1::AuditResponse { what: Some(what) }
}

const fn so_far(progress: Progress) -> admin_v1::AuditProgress {
    admin_v1::AuditProgress {
        owners: progress.owners.cast_signed(),
        entries: progress.entries.cast_signed(),
        holders: progress.holders.cast_signed(),
        findings: progress.findings.cast_signed(),
    }
}

/// The report of a proof as a message.
fn report(report: &Report) -> admin_v1::AuditReport {
    let counts = &report.counts;
    let points = |points: i128| i64::try_from(points).unwrap_or(i64::MAX);
    let named = [
        ("members", counts.members.cast_signed()),
        ("guests", counts.guests.cast_signed()),
        ("entries", counts.entries.cast_signed()),
        ("sales", counts.sales.cast_signed()),
        ("reserved", counts.reserved.cast_signed()),
        ("ended", counts.ended.cast_signed()),
        ("returns", counts.returns.cast_signed()),
        ("pending", counts.pending.cast_signed()),
        ("parked", counts.parked.cast_signed()),
        ("coupons", counts.coupons.cast_signed()),
        ("points outstanding", points(counts.points)),
        ("points owed", points(counts.debt_points)),
        ("limits", counts.limits.cast_signed()),
        ("codes", counts.codes.cast_signed()),
        ("shares of them", counts.holders.cast_signed()),
        ("read again", counts.read_again.cast_signed()),
        ("not settled", counts.unsettled.cast_signed()),
    ];
    admin_v1::AuditReport {
        balances: report.balances(),
        counts: named.map(|(name, count)| admin_v1::AuditCount { name: name.to_owned(), count }).into(),
        findings: report.findings.iter().map(finding).collect(),
        found: report.found().cast_signed(),
        elapsed_micros: i64::try_from(report.elapsed.as_micros()).unwrap_or(i64::MAX),
    }
}

fn finding(finding: &Finding) -> admin_v1::AuditFinding {
    admin_v1::AuditFinding {
        chain: finding.chain.clone(),
        owner: match &finding.owner {
            Some(Owner::Member(member)) => format!("member {member}"),
            Some(Owner::Guest(checkout)) => format!("guest {checkout}"),
            None => String::new(),
        },
        subject: finding.subject.clone(),
        code: finding.code.to_string(),
        text: finding.text.clone(),
    }
}
