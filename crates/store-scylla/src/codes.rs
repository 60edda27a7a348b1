//! Codes that can be used once. Imports write a code's campaign, decisions where it stands: columns that do not meet.

use futures_util::stream::{StreamExt, TryStreamExt, iter};
use scylla::DeserializeRow;
use suanpan_ledger::head::OfferKey;
use suanpan_store::{
    CodeHash, CodeHolder, CodeState, CodeStep, CodeView, CodesAdded, Cursor, Page, StoreError,
};

use crate::basis;
use crate::bytes::{checkout, foreign_cursor, offer, offer_column, owner, owner_column};
use crate::error::damaged;
use crate::failpoint::between;
use crate::inner::{Inner, Who};
use crate::session::{Applied, Deadline, Pauses, values};

/// Codes that are added at the same time.
const ADDED_AT_ONCE: usize = 32;

/// A code as a decision sees it.
#[derive(Clone, Debug)]
pub(crate) struct SeenCode {
    pub(crate) view: Option<CodeView>,
    /// What an earlier try of the same decision holds; the view shows it as free.
    pub(crate) leftover: Option<(CodeHash, i64)>,
    /// Who holds it, for which version.
    pub(crate) held_by: Option<(Who, i64)>,
    /// How often it had moved.
    pub(crate) version: Option<i64>,
}

#[derive(DeserializeRow)]
struct Columns {
    campaign: Option<i64>,
    ver: Option<i64>,
    state: Option<i32>,
    checkout: Option<Vec<u8>>,
    owner: Option<String>,
    basis: Option<i64>,
    until: Option<i64>,
}

#[derive(DeserializeRow)]
struct ListedColumns {
    chain: String,
    hash: Vec<u8>,
    campaign: Option<i64>,
    state: Option<i32>,
    checkout: Option<Vec<u8>>,
    owner: Option<String>,
    until: Option<i64>,
}

fn state(
    column: Option<i32>,
    id: Option<&[u8]>,
    name: Option<&str>,
    until_ms: Option<i64>,
) -> Result<CodeState, StoreError> {
    let by = || match (id, name) {
        (Some(id), Some(name)) => Ok(CodeHolder { checkout: checkout(id)?, owner: owner(name)? }),
        _ => Err(damaged("a code that is held by nobody")),
    };
    Ok(match column.unwrap_or_default() {
        0 => CodeState::Free,
        1 => CodeState::Held { by: by()?, until_ms: until_ms.unwrap_or_default() },
        2 => CodeState::Used { by: by()? },
        _ => return Err(damaged("state of a code")),
    })
}

/// A code as it lies.
struct Code {
    view: CodeView,
    version: Option<i64>,
    basis: i64,
    /// Who has it, or had it last.
    last: Option<CodeHolder>,
}

impl Inner {
    async fn load_code(
        &self,
        chain: &str,
        code: CodeHash,
        until: Deadline,
    ) -> Result<Option<Code>, StoreError> {
        let values = values![chain, code.0];
        let row = self.cql.read_one::<Columns>(&self.statements.code, values, until).await?;
        let Some(row) = row else { return Ok(None) };
        // Nobody imported it.
        let Some(campaign) = row.campaign else { return Ok(None) };
        let state = state(row.state, row.checkout.as_deref(), row.owner.as_deref(), row.until)?;
        let view = CodeView { campaign: offer(campaign), state };
        let last = match (row.checkout, row.owner) {
            (Some(id), Some(name)) => Some(CodeHolder { checkout: checkout(&id)?, owner: owner(&name)? }),
            _ => None,
        };
        Ok(Some(Code { view, version: row.ver, basis: row.basis.unwrap_or_default(), last }))
    }

    /// A code as this holder sees it; see [`see_limit`](Self::see_limit) for `backed`.
    pub(crate) async fn see_code(
        &self,
        chain: &str,
        code: CodeHash,
        who: Option<&Who>,
        backed: bool,
        until: Deadline,
    ) -> Result<SeenCode, StoreError> {
        let mut seen = SeenCode { view: None, leftover: None, held_by: None, version: None };
        let Some(Code { mut view, basis, version, .. }) = self.load_code(chain, code, until).await? else {
            return Ok(seen);
        };
        seen.version = version;
        if let CodeState::Held { by, .. } = &view.state {
            let holder = Who { checkout: by.checkout, owner: by.owner.clone() };
            if who == Some(&holder) && !backed {
                seen.leftover = Some((code, basis));
                view.state = CodeState::Free;
            } else {
                seen.held_by = Some((holder, basis));
            }
        }
        seen.view = Some(view);
        Ok(seen)
    }

