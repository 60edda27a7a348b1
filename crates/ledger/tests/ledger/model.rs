//! Long random lives of a member beside a naive model. The model keeps points one by one and sales as their texts, and
//! shares no code with the ledger. A failure names its seed, the steps so far and the command that repeats it.

use std::collections::BTreeSet;

use crate::model::naive::Naive;
use crate::policy_words::policy_of;
use crate::script::{START, Script, instant};

mod naive;

const SEQUENCES: u64 = 250;
const STEPS: usize = 160;

/// Small, fast and repeatable (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn hit(&mut self, one_in: u64) -> bool {
        self.roll(one_in) == 0
    }
}

/// What a till or a person may ask, as a step of a script.
struct Asking {
    dice: Dice,
    now_ms: i64,
    sales: Vec<String>,
}

impl Asking {
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
    fn sale(&mut self) -> (usize, String) {
        let place = self.dice.roll(30) as usize;
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

    fn step(&mut self) -> String {
        match self.dice.roll(40) {
            0..=4 => {
                let days = if self.dice.hit(10) { 200 } else { self.dice.roll(20) as i64 };
                self.now_ms += days * 86_400_000 + self.dice.roll(80_000) as i64 * 1_000;
                self.now_ms -= self.now_ms % 60_000;
                format!("at {}", self.clock())
            }
            5..=10 => {
                let (place, text) = self.sale();
                format!("reserve S{place}{text}")
            }
            11..=18 => {
                let (place, text) = self.sale();
                format!("confirm S{place}{text}")
            }
            19..=20 => {
                let (place, text) = self.sale();
                format!("fact S{place}{text}")
            }
            21 => format!("cancel S{}", self.dice.roll(30)),
            22 => format!("end S{}", self.dice.roll(30)),
            23 if self.dice.hit(4) => format!("fence S{}", self.dice.roll(30)),
            23..=28 => {
                let what = if self.dice.hit(3) {
                    "all".to_owned()
                } else {
                    format!("L1={}000", self.dice.roll(3) + 1)
                };
                let fact = if self.dice.hit(6) { " fact" } else { "" };
                format!("return R{} of S{} {what}{fact}", self.dice.roll(4), self.dice.roll(30))
            }
            29..=30 => format!("adjust {} until {}", self.dice.roll(60) + 1, self.date(self.some_days())),
            31 => format!("adjust -{}", self.dice.roll(30) + 1),
            32 => format!("grant c{} until {}", self.dice.roll(3) + 1, self.date(self.some_days())),
            33 => format!("revoke c{}", self.dice.roll(3) + 1),
            34 => format!("receive {} until {}", self.dice.roll(20) + 1, self.date(self.some_days())),
            35 => format!("send {}", self.dice.roll(20) + 1),
            36 if self.dice.hit(4) => "block".to_owned(),
            36 => "unblock".to_owned(),
            _ => "work".to_owned(),
        }
    }

    fn some_days(&self) -> i64 {
        (self.now_ms / 60_000 % 5 + 1) * 9
    }
}

/// Lives one life, and notes what happened in it.
fn live(seed: u64, happened: &mut BTreeSet<String>) {
    let policies = [
        "",
        "expire 1",
        "expire 12, delay 5",
        "expire 2, delay 40, no-coupons-back",
        "expire 3, tier base, tier silver spend 500 in year valid 12 points 3, \
         tier gold spend 1500 in year valid 6 grace 5 end one-down points 9",
        "expire 3, delay 3, no-take-back, tier base, tier gold spend 600 in year valid 3 end keep",
        "no-restore, anew, expire 2",
    ];
    let policy = policies[(seed % policies.len() as u64) as usize];
    let mut asking = Asking { dice: Dice(seed), now_ms: instant(START), sales: vec![String::new(); 30] };
    let mut script = Script::new(policy_of(policy));
    let mut naive = Naive::new(policy);
    let mut steps = vec!["enrol".to_owned()];
    script.step("enrol");
    for _ in 0..STEPS {
        let step = asking.step();
        steps.push(step.clone());
        // The worker comes along most times when the clock moves.
        let comes = step.starts_with("at ") && !asking.dice.hit(4);
        let again = if comes || script.world.head.pending.len() > 20 { "work" } else { "" };
        for step in [step.as_str(), again].into_iter().filter(|step| !step.is_empty()) {
            let failed = |what: String| -> ! {
                panic!(
                    "{what}\n  at: {step}\n  policy: {policy}\n  steps: {}\n  again: \
                     LEDGER_SEED={seed} cargo test -p suanpan-ledger --test ledger model",
                    steps.join("; ")
                )
            };
            let (found, expected) = (script.step(step), naive.step(step));
            if found != expected {
                failed(format!("the ledger says {found:?}, the model {expected:?}"));
            }
            happened.extend(found.split(' ').map(str::to_owned));
            let (found, expected) = (seen(&script), naive.seen());
            let there = found.iter().filter(|(_, value)| !value.is_empty() && value != "0");
            happened.extend(
                there.map(|(name, value)| if *name == "tier" { value.clone() } else { (*name).to_owned() }),
            );
            if found != expected {
                failed(format!("the ledger has\n  {found:?}, the model\n  {expected:?}"));
            }
        }
    }
}

/// What both can be asked.
fn seen(script: &Script) -> Vec<(&'static str, String)> {
    let asked = [
        "points",
        "held",
        "delayed",
        "debt",
        "coupons",
        "counters",
        "first",
        "tier",
        "until",
        "spent",
        "earned",
        "restored",
        "expired",
        "lifetime",
        "purchases",
        "pending",
        "holds",
    ];
    let state = script.state();
    let now_ms = script.world.now_ms.max(script.world.head.as_of_ms);
    asked
        .into_iter()
        .map(|name| {
            let (_, value) = state.iter().find(|(known, _)| *known == name).expect("is known");
            let value = match name {
                // What lapsed and is not booked yet counts as lapsed.
                "expired" => {
                    let lapsed = script.world.head.lots.iter().filter(|lot| lot.expires_ms <= now_ms);
                    let unbooked: i64 = lapsed.map(|lot| lot.points - lot.held).sum();
                    (script.world.head.sums.expired + unbooked).to_string()
                }
                "coupons" => {
                    let there = script.world.head.coupons.iter().filter(|c| c.held || c.expires_ms > now_ms);
                    there.map(|coupon| format!("c{}", coupon.id.0[0])).collect::<Vec<_>>().join(" ")
                }
                _ if value == "none" => String::new(),
                _ => value.clone(),
            };
            (name, value)
        })
        .collect()
}

#[test]
fn random_lives_are_as_the_model_says() {
    let mut happened = BTreeSet::new();
    if let Ok(seed) = std::env::var("LEDGER_SEED") {
        return live(seed.parse().expect("LEDGER_SEED is a number"), &mut happened);
    }
    let sequences =
        std::env::var("LEDGER_SEQUENCES").map_or(SEQUENCES, |text| text.parse().expect("a number"));
    (0..sequences).for_each(|seed| live(seed, &mut happened));
    // A model that is never asked proves nothing.
    for what in [
        "done",
        "nothing",
        "Reserved",
        "Confirmed",
        "Cancelled",
        "Fenced",
        "Done",
        "overrun",
        "accrue-first",
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
        "OutOfRange",
        "HeadFull",
        "points",
        "held",
        "delayed",
        "debt",
        "coupons",
        "counters",
        "first",
        "base",
        "silver",
        "gold",
        "spent",
        "earned",
        "restored",
        "expired",
        "holds",
    ] {
        assert!(happened.contains(what), "{what} never happened");
    }
}
