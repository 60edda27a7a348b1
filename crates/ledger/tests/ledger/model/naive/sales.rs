//! The model of sales and returns.

use super::*;

impl Naive {
    pub(super) fn sale_of(&self, words: &[&str]) -> Sale {
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
            brings: words.contains(&"brings"),
            written: self.steps,
            referral: None,
            returns: BTreeMap::new(),
        }
    }

    /// Refused, unless a reservation of another sale, whose time is over, may hold what is missing.
    pub(super) fn refused(&self, id: &str, missing: Vec<&'static str>) -> String {
        let may_be_held =
            ["PointsShort", "CouponHeld", "MemberLimit", "NotFirstPurchase", "HoldsOpen", "HeadFull"];
        let ended = |sale: &Sale| sale.state == "Reserved" && sale.until_ms <= self.now_ms;
        let others = self.sales.iter().any(|(other, sale)| other != id && ended(sale));
        if others && missing.iter().any(|reason| may_be_held.contains(reason)) {
            return "accrue-first".to_owned();
        }
        refused(missing)
    }

    /// What keeps the member from spending.
    fn barred(&self) -> Option<&'static str> {
        if self.closed.is_some() { Some("MemberClosed") } else { self.blocked.then_some("MemberBlocked") }
    }

    pub(super) fn missing(&self, id: &str, sale: &Sale) -> Vec<&'static str> {
        let mut missing = Vec::new();
        missing.extend(self.barred());
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
            if self.counters.get(name).unwrap_or(&0) + held + 1 > 2 || self.closed.is_some() {
                missing.push("MemberLimit");
            }
        }
        let taken = self.first.is_some() || others().any(|(_, sale)| sale.first);
        if sale.first && (taken || self.closed.is_some()) {
            missing.push("NotFirstPurchase");
        }
        missing
    }

    pub(super) fn reserve(&mut self, id: &str, words: &[&str]) -> String {
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

    pub(super) fn let_go(&mut self, id: &str) {
        for point in self.points.iter_mut().filter(|point| point.held_by.as_deref() == Some(id)) {
            point.held_by = None;
        }
        for (_, held) in self.coupons.values_mut().filter(|(_, held)| held.as_deref() == Some(id)) {
            *held = None;
        }
    }

    pub(super) fn end(&mut self, id: &str, state: &'static str) -> String {
        self.done(|naive| {
            naive.let_go(id);
            let words = ["", "", "line", "1x0+0+0"];
            let blank = naive.sale_of(&words);
            naive.sales.entry(id.to_owned()).or_insert(blank).state = state;
        })
    }

    pub(super) fn confirm(&mut self, id: &str, words: &[&str], fact: bool) -> String {
        let mut sale = self.sale_of(words);
        let mut missing = Vec::new();
        let mut held = false;
        match self.sales.get(id).map(|known| (known.state, known.text == sale.text)) {
            Some((state @ ("Confirmed" | "Parked"), same)) => {
                let known = fact || same;
                return if known { format!("known {state}") } else { refused(vec!["ContentDiffers"]) };
            }
            Some(("Reserved", true)) => held = true,
            Some(("Reserved", false)) if !fact => missing.push("ReservationDiffers"),
            Some(("Cancelled", _)) => missing.push("CheckoutCancelled"),
            Some(("Fenced", _)) => missing.push("CheckoutFenced"),
            _ => {}
        }
        if held {
            missing.extend(self.barred());
        } else {
            missing.extend(self.missing(id, &sale));
        }
        let refused = self.refused(id, missing.clone());
        if !missing.is_empty() && (!fact || refused == "accrue-first") {
            return refused;
        }
        self.time();
        sale.written = self.sales.get(id).map_or(self.steps, |known| known.written);
        sale.state = "Confirmed";
        if self.closed.is_some() {
            sale.accrued = true;
            self.sales.insert(id.to_owned(), sale);
            return format!("overrun {}", in_order(missing));
        }
        if held {
            let mut spent: Vec<i64> = Vec::new();
            while let Some(place) = self.points.iter().position(|point| point.held_by.as_deref() == Some(id))
            {
                spent.push(self.remove_point(place));
            }
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
        self.sales.insert(id.to_owned(), sale);
        self.pending.push(Waiting { written: self.steps, sale: id.to_owned(), back: None });
        self.time();
        if missing.is_empty() { "done".to_owned() } else { format!("overrun {}", in_order(missing)) }
    }

    pub(super) fn give_back(&mut self, id: &str, of: &str, words: &[&str]) -> String {
        let fact = words.contains(&"fact");
        let text = words[1..].join(" ");
        let left_behind = self.closed == Some(false);
        let restores = !self.has("no-restore") && !left_behind;
        let takes_back = !self.has("no-take-back") && !left_behind;
        let (coupons_back, now_ms) = (!self.has("no-coupons-back"), self.now_ms);
        let Some(mut sale) = self.sales.get(of).cloned() else { return refused(vec!["CheckoutUnknown"]) };
        if let Some(known) = sale.returns.get(id) {
            let state = if known.parked { "Parked" } else { "Done" };
            let known = fact || known.text == text;
            return if known { format!("known {state}") } else { refused(vec!["ContentDiffers"]) };
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
        let points_spent = sale.spent.len() as i64;
        let restored = if !restores {
            0
        } else if whole {
            points_spent - sale.restored
        } else if sale.value == 0 {
            0
        } else {
            (points_spent * sale.back / sale.units - sale.restored).max(0)
        };
        self.time();
        let spent: Vec<i64> = sale.spent.iter().rev().copied().collect();
        let pieces = spent[sale.restored as usize..(sale.restored + restored) as usize].to_vec();
        if self.closed.is_none() {
            pieces.iter().for_each(|expires_ms| self.restore(*expires_ms));
        }
        sale.restored += restored;
        if whole && coupons_back && self.closed.is_none() {
            for (name, expires_ms) in sale.used_coupons.clone() {
                if expires_ms > now_ms {
                    self.coupons.entry(name).or_insert((expires_ms, None));
                }
            }
        }
        if whole && !sale.accrued && self.closed.is_none() && self.first.as_deref() == Some(of) {
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
        let counted = whole && sale.paid > 0;
        let (at_ms, written) = (self.now_ms, self.steps);
        let parked = sale.state == "Parked" && self.closed.is_none();
        self.owes |= parked;
        let accrued = self.closed.is_some();
        let given = GivenBack { text, parked, accrued, written, taken, uncounted, counted, whole, at_ms };
        sale.returns.insert(id.to_owned(), given);
        self.sales.insert(of.to_owned(), sale);
        match self.closed {
            None if !parked => {
                self.pending.push(Waiting { written, sale: of.to_owned(), back: Some(id.to_owned()) });
            }
            Some(true) => {
                self.owes = true;
                self.sent.push(Sent::Returned { restored: pieces, taken, uncounted, counted, at_ms });
            }
            _ => {}
        }
        self.time();
        if asked > left { "overrun QuantityExceeded".to_owned() } else { "done".to_owned() }
    }

    /// A spent point comes back to its lot, or to a new one.
    pub(super) fn restore(&mut self, expires_ms: i64) {
        self.sum("restored", 1);
        if expires_ms == 0 && self.debt > 0 {
            self.debt -= 1;
            return;
        }
        let lapsed = expires_ms <= self.now_ms;
        let anew = midnight_after(date(self.now_ms) + Span::new().days(30));
        self.push_point(if lapsed { anew } else { expires_ms });
    }
}
