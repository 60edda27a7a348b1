//! `member`: looking at members, enrolling them, changing them by hand.

mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use suanpan_rpc::member_v1::{
    self, AdjustRequest, BlockRequest, CloseRequest, EnrolRequest, GetRequest, GrantCouponRequest,
    ListEntriesRequest, MemberKey, MergeRequest, RecordActivityRequest, RevokeCouponRequest, TransferRequest,
    member_key::Key,
};
use suanpan_rpc::v1;
use tonic::{Response, Status};

use crate::cli::Shown;
use crate::error::Error;
use crate::session::{Session, Where, new_id, on, settled};
use crate::table::{end_of_day, print, print_json};

/// Options of `member`.
#[derive(Args)]
pub(crate) struct MemberOptions {
    #[command(subcommand)]
    what: MemberVerb,
}

/// What the changes of a member have in common.
#[derive(Args)]
struct Change {
    /// Names the call, a UUID: the same id again changes nothing [default: a new one]
    #[arg(long, value_name = "UUID")]
    request_id: Option<String>,

    /// How the member is shown afterwards
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Shown,

    #[command(flatten)]
    place: Where,
}

#[derive(Subcommand)]
enum MemberVerb {
    /// Show a member: points with their lots, tier and what is missing for the next, coupons
    Get {
        /// The member's id
        #[arg(value_name = "MEMBER", required_unless_present_any = ["card", "phone", "email"])]
        id: Option<String>,
        /// By the number of a card
        #[arg(long, value_name = "NUMBER", conflicts_with_all = ["id", "phone", "email"])]
        card: Option<String>,
        /// By a telephone number
        #[arg(long, value_name = "NUMBER", conflicts_with_all = ["id", "email"])]
        phone: Option<String>,
        /// By an e-mail address
        #[arg(long, value_name = "ADDRESS", conflicts_with = "id")]
        email: Option<String>,
        /// How the member is shown
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
        format: Shown,
        #[command(flatten)]
        place: Where,
    },
    /// Begin a member
    Enrol {
        /// The member's id [default: made from the request's]
        #[arg(value_name = "MEMBER")]
        id: Option<String>,
        /// A card that leads to the member; may be given several times
        #[arg(long = "card", value_name = "NUMBER")]
        cards: Vec<String>,
        /// A telephone number that leads to the member
        #[arg(long, value_name = "NUMBER", default_value = "", hide_default_value = true)]
        phone: String,
        /// An e-mail address that leads to the member
        #[arg(long, value_name = "ADDRESS", default_value = "", hide_default_value = true)]
        email: String,
        /// Month and day of birth
        #[arg(long, value_name = "MM-DD", value_parser = birthday)]
        birthday: Option<v1::Birthday>,
        /// The member who brought this one
        #[arg(long, value_name = "MEMBER", default_value = "", hide_default_value = true)]
        referred_by: String,
        #[command(flatten)]
        change: Change,
    },
    /// Points up or down, by hand
    Adjust {
        #[arg(value_name = "MEMBER")]
        id: String,
        /// Up, or down with a minus; below nothing becomes debt
        #[arg(value_name = "POINTS", allow_negative_numbers = true)]
        points: i64,
        /// The last day on which new points can be spent [default: as points that are earned today]
        #[arg(long, value_name = "DAY")]
        expires: Option<String>,
        #[command(flatten)]
        change: Change,
    },
    /// Put a coupon into the wallet
    Grant {
        #[arg(value_name = "MEMBER")]
        id: String,
        /// The coupon campaign, as the program names it
        #[arg(value_name = "CAMPAIGN")]
        campaign: String,
        /// The last day on which it can be used [default: for ever]
        #[arg(long, value_name = "DAY")]
        expires: Option<String>,
        #[command(flatten)]
        change: Change,
    },
    /// Take a coupon out of the wallet
    Revoke {
        #[arg(value_name = "MEMBER")]
        id: String,
        /// The coupon's id, as `member get` shows it
        #[arg(value_name = "COUPON")]
        coupon: String,
        #[command(flatten)]
        change: Change,
    },
    /// Block spending, or let it again with --off
    Block {
        #[arg(value_name = "MEMBER")]
        id: String,
        /// End the block
        #[arg(long)]
        off: bool,
        #[command(flatten)]
        change: Change,
    },
    /// Make one member of two: the source closes, the survivor gets what it had
    Merge {
        #[arg(value_name = "SURVIVOR")]
        survivor: String,
        #[arg(value_name = "SOURCE")]
        source: String,
        #[command(flatten)]
        change: Change,
    },
    /// Send points to another member
    Transfer {
        #[arg(value_name = "FROM")]
        id: String,
        #[arg(value_name = "TO")]
        to: String,
        #[arg(value_name = "POINTS")]
        points: i64,
        #[command(flatten)]
        change: Change,
    },
    /// Close the account: points lapse
    Close {
        #[arg(value_name = "MEMBER")]
        id: String,
        #[command(flatten)]
        change: Change,
    },
    /// Reward something else than buying
    Activity {
        #[arg(value_name = "MEMBER")]
        id: String,
        /// The activity, as the program names it
        #[arg(value_name = "ACTIVITY")]
        activity: String,
        #[command(flatten)]
        change: Change,
    },
    /// Show the account's statement, the newest first
    Entries {
        #[arg(value_name = "MEMBER")]
        id: String,
        /// At most so many entries
        #[arg(long, value_name = "COUNT", default_value = "50")]
        limit: usize,
        /// How they are shown
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
        format: Shown,
        #[command(flatten)]
        place: Where,
    },
}

