//! Two thousand baskets that look like the chain's, priced over gRPC and checked to the cent: the short form of
//! `cargo xtask real-baskets`, without its data.

use std::sync::Arc;

use suanpan_real_baskets::price::{Job, Outcome, price};
use suanpan_real_baskets::request::Addition;
use suanpan_real_baskets::{chain, look_alike, node};

const BASKETS: u64 = 2_000;
const SEED: u64 = 20_170_101;

async fn priced(addition: Addition) -> (Outcome, Arc<suanpan_real_baskets::year::Year>) {
    let look_alike = look_alike::make(SEED, BASKETS);
    let folder = folder_of(addition);
    chain::write(&look_alike.year, &folder).expect("the chain is written");
    let node = node::start(&folder).await.unwrap_or_else(|error| panic!("{error}"));
    let year = Arc::new(look_alike.year);
    let baskets = (0..year.baskets.len()).collect();
    let job = Job { year: Arc::clone(&year), baskets, addition, papers: look_alike.papers };
    let outcome = price(&node.address, job).await.unwrap_or_else(|error| panic!("{error}"));
    node.stop().await.unwrap_or_else(|error| panic!("{error}"));
    (outcome, year)
}

fn folder_of(addition: Addition) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("look-alikes-{addition:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_amounts_are_reproduced_to_the_cent() {
    let (outcome, year) = priced(Addition::Recorded).await;
    assert_eq!(outcome.findings.differences, Vec::<String>::new());
    assert_eq!((outcome.quoted, outcome.refused_baskets), (BASKETS, 0));
    let above = year.lines.iter().filter(|line| line.coupon_above_price()).count() as u64;
    assert!(above > 0, "some coupons are worth more than their line");
    assert_eq!((outcome.findings.cut, outcome.findings.reproduced), (above, year.lines.len() as u64 - above));
    let unknown = year.lines.iter().filter(|line| !year.products.contains_key(&line.product)).count() as u64;
    assert_eq!(outcome.findings.not_in_catalogue, unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_doubles_each_paper_up_to_one_dollar_together() {
    let (outcome, year) = priced(Addition::ByRule).await;
    assert_eq!(outcome.findings.differences, Vec::<String>::new());
    let coupons = year.lines.iter().filter(|line| line.coupon_disc > 0).count();
    assert_eq!(outcome.findings.doublings.len(), coupons);
    // Of papers that are together above the price one may stay unused, for its own sake: then there is more to double.
    let clear = outcome.findings.doublings.iter().filter(|doubling| !doubling.line.coupon_above_price());
    let wrong: Vec<_> = clear.filter(|doubling| !doubling.agrees()).collect();
    assert!(wrong.is_empty(), "{} of {coupons}: {:?}", wrong.len(), wrong.first());
}
