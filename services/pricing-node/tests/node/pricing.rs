//! What the calls answer.

use suanpan_pricing_node::{Chain, Failure, Members, Node};
use suanpan_rpc::v1::{self, member::Identity};
use tokio_stream::StreamExt;
use tonic_types::StatusExt;

use super::running::{PROGRAM, basket, chain, line, member, priced, refused, start};

#[tokio::test]
async fn a_guest_gets_a_quote_that_explains_every_line() {
    let node = start().await;
    let quote = node.client().await.quote(basket()).await.unwrap().into_inner();
    let totals = quote.totals.unwrap();
    assert_eq!((totals.gross_minor, totals.discount_minor, totals.net_minor), (6_400, 1_100, 5_300));
    assert_eq!((quote.due_minor, quote.due_cash_minor), (5_300, 5_300));
    assert_eq!(quote.chain, "sunrise");
    assert_eq!(quote.program_version, node.node.chain().offers().program_version);
    for line in &quote.lines {
        let taken: i64 = line.steps.iter().map(|step| step.amount_minor).sum();
        assert_eq!(line.gross_minor - taken, line.net_minor, "{}", line.id);
        assert_eq!(line.steps.last().unwrap().running_minor, line.net_minor, "{}", line.id);
    }
    let milk = &quote.lines[0];
    assert_eq!((milk.id.as_str(), milk.steps[0].offer.as_str()), ("L1", "milk-second-half"));
    assert_eq!((milk.steps[0].amount_minor, milk.steps[0].running_minor), (600, 1_800));
    assert_eq!(milk.steps[0].method(), v1::OfferMethod::NthUnit);
    assert_eq!(milk.steps[0].prorated_from_minor, None);
    let coupon = milk.steps.last().unwrap();
    assert_eq!((coupon.offer.as_str(), coupon.prorated_from_minor), ("save-5", Some(500)));
    let save = quote.offers.iter().find(|offer| offer.id == "save-5").unwrap();
    assert_eq!(
        (save.outcome(), save.amount_minor, save.code.as_str()),
        (v1::OfferOutcome::Applied, 500, "SAVE5")
    );
    let envelope = quote.envelope.unwrap();
    assert!(envelope.time_of_receipt && !envelope.member_unknown);
}

#[tokio::test]
async fn members_come_by_id_by_card_or_in_the_request_and_unknown_ones_are_guests() {
    let node = start().await;
    let mut client = node.client().await;
    let snapshot =
        v1::MemberSnapshot { id: "m-x".into(), tier: "gold".into(), version: 3, ..Default::default() };
    for (identity, net, version, unknown) in [
        // 16.20 + 36.00 - 5.00.
        (Identity::Id("m-gold".into()), 4_720, 17, false),
        (Identity::Card("8800".into()), 4_720, 17, false),
        (Identity::Snapshot(snapshot), 4_720, 3, false),
        (Identity::Id("m-nobody".into()), 5_300, 0, true),
        (Identity::Card("m-gold".into()), 5_300, 0, true),
    ] {
        let asked = format!("{identity:?}");
        let message = v1::Basket { member: member(identity), ..basket() };
        let quote = client.quote(message).await.unwrap().into_inner();
        assert_eq!(quote.totals.unwrap().net_minor, net, "{asked}");
        assert_eq!(quote.snapshot_version, version, "{asked}");
        assert_eq!(quote.envelope.unwrap().member_unknown, unknown, "{asked}");
        let entitled: Vec<_> = quote.entitlements.iter().map(|entitlement| entitlement.id.as_str()).collect();
        assert_eq!(entitled, if unknown { &[][..] } else { &["gift-wrap"] }, "{asked}");
    }
}

#[tokio::test]
async fn a_tier_that_the_program_does_not_have_is_told() {
    let node = start().await;
    let mut client = node.client().await;
    for (tier, degraded) in [("gold", false), ("", false), ("diamond", true)] {
        let snapshot = v1::MemberSnapshot { id: "m-x".into(), tier: tier.into(), ..Default::default() };
        let message = v1::Basket { member: member(Identity::Snapshot(snapshot)), ..basket() };
        let quote = client.quote(message).await.unwrap().into_inner();
        // 16.20 + 36.00 - 5.00 with gold's tenth; what asks for no tier is everybody's.
        let net = if tier == "gold" { 4_720 } else { 5_300 };
        assert_eq!(quote.totals.unwrap().net_minor, net, "{tier}");
        let envelope = quote.envelope.unwrap();
        assert_eq!((envelope.degraded, envelope.member_unknown), (degraded, false), "{tier}");
    }
}

