//! Which rules hold for a chain: those of its active program, as the store has it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::tz::TimeZone;
use suanpan_checkout::{Books, House, PolicyError, Queues, policy, unpack};
use suanpan_ledger::Policy;
use suanpan_program::{Diagnostics, SourceFile, parse};
use suanpan_store::{Store, StoreError};

use crate::worker::Clock;

/// Gives the books of a chain under the rules that hold now.
#[async_trait]
pub trait Policies: Send + Sync {
    /// The books of a chain; none while it has no active program.
    ///
    /// # Errors
    /// [`PoliciesError`] when the rules cannot be had.
    async fn books(&self, chain: &str) -> Result<Option<Books>, PoliciesError>;
}

/// Why the rules of a chain cannot be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PoliciesError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The active version is not in the store.
    #[error("the active program {version} of chain {chain} is not in the store")]
    Missing {
        /// The chain.
        chain: String,
        /// The version.
        version: String,
    },
    /// The program's row is not of this release's form.
    #[error("the active program of chain {0} cannot be read; publish it again")]
    Unreadable(String),
    /// The program is wrong.
    #[error("the active program of chain {chain} cannot be used\n{diagnostics}")]
    Program {
        /// The chain.
        chain: String,
        /// Everything that is wrong, with places.
        diagnostics: Diagnostics,
    },
    /// The program's zone is none.
    #[error("time zone {zone:?} of chain {chain} is no zone of the IANA database, such as Asia/Shanghai")]
    Zone {
        /// The chain.
        chain: String,
        /// The zone's name.
        zone: String,
    },
    /// The program's ids cannot be told apart.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// The active programs of a store, compiled once for each activation.
pub struct StoredPolicies {
    store: Arc<dyn Store>,
    clock: Clock,
    known: Mutex<HashMap<String, Known>>,
    queues: Queues,
}

/// What is known of a chain.
#[derive(Clone)]
struct Known {
    generation: u64,
    policy: Arc<Policy>,
    looked_ms: i64,
}

/// A newer activation is noticed after so long by the clock.
const LOOK_AGAIN_MS: i64 = 1_000;

impl StoredPolicies {
    /// Reads programs from a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock, known: Mutex::new(HashMap::new()), queues: Queues::default() }
    }

    fn known(&self, chain: &str) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(chain).cloned()
    }

    async fn policy(&self, chain: &str) -> Result<Option<Arc<Policy>>, PoliciesError> {
        let now_ms = (self.clock)();
        let known = self.known(chain);
        if let Some(known) = &known
            && (0..LOOK_AGAIN_MS).contains(&(now_ms - known.looked_ms))
        {
            return Ok(Some(Arc::clone(&known.policy)));
        }
        let Some(active) = self.store.active_program(chain).await? else { return Ok(None) };
        let policy = match known.filter(|known| known.generation == active.generation) {
            Some(known) => known.policy,
            None => Arc::new(self.compiled(chain, &active.version).await?),
        };
        let known = Known { generation: active.generation, policy: Arc::clone(&policy), looked_ms: now_ms };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(chain.to_owned(), known);
        Ok(Some(policy))
    }

    async fn compiled(&self, chain: &str, version: &str) -> Result<Policy, PoliciesError> {
        let row = self.store.program(chain, version).await?;
        let row = row
            .ok_or_else(|| PoliciesError::Missing { chain: chain.to_owned(), version: version.to_owned() })?;
        let files = unpack(&row.bytes).ok_or_else(|| PoliciesError::Unreadable(chain.to_owned()))?;
        compile(chain, &files)
    }
}

/// The policy of a program's files.
fn compile(chain: &str, files: &[SourceFile]) -> Result<Policy, PoliciesError> {
    let parsed = parse(files)
        .map_err(|diagnostics| PoliciesError::Program { chain: chain.to_owned(), diagnostics })?;
    let time_zone = match &parsed.program.time_zone {
        None => TimeZone::UTC,
        Some(zone) => TimeZone::get(zone)
            .map_err(|_| PoliciesError::Zone { chain: chain.to_owned(), zone: zone.clone() })?,
    };
    Ok(policy(&parsed.program, &House { time_zone })?)
}

#[async_trait]
impl Policies for StoredPolicies {
    async fn books(&self, chain: &str) -> Result<Option<Books>, PoliciesError> {
        let policy = self.policy(chain).await?;
        Ok(policy.map(|policy| Books {
            store: Arc::clone(&self.store),
            chain: chain.to_owned(),
            policy,
            queues: self.queues.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_cannot_be_used_is_named() {
        let program = |more: &str| format!("program: p\ncurrency: EUR\nengine_edition: 1\n{more}\n");
        let files = |text: String| [SourceFile::new("p.yaml", text)];
        let compiled = compile("sunrise", &files(program("time_zone: Europe/Berlin"))).expect("a policy");
        assert_eq!(compiled.time_zone, TimeZone::get("Europe/Berlin").expect("a zone"));
        for (text, said) in [
            (program("time_zone: Europe/Ulm"), "Europe/Ulm"),
            (program("time_zone: 7"), "sunrise"),
            ("{".to_owned(), "sunrise"),
        ] {
            let error = compile("sunrise", &files(text.clone())).expect_err(&text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
