//! The version says what a program says, not how it is laid out.

use suanpan_program::{SourceFile, parse};

fn version(files: &[&str]) -> String {
    let files: Vec<SourceFile> = files
        .iter()
        .enumerate()
        .map(|(index, text)| SourceFile::new(format!("{index}.yaml"), *text))
        .collect();
    parse(&files).unwrap_or_else(|problems| panic!("{problems}")).program.version
}

const ONE: &str = "program: shop\ncurrency: EUR\npromotions:\n  - { id: a, effect: { percent_off: 5% } }\n  - { id: b, effect: { percent_off: 6% } }\n";

#[test]
fn layout_does_not_matter() {
    let same = [
        "# A comment.\ncurrency: EUR\nprogram: \"shop\"\npromotions:\n- id: a\n  effect:\n    percent_off: 5%\n- effect: { percent_off: '6%' }\n  id: b\n",
        "\u{feff}{program: shop, currency: EUR, promotions: [{id: a, effect: {percent_off: 5%}}, {id: b, effect: {percent_off: 6%}}]}",
    ];
    for text in same {
        assert_eq!(version(&[text]), version(&[ONE]), "{text}");
    }
    let parts = [
        "promotions: [{ id: a, effect: { percent_off: 5% } }]\n",
        "program: shop\ncurrency: EUR\n",
        "promotions: [{ id: b, effect: { percent_off: 6% } }]\n",
    ];
    assert_eq!(version(&parts), version(&[ONE]));
}

#[test]
fn what_it_says_matters() {
    let others = [
        ONE.replace("5%", "7%"),
        ONE.replace("id: a", "id: c"),
        ONE.replace("shop", "shop2"),
        "program: shop\ncurrency: EUR\npromotions:\n  - { id: b, effect: { percent_off: 6% } }\n  - { id: a, effect: { percent_off: 5% } }\n".to_owned(),
    ];
    let mut versions: Vec<String> = others.iter().map(|text| version(&[text])).collect();
    versions.push(version(&[ONE]));
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), others.len() + 1);
}
