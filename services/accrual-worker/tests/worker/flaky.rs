//! A sink that fails again and again, and takes something in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use suanpan_accrual_worker::Pace;
use suanpan_accrual_worker::outbox::{Message, Sink, Took};
use suanpan_ledger::Action;
use suanpan_ledger::head::{CouponId, NEVER_MS, OfferKey};
use tokio::sync::{oneshot, watch};

use super::shop::{Folder, Shop, hurry, member, request};

const EVENTS: usize = 16;

/// Takes one event and fails at the next.
#[derive(Default)]
struct OneAtATime {
    taken: AtomicUsize,
}

#[async_trait]
impl Sink for OneAtATime {
    fn name(&self) -> &'static str {
        "flaky"
    }

    async fn take(&self, messages: Vec<Message>, _: &watch::Receiver<bool>) -> Took {
        // Begins when everything is there, so that all but the last one are followed by a failure.
        if self.taken.load(Ordering::Relaxed) + messages.len() < EVENTS {
            return Took::default();
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
        let error = (messages.len() > 1).then(|| "not now".to_owned());
        Took { count: 1, error }
    }
}

#[tokio::test]
async fn the_wait_begins_anew_when_anything_got_through() {
    let folder = Folder::new();
    let shop = Shop::open(&folder.file("store"), 1_764_000_000_000);
    shop.publish(super::oracle::PROGRAM).await;
    let anna = member(1);
    shop.enrol(&anna, None, None).await;
    for number in 0..EVENTS as u64 {
        let request = request(1_000 + number);
        let action = Action::GrantCoupon {
            request,
            content_hash: [0; 32],
            coupon: CouponId(request),
            campaign: OfferKey(1),
            expires_ms: NEVER_MS,
        };
        shop.ask(&anna, request, action).await;
    }
    // Fifteen failures in a row would wait at least 5 ms * (1 + 2 + ... + 16384) / 2, more than a minute.
    let pace =
        Pace { retry_first: Duration::from_millis(5), retry_max: Duration::from_secs(3_600), ..hurry() };
    let sink = Arc::new(OneAtATime::default());
    let worker = shop.worker_at(pace, vec![Arc::clone(&sink) as Arc<dyn Sink>]);
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await });
    let all_came = async {
        while sink.taken.load(Ordering::Relaxed) < EVENTS {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), all_came).await;
    let taken = sink.taken.load(Ordering::Relaxed);
    assert!(in_time.is_ok(), "{taken} of {EVENTS} events came");
    stop.send(()).expect("it runs");
    task.await.expect("no panic");
}
