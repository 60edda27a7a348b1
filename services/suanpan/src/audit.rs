//! `audit`: the proof that everything balances.

use std::process::ExitCode;

use clap::Args;
use suanpan_rpc::admin_v1;
use suanpan_rpc::admin_v1::audit_response::What;

use crate::cli::Shown;
use crate::error::Error;
use crate::progress;
use crate::session::{Session, Where, on};
use crate::table::{Table, print, print_json};

/// Options of `audit`.
#[derive(Args)]
pub(crate) struct AuditOptions {
    /// Only the node's chain instead of the whole store
    #[arg(long)]
    chain_only: bool,

    /// How the report is shown
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Shown,

    #[command(flatten)]
    place: Where,
}

pub(crate) fn run(options: &AuditOptions) -> Result<ExitCode, Error> {
    let report = on(&options.place, async |session| prove(session, options).await)?;
    match options.format {
        Shown::Json => print_json(&report)?,
        Shown::Text => print(&told(&report))?,
    }
    Ok(if report.balances { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn prove(session: &Session, options: &AuditOptions) -> Result<admin_v1::AuditReport, Error> {
    let chain = if options.chain_only { session.chain() } else { String::new() };
    let mut parts = session.admin().audit(admin_v1::AuditRequest { chain }).await?.into_inner();
    let counter = progress::counter("entries proved");
    let mut report = None;
    while let Some(part) = parts.message().await? {
        match part.what {
            Some(What::Progress(so_far)) => counter.set_position(so_far.entries.unsigned_abs()),
            Some(What::Report(last)) => report = Some(last),
            None => {}
        }
    }
    counter.finish_and_clear();
    report.ok_or_else(|| Error::Answer("end of an audit: there is no report".to_owned()))
}

fn told(report: &admin_v1::AuditReport) -> String {
    let mut table = Table::new(&["", ">count"]);
    for count in &report.counts {
        table.row([count.name.clone(), count.count.to_string()]);
    }
    let mut text = table.to_string();
    let seconds = report.elapsed_micros / 1_000_000;
    let millis = report.elapsed_micros / 1_000 % 1_000;
    text.push_str(&format!("in {seconds}.{millis:03} s\n"));
    for finding in &report.findings {
        let owner = if finding.owner.is_empty() { String::new() } else { format!(", {}", finding.owner) };
        let subject =
            if finding.subject.is_empty() { String::new() } else { format!(", {}", finding.subject) };
        text.push_str(&format!("{} {}{owner}{subject}: {}\n", finding.code, finding.chain, finding.text));
    }
    if report.balances {
        text.push_str("everything balances\n");
    } else {
        text.push_str(&format!("{} findings, {} shown\n", report.found, report.findings.len()));
    }
    text
}
