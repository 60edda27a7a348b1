//! Kills by a seeded plan, while tills sell, members come from a file, twice and at once, and the store is restored.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::corner::{Corner, Stock};
use crate::proof::{Survived, prove};
use crate::server::{House, Keeper};
use crate::till::{self, Floor};
use crate::upkeep;

/// Tills at once.
const TILLS: u64 = 24;
/// Sales that are made at least, for each kill.
const SALES_PER_KILL: u64 = 500;
/// A process is killed after at most so many answers.
const ANSWERS_MAX: usize = 2_500;
/// On a machine that is so slow that they do not come, it is killed all the same.
const LIFE_MAX: Duration = Duration::from_secs(4);

/// A floor of a shop with its tills.
pub(crate) fn floor(seed: u64, corner: &Corner, house: &impl House) -> Arc<Floor> {
    Arc::new(Floor {
        seed,
        stock: corner.stock,
        line: house.line(),
        log: Default::default(),
        closed: false.into(),
        rests: false.into(),
        sales: 0.into(),
    })
}

/// Kills so many times; everything that was answered is true afterwards.
pub(crate) async fn killed_at_any_moment(seed: u64, kills: usize) {
    let stock = Stock { uses: 60 * kills as i64 / 10, budget_minor: 60_000, codes: 400, members: 24 };
    let corner = Corner::open("plan", stock).await;
    let mut keeper = Keeper::of(&corner);
    let floor = floor(seed, &corner, &keeper);
    let mut chance = Chance::of(seed, u64::MAX);
    let begun = Instant::now();
    keeper.start(&[]).await;
    till::enrol_all(&floor).await;
    let tills = till::open(&floor, TILLS);
    upkeep::write_members(&corner);
    let addresses = keeper.addresses();
    let ((), imports) = tokio::join!(
        all_kills(&mut chance, &floor, &mut keeper, kills),
        upkeep::import(&corner, &addresses),
    );
    keeper.imported = true;
    println!("{imports} runs of an import that two began at once");
    keeper.end().await;
    upkeep::restored(&corner).await;
    keeper.start(&[]).await;
    let sold = floor.sales.load(Ordering::Relaxed);
    while floor.sales.load(Ordering::Relaxed) < (SALES_PER_KILL * kills as u64).max(sold + SALES_PER_KILL) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    floor.closed.store(true, Ordering::Relaxed);
    tills.join_all().await;
    let sold_for = begun.elapsed();
    keeper.end().await;
    let again = floor.log.again.load(Ordering::Relaxed);
    let mut reopened = std::mem::take(&mut keeper.reopened);
    let survived = prove(&corner, &mut keeper, &floor.log).await;
    assert!(survived.sold * 4 > survived.checkouts, "few of it is sold: {survived:?}");
    reopened.sort();
    let Survived { checkouts, sold, returns, answers, events } = survived;
    println!(
        "{checkouts} checkouts ({sold} sold, {returns} returns, {answers} answers, {events} events) survived {kills} kills \
         in {:.1} s; {again} calls were sent again",
        sold_for.as_secs_f32(),
    );
    println!(
        "from the start of a process to its first connection: {} ms (median of {}), {} ms at most",
        reopened[reopened.len() / 2].as_millis(),
        reopened.len(),
        reopened.last().map_or(0, Duration::as_millis)
    );
}

async fn all_kills(chance: &mut Chance, floor: &Floor, keeper: &mut Keeper<'_>, kills: usize) {
    while keeper.kills < kills {
        life(chance, floor, keeper).await;
        keeper.kill();
        // Some are killed before they serve.
        if keeper.kills < kills && chance.one_in(5) {
            let _not_waited_for = keeper.spawn(&[]);
            tokio::time::sleep(Duration::from_micros(chance.next() % 60_000)).await;
            keeper.kill();
        }
        keeper.start(&[]).await;
    }
}

/// Lets a process live until so many answers were given, and a little longer.
async fn life(chance: &mut Chance, floor: &Floor, keeper: &mut Keeper<'_>) {
    let until = floor.log.answers.load(Ordering::Relaxed) + chance.below(ANSWERS_MAX) as u64;
    let begun = Instant::now();
    while floor.log.answers.load(Ordering::Relaxed) < until && begun.elapsed() < LIFE_MAX {
        assert!(!keeper.has_died(), "it ended by itself");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_micros(chance.next() % 3_000)).await;
}
