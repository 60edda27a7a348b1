//! Unique codes in bulk.

use std::collections::BTreeSet;

use super::shop::{BOTH, Shop, printed, refused};

const ALPHABET: &str = "23456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The check by the rule that is published: from the right, the check itself once, then every second one twice.
fn balances(code: &str) -> bool {
    let places =
        code[2..].chars().rev().map(|letter| ALPHABET.find(letter).expect("a letter of the alphabet"));
    let sum: usize = places
        .enumerate()
        .map(|(place, value)| if place % 2 == 0 { value } else { 2 * value / 30 + 2 * value % 30 })
        .sum();
    sum.is_multiple_of(30)
}

fn codes(csv: &str) -> Vec<&str> {
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("campaign,code"));
    lines.map(|line| line.strip_prefix("fresh,").expect("the campaign")).collect()
}

#[test]
fn codes_are_unique_checked_and_sell_once() {
    for place in BOTH {
        let shop = Shop::open(place);
        let (out, generate) = (shop.path("fresh.csv"), |count: &'static str| {
            ["codes", "generate", "fresh", "--count", count, "--out"]
        });
        let run = |count| shop.run(&[&generate(count)[..], &[&out]].concat());
        assert!(printed(&run("120")).contains("120 codes of fresh, 120 of them new"));
        let first = shop.read("fresh.csv");
        let made = codes(&first);
        assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), 120);
        assert!(
            made.iter().all(|code| code.len() == 14 && code.starts_with("FR") && balances(code)),
            "{made:?}"
        );

        // Again nothing; more, and what was there stays; a line that was cut short goes.
        assert!(printed(&run("120")).contains("0 of them new"));
        assert_eq!(shop.read("fresh.csv"), first);
        shop.write("fresh.csv", &format!("{first}fresh,FR23"));
        assert!(printed(&run("150")).contains("150 codes of fresh, 30 of them new"));
        let second = shop.read("fresh.csv");
        assert!(second.starts_with(&first), "what is handed out stays");
        assert_eq!(codes(&second).iter().collect::<BTreeSet<_>>().len(), 150);

        let code = codes(&second)[149];
        let sale = shop.sell("nobody", &[code]);
        assert_eq!(sale["dueMinor"], "1700", "{place:?}: {sale}");
        let basket = super::shop::basket(None, &[code]).to_string();
        let told = refused(&shop.run_with(&["checkout", "confirm"], &basket), 1);
        assert!(told.contains("CODE"), "{told}");

        let wrong = format!("{}{}", &code[..13], if code.ends_with('2') { '3' } else { '2' });
        let told = shop.run(&["codes", "verify", "fresh", code, &wrong]);
        assert_eq!(told.status.code(), Some(1));
        let told = super::shop::text(&told.stdout);
        assert_eq!(told, format!("{code}  right\n{wrong}  wrong\n"));

        for (arguments, part) in [
            (&["codes", "generate", "thanks", "--count", "1", "--out", &out][..], "no campaign thanks"),
            (&["codes", "generate", "short", "--count", "100", "--out", &out], "could be guessed"),
            (&["codes", "generate", "other", "--count", "1", "--out", &out], "no line of codes of other"),
        ] {
            let told = refused(&shop.run(arguments), 1);
            assert!(told.contains(part), "{part} in {told}");
        }
    }
}
