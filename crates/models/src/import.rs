//! Imports beside traffic: an import that runs twice, or over members and codes that are in use, undoes nothing.
//!
//! One member, one code. A node enrols the member and sells to it, two sales want the code, and the import comes at any
//! time, twice. A plain write wins over everything that was written before it, as its timestamp is the latest.

use stateright::{Model, Property};

use crate::proof::{Rules, rules};

const KEPT: &str = "a write that was answered is kept";
const ONCE: &str = "a code is used once";
const THERE: &str = "what was imported is there";

rules! {
    /// What the protocol of imports says.
    MemberIfNull: "Every cell of a member is written by LWT, by imports too: if the version is null." => KEPT,
    CodeColumns: "Of a code, imports write the campaign and sales the holder: disjoint columns." => ONCE,
    CampaignIsPlain: "A code that is in use is imported all the same." => THERE,
}

/// Versions after which the node writes no more: each behaves as the ones before.
const VERSIONS_MAX: u8 = 3;
/// How often the import runs.
const RUNS: u8 = 2;
const SALES: u8 = 2;

/// A member, a code, a node, an import.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The head's version; none when there is none.
    pub version: Option<u8>,
    /// Answered writes that the head is made of.
    pub writes: u8,
    /// Writes that were answered.
    pub answered: u8,
    /// The version that the node has read, before it writes.
    pub seen: Option<Option<u8>>,
    /// The code belongs to a campaign.
    pub campaign: bool,
    /// The sale that has the code.
    pub holder: Option<u8>,
    /// How often it was taken.
    pub uses: u8,
    /// Runs of the import that have written the member, and the code.
    pub runs: (u8, u8),
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The node reads the head.
    Read,
    /// It writes the next version on what it read.
    Write,
    /// A sale takes the code if nobody has it.
    Take(u8),
    /// The import writes the member.
    ImportMember,
    /// The import writes the code.
    ImportCode,
}

/// The model.
#[derive(Clone, Debug)]
pub struct Import {
    rules: Rules<Rule>,
}

impl Import {
    /// With these rules.
    #[must_use]
    pub const fn with(rules: Rules<Rule>) -> Self {
        Self { rules }
    }

    fn hold(&self, rule: Rule) -> bool {
        self.rules.hold(rule)
    }
}

impl Model for Import {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            version: None,
            writes: 0,
            answered: 0,
            seen: None,
            campaign: false,
            holder: None,
            uses: 0,
            runs: (0, 0),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        match state.seen {
            None if state.version.is_none_or(|version| version < VERSIONS_MAX) => actions.push(Action::Read),
            None => {}
            Some(_) => actions.push(Action::Write),
        }
        if state.holder.is_none() && state.uses < SALES {
            actions.push(Action::Take(state.uses));
        }
        if state.runs.0 < RUNS {
            actions.push(Action::ImportMember);
        }
        if state.runs.1 < RUNS {
            actions.push(Action::ImportCode);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Read => next.seen = Some(state.version),
            Action::Write => {
                next.seen = None;
                if state.seen == Some(state.version) {
                    next.version = Some(state.version.map_or(1, |version| version + 1));
                    next.writes += 1;
                    next.answered += 1;
                }
            }
            Action::Take(sale) => {
                next.holder = Some(sale);
                next.uses += 1;
            }
            Action::ImportMember => {
                next.runs.0 += 1;
                if state.version.is_none() || !self.hold(Rule::MemberIfNull) {
                    next.version = Some(1);
                    next.writes = 0;
                }
            }
            Action::ImportCode => {
                next.runs.1 += 1;
                next.campaign |= state.holder.is_none() || self.hold(Rule::CampaignIsPlain);
                if !self.hold(Rule::CodeColumns) {
                    next.holder = None;
                }
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(KEPT, |_, state: &State| state.writes == state.answered),
            Property::always(ONCE, |_, state: &State| state.uses <= 1),
            Property::always(THERE, |_, state: &State| {
                (state.runs.0 == 0 || state.version.is_some()) && (state.runs.1 == 0 || state.campaign)
            }),
            Property::sometimes("an import finds a member and a code in use", |_, state: &State| {
                state.runs == (RUNS, RUNS) && state.answered > 0 && state.uses > 0
            }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Import;
    use crate::proof::prove;

    #[test]
    fn an_import_undoes_nothing() {
        prove("import", |rules| vec![Import::with(rules)]);
    }
}
