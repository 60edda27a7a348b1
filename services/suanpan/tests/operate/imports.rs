//! Rows of files become members, coupons and codes, once.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::shop::{BOTH, Place, Shop, printed, refused, text};

#[test]
fn good_rows_go_in_and_bad_ones_are_told_with_all_their_problems() {
    for place in BOTH {
        let shop = Shop::open(place);
        printed(&shop.run(&["import", "members", &shop.write("first.csv", "id,cards\nm-0,1009\n")]));
        let file = shop.write(
            "members.csv",
            "id,cards,phone,birthday,points,points_expire,email\n\
             m-1,1001;1002,,1990-02-28,120,2036-06-30,\n\
             ,1003,12,02-30,many,soon,nobody\n\
             m-2,,,,0,,\n\
             m-3,1009,,,5,,\n\
             m-4,,,,7,,x@y,surplus\n",
        );
        let told = shop.run(&["import", "members", &file]);
        let said = refused(&told, 1);
        assert!(text(&told.stdout).contains("5 rows, 2 taken, 3 bad"), "{}", text(&told.stdout));
        let of = |line: u32| -> Vec<&str> {
            let prefix = format!("members.csv:{line}: ");
            said.lines().filter_map(|said| said.split_once(&prefix).map(|(_, problem)| problem)).collect()
        };
        let begins: Vec<&str> =
            of(3).iter().map(|problem| problem.split([' ', ':']).next().unwrap_or_default()).collect();
        let mut sorted = begins.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["birthday", "email", "id", "phone", "points", "points_expire"], "{said}");
        assert!(of(5).first().is_some_and(|told| told.contains("leads to another member")), "{said}");
        assert_eq!(of(6), ["has 8 cells, the head has 7"]);
        assert_eq!((of(2).len(), of(4).len()), (0, 0), "{said}");
        assert_eq!(shop.member("m-1")["points"]["spendable"], "120");
        assert_eq!(shop.member("m-2")["id"], "m-2");
        refused(&shop.run(&["member", "get", "m-4"]), 1);

        let before = shop.export("entries");
        refused(&shop.run(&["import", "members", &file]), 1);
        assert_eq!(shop.export("entries"), before, "{place:?}: twice is once");

        let head = shop.write("head.csv", "id,nickname\nm-5,x\n");
        assert!(
            refused(&shop.run(&["import", "members", &head]), 1).contains("\"nickname\" is not understood")
        );
        let changed = shop.write("changed.jsonl", "{\"id\":\"m-1\",\"points\":121}\n");
        let said = refused(&shop.run(&["import", "members", &changed]), 1);
        assert!(said.contains("changed.jsonl:1: "), "{said}");
        assert_eq!(shop.member("m-1")["points"]["spendable"], "120");
    }
}

#[test]
fn a_row_that_is_not_taken_leaves_nothing() {
    for place in BOTH {
        let shop = Shop::open(place);
        let cases = [
            ("m-1,40,2020-06-30", "points_expire: 2020-06-30 is over"),
            ("m-1,-5,", "points are less than 0: a member who is new has none to lose"),
        ];
        for (row, problem) in cases {
            let file = shop.write("past.csv", &format!("id,points,points_expire\n{row}\n"));
            let said = refused(&shop.run(&["import", "members", &file]), 1);
            assert!(said.contains(&format!("past.csv:2: {problem}\n")), "{place:?} {row}: {said}");
            let gone = refused(&shop.run(&["member", "get", "m-1"]), 1);
            assert!(gone.contains("there is no such member\n  help: "), "{gone}");
        }
        // A folder is no file, whatever would have been in it.
        let folder = shop.path("");
        assert!(refused(&shop.run(&["import", "members", &folder]), 3).contains("cannot read"));
    }
}

#[test]
fn of_two_rows_with_one_name_the_first_one_counts() {
    const PAIRS: u32 = 40;
    let shop = Shop::open(Place::Node);
    let mut rows = String::from("id,cards,points\r\n");
    for pair in 0..PAIRS {
        write!(rows, "m-{pair},,100\r\nm-{pair},,200\r\n").expect("a text");
        write!(rows, "a-{pair},card-{pair},\r\nb-{pair},card-{pair},\r\n").expect("a text");
    }
    let told = shop.run(&["import", "members", &shop.write("pairs.csv", &rows)]);
    let said = refused(&told, 1);
    let mut bad: Vec<u32> = said
        .lines()
        .filter_map(|line| line.split_once("pairs.csv:")?.1.split(':').next()?.parse().ok())
        .collect();
    bad.dedup();
    // The head is line 1; of each four rows behind it the second and the fourth are bad.
    let expected: Vec<u32> = (0..PAIRS * 2).map(|pair| 3 + 2 * pair).collect();
    assert_eq!(bad, expected, "{said}");
    for pair in [0, PAIRS / 2, PAIRS - 1] {
        assert_eq!(shop.member(&format!("m-{pair}"))["points"]["spendable"], "100");
        assert_eq!(shop.member(&format!("a-{pair}"))["id"], format!("a-{pair}"));
    }
}

