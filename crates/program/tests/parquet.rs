//! A catalogue in Parquet, as other tools write it.

#![cfg(feature = "parquet")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use suanpan_domain::{Catalogue, LineKind, Money, Rate};
use suanpan_program::model::Program;
use suanpan_program::{CatalogueTable, SourceFile, load_with, parse};

const PROGRAM: &str = "
program: shop
currency: EUR
engine_edition: 1
tax: { rates: [{ id: full, rate: 19% }, { id: half, rate: 7% }] }
";

fn program() -> Program {
    parse(&[SourceFile::new("shop.yaml", PROGRAM)]).unwrap().program
}

/// The values of one column; nulls only where the column is optional.
enum Values<'v> {
    Texts(&'v [Option<&'v str>]),
    Bytes(&'v [&'v [u8]]),
    Int32(&'v [i32]),
    Int64(&'v [i64]),
    Fixed(&'v [&'v [u8]]),
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("catalogue-{name}.parquet"))
}

/// Writes a file of so many equal row groups.
fn write(name: &str, schema: &str, compression: Compression, groups: usize, columns: &[Values]) -> PathBuf {
    let path = path(name);
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(File::create(&path).unwrap(), schema, properties).unwrap();
    for _ in 0..groups {
        let mut group = writer.next_row_group().unwrap();
        columns.iter().for_each(|values| write_column(&mut group, values));
        group.close().unwrap();
    }
    writer.close().unwrap();
    path
}

fn write_column(group: &mut SerializedRowGroupWriter<'_, File>, values: &Values) {
    let mut column = group.next_column().unwrap().unwrap();
    match values {
        Values::Texts(texts) => {
            let levels: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
            let values: Vec<ByteArray> = texts.iter().flatten().map(|text| ByteArray::from(*text)).collect();
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        }
        Values::Bytes(bytes) => {
            let values: Vec<ByteArray> = bytes.iter().map(|bytes| ByteArray::from(bytes.to_vec())).collect();
            column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        }
        Values::Int32(numbers) => {
            column.typed::<Int32Type>().write_batch(numbers, None, None).unwrap();
        }
        Values::Int64(numbers) => {
            column.typed::<Int64Type>().write_batch(numbers, None, None).unwrap();
        }
        Values::Fixed(bytes) => {
            let values: Vec<_> = bytes.iter().map(|bytes| ByteArray::from(bytes.to_vec()).into()).collect();
            column.typed::<FixedLenByteArrayType>().write_batch(&values, None, None).unwrap();
        }
    }
    column.close().unwrap();
}

fn read(path: &Path) -> Result<CatalogueTable, Vec<(usize, &'static str, String)>> {
    CatalogueTable::read_parquet("catalogue.parquet", File::open(path).unwrap(), &program()).map_err(
        |problems| {
            problems.iter().map(|problem| (problem.line, problem.code, problem.message.clone())).collect()
        },
    )
}

