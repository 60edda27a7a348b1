//! Unique codes of a campaign. Their texts are hashed here and kept nowhere.

use std::collections::HashSet;

use suanpan_checkout::offer_key;
use suanpan_rpc::decode::CodesCall;
use suanpan_rpc::problem::{Fault, Problems};
use suanpan_rpc::{admin_v1, bounds, status};
use suanpan_store::{CODES_PER_CALL_MAX, CodeHash};
use tonic::{Code, Status};

use super::describe::campaigns;
use super::{Desk, failed, invalid};

const _: () = assert!(bounds::CODES_MAX <= CODES_PER_CALL_MAX);

impl Desk<'_> {
    pub(super) async fn add_codes(&self, call: &CodesCall) -> Result<admin_v1::AddCodesResponse, Status> {
        let campaign = campaigns(self.chain.program()).find(|(id, ..)| *id == call.campaign);
        let Some((id, prefix, length)) = campaign else {
            let message = "the program has no such campaign of unique codes";
            let (domain, reason) = (status::ADMIN_DOMAIN, status::CAMPAIGN_UNKNOWN);
            return Err(status::plain(Code::NotFound, domain, reason, message));
        };
        let mut problems = Problems::default();
        for (index, code) in call.codes.iter().enumerate() {
            // A code of another form would never be recognised at a till.
            if code.len() != length || !code.starts_with(prefix) {
                problems.add(format_args!("codes[{index}]"), Fault::OtherForm);
            }
        }
        if !problems.is_empty() {
            return Err(invalid(problems));
        }
        let (store, chain, key) = (&self.sales.store, self.chain.id(), offer_key(id));
        let hashes: Vec<CodeHash> =
            call.codes.iter().map(|code| CodeHash(self.sales.code_hash(code))).collect();
        let mut not_new = Vec::new();
        if call.only_new {
            let mut seen = HashSet::with_capacity(hashes.len());
            for (index, hash) in hashes.iter().enumerate() {
                let found = store.code(chain, *hash).await.map_err(|error| failed(&error))?;
                if found.is_some() || !seen.insert(*hash) {
                    not_new.extend(i32::try_from(index));
                }
            }
        }
        let added = store.add_codes(chain, key, &hashes).await.map_err(|error| failed(&error))?;
        let mut taken = Vec::new();
        if added.taken > 0 {
            for (index, hash) in hashes.iter().enumerate() {
                let found = store.code(chain, *hash).await.map_err(|error| failed(&error))?;
                if found.is_some_and(|code| code.campaign != key) {
                    taken.extend(i32::try_from(index));
                }
            }
        }
        tracing::info!(actor = call.actor.id, campaign = id, added = added.added, "codes were added");
        Ok(admin_v1::AddCodesResponse {
            added: added.added.cast_signed(),
            known: added.known.cast_signed(),
            taken,
            not_new,
        })
    }
}
