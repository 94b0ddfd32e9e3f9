//! Sends a request of the operator to the server of a data directory: through its local socket if it runs, else with the
//! server's parts opened in this process.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use crate::{
    config::Config,
    data_dir::{DATABASE, DataDirError, KEY},
    server::{OpenError, Server},
};

/// What the operator asks for.
#[derive(Debug, Clone)]
pub struct Question {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The path with its query.
    pub target: String,
    /// The JSON body, if there is one.
    pub body: Option<serde_json::Value>,
}

/// The reply to a [`Question`].
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON, or text.
    pub body: Vec<u8>,
    /// Whether a running server gave it.
    pub is_running: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is no data directory, or no data in it.
    #[error(
        "there is no server in {0}; start one first, choose its directory with --data-dir, or name its PostgreSQL with \
         --store"
    )]
    NotFound(PathBuf),
    /// This user may not use the socket or the directory.
    #[error("cannot use {0}: permission denied; run this as the user that runs the server")]
    NotAllowed(PathBuf),
    /// A server uses the directory, but does not answer.
    #[error("the server that uses {path} does not answer on its local socket: {reason}; restart it")]
    Unreachable {
        /// The data directory.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The PostgreSQL cannot be reached. The text says why and what to do.
    #[error("{0}")]
    NoDatabase(String),
    /// The data directory cannot be used. The text says why and what to do.
    #[error("{0}")]
    Unusable(String),
}

/// Asks the server of a data directory. `place` names the directory, and the database if it is elsewhere.
///
/// # Errors
/// There is no server, or it cannot be reached.
pub fn ask(place: &Config, question: &Question) -> Result<Answer, AskError> {
    let data_dir = &place.data_dir;
    let not_found = || AskError::NotFound(data_dir.clone());
    let not_allowed = || AskError::NotAllowed(data_dir.clone());
    let is_there = |name| match std::fs::metadata(data_dir.join(name)) {
        Ok(found) => Ok(found.len() > 0),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(not_allowed()),
        Err(_) => Ok(false),
    };
    let has_database = is_there(DATABASE)?;
    if !has_database && !is_there(KEY)? {
        return Err(not_found());
    }
    let reason = match over_socket(data_dir, question) {
        Ok((status, body)) => return Ok(Answer { status, body, is_running: true }),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Err(not_allowed()),
        Err(error) => error,
    };
    if !has_database && place.postgres.is_none() {
        return Err(not_found());
    }
    directly(place, question).map_err(|error| match error {
        AskError::Unreachable { path, .. } => AskError::Unreachable { path, reason: reason.to_string() },
        error => error,
    })
}

#[cfg(unix)]
fn over_socket(data_dir: &Path, question: &Question) -> io::Result<(u16, Vec<u8>)> {
    use std::{
        io::{Read, Write},
        os::unix::net::UnixStream,
        time::Duration,
    };

    use crate::local_socket::SocketPath;
    /// A busy server still answers within this time.
    const PATIENCE: Duration = Duration::from_secs(60);

    let mut socket = UnixStream::connect(SocketPath::new(data_dir)?.as_path())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.write_all(&question.encode())?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer)?;
    decode(answer).ok_or_else(|| ErrorKind::UnexpectedEof.into())
}

#[cfg(not(unix))]
fn over_socket(_: &Path, _: &Question) -> io::Result<(u16, Vec<u8>)> {
    Err(io::Error::other("this system has no local sockets; stop the server first"))
}

impl Question {
    /// The request in HTTP/1.1.
    fn encode(&self) -> Vec<u8> {
        let Self { method, target, body } = self;
        let body = body.as_ref().map_or(String::new(), ToString::to_string);
        let fields = format!("Host: local\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
        format!("{method} {target} HTTP/1.1\r\n{fields}\r\n\r\n{body}").into_bytes()
    }
}

/// The status and the body of an HTTP response that ends with its connection.
fn decode(mut answer: Vec<u8>) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let body = answer.split_off(end + 4);
    let status = String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()?;
    Some((status, body))
}

/// Opens the server's parts for one request. The data directory is locked meanwhile.
fn directly(place: &Config, question: &Question) -> Result<Answer, AskError> {
    let unusable = |error: &dyn std::error::Error| AskError::Unusable(error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| unusable(&error))?.block_on(async {
        let server = Server::open(place.clone()).map_err(|error| match error {
            OpenError::DataDir(DataDirError::InUse(path)) => AskError::Unreachable { path, reason: String::new() },
            OpenError::Unreachable(reason) => AskError::NoDatabase(reason),
            error => unusable(&error),
        })?;
        let no_answer = || AskError::Unusable("the server has no answer to this; please report it".to_owned());
        let (status, body) = decode(server.answer_operator(question.encode()).await).ok_or_else(no_answer)?;
        Ok(Answer { status, body, is_running: false })
    })
}