#[test]
fn an_article_is_found_with_all_that_its_row_says() {
    for (name, compression) in [
        ("plain", Compression::UNCOMPRESSED),
        ("snappy", Compression::SNAPPY),
        ("zstd", Compression::ZSTD(ZstdLevel::default())),
    ] {
        let path = write(
            name,
            "message catalogue {
                required int64 sku;
                optional binary category (UTF8);
                optional binary tags (UTF8);
                optional binary kind (UTF8);
                optional binary taxes (UTF8);
                required fixed_len_byte_array(9) base_price (DECIMAL(20, 4));
                required int32 legal_minimum (DECIMAL(9, 2));
            }",
            compression,
            1,
            &[
                Values::Int64(&[4_001, 4_002, 4_003]),
                Values::Texts(&[Some("dairy/milk"), None, Some("")]),
                Values::Texts(&[Some("organic|cold"), None, None]),
                Values::Texts(&[None, Some("gift_card"), None]),
                Values::Texts(&[Some("half"), None, Some("full")]),
                // 1.2900, 0.0001 and 12.9050, the most significant byte first.
                Values::Fixed(&[
                    &[0, 0, 0, 0, 0, 0, 0, 0x32, 0x64],
                    &[0, 0, 0, 0, 0, 0, 0, 0, 1],
                    &[0, 0, 0, 0, 0, 0, 1, 0xf8, 0x1a],
                ]),
                Values::Int32(&[99, 0, 400]),
            ],
        );
        let table = read(&path).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        assert_eq!(table.len(), 3);
        let milk = table.find("4001").unwrap();
        assert_eq!((milk.category, milk.brand, milk.weighed), ("dairy/milk", "", false));
        assert_eq!(table.tags_of(&milk), ["organic", "cold"]);
        assert_eq!(table.taxes_of(&milk)[0].rate, Rate::from_percent(7));
        assert_eq!(milk.unit_price.unwrap().micro(), 129_000_000);
        assert_eq!(milk.legal_minimum, Some(Money::from_minor(99)));
        let card = table.find("4002").unwrap();
        assert_eq!((card.kind, card.unit_price.unwrap().micro()), (LineKind::GiftCard, 10_000));
        let wine = table.find("4003").unwrap();
        assert_eq!((wine.category, wine.unit_price.unwrap().micro()), ("", 1_290_500_000));
        assert_eq!(wine.legal_minimum, Some(Money::from_minor(400)));
    }
}

#[test]
fn every_bad_row_is_told_with_its_number() {
    let path = write(
        "bad-rows",
        "message catalogue {
            optional binary sku (UTF8);
            required binary kind;
            required int64 base_price (DECIMAL(18, 2));
        }",
        Compression::SNAPPY,
        2,
        &[
            Values::Texts(&[Some("a"), None, Some("b")]),
            Values::Bytes(&[b"goods", b"goods", b"\xff"]),
            Values::Int64(&[100, 100, -5]),
        ],
    );
    let problems = read(&path).unwrap_err();
    let found: Vec<(usize, &str, &str)> =
        problems.iter().map(|(line, code, message)| (*line, *code, message.as_str())).collect();
    assert_eq!(
        found,
        [
            (2, "P080", "the sku is empty"),
            (3, "P080", "a text is not UTF-8"),
            (4, "P082", "the sku stands here twice"),
            (5, "P080", "the sku is empty"),
            (6, "P080", "a text is not UTF-8"),
        ]
    );
}

#[test]
fn columns_that_no_exact_text_can_be_made_of_are_refused_together() {
    let path = write(
        "columns",
        "message catalogue {
            required int32 sku (DATE);
            required int64 base_price (UINT_64);
            required int64 legal_minimum (TIMESTAMP_MILLIS);
            required int32 price;
        }",
        Compression::UNCOMPRESSED,
        1,
        &[Values::Int32(&[1]), Values::Int64(&[1]), Values::Int64(&[1]), Values::Int32(&[1])],
    );
    assert_eq!(read(&path).unwrap_err(), [(0, "P081", "the column `price` is not known".to_owned())]);
    for (name, column, message) in [
        (
            "float",
            "required float base_price;",
            "the column `base_price` holds floats, which no amount is exact in",
        ),
        (
            "double",
            "required double base_price;",
            "the column `base_price` holds floats, which no amount is exact in",
        ),
        ("boolean", "required boolean kind;", "the column `kind` holds values of a kind that it cannot have"),
        (
            "list",
            "optional group tags (LIST) { repeated group list { optional binary element (UTF8); } }",
            "the column `tags` holds lists or groups",
        ),
        (
            "date",
            "required int32 unit (DATE);",
            "the column `unit` holds values of a kind that it cannot have",
        ),
    ] {
        let schema = format!("message catalogue {{ required binary sku (UTF8); {column} }}");
        let path = write(name, &schema, Compression::UNCOMPRESSED, 0, &[]);
        assert_eq!(read(&path).unwrap_err(), [(0, "P081", message.to_owned())]);
    }
}

