//! How a model is explored: completely, with all rules; and with one rule left out until the violation is met.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;

use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// Sentences of the protocol that a model can do without, to show what each is for.
pub trait Rule: Copy + Debug + Eq + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// The sentence.
    fn sentence(self) -> &'static str;

    /// The property that does not hold without it.
    fn protects(self) -> &'static str;
}

/// The rules that hold in one run of a model: all of them, or all but one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules<R> {
    without: Option<R>,
}

impl<R: Rule> Rules<R> {
    /// Every rule holds.
    pub const ALL: Self = Self { without: None };

    /// Every rule but this one holds.
    #[must_use]
    pub const fn without(rule: R) -> Self {
        Self { without: Some(rule) }
    }

    /// The rule that does not hold.
    #[must_use]
    pub const fn left_out(self) -> Option<R> {
        self.without
    }

    /// Whether a rule holds.
    #[must_use]
    pub fn hold(self, rule: R) -> bool {
        self.without != Some(rule)
    }
}

/// Declares the rules of a model: name, sentence, and the property that it protects.
macro_rules! rules {
    ($(#[$about:meta])* $($name:ident: $sentence:literal => $property:expr,)+) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule {
            $(#[doc = $sentence] $name,)+
        }

        impl $crate::proof::Rule for Rule {
            const ALL: &'static [Self] = &[$(Self::$name,)+];

            fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)+ }
            }

            fn protects(self) -> &'static str {
                match self { $(Self::$name => $property,)+ }
            }
        }
    };
}
pub(crate) use rules;

/// A model that can be explored.
pub trait Explored:
    Model<State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static, Action: Clone + Debug + PartialEq>
    + Send
    + Sync
    + 'static
{
}

impl<M> Explored for M where
    M: Model<
            State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
            Action: Clone + Debug + PartialEq,
        > + Send
        + Sync
        + 'static
{
}

/// Explores every state of a model and gives their number.
///
/// # Panics
/// When a property does not hold, with a way there; when something that should be possible never happens.
pub fn holds(model: impl Explored) -> usize {
    let checker = model.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    for property in checker.model().properties() {
        let found = checker.discovery(property.name);
        match (property.expectation, found) {
            (Expectation::Sometimes, None) => panic!("never: {}", property.name),
            (Expectation::Sometimes, Some(_)) | (_, None) => {}
            (_, Some(path)) => {
                let way = path.into_vec();
                let start = way.first().map(|(state, _)| state);
                let end = way.last().map(|(state, _)| state);
                let actions: Vec<_> = way.iter().filter_map(|(_, action)| action.as_ref()).collect();
                panic!("not always: {}\nfrom {start:?}\nby {actions:?}\nto {end:?}", property.name);
            }
        }
    }
    checker.unique_state_count()
}

/// Explores a model until a property is violated and gives a short way there, one action after the other; none when
/// the property holds in every state: then the rule that was left out is not needed, or the model cannot tell.
pub fn breaks(model: impl Explored, property: &'static str) -> Option<Vec<String>> {
    let found = HasDiscoveries::AllOf(BTreeSet::from([property]));
    let checker = model.checker().finish_when(found).spawn_bfs().join();
    let path = checker.discovery(property)?;
    Some(path.into_actions().iter().map(|action| format!("{action:?}")).collect())
}

/// Proves models with all rules, and shows of each rule that one of them needs it.
#[cfg(test)]
pub(crate) fn prove<R: Rule, M: Explored>(name: &str, models: impl Fn(Rules<R>) -> Vec<M>) {
    for model in models(Rules::ALL) {
        println!("{name}: {} states", holds(model));
    }
    let mut needless = Vec::new();
    for rule in R::ALL {
        let property = rule.protects();
        match models(Rules::without(*rule)).into_iter().find_map(|model| breaks(model, property)) {
            Some(way) => println!("{name} without {rule:?}: \"{property}\" fails after {}", way.join(", ")),
            None => needless.push(format!("{rule:?} ({}): \"{property}\" holds without it", rule.sentence())),
        }
    }
    assert!(needless.is_empty(), "{}", needless.join("\n"));
}

/// Whether the long form of the tests runs.
#[cfg(test)]
pub(crate) fn long() -> bool {
    std::env::var_os("SUANPAN_LONG").is_some()
}
