//! Case files: a program, a basket and what must come of it, written by people.
//!
//! The form is explained in `docs/cases.md`. This module reads it, and compares a quote with what a case expects; it
//! never prices anything, so that the expectations and the engine share no code.

mod compare;
mod expect;
mod expect_lines;
pub(crate) mod fields;
mod invariants;
pub(crate) mod node;
mod receipt;

use std::fmt;

use self::fields::Fields;
use self::node::Node;

pub use compare::{Answer, Mismatch, mismatches};
pub use receipt::receipt;

/// Something in a case file that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file, from 1; 0 when it is about the whole.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// One case: a rule, shown by one or several baskets.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its id, unique in the folder.
    pub id: String,
    /// Where its numbers come from.
    pub source: String,
    /// What it shows.
    pub shows: String,
    /// The line of the file that it begins on, from 1.
    pub line: usize,
    /// Its baskets, at least one.
    pub variants: Vec<Variant>,
}

/// One basket of a case under one program.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What tells it from the case's other baskets; empty when there is but one.
    pub name: String,
    /// The line of the file that it begins on, from 1.
    pub line: usize,
    /// The program file.
    pub program: String,
    basket: Node,
    expect: Node,
}

/// Reads a case file.
///
/// # Errors
/// Every problem of the file's form at once. Baskets and expectations are read when the program is known, for its
/// currency decides what their numbers mean.
pub fn read(text: &str) -> Result<Vec<Case>, Vec<Problem>> {
    let root = node::read(text).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut cases = Vec::new();
    if let Some(file) = Fields::of(&root, &["family", "title", "about", "defaults", "cases"], &mut problems) {
        let defaults = file.get("defaults");
        if let Some(defaults) = defaults {
            Fields::of(defaults, &["program", "basket"], &mut problems);
        }
        let under = |key: &str| {
            defaults.and_then(|d| d.get(key)).cloned().unwrap_or_else(|| Node::empty_map(root.line))
        };
        let (program, basket) = (under("program"), under("basket"));
        match file.get("cases") {
            Some(list) => {
                cases.extend(
                    list.items().iter().filter_map(|node| case(node, &program, &basket, &mut problems)),
                );
            }
            None => problems.push(Problem::new(root.line, "`cases` is missing")),
        }
    }
    for (index, case) in cases.iter().enumerate() {
        if cases[..index].iter().any(|earlier| earlier.id == case.id) {
            problems.push(Problem::new(case.line, format!("the id {} stands twice", case.id)));
        }
    }
    if problems.is_empty() { Ok(cases) } else { Err(problems) }
}

fn case(node: &Node, program: &Node, basket: &Node, problems: &mut Vec<Problem>) -> Option<Case> {
    let keys = ["id", "source", "shows", "program", "basket", "expect", "variants"];
    let fields = Fields::of(node, &keys, problems)?;
    let id = fields.text("id", problems)?;
    let source = fields.text("source", problems)?;
    let shows = fields.text("shows", problems)?;
    let program = program.overlaid(fields.get("program"));
    let basket = basket.overlaid(fields.get("basket"));
    let nothing = Node::empty_map(node.line);
    let expect = fields.get("expect").unwrap_or(&nothing);
    let mut variants = Vec::new();
    match fields.get("variants") {
        Some(list) => {
            for (index, node) in list.items().iter().enumerate() {
                let Some(fields) = Fields::of(node, &["name", "program", "basket", "expect"], problems)
                else {
                    continue;
                };
                let letter = || char::from(b'a' + (index % 26) as u8).to_string();
                variants.push(Variant {
                    name: fields.get("name").and_then(Node::text).map_or_else(letter, str::to_owned),
                    line: node.line,
                    program: program.overlaid(fields.get("program")).to_yaml(),
                    basket: basket.overlaid(fields.get("basket")),
                    expect: expect.overlaid(fields.get("expect")),
                });
            }
        }
        None => variants.push(Variant {
            name: String::new(),
            line: node.line,
            program: program.to_yaml(),
            basket,
            expect: expect.clone(),
        }),
    }
    for variant in &variants {
        if variant.expect.entries().is_none_or(<[_]>::is_empty) {
            problems.push(Problem::new(variant.line, format!("{id} expects nothing")));
        }
    }
    if variants.is_empty() {
        problems.push(Problem::new(node.line, format!("{id} has no basket")));
    }
    Some(Case { id, source, shows, line: node.line, variants })
}
