//! Who holds which duty, in memory: all who share this file live in this process, and a duty ends with its process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use suanpan_store::{Lease, StoreError};

use crate::bytes::check_name;

/// Holder and end by duty.
#[derive(Default)]
pub(crate) struct Leases(Mutex<BTreeMap<String, (String, i64)>>);

impl Leases {
    pub(crate) fn take(
        &self,
        duty: &str,
        holder: &str,
        now_ms: i64,
        until_ms: i64,
    ) -> Result<bool, StoreError> {
        check_name("a duty", duty)?;
        check_name("a holder", holder)?;
        let mut held = self.held();
        // Ended ones go, so that workers that came and went leave nothing.
        held.retain(|_, (_, until)| *until > now_ms);
        match held.get(duty) {
            Some((other, _)) if other != holder => Ok(false),
            _ => {
                held.insert(duty.to_owned(), (holder.to_owned(), until_ms));
                Ok(true)
            }
        }
    }

    pub(crate) fn end(&self, duty: &str, holder: &str) {
        let mut held = self.held();
        if held.get(duty).is_some_and(|(other, _)| other == holder) {
            held.remove(duty);
        }
    }

    pub(crate) fn all(&self, now_ms: i64) -> Vec<Lease> {
        let held = self.held();
        let held = held.iter().filter(|(_, (_, until))| *until > now_ms);
        held.map(|(duty, (holder, until_ms))| Lease {
            duty: duty.clone(),
            holder: holder.clone(),
            until_ms: *until_ms,
        })
        .collect()
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, (String, i64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
