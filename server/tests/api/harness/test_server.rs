//! The server on threads of this process: quick to start, and its clock can be moved.

use std::net::SocketAddr;

use quchat_server::{Budget, Config, Rates, clock::Clock};

use super::{Client, DataDir, balancer::Balancer, node::Node, prepared, raise_descriptor_limit, setup};

/// A running server, or several on one database behind a balancer. Dropping it stops it, which must succeed.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) data_dir: DataDir,
    pub(crate) clock: Clock,
    /// The memory budget of the first node.
    pub(crate) budget: Budget,
    nodes: Vec<Node>,
    _balancer: Option<Balancer>,
}

impl TestServer {
    /// A server on which alice, bob and carol have registered, in this order.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// As [`TestServer::start`], with a changed configuration.
    pub(crate) fn start_with(tune: impl FnOnce(&mut Config)) -> Self {
        Self::start_on(prepared::data_dir(), Clock::system(), tune)
    }

    /// A server without users.
    pub(crate) fn fresh() -> Self {
        Self::start_on(DataDir::new(), Clock::system(), |_| {})
    }

    pub(crate) fn start_on(data_dir: DataDir, clock: Clock, tune: impl FnOnce(&mut Config)) -> Self {
        Self::start_nodes(setup::nodes(), data_dir, clock, tune)
    }

    /// As many servers as that, whatever the environment says.
    pub(crate) fn start_nodes(count: usize, data_dir: DataDir, clock: Clock, tune: impl FnOnce(&mut Config)) -> Self {
        raise_descriptor_limit();
        let mut config = Config::new(data_dir.path());
        config.postgres = data_dir.postgres();
        config.clock = clock.clone();
        config.rates = Rates::OFF; // tests send more than people do
        tune(&mut config);
        let mut nodes = vec![Node::start(config.clone())];
        for number in 2..=count {
            nodes.push(Node::start(Config { data_dir: data_dir.of_node(number), ..config.clone() }));
        }
        let (address, budget) = (nodes[0].address, nodes[0].budget.clone());
        let balancer = (nodes.len() > 1).then(|| Balancer::before(nodes.iter().map(|node| node.address).collect()));
        let address = balancer.as_ref().map_or(address, |balancer| balancer.address);
        Self { address, data_dir, clock, budget, nodes, _balancer: balancer }
    }

    /// Stops the server and starts it again on the same data, with the same clock.
    pub(crate) fn restart(self, tune: impl FnOnce(&mut Config)) -> Self {
        let (data_dir, clock) = (self.data_dir.clone(), self.clock.clone());
        self.stop();
        Self::start_on(data_dir, clock, tune)
    }

    /// The address of one of the nodes.
    pub(crate) fn node(&self, number: usize) -> SocketAddr {
        self.nodes[number].address
    }

    /// Stops one of the nodes. Those after it move up.
    pub(crate) fn stop_node(&mut self, number: usize) {
        self.nodes.remove(number).stop();
    }

    /// Starts the stop and returns at once.
    pub(crate) fn begin_stop(&mut self) {
        self.nodes.iter_mut().for_each(Node::begin_stop);
    }

    /// Stops the server and waits for its end.
    pub(crate) fn stop(mut self) {
        self.begin_stop();
        self.nodes.drain(..).for_each(Node::stop);
    }

    /// A prepared user with the session of their registration.
    #[track_caller]
    pub(crate) fn user(&self, name: &str) -> Client {
        match prepared::client(name) {
            Some(client) => client.at(self.address),
            None => Client::register(self.address, name),
        }
    }

    /// Registers a new user.
    #[track_caller]
    pub(crate) fn register(&self, name: &str) -> Client {
        Client::register(self.address, name)
    }

    /// Creates another session of a user.
    #[track_caller]
    pub(crate) fn sign_in(&self, name: &str) -> Client {
        Client::sign_in(self.address, name)
    }

    pub(crate) fn anonymous(&self) -> Client {
        Client::anonymous(self.address)
    }
}

impl Drop for TestServer {
    /// All stop at once. The directory is removed when all have ended.
    fn drop(&mut self) {
        self.begin_stop();
        self.nodes.clear();
    }
}
