//! The binary as people meet it: what it prints, and how it ends.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs the binary in the repository's root with something on standard input.
fn suanpan(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_suanpan"))
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("the binary reads");
    child.wait_with_output().expect("the binary ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

const SUNRISE: &str = "examples/sunrise-market";
const SHOP: &str = "examples/sunrise-market/baskets/evening-shop.json";

#[test]
fn five_planted_mistakes_are_five_errors_with_places_and_hints() {
    let output = suanpan(&["check", "services/suanpan/tests/cli/five-mistakes.yaml"], "");
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.ends_with("five-mistakes.yaml: 5 errors, no warnings\n"), "{printed}");
    for place in [":7:39", ":8:37", ":9:65", ":10:31", ":12:11"] {
        assert!(printed.contains(&format!("five-mistakes.yaml{place}")), "{place} in {printed}");
    }
    assert_eq!(printed.matches("help: ").count(), 5, "{printed}");
    assert!(printed.contains("did you mean `gold`?") && printed.contains("did you mean `category`?"));
    assert!(!printed.contains('\u{1b}'), "no colour where there is no terminal");
}

#[test]
fn the_examples_are_sound() {
    for chain in ["sunrise-market", "corner-roast", "blue-ridge-grocery", "hinode-store"] {
        let output = suanpan(&["check", "--strict", &format!("examples/{chain}")], "");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    }
}

#[test]
fn a_basket_is_priced_from_a_file_and_from_standard_input() {
    let from_file = suanpan(&["quote", "--program", SUNRISE, "--format", "json", SHOP], "");
    let basket = std::fs::read_to_string(root().join(SHOP)).expect("the example");
    let from_input = suanpan(&["quote", "--program", SUNRISE, "--format", "json"], &basket);
    assert_eq!(from_file.status.code(), Some(0), "{}", text(&from_file.stderr));
    assert_eq!(text(&from_file.stdout), text(&from_input.stdout));
    let quote: serde_json::Value = serde_json::from_slice(&from_file.stdout).expect("JSON");
    assert_eq!(quote["dueMinor"], "25673", "{quote}");
}

#[test]
fn receipts_speak_two_languages() {
    for (lang, words) in
        [("en", ["To pay", "Second milk at half price"]), ("zh-CN", ["应付", "牛奶第二件半价"])]
    {
        for format in ["receipt", "waterfall", "table"] {
            let output =
                suanpan(&["quote", "--program", SUNRISE, "--lang", lang, "--format", format, SHOP], "");
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            let printed = text(&output.stdout);
            assert!(!printed.is_empty());
            if format == "receipt" {
                words.iter().for_each(|word| assert!(printed.contains(word), "{word} in {printed}"));
            }
        }
    }
    let explained = suanpan(&["explain", "--program", SUNRISE, "--lang", "zh-CN", SHOP], "");
    assert!(text(&explained.stdout).contains("未使用的优惠"), "{}", text(&explained.stdout));
}

#[test]
fn a_bad_basket_is_refused_with_every_problem() {
    let basket = r#"{"chain": "sunrise-market", "currency": "XXX", "businessTime": {"unixMs": "1795170720000"}, "lines": [
        {"id": "a", "sku": "s", "quantityMilli": 0, "unitPriceMinor": 1},
        {"id": "a", "sku": "s", "quantityMilli": 1000, "unitPriceMinor": "9223372036854775807"}]}"#;
    let output = suanpan(&["quote", "--program", SUNRISE], basket);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for field in ["currency", "lines[0].quantity_milli", "lines[1].id", "lines[1].unit_price_minor"] {
        assert!(said.contains(field), "{field} in {said}");
    }
}

#[test]
fn a_basket_of_another_chain_hides_no_other_problem() {
    let basket = r#"{"chain": "moonset", "currency": "CNY", "businessTime": {"unixMs": "1795170720000"}, "lines": [
        {"id": "a", "sku": "s", "quantityMilli": 0, "unitPriceMinor": 1}]}"#;
    let output = suanpan(&["quote", "--program", SUNRISE], basket);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the program is that of sunrise-market"), "{said}");
    assert!(said.contains("lines[0].quantity_milli"), "{said}");
}

