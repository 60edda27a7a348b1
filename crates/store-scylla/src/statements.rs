//! Every CQL text of a running store, with what it is for. A test reads them all.

use std::sync::Arc;

use scylla::client::session::Session;
use scylla::policies::load_balancing::LoadBalancingPolicy;
use scylla::statement::Statement;
use scylla::statement::prepared::PreparedStatement;
use suanpan_store::Owner;

use crate::error::ConnectError;
use crate::options::Levels;

/// How a statement is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A read that takes part in deciding, or ends what others began.
    Serial,
    /// A read of what was answered.
    Read,
    /// A write that may be repeated and comes in any order.
    Plain,
    /// A conditional write: no retries of the driver's, which would hide whether it happened.
    Conditional,
}

/// The same statement on members and on guests' sales.
pub(crate) struct Twin([PreparedStatement; 2]);

impl Twin {
    pub(crate) fn of(&self, owner: &Owner) -> &PreparedStatement {
        match owner {
            Owner::Member(_) => &self.0[0],
            Owner::Guest(_) => &self.0[1],
        }
    }

    pub(crate) fn members(&self) -> &PreparedStatement {
        &self.0[0]
    }

    pub(crate) fn guests(&self) -> &PreparedStatement {
        &self.0[1]
    }
}

/// Stands in the texts of twins for the table.
const TABLE: &str = "{table}";
const TABLES: [&str; 2] = ["member", "guest_checkout"];

macro_rules! statements {
    (twins { $($twin:ident $twin_kind:ident $twin_text:literal)* } single { $($name:ident $kind:ident $text:literal)* }) => {
        /// All statements, prepared.
        pub(crate) struct Statements {
            $(pub(crate) $twin: Twin,)*
            $(pub(crate) $name: PreparedStatement,)*
        }

        /// All texts, with `{table}` where there are two.
        #[cfg(test)]
        pub(crate) const TEXTS: &[(&str, Kind, &str)] = &[
            $((stringify!($twin), Kind::$twin_kind, $twin_text),)*
            $((stringify!($name), Kind::$kind, $text),)*
        ];

        impl Statements {
            /// Sends the conditional ones by a policy of their own.
            pub(crate) fn route_conditional(&mut self, policy: &Arc<dyn LoadBalancingPolicy>) {
                $(if Kind::$twin_kind == Kind::Conditional {
                    for statement in &mut self.$twin.0 {
                        statement.set_load_balancing_policy(Some(Arc::clone(policy)));
                    }
                })*
                $(if Kind::$kind == Kind::Conditional {
                    self.$name.set_load_balancing_policy(Some(Arc::clone(policy)));
                })*
            }

            pub(crate) async fn prepare(
                session: &Session,
                keyspace: &str,
                levels: Levels,
            ) -> Result<Self, ConnectError> {
                let place = Place { session, keyspace, levels };
                // All at once: one after the other they keep a node from serving for as many round trips.
                $(let $twin = place.twin(Kind::$twin_kind, $twin_text);)*
                $(let $name = place.prepared(Kind::$kind, $text, $text);)*
                let all = Box::pin(async move { tokio::try_join!($($twin,)* $($name,)*) });
                let ($($twin,)* $($name,)*) = all.await?;
                Ok(Self { $($twin,)* $($name,)* })
            }
        }
    };
}

/// Where statements are prepared.
struct Place<'p> {
    session: &'p Session,
    keyspace: &'p str,
    levels: Levels,
}

