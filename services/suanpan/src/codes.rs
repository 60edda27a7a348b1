//! `codes`: unique codes of a coupon campaign, in bulk.

mod alphabet;
mod file;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use suanpan_rpc::admin_v1::{AddCodesRequest, AddCodesResponse, CodeCampaign};

use crate::error::Error;
use crate::progress;
use crate::session::{Session, Where, on, settled};
use crate::table::print;
use alphabet::{Form, SPACE_PER_CODE_MIN};
use file::CodesFile;

/// Options of `codes`.
#[derive(Args)]
pub(crate) struct CodesOptions {
    #[command(subcommand)]
    what: CodesVerb,
}

#[derive(Subcommand)]
enum CodesVerb {
    /// Make codes into a CSV file and into the store. Prefix and length are the program's; then come random characters of
    /// 23456789ABCDEFGHJKMNPQRSTVWXYZ, which nobody mixes up, and a check character: Luhn mod 30 over what follows the
    /// prefix. A file that is there is completed to the count, so that a run that was cut short is run again.
    Generate(GenerateOptions),
    /// Say whether codes are written correctly, by their check characters, without asking the store who used them
    Verify {
        /// The coupon campaign
        #[arg(value_name = "CAMPAIGN")]
        campaign: String,
        /// The codes
        #[arg(value_name = "CODE", required = true)]
        codes: Vec<String>,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Args)]
struct GenerateOptions {
    /// The coupon campaign, as the program names it
    #[arg(value_name = "CAMPAIGN")]
    campaign: String,

    /// How many codes the file has in the end
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    count: u64,

    /// The file, with the columns campaign and code
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    place: Where,
}

/// Codes of one call.
pub(crate) const BATCH: usize = 5_000;

pub(crate) fn run(options: &CodesOptions) -> Result<ExitCode, Error> {
    match &options.what {
        CodesVerb::Generate(options) => on(&options.place, async |session| generate(session, options).await),
        CodesVerb::Verify { campaign, codes, place } => {
            on(place, async |session| verify(&form(session, campaign)?, codes))
        }
    }
}

/// The campaign of a node, by its id.
pub(crate) fn campaign<'a>(session: &'a Session, id: &str) -> Result<&'a CodeCampaign, Error> {
    let campaigns = &session.node.code_campaigns;
    campaigns.iter().find(|campaign| campaign.id == id).ok_or_else(|| {
        let known: Vec<&str> = campaigns.iter().map(|campaign| campaign.id.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Error::Input(format!(
            "the program has no campaign {id} with unique codes\n  help: those with unique codes are: {known}"
        ))
    })
}

fn form(session: &Session, id: &str) -> Result<Form, Error> {
    let campaign = campaign(session, id)?;
    let length = usize::try_from(campaign.length).unwrap_or(0);
    Form::new(&campaign.prefix, length).ok_or_else(|| {
        Error::Input(format!(
            "codes of {id} are too short: {length} characters with the prefix {}\n  help: two more characters than the prefix is the least; let the program ask for ten more",
            campaign.prefix
        ))
    })
}

fn verify(form: &Form, codes: &[String]) -> Result<ExitCode, Error> {
    let mut wrong = false;
    for code in codes {
        let right = form.is_right(code);
        wrong |= !right;
        print(&format!("{code}  {}", if right { "right" } else { "wrong" }))?;
    }
    Ok(if wrong { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

async fn generate(session: &Session, options: &GenerateOptions) -> Result<ExitCode, Error> {
    let form = form(session, &options.campaign)?;
    if form.space() < u128::from(options.count) * SPACE_PER_CODE_MIN {
        return Err(Error::Input(format!(
            "{} codes of {} characters could be guessed\n  help: let the program ask for longer codes of {}",
            options.count, form.length, options.campaign
        )));
    }
    let mut file = CodesFile::open(&options.out, &options.campaign)?;
    let bar = progress::bar(options.count, "codes");
    let before = add_again(session, options, &mut file, &form, &bar).await?;
    let mut made = before;
    while made < options.count {
        let wanted = usize::try_from(options.count - made).unwrap_or(BATCH).min(BATCH);
        let codes = (0..wanted).map(|_| form.random()).collect::<Result<Vec<_>, _>>()?;
        // The store first: a code that is in the file works, and a code that the store knew is nobody else's.
        let added = add(session, &options.campaign, codes.clone(), true).await?;
        let mut taken = vec![false; codes.len()];
        for place in added.not_new {
            if let Some(taken) = usize::try_from(place).ok().and_then(|place| taken.get_mut(place)) {
                *taken = true;
            }
        }
        let new: Vec<&String> =
            codes.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(code, _)| code).collect();
        file.append(&new)?;
        made += new.len() as u64;
        bar.set_position(made);
    }
    bar.finish_and_clear();
    print(&format!(
        "{}: {made} codes of {}, {} of them new",
        options.out.display(),
        options.campaign,
        made - before
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Adds what the file has already: a store that was restored from an older copy may not know it.
async fn add_again(
    session: &Session,
    options: &GenerateOptions,
    file: &mut CodesFile,
    form: &Form,
    bar: &ProgressBar,
) -> Result<u64, Error> {
    let mut codes = file.codes()?;
    let (mut before, mut batch) = (0, Vec::with_capacity(BATCH));
    loop {
        let code = codes.next().transpose()?;
        let ended = code.is_none();
        if let Some(code) = code {
            if !form.is_right(&code) {
                return Err(Error::Input(format!(
                    "{}: {code} is no code of {}, such as the program asks for now\n  help: write to another file",
                    options.out.display(),
                    options.campaign
                )));
            }
            batch.push(code);
        }
        if batch.len() == BATCH || ended && !batch.is_empty() {
            before += batch.len() as u64;
            add(session, &options.campaign, std::mem::take(&mut batch), false).await?;
            bar.set_position(before);
        }
        if ended {
            return Ok(before);
        }
    }
}

/// Adds codes to the store.
pub(crate) async fn add(
    session: &Session,
    campaign: &str,
    codes: Vec<String>,
    only_new: bool,
) -> Result<AddCodesResponse, Error> {
    let request = AddCodesRequest {
        chain: session.chain(),
        actor: session.actor(),
        campaign: campaign.to_owned(),
        codes,
        only_new,
    };
    let added = settled(|| async { session.admin().add_codes(request.clone()).await }).await?;
    Ok(added.into_inner())
}
