//! A running node: its ports, and how it ends.

use std::future::Future;
use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use suanpan_rpc::checkout_v1::checkout_service_server::CheckoutServiceServer;
use suanpan_rpc::member_v1::member_service_server::MemberServiceServer;
use suanpan_rpc::v1::FILE_DESCRIPTOR_SET;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};

use crate::admin::{self, Phase};
use crate::connections::Connections;
use crate::lanes::Lanes;
use crate::node::Node;
use crate::service::{Accounts, Admin as AdminCalls, BySize, Checkouts, Pricing};

/// Calls that one connection may have open. A till has one or two, a batch job dozens.
const STREAMS_PER_CONNECTION_MAX: u32 = 1_024;
/// Headers of one call.
const HEADER_LIST_BYTES_MAX: u32 = 16 << 10;
/// Frames of answers: large ones halve the slowest calls of busy streams.
const FRAME_BYTES_MAX: u32 = 64 << 10;
/// A peer that vanished without a word is noticed after this and the same again.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// The sockets of a node, bound already.
#[derive(Debug)]
pub struct Listeners {
    /// For gRPC.
    pub grpc: TcpListener,
    /// For the admin port; none where another process part has one.
    pub admin: Option<TcpListener>,
}

/// How a node ends.
#[derive(Clone, Copy, Debug)]
pub struct Drain {
    /// How long calls are still taken after the signal.
    pub lag: Duration,
    /// How long calls in flight may take after that.
    pub deadline: Duration,
}

/// How a node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every call was answered.
    InOrder,
    /// The deadline passed with calls or connections still open.
    AtDeadline,
}

/// Why a node could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The gRPC server failed.
    #[error("the gRPC server failed")]
    Grpc(#[source] tonic::transport::Error),
    /// The threads that serve did not start.
    #[error("no threads to serve with")]
    Threads(#[source] io::Error),
    /// The admin port failed.
    #[error("the admin port failed")]
    Admin(#[source] io::Error),
    /// Reflection could not be set up.
    #[error("the descriptors for reflection are broken")]
    Reflection(#[source] tonic_reflection::server::Error),
}

/// Serves until `stop` is done, then drains: not ready, still taking calls for the lag, then no new ones, then done.
///
/// # Errors
/// [`ServeError`] when a port fails. Calls that go wrong are answered and end nothing.
pub async fn serve(
    node: Arc<Node>,
    listeners: Listeners,
    drain: Drain,
    stop: impl Future<Output = ()>,
) -> Result<Ended, ServeError> {
    let phase = Arc::new(Phase::ready());
    let mut admin = listeners.admin.map(|listener| Admin::start(listener, Arc::clone(&phase)));
    let (draining, is_draining) = watch::channel(false);
    let (mut health, health_service) = health_reporter();
    say(&health, ServingStatus::Serving).await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // Details of refusals are `Any`: whoever has no proto files reads them by these.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
    };
    let address = listeners.grpc.local_addr().map_err(ServeError::Admin)?;
    let pricing = BySize::of(&Pricing::of(Arc::clone(&node), is_draining));
    let checkouts = CheckoutServiceServer::new(Checkouts::of(Arc::clone(&node)));
    let admin_calls = AdminCalls::on_loopback(&node, address);
    let members = MemberServiceServer::new(Accounts::of(node));
    let router = || {
        let router = Server::builder()
            .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
            .http2_max_header_list_size(HEADER_LIST_BYTES_MAX)
            .max_frame_size(FRAME_BYTES_MAX)
            .http2_keepalive_interval(Some(KEEPALIVE))
            .http2_keepalive_timeout(Some(KEEPALIVE))
            .add_service(pricing.clone())
            .add_service(checkouts.clone())
            .add_optional_service(admin_calls.clone())
            .add_service(members.clone())
            .add_service(health_service.clone())
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?);
        Ok(router)
    };
    let count = available_parallelism().map_or(1, NonZero::get);
    let routers = (0..count).map(|_| router()).collect::<Result<_, _>>().map_err(ServeError::Reflection)?;
    let (mut lanes, dealer) = Lanes::start(routers).map_err(ServeError::Threads)?;
    let mut accepting = Box::pin(Connections::of(listeners.grpc).deal(dealer));

    tokio::select! {
        ended = lanes.ended() => {
            ended.map_err(ServeError::Grpc)?;
            return Ok(Ended::InOrder);
        }
        () = &mut accepting => {}
        () = stop => {}
        error = Admin::failed(admin.as_mut()) => return Err(ServeError::Admin(error)),
    }

    tracing::info!(lag = ?drain.lag, deadline = ?drain.deadline, "draining");
    phase.drain();
    say(&health, ServingStatus::NotServing).await;
    tokio::select! {
        ended = lanes.ended() => ended.map_err(ServeError::Grpc)?,
        () = &mut accepting => {}
        () = sleep(drain.lag) => {}
    }
    drop(accepting);
    lanes.drain();
    let _ = draining.send(true);
    // Ends the streams of those who watch our health; they would hold their connections open.
    for service in ["", BySize::NAME] {
        health.clear_service_status(service).await;
    }
    let ended = match timeout(drain.deadline, lanes.ended()).await {
        Ok(ended) => ended.map(|()| Ended::InOrder).map_err(ServeError::Grpc)?,
        Err(_) => {
            tracing::warn!("the drain deadline passed with calls or connections still open");
            Ended::AtDeadline
        }
    };
    tracing::info!(?ended, "drained");
    Ok(ended)
}

async fn say(health: &HealthReporter, status: ServingStatus) {
    for service in ["", BySize::NAME] {
        health.set_service_status(service, status).await;
    }
}

/// The admin port's task; it ends with its owner, after the last call was answered.
struct Admin(JoinHandle<io::Result<()>>);

impl Admin {
    fn start(listener: TcpListener, phase: Arc<Phase>) -> Self {
        Self(tokio::spawn(async move { axum::serve(listener, admin::router(phase)).await }))
    }

    /// Why it ended by itself; without an admin port never.
    async fn failed(admin: Option<&mut Self>) -> io::Error {
        match admin {
            Some(Self(task)) => match task.await {
                Ok(Ok(())) => io::Error::other("it ended"),
                Ok(Err(error)) => error,
                Err(error) => io::Error::other(error),
            },
            None => std::future::pending().await,
        }
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.0.abort();
    }
}
