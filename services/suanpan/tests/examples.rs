//! Prices every basket of `examples/` and compares the quote with what was worked out by hand beside it:
//! `baskets/NAME.json` (the message `suanpan.pricing.v1.Basket` as JSON) with `quotes/NAME.yaml` (the form of
//! `expect` in case files, see `docs/cases.md`).

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use suanpan_domain::{Catalogue, Quote};
use suanpan_engine::{Compiled, Scratch, compile};
use suanpan_program::{Loaded, load};
use suanpan_rpc::decode::{self, Buyer, Clock, Terms};
use suanpan_rpc::v1;
use suanpan_testkit::cases::{self, Answer};

/// When whoever reads the examples sends them to a node.
const SENT_MS: i64 = 2_000_000_000_000;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Names without ending of the files of a folder.
fn names(folder: &Path, ending: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .filter_map(|entry| {
            let name = entry.expect("an entry").file_name().into_string().expect("file names are UTF-8");
            name.strip_suffix(ending).map(str::to_owned)
        })
        .collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is wrong with the quote of one basket, or nothing.
fn differences(folder: &Path, name: &str, loaded: &Loaded, compiled: &Compiled) -> String {
    let path = folder.join("baskets").join(format!("{name}.json"));
    let message: v1::Basket = match serde_json::from_str(&read(&path)) {
        Ok(message) => message,
        Err(error) => return format!("{}: {error}\n", path.display()),
    };
    let offset = |_: &str, _: i64| 0;
    let terms = Terms {
        chain: &loaded.program.id,
        currency: loaded.program.currency,
        catalogue: loaded.catalogue.as_ref().map(|catalogue| catalogue as &dyn Catalogue),
        // A node takes them at any time: they were sold offline.
        clock: Clock { received_unix_ms: SENT_MS, skew_ms_max: Some(900_000), utc_offset_minutes: &offset },
    };
    let request = match decode::basket(message, &terms) {
        Ok(request) => request,
        Err(problems) => return format!("{}: {problems:?}\n", path.display()),
    };
    let member = match &request.buyer {
        Buyer::Guest => None,
        Buyer::Snapshot(member) => Some(member.as_ref()),
        Buyer::Id(_) | Buyer::Card(_) => {
            return format!("{}: examples bring their member with them\n", path.display());
        }
    };
    let (mut scratch, mut quote) = (Scratch::new(), Quote::default());
    compiled.quote(&request.basket, member, None, &mut scratch, &mut quote);
    let answer = Answer {
        program: compiled.program(),
        book: compiled.offers(),
        basket: &request.basket,
        member,
        quote: &quote,
    };
    let path = folder.join("quotes").join(format!("{name}.yaml"));
    let mut out = String::new();
    match cases::mismatches(&read(&path), &answer) {
        Err(problems) => {
            for problem in problems {
                let _ = writeln!(out, "{}: {problem}", path.display());
            }
        }
        Ok(mismatches) if !mismatches.is_empty() => {
            let _ = writeln!(out, "{}", path.display());
            for found in mismatches {
                let _ = writeln!(out, "  {}: expected {}, got {}", found.field, found.expected, found.got);
            }
            out.push_str(&cases::receipt(&answer));
        }
        Ok(_) => {}
    }
    out
}

#[test]
fn every_example_is_priced_as_worked_out_by_hand() {
    let mut wrong = String::new();
    let mut priced = 0;
    for folder in folders(&examples()) {
        let loaded = match load(&folder) {
            Ok(loaded) => loaded,
            Err(problems) => {
                for problem in problems.iter() {
                    let _ = writeln!(wrong, "{problem}");
                }
                continue;
            }
        };
        for warning in loaded.warnings.iter() {
            let _ = writeln!(wrong, "{warning}");
        }
        let compiled = compile(&loaded.program).expect("what the reader accepts can be compiled");
        let baskets = names(&folder.join("baskets"), ".json");
        assert_eq!(baskets, names(&folder.join("quotes"), ".yaml"), "a quote for each basket: {folder:?}");
        for name in baskets {
            priced += 1;
            wrong.push_str(&differences(&folder, &name, &loaded, &compiled));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(priced >= 12, "only {priced} baskets were found");
}
