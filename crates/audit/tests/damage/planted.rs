//! Damage, planted into the file while it is closed: each kind is found, and named by its code and no other.

use std::sync::Arc;

use rusqlite::Connection;
use suanpan_audit::{Code, Report, audit};
use suanpan_domain::CheckoutId;
use suanpan_ledger::codec::{decode_entry, decode_head, encode_entry, encode_head};
use suanpan_ledger::entry::{CouponName, MovementKind};
use suanpan_ledger::head::{Coupon, HeldPoints, Lot, Pending};
use suanpan_ledger::{Entry, EntryKey, Head, State};
use suanpan_store_embedded::EmbeddedStore;

use crate::scratch::{Scratch, copy_of_a_life};
use crate::till::{CAMPAIGN, LIMIT, START_MS, back, checkout, code, coupon};

/// The file, open for damage.
struct File(Connection);

const fn sale(number: u8) -> impl Fn() -> EntryKey {
    move || EntryKey::Checkout(checkout(number))
}

impl File {
    fn run(&self, sql: &str, values: impl rusqlite::Params) {
        let changed = self.0.execute(sql, values).expect("a statement");
        assert!(changed > 0, "nothing is damaged by {sql}");
    }

    fn owner(&self, name: &str) -> i64 {
        let id = self.0.query_row("SELECT id FROM head WHERE name = ?1", [name], |row| row.get(0));
        id.expect("a member")
    }

    fn guest(&self, sale: CheckoutId) -> i64 {
        let id =
            self.0.query_row("SELECT id FROM guest WHERE checkout = ?1", [sale.as_bytes()], |row| row.get(0));
        id.expect("a guest")
    }

    fn head(&self, name: &str, damage: impl FnOnce(&mut Head)) {
        let id = self.owner(name);
        let bytes: Vec<u8> = self
            .0
            .query_row("SELECT bytes FROM head_blob WHERE id = ?1", [id], |row| row.get(0))
            .expect("a head");
        let mut head = decode_head(&bytes).expect("a sound head");
        damage(&mut head);
        self.run("UPDATE head_blob SET bytes = ?1 WHERE id = ?2", (encode_head(&head), id));
    }

