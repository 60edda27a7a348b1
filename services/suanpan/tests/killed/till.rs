//! A till: sells, cancels, takes back, sends late doubles of everything, by its seed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::call::{Answer, Call, Log, quote};
use crate::chance::Chance;
use crate::corner::{Stock, code, member};
use crate::request::{
    Back, activity, adjust, basket, cancel, confirm, enrol, give_back, grant, of, offline, reserve, tendered,
    transfer, with_code, with_points,
};
use crate::server::Line;

/// Calls that a till remembers, to send one of them again.
const EARLIER_MAX: usize = 64;
/// What a member has to begin with.
const FIRST_POINTS: i64 = 2_000;

/// What tills share.
pub(crate) struct Floor {
    pub(crate) seed: u64,
    pub(crate) stock: Stock,
    pub(crate) line: Line,
    pub(crate) log: Log,
    /// No new sale is begun.
    pub(crate) closed: AtomicBool,
    /// No new sale is begun while it is set: a server that starts needs the processors.
    pub(crate) rests: AtomicBool,
    /// Sales that were begun and ended.
    pub(crate) sales: AtomicU64,
}

/// One till.
struct Till {
    floor: Arc<Floor>,
    chance: Chance,
    earlier: VecDeque<Call>,
}

/// Opens so many tills, which sell until the floor is closed.
pub(crate) fn open(floor: &Arc<Floor>, tills: u64) -> JoinSet<()> {
    let mut all = JoinSet::new();
    for number in 0..tills {
        let floor = Arc::clone(floor);
        let chance = Chance::of(floor.seed, number + 1);
        all.spawn(async move {
            let mut till = Till { floor, chance, earlier: VecDeque::new() };
            while !till.floor.closed.load(Ordering::Relaxed) {
                if till.floor.rests.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                } else {
                    till.something().await;
                }
            }
        });
    }
    all
}

/// Every member begins, with some points.
pub(crate) async fn enrol_all(floor: &Arc<Floor>) {
    let mut chance = Chance::of(floor.seed, 0);
    let mut all = JoinSet::new();
    for number in 0..floor.stock.members {
        let (floor, first, second) = (Arc::clone(floor), chance.uuid(), chance.uuid());
        all.spawn(async move {
            let name = member(number);
            floor.log.ask(&floor.line, &enrol(first, &name)).await;
            floor.log.ask(&floor.line, &adjust(second, &name, FIRST_POINTS)).await;
        });
    }
    all.join_all().await;
}

impl Till {
    /// Asks, sometimes twice at once, and remembers the call.
    async fn ask(&mut self, call: Call) -> Answer {
        let (log, line) = (&self.floor.log, &self.floor.line);
        let answer = if self.chance.one_in(8) {
            let (first, second) = tokio::join!(log.ask(line, &call), log.ask(line, &call));
            if matches!(first, Answer::Refused(_)) { second } else { first }
        } else {
            log.ask(line, &call).await
        };
        if self.earlier.len() == EARLIER_MAX {
            self.earlier.pop_front();
        }
        self.earlier.push_back(call);
        answer
    }

    /// A late double of something.
    async fn late_double(&mut self) {
        let call = self.chance.below(self.earlier.len().max(1));
        if let Some(call) = self.earlier.get(call).cloned() {
            self.floor.log.ask(&self.floor.line, &call).await;
        }
    }

    fn member(&mut self) -> String {
        member(self.chance.below(self.floor.stock.members))
    }

    async fn something(&mut self) {
        match self.chance.below(16) {
            0..=4 => self.quoted_sale().await,
            5..=6 => self.reserved_sale().await,
            7 => self.cancelled_sale().await,
            8 => self.late_sale().await,
            9 => self.fact().await,
            10..=13 => self.one_id_many_ways().await,
            14 => self.abandoned().await,
            _ => self.by_hand().await,
        }
        while self.chance.one_in(3) {
            self.late_double().await;
        }
        self.floor.sales.fetch_add(1, Ordering::Relaxed);
    }

    /// A basket with whatever it may consume: of a member three times out of four.
    async fn shopping(&mut self) -> (suanpan_rpc::v1::Basket, Option<String>) {
        let mut basket = basket(&mut self.chance);
        let member = (!self.chance.one_in(4)).then(|| self.member());
        if self.chance.one_in(8) {
            basket = with_code(basket, "RUSH");
        }
        if self.chance.one_in(6) {
            let number = self.chance.below(self.floor.stock.codes);
            basket = with_code(basket, &code(number));
        }
        if let Some(member) = &member {
            if self.chance.one_in(4) {
                let request = self.chance.uuid();
                if self.ask(grant(request.clone(), member)).await == Answer::Done {
                    basket = with_code(basket, &request.replace('-', ""));
                }
            }
            if self.chance.one_in(3) {
                basket = with_points(basket, self.chance.within(1, 400));
            }
        }
        (of(&basket, member.as_deref()), member)
    }

    async fn quoted_sale(&mut self) {
        let (basket, _) = self.shopping().await;
        let id = self.chance.uuid();
        let quote = quote(&self.floor.line, &basket).await;
        let sold = self.ask(confirm(&id, basket, quote.as_ref())).await;
        self.perhaps_returned(&id, &sold).await;
    }

