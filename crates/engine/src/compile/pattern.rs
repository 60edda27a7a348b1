//! Selectors over numbers instead of names.

use suanpan_domain::{Line, LineKind};
use suanpan_program::model::Selector;

use super::names::ByName;
use crate::ground::bits;
use crate::lines::LineFacts;

/// All names that the program's selectors mention.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    pub(crate) skus: ByName,
    pub(crate) categories: ByName,
    pub(crate) brands: ByName,
    pub(crate) tags: ByName,
}

/// A line's names, as far as the program mentions them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LineSymbols {
    pub(crate) sku: Option<u32>,
    pub(crate) brand: Option<u32>,
    /// Ranges of a flat list: categories from the root down, and tags.
    pub(crate) categories: (u32, u32),
    pub(crate) tags: (u32, u32),
}

impl Symbols {
    /// Looks a line's names up; categories and tags are pushed to `flat`. `last` is the category that was read last, with
    /// its range: lines that stand side by side often share it.
    #[inline]
    pub(crate) fn read<'a>(
        &self,
        line: &'a Line,
        last: &mut (&'a str, (u32, u32)),
        flat: &mut Vec<u32>,
    ) -> LineSymbols {
        if last.0 != line.category {
            *last = (&line.category, self.read_categories(line, flat));
        }
        let start = flat.len() as u32;
        // Most lines have no tags, and many no brand.
        if !line.tags.is_empty() {
            flat.extend(line.tags.iter().filter_map(|tag| self.tags.find(tag)));
        }
        LineSymbols {
            sku: self.skus.find(line.sku.as_str()),
            brand: if line.brand.is_empty() { None } else { self.brands.find(&line.brand) },
            categories: last.1,
            tags: (start, flat.len() as u32 - start),
        }
    }

    /// Pushes the categories of a line from the root down; gives their range.
    fn read_categories(&self, line: &Line, flat: &mut Vec<u32>) -> (u32, u32) {
        let start = flat.len() as u32;
        if self.categories.len() > 0 && !line.category.is_empty() {
            let path = line.category.as_str();
            let ends = path.bytes().enumerate().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at);
            for end in ends.chain([path.len()]) {
                flat.extend(self.categories.find(&path[..end]));
            }
        }
        (start, flat.len() as u32 - start)
    }
}

/// A selector, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    Everything,
    Sku(Box<[u32]>),
    Category(Box<[u32]>),
    Brand(Box<[u32]>),
    Tag(Box<[u32]>),
    Kind(u8),
    Price { from: i64, below: i64 },
    AnyOf(Box<[Pattern]>),
    AllOf(Box<[Pattern]>),
    Not(Box<Pattern>),
}

impl Pattern {
    /// Compiles a selector; names become symbols.
    pub(crate) fn compile(selector: &Selector, symbols: &mut Symbols) -> Pattern {
        fn all(names: &mut ByName, list: &[String]) -> Box<[u32]> {
            let mut intern = |name: &String| names.insert(name, names.len() as u32);
            let mut ids: Vec<u32> = list.iter().map(&mut intern).collect();
            ids.sort_unstable();
            ids.dedup();
            ids.into()
        }
        match selector {
            Selector::Everything => Pattern::Everything,
            Selector::Sku(list) => Pattern::Sku(all(&mut symbols.skus, list)),
            Selector::Category(list) => {
                let list: Vec<String> =
                    list.iter().map(|path| path.trim_end_matches('/').to_owned()).collect();
                Pattern::Category(all(&mut symbols.categories, &list))
            }
            Selector::Brand(list) => Pattern::Brand(all(&mut symbols.brands, list)),
            Selector::Tag(list) => Pattern::Tag(all(&mut symbols.tags, list)),
            Selector::Kind(kinds) => Pattern::Kind(kinds.iter().fold(0, |bits, kind| bits | kind_bit(*kind))),
            Selector::Price { from, below } => Pattern::Price {
                from: from.map_or(i64::MIN, |price| price.micro()),
                below: below.map_or(i64::MAX, |price| price.micro()),
            },
            Selector::AnyOf(parts) => {
                Pattern::AnyOf(parts.iter().map(|part| Pattern::compile(part, symbols)).collect())
            }
            Selector::AllOf(parts) => {
                Pattern::AllOf(parts.iter().map(|part| Pattern::compile(part, symbols)).collect())
            }
            Selector::Not(inner) => Pattern::Not(Box::new(Pattern::compile(inner, symbols))),
        }
    }

    /// Which of some lines it selects, kinds apart; lines are bits of a word.
    pub(crate) fn select(
        &self,
        lines: u64,
        symbols: &[LineSymbols],
        flat: &[u32],
        facts: &[LineFacts],
    ) -> u64 {
        let mut selected = 0;
        // Lines that stand side by side often have their categories together.
        let mut last = None;
        for line in bits(&[lines]) {
            let names = &symbols[line];
            let matches = match (self, last) {
                (Pattern::Category(_), Some((categories, matched))) if categories == names.categories => {
                    matched
                }
                _ => self.matches(names, flat, &facts[line]),
            };
            last = Some((names.categories, matches));
            selected |= u64::from(matches) << line;
        }
        selected
    }

    /// Whether it selects a line, kinds apart.
    #[inline(always)]
    pub(crate) fn matches(&self, line: &LineSymbols, flat: &[u32], facts: &LineFacts) -> bool {
        let slice = |(start, len): (u32, u32)| &flat[start as usize..(start + len) as usize];
        let has = |list: &[u32], id: u32| match list {
            [only] => *only == id,
            list => list.binary_search(&id).is_ok(),
        };
        match self {
            Pattern::Everything => true,
            Pattern::Sku(list) => line.sku.is_some_and(|sku| has(list, sku)),
            Pattern::Category(list) => slice(line.categories).iter().any(|&category| has(list, category)),
            Pattern::Brand(list) => line.brand.is_some_and(|brand| has(list, brand)),
            Pattern::Tag(list) => slice(line.tags).iter().any(|&tag| has(list, tag)),
            Pattern::Kind(bits) => bits & kind_bit(facts.kind) != 0,
            Pattern::Price { from, below } => (*from..*below).contains(&facts.requested_micro),
            Pattern::AnyOf(_) | Pattern::AllOf(_) | Pattern::Not(_) => self.parts_match(line, flat, facts),
        }
    }

    /// [`Pattern::matches`] for what has parts, by itself so that the simple ones need no call.
    fn parts_match(&self, line: &LineSymbols, flat: &[u32], facts: &LineFacts) -> bool {
        match self {
            Pattern::AnyOf(parts) => parts.iter().any(|part| part.matches(line, flat, facts)),
            Pattern::AllOf(parts) => parts.iter().all(|part| part.matches(line, flat, facts)),
            Pattern::Not(inner) => !inner.matches(line, flat, facts),
            simple => simple.matches(line, flat, facts),
        }
    }
}

fn kind_bit(kind: LineKind) -> u8 {
    1 << match kind {
        LineKind::Goods => 0,
        LineKind::Shipping => 1,
        LineKind::Service => 2,
        LineKind::GiftCard => 3,
        LineKind::Deposit => 4,
    }
}
