//! What a row becomes: calls that are named by what is in it.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use suanpan_domain::ReturnId;
use suanpan_rpc::decode;
use suanpan_rpc::member_v1::{AdjustRequest, EnrolRequest, GrantCouponRequest};
use suanpan_rpc::problem::Problems;
use tokio::task::JoinSet;
use tonic::Status;

use super::rows::Row;
use super::{ImportOptions, What};
use crate::codes;
use crate::error::{Error, is_refusal, violations};
use crate::member::birthday;
use crate::session::{Session, settled};
use crate::table::{day_of, end_of_day};

/// Calls that are on their way at once: enough for the store to commit in groups.
const CALLS_MAX: usize = 64;

/// A row that is in order by itself.
pub(super) enum Prepared {
    Member { enrol: Box<EnrolRequest>, adjust: Option<Box<AdjustRequest>> },
    Coupon(Box<GrantCouponRequest>),
    Code { campaign: String, code: String },
}

/// What became of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Refused(Vec<String>),
}

/// Checks a row as the node will, and names its calls.
///
/// # Errors
/// Every problem of the row.
pub(super) fn prepare(session: &Session, options: &ImportOptions, row: Row) -> Result<Prepared, Vec<String>> {
    let mut problems = row.problems.clone();
    if row.cells.is_empty() && !problems.is_empty() {
        return Err(problems);
    }
    let prepared = match options.what {
        What::Members => member(session, &row, &mut problems),
        What::Coupons => coupon(session, &row, &mut problems),
        What::Codes => code(session, options, &row, &mut problems),
    };
    if problems.is_empty() { Ok(prepared) } else { Err(problems) }
}

/// The UUID of a call about these texts: the same texts, the same call.
fn named(session: &Session, texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update("suanpan import\0");
    hash.update(&session.node.chain);
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    // Version 8: made by a rule of our own.
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    ReturnId::from_bytes(id).to_string()
}

/// What a call's own check found, with columns instead of fields.
fn add(found: Option<Problems>, columns: &[(&str, &str)], problems: &mut Vec<String>) {
    let Some(found) = found else { return };
    for problem in found.kept() {
        let column = columns.iter().find(|(field, _)| *field == problem.field).map(|(_, column)| *column);
        let text = format!("{} {}", column.unwrap_or(&problem.field), problem.fault);
        if !problems.contains(&text) {
            problems.push(text);
        }
    }
}

fn day(session: &Session, row: &Row, column: &str, problems: &mut Vec<String>) -> i64 {
    let text = row.text(column);
    if text.is_empty() {
        return 0;
    }
    end_of_day(text, &session.time_zone).unwrap_or_else(|why| {
        problems.push(format!("{column}: {why}"));
        0
    })
}

fn member(session: &Session, row: &Row, problems: &mut Vec<String>) -> Prepared {
    let id = row.text("id").to_owned();
    let cards = row.text("cards").split(';').map(str::trim).filter(|card| !card.is_empty());
    let born = match row.text("birthday") {
        "" => None,
        // A whole date: the year is not kept.
        text => {
            let day = if text.len() == 10 { text.get(5..).unwrap_or(text) } else { text };
            birthday(day).map_err(|why| problems.push(format!("birthday: {why}"))).ok()
        }
    };
    let enrol = EnrolRequest {
        chain: session.chain(),
        actor: session.actor_because("import"),
        request_id: named(session, &["member", &id]),
        member_id: id.clone(),
        cards: cards.map(str::to_owned).collect(),
        phone: row.text("phone").to_owned(),
        email: row.text("email").to_owned(),
        birthday: born,
        referred_by: row.text("referred_by").to_owned(),
    };
    if id.is_empty() {
        problems.push("id is required".to_owned());
    }
    add(decode::enrol(enrol.clone(), &session.node.chain).err(), &[("member_id", "id")], problems);
    let expires_unix_ms = day(session, row, "points_expire", problems);
    let points = match row.text("points") {
        "" | "0" => None,
        text => text
            .parse::<i64>()
            .map_err(|_| problems.push(format!("points: {text:?} is no whole number")))
            .ok(),
    };
    if points.is_some_and(|points| points < 0) {
        problems.push("points are less than 0: a member who is new has none to lose".to_owned());
    }
    let adjust = points.map(|points| AdjustRequest {
        chain: session.chain(),
        actor: session.actor_because("import"),
        request_id: named(session, &["points", &id]),
        member_id: id.clone(),
        points,
        expires_unix_ms,
    });
    if let Some(adjust) = &adjust {
        let found = decode::adjust(adjust.clone(), &session.node.chain).err();
        // An id that is wrong was told about with the enrolment.
        let found = found.filter(|found| found.kept().iter().any(|problem| problem.field != "member_id"));
        add(found, &[("member_id", "id"), ("expires_unix_ms", "points_expire")], problems);
    }
    Prepared::Member { enrol: Box::new(enrol), adjust: adjust.map(Box::new) }
}

