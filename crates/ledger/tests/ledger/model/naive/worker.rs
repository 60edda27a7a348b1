//! The model of the worker, and of tiers.

use super::*;

impl Naive {
    pub(super) fn work(&mut self) {
        let ended: Vec<String> = self
            .sales
            .iter()
            .filter(|(_, sale)| sale.state == "Reserved" && sale.until_ms <= self.now_ms)
            .map(|(id, _)| id.clone())
            .collect();
        for id in ended {
            self.end(&id, "Cancelled");
        }
        while !self.pending.is_empty() {
            self.accrue_next();
        }
        self.time();
        for _ in 0..9 {
            self.tick();
        }
        self.owes = false;
    }

    /// Accrues what has waited longest.
    fn accrue_next(&mut self) {
        let Waiting { sale: id, back, .. } = self.pending.remove(0);
        self.time();
        match back {
            None => self.accrue(&id),
            Some(back) => self.accrue_return(&id, &back),
        }
        self.time();
    }

    fn accrue_return(&mut self, id: &str, back: &str) {
        let sale = self.sales.get_mut(id).expect("is there");
        let given = sale.returns.get_mut(back).expect("is there");
        if sale.state == "Parked" {
            given.parked = true;
            self.owes = true;
            return;
        }
        given.accrued = true;
        let (given, paid, sold_ms) = (given.clone(), sale.referral, sale.business_ms);
        self.owes = true;
        let delayed = |point: &Point| point.release_ms > 0 && point.earned_by.as_deref() == Some(id);
        let mut left = given.taken;
        while left > 0
            && let Some(place) = self.points.iter().position(delayed)
        {
            self.points.remove(place);
            left -= 1;
        }
        self.take(left);
        self.sum("taken", given.taken);
        self.activity.push((month(date(given.at_ms)), -given.uncounted, -i64::from(given.counted)));
        let days = self.rule("referral ").unwrap_or(-1);
        if let Some(friend) = paid.filter(|_| given.whole && given.at_ms - sold_ms <= days * 86_400_000) {
            self.take(friend);
            self.sum("taken", friend);
            self.sent.push(Sent::Unreward(50));
        }
    }

    /// `accrue S1`, or `accrue R1 of S1`: the next one, and no other.
    pub(super) fn accrue_one(&mut self, words: &[&str]) -> String {
        let Some((state, accrued)) = self.entry(words) else { return refused(vec!["CheckoutUnknown"]) };
        if accrued {
            return format!("known {state}");
        }
        let (sale, back) = named(words);
        let next = self.pending.first().is_some_and(|next| next.sale == sale && next.back == back);
        if !next {
            return "nothing".to_owned();
        }
        self.accrue_next();
        "done".to_owned()
    }

    /// State of an entry, and whether it was accrued, or never will be.
    fn entry(&self, words: &[&str]) -> Option<(&'static str, bool)> {
        let (sale, back) = named(words);
        let sale = self.sales.get(&sale)?;
        match back {
            None => Some((sale.state, sale.accrued || matches!(sale.state, "Cancelled" | "Fenced"))),
            Some(back) => {
                let back = sale.returns.get(&back)?;
                Some((if back.parked { "Parked" } else { "Done" }, back.accrued))
            }
        }
    }

    pub(super) fn park(&mut self, words: &[&str]) -> String {
        let Some((state, _)) = self.entry(words) else { return refused(vec!["CheckoutUnknown"]) };
        if state == "Parked" {
            return "known Parked".to_owned();
        }
        let (sale, back) = named(words);
        let waits = |waiting: &Waiting| waiting.sale == sale && waiting.back == back;
        let Some(place) = self.pending.iter().position(waits) else { return "nothing".to_owned() };
        self.done(|naive| {
            naive.pending.remove(place);
            naive.owes = true;
            let sale = naive.sales.get_mut(&sale).expect("is there");
            match back {
                None => sale.state = "Parked",
                Some(back) => sale.returns.get_mut(&back).expect("is there").parked = true,
            }
        })
    }

    pub(super) fn unpark(&mut self, words: &[&str]) -> String {
        let Some((state, _)) = self.entry(words) else { return refused(vec!["CheckoutUnknown"]) };
        if state != "Parked" {
            return "nothing".to_owned();
        }
        let (id, back) = named(words);
        if back.is_some() && self.sales[&id].state == "Parked" {
            return refused(vec!["EntriesPending"]);
        }
        self.done(|naive| {
            let sale = naive.sales.get_mut(&id).expect("is there");
            let written = match &back {
                None => {
                    sale.state = "Confirmed";
                    sale.written
                }
                Some(back) => {
                    let back = sale.returns.get_mut(back).expect("is there");
                    back.parked = false;
                    back.written
                }
            };
            let later = |waiting: &Waiting| waiting.written > written;
            let place = naive.pending.iter().position(later).unwrap_or(naive.pending.len());
            naive.pending.insert(place, Waiting { written, sale: id, back });
        })
    }

    /// How many entries are parked.
    pub(super) fn parked(&self) -> usize {
        let of = |sale: &Sale| {
            usize::from(sale.state == "Parked") + sale.returns.values().filter(|back| back.parked).count()
        };
        self.sales.values().map(of).sum()
    }

    pub(super) fn accrue(&mut self, id: &str) {
        let sale = self.sales.get_mut(id).expect("is there");
        sale.accrued = true;
        let sale = sale.clone();
        self.owes = true;
        let (points, earned_ms) = (sale.units * sale.earns, sale.business_ms);
        let expires_ms = self.expiry(earned_ms);
        let release_ms = self
            .rule("delay ")
            .map_or(0, |days| instant(&(date(earned_ms) + Span::new().days(days)).to_string()));
        if release_ms > self.now_ms && expires_ms > self.now_ms {
            self.sum("earned", points);
            for _ in 0..points {
                let earned_by = Some(id.to_owned());
                self.points.push(Point { expires_ms, release_ms, held_by: None, earned_by, told: false });
            }
        } else {
            self.credit("earned", points, expires_ms);
        }
        if self.first.as_deref() == Some(id)
            && std::mem::take(&mut self.referred)
            && self.policy.contains("referral")
        {
            self.credit("earned", 20, self.expiry(self.now_ms));
            self.sales.get_mut(id).expect("is there").referral = Some(20);
            self.sent.push(Sent::Reward(50));
        }
        if sale.brings {
            self.issued.push(NEVER);
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
    pub(super) fn qualified(&self, on: Date) -> usize {
        let months = month(Date::new(on.year(), 1, 1).expect("a day"))..=month(on);
        let spent: i64 =
            self.activity.iter().filter(|entry| months.contains(&entry.0)).map(|entry| entry.1).sum();
        self.tiers().iter().rposition(|tier| spent.max(0) >= tier.spend).unwrap_or(0)
    }

    pub(super) fn set_tier(&mut self, place: usize, from: Date) {
        let tiers = self.tiers();
        let Some(tier) = tiers.get(place) else { return };
        self.owes |= place != self.tier;
        self.tier_until = tier.valid.map(|months| midnight_after(from + Span::new().months(months)));
        if place > self.tier && tier.points > 0 {
            self.credit("earned", tier.points, self.expiry(self.now_ms));
        }
        self.tier = place;
    }

    pub(super) fn end_tier_period(&mut self) {
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
}

/// `park S1`, or `park R1 of S1`.
fn named(words: &[&str]) -> (String, Option<String>) {
    match words {
        [_, back, "of", sale] => ((*sale).to_owned(), Some((*back).to_owned())),
        _ => (words[1].to_owned(), None),
    }
}
