//! Tables of the ledger's rules are scripts: steps, one after the other, and what stands at the end.
//!
//! `at 2026-03-01 10:00` sets the clock (UTC), `confirm S1 pays 1000 earns 10` sells, `work` does what is due. The last
//! step's outcome, or the member's state, is what a row expects.

use std::sync::Arc;

use jiff::Timestamp;
use suanpan_domain::{CheckoutId, MemberId, MonthDay, ReturnId};
use suanpan_ledger::command::{Effect, EntryRef, Fact, Repriced, Wanted, WantedLine};
use suanpan_ledger::head::{Counter, CouponId, NEVER_MS, OfferKey, Period};
use suanpan_ledger::refusal::Conflicts;
use suanpan_ledger::sale::{IssuedCoupons, LimitedUse, Sale, SaleLine, SaleRun, Tender};
use suanpan_ledger::{Action, Applied, Emit, Head, Policy};

use crate::policy_words::policy_of;
use crate::world::World;

/// Runs the steps of one row and compares what is asked for, such as `points 70 debt 0` or `refused PointsShort`.
pub(crate) fn check(rule: &str, policy: &str, steps: &str, expected: &str) {
    let mut script = Script::new(policy_of(policy));
    let steps: Vec<&str> = steps.split(';').map(str::trim).filter(|step| !step.is_empty()).collect();
    let mut outcome = String::new();
    for (place, step) in steps.iter().enumerate() {
        outcome = script.step(step);
        let last = place + 1 == steps.len();
        assert!(last || !outcome.starts_with("refused"), "{rule}: {step}: {outcome}");
    }
    let state = script.state();
    for fact in expected.split(", ") {
        let (name, _) = fact.split_once(' ').unwrap_or((fact, ""));
        let found = match state.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => format!("{name} {value}"),
            None => outcome.clone(),
        };
        assert_eq!(found, fact, "{rule}: after {steps:?}: {outcome}; {state:?}");
    }
}

pub(crate) struct Script {
    pub(crate) world: World,
    requests: u32,
    last_return: String,
}

/// The clock of the first step.
pub(crate) const START: &str = "2026-01-15 12:00";

pub(crate) fn instant(text: &str) -> i64 {
    let text = text.replace('_', " ");
    let text = if text.len() > 10 { text } else { format!("{text} 00:00") };
    let stamp = format!("{}:00Z", text.replace(' ', "T"));
    stamp.parse::<Timestamp>().unwrap_or_else(|error| panic!("{text}: {error}")).as_millisecond()
}

pub(crate) fn checkout(name: &str) -> CheckoutId {
    let number: u16 = name[1..].parse().expect("a number");
    let [high, low] = number.to_be_bytes();
    CheckoutId::from_bytes([1, 0, 0, 0, high, low, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]).expect("a version 7")
}

pub(crate) fn return_id(name: &str) -> ReturnId {
    ReturnId::from_bytes([name[1..].parse().expect("a number"); 16])
}

pub(crate) fn coupon(name: &str) -> CouponId {
    CouponId([name[1..].parse().expect("a number"); 16])
}

pub(crate) fn offer(name: &str) -> OfferKey {
    OfferKey(name[1..].parse().expect("a number"))
}

pub(crate) fn member(name: &str) -> MemberId {
    MemberId::new(name).expect("an id")
}

fn hash(text: &str) -> [u8; 32] {
    let mut hash = [0_u8; 32];
    for (place, byte) in text.bytes().enumerate() {
        hash[place % 32] = hash[place % 32].wrapping_mul(31).wrapping_add(byte);
    }
    hash
}

impl Script {
    pub(crate) fn new(policy: Policy) -> Self {
        let mut world = World::new(policy, Head::absent());
        world.now_ms = instant(START);
        Self { world, requests: 0, last_return: String::new() }
    }

    /// Carries a step out and says what came of it.
    pub(crate) fn step(&mut self, step: &str) -> String {
        let words: Vec<&str> = step.split_whitespace().collect();
        match words[0] {
            "at" => {
                self.world.now_ms = instant(&words[1..].join(" "));
                return "the clock is set".to_owned();
            }
            "guest" => {
                let now_ms = self.world.now_ms;
                self.world = World::new(self.world.policy.clone(), Head::guest());
                self.world.now_ms = now_ms;
                return "a guest".to_owned();
            }
            "policy" => {
                self.world.policy = policy_of(&step["policy ".len()..].replace(" + ", ", "));
                return "another policy".to_owned();
            }
            "work" => {
                self.world.work();
                return "worked".to_owned();
            }
            _ => {}
        }
        let action = self.action(&words);
        let applied = self.world.run(action);
        self.outcome(applied)
    }

