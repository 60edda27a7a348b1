//! `export`: members, sales or entries as JSON lines.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use suanpan_rpc::admin_v1;

use crate::error::Error;
use crate::progress;
use crate::session::{Session, Where, beside, on};

/// Options of `export`.
#[derive(Args)]
pub(crate) struct ExportOptions {
    /// What
    #[arg(value_enum, value_name = "WHAT")]
    what: What,

    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Sales with their quotes, line by line
    #[arg(long)]
    quotes: bool,

    #[command(flatten)]
    place: Where,
}

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// suanpan.member.v1.Member, one a line
    Members,
    /// suanpan.checkout.v1.Checkout with returns, one a line
    Checkouts,
    /// suanpan.member.v1.Entry with its member's id, one a line
    Entries,
}

pub(crate) fn run(options: &ExportOptions) -> Result<ExitCode, Error> {
    on(&options.place, async |session| match &options.out {
        None => {
            let mut out = std::io::stdout().lock();
            write(session, options, &mut out, Path::new("standard output")).await.map(|_| ())
        }
        Some(path) => to_file(session, options, path).await,
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Writes beside the file and moves the whole over it, so that a half export is never taken for one.
async fn to_file(session: &Session, options: &ExportOptions, path: &Path) -> Result<(), Error> {
    let part = beside(path, ".part");
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let file = File::create(&part).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let rows = write(session, options, &mut out, path).await?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&part, path).map_err(failed)?;
    anstream::eprintln!("{}: {rows} rows", path.display());
    Ok(())
}

async fn write(
    session: &Session,
    options: &ExportOptions,
    out: &mut impl Write,
    path: &Path,
) -> Result<u64, Error> {
    let kind = match options.what {
        What::Members => admin_v1::ExportKind::Members,
        What::Checkouts => admin_v1::ExportKind::Checkouts,
        What::Entries => admin_v1::ExportKind::Entries,
    };
    let request =
        admin_v1::ExportRequest { chain: session.chain(), kind: kind.into(), quotes: options.quotes };
    let mut parts = session.admin().export(request).await?.into_inner();
    // A bar would run through what is printed on the same terminal.
    let counter = options.out.as_ref().map(|_| progress::counter("rows"));
    let mut rows = 0;
    while let Some(part) = parts.message().await? {
        let mut lines: Vec<Value> = Vec::new();
        for member in &part.members {
            lines.push(serde_json::to_value(member).map_err(Error::Json)?);
        }
        for checkout in &part.checkouts {
            lines.push(serde_json::to_value(checkout).map_err(Error::Json)?);
        }
        for entry in &part.entries {
            lines.push(json!({ "memberId": entry.member_id, "entry": entry.entry }));
        }
        for line in &lines {
            writeln!(out, "{line}").map_err(|source| Error::Write { path: path.to_owned(), source })?;
        }
        rows += lines.len() as u64;
        if let Some(counter) = &counter {
            counter.set_position(rows);
        }
    }
    if let Some(counter) = counter {
        counter.finish_and_clear();
    }
    out.flush().map_err(|source| Error::Write { path: path.to_owned(), source })?;
    Ok(rows)
}