impl Place<'_> {
    async fn twin(&self, kind: Kind, text: &'static str) -> Result<Twin, ConnectError> {
        let [members, guests] = TABLES.map(|table| text.replace(TABLE, table));
        let (members, guests) =
            tokio::try_join!(self.prepared(kind, &members, text), self.prepared(kind, &guests, text))?;
        Ok(Twin([members, guests]))
    }

    async fn prepared(
        &self,
        kind: Kind,
        text: &str,
        told: &'static str,
    ) -> Result<PreparedStatement, ConnectError> {
        let mut statement = self
            .session
            .prepare(Statement::new(in_keyspace(self.keyspace, text)))
            .await
            .map_err(|source| ConnectError::Prepare { statement: told, source: Box::new(source) })?;
        statement.set_consistency(match kind {
            Kind::Serial => self.levels.serial_read(),
            Kind::Read | Kind::Plain | Kind::Conditional => self.levels.regular(),
        });
        statement.set_serial_consistency((kind == Kind::Conditional).then(|| self.levels.serial()));
        // What may be asked of two nodes at once. Of writes none: one that a frozen node has in its ears is carried out when it
        // comes back, after what was written since.
        statement.set_is_idempotent(matches!(kind, Kind::Serial | Kind::Read));
        Ok(statement)
    }
}

/// A text whose table says its keyspace: a server that is asked to guess it warns at every statement.
fn in_keyspace(keyspace: &str, text: &str) -> String {
    if text.contains(" system.") {
        return text.to_owned();
    }
    let before = [" FROM ", "UPDATE ", "INSERT INTO "];
    let word = before.into_iter().find(|word| text.contains(word)).unwrap_or_default();
    text.replacen(word, &format!("{word}{keyspace}."), 1)
}

