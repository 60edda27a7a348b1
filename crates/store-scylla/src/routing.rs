//! Sends conditional writes of one partition to its replicas in a stable order, so that they meet at one coordinator
//! instead of outbidding each other. The driver does so by itself where the server marks such statements; Apache Cassandra
//! does not.

use std::sync::Arc;
use std::time::Duration;

use scylla::cluster::{ClusterState, NodeRef};
use scylla::errors::RequestAttemptError;
use scylla::policies::load_balancing::{FallbackPlan, LoadBalancingPolicy, RoutingInfo};
use scylla::routing::Shard;

/// Another policy that takes every statement for a conditional one.
#[derive(Debug)]
pub(crate) struct Conditional(pub(crate) Arc<dyn LoadBalancingPolicy>);

fn marked<'r>(request: &RoutingInfo<'r>) -> RoutingInfo<'r> {
    let mut marked = request.clone();
    marked.is_confirmed_lwt = true;
    marked
}

fn node(cluster: &ClusterState, host: uuid::Uuid) -> Option<NodeRef<'_>> {
    cluster.get_nodes_info().iter().find(|node| node.host_id == host)
}

impl LoadBalancingPolicy for Conditional {
    fn pick<'a>(
        &'a self,
        request: &'a RoutingInfo<'_>,
        cluster: &'a ClusterState,
    ) -> Option<(NodeRef<'a>, Option<Shard>)> {
        // What is picked borrows the request that it was picked for: it is looked up again for the caller's.
        let marked = marked(request);
        let (host, shard) = self.0.pick(&marked, cluster).map(|(node, shard)| (node.host_id, shard))?;
        Some((node(cluster, host)?, shard))
    }

    fn fallback<'a>(&'a self, request: &'a RoutingInfo<'_>, cluster: &'a ClusterState) -> FallbackPlan<'a> {
        let marked = marked(request);
        let plan = self.0.fallback(&marked, cluster).map(|(node, shard)| (node.host_id, shard));
        let plan: Vec<_> = plan.collect();
        Box::new(plan.into_iter().filter_map(move |(host, shard)| Some((node(cluster, host)?, shard))))
    }

    fn on_request_success(&self, request: &RoutingInfo<'_>, latency: Duration, node: NodeRef<'_>) {
        self.0.on_request_success(request, latency, node);
    }

    fn on_request_failure(
        &self,
        request: &RoutingInfo<'_>,
        latency: Duration,
        node: NodeRef<'_>,
        error: &RequestAttemptError,
    ) {
        self.0.on_request_failure(request, latency, node, error);
    }

    fn name(&self) -> String {
        format!("conditional writes by {}", self.0.name())
    }
}
