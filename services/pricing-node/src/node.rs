//! What a node knows, and how it prices one basket: decode, gather, price, encode. No lock is held on the way and
//! nothing is awaited.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use suanpan_checkout::token::{self, Promise};
use suanpan_domain::{Basket, BusinessTime, Member, OfferBook, Quote, Usage};
use suanpan_engine::Scratch;
use suanpan_receipt::{Lang, Options};
use suanpan_rpc::decode::{self, Buyer, Clock, Request, Terms};
use suanpan_rpc::encode::{self, Names as _, Priced};
use suanpan_rpc::{content, v1};
use suanpan_store::{Store, StoreError};

use crate::backup::Backup;
use crate::chain::Chain;
use crate::failure::Failure;
use crate::members::Members;
use crate::sales::{Sales, Selling};

/// A node that prices the baskets of one chain, and sells them when it has a store.
pub struct Node {
    chain: ArcSwap<Chain>,
    members: Members,
    usage: Option<Usage>,
    clock_skew: Option<Duration>,
    sales: Option<Sales>,
    backup: Option<Arc<dyn Backup>>,
}

/// Facts of a basket that do not come with it.
pub(crate) enum Facts {
    /// The files of the node.
    Local,
    /// The store said so; none: it knows no such member.
    Found(Option<Box<Member>>),
    /// The same, with what everybody else used of limited offers as it was read for this sale.
    Counted(Option<Box<Member>>, Usage),
    /// The same of a sale that is over: what everybody used of limited offers refuses nothing any more.
    Reported(Option<Box<Member>>),
    /// The store did not answer.
    Silent,
    /// A token or a record holds them, and the time of the sale.
    Kept {
        /// None: a guest's.
        member: Option<Box<Member>>,
        /// Chain-wide counters.
        usage: Option<Usage>,
        /// When.
        business_time: BusinessTime,
    },
}

/// Memory that one thread prices with, over and over.
#[derive(Default)]
struct Desk {
    scratch: Scratch,
    quote: Quote,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// A priced basket with everything that its quote refers to. It lives in memory that the thread's next basket takes.
pub struct Answer<'a> {
    chain: &'a Chain,
    request: &'a Request,
    member: Option<&'a Member>,
    usage: Option<&'a Usage>,
    quote: &'a Quote,
    envelope: v1::Envelope,
}

impl Node {
    /// A node for a chain. `clock_skew` is how far a basket's business time may be from this machine's clock; none takes
    /// any time, for baskets from files.
    #[must_use]
    pub fn new(chain: Chain, members: Members, usage: Option<Usage>, clock_skew: Option<Duration>) -> Self {
        Self { chain: ArcSwap::from_pointee(chain), members, usage, clock_skew, sales: None, backup: None }
    }

    /// The node with a store: members come from it, and baskets can be sold.
    #[must_use]
    pub fn selling(mut self, store: Arc<dyn Store>, selling: Selling) -> Self {
        self.sales = Some(Sales::new(store, selling));
        self
    }

    /// The node whose store can be copied while it is in use.
    #[must_use]
    pub fn copied_by(mut self, backup: Arc<dyn Backup>) -> Self {
        self.backup = Some(backup);
        self
    }

    /// What copies the store; none where it has other ways.
    pub(crate) fn backup(&self) -> Option<Arc<dyn Backup>> {
        self.backup.clone()
    }

    /// The chain as it is priced now.
    #[must_use]
    pub fn chain(&self) -> Arc<Chain> {
        self.chain.load_full()
    }

    /// The selling side; none on a node that prices only.
    pub(crate) const fn sales(&self) -> Option<&Sales> {
        self.sales.as_ref()
    }

    /// Prices by another program from the next basket on. Baskets that are being priced keep theirs.
    pub fn publish(&self, chain: Chain) {
        let before = self.chain.swap(Arc::new(chain));
        if let Some(sales) = &self.sales {
            sales.keep(before);
        }
    }

