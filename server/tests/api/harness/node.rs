//! One server on a thread of this process.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use quchat_server::{Budget, Config, OpenError, Server, bind};
use tokio::{runtime, sync::oneshot};

/// A running server. Dropping it stops it, which must succeed.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    /// The memory budget of the server.
    pub(crate) budget: Budget,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Node {
    #[track_caller]
    pub(crate) fn start(config: Config) -> Self {
        Self::try_start(config).unwrap_or_else(|error| panic!("the server does not start: {error}"))
    }

    /// Starts a server, or returns why it refuses to start.
    pub(crate) fn try_start(config: Config) -> Result<Self, OpenError> {
        let (stop, stopped) = oneshot::channel();
        let (listening, opened) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
                let address = listener.local_addr().unwrap();
                let server = match Server::open(config) {
                    Ok(server) => server,
                    Err(error) => return listening.send(Err(error)).unwrap(),
                };
                listening.send(Ok((address, server.budget()))).unwrap();
                let shutdown = async { stopped.await.unwrap_or_default() };
                server.serve(listener, shutdown).await.expect("the server stops cleanly");
            });
            runtime.shutdown_timeout(Duration::from_secs(1));
        });
        let (address, budget) = opened.recv().expect("the server does not panic")?;
        Ok(Self { address, budget, stop: Some(stop), thread: Some(thread) })
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

impl Drop for Node {
    fn drop(&mut self) {
        self.join();
    }
}
