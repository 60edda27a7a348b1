//! The wall clocks of the stores, for baskets that come without a business time. The engine holds no zone data; this is
//! the one place that does.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use suanpan_program::model::Program;

/// The zones of a chain's stores.
#[derive(Debug)]
pub(crate) struct Zones {
    chain: TimeZone,
    stores: HashMap<String, TimeZone>,
}

/// A zone that nobody knows.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("time zone {name:?} of {of} is no zone of the IANA database, such as Asia/Shanghai")]
pub struct UnknownZone {
    name: String,
    of: String,
}

impl Zones {
    /// The zones that a program names; a chain that names none lives by UTC.
    pub(crate) fn of(program: &Program) -> Result<Self, Vec<UnknownZone>> {
        let mut unknown = Vec::new();
        let mut zone = |name: Option<&str>, of: &str| {
            let name = name?;
            let zone = TimeZone::get(name).ok();
            if zone.is_none() {
                unknown.push(UnknownZone { name: name.to_owned(), of: of.to_owned() });
            }
            zone
        };
        let chain = zone(program.time_zone.as_deref(), "the program").unwrap_or(TimeZone::UTC);
        let mut stores = HashMap::new();
        for store in &program.stores {
            if let Some(zone) = zone(store.time_zone.as_deref(), &format!("store {}", store.id)) {
                stores.insert(store.id.clone(), zone);
            }
        }
        if unknown.is_empty() { Ok(Self { chain, stores }) } else { Err(unknown) }
    }

    /// Minutes that the wall clock of a store is ahead of UTC at a moment, rounded down where history had seconds.
    pub(crate) fn utc_offset_minutes(&self, store: &str, unix_ms: i64) -> i32 {
        let zone = self.stores.get(store).unwrap_or(&self.chain);
        let moment = Timestamp::from_millisecond(unix_ms).unwrap_or_default();
        zone.to_offset(moment).seconds().div_euclid(60)
    }
}
