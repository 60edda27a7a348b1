//! `publish`: a program into the store.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use suanpan_pricing_node::Chain;
use suanpan_rpc::admin_v1;

use crate::cli::Shown;
use crate::error::Error;
use crate::session::{Session, Where, settled};
use crate::table::{Table, amount, print, print_json};

/// Options of `publish`.
#[derive(Args)]
pub(crate) struct PublishOptions {
    /// The program: a YAML file or a folder of them. A catalogue beside it stays with the node
    #[arg(value_name = "PROGRAM")]
    program: PathBuf,

    /// Only say what would change
    #[arg(long)]
    dry_run: bool,

    /// How the answer is shown
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Shown,

    #[command(flatten)]
    place: Where,
}

pub(crate) fn run(options: &PublishOptions) -> Result<ExitCode, Error> {
    // Checked here first: all problems with their places, whatever the node says.
    let (chain, files) = Chain::load_files(&options.program, None)?;
    let message = admin_v1::PublishRequest {
        actor: None,
        files: files
            .iter()
            .map(|file| admin_v1::ProgramFile { name: file.name.to_string(), text: file.text.to_string() })
            .collect(),
        dry_run: options.dry_run,
    };
    let runtime = tokio::runtime::Runtime::new().map_err(Error::Runtime)?;
    runtime.block_on(async {
        let session = Session::open_with(&options.place, Some(chain)).await?;
        let published = publish(&session, options, message).await;
        session.close().await;
        published
    })
}

async fn publish(
    session: &Session,
    options: &PublishOptions,
    message: admin_v1::PublishRequest,
) -> Result<ExitCode, Error> {
    let message = admin_v1::PublishRequest { actor: session.actor(), ..message };
    let call = || async { session.admin().publish(message.clone()).await };
    let published = settled(call).await?.into_inner();
    match options.format {
        Shown::Json => print_json(&published)?,
        Shown::Text => print(&told(session, &published, options.dry_run))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn told(session: &Session, published: &admin_v1::PublishResponse, dry_run: bool) -> String {
    let admin_v1::PublishResponse { chain, version, previous_version, generation, .. } = published;
    let mut text = String::new();
    for warning in &published.warnings {
        text.push_str(&format!("{warning}\n"));
    }
    text.push_str(&match (dry_run, version == previous_version) {
        (_, true) => format!("{chain}: version {version} is in force already, nothing changes\n"),
        (true, false) => {
            format!("{chain}: version {version} would come after {}\n", or_none(previous_version))
        }
        (false, false) => format!(
            "{chain}: version {version} is in force, activation {generation}, after {}\n",
            or_none(previous_version)
        ),
    });
    for change in &published.changes {
        text.push_str(&format!("  {change}\n"));
    }
    if !published.limits.is_empty() {
        let mut table = Table::new(&["limit", ">uses", &format!(">{}", session.node.currency), ""]);
        for limit in &published.limits {
            let uses = limit.uses.map_or("-".to_owned(), |uses| uses.to_string());
            let budget = limit.amount_minor.map_or("-".to_owned(), |minor| amount(minor, session.currency));
            let note = if limit.raised { "raised to what is used and held" } else { "" };
            table.row([limit.offer.clone(), uses, budget, note.to_owned()]);
        }
        text.push_str(&table.to_string());
    }
    text
}

fn or_none(version: &str) -> &str {
    if version.is_empty() { "none" } else { version }
}
