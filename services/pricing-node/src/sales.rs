//! What a node that sells has beside its program: the store, its keys, and what it reads from the store.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use suanpan_checkout::token::{TOKEN_MS_DEFAULT, TokenKeys};
use suanpan_checkout::{Books, BooksError, Queues, unpack};
use suanpan_domain::{BusinessTime, Member, MemberId, OfferUsage, Usage};
use suanpan_ledger::head::Status;
use suanpan_ledger::sale::GlobalUse;
use suanpan_ledger::{Head, Refusal, snapshot};
use suanpan_program::model::ARCHIVE_DAYS_MIN;
use suanpan_program::parse;
use suanpan_rpc::decode::Lookup;
use suanpan_rpc::v1;
use suanpan_store::{Executed, LookupKey, LookupKind, Store, StoreError, clock_off_ms};
use tokio::time::{Instant, sleep, timeout_at};

use crate::chain::Chain;
use crate::node::unix_ms_now;
use crate::recent::Recent;

/// How a node sells.
#[derive(Clone, Debug)]
pub struct Selling {
    /// Keys that sign quotes.
    pub token_keys: TokenKeys,
    /// How long a token holds, milliseconds.
    pub token_ms: i64,
    /// Keys the hashes of codes, cards, telephone numbers and addresses: without it the store's hashes lead nowhere.
    pub secret: [u8; 32],
    /// Ids older than this are not written as new, milliseconds.
    pub horizon_ms: i64,
    /// A node whose clock is further off the store's sells nothing, milliseconds.
    pub clock_off_ms_max: u64,
}

/// Answers live for 400 days.
pub const HORIZON_MS_DEFAULT: i64 = 400 * 86_400_000;
/// What tills still repeat lies at hand.
const _: () = assert!(ARCHIVE_DAYS_MIN as i64 * 86_400_000 >= HORIZON_MS_DEFAULT);
/// Machines whose clocks are kept agree to some milliseconds; seconds are a fault.
pub const CLOCK_OFF_MS_MAX_DEFAULT: u64 = 2_000;
/// Earlier programs that a node keeps compiled, for tokens and returns.
const EARLIER_MAX: usize = 8;
/// How long a call asks the store, and repeats a write whose outcome is not known, when the caller names no deadline.
pub(crate) const SETTLE: Duration = Duration::from_secs(5);
/// Merges that a look-up follows.
const MERGES_MAX: usize = 8;

impl Selling {
    /// With the usual periods.
    #[must_use]
    pub const fn with_keys(token_keys: TokenKeys, secret: [u8; 32]) -> Self {
        Self {
            token_keys,
            token_ms: TOKEN_MS_DEFAULT,
            secret,
            horizon_ms: HORIZON_MS_DEFAULT,
            clock_off_ms_max: CLOCK_OFF_MS_MAX_DEFAULT,
        }
    }
}

/// The selling side of a node.
pub(crate) struct Sales {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) selling: Selling,
    earlier: Mutex<VecDeque<Arc<Chain>>>,
    usage: ArcSwapOption<Usage>,
    queues: Queues,
    /// Its clock is off the store's by more than sales allow.
    clock_is_off: AtomicBool,
    /// What was reserved here lately.
    pub(crate) reserved: Recent,
}

/// A member as the store has it.
pub(crate) struct Found {
    /// The facts for pricing.
    pub(crate) member: Member,
    /// Who it is after merges.
    pub(crate) id: MemberId,
}

/// Whom a sale names.
pub(crate) enum Whom {
    /// It is a guest's.
    Nobody,
    /// A member.
    Known(Found),
    /// Somebody for whom nothing can be booked: the sale is a guest's, and says why.
    Gone(Refusal),
}

impl Whom {
    /// The member.
    pub(crate) fn known(self) -> Option<Found> {
        match self {
            Self::Known(found) => Some(found),
            Self::Nobody | Self::Gone(_) => None,
        }
    }
}

impl Sales {
    pub(crate) fn new(store: Arc<dyn Store>, selling: Selling) -> Self {
        Self {
            store,
            selling,
            earlier: Mutex::default(),
            usage: ArcSwapOption::empty(),
            queues: Queues::default(),
            clock_is_off: AtomicBool::new(false),
            reserved: Recent::default(),
        }
    }

