//! The statements of nodes: holding, moving capacity, writing, settling, freeing.

use super::{Holder, Limits, Pool, Row, Rule, Sale, State, Transfer, World, rest};

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Holds a sale.
    Reserve(Sale),
    /// A sale is paid.
    Confirm(Sale),
    /// A sale was paid already.
    Record(Sale),
    /// A sale will not be paid.
    Cancel(Sale),
    /// A sale is paid, priced otherwise: without the pools.
    Without(Sale),
    /// A sale comes back whole.
    Return(Sale),
    /// The worker: ends what expired, settles what is paid, finishes what is open.
    Sweep,
}

/// Where a process is. Versions are those that it read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields are what the limits and the members call them")]
pub enum Step {
    /// Reads head and row in one serial statement; the worker looks for work.
    Start,
    /// Takes or renews a hold of its sale's next pool.
    Hold { place: u8, version: u8 },
    /// Found it full.
    Full { place: u8, version: u8 },
    /// Takes capacity from the other pool.
    Move { place: u8, version: u8 },
    /// Lets a transfer arrive.
    Arrive(Transfer),
    /// Closes its record.
    Close(Transfer),
    /// Writes its row over another state.
    Write { version: u8, over: Row },
    /// Settles its sale's next pool.
    Settle { place: u8 },
    /// Gives back what its sale took of the next pool.
    GiveBack { place: u8 },
    /// Gives up what its sale holds: a refusal, or a cancel.
    Release,
    /// Reads head and row of a hold's sale.
    Look { pool: u8, sale: Sale, basis: u8 },
    /// Raises the head of a hold's sale.
    Raise { pool: u8, sale: Sale, basis: u8, version: u8 },
    /// Ends an expired reservation.
    End { pool: u8, sale: Sale, basis: u8, version: u8 },
    /// Settles a hold whose sale is paid.
    SettleFor { pool: u8, sale: Sale },
    /// Gives back what a sale took that came back.
    GiveBackFor { pool: u8, sale: Sale },
    /// Frees a hold.
    Free { pool: u8, sale: Sale, basis: u8 },
    /// Told that it is sold, held, or cancelled.
    Told,
    /// Refused.
    Refused,
}

/// What a process decides where it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what the limits and the members call them")]
pub enum Choice {
    /// There is one way.
    Next,
    /// A transfer is open: finish it.
    Finish(Transfer),
    /// A hold's time is over: resolve it.
    Resolve { pool: u8, sale: Sale, basis: u8 },
    /// A paid sale is not settled everywhere.
    Settle { pool: u8, sale: Sale },
    /// A sale that came back has not given everything back.
    GiveBack { pool: u8, sale: Sale },
    /// The other pool has room.
    Move,
    /// There is nothing left.
    Refuse,
}

/// A process that carries out a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// What is asked.
    pub call: Call,
    /// It is on its way to being refused, or has cancelled.
    pub releasing: bool,
    /// It moved capacity for a hold for this version.
    pub moved: Option<u8>,
    /// Where it is.
    pub step: Step,
}

impl Process {
    /// A call that begins.
    #[must_use]
    pub const fn new(call: Call) -> Self {
        Self { call, releasing: false, moved: None, step: Step::Start }
    }
}

impl Call {
    /// The sale that it is about; the worker is about all.
    #[must_use]
    pub const fn sale(self) -> Option<Sale> {
        match self {
            Self::Reserve(sale)
            | Self::Confirm(sale)
            | Self::Record(sale)
            | Self::Cancel(sale)
            | Self::Without(sale)
            | Self::Return(sale) => Some(sale),
            Self::Sweep => None,
        }
    }
}