fn coupon(session: &Session, row: &Row, problems: &mut Vec<String>) -> Prepared {
    let (member, campaign) = (row.text("member"), row.text("campaign"));
    let expires_unix_ms = day(session, row, "expires", problems);
    let grant = GrantCouponRequest {
        chain: session.chain(),
        actor: session.actor_because("import"),
        request_id: named(session, &["coupon", member, campaign, row.text("expires"), row.text("id")]),
        member_id: member.to_owned(),
        campaign: campaign.to_owned(),
        expires_unix_ms,
    };
    let columns = &[("member_id", "member"), ("expires_unix_ms", "expires")];
    add(decode::grant_coupon(grant.clone(), &session.node.chain).err(), columns, problems);
    if !campaign.is_empty() && !session.node.coupon_campaigns.iter().any(|known| known == campaign) {
        problems.push(format!("campaign: the program has no coupon campaign {campaign}"));
    }
    Prepared::Coupon(Box::new(grant))
}

fn code(session: &Session, options: &ImportOptions, row: &Row, problems: &mut Vec<String>) -> Prepared {
    let code = row.text("code").to_owned();
    let campaign = match row.text("campaign") {
        "" => options.campaign.clone().unwrap_or_default(),
        campaign => campaign.to_owned(),
    };
    if code.is_empty() {
        problems.push("code is required".to_owned());
    }
    let known = session.node.code_campaigns.iter().find(|known| known.id == campaign);
    match known {
        None if campaign.is_empty() => {
            problems.push("campaign is required, in the row or by --campaign".to_owned());
        }
        None => problems.push(format!("campaign: the program has no campaign {campaign} with unique codes")),
        Some(known) => {
            if !code.is_empty() && !code.starts_with(&known.prefix) {
                problems.push(format!("code: those of {campaign} begin with {}", known.prefix));
            }
            if !code.is_empty() && usize::try_from(known.length) != Ok(code.len()) {
                problems.push(format!("code: those of {campaign} have {} characters", known.length));
            }
        }
    }
    Prepared::Code { campaign, code }
}

