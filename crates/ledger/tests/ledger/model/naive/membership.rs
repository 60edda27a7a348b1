//! The model of a member's beginning and end, of activities, and of what another member brings.

use std::collections::btree_map::Entry;

use super::*;

/// What goes to another member.
#[derive(Clone)]
pub(in super::super) enum Sent {
    /// Points, by when they lapse.
    Points(Vec<i64>),
    Reward(i64),
    Unreward(i64),
    /// All that a member had.
    Estate(Box<Naive>),
    /// Goods of a sale came back: points that come back, by their lots, and what is taken.
    Returned {
        restored: Vec<i64>,
        taken: i64,
        uncounted: i64,
        counted: bool,
        at_ms: i64,
    },
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Points(_) => "Points",
            Self::Reward(_) => "Reward",
            Self::Unreward(_) => "Unreward",
            Self::Estate(_) => "Estate",
            Self::Returned { .. } => "Returned",
        })
    }
}

impl Naive {
    pub(super) fn enrol(&mut self, words: &[&str]) -> String {
        let after = |name: &str| words.iter().position(|word| *word == name).map(|place| words[place + 1]);
        if self.closed.is_some() {
            return refused(vec!["MemberClosed"]);
        }
        if self.birthday_year > 0 {
            return refused(vec!["MemberExists"]);
        }
        self.referred = after("by").is_some();
        self.birthday = after("birthday")
            .and_then(|day| day.split_once('-'))
            .map(|(month, day)| (month.parse().expect("a month"), day.parse().expect("a day")));
        let today = date(self.now_ms);
        let passed = self.birthday.is_some_and(|day| day < (today.month(), today.day()));
        self.birthday_year = today.year() - i16::from(!passed);
        self.time();
        "done".to_owned()
    }

    /// Twice a day, and so many times in a life: 10 points.
    pub(super) fn activity(&mut self, activity: &str, on: &str) -> String {
        let most = self.rule("review ");
        let mut missing = Vec::new();
        if activity != "o5" || most.is_none() {
            missing.push("ActivityUnknown");
        }
        let count = |what: &str| self.activities.get(what).copied().unwrap_or(0);
        if missing.is_empty() && (count(on) >= 2 || count("ever") >= most.unwrap_or(0)) {
            missing.push("ActivityLimit");
        }
        if !missing.is_empty() {
            return refused(missing);
        }
        let on = on.to_owned();
        self.done(|naive| {
            for what in [on.clone(), "ever".to_owned()] {
                *naive.activities.entry(what).or_insert(0) += 1;
            }
            naive.owes = true;
            naive.credit("earned", 10, naive.expiry(instant(&on).min(naive.now_ms)));
        })
    }

    /// What a member that is gone answers; none where it answers as all others.
    pub(super) fn gone(&mut self, words: &[&str], number: i64, past: bool) -> Option<String> {
        let refuses = |more: &[&'static str]| {
            Some(refused(std::iter::once("MemberClosed").chain(more.iter().copied()).collect()))
        };
        match words[0] {
            "adjust" if number > 0 && past => refuses(&["OutOfRange"]),
            "grant" if past => refuses(&["OutOfRange"]),
            "revoke" => refuses(&["CouponUnknown"]),
            "activity" if words[1] != "o5" || self.rule("review ").is_none() => refuses(&["ActivityUnknown"]),
            "adjust" | "grant" | "activity" | "block" | "unblock" => refuses(&[]),
            "receive" | "reward" | "unreward" if self.closed == Some(true) => refuses(&[]),
            "receive" | "reward" => Some(self.done(|naive| {
                let kind = if words[0] == "receive" { "received" } else { "earned" };
                naive.sum(kind, number);
                naive.sum("expired", number);
            })),
            "unreward" => Some(self.done(|_| {})),
            _ => None,
        }
    }

    pub(super) fn membership(&mut self, words: &[&str]) -> String {
        let request = words.iter().position(|word| *word == "as").map(|place| words[place + 1].to_owned());
        match words[0] {
            "lock" => {
                let request = request.expect("a name");
                match self.locks.get(&request) {
                    Some(true) => return "known Cancelled".to_owned(),
                    Some(false) => return "known Done".to_owned(),
                    None => {}
                }
                let mut missing = Vec::new();
                missing.extend(self.closed.map(|_| "MemberClosed"));
                missing.extend(self.locked.then_some("MergeInProgress"));
                if !missing.is_empty() {
                    return refused(missing);
                }
                self.done(|naive| {
                    naive.locked = true;
                    naive.locks.insert(request, false);
                })
            }
            "unlock" => {
                let request = request.expect("a name");
                if self.locks.get(&request) == Some(&true) {
                    return "known Cancelled".to_owned();
                }
                if self.closed.is_some() {
                    return refused(vec!["MemberClosed"]);
                }
                self.done(|naive| {
                    if naive.locks.insert(request, true).is_some() {
                        naive.locked = false;
                    }
                })
            }
            _ => self.close(words[0] == "close-into"),
        }
    }

