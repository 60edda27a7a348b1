//! Many want the same at once: exactly as many get it as there is.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::call::{Answer, Call};
use crate::chance::Chance;
use crate::corner::{Corner, Stock, code, member};
use crate::plan::floor;
use crate::proof::prove;
use crate::request::{adjust, basket_of, confirm, line, of, with_code, with_points};
use crate::server::Keeper;
use crate::till::{self, Floor};

/// What the spree gives for one tea of 100.00.
const TEA_MINOR: i64 = 10_000;

/// All races, one after the other, on one store.
pub(crate) async fn races(seed: u64) {
    // A budget of 1,000.00.
    let stock = Stock { uses: 3, budget_minor: 100_000, codes: 1, members: 4 };
    let corner = Corner::open("races", stock).await;
    let mut keeper = Keeper::of(&corner);
    let floor = floor(seed, &corner, &keeper);
    let mut chance = Chance::of(seed, 1);
    keeper.start(&[]).await;
    till::enrol_all(&floor).await;
    one_coupon_and_100_tills(&floor, &mut chance).await;
    the_last_100_points_and_50_tills(&floor, &mut chance).await;
    a_budget_and_64_writers(&floor, &mut chance).await;
    one_confirm_from_20_tills(&floor, &mut chance).await;
    keeper.end().await;
    prove(&corner, &mut keeper, &floor.log).await;
}

/// Asks all of it at once.
async fn at_once(floor: &Arc<Floor>, calls: Vec<Call>) -> Vec<Answer> {
    let mut all = JoinSet::new();
    for call in calls {
        let floor = Arc::clone(floor);
        all.spawn(async move { floor.log.ask(&floor.line, &call).await });
    }
    all.join_all().await
}

fn sold(answers: &[Answer]) -> impl Iterator<Item = &suanpan_rpc::checkout_v1::Checkout> {
    answers.iter().filter_map(|answer| match answer {
        Answer::Sale(sale) => Some(&**sale),
        _ => None,
    })
}

async fn one_coupon_and_100_tills(floor: &Arc<Floor>, chance: &mut Chance) {
    let bought = with_code(basket_of(vec![line("L0", "bread", 1, 1_000)]), &code(0));
    let calls = (0..100).map(|_| confirm(&chance.uuid(), bought.clone(), None)).collect();
    let answers = at_once(floor, calls).await;
    assert_eq!(sold(&answers).filter(|sale| sale.due_minor == 700).count(), 1);
    println!("test one_coupon_and_100_tills ... ok");
}

async fn the_last_100_points_and_50_tills(floor: &Arc<Floor>, chance: &mut Chance) {
    // 2,000 to begin with.
    let name = member(0);
    floor.log.ask(&floor.line, &adjust(chance.uuid(), &name, -1_900)).await;
    let bought = of(&basket_of(vec![line("L0", "bread", 1, 90)]), Some(&name));
    let calls = (0..50).map(|_| confirm(&chance.uuid(), with_points(bought.clone(), 50), None)).collect();
    let answers = at_once(floor, calls).await;
    assert_eq!(sold(&answers).map(|sale| sale.points_used).sum::<i64>(), 100);
    println!("test the_last_100_points_and_50_tills ... ok");
}

/// Each writer sells until it is answered without the offer: the budget is given away to the last cent, and not beyond.
async fn a_budget_and_64_writers(floor: &Arc<Floor>, chance: &mut Chance) {
    let mut all = JoinSet::new();
    for writer in 0..64 {
        let (floor, mut chance) = (Arc::clone(floor), Chance::of(chance.next(), writer));
        all.spawn(async move {
            let mut given = 0;
            loop {
                let bought = basket_of(vec![line("L0", "tea", 1, TEA_MINOR)]);
                match floor.log.ask(&floor.line, &confirm(&chance.uuid(), bought, None)).await {
                    Answer::Sale(sale) if sale.due_minor == TEA_MINOR => return given,
                    Answer::Sale(sale) => given += TEA_MINOR - sale.due_minor,
                    // What everybody used is read once in a second: until then the offer looks as if it were there.
                    _ => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
                }
            }
        });
    }
    let given: i64 = all.join_all().await.into_iter().sum();
    assert_eq!(given, floor.stock.budget_minor);
    println!("test a_budget_and_64_writers ... ok");
}

async fn one_confirm_from_20_tills(floor: &Arc<Floor>, chance: &mut Chance) {
    let bought = of(&basket_of(vec![line("L0", "bread", 2, 5_000)]), Some(&member(1)));
    let call = confirm(&chance.uuid(), bought, None);
    let answers = at_once(floor, vec![call; 20]).await;
    assert!(matches!(answers[0], Answer::Sale(_)), "{:?}", answers[0]);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    println!("test one_confirm_from_20_tills ... ok");
}
