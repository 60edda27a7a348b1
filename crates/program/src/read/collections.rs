//! Lists, lists that may be one value, and maps with free keys.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{At, Context, FromNode, Id};
use crate::code;
use crate::diagnostics::quoted;
use crate::yaml::{Kind, Node, Spot};

/// Tells when a node is no list.
fn is_list(node: Node<'_>, context: &Context) -> bool {
    match node.kind() {
        Kind::Sequence => return true,
        _ if node.is_null() => context.no_value(node, "a list"),
        _ => context.wrong_type(
            node,
            "a list",
            "begin each entry with a dash, or write them in brackets: `[ … ]`",
        ),
    }
    false
}

/// Tells when a list is empty that has to name something.
fn is_empty(node: Node<'_>, context: &Context) -> bool {
    let empty = node.items().next().is_none();
    if empty {
        context.error_hint(
            code::EMPTY,
            node.spot(),
            "this list is empty",
            "name at least one, or remove the key: an empty list would never hold",
        );
    }
    empty
}

/// A list that may be empty. Like all lists it is read element by element when it is needed, so that only one element is
/// in memory at a time, and only once, so that nothing is told twice.
#[derive(Clone, Debug)]
pub(crate) struct Later<T> {
    lists: Vec<Spot>,
    of: PhantomData<fn() -> T>,
}

impl<T: FromNode> Later<T> {
    fn nodes<'c>(&'c self, context: &'c Context) -> impl Iterator<Item = Node<'c>> + 'c {
        self.lists.iter().filter_map(|spot| context.node(*spot)).flat_map(|list| list.items())
    }

    pub(crate) fn len(&self, context: &Context) -> usize {
        self.nodes(context).count()
    }

    /// The place of the element at an index.
    pub(crate) fn spot(&self, index: usize, context: &Context) -> Option<Spot> {
        self.nodes(context).nth(index).map(|node| node.spot())
    }

    /// Reads the elements in order. What cannot be read was told, and is passed over.
    pub(crate) fn each<'c>(&'c self, context: &'c Context) -> impl Iterator<Item = At<T>> + 'c {
        self.nodes(context).filter_map(|node| At::from_node(node, context))
    }
}

impl<T: FromNode> FromNode for Later<T> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        Self::from_nodes(&[node], context)
    }

    fn from_nodes(nodes: &[Node<'_>], context: &Context) -> Option<Self> {
        let lists = nodes.iter().filter(|node| is_list(**node, context)).map(|node| node.spot()).collect();
        Some(Self { lists, of: PhantomData })
    }
}

impl<T: JsonSchema> JsonSchema for Later<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("LongListOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": generator.subschema_for::<T>() })
    }
}

/// Writes a list that names at least one thing.
macro_rules! list_of_some {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name<T> {
            pub(crate) spot: Spot,
            of: PhantomData<fn() -> T>,
        }

        impl<T: FromNode> $name<T> {
            /// How many elements it has.
            pub(crate) fn len(&self, context: &Context) -> usize {
                self.nodes(context).count()
            }

            /// Reads the elements in order. What cannot be read was told, and is passed over.
            pub(crate) fn each<'c>(&self, context: &'c Context) -> impl Iterator<Item = At<T>> + 'c {
                self.nodes(context).filter_map(|node| At::from_node(node, context))
            }

            /// What its elements become, in a vector without slack.
            pub(crate) fn map<U>(&self, context: &Context, become_: impl FnMut(At<T>) -> U) -> Vec<U> {
                let mut list = Vec::with_capacity(self.len(context));
                list.extend(self.each(context).map(become_));
                list
            }

            /// Tells of elements that stand twice.
            pub(crate) fn repeated(&self, context: &Context) {
                let mut sorted: Vec<(&str, Spot)> = Vec::with_capacity(self.len(context));
                sorted.extend(self.nodes(context).filter_map(|node| Some((node.text()?, node.spot()))));
                sorted.sort_unstable();
                for pair in sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
                    repeated(pair[1].0, pair[1].1, context);
                }
            }
        }
    };
}

