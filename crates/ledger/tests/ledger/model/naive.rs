//! The model: points one by one, everything else looked up in plain lists.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};

use crate::script::{START, instant};

mod membership;
mod sales;
mod seen;
mod time;
mod worker;

pub(super) use membership::Sent;

#[derive(Clone, Debug)]
struct Point {
    expires_ms: i64,
    /// Not yet spendable before; 0 when it is.
    release_ms: i64,
    held_by: Option<String>,
    earned_by: Option<String>,
    /// The member knows when it lapses.
    told: bool,
}

#[derive(Clone, Debug)]
struct Sale {
    state: &'static str,
    text: String,
    until_ms: i64,
    business_ms: i64,
    units: i64,
    paid: i64,
    value: i64,
    earns: i64,
    points: i64,
    coupons: Vec<String>,
    uses: Vec<String>,
    first: bool,
    accrued: bool,
    /// Expiry of every point spent, in order; 0 for debt.
    spent: Vec<i64>,
    restored: i64,
    used_coupons: Vec<(String, i64)>,
    back: i64,
    taken: i64,
    uncounted: i64,
    brings: bool,
    /// The step that wrote it first.
    written: u64,
    /// A referral was paid for it, and how much the friend got.
    referral: Option<i64>,
    returns: BTreeMap<String, GivenBack>,
}

#[derive(Clone, Debug)]
struct GivenBack {
    text: String,
    parked: bool,
    accrued: bool,
    written: u64,
    taken: i64,
    uncounted: i64,
    /// It was the last of a sale that counts.
    counted: bool,
    whole: bool,
    at_ms: i64,
}

/// A sale, or a return of one, that is to be accrued.
#[derive(Clone, Debug)]
struct Waiting {
    /// The step whose place it has in the order.
    written: u64,
    sale: String,
    back: Option<String>,
}

struct Tier {
    id: &'static str,
    spend: i64,
    valid: Option<i64>,
    grace: i64,
    end: &'static str,
    points: i64,
}

#[derive(Clone)]
pub(super) struct Naive {
    policy: String,
    now_ms: i64,
    /// When something was written last.
    as_of_ms: i64,
    /// Steps so far.
    steps: u64,
    blocked: bool,
    /// Gone, and whether somebody took over.
    closed: Option<bool>,
    /// Requests of merges: whether they were given up.
    locks: BTreeMap<String, bool>,
    locked: bool,
    referred: bool,
    /// Month and day, and the last year in which it was rewarded.
    birthday: Option<(i8, i8)>,
    birthday_year: i16,
    /// Coupons that nobody named: when they lapse.
    issued: Vec<i64>,
    /// How often, by day, and by the word "ever".
    activities: BTreeMap<String, i64>,
    /// What the member was told of points that lapse, by expiry.
    reminded: BTreeMap<i64, i64>,
    /// A derived write is owed.
    owes: bool,
    /// What goes to the other member.
    pub(super) sent: Vec<Sent>,
    points: Vec<Point>,
    debt: i64,
    coupons: BTreeMap<String, (i64, Option<String>)>,
    counters: BTreeMap<String, u32>,
    first: Option<String>,
    sales: BTreeMap<String, Sale>,
    pending: Vec<Waiting>,
    /// Month, amount and purchases.
    activity: Vec<(i32, i64, i64)>,
    tier: usize,
    tier_until: Option<i64>,
    sums: BTreeMap<&'static str, i64>,
}

const NEVER: i64 = suanpan_ledger::head::NEVER_MS;

const ORDER: [&str; 23] = [
    "MemberExists",
    "MemberBlocked",
    "MemberClosed",
    "ContentDiffers",
    "CheckoutCancelled",
    "CheckoutFenced",
    "CheckoutConfirmed",
    "CheckoutUnknown",
    "ReservationDiffers",
    "PointsShort",
    "CouponUnknown",
    "CouponHeld",
    "CouponExpired",
    "MemberLimit",
    "NotFirstPurchase",
    "QuantityExceeded",
    "ActivityUnknown",
    "ActivityLimit",
    "HoldsOpen",
    "EntriesPending",
    "MergeInProgress",
    "HeadFull",
    "OutOfRange",
];

fn date(ms: i64) -> Date {
    TimeZone::UTC.to_datetime(Timestamp::from_millisecond(ms).expect("an instant")).date()
}

fn midnight_after(date: Date) -> i64 {
    instant(&date.tomorrow().expect("a day").to_string())
}

impl Naive {
    pub(super) fn new(policy: &str) -> Self {
        Self {
            policy: policy.to_owned(),
            now_ms: instant(START),
            as_of_ms: instant(START),
            steps: 0,
            blocked: false,
            closed: None,
            locks: BTreeMap::new(),
            locked: false,
            referred: false,
            birthday: None,
            birthday_year: 0,
            issued: Vec::new(),
            activities: BTreeMap::new(),
            reminded: BTreeMap::new(),
            owes: false,
            sent: Vec::new(),
            points: Vec::new(),
            debt: 0,
            coupons: BTreeMap::new(),
            counters: BTreeMap::new(),
            first: None,
            sales: BTreeMap::new(),
            pending: Vec::new(),
            activity: Vec::new(),
            tier: 0,
            tier_until: None,
            sums: BTreeMap::new(),
        }
    }

