//! The calls of `AdminService`, thin over the store and the books. Served on a loopback address alone.

mod audit;
mod codes;
mod describe;
mod export;
mod parked;
mod publish;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use suanpan_rpc::admin_v1::admin_service_server::{AdminService, AdminServiceServer};
use suanpan_rpc::problem::Problems;
use suanpan_rpc::{admin_v1, bounds, decode, status};
use suanpan_store::StoreError;
use tokio::runtime::Handle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};

use super::checkout::{Desk, desk};
use super::store_failed;
use crate::node::Node;

/// The service of a node that sells.
#[derive(Clone)]
pub(crate) struct Admin {
    node: Arc<Node>,
    /// Where long work runs: tills wait for whatever runs in a lane.
    beside: Handle,
}

/// Messages of a stream that wait for a slow reader.
const WAITING_MAX: usize = 4;

impl Admin {
    /// The service, for a node whose address only this machine reaches; none for others: it asks nobody who they are. Its
    /// long work runs in the runtime in which this is called.
    pub(crate) fn on_loopback(node: &Arc<Node>, address: SocketAddr) -> Option<AdminServiceServer<Self>> {
        address.ip().is_loopback().then(|| {
            AdminServiceServer::new(Self { node: Arc::clone(node), beside: Handle::current() })
                .max_decoding_message_size(bounds::ADMIN_BYTES_MAX)
                .max_encoding_message_size(super::ANSWER_BYTES_MAX)
        })
    }

    fn desk<T>(&self, request: &Request<T>) -> Result<Desk<'_>, Status> {
        desk(&self.node, request, status::ADMIN_DOMAIN)
    }
}

fn invalid(problems: Problems) -> Status {
    status::invalid(&problems.of_domain(status::ADMIN_DOMAIN))
}

/// What the operator hears of a store that did not do it: unlike a till, in the store's own words when it refused.
fn failed(error: &StoreError) -> Status {
    match error {
        StoreError::Refused(why) | StoreError::Corrupt(why) => {
            tracing::warn!(%error, "the store refused an operator");
            status::plain(Code::FailedPrecondition, status::ADMIN_DOMAIN, status::STORE_REFUSED, why)
        }
        StoreError::Unknown(_)
        | StoreError::Busy
        | StoreError::Unavailable(_)
        | StoreError::TooNew { .. }
        | StoreError::Panicked(_)
        | StoreError::Contract(_) => store_failed(status::ADMIN_DOMAIN, error),
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    async fn describe(
        &self,
        request: Request<admin_v1::DescribeRequest>,
    ) -> Result<Response<admin_v1::DescribeResponse>, Status> {
        self.desk(&request)?.describe().await.map(Response::new)
    }

    async fn publish(
        &self,
        request: Request<admin_v1::PublishRequest>,
    ) -> Result<Response<admin_v1::PublishResponse>, Status> {
        let desk = self.desk(&request)?;
        let message = request.into_inner();
        let actor = decode::publish(&message).map_err(invalid)?;
        let response = desk.publish(&self.node, message.files, message.dry_run).await?;
        if !message.dry_run {
            let version = &response.version;
            tracing::info!(actor = actor.id, program_version = version, "a program was published");
        }
        Ok(Response::new(response))
    }

    async fn add_codes(
        &self,
        request: Request<admin_v1::AddCodesRequest>,
    ) -> Result<Response<admin_v1::AddCodesResponse>, Status> {
        let desk = self.desk(&request)?;
        let call = decode::add_codes(request.into_inner(), desk.chain.id()).map_err(invalid)?;
        desk.add_codes(&call).await.map(Response::new)
    }

    async fn list_parked(
        &self,
        request: Request<admin_v1::ListParkedRequest>,
    ) -> Result<Response<admin_v1::ListParkedResponse>, Status> {
        let desk = self.desk(&request)?;
        let call = decode::list_parked(request.get_ref(), desk.chain.id()).map_err(invalid)?;
        desk.list_parked(call).await.map(Response::new)
    }

    async fn retry_parked(
        &self,
        request: Request<admin_v1::RetryParkedRequest>,
    ) -> Result<Response<admin_v1::RetryParkedResponse>, Status> {
        let desk = self.desk(&request)?;
        let call = decode::retry_parked(request.into_inner(), desk.chain.id()).map_err(invalid)?;
        desk.retry_parked(&call).await.map(Response::new)
    }

    async fn backup(
        &self,
        request: Request<admin_v1::BackupRequest>,
    ) -> Result<Response<admin_v1::BackupResponse>, Status> {
        let message = request.into_inner();
        let actor = decode::backup(&message).map_err(invalid)?;
        let Some(backup) = self.node.backup() else {
            let message = "the store of this node is a cluster: copy it with Scylla Manager (sctool backup), see docs/cluster.md";
            return Err(status::plain(Code::Unimplemented, status::ADMIN_DOMAIN, status::NO_BACKUP, message));
        };
        let path = PathBuf::from(message.path);
        tracing::info!(actor = actor.id, path = %path.display(), "a backup begins");
        let copied = tokio::task::spawn_blocking(move || backup.backup(&path)).await;
        let copied = copied.unwrap_or_else(|error| Err(StoreError::Panicked(error.to_string())));
        let copied = copied.map_err(|error| failed(&error))?;
        Ok(Response::new(admin_v1::BackupResponse {
            members: copied.members.cast_signed(),
            guests: copied.guests.cast_signed(),
            entries: copied.entries.cast_signed(),
        }))
    }

    type AuditStream = ReceiverStream<Result<admin_v1::AuditResponse, Status>>;

    async fn audit(
        &self,
        request: Request<admin_v1::AuditRequest>,
    ) -> Result<Response<Self::AuditStream>, Status> {
        let desk = self.desk(&request)?;
        let chain = decode::audit(request.into_inner()).map_err(invalid)?;
        Ok(Response::new(audit::stream(&self.beside, Arc::clone(&desk.sales.store), chain)))
    }

    type ExportStream = ReceiverStream<Result<admin_v1::ExportResponse, Status>>;

    async fn export(
        &self,
        request: Request<admin_v1::ExportRequest>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        let desk = self.desk(&request)?;
        let call = decode::export(request.get_ref(), desk.chain.id()).map_err(invalid)?;
        let (store, chain) = (Arc::clone(&desk.sales.store), Arc::clone(&desk.chain));
        Ok(Response::new(export::stream(&self.beside, store, chain, call)))
    }
}