#[test]
fn the_catalogue_is_the_one_that_is_named() {
    let folder = root().join("examples/sunrise-market");
    let program = folder.join("program.yaml").display().to_string();
    let catalogue = folder.join("catalogue.csv").display().to_string();
    let alone = suanpan(&["check", &program], "");
    assert!(!text(&alone.stdout).contains("article"), "{}", text(&alone.stdout));
    let named = suanpan(&["check", "--catalogue", &catalogue, &program], "");
    assert!(text(&named.stdout).contains(" articles;"), "{}", text(&named.stdout));
    let no_catalogue = suanpan(&["check", "--catalogue", &program, &program], "");
    assert_eq!(no_catalogue.status.code(), Some(1));
    assert!(text(&no_catalogue.stdout).contains("P081"), "{}", text(&no_catalogue.stdout));

    let basket = format!(
        r#"{{ "chain": "sunrise-market", "store": "bj-001", "channel": "pos", "currency": "CNY", "businessTime": {{ "unixMs": 1795170720000, "utcOffsetMinutes": 480 }}, "lines": [{{ "id": "1", "sku": "{}", "quantityMilli": "1000" }}] }}"#,
        first_sku(&catalogue)
    );
    let quote = |more: &[&str]| {
        let arguments = [&["quote", "--format", "json", "--program", &program], more].concat();
        suanpan(&arguments, &basket)
    };
    assert!(
        text(&quote(&[]).stderr).contains("unit_price_minor is missing"),
        "the file alone knows no article"
    );
    let priced = quote(&["--catalogue", &catalogue]);
    assert_eq!(priced.status.code(), Some(0), "{}", text(&priced.stderr));
}

fn first_sku(catalogue: &str) -> String {
    let text = std::fs::read_to_string(catalogue).expect("the example's catalogue");
    let row = text.lines().nth(1).expect("an article");
    row.split(',').next().expect("a sku").to_owned()
}

#[test]
fn every_way_to_fail_has_its_exit_code() {
    for (arguments, input, code) in [
        (&["quote"][..], "", 2),
        (&["quote", "--program", "no-such-file.yaml"], "", 3),
        (&["serve", "--program", "no-such-file.yaml"], "", 3),
        (&["quote", "--program", SUNRISE, "no-such-basket.json"], "", 3),
        (&["quote", "--program", SUNRISE], "{ not json", 1),
        (&["quote", "--program", SUNRISE], "", 1),
        (&["quote", "--program", SUNRISE], "[]", 1),
        (&["check", "no-such-file.yaml"], "", 3),
        (&["check", "--catalogue", "no-such-file.csv", SUNRISE], "", 3),
        (&["serve", "--program", SUNRISE, "--listen", "0.0.0.0:0"], "", 2),
    ] {
        let output = suanpan(arguments, input);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).starts_with("error: "), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn the_demo_prices_a_basket_over_grpc() {
    let output = suanpan(&["demo", "--exit", "--listen", "127.0.0.1:0"], "");
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for word in ["To pay", "应付", "256.73", "Spend and save", "金秋满减", "Priced over gRPC"] {
        assert!(printed.contains(word), "{word} in {printed}");
    }
    // The story goes on from each balance to the next one, and is the same in both languages.
    let (english, chinese) = (story(&printed, "The life of a sale"), story(&printed, "一笔交易的一生"));
    assert_eq!(english, chinese);
    assert_eq!(english.len(), 11, "{printed}");
    let mut balance = 0;
    for (points, after) in &english {
        balance += points;
        assert_eq!(balance, *after, "{printed}");
    }
    for word in ["银卡会员", "Silver", "everything balances", "账目相符"] {
        assert!(printed.contains(word), "{word} in {printed}");
    }
    assert!(printed.contains(&format!("{balance} points outstanding")), "{printed}");
}

/// The points and the balance of every step of a story.
fn story(printed: &str, title: &str) -> Vec<(i64, i64)> {
    let (_, rest) = printed.split_once(title).expect("the story");
    let rows = rest.trim_start().lines().skip(1).take_while(|line| !line.is_empty());
    rows.map(|row| {
        let columns: Vec<&str> = row.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect();
        let numbers: Vec<&str> =
            columns.iter().copied().filter(|column| column.parse::<i64>().is_ok()).collect();
        match numbers[..] {
            [balance] => (0, balance.parse().expect("a number")),
            [points, balance] => (points.parse().expect("a number"), balance.parse().expect("a number")),
            _ => panic!("{row}"),
        }
    })
    .collect()
}

#[test]
fn schema_and_completions_are_printed() {
    let schema = suanpan(&["schema"], "");
    assert!(serde_json::from_slice::<serde_json::Value>(&schema.stdout).is_ok());
    let completions = suanpan(&["completions", "bash"], "");
    assert!(text(&completions.stdout).contains("_suanpan"));
}
