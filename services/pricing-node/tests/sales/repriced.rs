//! Returns of a program that prices again what stays. Amounts worked out by hand; J09 is the case of a threshold that the
//! rest does not meet any more.

use suanpan_rpc::{checkout_v1, v1};
use suanpan_store::{ProgramRow, Store as _};
use tonic::Code;

use super::shop::{Shop, basket, till, uuid, with_points};

/// A tenth off from 300.00.
const RULES: &str = "
promotions:
  - { id: tenth, buy: { spend: 300.00 }, effect: { percent_off: 10% } }
returns: { prices: reprice }
";

/// Six at 50.00, and deposits of 5.00 that come back.
fn six(deposits: i64) -> v1::Basket {
    let mut sold = basket(10_000, Some("m-1"));
    sold.lines[0].quantity_milli = 6_000;
    if deposits > 0 {
        sold.lines.push(v1::Line {
            id: "L2".to_owned(),
            sku: "crate".to_owned(),
            kind: v1::LineKind::Deposit.into(),
            quantity_milli: -1_000 * deposits,
            unit_price_minor: Some(500),
            ..v1::Line::default()
        });
    }
    sold
}

/// What comes back: `L1=5` five units, `L1[0,2]` two named ones, `all`.
fn lines(wanted: &str) -> Vec<checkout_v1::ReturnLine> {
    let line = |word: &str| match word.split_once('=') {
        Some((line, count)) => checkout_v1::ReturnLine {
            line_id: line.to_owned(),
            quantity_milli: count.parse::<i64>().unwrap() * 1_000,
            units: vec![],
        },
        None => {
            let (line, units) = word.trim_end_matches(']').split_once('[').unwrap();
            let units = units.split(',').map(|unit| unit.parse().unwrap()).collect();
            checkout_v1::ReturnLine { line_id: line.to_owned(), quantity_milli: 0, units }
        }
    };
    if wanted == "all" { vec![] } else { wanted.split(' ').map(line).collect() }
}

/// Returns: what comes back, with the money and the points for it.
type Returns<'r> = &'r [(&'r str, i64, i64)];

#[tokio::test]
async fn the_rest_costs_what_it_would_have_cost() {
    let shop = Shop::open_with(RULES).await;
    shop.enrol("m-1", "8801").await;
    shop.adjust("m-1", 100_000).await;
    // What is sold, what is due, and returns with the money and the points that come back.
    let cases: [(&str, v1::Basket, i64, Returns<'_>); 7] = [
        ("J09", six(0), 27_000, &[("L1=5", 22_000, 0), ("all", 5_000, 0)]),
        ("named units", six(0), 27_000, &[("L1[0,1,2,3,4]", 22_000, 0), ("L1[5]", 5_000, 0)]),
        (
            "the rest costs more",
            six(0),
            27_000,
            &[("L1=1", 2_000, 0), ("L1=1", 5_000, 0), ("all", 20_000, 0)],
        ),
        ("deposits stay", six(2), 26_000, &[("L1=5", 22_000, 0), ("all", 4_000, 0)]),
        // Who takes the deposit again owes it: nothing comes back, and the last return settles it.
        ("a deposit comes back", six(2), 26_000, &[("L2=2", 0, 0), ("L1=5", 21_000, 0), ("all", 5_000, 0)]),
        (
            "points stay where they can",
            with_points(six(0), 3_000),
            24_000,
            &[("L1=5", 22_000, 0), ("all", 2_000, 3_000)],
        ),
        (
            "points, then money",
            with_points(six(0), 26_000),
            1_000,
            &[("L1=5", 1_000, 21_000), ("all", 0, 5_000)],
        ),
    ];
    for (rule, sold, due_minor, returns) in cases {
        let id = uuid();
        let sale = shop.confirm(&id, sold).await.unwrap();
        assert_eq!(sale.due_minor, due_minor, "{rule}");
        for (wanted, refund_minor, points) in returns {
            let request = checkout_v1::ReturnRequest {
                chain: "sunrise".to_owned(),
                actor: till(),
                checkout_id: id.clone(),
                return_id: uuid(),
                lines: lines(wanted),
                all: *wanted == "all",
                ..Default::default()
            };
            let back = shop.checkouts().r#return(request).await.unwrap().into_inner();
            assert_eq!(
                (back.refund_minor, back.points_restored),
                (*refund_minor, *points),
                "{rule}: {wanted}"
            );
        }
        shop.work("m-1").await;
    }
}

#[tokio::test]
async fn without_its_program_nothing_is_given_back() {
    let shop = Shop::open_with(RULES).await;
    let id = uuid();
    assert_eq!(shop.confirm(&id, basket(40_000, None)).await.unwrap().due_minor, 36_000);
    let request = checkout_v1::ReturnRequest {
        chain: "sunrise".to_owned(),
        actor: till(),
        checkout_id: id,
        return_id: uuid(),
        lines: lines("L1=1"),
        ..Default::default()
    };
    // A node that has other rules, and a store without those of the sale, or with some that nobody can read.
    let mut other = shop.other_node().await;
    let program = ProgramRow { version: shop.chain.program().version.clone(), bytes: b"no program".to_vec() };
    for keeps in [None, Some(program)] {
        if let Some(program) = &keeps {
            shop.store.put_program("sunrise", program).await.unwrap();
        }
        let status = other.r#return(request.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{keeps:?}: {status:?}");
    }
    // One unit stays at 200.00: of 360.00 come back 160.00, and not the 180.00 that it cost.
    let back = shop.checkouts().r#return(request).await.unwrap().into_inner();
    assert_eq!(back.refund_minor, 16_000);
}