/// What a process may do next; nothing when it is over.
pub(super) fn choices(model: &Limits, state: &State, place: usize) -> Vec<Choice> {
    let process = state.processes[place];
    let open = state.pools.iter().filter_map(|pool| pool.open).map(Choice::Finish);
    match (process.step, process.call.sale()) {
        (Step::Told | Step::Refused, _) => Vec::new(),
        (Step::Start, None) => {
            open.chain(holds(state)).chain(unsettled(model, state)).chain(not_back(model, state)).collect()
        }
        (Step::Full { place, .. }, Some(sale)) => {
            let pool = model.world.pools(sale)[usize::from(place)];
            let of_this_limit = |choice: &Choice| match choice {
                Choice::Resolve { pool: of, sale: other, .. } => {
                    *other != sale && (usize::from(*of) == pool || model.world == World::TwoShards)
                }
                _ => true,
            };
            let finish: Vec<Choice> = open.filter(|_| model.hold(Rule::FinishTransfers)).collect();
            let expired = holds(state).filter(|_| model.hold(Rule::ResolveExpired)).filter(of_this_limit);
            let elsewhere = model.world == World::TwoShards && state.pools[1 - pool].room();
            let last = if elsewhere { Choice::Move } else { Choice::Refuse };
            // What is open is finished in any case; whether a hold is over, its time says.
            let more = expired.chain([last]).filter(|_| finish.is_empty()).collect::<Vec<_>>();
            finish.into_iter().chain(more).collect()
        }
        _ => vec![Choice::Next],
    }
}

fn holds(state: &State) -> impl Iterator<Item = Choice> {
    state.pools.iter().zip(0..).flat_map(|(in_pool, pool)| {
        in_pool.holders.iter().zip(0..).filter_map(move |(holder, sale)| match *holder {
            Holder::Held(basis) => Some(Choice::Resolve { pool, sale, basis }),
            Holder::Absent | Holder::Used | Holder::Overrun | Holder::Freed | Holder::GivenBack => None,
        })
    })
}

/// Settlements that the entries of paid sales still owe.
fn unsettled(model: &Limits, state: &State) -> impl Iterator<Item = Choice> {
    let paid = (0..).zip(&state.rows).filter(|(_, row)| matches!(row, Row::Confirmed | Row::Recorded));
    paid.flat_map(move |(sale, _)| model.world.pools(sale).iter().map(move |pool| (*pool, sale)))
        .filter(|(pool, sale)| {
            !matches!(state.pools[*pool].holder(model.holder_of(*sale)), Holder::Used | Holder::Overrun)
        })
        .map(|(pool, sale)| Choice::Settle { pool: pool as u8, sale })
}

/// What sales that came back have not given back yet.
fn not_back(model: &Limits, state: &State) -> impl Iterator<Item = Choice> {
    let back = (0..).zip(&state.rows).filter(|(_, row)| matches!(row, Row::Returned));
    back.flat_map(move |(sale, _)| model.world.pools(sale).iter().map(move |pool| (*pool, sale)))
        .filter(|(pool, sale)| {
            matches!(state.pools[*pool].holder(model.holder_of(*sale)), Holder::Used | Holder::Overrun)
        })
        .map(|(pool, sale)| Choice::GiveBack { pool: pool as u8, sale })
}

/// Carries out one statement of a process.
pub(super) fn step(model: &Limits, state: &mut State, place: usize, choice: Choice) {
    let mut process = state.processes[place];
    process.step = match choice {
        Choice::Finish(transfer) => Step::Arrive(transfer),
        Choice::Resolve { pool, sale, basis } => Step::Look { pool, sale, basis },
        Choice::Settle { pool, sale } => Step::SettleFor { pool, sale },
        Choice::GiveBack { pool, sale } => Step::GiveBackFor { pool, sale },
        Choice::Refuse => refuse(&mut process),
        Choice::Move => match process.step {
            Step::Full { place, version } => Step::Move { place, version },
            step => step,
        },
        Choice::Next => next(model, state, &mut process),
    };
    state.processes[place] = process;
}

fn refuse(process: &mut Process) -> Step {
    process.releasing = true;
    Step::Release
}

