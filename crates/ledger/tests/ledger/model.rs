//! Long random lives of two members beside a naive model. The model keeps points one by one and sales as their texts, and
//! shares no code with the ledger. A failure names its seed, the steps so far and the command that repeats it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use suanpan_ledger::command::Effect;
use suanpan_ledger::{Action, Emit, EntryKey, Head};

use crate::model::asking::Asking;
use crate::model::naive::{Naive, Sent};
use crate::policy_words::policy_of;
use crate::script::{START, Script, instant, member};
use crate::world::ACTIONS;

mod asking;
mod naive;

const SEQUENCES: u64 = 250;
const STEPS: usize = 200;

const POLICIES: [&str; 10] = [
    "review 40, referral 60",
    "expire 1, referral 30",
    "expire 12, delay 5",
    "expire 2, delay 40, no-coupons-back",
    "expire 3, tier base, tier silver spend 500 in year valid 12 points 3, \
     tier gold spend 1500 in year valid 6 grace 5 end one-down points 9",
    "expire 3, delay 3, no-take-back, tier base, tier gold spend 600 in year valid 3 end keep",
    "no-restore, anew, expire 2",
    "expire 2, remind 1, review 9, referral 30",
    "expire 4, remind 2, delay 20, birthday 7, review 30",
    "expire 3, remind 1, birthday 7, referral 5, tier base, tier gold spend 600 in year valid 3 end keep",
];
/// Lots and delayed points of two members that are never joined at a bound, which the model does not know.
const LOTS_TOGETHER: usize = 60;
const DELAYED_TOGETHER: usize = 28;
/// Nobody leaves before.
const YOUNG: usize = 90;

/// Two members beside their models.
struct Life<'a> {
    seed: u64,
    policy: &'static str,
    scripts: [Script; 2],
    models: [Naive; 2],
    /// What one sent the other and did not arrive yet: from whom, by ledger and model.
    sent: VecDeque<(usize, Effect, Sent)>,
    arrived: u64,
    steps: Vec<String>,
    happened: &'a mut BTreeSet<String>,
}

/// Whoever finds something wrong, the ledger itself too, a failure says how to repeat it.
impl Drop for Life<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "  policy: {}\n  steps: {}\n  again: LEDGER_SEED={} cargo test -p suanpan-ledger --test ledger model",
                self.policy,
                self.steps.join("; "),
                self.seed
            );
        }
    }
}

