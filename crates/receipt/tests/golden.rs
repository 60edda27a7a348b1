//! Pages of one quote, made by hand, against the files of `tests/golden/`.
//!
//! `SUANPAN_GOLDEN=write cargo test -p suanpan-receipt` writes them anew; read the difference before it is committed.

mod quoted;

use std::path::Path;

use quoted::Quoted;
use suanpan_domain::OfferRef;
use suanpan_domain::quote::Entitlement;
use suanpan_receipt::{Lang, Options, receipt, table, waterfall};
use unicode_width::UnicodeWidthStr;

fn check(name: &str, lang: Lang, page: &str) {
    let file = format!("{name}.{}.txt", lang.tag());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(&file);
    if std::env::var("SUANPAN_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::write(&path, page).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page == expected, "{file} differs; now it is\n{page}");
}

fn with_options(lang: Lang, test: impl FnOnce(&Options<'_>)) {
    let titles = |sku: &str| quoted::article(lang, sku).map(str::to_owned);
    let gift = |_: OfferRef, _: u32| Some("CUP".to_owned());
    let wrapping = match lang {
        Lang::En => "Gift wrapping",
        Lang::ZhCn => "礼品包装",
    };
    let entitlement = |_: Entitlement| Some(wrapping.to_owned());
    let (chain_title, points_title, tier_title) = match lang {
        Lang::En => ("Corner Shop", "stars", "Gold"),
        Lang::ZhCn => ("街角小店", "星星", "金卡会员"),
    };
    test(&Options {
        chain_title: Some(chain_title),
        points_title: Some(points_title),
        tier_title: Some(tier_title),
        article: Some(&titles),
        gift: Some(&gift),
        entitlement: Some(&entitlement),
        ..Options::new(lang)
    });
}

#[test]
fn pages_are_as_they_were_read() {
    let Quoted { basket, quote, offers } = Quoted::new();
    for lang in Lang::ALL {
        with_options(lang, |options| {
            check("receipt", lang, &receipt(&basket, &quote, &offers, options));
            check("waterfall", lang, &waterfall(&basket, &quote, &offers, options));
            check("table", lang, &table(&basket, &quote, &offers, options));
        });
    }
}

#[test]
fn nothing_is_wider_than_the_page() {
    let Quoted { basket, quote, offers } = Quoted::new();
    for lang in Lang::ALL {
        for width in [48, 64, 100] {
            with_options(lang, |options| {
                let options = Options { width, all_refusals: true, ..*options };
                for page in [
                    receipt(&basket, &quote, &offers, &options),
                    waterfall(&basket, &quote, &offers, &options),
                    table(&basket, &quote, &offers, &options),
                ] {
                    for line in page.lines() {
                        assert!(line.width() <= width, "{} of {width}: {line}", line.width());
                    }
                }
            });
        }
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let Quoted { basket, quote, offers } = Quoted::new();
    with_options(Lang::ZhCn, |options| {
        let plain = receipt(&basket, &quote, &offers, options);
        let coloured = receipt(&basket, &quote, &offers, &Options { colour: true, ..*options });
        assert!(!plain.contains('\u{1b}'));
        assert_ne!(plain, coloured);
        assert_eq!(without_colour(&coloured), plain);
    });
}

fn without_colour(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
fn without_titles_skus_and_ids_stand() {
    let Quoted { basket, quote, offers } = Quoted::new();
    let page = receipt(&basket, &quote, &offers, &Options::new(Lang::En));
    for part in ["MILK  2 x 3.49", "corner", "300 points", "#1"] {
        assert!(page.contains(part), "{part} is missing in\n{page}");
    }
}
