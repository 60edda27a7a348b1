//! `checkout`: looking at sales, making one from a basket file, cancelling one.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use suanpan_rpc::checkout_v1::{
    CancelRequest, Checkout, CheckoutState, ConfirmRequest, Expected, GetCheckoutRequest,
    ListCheckoutsRequest, Tender,
};

use crate::cli::Shown;
use crate::error::Error;
use crate::input;
use crate::session::{Session, Where, new_id, on, settled};
use crate::table::{Table, amount, end_of_day, minor, moment, print, print_json, start_of_day};

/// Options of `checkout`.
#[derive(Args)]
pub(crate) struct CheckoutOptions {
    #[command(subcommand)]
    what: CheckoutVerb,
}

#[derive(Subcommand)]
enum CheckoutVerb {
    /// Show a sale with its returns
    Get {
        #[arg(value_name = "CHECKOUT")]
        id: String,
        /// How it is shown
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
        format: Shown,
        #[command(flatten)]
        place: Where,
    },
    /// List sales, the newest first
    List {
        /// Only this member's
        #[arg(long, value_name = "MEMBER", default_value = "", hide_default_value = true)]
        member: String,
        /// From this day on, by the moment in their ids
        #[arg(long, value_name = "DAY")]
        from: Option<String>,
        /// Up to this day, the day included
        #[arg(long, value_name = "DAY")]
        until: Option<String>,
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value = "50")]
        limit: usize,
        /// How they are shown
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
        format: Shown,
        #[command(flatten)]
        place: Where,
    },
    /// Sell a basket
    Confirm {
        /// A suanpan.pricing.v1.Basket in JSON; `-` is standard input
        #[arg(value_name = "BASKET", default_value = "-")]
        basket: PathBuf,
        /// Names the sale, a UUIDv7: the same id again sells nothing twice [default: a new one]
        #[arg(long, value_name = "UUID")]
        id: Option<String>,
        /// How it is paid, such as cash=20.00; several times for several tenders [default: all, by the basket's payment kind]
        #[arg(long = "tender", value_name = "KIND=AMOUNT")]
        tenders: Vec<String>,
        /// Refuse when something else is due than this
        #[arg(long, value_name = "AMOUNT")]
        expect: Option<String>,
        /// A quote's token, whose price is honoured
        #[arg(long, value_name = "TOKEN", default_value = "", hide_default_value = true)]
        token: String,
        /// How it is shown
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
        format: Shown,
        #[command(flatten)]
        place: Where,
    },
    /// Say that a sale will not happen
    Cancel {
        #[arg(value_name = "CHECKOUT")]
        id: String,
        /// How it is shown
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
        format: Shown,
        #[command(flatten)]
        place: Where,
    },
}

const PAGE: usize = 200;

pub(crate) fn run(options: &CheckoutOptions) -> Result<ExitCode, Error> {
    use CheckoutVerb as V;
    match &options.what {
        V::Get { id, format, place } => on(place, async |session| {
            let request = GetCheckoutRequest {
                chain: session.chain(),
                actor: session.actor(),
                checkout_id: id.clone(),
            };
            let sale = session.checkouts().get_checkout(request).await?;
            shown(session, &sale.into_inner(), *format)
        }),
        V::List { member, from, until, limit, format, place } => on(place, async |session| {
            let zone = &session.time_zone;
            let day = |name: &'static str| move |why| Error::Options(format!("{name}: {why}"));
            let from = from.as_deref().map(|day| start_of_day(day, zone)).transpose();
            let until = until.as_deref().map(|day| end_of_day(day, zone)).transpose();
            let request = ListCheckoutsRequest {
                chain: session.chain(),
                actor: session.actor(),
                member_id: member.clone(),
                from_unix_ms: from.map_err(day("--from"))?.unwrap_or(0),
                before_unix_ms: until.map_err(day("--until"))?.unwrap_or(0),
                ..ListCheckoutsRequest::default()
            };
            list(session, request, *limit, *format).await
        }),
        V::Confirm { basket, id, tenders, expect, token, format, place } => {
            let mut baskets = input::baskets(basket)?;
            let (Some(named), true) = (baskets.pop(), baskets.is_empty()) else {
                return Err(Error::Input(format!("{} has not one basket", basket.display())));
            };
            let id = new_id(id.as_deref())?;
            on(place, async |session| {
                let wrong = |name: &'static str| move |why| Error::Options(format!("{name}: {why}"));
                let expect = expect.as_deref().map(|text| minor(text, session.currency)).transpose();
                let request = ConfirmRequest {
                    chain: session.chain(),
                    actor: session.actor(),
                    checkout_id: id.clone(),
                    basket: Some(named.basket),
                    quote_token: token.clone(),
                    expected: expect.map_err(wrong("--expect"))?.map(|due_minor| Expected { due_minor }),
                    tenders: tenders
                        .iter()
                        .map(|text| tender(session, text))
                        .collect::<Result<_, _>>()
                        .map_err(wrong("--tender"))?,
                    tendered: false,
                };
                let sold = settled(|| async { session.checkouts().confirm(request.clone()).await }).await;
                let sold = sold.inspect_err(|status| {
                    if status.code() == tonic::Code::Unavailable {
                        anstream::eprintln!("To send the same call again, add --id {id}");
                    }
                })?;
                shown(session, &sold.into_inner(), *format)
            })
        }
        V::Cancel { id, format, place } => on(place, async |session| {
            let request =
                CancelRequest { chain: session.chain(), actor: session.actor(), checkout_id: id.clone() };
            let sale = settled(|| async { session.checkouts().cancel(request.clone()).await }).await?;
            shown(session, &sale.into_inner(), *format)
        }),
    }
}

