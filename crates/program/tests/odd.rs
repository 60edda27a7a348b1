//! Every kind of warning is told where it holds, and not where it does not.

use suanpan_program::{Severity, SourceFile, codes, parse};

fn cases() -> impl Iterator<Item = (&'static str, String)> {
    include_str!("odd.txt").split("\n=== ").skip(1).map(|case| {
        let (title, text) = case.split_once('\n').unwrap();
        let frame =
            if text.contains("program:") { "" } else { "program: t\ncurrency: CNY\nengine_edition: 1\n" };
        (title, format!("{text}\n{frame}"))
    })
}

fn announced(text: &str) -> Vec<(usize, &str)> {
    let marked =
        text.lines().enumerate().filter_map(|(index, line)| Some((index + 1, line.split_once("#~ ")?.1)));
    marked.flat_map(|(line, codes)| codes.split(' ').map(move |code| (line, code))).collect()
}

#[test]
fn each_oddity_is_told_where_it_stands() {
    let mut failed = String::new();
    for (title, text) in cases() {
        let parsed = parse(&[SourceFile::new("odd.yaml", text.clone())])
            .unwrap_or_else(|problems| panic!("{title}:\n{}", problems.render(false)));
        assert!(parsed.warnings.iter().all(|warning| warning.severity == Severity::Warning));
        let mut found: Vec<(usize, &str)> =
            parsed.warnings.iter().map(|warning| (warning.line, warning.code)).collect();
        found.sort_unstable();
        let expected = announced(&text);
        if found != expected {
            let drawn = parsed.warnings.render(false);
            failed += &format!("=== {title}\nfound    {found:?}\nexpected {expected:?}\n{drawn}");
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn every_code_of_a_warning_has_a_case() {
    let texts: Vec<String> = cases().map(|(_, text)| text).collect();
    let shown: Vec<&str> = texts.iter().flat_map(|text| announced(text)).map(|(_, code)| code).collect();
    let missing: Vec<&str> = codes()
        .iter()
        .map(|(code, _)| *code)
        .filter(|code| ("P060".."P080").contains(code) && !shown.contains(code))
        .collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
}
