//! `import`: members, coupons and codes from a file.
//!
//! Every row becomes calls that are named by what is in it, so that a row that comes twice, from a second run or after a
//! lost answer, changes nothing. A journal beside the file says how far a run came.

mod calls;
mod journal;
mod rows;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use crate::error::Error;
use crate::progress;
use crate::session::{Session, Where, on};
use crate::table::print;
use calls::{Outcome, Prepared, prepare, send};
use journal::Journal;
use rows::{Form, Row, Rows};

/// Options of `import`.
#[derive(Args)]
#[command(
    after_help = "Columns, or fields of the JSON objects; days are those of the chain's calendar and the last \
    that counts:\n  \
    members  id, cards (several with ;), phone, email, birthday (MM-DD or YYYY-MM-DD), referred_by, points, points_expire\n  \
    coupons  member, campaign, expires, id (anything that tells apart coupons of one member, campaign and expiry)\n  \
    codes    code, campaign (or --campaign)\n\n\
    In Parquet: texts, whole numbers, or days (DATE); never floats. A bad row is told by its number.\n\n\
    The same row again changes nothing. FILE.progress says how far a run came; the same command goes on there."
)]
pub(crate) struct ImportOptions {
    /// What the rows are
    #[arg(value_enum, value_name = "WHAT")]
    pub(crate) what: What,

    /// CSV with a head, JSON lines (.jsonl, .ndjson), or Parquet; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// What is in the file [default: Parquet by its content, the others by its name]
    #[arg(long, value_enum, value_name = "FORM", required_if_eq("file", "-"))]
    form: Option<Form>,

    /// The campaign of codes without a column for it
    #[arg(long, value_name = "CAMPAIGN")]
    pub(crate) campaign: Option<String>,

    #[command(flatten)]
    place: Where,
}

/// What is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// Members, with their points
    Members,
    /// Coupons in members' wallets
    Coupons,
    /// Unique codes of a campaign
    Codes,
}

impl What {
    /// Columns that are understood, the required ones first.
    pub(crate) const fn columns(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            What::Members => {
                (&["id"], &["cards", "phone", "email", "birthday", "referred_by", "points", "points_expire"])
            }
            What::Coupons => (&["member", "campaign"], &["expires", "id"]),
            What::Codes => (&["code"], &["campaign"]),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            What::Members => "members",
            What::Coupons => "coupons",
            What::Codes => "codes",
        }
    }
}

/// Rows that are on their way together; the journal moves on from one such piece to the next.
const ROWS_PER_PIECE: usize = 2_000;

pub(crate) fn run(options: &ImportOptions) -> Result<ExitCode, Error> {
    let form = options.form.unwrap_or_else(|| Form::of(&options.file));
    let mut rows = Rows::open(&options.file, form, options.what)?;
    on(&options.place, async |session| import(session, options, &mut rows).await)
}

async fn import(session: &Session, options: &ImportOptions, rows: &mut Rows) -> Result<ExitCode, Error> {
    let mut journal = Journal::open(session, options)?;
    if journal.rows > 0 {
        anstream::eprintln!("going on after {} rows of an earlier run", journal.rows);
    }
    let bar = progress::bar(rows.length(), options.what.name());
    let name = options.file.display().to_string();
    let told = Told { name: &name, bar: &bar };
    let mut skip = journal.rows;
    loop {
        let (mut piece, mut ended, mut seen) = (Vec::new(), false, 0);
        while piece.len() < ROWS_PER_PIECE {
            let Some(row) = rows.next()? else {
                ended = true;
                break;
            };
            if skip > 0 {
                skip -= 1;
                continue;
            }
            seen += 1;
            match prepared(session, options, row) {
                Ok(prepared) => piece.push(prepared),
                Err((line, problems)) => {
                    journal.bad += 1;
                    told.bad(line, &problems);
                }
            }
        }
        for (line, outcome) in send(session, piece).await? {
            match outcome {
                Outcome::Done => journal.done += 1,
                Outcome::Refused(problems) => {
                    journal.bad += 1;
                    told.bad(line, &problems);
                }
            }
        }
        journal.rows += seen;
        bar.set_position(rows.position());
        if ended {
            break;
        }
        journal.save();
    }
    bar.finish_and_clear();
    journal.remove();
    print(&format!("{name}: {} rows, {} taken, {} bad", journal.rows, journal.done, journal.bad))?;
    if journal.bad > 0 {
        return Err(Error::BadRows { bad: journal.bad, rows: journal.rows });
    }
    Ok(ExitCode::SUCCESS)
}

fn prepared(
    session: &Session,
    options: &ImportOptions,
    row: Row,
) -> Result<(u64, Prepared), (u64, Vec<String>)> {
    let line = row.line;
    prepare(session, options, row).map(|prepared| (line, prepared)).map_err(|problems| (line, problems))
}

/// Where bad rows are told about: one line for each problem, between the drawings of the bar.
struct Told<'a> {
    name: &'a str,
    bar: &'a ProgressBar,
}

impl Told<'_> {
    fn bad(&self, line: u64, problems: &[String]) {
        self.bar.suspend(|| {
            for problem in problems {
                anstream::eprintln!("{}:{line}: {problem}", self.name);
            }
        });
    }
}
