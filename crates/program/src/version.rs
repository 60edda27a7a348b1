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
    let entry = |(map, key): (u32, u32)| nodes[map as usize].entry(key);
    // Which map, and where its key stands; as many as there are and not one more, as all of a file may be one map.
    let mut entries = Vec::with_capacity(nodes.iter().map(|node| node.keys().count()).sum());
    for (map, node) in nodes.iter().enumerate() {
        entries.extend(node.keys().map(|key| (map as u32, key)).filter(|key| entry(*key).0.text().is_some()));
    }
    entries.sort_unstable_by_key(|at| (entry(*at).0.text(), *at));
    begin(b'{', hasher);
    for chunk in entries.chunk_by(|one, next| entry(*one).0.text() == entry(*next).0.text()) {
        let (key, first) = entry(chunk[0]);
        scalar(key, hasher);
        let values = chunk.iter().map(|at| entry(*at).1);
        match first.kind() {
            Kind::Scalar => values.for_each(|value| scalar(value, hasher)),
            Kind::Sequence => list(values, hasher),
            Kind::Mapping => map(&values.collect::<Vec<_>>(), hasher),
        }
    }
    begin(b'}', hasher);
}

/// A list, or the lists of several files that are one.
fn list<'a>(nodes: impl Iterator<Item = Node<'a>>, hasher: &mut Sha256) {
    begin(b'[', hasher);
    for item in nodes.flat_map(Node::items) {
        match item.kind() {
            Kind::Scalar => scalar(item, hasher),
            Kind::Sequence => list(std::iter::once(item), hasher),
            Kind::Mapping => map(&[item], hasher),
        }
    }
    begin(b']', hasher);
}

fn scalar(node: Node<'_>, hasher: &mut Sha256) {
    let text = node.text().unwrap_or_default();
    hasher.update((text.len() as u64).to_le_bytes());
    hasher.update(text);
}

fn begin(mark: u8, hasher: &mut Sha256) {
    hasher.update([mark]);
}
