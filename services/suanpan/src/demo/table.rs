//! The story as a table, in the languages of receipts.

use std::fmt::Write as _;

use suanpan_domain::Currency;
use unicode_width::UnicodeWidthStr as _;

use super::story::{Happened, Scene};
use crate::cli::Lang;

/// The story in one language. `tier` gives a tier's title.
pub(super) fn table(
    scenes: &[Scene],
    lang: Lang,
    currency: Currency,
    tier: impl Fn(&str) -> String,
) -> String {
    let (title, head) = match lang {
        Lang::En => ("The life of a sale", ["step", "to pay", "points", "balance", "tier"]),
        Lang::ZhCn => ("一笔交易的一生", ["步骤", "应付", "积分变动", "可用积分", "等级"]),
    };
    let rows = scenes.iter().map(|scene| {
        [
            words(scene.happened, lang).to_owned(),
            scene.money_minor.map(|minor| money(minor, currency)).unwrap_or_default(),
            scene.points.map(|points| format!("{points:+}")).unwrap_or_default(),
            scene.spendable.to_string(),
            tier(&scene.tier),
        ]
    });
    let rows: Vec<[String; 5]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let widths: [usize; 5] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].width()).max().unwrap_or(0));
    let mut text = format!("{title}\n\n");
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            let blank = " ".repeat(widths[column] - cell.width());
            // Words stand left, numbers right. Writing into a text cannot fail.
            let _ = match column {
                0 => write!(text, "  {cell}{blank}"),
                4 => write!(text, "   {cell}"),
                _ => write!(text, "   {blank}{cell}"),
            };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

const fn words(happened: Happened, lang: Lang) -> &'static str {
    match (happened, lang) {
        (Happened::Enrolled, Lang::En) => "a member enrols",
        (Happened::Enrolled, Lang::ZhCn) => "入会",
        (Happened::Quoted, Lang::En) => "the basket is priced",
        (Happened::Quoted, Lang::ZhCn) => "购物篮计价",
        (Happened::Reserved, Lang::En) => "reserved at the total",
        (Happened::Reserved, Lang::ZhCn) => "结算时锁定",
        (Happened::Confirmed, Lang::En) => "paid and confirmed",
        (Happened::Confirmed, Lang::ZhCn) => "付款确认",
        (Happened::Accrued, Lang::En) => "the worker credits the points",
        (Happened::Accrued, Lang::ZhCn) => "积分到账",
        (Happened::Returned, Lang::En) => "one article comes back",
        (Happened::Returned, Lang::ZhCn) => "退货一件",
        (Happened::TakenBack, Lang::En) => "the worker takes its points back",
        (Happened::TakenBack, Lang::ZhCn) => "扣回所得积分",
    }
}

fn money(minor: i64, currency: Currency) -> String {
    let digits = usize::from(currency.exponent());
    let unit = 10_i64.pow(u32::from(currency.exponent()));
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, part) = (minor.abs() / unit, minor.abs() % unit);
    if digits == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part:0digits$}") }
}
