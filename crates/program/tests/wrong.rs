//! Every kind of mistake is told with its code and its line, and no mistake hides another.

use std::collections::BTreeSet;

use suanpan_program::{Severity, SourceFile, parse};

/// The problems that comments of a case announce: line and code.
fn announced(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| Some((index + 1, line.split_once("#~ ")?.1)))
        .flat_map(|(line, codes)| codes.split(' ').map(move |code| (line, code.to_owned())))
        .collect()
}

fn cases() -> impl Iterator<Item = (&'static str, String)> {
    include_str!("wrong.txt").split("\n=== ").skip(1).map(|case| {
        let (title, text) = case.split_once('\n').unwrap();
        let frame =
            if text.contains("program:") { "" } else { "program: t\ncurrency: CNY\nengine_edition: 1\n" };
        (title.trim_end_matches(" [schema]"), format!("{text}{frame}"))
    })
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    let mut failed = String::new();
    for (title, text) in cases() {
        let problems = match parse(&[SourceFile::new("wrong.yaml", text.clone())]) {
            Ok(_) => panic!("{title}: it loads"),
            Err(problems) => problems,
        };
        let drawn = problems.render(false);
        if text.contains("#~~") {
            assert!(problems.iter().all(|problem| problem.code == "P002"), "{title}:\n{drawn}");
            continue;
        }
        let mut found: Vec<(usize, String)> = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .map(|problem| (problem.line, problem.code.to_owned()))
            .collect();
        let mut expected = announced(&text);
        found.sort();
        expected.sort();
        if found != expected {
            failed += &format!("=== {title}\nfound    {found:?}\nexpected {expected:?}\n{drawn}");
        }
        for problem in &problems {
            assert!(problem.column > 0 && problem.span.end <= text.len(), "{title}: {problem:?}");
            assert!(drawn.contains(problem.code), "{title}: {problem:?} is not in\n{drawn}");
            assert!(problem.hint.as_ref().is_some_and(|hint| !hint.is_empty()), "{title}: {problem:?}");
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn four_errors_hide_no_warning() {
    let text = "\
program: t
currency: CNY
engine_edition: 1
promotions:
  - { id: one, effect: { percent_of: 5% } }
  - { id: two, who: { tiers: [gold] }, effect: { percent_off: 5% } }
  - { id: three, effect: { percent_off: 5 } }
  - { id: four, when: { days: [31], days_of_month: 31, months: [2] }, effect: { percent_off: 95% } }
  - { id: five, when: { days_of_month: 31, months: [2] }, effect: { percent_off: 5% } }
  - { id: six, effect: { percent_off: 95% } }
";
    let told = |text: &str| -> Vec<(usize, &'static str)> {
        let problems = parse(&[SourceFile::new("t.yaml", text)]).unwrap_err();
        problems.iter().map(|problem| (problem.line, problem.code)).collect()
    };
    // Nothing odd is said of an offer that has an error itself.
    let errors = [(5, "P010"), (6, "P034"), (7, "P023"), (8, "P015")];
    let mut found = told(text);
    found.sort_unstable();
    assert_eq!(found, [&errors[..], &[(9, "P060"), (10, "P062")]].concat());
    // A maximum discount that cannot be read may bound what seems too much.
    let found = told(&format!("{text}maximum_discount: 50\n"));
    assert!(found.contains(&(9, "P060")) && !found.contains(&(10, "P062")), "{found:?}");
}

#[test]
fn diagnostics_come_in_the_order_of_the_text() {
    for (title, text) in cases() {
        let problems = parse(&[SourceFile::new("wrong.yaml", text)]).unwrap_err();
        assert!(problems.is_sorted_by_key(|problem| problem.span.start), "{title}");
    }
}

#[test]
fn a_path_leads_to_the_place_and_a_hint_out_of_it() {
    let text = "program: t\ncurrency: CNY\npromotions:\n  - id: one\n    effect: { cap: 5, zz: 5% }\n  - id: two\n    effect:\n      bundle: { parts: [{ sku: a }, { sku: b, unit: 2 }], price: 1 }\n";
    let problems = parse(&[SourceFile::new("t.yaml", text)]).unwrap_err();
    let found: Vec<(&str, usize, usize, &str)> = problems
        .iter()
        .map(|problem| {
            (problem.path.as_str(), problem.line, problem.column, problem.hint.as_deref().unwrap())
        })
        .collect();
    assert_eq!(
        found[0],
        (
            "promotions[0].effect",
            5,
            13,
            "add one of: percent_off, amount_off, unit_price, price_list, set_price, bundle, nth_unit, get, steps, repeat, shipping, gift, match, points, issue_coupon, entitlement"
        )
    );
    let known = found[1].3.to_owned();
    assert_eq!(found[1], ("promotions[0].effect.zz", 5, 23, known.as_str()));
    assert!(known.starts_with("known here: percent_off, "), "{known}");
    let drawn = problems.render(false);
    assert!(drawn.contains("[t.yaml:8:47]") && drawn.contains("did you mean `units`?"), "{drawn}");
    assert!(problems.render(true).contains("\u{1b}["));
    assert_eq!(found[2], ("promotions[1].effect.bundle.parts[1].unit", 8, 47, "did you mean `units`?"));
}

#[test]
fn every_code_of_an_error_has_a_case() {
    let shown: BTreeSet<String> =
        cases().flat_map(|(_, text)| announced(&text)).map(|(_, code)| code).collect();
    let missing: Vec<&str> = suanpan_program::codes()
        .iter()
        .map(|(code, _)| *code)
        .filter(|code| !shown.contains(*code))
        .filter(|code| !matches!(*code, "P001" | "P004") && *code < "P060")
        .collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
}

#[test]
fn places_count_characters_and_spans_count_bytes() {
    let text = "title: { en: A, zh-CN: 朝阳🍵 }\npromotions: [{ id: 生日, effect: { percent_off: 5% }, 促销: x }]\nprogram: t\ncurrency: CNY\n";
    let problems = parse(&[SourceFile::new("t.yaml", text)]).unwrap_err();
    let problem = &problems[0];
    assert_eq!((problems.len(), problem.line, problem.column), (1, 2, 53), "{problems}");
    assert_eq!(&text[problem.span.clone()], "促销");
    assert!(problems.render(false).contains("促销"));
}

#[test]
fn what_is_no_yaml_is_told_in_both_halves_of_a_folder() {
    let files = [
        SourceFile::new(
            "a.yaml",
            "program: t\ncurrency: CNY\npromotions:\n  - { id: a, effect: { percent_off: 5 } }\n  - { id: b\n",
        ),
        SourceFile::new(
            "b.yaml",
            "promotions:\n  - id: c\n    who: { tiers: [x] }\n    effect: { percent_off: 6 }\ncoupons: ]\n",
        ),
    ];
    let problems = parse(&files).unwrap_err();
    let found: Vec<(&str, usize, &str)> =
        problems.iter().map(|problem| (&*problem.file, problem.line, problem.code)).collect();
    let expected =
        [("a.yaml", 4, "P023"), ("a.yaml", 5, "P002"), ("b.yaml", 4, "P023"), ("b.yaml", 5, "P002")];
    assert_eq!(found, expected, "{problems}");
}

#[test]
fn what_is_no_map_is_no_program() {
    for (text, code) in
        [("", "P016"), ("# nothing\n", "P016"), ("hello", "P013"), ("[a]", "P013"), ("~", "P014")]
    {
        let problems = parse(&[SourceFile::new("t.yaml", text)]).unwrap_err();
        assert_eq!((problems.len(), problems[0].code), (1, code), "{text:?}: {problems}");
    }
    assert_eq!(parse(&[]).unwrap_err().len(), 1);
}

#[test]
fn limits_hold() {
    let offers = |count: usize, more: &str| {
        let list: String = (0..count)
            .map(|index| {
                format!(
                    "- {{ id: p{index}, effect: {{ shipping: free }}{} }}\n",
                    more.replace('#', &index.to_string())
                )
            })
            .collect();
        format!("program: t\ncurrency: CNY\npromotions:\n{list}")
    };
    let pools = |count| {
        let takes_units = "{ nth_unit: { n: 2, percent_off: 50% } }";
        offers(count, ", stacking: { pool: p# }").replace("{ shipping: free }", takes_units)
    };
    let layers: String = (0..31).map(|index| format!("l{index}, ")).collect();
    let tiers: String = (0..101).map(|index| format!("{{ id: t{index} }}, ")).collect();
    for (text, path) in [
        (offers(20_001, ""), "promotions[0]"),
        (pools(64), "promotions[63].stacking.pool"),
        (format!("program: t\ncurrency: CNY\nlayers: [{layers}]\n"), "layers"),
        (format!("program: t\ncurrency: CNY\ntiers: [{tiers}]\n"), "tiers[100]"),
        (format!("program: t\ncurrency: CNY\nx-a: {}{}\n", "[".repeat(64), "]".repeat(64)), ""),
        (format!("program: t\ncurrency: CNY\nx-a: {}{}\n", "[".repeat(2_000), "]".repeat(2_000)), ""),
    ] {
        let problems = parse(&[SourceFile::new("t.yaml", text)]).unwrap_err();
        assert_eq!(
            (problems.len(), problems[0].code, problems[0].path.as_str()),
            (1, "P003", path),
            "{problems}"
        );
    }
    assert!(parse(&[SourceFile::new("t.yaml", offers(20_000, ""))]).is_ok());
    assert!(parse(&[SourceFile::new("t.yaml", pools(63))]).is_ok());
}

#[test]
fn what_is_beyond_counting_is_counted() {
    let list: String =
        (0..5_000).map(|index| format!("- {{ id: p{index}, effect: {{ percent_off: 5 }} }}\n")).collect();
    let problems =
        parse(&[SourceFile::new("t.yaml", format!("program: t\ncurrency: CNY\npromotions:\n{list}"))])
            .unwrap_err();
    assert_eq!(problems.len(), 1_001);
    assert_eq!(
        (problems[1_000].code, problems[1_000].message.as_str()),
        ("P004", "4000 more problems are not shown")
    );
}
