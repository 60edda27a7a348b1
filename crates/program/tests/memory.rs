//! Reading a program takes less than twenty times its size, whatever it says.

use std::fmt::Write;
use std::time::Instant;

use suanpan_program::{SourceFile, parse};
use suanpan_testkit::heap;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

const FRAME: &str = "program: t\ncurrency: CNY\nengine_edition: 1\n";

fn list(head: &str, count: usize, mut each: impl FnMut(&mut String, usize)) -> String {
    let mut text = String::from(FRAME);
    text.push_str(head);
    for index in 0..count {
        each(&mut text, index);
    }
    text
}

/// Programs of every shape that is small to write and large to keep.
fn texts() -> Vec<(&'static str, bool, String)> {
    let ordinary = list("promotions:\n", 20_000, |text, index| {
        write!(
            text,
            "  - id: promotion-{index}\n    title: {{ en: Promotion {index}, zh-CN: 促销 {index} }}\n    when: {{ from: 2026-11-01, until: 2026-12-01 }}\n    buy: {{ category: [a/b{index}, c/d], spend: {index}.50 }}\n    effect: {{ percent_off: 5%, cap: 20.00 }}\n"
        )
        .unwrap();
    });
    let shortest = list("promotions:\n", 20_000, |text, index| {
        writeln!(text, "- {{id: p{index}, effect: {{shipping: free}}}}").unwrap();
    });
    let gifts = list("promotions: [", 20_000, |text, index| {
        write!(text, "{{id: {index:x},effect: {{gift: {{of: a}}}}}},").unwrap();
    }) + "]\n";
    let price_lists = list("price_lists: [", 20_000, |text, index| {
        write!(text, "{{id: {index:x},prices: {{a: 1}}}},").unwrap();
    }) + "]\n";
    let prices = list("price_lists:\n  - id: l\n    prices: {", 150_000, |text, index| {
        write!(text, "\"{index}\":1,").unwrap()
    }) + "}\n";
    let steps = list("promotions:\n- {id: p, effect: {steps: [", 100_000, |text, index| {
        write!(text, "{{spend: {},save: {}}},", index + 1, index + 1).unwrap();
    }) + "]}}\n";
    let skus = list("promotions:\n- {id: p, effect: {percent_off: 5%}, buy: {sku: [", 500_000, |text, _| {
        text.push_str("a,")
    }) + "]}}\n";
    let selectors =
        list("promotions:\n- {id: p, effect: {percent_off: 5%}, buy: {any_of: [", 150_000, |text, _| {
            text.push_str("{tag: a},")
        }) + "]}}\n";
    let stores = list("stores:\n", 100_000, |text, index| writeln!(text, "- {{id: s{index}}}").unwrap());
    let tiers = list("tiers:\n", 100_000, |text, index| writeln!(text, "- {{id: s{index}}}").unwrap());
    let groups = list("stacking:\n groups:\n", 100_000, |text, index| {
        writeln!(text, " - {{id: g{index}, scope: line}}").unwrap()
    });
    let codes =
        list("coupons:\n- {id: c, effect: {amount_off: 1}, codes: {generic: [", 150_000, |text, index| {
            write!(text, "c{index},").unwrap()
        }) + "]}}\n";
    let wrong = list("promotions: [", 1_000_000, |text, _| text.push_str("a,")) + "]\n";
    let unknown = list("", 200_000, |text, index| writeln!(text, "k{index}: 1").unwrap());
    // Two bytes for a key and a value that is not there.
    let nothings = list("promotions: {", 1_000_000, |text, _| text.push_str("a,")) + "}\n";
    let notes = list("x-a: {", 1_000_000, |text, _| text.push_str("a,")) + "}\n";
    let unknowns = list("stacking: {", 1_000_000, |text, _| text.push_str("a,")) + "}\n";
    let root = "{".to_owned() + &"a,".repeat(1_000_000) + "}\n";
    let questions = list("x-a: [", 1_000_000, |text, _| text.push_str("? ,")) + "]\n";
    let no_prices =
        list("price_lists:\n  - id: l\n    prices: {", 1_000_000, |text, _| text.push_str("a,")) + "}\n";
    let twice = list("", 200_000, |text, _| text.push_str("title: 1\n"));
    let anchors = list("x-a: [", 250_000, |text, index| write!(text, "&a{index} x,").unwrap()) + "]\n";
    let aliases = list("x-a: &a [x, y, z]\nx-b: [", 150_000, |text, _| text.push_str("*a ,")) + "]\n";
    let many = list(
        "x-a: &a {tag: a}\npromotions:\n- {id: p, effect: {percent_off: 5%}, buy: {any_of: [",
        500_000,
        |text, _| text.push_str("*a ,"),
    ) + "]}}\n";
    let mut bomb = format!("{FRAME}x-0: &a0 [x]\n");
    for level in 1..40 {
        let before = level - 1;
        writeln!(bomb, "x-{level}: &a{level} [*a{before} , *a{before} , *a{before} , *a{before} ]").unwrap();
    }
    bomb.push_str(&"# padding, so that twenty times the size is a size worth measuring\n".repeat(1_000));
    let deep = "[".repeat(4 << 20);
    let deeper = "- ".repeat(2 << 20);
    let maps = "a: ".repeat(1 << 20);
    let text = format!("{FRAME}title: \"{}\"\n", "x".repeat(4 << 20));
    let escapes = format!("{FRAME}title: \"{}\"\n", "\\n".repeat(2 << 20));
    let comments = "#\n".repeat(4 << 20);
    let newlines = "\n".repeat(4 << 20);
    let large = format!("{FRAME}#{}", " ".repeat(17 << 20));
    vec![
        ("ordinary", true, ordinary),
        ("shortest", true, shortest),
        ("gifts", true, gifts),
        ("lists", true, price_lists),
        ("prices", true, prices),
        ("steps", true, steps),
        ("skus", true, skus),
        ("selectors", true, selectors),
        ("stores", true, stores),
        ("tiers", false, tiers),
        ("groups", false, groups),
        ("codes", true, codes),
        ("wrong", false, wrong),
        ("unknown", false, unknown),
        ("nothings", false, nothings),
        ("notes", true, notes),
        ("unknowns", false, unknowns),
        ("root", false, root),
        ("questions", true, questions),
        ("no prices", false, no_prices),
        ("twice", false, twice),
        ("anchors", true, anchors),
        ("aliases", false, aliases),
        ("many", false, many),
        ("bomb", false, bomb),
        ("deep", false, deep),
        ("deeper", false, deeper),
        ("maps", false, maps),
        ("text", false, text),
        ("escapes", false, escapes),
        ("comments", false, comments),
        ("newlines", false, newlines),
        ("large", false, large),
    ]
}

#[test]
fn a_program_takes_less_than_twenty_times_its_size() {
    let mut failed = String::new();
    for (name, loads, text) in texts() {
        let bytes = text.len();
        let files = [SourceFile::new("large.yaml", text)];
        let start = Instant::now();
        let (result, peak) = heap::peak_bytes(|| parse(&files));
        let seconds = start.elapsed().as_secs_f32();
        // The text itself is part of what reading it takes.
        let tenths = (peak + bytes) * 10 / bytes;
        println!("{name:>10}: {bytes:>9} bytes, {:>3}.{} times, {seconds:.2} s", tenths / 10, tenths % 10);
        if tenths >= 200 {
            failed += &format!("{name}: {}.{} times its size\n", tenths / 10, tenths % 10);
        }
        match result {
            Ok(_) if !loads => failed += &format!("{name}: it loads\n"),
            Err(problems) if loads => failed += &format!("{name}: {}\n", problems[0]),
            _ => {}
        }
    }
    assert!(failed.is_empty(), "{failed}");
}