fn tender(session: &Session, text: &str) -> Result<Tender, String> {
    let (kind, paid) =
        text.split_once('=').ok_or_else(|| format!("{text:?} is no tender such as cash=20.00"))?;
    Ok(Tender { kind: kind.to_owned(), amount_minor: minor(paid, session.currency)? })
}

async fn list(
    session: &Session,
    mut request: ListCheckoutsRequest,
    limit: usize,
    format: Shown,
) -> Result<ExitCode, Error> {
    let mut sales: Vec<Checkout> = Vec::new();
    while sales.len() < limit {
        request.page_size = i32::try_from((limit - sales.len()).min(PAGE)).unwrap_or(1);
        let page = session.checkouts().list_checkouts(request.clone()).await?.into_inner();
        sales.extend(page.checkouts);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    if format == Shown::Json {
        sales.iter().try_for_each(print_json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["sale", "when", "state", "member", ">due", ">points used", ">earned"]);
    for sale in &sales {
        table.row([
            sale.checkout_id.clone(),
            moment(sale.written_unix_ms, &session.time_zone),
            state(sale.state()).to_owned(),
            if sale.member_id.is_empty() { "guest".to_owned() } else { sale.member_id.clone() },
            amount(sale.due_minor, session.currency),
            sale.points_used.to_string(),
            sale.points_earned.to_string(),
        ]);
    }
    print(&if table.is_empty() { "there are no sales".to_owned() } else { table.to_string() })?;
    Ok(ExitCode::SUCCESS)
}

const fn state(state: CheckoutState) -> &'static str {
    match state {
        CheckoutState::Reserved => "reserved",
        CheckoutState::Confirmed => "confirmed",
        CheckoutState::Cancelled => "cancelled",
        CheckoutState::Fenced => "another owner's",
        CheckoutState::Unspecified => "unknown",
    }
}

fn shown(session: &Session, sale: &Checkout, format: Shown) -> Result<ExitCode, Error> {
    match format {
        Shown::Json => print_json(sale)?,
        Shown::Text => print(&told(session, sale))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn told(session: &Session, sale: &Checkout) -> String {
    let money = |minor| format!("{} {}", amount(minor, session.currency), session.node.currency);
    let owner = if sale.member_id.is_empty() { "a guest" } else { &sale.member_id };
    let mut text = format!("{}  {}, {owner}\n", sale.checkout_id, state(sale.state()));
    text.push_str(&format!("due  {}", money(sale.due_minor)));
    if sale.cash_rounding_minor != 0 {
        text.push_str(&format!(", {} by cash rounding", money(sale.cash_rounding_minor)));
    }
    text.push('\n');
    for tender in &sale.tenders {
        text.push_str(&format!("  {}  {}\n", tender.kind, money(tender.amount_minor)));
    }
    let credited = if sale.accrued { "credited" } else { "to be credited" };
    text.push_str(&format!("points  {} used, {} {credited}\n", sale.points_used, sale.points_earned));
    if let Some(quote) = &sale.quote {
        let mut table = Table::new(&["line", "article", ">quantity", ">net"]);
        for line in &quote.lines {
            let quantity = format!("{}.{:03}", line.quantity_milli / 1_000, line.quantity_milli % 1_000);
            table.row([
                line.id.clone(),
                line.sku.clone(),
                quantity,
                amount(line.net_minor, session.currency),
            ]);
        }
        text.push_str(&table.to_string());
    }
    for overrun in &sale.overruns {
        text.push_str(&format!("overrun  {} {}\n", overrun.reason().as_str_name(), overrun.subject));
    }
    for back in &sale.returns {
        text.push_str(&format!(
            "returned  {}  {}  {}, {} points back, {} taken back\n",
            back.return_id,
            moment(back.written_unix_ms, &session.time_zone),
            money(back.refund_minor),
            back.points_restored,
            back.points_taken_back
        ));
    }
    text
}
