//! Programs and which of them holds.

use crate::conformance::till::{START_MS, Shop, known};
use crate::error::StoreError;
use crate::rows::ProgramRow;

pub(super) async fn put_and_activated(shop: Shop) {
    let (store, chain) = (&shop.store, shop.chain);
    assert_eq!(known(|| store.active_program(chain)).await, None);
    let refused = loop {
        match store.activate(chain, "v1", START_MS).await {
            Err(StoreError::Unknown(_) | StoreError::Busy) => {}
            other => break other.expect_err("never put"),
        }
    };
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    // As large as a program may be: a store that cuts it into pieces puts it together again.
    let large: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let one = ProgramRow { version: "v1".to_owned(), bytes: large };
    let two = ProgramRow { version: "v2".to_owned(), bytes: b"two".to_vec() };
    for program in [&one, &two, &one] {
        known(|| store.put_program(chain, program)).await;
    }
    // A version is a hash of its content: the first bytes stay.
    let other = ProgramRow { version: "v2".to_owned(), bytes: b"other".to_vec() };
    known(|| store.put_program(chain, &other)).await;
    for program in [&one, &two] {
        assert_eq!(known(|| store.program(chain, &program.version)).await.as_ref(), Some(program));
    }
    assert_eq!(known(|| store.program(chain, "v3")).await, None);
    let first = known(|| store.activate(chain, "v1", START_MS)).await;
    assert_eq!((first.generation, first.version.as_str(), first.at_ms), (1, "v1", START_MS));
    assert_eq!(known(|| store.activate(chain, "v1", START_MS + 1)).await, first, "again, nothing");
    let second = known(|| store.activate(chain, "v2", START_MS + 2)).await;
    let third = known(|| store.activate(chain, "v1", START_MS + 3)).await;
    assert_eq!((second.generation, third.generation), (2, 3));
    assert_eq!(known(|| store.active_program(chain)).await, Some(third.clone()));
    assert_eq!(known(|| store.activations(chain)).await, [third, second, first]);
}
