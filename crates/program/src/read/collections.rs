//! Lists, lists that may be one value, and maps with free keys.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{At, Context, FromNode, Id};
use crate::code;
use crate::diagnostics::quoted;
use crate::yaml::{Kind, Node, Spot};

/// The elements of lists, one file's after the other's.
fn elements<'a>(nodes: &[Node<'a>], context: &Context, mut each: impl FnMut(Node<'a>)) {
    for node in nodes {
        if node.kind() == Kind::Sequence {
            node.items().for_each(&mut each);
        } else if node.is_null() {
            context.no_value(*node, "a list");
        } else {
            context.wrong_type(*node, "a list");
        }
    }
}

impl<T: FromNode> FromNode for Vec<T> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        Self::from_nodes(&[node], context)
    }

    fn from_nodes(nodes: &[Node<'_>], context: &Context) -> Option<Self> {
        let mut list = Vec::new();
        elements(nodes, context, |node| list.extend(T::from_node(node, context)));
        list.shrink_to_fit();
        Some(list)
    }
}

/// A list that names at least one thing.
#[derive(Clone, Debug)]
pub(crate) struct Many<T>(pub(crate) Vec<T>);

impl<T: FromNode> FromNode for Many<T> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        if node.kind() == Kind::Sequence && node.items().next().is_none() {
            context.error_hint(
                code::EMPTY,
                node.spot(),
                "this list is empty",
                "name at least one, or remove the key: an empty list would never hold",
            );
            return None;
        }
        Vec::from_node(node, context).map(Self)
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

/// One value, or a list that names at least one.
#[derive(Clone, Debug)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<T: FromNode> FromNode for OneOrMany<T> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        if node.kind() == Kind::Sequence {
            return Many::from_node(node, context).map(|Many(list)| Self(list));
        }
        T::from_node(node, context).map(|one| Self(vec![one]))
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
    pub(crate) fn len(&self, context: &Context) -> usize {
        context.node(self.spot).map_or(0, |node| node.entries().count())
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
                context.wrong_type(node, "a map");
            }
            return None;
        }
        if node.entries().next().is_none() {
            context.error(code::EMPTY, node.spot(), "this map is empty");
        }
        let mut keys: Vec<(&str, Spot)> =
            node.entries().filter_map(|(key, _)| Some((key.text()?, key.spot()))).collect();
        keys.sort_unstable();
        for pair in keys.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            context.error_hint(
                code::DUPLICATE_KEY,
                pair[1].1,
                format!("the key {} stands here twice", quoted(pair[1].0)),
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

/// Tells of ids that stand twice.
pub(crate) fn repeated<'i>(ids: impl IntoIterator<Item = &'i At<Id>>, context: &Context) {
    let mut sorted: Vec<(&str, Spot)> = ids.into_iter().map(|id| (id.value.0.as_str(), id.spot)).collect();
    sorted.sort_unstable();
    for pair in sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        context.error_hint(
            code::REPEATED,
            pair[1].1,
            format!("{} stands here twice", quoted(pair[1].0)),
            "keep one of them",
        );
    }
}

/// A long list whose elements are read one by one, later, so that only one is in memory at a time.
#[derive(Clone, Debug)]
pub(crate) struct Later<T> {
    spots: Vec<Spot>,
    of: PhantomData<fn() -> T>,
}

impl<T: FromNode> Later<T> {
    pub(crate) fn len(&self) -> usize {
        self.spots.len()
    }

    /// The places of the elements.
    pub(crate) fn spots(&self) -> &[Spot] {
        &self.spots
    }

    /// Reads the elements in order. What cannot be read was told, and is passed over.
    pub(crate) fn each<'c>(&'c self, context: &'c Context) -> impl Iterator<Item = At<T>> + 'c {
        self.spots.iter().filter_map(|spot| At::from_node(context.node(*spot)?, context))
    }
}

impl<T> Default for Later<T> {
    fn default() -> Self {
        Self { spots: Vec::new(), of: PhantomData }
    }
}

impl<T: FromNode> FromNode for Later<T> {
    fn from_node(node: Node<'_>, context: &Context) -> Option<Self> {
        Self::from_nodes(&[node], context)
    }

    fn from_nodes(nodes: &[Node<'_>], context: &Context) -> Option<Self> {
        let mut spots = Vec::new();
        elements(nodes, context, |node| spots.push(node.spot()));
        Some(Self { spots, of: PhantomData })
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
