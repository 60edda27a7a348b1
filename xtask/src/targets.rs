//! `cargo xtask targets`: measures what the project promises about speed.
//!
//! The measuring itself lives in `benches`, whose programs print one line per row:
//! `name<TAB>measured<TAB>must<TAB>aim<TAB>pass|miss`. Here the rows become a table, a verdict, and the
//! table that `benches/README.md` shows.

use std::path::Path;

use crate::cassandra::{ENDPOINT, Server, Shape};
use crate::step::{self, cargo};
use crate::{TaskError, provenance, readme};

/// The programs that measure, each with its own rows.
const PROGRAMS: [[&str; 4]; 3] = [
    ["--package", "suanpan-benches", "--bin", "targets"],
    ["--package", "suanpan-selling-bench", "--bin", "suanpan-selling-bench"],
    ["--package", "suanpan-accrual-worker", "--example", "accruals"],
];
/// The one that needs a server.
const ON_A_SERVER: [&str; 4] = ["--package", "suanpan-cluster-bench", "--bin", "suanpan-cluster-bench"];
/// The names of its rows, by what it is told of the server: one as it is, and one that answers after the disk has it.
const SERVERS: [(&str, bool, &[&str]); 2] = [
    (
        "periodic",
        false,
        &["cluster_confirm", "cluster_hot_member", "cluster_accruals", "cluster_scan", "cluster_sstables"],
    ),
    ("durable", true, &["cluster_durable"]),
];

/// Measures all rows, or those whose name contains `name`. Only a full run is kept in the README, so that
/// its table is always of one commit and one machine.
///
/// # Errors
/// When the measuring program fails, prints something else than its contract, or a must is missed.
pub(crate) fn run(root: &Path, name: Option<&str>) -> Result<(), TaskError> {
    let mut rows = Vec::new();
    let mut ended = Ok(());
    let mut measure = |program: [&str; 4], server: Option<(&str, &str)>| {
        let mut measuring = cargo(root, &["run", "--release", "--locked", "--quiet"]);
        measuring.args(program).arg("--");
        match server {
            Some((endpoint, kind)) => {
                measuring.env(ENDPOINT, endpoint).args([name.unwrap_or_default(), kind])
            }
            None => measuring.args(name),
        };
        step::run_lines("targets", measuring, |line| {
            let row = Row::parse(line);
            if let Ok(row) = &row {
                println!("{row}");
            }
            rows.push(row);
        })
        .map(|_| ())
    };
    for program in PROGRAMS {
        ended = ended.and(measure(program, None));
    }
    for (kind, durable, names) in SERVERS {
        // Started for its own rows alone: it takes some seconds, and its share of the machine.
        if name.is_none_or(|name| names.iter().any(|row| row.contains(name))) {
            let server = Server::start(root, Shape { durable, ..Shape::default() })?;
            if durable && let Some(given) = server.given() {
                println!("{given} is not ours: what it costs to be durable is not measured");
                continue;
            }
            ended = ended.and(measure(ON_A_SERVER, Some((server.endpoint(), kind))));
        }
    }
    let rows: Vec<Row> = rows.into_iter().collect::<Result<_, _>>()?;
    let missed = rows.iter().filter(|row| row.verdict == Verdict::Miss).count();
    // One that ended before its last row leaves a table with holes, which nobody should take for all of it.
    ended?;
    if rows.is_empty() {
        return Err(TaskError::NothingMeasured);
    }
    if name.is_none() {
        let origin = provenance::line(root, "cargo xtask targets");
        readme::keep_section(root, "targets", &format!("{}\n{origin}", table(&rows)))?;
    }
    if missed > 0 {
        return Err(TaskError::TargetsMissed { missed, measured: rows.len() });
    }
    Ok(())
}

/// One promise and how it was kept.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: String,
    measured: String,
    must: String,
    aim: String,
    verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Pass,
    Miss,
}

impl Row {
    fn parse(line: &str) -> Result<Self, TaskError> {
        let bad = || TaskError::BadMeasurement { line: line.to_owned() };
        let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
        let [name, measured, must, aim, verdict] = fields[..] else { return Err(bad()) };
        let verdict = match verdict {
            "pass" => Verdict::Pass,
            "miss" => Verdict::Miss,
            _ => return Err(bad()),
        };
        if name.is_empty() || measured.is_empty() {
            return Err(bad());
        }
        let [name, measured, must, aim] = [name, measured, must, aim].map(str::to_owned);
        Ok(Self { name, measured, must, aim, verdict })
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, measured, must, aim, verdict } = self;
        write!(f, "{name:<44} {measured:>14}  must {must:<14} aim {aim:<14} {verdict}")
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Miss => "MISS",
        })
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from("| what | measured | must | aim | verdict |\n|---|---|---|---|---|\n");
    for Row { name, measured, must, aim, verdict } in rows {
        text.push_str(&format!("| {name} | {measured} | {must} | {aim} | {verdict} |\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Row, Verdict, table};

    #[test]
    fn rows_follow_the_contract_or_are_refused() {
        let row = Row::parse("w1 by_priority\t2.9x\t<= 5x\t<= 3x\tpass").expect("a row as the contract says");
        assert_eq!((row.name.as_str(), row.verdict), ("w1 by_priority", Verdict::Pass));
        assert!(table(&[row]).ends_with("| w1 by_priority | 2.9x | <= 5x | <= 3x | pass |\n"));
        for bad in ["", "w1", "w1\t2.9x\t<= 5x\t<= 3x\tmaybe", "\t2.9x\ta\tb\tpass", "a\tb\tc\td\tpass\tmore"]
        {
            assert!(Row::parse(bad).is_err(), "{bad:?}");
        }
    }
}