statements! {
    twins {
    // A head with the rows of some keys, in one look. Without a row that is there, nothing of the head would come.
    view Serial "SELECT ck, epoch, ver, head, state, round, body, owed FROM {table} WHERE chain = ? AND id = ? AND ck IN ?"
    view_range Serial "SELECT ck, epoch, ver, head, state, round, body, owed FROM {table} WHERE chain = ? AND id = ? AND ck >= ? AND ck <= ?"
    // The one write that decides.
    decide Conditional "UPDATE {table} SET epoch = ?, ver = ?, as_of = ?, due_at = ?, fmt = ?, head = ?, state = ?, row_ver = ?, round = ?, body = ?, owed = ? WHERE chain = ? AND id = ? AND ck = ? IF epoch = ? AND ver = ? AND state = ? AND round = ?"
    // Keeps others from writing what they had in mind: a row that is not there becomes fenced, others a newer round.
    fence Conditional "UPDATE {table} SET state = ?, round = ? WHERE chain = ? AND id = ? AND ck = ? IF state = ? AND round = ?"
    anchor Conditional "INSERT INTO {table} (chain, id, ck, state) VALUES (?, ?, ?, 0) IF NOT EXISTS"
    head Read "SELECT DISTINCT epoch, ver, as_of, due_at, head FROM {table} WHERE chain = ? AND id = ?"
    rows Read "SELECT ck, state, body FROM {table} WHERE chain = ? AND id = ? AND ck IN ?"
    rows_between Read "SELECT ck, state, body FROM {table} WHERE chain = ? AND id = ? AND ck >= ? AND ck <= ?"
    narrow Read "SELECT ck, row_ver FROM {table} WHERE chain = ? AND id = ?"
    walk_rows Read "SELECT ck, epoch, ver, as_of, due_at, head, state, row_ver, body FROM {table} WHERE chain = ? AND id = ? AND ck > ? LIMIT ?"
    owners Read "SELECT DISTINCT chain, id, ver FROM {table} LIMIT ?"
    owners_after Read "SELECT DISTINCT chain, id, ver FROM {table} WHERE token(chain, id) > token(?, ?) LIMIT ?"
    }

    single {
    // A body that leaves its place, when it is still the one that was read.
    leave_body Conditional "UPDATE member SET body = ? WHERE chain = ? AND id = ? AND ck = ? IF body = ?"
    bodies Read "SELECT ck, body FROM member WHERE chain = ? AND id = ? AND ck > ? LIMIT ?"
    put_body Plain "INSERT INTO statement (chain, id, year, ver, digest, body) VALUES (?, ?, ?, ?, ?, ?)"
    archived_body Read "SELECT body FROM statement WHERE chain = ? AND id = ? AND year = ? AND ver = ? AND digest = ?"
    said Serial "SELECT value FROM meta WHERE key = ?"
    say Conditional "UPDATE meta SET value = ? WHERE key = ? IF value = ?"

    scan_from Read "SELECT DISTINCT chain, id, epoch, ver, due_at, writetime(ver) FROM member WHERE token(chain, id) >= ? AND token(chain, id) <= ? LIMIT ?"
    scan_after Read "SELECT DISTINCT chain, id, epoch, ver, due_at, writetime(ver) FROM member WHERE token(chain, id) > token(?, ?) AND token(chain, id) <= ? LIMIT ?"

    list_debt Plain "INSERT INTO guest_debt (part, chain, id, key, ver, listed) VALUES (?, ?, ?, ?, ?, true)"
    unlist_debt Plain "DELETE FROM guest_debt WHERE part = ? AND chain = ? AND id = ? AND key = ? AND ver = ?"
    debts Read "SELECT chain, id, key, ver, writetime(listed) FROM guest_debt WHERE part = ? LIMIT ?"
    debts_after Read "SELECT chain, id, key, ver, writetime(listed) FROM guest_debt WHERE part = ? AND (chain, id, key, ver) > (?, ?, ?, ?) LIMIT ?"

    claim Plain "INSERT INTO claim (chain, checkout, owner) VALUES (?, ?, ?)"
    claims Read "SELECT owner FROM claim WHERE chain = ? AND checkout = ?"
    winner Serial "SELECT owner, winner, round FROM claim WHERE chain = ? AND checkout = ?"
    win Conditional "UPDATE claim SET winner = ?, round = ? WHERE chain = ? AND checkout = ? IF round = ?"
    list_sale Plain "INSERT INTO sale (chain, day, checkout, owner) VALUES (?, ?, ?, ?)"
    list_sale_day Plain "INSERT INTO sale_day (chain, day) VALUES (?, ?)"
    sale_days Read "SELECT day FROM sale_day WHERE chain = ?"
    sales Read "SELECT checkout, owner FROM sale WHERE chain = ? AND day = ? AND (checkout, owner) > (?, ?) LIMIT ?"
    sales_down Read "SELECT checkout, owner FROM sale WHERE chain = ? AND day = ? AND (checkout, owner) < (?, ?) ORDER BY checkout DESC, owner DESC LIMIT ?"
    chain Plain "INSERT INTO chain (name) VALUES (?)"
    clock Read "SELECT toTimestamp(now()) FROM system.local"
    chains Read "SELECT name FROM chain"

    campaign Serial "SELECT shards, plan_no, plan FROM limit_campaign WHERE chain = ? AND offer = ?"
    campaigns Read "SELECT offer, shards FROM limit_campaign WHERE chain = ?"
    new_campaign Conditional "INSERT INTO limit_campaign (chain, offer, shards, plan_no) VALUES (?, ?, ?, 0) IF NOT EXISTS"
    plan Conditional "UPDATE limit_campaign SET plan_no = ?, plan = ? WHERE chain = ? AND offer = ? IF plan_no = ?"
    new_shard Conditional "UPDATE limit_shard SET ver = 0, plan_no = 0, is_set = false, used_uses = 0, used_amount = 0, held_uses = 0, held_amount = 0, overrun_uses = 0, overrun_amount = 0, leaving = 0, state = 0 WHERE chain = ? AND offer = ? AND shard = ? AND holder = ? IF ver = null"
    shard Serial "SELECT holder, ver, plan_no, is_set, cap_uses, cap_amount, used_uses, used_amount, held_uses, held_amount, overrun_uses, overrun_amount, leaving, row_count, next, state, basis, uses, amount, until, carried FROM limit_shard WHERE chain = ? AND offer = ? AND shard = ? AND holder IN ?"
    move_holder Conditional "UPDATE limit_shard SET ver = ?, cap_uses = ?, cap_amount = ?, used_uses = ?, used_amount = ?, held_uses = ?, held_amount = ?, overrun_uses = ?, overrun_amount = ?, row_count = ?, state = ?, basis = ?, uses = ?, amount = ?, until = ?, carried = ? WHERE chain = ? AND offer = ? AND shard = ? AND holder = ? IF ver = ?"
    set_cap Conditional "UPDATE limit_shard SET ver = ?, plan_no = ?, is_set = ?, cap_uses = ?, cap_amount = ? WHERE chain = ? AND offer = ? AND shard = ? IF ver = ?"
    send Conditional "UPDATE limit_shard SET ver = ?, cap_uses = ?, cap_amount = ?, leaving = ?, row_count = ?, next = ?, state = 1, uses = ?, amount = ?, target = ?, who = ?, basis = ?, until = ? WHERE chain = ? AND offer = ? AND shard = ? AND holder = ? IF ver = ?"
    arrived Conditional "UPDATE limit_shard SET ver = ?, leaving = ?, state = 2 WHERE chain = ? AND offer = ? AND shard = ? AND holder = ? IF ver = ? AND state = 1"
    holders Serial "SELECT holder, state, basis, uses, amount, until, target, who FROM limit_shard WHERE chain = ? AND offer = ? AND shard = ? AND holder > ? AND holder < ? LIMIT ?"

    code Serial "SELECT campaign, ver, state, checkout, owner, basis, until FROM code WHERE chain = ? AND hash = ?"
    code_read Read "SELECT campaign, ver, state, checkout, owner, basis, until FROM code WHERE chain = ? AND hash = ?"
    add_code Plain "INSERT INTO code (chain, hash, campaign) VALUES (?, ?, ?)"
    move_code Conditional "UPDATE code SET ver = ?, state = ?, checkout = ?, owner = ?, basis = ?, until = ? WHERE chain = ? AND hash = ? IF ver = ?"
    codes Read "SELECT chain, hash, campaign, state, checkout, owner, until FROM code LIMIT ?"
    codes_after Read "SELECT chain, hash, campaign, state, checkout, owner, until FROM code WHERE token(chain, hash) > token(?, ?) LIMIT ?"

    lookup Serial "SELECT member, linked FROM lookup WHERE chain = ? AND kind = ? AND hash = ?"
    lookup_read Read "SELECT member, linked FROM lookup WHERE chain = ? AND kind = ? AND hash = ?"
    link Conditional "UPDATE lookup SET member = ?, linked = ? WHERE chain = ? AND kind = ? AND hash = ? IF member = ? AND linked = ?"
    unlink Conditional "UPDATE lookup SET member = null, linked = null WHERE chain = ? AND kind = ? AND hash = ? IF member = ?"
    lookups Read "SELECT chain, kind, hash, member FROM lookup LIMIT ?"
    lookups_after Read "SELECT chain, kind, hash, member FROM lookup WHERE token(chain, kind, hash) > token(?, ?, ?) LIMIT ?"

    feed_row Plain "INSERT INTO feed (part, bucket, at, chain, member, epoch, ver, due_at) VALUES (?, ?, now(), ?, ?, ?, ?, ?)"
    feed Read "SELECT at, chain, member, epoch, ver, due_at FROM feed WHERE part = ? AND bucket = ?"
    feed_after Read "SELECT at, chain, member, epoch, ver, due_at FROM feed WHERE part = ? AND bucket = ? AND at > ?"

    // Where a shard's events are stands in the partition that was all of it before there were buckets.
    outbox_ends Read "SELECT key, next, gone, first, forgot, last FROM outbox WHERE chain = ? AND shard = ? AND key = ?"
    outbox_ends_now Serial "SELECT key, next, gone, first, forgot, last FROM outbox WHERE chain = ? AND shard = ? AND key = ?"
    begin_outbox Conditional "UPDATE outbox SET first = 1, forgot = 0, last = 1, number = 0 WHERE chain = ? AND shard = ? AND key = ? IF first = null"
    last_bucket Conditional "UPDATE outbox SET last = ? WHERE chain = ? AND shard = ? IF last = ?"
    forget_events Conditional "UPDATE outbox SET first = ?, forgot = ? WHERE chain = ? AND shard = ? IF first = ? AND forgot = ?"
    gone_before Conditional "UPDATE outbox SET gone = ? WHERE chain = ? AND shard = ? IF gone = ?"
    events_known_before Serial "SELECT key FROM outbox WHERE chain = ? AND shard = ? AND key IN ?"
    forget_event_before Plain "DELETE FROM outbox WHERE chain = ? AND shard = ? AND key = ?"
    events_before Read "SELECT number, member, epoch, ver, idx, at, kind, body FROM outbox WHERE chain = ? AND shard = ? AND key > ? AND key < ? LIMIT ?"

    events_known Serial "SELECT key, next, begins, since FROM outbox_bucket WHERE chain = ? AND shard = ? AND bucket = ? AND key IN ?"
    begin_bucket Conditional "UPDATE outbox_bucket SET next = ?, begins = ?, since = ?, number = 0 WHERE chain = ? AND shard = ? AND bucket = ? AND key = ? IF next = null"
    // The three of one batch: the next free number is the condition of all of it. Alone, the first one closes a bucket.
    next_event Conditional "UPDATE outbox_bucket SET next = ? WHERE chain = ? AND shard = ? AND bucket = ? IF next = ?"
    put_event Conditional "INSERT INTO outbox_bucket (chain, shard, bucket, key, number, member, epoch, ver, idx, at, kind, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    name_event Conditional "INSERT INTO outbox_bucket (chain, shard, bucket, key, number) VALUES (?, ?, ?, ?, ?)"
    // All events and names of a closed bucket, which keeps its number.
    empty_bucket Plain "DELETE FROM outbox_bucket WHERE chain = ? AND shard = ? AND bucket = ? AND key >= ? AND key < ?"
    events Read "SELECT number, member, epoch, ver, idx, at, kind, body FROM outbox_bucket WHERE chain = ? AND shard = ? AND bucket = ? AND key > ? AND key < ? LIMIT ?"

    put_parked Plain "INSERT INTO parked (chain, member, key, why, at) VALUES (?, ?, ?, ?, ?)"
    unpark Plain "DELETE FROM parked WHERE chain = ? AND member = ? AND key = ?"
    parked Read "SELECT member, key, why, at FROM parked WHERE chain = ? AND (member, key) > (?, ?) LIMIT ?"

    position Read "SELECT fence, place FROM position WHERE chain = ? AND name = ?"
    position_now Serial "SELECT fence, place FROM position WHERE chain = ? AND name = ?"
    take_position Conditional "UPDATE position SET fence = ? WHERE chain = ? AND name = ? IF fence = ?"
    set_position Conditional "UPDATE position SET fence = ?, place = ? WHERE chain = ? AND name = ? IF fence = ?"
    leases Serial "SELECT duty, holder, until FROM lease WHERE always = 0"
    lease Conditional "UPDATE lease SET holder = ?, until = ? WHERE always = 0 AND duty = ? IF holder = ? AND until = ?"

    put_chunk Plain "INSERT INTO program (chain, version, chunk, bytes) VALUES (?, ?, ?, ?)"
    put_program Conditional "UPDATE program SET chunks = ? WHERE chain = ? AND version = ? IF chunks = null"
    program_chunks Read "SELECT DISTINCT chunks FROM program WHERE chain = ? AND version = ?"
    program_chunk Read "SELECT bytes FROM program WHERE chain = ? AND version = ? AND chunk = ?"
    active Serial "SELECT generation, newest, version, at FROM activation WHERE chain = ? LIMIT 1"
    activate Conditional "UPDATE activation SET newest = ?, version = ?, at = ? WHERE chain = ? AND generation = ? IF newest = ?"
    activations Read "SELECT generation, version, at FROM activation WHERE chain = ?"
    }
}

#[cfg(test)]
mod tests;
