//! How a program gets into a store: its files as one row, its limits beside it, and the word that it holds from now on.

use suanpan_domain::Currency;
use suanpan_program::model::Program;
use suanpan_program::{SourceFile, parse};
use suanpan_store::{Activation, LimitCap, ProgramRow, Store, StoreError};

use crate::key::offer_key;

/// The files of a program as bytes: a JSON array of pairs of name and text.
#[must_use]
pub fn pack(files: &[SourceFile]) -> Vec<u8> {
    let pairs: Vec<[&str; 2]> = files.iter().map(|file| [&*file.name, &*file.text]).collect();
    // Texts are always JSON.
    serde_json::to_vec(&pairs).unwrap_or_default()
}

/// The files of a program from its bytes; `None` when they are no such array.
///
/// ```
/// use suanpan_checkout::{pack, unpack};
/// use suanpan_program::SourceFile;
/// let files = [SourceFile::new("a.yaml", "program: a"), SourceFile::new("b.yaml", "currency: CNY")];
/// assert_eq!(unpack(&pack(&files)), Some(files.to_vec()));
/// assert_eq!(unpack(b"program: a"), None);
/// ```
#[must_use]
pub fn unpack(bytes: &[u8]) -> Option<Vec<SourceFile>> {
    let pairs: Vec<[String; 2]> = serde_json::from_slice(bytes).ok()?;
    Some(pairs.into_iter().map(|[name, text]| SourceFile::new(name, text)).collect())
}

/// What publishing did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// What holds now.
    pub activation: Activation,
    /// It held before.
    pub unchanged: bool,
    /// Limits of the program, with the cap that holds from now on: never below what was used.
    pub limits: Vec<(String, LimitCap)>,
}

/// The currency of a program that the store has; none when this release cannot read it.
async fn currency_of(store: &dyn Store, chain: &str, version: &str) -> Result<Option<Currency>, StoreError> {
    let row = store.program(chain, version).await?;
    Ok(row.and_then(|row| Some(parse(&unpack(&row.bytes)?).ok()?.program.currency)))
}

/// Puts a checked program into a store, sets its limits, and makes it the active one. Safe to repeat.
///
/// # Errors
/// The store's, and [`StoreError::Refused`] for another currency than that of the active program: amounts are kept as
/// minor units and would mean something else from then on. What was done before stays: the program is activated last.
pub async fn publish(
    store: &dyn Store,
    files: &[SourceFile],
    program: &Program,
    now_ms: i64,
) -> Result<Published, StoreError> {
    let chain = program.id.as_str();
    let before = store.active_program(chain).await?;
    if let Some(before) = before.as_ref().filter(|before| before.version != program.version)
        && let Some(currency) = currency_of(store, chain, &before.version).await?
        && currency != program.currency
    {
        let (is, was) = (program.currency.code(), currency.code());
        return Err(StoreError::Refused(format!(
            "the program is in {is}, and what the chain has sold and promised in {was}"
        )));
    }
    let row = ProgramRow { version: program.version.clone(), bytes: pack(files) };
    store.put_program(chain, &row).await?;
    let mut limits = Vec::new();
    for offer in &program.offers {
        let cap = LimitCap {
            uses: offer.limits.in_total.map(|uses| i64::try_from(uses).unwrap_or(i64::MAX)),
            amount_minor: offer.limits.budget.map(|budget| budget.minor()),
        };
        if cap != LimitCap::default() {
            limits.push((offer.id.clone(), store.set_limit(chain, offer_key(&offer.id), cap).await?));
        }
    }
    let activation = store.activate(chain, &program.version, now_ms).await?;
    let unchanged = before.is_some_and(|before| before.generation == activation.generation);
    Ok(Published { activation, unchanged, limits })
}
