//! `return`: goods of a sale come back.

use std::process::ExitCode;

use clap::Args;
use suanpan_rpc::checkout_v1::{ReturnLine, ReturnRequest, ReturnResponse};

use crate::cli::Shown;
use crate::error::Error;
use crate::session::{Session, Where, new_id, on, settled};
use crate::table::{Table, amount, print, print_json};

/// Options of `return`.
#[derive(Args)]
pub(crate) struct ReturnOptions {
    /// The sale
    #[arg(value_name = "CHECKOUT")]
    checkout: String,

    /// A line that comes back, by its id; with =QUANTITY when not all of it, such as L1=2 or L2=0.350
    #[arg(long = "line", value_name = "LINE[=QUANTITY]", required_unless_present = "all")]
    lines: Vec<String>,

    /// Everything that is left
    #[arg(long, conflicts_with = "lines")]
    all: bool,

    /// Names the return, a UUID: the same id again returns nothing twice [default: a new one]
    #[arg(long, value_name = "UUID")]
    return_id: Option<String>,

    /// How the answer is shown
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Shown,

    #[command(flatten)]
    place: Where,
}

pub(crate) fn run(options: &ReturnOptions) -> Result<ExitCode, Error> {
    let lines = options.lines.iter().map(|text| line(text)).collect::<Result<Vec<_>, _>>();
    let lines = lines.map_err(|why| Error::Options(format!("--line: {why}")))?;
    let return_id = new_id(options.return_id.as_deref())?;
    on(&options.place, async |session| {
        let request = ReturnRequest {
            chain: session.chain(),
            actor: session.actor(),
            checkout_id: options.checkout.clone(),
            return_id: return_id.clone(),
            lines,
            all: options.all,
            business_time: None,
        };
        let back = settled(|| async { session.checkouts().r#return(request.clone()).await }).await;
        let back = back.inspect_err(|status| {
            if status.code() == tonic::Code::Unavailable {
                anstream::eprintln!("To send the same call again, add --return-id {return_id}");
            }
        })?;
        match options.format {
            Shown::Json => print_json(back.get_ref())?,
            Shown::Text => print(&told(session, back.get_ref()))?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A line with a quantity in thousandths, 0 for all that is left.
fn line(text: &str) -> Result<ReturnLine, String> {
    let (id, quantity) = text.rsplit_once('=').unwrap_or((text, ""));
    let quantity_milli = match quantity {
        "" => 0,
        quantity => {
            milli(quantity).ok_or_else(|| format!("{quantity:?} is no quantity such as 2 or 0.350"))?
        }
    };
    Ok(ReturnLine { line_id: id.to_owned(), quantity_milli, units: Vec::new() })
}

/// Thousandths of a decimal with at most three places; none when it is 0.
fn milli(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > 3 || !digits(whole) || !digits(part) {
        return None;
    }
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    let milli = whole.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(part)?;
    (milli > 0).then_some(milli)
}

fn told(session: &Session, back: &ReturnResponse) -> String {
    let money = |minor| format!("{} {}", amount(minor, session.currency), session.node.currency);
    let mut text = format!("{}  return {}\n", back.checkout_id, back.return_id);
    text.push_str(&format!(
        "give back  {} (tax in it {})\n",
        money(back.refund_minor),
        money(back.tax_minor)
    ));
    text.push_str(&format!(
        "points  {} given back, {} taken back\n",
        back.points_restored, back.points_taken_back
    ));
    for coupon in &back.coupon_ids {
        text.push_str(&format!("coupon  {coupon} given back\n"));
    }
    let mut table = Table::new(&["line", ">quantity", ">refund"]);
    for line in &back.lines {
        let quantity = format!("{}.{:03}", line.quantity_milli / 1_000, line.quantity_milli % 1_000);
        table.row([line.line_id.clone(), quantity, amount(line.refund_minor, session.currency)]);
    }
    text.push_str(&table.to_string());
    if back.whole {
        text.push_str("nothing of the sale is left\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_thousandths() {
        for (text, expected) in [
            ("L1", Some(("L1", 0))),
            ("L1=2", Some(("L1", 2_000))),
            ("L1=0.35", Some(("L1", 350))),
            ("a=b=1.001", Some(("a=b", 1_001))),
            ("L1=0", None),
            ("L1=1.0001", None),
            ("L1=-1", None),
            ("L1=.5", None),
            ("L1=9223372036854775807", None),
        ] {
            let read = line(text).ok();
            let read = read.as_ref().map(|line| (line.line_id.as_str(), line.quantity_milli));
            assert_eq!(read, expected, "{text}");
        }
    }
}
