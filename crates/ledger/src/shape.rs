//! Whether what is asked for makes sense at all: amounts within their ranges, sums that agree, names that are short.
//! Everything that is wrong is named, as [`Refusal::OutOfRange`] with its field.

use suanpan_domain::limits::{AMOUNT_MINOR_MAX, QUANTITY_MILLI_MAX};

use crate::command::{Actor, Command};
use crate::head::{CouponId, NEVER_MS};
use crate::limits;
use crate::refusal::{Conflict, Conflicts, Refusal};
use crate::sale::{Sale, SaleLine};

/// What is wrong, collected.
#[derive(Default)]
pub(crate) struct Shape {
    pub(crate) wrong: Conflicts,
}

impl Shape {
    /// Notes a field when it is wrong.
    pub(crate) fn need(&mut self, holds: bool, field: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(Conflict::about(Refusal::OutOfRange, field()));
        }
    }

    /// A number within bounds; both are said.
    pub(crate) fn within(&mut self, value: i64, least: i64, most: i64, field: impl FnOnce() -> String) {
        if !(least..=most).contains(&value) {
            let bound = if value < least { least } else { most };
            self.wrong.push(Conflict::short(Refusal::OutOfRange, field(), value, bound));
        }
    }

    pub(crate) fn amount(&mut self, minor: i64, field: impl FnOnce() -> String) {
        self.within(minor, -AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX, field);
    }

    pub(crate) fn points(&mut self, points: i64, field: impl FnOnce() -> String) {
        self.within(points, 0, limits::POINTS_MAX, field);
    }

    pub(crate) fn instant(&mut self, unix_ms: i64, field: impl FnOnce() -> String) {
        self.within(unix_ms, 0, NEVER_MS, field);
    }

    pub(crate) fn name(&mut self, text: &str, field: impl FnOnce() -> String) {
        self.need(text.len() <= limits::NAME_BYTES_MAX, field);
    }

    /// What every command has.
    pub(crate) fn command(&mut self, command: &Command) {
        self.instant(command.now_ms, || "now".to_owned());
        let Actor { id, channel, reason, .. } = &command.actor;
        self.name(id, || "actor.id".to_owned());
        self.name(channel, || "actor.channel".to_owned());
        self.need(reason.len() <= limits::REASON_BYTES_MAX, || "actor.reason".to_owned());
    }

    /// A sale. Tenders may still be missing when it is only reserved.
    pub(crate) fn sale(&mut self, sale: &Sale, paid: bool) {
        self.instant(sale.business_ms, || "business_ms".to_owned());
        self.within(i64::from(sale.utc_offset_minutes), -1_080, 1_080, || "utc_offset_minutes".to_owned());
        self.name(&sale.program_version, || "program_version".to_owned());
        self.amount(sale.due_minor, || "due".to_owned());
        self.amount(sale.cash_rounding_minor, || "cash_rounding".to_owned());
        self.amount(sale.points_value_minor, || "points_value".to_owned());
        self.amount(sale.qualifying_minor, || "qualifying".to_owned());
        self.points(sale.points_used, || "points_used".to_owned());
        self.points(sale.points_earned, || "points_earned".to_owned());
        for (len, most, field) in [
            (sale.lines.len(), limits::SALE_LINES_MAX, "lines"),
            (sale.tenders.len(), limits::TENDERS_MAX, "tenders"),
            (sale.coupons.len(), limits::SALE_COUPONS_MAX, "coupons"),
            (sale.uses.len(), limits::SALE_USES_MAX, "uses"),
            (sale.global_uses.len(), limits::SALE_GLOBAL_USES_MAX, "global_uses"),
            (sale.codes.len(), suanpan_domain::limits::BASKET_CODES_MAX, "codes"),
        ] {
            self.within(len as i64, 0, most as i64, || field.to_owned());
        }
        let issued: i64 =
            sale.issued.iter().map(|issued| i64::from(issued.count)).fold(0, i64::saturating_add);
        self.within(issued.max(sale.issued.len() as i64), 0, limits::SALE_COUPONS_MAX as i64, || {
            "issued".to_owned()
        });
        for (place, issued) in sale.issued.iter().enumerate() {
            self.within(issued.expires_ms, 1, NEVER_MS, || format!("issued[{place}].expires"));
        }
        for (place, used) in sale.uses.iter().enumerate() {
            let alone = !sale.uses[..place].iter().any(|other| {
                other.counter.offer == used.counter.offer && other.counter.period == used.counter.period
            });
            self.need(alone && used.counter.used > 0, || format!("uses[{place}]"));
        }
        for (place, used) in sale.global_uses.iter().enumerate() {
            self.within(used.amount_minor, 0, AMOUNT_MINOR_MAX, || format!("global_uses[{place}].amount"));
        }
        if self.wrong.is_empty() {
            self.unique_coupons(&sale.coupons);
            self.lines(sale);
            if paid {
                self.tenders(sale);
            }
        }
    }

    fn unique_coupons(&mut self, coupons: &[CouponId]) {
        for (place, coupon) in coupons.iter().enumerate() {
            self.need(!coupons[..place].contains(coupon), || format!("coupons[{place}]"));
        }
    }

    fn tenders(&mut self, sale: &Sale) {
        let mut sum = 0;
        for (place, tender) in sale.tenders.iter().enumerate() {
            self.name(&tender.kind, || format!("tenders[{place}].kind"));
            self.amount(tender.amount_minor, || format!("tenders[{place}].amount"));
            sum += i128::from(tender.amount_minor);
        }
        let owed = i128::from(sale.due_minor) + i128::from(sale.cash_rounding_minor);
        self.need(sum == owed, || "tenders".to_owned());
    }

    /// Lines whose runs, and whose sums, agree with each other.
    fn lines(&mut self, sale: &Sale) {
        let mut ids: Vec<&str> = sale.lines.iter().map(|line| line.id.as_str()).collect();
        ids.sort_unstable();
        self.need(ids.windows(2).all(|pair| pair[0] != pair[1]), || "lines: ids".to_owned());
        for (place, line) in sale.lines.iter().enumerate() {
            let before = self.wrong.len();
            let field = |name: &str| format!("lines[{place}].{name}");
            self.need(!line.id.is_empty(), || field("id"));
            self.name(&line.id, || field("id"));
            self.name(&line.sku, || field("sku"));
            self.within(line.quantity_milli, -QUANTITY_MILLI_MAX, QUANTITY_MILLI_MAX, || field("quantity"));
            self.need(line.quantity_milli != 0, || field("quantity"));
            self.amount(line.paid_minor, || field("paid"));
            self.amount(line.tax_minor, || field("tax"));
            self.amount(line.points_value_minor, || field("points_value"));
            self.within(line.points_earned, -limits::POINTS_MAX, limits::POINTS_MAX, || {
                field("points_earned")
            });
            if self.wrong.len() == before {
                self.need(runs_agree(line), || field("runs"));
            }
        }
        for (whole, part, name) in [
            (sale.due_minor, sum(sale, |line| line.paid_minor), "due"),
            (sale.points_value_minor, sum(sale, |line| line.points_value_minor), "points_value"),
            (sale.points_earned, sum(sale, |line| line.points_earned), "points_earned"),
        ] {
            self.need(i128::from(whole) == part, || format!("{name}: sum of lines"));
        }
    }
}

fn sum(sale: &Sale, of: impl Fn(&SaleLine) -> i64) -> i128 {
    sale.lines.iter().map(|line| i128::from(of(line))).sum()
}

/// Whether a line's runs are its units and sum up to it.
fn runs_agree(line: &SaleLine) -> bool {
    if line.runs.iter().any(|run| run.units < 1) || line.runs.len() as i64 > QUANTITY_MILLI_MAX / 1_000 {
        return false;
    }
    let total = |of: fn(&crate::sale::SaleRun) -> i64| -> i128 {
        line.runs.iter().map(|run| i128::from(of(run)) * i128::from(run.units)).sum()
    };
    let units: i128 = line.runs.iter().map(|run| i128::from(run.units)).sum();
    let counted =
        if line.weighed { units == 1 } else { units * 1_000 == i128::from(line.quantity_milli.abs()) };
    counted
        && total(|run| run.paid_minor) == i128::from(line.paid_minor)
        && total(|run| run.tax_minor) == i128::from(line.tax_minor)
        && total(|run| run.points_value_minor) == i128::from(line.points_value_minor)
        && total(|run| run.points_earned) == i128::from(line.points_earned)
}