impl Life<'_> {
    /// A step of one member, by both. Says what came of it.
    fn step(&mut self, who: usize, step: &str) -> String {
        self.steps.push(format!("m{} {step}", who + 1));
        let (mut found, expected) = (self.scripts[who].step(step), self.models[who].step(step));
        // What a fact found missing stays with its row, whoever writes that again.
        let rewrites = ["accrue", "park", "unpark", "clear"].iter().any(|verb| step.starts_with(verb));
        if rewrites && found.starts_with("overrun") {
            "done".clone_into(&mut found);
        }
        self.compare(who, &found, &expected);
        // At once after the work, nothing but time makes anything due.
        if step == "work" {
            let world = &self.scripts[who].world;
            let found = suanpan_ledger::due_at(&world.policy, &world.head);
            let found = found.map_or("never".to_owned(), |ms| clock(ms).replace(' ', "_"));
            let expected = self.models[who].due();
            if found != expected {
                panic!("the ledger is due at {found}, the model at {expected}");
            }
        }
        found
    }

    fn compare(&mut self, who: usize, found: &str, expected: &str) {
        if found != expected {
            panic!("the ledger says {found:?}, the model {expected:?}");
        }
        self.happened.extend(found.split(' ').map(str::to_owned));
        let (found, expected) = (seen(&self.scripts[who]), self.models[who].seen());
        if found != expected {
            panic!("the ledger has\n  {found:?}, the model\n  {expected:?}");
        }
        let there =
            found.into_iter().filter(|(_, value)| !["", "0", "{}", "false"].contains(&value.as_str()));
        self.happened.extend(there.map(|(name, value)| if name == "tier" { value } else { name.to_owned() }));
        let (effects, sent) = (&mut self.scripts[who].world.sent, &mut self.models[who].sent);
        assert_eq!(effects.len(), sent.len(), "the ledger sends {effects:?}, the model {sent:?}");
        self.sent.extend(effects.drain(..).zip(sent.drain(..)).map(|(effect, sent)| (who, effect, sent)));
    }

    /// What was sent first arrives, sometimes twice, at whoever took the member over when it is gone.
    fn deliver(&mut self, twice: bool) {
        let Some((from, effect, sent)) = self.sent.pop_front() else { return };
        self.arrived += 1;
        let source = member(&format!("m{}", from + 1));
        let id = EntryKey::effect_of(&source, &EntryKey::Time(self.arrived), 0);
        for to in [1 - from, from] {
            let what = format!("{sent:?}");
            self.steps.push(format!("{what} arrives at m{}", to + 1));
            let action = Action::Effect { id, source: source.clone(), effect: effect.clone() };
            let applied = self.scripts[to].world.run(action.clone());
            let found = self.scripts[to].outcome(applied);
            let expected = self.models[to].arrive(sent.clone());
            self.happened.insert(what);
            self.compare(to, &found, &expected);
            if twice && found == "done" {
                let again = self.scripts[to].world.run(action.clone());
                let again = self.scripts[to].outcome(again);
                self.compare(to, &again, "known Done");
            }
            if found != "refused MemberClosed" {
                return;
            }
        }
    }

    /// One member is merged into the other, as the protocol has it: a lock, then the end of the source, or the lock is
    /// given up.
    fn merge(&mut self, survivor: usize, request: u8) {
        let source = 1 - survivor;
        let of = |of: fn(&Head) -> usize| self.scripts.iter().map(|s| of(&s.world.head)).sum::<usize>();
        let fits = of(|head| head.lots.len()) <= LOTS_TOGETHER && of(|h| h.delayed.len()) <= DELAYED_TOGETHER;
        if !fits || self.step(survivor, &format!("lock m{} as {request}", source + 1)) != "done" {
            return;
        }
        if self.step(source, &format!("close-into m{} as {request}", survivor + 1)) != "done" {
            self.step(survivor, &format!("unlock as {request}"));
        }
    }
}

/// Lives one life, and notes what happened in it.
fn live(seed: u64, happened: &mut BTreeSet<String>) {
    let policy = POLICIES[(seed % POLICIES.len() as u64) as usize];
    let mut asking = Asking::new(seed, instant(START));
    let mut life = Life {
        seed,
        policy,
        scripts: [(); 2].map(|()| Script::new(policy_of(policy))),
        models: [(); 2].map(|()| Naive::new(policy)),
        sent: VecDeque::new(),
        arrived: 0,
        steps: Vec::new(),
        happened,
    };
    life.step(0, "enrol birthday 02-11 by m2");
    life.step(1, "enrol");
    for number in 0..STEPS {
        let who = usize::from(asking.dice.hit(4));
        let old = number >= YOUNG;
        match asking.dice.roll(60) {
            0..=3 => life.deliver(asking.dice.hit(2)),
            4 if old => {
                let ready = !asking.dice.hit(3);
                (0..2).filter(|_| ready).for_each(|who| drop(life.step(who, "work")));
                life.merge(who, asking.request());
            }
            5 if old && asking.dice.hit(3) => drop(life.step(who, "close")),
            6 => {
                // A lock that is given up, perhaps before it came.
                let request = asking.request();
                let mut steps = [format!("lock m9 as {request}"), format!("unlock as {request}")];
                if asking.dice.hit(2) {
                    steps.reverse();
                }
                steps.iter().for_each(|step| drop(life.step(who, step)));
                life.step(who, &steps[0]);
            }
            7 if old => drop(life.step(who, &format!("close-into m{}", 2 - who))),
            _ => {
                let step = asking.step(who);
                if step.starts_with("at ") {
                    life.step(0, &step);
                    life.step(1, &step);
                    // The worker comes along most times when the clock moves.
                    (0..2).filter(|_| !asking.dice.hit(3)).for_each(|who| drop(life.step(who, "work")));
                } else if step != "tick" || !life.models[who].holds_lapsed() {
                    life.step(who, &step);
                }
            }
        }
        for who in 0..2 {
            life.happened.extend(life.scripts[who].world.asked.iter().map(|asked| (*asked).to_owned()));
            let head = &life.scripts[who].world.head;
            if head.pending.len() > 20 || head.emitting.len() > 10 {
                life.step(who, "work");
            }
        }
    }
}

