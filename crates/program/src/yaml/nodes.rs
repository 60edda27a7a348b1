//! Where the nodes of a document lie: in pieces, because a list that doubles holds three times what it needs while it
//! grows, and a file of two bytes a node has no room for that.

use std::ops::{Index, IndexMut};

use super::document::NodeData;

/// Nodes of a piece.
const PIECE: usize = 4_096;

/// All nodes in their order; every piece but the last is full.
#[derive(Debug, Default)]
pub(super) struct Nodes(Vec<Vec<NodeData>>);

impl Nodes {
    pub(super) fn push(&mut self, node: NodeData) {
        if let Some(last) = self.0.last_mut().filter(|last| last.len() < PIECE) {
            last.push(node);
            return;
        }
        // The first one grows with the file: most are small.
        let mut piece = if self.0.is_empty() { Vec::new() } else { Vec::with_capacity(PIECE) };
        piece.push(node);
        self.0.push(piece);
    }

    pub(super) fn len(&self) -> usize {
        match self.0.split_last() {
            Some((last, full)) => full.len() * PIECE + last.len(),
            None => 0,
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<NodeData> {
        self.0.get(index / PIECE)?.get(index % PIECE).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = NodeData> {
        self.0.iter().flatten().copied()
    }

    /// Forgets all from an index on.
    pub(super) fn truncate(&mut self, len: usize) {
        if let Some(piece) = self.0.get_mut(len / PIECE) {
            piece.truncate(len % PIECE);
        }
        self.0.truncate(len.div_ceil(PIECE));
    }

    /// Gives back what the last piece does not need.
    pub(super) fn shrink_to_fit(&mut self) {
        if let Some(last) = self.0.last_mut() {
            last.shrink_to_fit();
        }
    }
}

impl Index<usize> for Nodes {
    type Output = NodeData;

    fn index(&self, index: usize) -> &NodeData {
        &self.0[index / PIECE][index % PIECE]
    }
}

impl IndexMut<usize> for Nodes {
    fn index_mut(&mut self, index: usize) -> &mut NodeData {
        &mut self.0[index / PIECE][index % PIECE]
    }
}
