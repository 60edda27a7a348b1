//! What has to be true when everybody has stopped; and how a state forgets versions that nobody knows any more.

use super::node::{self, Call, Process, Step};
use super::{CALLS, CAPS, Holder, Limits, POOLS, Row, SALES, Sale, State, World};

/// Statements within which a call of one process alone, or one piece of the worker's work, is over.
const STEPS_MAX: usize = 64;

/// Whether nobody is at anything.
pub(super) fn is_reached(state: &State) -> bool {
    state.processes.iter().all(|process| *process == Process::new(process.call))
}

/// The state after the worker has done everything that is left.
pub(super) fn tidied(model: &Limits, state: &State) -> State {
    run(model, state, Call::Sweep)
}

/// Whether everything is free again, settled, and there.
pub(super) fn is_quiet(model: &Limits, state: &State) -> bool {
    let settled = (0..).zip(&state.rows).all(|(sale, row)| {
        let paid = matches!(row, Row::Confirmed | Row::Recorded);
        let holders =
            model.world.pools(sale).iter().map(|pool| state.pools[*pool].holder(model.holder_of(sale)));
        holders.into_iter().all(|holder| paid == matches!(holder, Holder::Used | Holder::Overrun))
    });
    // Each sale once: nobody takes two.
    let once = state.pools.iter().flat_map(|pool| pool.amounts).all(|amount| amount <= 1);
    settled && once && state.pools.iter().all(|pool| pool.open.is_none() && pool.held == 0)
}

/// Whether each sale that nobody made yet can be made while there is something left of all that it takes.
pub(super) fn is_exact(model: &Limits, state: &State) -> bool {
    let tidy = tidied(model, state);
    (0..).zip(&state.rows).filter(|(_, row)| **row == Row::Null).all(|(sale, _)| {
        let is_made = || run(model, state, Call::Confirm(sale)).rows[usize::from(sale)] == Row::Confirmed;
        !is_left(model, &tidy, sale) || is_made()
    })
}

fn is_left(model: &Limits, tidy: &State, sale: Sale) -> bool {
    match model.world {
        World::TwoLimits => model.world.pools(sale).iter().all(|pool| tidy.pools[*pool].room()),
        // Counted against what there was at first: capacity may not get lost on its way.
        World::TwoShards => tidy.pools.iter().map(|pool| pool.used + pool.overrun).sum::<u8>() < CAPS,
    }
}

/// One process alone, until it has nothing to do. Of what it may do, the first; so what is over counts as over.
fn run(model: &Limits, state: &State, call: Call) -> State {
    let mut state = state.clone();
    state.processes = [Process::new(call); CALLS];
    for _ in 0..STEPS_MAX {
        let Some(choice) = node::choices(model, &state, 0).into_iter().next() else { break };
        node::step(model, &mut state, 0, choice);
        normalise(model, &mut state);
    }
    state
}

/// A name for the next transfer of a pool that nobody knows of another one.
pub(super) fn next_transfer(state: &State, source: u8) -> u8 {
    let mut known = 0_u16;
    each_transfer(&mut state.clone(), source, |id| known |= 1 << *id);
    (u16::BITS - known.leading_zeros()) as u8
}

/// Whether anybody remembers the member's present version: else it makes no difference that it changes.
pub(super) fn is_known(model: &Limits, state: &State, member: usize) -> bool {
    let mut remembered = false;
    let version = state.versions[member];
    each_basis(model, &mut state.clone(), member, |basis| remembered |= *basis == version);
    remembered
}

/// Keeps of versions and of names of transfers their order alone.
pub(super) fn normalise(model: &Limits, state: &mut State) {
    for member in 0..SALES {
        let mut known = 1_u16 << state.versions[member];
        each_basis(model, state, member, |basis| known |= 1 << *basis);
        if has_gaps(known) {
            each_basis(model, state, member, |basis| *basis = rank(known, *basis));
            state.versions[member] = rank(known, state.versions[member]);
        }
    }
    for source in 0..POOLS {
        let mut known = 0_u16;
        each_transfer(state, source as u8, |id| known |= 1 << *id);
        each_transfer(state, source as u8, |id| *id = rank(known, *id));
        let arrived = &mut state.pools[1 - source].arrived;
        *arrived = (0..8)
            .filter(|id| known & u16::from(*arrived) & (1 << id) != 0)
            .fold(0, |set, id| set | 1 << rank(known, id));
    }
}

/// The place of a number among those that are known, one bit each.
const fn rank(known: u16, number: u8) -> u8 {
    (known & ((1 << number) - 1)).count_ones() as u8
}

const fn has_gaps(known: u16) -> bool {
    known & (known + 1) != 0
}

fn each_transfer(state: &mut State, source: u8, mut see: impl FnMut(&mut u8)) {
    if let Some(open) = &mut state.pools[usize::from(source)].open {
        see(&mut open.id);
    }
    for process in &mut state.processes {
        if let Step::Arrive(transfer) | Step::Close(transfer) = &mut process.step
            && transfer.source == source
        {
            see(&mut transfer.id);
        }
    }
}

/// Every version of a member that somebody remembers, but the head's own.
fn each_basis(model: &Limits, state: &mut State, member: usize, mut see: impl FnMut(&mut u8)) {
    let is_of = |sale: u8| model.world.member(sale) == member;
    for pool in &mut state.pools {
        for (sale, holder) in (0..).zip(&mut pool.holders) {
            if let Holder::Held(basis) = holder
                && is_of(sale)
            {
                see(basis);
            }
        }
        if let Some(open) = pool.open.as_mut().filter(|open| is_of(open.sale)) {
            see(&mut open.basis);
        }
    }
    for process in &mut state.processes {
        let own = process.call.sale().is_some_and(is_of);
        if let Some(moved) = process.moved.as_mut().filter(|_| own) {
            see(moved);
        }
        match &mut process.step {
            Step::Hold { version, .. }
            | Step::Full { version, .. }
            | Step::Move { version, .. }
            | Step::Write { version, .. }
                if own =>
            {
                see(version);
            }
            Step::Arrive(transfer) | Step::Close(transfer) if is_of(transfer.sale) => {
                see(&mut transfer.basis)
            }
            Step::Look { sale, basis, .. } | Step::Free { sale, basis, .. } if is_of(*sale) => see(basis),
            Step::Raise { sale, basis, version, .. } | Step::End { sale, basis, version, .. }
                if is_of(*sale) =>
            {
                see(basis);
                see(version);
            }
            _ => {}
        }
    }
}