    /// Holds a code for exactly this version of the member's head, or renews it. False when somebody else has it, and when it
    /// moved since the decision `saw` it.
    pub(crate) async fn hold_code(
        &self,
        chain: &str,
        (code, saw): (CodeHash, Option<i64>),
        who: &Who,
        basis: i64,
        until_ms: i64,
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let holder = CodeHolder { checkout: who.checkout, owner: who.owner.clone() };
        let held = CodeState::Held { by: holder.clone(), until_ms };
        let mut pauses = Pauses::default();
        loop {
            let Some(known) = self.load_code(chain, code, until).await? else { return Ok(false) };
            if !known.view.is_for(&holder) {
                return Ok(false);
            }
            // A later try of this very sale has it: this one looks again.
            if matches!(known.view.state, CodeState::Held { .. }) && known.basis > basis {
                return Ok(false);
            }
            // What it held for this version ended while this try was away, as when the sale was paid and came back: it looks
            // again. What it took now nobody would free, since what was paid is not paid again.
            let has_ended = matches!(known.view.state, CodeState::Free) && known.basis >= basis;
            if has_ended && known.last.as_ref() == Some(&holder) {
                return Ok(false);
            }
            if matches!(known.view.state, CodeState::Used { .. })
                || (known.view.state == held && known.basis == basis)
            {
                return Ok(true);
            }
            // Others had it while this try was away, perhaps another owner of this very sale, who gave it back: what it took now
            // would be for a sale that is not its own any more.
            if known.version != saw {
                return Ok(false);
            }
            if self.move_code(chain, code, &known, &held, basis, until).await? {
                return Ok(true);
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause_after_first().await;
        }
    }

    /// Paid: what is held is used. It was held before the row was written that owes this: one that is free has been used, and
    /// came back with its sale before whoever pays so late was there.
    pub(crate) async fn use_code(
        &self,
        chain: &str,
        code: CodeHash,
        who: &Who,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let is_held = |known: &Code| matches!(known.view.state, CodeState::Held { .. });
        self.step_code(chain, code, who, CodeStep::Use, until, is_held).await
    }

    /// Ended by the write of a version: a hold for an earlier one is free.
    pub(crate) async fn free_code(
        &self,
        chain: &str,
        code: CodeHash,
        who: &Who,
        version: i64,
        until: Deadline,
    ) -> Result<(), StoreError> {
        let is_earlier = |known: &Code| basis::version(known.basis) < version;
        self.step_code(chain, code, who, CodeStep::Free, until, is_earlier).await
    }

    /// Frees a hold that no row stands for, if it is as it was seen.
    pub(crate) async fn release_code(
        &self,
        chain: &str,
        code: CodeHash,
        who: &Who,
        seen: i64,
        until: Deadline,
    ) -> Result<(), StoreError> {
        self.step_code(chain, code, who, CodeStep::Free, until, |known| known.basis == seen).await
    }

    /// The sale came back whole.
    pub(crate) async fn give_code_back(
        &self,
        chain: &str,
        code: CodeHash,
        who: &Who,
        until: Deadline,
    ) -> Result<(), StoreError> {
        self.step_code(chain, code, who, CodeStep::GiveBack, until, |_| true).await
    }

    async fn step_code(
        &self,
        chain: &str,
        code: CodeHash,
        who: &Who,
        step: CodeStep,
        until: Deadline,
        is_to_be_made: impl Fn(&Code) -> bool + Send,
    ) -> Result<(), StoreError> {
        let holder = CodeHolder { checkout: who.checkout, owner: who.owner.clone() };
        let mut pauses = Pauses::default();
        loop {
            let Some(known) = self.load_code(chain, code, until).await? else { return Ok(()) };
            between!("scylla/code-seen");
            let after = known.view.after(step, &holder).filter(|after| *after != known.view.state);
            let Some(after) = after.filter(|_| is_to_be_made(&known)) else { return Ok(()) };
            if self.move_code(chain, code, &known, &after, known.basis, until).await? {
                return Ok(());
            }
            if until.is_over() {
                return Err(StoreError::Busy);
            }
            pauses.pause().await;
        }
    }

    async fn move_code(
        &self,
        chain: &str,
        code: CodeHash,
        seen: &Code,
        after: &CodeState,
        basis: i64,
        until: Deadline,
    ) -> Result<bool, StoreError> {
        let (state, by, until_ms) = match after {
            CodeState::Free => (0, seen.last.as_ref(), None),
            CodeState::Held { by, until_ms } => (1, Some(by), Some(*until_ms)),
            CodeState::Used { by } => (2, Some(by), None),
        };
        let id = by.map(|by| *by.checkout.as_bytes());
        let name = by.map(|by| owner_column(&by.owner));
        let next = seen.version.unwrap_or_default() + 1;
        let values = values![next, state, id, name, basis, until_ms, chain, code.0, seen.version];
        Ok(matches!(self.cql.decide(&self.statements.move_code, values, until).await?, Applied::Yes))
    }

    /// Adds codes; those that are known are told, and left alone.
    pub(crate) async fn add_all_codes(
        &self,
        chain: &str,
        campaign: OfferKey,
        codes: &[CodeHash],
    ) -> Result<CodesAdded, StoreError> {
        let until = self.deadline();
        self.list_chain(chain, until).await?;
        let column = offer_column(campaign);
        let add = |code: CodeHash| async move {
            let row = self
                .cql
                .read_one::<Columns>(&self.statements.code_read, values![chain, code.0], until)
                .await?;
            let known = row.and_then(|row| row.campaign);
            if known.is_none() {
                self.cql.write(&self.statements.add_code, values![chain, code.0, column], until).await?;
            }
            Ok::<_, StoreError>(known)
        };
        iter(codes.iter().copied().map(add))
            .buffer_unordered(ADDED_AT_ONCE)
            .try_fold(CodesAdded::default(), |mut told, known| async move {
                match known {
                    None => told.added += 1,
                    Some(known) if known == column => told.known += 1,
                    Some(_) => told.taken += 1,
                }
                Ok(told)
            })
            .await
    }

    pub(crate) async fn one_code(&self, chain: &str, code: CodeHash) -> Result<Option<CodeView>, StoreError> {
        Ok(self.load_code(chain, code, self.deadline()).await?.map(|code| code.view))
    }

    /// All codes of a chain, in the order in which the servers keep them. Looks at those of other chains too.
    pub(crate) async fn list_codes(
        &self,
        chain: &str,
        after: &Cursor,
        limit: usize,
    ) -> Result<Page<(CodeHash, CodeView)>, StoreError> {
        let until = self.deadline();
        let limit = i32::try_from(limit.clamp(1, 10_000)).unwrap_or(1);
        let rows = if after.0.is_empty() {
            self.cql.read::<ListedColumns>(&self.statements.codes, values![limit], until).await?
        } else {
            let (hash, of) = after.0.split_first_chunk::<16>().ok_or_else(foreign_cursor)?;
            let of = std::str::from_utf8(of).map_err(|_| foreign_cursor())?;
            let values = values![of, hash.as_slice(), limit];
            self.cql.read::<ListedColumns>(&self.statements.codes_after, values, until).await?
        };
        let next = rows.last().filter(|_| rows.len() as i64 >= i64::from(limit)).map(|row| {
            let mut cursor = row.hash.clone();
            cursor.extend_from_slice(row.chain.as_bytes());
            Cursor(cursor)
        });
        let mut found = Vec::new();
        for row in rows.into_iter().filter(|row| row.chain == chain) {
            let Some(campaign) = row.campaign else { continue };
            let hash = row.hash.as_slice().try_into().map_err(|_| damaged("the hash of a code"))?;
            let state = state(row.state, row.checkout.as_deref(), row.owner.as_deref(), row.until)?;
            found.push((CodeHash(hash), CodeView { campaign: offer(campaign), state }));
        }
        Ok(Page { rows: found, next })
    }
}
