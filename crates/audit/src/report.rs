//! What an audit tells: counts, findings, how fast it was.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use suanpan_store::Owner;

use crate::code::Code;

/// Findings that are kept; more are only counted, by their code.
pub const FINDINGS_MAX: usize = 1_000;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Of which chain.
    pub chain: String,
    /// Whose; none for what belongs to nobody, such as the sums of a limit.
    pub owner: Option<Owner>,
    /// What of it, such as `sale 0198c0de-…` or `limit 00000000000000a1`; empty for the head itself.
    pub subject: String,
    /// What kind.
    pub code: Code,
    /// What was found, for people.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.chain)?;
        match &self.owner {
            Some(Owner::Member(member)) => write!(f, ", member {member}")?,
            Some(Owner::Guest(checkout)) => write!(f, ", guest {checkout}")?,
            None => {}
        }
        if !self.subject.is_empty() {
            write!(f, ", {}", self.subject)?;
        }
        write!(f, ": {}", self.text)
    }
}

/// How far an audit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Heads that were proved, members' and guests'.
    pub owners: u64,
    /// Rows that were read.
    pub entries: u64,
    /// Holders of limits and codes that were read; they come after all rows.
    pub holders: u64,
    /// Findings so far.
    pub findings: u64,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Members' heads.
    pub members: u64,
    /// Guests' heads: one for each sale of a guest.
    pub guests: u64,
    /// Rows of all kinds.
    pub entries: u64,
    /// Paid sales, members' and guests'.
    pub sales: u64,
    /// Sales that are reserved.
    pub reserved: u64,
    /// Sales that will never be paid under their owner.
    pub ended: u64,
    /// Returns.
    pub returns: u64,
    /// Entries that wait for their accrual.
    pub pending: u64,
    /// Entries that wait for a person.
    pub parked: u64,
    /// Coupons in wallets.
    pub coupons: u64,
    /// Points that members have: spendable, held and delayed ones.
    pub points: i128,
    /// Points that members owe.
    pub debt_points: i128,
    /// Limits that hold for everybody.
    pub limits: u64,
    /// Codes.
    pub codes: u64,
    /// Shares that sales have of limits and codes.
    pub holders: u64,
    /// Owners that were written while they were read, and were read again. Only on a busy store.
    pub read_again: u64,
    /// Owners and limits that were written again and again while they were read, and were not proved. Only on a busy
    /// store: another audit at a quieter time does.
    pub unsettled: u64,
}

/// The result of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was counted.
    pub counts: Counts,
    /// What is wrong, at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// How often each kind was found, those that were not kept included.
    pub by_code: BTreeMap<Code, u64>,
    /// How long it took.
    pub elapsed: Duration,
}

impl Report {
    /// Whether nothing is wrong with what was proved.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.by_code.is_empty()
    }

    /// All findings, those that were not kept included.
    #[must_use]
    pub fn found(&self) -> u64 {
        self.by_code.values().sum()
    }

    /// Rows that were proved in a second, rounded down.
    #[must_use]
    pub fn entries_per_second(&self) -> u64 {
        let rate = u128::from(self.counts.entries) * 1_000_000 / self.elapsed.as_micros().max(1);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }

    pub(crate) fn find(&mut self, finding: Finding) {
        *self.by_code.entry(finding.code).or_default() += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

impl fmt::Display for Report {
    /// An aligned table of counts, then the findings, one a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        let rows: [(&str, i128); 18] = [
            ("members", counts.members.into()),
            ("guests", counts.guests.into()),
            ("entries", counts.entries.into()),
            ("sales", counts.sales.into()),
            ("reserved", counts.reserved.into()),
            ("ended", counts.ended.into()),
            ("returns", counts.returns.into()),
            ("pending", counts.pending.into()),
            ("parked", counts.parked.into()),
            ("coupons", counts.coupons.into()),
            ("points outstanding", counts.points),
            ("points owed", counts.debt_points),
            ("limits", counts.limits.into()),
            ("codes", counts.codes.into()),
            ("shares of them", counts.holders.into()),
            ("read again", counts.read_again.into()),
            ("not settled", counts.unsettled.into()),
            ("entries per second", self.entries_per_second().into()),
        ];
        let numbers: Vec<String> = rows.iter().map(|(_, count)| grouped(*count)).collect();
        let width = numbers.iter().map(String::len).max().unwrap_or_default();
        for ((name, _), number) in rows.iter().zip(&numbers) {
            writeln!(f, "{name:<20}{number:>width$}")?;
        }
        if self.balances() {
            return write!(f, "everything balances");
        }
        writeln!(f, "{:<20}{:>width$}", "findings", grouped(self.found().into()))?;
        for (code, count) in &self.by_code {
            writeln!(f, "{code:<20}{:>width$}  {}", grouped((*count).into()), code.meaning())?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        let kept = self.findings.len() as u64;
        write!(f, "{} shown of {}", grouped(kept.into()), grouped(self.found().into()))
    }
}

/// A number in groups of three.
fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn what_is_not_kept_is_counted() {
        let mut report = Report::default();
        assert!(report.balances() && report.to_string().ends_with("everything balances"));
        for _ in 0..=FINDINGS_MAX {
            report.find(Finding {
                chain: "c".to_owned(),
                owner: None,
                subject: String::new(),
                code: Code::LotDiffers,
                text: "one point".to_owned(),
            });
        }
        assert_eq!((report.findings.len(), report.found()), (FINDINGS_MAX, FINDINGS_MAX as u64 + 1));
        let told = report.to_string();
        assert!(told.contains("\nA12") && told.ends_with("1,000 shown of 1,001"), "{told}");
        let aligned = told.lines().take(18).map(str::len).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(aligned.len(), 1, "{told}");
    }
}
