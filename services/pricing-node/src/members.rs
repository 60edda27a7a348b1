//! Members and usage from local files: JSON in the proto3 mapping of `MemberSnapshot` and `UsageSnapshot`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use suanpan_domain::{Member, Usage};
use suanpan_rpc::problem::Problems;
use suanpan_rpc::{decode, v1};

/// The members of a members file.
#[derive(Debug)]
pub struct Members {
    by_id: HashMap<String, Arc<Member>>,
    by_card: HashMap<String, Arc<Member>>,
    read_at: Instant,
}

/// Why a file of members or usage was not taken.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// It could not be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no JSON of the message.
    #[error("{} is no JSON of {expected}", path.display())]
    NoJson {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// Where and why, with line and column.
        source: serde_json::Error,
    },
    /// Fields are wrong.
    #[error("{} has wrong fields:\n  {}", path.display(), problems.join("\n  "))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// One sentence for each, beginning with the field's path.
        problems: Vec<String>,
    },
}

impl Default for Members {
    fn default() -> Self {
        Self { by_id: HashMap::new(), by_card: HashMap::new(), read_at: Instant::now() }
    }
}

impl Members {
    /// Reads a members file: a JSON array of `MemberSnapshot`.
    ///
    /// # Errors
    /// [`FactsError`] with every problem of the file.
    pub fn read(path: &Path, chain: &str) -> Result<Self, FactsError> {
        let messages: Vec<v1::MemberSnapshot> = json(path, "an array of suanpan.pricing.v1.MemberSnapshot")?;
        Self::of(messages, chain).map_err(|problems| FactsError::Invalid { path: path.to_owned(), problems })
    }

    /// Takes members over.
    ///
    /// # Errors
    /// One sentence for each problem.
    pub fn of(messages: Vec<v1::MemberSnapshot>, chain: &str) -> Result<Self, Vec<String>> {
        let mut members = Self::default();
        let mut problems = Vec::new();
        for (index, message) in messages.into_iter().enumerate() {
            match decode::member(message, chain) {
                Ok(known) => {
                    let id = known.member.id.to_string();
                    let member = Arc::new(known.member);
                    for card in known.cards {
                        if members.by_card.insert(card.to_string(), Arc::clone(&member)).is_some() {
                            problems.push(format!("[{index}].cards: {card} belongs to another member too"));
                        }
                    }
                    if members.by_id.insert(id, member).is_some() {
                        problems.push(format!("[{index}].id is the same as that of an earlier member"));
                    }
                }
                Err(found) => problems.extend(sentences(&format!("[{index}]."), &found)),
            }
        }
        if problems.is_empty() { Ok(members) } else { Err(problems) }
    }

    /// A member by id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Arc<Member>> {
        self.by_id.get(id)
    }

    /// A member by the number of a card.
    pub(crate) fn by_card(&self, card: &str) -> Option<&Arc<Member>> {
        self.by_card.get(card)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// How many milliseconds ago the file was read.
    pub(crate) fn age_ms(&self) -> i64 {
        i64::try_from(self.read_at.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// Reads a usage file: one `UsageSnapshot` in JSON.
///
/// # Errors
/// [`FactsError`] with every problem of the file.
pub fn read_usage(path: &Path, chain: &str) -> Result<Usage, FactsError> {
    let message: v1::UsageSnapshot = json(path, "suanpan.pricing.v1.UsageSnapshot")?;
    decode::usage(message, chain).map_err(|problems| FactsError::Invalid {
        path: path.to_owned(),
        problems: sentences("", &problems).collect(),
    })
}

fn sentences(prefix: &str, problems: &Problems) -> impl Iterator<Item = String> {
    let listed = problems.kept().iter().map(|problem| format!("{prefix}{} {}", problem.field, problem.fault));
    let more =
        (problems.omitted() > 0).then(|| format!("{prefix}: and {} more problems", problems.omitted()));
    listed.chain(more).collect::<Vec<_>>().into_iter()
}

fn json<T: serde::de::DeserializeOwned>(path: &Path, expected: &'static str) -> Result<T, FactsError> {
    let bytes = fs::read(path).map_err(|source| FactsError::Unreadable { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| FactsError::NoJson {
        path: path.to_owned(),
        expected,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_of_a_members_file_is_said() {
        let member = |id: &str, card: &str| v1::MemberSnapshot {
            chain: "sunrise".to_owned(),
            id: id.to_owned(),
            cards: vec![card.to_owned()],
            ..v1::MemberSnapshot::default()
        };
        let wrong = v1::MemberSnapshot { points: -1, ..member("m-3", "c-3") };
        let messages = vec![member("m-1", "c-1"), member("m-1", "c-1"), wrong];
        let problems = Members::of(messages, "sunrise").unwrap_err();
        assert_eq!(
            problems,
            [
                "[1].cards: c-1 belongs to another member too",
                "[1].id is the same as that of an earlier member",
                "[2].points must be between 0 and 1000000000000",
            ]
        );
        let members = Members::of(vec![member("m-1", "c-1")], "sunrise").unwrap();
        assert_eq!(members.by_card("c-1").map(|member| member.id.as_str()), Some("m-1"));
        assert!(members.by_id("m-2").is_none());
    }
}
