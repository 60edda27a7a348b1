//! Any sequence of returns of a random sale gives back exactly what was paid: to the minor unit, to the point.

use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use suanpan_domain::ReturnId;
use suanpan_ledger::command::{Repriced, Wanted, WantedLine};
use suanpan_ledger::head::NEVER_MS;
use suanpan_ledger::sale::{Returned, Sale, SaleLine, SaleRun, Tender};
use suanpan_ledger::{Action, Applied, Head, Policy};

use crate::script::{checkout, line_of};
use crate::world::World;

fn run() -> impl Strategy<Value = SaleRun> {
    (1_i64..4, 0_i64..5_000, 0_i64..400, 0_i64..300, 0_i64..40).prop_map(
        |(units, paid_minor, tax_minor, points_value_minor, points_earned)| SaleRun {
            units,
            paid_minor,
            tax_minor,
            points_value_minor,
            points_earned,
        },
    )
}

/// Goods by unit in runs, goods by weight, and deposits that the buyer brought back.
fn line() -> impl Strategy<Value = SaleLine> {
    prop_oneof![
        4 => proptest::collection::vec(run(), 1..4).prop_map(|runs| {
            let units: i64 = runs.iter().map(|run| run.units).sum();
            line_of(0, runs, false, units * 1_000)
        }),
        2 => (run(), 1_i64..9_000).prop_map(|(run, grams)| line_of(0, vec![SaleRun { units: 1, ..run }], true, grams)),
        1 => (1_i64..4, 1_i64..30).prop_map(|(units, paid)| {
            line_of(0, vec![SaleRun { units, paid_minor: -paid, ..SaleRun::default() }], false, -units * 1_000)
        }),
    ]
}

fn sale() -> impl Strategy<Value = Sale> {
    (proptest::collection::vec(line(), 1..6), 0_i64..500, -4_i64..5, 0_i64..101).prop_map(
        |(lines, points_used, cash_rounding_minor, share)| {
            let lines: Vec<SaleLine> =
                (1..).zip(lines).map(|(n, line)| SaleLine { id: format!("L{n}"), ..line }).collect();
            let sum = |of: fn(&SaleLine) -> i64| -> i64 { lines.iter().map(of).sum() };
            let due_minor = sum(|line| line.paid_minor);
            let tender = Tender { kind: "cash".to_owned(), amount_minor: due_minor + cash_rounding_minor };
            Sale {
                due_minor,
                cash_rounding_minor,
                tenders: vec![tender],
                points_used,
                points_value_minor: sum(|line| line.points_value_minor),
                points_earned: sum(|line| line.points_earned),
                qualifying_minor: due_minor.max(0) * share / 100,
                lines,
                ..Sale::default()
            }
        },
    )
}

/// One try of a return; most are possible, some are refused.
#[derive(Clone, Debug)]
struct Try {
    line: usize,
    part: i64,
    unit: u32,
    named: bool,
    fact: bool,
    rest: Option<(i64, i64, i64, i64)>,
}

fn attempt() -> impl Strategy<Value = Try> {
    (
        0_usize..6,
        1_i64..100,
        0_u32..9,
        any::<bool>(),
        0..6,
        proptest::option::weighted(0.2, (0_i64..9_000, 0_i64..200, 0_i64..90, 0_i64..400)),
    )
        .prop_map(|(line, part, unit, named, fact, rest)| Try {
            line,
            part,
            unit,
            named,
            fact: fact == 0,
            rest,
        })
}

fn wanted(sale: &Sale, attempt: &Try) -> Wanted {
    let line = &sale.lines[attempt.line % sale.lines.len()];
    let quantity = line.quantity_milli.abs();
    let (quantity_milli, units) = match (line.weighed, attempt.named) {
        (true, _) => ((quantity * attempt.part / 150).max(1), vec![]),
        (false, true) => (0, vec![attempt.unit]),
        (false, false) => (attempt.part % 3 * 1_000 + 1_000, vec![]),
    };
    Wanted::Lines(vec![WantedLine { line: line.id.clone(), quantity_milli, units }])
}

fn give_back(world: &mut World, number: u32, wanted: Wanted, attempt: Option<&Try>) -> Option<Returned> {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    let applied = world.run(Action::Return {
        checkout: checkout("S1"),
        return_id: ReturnId::from_bytes(id),
        content_hash: [1; 32],
        business_ms: 5,
        wanted,
        repriced: attempt.and_then(|attempt| attempt.rest).map(
            |(due_minor, points_used, points_earned, points_value_minor)| Repriced {
                due_minor,
                points_value_minor,
                points_used,
                points_earned,
            },
        ),
        fact: attempt.is_some_and(|attempt| attempt.fact),
    });
    world.work();
    match applied {
        Ok(Applied::Changed(change)) => change.entry.returned.map(|returned| *returned),
        _ => None,
    }
}

