//! The server on a thread of this process: quick to start, and its clock can be moved.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use quchat_server::{Budget, Config, Rates, Server, bind, clock::Clock};
use tokio::{runtime, sync::oneshot};

use super::{Client, DataDir, prepared, raise_descriptor_limit};

/// A running server. Dropping it stops it, which must succeed.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) data_dir: DataDir,
    pub(crate) clock: Clock,
    /// The memory budget of the server.
    pub(crate) budget: Budget,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
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
        raise_descriptor_limit();
        let mut config = Config::new(data_dir.path());
        config.clock = clock.clone();
        config.rates = Rates::OFF; // tests send more than people do
        tune(&mut config);
        let (stop, stopped) = oneshot::channel();
        let (listening, opened) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
                let address = listener.local_addr().unwrap();
                let server = Server::open(config).unwrap();
                listening.send((address, server.budget())).unwrap();
                let shutdown = async { stopped.await.unwrap_or_default() };
                server.serve(listener, shutdown).await.expect("the server stops cleanly");
            });
            runtime.shutdown_timeout(Duration::from_secs(1));
        });
        let (address, budget) = opened.recv().expect("the server starts");
        Self { address, data_dir, clock, budget, stop: Some(stop), thread: Some(thread) }
    }

    /// Stops the server and starts it again on the same data, with the same clock.
    pub(crate) fn restart(self, tune: impl FnOnce(&mut Config)) -> Self {
        let (data_dir, clock) = (self.data_dir.clone(), self.clock.clone());
        self.stop();
        Self::start_on(data_dir, clock, tune)
    }

    /// Starts the stop and returns at once.
    pub(crate) fn begin_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Stops the server and waits for its end.
    pub(crate) fn stop(mut self) {
        self.join();
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

    fn join(&mut self) {
        self.begin_stop();
        if let Some(thread) = self.thread.take() {
            let outcome = thread.join();
            if !thread::panicking() {
                outcome.expect("the server stops without a panic");
            }
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.join();
    }
}