#[test]
fn numbers_beyond_any_amount_are_refused() {
    let path = write(
        "numbers",
        "message catalogue {
            required int32 sku (UINT_32);
            required binary base_price (DECIMAL(60, 2));
        }",
        Compression::UNCOMPRESSED,
        1,
        &[
            Values::Int32(&[-1, 2, 3]),
            Values::Bytes(&[
                &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100],
                &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100],
                &[0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            ]),
        ],
    );
    let problems = read(&path).unwrap_err();
    assert_eq!(problems[0], (2, "P080", "a number has more digits than any amount".to_owned()));
    assert_eq!((problems[1].0, problems[1].1, problems.len()), (3, "P080", 2));
}

#[test]
fn a_program_takes_the_catalogue_that_it_is_told_and_knows_parquet_by_its_beginning() {
    let written = write(
        "told",
        "message catalogue { required binary sku (UTF8); }",
        Compression::SNAPPY,
        1,
        &[Values::Bytes(&[b"a", b"b"])],
    );
    // By its content, not its name.
    let renamed = path("told").with_extension("data");
    fs::rename(written, &renamed).unwrap();
    let shop = path("told").with_extension("yaml");
    fs::write(&shop, PROGRAM).unwrap();
    let loaded = load_with(&shop, Some(&renamed)).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.catalogue.unwrap().len(), 2);
    fs::write(&renamed, "PAR1 and no more of it").unwrap();
    let problems = load_with(&shop, Some(&renamed)).unwrap_err();
    assert_eq!((problems[0].code, problems.len()), ("P001", 1));
}

#[test]
fn a_broken_file_is_an_error_and_no_more() {
    let path = write(
        "broken",
        "message catalogue { required binary sku (UTF8); optional binary tags (UTF8); required int64 base_price (DECIMAL(18, 2)); }",
        Compression::SNAPPY,
        2,
        &[
            Values::Bytes(&[b"a", b"b", b"a"]),
            Values::Texts(&[Some("x|y"), None, Some("x|y")]),
            Values::Int64(&[100, 200, 300]),
        ],
    );
    let good = fs::read(&path).unwrap();
    let mut refused = 0;
    for place in 0..good.len() {
        for change in [0x01, 0x80] {
            let mut bytes = good.clone();
            bytes[place] ^= change;
            fs::write(&path, &bytes).unwrap();
            refused += usize::from(read(&path).is_err());
        }
    }
    for length in (0..good.len()).step_by(7) {
        fs::write(&path, &good[..length]).unwrap();
        assert!(read(&path).is_err(), "cut to {length} bytes");
    }
    // The file as it is has articles twice, and so has nearly every other.
    assert!(refused > good.len(), "{refused}");
}

#[test]
fn a_million_articles_load() {
    let count = 1_000_000;
    let skus: Vec<i64> = (0..count).map(|row| 6_900_000_000_000 + row).collect();
    let categories: Vec<String> = (0..count).map(|row| format!("c{}/d{}", row % 50, row % 900)).collect();
    let categories: Vec<&[u8]> = categories.iter().map(String::as_bytes).collect();
    let prices: Vec<i64> = (0..count).map(|row| row % 5_000 * 100 + 90).collect();
    let path = write(
        "million",
        "message catalogue { required int64 sku; required binary category (UTF8); required int64 base_price (DECIMAL(18, 2)); }",
        Compression::SNAPPY,
        1,
        &[Values::Int64(&skus), Values::Bytes(&categories), Values::Int64(&prices)],
    );
    let table = read(&path).unwrap();
    let _ = fs::remove_file(&path);
    assert_eq!(table.len(), skus.len());
    let last = table.find("6900000999999").unwrap();
    assert_eq!((last.category, last.unit_price.unwrap().micro()), ("c49/d99", 499_990_000_000));
}
