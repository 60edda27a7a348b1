//! Codes that can be used once.

use suanpan_ledger::Refusal;
use suanpan_ledger::head::OfferKey;

use crate::code::{CodeHolder, CodeState, CodesAdded};
use crate::conformance::till::{Basket, Shop, known};
use crate::rows::Cursor;
use crate::scope::CodeHash;

const CAMPAIGN: OfferKey = OfferKey(7);

fn code(number: u8) -> CodeHash {
    CodeHash([number; 16])
}

async fn add(shop: &Shop, campaign: OfferKey, codes: &[CodeHash]) -> CodesAdded {
    known(|| shop.store.add_codes(shop.chain, campaign, codes)).await
}

async fn state(shop: &Shop, hash: CodeHash) -> CodeState {
    let view = known(|| shop.store.code(shop.chain, hash)).await.expect("a code");
    assert_eq!(view.campaign, CAMPAIGN);
    view.state
}

pub(super) async fn used_once(shop: Shop) {
    add(&shop, CAMPAIGN, &[code(1)]).await;
    let tills: Vec<_> = (1..=20)
        .map(|number| {
            let (shop, basket) = (shop.clone(), Basket::of_guest(number).with_code(code(1)));
            tokio::spawn(async move { (basket.clone(), shop.confirm(&basket).await) })
        })
        .collect();
    let mut winners = Vec::new();
    for till in tills {
        let (basket, told) = till.await.expect("a till does not panic");
        if told.is_done() {
            winners.push(basket);
        } else {
            assert_eq!(told.reason(), Refusal::CodeUsed);
        }
    }
    assert_eq!(winners.len(), 1);
    let by = CodeHolder { checkout: winners[0].checkout, owner: winners[0].owner.clone() };
    assert_eq!(state(&shop, code(1)).await, CodeState::Used { by });
    let unknown = Basket::of_guest(30).with_code(code(9));
    assert_eq!(shop.confirm(&unknown).await.reason(), Refusal::CodeUnknown);
}

pub(super) async fn held_and_freed(shop: Shop) {
    add(&shop, CAMPAIGN, &[code(1), code(2)]).await;
    let first = Basket::of_guest(1).with_code(code(1)).with_code(code(2));
    assert!(shop.reserve(&first).await.is_done());
    assert!(matches!(state(&shop, code(2)).await, CodeState::Held { .. }));
    let second = Basket::of_guest(2).with_code(code(2));
    assert_eq!(shop.confirm(&second).await.reason(), Refusal::CodeUsed);
    assert!(shop.cancel(&first).await.is_done());
    assert_eq!(state(&shop, code(1)).await, CodeState::Free);
    assert!(shop.confirm(&second).await.is_done());
    // The card that is scanned later takes the sale and what it held.
    let member = shop.enrol("anna").await;
    let guest = Basket::of_guest(3).with_code(code(1));
    assert!(shop.reserve(&guest).await.is_done());
    let sale = guest.owned_by(crate::scope::Owner::Member(member));
    assert!(shop.confirm(&sale).await.is_done());
    let by = CodeHolder { checkout: sale.checkout, owner: sale.owner.clone() };
    assert_eq!(state(&shop, code(1)).await, CodeState::Used { by });
}

pub(super) async fn added_twice(shop: Shop) {
    let codes: Vec<CodeHash> = (0..100).map(code).collect();
    let told = add(&shop, CAMPAIGN, &codes).await;
    // An answer that was lost may have added them before.
    assert_eq!((told.added + told.known, told.taken), (100, 0));
    let told = add(&shop, CAMPAIGN, &codes[..10]).await;
    assert_eq!(told, CodesAdded { added: 0, known: 10, taken: 0 });
    let told = add(&shop, OfferKey(8), &codes[..10]).await;
    assert_eq!(told, CodesAdded { added: 0, known: 0, taken: 10 });
    let mut after = Cursor::default();
    let mut found = Vec::new();
    loop {
        let page = known(|| shop.store.codes(shop.chain, &after, 33)).await;
        found.extend(page.rows);
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(found.len(), 100);
    assert!(found.iter().all(|(_, view)| view.campaign == CAMPAIGN && view.state == CodeState::Free));
    found.sort_by_key(|(hash, _)| *hash);
    assert!(found.iter().map(|(hash, _)| *hash).eq(codes));
}
