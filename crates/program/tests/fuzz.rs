//! Whatever the bytes: a program, or problems with places inside of the text; never a panic.

use proptest::prelude::*;
use suanpan_program::{SourceFile, parse};

const CHAIN: &str = include_str!("programs/sunrise-market.yaml");
const WRONG: &str = include_str!("wrong.txt");

/// Parses, and draws what is wrong: drawing must hold for any place too.
fn check(text: &str) -> Result<(), TestCaseError> {
    let problems = match parse(&[SourceFile::new("fuzz.yaml", text)]) {
        Ok(parsed) => parsed.warnings,
        Err(problems) => {
            prop_assert!(!problems.is_empty());
            problems
        }
    };
    for problem in &problems {
        prop_assert!(
            problem.span.start <= problem.span.end && problem.span.end <= text.len(),
            "{:?}",
            problem
        );
        prop_assert!(text.is_char_boundary(problem.span.start), "{:?}", problem);
    }
    let _ = problems.render(false);
    Ok(())
}

/// Pieces that YAML and programs are made of.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "promotions",
        "coupons",
        "effect",
        "percent_off",
        "buy",
        "sku",
        "steps",
        "spend",
        "any_of",
        "not",
        "stacking",
        "groups",
        "points",
        "earn",
        "tiers",
        "id",
        "&a",
        "*a",
        "<<",
        "!t",
        "|",
        ">",
        "---",
        "...",
        "- ",
        ": ",
        ", ",
        "{",
        "}",
        "[",
        "]",
        "\n",
        "\n  ",
        "\n    ",
        "\"",
        "'",
        "#",
        "\\",
        "\t",
        "\r\n",
        "5%",
        "12.90",
        "-1",
        "null",
        "~",
        "true",
        "2026-11-01",
        "🍵",
        "朝阳",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{0}",
        "? ",
        "%YAML 1.2",
        "@",
        "`",
    ];
    prop_oneof![
        8 => prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[ -~]{0,8}",
    ]
}

/// A change of a text at a place in thousandths of its length.
#[derive(Clone, Debug)]
enum Change {
    Remove(usize, usize),
    Insert(usize, String),
    Copy(usize, usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..1000_usize, 0..40_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (0..1000_usize, piece()).prop_map(|(at, text)| Change::Insert(at, text)),
        (0..1000_usize, 0..200_usize, 0..1000_usize)
            .prop_map(|(from, length, to)| Change::Copy(from, length, to)),
    ]
}

fn place(text: &str, thousandth: usize) -> usize {
    let mut at = text.len() * thousandth / 1000;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn end(text: &str, start: usize, length: usize) -> usize {
    let mut end = (start + length).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut text = text.to_owned();
    for change in changes {
        match change {
            Change::Remove(at, length) => {
                let start = place(&text, *at);
                text.replace_range(start..end(&text, start, *length), "");
            }
            Change::Insert(at, piece) => text.insert_str(place(&text, *at), piece),
            Change::Copy(from, length, to) => {
                let start = place(&text, *from);
                let piece = text[start..end(&text, start, *length)].to_owned();
                text.insert_str(place(&text, *to), &piece);
            }
        }
    }
    text
}

/// So many cases, ten times as many with `SUANPAN_LONG=1`; `PROPTEST_CASES` multiplies them for a longer run.
fn cases(usually: u32) -> ProptestConfig {
    let asked = ProptestConfig::default().cases;
    let long = std::env::var_os("SUANPAN_LONG").is_some();
    ProptestConfig {
        cases: usually * if long { 10 } else { 1 } * asked.max(256) / 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn any_text(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec(piece(), 0..60)) {
        check(&pieces.concat())?;
    }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_chain_with_changes(changes in prop::collection::vec(change(), 1..6)) {
        check(&changed(CHAIN, &changes))?;
    }

    #[test]
    fn mistakes_with_changes(index in 0..100_usize, changes in prop::collection::vec(change(), 0..4)) {
        let cases: Vec<&str> = WRONG.split("\n=== ").skip(1).collect();
        let text = cases[index % cases.len()].split_once('\n').map_or("", |(_, text)| text);
        check(&changed(&format!("{text}\nprogram: t\ncurrency: CNY\n"), &changes))?;
    }
}