    /// Reads what changes in the store by itself: its clock, the active program, and chain-wide counters of limited offers.
    ///
    /// # Errors
    /// The store's.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let Some(sales) = &self.sales else { return Ok(()) };
        sales.compare_clocks().await?;
        let current = self.chain();
        if let Some(active) = sales.store.active_program(current.id()).await?
            && active.version != current.program().version
        {
            match sales.version(&current, &active.version).await? {
                Some(chain) => {
                    tracing::info!(program_version = active.version, "the active program");
                    sales.keep(self.chain.swap(chain));
                }
                None => {
                    tracing::error!(program_version = active.version, "the active program cannot be used")
                }
            }
        }
        sales.read_usage(&self.chain()).await.map(|_| ())
    }

    /// Prices a basket by the node's own files and hands the answer to `finish`. `prefix` is where the basket is in the
    /// request, such as `basket.`; `near_misses` asks for them even if the basket does not.
    ///
    /// # Errors
    /// [`Failure`] says why it was not priced.
    pub fn price<T>(
        &self,
        prefix: &'static str,
        message: v1::Basket,
        near_misses: bool,
        finish: impl FnOnce(&Answer<'_>) -> T,
    ) -> Result<T, Failure> {
        self.promise_by(&self.chain(), prefix, message, near_misses, Facts::Local, finish)
    }

    /// Prices a basket, with its member from the store when there is one, and hands the answer to `finish`.
    ///
    /// # Errors
    /// [`Failure`] says why it was not priced. A store that does not answer costs the member's price: the quote is a
    /// guest's and says that it is degraded.
    pub(crate) async fn quote<T>(
        &self,
        prefix: &'static str,
        message: v1::Basket,
        near_misses: bool,
        finish: impl FnOnce(&Answer<'_>) -> T,
    ) -> Result<T, Failure> {
        let chain = self.chain();
        let facts = self.facts(&chain, &message).await;
        self.promise_by(&chain, prefix, message, near_misses, facts, finish)
    }

    /// As [`quote`](Self::quote), with what everybody else used of limited offers when it was read for this sale.
    pub(crate) async fn quote_counted<T>(
        &self,
        prefix: &'static str,
        message: v1::Basket,
        usage: Usage,
        finish: impl FnOnce(&Answer<'_>) -> T,
    ) -> Result<T, Failure> {
        let chain = self.chain();
        let facts = match self.facts(&chain, &message).await {
            Facts::Found(member) => Facts::Counted(member, usage),
            // A guest's, or the basket brings its member.
            Facts::Local => Facts::Counted(None, usage),
            facts => facts,
        };
        self.promise_by(&chain, prefix, message, false, facts, finish)
    }

    /// As [`price_by`](Self::price_by), with a token in the answer of a node that sells.
    fn promise_by<T>(
        &self,
        chain: &Chain,
        prefix: &'static str,
        message: v1::Basket,
        near_misses: bool,
        facts: Facts,
        finish: impl FnOnce(&Answer<'_>) -> T,
    ) -> Result<T, Failure> {
        let promised = self.sales.as_ref().map(|sales| (sales, content::basket(&message)));
        self.price_by(chain, prefix, message, near_misses, facts, |answer| {
            if let Some((sales, basket_hash)) = promised {
                answer.promise(sales, basket_hash, unix_ms_now());
            }
            finish(answer)
        })
    }

    /// Whether a basket's member has to be looked up in the store.
    pub(crate) fn asks_the_store(&self, message: &v1::Basket) -> bool {
        use v1::member::Identity;
        let identity = message.member.as_ref().and_then(|member| member.identity.as_ref());
        self.sales.is_some() && matches!(identity, Some(Identity::Id(_) | Identity::Card(_)))
    }

    async fn facts(&self, chain: &Chain, message: &v1::Basket) -> Facts {
        let Some(sales) = self.sales.as_ref().filter(|_| self.asks_the_store(message)) else {
            return Facts::Local;
        };
        match sales.buyer(chain, message, unix_ms_now()).await {
            Ok(whom) => Facts::Found(whom.known().map(|found| Box::new(found.member))),
            Err(error) => {
                tracing::warn!(%error, "a member was not found out; priced as a guest");
                Facts::Silent
            }
        }
    }

    /// Prices a basket by a program and by facts, and hands the answer to `finish`, without a token.
    ///
    /// # Errors
    /// [`Failure`] says why it was not priced.
    pub(crate) fn price_by<T>(
        &self,
        chain: &Chain,
        prefix: &'static str,
        message: v1::Basket,
        near_misses: bool,
        facts: Facts,
        finish: impl FnOnce(&mut Answer<'_>) -> T,
    ) -> Result<T, Failure> {
        if !message.chain.is_empty() && message.chain != chain.id() {
            return Err(Failure::UnknownChain);
        }
        let skew_ms_max = self.clock_skew.map(|skew| i64::try_from(skew.as_millis()).unwrap_or(i64::MAX));
        let terms = Terms {
            chain: chain.id(),
            currency: chain.currency(),
            catalogue: chain.catalogue(),
            clock: Clock {
                received_unix_ms: unix_ms_now(),
                // A kept time was checked when it was new.
                skew_ms_max: skew_ms_max.filter(|_| !matches!(facts, Facts::Kept { .. })),
                utc_offset_minutes: &|store, unix_ms| chain.utc_offset_minutes(store, unix_ms),
            },
        };
        let mut request = decode::basket_under(prefix, message, &terms).map_err(Failure::Invalid)?;
        request.near_misses |= near_misses;
        let mut kept_usage = None;
        let is_silent = matches!(facts, Facts::Silent);
        let (member, age_ms) = match facts {
            Facts::Local => self.gather(&mut request),
            Facts::Found(found) => found_by_store(&mut request, found),
            Facts::Counted(found, usage) => {
                kept_usage = Some(Some(usage));
                found_by_store(&mut request, found)
            }
            Facts::Reported(found) => {
                kept_usage = Some(None);
                found_by_store(&mut request, found)
            }
            Facts::Silent => found_by_store(&mut request, None),
            Facts::Kept { member, usage, business_time } => {
                request.basket.business_time = business_time;
                kept_usage = Some(usage);
                (member.map(Arc::from), 0)
            }
        };
        let shared = self.sales.as_ref().and_then(Sales::usage);
        let usage = match &kept_usage {
            Some(kept) => kept.as_ref(),
            None => self.usage.as_ref().or(shared.as_deref()),
        };
        let envelope = v1::Envelope {
            age_ms,
            degraded: is_silent || member.as_deref().is_some_and(|member| !chain.knows_tier_of(member)),
            token: String::new(),
            expires_unix_ms: 0,
            member_unknown: request.basket.unknown_member.is_some(),
            time_of_receipt: request.time_of_receipt,
            offline_sale: request.offline_sale,
        };
        DESK.with_borrow_mut(|desk| {
            // A fault in pricing must cost one answer and not the connection with everybody else's.
            let priced = catch_unwind(AssertUnwindSafe(|| {
                chain.price(&request, member.as_deref(), usage, &mut desk.scratch, &mut desk.quote);
                let mut answer = Answer {
                    chain,
                    request: &request,
                    member: member.as_deref(),
                    usage,
                    quote: &desk.quote,
                    envelope,
                };
                finish(&mut answer)
            }));
            priced.map_err(|panic| {
                // What the fault left behind is not trusted.
                *desk = Desk::default();
                Failure::internal(panic_text(&panic))
            })
        })
    }

    /// The member's facts, and how old they are. A member whom nobody knows is noted in the basket.
    fn gather(&self, request: &mut Request) -> (Option<Arc<Member>>, i64) {
        let (found, named) = match std::mem::replace(&mut request.buyer, Buyer::Guest) {
            Buyer::Guest => return (None, 0),
            Buyer::Snapshot(member) => return (Some(Arc::new(*member)), 0),
            Buyer::Id(id) => (self.members.by_id(id.as_str()), id),
            Buyer::Card(card) => (self.members.by_card(card.as_str()), card),
        };
        match found {
            Some(member) => (Some(Arc::clone(member)), self.members.age_ms()),
            None => {
                request.basket.unknown_member = Some(named);
                (None, 0)
            }
        }
    }
}

/// The member as the store has it. A member whom it does not know is noted in the basket.
fn found_by_store(request: &mut Request, found: Option<Box<Member>>) -> (Option<Arc<Member>>, i64) {
    match (std::mem::replace(&mut request.buyer, Buyer::Guest), found) {
        (Buyer::Guest, _) => (None, 0),
        (_, Some(member)) => (Some(Arc::from(member)), 0),
        (Buyer::Snapshot(member), None) => (Some(Arc::new(*member)), 0),
        (Buyer::Id(named) | Buyer::Card(named), None) => {
            request.basket.unknown_member = Some(named);
            (None, 0)
        }
    }
}

impl<'a> Answer<'a> {
    /// Puts a token for this quote into its envelope; none when its facts are too many.
    pub(crate) fn promise(&mut self, sales: &Sales, basket_hash: [u8; 32], now_ms: i64) {
        let expires_ms = now_ms + sales.selling.token_ms;
        let asked = |segment: &str| self.chain.asks_for_segment(segment);
        let (member, usage) =
            token::consulted(self.basket(), self.quote, self.offers(), &asked, self.member, self.usage);
        let promise = Promise {
            chain: self.chain.id().to_owned(),
            program_version: self.chain.program().version.clone(),
            business_time: self.basket().business_time,
            member,
            usage,
            basket_hash,
            result_hash: token::result_hash(self.quote),
            expires_ms,
        };
        if let Some(token) = sales.selling.token_keys.sign(&promise) {
            (self.envelope.token, self.envelope.expires_unix_ms) = (token, expires_ms);
        }
    }

    /// The member's facts; none for guests.
    pub(crate) const fn member(&self) -> Option<&'a Member> {
        self.member
    }

    /// Chain-wide counters that it was priced with.
    pub(crate) const fn usage(&self) -> Option<&'a Usage> {
        self.usage
    }

    /// The program, as it was compiled.
    pub(crate) fn program(&self) -> &'a suanpan_program::model::Program {
        self.chain.program()
    }

    /// The basket, completed from the catalogue.
    #[must_use]
    pub const fn basket(&self) -> &'a Basket {
        &self.request.basket
    }

    /// Its quote.
    #[must_use]
    pub const fn quote(&self) -> &'a Quote {
        self.quote
    }

    /// The offers that the quote names by index.
    #[must_use]
    pub fn offers(&self) -> &'a OfferBook {
        self.chain.offers()
    }

    /// The receipt in words, for a fixed-width font.
    #[must_use]
    pub fn receipt(&self, lang: Lang) -> String {
        self.in_words(lang, |options| {
            suanpan_receipt::receipt(self.basket(), self.quote, self.offers(), options)
        })
    }

    /// Hands `show` what `suanpan-receipt` needs to name everything in the quote; colour and width are left to it.
    pub fn in_words<T>(&self, lang: Lang, show: impl FnOnce(&Options<'_>) -> T) -> T {
        let names = self.chain.names(self.member);
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let gift = |offer, choice| said(names.gift_sku(offer, choice));
        let entitlement = |entitlement| said(names.entitlement(entitlement));
        show(&Options {
            chain_title: self.chain.title(lang),
            points_title: self.chain.points_title(lang),
            tier_title: self.chain.tier_title(self.member, lang),
            gift: Some(&gift),
            entitlement: Some(&entitlement),
            ..Options::new(lang)
        })
    }

    /// The message of the quote.
    #[must_use]
    pub fn message(&self) -> v1::Quote {
        let names = self.chain.names(self.member);
        let priced = Priced {
            basket: self.basket(),
            quote: self.quote,
            offers: self.offers(),
            names: &names,
            not_in_catalogue: &self.request.not_in_catalogue,
        };
        encode::quote(&priced, self.envelope.clone())
    }
}

pub(crate) fn unix_ms_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    #[cfg(feature = "failpoints")]
    let now_ms = now_ms + ahead_ms();
    now_ms
}

/// How far a test lets this process's clock be ahead.
#[cfg(feature = "failpoints")]
fn ahead_ms() -> i64 {
    static AHEAD_MS: std::sync::LazyLock<i64> = std::sync::LazyLock::new(|| {
        std::env::var("SUANPAN_CLOCK_AHEAD_MS").ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    });
    *AHEAD_MS
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words")
}
