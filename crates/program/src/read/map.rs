//! Reading a map key by key, so that what was not asked for can be told.

use super::{Context, FromNode};
use crate::code;
use crate::diagnostics::quoted;
use crate::yaml::{Kind, Node, Spot};

/// Keys that begin with this are notes and places for anchors; nobody reads them.
const NOTE: &str = "x-";

/// A key and its value, in eight bytes: all of a file may be one map.
struct Entry {
    /// Where the key stands.
    key: u32,
    /// Which of the merged maps it is of; there are no more of them than files.
    map: u16,
    taken: bool,
}

/// A map, or the maps of several files under one key read as one.
pub(crate) struct MapReader<'a, 'c> {
    context: &'c Context,
    maps: Vec<Node<'a>>,
    entries: Vec<Entry>,
    /// Keys that are needed and were not found.
    missing: Vec<&'static str>,
}

impl<'a, 'c> MapReader<'a, 'c> {
    /// Opens maps; `None`, and a problem, when none of them is one.
    pub(crate) fn open(nodes: &[Node<'a>], needed: &str, context: &'c Context) -> Option<Self> {
        let mut maps = Vec::new();
        for node in nodes {
            if node.kind() == Kind::Mapping {
                maps.push(*node);
            } else if node.is_null() {
                context.no_value(*node, needed);
            } else {
                context.wrong_type(*node, needed, "write keys and values: `{ key: value }`");
            }
        }
        if maps.is_empty() {
            return None;
        }
        let mut entries = Vec::with_capacity(maps.iter().map(|map| map.keys().count()).sum());
        for (number, map) in maps.iter().enumerate() {
            for key in map.keys() {
                let (name, _) = map.entry(key);
                if name.text().is_some() {
                    entries.push(Entry { key, map: number as u16, taken: false });
                } else {
                    context.error_hint(
                        code::WRONG_TYPE,
                        name.spot(),
                        "a key is a text",
                        "write one word before the colon",
                    );
                }
            }
        }
        Some(Self { context, maps, entries, missing: Vec::new() })
    }

    /// Where the map stands, the first of several.
    pub(crate) fn spot(&self) -> Spot {
        self.maps[0].spot()
    }

    /// Reads the value of a key. The outer `None` means that it is missing or bad, and that this was told, or is when
    /// the map is finished.
    pub(crate) fn take<T: FromNode>(&mut self, key: &'static str) -> Option<T> {
        let mut nodes: Vec<Node<'a>> = Vec::new();
        let mut found: Option<Node<'a>> = None;
        let mut map = u16::MAX;
        for entry in &mut self.entries {
            let (name, value) = self.maps[usize::from(entry.map)].entry(entry.key);
            if name.text() != Some(key) {
                continue;
            }
            entry.taken = true;
            if found.is_none() {
                found = Some(value);
                map = entry.map;
            } else if entry.map != map {
                if nodes.is_empty() {
                    nodes.extend(found);
                }
                nodes.push(value);
                map = entry.map;
            } else {
                self.context.error_hint(
                    code::DUPLICATE_KEY,
                    name.spot(),
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
    pub(crate) fn finish(&self, known: &[&'static str]) {
        let mut misspelt: Vec<&str> = Vec::new();
        let keys = || self.entries.iter().map(|entry| self.maps[usize::from(entry.map)].entry(entry.key).0);
        let unused: Vec<&str> =
            known.iter().copied().filter(|known| keys().all(|key| key.text() != Some(known))).collect();
        for (entry, key) in self.entries.iter().zip(keys()) {
            let Some(name) = key.text().filter(|name| !entry.taken && !name.starts_with(NOTE)) else {
                continue;
            };
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
                key.spot(),
                format!("the key {} is not known here", quoted(name)),
                hint,
            );
        }
        for key in self.missing.iter().filter(|key| !misspelt.contains(key)) {
            self.context.error_hint(
                code::MISSING_KEY,
                self.maps[0].spot(),
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
