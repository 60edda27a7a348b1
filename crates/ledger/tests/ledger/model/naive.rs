//! The model: points one by one, everything else looked up in plain lists.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};

use crate::script::{START, instant};

#[derive(Clone, Debug)]
struct Point {
    expires_ms: i64,
    /// Not yet spendable before; 0 when it is.
    release_ms: i64,
    held_by: Option<String>,
    earned_by: Option<String>,
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
    returns: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
enum Waiting {
    Sale(String),
    Return { sale: String, taken: i64, uncounted: i64, whole: bool, at_ms: i64 },
}

struct Tier {
    id: &'static str,
    spend: i64,
    valid: Option<i64>,
    grace: i64,
    end: &'static str,
    points: i64,
}

pub(super) struct Naive {
    policy: String,
    now_ms: i64,
    blocked: bool,
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

const ORDER: [&str; 16] = [
    "MemberBlocked",
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
            blocked: false,
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
        self.sum("expired", (before - self.points.len()) as i64);
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
                self.points.push(Point { expires_ms, release_ms: 0, held_by: None, earned_by: None });
            }
        }
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
                Some(place) => taken.push(self.points.remove(*place).expires_ms),
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
            _ => {}
        }
        let number = words.get(1).and_then(|word| word.parse::<i64>().ok()).unwrap_or(0);
        let until = after("until").map_or(NEVER, instant);
        let past = |now: i64| until < now + 1_000;
        match words[0] {
            "adjust" if number > 0 && past(self.now_ms) => "refused OutOfRange".to_owned(),
            "adjust" => self.done(|naive| {
                if number > 0 {
                    naive.credit("adjusted", number, until);
                } else {
                    naive.take(-number);
                }
            }),
            "receive" => self.done(|naive| {
                let anew = if naive.has("anew") { naive.expiry(naive.now_ms) } else { until };
                naive.credit("received", number, anew);
            }),
            "send" => {
                let mut missing = Vec::new();
                if self.blocked {
                    missing.push("MemberBlocked");
                }
                if (self.free().len() as i64) < number {
                    missing.push("PointsShort");
                }
                if missing.is_empty() {
                    self.done(|naive| drop(naive.take(number)))
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
                    self.done(|naive| drop(naive.coupons.insert(words[1].to_owned(), (until, None))))
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
                Some("Confirmed") => refused(vec!["CheckoutConfirmed"]),
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

    fn sale_of(&self, words: &[&str]) -> Sale {
        let after = |name: &str| words.iter().position(|word| *word == name).map(|place| words[place + 1]);
        let (units, rest) = after("line").and_then(|line| line.split_once('x')).expect("a line");
        let parts: Vec<i64> = rest.split('+').map(|part| part.parse().expect("a number")).collect();
        Sale {
            state: "Reserved",
            text: words[2..].join(" "),
            until_ms: after("until").map_or(NEVER, instant),
            business_ms: after("on").map_or(self.now_ms, instant),
            units: units.parse().expect("units"),
            paid: parts[0],
            value: parts[1],
            earns: parts[2],
            points: after("points").map_or(0, |points| points.parse().expect("points")),
            coupons: after("coupon").map(str::to_owned).into_iter().collect(),
            uses: after("use").map(|text| text[..2].to_owned()).into_iter().collect(),
            first: words.contains(&"first"),
            accrued: false,
            spent: Vec::new(),
            restored: 0,
            used_coupons: Vec::new(),
            back: 0,
            taken: 0,
            uncounted: 0,
            returns: BTreeMap::new(),
        }
    }

    /// Refused, unless a reservation of another sale, whose time is over, may hold what is missing.
    fn refused(&self, id: &str, missing: Vec<&'static str>) -> String {
        let may_be_held = ["PointsShort", "CouponHeld", "MemberLimit", "NotFirstPurchase", "HeadFull"];
        let ended = |sale: &Sale| sale.state == "Reserved" && sale.until_ms <= self.now_ms;
        let others = self.sales.iter().any(|(other, sale)| other != id && ended(sale));
        if others && missing.iter().any(|reason| may_be_held.contains(reason)) {
            return "accrue-first".to_owned();
        }
        refused(missing)
    }

    fn missing(&self, id: &str, sale: &Sale) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if self.blocked {
            missing.push("MemberBlocked");
        }
        let own = |point: &&Point| point.held_by.as_deref() == Some(id) && point.expires_ms > self.now_ms;
        let have = self.free().len() + self.points.iter().filter(own).count();
        if (have as i64) < sale.points {
            missing.push("PointsShort");
        }
        for name in &sale.coupons {
            match self.coupons.get(name) {
                None => missing.push("CouponUnknown"),
                Some((_, Some(by))) if by != id => missing.push("CouponHeld"),
                Some((expires_ms, _)) if *expires_ms <= self.now_ms => missing.push("CouponExpired"),
                Some(_) => {}
            }
        }
        let others = || self.sales.iter().filter(|(other, sale)| *other != id && sale.state == "Reserved");
        for name in &sale.uses {
            let held = others().filter(|(_, sale)| sale.uses.contains(name)).count() as u32;
            if self.counters.get(name).unwrap_or(&0) + held + 1 > 2 {
                missing.push("MemberLimit");
            }
        }
        if sale.first && (self.first.is_some() || others().any(|(_, sale)| sale.first)) {
            missing.push("NotFirstPurchase");
        }
        missing
    }

    fn reserve(&mut self, id: &str, words: &[&str]) -> String {
        let mut sale = self.sale_of(words);
        let mut missing = Vec::new();
        match self.sales.get(id) {
            Some(known) if known.state == "Cancelled" => missing.push("CheckoutCancelled"),
            Some(known) if known.state == "Fenced" => missing.push("CheckoutFenced"),
            Some(known) if known.text == sale.text => return format!("known {}", known.state),
            Some(_) => return refused(vec!["ContentDiffers"]),
            None => {}
        }
        if sale.until_ms <= self.now_ms {
            return refused(vec!["OutOfRange"]);
        }
        missing.extend(self.missing(id, &sale));
        if self.sales.values().filter(|sale| sale.state == "Reserved").count() >= 4 {
            missing.push("HeadFull");
        }
        if !missing.is_empty() {
            return self.refused(id, missing);
        }
        self.done(|naive| {
            for place in naive.free().into_iter().take(sale.points as usize) {
                naive.points[place].held_by = Some(id.to_owned());
            }
            for name in &sale.coupons {
                naive.coupons.get_mut(name).expect("is there").1 = Some(id.to_owned());
            }
            sale.state = "Reserved";
            naive.sales.insert(id.to_owned(), sale);
        })
    }

    fn let_go(&mut self, id: &str) {
        for point in self.points.iter_mut().filter(|point| point.held_by.as_deref() == Some(id)) {
            point.held_by = None;
        }
        for (_, held) in self.coupons.values_mut().filter(|(_, held)| held.as_deref() == Some(id)) {
            *held = None;
        }
    }

    fn end(&mut self, id: &str, state: &'static str) -> String {
        self.done(|naive| {
            naive.let_go(id);
            let words = ["", "", "line", "1x0+0+0"];
            let blank = naive.sale_of(&words);
            naive.sales.entry(id.to_owned()).or_insert(blank).state = state;
        })
    }

    fn confirm(&mut self, id: &str, words: &[&str], fact: bool) -> String {
        let mut sale = self.sale_of(words);
        let mut missing = Vec::new();
        let mut held = false;
        match self.sales.get(id).map(|known| (known.state, known.text == sale.text)) {
            Some(("Confirmed", same)) => {
                let known = fact || same;
                return if known { "known Confirmed".to_owned() } else { refused(vec!["ContentDiffers"]) };
            }
            Some(("Reserved", true)) => held = true,
            Some(("Reserved", false)) if !fact => missing.push("ReservationDiffers"),
            Some(("Cancelled", _)) => missing.push("CheckoutCancelled"),
            Some(("Fenced", _)) => missing.push("CheckoutFenced"),
            _ => {}
        }
        if held {
            missing.extend(self.blocked.then_some("MemberBlocked"));
        } else {
            missing.extend(self.missing(id, &sale));
        }
        let refused = self.refused(id, missing.clone());
        if !missing.is_empty() && (!fact || refused == "accrue-first") {
            return refused;
        }
        self.time();
        if held {
            let mut spent: Vec<i64> = Vec::new();
            self.points.retain(|point| {
                let ours = point.held_by.as_deref() == Some(id);
                spent.extend(ours.then_some(point.expires_ms));
                !ours
            });
            spent.sort_unstable();
            sale.spent = spent;
        } else {
            self.let_go(id);
            sale.spent = self.take(sale.points);
        }
        self.sum("spent", sale.points);
        for name in sale.coupons.clone() {
            let usable = self.coupons.get(&name).is_some_and(|(expires_ms, by)| match by {
                Some(by) => by == id,
                None => *expires_ms > self.now_ms,
            });
            if usable {
                let (expires_ms, _) = self.coupons.remove(&name).expect("is there");
                sale.used_coupons.push((name, expires_ms));
            }
        }
        for name in &sale.uses {
            *self.counters.entry(name.clone()).or_insert(0) += 1;
        }
        self.first.get_or_insert(id.to_owned());
        sale.state = "Confirmed";
        self.sales.insert(id.to_owned(), sale);
        self.pending.push(Waiting::Sale(id.to_owned()));
        self.time();
        if missing.is_empty() { "done".to_owned() } else { format!("overrun {}", in_order(missing)) }
    }

    fn give_back(&mut self, id: &str, of: &str, words: &[&str]) -> String {
        let fact = words.contains(&"fact");
        let text = words[1..].join(" ");
        let (restores, takes_back) = (!self.has("no-restore"), !self.has("no-take-back"));
        let (coupons_back, now_ms) = (!self.has("no-coupons-back"), self.now_ms);
        let Some(mut sale) = self.sales.get(of).cloned() else { return refused(vec!["CheckoutUnknown"]) };
        if let Some(known) = sale.returns.get(id) {
            let known = fact || *known == text;
            return if known { "known Done".to_owned() } else { refused(vec!["ContentDiffers"]) };
        }
        match sale.state {
            "Reserved" => return refused(vec!["CheckoutUnknown"]),
            "Cancelled" => return refused(vec!["CheckoutCancelled"]),
            "Fenced" => return refused(vec!["CheckoutFenced"]),
            _ => {}
        }
        let left = sale.units - sale.back;
        let asked = match words.iter().find_map(|word| word.strip_prefix("L1=")) {
            Some(asked) => asked.parse::<i64>().expect("a quantity") / 1_000,
            None => left.max(1),
        };
        if asked > left && !fact {
            return refused(vec!["QuantityExceeded"]);
        }
        let units = asked.min(left);
        sale.back += units;
        let whole = sale.back == sale.units && units > 0;
        let restored = if !restores {
            0
        } else if whole {
            sale.points - sale.restored
        } else if sale.value == 0 {
            0
        } else {
            (sale.points * sale.back / sale.units - sale.restored).max(0)
        };
        self.time();
        let spent: Vec<i64> = sale.spent.iter().rev().copied().collect();
        for expires_ms in &spent[sale.restored as usize..(sale.restored + restored) as usize] {
            self.sum("restored", 1);
            if *expires_ms == 0 && self.debt > 0 {
                self.debt -= 1;
                continue;
            }
            let lapsed = *expires_ms <= self.now_ms;
            let anew = midnight_after(date(self.now_ms) + Span::new().days(30));
            let expires_ms = if lapsed { anew } else { *expires_ms };
            self.points.push(Point { expires_ms, release_ms: 0, held_by: None, earned_by: None });
        }
        sale.restored += restored;
        if whole && coupons_back {
            for (name, expires_ms) in sale.used_coupons.clone() {
                if expires_ms > now_ms {
                    self.coupons.entry(name).or_insert((expires_ms, None));
                }
            }
        }
        if whole && !sale.accrued && self.first.as_deref() == Some(of) {
            self.first = None;
        }
        let (total, taken_before) = (sale.units * sale.earns, sale.taken);
        let taken = if !takes_back {
            0
        } else if whole {
            total - taken_before
        } else {
            units * sale.earns
        };
        sale.taken += taken;
        let uncounted = if whole { sale.units * sale.paid - sale.uncounted } else { units * sale.paid };
        sale.uncounted += uncounted;
        sale.returns.insert(id.to_owned(), text);
        let counted = whole && sale.paid > 0;
        self.sales.insert(of.to_owned(), sale);
        let at_ms = self.now_ms;
        self.pending.push(Waiting::Return { sale: of.to_owned(), taken, uncounted, whole: counted, at_ms });
        self.time();
        if asked > left { "overrun QuantityExceeded".to_owned() } else { "done".to_owned() }
    }

    fn work(&mut self) {
        let ended: Vec<String> = self
            .sales
            .iter()
            .filter(|(_, sale)| sale.state == "Reserved" && sale.until_ms <= self.now_ms)
            .map(|(id, _)| id.clone())
            .collect();
        for id in ended {
            self.end(&id, "Cancelled");
        }
        for waiting in std::mem::take(&mut self.pending) {
            self.time();
            match waiting {
                Waiting::Sale(id) => self.accrue(&id),
                Waiting::Return { sale, taken, uncounted, whole, at_ms } => {
                    let delayed =
                        |point: &Point| point.release_ms > 0 && point.earned_by.as_ref() == Some(&sale);
                    let mut left = taken;
                    while left > 0
                        && let Some(place) = self.points.iter().position(delayed)
                    {
                        self.points.remove(place);
                        left -= 1;
                    }
                    self.take(left);
                    self.activity.push((month(date(at_ms)), -uncounted, -i64::from(whole)));
                }
            }
            self.time();
        }
        self.time();
        for _ in 0..9 {
            self.end_tier_period();
        }
    }

    fn accrue(&mut self, id: &str) {
        let sale = self.sales.get_mut(id).expect("is there");
        sale.accrued = true;
        let sale = sale.clone();
        let (points, earned_ms) = (sale.units * sale.earns, sale.business_ms);
        let expires_ms = self.expiry(earned_ms);
        let release_ms = self
            .rule("delay ")
            .map_or(0, |days| instant(&(date(earned_ms) + Span::new().days(days)).to_string()));
        if release_ms > self.now_ms && expires_ms > self.now_ms {
            self.sum("earned", points);
            for _ in 0..points {
                let earned_by = Some(id.to_owned());
                self.points.push(Point { expires_ms, release_ms, held_by: None, earned_by });
            }
        } else {
            self.credit("earned", points, expires_ms);
        }
        let paid = sale.units * sale.paid;
        self.activity.push((month(date(earned_ms)), paid, i64::from(paid > 0)));
        let today = date(self.now_ms);
        let target = self.qualified(today);
        if target > self.tier {
            self.set_tier(target, today);
        }
    }

    /// The highest tier by what was spent in the calendar year so far.
    fn qualified(&self, on: Date) -> usize {
        let months = month(Date::new(on.year(), 1, 1).expect("a day"))..=month(on);
        let spent: i64 =
            self.activity.iter().filter(|entry| months.contains(&entry.0)).map(|entry| entry.1).sum();
        self.tiers().iter().rposition(|tier| spent.max(0) >= tier.spend).unwrap_or(0)
    }

    fn set_tier(&mut self, place: usize, from: Date) {
        let tiers = self.tiers();
        let Some(tier) = tiers.get(place) else { return };
        self.tier_until = tier.valid.map(|months| midnight_after(from + Span::new().months(months)));
        if place > self.tier && tier.points > 0 {
            self.credit("earned", tier.points, self.expiry(self.now_ms));
        }
        self.tier = place;
    }

    fn end_tier_period(&mut self) {
        let tiers = self.tiers();
        let Some(until_ms) = self.tier_until else { return };
        let at_ms = until_ms + tiers[self.tier].grace * 86_400_000;
        if at_ms > self.now_ms {
            return;
        }
        let on = date(at_ms);
        let target = self.qualified(on);
        let place = match tiers[self.tier].end {
            "one-down" => target.max(self.tier - 1),
            "keep" => target.max(self.tier),
            _ => target,
        };
        self.set_tier(place, on);
    }

    pub(super) fn seen(&mut self) -> Vec<(&'static str, String)> {
        // Looking changes nothing: what has lapsed is not there, whether it is booked or not.
        let lapsed = |point: &&Point| {
            point.held_by.is_none() && point.release_ms == 0 && point.expires_ms <= self.now_ms
        };
        let unbooked = self.points.iter().filter(lapsed).count() as i64;
        let count = |which: &dyn Fn(&Point) -> bool| {
            self.points.iter().filter(|point| which(point)).count().to_string()
        };
        let sum = |name: &str| self.sums.get(name).copied().unwrap_or(0);
        let now = self.now_ms;
        let there = self.coupons.iter().filter(|(_, (expires_ms, held))| held.is_some() || *expires_ms > now);
        let counters = self.counters.iter().map(|(name, used)| format!("{name}:{used}"));
        let until = self.tier_until.map_or("never".to_owned(), |ms| {
            let text = Timestamp::from_millisecond(ms).expect("an instant").to_string();
            text[..16].replace('T', "_")
        });
        vec![
            ("points", self.free().len().to_string()),
            ("held", count(&|point| point.held_by.is_some())),
            ("delayed", count(&|point| point.release_ms > 0)),
            ("debt", self.debt.to_string()),
            ("coupons", there.map(|(name, _)| name.clone()).collect::<Vec<_>>().join(" ")),
            ("counters", counters.collect::<Vec<_>>().join(" ")),
            ("first", self.first.clone().unwrap_or_default()),
            ("tier", self.tiers().get(self.tier).map_or("", |tier| tier.id).to_owned()),
            ("until", until),
            ("spent", sum("spent").to_string()),
            ("earned", sum("earned").to_string()),
            ("restored", sum("restored").to_string()),
            ("expired", (sum("expired") + unbooked).to_string()),
            ("lifetime", self.activity.iter().map(|entry| entry.1).sum::<i64>().to_string()),
            ("purchases", self.activity.iter().map(|entry| entry.2).sum::<i64>().to_string()),
            ("pending", self.pending.len().to_string()),
            ("holds", self.sales.values().filter(|sale| sale.state == "Reserved").count().to_string()),
        ]
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
