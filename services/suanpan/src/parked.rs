//! `parked`: entries that could not be accrued and wait for a person.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use suanpan_rpc::admin_v1;
use tonic::Code;

use crate::cli::Shown;
use crate::error::Error;
use crate::session::{Session, Where, on, settled};
use crate::table::{Table, moment, print, print_json};

/// Options of `parked`.
#[derive(Args)]
pub(crate) struct ParkedOptions {
    #[command(subcommand)]
    what: ParkedVerb,
}

#[derive(Subcommand)]
enum ParkedVerb {
    /// List them, with the reason of each
    List {
        /// How they are shown
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
        format: Shown,
        #[command(flatten)]
        place: Where,
    },
    /// Try one again, or all of them, after what parked them was mended
    Retry {
        /// The member
        #[arg(value_name = "MEMBER", required_unless_present = "all", requires = "key")]
        member: Option<String>,
        /// The entry as it is listed
        #[arg(value_name = "KEY")]
        key: Option<String>,
        /// All of them
        #[arg(long, conflicts_with_all = ["member", "key"])]
        all: bool,
        #[command(flatten)]
        place: Where,
    },
}

const PAGE: i32 = 200;

pub(crate) fn run(options: &ParkedOptions) -> Result<ExitCode, Error> {
    match &options.what {
        ParkedVerb::List { format, place } => on(place, async |session| list(session, *format).await),
        ParkedVerb::Retry { member, key, place, .. } => on(place, async |session| {
            let entries = match (member, key) {
                (Some(member), Some(key)) => vec![(member.clone(), key.clone())],
                _ => all(session).await?.into_iter().map(|entry| (entry.member_id, entry.key)).collect(),
            };
            retry(session, entries).await
        }),
    }
}

async fn all(session: &Session) -> Result<Vec<admin_v1::ParkedEntry>, Error> {
    let (mut entries, mut page_token) = (Vec::new(), String::new());
    loop {
        let chain = session.chain();
        let request = admin_v1::ListParkedRequest { chain, page_size: PAGE, page_token };
        let page = session.admin().list_parked(request).await?.into_inner();
        entries.extend(page.entries);
        if page.next_page_token.is_empty() {
            return Ok(entries);
        }
        page_token = page.next_page_token;
    }
}

async fn list(session: &Session, format: Shown) -> Result<ExitCode, Error> {
    let entries = all(session).await?;
    if format == Shown::Json {
        for entry in &entries {
            print_json(entry)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["member", "entry", "since", "why"]);
    for entry in entries {
        let since = moment(entry.parked_unix_ms, &session.time_zone);
        table.row([entry.member_id, entry.key, since, entry.why]);
    }
    print(&if table.is_empty() { "nothing is parked".to_owned() } else { table.to_string() })?;
    Ok(ExitCode::SUCCESS)
}

async fn retry(session: &Session, entries: Vec<(String, String)>) -> Result<ExitCode, Error> {
    let mut stay = false;
    for (member_id, key) in entries {
        let request = admin_v1::RetryParkedRequest {
            chain: session.chain(),
            actor: session.actor_because("retried"),
            member_id: member_id.clone(),
            key: key.clone(),
        };
        let call = || async { session.admin().retry_parked(request.clone()).await };
        let accrued = match settled(call).await {
            Ok(answer) => answer.into_inner().accrued,
            // A return whose sale is parked for a reason of its own stays.
            Err(status) if status.code() == Code::FailedPrecondition => false,
            Err(status) => return Err(status.into()),
        };
        stay |= !accrued;
        print(&format!("{member_id} {key}: {}", if accrued { "accrued" } else { "still parked" }))?;
    }
    Ok(if stay { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
