//! Opens the parts of a server, connects them, runs them and shuts them down in order.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{Arc, OnceLock, atomic::AtomicBool, atomic::Ordering},
    thread::JoinHandle,
};

use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{Notify, mpsc, watch},
};

#[cfg(unix)]
use crate::local_socket::LocalSocket;
use crate::{
    app::{App, BackupCounts},
    auth::{jwt::Tokens, login_throttle::LoginThrottle, passwords::Passwords},
    backup_schedule,
    budget::Budget,
    config::Config,
    connection::{self, Handshakes},
    data_dir::{DataDir, DataDirError},
    domain::presence::Question,
    erasure, file_limit, follow, housekeeping,
    http::Api,
    hub::{self, Hub, Outbox},
    join_links::{self, JoinLinks, Reach},
    metrics::{Histogram, Scale},
    metrics_listener,
    metrics_page::MetricsPage,
    operator::{Exchange, Operator},
    presence_lookup,
    rate_limits::RateLimits,
    reply_dispatcher::ReplyDispatcher,
    session_uses::SessionUses,
    store::{self, Change, Committed, Store},
    stream_places::StreamPlaces,
    tls::{Tls, TlsError},
    turns::Turns,
};

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database in the data directory cannot be used. The text says why and what to do.
    #[error("{0}")]
    Store(String),
    /// The PostgreSQL cannot be reached. The text says why and what to do.
    #[error("{0}")]
    Unreachable(String),
    /// The key or the certificate of TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The operating system has no random bytes.
    #[error("cannot get random bytes: {0}")]
    Random(getrandom::Error),
}

/// A server with open data that does not listen yet.
pub struct Server {
    app: Arc<App>,
    api: Api,
    tls: Arc<Tls>,
    max_connections: usize,
    /// Those of the store and the hub, in the order in which they end.
    threads: Vec<JoinHandle<()>>,
    questions: mpsc::Receiver<Vec<Question>>,
    metrics: Option<TcpListener>,
    #[cfg(unix)]
    local_socket: Option<LocalSocket>,
}

/// A fatal error ended the server; the text says which.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ServeError(String);

impl ServeError {
    fn broken(part: &str) -> Self {
        Self(format!("the {part} failed; see the log for the cause"))
    }
}

/// Pending connections that the kernel queues, so that no SYN is lost when many clients reconnect at once.
const BACKLOG: u32 = 4096;
/// The kernel's send buffer of a connection, in bytes. It bounds the kernel memory of a client that never reads.
const SEND_BUFFER: u32 = 256 * 1024;

