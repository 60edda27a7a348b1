//! Why an offer was not applied, in a sentence.

use suanpan_domain::Reason;
use suanpan_domain::quote::Missing;

use crate::names::Names;
use crate::options::Lang;

/// What a reason is said of, and the values of its sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// What is missing, as a demand.
    pub(crate) missing: Option<String>,
    /// The offer that excludes it.
    pub(crate) winner: Option<String>,
    /// For one that was left out or kept for another time.
    pub(crate) difference: Option<String>,
    /// What points are called.
    pub(crate) points: String,
}

/// The sentence that says a reason of something with a name, such as "MINUS5: spend 12.00 more".
///
/// `missing` is a demand ("spend 12.00 more"), `winner` the title of the offer that excludes it, `difference` what the
/// basket would cost more with it, as texts; what is not known is left out.
///
/// ```
/// use suanpan_domain::Reason;
/// use suanpan_receipt::{Lang, said_of};
/// let said = said_of(Lang::En, "Gold 5 %", Reason::LeftOut, None, None, Some("4.90"));
/// assert_eq!(said, "Gold 5 % not used: saves you 4.90 more");
/// ```
#[must_use]
pub fn said_of(
    lang: Lang,
    name: &str,
    reason: Reason,
    missing: Option<&str>,
    winner: Option<&str>,
    difference: Option<&str>,
) -> String {
    let facts = Facts {
        missing: missing.map(str::to_owned),
        winner: winner.map(str::to_owned),
        difference: difference.map(str::to_owned),
        points: crate::words::Words::of(lang).points.to_owned(),
    };
    sentence(lang, name, reason, &facts)
}

impl Names<'_> {
    /// The sentence of a reason with the values that stand in a quote's row.
    pub(crate) fn sentence(&self, name: &str, reason: Reason, facts: &Facts) -> String {
        sentence(self.options.lang, name, reason, facts)
    }

    pub(crate) fn facts(&self, row: &suanpan_domain::quote::OfferOutcome) -> Facts {
        Facts {
            missing: match row.missing {
                Missing::Nothing => None,
                missing => self.missing(missing),
            },
            winner: row.winner.map(|winner| self.offer(winner)),
            difference: (row.difference.minor() != 0).then(|| self.money(row.difference)),
            points: self.points(),
        }
    }
}

fn sentence(lang: Lang, name: &str, reason: Reason, facts: &Facts) -> String {
    match lang {
        Lang::En => match reason {
            Reason::LeftOut => match &facts.difference {
                Some(difference) => format!("{name} not used: saves you {difference} more"),
                None => format!("{name} not used: makes no difference"),
            },
            _ => format!("{name}: {}", english(reason, facts)),
        },
        Lang::ZhCn => match reason {
            Reason::LeftOut => match &facts.difference {
                Some(difference) => format!("{name}未使用：这样多省 {difference}"),
                None => format!("{name}未使用：对应付金额没有影响"),
            },
            _ => format!("{name}：{}", chinese(reason, facts)),
        },
    }
}

/// The reason alone, after a colon.
pub(crate) fn alone(lang: Lang, reason: Reason, facts: &Facts) -> String {
    match lang {
        Lang::En => english(reason, facts),
        Lang::ZhCn => chinese(reason, facts),
    }
}