#[tokio::test]
async fn a_batch_answers_in_order_and_a_bad_basket_spoils_its_own_result() {
    let node = start().await;
    let mut client = node.client().await;
    let mut baskets: Vec<_> = (1..=20)
        .map(|units| v1::Basket {
            chain: String::new(),
            lines: vec![line("L1", "bread", "bakery", units, 100)],
            codes: Vec::new(),
            ..basket()
        })
        .collect();
    baskets[7].lines[0].quantity_milli = 0;
    baskets[7].currency = "EUR".to_owned();
    let request = v1::QuoteBatchRequest { chain: "sunrise".to_owned(), baskets };
    let results = client.quote_batch(request).await.unwrap().into_inner().results;
    assert_eq!(results.len(), 20);
    for (units, result) in (1..).zip(results) {
        if units == 8 {
            let refusal = refused(result);
            let fields: Vec<_> = refusal.problems.iter().map(|problem| problem.field.as_str()).collect();
            assert_eq!(fields, ["currency", "lines[0].quantity_milli"]);
            assert_eq!((refusal.code, refusal.reason.as_str()), (3, "INVALID_REQUEST"));
        } else {
            assert_eq!(priced(result).due_minor, units * 100);
        }
    }
}

#[tokio::test]
async fn a_stream_answers_in_the_order_of_arrival() {
    let node = start().await;
    let mut client = node.client().await;
    let growing = (1..=300).map(|count| v1::Basket {
        chain: if count == 50 { "sunset".to_owned() } else { "sunrise".to_owned() },
        lines: (0..count % 40 + 1)
            .map(|at| line(&format!("L{at}"), &format!("s{at}"), "bakery", 1, count))
            .collect(),
        ..basket()
    });
    let baskets = tokio_stream::iter(growing.collect::<Vec<_>>());
    let mut answers = client.quote_stream(baskets).await.unwrap().into_inner();
    for count in 1..=300 {
        let result = answers.next().await.unwrap().unwrap();
        if count == 50 {
            let refusal = refused(result);
            assert_eq!((refusal.code, refusal.reason.as_str()), (5, "UNKNOWN_CHAIN"));
            continue;
        }
        let quote = priced(result);
        let lines = count % 40 + 1;
        assert_eq!(i64::try_from(quote.lines.len()).unwrap(), lines);
        assert_eq!(quote.totals.unwrap().gross_minor, lines * count);
    }
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn explanations_are_receipts_in_two_languages_with_near_misses() {
    let node = start().await;
    let mut client = node.client().await;
    let mut short = basket();
    short.lines.truncate(1);
    let english = ["Sunrise Market", "Second milk at half price", "18.00"];
    let chinese = ["朝阳超市", "牛奶第二件半价", "18.00"];
    for (lang, said, words) in [("", "en", english), ("en", "en", english), ("zh-CN", "zh-CN", chinese)] {
        let request = v1::ExplainRequest {
            chain: "sunrise".to_owned(),
            basket: Some(v1::Basket { chain: String::new(), ..short.clone() }),
            lang: lang.to_owned(),
        };
        let answer = client.explain(request).await.unwrap().into_inner();
        assert_eq!((answer.lang.as_str(), answer.chain.as_str()), (said, "sunrise"));
        for word in words {
            assert!(answer.receipt.contains(word), "{word}: {}", answer.receipt);
        }
        let quote = answer.quote.unwrap();
        assert_eq!(quote.due_minor, 1_800);
        assert_eq!(quote.near_misses[0].offer, "save-5");
    }
}

#[tokio::test]
async fn near_misses_are_said_when_somebody_asks() {
    let node = start().await;
    let mut client = node.client().await;
    let mut bread = basket();
    bread.lines.remove(0);
    let quote = client.quote(bread.clone()).await.unwrap().into_inner();
    assert!(quote.near_misses.is_empty(), "nobody asked");
    let quote = client.quote(v1::Basket { near_misses: true, ..bread }).await.unwrap().into_inner();
    let missing = v1::Missing { what: Some(v1::missing::What::AmountMinor(1_000)) };
    let expected = v1::NearMiss { offer: "save-5".to_owned(), missing: Some(missing), saving_minor: 500 };
    assert_eq!(quote.near_misses, [expected]);
    let save = quote.offers.iter().find(|offer| offer.id == "save-5").unwrap();
    assert_eq!((save.outcome(), save.reason()), (v1::OfferOutcome::Refused, v1::Reason::ThresholdNotMet));
    assert_eq!(save.missing, Some(missing));
}

#[tokio::test]
async fn the_program_in_force_is_said_and_can_be_replaced() {
    let node = start().await;
    let mut client = node.client().await;
    let asked = || v1::GetProgramRequest { chain: "sunrise".to_owned() };
    let program = client.get_program(asked()).await.unwrap().into_inner();
    assert_eq!((program.chain.as_str(), program.currency.as_str()), ("sunrise", "CNY"));
    let ids: Vec<_> = program.offers.iter().map(|offer| offer.id.as_str()).collect();
    assert_eq!(ids, ["milk-second-half", "save-5", "tier:gold"]);
    let milk = &program.offers[0];
    assert_eq!(milk.titles[1], v1::Title { lang: "zh-CN".to_owned(), text: "牛奶第二件半价".to_owned() });
    assert_eq!((milk.kind(), milk.method()), (v1::OfferKind::Promotion, v1::OfferMethod::NthUnit));
    assert_eq!(program.titles[0].text, "Sunrise Market");

    node.node.publish(chain(&PROGRAM.replace("50%", "100%")));
    let quote = client.quote(basket()).await.unwrap().into_inner();
    assert_eq!(quote.due_minor, 4_700);
    let later = client.get_program(asked()).await.unwrap().into_inner();
    assert_ne!(later.program_version, program.program_version);
    assert_eq!(later.program_version, quote.program_version);
}

#[tokio::test]
async fn business_time_is_the_tills_or_the_time_of_receipt() {
    let node = start().await;
    let mut client = node.client().await;
    let before = jiff::Timestamp::now().as_millisecond();
    let received = client.quote(basket()).await.unwrap().into_inner();
    let unix_ms = received.business_time_unix_ms;
    assert!((before..=jiff::Timestamp::now().as_millisecond()).contains(&unix_ms));
    assert_eq!(received.utc_offset_minutes, 480, "Shanghai's");

    let at = |unix_ms| Some(v1::BusinessTime { unix_ms, utc_offset_minutes: -300 });
    let near = v1::Basket { business_time: at(before - 600_000), ..basket() };
    let quote = client.quote(near).await.unwrap().into_inner();
    assert_eq!((quote.business_time_unix_ms, quote.utc_offset_minutes), (before - 600_000, -300));
    assert!(!quote.envelope.unwrap().time_of_receipt);

    let far = v1::Basket { business_time: at(before - 86_400_000), ..basket() };
    let status = client.quote(far.clone()).await.unwrap_err();
    assert!(status.message().contains("offline_sale"), "{}", status.message());
    let offline = v1::Basket { offline_sale: true, ..far };
    assert!(client.quote(offline).await.unwrap().into_inner().envelope.unwrap().offline_sale);
}

#[test]
fn a_catalogue_beside_the_program_completes_lines() {
    let folder = std::env::temp_dir().join(format!("suanpan-{}-catalogue", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("sunrise.yaml"), PROGRAM).unwrap();
    std::fs::write(folder.join("catalogue.csv"), "sku,category,base_price\nmilk,dairy/milk,12.00\n").unwrap();
    let chain = Chain::load(&folder, None);
    std::fs::remove_dir_all(&folder).unwrap();
    let node = Node::new(chain.unwrap(), Members::default(), None, None);
    let bare = |id: &str, sku: &str| v1::Line {
        id: id.to_owned(),
        sku: sku.to_owned(),
        quantity_milli: 2_000,
        ..v1::Line::default()
    };
    let mut message = basket();
    message.lines = vec![bare("L1", "milk"), line("L2", "bread", "bakery", 1, 4_000)];
    let quote = node.price("", message.clone(), false, |answer| answer.message()).unwrap();
    assert_eq!(quote.due_minor, 5_300);
    let unknown: Vec<_> = quote.lines.iter().map(|line| line.not_in_catalogue).collect();
    assert_eq!(unknown, [false, true]);

    message.lines.push(bare("L3", "caviar"));
    match node.price("", message, false, |answer| answer.message()) {
        Err(Failure::Invalid(problems)) => {
            assert_eq!(
                problems.to_string(),
                "lines[2].unit_price_minor is missing, and the catalogue has no price for the article"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fault_costs_one_answer_and_is_said_without_its_inside() {
    let node = Node::new(chain(PROGRAM), Members::default(), None, None);
    let failed = node.price("", basket(), false, |_| -> i64 { panic!("inside detail") });
    let Err(Failure::Internal(request_id)) = failed else { panic!("{failed:?}") };
    let status = tonic::Status::from(Failure::Internal(request_id.clone()));
    assert_eq!(status.code(), tonic::Code::Internal);
    assert!(!status.message().contains("inside"), "{status}");
    assert_eq!(status.get_details_error_info().unwrap().metadata["request_id"], request_id);
    let due = node.price("", basket(), false, |answer| answer.message().due_minor).unwrap();
    assert_eq!(due, 5_300);
}