    async fn reserved_sale(&mut self) {
        let (basket, _) = self.shopping().await;
        let id = self.chance.uuid();
        let quote = if self.chance.one_in(2) { quote(&self.floor.line, &basket).await } else { None };
        let held = self.ask(reserve(&id, basket.clone(), quote.as_ref())).await;
        if matches!(held, Answer::Refused(_)) {
            return;
        }
        let sold = self.ask(confirm(&id, basket, None)).await;
        self.perhaps_returned(&id, &sold).await;
    }

    async fn cancelled_sale(&mut self) {
        let (basket, _) = self.shopping().await;
        let id = self.chance.uuid();
        self.ask(reserve(&id, basket.clone(), None)).await;
        self.ask(cancel(&id)).await;
        if self.chance.one_in(2) {
            self.ask(confirm(&id, basket, None)).await;
        }
    }

    /// The cancel comes before what it cancels.
    async fn late_sale(&mut self) {
        let (basket, _) = self.shopping().await;
        let id = self.chance.uuid();
        self.ask(cancel(&id)).await;
        self.ask(reserve(&id, basket.clone(), None)).await;
        self.ask(confirm(&id, basket.clone(), None)).await;
        if self.chance.one_in(3) {
            self.ask(tendered(&id, basket)).await;
        }
    }

    /// Paid already: as it was priced, or for something else.
    async fn fact(&mut self) {
        let (basket, _) = self.shopping().await;
        let id = self.chance.uuid();
        let sold = if self.chance.one_in(2) {
            self.ask(tendered(&id, basket)).await
        } else {
            let Some(quote) = quote(&self.floor.line, &basket).await else { return };
            let other = if self.chance.one_in(3) { 100 } else { 0 };
            self.ask(offline(&id, basket, (quote.due_minor - other).max(1))).await
        };
        self.perhaps_returned(&id, &sold).await;
    }

    /// The same id as a guest's, as one or two members', reserved, confirmed, cancelled, tendered, offline, in any order,
    /// all at once or one after the other.
    async fn one_id_many_ways(&mut self) {
        let mut bought = basket(&mut self.chance);
        if self.chance.one_in(4) {
            bought = with_code(bought, "RUSH");
        }
        if self.chance.one_in(3) {
            let number = self.chance.below(self.floor.stock.codes);
            bought = with_code(bought, &code(number));
        }
        let id = self.chance.uuid();
        let (first, second) = (self.member(), self.member());
        let owners = [None, Some(first.as_str()), Some(second.as_str())];
        let gross: i64 = bought
            .lines
            .iter()
            .map(|line| line.quantity_milli / 1_000 * line.unit_price_minor.unwrap_or(0))
            .sum();
        let mut calls: Vec<Call> = (0..2 + self.chance.below(4))
            .map(|_| {
                let basket = of(&bought, *self.chance.pick(&owners));
                match self.chance.below(9) {
                    0..=1 => reserve(&id, basket, None),
                    2..=4 => confirm(&id, basket, None),
                    5..=6 => tendered(&id, basket),
                    7 => offline(&id, basket, gross),
                    _ => cancel(&id),
                }
            })
            .collect();
        self.chance.shuffle(&mut calls);
        if self.chance.one_in(2) {
            for call in calls {
                self.ask(call).await;
            }
        } else {
            let mut all = JoinSet::new();
            for call in calls {
                let floor = Arc::clone(&self.floor);
                self.earlier.push_back(call.clone());
                all.spawn(async move { floor.log.ask(&floor.line, &call).await });
            }
            while self.earlier.len() > EARLIER_MAX {
                self.earlier.pop_front();
            }
            all.join_all().await;
        }
    }

    /// Reserved, and never heard of again.
    async fn abandoned(&mut self) {
        let (basket, _) = self.shopping().await;
        let id = self.chance.uuid();
        self.floor.log.ask(&self.floor.line, &reserve(&id, basket, None)).await;
    }

    /// What is not a sale.
    async fn by_hand(&mut self) {
        let (request, name) = (self.chance.uuid(), self.member());
        let call = match self.chance.below(3) {
            0 => activity(request, &name),
            1 => adjust(request, &name, self.chance.within(-300, 600)),
            _ => {
                let to = self.member();
                transfer(request, &name, &to, self.chance.within(1, 60))
            }
        };
        self.ask(call).await;
    }

    /// Some of it comes back, or all, in one or more returns.
    async fn perhaps_returned(&mut self, id: &str, sold: &Answer) {
        let Answer::Sale(_) = sold else { return };
        if !self.chance.one_in(3) {
            return;
        }
        if self.chance.one_in(2) {
            let return_id = self.chance.uuid();
            let was_offline = self.chance.one_in(4);
            self.ask(give_back(id, return_id, Back::Unit("L0"), was_offline)).await;
        }
        if self.chance.one_in(2) {
            let return_id = self.chance.uuid();
            self.ask(give_back(id, return_id, Back::All, false)).await;
        }
    }
}
