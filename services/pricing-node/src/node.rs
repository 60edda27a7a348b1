//! What a node knows, and how it prices one basket: decode, gather, price, encode. No lock is held on the way and
//! nothing is awaited.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use suanpan_domain::{Basket, Member, OfferBook, Quote, Usage};
use suanpan_engine::Scratch;
use suanpan_receipt::{Lang, Options};
use suanpan_rpc::decode::{self, Buyer, Clock, Request, Terms};
use suanpan_rpc::encode::{self, Names as _, Priced};
use suanpan_rpc::v1;

use crate::chain::Chain;
use crate::failure::Failure;
use crate::members::Members;

/// A node that prices the baskets of one chain.
pub struct Node {
    chain: ArcSwap<Chain>,
    members: Members,
    usage: Option<Usage>,
    clock_skew: Option<Duration>,
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
    quote: &'a Quote,
    envelope: v1::Envelope,
}

impl Node {
    /// A node for a chain. `clock_skew` is how far a basket's business time may be from this machine's clock; none takes
    /// any time, for baskets from files.
    #[must_use]
    pub fn new(chain: Chain, members: Members, usage: Option<Usage>, clock_skew: Option<Duration>) -> Self {
        Self { chain: ArcSwap::from_pointee(chain), members, usage, clock_skew }
    }

    /// The chain as it is priced now.
    #[must_use]
    pub fn chain(&self) -> Arc<Chain> {
        self.chain.load_full()
    }

    /// Prices by another program from the next basket on. Baskets that are being priced keep theirs.
    pub fn publish(&self, chain: Chain) {
        self.chain.store(Arc::new(chain));
    }

    /// Prices a basket and hands the answer to `finish`. `prefix` is where the basket is in the request, such as
    /// `basket.`; `near_misses` asks for them even if the basket does not.
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
        let chain = self.chain.load();
        if !message.chain.is_empty() && message.chain != chain.id() {
            return Err(Failure::UnknownChain);
        }
        let received_unix_ms = unix_ms_now();
        let skew_ms_max = self.clock_skew.map(|skew| i64::try_from(skew.as_millis()).unwrap_or(i64::MAX));
        let terms = Terms {
            chain: chain.id(),
            currency: chain.currency(),
            catalogue: chain.catalogue(),
            clock: Clock {
                received_unix_ms,
                skew_ms_max,
                utc_offset_minutes: &|store, unix_ms| chain.utc_offset_minutes(store, unix_ms),
            },
        };
        let mut request = decode::basket_under(prefix, message, &terms).map_err(Failure::Invalid)?;
        request.near_misses |= near_misses;
        let (member, age_ms) = self.gather(&mut request);
        let envelope = v1::Envelope {
            age_ms,
            degraded: false,
            token: String::new(),
            expires_unix_ms: 0,
            member_unknown: request.basket.unknown_member.is_some(),
            time_of_receipt: request.time_of_receipt,
            offline_sale: request.offline_sale,
        };
        DESK.with_borrow_mut(|desk| {
            // A fault in pricing must cost one answer and not the connection with everybody else's.
            let priced = catch_unwind(AssertUnwindSafe(|| {
                chain.price(
                    &request,
                    member.as_deref(),
                    self.usage.as_ref(),
                    &mut desk.scratch,
                    &mut desk.quote,
                );
                let answer = Answer {
                    chain: &chain,
                    request: &request,
                    member: member.as_deref(),
                    quote: &desk.quote,
                    envelope,
                };
                finish(&answer)
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

impl<'a> Answer<'a> {
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

fn unix_ms_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words")
}