    fn close(&mut self, into: bool) -> String {
        let mut missing = Vec::new();
        missing.extend(self.closed.map(|_| "MemberClosed"));
        if self.sales.values().any(|sale| sale.state == "Reserved") && self.closed.is_none() {
            missing.push("HoldsOpen");
        }
        if !self.pending.is_empty() || self.owes || self.parked() > 0 {
            missing.push("EntriesPending");
        }
        missing.extend(self.locked.then_some("MergeInProgress"));
        if !missing.is_empty() {
            return self.refused("", missing);
        }
        self.time();
        let points = self.points.len() as i64;
        if into {
            self.sent.push(Sent::Estate(Box::new(self.clone())));
            self.sum("sent", points - self.debt);
            self.debt = 0;
            self.owes = true;
        } else {
            self.sum("expired", points);
            self.owes |= points > 0;
        }
        self.points.clear();
        self.coupons.clear();
        self.issued.clear();
        self.counters.clear();
        self.activities.clear();
        (self.tier, self.tier_until, self.birthday, self.referred) = (0, None, None, false);
        self.closed = Some(into);
        "done".to_owned()
    }

    /// What another member sent arrives.
    pub(in super::super) fn arrive(&mut self, sent: Sent) -> String {
        if self.closed == Some(true) {
            return refused(vec!["MemberClosed"]);
        }
        if self.closed.is_some() {
            return self.done(|naive| {
                let (kind, points) = match sent {
                    Sent::Points(lots) => ("received", lots.len() as i64),
                    Sent::Reward(points) => ("earned", points),
                    Sent::Unreward(_) | Sent::Estate(_) | Sent::Returned { .. } => return,
                };
                naive.sum(kind, points);
                naive.sum("expired", points);
            });
        }
        self.done(|naive| match sent {
            Sent::Points(lots) => {
                for expires_ms in lots {
                    let anew = naive.has("anew");
                    naive.credit("received", 1, if anew { naive.expiry(naive.now_ms) } else { expires_ms });
                }
            }
            Sent::Reward(points) => {
                naive.owes = true;
                naive.credit("earned", points, naive.expiry(naive.now_ms));
            }
            Sent::Unreward(points) => {
                naive.take(points);
                naive.sum("taken", points);
            }
            Sent::Estate(estate) => naive.inherit(*estate),
            Sent::Returned { restored, taken, uncounted, counted, at_ms } => {
                restored.into_iter().for_each(|expires_ms| naive.restore(expires_ms));
                naive.take(taken);
                naive.sum("taken", taken);
                naive.activity.push((month(date(at_ms)), -uncounted, -i64::from(counted)));
            }
        })
    }

    fn inherit(&mut self, estate: Naive) {
        self.locked = false;
        self.debt += estate.debt;
        self.sum("received", -estate.debt);
        let (mut spendable, delayed): (Vec<Point>, Vec<Point>) =
            estate.points.into_iter().partition(|point| point.release_ms == 0);
        // A debt is paid by the points that lapse first, and of a lot by those of which nobody was told.
        spendable.sort_by_key(|point| (point.expires_ms, point.told));
        for point in spendable {
            let there = self.points.len();
            self.credit("received", 1, point.expires_ms);
            if self.points.len() > there {
                self.points[there].told = point.told;
            }
        }
        for point in delayed {
            if point.release_ms > self.now_ms && point.expires_ms > self.now_ms {
                self.sum("received", 1);
                self.points.push(point);
            } else {
                self.credit("received", 1, point.expires_ms);
            }
        }
        for (name, (expires_ms, _)) in estate.coupons {
            if expires_ms > self.now_ms {
                match self.coupons.entry(name) {
                    Entry::Vacant(place) => drop(place.insert((expires_ms, None))),
                    Entry::Occupied(_) => self.issued.push(expires_ms),
                }
            }
        }
        self.issued.extend(estate.issued.into_iter().filter(|expires_ms| *expires_ms > self.now_ms));
        for (name, used) in estate.counters {
            *self.counters.entry(name).or_insert(0) += used;
        }
        for (what, count) in estate.activities {
            *self.activities.entry(what).or_insert(0) += count;
        }
        self.activity.extend(estate.activity);
        self.birthday = self.birthday.or(estate.birthday);
        self.birthday_year = self.birthday_year.max(estate.birthday_year);
        self.first = self.first.take().or(estate.first);
        if estate.tier > self.tier {
            (self.tier, self.tier_until) = (estate.tier, estate.tier_until);
            self.owes = true;
        } else if estate.tier == self.tier {
            self.tier_until = self.tier_until.zip(estate.tier_until).map(|(own, other)| own.max(other));
        }
    }
}
