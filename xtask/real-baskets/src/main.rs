//! The program behind `cargo xtask real-baskets`: reads the converted year, prices it three times over gRPC, writes the
//! report, and fails when a promise does not hold.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use suanpan_real_baskets::papers::{Evidence, PapersByLine};
use suanpan_real_baskets::price::{Job, Outcome, price};
use suanpan_real_baskets::report::{self, Priced};
use suanpan_real_baskets::request::Addition;
use suanpan_real_baskets::year::Year;
use suanpan_real_baskets::{chain, node};

/// The allocator of the pricing node, which runs in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Prices a real grocery chain's year.
#[derive(Parser)]
struct Arguments {
    /// The folder with products.csv and lines.csv
    folder: PathBuf,
    /// Where the report goes, as Markdown; exceptions.csv is written beside it
    #[arg(long)]
    report: PathBuf,
    /// Price only so many baskets
    #[arg(long)]
    limit: Option<usize>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(broken) if broken.is_empty() => ExitCode::SUCCESS,
        Ok(broken) => {
            broken.iter().for_each(|promise| eprintln!("not as promised: {promise}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                eprintln!("  because: {inner}");
                cause = inner.source();
            }
            ExitCode::FAILURE
        }
    }
}

/// Prices, writes the report, and returns what did not hold.
async fn run(arguments: &Arguments) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut year = Year::read(&arguments.folder)?;
    let program = arguments.folder.join("chain");
    chain::write(&year, &program)?;
    let evidence = Evidence::of(&year);
    let blind = PapersByLine::blind(&year, &evidence);
    if let Some(limit) = arguments.limit {
        year.keep(limit);
    }
    println!("{} baskets, {} lines", year.baskets.len(), year.lines.len());

    let node = node::start(&program).await?;
    let priced = ways(&node.address, Arc::new(year), &evidence, blind).await?;
    node.stop().await?;

    let text = report::markdown(&priced.0, &priced.1);
    println!("\n{text}");
    std::fs::write(&arguments.report, text)?;
    std::fs::write(beside(&arguments.report), report::exceptions(&priced.1))?;
    Ok(report::broken_promises(&priced.0, &priced.1, arguments.limit.is_none()))
}

fn beside(report: &Path) -> PathBuf {
    report.with_file_name("exceptions.csv")
}

/// The three ways through the year.
async fn ways(
    address: &str,
    year: Arc<Year>,
    evidence: &Evidence,
    blind: PapersByLine,
) -> Result<(Arc<Year>, Priced), Box<dyn std::error::Error>> {
    let job = |baskets: Vec<usize>, addition, papers: &PapersByLine| Job {
        year: Arc::clone(&year),
        baskets,
        addition,
        papers: papers.clone(),
    };
    let every = (0..year.baskets.len()).collect();
    let recorded = told("as recorded", price(address, job(every, Addition::Recorded, &blind)).await?);

    let with_coupon = year.baskets_where(|line| line.coupon_disc > 0 && line.quantity > 0);
    let by_rule = told("doubled by rule", price(address, job(with_coupon, Addition::ByRule, &blind)).await?);

    let mut papers = blind;
    let mut again = std::collections::HashSet::new();
    for doubling in by_rule.findings.doublings.iter().filter(|doubling| !doubling.agrees()) {
        if let Some(other) = evidence.with_another_count(&doubling.line) {
            papers.set(&doubling.line, other);
            again.insert(doubling.line.basket);
        }
    }
    let again = year.baskets_where(|line| again.contains(&line.basket));
    let recounted = told("recounted", price(address, job(again, Addition::ByRule, &papers)).await?);
    Ok((year, Priced { recorded, blind: by_rule, recounted, papers }))
}

fn told(way: &str, outcome: Outcome) -> Outcome {
    println!(
        "{way}: {} baskets, {} lines in {:.1} s, {} differences",
        outcome.quoted,
        outcome.lines,
        outcome.took.as_secs_f64(),
        outcome.findings.differences.len()
    );
    outcome
}
