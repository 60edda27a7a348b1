//! A chain as a node prices it: its program, compiled, and what stands beside it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use suanpan_checkout::{House, PolicyError};
use suanpan_domain::quote::Entitlement;
use suanpan_domain::{Catalogue, Currency, Member, OfferBook, OfferRef, Quote, Usage};
use suanpan_engine::{CompileProblem, Compiled, Scratch, compile};
use suanpan_ledger::Policy;
use suanpan_program::model::{Effect, Program, Tier, Title};
use suanpan_program::{Diagnostics, SourceFile, parse};
use suanpan_receipt::Lang;
use suanpan_rpc::decode::Request;
use suanpan_rpc::encode::Names;

use crate::zones::{UnknownZone, Zones};

/// A chain's compiled program, its catalogue, and the zones of its stores.
pub struct Chain {
    compiled: Compiled,
    catalogue: Option<Arc<dyn Catalogue>>,
    zones: Zones,
    policy: Arc<Policy>,
    segments: HashSet<String>,
}

/// Why a program cannot be priced by.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The program or its catalogue is wrong.
    #[error("{} cannot be used\n{diagnostics}", path.display())]
    Program {
        /// The program.
        path: PathBuf,
        /// Everything that is wrong, with places.
        diagnostics: Diagnostics,
    },
    /// The program is sound in itself and cannot be compiled.
    #[error("the program does not compile:\n  {}", lines(_0))]
    Compile(Vec<CompileProblem>),
    /// Ids of the program cannot be told apart in members' accounts.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Stores live in zones that nobody knows.
    #[error("the stores' wall clocks are unknown:\n  {}", lines(_0))]
    Zones(Vec<UnknownZone>),
}

impl ChainError {
    /// Whether a file of the program cannot be read at all, which says nothing of what stands in it.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Program { diagnostics, .. } if diagnostics.has_unreadable_file())
    }
}

fn lines(problems: &[impl ToString]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}

impl Chain {
    /// Loads a program with the catalogue that is named, or else the one in its folder; warnings go to the log.
    ///
    /// # Errors
    /// [`ChainError`] with everything that is wrong.
    pub fn load(path: &Path, catalogue: Option<&Path>) -> Result<Self, ChainError> {
        Self::load_files(path, catalogue).map(|(chain, _)| chain)
    }

    /// The same, with the texts of the program's files, for the store.
    ///
    /// # Errors
    /// [`ChainError`] with everything that is wrong.
    pub fn load_files(path: &Path, catalogue: Option<&Path>) -> Result<(Self, Vec<SourceFile>), ChainError> {
        let loaded = suanpan_program::load_with(path, catalogue)
            .map_err(|diagnostics| ChainError::Program { path: path.to_owned(), diagnostics })?;
        for warning in loaded.warnings.iter() {
            tracing::warn!("{warning}");
        }
        let catalogue = loaded.catalogue.map(|catalogue| Arc::new(catalogue) as Arc<dyn Catalogue>);
        Ok((Self::new(&loaded.program, catalogue)?, loaded.files))
    }

    /// Compiles the files of a program as a store keeps them, without a catalogue.
    ///
    /// # Errors
    /// [`ChainError`] with everything that is wrong.
    pub fn of_files(version: &str, files: &[SourceFile]) -> Result<Self, ChainError> {
        let wrong = |diagnostics| ChainError::Program { path: version.into(), diagnostics };
        Self::new(&parse(files).map_err(wrong)?.program, None)
    }

    /// Compiles a program.
    ///
    /// # Errors
    /// [`ChainError`] with everything that is wrong.
    pub fn new(program: &Program, catalogue: Option<Arc<dyn Catalogue>>) -> Result<Self, ChainError> {
        let zones = Zones::of(program).map_err(ChainError::Zones)?;
        let compiled = compile(program).map_err(ChainError::Compile)?;
        let house = House { time_zone: zones.chain().clone() };
        let policy = Arc::new(suanpan_checkout::policy(program, &house)?);
        let segments = program.offers.iter().flat_map(|offer| offer.who.segments.iter().cloned()).collect();
        Ok(Self { compiled, catalogue, zones, policy, segments })
    }

    /// The rules of membership.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The catalogue, shared with other versions of the program.
    pub(crate) fn shared_catalogue(&self) -> Option<Arc<dyn Catalogue>> {
        self.catalogue.clone()
    }

    /// Whether an offer asks for this segment.
    pub(crate) fn asks_for_segment(&self, segment: &str) -> bool {
        self.segments.contains(segment)
    }

