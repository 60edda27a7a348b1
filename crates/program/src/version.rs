//! The version of a program: a hash of what its files say, whatever their layout.

use sha2::{Digest, Sha256};

use crate::yaml::{Kind, Node};

/// Sixteen hex digits. Comments, indentation, quotes, the order of keys and the division into files do not matter;
/// the order of lists does, and so does how a number is spelled.
pub(crate) fn of(roots: &[Node<'_>]) -> String {
    let mut hasher = Sha256::new();
    map(roots, &mut hasher);
    let digest = hasher.finalize();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A map, or the maps of several files that are one.
fn map(nodes: &[Node<'_>], hasher: &mut Sha256) {
    let mut entries: Vec<(&str, Node<'_>)> = nodes
        .iter()
        .flat_map(|node| node.entries())
        .filter_map(|(key, value)| Some((key.text()?, value)))
        .collect();
    entries.sort_by_key(|(key, _)| *key);
    begin(b'{', hasher);
    let mut values = Vec::new();
    for chunk in entries.chunk_by(|one, next| one.0 == next.0) {
        text(chunk[0].0, hasher);
        values.clear();
        values.extend(chunk.iter().map(|(_, value)| *value));
        match values[0].kind() {
            Kind::Scalar => values.iter().for_each(|value| scalar(*value, hasher)),
            Kind::Sequence => list(&values, hasher),
            Kind::Mapping => map(&values, hasher),
        }
    }
    begin(b'}', hasher);
}

/// A list, or the lists of several files that are one.
fn list(nodes: &[Node<'_>], hasher: &mut Sha256) {
    begin(b'[', hasher);
    for item in nodes.iter().flat_map(|node| node.items()) {
        match item.kind() {
            Kind::Scalar => scalar(item, hasher),
            Kind::Sequence => list(&[item], hasher),
            Kind::Mapping => map(&[item], hasher),
        }
    }
    begin(b']', hasher);
}

fn scalar(node: Node<'_>, hasher: &mut Sha256) {
    text(node.text().unwrap_or_default(), hasher);
}

fn text(text: &str, hasher: &mut Sha256) {
    hasher.update((text.len() as u64).to_le_bytes());
    hasher.update(text);
}

fn begin(mark: u8, hasher: &mut Sha256) {
    hasher.update([mark]);
}
