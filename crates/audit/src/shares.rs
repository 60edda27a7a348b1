//! Limits and codes, holder by holder, against what the sales said; and ids that are perhaps paid twice.

use std::collections::BTreeMap;

use suanpan_domain::CheckoutId;
use suanpan_store::{
    CodeHash, CodeState, Cursor, HolderState, LimitCap, LimitHolder, LimitView, Owner, Scope, Store,
    StoreError, Taken, Verdict, View, decide_with,
};

use crate::code::Code;
use crate::decode::{Id, Row, state, uuid};
use crate::owner::{Class, SaleShare, ShareOf};
use crate::report::{Finding, Progress};
use crate::sketch::Share;
use crate::walk::{Audit, CODE, checkout_of, owner_hash, share_of};

/// How often something is looked at again that was perhaps written meanwhile.
const READS_MAX: usize = 3;

impl Audit<'_> {
    /// Keeps where limits stand, to know later whether they were used meanwhile.
    pub(crate) async fn remember_limits(&mut self) -> Result<(), StoreError> {
        for chain in self.store.chains().await? {
            if self.is_asked(&chain) {
                let limits = self.store.limits(&chain).await?;
                self.limits_before.extend(limits.into_iter().map(|limit| (chain.clone(), limit)));
            }
        }
        Ok(())
    }

    /// Whether limits were used while the owners were read.
    async fn limits_moved(&self) -> Result<bool, StoreError> {
        for chain in self.store.chains().await? {
            for now in self.store.limits(&chain).await? {
                let before =
                    self.limits_before.iter().find(|(of, limit)| *of == chain && limit.offer == now.offer);
                if before.is_some_and(|(_, before)| *before != now) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Proves limits and codes.
    pub(crate) async fn shares(&mut self, mut progress: impl FnMut(Progress)) -> Result<(), StoreError> {
        for chain in self.store.chains().await? {
            if self.is_asked(&chain) {
                for limit in self.store.limits(&chain).await? {
                    self.report.counts.limits += 1;
                    self.limit(&chain, &limit, &mut progress).await?;
                }
                self.codes(&chain, &mut progress).await?;
            }
        }
        let sketch = std::mem::replace(&mut self.sketch, crate::sketch::Sketch::new());
        let differences = sketch.differences();
        let mut different: BTreeMap<Share, bool> = BTreeMap::new();
        for (shares, by_sale) in [(&differences.added, true), (&differences.taken, false)] {
            for share in shares {
                // One share in two states is one difference, whichever side says which.
                let name = Share { what: share.what & !0xff00, uses: 0, ..*share };
                let more = if share.what & 0xff == CODE { share.more } else { 0 };
                different.entry(Share { more, ..name }).or_insert(by_sale);
            }
        }
        for (share, by_sale) in different {
            self.different(&share, by_sale).await?;
        }
        if differences.more && self.limits_moved().await? {
            self.report.counts.unsettled += 1;
        } else if differences.more {
            let text = "what is named above is a part of it".to_owned();
            self.shared(Code::TooManyDiffer, "all chains", None, String::new(), text);
        }
        self.tell(&mut progress);
        Ok(())
    }

    fn shared(&mut self, code: Code, chain: &str, owner: Option<Owner>, subject: String, text: String) {
        self.report.find(Finding { chain: chain.to_owned(), owner, subject, code, text });
    }

    /// One limit: its sums, its cap, and its holders' shares.
    async fn limit(
        &mut self,
        chain: &str,
        limit: &LimitView,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), StoreError> {
        let number = self.number(chain);
        let mut limit = limit.clone();
        let subject = format!("limit {:016x}", limit.offer.0);
        for read in 0..READS_MAX {
            let mut sums = [Taken::default(); 3];
            let mut next = Some(Cursor::default());
            while let Some(after) = next {
                let page = self.store.limit_holders(chain, limit.offer, &after, self.rows).await?;
                for holder in &page.rows {
                    let LimitHolder { state, taken, .. } = holder.holder;
                    let place = match state {
                        HolderState::Used => Some(0),
                        HolderState::Held => Some(1),
                        HolderState::Overrun => Some(2),
                        HolderState::Freed | HolderState::GivenBack => None,
                    };
                    if let Some(place) = place {
                        sums[place] = sums[place].plus(taken);
                    }
                    if let (0, Some(class)) = (read, class_of(state)) {
                        let of = ShareOf::Limit {
                            offer: limit.offer.0,
                            uses: taken.uses.cast_unsigned(),
                            amount_minor: taken.amount_minor,
                        };
                        let share = SaleShare { checkout: *holder.checkout.as_bytes(), of, class };
                        self.sketch.take(&share_of(number, owner_hash(&holder.owner), &share));
                        self.count_holder();
                    }
                }
                next = page.next;
                self.tell(progress);
            }
            if sums == [limit.used, limit.held, limit.overrun] {
                break;
            }
            let now = self.store.limits(chain).await?.into_iter().find(|now| now.offer == limit.offer);
            match now {
                // Written meanwhile: its holders may be too.
                Some(now) if now != limit && read + 1 < READS_MAX => limit = now,
                Some(now) if now != limit => {
                    self.report.counts.unsettled += 1;
                    break;
                }
                _ => {
                    let names = ["used", "held", "overrun"];
                    let said = [limit.used, limit.held, limit.overrun];
                    for ((name, said), sum) in names.iter().zip(said).zip(sums) {
                        if said != sum {
                            let text = format!("{name} is {}, its holders have {}", told(said), told(sum));
                            self.shared(Code::LimitSumDiffers, chain, None, subject.clone(), text);
                        }
                    }
                    break;
                }
            }
        }
        let taken = limit.used.plus(limit.held);
        let over = match limit.cap {
            Some(cap) => {
                cap.uses.is_some_and(|cap| taken.uses > cap)
                    || cap.amount_minor.is_some_and(|cap| taken.amount_minor > cap)
            }
            None => taken != Taken::default(),
        };
        if over {
            let cap = limit.cap.map_or_else(|| "there is no cap".to_owned(), cap_told);
            let text = format!("{} are used and held, {cap}", told(taken));
            self.shared(Code::CapExceeded, chain, None, subject, text);
        }
        Ok(())
    }

    fn count_holder(&mut self) {
        self.report.counts.holders += 1;
        self.progress.holders += 1;
    }

    async fn codes(&mut self, chain: &str, progress: &mut impl FnMut(Progress)) -> Result<(), StoreError> {
        let number = self.number(chain);
        let mut next = Some(Cursor::default());
        while let Some(after) = next {
            let page = self.store.codes(chain, &after, self.rows).await?;
            for (hash, code) in &page.rows {
                self.report.counts.codes += 1;
                let (by, class) = match &code.state {
                    CodeState::Free => continue,
                    CodeState::Held { by, .. } => (by, Class::Held),
                    CodeState::Used { by } => (by, Class::Taken),
                };
                let share = SaleShare { checkout: *by.checkout.as_bytes(), of: ShareOf::Code(hash.0), class };
                self.sketch.take(&share_of(number, owner_hash(&by.owner), &share));
                self.count_holder();
            }
            next = page.next;
            self.tell(progress);
        }
        Ok(())
    }

    /// A share on which a sale and its limit or code did not agree. It is looked at again, because either may have been
    /// written since; what still differs is told.
    async fn different(&mut self, share: &Share, by_sale: bool) -> Result<(), StoreError> {
        let Some(checkout) = checkout_of(share) else { return Ok(()) };
        let chain = self.chains[(share.what >> 16) as usize].clone();
        let is_code = share.what & 0xff == CODE;
        let code = CodeHash((u128::from(share.name) << 64 | u128::from(share.more)).to_be_bytes());
        let subject = if is_code {
            let hex: String = code.0.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("code {hex}")
        } else {
            format!("limit {:016x}", share.name)
        };
        let owner = self.owner_of(&chain, checkout, share, is_code.then_some(code)).await?;
        let (leaks, uncounted) = if is_code {
            (Code::CodeLeaks, Code::CodeUncounted)
        } else {
            (Code::LimitLeaks, Code::LimitUncounted)
        };
        let Some(owner) = owner else {
            let text = format!("of sale {checkout}, whose owner has no row");
            self.shared(if by_sale { uncounted } else { leaks }, &chain, None, subject, text);
            return Ok(());
        };
        let mut last = (None, None);
        for _ in 0..READS_MAX {
            let row = self.sale_now(&chain, &owner, checkout.as_bytes()).await?;
            let sale = row.as_ref().and_then(|(row, whole)| said(row, *whole, share, is_code));
            let holder = if is_code {
                self.code_holder(&chain, &owner, checkout, code).await?
            } else {
                self.limit_holder(&chain, &owner, checkout, share.name).await?
            };
            if agree(sale, holder) {
                return Ok(());
            }
            last = (sale, holder);
        }
        let (sale, holder) = last;
        let found = if holder.is_some() { leaks } else { uncounted };
        let word = |class: Option<Class>| match class {
            None => "nothing",
            Some(Class::Held) => "held",
            Some(Class::Taken | Class::TakenOrFree) => "used",
            Some(Class::GivenBack) => "given back",
        };
        let what = if is_code { "the code" } else { "the limit" };
        let text = format!(
            "sale {checkout} says {}, {what} says {}",
            word(sale.map(|(class, _)| class)),
            word(holder.map(|(class, _)| class))
        );
        self.shared(found, &chain, Some(owner), subject, text);
        Ok(())
    }

    /// Whose a share is, of which only a hash is known.
    async fn owner_of(
        &self,
        chain: &str,
        checkout: CheckoutId,
        share: &Share,
        code: Option<CodeHash>,
    ) -> Result<Option<Owner>, StoreError> {
        let guest = Owner::Guest(checkout);
        let is_it = |owner: &Owner| owner_hash(owner) == share.owner;
        if is_it(&guest) {
            return Ok(Some(guest));
        }
        if let Some(owner) = self.claimants(chain, &guest, checkout).await?.into_iter().find(is_it) {
            return Ok(Some(owner));
        }
        if let Some(code) = code {
            let by = match self.store.code(chain, code).await?.map(|code| code.state) {
                Some(CodeState::Held { by, .. } | CodeState::Used { by }) => Some(by.owner),
                Some(CodeState::Free) | None => None,
            };
            return Ok(by.filter(is_it));
        }
        let Some(limit) = self.limit_named(chain, share.name).await? else { return Ok(None) };
        let mut next = Some(Cursor::default());
        while let Some(after) = next {
            let page = self.store.limit_holders(chain, limit.offer, &after, self.rows).await?;
            let named = page.rows.into_iter().find(|row| row.checkout == checkout && is_it(&row.owner));
            if let Some(named) = named {
                return Ok(Some(named.owner));
            }
            next = page.next;
        }
        Ok(None)
    }

    /// Others who have a row under a sale's id.
    async fn claimants(
        &self,
        chain: &str,
        owner: &Owner,
        checkout: CheckoutId,
    ) -> Result<Vec<Owner>, StoreError> {
        let scope = Scope::of(owner.clone()).claiming(checkout);
        let others = |view: &View| view.elsewhere.iter().map(|other| other.owner.clone()).collect();
        let mut owners: Vec<Owner> = looked(self.store, chain, scope, others).await?.unwrap_or_default();
        match self.store.find_checkout(chain, checkout).await {
            Ok(found) => owners.extend(found.map(|found| found.owner)),
            Err(StoreError::Corrupt(_)) => {}
            Err(error) => return Err(error),
        }
        owners.retain(|other| other != owner);
        owners.sort_unstable();
        owners.dedup();
        Ok(owners)
    }

    async fn limit_named(&self, chain: &str, name: u64) -> Result<Option<LimitView>, StoreError> {
        Ok(self.store.limits(chain).await?.into_iter().find(|limit| limit.offer.0 == name))
    }

    /// What a limit says of a sale.
    async fn limit_holder(
        &self,
        chain: &str,
        owner: &Owner,
        checkout: CheckoutId,
        name: u64,
    ) -> Result<Option<(Class, Taken)>, StoreError> {
        let Some(limit) = self.limit_named(chain, name).await? else { return Ok(None) };
        let mut scope = Scope::of(owner.clone());
        (scope.checkout, scope.limits) = (Some(checkout), vec![limit.offer]);
        let holder = |view: &View| view.limits.first().and_then(|limit| limit.holder);
        let holder = looked(self.store, chain, scope, holder).await?.flatten();
        Ok(holder.and_then(|holder| Some((class_of(holder.state)?, holder.taken))))
    }

    /// What a code says of a sale.
    async fn code_holder(
        &self,
        chain: &str,
        owner: &Owner,
        checkout: CheckoutId,
        code: CodeHash,
    ) -> Result<Option<(Class, Taken)>, StoreError> {
        let found = self.store.code(chain, code).await?;
        let (by, class) = match found.map(|code| code.state) {
            Some(CodeState::Held { by, .. }) => (by, Class::Held),
            Some(CodeState::Used { by }) => (by, Class::Taken),
            Some(CodeState::Free) | None => return Ok(None),
        };
        let own = by.owner == *owner && by.checkout == checkout;
        Ok(own.then_some((class, Taken::default())))
    }

    /// One id is paid once: nobody else has a paid row under it, and whoever looks for it finds it.
    pub(crate) async fn check_paid_once(
        &mut self,
        chain: &str,
        owner: &Owner,
        id: Id,
    ) -> Result<(), StoreError> {
        let Ok(checkout) = CheckoutId::from_bytes(id) else { return Ok(()) };
        let others = self.claimants(chain, owner, checkout).await?;
        let paid = |row: &Row| matches!(row.state, state::CONFIRMED | state::PARKED);
        for other in others {
            let theirs = self.sale_now(chain, &other, &id).await?;
            if theirs.is_some_and(|(row, _)| paid(&row)) {
                let text = format!("it is paid for {} too", name_of(&other));
                let subject = format!("sale {}", uuid(&id));
                self.shared(Code::PaidTwice, chain, Some(owner.clone()), subject, text);
            }
        }
        let found = match self.store.find_checkout(chain, checkout).await {
            Ok(found) => found.is_some(),
            Err(StoreError::Corrupt(_)) => true,
            Err(error) => return Err(error),
        };
        if !found {
            let subject = format!("sale {}", uuid(&id));
            let text = "nobody has claimed its id".to_owned();
            self.shared(Code::Unclaimed, chain, Some(owner.clone()), subject, text);
        }
        Ok(())
    }
}

/// Looks at one consistent state and changes nothing; none when it cannot be read.
async fn looked<T: Send + 'static>(
    store: &dyn Store,
    chain: &str,
    scope: Scope,
    look: impl Fn(&View) -> T + Send + 'static,
) -> Result<Option<T>, StoreError> {
    match decide_with(store, chain, scope, move |view| (Verdict::Leave, look(view))).await {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::Corrupt(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

const fn class_of(state: HolderState) -> Option<Class> {
    match state {
        HolderState::Held => Some(Class::Held),
        HolderState::Used | HolderState::Overrun => Some(Class::Taken),
        HolderState::GivenBack => Some(Class::GivenBack),
        HolderState::Freed => None,
    }
}

/// What a sale says of a share.
fn said(row: &Row, whole: bool, share: &Share, is_code: bool) -> Option<(Class, Taken)> {
    let class = match row.state {
        state::RESERVED => Class::Held,
        state::CONFIRMED | state::PARKED => Class::Taken,
        _ => return None,
    };
    let back = class == Class::Taken && whole;
    if is_code {
        let code = (u128::from(share.name) << 64 | u128::from(share.more)).to_be_bytes();
        let missing = row.overruns.iter().any(|overrun| overrun.subject == Some(code));
        let class = if back { Class::TakenOrFree } else { class };
        return (row.sale.codes.contains(&code) && !missing).then_some((class, Taken::default()));
    }
    let used = row.sale.global_uses.iter().rfind(|used| used.offer == share.name)?;
    let class = if back && used.given_back_if_whole { Class::GivenBack } else { class };
    Some((class, Taken { uses: i64::from(used.uses), amount_minor: used.amount_minor }))
}

/// Whether a sale and a holder say the same; amounts count while they are held.
fn agree(sale: Option<(Class, Taken)>, holder: Option<(Class, Taken)>) -> bool {
    match (sale, holder) {
        (None, None) | (Some((Class::TakenOrFree, _)), None) => true,
        (Some((Class::TakenOrFree, _)), Some((holder, _))) => holder == Class::Taken,
        (Some((Class::Held, sale)), Some((Class::Held, holder))) => sale == holder,
        (Some((sale, _)), Some((holder, _))) => sale == holder,
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn told(taken: Taken) -> String {
    format!("{} uses of {} minor units", taken.uses, taken.amount_minor)
}

fn cap_told(cap: LimitCap) -> String {
    match (cap.uses, cap.amount_minor) {
        (Some(uses), Some(amount)) => format!("the cap is {uses} uses and {amount} minor units"),
        (Some(uses), None) => format!("the cap is {uses} uses"),
        (None, Some(amount)) => format!("the cap is {amount} minor units"),
        (None, None) => "there is no cap".to_owned(),
    }
}

fn name_of(owner: &Owner) -> String {
    match owner {
        Owner::Member(member) => format!("member {member}"),
        Owner::Guest(_) => "a guest".to_owned(),
    }
}
