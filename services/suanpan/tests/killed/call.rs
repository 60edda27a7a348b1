//! Calls of tills, and how long a till asks: until it is answered.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use suanpan_rpc::checkout_v1::checkout_service_client::CheckoutServiceClient;
use suanpan_rpc::member_v1::member_service_client::MemberServiceClient;
use suanpan_rpc::v1::pricing_service_client::PricingServiceClient;
use suanpan_rpc::{checkout_v1, member_v1, v1};
use tonic::transport::Channel;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

use crate::server::Line;

/// A call that changes something.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Reserve(Box<checkout_v1::ReserveRequest>),
    Confirm(Box<checkout_v1::ConfirmRequest>),
    Offline(Box<checkout_v1::RecordOfflineSaleRequest>),
    Cancel(checkout_v1::CancelRequest),
    Return(checkout_v1::ReturnRequest),
    OfflineReturn(checkout_v1::RecordOfflineReturnRequest),
    Enrol(Box<member_v1::EnrolRequest>),
    Adjust(member_v1::AdjustRequest),
    Grant(member_v1::GrantCouponRequest),
    Activity(member_v1::RecordActivityRequest),
    Transfer(member_v1::TransferRequest),
}

/// What a call was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Sale(Box<checkout_v1::Checkout>),
    Back(Box<checkout_v1::ReturnResponse>),
    /// The member as it is now, which a repeated call need not show again.
    Done,
    /// Nothing was changed.
    Refused(Refused),
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    /// The reasons, in order.
    pub(crate) reasons: Vec<String>,
}

/// A call with its answer.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) call: Call,
    pub(crate) answer: Answer,
    /// When it was sent first.
    pub(crate) asked: Instant,
    /// When the answer was there.
    pub(crate) answered: Instant,
}

/// Every answer that was given.
#[derive(Default)]
pub(crate) struct Log {
    told: Mutex<Vec<Told>>,
    /// Answers so far.
    pub(crate) answers: AtomicU64,
    /// Calls that were sent again because there was no answer.
    pub(crate) again: AtomicU64,
}

impl Log {
    pub(crate) fn take(&self) -> Vec<Told> {
        std::mem::take(&mut self.told.lock().expect("nobody panics with it"))
    }

    /// Asks until there is an answer, and writes it down.
    pub(crate) async fn ask(&self, line: &Line, call: &Call) -> Answer {
        let asked = Instant::now();
        let answer = until_answered(line, &self.again, || call).await;
        let told = Told { call: call.clone(), answer: answer.clone(), asked, answered: Instant::now() };
        self.told.lock().expect("nobody panics with it").push(told);
        self.answers.fetch_add(1, Ordering::Relaxed);
        answer
    }
}

/// A till whose call is not answered gives up on the connection.
const ONE_TRY: Duration = Duration::from_secs(10);
/// A call that is not answered for so long is a failure of the test.
const PATIENCE: Duration = Duration::from_secs(120);
/// Before a call is sent again.
const PAUSE: Duration = Duration::from_millis(5);

/// Asks again until there is an answer.
pub(crate) async fn until_answered<'c>(
    line: &Line,
    again: &AtomicU64,
    call: impl Fn() -> &'c Call,
) -> Answer {
    let begun = Instant::now();
    loop {
        let last = match tokio::time::timeout(ONE_TRY, send(connection(line).await, call())).await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(status)) => format!("{:?} {}", status.code(), status.message()),
            Err(_) => format!("nothing within {ONE_TRY:?}"),
        };
        again.fetch_add(1, Ordering::Relaxed);
        assert!(begun.elapsed() < PATIENCE, "no answer but at last {last:?} to {:?}", call());
        tokio::time::sleep(PAUSE).await;
    }
}

/// The connection to a process that serves, as soon as one does; of several to each in turn.
pub(crate) async fn connection(line: &Line) -> Channel {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    let mut line = line.clone();
    let served = tokio::time::timeout(PATIENCE, line.wait_for(|line| !line.is_empty())).await;
    let served = served.expect("a process serves").expect("the process is kept");
    served[TURN.fetch_add(1, Ordering::Relaxed) % served.len()].clone()
}

