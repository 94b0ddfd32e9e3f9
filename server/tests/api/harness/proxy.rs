//! A proxy before PostgreSQL that does what networks do: it cuts connections, refuses them, and swallows what is sent.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixListener, UnixStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_postgres::config::Host;

use super::{connection::find, setup};

/// By this a connection is known that writes: the name of a setting that only such ones change.
const WRITES: &[u8] = b"idle_in_transaction_session_timeout";
/// A commit as it is asked for, and as it is answered.
const COMMIT: &[u8] = b"COMMIT\0";

/// What happens to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It does not arrive, and the connection ends.
    Before,
    /// It arrives at the moment when the connection ends.
    During,
    /// It is made, and the connection ends before the answer.
    After,
    /// It does not arrive, and nothing arrives any more, on any connection.
    Swallowed,
    /// It is made, but neither the answer nor anything else arrives any more.
    AnswerSwallowed,
}

/// Listens on a socket in a directory of its own, until it is dropped.
pub(crate) struct Proxy {
    dir: TempDir,
    url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    host: Host,
    port: u16,
    state: watch::Sender<State>,
    /// What happens to the next commit.
    next_commit: Mutex<Option<Cut>>,
    cut_commits: AtomicU64,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// Grows when all connections are cut.
    cuts: u64,
    refuses: bool,
    swallows: bool,
}

impl Proxy {
    /// Before the database with this URL.
    pub(crate) fn before(url: &str) -> Self {
        let target: tokio_postgres::Config = url.parse().unwrap();
        let port = target.get_ports().first().copied().unwrap_or(5432);
        let shared = Arc::new(Shared {
            host: target.get_hosts()[0].clone(),
            port,
            state: watch::Sender::default(),
            next_commit: Mutex::default(),
            cut_commits: AtomicU64::new(0),
        });
        let _background = setup::background().enter();
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join(".s.PGSQL.5432")).unwrap();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        let place = dir.path().to_str().unwrap().replace('/', "%2F");
        let (user, database) = (target.get_user().unwrap(), target.get_dbname().unwrap());
        let url = format!("postgres://{user}@{place}/{database}?connect_timeout=1");
        Self { dir, url, shared, accepting }
    }

    /// The URL of the database by way of the proxy.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends all connections.
    pub(crate) fn cut(&self) {
        self.shared.state.send_modify(|state| state.cuts += 1);
    }

    /// Whether new connections are refused.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.shared.state.send_modify(|state| state.refuses = refuses);
    }

    /// Whether nothing that is sent arrives. Afterwards it arrives late.
    pub(crate) fn swallow(&self, swallows: bool) {
        self.shared.state.send_modify(|state| state.swallows = swallows);
    }

    pub(crate) fn cut_next_commit(&self, cut: Cut) {
        *self.shared.next_commit.lock().unwrap() = Some(cut);
    }

    /// How many commits were cut.
    pub(crate) fn cut_commits(&self) -> u64 {
        self.shared.cut_commits.load(Ordering::Acquire)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
        let _ = std::fs::remove_file(self.dir.path().join(".s.PGSQL.5432"));
    }
}

async fn accept(listener: UnixListener, shared: Arc<Shared>) {
    while let Ok((near, _)) = listener.accept().await {
        if !shared.state.borrow().refuses {
            tokio::spawn(pass_on(near, Arc::clone(&shared)));
        }
    }
}

/// Passes bytes on until an end closes or everything is cut. Then both connections close.
async fn pass_on(near: UnixStream, shared: Arc<Shared>) {
    let mut state = shared.state.subscribe();
    let cuts = state.borrow_and_update().cuts;
    tokio::select! {
        () = until(&mut state, |state| state.cuts != cuts) => {}
        _ = carry(near, &shared) => {}
    }
}

async fn carry(near: UnixStream, shared: &Shared) -> io::Result<()> {
    let (from_far, to_far) = shared.connect().await?;
    let (from_near, to_near) = near.into_split();
    let (mut writes, mut sent, answer) = (false, Vec::new(), Mutex::new(None));
    let there = |bytes: &[u8]| {
        sent.extend_from_slice(bytes);
        writes |= find(&sent, WRITES).is_some();
        let commits = writes && find(&sent, COMMIT).is_some();
        sent.drain(..if commits { sent.len() } else { sent.len().saturating_sub(WRITES.len()) });
        let Some(cut) = commits.then(|| shared.next_commit.lock().unwrap().take()).flatten() else { return Then::GoOn };
        match cut {
            Cut::Before => shared.cuts(Then::End),
            Cut::During => shared.cuts(Then::EndAfterIt),
            Cut::Swallowed => shared.swallows(),
            Cut::After | Cut::AnswerSwallowed => {
                *answer.lock().unwrap() = Some(cut);
                Then::GoOn
            }
        }
    };
    let back = |bytes: &[u8]| match *answer.lock().unwrap() {
        Some(cut) if find(bytes, COMMIT).is_some() => match cut {
            Cut::AnswerSwallowed => shared.swallows(),
            _ => shared.cuts(Then::End),
        },
        _ => Then::GoOn,
    };
    let state = || shared.state.subscribe();
    tokio::select! {
        done = pump(from_near, to_far, state(), there) => done,
        done = pump(from_far, to_near, state(), back) => done,
    }
}

/// What becomes of a connection once bytes have come.
enum Then {
    GoOn,
    /// Without passing them on.
    End,
    EndAfterIt,
}

impl Shared {
    fn cuts(&self, then: Then) -> Then {
        self.cut_commits.fetch_add(1, Ordering::AcqRel);
        then
    }

    fn swallows(&self) -> Then {
        self.state.send_modify(|state| state.swallows = true);
        self.cuts(Then::End)
    }

    async fn connect(&self) -> io::Result<(Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>)> {
        match &self.host {
            Host::Unix(dir) => {
                let socket = PathBuf::from(dir).join(format!(".s.PGSQL.{}", self.port));
                let (read, write) = UnixStream::connect(socket).await?.into_split();
                Ok((Box::new(read), Box::new(write)))
            }
            Host::Tcp(name) => {
                let socket = TcpStream::connect((name.as_str(), self.port)).await?;
                socket.set_nodelay(true)?;
                let (read, write) = socket.into_split();
                Ok((Box::new(read), Box::new(write)))
            }
        }
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    mut look: impl FnMut(&[u8]) -> Then,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        until(&mut state, |state| !state.swallows).await;
        let count = tokio::select! {
            count = from.read(&mut buffer) => count?,
            () = until(&mut state, |state| state.swallows) => continue,
        };
        let then = look(&buffer[..count]);
        if count == 0 || matches!(then, Then::End) {
            // Swallowed bytes are gone, but nobody is told.
            until(&mut state, |state| !state.swallows).await;
            return Ok(());
        }
        to.write_all(&buffer[..count]).await?;
        if let Then::EndAfterIt = then {
            return Ok(());
        }
    }
}

async fn until(state: &mut watch::Receiver<State>, is_reached: impl Fn(&State) -> bool) {
    let _ = state.wait_for(is_reached).await;
}
