//! What tills, people and time may ask of a member, at random.

use crate::script::instant;

/// Small, fast and repeatable (splitmix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    pub(super) fn hit(&mut self, one_in: u64) -> bool {
        self.roll(one_in) == 0
    }
}

/// What a till or a person may ask, as a step of a script.
pub(super) struct Asking {
    pub(super) dice: Dice,
    pub(super) now_ms: i64,
    /// Texts of the sales, those of the first member before those of the second.
    pub(super) sales: Vec<String>,
    /// The sale that was asked for last, by member.
    last: [Option<u64>; 2],
    /// Entries that were to be parked, by member.
    parked: [Vec<String>; 2],
    /// Requests that are named, so that they can come again.
    requests: u8,
}

/// Sales of one member.
const SALES: u64 = 30;

impl Asking {
    pub(super) fn new(seed: u64, now_ms: i64) -> Self {
        Self {
            dice: Dice(seed),
            now_ms,
            sales: vec![String::new(); 2 * SALES as usize],
            last: [None; 2],
            parked: [Vec::new(), Vec::new()],
            requests: 0,
        }
    }

    /// The next name of a request.
    pub(super) fn request(&mut self) -> u8 {
        self.requests += 1;
        self.requests
    }

    fn place(&mut self, who: usize) -> u64 {
        self.dice.roll(SALES) + SALES * who as u64
    }

    fn date(&self, days: i64) -> String {
        let ms = instant(&self.clock()[..10]) + days * 86_400_000;
        let text = jiff::Timestamp::from_millisecond(ms).expect("an instant").to_string();
        text[..10].to_owned()
    }

    fn clock(&self) -> String {
        let text = jiff::Timestamp::from_millisecond(self.now_ms).expect("an instant").to_string();
        text[..16].replace('T', " ")
    }

    /// A sale's text: a new one, mostly the one that the id had before.
    fn sale(&mut self, who: usize) -> (usize, String) {
        let place = self.place(who) as usize;
        self.last[who] = Some(place as u64);
        if !self.sales[place].is_empty() && !self.dice.hit(12) {
            return (place, self.sales[place].clone());
        }
        let dice = &mut self.dice;
        let (units, paid) = (dice.roll(4) + 1, dice.roll(400));
        let mut text = format!(" line {units}x{paid}+{}+{}", dice.roll(4), dice.roll(9));
        if dice.hit(2) {
            text += &format!(" points {}", dice.roll(30));
        }
        if dice.hit(3) {
            text += &format!(" coupon c{}", dice.roll(3) + 1);
        }
        if dice.hit(3) {
            text += &format!(" use o{}/2", dice.roll(2) + 1);
        }
        if dice.hit(8) {
            text += " first";
        }
        if dice.hit(12) {
            text += " brings o3";
        }
        let (back, ahead) = (dice.roll(9), dice.roll(25) as i64);
        if back == 0 {
            text += &format!(" on {}", self.date(-40));
        }
        text += &format!(" until {}", self.date(ahead));
        if self.sales[place].is_empty() {
            self.sales[place].clone_from(&text);
        }
        (place, text)
    }

    /// A step of one of the two members.
    pub(super) fn step(&mut self, who: usize) -> String {
        match self.dice.roll(50) {
            0..=4 => {
                let days = if self.dice.hit(10) { 200 } else { self.dice.roll(20) as i64 };
                self.now_ms += days * 86_400_000 + self.dice.roll(80_000) as i64 * 1_000;
                self.now_ms -= self.now_ms % 60_000;
                format!("at {}", self.clock())
            }
            5..=10 => {
                let (place, text) = self.sale(who);
                format!("reserve S{place}{text}")
            }
            11..=18 => {
                let (place, text) = self.sale(who);
                format!("confirm S{place}{text}")
            }
            19..=20 => {
                let (place, text) = self.sale(who);
                format!("fact S{place}{text}")
            }
            21 => format!("cancel S{}", self.place(who)),
            22 => format!("end S{}", self.place(who)),
            23 if self.dice.hit(4) => format!("fence S{}", self.place(who)),
            23..=28 => {
                let what = if self.dice.hit(3) {
                    "all".to_owned()
                } else {
                    format!("L1={}000", self.dice.roll(3) + 1)
                };
                let fact = if self.dice.hit(6) { " fact" } else { "" };
                let back = self.dice.roll(4);
                // Mostly of what was sold last.
                let last = self.last[who].filter(|_| self.dice.hit(2));
                let place = last.unwrap_or_else(|| self.place(who));
                format!("return R{back} of S{place} {what}{fact}")
            }
            29..=30 => format!("adjust {} until {}", self.dice.roll(60) + 1, self.date(self.some_days())),
            31 => format!("adjust -{}", self.dice.roll(30) + 1),
            32 => format!("grant c{} until {}", self.dice.roll(3) + 1, self.date(self.some_days())),
            33 => format!("revoke c{}", self.dice.roll(3) + 1),
            34 => format!("receive {} until {}", self.dice.roll(20) + 1, self.date(self.some_days())),
            35 => format!("send {}", self.dice.roll(20) + 1),
            36 if self.dice.hit(4) => "block".to_owned(),
            36 if self.dice.hit(4) => "enrol".to_owned(),
            36 => "unblock".to_owned(),
            37 => format!("reward {}", self.dice.roll(9) + 1),
            38 => format!("unreward {}", self.dice.roll(9) + 1),
            39..=41 => {
                let activity = if self.dice.hit(9) { "o6" } else { "o5" };
                let on = if self.dice.hit(3) { self.date(-3) } else { self.date(0) };
                format!("activity {activity} on {on}")
            }
            42..=43 => {
                let entry = self.entry(who);
                self.parked[who].push(entry.clone());
                format!("park {entry}")
            }
            44..=45 => {
                // Mostly what was to be parked of late.
                let known = &self.parked[who];
                let late =
                    known.len().checked_sub(1 + self.dice.roll(3) as usize).map(|at| known[at].clone());
                format!("unpark {}", late.unwrap_or_else(|| self.entry(who)))
            }
            46 => format!("accrue {}", self.entry(who)),
            47 if self.dice.hit(2) => "tick".to_owned(),
            47 => "clear".to_owned(),
            _ => "work".to_owned(),
        }
    }

    /// A sale, or a return of one.
    fn entry(&mut self, who: usize) -> String {
        let back = if self.dice.hit(3) { format!("R{} of ", self.dice.roll(4)) } else { String::new() };
        let last = self.last[who].filter(|_| self.dice.hit(2));
        format!("{back}S{}", last.unwrap_or_else(|| self.place(who)))
    }

    fn some_days(&self) -> i64 {
        (self.now_ms / 60_000 % 5 + 1) * 9
    }
}