/// Sends rows, many at once, and says what became of each, in the order of their lines.
///
/// # Errors
/// The first call that was not answered with yes or no.
pub(super) async fn send(
    session: &Session,
    piece: Vec<(u64, Prepared)>,
) -> Result<Vec<(u64, Outcome)>, Error> {
    let mut outcomes = Vec::with_capacity(piece.len());
    let mut codes: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    let mut calls = JoinSet::new();
    let mut under_way = BTreeSet::new();
    for (line, prepared) in piece {
        let members = session.members();
        match prepared {
            Prepared::Code { campaign, code } => codes.entry(campaign).or_default().push((line, code)),
            Prepared::Member { enrol, adjust } => {
                let names = names(&enrol);
                if names.iter().any(|name| under_way.contains(name)) {
                    // Of two rows with one name the first one wins, on whatever machine.
                    while let Some(outcome) = joined(&mut calls).await {
                        outcomes.push(outcome?);
                    }
                    under_way.clear();
                }
                under_way.extend(names);
                let over = adjust.as_ref().filter(|adjust| is_over(adjust)).map(|adjust| {
                    let day = day_of(adjust.expires_unix_ms, &session.time_zone);
                    Status::invalid_argument(format!("points_expire: {day} is over"))
                });
                calls.spawn(async move {
                    // Taken when their day was still to come they are answered so again; else nothing of the row is taken.
                    if let (Some(over), Some(adjust)) = (over, &adjust) {
                        let taken =
                            settled(|| async { members.clone().adjust((**adjust).clone()).await }).await;
                        if let Err(status) = taken {
                            return (line, Err(if is_refusal(&status) { over } else { status }));
                        }
                    }
                    let enrolled = settled(|| async { members.clone().enrol((*enrol).clone()).await }).await;
                    let answer = match (enrolled, adjust) {
                        (Ok(_), Some(adjust)) => {
                            settled(|| async { members.clone().adjust((*adjust).clone()).await }).await
                        }
                        (answer, _) => answer,
                    };
                    (line, answer.map(|_| ()))
                });
            }
            Prepared::Coupon(grant) => {
                calls.spawn(async move {
                    let granted = settled(|| async { members.clone().grant_coupon((*grant).clone()).await });
                    (line, granted.await.map(|_| ()))
                });
            }
        }
        if calls.len() >= CALLS_MAX {
            outcomes.extend(joined(&mut calls).await.transpose()?);
        }
    }
    while let Some(outcome) = joined(&mut calls).await {
        outcomes.push(outcome?);
    }
    for (campaign, codes) in codes {
        outcomes.extend(add_codes(session, &campaign, codes).await?);
    }
    outcomes.sort_by_key(|(line, _)| *line);
    Ok(outcomes)
}

/// Whether the points of a row expired already.
fn is_over(adjust: &AdjustRequest) -> bool {
    adjust.expires_unix_ms != 0 && adjust.expires_unix_ms <= jiff::Timestamp::now().as_millisecond()
}

/// What a new member takes for itself: its id and all that leads to it.
fn names(enrol: &EnrolRequest) -> Vec<(&'static str, String)> {
    let digits = enrol.phone.chars().filter(char::is_ascii_digit).collect();
    let cards = enrol.cards.iter().map(|card| ("card", card.clone()));
    let others =
        [("id", enrol.member_id.clone()), ("phone", digits), ("email", enrol.email.trim().to_lowercase())];
    others.into_iter().chain(cards).filter(|(_, name)| !name.is_empty()).collect()
}

/// The next call that ended; none when none is on its way.
async fn joined(calls: &mut JoinSet<(u64, Result<(), Status>)>) -> Option<Result<(u64, Outcome), Error>> {
    let (line, answer) = match calls.join_next().await? {
        Ok(ended) => ended,
        Err(error) => return Some(Err(Error::Call(error.to_string()))),
    };
    Some(match answer {
        Ok(()) => Ok((line, Outcome::Done)),
        Err(status) if is_refusal(&status) => {
            let mut problems = violations(&status);
            if problems.is_empty() {
                problems.push(status.message().to_owned());
            }
            Ok((line, Outcome::Refused(problems)))
        }
        Err(status) => Err(status.into()),
    })
}

async fn add_codes(
    session: &Session,
    campaign: &str,
    codes: Vec<(u64, String)>,
) -> Result<Vec<(u64, Outcome)>, Error> {
    let texts = codes.iter().map(|(_, code)| code.clone()).collect();
    let added = codes::add(session, campaign, texts, false).await?;
    let mut outcomes: Vec<(u64, Outcome)> =
        codes.into_iter().map(|(line, _)| (line, Outcome::Done)).collect();
    for place in added.taken {
        if let Some((_, outcome)) = usize::try_from(place).ok().and_then(|place| outcomes.get_mut(place)) {
            *outcome = Outcome::Refused(vec!["code: it belongs to another campaign".to_owned()]);
        }
    }
    Ok(outcomes)
}