fn next(model: &Limits, state: &mut State, process: &mut Process) -> Step {
    match process.step {
        Step::Look { pool, sale, basis } => look(model, state, process, (pool, sale, basis)),
        Step::Raise { pool, sale, basis, version } => {
            raise(model, state, sale, version);
            Step::Look { pool, sale, basis }
        }
        Step::End { pool, sale, basis, version } => {
            if state.rows[usize::from(sale)] == Row::Reserved && raise(model, state, sale, version) {
                state.rows[usize::from(sale)] = Row::Cancelled;
            }
            Step::Look { pool, sale, basis }
        }
        Step::SettleFor { pool, sale } => {
            settle(model, state, usize::from(pool), sale);
            Step::Start
        }
        Step::GiveBackFor { pool, sale } => {
            give_back(model, state, usize::from(pool), sale);
            Step::Start
        }
        Step::Free { pool, sale, basis } => {
            let same = |holder| holder == Holder::Held(basis) || !model.hold(Rule::FreeUnchanged);
            free(state, pool, sale, same);
            if process.releasing { Step::Release } else { Step::Start }
        }
        Step::Arrive(transfer) => {
            arrive(model, state, transfer);
            Step::Close(transfer)
        }
        Step::Close(transfer) => {
            let source = &mut state.pools[usize::from(transfer.source)];
            if source.open.is_some_and(|open| open.id == transfer.id) {
                source.open = None;
            }
            Step::Start
        }
        step => match process.call.sale() {
            Some(sale) => sell(model, state, process, sale),
            None => step,
        },
    }
}

/// The statements of a call about one's own sale.
fn sell(model: &Limits, state: &mut State, process: &mut Process, sale: Sale) -> Step {
    let pools = model.world.pools(sale);
    let head = state.versions[model.world.member(sale)];
    match process.step {
        Step::Start => start(process, state.rows[usize::from(sale)], head),
        Step::Hold { place, version } => hold(model, state, sale, place, version),
        Step::Move { place, version } => leave(model, state, process, sale, place, version),
        Step::Write { version, over } => write(model, state, process, sale, version, over),
        Step::Settle { place } => {
            let Some(pool) = pools.get(usize::from(place)) else {
                // What was taken is there to be given back.
                return match (process.call, state.rows[usize::from(sale)]) {
                    (Call::Return(_), over) => Step::Write { version: head, over },
                    _ => Step::Told,
                };
            };
            settle(model, state, *pool, sale);
            Step::Settle { place: place + 1 }
        }
        Step::GiveBack { place } => {
            let Some(pool) = pools.get(usize::from(place)) else { return Step::Told };
            give_back(model, state, *pool, sale);
            Step::GiveBack { place: place + 1 }
        }
        Step::Release => {
            let holder = model.holder_of(sale);
            let held = pools.iter().find_map(|pool| match state.pools[*pool].holder(holder) {
                Holder::Held(basis) => Some((*pool as u8, basis)),
                Holder::Absent | Holder::Used | Holder::Overrun | Holder::Freed | Holder::GivenBack => None,
            });
            match held {
                Some((pool, _))
                    if !model.hold(Rule::RefusalToo) && !matches!(process.call, Call::Cancel(_)) =>
                {
                    free(state, pool, sale, |holder| matches!(holder, Holder::Held(_)));
                    Step::Release
                }
                Some((pool, basis)) => Step::Look { pool, sale, basis },
                None if matches!(process.call, Call::Cancel(_)) => Step::Told,
                None => Step::Refused,
            }
        }
        step => step,
    }
}

fn start(process: &mut Process, row: Row, version: u8) -> Step {
    process.releasing = false;
    process.moved = process.moved.filter(|moved| *moved == version);
    match (process.call, row) {
        (Call::Cancel(_), Row::Null | Row::Reserved) => Step::Write { version, over: row },
        (Call::Cancel(_), Row::Cancelled) => refuse(process),
        (Call::Cancel(_), Row::Confirmed | Row::Recorded | Row::Without | Row::Returned) => Step::Refused,
        (Call::Without(_), Row::Null) => Step::Write { version, over: row },
        (Call::Without(_), Row::Cancelled) => refuse(process),
        // Another sale is recorded under the id; it stays as it is.
        (Call::Without(_), _) | (_, Row::Without) => Step::Refused,
        (Call::Return(_), Row::Null | Row::Reserved | Row::Cancelled) => Step::Refused,
        (Call::Return(_), Row::Returned) => Step::GiveBack { place: 0 },
        (_, Row::Returned) => Step::Told,
        (Call::Reserve(_), Row::Reserved | Row::Confirmed | Row::Recorded) => Step::Told,
        (Call::Record(_), Row::Null | Row::Cancelled) => Step::Write { version, over: row },
        (_, Row::Null) => Step::Hold { place: 0, version },
        (_, Row::Reserved) => Step::Write { version, over: row },
        (_, Row::Cancelled) => refuse(process),
        (_, Row::Confirmed | Row::Recorded) => Step::Settle { place: 0 },
    }
}

