//! Reading a map key by key, so that what was not asked for can be told.

use super::{Context, FromNode};
use crate::code;
use crate::diagnostics::quoted;
use crate::yaml::{Kind, Node};

/// Keys that begin with this are notes and places for anchors; nobody reads them.
const NOTE: &str = "x-";

struct Entry<'a> {
    key: Node<'a>,
    name: &'a str,
    value: Node<'a>,
    /// Which of the merged maps it is of.
    map: usize,
    taken: bool,
}

/// A map, or the maps of several files under one key read as one.
pub(crate) struct MapReader<'a, 'c> {
    context: &'c Context,
    first: Node<'a>,
    merged: bool,
    entries: Vec<Entry<'a>>,
    /// Keys that are needed and were not found.
    missing: Vec<&'static str>,
}

impl<'a, 'c> MapReader<'a, 'c> {
    /// Opens maps; `None`, and a problem, when none of them is one.
    pub(crate) fn open(nodes: &[Node<'a>], needed: &str, context: &'c Context) -> Option<Self> {
        let mut entries = Vec::new();
        let mut first = None;
        for (map, node) in nodes.iter().enumerate() {
            if node.kind() != Kind::Mapping {
                if node.is_null() {
                    context.no_value(*node, needed);
                } else {
                    context.wrong_type(*node, needed, "write keys and values: `{ key: value }`");
                }
                continue;
            }
            first = first.or(Some(*node));
            for (key, value) in node.entries() {
                match key.text() {
                    Some(name) => entries.push(Entry { key, name, value, map, taken: false }),
                    None => context.error_hint(
                        code::WRONG_TYPE,
                        key.spot(),
                        "a key is a text",
                        "write one word before the colon",
                    ),
                }
            }
        }
        Some(Self { context, first: first?, merged: nodes.len() > 1, entries, missing: Vec::new() })
    }

    /// Reads the value of a key. The outer `None` means that it is missing or bad, and that this was told, or is when
    /// the map is finished.
    pub(crate) fn take<T: FromNode>(&mut self, key: &'static str) -> Option<T> {
        let mut nodes: Vec<Node<'a>> = Vec::new();
        let mut found: Option<Node<'a>> = None;
        let mut map = usize::MAX;
        for entry in self.entries.iter_mut().filter(|entry| entry.name == key) {
            entry.taken = true;
            if found.is_none() {
                found = Some(entry.value);
                map = entry.map;
            } else if self.merged && entry.map != map {
                if nodes.is_empty() {
                    nodes.extend(found);
                }
                nodes.push(entry.value);
                map = entry.map;
            } else {
                self.context.error_hint(
                    code::DUPLICATE_KEY,
                    entry.key.spot(),
                    format!("the key {} stands here twice", quoted(key)),
                    "keep one of them",
                );
            }
        }
        match found {
            Some(_) if !nodes.is_empty() => T::from_nodes(&nodes, self.context),
            Some(node) => T::from_node(node, self.context),
            None => {
                let missing = T::when_missing();
                if missing.is_none() {
                    self.missing.push(key);
                }
                missing
            }
        }
    }

    /// Tells of keys that nobody asked for, and of those that are missing and are not among them misspelt.
    pub(crate) fn finish(self, known: &[&'static str]) {
        let mut misspelt: Vec<&str> = Vec::new();
        let unused: Vec<&str> =
            known.iter().copied().filter(|key| self.entries.iter().all(|entry| entry.name != *key)).collect();
        for entry in self.entries.iter().filter(|entry| !entry.taken && !entry.name.starts_with(NOTE)) {
            let name = entry.name;
            let hint = if name == "<<" {
                "merge keys are no part of YAML 1.2; repeat what is shared, or alias whole values".to_owned()
            } else if let Some(meant) = self.context.nearest(name, unused.iter().copied()) {
                misspelt.push(meant);
                format!("did you mean `{meant}`?")
            } else if let Some(instead) = elsewhere(name, known) {
                instead
            } else {
                format!("known here: {}", known.join(", "))
            };
            self.context.error_hint(
                code::UNKNOWN_KEY,
                entry.key.spot(),
                format!("the key {} is not known here", quoted(name)),
                hint,
            );
        }
        for key in self.missing.iter().filter(|key| !misspelt.contains(key)) {
            self.context.error_hint(
                code::MISSING_KEY,
                self.first.spot(),
                format!("the key {} is missing", quoted(key)),
                format!("add `{key}: …`"),
            );
        }
    }
}

/// Where a key belongs that is right, but not here.
fn elsewhere(name: &str, known: &[&str]) -> Option<String> {
    let home = match name {
        "percent_off" | "amount_off" | "unit_price" | "set_price" | "bundle" | "nth_unit" | "get"
        | "steps" | "repeat" | "shipping" | "gift" | "match" | "issue_coupon" | "entitlement" | "cap"
        | "min_gain" | "worth" | "round_at" | "basis" | "all_or_nothing" | "floor_unit_price"
        | "floor_line" | "floor_sku" | "target" => "effect",
        "sku" | "category" | "brand" | "tag" | "kind" | "any_of" | "all_of" | "not" | "spend" | "weight" => {
            "buy"
        }
        "from" | "until" | "days" | "days_of_month" | "months" | "times" => "when",
        "members" | "tiers" | "segments" | "birthday" | "first_purchase" | "new_member" | "hold_out" => "who",
        "stores" | "channels" | "payments" => "where",
        "per_basket" | "per_member" | "in_total" | "budget" => "limits",
        "group" | "groups" | "exclusive" | "pool" => "stacking",
        _ => return None,
    };
    known.contains(&home).then(|| format!("it belongs into `{home}: {{ {name}: … }}`"))
}
