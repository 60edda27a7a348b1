//! Programs from files and folders.

use std::fs;
use std::path::{Path, PathBuf};

use suanpan_domain::Catalogue;
use suanpan_program::load;

/// A folder of its own for one test, gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, files: &[(&str, &[u8])]) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("load-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        for (file, text) in files {
            fs::write(path.join(file), text).unwrap();
        }
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const FRAME: &[u8] = b"program: shop\ncurrency: EUR\nengine_edition: 1\n";

#[test]
fn a_folder_is_one_program() {
    let folder = Folder::with(
        "folder",
        &[
            ("a.yaml", FRAME),
            ("b.yml", b"promotions: [{ id: one, effect: { percent_off: 5% } }]\nstacking: { groups: [{ id: g, scope: basket }] }\n"),
            ("c.yaml", b"promotions: [{ id: two, effect: { percent_off: 6% }, stacking: { group: g } }]\nstacking: { groups: [{ id: h, scope: basket }], combine: [] }\n"),
            ("catalogue.csv", b"sku,base_price\na,1.00\n"),
            ("notes.txt", b"not a program"),
        ],
    );
    let loaded = load(&folder.0).unwrap_or_else(|problems| panic!("{problems}"));
    let ids: Vec<&str> = loaded.program.offers.iter().map(|offer| offer.id.as_str()).collect();
    assert_eq!(ids, ["one", "two"]);
    assert_eq!(loaded.program.groups.len(), 2);
    assert!(loaded.catalogue.unwrap().find("a").is_some());
}

#[test]
fn what_stands_once_stands_once() {
    let folder = Folder::with(
        "twice",
        &[
            ("a.yaml", FRAME),
            ("b.yaml", b"currency: USD\npoints: { earn: { per: 1 } }\n"),
            ("c.yaml", b"points: { earn: { per: 2 } }\n"),
        ],
    );
    let problems = load(&folder.0).unwrap_err();
    let found: Vec<(&str, usize, &str)> =
        problems.iter().map(|problem| (problem.code, problem.line, problem.path.as_str())).collect();
    assert_eq!(found, [("P012", 1, "currency"), ("P012", 1, "points.earn.per")], "{problems}");
    assert!(problems[0].hint.as_ref().unwrap().contains("a.yaml on line 2"), "{problems}");
}

#[test]
fn one_file_is_a_program_too() {
    let folder = Folder::with("file", &[("shop.yaml", FRAME), ("catalogue.csv", b"sku\na\n")]);
    let loaded = load(&folder.0.join("shop.yaml")).unwrap();
    assert!(loaded.catalogue.is_none());
}

#[test]
fn what_cannot_be_read_is_a_problem() {
    let folder = Folder::with("bad", &[("a.yaml", b"program: \xff\n"), ("b.yaml", b"x: \xfe\n")]);
    let empty = Folder::with("empty", &[]);
    let problems = load(&folder.0).unwrap_err();
    assert_eq!(problems.len(), 2, "{problems}");
    assert!(problems.iter().all(|problem| problem.code == "P001" && problem.message.contains("UTF-8")));
    for path in [empty.0.clone(), folder.0.join("missing.yaml")] {
        let problems = load(&path).unwrap_err();
        assert_eq!((problems.len(), problems[0].code), (1, "P001"), "{problems}");
        assert!(problems.render(false).contains("cannot be read"));
    }
}

#[test]
fn a_bad_catalogue_is_told_in_full() {
    let folder =
        Folder::with("catalogue", &[("a.yaml", FRAME), ("catalogue.csv", b"sku,base_price\na,x\nb,y\n")]);
    let problems = load(&folder.0).unwrap_err();
    assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3]);
    assert!(problems.render(false).contains("catalogue.csv:2"), "{}", problems.render(false));
}

#[test]
fn an_error_of_the_program_hides_none_of_the_catalogue() {
    let offers = b"promotions: [{ id: one, effect: { percent_off: 5 } }]\n";
    let articles = b"sku,base_price\na,x\n";
    let folder = Folder::with("both", &[("a.yaml", FRAME), ("b.yaml", offers), ("catalogue.csv", articles)]);
    let problems = load(&folder.0).unwrap_err();
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["P023", "P080"], "{problems}");
    // What an article costs is not judged in a currency that is none.
    let frame = b"program: shop\ncurrency: EURO\nengine_edition: 1\n";
    let folder = Folder::with("currency", &[("a.yaml", frame), ("catalogue.csv", articles)]);
    assert_eq!(load(&folder.0).unwrap_err().len(), 1);
}
