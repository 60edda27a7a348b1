//! From the tree to plain types, collecting every problem on the way instead of stopping at the first.
//!
//! A type that stands in program files implements [`FromNode`]; the macros `file_map!` and `file_words!` write that
//! for maps and for lists of possible words, from the same definition that the JSON Schema comes from.

mod collections;
mod context;
#[macro_use]
mod macros;
mod map;
mod scalars;
mod texts;

pub(crate) use collections::{Entries, Later, Many, OneOrMany, repeated};
pub(crate) use context::Context;
pub(crate) use map::MapReader;
pub(crate) use scalars::{
    Amount, ArchiveDays, Count, Factor, Percent, Points, Price, Priority, Switch, UnitsCount, Weight,
};
pub(crate) use texts::{Duration, Id, OwnId, WindowText, Words};

use crate::yaml::{Node, Spot};

/// What can be read from the tree. `None` means that it could not, and that the reason was told.
pub(crate) trait FromNode: Sized {
    /// Reads one node.
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self>;

    /// Reads what several files say of one key.
    fn from_nodes(nodes: &[Node<'_>], context: &Context) -> Option<Self> {
        let (first, others) = nodes.split_first()?;
        for other in others {
            context.said_twice(*other, *first);
        }
        Self::from_node(*first, context)
    }

    /// What a missing key means; `None` when it may not be missing.
    fn when_missing() -> Option<Self> {
        None
    }

    /// What stands for one that is missing or bad, which was told, so that all else its map says is checked too. The map's
    /// place is given. `None` when nothing can.
    fn stand_in(_: Spot) -> Option<Self> {
        None
    }
}

impl<T: FromNode> FromNode for Option<T> {
    // A bad value was told; the rest of the map is still worth checking.
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        Some(T::from_node(node, context))
    }

    fn from_nodes(nodes: &[Node<'_>], context: &Context) -> Option<Self> {
        Some(T::from_nodes(nodes, context))
    }

    fn when_missing() -> Option<Self> {
        Some(None)
    }
}

impl<T: FromNode> FromNode for Box<T> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        T::from_node(node, context).map(Box::new)
    }
}

/// A wrapper that the JSON Schema does not show.
macro_rules! described_as_content {
    ($wrapper:ident) => {
        impl<T: schemars::JsonSchema> schemars::JsonSchema for $wrapper<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                T::json_schema(generator)
            }
        }
    };
}

/// Something that may not be missing, and without which the rest of its map can be checked all the same.
#[derive(Clone, Debug)]
pub(crate) struct Needed<T>(pub(crate) Option<T>);

impl<T: FromNode> FromNode for Needed<T> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        Some(Self(T::from_node(node, context)))
    }

    fn from_nodes(nodes: &[Node<'_>], context: &Context) -> Option<Self> {
        Some(Self(T::from_nodes(nodes, context)))
    }

    fn stand_in(_: Spot) -> Option<Self> {
        Some(Self(None))
    }
}

described_as_content!(Needed);

/// A value and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) spot: Spot,
}

impl<T: FromNode> FromNode for At<T> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        T::from_node(node, context).map(|value| At { value, spot: node.spot() })
    }
}

described_as_content!(At);