    /// What came of a command, in words.
    pub(crate) fn outcome(&mut self, applied: Result<Applied, Conflicts>) -> String {
        match applied {
            Ok(Applied::Changed(change)) => {
                if let Some(returned) = &change.entry.returned {
                    self.last_return = format!(
                        "{} tax {} restored {} back {}",
                        returned.refund_minor,
                        returned.tax_minor,
                        returned.points_restored,
                        returned.points_taken_back
                    );
                }
                let overruns: Vec<_> =
                    change.entry.overruns.iter().map(|c| format!("{:?}", c.reason)).collect();
                if overruns.is_empty() {
                    "done".to_owned()
                } else {
                    format!("overrun {}", overruns.join(" "))
                }
            }
            Ok(Applied::Known(entry)) => format!("known {:?}", entry.state),
            Ok(Applied::Nothing) => "nothing".to_owned(),
            Ok(Applied::AccrueFirst) => "accrue-first".to_owned(),
            Err(conflicts) => {
                let reasons: Vec<_> =
                    conflicts.iter().map(|conflict| format!("{:?}", conflict.reason)).collect();
                format!("refused {}", reasons.join(" "))
            }
        }
    }

    /// What the member has, by name.
    pub(crate) fn state(&self) -> Vec<(&'static str, String)> {
        let World { head, policy, now_ms, .. } = &self.world;
        let standing = suanpan_ledger::progress(policy, head, *now_ms);
        let time = |ms: i64| {
            if ms == NEVER_MS {
                return "never".to_owned();
            }
            let text = Timestamp::from_millisecond(ms).expect("an instant").to_string();
            text.trim_end_matches(":00Z").replace('T', "_")
        };
        let lots = head.lots.iter().map(|lot| format!("{}@{}", lot.points, time(lot.expires_ms)));
        let coupons = head.coupons.iter().map(|coupon| format!("c{}", coupon.id.0[0]));
        let counters = head.counters.iter().map(|counter| format!("o{}:{}", counter.offer.0, counter.used));
        let emits = self.world.rows.values().flat_map(|row| &row.emits).count();
        let mut reminded: Vec<_> =
            self.world.rows.values().map(|row| (row.accrued_version, &row.emits)).collect();
        reminded.sort_by_key(|(version, _)| *version);
        let reminded = reminded.iter().flat_map(|(_, emits)| *emits).filter_map(|emit| match emit {
            Emit::PointsExpiring { points, expires_ms } => Some(format!("{points}@{}", time(*expires_ms))),
            _ => None,
        });
        [
            ("points", standing.points.to_string()),
            ("held", standing.points_held.to_string()),
            ("delayed", standing.points_delayed.to_string()),
            ("debt", standing.points_debt.to_string()),
            ("lots", lots.collect::<Vec<_>>().join(" ")),
            ("coupons", coupons.collect::<Vec<_>>().join(" ")),
            ("wallet", head.coupons.len().to_string()),
            ("counters", counters.collect::<Vec<_>>().join(" ")),
            ("tier", standing.tier),
            ("until", head.tier.until_ms.map_or("never".to_owned(), time)),
            ("becomes", standing.becomes.unwrap_or_default()),
            ("first", head.first_purchase.map_or("none".to_owned(), |id| format!("S{}", id.as_bytes()[5]))),
            ("spent", head.sums.spent.to_string()),
            ("expired", head.sums.expired.to_string()),
            ("earned", head.sums.earned.to_string()),
            ("restored", head.sums.restored.to_string()),
            ("lifetime", head.lifetime.spend_minor.to_string()),
            ("purchases", head.lifetime.purchases.to_string()),
            ("pending", head.pending.len().to_string()),
            ("emitting", head.emitting.len().to_string()),
            ("emits", emits.to_string()),
            ("reminded", reminded.collect::<Vec<_>>().join(" ")),
            ("parked", head.parked.to_string()),
            ("holds", head.holds.len().to_string()),
            ("due", suanpan_ledger::due_at(policy, head).map_or("never".to_owned(), time)),
            ("refund", self.last_return.clone()),
            ("version", head.version.to_string()),
        ]
        .map(|(name, value)| (name, if value.is_empty() { "none".to_owned() } else { value }))
        .to_vec()
    }

    fn request(&mut self, words: &[&str]) -> ([u8; 16], [u8; 32]) {
        let id = match words.iter().position(|word| *word == "as") {
            Some(place) => [words[place + 1].parse().expect("a number"); 16],
            None => {
                self.requests += 1;
                (u128::from(self.requests) << 64).to_be_bytes()
            }
        };
        (id, hash(&words.join(" ")))
    }