    /// The books of the chain under its current rules.
    pub(crate) fn books(&self, chain: &Chain) -> Books {
        Books {
            store: Arc::clone(&self.store),
            chain: chain.id().to_owned(),
            policy: Arc::clone(chain.policy()),
            queues: self.queues.clone(),
        }
    }

    /// The keyed hash of a unique code.
    pub(crate) fn code_hash(&self, code: &str) -> [u8; 16] {
        keyed_hash(&self.selling.secret, "code", code)
    }

    /// The key of a card, telephone number or address.
    pub(crate) fn lookup_key(&self, lookup: &Lookup) -> LookupKey {
        lookup_key(&self.selling.secret, lookup)
    }

    /// A member's facts, or why there are none.
    pub(crate) async fn member(
        &self,
        chain: &Chain,
        id: &MemberId,
        now_ms: i64,
        time: BusinessTime,
    ) -> Result<Whom, StoreError> {
        let Some((id, head)) = self.survivor(chain, id).await? else {
            return Ok(Whom::Gone(Refusal::MemberUnknown));
        };
        Ok(match head.status {
            Status::Absent | Status::Guest => Whom::Gone(Refusal::MemberUnknown),
            Status::Closed { .. } => Whom::Gone(Refusal::MemberClosed),
            Status::Active | Status::Blocked => {
                let member = snapshot(chain.policy(), &head, &id, now_ms, time);
                Whom::Known(Found { member, id })
            }
        })
    }

    /// Who a member is after merges, with the head; none when the store does not know the member.
    pub(crate) async fn survivor(
        &self,
        chain: &Chain,
        id: &MemberId,
    ) -> Result<Option<(MemberId, Head)>, StoreError> {
        let mut id = id.clone();
        let mut merges = 0;
        loop {
            let Some(row) = self.store.member(chain.id(), &id).await? else { return Ok(None) };
            match &row.head.status {
                Status::Closed { survivor: Some(survivor) } if merges < MERGES_MAX => {
                    id = survivor.clone();
                    merges += 1;
                }
                _ => return Ok(Some((id, row.head))),
            }
        }
    }

    /// Whom a basket names.
    pub(crate) async fn buyer(
        &self,
        chain: &Chain,
        basket: &v1::Basket,
        now_ms: i64,
    ) -> Result<Whom, StoreError> {
        use v1::member::Identity;
        let identity = basket.member.as_ref().and_then(|member| member.identity.as_ref());
        let id = match identity {
            None => return Ok(Whom::Nobody),
            Some(Identity::Id(id)) => MemberId::new(id.as_str()).ok(),
            Some(Identity::Snapshot(snapshot)) => MemberId::new(snapshot.id.as_str()).ok(),
            Some(Identity::Card(card)) => {
                self.store.lookup(chain.id(), self.lookup_key(&Lookup::Card(card.clone()))).await?
            }
        };
        let Some(id) = id else { return Ok(Whom::Gone(Refusal::MemberUnknown)) };
        let time = match basket.business_time {
            Some(sent) => BusinessTime { unix_ms: sent.unix_ms, utc_offset_minutes: sent.utc_offset_minutes },
            None => BusinessTime {
                unix_ms: now_ms,
                utc_offset_minutes: chain.utc_offset_minutes(&basket.store, now_ms),
            },
        };
        self.member(chain, &id, now_ms, time).await
    }

    /// Remembers a program that is not the current one any more.
    pub(crate) fn keep(&self, chain: Arc<Chain>) {
        let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        if earlier.iter().all(|kept| kept.program().version != chain.program().version) {
            earlier.push_front(chain);
            earlier.truncate(EARLIER_MAX);
        }
    }

