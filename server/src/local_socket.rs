//! The local socket in the data directory, through which the operator governs a running server: HTTP, for the user of the
//! server and root only.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{UnixListener, UnixStream},
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::operator::Operator;

/// Its name in the data directory.
pub(crate) const SOCKET: &str = "local.sock";
/// The longest path that every system takes, in bytes.
const PATH_MAX: usize = 100;
/// Most connections at once; further ones wait in the kernel.
const CONNECTIONS_MAX: usize = 16;
/// Longest time that a connection may take.
const CONNECTION_TIME: Duration = Duration::from_secs(60);
/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The path of the socket, for the system's calls. Where it is too long for them, the directory is kept open, and the path
/// leads through its descriptor.
pub(crate) struct SocketPath {
    path: PathBuf,
    _directory: Option<File>,
}

impl SocketPath {
    /// # Errors
    /// The directory cannot be opened, or the path is too long for this system.
    pub(crate) fn new(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(SOCKET);
        if path.as_os_str().len() <= PATH_MAX {
            return Ok(Self { path, _directory: None });
        }
        if !cfg!(target_os = "linux") {
            return Err(io::Error::other("its path is too long for this system"));
        }
        use std::os::fd::AsRawFd;
        let directory = File::open(data_dir)?;
        let path = format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd()).into();
        Ok(Self { path, _directory: Some(directory) })
    }

    pub(crate) fn as_path(&self) -> &Path {
        &self.path
    }
}

/// A listener on the local socket. Dropping it removes the socket.
pub(crate) struct LocalSocket {
    listener: UnixListener,
    file: PathBuf,
}

impl LocalSocket {
    /// Listens in a data directory that this process has locked. A socket that a killed server has left is replaced.
    ///
    /// # Errors
    /// The directory cannot be written, or something else has the name.
    pub(crate) fn bind(data_dir: &Path) -> io::Result<Self> {
        let file = data_dir.join(SOCKET);
        if fs::symlink_metadata(&file).is_ok_and(|found| found.file_type().is_socket()) {
            fs::remove_file(&file)?;
        }
        let path = SocketPath::new(data_dir)?;
        let listener = UnixListener::bind(path.as_path())?;
        fs::set_permissions(&file, Permissions::from_mode(0o600))?;
        Ok(Self { listener, file })
    }

    /// Serves the operator. Never completes.
    pub(crate) async fn serve(self, operator: Arc<Operator>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((stream, _)) = self.listener.accept().await else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            if !is_operator(&stream) {
                continue; // it connected before the mode of the file was set
            }
            let operator = Arc::clone(&operator);
            connections.spawn(async move {
                let _ = timeout(CONNECTION_TIME, operator.serve(stream)).await; // whoever asks may leave at any time
                drop(place);
            });
        }
    }
}

impl Drop for LocalSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file); // the next server replaces it
    }
}

/// Whether the peer is the user of the server or root.
fn is_operator(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}
