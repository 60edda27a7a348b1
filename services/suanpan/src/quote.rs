//! `quote` and `explain`: baskets from files, priced in this process exactly as a node prices them.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use suanpan_pricing_node::{Answer, Chain, Failure, Members, Node, read_usage};
use suanpan_receipt::Options;
use suanpan_rpc::v1;

use crate::cli::{ExplainOptions, Format, QuoteOptions, Sources};
use crate::error::Error;
use crate::input::{self, Named};
use crate::names::Names;

pub(crate) fn run(options: &QuoteOptions) -> Result<ExitCode, Error> {
    price_all(&options.sources, options.near_misses, |answer, shown| match options.format {
        Format::Json => serde_json::to_string(&answer.message()).map_err(Error::Json),
        Format::Receipt => Ok(shown.receipt(answer, false)),
        Format::Waterfall => Ok(shown.waterfall(answer)),
        Format::Table => Ok(shown.table(answer)),
    })
}

pub(crate) fn explain(options: &ExplainOptions) -> Result<ExitCode, Error> {
    price_all(&options.sources, true, |answer, shown| Ok(shown.receipt(answer, true)))
}

/// How quotes are shown here.
pub(crate) struct Shown {
    pub(crate) lang: crate::cli::Lang,
    pub(crate) names: Names,
    pub(crate) colour: bool,
}

impl Shown {
    pub(crate) fn receipt(&self, answer: &Answer<'_>, all_refusals: bool) -> String {
        self.in_words(answer, |options| {
            let options = Options { all_refusals, ..*options };
            suanpan_receipt::receipt(answer.basket(), answer.quote(), answer.offers(), &options)
        })
    }

    pub(crate) fn waterfall(&self, answer: &Answer<'_>) -> String {
        self.in_words(answer, |options| {
            suanpan_receipt::waterfall(answer.basket(), answer.quote(), answer.offers(), options)
        })
    }

    fn table(&self, answer: &Answer<'_>) -> String {
        self.in_words(answer, |options| {
            suanpan_receipt::table(answer.basket(), answer.quote(), answer.offers(), options)
        })
    }

    fn in_words(&self, answer: &Answer<'_>, show: impl FnOnce(&Options<'_>) -> String) -> String {
        let article = |sku: &str| self.names.of(sku);
        answer.in_words(self.lang.of_receipt(), |options| {
            show(&Options { colour: self.colour, article: Some(&article), ..*options })
        })
    }
}

fn price_all(
    sources: &Sources,
    near_misses: bool,
    show: impl Fn(&Answer<'_>, &Shown) -> Result<String, Error>,
) -> Result<ExitCode, Error> {
    let chain = Chain::load(&sources.program, sources.catalogue.as_deref())?;
    let usage = sources.usage.as_deref().map(|path| read_usage(path, chain.id())).transpose()?;
    let (members, buyer) = members(sources, chain.id())?;
    let names = Names::find(sources.names.as_deref(), &sources.program, sources.lang)?;
    let shown = Shown { lang: sources.lang, names, colour: std::io::stdout().is_terminal() };
    // Baskets from files are of any time.
    let node = Node::new(chain, members, usage, None);
    let mut out = anstream::stdout().lock();
    let (mut baskets, mut refused) = (0, 0);
    for path in &sources.baskets {
        for Named { name, mut basket } in input::baskets(path)? {
            baskets += 1;
            if let Some(buyer) = &buyer {
                basket.member =
                    Some(v1::Member { identity: Some(v1::member::Identity::Snapshot(buyer.clone())) });
            }
            // A basket of another chain may have other problems beside: they are told by this chain's rules.
            let of_this_chain = v1::Basket { chain: node.chain().id().to_owned(), ..basket.clone() };
            match node.price("", basket, near_misses, |answer| show(answer, &shown)) {
                Ok(text) => writeln!(out, "{}", text?.trim_end()).map_err(Error::Output)?,
                Err(failure) => {
                    refused += 1;
                    let mut why = said(&failure, node.chain().id());
                    if matches!(failure, Failure::UnknownChain)
                        && let Err(more) = node.price("", of_this_chain, false, |_| ())
                    {
                        why.push('\n');
                        why.push_str(&said(&more, node.chain().id()));
                    }
                    anstream::eprintln!("error: {name} was refused\n{why}");
                }
            }
        }
    }
    if refused > 0 { Err(Error::Refused { refused, baskets }) } else { Ok(ExitCode::SUCCESS) }
}

/// The members to find the basket's in, or the one who buys.
fn members(sources: &Sources, chain: &str) -> Result<(Members, Option<v1::MemberSnapshot>), Error> {
    let Some(path) = &sources.member else { return Ok((Members::default(), None)) };
    let text = std::fs::read(path).map_err(|source| Error::Read { path: path.clone(), source })?;
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Ok((Members::read(path, chain)?, None));
    }
    let member =
        serde_json::from_slice(&text).map_err(|source| suanpan_pricing_node::FactsError::NoJson {
            path: path.clone(),
            expected: "suanpan.pricing.v1.MemberSnapshot",
            source,
        })?;
    Ok((Members::default(), Some(member)))
}

fn said(failure: &Failure, chain: &str) -> String {
    match failure {
        Failure::UnknownChain => format!("  chain: the program is that of {chain}"),
        Failure::Invalid(problems) => {
            let mut lines: Vec<String> = problems
                .kept()
                .iter()
                .map(|problem| format!("  {} {}", problem.field, problem.fault))
                .collect();
            if problems.omitted() > 0 {
                lines.push(format!("  and {} more problems", problems.omitted()));
            }
            lines.join("\n")
        }
        Failure::Internal(request) => format!("  pricing failed; the log has more under {request}"),
    }
}