    /// The command of a step.
    pub(crate) fn action(&mut self, words: &[&str]) -> Action {
        let after = |name: &str| words.iter().position(|word| *word == name).map(|place| words[place + 1]);
        let has = |name: &str| words.contains(&name);
        let points = || words[1].parse().unwrap_or_else(|_| panic!("{words:?}"));
        let (request, content_hash) = match words[0] {
            "reserve" | "confirm" | "fact" | "cancel" | "end" | "fence" | "return" | "accrue" | "park"
            | "park-unread" | "unpark" | "clear" | "clear-told" | "tick" => {
                ([0; 16], hash(&words[1..].join(" ")))
            }
            _ => self.request(words),
        };
        let until = after("until").map(instant);
        match words[0] {
            "enrol" => Action::Enrol {
                request,
                content_hash,
                birthday: after("birthday").map(|day| {
                    let (month, day) = day.split_once('-').expect("a day");
                    MonthDay::new(month.parse().unwrap(), day.parse().unwrap()).expect("a day")
                }),
                referred_by: after("by").map(member),
            },
            "adjust" => Action::Adjust { request, content_hash, points: points(), expires_ms: until },
            "grant" => Action::GrantCoupon {
                request,
                content_hash,
                coupon: coupon(words[1]),
                campaign: offer("o8"),
                expires_ms: until.unwrap_or(NEVER_MS),
            },
            "revoke" => Action::RevokeCoupon { request, content_hash, coupon: coupon(words[1]) },
            "activity" => Action::EarnByActivity {
                request,
                content_hash,
                activity: offer(words[1]),
                business_ms: after("on").map_or(self.world.now_ms, instant),
            },
            "send" => Action::TransferOut { request, content_hash, to: member("m2"), points: points() },
            "block" => Action::Block { request, content_hash, blocked: true },
            "unblock" => Action::Block { request, content_hash, blocked: false },
            "lock" => Action::MergeLock { request, content_hash, source: member(words[1]) },
            "unlock" => Action::MergeUnlock { request },
            "close-into" => Action::CloseInto { request, content_hash, survivor: member(words[1]) },
            "close" => Action::Close { request, content_hash },
            "receive" => Action::Effect {
                id: request,
                source: member("m2"),
                effect: Effect::Transfer {
                    lots: vec![suanpan_ledger::head::Lot {
                        expires_ms: until.unwrap_or(NEVER_MS),
                        points: points(),
                        held: 0,
                    }],
                },
            },
            "reward" => Action::Effect {
                id: request,
                source: member("m2"),
                effect: Effect::ReferralReward { points: points(), friend_points: 0 },
            },
            "unreward" => Action::Effect {
                id: request,
                source: member("m2"),
                effect: Effect::ReferralTakenBack { points: points() },
            },
            "tick" => Action::Tick,
            "accrue" | "park" | "park-unread" | "unpark" => {
                let entry = match after("of") {
                    Some(sale) => EntryRef::Return(checkout(sale), return_id(words[1])),
                    None => EntryRef::Checkout(checkout(words[1])),
                };
                match words[0] {
                    "accrue" => Action::Accrue { entry },
                    "park" => Action::Park { entry, why: "cannot be read".to_owned() },
                    "park-unread" => Action::ParkUnread { entry, why: "cannot be read".to_owned() },
                    _ => Action::Unpark { entry },
                }
            }
            "clear-told" => Action::ClearTold,
            "clear" => Action::ClearEmitting { up_to_version: u64::MAX },
            "cancel" => Action::Cancel { checkout: checkout(words[1]) },
            "end" => Action::EndReservation { checkout: checkout(words[1]), fenced: false },
            "fence" => Action::EndReservation { checkout: checkout(words[1]), fenced: true },
            "reserve" => Action::Reserve {
                checkout: checkout(words[1]),
                content_hash,
                sale: Arc::new(self.sale(words, false)),
                until_ms: until.unwrap_or(self.world.now_ms + 600_000),
                answer: b"held".to_vec(),
            },
            "confirm" | "fact" => Action::Confirm {
                checkout: checkout(words[1]),
                content_hash,
                reserve_hash: content_hash,
                missing: Vec::new(),
                sale: Arc::new(self.sale(words, true)),
                fact: (words[0] == "fact").then_some(Fact::Offline),
                answer: b"paid".to_vec(),
            },
            "return" => Action::Return {
                checkout: checkout(after("of").expect("a sale")),
                return_id: return_id(words[1]),
                content_hash,
                business_ms: after("on").map_or(self.world.now_ms, instant),
                wanted: wanted(words),
                repriced: after("rest").map(repriced),
                fact: has("fact"),
            },
            _ => panic!("no such step: {words:?}"),
        }
    }