/// Binds an address with the server's socket options. Port 0 picks a free port.
///
/// # Errors
/// The address is in use, or does not belong to this machine.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Server {
    /// Opens the data directory and the database, and starts a new lineage of event ids.
    ///
    /// # Errors
    /// Another server uses the directory, or a file in it cannot be used.
    ///
    /// # Panics
    /// Panics outside of a tokio runtime. Call [`Server::serve`] in the same runtime.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let data_dir = DataDir::open(&config.data_dir)?;
        let key = data_dir.signing_key()?;
        let unusable = |error: store::Error| match error {
            store::Error::Unreachable(reason) => OpenError::Unreachable(reason),
            error => OpenError::Store(error.to_string()),
        };
        let mut opened = match &config.postgres {
            Some(settings) => {
                data_dir.warn_of_unused_database();
                Store::open_postgres(settings)
            }
            None => {
                let file = data_dir.database()?;
                match data_dir.is_read_only() {
                    true => Store::open_read_only(&file),
                    false => Store::open(&file, config.clock.now()),
                }
            }
        }
        .map_err(unusable)?;
        let key = match key {
            Some(key) => key,
            None => {
                if opened.has_users && !data_dir.is_read_only() {
                    tracing::warn!("the signing key is missing; creating a new one: everybody has to sign in again");
                }
                data_dir.draw_key()?
            }
        };
        let tls = Arc::new(Tls::open(&data_dir, config.tls_files.as_ref())?);
        if let Some(settings) = &config.postgres {
            let pin = config.tls_files.is_none().then(|| tls.pin().to_string());
            store::claim_identity(settings, &key, pin).map_err(unusable)?;
        }
        let replies = ReplyDispatcher::start();
        let budget = Budget::new(config.memory_budget);
        let lineage = opened.lineage.clone();
        let outbox = opened.feed.as_ref().map(|_| Arc::<Outbox>::default());
        let (hub, hub_thread, questions) =
            Hub::start(&config, replies.clone(), budget.clone(), lineage, opened.head, outbox.clone());
        let (publisher, index_work) = (hub.clone(), Arc::new(Notify::new()));
        let indexer = Arc::clone(&index_work);
        let publish = move |committed: Committed| {
            if committed.changes.iter().any(Change::is_new_message) {
                indexer.notify_one();
            }
            publisher.publish(committed);
        };
        let mut threads = vec![hub_thread];
        let publish: Box<dyn FnMut(Committed) + Send> = match opened.feed.take().zip(outbox) {
            None => Box::new(publish),
            Some((feed, outbox)) => {
                let health = opened.health.clone();
                let (hub, cut_off_after) = (hub.clone(), config.cut_off_after);
                let (publisher, thread) = follow::start(feed, opened.head, hub, outbox, health, cut_off_after, publish);
                threads.insert(0, thread);
                Box::new(move |committed| publisher.publish(committed))
            }
        };
        let (store, store_thread) = opened.start(replies, data_dir, publish).map_err(unusable)?;
        threads.insert(0, store_thread);

        let max_connections = file_limit::raise_for(config.max_connections);
        let app = Arc::new(App {
            tokens: Tokens::new(&key),
            passwords: Passwords::new(config.password_queue),
            login_throttle: LoginThrottle::of_passwords(config.wrong_passwords, config.wrong_password_window),
            invite_throttle: LoginThrottle::of_invites(config.wrong_invites, config.wrong_password_window),
            rate_limits: RateLimits::new(&config.rates),
            streams: Arc::new(StreamPlaces::new((max_connections * 19 / 20).max(1), config.max_streams_per_user)),
            session_uses: Arc::new(SessionUses::default()),
            stopping: AtomicBool::new(false),
            room_deleted: Notify::new(),
            index_work,
            store,
            hub,
            config,
            stream_context: hub::stream_context(budget),
            resumed_behind: Histogram::new(Scale::EVENTS),
            backups: BackupCounts::default(),
            tls: Arc::clone(&tls),
            reached_at: OnceLock::new(),
            turns: Turns::new(store::readers() / 2, (max_connections / 8).max(64)),
        });
        let api = Api::new(Arc::clone(&app)).map_err(OpenError::Random)?;
        Ok(Self {
            app,
            api,
            tls,
            max_connections,
            threads,
            questions,
            metrics: None,
            #[cfg(unix)]
            local_socket: None,
        })
    }

    /// The budget of memory that the server holds for clients.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.app.stream_context.budget.clone()
    }

    /// The certificate of the server.
    #[must_use]
    pub fn tls(&self) -> Arc<Tls> {
        Arc::clone(&self.tls)
    }

    /// The links with which people join the server, which listens on `listening`. Call it once for each start: it
    /// replaces the invite with which the first admin registers.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn join_links(&self, listening: SocketAddr, reach: &Reach) -> Result<JoinLinks, OpenError> {
        let unusable = |error: crate::domain::Error| OpenError::Store(error.to_string());
        join_links::join_links(&self.app, listening, reach).await.map_err(unusable)
    }

    /// Answers one HTTP request of the operator without listening anywhere, and closes the database.
    pub(crate) async fn answer_operator(self, request: Vec<u8>) -> Vec<u8> {
        let Self { app, api, max_connections, threads, .. } = self;
        let (api, mut exchange) = (Arc::new(api), Exchange::new(request));
        let operator = Operator::new(&app, &api, MetricsPage::new(&app, &api, &Arc::default(), max_connections));
        let _ = operator.serve(&mut exchange).await; // without an answer, that says so
        drop((operator, api));
        app.hub.stop().await;
        drop(app);
        threads.into_iter().for_each(|thread| drop(thread.join()));
        exchange.into_answer()
    }

    /// Listens on the local socket in the data directory, through which verbs reach a running server. Without it the
    /// server still serves everybody else.
    #[cfg(unix)]
    #[must_use]
    pub fn with_local_socket(self) -> Self {
        match LocalSocket::bind(&self.app.config.data_dir) {
            Ok(socket) => Self { local_socket: Some(socket), ..self },
            Err(error) => {
                tracing::warn!(%error, "cannot listen on the local socket; verbs need a stopped server");
                self
            }
        }
    }

    /// Has the metrics served to everyone who reaches this listener.
    #[must_use]
    pub fn with_metrics(self, listener: TcpListener) -> Self {
        Self { metrics: Some(listener), ..self }
    }

    /// Serves until `shutdown` completes. Then ends the streams with `bye`, lets responses in progress finish and
    /// closes the database.
    ///
    /// # Errors
    /// The hub or the store failed, which stopped the server.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        #[cfg(unix)]
        let local_socket = self.local_socket;
        let Self { app, api, tls, max_connections, threads, questions, metrics, .. } = self;
        let (api, load) = (Arc::new(api), Arc::default());
        let (stop, stopped) = watch::channel(false);
        let page = MetricsPage::new(&app, &api, &load, max_connections);
        let metrics = metrics.map(|listener| tokio::spawn(metrics_listener::serve(listener, page.clone())));
        #[cfg(unix)]
        let metrics = metrics.into_iter().chain(local_socket.map(|socket| {
            let operator = Operator::new(&app, &api, page.clone());
            tokio::spawn(socket.serve(Arc::new(operator)))
        }));
        let mut chores = vec![tokio::spawn(presence_lookup::answer(Arc::clone(&app), questions))];
        if !app.store.is_read_only() {
            chores.extend([
                tokio::spawn(housekeeping::forget(Arc::clone(&app))),
                tokio::spawn(housekeeping::purge(Arc::clone(&app))),
                tokio::spawn(erasure::erase(Arc::clone(&app))),
                tokio::spawn(housekeeping::record_session_uses(Arc::clone(&app))),
                tokio::spawn(housekeeping::index(Arc::clone(&app))),
                tokio::spawn(backup_schedule::back_up_regularly(Arc::clone(&app))),
            ]);
        }
        let connections = connection::Server {
            service: api,
            config: app.config.clone(),
            budget: app.stream_context.budget.clone(),
            handshakes: Handshakes::new(Box::new(move || tls.settings())),
            load,
        };
        let serving = tokio::spawn(connection::serve(connections, listener, max_connections, stopped));
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
        drop(page);
        for chore in chores.into_iter().chain(metrics) {
            chore.abort();
            let _ = chore.await;
        }
        if let Err(still_used) = Arc::try_unwrap(app) {
            // Connections that did not finish within the drain timeout still hold the app; their tasks end with the
            // runtime. Until then the data directory stays locked: the writer holds the lock.
            tracing::warn!("stopping with {} connections still open", Arc::strong_count(&still_used) - 1);
            return outcome;
        }
        let join = move || threads.into_iter().for_each(|thread| drop(thread.join()));
        let _ = tokio::task::spawn_blocking(join).await;
        outcome
    }
}
