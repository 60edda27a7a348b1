//! Programs, members and sales by hand.

use serde_json::Value;

use super::shop::{BOTH, PROGRAM, Place, Shop, basket, json_of, printed, refused};

#[test]
fn publishing_says_what_changes_and_sets_limits() {
    for place in BOTH {
        let shop = Shop::open(place);
        let again = printed(&shop.run(&["publish", &shop.path("sunrise.yaml")]));
        assert!(again.contains("in force already"), "{again}");
        for _ in 0..2 {
            assert_eq!(shop.sell("nobody", &["RUSH"])["dueMinor"], "1800");
        }
        let text =
            PROGRAM.replace("in_total: 3", "in_total: 1").replace("amount_off: 5.00", "amount_off: 6.00");
        let path = shop.write("changed.yaml", &text);
        let would = printed(&shop.run(&["publish", "--dry-run", &path]));
        assert!(would.contains("would come after") && would.contains("~ coupon thanks"), "{would}");
        let changed = printed(&shop.run(&["publish", &path]));
        for part in ["activation 2", "~ coupon thanks", "~ coupon rush", "raised to what is used and held"] {
            assert!(changed.contains(part), "{part} in {changed}");
        }
        // Two uses are used up, whatever the program says: a third one finds nothing.
        let third = basket(None, &["RUSH"]).to_string();
        let told = shop.run_with(&["checkout", "confirm", "--expect", "18.00"], &third);
        assert!(refused(&told, 1).starts_with("error: "), "{place:?}");
    }
}

#[test]
fn a_program_with_errors_is_not_published() {
    let shop = Shop::open(Place::File);
    let path = shop.write("wrong.yaml", &PROGRAM.replace("amount_off: 3.00", "amount_of: 3.00"));
    let told = refused(&shop.run(&["publish", &path]), 1);
    assert!(told.contains("amount_of"), "{told}");
    let other = shop.write("other.yaml", &PROGRAM.replace("program: sunrise", "program: sunset"));
    let told = refused(&shop.run(&["publish", &other]), 1);
    assert!(told.contains("no program for the chain"), "{told}");
}

#[test]
fn a_members_life_by_hand() {
    for place in BOTH {
        let shop = Shop::open(place);
        let enrol = [
            "member",
            "enrol",
            "m-1",
            "--card",
            "4711",
            "--phone",
            "+86 138-0000-0001",
            "--birthday",
            "02-29",
        ];
        let told = printed(&shop.run(&enrol));
        assert!(told.starts_with("m-1  active") && told.contains("birthday  02-29"), "{told}");
        for key in [["--card", "4711"], ["--phone", "+8613800000001"]] {
            let found = json_of(&shop.run(&["member", "get", key[0], key[1], "--format", "json"]));
            assert_eq!(found["id"], "m-1", "{place:?}");
        }
        let told = refused(&shop.run(&["member", "adjust", "m-1", "100"]), 1);
        assert!(told.contains("actor.reason") && told.contains("help: say why with --reason"), "{told}");
        let id = "0198c0de-0000-4000-8000-000000000001";
        let adjust = [
            "member",
            "adjust",
            "m-1",
            "100",
            "--reason",
            "goodwill",
            "--expires",
            "2036-12-31",
            "--request-id",
            id,
        ];
        printed(&shop.run(&adjust));
        let told = printed(&shop.run(&adjust));
        assert!(told.contains("points  100 to spend") && told.contains("2037-01-01 00:00"), "{told}");
        printed(&shop.run(&["member", "adjust", "m-1", "-30", "--reason", "mistake"]));

        let coupon = json_of(&shop.run(&["member", "grant", "m-1", "thanks", "--format", "json"]));
        let coupon = coupon["coupons"][0]["id"].as_str().expect("a coupon").to_owned();
        let told = printed(&shop.run(&["member", "revoke", "m-1", &coupon, "--reason", "mistake"]));
        assert!(!told.contains(&coupon), "{told}");
        let told = refused(&shop.run(&["member", "grant", "m-1", "no-such"]), 1);
        assert!(told.contains("campaign"), "{told}");

        assert!(printed(&shop.run(&["member", "block", "m-1", "--reason", "lost card"])).contains("blocked"));
        assert!(
            printed(&shop.run(&["member", "block", "m-1", "--off", "--reason", "found"])).contains("active")
        );
        assert!(
            printed(&shop.run(&["member", "activity", "m-1", "check-in"])).contains("points  75 to spend")
        );

        shop.enrol("m-2");
        shop.enrol("m-3");
        assert!(
            printed(&shop.run(&["member", "transfer", "m-1", "m-2", "5"])).contains("points  70 to spend")
        );
        printed(&shop.run(&["member", "merge", "m-1", "m-3", "--reason", "one person"]));
        assert_eq!(shop.member("m-3")["survivorId"], "m-1", "{place:?}");
        printed(&shop.run(&["member", "close", "m-2", "--reason", "leaves"]));
        assert_eq!(shop.member("m-2")["status"], "MEMBER_STATUS_CLOSED");

        let told = printed(&shop.run(&["member", "entries", "m-1"]));
        for part in ["goodwill", "transferred out", "adjusted", "coupon revoked", "operator"] {
            assert!(told.contains(part), "{part} in {told}");
        }
        let one = printed(&shop.run(&["member", "entries", "m-1", "--limit", "1", "--format", "json"]));
        assert_eq!(one.lines().count(), 1, "{one}");
        let told = refused(&shop.run(&["member", "get", "m-9"]), 1);
        assert!(told.contains("no such member"), "{told}");
    }
}

