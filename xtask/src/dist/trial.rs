//! Tries the packages: unpacks them into an empty directory, and starts the server from there as its service does.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use tasks::listening_address;

use super::{VERSION, output_of, packages::PACKAGES, remove};
use crate::{TaskError, cargo::cannot_start, write_stderr};

/// How long the server may take to start, to answer and to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// Unpacks the packages below `root` and removes them again.
pub(super) fn run(debs: &[PathBuf], root: &Path) -> Result<(), TaskError> {
    remove(root)?;
    for deb in debs {
        let mut unpack = Command::new("dpkg-deb");
        unpack.arg("--extract").args([deb, root]);
        output_of(unpack)?;
    }
    for package in PACKAGES {
        shows_its_version(root, package.name)?;
        has_its_manuals(root, package.name)?;
    }
    starts_and_stops(root)?;
    remove(root)
}

fn program(root: &Path, name: &str) -> Command {
    let mut command = Command::new(root.join("usr/bin").join(name));
    command.env_clear().stdin(Stdio::null());
    command
}

fn shows_its_version(root: &Path, name: &str) -> Result<(), TaskError> {
    let mut command = program(root, name);
    command.arg("--version");
    let (shown, expected) = (output_of(command)?, format!("{name} {VERSION}\n"));
    require(shown == expected, || format!("{name} --version prints {shown:?} instead of {expected:?}"))
}

fn has_its_manuals(root: &Path, name: &str) -> Result<(), TaskError> {
    let manuals = [
        format!("man/man1/{name}.1.gz"),
        format!("bash-completion/completions/{name}"),
        format!("zsh/vendor-completions/_{name}"),
        format!("fish/vendor_completions.d/{name}.fish"),
    ];
    let missing = manuals.iter().find(|path| !root.join("usr/share").join(path).is_file());
    missing.map_or(Ok(()), |path| Err(TaskError::new(format!("the package {name} has no /usr/share/{path}"))))
}

fn starts_and_stops(root: &Path) -> Result<(), TaskError> {
    let data_dir = root.join("var/lib/quchat");
    let mut server = Server::start(root, &data_dir)?;
    let address = server.address()?;
    write_stderr(&format!("+ the installed server listens on {address}"));
    let answer = health(address).map_err(|error| TaskError::new(format!("the server does not answer: {error}")))?;
    require(answer.starts_with("HTTP/1.1 200 "), || format!("/healthz answers {answer:?}"))?;
    let mut status = program(root, "quchat-server");
    status.arg("status").arg("--data-dir").arg(&data_dir);
    let shown = output_of(status)?;
    require(shown.starts_with("running for "), || format!("quchat-server status prints {shown:?}"))?;
    let status = server.stop()?;
    require(status.success(), || format!("the server was told to stop, and failed ({status})"))
}

fn health(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn require(holds: bool, complaint: impl FnOnce() -> String) -> Result<(), TaskError> {
    if holds { Ok(()) } else { Err(TaskError::new(complaint())) }
}

/// The installed server, killed when dropped.
struct Server(Child);

impl Server {
    fn start(root: &Path, data_dir: &Path) -> Result<Self, TaskError> {
        let mut command = program(root, "quchat-server");
        // As systemd does with StateDirectory=quchat. The port is free, so that no other server is in the way.
        command.env("STATE_DIRECTORY", data_dir).env("QUCHAT_LISTEN", "127.0.0.1:0").env("QUCHAT_LOG", "warn");
        let child = command.stdout(Stdio::piped()).spawn().map_err(|error| cannot_start(&command, &error))?;
        Ok(Self(child))
    }

    /// The address that the server prints.
    fn address(&mut self) -> Result<SocketAddr, TaskError> {
        let unstarted = |reason| TaskError::new(format!("the server did not start: {reason}"));
        listening_address(&mut self.0, PATIENCE).map_err(unstarted)
    }

    fn stop(&mut self) -> Result<ExitStatus, TaskError> {
        let mut kill = Command::new("sh"); // a bare system has no other kill
        kill.args(["-c", "kill -TERM \"$0\"", &self.0.id().to_string()]);
        output_of(kill)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
                Ok(None) => return Err(TaskError::new("the server was told to stop, and runs on")),
                Err(error) => return Err(TaskError::new(format!("cannot wait for the server: {error}"))),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