    /// Whether a member's tier is one of the program's. A member without one is of the first.
    pub(crate) fn knows_tier_of(&self, member: &Member) -> bool {
        member.tier.is_none() || tier_of(self.program(), member).is_some()
    }

    /// The chain's id, which baskets name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.compiled.program().id
    }

    /// The currency of all amounts.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.compiled.program().currency
    }

    /// The offers as quotes name them.
    #[must_use]
    pub fn offers(&self) -> &OfferBook {
        self.compiled.offers()
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        self.compiled.program()
    }

    /// What the chain is called.
    pub(crate) fn title(&self, lang: Lang) -> Option<&str> {
        in_language(&self.program().title, lang)
    }

    /// What the chain's points are called.
    pub(crate) fn points_title(&self, lang: Lang) -> Option<&str> {
        in_language(&self.program().points.title, lang)
    }

    /// What the member's tier is called; guests have none.
    pub(crate) fn tier_title(&self, member: Option<&Member>, lang: Lang) -> Option<&str> {
        let tier = tier_of(self.program(), member?)?;
        in_language(&tier.title, lang).or(Some(&tier.id))
    }

    /// The chain's titles as pairs of language and text.
    pub(crate) fn titles(&self) -> [(&str, &str); 2] {
        let title = &self.program().title;
        [
            ("en", title.en.as_deref().unwrap_or_default()),
            ("zh-CN", title.zh_cn.as_deref().unwrap_or_default()),
        ]
    }

    pub(crate) fn catalogue(&self) -> Option<&dyn Catalogue> {
        self.catalogue.as_deref()
    }

    pub(crate) fn utc_offset_minutes(&self, store: &str, unix_ms: i64) -> i32 {
        self.zones.utc_offset_minutes(store, unix_ms)
    }

    /// Prices a request that passed.
    pub(crate) fn price(
        &self,
        request: &Request,
        member: Option<&Member>,
        usage: Option<&Usage>,
        scratch: &mut Scratch,
        quote: &mut Quote,
    ) {
        if request.near_misses {
            self.compiled.quote_with_near_misses(&request.basket, member, usage, scratch, quote);
        } else {
            self.compiled.quote(&request.basket, member, usage, scratch, quote);
        }
    }

    /// The texts that a member's quote names by index.
    pub(crate) const fn names<'a>(&'a self, member: Option<&'a Member>) -> MemberNames<'a> {
        MemberNames { compiled: &self.compiled, member }
    }
}

/// A title in a language, or in the other one.
fn in_language(title: &Title, lang: Lang) -> Option<&str> {
    let (en, zh_cn) = (title.en.as_deref(), title.zh_cn.as_deref());
    match lang {
        Lang::En => en.or(zh_cn),
        Lang::ZhCn => zh_cn.or(en),
    }
}

/// The member's tier: the program's first unless the member's facts name one.
fn tier_of<'a>(program: &'a Program, member: &Member) -> Option<&'a Tier> {
    match member.tier.as_deref() {
        Some(id) => program.tiers.iter().find(|tier| tier.id == id),
        None => program.tiers.first(),
    }
}

/// Names of gifts and entitlements, which depend on the member's tier.
pub(crate) struct MemberNames<'a> {
    compiled: &'a Compiled,
    member: Option<&'a Member>,
}

impl MemberNames<'_> {
    fn effect(&self, offer: OfferRef) -> Option<&Effect> {
        match offer {
            OfferRef::Program(index) => {
                self.compiled.program().offers.get(index as usize).map(|offer| &offer.effect)
            }
            OfferRef::Manual(_) | OfferRef::Code(_) | OfferRef::Paper(_) | OfferRef::Points => None,
        }
    }

    /// An entitlement of the member's tier.
    fn of_tier(&self, index: u32) -> Option<&str> {
        let tier = tier_of(self.compiled.program(), self.member?)?;
        tier.entitlements.get(index as usize).map(|entitlement| entitlement.id.as_str())
    }
}

impl Names for MemberNames<'_> {
    fn gift_sku(&self, offer: OfferRef, choice: u32) -> &str {
        match self.effect(offer) {
            Some(Effect::Gift { of, .. }) => of.get(choice as usize).map_or("", String::as_str),
            _ => "",
        }
    }

    fn entitlement(&self, entitlement: Entitlement) -> &str {
        let of_offer = |offer| match self.effect(offer) {
            Some(Effect::Entitlement(id)) => Some(id.as_str()),
            _ => None,
        };
        entitlement.offer.map_or_else(|| self.of_tier(entitlement.index), of_offer).unwrap_or_default()
    }
}