#[test]
fn a_sale_and_its_returns() {
    for place in BOTH {
        let shop = Shop::open(place);
        shop.enrol("m-1");
        let id = "0198c0de-0000-7000-8000-000000000001";
        let too_old = shop.run_with(&["checkout", "confirm", "--id", id], &basket(None, &[]).to_string());
        assert!(refused(&too_old, 1).contains("CHECKOUT_TOO_OLD"));

        let file = shop.write("basket.json", &basket(Some("m-1"), &[]).to_string());
        let told = refused(&shop.run(&["checkout", "confirm", &file, "--expect", "19.99"]), 1);
        assert!(told.contains("PRICE_DIFFERS"), "{told}");
        let sale =
            json_of(&shop.run(&["checkout", "confirm", &file, "--tender", "card=20.00", "--format", "json"]));
        let id = sale["checkoutId"].as_str().expect("an id").to_owned();
        let again = ["checkout", "confirm", &file, "--tender", "card=20.00", "--id", &id, "--format", "json"];
        assert_eq!(json_of(&shop.run(&again)), sale, "the same id sells nothing twice");

        let told = printed(&shop.run(&["checkout", "list", "--member", "m-1"]));
        assert!(told.contains(&id) && told.contains("20.00") && told.lines().count() == 2, "{told}");
        let told = printed(&shop.run(&["checkout", "list", "--until", "2020-01-01"]));
        assert!(told.contains("no sales"), "{told}");

        let back = "0198c0de-0000-4000-8000-00000000000a";
        let once = ["return", &id, "--line", "L1=1", "--return-id", back];
        let first = printed(&shop.run(&once));
        assert!(first.contains("give back  10.00 CNY"), "{first}");
        assert_eq!(printed(&shop.run(&once)), first, "the same return gives nothing twice");
        let rest = printed(&shop.run(&["return", &id, "--all"]));
        assert!(
            rest.contains("give back  10.00 CNY") && rest.contains("nothing of the sale is left"),
            "{rest}"
        );
        let told = refused(&shop.run(&["return", &id, "--line", "L1=1"]), 1);
        assert!(told.starts_with("error: "), "{told}");
        let told = printed(&shop.run(&["checkout", "get", &id]));
        assert_eq!(told.matches("returned  ").count(), 2, "{told}");

        let told = refused(&shop.run(&["checkout", "cancel", &id]), 1);
        assert!(told.contains("CHECKOUT_CONFIRMED"), "{told}");
        let exported = shop.export("checkouts");
        let returns = exported[0]["returns"].as_array().map(Vec::len);
        assert_eq!((exported.len(), returns, &exported[0]["quote"]), (1, Some(2), &Value::Null));
        printed(&shop.run(&["audit"]));
    }
}

#[test]
fn every_way_to_fail_says_what_to_do() {
    let shop = Shop::empty();
    let missing = refused(&shop.run(&["member", "get", "m-1"]), 3);
    assert!(missing.contains("cannot read") && !shop.folder().join("store").exists(), "{missing}");
    printed(&shop.run(&["publish", "--dry-run", &shop.path("sunrise.yaml")]));
    for (arguments, code, part) in [
        (&["member", "get", "m-1"][..], 3, "has no program yet"),
        (&["member", "get"], 2, "required"),
        (&["return", "x"], 2, "--line"),
        (&["import", "members", "-"], 2, "--form"),
        (&["publish", "no-such-file.yaml"], 3, "no-such-file.yaml"),
    ] {
        let told = refused(&shop.run(arguments), code);
        assert!(told.contains(part), "{part} in {told}");
    }
    let nobody = std::process::Command::new(env!("CARGO_BIN_EXE_suanpan"))
        .args(["member", "get", "m-1", "--node", "127.0.0.1:9"])
        .output()
        .expect("the binary ends");
    let told = refused(&nobody, 3);
    assert!(told.contains("no node answers at 127.0.0.1:9") && told.contains("help: "), "{told}");

    let mut shop = Shop::open(Place::File);
    let hidden = shop.folder().join("hidden");
    std::fs::rename(shop.path("store.keys"), &hidden).expect("hidden");
    assert!(
        refused(&shop.run(&["member", "get", "m-1"]), 3).contains("store.keys"),
        "no new keys for an old store"
    );
    std::fs::rename(&hidden, shop.path("store.keys")).expect("back");
    shop.serve();
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_suanpan"))
        .args(["member", "get", "m-1", "--store", &shop.path("store")])
        .output()
        .expect("the binary ends");
    let told = refused(&second, 3);
    assert!(told.contains("cannot open the store") && told.contains("--node"), "{told}");
}
