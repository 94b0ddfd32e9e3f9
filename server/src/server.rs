//! A server from its opening to its end.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    thread::JoinHandle,
};

use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{Notify, watch},
};

use crate::{
    app::App,
    auth::{attempts::Attempts, jwt::Tokens, passwords::Passwords},
    budget::Budget,
    config::Config,
    data_dir::{DataDir, DataDirError},
    descriptors, housekeeping, http,
    hub::{self, Hub},
    reply_dispatcher::ReplyDispatcher,
    store::{self, Store},
    stream_places::StreamPlaces,
    turns::Turns,
};

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database in it cannot be used. The sentence says why and what to do.
    #[error("{0}")]
    Store(String),
}

/// A server whose data is open and which has not begun to listen.
pub struct Server {
    app: Arc<App>,
    max_connections: usize,
    store: Vec<JoinHandle<()>>,
    hub: JoinHandle<()>,
}

/// The server could not go on; says why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ServeError(String);

impl ServeError {
    fn broken(part: &str) -> Self {
        Self(format!("the {part} broke down; the log says why"))
    }
}

/// Pending connections the kernel holds for us: a storm of reconnecting clients loses no SYN.
const BACKLOG: u32 = 4096;
/// The kernel's send buffer of a connection, in bytes: a reader that never reads costs no more.
const SEND_BUFFER: u32 = 256 * 1024;

/// Binds an address as a server wants it bound. Port 0 takes a free one.
///
/// # Errors
/// The address is taken, or not this machine's.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Server {
    /// Opens the data directory and everything in it, and begins a new lineage of event ids.
    ///
    /// # Errors
    /// Another server uses the directory, or something in it cannot be read.
    ///
    /// # Panics
    /// Outside of a tokio runtime, which has to be the one it serves in.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let data_dir = DataDir::open(&config.data_dir)?;
        let (key, (file, is_used)) = (data_dir.signing_key()?, data_dir.database()?);
        let unusable = |error: store::Error| OpenError::Store(error.to_string());
        let opened = Store::open(&file, config.clock.now()).map_err(unusable)?;
        let key = match key {
            Some(key) => key,
            None => {
                if is_used && opened.has_users {
                    tracing::warn!("the signing key is missing and a new one is drawn: everybody has to sign in again");
                }
                data_dir.draw_key()?
            }
        };
        let replies = ReplyDispatcher::start();
        let budget = Budget::new(config.memory_budget);
        let lineage = opened.lineage.clone();
        let (hub, hub_thread) = Hub::start(&config, replies.clone(), budget.clone(), lineage, opened.head);
        let publisher = hub.clone();
        let publish = move |changes| publisher.publish(changes);
        let (store, threads) = opened.start(replies, data_dir, publish).map_err(unusable)?;

        let max_connections = descriptors::fit(config.max_connections);
        let app = Arc::new(App {
            tokens: Tokens::new(&key),
            passwords: Passwords::new(config.password_queue),
            attempts: Attempts::new(config.wrong_passwords, config.wrong_password_window),
            streams: Arc::new(StreamPlaces::new((max_connections * 19 / 20).max(1), config.max_streams_per_user)),
            stopping: AtomicBool::new(false),
            room_deleted: Notify::new(),
            store,
            hub,
            config,
            terms: hub::terms(budget),
            turns: Turns::new(store::readers() / 2, (max_connections / 8).max(64)),
        });
        Ok(Self { app, max_connections, store: threads, hub: hub_thread })
    }

    /// The bytes that the server keeps for others, as they are counted at any moment.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.app.terms.budget.clone()
    }

    /// Serves until `shutdown` is done, then says goodbye to the streams, lets running answers finish and closes
    /// the database.
    ///
    /// # Errors
    /// A part of the server broke down, and with it the server ended.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let Self { app, max_connections, store, hub } = self;
        let (stop, stopped) = watch::channel(false);
        let chores =
            [tokio::spawn(housekeeping::forget(Arc::clone(&app))), tokio::spawn(housekeeping::purge(Arc::clone(&app)))];
        let serving = tokio::spawn(http::serve(Arc::clone(&app), listener, max_connections, stopped));
        let outcome = tokio::select! {
            () = shutdown => Ok(()),
            () = app.hub.ended() => Err(ServeError::broken("hub")),
            reason = app.store.ended() => Err(reason.map_or_else(|| ServeError::broken("writer"), ServeError)),
        };
        tracing::info!("stopping");
        app.stopping.store(true, Ordering::Relaxed);
        app.passwords.stop();
        app.hub.stop().await;
        let _ = stop.send(true);
        let _ = serving.await;
        for chore in chores {
            chore.abort();
            let _ = chore.await;
        }
        if let Err(still_used) = Arc::try_unwrap(app) {
            // A connection that outlived the drain holds it; its task ends with the runtime. Until then the data
            // directory stays locked: the writer holds the lock.
            tracing::warn!("closing with {} connections open", Arc::strong_count(&still_used) - 1);
            return outcome;
        }
        let _ =
            tokio::task::spawn_blocking(move || store.into_iter().chain([hub]).for_each(|thread| drop(thread.join())))
                .await;
        outcome
    }
}
