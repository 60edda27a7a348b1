//! Sends conditional writes of one partition to its replicas in a stable order, so that they meet at one coordinator
//! instead of outbidding each other. The driver does so by itself where the server marks such statements; Apache Cassandra
//! does not.
//!
//! One that failed there goes to the next: a server that its clients reach and its peers do not would otherwise refuse
//! everything whose first replica it is, for as long as it is cut off.

use std::sync::Arc;
use std::time::Duration;

use scylla::cluster::{ClusterState, NodeRef};
use scylla::errors::RequestAttemptError;
use scylla::policies::load_balancing::{FallbackPlan, LoadBalancingPolicy, RoutingInfo};
use scylla::routing::Shard;
use uuid::Uuid;

/// Another policy that takes every statement for a conditional one.
#[derive(Clone, Debug)]
pub(crate) struct Conditional {
    of: Arc<dyn LoadBalancingPolicy>,
    /// How often the statement failed before: as many of its nodes are asked last.
    failed: usize,
}

impl Conditional {
    pub(crate) fn of(policy: &Arc<dyn LoadBalancingPolicy>) -> Self {
        Self { of: Arc::clone(policy), failed: 0 }
    }

    /// For the next try of a statement that failed so often.
    pub(crate) fn after(&self, failed: usize) -> Self {
        Self { of: Arc::clone(&self.of), failed }
    }

    /// The nodes to ask, in their order.
    fn plan(&self, request: &RoutingInfo<'_>, cluster: &ClusterState) -> Vec<(Uuid, Option<Shard>)> {
        let mut request = request.clone();
        request.is_confirmed_lwt = true;
        let first = self.of.pick(&request, cluster).map(|(node, shard)| (node.host_id, shard));
        let others = self.of.fallback(&request, cluster).map(|(node, shard)| (node.host_id, shard));
        in_turn(first, others.collect(), self.failed)
    }
}

/// The first one and the others without it, from the one on whose turn it is after so many failures.
fn in_turn<S>(first: Option<(Uuid, S)>, mut others: Vec<(Uuid, S)>, failed: usize) -> Vec<(Uuid, S)> {
    if let Some(first) = first {
        others.retain(|(host, _)| *host != first.0);
        others.insert(0, first);
    }
    let count = others.len().max(1);
    others.rotate_left(failed % count);
    others
}

fn node(cluster: &ClusterState, host: Uuid) -> Option<NodeRef<'_>> {
    cluster.get_nodes_info().iter().find(|node| node.host_id == host)
}

impl LoadBalancingPolicy for Conditional {
    fn pick<'a>(
        &'a self,
        request: &'a RoutingInfo<'_>,
        cluster: &'a ClusterState,
    ) -> Option<(NodeRef<'a>, Option<Shard>)> {
        if self.failed == 0 {
            let mut request = request.clone();
            request.is_confirmed_lwt = true;
            // What is picked borrows the request that it was picked for: it is looked up again for the caller's.
            let (host, shard) = self.of.pick(&request, cluster).map(|(node, shard)| (node.host_id, shard))?;
            return Some((node(cluster, host)?, shard));
        }
        let (host, shard) = self.plan(request, cluster).into_iter().next()?;
        Some((node(cluster, host)?, shard))
    }

    fn fallback<'a>(&'a self, request: &'a RoutingInfo<'_>, cluster: &'a ClusterState) -> FallbackPlan<'a> {
        let plan = self.plan(request, cluster).into_iter();
        Box::new(plan.filter_map(move |(host, shard)| Some((node(cluster, host)?, shard))))
    }

    fn on_request_success(&self, request: &RoutingInfo<'_>, latency: Duration, node: NodeRef<'_>) {
        self.of.on_request_success(request, latency, node);
    }

    fn on_request_failure(
        &self,
        request: &RoutingInfo<'_>,
        latency: Duration,
        node: NodeRef<'_>,
        error: &RequestAttemptError,
    ) {
        self.of.on_request_failure(request, latency, node, error);
    }

    fn name(&self) -> String {
        format!("conditional writes by {}", self.of.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_leads_to_the_next_replica_and_round_again() {
        let [a, b, c] = [1, 2, 3].map(Uuid::from_u128);
        let plan = |first: Option<Uuid>, others: &[Uuid], failed| -> Vec<Uuid> {
            let others = others.iter().map(|host| (*host, ())).collect();
            in_turn(first.map(|host| (host, ())), others, failed).into_iter().map(|(host, ())| host).collect()
        };
        for (first, others, failed, expected) in [
            (Some(a), &[b, c][..], 0, &[a, b, c][..]),
            (Some(a), &[b, c], 1, &[b, c, a]),
            (Some(a), &[b, c], 2, &[c, a, b]),
            (Some(a), &[b, c], 3, &[a, b, c]),
            // The first one may be among the others again.
            (Some(b), &[a, b, c], 1, &[a, c, b]),
            (None, &[b, c], 1, &[c, b]),
            (Some(a), &[], 5, &[a]),
            (None, &[], 5, &[]),
        ] {
            assert_eq!(plan(first, others, failed), expected, "{first:?}, {others:?}, {failed}");
        }
    }
}