proptest! {
    #![proptest_config(crate::cases(400))]

    #[test]
    fn all_of_it_comes_back(
        sale in sale(),
        have in 0_i64..600,
        tries in proptest::collection::vec(attempt(), 0..14),
        reprice in any::<bool>(),
    ) {
        let mut world = World::new(Policy::plain(TimeZone::UTC), Head::absent());
        world.run(Action::Enrol { request: [0; 16], content_hash: [0; 32], birthday: None, referred_by: None }).unwrap();
        if have > 0 {
            let points = have;
            world.run(Action::Adjust { request: [1; 16], content_hash: [0; 32], points, expires_ms: Some(NEVER_MS) }).unwrap();
        }
        world.run(Action::Confirm {
            checkout: checkout("S1"),
            content_hash: [0; 32],
            reserve_hash: [0; 32],
            missing: vec![],
            sale: Arc::new(sale.clone()),
            // What the member has not becomes debt: then it comes back as none.
            fact: Some(suanpan_ledger::command::Fact::Tendered),
            answer: vec![],
        }).unwrap();
        world.work();

        let mut returns: Vec<Returned> = Vec::new();
        let mut taken: Vec<Vec<u32>> = vec![Vec::new(); sale.lines.len()];
        for (number, attempt) in (0..).zip(&tries) {
            let attempt = &Try { rest: attempt.rest.filter(|_| reprice), ..attempt.clone() };
            let Some(returned) = give_back(&mut world, number, wanted(&sale, attempt), Some(attempt)) else { continue };
            for line in &returned.lines {
                let of = &sale.lines[line.line as usize];
                let mut paid = 0;
                for unit in line.units.iter().flat_map(|(first, count)| *first..first + count) {
                    let mut units = of.runs.iter().flat_map(|run| std::iter::repeat_n(run, run.units as usize));
                    paid += units.nth(unit as usize).expect("a unit that was bought").paid_minor;
                    prop_assert!(!taken[line.line as usize].contains(&unit), "a unit comes back once");
                    taken[line.line as usize].push(unit);
                }
                if !of.weighed {
                    prop_assert_eq!(line.refund_minor, paid, "a unit gives back what it cost");
                }
            }
            // What was paid and is not back, when the buyer has paid back all deposits that are out.
            let paid = sale.due_minor + sale.cash_rounding_minor.min(0);
            let refunded: i64 = returns.iter().map(|returned| returned.refund_minor).sum();
            let back = returns.iter().chain([&returned]).flat_map(|returned| &returned.lines);
            let deposits = sale.lines.iter().map(|line| -line.paid_minor.min(0)).sum::<i64>()
                + back.map(|line| line.refund_minor.min(0)).sum::<i64>();
            let left = (paid - refunded + deposits).max(0);
            if attempt.rest.is_none() && !returned.whole {
                let lines: i64 = returned.lines.iter().map(|line| line.refund_minor).sum();
                prop_assert_eq!(returned.refund_minor, lines.min(left));
            }
            if !returned.whole {
                prop_assert!(returned.refund_minor <= left, "never more than was paid");
            }
            if paid >= 0 && sale.lines.iter().all(|line| line.paid_minor >= 0) {
                prop_assert!(returned.refund_minor >= 0, "nobody pays for a return");
            }
            returns.push(returned);
        }
        if !returns.iter().any(|returned| returned.whole) {
            returns.push(give_back(&mut world, 1_000, Wanted::All, None).expect("something is left"));
        }
        prop_assert!(returns.iter().rfind(|returned| !returned.lines.is_empty()).is_some_and(|r| r.whole));
        let sum = |of: fn(&Returned) -> i64| -> i64 { returns.iter().map(of).sum() };
        prop_assert_eq!(sum(|returned| returned.refund_minor), sale.due_minor + sale.cash_rounding_minor);
        prop_assert_eq!(sum(|returned| returned.tax_minor), sale.lines.iter().map(|line| line.tax_minor).sum::<i64>());
        prop_assert_eq!(sum(|returned| returned.points_restored), sale.points_used);
        prop_assert_eq!(sum(|returned| returned.points_taken_back), sale.points_earned);
        prop_assert_eq!(sum(|returned| returned.qualifying_minor), sale.qualifying_minor);
        for (place, line) in (0..).zip(&sale.lines) {
            let back = returns.iter().flat_map(|returned| &returned.lines).filter(|back| back.line == place);
            let (quantity, refund) = back.fold((0, 0), |(q, r), back| (q + back.quantity_milli, r + back.refund_minor));
            prop_assert_eq!((quantity, refund), (line.quantity_milli, line.paid_minor));
        }
        let head = &world.head;
        let points: i64 = head.lots.iter().map(|lot| lot.points).sum::<i64>() - head.debt_points;
        prop_assert_eq!(points, have, "the member is where it was");
        prop_assert_eq!((head.lifetime.spend_minor, head.lifetime.purchases), (0, 0));
    }
}