#[test]
fn coupons_and_codes_come_in_once() {
    for place in BOTH {
        let shop = Shop::open(place);
        shop.enrol("m-1");
        let rows = "{\"member\":\"m-1\",\"campaign\":\"thanks\",\"id\":1}\n\
                    {\"member\":\"m-1\",\"campaign\":\"thanks\",\"id\":2,\"expires\":\"2036-06-30\"}\n\
                    {\"member\":\"m-1\",\"campaign\":\"thanks\",\"id\":1}\n\
                    {\"member\":\"m-9\",\"campaign\":\"thanks\"}\n\
                    {\"member\":\"\",\"campaign\":\"no-such\",\"expires\":\"never\"}\n";
        for _ in 0..2 {
            let told = shop.run_with(&["import", "coupons", "-", "--form", "jsonl"], rows);
            let said = refused(&told, 1);
            assert!(text(&told.stdout).contains("5 rows, 3 taken, 2 bad"), "{}", text(&told.stdout));
            assert!(said.contains("-:4: ") && said.matches("-:5: ").count() == 3, "{said}");
            assert_eq!(shop.member("m-1")["coupons"].as_array().map(Vec::len), Some(2), "{place:?}");
        }

        let codes = shop.write("codes.csv", "code\nFR0123456789AB\nFR0123456789AC\nFR012\nXX0123456789AB\n");
        for _ in 0..2 {
            let told = shop.run(&["import", "codes", &codes, "--campaign", "fresh"]);
            let said = refused(&told, 1);
            assert!(text(&told.stdout).contains("4 rows, 2 taken, 2 bad"), "{}", text(&told.stdout));
            assert!(said.contains("codes.csv:4: code: those of fresh have 14 characters"), "{said}");
            assert!(said.contains("codes.csv:5: code: those of fresh begin with FR"), "{said}");
        }
        assert_eq!(shop.sell("nobody", &["FR0123456789AC"])["dueMinor"], "1700");
        // Bringing the code in again does not free it.
        refused(&shop.run(&["import", "codes", &codes, "--campaign", "fresh"]), 1);
        let basket = super::shop::basket(None, &["FR0123456789AC"]).to_string();
        refused(&shop.run_with(&["checkout", "confirm"], &basket), 1);
        let said = refused(&shop.run(&["import", "codes", &codes]), 1);
        assert!(said.contains("campaign is required"), "{said}");
    }
}

#[test]
fn an_import_that_was_killed_goes_on_where_it_stopped() {
    const ROWS: u64 = 60_000;
    let mut shop = Shop::open(Place::Node);
    let mut rows = String::from("campaign,code\n");
    for number in 0..ROWS {
        writeln!(rows, "fresh,FR{number:012}").expect("a text");
    }
    let file = shop.write("codes.csv", &rows);
    let mut first = shop.command(&["import", "codes", &file]).spawn().expect("the binary starts");
    let progress = shop.folder().join("codes.csv.progress");
    let begun = Instant::now();
    while !progress.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no journal");
        assert!(first.try_wait().expect("a child").is_none(), "it was over before it could be killed");
        std::thread::sleep(Duration::from_millis(1));
    }
    first.kill().expect("killed");
    first.wait().expect("gone");
    // The node dies too, and comes back.
    shop.kill();
    shop.serve();
    let second = shop.run(&["import", "codes", &file]);
    // The node has another port now: for the journal it is another store, and everything is sent again.
    assert!(printed(&second).contains(&format!("{ROWS} rows, {ROWS} taken, 0 bad")));
    assert!(!progress.exists(), "a run that is over leaves no journal");

    let mut third = shop.command(&["import", "codes", &file]).spawn().expect("the binary starts");
    while !progress.exists() {
        assert!(third.try_wait().expect("a child").is_none(), "it was over before it could be killed");
        std::thread::sleep(Duration::from_millis(1));
    }
    third.kill().expect("killed");
    third.wait().expect("gone");
    let last = shop.run(&["import", "codes", &file]);
    assert!(text(&last.stderr).contains("going on after "), "{}", text(&last.stderr));
    assert!(printed(&last).contains(&format!("{ROWS} rows, {ROWS} taken, 0 bad")));
    let report = super::shop::json_of(&shop.run(&["audit", "--format", "json"]));
    let counts = report["counts"].as_array().expect("counts");
    let codes = counts.iter().find(|count| count["name"] == "codes").expect("codes");
    assert_eq!(codes["count"], ROWS.to_string(), "none twice, none lost");
}