    fn rule(&self, name: &str) -> Option<i64> {
        self.policy.split(", ").find_map(|rule| rule.strip_prefix(name)?.trim().parse().ok())
    }

    fn has(&self, name: &str) -> bool {
        self.policy.split(", ").any(|rule| rule.trim() == name)
    }

    /// The tiers of the policies of this test, spelled out.
    fn tiers(&self) -> Vec<Tier> {
        let tier = |id, spend, valid, grace, end, points| Tier { id, spend, valid, grace, end, points };
        if self.policy.contains("silver") {
            vec![
                tier("base", 0, None, 0, "", 0),
                tier("silver", 500, Some(12), 0, "", 3),
                tier("gold", 1_500, Some(6), 5, "one-down", 9),
            ]
        } else if self.policy.contains("gold") {
            vec![tier("base", 0, None, 0, "", 0), tier("gold", 600, Some(3), 0, "keep", 0)]
        } else {
            Vec::new()
        }
    }

    fn sum(&mut self, name: &'static str, points: i64) {
        *self.sums.entry(name).or_insert(0) += points;
    }

    /// What time brings: releases, then lapses.
    fn time(&mut self) {
        let now = self.now_ms;
        self.as_of_ms = now;
        if self.closed.is_some() {
            return;
        }
        let mut released: Vec<usize> = (0..self.points.len())
            .filter(|place| {
                let point = &self.points[*place];
                point.release_ms > 0 && point.release_ms <= now && point.release_ms < point.expires_ms
            })
            .collect();
        released.sort_by_key(|place| (self.points[*place].release_ms, self.points[*place].expires_ms));
        let mut gone = Vec::new();
        for place in released {
            self.points[place].release_ms = 0;
            if self.debt > 0 {
                self.debt -= 1;
                gone.push(place);
            }
        }
        gone.sort_unstable();
        for place in gone.into_iter().rev() {
            self.points.remove(place);
        }
        let before = self.points.len();
        self.points.retain(|point| point.held_by.is_some() || point.expires_ms > now);
        let lapsed = before - self.points.len();
        self.owes |= lapsed > 0;
        self.sum("expired", lapsed as i64);
        self.issued.retain(|expires_ms| *expires_ms > now);
        self.coupons.retain(|_, (expires_ms, held)| held.is_some() || *expires_ms > now);
    }

    fn credit(&mut self, kind: &'static str, points: i64, expires_ms: i64) {
        self.sum(kind, points);
        if expires_ms <= self.now_ms {
            self.sum("expired", points);
            return;
        }
        for _ in 0..points {
            if self.debt > 0 {
                self.debt -= 1;
            } else {
                self.push_point(expires_ms);
            }
        }
    }

    fn push_point(&mut self, expires_ms: i64) {
        self.points.push(Point { expires_ms, release_ms: 0, held_by: None, earned_by: None, told: false });
    }

    /// Takes a point out. Of a lot those of which the member knows go first, whoever holds them.
    fn remove_point(&mut self, place: usize) -> i64 {
        let gone = self.points.remove(place);
        let known =
            |point: &&mut Point| point.told && point.release_ms == 0 && point.expires_ms == gone.expires_ms;
        if !gone.told
            && gone.release_ms == 0
            && let Some(point) = self.points.iter_mut().find(known)
        {
            point.told = false;
        }
        gone.expires_ms
    }

    fn free(&self) -> Vec<usize> {
        let free = |point: &Point| {
            point.release_ms == 0 && point.held_by.is_none() && point.expires_ms > self.now_ms
        };
        let mut free: Vec<usize> =
            (0..self.points.len()).filter(|place| free(&self.points[*place])).collect();
        free.sort_by_key(|place| self.points[*place].expires_ms);
        free
    }

    /// Takes points, the soonest to expire first; what is missing is owed. Says what it took.
    fn take(&mut self, points: i64) -> Vec<i64> {
        let mut taken = Vec::new();
        for _ in 0..points {
            match self.free().first() {
                Some(place) => taken.push(self.remove_point(*place)),
                None => {
                    self.debt += 1;
                    taken.push(0);
                }
            }
        }
        taken
    }

    fn expiry(&self, earned_ms: i64) -> i64 {
        match self.rule("expire ") {
            Some(months) => midnight_after(date(earned_ms) + Span::new().months(months)),
            None => NEVER,
        }
    }

