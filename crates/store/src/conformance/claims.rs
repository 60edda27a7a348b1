//! One id has one owner: whoever comes second, in whatever order, is told who has it.

use suanpan_domain::MemberId;
use suanpan_ledger::head::OfferKey;
use suanpan_ledger::{Refusal, State};

use crate::conformance::till::{Basket, Shop, Told, known};
use crate::limit::{LimitCap, Taken};
use crate::scope::Owner;

async fn states(shop: &Shop, basket: &Basket) -> (Owner, State) {
    let found = known(|| shop.store.find_checkout(shop.chain, basket.checkout)).await.expect("a sale");
    (found.owner, found.entry.state)
}

fn of(member: &MemberId) -> Owner {
    Owner::Member(member.clone())
}

pub(super) async fn guest_then_member(shop: Shop) {
    let member = shop.enrol("anna").await;
    let guest = Basket::of_guest(1);
    assert!(shop.confirm(&guest).await.is_done());
    let late = guest.owned_by(of(&member));
    assert_eq!(shop.confirm(&late).await, Told::Elsewhere(guest.owner.clone()));
    assert_eq!(shop.reserve(&late).await, Told::Elsewhere(guest.owner.clone()));
    assert_eq!(shop.cancel(&late).await, Told::Elsewhere(guest.owner.clone()));
    assert!(shop.confirm(&guest).await.is_done(), "a retry finds its sale");
    assert_eq!(states(&shop, &guest).await, (guest.owner.clone(), State::Confirmed));
    let row = known(|| shop.store.member(shop.chain, &member)).await.expect("a member");
    assert_eq!(row.head.version, 1);
}

pub(super) async fn member_then_guest(shop: Shop) {
    let member = shop.enrol("bela").await;
    let sale = Basket::of_member(&member, 1);
    assert!(shop.confirm(&sale).await.is_done());
    let guest = Basket::of_guest(1);
    assert_eq!(shop.confirm(&guest).await, Told::Elsewhere(of(&member)));
    assert_eq!(shop.tender(&guest).await, Told::Elsewhere(of(&member)));
    assert_eq!(states(&shop, &sale).await, (of(&member), State::Confirmed));
}

pub(super) async fn two_cards(shop: Shop) {
    let (one, two) = (shop.enrol("carl").await, shop.enrol("dora").await);
    let sale = Basket::of_member(&one, 1);
    assert!(shop.reserve(&sale).await.is_done());
    // The second card wins by confirming; the first one's hold ends with it.
    let other = sale.owned_by(of(&two));
    assert!(shop.confirm(&other).await.is_done());
    assert_eq!(states(&shop, &sale).await, (of(&two), State::Confirmed));
    assert_eq!(shop.confirm(&sale).await, Told::Elsewhere(of(&two)));
    let row = known(|| shop.store.member(shop.chain, &one)).await.expect("a member");
    assert!(row.head.holds.is_empty());
}

pub(super) async fn a_reservation_is_fenced(shop: Shop) {
    let (one, two) = (shop.enrol("emil").await, shop.enrol("fee").await);
    assert!(shop.adjust(&one, 1, 50).await.is_done());
    let held = Basket::of_member(&one, 1).paying_points(50);
    assert!(shop.reserve(&held).await.is_done());
    let other = Basket::of_member(&two, 1);
    assert!(shop.reserve(&other).await.is_done());
    // The points that it held are there again, for another sale.
    assert!(shop.confirm(&Basket::of_member(&one, 2).paying_points(50)).await.is_done());
    assert_eq!(states(&shop, &other).await, (of(&two), State::Reserved));
    assert!(shop.confirm(&other).await.is_done());
}

pub(super) async fn a_cancel_comes_first(shop: Shop) {
    let member = shop.enrol("gerd").await;
    let guest = Basket::of_guest(1);
    assert!(shop.cancel(&guest).await.is_done());
    assert_eq!(shop.confirm(&guest).await.reason(), Refusal::CheckoutCancelled);
    let sale = guest.owned_by(of(&member));
    assert_eq!(shop.confirm(&sale).await.reason(), Refusal::CheckoutCancelled);
    assert_eq!(states(&shop, &guest).await, (guest.owner.clone(), State::Cancelled));
    // What has happened is recorded all the same.
    assert!(shop.tender(&sale).await.is_done());
    assert_eq!(states(&shop, &guest).await, (of(&member), State::Confirmed));
}

pub(super) async fn everybody_at_once(shop: Shop) {
    let members = [shop.enrol("hans").await, shop.enrol("ida").await, shop.enrol("jan").await];
    for number in 1..=20 {
        let guest = Basket::of_guest(number);
        let mut owners: Vec<Owner> = members.iter().map(of).collect();
        owners.push(guest.owner.clone());
        let tills: Vec<_> = owners
            .into_iter()
            .cycle()
            .take(16)
            .enumerate()
            .map(|(till, owner)| {
                let (shop, basket) = (shop.clone(), guest.owned_by(owner));
                tokio::spawn(async move {
                    if till % 3 == 0 {
                        shop.reserve(&basket).await;
                    }
                    (basket.owner.clone(), shop.confirm(&basket).await)
                })
            })
            .collect();
        let mut told = Vec::new();
        for till in tills {
            told.push(till.await.expect("a till does not panic"));
        }
        let (winner, state) = states(&shop, &guest).await;
        assert_eq!(state, State::Confirmed);
        for (owner, told) in told {
            match told {
                Told::Done(_) => assert_eq!(owner, winner),
                Told::Elsewhere(other) => assert_eq!(other, winner),
                // Fenced by a reservation that is not confirmed yet: this till asks again.
                Told::Refused(reasons) => {
                    assert_eq!(reasons, [Refusal::CheckoutFenced], "{owner:?}");
                    assert_ne!(owner, winner);
                }
            }
        }
    }
    for member in &members {
        let row = known(|| shop.store.member(shop.chain, member)).await.expect("a member");
        assert!(row.head.holds.is_empty());
    }
}

pub(super) async fn a_fenced_share_of_a_limit_is_free(shop: Shop) {
    let member = shop.enrol("karl").await;
    let offer = OfferKey(1);
    known(|| shop.store.set_limit(shop.chain, offer, LimitCap { uses: Some(1), amount_minor: None })).await;
    let guest = Basket::of_guest(1).taking(offer, 1, 100);
    assert!(shop.reserve(&guest).await.is_done());
    // The last use is held by the same sale: scanning the card does not lose it.
    let sale = guest.owned_by(of(&member));
    assert!(shop.reserve(&sale).await.is_done());
    let limit = &known(|| shop.store.limits(shop.chain)).await[0];
    assert_eq!((limit.held.uses, limit.used.uses), (1, 0));
    assert!(shop.confirm(&sale).await.is_done());
    let limit = &known(|| shop.store.limits(shop.chain)).await[0];
    assert_eq!((limit.held, limit.used), (Taken::default(), Taken { uses: 1, amount_minor: 100 }));
}