    fn entry(&self, owner: i64, key: EntryKey) -> (i64, Entry) {
        let (body, bytes): (i64, Vec<u8>) = self
            .0
            .query_row(
                "SELECT b.id, b.bytes FROM entry e JOIN entry_body b ON b.id = e.body WHERE e.owner = ?1 AND e.key = ?2",
                (owner, key.to_bytes()),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .expect("a row");
        (body, decode_entry(&bytes).expect("a sound row"))
    }

    /// Changes a row, its columns too.
    fn row_of(&self, owner: i64, key: EntryKey, damage: impl FnOnce(&mut Entry)) {
        let (body, mut entry) = self.entry(owner, key);
        damage(&mut entry);
        self.run("UPDATE entry_body SET bytes = ?1 WHERE id = ?2", (encode_entry(&entry), body));
        let state = match entry.state {
            State::Reserved => 1,
            State::Confirmed => 2,
            State::Cancelled => 3,
            State::Fenced => 4,
            State::Done => 5,
            State::Parked => 6,
        };
        self.run("UPDATE entry SET state = ?1 WHERE owner = ?2 AND key = ?3", (state, owner, key.to_bytes()));
    }

    fn row(&self, name: &str, key: EntryKey, damage: impl FnOnce(&mut Entry)) {
        self.row_of(self.owner(name), key, damage);
    }

    fn remove(&self, owner: i64, key: EntryKey) {
        self.run("DELETE FROM entry WHERE owner = ?1 AND key = ?2", (owner, key.to_bytes()));
    }

    /// The row of a request: what is done by hand, by its number.
    fn request(number: u8) -> EntryKey {
        let mut id = [0; 16];
        id[15] = number;
        EntryKey::Request(id)
    }
}

/// Where it is planted, what has to be found, how it is planted.
type Damage = (&'static str, &'static [Code], fn(&File));

const DAMAGES: &[Damage] = &[
    ("a lost lot", &[Code::PointsUnbalanced, Code::LotDiffers], |file| {
        file.head("bert", |head| {
            let free = head.lots.iter().position(|lot| lot.held == 0).expect("a lot");
            head.lots.remove(free);
        });
    }),
    ("a lot that is made up, and its sum", &[Code::SumDiffers, Code::LotDiffers], |file| {
        file.head("bert", |head| {
            head.lots.push(Lot { expires_ms: suanpan_ledger::head::NEVER_MS, points: 7, held: 0 });
            head.sums.earned += 7;
        });
    }),
    ("a debt that is forgotten", &[Code::PointsUnbalanced, Code::DebtDiffers], |file| {
        file.head("carla", |head| {
            assert!(head.debt_points > 0, "a debt to forget");
            head.debt_points = 0;
        });
    }),
    ("a doubled accrual", &[Code::AccrualDiffers], |file| {
        let mut more = 0;
        file.row("bert", sale(5)(), |entry| {
            let earned: Vec<_> =
                entry.movements.iter().filter(|line| line.kind == MovementKind::Earned).copied().collect();
            more = earned.iter().map(|line| line.points).sum();
            entry
                .movements
                .extend(earned.iter().map(|line| suanpan_ledger::Movement { points: line.points, ..*line }));
        });
        // The thief balances the books.
        file.head("bert", |head| {
            head.sums.earned += more;
            let earned = head.delayed.first().map(|delayed| delayed.expires_ms);
            let expires_ms = earned.or(head.lots.first().map(|lot| lot.expires_ms)).expect("points");
            match head.lots.iter_mut().find(|lot| lot.expires_ms == expires_ms) {
                Some(lot) => lot.points += more,
                None => head.lots.insert(0, Lot { expires_ms, points: more, held: 0 }),
            }
        });
    }),
    ("a movement removed", &[Code::SumDiffers, Code::LotDiffers], |file| {
        file.row("anna", File::request(2), |entry| {
            entry.movements.retain(|line| line.kind != MovementKind::Adjusted);
        });
    }),
    ("a movement of a version that is still to come", &[Code::VersionAhead], |file| {
        file.row("anna", sale(2)(), |entry| {
            let mut line = entry.movements[0];
            (line.version, line.points, line.kind) = (9_999, 0, MovementKind::Released);
            entry.movements.push(line);
        });
    }),
    ("one version with two rows", &[Code::VersionTwice, Code::ColumnDiffers], |file| {
        file.row("anna", File::request(3), |entry| entry.version -= 1);
    }),
    ("a row removed", &[Code::CouponUnaccounted], |file| {
        // The row of the third coupon, which is in the wallet.
        file.remove(file.owner("anna"), File::request(5));
    }),
    ("a coupon lost from the wallet", &[Code::CouponUnaccounted], |file| {
        file.head("anna", |head| head.coupons.retain(|known| known.id != coupon(3)));
    }),
    ("a coupon used twice", &[Code::CouponUsedTwice], |file| {
        let used = CouponName { id: coupon(1), campaign: CAMPAIGN };
        file.row("anna", sale(3)(), |entry| {
            let version = entry.version;
            let line = suanpan_ledger::Movement {
                version,
                at_ms: START_MS,
                kind: MovementKind::CouponUsed,
                points: 0,
                expires_ms: START_MS,
                coupon: Some(used),
            };
            entry.movements.push(line);
            Arc::make_mut(entry.sale.as_mut().expect("a sale")).coupons.push(used.id);
        });
    }),
    ("a coupon granted twice", &[Code::CouponGrantedTwice, Code::CouponUnaccounted], |file| {
        file.row("anna", File::request(5), |entry| {
            let line = entry.movements[0];
            entry.movements.push(line);
        });
    }),
    ("a coupon used without a sale", &[Code::CouponUseMisplaced], |file| {
        file.row("anna", File::request(6), |entry| {
            let mut line = entry.movements[0];
            line.kind = MovementKind::CouponUsed;
            entry.movements.push(line);
        });
        file.head("anna", |head| head.coupons.retain(|known| known.id != coupon(4)));
    }),
    ("a coupon that comes back again", &[Code::CouponReturnedWrongly, Code::CouponUnaccounted], |file| {
        file.row("bert", EntryKey::Return(checkout(5), back(2)), |entry| {
            let line = entry.movements.iter().find(|line| line.kind == MovementKind::CouponReturned).copied();
            entry.movements.push(line.expect("a coupon that came back"));
        });
    }),
    ("a hold without its row", &[Code::HoldWithoutSale, Code::LimitLeaks, Code::CodeLeaks], |file| {
        file.remove(file.owner("anna"), sale(2)());
    }),
    ("a row without its hold", &[Code::SaleWithoutHold], |file| {
        file.head("anna", |head| {
            head.holds.clear();
            head.lots.iter_mut().for_each(|lot| lot.held = 0);
            head.coupons.iter_mut().for_each(|coupon| coupon.held = false);
        });
    }),
    ("a hold of fewer points", &[Code::HoldDiffers], |file| {
        file.head("anna", |head| {
            let HeldPoints { expires_ms, points } = &mut head.holds[0].points[0];
            *points -= 1;
            let lot = head.lots.iter_mut().find(|lot| lot.expires_ms == *expires_ms).expect("a lot");
            lot.held -= 1;
        });
    }),
    ("a coupon held by nobody", &[Code::HeldDiffers], |file| {
        file.head("anna", |head| {
            head.coupons.iter_mut().filter(|known| known.id == coupon(3)).for_each(|known| known.held = true);
        });
    }),
    ("a lost pending entry", &[Code::AccrualLost], |file| {
        file.head("anna", |head| head.pending.retain(|waiting| waiting.key != sale(3)()));
    }),
    ("an entry that waits and is done", &[Code::PendingWrong], |file| {
        file.head("anna", |head| head.pending.push(Pending { version: 99, key: sale(1)() }));
    }),
    ("an entry that owes nothing", &[Code::EmittingWrong, Code::DueTooLate], |file| {
        file.head("bert", |head| head.pending.clear());
        file.row("bert", sale(11)(), |entry| entry.accrued_version = entry.version);
        file.head("bert", |head| head.emitting = vec![Pending { version: 1, key: sale(11)() }]);
        file.run("UPDATE head SET due_at = NULL WHERE name = 'bert'", ());
    }),
    ("a parked entry that nobody counts", &[Code::ParkedDiffers], |file| {
        file.head("carla", |head| head.parked = 0);
    }),
    ("points that were not taken", &[Code::SpentDiffers], |file| {
        file.row("anna", sale(1)(), |entry| {
            Arc::make_mut(entry.sale.as_mut().expect("a sale")).points_used += 1
        });
    }),
    ("a sale of another amount", &[Code::SaleUnbalanced], |file| {
        file.row("anna", sale(3)(), |entry| {
            Arc::make_mut(entry.sale.as_mut().expect("a sale")).due_minor -= 5
        });
    }),
    ("uses that are forgotten", &[Code::UsesDiffer], |file| {
        file.head("anna", |head| head.counters.clear());
    }),
    ("spend that was never spent", &[Code::TierBasisDiffers], |file| {
        file.head("anna", |head| head.lifetime.spend_minor += 100_000);
    }),
    ("a return that gives too much", &[Code::RefundDiffers], |file| {
        file.row("anna", EntryKey::Return(checkout(1), back(1)), |entry| {
            entry.returned.as_mut().expect("a return").refund_minor += 10;
        });
    }),
    ("a line that gives too much", &[Code::RefundDiffers], |file| {
        file.row("anna", EntryKey::Return(checkout(1), back(1)), |entry| {
            let returned = entry.returned.as_mut().expect("a return");
            returned.refund_minor += 10;
            returned.lines[0].refund_minor += 10;
        });
    }),
    ("a unit that comes back twice", &[Code::ReturnedTooMuch], |file| {
        file.row("bert", EntryKey::Return(checkout(5), back(1)), |entry| {
            entry.returned.as_mut().expect("a return").lines[0].units = vec![(0, 2)];
        });
    }),
    ("a return without its sale", &[Code::ReturnWithoutSale, Code::LimitLeaks, Code::CodeLeaks], |file| {
        let guest = file.guest(checkout(8));
        file.row_of(guest, sale(8)(), |entry| {
            (entry.state, entry.sale) = (State::Cancelled, None);
        });
    }),
    ("points that a return says it gave", &[Code::ReturnBookedWrongly], |file| {
        file.row("anna", EntryKey::Return(checkout(1), back(2)), |entry| {
            entry.returned.as_mut().expect("a return").points_taken_back -= 1;
        });
    }),
    ("a limit leaked", &[Code::LimitSumDiffers], |file| {
        file.run("UPDATE limit_cap SET held_uses = held_uses + 1 WHERE offer = ?1", [LIMIT.0 as i64]);
    }),
    ("a limit's hold that nobody ends", &[Code::LimitLeaks], |file| {
        // That of the cancelled reservation.
        let id = *checkout(10).as_bytes();
        file.run("UPDATE limit_holder SET state = 1 WHERE checkout = ?1", [id]);
        file.run("UPDATE limit_cap SET held_uses = held_uses + 1, held_amount = held_amount + 150", ());
    }),
    ("a use that no limit counts", &[Code::LimitUncounted], |file| {
        file.run("DELETE FROM limit_holder WHERE checkout = ?1", [*checkout(8).as_bytes()]);
        file.run("UPDATE limit_cap SET used_uses = used_uses - 1, used_amount = used_amount - 150", ());
    }),
    ("a cap that was passed", &[Code::CapExceeded], |file| {
        file.run("UPDATE limit_cap SET cap_uses = 1", ());
    }),
    ("a code used by nobody", &[Code::CodeLeaks], |file| {
        file.run(
            "UPDATE code SET state = 2, checkout = ?1, owner = ?2 WHERE hash = ?3",
            (*checkout(3).as_bytes(), file.owner("anna"), code(6)),
        );
    }),
    ("a code that is free again", &[Code::CodeUncounted], |file| {
        file.run("UPDATE code SET state = 0, checkout = NULL, owner = NULL WHERE hash = ?1", [code(1)]);
    }),
    ("an id paid for two owners", &[Code::PaidTwice], |file| {
        // A guest's row under Anna's sale, as a till that lost the race would have written it.
        let (guest, anna) = (file.guest(checkout(9)), file.owner("anna"));
        let (body, entry) = file.entry(guest, sale(9)());
        assert_eq!(entry.state, State::Reserved);
        let (_, mut stolen) = file.entry(anna, sale(3)());
        (stolen.version, stolen.accrued_version) = (1, 1);
        stolen.movements.clear();
        file.run("UPDATE entry_body SET bytes = ?1 WHERE id = ?2", (encode_entry(&stolen), body));
        file.run("UPDATE entry SET key = ?1, state = 2 WHERE owner = ?2", (sale(3)().to_bytes(), guest));
        file.run("UPDATE guest SET checkout = ?1 WHERE id = ?2", (*checkout(3).as_bytes(), guest));
        file.run("UPDATE claim SET checkout = ?1 WHERE owner = ?2", (*checkout(3).as_bytes(), guest));
        // What the guest's own reservation had.
        file.run("DELETE FROM limit_holder WHERE owner = ?1", [guest]);
        file.run("UPDATE limit_cap SET held_uses = held_uses - 1, held_amount = held_amount - 150", ());
        file.run("UPDATE code SET state = 0, checkout = NULL, owner = NULL WHERE owner = ?1", [guest]);
    }),
    ("a claim that is gone", &[Code::FileDamaged], |file| {
        file.run("DELETE FROM claim WHERE checkout = ?1", [*checkout(3).as_bytes()]);
    }),
    ("all claims that are gone", &[Code::FileDamaged], |file| {
        file.run("DELETE FROM claim", ());
    }),
    ("a head that is gone", &[Code::FileDamaged], |file| {
        file.run("DELETE FROM head WHERE name = 'dora'", ());
    }),
    ("a guest's head that is gone", &[Code::FileDamaged, Code::CodeLeaks], |file| {
        file.run("DELETE FROM guest WHERE checkout = ?1", [*checkout(8).as_bytes()]);
    }),
    ("heads of limits and codes that are gone", &[Code::FileDamaged, Code::CodeLeaks], |file| {
        file.run(
            "DELETE FROM head WHERE id IN (SELECT owner FROM limit_holder UNION SELECT owner FROM code)",
            (),
        );
    }),
    ("a wrong version in its column", &[Code::ColumnDiffers], |file| {
        file.run("UPDATE head SET ver = ver + 1 WHERE name = 'bert'", ());
    }),
    ("a wrong state in its column", &[Code::ColumnDiffers], |file| {
        file.run(
            "UPDATE entry SET state = 3 WHERE owner = ?1 AND key = ?2",
            (file.owner("anna"), sale(3)().to_bytes()),
        );
    }),
    ("a member that no worker comes to", &[Code::DueTooLate], |file| {
        file.run("UPDATE head SET due_at = NULL WHERE name = 'anna'", ());
    }),
    ("a head of other bytes", &[Code::HeadUnreadable], |file| {
        file.run("UPDATE head_blob SET bytes = x'01bf01ff' WHERE id = ?1", [file.owner("dora")]);
    }),
    ("a row of other bytes", &[Code::RowUnreadable], |file| {
        let (body, _) = file.entry(file.owner("dora"), EntryKey::Request([0xdd; 16]));
        file.run("UPDATE entry_body SET bytes = substr(bytes, 1, 20) WHERE id = ?1", [body]);
    }),
    ("a lot below nothing", &[Code::HeadMalformed, Code::LotDiffers, Code::PointsUnbalanced], |file| {
        file.head("bert", |head| head.lots[0].points = -5);
    }),
    ("a coupon from nowhere", &[Code::CouponUnaccounted], |file| {
        file.head("bert", |head| {
            let made_up = Coupon {
                id: coupon(9),
                campaign: CAMPAIGN,
                expires_ms: START_MS + 90 * 86_400_000,
                held: false,
            };
            head.coupons.push(made_up);
        });
    }),
    ("a return in a reserved row's place", &[Code::RowMisplaced], |file| {
        file.row("anna", File::request(6), |entry| entry.state = State::Confirmed);
    }),
];

/// How a report differs from the codes that a damage is to be named by; none when it does not.
pub(crate) fn differs(name: &str, codes: &[Code], report: &Report) -> Option<String> {
    let mut expected = codes.to_vec();
    expected.sort_unstable();
    let found: Vec<Code> = report.by_code.keys().copied().collect();
    let told: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let differs = || format!("{name}: expected {expected:?}, found\n    {}", told.join("\n    "));
    (found != expected).then(differs)
}

#[tokio::test]
async fn every_kind_of_damage_is_found_and_named() {
    let mut wrong = Vec::new();
    for (name, codes, damage) in DAMAGES {
        let scratch = Scratch::new();
        let path = scratch.file("damaged.db");
        copy_of_a_life(&path).await;
        damage(&File(Connection::open(&path).expect("a file")));
        let store = EmbeddedStore::open(&path).expect("a store");
        let report = audit(&store, None, |_| {}).await.expect("a report");
        wrong.extend(differs(name, codes, &report));
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), DAMAGES.len(), wrong.join("\n"));
}
