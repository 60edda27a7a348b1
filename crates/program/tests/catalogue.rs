//! The catalogue beside a program.

use suanpan_domain::{Catalogue, LineKind, Money, Rate};
use suanpan_program::model::Program;
use suanpan_program::{CatalogueTable, SourceFile, parse};

const PROGRAM: &str = "
program: shop
currency: EUR
engine_edition: 1
tax: { rates: [{ id: full, rate: 19% }, { id: half, rate: 7% }] }
";

fn program() -> Program {
    parse(&[SourceFile::new("shop.yaml", PROGRAM)]).unwrap().program
}

fn read(text: &str) -> Result<CatalogueTable, Vec<(usize, &'static str, String)>> {
    CatalogueTable::read("catalogue.csv", text.as_bytes(), &program()).map_err(|problems| {
        problems.iter().map(|problem| (problem.line, problem.code, problem.message.clone())).collect()
    })
}

#[test]
fn an_article_is_found_with_all_that_its_row_says() {
    let table = read(
        "sku,category,brand,tags,kind,taxes,unit,base_price,legal_minimum\n\
         4001,dairy/milk,meiji,organic|cold,,half,,1.29,\n\
         4002,\"wine, red\",,,goods,full|bottle:0.5%:excluded,l,12.905,4.00\n\
         4003,,,,gift_card,,,,\n",
    )
    .unwrap();
    assert_eq!(table.len(), 3);
    let milk = table.find("4001").unwrap();
    assert_eq!((milk.category, milk.brand, milk.weighed), ("dairy/milk", "meiji", false));
    assert_eq!(table.tags_of(&milk), ["organic", "cold"]);
    assert_eq!(table.taxes_of(&milk)[0].rate, Rate::from_percent(7));
    assert_eq!(milk.unit_price.unwrap().micro(), 129_000_000);
    assert_eq!(milk.legal_minimum, None);
    let wine = table.find("4002").unwrap();
    assert_eq!((wine.category, wine.weighed), ("wine, red", true));
    assert_eq!(wine.legal_minimum, Some(Money::from_minor(400)));
    let taxes: Vec<(&str, bool)> =
        table.taxes_of(&wine).iter().map(|tax| (tax.id.as_str(), tax.included)).collect();
    assert_eq!(taxes, [("bottle", false), ("full", true)]);
    let card = table.find("4003").unwrap();
    assert_eq!((card.kind, card.unit_price), (LineKind::GiftCard, None));
    assert!(table.tags_of(&card).is_empty() && table.taxes_of(&card).is_empty());
    assert!(table.find("4004").is_none() && table.find("").is_none());
}

#[test]
fn columns_may_stand_in_any_order_and_be_missing() {
    let table = read("\u{feff}base_price, sku\r\n1.00, a\r\n\r\n2.00, b\r\n").unwrap();
    assert_eq!(table.find("b").unwrap().unit_price.unwrap().micro(), 200_000_000);
}

#[test]
fn every_bad_row_is_told_with_its_line() {
    let problems = read(
        "sku,tags,kind,taxes,unit,base_price,legal_minimum\n\
         a,,,,,1.00,\n\
         ,,,,,1.00,\n\
         a,,,,,1.00,\n\
         b,x||y,food,,,,\n\
         c,,,fulll,box,-1,1.001\n\
         d,,,,,1e3,\n\
         e,,\n\
         f,,,full|full,,,\n",
    )
    .unwrap_err();
    let found: Vec<(usize, &str, &str)> =
        problems.iter().map(|(line, code, message)| (*line, *code, message.as_str())).collect();
    assert_eq!(
        found,
        [
            (3, "P080", "the sku is empty"),
            (4, "P082", "the sku stands here twice"),
            (5, "P080", "one of the tags `x||y` is empty"),
            (5, "P080", "`food` is no kind"),
            (6, "P080", "`box` is no unit"),
            (6, "P080", "the base price `-1` is no amount of zero or more"),
            (6, "P080", "the legal minimum `1.001` has more decimals than the currency"),
            (6, "P080", "there is no tax `fulll`"),
            (7, "P080", "the base price `1e3` is no amount of zero or more"),
            (8, "P080", "the row has 3 fields, the first line has 7"),
            (9, "P080", "the tax `full` stands here twice"),
        ]
    );
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    for (text, line) in [
        ("sku,kind\na,\nb,food\n", 3),
        ("sku,kind\r\na,\r\nb,food\r\n", 3),
        ("sku,kind\ra,\rb,food\r", 3),
        ("sku,kind\n\n\na,\n\nb,food", 6),
        ("sku,kind\r\n\r\n\r\nb,food\r\n", 4),
        ("sku,kind\n\"a\n1\",\nb,food\n", 4),
        ("sku,kind\r\n\"b\r\n1\",food\r\n", 2),
        ("sku,kind\n\nb\n", 3),
    ] {
        let problems = read(text).unwrap_err();
        assert_eq!(problems.last().map(|problem| problem.0), Some(line), "{text:?}");
    }
}

#[test]
fn a_header_without_sku_or_with_unknown_columns_is_refused() {
    for (text, message) in [
        ("category,brand\nx,y\n", "the column `sku` is missing"),
        ("sku,categry\nx,y\n", "the column `categry` is not known"),
        ("sku,sku\nx,y\n", "the column `sku` stands here twice"),
        ("", "the column `sku` is missing"),
    ] {
        let problems = read(text).unwrap_err();
        assert_eq!((problems[0].1, problems[0].2.as_str()), ("P081", message), "{text:?}");
    }
}

#[test]
fn a_quote_that_is_never_closed_ends_the_reading() {
    let endless = std::io::Read::chain(&b"sku,brand\na,b\nc,\"d"[..], std::io::repeat(b'x'));
    let problems = CatalogueTable::read("catalogue.csv", endless, &program()).unwrap_err();
    assert!(problems[0].message.contains("is a quote left open?"), "{problems}");
}

#[test]
fn a_million_articles_are_few_bytes_each() {
    use std::fmt::Write;
    let mut text = String::from("sku,category,brand,tags,taxes,base_price\n");
    let rows = 1_000_000;
    for row in 0..rows {
        let (category, brand, price) = (row % 900, row % 7_000, row % 5_000);
        writeln!(text, "69{row:011},c{}/d{category},brand-{brand},t{}|u,full,{price}.90", row % 30, row % 50)
            .unwrap();
    }
    let table = CatalogueTable::read("catalogue.csv", text.as_bytes(), &program()).unwrap();
    assert_eq!(table.len(), rows);
    assert!(table.heap_bytes() < 100 * rows, "{} bytes a row", table.heap_bytes() / rows);
    assert_eq!(table.find("6900000999999").unwrap().brand, "brand-5999");
}
