//! Where a measured program listens. A server may be several nodes; connections take turns, without a balancer.

use std::net::SocketAddr;

/// At least one address.
#[derive(Debug, Clone)]
pub(super) struct Addresses(Vec<SocketAddr>);

impl Addresses {
    pub(super) fn new(first: SocketAddr, others: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self([first].into_iter().chain(others).collect())
    }

    /// The address for what needs only one node.
    pub(super) fn first(&self) -> SocketAddr {
        self.0[0]
    }

    /// The address for the connection of this number.
    pub(super) fn of(&self, connection: usize) -> SocketAddr {
        self.0[connection % self.0.len()]
    }
}
