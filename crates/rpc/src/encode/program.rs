//! The program in force.

use suanpan_domain::{Currency, OfferBook};

use super::offer::{kind_of, method_of};
use crate::v1;

/// Which program a chain's baskets are priced by, and its offers. `titles` are pairs of language and text.
#[must_use]
pub fn program(
    chain: &str,
    program: &str,
    currency: Currency,
    titles: &[(&str, &str)],
    offers: &OfferBook,
) -> v1::GetProgramResponse {
    let summaries = offers.entries.iter().map(|entry| v1::OfferSummary {
        id: entry.id.clone(),
        titles: self::titles(&[("en", &entry.title_en), ("zh-CN", &entry.title_zh)]),
        layer: entry.layer.clone(),
        kind: kind_of(entry.kind).into(),
        method: method_of(entry.method).into(),
    });
    v1::GetProgramResponse {
        chain: chain.to_owned(),
        program: program.to_owned(),
        program_version: offers.program_version.clone(),
        currency: currency.code().to_owned(),
        offers: summaries.collect(),
        titles: self::titles(titles),
    }
}

fn titles(titles: &[(&str, &str)]) -> Vec<v1::Title> {
    let known = titles.iter().filter(|(_, text)| !text.is_empty());
    known.map(|(lang, text)| v1::Title { lang: (*lang).to_owned(), text: (*text).to_owned() }).collect()
}