list_of_some! {
    /// A list that names at least one thing.
    Many
}

impl<T> Many<T> {
    fn nodes<'c>(&self, context: &'c Context) -> impl Iterator<Item = Node<'c>> + 'c {
        context.node(self.spot).into_iter().flat_map(|list| list.items())
    }
}

impl<T: FromNode> FromNode for Many<T> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let names_some = is_list(node, context) && !is_empty(node, context);
        names_some.then(|| Self { spot: node.spot(), of: PhantomData })
    }
}

impl<T: JsonSchema> JsonSchema for Many<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("ListOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": generator.subschema_for::<T>(), "minItems": 1 })
    }
}

list_of_some! {
    /// One value, or a list that names at least one.
    OneOrMany
}

impl<T> OneOrMany<T> {
    fn nodes<'c>(&self, context: &'c Context) -> impl Iterator<Item = Node<'c>> + 'c {
        let node = context.node(self.spot);
        let one = node.filter(|node| node.kind() != Kind::Sequence);
        one.into_iter().chain(node.into_iter().flat_map(|list| list.items()))
    }
}

impl<T: FromNode> FromNode for OneOrMany<T> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        let names_some = node.kind() != Kind::Sequence || !is_empty(node, context);
        names_some.then(|| Self { spot: node.spot(), of: PhantomData })
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}

/// A map from ids of the program's own to values; it names at least one. Its entries are read one by one, later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entries<T> {
    spot: Spot,
    of: PhantomData<fn() -> T>,
}

impl<T: FromNode> Entries<T> {
    /// How many of them have a value. Room for the others would be most of what reading a file takes: they may have two
    /// bytes each.
    pub(crate) fn len(&self, context: &Context) -> usize {
        let of = |node: Node<'_>| node.entries().filter(|(_, value)| !value.is_null()).count();
        context.node(self.spot).map_or(0, of)
    }

    /// Reads the entries in order. What cannot be read was told, and is passed over.
    pub(crate) fn each<'c>(&self, context: &'c Context) -> impl Iterator<Item = (At<Id>, At<T>)> + 'c {
        context.node(self.spot).into_iter().flat_map(|node| node.entries()).filter_map(|(key, value)| {
            // Both are read, so that both are checked.
            let (key, value) = (At::from_node(key, context), At::from_node(value, context));
            key.zip(value)
        })
    }
}

impl<T: FromNode> FromNode for Entries<T> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        if node.kind() != Kind::Mapping {
            if node.is_null() {
                context.no_value(node, "a map");
            } else {
                context.wrong_type(node, "a map", "write keys and values: `{ key: value }`");
            }
            return None;
        }
        if node.entries().next().is_none() {
            context.error_hint(
                code::EMPTY,
                node.spot(),
                "this map is empty",
                "add what it is for, or remove the key",
            );
        }
        let name = |key: u32| node.entry(key).0.text();
        let mut keys = Vec::with_capacity(node.keys().count());
        keys.extend(node.keys());
        keys.sort_unstable_by_key(|key| (name(*key), *key));
        for pair in keys.windows(2) {
            let Some(twice) = name(pair[1]).filter(|twice| name(pair[0]) == Some(*twice)) else { continue };
            context.error_hint(
                code::DUPLICATE_KEY,
                node.entry(pair[1]).0.spot(),
                format!("the key {} stands here twice", quoted(twice)),
                "keep one of them",
            );
        }
        Some(Self { spot: node.spot(), of: PhantomData })
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("MapOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value, "minProperties": 1 })
    }
}

/// Tells of something that stands twice in a list.
pub(crate) fn repeated(text: &str, spot: Spot, context: &Context) {
    let message = format!("{} stands here twice", quoted(text));
    context.error_hint(code::REPEATED, spot, message, "keep one of them");
}
