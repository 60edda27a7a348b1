//! Random quotes of the engine as sales and as tokens: nothing is lost, nothing is made up.

use std::sync::Arc;

use suanpan_checkout::token::{self, Promise};
use suanpan_checkout::{House, Paid, Priced, SaleError, policy, sale};
use suanpan_domain::{Quote, ReturnId};
use suanpan_engine::{Compiled, Scratch, compile};
use suanpan_ledger::command::{Wanted, WantedLine};
use suanpan_ledger::head::NEVER_MS;
use suanpan_ledger::sale::{Returned, SaleLine, Tender};
use suanpan_ledger::{Action, Actor, Applied, Command, Head, Policy, Sale, apply};
use suanpan_testkit::generate::{Scenario, Size};

/// Pairs of program and basket, from this seed on; `SUANPAN_SEED` starts elsewhere.
const PAIRS: u64 = 1_500;

fn seeds() -> impl Iterator<Item = u64> {
    let first = std::env::var("SUANPAN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    first..first + PAIRS
}

fn quoted(compiled: &Compiled, scenario: &Scenario) -> Quote {
    let mut quote = Quote::default();
    let (member, usage) = (scenario.member.as_ref(), scenario.usage.as_ref());
    compiled.quote(&scenario.basket, member, usage, &mut Scratch::new(), &mut quote);
    quote
}

fn sold(
    compiled: &Compiled,
    scenario: &Scenario,
    quote: &Quote,
    tenders: Vec<Tender>,
    paid: Paid,
) -> Result<Sale, SaleError> {
    let Scenario { basket, member, .. } = scenario;
    let priced = Priced { program: compiled.program(), basket, member: member.as_ref(), quote };
    sale(&priced, tenders, paid, &|code| {
        let mut hash = [0; 16];
        hash.iter_mut().zip(code.bytes()).for_each(|(to, from)| *to = from);
        hash
    })
}

/// Sums of a line's runs: units, paid, tax, points' value, points earned.
fn sums(line: &SaleLine) -> [i64; 5] {
    line.runs.iter().fold([0; 5], |sums, run| {
        let of = [1, run.paid_minor, run.tax_minor, run.points_value_minor, run.points_earned];
        std::array::from_fn(|place| sums[place] + of[place] * run.units)
    })
}

#[test]
fn units_add_up_to_lines_and_lines_to_what_is_due() {
    for seed in seeds() {
        let scenario = Scenario::of_seed(seed, Size::SMALL);
        let compiled = compile(&scenario.program).expect("generated programs compile");
        let quote = quoted(&compiled, &scenario);
        let sale = sold(&compiled, &scenario, &quote, Vec::new(), Paid::AsQuoted)
            .unwrap_or_else(|error| panic!("SUANPAN_SEED={seed}: {error}"));
        let total: i64 = sale.lines.iter().map(|line| line.paid_minor).sum();
        assert_eq!(total, quote.totals.due.minor(), "SUANPAN_SEED={seed}");
        for (line, asked) in sale.lines.iter().zip(&scenario.basket.lines) {
            if asked.quantity.milli() <= 0 {
                continue;
            }
            let units = if line.weighed { 1 } else { asked.quantity.milli() / 1_000 };
            let expected =
                [units, line.paid_minor, line.tax_minor, line.points_value_minor, line.points_earned];
            assert_eq!(sums(line), expected, "SUANPAN_SEED={seed} line {}", line.id);
        }
        assert_eq!(sale.points_value_minor > 0, sale.points_used > 0, "SUANPAN_SEED={seed}");
        assert!(sale.points_value_minor <= quote.points.value.minor(), "SUANPAN_SEED={seed}");
    }
}

#[test]
fn what_was_paid_offline_is_what_the_lines_cost() {
    for seed in seeds() {
        let scenario = Scenario::of_seed(seed, Size::SMALL);
        let compiled = compile(&scenario.program).expect("generated programs compile");
        let quote = quoted(&compiled, &scenario);
        let paid_minor = quote.totals.due.minor() + (seed % 401) as i64 - 200;
        let tenders = || vec![Tender { kind: "card".to_owned(), amount_minor: paid_minor }];
        let sale = sold(&compiled, &scenario, &quote, tenders(), Paid::AsTendered)
            .unwrap_or_else(|error| panic!("SUANPAN_SEED={seed}: {error}"));
        assert_eq!(sale.due_minor, paid_minor, "SUANPAN_SEED={seed}");
        let total: i64 = sale.lines.iter().map(|line| line.paid_minor).sum();
        assert_eq!(total, paid_minor, "SUANPAN_SEED={seed}");
        for (line, asked) in sale.lines.iter().zip(&scenario.basket.lines) {
            if asked.quantity.milli() > 0 {
                assert_eq!(sums(line)[1], line.paid_minor, "SUANPAN_SEED={seed} line {}", line.id);
            }
        }
        if paid_minor != quote.totals.due.minor() {
            let refused = sold(&compiled, &scenario, &quote, tenders(), Paid::AsQuoted);
            let due_minor = quote.totals.due.minor();
            assert_eq!(
                refused,
                Err(SaleError::TendersDiffer { paid_minor, due_minor }),
                "SUANPAN_SEED={seed}"
            );
        }
    }
}

#[test]
fn a_token_prices_again_to_the_same_result() {
    let mut with_member = 0;
    for seed in seeds() {
        let scenario = Scenario::of_seed(seed, Size::SMALL);
        let compiled = compile(&scenario.program).expect("generated programs compile");
        let quote = quoted(&compiled, &scenario);
        let asked = |segment: &str| {
            scenario.program.offers.iter().any(|offer| offer.who.segments.iter().any(|of| of == segment))
        };
        let (member, usage) = token::consulted(
            &scenario.basket,
            &quote,
            compiled.offers(),
            &asked,
            scenario.member.as_ref(),
            scenario.usage.as_ref(),
        );
        with_member += u32::from(member.is_some());
        let promise = Promise {
            chain: "chain".to_owned(),
            program_version: scenario.program.version.clone(),
            business_time: scenario.basket.business_time,
            member,
            usage,
            basket_hash: [0; 32],
            result_hash: token::result_hash(&quote),
            expires_ms: i64::MAX,
        };
        let keys = token::TokenKeys::new((1, [9; 32]), None);
        let token = keys.sign(&promise).unwrap_or_else(|| panic!("SUANPAN_SEED={seed}: too many facts"));
        let promise = keys.verify(&token, 0).unwrap();
        let later = Scenario { member: promise.member, usage: promise.usage, ..scenario };
        let again = quoted(&compiled, &later);
        assert_eq!(token::result_hash(&again), promise.result_hash, "SUANPAN_SEED={seed}");
    }
    assert!(with_member > 100, "the generator brings members");
}

/// A member who can pay for what a sale uses, by the ledger's own commands.
fn member(policy: &Policy, sale: &Sale) -> Head {
    let mut head = Head::absent();
    let mut done = |action| match apply(policy, &head, &[], &command(action)) {
        Ok(Applied::Changed(change)) => head = change.head,
        other => panic!("{other:?}"),
    };
    let content_hash = [0; 32];
    done(Action::Enrol { request: [1; 16], content_hash, birthday: None, referred_by: None });
    if sale.points_used > 0 {
        let (points, expires_ms) = (sale.points_used, Some(NEVER_MS - 1_000));
        done(Action::Adjust { request: [2; 16], content_hash, points, expires_ms });
    }
    head
}

fn command(action: Action) -> Command {
    Command {
        now_ms: 1_800_000_000_000,
        actor: Actor { reason: "a test".into(), ..Actor::default() },
        action,
    }
}

#[test]
fn any_returns_of_a_quoted_sale_give_back_exactly_what_was_paid() {
    let mut returned = 0;
    for seed in seeds() {
        let scenario = Scenario::of_seed(seed, Size::SMALL);
        let compiled = compile(&scenario.program).expect("generated programs compile");
        let quote = quoted(&compiled, &scenario);
        let mut sale = sold(&compiled, &scenario, &quote, Vec::new(), Paid::AsQuoted).unwrap();
        // Wallets and limits have tests of their own; deposits that were given back do not come again.
        (sale.coupons, sale.uses, sale.issued, sale.first_purchase) = Default::default();
        if sale.lines.iter().any(|line| line.quantity_milli < 0) || sale.due_minor < 0 {
            continue;
        }
        let house = House { time_zone: jiff::tz::TimeZone::UTC };
        let policy = policy(&scenario.program, &house).unwrap();
        let checkout = "0198c0de-7a10-7000-8000-0000000000a1".parse().unwrap();
        let head = member(&policy, &sale);
        let confirm = Action::Confirm {
            checkout,
            content_hash: [1; 32],
            reserve_hash: [2; 32],
            missing: Vec::new(),
            sale: Arc::new(sale.clone()),
            fact: None,
            answer: Vec::new(),
        };
        let Ok(Applied::Changed(change)) = apply(&policy, &head, &[], &command(confirm)) else {
            panic!("SUANPAN_SEED={seed}: the sale is refused")
        };
        let (mut head, mut rows) = (change.head, vec![change.entry]);
        let mut number = 0_u8;
        let mut left: Vec<i64> = sale.lines.iter().map(|line| line.quantity_milli).collect();
        // A part of each line in turn, by the seed, then everything that is left.
        let mut wanted: Vec<Wanted> = sale
            .lines
            .iter()
            .enumerate()
            .filter_map(|(place, line)| {
                let part = match (seed + place as u64) % 3 {
                    0 => return None,
                    1 if line.weighed => line.quantity_milli / 3,
                    1 => 1_000,
                    _ => line.quantity_milli,
                };
                left[place] -= part;
                let line = WantedLine { line: line.id.clone(), quantity_milli: part, units: Vec::new() };
                (part > 0).then(|| Wanted::Lines(vec![line]))
            })
            .collect();
        if left.iter().any(|left| *left > 0) {
            wanted.push(Wanted::All);
        }
        for wanted in wanted {
            number += 1;
            let back = Action::Return {
                checkout,
                return_id: ReturnId::from_bytes([number; 16]),
                content_hash: [number; 32],
                business_ms: 1_800_000_000_000,
                wanted,
                repriced: None,
                fact: false,
            };
            match apply(&policy, &head, &rows, &command(back)) {
                Ok(Applied::Changed(change)) => {
                    head = change.head;
                    rows.push(change.entry);
                }
                other => panic!("SUANPAN_SEED={seed}: {other:?}"),
            }
        }
        let sum = |of: fn(&Returned) -> i64| {
            rows.iter().filter_map(|row| row.returned.as_deref()).map(of).sum::<i64>()
        };
        let paid = sale.due_minor + sale.cash_rounding_minor;
        assert_eq!(sum(|returned| returned.refund_minor), paid, "SUANPAN_SEED={seed}");
        assert_eq!(sum(|returned| returned.points_restored), sale.points_used, "SUANPAN_SEED={seed}");
        assert_eq!(sum(|returned| returned.points_taken_back), sale.points_earned, "SUANPAN_SEED={seed}");
        returned += u32::from(number > 1);
    }
    assert!(returned > 300, "{returned} sales came back in parts");
}