fn hold(model: &Limits, state: &mut State, sale: Sale, place: u8, version: u8) -> Step {
    let pools = model.world.pools(sale);
    let pool = &mut state.pools[pools[usize::from(place)]];
    let holder = model.holder_of(sale);
    match pool.holder(holder) {
        // Somebody else does the same on a newer head.
        Holder::Held(basis) if basis > version && model.hold(Rule::NeverBack) => return Step::Start,
        Holder::Held(_) => *pool.holder_mut(holder) = Holder::Held(version),
        Holder::Used | Holder::Overrun => {}
        Holder::GivenBack if model.hold(Rule::BackStays) => return Step::Start,
        Holder::Absent | Holder::Freed | Holder::GivenBack if !pool.room() && model.hold(Rule::WithinCap) => {
            return Step::Full { place, version };
        }
        Holder::Absent | Holder::Freed | Holder::GivenBack => take(pool, holder, version),
    }
    if usize::from(place) + 1 < pools.len() {
        Step::Hold { place: place + 1, version }
    } else {
        Step::Write { version, over: Row::Null }
    }
}

/// Holds one more.
pub(super) fn take(pool: &mut Pool, sale: Sale, basis: u8) {
    *pool.holder_mut(sale) = Holder::Held(basis);
    *pool.amount_mut(sale) += 1;
    pool.held += 1;
}

/// Takes a unit of capacity out of the other pool, for a hold in the own one.
fn leave(
    model: &Limits,
    state: &mut State,
    process: &mut Process,
    sale: Sale,
    place: u8,
    version: u8,
) -> Step {
    let target = model.world.pools(sale)[usize::from(place)];
    let source = 1 - target;
    let id = rest::next_transfer(state, source as u8);
    let pool = &mut state.pools[source];
    if !pool.room() || pool.open.is_some() {
        return Step::Full { place, version };
    }
    pool.cap -= 1;
    process.moved = Some(version);
    let transfer = Transfer { source: source as u8, id, sale, basis: version };
    if model.hold(Rule::TransferRecorded) {
        pool.open = Some(transfer);
    }
    Step::Arrive(transfer)
}

fn arrive(model: &Limits, state: &mut State, transfer: Transfer) {
    let pool = &mut state.pools[1 - usize::from(transfer.source)];
    if pool.arrived & (1 << transfer.id) != 0 && model.hold(Rule::TransferOnce) {
        return;
    }
    pool.arrived |= 1 << transfer.id;
    pool.cap += 1;
    match pool.holder(transfer.sale) {
        _ if !model.hold(Rule::TransferWithHold) => {}
        Holder::Absent | Holder::Freed => take(pool, transfer.sale, transfer.basis),
        Holder::GivenBack if !model.hold(Rule::BackIsFree) => take(pool, transfer.sale, transfer.basis),
        Holder::Held(basis) if !model.hold(Rule::LateIsFree) => {
            take(pool, transfer.sale, basis.max(transfer.basis));
        }
        Holder::Held(basis) => *pool.holder_mut(transfer.sale) = Holder::Held(basis.max(transfer.basis)),
        Holder::Used | Holder::Overrun | Holder::GivenBack => {}
    }
}