    fn sale(&self, words: &[&str], paid: bool) -> Sale {
        let after = |name: &str| words.iter().position(|word| *word == name).map(|place| words[place + 1]);
        let number = |name: &str| after(name).map_or(0, |value| value.parse::<i64>().expect("a number"));
        let all = |name: &'static str| {
            words
                .iter()
                .enumerate()
                .filter(move |(_, word)| **word == name)
                .map(|(place, _)| words[place + 1])
        };
        let mut lines: Vec<SaleLine> =
            all("line").enumerate().map(|(place, text)| line(place, text)).collect();
        if lines.is_empty() {
            let run = SaleRun {
                units: 1,
                paid_minor: number("pays"),
                tax_minor: number("tax"),
                points_value_minor: number("worth"),
                points_earned: number("earns"),
            };
            lines.push(line_of(0, vec![run], false, 1_000));
        }
        let due_minor = lines.iter().map(|line| line.paid_minor).sum();
        let cash_rounding_minor = number("cash");
        let tenders = vec![Tender { kind: "cash".to_owned(), amount_minor: due_minor + cash_rounding_minor }];
        Sale {
            business_ms: after("on").map_or(self.world.now_ms, instant),
            program_version: "p1".to_owned(),
            due_minor,
            cash_rounding_minor: if paid { cash_rounding_minor } else { 0 },
            tenders: if paid { tenders } else { Vec::new() },
            points_used: number("points"),
            points_value_minor: lines.iter().map(|line| line.points_value_minor).sum(),
            points_earned: lines.iter().map(|line| line.points_earned).sum(),
            qualifying_minor: after("counts").map_or(due_minor, |value| value.parse().expect("a number")),
            coupons: all("coupon").map(coupon).collect(),
            uses: all("use")
                .map(|text| {
                    let (name, limit) = text.split_once('/').expect("a limit");
                    let counter = Counter { offer: offer(name), period: Period::Lifetime, used: 1 };
                    LimitedUse { counter, limit: limit.parse().expect("a limit") }
                })
                .collect(),
            first_purchase: words.contains(&"first"),
            issued: all("brings")
                .map(|name| IssuedCoupons { campaign: offer(name), count: 1, expires_ms: NEVER_MS })
                .collect(),
            lines,
            ..Sale::default()
        }
    }
}

/// `3x100+10+5`: three units, each paid 100, 10 of points' worth, earning 5; runs joined by `&`. `1500g1000`: weighed.
fn line(place: usize, text: &str) -> SaleLine {
    let numbers = |text: &str| -> [i64; 3] {
        let mut parts = text.split('+').map(|part| part.parse().expect("a number"));
        [(); 3].map(|()| parts.next().unwrap_or(0))
    };
    let run = |units: i64, [paid_minor, points_value_minor, points_earned]: [i64; 3]| SaleRun {
        units,
        paid_minor,
        tax_minor: 0,
        points_value_minor,
        points_earned,
    };
    if let Some((weight, rest)) = text.split_once('g') {
        let quantity_milli = weight.parse().expect("a weight");
        return line_of(place, vec![run(1, numbers(rest))], true, quantity_milli);
    }
    let runs: Vec<_> = text
        .split('&')
        .map(|text| {
            let (units, rest) = text.split_once('x').expect("units");
            run(units.parse().expect("units"), numbers(rest))
        })
        .collect();
    let units: i64 = runs.iter().map(|run| run.units).sum();
    line_of(place, runs, false, units * 1_000)
}

pub(crate) fn line_of(place: usize, runs: Vec<SaleRun>, weighed: bool, quantity_milli: i64) -> SaleLine {
    let total = |of: fn(&SaleRun) -> i64| runs.iter().map(|run| of(run) * run.units).sum();
    SaleLine {
        id: format!("L{}", place + 1),
        sku: "bread".to_owned(),
        quantity_milli,
        weighed,
        paid_minor: total(|run| run.paid_minor),
        tax_minor: total(|run| run.tax_minor),
        points_value_minor: total(|run| run.points_value_minor),
        points_earned: total(|run| run.points_earned),
        runs,
    }
}

/// `all`, or lines: `L1`, `L1=500` (thousandths), `L1[0,2]` (units).
fn wanted(words: &[&str]) -> Wanted {
    if words.contains(&"all") {
        return Wanted::All;
    }
    let lines = words.iter().filter(|word| word.starts_with('L')).map(|word| {
        let (word, units) = match word.split_once('[') {
            Some((word, units)) => (
                word,
                units.trim_end_matches(']').split(',').map(|unit| unit.parse().expect("a unit")).collect(),
            ),
            None => (*word, Vec::new()),
        };
        let (line, quantity) = word.split_once('=').unwrap_or((word, "0"));
        WantedLine { line: line.to_owned(), quantity_milli: quantity.parse().expect("a quantity"), units }
    });
    Wanted::Lines(lines.collect())
}

/// `500`, or `500/10/5/30`: due, points used, points earned, what the used ones were worth.
fn repriced(text: &str) -> Repriced {
    let mut parts = text.split('/').map(|part| part.parse().expect("a number"));
    let mut next = || parts.next().unwrap_or(0);
    Repriced { due_minor: next(), points_used: next(), points_earned: next(), points_value_minor: next() }
}
