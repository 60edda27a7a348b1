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

    /// The zone of the program's months and days.
    pub(crate) const fn chain(&self) -> &TimeZone {
        &self.chain
    }

    /// Minutes that the wall clock of a store is ahead of UTC at a moment, rounded down where history had seconds.
    pub(crate) fn utc_offset_minutes(&self, store: &str, unix_ms: i64) -> i32 {
        let zone = self.stores.get(store).unwrap_or(&self.chain);
        let moment = Timestamp::from_millisecond(unix_ms).unwrap_or_default();
        zone.to_offset(moment).seconds().div_euclid(60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use suanpan_program::{SourceFile, parse};

    fn program(zones: &str) -> Program {
        let text = format!("program: p\ncurrency: EUR\nengine_edition: 1\n{zones}\n");
        parse(&[SourceFile::new("p.yaml", text)]).unwrap().program
    }

    #[test]
    fn a_store_has_its_own_clock_or_the_chains_and_summer_time_counts() {
        let program = program(
            "time_zone: Europe/Berlin\nstores: [{ id: lisbon, time_zone: Europe/Lisbon }, { id: ulm }]",
        );
        let zones = Zones::of(&program).unwrap();
        // 2026-01-15 and 2026-07-15, both at noon in UTC.
        let (winter, summer) = (1_768_478_400_000, 1_784_116_800_000);
        for (store, unix_ms, minutes) in [
            ("ulm", winter, 60),
            ("ulm", summer, 120),
            ("lisbon", winter, 0),
            ("lisbon", summer, 60),
            ("unknown", summer, 120),
            ("", summer, 120),
        ] {
            assert_eq!(zones.utc_offset_minutes(store, unix_ms), minutes, "{store} {unix_ms}");
        }
        assert_eq!(Zones::of(&self::program("")).unwrap().utc_offset_minutes("ulm", summer), 0);
    }

    #[test]
    fn every_unknown_zone_is_said() {
        let mut program = program("stores: [{ id: ulm }]");
        program.time_zone = Some("Europe/Ulm".to_owned());
        program.stores[0].time_zone = Some("Mars".to_owned());
        let said: Vec<_> = Zones::of(&program).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 2);
        assert!(said[0].contains("Europe/Ulm") && said[1].contains("store ulm"), "{said:?}");
    }
}