/// Month and day of birth, such as 02-29.
pub(crate) fn birthday(text: &str) -> Result<v1::Birthday, String> {
    let parts = text.trim().split_once('-');
    let numbers = parts.and_then(|(month, day)| Some((month.parse().ok()?, day.parse().ok()?)));
    let (month, day) = numbers.ok_or_else(|| format!("{text:?} is no month and day such as 02-29"))?;
    Ok(v1::Birthday { month, day })
}

pub(crate) fn run(options: &MemberOptions) -> Result<ExitCode, Error> {
    use MemberVerb as V;
    match &options.what {
        V::Get { id, card, phone, email, format, place } => {
            let key = match (id, card, phone, email) {
                (Some(id), ..) => Key::Id(id.clone()),
                (None, Some(card), ..) => Key::Card(card.clone()),
                (None, None, Some(phone), _) => Key::Phone(phone.clone()),
                (None, None, None, email) => Key::Email(email.clone().unwrap_or_default()),
            };
            on(place, async |session| get(session, key.clone(), *format).await)
        }
        V::Enrol { id, cards, phone, email, birthday, referred_by, change } => {
            let request = EnrolRequest {
                member_id: id.clone().unwrap_or_default(),
                cards: cards.clone(),
                phone: phone.clone(),
                email: email.clone(),
                birthday: *birthday,
                referred_by: referred_by.clone(),
                ..EnrolRequest::default()
            };
            changed(change, async |session, by| {
                let request = by.of(EnrolRequest { ..request.clone() });
                settled(|| async { session.members().enrol(request.clone()).await }).await
            })
        }
        V::Adjust { id, points, expires, change } => changed(change, async |session, by| {
            let expires_unix_ms = by.expiry(expires.as_deref())?;
            let request = by.of(AdjustRequest {
                member_id: id.clone(),
                points: *points,
                expires_unix_ms,
                ..Default::default()
            });
            settled(|| async { session.members().adjust(request.clone()).await }).await
        }),
        V::Grant { id, campaign, expires, change } => changed(change, async |session, by| {
            let expires_unix_ms = by.expiry(expires.as_deref())?;
            let (member_id, campaign) = (id.clone(), campaign.clone());
            let request =
                by.of(GrantCouponRequest { member_id, campaign, expires_unix_ms, ..Default::default() });
            settled(|| async { session.members().grant_coupon(request.clone()).await }).await
        }),
        V::Revoke { id, coupon, change } => changed(change, async |session, by| {
            let (member_id, coupon_id) = (id.clone(), coupon.clone());
            let request = by.of(RevokeCouponRequest { member_id, coupon_id, ..Default::default() });
            settled(|| async { session.members().revoke_coupon(request.clone()).await }).await
        }),
        V::Block { id, off, change } => changed(change, async |session, by| {
            let request = by.of(BlockRequest { member_id: id.clone(), blocked: !off, ..Default::default() });
            settled(|| async { session.members().block(request.clone()).await }).await
        }),
        V::Merge { survivor, source, change } => changed(change, async |session, by| {
            let (survivor_id, source_id) = (survivor.clone(), source.clone());
            let request = by.of(MergeRequest { survivor_id, source_id, ..Default::default() });
            settled(|| async { session.members().merge(request.clone()).await }).await
        }),
        V::Transfer { id, to, points, change } => changed(change, async |session, by| {
            let (member_id, to_member_id) = (id.clone(), to.clone());
            let request =
                by.of(TransferRequest { member_id, to_member_id, points: *points, ..Default::default() });
            settled(|| async { session.members().transfer(request.clone()).await }).await
        }),
        V::Close { id, change } => changed(change, async |session, by| {
            let request = by.of(CloseRequest { member_id: id.clone(), ..Default::default() });
            settled(|| async { session.members().close(request.clone()).await }).await
        }),
        V::Activity { id, activity, change } => changed(change, async |session, by| {
            let (member_id, activity) = (id.clone(), activity.clone());
            let request = by.of(RecordActivityRequest { member_id, activity, ..Default::default() });
            settled(|| async { session.members().record_activity(request.clone()).await }).await
        }),
        V::Entries { id, limit, format, place } => {
            on(place, async |session| entries(session, id, *limit, *format).await)
        }
    }
}