/// Sends a call once; no answer when it is not known whether it was carried out, or when it was not.
async fn send(channel: Channel, call: &Call) -> Result<Answer, Status> {
    let mut sales = CheckoutServiceClient::new(channel.clone());
    let mut members = MemberServiceClient::new(channel);
    let sale = |answer: Response<_>| Answer::Sale(Box::new(answer.into_inner()));
    let back = |answer: Response<_>| Answer::Back(Box::new(answer.into_inner()));
    let done = |_: Response<member_v1::Member>| Answer::Done;
    let answer = match call.clone() {
        Call::Reserve(request) => sales.reserve(*request).await.map(sale),
        Call::Confirm(request) => sales.confirm(*request).await.map(sale),
        Call::Offline(request) => sales.record_offline_sale(*request).await.map(sale),
        Call::Cancel(request) => sales.cancel(request).await.map(sale),
        Call::Return(request) => sales.r#return(request).await.map(back),
        Call::OfflineReturn(request) => sales.record_offline_return(request).await.map(back),
        Call::Enrol(request) => members.enrol(*request).await.map(done),
        Call::Adjust(request) => members.adjust(request).await.map(done),
        Call::Grant(request) => members.grant_coupon(request).await.map(done),
        Call::Activity(request) => members.record_activity(request).await.map(done),
        Call::Transfer(request) => members.transfer(request).await.map(done),
    };
    match answer {
        Ok(answer) => Ok(answer),
        Err(status) => refused(&status).map(Answer::Refused).ok_or(status),
    }
}

/// A refusal that is an answer; none of a connection that broke, or of a node that says that it does not know.
fn refused(status: &Status) -> Option<Refused> {
    let details = status.get_error_details();
    let info = details.error_info()?;
    match status.code() {
        Code::Unavailable => None,
        Code::InvalidArgument | Code::NotFound | Code::AlreadyExists | Code::FailedPrecondition => {
            let mut reasons: Vec<String> = details
                .precondition_failure()
                .map(|failure| failure.violations.iter().map(|violation| violation.r#type.clone()).collect())
                .unwrap_or_default();
            if reasons.is_empty() {
                reasons.push(info.reason.clone());
            }
            Some(Refused { code: status.code(), reasons })
        }
        _ => panic!("a node must not answer so: {status:?}"),
    }
}

/// Asks for something that changes nothing, until there is an answer.
macro_rules! read {
    ($line:expr, $client:ident, $method:ident, $request:expr) => {{
        let request = $request;
        let begun = std::time::Instant::now();
        loop {
            let channel = $crate::call::connection($line).await;
            let mut client = $client::new(channel);
            let answer =
                tokio::time::timeout(std::time::Duration::from_secs(10), client.$method(request.clone()))
                    .await;
            match answer {
                Ok(Ok(answer)) => break Ok(answer.into_inner()),
                Ok(Err(status)) if $crate::call::is_an_answer(&status) => break Err(status),
                _ => {
                    assert!(begun.elapsed() < std::time::Duration::from_secs(120), "no answer to {request:?}")
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }};
}
pub(crate) use read;

pub(crate) fn is_an_answer(status: &Status) -> bool {
    refused(status).is_some()
}

/// The price of a basket; none when it is refused.
pub(crate) async fn quote(line: &Line, basket: &v1::Basket) -> Option<v1::Quote> {
    let quote: Result<v1::Quote, Status> = read!(line, PricingServiceClient, quote, basket.clone());
    quote.ok()
}

impl Call {
    /// The sale that it is about.
    pub(crate) fn sale(&self) -> Option<&str> {
        match self {
            Call::Reserve(call) => Some(&call.checkout_id),
            Call::Confirm(call) => Some(&call.checkout_id),
            Call::Offline(call) => Some(&call.checkout_id),
            Call::Cancel(call) => Some(&call.checkout_id),
            Call::Return(call) => Some(&call.checkout_id),
            Call::OfflineReturn(call) => Some(&call.checkout_id),
            Call::Enrol(_) | Call::Adjust(_) | Call::Grant(_) | Call::Activity(_) | Call::Transfer(_) => None,
        }
    }

    /// The return that it is about.
    pub(crate) fn return_id(&self) -> Option<&String> {
        match self {
            Call::Return(call) => Some(&call.return_id),
            Call::OfflineReturn(call) => Some(&call.return_id),
            _ => None,
        }
    }

    /// Whose sale it is to be, none for a guest's; none at all for a call that is not to sell.
    pub(crate) fn buyer(&self) -> Option<Option<&v1::Member>> {
        let basket = match self {
            Call::Reserve(call) => &call.basket,
            Call::Confirm(call) => &call.basket,
            Call::Offline(call) => &call.basket,
            _ => return None,
        };
        Some(basket.as_ref().and_then(|basket| basket.member.as_ref()))
    }

    /// The sale was paid already, whatever the node thinks of it.
    pub(crate) fn is_fact(&self) -> bool {
        match self {
            Call::Confirm(call) => call.tendered,
            Call::Offline(_) => true,
            _ => false,
        }
    }
}