fn write(
    model: &Limits,
    state: &mut State,
    process: &mut Process,
    sale: Sale,
    version: u8,
    over: Row,
) -> Step {
    let (member, row) = (model.world.member(sale), usize::from(sale));
    if state.rows[row] != over {
        return Step::Start;
    }
    if state.versions[member] != version && model.hold(Rule::WriteOnBasis) {
        // The head that it would write on is another one now.
        let version = state.versions[member];
        return if model.hold(Rule::RenewHolds) { Step::Start } else { Step::Write { version, over } };
    }
    state.versions[member] += 1;
    let (row_after, step) = match process.call {
        Call::Reserve(_) => (Row::Reserved, Step::Told),
        Call::Confirm(_) => (Row::Confirmed, Step::Settle { place: 0 }),
        Call::Record(_) => (Row::Recorded, Step::Settle { place: 0 }),
        Call::Without(_) => (Row::Without, Step::Told),
        Call::Return(_) => (Row::Returned, Step::GiveBack { place: 0 }),
        Call::Cancel(_) | Call::Sweep => (Row::Cancelled, refuse(process)),
    };
    state.rows[row] = row_after;
    step
}

fn settle(model: &Limits, state: &mut State, pool: usize, sale: Sale) {
    let (pool, sale) = (&mut state.pools[pool], model.holder_of(sale));
    let amount = *pool.amount_mut(sale);
    match pool.holder(sale) {
        Holder::Held(_) => {
            *pool.holder_mut(sale) = Holder::Used;
            pool.held -= amount;
            pool.used += amount;
        }
        Holder::Absent | Holder::Freed if model.hold(Rule::AbsentIsOverrun) => {
            (*pool.holder_mut(sale), *pool.amount_mut(sale)) = (Holder::Overrun, 1);
            pool.overrun += 1;
        }
        Holder::Used if !model.hold(Rule::SettledOnce) => pool.used += 1,
        Holder::Absent | Holder::Freed | Holder::Used | Holder::Overrun | Holder::GivenBack => {}
    }
}

fn give_back(model: &Limits, state: &mut State, pool: usize, sale: Sale) {
    let (pool, sale) = (&mut state.pools[pool], model.holder_of(sale));
    let amount = *pool.amount_mut(sale);
    match pool.holder(sale) {
        Holder::Used => pool.used -= amount,
        Holder::Overrun => pool.overrun -= amount,
        Holder::Absent | Holder::Held(_) | Holder::Freed | Holder::GivenBack => return,
    }
    (*pool.holder_mut(sale), *pool.amount_mut(sale)) = (Holder::GivenBack, 0);
}

fn look(model: &Limits, state: &State, process: &mut Process, hold: (u8, Sale, u8)) -> Step {
    let (pool, sale, basis) = hold;
    let version = state.versions[model.world.member(sale)];
    let own = process.call.sale() == Some(sale);
    match state.rows[usize::from(sale)] {
        Row::Without if model.hold(Rule::PaidWithout) => Step::Free { pool, sale, basis },
        Row::Without if own && process.releasing => Step::Refused,
        Row::Without => Step::Start,
        Row::Confirmed | Row::Recorded if own => Step::Start,
        Row::Confirmed | Row::Recorded => Step::SettleFor { pool, sale },
        // It was settled before it came back: nothing is owed any more.
        Row::Returned => Step::Start,
        // Reserved by another process meanwhile: nothing that this one took is to be given up.
        Row::Reserved if own && model.hold(Rule::RowIsGone) => Step::Start,
        Row::Reserved if model.hold(Rule::RowIsGone) => Step::End { pool, sale, basis, version },
        Row::Null | Row::Reserved | Row::Cancelled if version > basis || !model.hold(Rule::VersionIsPast) => {
            Step::Free { pool, sale, basis }
        }
        Row::Null | Row::Reserved | Row::Cancelled => Step::Raise { pool, sale, basis, version },
    }
}

/// Raises a head that is still of the version that was read.
fn raise(model: &Limits, state: &mut State, sale: Sale, version: u8) -> bool {
    let head = &mut state.versions[model.world.member(sale)];
    let unchanged = *head == version;
    *head += u8::from(unchanged);
    unchanged
}

fn free(state: &mut State, pool: u8, sale: Sale, may: impl Fn(Holder) -> bool) {
    let pool = &mut state.pools[usize::from(pool)];
    let holder = pool.holder(sale);
    if matches!(holder, Holder::Held(_)) && may(holder) {
        *pool.holder_mut(sale) = Holder::Freed;
        pool.held -= std::mem::take(pool.amount_mut(sale));
    }
}