    pub(super) fn step(&mut self, step: &str) -> String {
        self.steps += 1;
        let words: Vec<&str> = step.split(' ').collect();
        let after = |name: &str| words.iter().position(|word| *word == name).map(|place| words[place + 1]);
        match words[0] {
            "at" => {
                self.now_ms = instant(&words[1..].join(" "));
                return "the clock is set".to_owned();
            }
            "work" => {
                self.work();
                return "worked".to_owned();
            }
            "accrue" => return self.accrue_one(&words),
            "park" => return self.park(&words),
            "unpark" => return self.unpark(&words),
            "tick" => return self.tick_one(),
            "clear" => return self.clear(),
            "lock" | "unlock" | "close" | "close-into" => return self.membership(&words),
            "enrol" => return self.enrol(&words),
            _ => {}
        }
        let number = words.get(1).and_then(|word| word.parse::<i64>().ok()).unwrap_or(0);
        let until = after("until").map_or(NEVER, instant);
        let past = |now: i64| until < now + 1_000;
        if self.closed.is_some()
            && let Some(outcome) = self.gone(&words, number, past(self.now_ms))
        {
            return outcome;
        }
        match words[0] {
            "adjust" if number > 0 && past(self.now_ms) => "refused OutOfRange".to_owned(),
            "adjust" => self.done(|naive| {
                if number > 0 {
                    naive.credit("adjusted", number, until);
                } else {
                    naive.take(-number);
                    naive.sum("adjusted", number);
                }
            }),
            "activity" => self.activity(words[1], after("on").expect("a day")),
            "reward" => self.done(|naive| {
                naive.owes = true;
                naive.credit("earned", number, naive.expiry(naive.now_ms));
            }),
            "unreward" => self.done(|naive| {
                naive.take(number);
                naive.sum("taken", number);
            }),
            "receive" => self.done(|naive| {
                let anew = if naive.has("anew") { naive.expiry(naive.now_ms) } else { until };
                naive.credit("received", number, anew);
            }),
            "send" => {
                let mut missing = Vec::new();
                if self.closed.is_some() {
                    missing.push("MemberClosed");
                } else if self.blocked {
                    missing.push("MemberBlocked");
                }
                if (self.free().len() as i64) < number {
                    missing.push("PointsShort");
                }
                if missing.is_empty() {
                    self.done(|naive| {
                        let taken = naive.take(number);
                        naive.sum("sent", number);
                        naive.owes = true;
                        naive.sent.push(Sent::Points(taken));
                    })
                } else {
                    self.refused("", missing)
                }
            }
            "block" => self.done(|naive| naive.blocked = true),
            "unblock" => self.done(|naive| naive.blocked = false),
            "grant" => {
                let mut missing = Vec::new();
                if self.coupons.contains_key(words[1]) {
                    missing.push("ContentDiffers");
                }
                if past(self.now_ms) {
                    missing.push("OutOfRange");
                }
                if missing.is_empty() {
                    self.done(|naive| {
                        naive.owes = true;
                        naive.coupons.insert(words[1].to_owned(), (until, None));
                    })
                } else {
                    refused(missing)
                }
            }
            "revoke" => match self.coupons.get(words[1]) {
                None => refused(vec!["CouponUnknown"]),
                Some((_, Some(_))) => self.refused("", vec!["CouponHeld"]),
                Some((expires_ms, None)) if *expires_ms <= self.now_ms => refused(vec!["CouponExpired"]),
                Some(_) => self.done(|naive| drop(naive.coupons.remove(words[1]))),
            },
            "reserve" => self.reserve(words[1], &words),
            "confirm" | "fact" => self.confirm(words[1], &words, words[0] == "fact"),
            "cancel" => match self.sales.get(words[1]).map(|sale| sale.state) {
                Some("Confirmed" | "Parked") => refused(vec!["CheckoutConfirmed"]),
                Some("Cancelled") => "known Cancelled".to_owned(),
                _ => self.end(words[1], "Cancelled"),
            },
            "end" => match self.sales.get(words[1]).map(|sale| (sale.state, sale.until_ms)) {
                Some(("Reserved", until_ms)) if until_ms <= self.now_ms => self.end(words[1], "Cancelled"),
                Some(("Reserved", _)) | None => "nothing".to_owned(),
                Some((state, _)) => format!("known {state}"),
            },
            "fence" => match self.sales.get(words[1]).map(|sale| sale.state) {
                Some("Reserved") | None => self.end(words[1], "Fenced"),
                Some(state) => format!("known {state}"),
            },
            "return" => self.give_back(words[1], after("of").expect("a sale"), &words),
            _ => panic!("the model does not know {step}"),
        }
    }

    fn done(&mut self, change: impl FnOnce(&mut Self)) -> String {
        self.time();
        change(self);
        self.time();
        "done".to_owned()
    }
}

fn month(date: Date) -> i32 {
    i32::from(date.year()) * 12 + i32::from(date.month())
}

fn in_order(mut reasons: Vec<&'static str>) -> String {
    reasons.sort_by_key(|reason| ORDER.iter().position(|known| known == reason));
    reasons.join(" ")
}

fn refused(reasons: Vec<&'static str>) -> String {
    format!("refused {}", in_order(reasons))
}
