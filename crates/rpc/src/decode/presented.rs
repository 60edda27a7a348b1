//! What is presented beside the lines: discounts by a person, paper coupons, choices of gifts.

use suanpan_domain::{
    GiftChoice, ManualDiscount, ManualTarget, ManualValue, Money, PaperCoupon, Rate, limits,
};

use super::names::{Names, check_line, check_unique};
use super::text::{check_count, check_required, required, within};
use crate::problem::{Fault, Problems};
use crate::v1;

pub(super) fn manual(
    messages: Vec<v1::ManualDiscount>,
    lines: &Names<'_>,
    problems: &mut Problems,
) -> Vec<ManualDiscount> {
    check_unique(messages.iter().map(|message| message.id.as_str()), problems, |problems, index, fault| {
        problems.add(format_args!("manual_discounts[{index}].id"), fault);
    });
    let mut discounts = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        check_required(&message.id, format_args!("manual_discounts[{index}].id"), problems);
        check_required(&message.reason, format_args!("manual_discounts[{index}].reason"), problems);
        check_required(&message.authority, format_args!("manual_discounts[{index}].authority"), problems);
        let target = if message.line_id.is_empty() {
            Some(ManualTarget::Basket)
        } else {
            let field = format_args!("manual_discounts[{index}].line_id");
            check_line(&message.line_id, lines, field, problems);
            required(message.line_id, field, problems).map(ManualTarget::Line)
        };
        let value = manual_value(message.worth, index, problems);
        if let Some((target, value)) = target.zip(value) {
            let (id, reason, authority) = (message.id, message.reason, message.authority);
            discounts.push(ManualDiscount { id, reason, authority, target, value });
        }
    }
    discounts
}

fn manual_value(
    worth: Option<v1::manual_discount::Worth>,
    index: usize,
    problems: &mut Problems,
) -> Option<ManualValue> {
    use v1::manual_discount::Worth;
    match worth {
        Some(Worth::PercentPpm(ppm)) => {
            let field = format_args!("manual_discounts[{index}].percent_ppm");
            let ppm = within(ppm, (0, Rate::WHOLE.ppm()), field, problems)?;
            Rate::from_ppm(ppm).map(ManualValue::Percent)
        }
        Some(Worth::AmountMinor(minor)) => {
            let field = format_args!("manual_discounts[{index}].amount_minor");
            let minor = within(minor, (0, limits::AMOUNT_MINOR_MAX), field, problems)?;
            Some(ManualValue::Amount(Money::from_minor(minor)))
        }
        None => {
            problems.add(format_args!("manual_discounts[{index}].worth"), Fault::Required);
            None
        }
    }
}

pub(super) fn papers(
    messages: Vec<v1::PaperCoupon>,
    lines: &Names<'_>,
    problems: &mut Problems,
) -> Vec<PaperCoupon> {
    let mut papers = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        check_required(&message.code, format_args!("paper_coupons[{index}].code"), problems);
        let field = format_args!("paper_coupons[{index}].line_id");
        let missing = message.line_id.is_empty();
        check_line(&message.line_id, lines, field, problems);
        let line = if missing { None } else { required(message.line_id, field, problems) };
        let field = format_args!("paper_coupons[{index}].value_minor");
        let value = within(message.value_minor, (1, limits::AMOUNT_MINOR_MAX), field, problems);
        if let Some((line, value)) = line.zip(value) {
            let value = Money::from_minor(value);
            papers.push(PaperCoupon { code: message.code, line, value });
        }
    }
    papers
}

/// Gifts that one choice may name.
pub(crate) const GIFTS_CHOSEN_MAX: usize = 64;

pub(super) fn gifts(mut messages: Vec<v1::GiftChoice>, problems: &mut Problems) -> Vec<GiftChoice> {
    messages.truncate(limits::BASKET_GIFT_CHOICES_MAX);
    check_unique(
        messages.iter().map(|message| message.offer.as_str()),
        problems,
        |problems, index, fault| {
            problems.add(format_args!("gift_choices[{index}].offer"), fault);
        },
    );
    let mut choices = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        check_required(&message.offer, format_args!("gift_choices[{index}].offer"), problems);
        let field = format_args!("gift_choices[{index}].skus");
        let count = message.skus.len();
        if count == 0 {
            problems.add(field, Fault::Required);
        }
        if !check_count(count, GIFTS_CHOSEN_MAX, field, problems) {
            continue;
        }
        let mut skus = Vec::with_capacity(count);
        for (at, sku) in message.skus.into_iter().enumerate() {
            skus.extend(required(sku, format_args!("gift_choices[{index}].skus[{at}]"), problems));
        }
        choices.push(GiftChoice { offer: message.offer, skus });
    }
    choices
}
