//! Codes that can be used once, by whoever has one.

use suanpan_domain::CheckoutId;
use suanpan_ledger::head::OfferKey;

use crate::scope::{CodeHash, Owner};

/// One code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeView {
    /// Its campaign.
    pub campaign: OfferKey,
    /// Where it stands.
    pub state: CodeState,
}

/// Where a code stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeState {
    /// Nobody has it.
    Free,
    /// A reservation has it.
    Held {
        /// Who.
        by: CodeHolder,
        /// Until when others may not end that, Unix milliseconds.
        until_ms: i64,
    },
    /// A sale used it up.
    Used {
        /// Who.
        by: CodeHolder,
    },
}

/// Which sale has a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeHolder {
    /// The sale.
    pub checkout: CheckoutId,
    /// Whose sale.
    pub owner: Owner,
}

/// What a decision does to a code, for the holder that its scope names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeMove {
    /// The code; one of the scope's.
    pub code: CodeHash,
    /// What.
    pub step: CodeStep,
}

/// Steps of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeStep {
    /// Reserve; only a free one, or the holder's own.
    Hold {
        /// Until when others may not end it, Unix milliseconds.
        until_ms: i64,
    },
    /// Paid; only a free one, or the holder's own.
    Use,
    /// The reservation ended: the holder's own hold is free. For others, nothing.
    Free,
    /// The sale came back whole: the holder's own used code is free again. For others, nothing.
    GiveBack,
}

impl CodeView {
    /// Whether this holder may have it: it is free, or its own.
    #[must_use]
    pub fn is_for(&self, holder: &CodeHolder) -> bool {
        match &self.state {
            CodeState::Free => true,
            CodeState::Held { by, .. } | CodeState::Used { by } => by == holder,
        }
    }

    /// The code after a step of this holder; none when somebody else has it and the step needs it.
    ///
    /// Both stores move codes by this one function.
    #[must_use]
    pub fn after(&self, step: CodeStep, holder: &CodeHolder) -> Option<CodeState> {
        let own = self.is_for(holder);
        match (step, &self.state) {
            (CodeStep::Hold { .. } | CodeStep::Use, _) if !own => None,
            // What is used stays used: a late hold of the same sale changes nothing.
            (CodeStep::Hold { .. }, CodeState::Used { .. }) => Some(self.state.clone()),
            (CodeStep::Hold { until_ms }, _) => Some(CodeState::Held { by: holder.clone(), until_ms }),
            (CodeStep::Use, _) => Some(CodeState::Used { by: holder.clone() }),
            (CodeStep::Free, CodeState::Held { .. }) | (CodeStep::GiveBack, CodeState::Used { .. })
                if own =>
            {
                Some(CodeState::Free)
            }
            (CodeStep::Free | CodeStep::GiveBack, _) => Some(self.state.clone()),
        }
    }
}

/// What became of codes that were added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodesAdded {
    /// New ones.
    pub added: u64,
    /// Known already, of the same campaign: adding twice is safe.
    pub known: u64,
    /// Known already, of another campaign; left alone.
    pub taken: u64,
}