fn clock(ms: i64) -> String {
    let text = jiff::Timestamp::from_millisecond(ms).expect("an instant").to_string();
    text[..16].replace('T', " ")
}

/// What both can be asked.
fn seen(script: &Script) -> Vec<(&'static str, String)> {
    let asked = [
        "points",
        "held",
        "delayed",
        "debt",
        "coupons",
        "issued",
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
        "parked",
        "adjusted",
        "received",
        "sent",
        "taken",
        "owes",
        "reminded",
        "holds",
    ];
    let state = script.state();
    let head = &script.world.head;
    let now_ms = script.world.now_ms.max(head.as_of_ms);
    let known = |coupon: &&suanpan_ledger::head::Coupon| coupon.id.0 == [coupon.id.0[0]; 16];
    let there = || head.coupons.iter().filter(|coupon| coupon.held || coupon.expires_ms > now_ms);
    asked
        .into_iter()
        .map(|name| {
            let value = match name {
                // What lapsed and is not booked yet counts as lapsed.
                "expired" => {
                    let lapsed = head.lots.iter().filter(|lot| lot.expires_ms <= now_ms);
                    let unbooked: i64 = lapsed.map(|lot| lot.points - lot.held).sum();
                    (head.sums.expired + unbooked).to_string()
                }
                "coupons" => {
                    let named = there().filter(known).map(|coupon| format!("c{}", coupon.id.0[0]));
                    named.collect::<Vec<_>>().join(" ")
                }
                "issued" => there().filter(|coupon| !known(coupon)).count().to_string(),
                "adjusted" => head.sums.adjusted.to_string(),
                "received" => head.sums.transferred_in.to_string(),
                "sent" => head.sums.transferred_out.to_string(),
                "taken" => head.sums.taken_back.to_string(),
                "owes" => (!head.emitting.is_empty()).to_string(),
                "reminded" => format!("{:?}", reminded(script)),
                _ => {
                    let (_, value) = state.iter().find(|(known, _)| *known == name).expect("is known");
                    if value == "none" { String::new() } else { value.clone() }
                }
            };
            (name, value)
        })
        .collect()
}

/// What the member was told of points that lapse, by expiry.
fn reminded(script: &Script) -> BTreeMap<i64, i64> {
    let mut reminded = BTreeMap::new();
    for emit in script.world.rows.values().flat_map(|row| &row.emits) {
        if let Emit::PointsExpiring { points, expires_ms } = emit {
            *reminded.entry(*expires_ms).or_insert(0) += points;
        }
    }
    reminded
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
    let outcomes = [
        "done",
        "nothing",
        "MemberExists",
        "Reserved",
        "Confirmed",
        "Cancelled",
        "Fenced",
        "Done",
        "overrun",
        "accrue-first",
        "MemberBlocked",
        "MemberClosed",
        "Parked",
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
        "issued",
        "parked",
        "reminded",
        "Points",
        "Reward",
        "Unreward",
        "Estate",
        "Returned",
    ];
    // Which rows only tell something, or cannot be read, the model does not know: `bounds.rs` and `life.rs` have them.
    let actions = ACTIONS.into_iter().filter(|action| !["ClearTold", "ParkUnread"].contains(action));
    for what in outcomes.into_iter().chain(actions) {
        assert!(happened.contains(what), "{what} never happened");
    }
}