fn english(reason: Reason, facts: &Facts) -> String {
    let points = &facts.points;
    let text = match reason {
        Reason::UnknownCode => "this code is not known here",
        Reason::DuplicateCode => "this code was presented before",
        Reason::NotOwned => "this coupon is not in your wallet",
        Reason::CouponExpired => "this coupon has expired",
        Reason::PerBasketLimit => "no more of these can be used in one purchase",
        Reason::Stopped => "this offer has been stopped",
        Reason::NotStarted => "it has not started yet",
        Reason::Expired => "it has ended",
        Reason::WrongDay => "not today",
        Reason::WrongTime => "not at this time of day",
        Reason::WrongStore => "not in this store",
        Reason::WrongChannel => "not when buying this way",
        Reason::WrongPayment => "not with this way of paying",
        Reason::MembersOnly => "for members only",
        Reason::TierTooLow => "not for your membership level",
        Reason::WrongSegment => "you are not among those whom it is for",
        Reason::NotBirthday => "only around your birthday",
        Reason::NotFirstPurchase => "for the first purchase only",
        Reason::NotNewMember => "for new members only",
        Reason::HeldOut => "not available to you this time",
        Reason::UsageUnknown => "how often you used it cannot be looked up right now",
        Reason::UsedUp => "it was used as often as it may be",
        Reason::BudgetUsedUp => "all that was set aside for it is given away",
        Reason::NothingSelected => "nothing in your basket takes part",
        Reason::ThresholdNotMet => {
            return facts.missing.clone().unwrap_or_else(|| "too little that takes part".to_owned());
        }
        Reason::NoCompleteGroup => "too few pieces that belong together",
        Reason::ChoiceNeeded => "choose your gift first",
        Reason::ChoiceNotOffered => "the chosen gift is not on offer",
        Reason::NothingToMatch => "the coupon that it adds to gives nothing",
        Reason::ExcludedBy => {
            let winner = facts.winner.as_deref().unwrap_or("another offer");
            return format!("not together with {winner}");
        }
        Reason::LeftOut => {
            return match &facts.difference {
                Some(difference) => format!("not used, which saves you {difference} more"),
                None => "not used, which makes no difference".to_owned(),
            };
        }
        Reason::MinGain => {
            return match &facts.difference {
                Some(difference) => format!("kept for another time: it would save only {difference}"),
                None => "kept for another time: it would save nothing".to_owned(),
            };
        }
        Reason::NothingLeftToDiscount => "nothing is left to take off",
        Reason::NothingEarned => "it would bring no more points",
        Reason::AllOrNothing => "it gives all or nothing, and all of it does not fit",
        Reason::MaximumDiscount => "the largest discount in one purchase is reached",
        Reason::LegalMinimum => "the law sets a lowest price",
        Reason::NotEnoughPoints => return format!("you do not have that many {points}"),
        Reason::BelowSmallestUse => return format!("fewer {points} than can be used at a time"),
        Reason::PointsStep => return format!("{points} are used in fixed steps"),
        Reason::PointsMaximum => return format!("no more {points} can be used in this purchase"),
        Reason::NoPointsOffset => return format!("{points} do not pay here"),
        Reason::NotDiscountable => "this article takes no discount",
    };
    text.to_owned()
}