    /// The program of a version, compiled: the current one, one of those kept, or the store's. None when the store has none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when this release cannot price by what is stored.
    pub(crate) async fn version(
        &self,
        current: &Arc<Chain>,
        version: &str,
    ) -> Result<Option<Arc<Chain>>, StoreError> {
        if current.program().version == version {
            return Ok(Some(Arc::clone(current)));
        }
        let kept = {
            let earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
            earlier.iter().find(|chain| chain.program().version == version).cloned()
        };
        if kept.is_some() {
            return Ok(kept);
        }
        let Some(row) = self.store.program(current.id(), version).await? else { return Ok(None) };
        let catalogue = current.shared_catalogue();
        // Reading and compiling a large program takes a while; other calls must not wait for it.
        let compiled = tokio::task::spawn_blocking(move || {
            let parsed = parse(&unpack(&row.bytes)?).ok()?;
            Chain::new(&parsed.program, catalogue).ok()
        })
        .await;
        let Some(chain) = compiled.ok().flatten().map(Arc::new) else {
            return Err(StoreError::Corrupt(format!("the program of version {version} cannot be read")));
        };
        self.keep(Arc::clone(&chain));
        Ok(Some(chain))
    }

    /// Whether the node's clock was near the store's when it was last looked at.
    pub(crate) fn clock_is_right(&self) -> bool {
        !self.clock_is_off.load(Ordering::Relaxed)
    }

    /// Compares the node's clock with the store's.
    pub(crate) async fn compare_clocks(&self) -> Result<(), StoreError> {
        let off_ms_max = self.selling.clock_off_ms_max;
        // A look that says nothing leaves it at what the one before said.
        let Some(off_ms) = clock_off_ms(&*self.store, &unix_ms_now, off_ms_max).await? else { return Ok(()) };
        let is_off = off_ms > off_ms_max;
        if is_off != self.clock_is_off.swap(is_off, Ordering::Relaxed) {
            if is_off {
                tracing::error!(off_ms, "this machine's clock is wrong: nothing is sold until it is right");
            } else {
                tracing::info!("this machine's clock is right again");
            }
        }
        Ok(())
    }

    /// What everybody used of limited offers, as it was read last.
    pub(crate) fn usage(&self) -> Option<Arc<Usage>> {
        self.usage.load_full()
    }

    /// Notes what became known of an offer's use since it was read; the next reading has it.
    pub(crate) fn note_usage(&self, offer: &str, note: impl Fn(&mut OfferUsage)) {
        self.usage.rcu(|usage| {
            let mut usage = usage.as_deref().cloned().unwrap_or_default();
            match usage.offers.iter_mut().find(|known| known.offer == offer) {
                Some(known) => note(known),
                None => {
                    let mut new = OfferUsage { offer: offer.to_owned(), used: 0, given_minor: 0 };
                    note(&mut new);
                    usage.offers.push(new);
                }
            }
            Some(Arc::new(usage))
        });
    }

    /// Reads what everybody used of limited offers.
    pub(crate) async fn read_usage(&self, chain: &Chain) -> Result<Arc<Usage>, StoreError> {
        let limits = self.store.limits(chain.id()).await?;
        let offer = |limit: suanpan_store::LimitView| {
            let taken = limit.taken();
            Some(OfferUsage {
                offer: chain.policy().offer(limit.offer)?.id.clone(),
                used: u64::try_from(taken.uses).unwrap_or(0),
                given_minor: taken.amount_minor,
            })
        };
        let offers = limits.into_iter().filter_map(offer).collect();
        let usage = Arc::new(Usage { offers });
        self.usage.store(Some(Arc::clone(&usage)));
        Ok(usage)
    }

    /// What everybody else uses of limited offers now: what a sale holds itself is taken by nobody else.
    pub(crate) async fn usage_besides(&self, chain: &Chain, held: &[GlobalUse]) -> Result<Usage, StoreError> {
        let mut usage = Usage::clone(&*self.read_usage(chain).await?);
        for own in held {
            let Some(offer) = chain.policy().offer(own.offer) else { continue };
            if let Some(used) = usage.offers.iter_mut().find(|used| used.offer == offer.id) {
                used.used = used.used.saturating_sub(u64::from(own.uses));
                used.given_minor = used.given_minor.saturating_sub(own.amount_minor).max(0);
            }
        }
        Ok(usage)
    }
}

