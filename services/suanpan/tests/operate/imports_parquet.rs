//! Imports from Parquet do what the same rows in CSV do.

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::shop::{BOTH, Place, Shop, json_of, printed, refused, text};

/// The values of one column; nulls only where the column is optional.
enum Values<'v> {
    Texts(&'v [Option<&'v [u8]>]),
    Numbers(&'v [Option<i64>]),
    Days(&'v [Option<i32>]),
    Floats(&'v [f64]),
}

/// Values that are there, and for each row whether its value is.
fn present<T, V>(values: &[Option<T>], of: impl Fn(&T) -> V) -> (Vec<V>, Vec<i16>) {
    (values.iter().flatten().map(of).collect(), values.iter().map(|value| value.is_some().into()).collect())
}

/// Writes a file of one or more row groups.
fn write(shop: &Shop, name: &str, schema: &str, groups: &[&[Values<'_>]]) -> String {
    let path = shop.path(name);
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let file = File::create(&path).expect("a file");
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).expect("a writer");
    for columns in groups {
        let mut group = writer.next_row_group().expect("a row group");
        for values in *columns {
            let mut column = group.next_column().expect("a column").expect("as many as in the schema");
            let written = match values {
                Values::Texts(values) => {
                    let (values, levels) = present(values, |text| ByteArray::from(text.to_vec()));
                    column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)
                }
                Values::Numbers(values) => {
                    let (values, levels) = present(values, |number| *number);
                    column.typed::<Int64Type>().write_batch(&values, Some(&levels), None)
                }
                Values::Days(values) => {
                    let (values, levels) = present(values, |day| *day);
                    column.typed::<Int32Type>().write_batch(&values, Some(&levels), None)
                }
                Values::Floats(values) => column.typed::<DoubleType>().write_batch(values, None, None),
            };
            written.expect("values");
            column.close().expect("a column");
        }
        group.close().expect("a row group");
    }
    writer.close().expect("a file");
    path
}

const MEMBERS: &str = "message members {
    optional binary id (UTF8);
    optional binary cards (UTF8);
    optional binary birthday (UTF8);
    optional int64 points;
    optional int32 points_expire (DATE);
}";

/// 2036-06-30, counted from the first of 1970.
const LATE_IN_JUNE: i32 = 24_287;

#[test]
fn rows_are_taken_and_refused_as_those_of_csv_are() {
    for place in BOTH {
        let shop = Shop::open(place);
        let first: &[Values<'_>] = &[
            Values::Texts(&[Some(b"m-1"), None]),
            Values::Texts(&[Some(b"1001;1002"), Some(b"1003")]),
            Values::Texts(&[Some(b"1990-02-28"), Some(b"02-30")]),
            Values::Numbers(&[Some(120), Some(7)]),
            Values::Days(&[Some(LATE_IN_JUNE), None]),
        ];
        let second: &[Values<'_>] = &[
            Values::Texts(&[Some(b"m-2"), Some(b"\xff"), Some(b"m-4")]),
            Values::Texts(&[None, None, None]),
            Values::Texts(&[None, Some(b"02-30"), None]),
            Values::Numbers(&[Some(0), None, Some(5)]),
            Values::Days(&[None, None, Some(i32::MAX)]),
        ];
        // By its content, not its name.
        let file = write(&shop, "members.data", MEMBERS, &[first, second]);
        let told = shop.run(&["import", "members", &file]);
        let said = refused(&told, 1);
        assert!(text(&told.stdout).contains("5 rows, 2 taken, 3 bad"), "{place:?}: {said}");
        let mut problems: Vec<&str> =
            said.lines().filter_map(|line| line.split_once("members.data:")).map(|(_, told)| told).collect();
        problems.sort_unstable();
        assert_eq!(problems.len(), 4, "{said}");
        assert!(problems[0].starts_with("2: birthday is no day"), "{said}");
        assert!(problems[1].starts_with("2: id is required"), "{said}");
        assert_eq!(
            problems[2..],
            ["4: id: a text is not UTF-8", "5: points_expire: a day is beyond the calendar"],
            "{said}"
        );
        assert_eq!(shop.member("m-1")["points"]["spendable"], "120");
        refused(&shop.run(&["member", "get", "m-4"]), 1);

        let before = shop.export("entries");
        refused(&shop.run(&["import", "members", &file]), 1);
        assert_eq!(shop.export("entries"), before, "{place:?}: twice is once");

        // The same row in CSV is the same row.
        let row = "id,cards,birthday,points,points_expire\nm-1,1001;1002,1990-02-28,120,2036-06-30\n";
        printed(&shop.run(&["import", "members", &shop.write("same.csv", row)]));
        assert_eq!(shop.export("entries"), before, "{place:?}: whatever file it stands in");
    }
}

#[test]
fn a_file_that_is_not_understood_is_refused_as_a_whole() {
    let shop = Shop::open(Place::File);
    let id = Values::Texts(&[Some(b"m-1")]);
    let floats = "message m { optional binary id (UTF8); required double points; }";
    let floats = write(&shop, "floats.parquet", floats, &[&[id, Values::Floats(&[1.0])]]);
    let other = "message m { optional binary name (UTF8); }";
    let other = write(&shop, "other.parquet", other, &[&[Values::Texts(&[Some(b"m-1")])]]);
    let text_file = shop.write("text.parquet", "id\nm-1\n");
    let cut = shop.write("cut.parquet", "PAR1 and no more of it");
    for (file, parts) in [
        (floats.as_str(), &["floats.parquet: ", "column points holds floats"][..]),
        (&other, &["column \"name\" is not understood", "there is no column id"]),
        (&text_file, &["text.parquet: this cannot be read as Parquet"]),
        (&cut, &["cut.parquet: this cannot be read as Parquet"]),
        ("-", &["Parquet is read from its end"]),
    ] {
        let said = refused(&shop.run(&["import", "members", file, "--form", "parquet"]), 1);
        for part in parts {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
    refused(&shop.run(&["member", "get", "m-1"]), 1);
}

#[test]
fn an_import_that_was_killed_goes_on_at_its_row() {
    const ROWS: usize = 60_000;
    let shop = Shop::open(Place::Node);
    let codes: Vec<String> = (0..ROWS).map(|number| format!("FR{number:012}")).collect();
    let codes: Vec<Option<&[u8]>> = codes.iter().map(|code| Some(code.as_bytes())).collect();
    // Groups that end within a piece, and within what is read at once.
    let groups: Vec<[Values<'_>; 1]> = codes.chunks(7_001).map(|codes| [Values::Texts(codes)]).collect();
    let groups: Vec<&[Values<'_>]> = groups.iter().map(<[_; 1]>::as_slice).collect();
    let file = write(&shop, "codes.parquet", "message codes { optional binary code (UTF8); }", &groups);
    let arguments = ["import", "codes", &file, "--campaign", "fresh"];
    let mut first = shop.command(&arguments).spawn().expect("the binary starts");
    let progress = shop.folder().join("codes.parquet.progress");
    let begun = Instant::now();
    while !progress.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no journal");
        assert!(first.try_wait().expect("a child").is_none(), "it was over before it could be killed");
        std::thread::sleep(Duration::from_millis(1));
    }
    first.kill().expect("killed");
    first.wait().expect("gone");
    let last = shop.run(&arguments);
    assert!(text(&last.stderr).contains("going on after "), "{}", text(&last.stderr));
    assert!(printed(&last).contains(&format!("{ROWS} rows, {ROWS} taken, 0 bad")));
    assert!(!progress.exists(), "a run that is over leaves no journal");
    let report = json_of(&shop.run(&["audit", "--format", "json"]));
    let counts = report["counts"].as_array().expect("counts");
    let codes = counts.iter().find(|count| count["name"] == "codes").expect("codes");
    assert_eq!(codes["count"], ROWS.to_string(), "none twice, none lost");
}
