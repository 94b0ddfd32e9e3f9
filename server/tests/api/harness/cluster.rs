//! A PostgreSQL of a test's own, which it may kill and bring back. It keeps its data as safely as one in earnest.

use std::{
    env, fs,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use super::{eventually, postgres::Session, setup};

/// The user `nobody`: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65534;

/// A running PostgreSQL with an empty database, removed when it is dropped.
pub(crate) struct Cluster {
    dir: TempDir,
    server: Option<Child>,
}

impl Cluster {
    /// `None` if PostgreSQL's programs are not here.
    pub(crate) fn start() -> Option<Self> {
        if setup::left_out(programs().is_some(), "there are no programs of PostgreSQL") {
            return None;
        }
        static MADE: LazyLock<TempDir> = LazyLock::new(|| {
            let dir = directory();
            run(Command::new(program("initdb")).arg("-D").arg(dir.path().join("data")).args([
                "--username=tests",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ]));
            dir
        });
        let mut this = Self { dir: directory(), server: None };
        copy(&MADE.path().join("data"), &this.data());
        this.resume();
        Some(this)
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://tests@{}/postgres?connect_timeout=1", self.dir.path().to_str().unwrap().replace('/', "%2F"))
    }

    /// Ends it: with `INT` in good order (`pg_ctl stop -m fast`), with `QUIT` as after a loss of power (`-m immediate`).
    /// With `KILL` only its first process ends at once; the others do when they notice.
    pub(crate) fn stop(&mut self, signal: Signal) {
        let mut server = self.server.take().expect("it runs");
        kill_process(Pid::from_child(&server), signal).unwrap();
        server.wait().unwrap();
    }

    /// Starts it again, and waits until it takes connections.
    pub(crate) fn resume(&mut self) {
        eventually("PostgreSQL takes connections", || {
            let server = self.server.get_or_insert_with(|| {
                let mut command = as_user(Command::new(program("postgres")));
                let sockets = format!("unix_socket_directories={}", self.dir.path().to_str().unwrap());
                command.arg("-D").arg(self.dir.path().join("data")).args(["-c", &sockets]);
                command.args(["-c", "listen_addresses=", "-c", "shared_buffers=16MB", "-c", "max_connections=60"]);
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
            });
            if server.try_wait().unwrap().is_some() {
                self.server = None; // processes that were left by the last one are still there
            }
            Session::try_open(&self.url()).map(drop)
        });
    }

    /// Keeps the present state. It must be stopped.
    pub(crate) fn save(&self) {
        copy(&self.data(), &self.dir.path().join("saved"));
    }

    /// Brings the kept state back. It must be stopped.
    pub(crate) fn restore(&self) {
        fs::remove_dir_all(self.data()).unwrap();
        copy(&self.dir.path().join("saved"), &self.data());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.stop(Signal::QUIT);
        }
    }
}

/// A directory of the user that PostgreSQL runs as.
fn directory() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    if geteuid().is_root() {
        chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    dir
}

fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").arg("-a").arg(from).arg(to));
}

fn run(command: &mut Command) {
    let output = as_user(std::mem::replace(command, Command::new(""))).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn as_user(mut command: Command) -> Command {
    if geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.current_dir("/");
    command
}

/// The directory of PostgreSQL's programs: where `initdb` is found, or where Debian has them.
fn programs() -> Option<&'static Path> {
    static PROGRAMS: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let named = env::var_os("PATH").map_or(Vec::new(), |path| env::split_paths(&path).collect());
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let debian = versions.map(|version| version.path().join("bin"));
        named.into_iter().chain(debian).find(|dir| dir.join("initdb").exists() && dir.join("postgres").exists())
    });
    PROGRAMS.as_deref()
}

fn program(name: &str) -> PathBuf {
    programs().expect("this was asked before").join(name)
}