/// The first half of the HMAC-SHA256 of a text of a kind. The text itself is never stored.
fn keyed_hash(secret: &[u8; 32], kind: &str, text: &str) -> [u8; 16] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("every length is a key");
    mac.update(kind.as_bytes());
    mac.update(&[0]);
    mac.update(text.as_bytes());
    let whole = mac.finalize().into_bytes();
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

/// The keyed hash under which a unique code of a campaign is kept.
#[must_use]
pub fn code_hash(secret: &[u8; 32], code: &str) -> suanpan_store::CodeHash {
    suanpan_store::CodeHash(keyed_hash(secret, "code", code))
}

/// The key under which a card, telephone number or address leads to its member.
#[must_use]
pub fn lookup_key(secret: &[u8; 32], lookup: &Lookup) -> LookupKey {
    let (kind, name, text) = match lookup {
        Lookup::Card(text) => (LookupKind::Card, "card", text),
        Lookup::Phone(text) => (LookupKind::Phone, "phone", text),
        Lookup::Email(text) => (LookupKind::Email, "email", text),
    };
    LookupKey { kind, hash: keyed_hash(secret, name, text) }
}

/// Repeats a call whose outcome is not known until it is, or until the time is over. Only calls that are named by an id
/// may be repeated. One that is under way when the time is over is left: what it wrote may be there, or come yet.
pub(crate) async fn settled<T, F>(until: Instant, mut call: impl FnMut() -> F) -> Result<T, BooksError>
where
    F: Future<Output = Result<T, BooksError>>,
{
    let mut pause = Duration::from_millis(5);
    let mut sent = false;
    loop {
        match timeout_at(until, call()).await.unwrap_or_else(|_| Err(time_is_over().into())) {
            Err(BooksError::Store(error @ (StoreError::Unknown(_) | StoreError::Busy)))
                if Instant::now() + pause < until =>
            {
                sent |= error.executed() == Executed::Unknown;
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(200));
            }
            // A store that gives up after an answer was lost does not say what became of the call.
            Err(BooksError::Store(error)) if sent => return Err(error.after_a_write().into()),
            done => return done,
        }
    }
}

/// A look that is left when the time is over. Some are made after a write, so that nothing is said of what happened.
pub(crate) async fn in_time<T>(
    until: Instant,
    look: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout_at(until, look).await.unwrap_or_else(|_| Err(time_is_over()))
}

fn time_is_over() -> StoreError {
    StoreError::Unknown("the caller's time was over before the store answered".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_lost_once_is_unknown_whatever_fails_later() {
        let unavailable = || StoreError::Unavailable("closed".to_owned());
        for (first, then, executed) in [
            (StoreError::Unknown("lost".to_owned()), unavailable(), Executed::Unknown),
            (StoreError::Busy, unavailable(), Executed::No),
        ] {
            let mut answers = vec![then, first];
            let until = Instant::now() + Duration::from_secs(5);
            let answer: Result<(), BooksError> = settled(until, || {
                let next = answers.pop().expect("two tries");
                async move { Err(next.into()) }
            })
            .await;
            let Err(BooksError::Store(error)) = answer else { panic!("{answer:?}") };
            assert_eq!(error.executed(), executed, "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_store_that_never_answers_keeps_nobody_longer_than_its_caller_waits() {
        let mut calls = 0;
        let within = Duration::from_millis(60);
        let began = Instant::now();
        let answer: Result<(), BooksError> = settled(began + within, || {
            calls += 1;
            // The first try is lost, the next one hangs.
            let lost = calls == 1;
            async move {
                if lost {
                    return Err(StoreError::Unknown("lost".to_owned()).into());
                }
                std::future::pending().await
            }
        })
        .await;
        assert!(matches!(answer, Err(BooksError::Store(StoreError::Unknown(_)))), "{answer:?}");
        assert!((within..within + Duration::from_secs(2)).contains(&began.elapsed()));
        assert_eq!(calls, 2);
        let look: Result<(), StoreError> = in_time(began + within, std::future::pending()).await;
        assert!(matches!(look, Err(StoreError::Unknown(_))), "{look:?}");
    }
}