/// Who changes, and the name of the call.
struct By<'a> {
    session: &'a Session,
    request_id: String,
}

/// A request that names its call.
trait Named {
    fn name(&mut self, chain: String, actor: Option<member_v1::Actor>, request_id: String);
}

macro_rules! named {
    ($($request:ident),*) => {$(
        impl Named for $request {
            fn name(&mut self, chain: String, actor: Option<member_v1::Actor>, request_id: String) {
                (self.chain, self.actor, self.request_id) = (chain, actor, request_id);
            }
        }
    )*};
}

named!(
    EnrolRequest,
    AdjustRequest,
    GrantCouponRequest,
    RevokeCouponRequest,
    BlockRequest,
    MergeRequest,
    TransferRequest,
    CloseRequest,
    RecordActivityRequest
);

impl By<'_> {
    fn of<T: Named>(&self, mut request: T) -> T {
        request.name(self.session.chain(), self.session.actor(), self.request_id.clone());
        request
    }

    /// The end of a day of the chain's calendar; 0 for none.
    fn expiry(&self, day: Option<&str>) -> Result<i64, Status> {
        let wrong = |why| Status::invalid_argument(format!("--expires: {why}"));
        day.map_or(Ok(0), |day| end_of_day(day, &self.session.time_zone).map_err(wrong))
    }
}

fn changed(
    change: &Change,
    call: impl AsyncFnOnce(&Session, &By<'_>) -> Result<Response<member_v1::Member>, Status>,
) -> Result<ExitCode, Error> {
    let request_id = new_id(change.request_id.as_deref())?;
    on(&change.place, async |session| {
        let by = By { session, request_id };
        let member = call(session, &by).await.map_err(|status| {
            if status.code() == tonic::Code::Unavailable {
                anstream::eprintln!("To send the same call again, add --request-id {}", by.request_id);
            }
            Error::from(status)
        })?;
        shown(session, &member.into_inner(), change.format)
    })
}

fn shown(session: &Session, member: &member_v1::Member, format: Shown) -> Result<ExitCode, Error> {
    match format {
        Shown::Json => print_json(member)?,
        Shown::Text => print(&show::member(session, member))?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn get(session: &Session, key: Key, format: Shown) -> Result<ExitCode, Error> {
    let request = GetRequest {
        chain: session.chain(),
        actor: session.actor(),
        member: Some(MemberKey { key: Some(key) }),
    };
    let member = settled(|| async { session.members().get(request.clone()).await }).await?;
    shown(session, &member.into_inner(), format)
}

async fn entries(session: &Session, id: &str, limit: usize, format: Shown) -> Result<ExitCode, Error> {
    const PAGE: usize = 200;
    let (mut rows, mut page_token) = (Vec::new(), String::new());
    while rows.len() < limit {
        let request = ListEntriesRequest {
            chain: session.chain(),
            actor: session.actor(),
            member_id: id.to_owned(),
            page_size: i32::try_from((limit - rows.len()).min(PAGE)).unwrap_or(1),
            page_token,
        };
        let page = session.members().list_entries(request).await?.into_inner();
        rows.extend(page.entries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    match format {
        Shown::Json => rows.iter().try_for_each(print_json)?,
        Shown::Text => print(&show::entries(session, &rows))?,
    }
    Ok(ExitCode::SUCCESS)
}