fn chinese(reason: Reason, facts: &Facts) -> String {
    let points = &facts.points;
    let text = match reason {
        Reason::UnknownCode => "没有这个券码",
        Reason::DuplicateCode => "该券码已出示过",
        Reason::NotOwned => "该优惠券不在您的卡包中",
        Reason::CouponExpired => "该优惠券已过期",
        Reason::PerBasketLimit => "本单可用张数已达上限",
        Reason::Stopped => "该活动已停止",
        Reason::NotStarted => "活动尚未开始",
        Reason::Expired => "活动已结束",
        Reason::WrongDay => "今天不适用",
        Reason::WrongTime => "当前时段不适用",
        Reason::WrongStore => "本门店不适用",
        Reason::WrongChannel => "当前购买渠道不适用",
        Reason::WrongPayment => "当前支付方式不适用",
        Reason::MembersOnly => "仅限会员",
        Reason::TierTooLow => "您的会员等级不适用",
        Reason::WrongSegment => "您不在活动对象范围内",
        Reason::NotBirthday => "仅限生日期间",
        Reason::NotFirstPurchase => "仅限首单",
        Reason::NotNewMember => "仅限新会员",
        Reason::HeldOut => "本次暂不提供",
        Reason::UsageUnknown => "暂时无法核实您的使用次数",
        Reason::UsedUp => "可用次数已用完",
        Reason::BudgetUsedUp => "活动额度已用完",
        Reason::NothingSelected => "购物车中没有参加活动的商品",
        Reason::ThresholdNotMet => {
            return facts
                .missing
                .as_ref()
                .map_or_else(|| "未达到活动门槛".to_owned(), |missing| format!("{missing} 即可享受"));
        }
        Reason::NoCompleteGroup => "参加活动的商品件数不足",
        Reason::ChoiceNeeded => "请先选择赠品",
        Reason::ChoiceNotOffered => "所选赠品不在可选范围内",
        Reason::NothingToMatch => "所叠加的优惠券没有生效",
        Reason::ExcludedBy => {
            return match &facts.winner {
                Some(winner) => format!("不能与“{winner}”同享"),
                None => "不能与其他优惠同享".to_owned(),
            };
        }
        Reason::LeftOut => {
            return match &facts.difference {
                Some(difference) => format!("未使用，这样多省 {difference}"),
                None => "未使用，对应付金额没有影响".to_owned(),
            };
        }
        Reason::MinGain => {
            return match &facts.difference {
                Some(difference) => format!("为您保留：本次只能省 {difference}"),
                None => "为您保留：本次用了也不省".to_owned(),
            };
        }
        Reason::NothingLeftToDiscount => "没有可以再减的金额",
        Reason::NothingEarned => "用了也不会多得积分",
        Reason::AllOrNothing => "须全额使用，而本单用不完",
        Reason::MaximumDiscount => "已达单笔优惠上限",
        Reason::LegalMinimum => "不能低于法定最低价",
        Reason::NotEnoughPoints => return format!("您的{points}不足"),
        Reason::BelowSmallestUse => return format!("{points}未达到最低使用数量"),
        Reason::PointsStep => return format!("{points}只能按固定数量使用"),
        Reason::PointsMaximum => return format!("本单可用{points}已达上限"),
        Reason::NoPointsOffset => return format!("{points}不能用于支付"),
        Reason::NotDiscountable => "该商品不参加优惠",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_a_sentence_of_its_own_in_both_languages() {
        let facts = Facts {
            missing: Some("12.00".to_owned()),
            winner: Some("Gold".to_owned()),
            difference: Some("4.90".to_owned()),
            points: "stars".to_owned(),
        };
        for lang in Lang::ALL {
            let said: BTreeSet<String> =
                Reason::ALL.iter().map(|reason| sentence(lang, "X", *reason, &facts)).collect();
            assert_eq!(said.len(), Reason::ALL.len(), "{lang:?}");
            assert!(said.iter().all(|text| text.starts_with('X') && text.chars().count() > 4));
            let chinese =
                |text: &String| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
            let all = said.iter().filter(|text| chinese(text)).count();
            assert_eq!(all, if lang == Lang::ZhCn { said.len() } else { 0 });
        }
    }

    #[test]
    fn values_stand_in_their_sentences() {
        for (lang, reason, missing, winner, difference, expected) in [
            (
                Lang::En,
                Reason::ThresholdNotMet,
                Some("spend 12.00 more"),
                None,
                None,
                "MINUS5: spend 12.00 more",
            ),
            (Lang::En, Reason::ExcludedBy, None, Some("Gold"), None, "MINUS5: not together with Gold"),
            (Lang::En, Reason::LeftOut, None, None, Some("4.90"), "MINUS5 not used: saves you 4.90 more"),
            (
                Lang::ZhCn,
                Reason::ThresholdNotMet,
                Some("再消费 12.00"),
                None,
                None,
                "MINUS5：再消费 12.00 即可享受",
            ),
            (Lang::ZhCn, Reason::ExcludedBy, None, Some("金卡"), None, "MINUS5：不能与“金卡”同享"),
            (Lang::ZhCn, Reason::LeftOut, None, None, Some("4.90"), "MINUS5未使用：这样多省 4.90"),
        ] {
            assert_eq!(said_of(lang, "MINUS5", reason, missing, winner, difference), expected);
        }
    }
}
