//! A measured program: the server, the floor or the peer, on a free port. It is stopped on drop.

use std::{
    env,
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    Result,
    args::{FLOOR, PEER, SUPERVISOR},
    cpu::Reading,
};
use crate::proc;

/// The programs that a scenario can measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Server,
    /// The least that the same work needs.
    Floor,
    /// Another program for the same purpose.
    Peer,
}

/// How a server differs from the one of the other scenarios.
pub(super) struct Options {
    /// More arguments of the server.
    pub(super) args: &'static [&'static str],
    /// How many files it may open; 0 is as many as the bench.
    pub(super) descriptors: u64,
}

impl Options {
    pub(super) const NONE: Self = Self { args: &[], descriptors: 0 };
}

pub(super) struct Program {
    pub(super) address: SocketAddr,
    /// The id of the measured process.
    process: u32,
    /// The floor itself, or the supervisor of the server or the peer.
    child: Child,
}

impl Program {
    /// Starts a program in a process of its own, so that its CPU time is not part of the bench's.
    pub(super) fn start(kind: Kind) -> Result<Self> {
        Self::start_with(kind, &Options::NONE)
    }

    /// The same; the options are for the server.
    pub(super) fn start_with(kind: Kind, options: &Options) -> Result<Self> {
        let role = match kind {
            Kind::Server => SUPERVISOR,
            Kind::Floor => FLOOR,
            Kind::Peer => PEER,
        };
        let mut command = Command::new(env::current_exe()?);
        command.arg(role).stdin(Stdio::piped()).stdout(Stdio::piped());
        if kind == Kind::Server {
            command.arg(options.descriptors.to_string()).args(options.args);
        }
        command.process_group(0); // Ctrl+C reaches only the bench; this process ends when its pipe closes
        let mut child = command.spawn()?;
        match listening(&mut child) {
            Ok((process, address)) => Ok(Self { address, process, child }),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    pub(super) fn cpu(&self) -> Result<Reading> {
        Reading::of(self.process)
    }

    /// Resident memory, in KiB.
    pub(super) fn resident_kib(&self) -> Result<f64> {
        proc::resident_kib(self.process)
    }

    /// The file of the server's database.
    pub(super) fn database(&self) -> Result<PathBuf> {
        proc::open_file(self.process, "quchat.db")
    }

    /// The number of open files and sockets.
    pub(super) fn descriptors(&self) -> Result<usize> {
        proc::descriptors(self.process)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Closes the pipe, which ends the process, and waits for it to clean up.
fn end(child: &mut Child) {
    drop(child.stdin.take());
    let _ = child.wait();
}

/// Reads the line with process id and address. The process prints no other line.
fn listening(child: &mut Child) -> Result<(u32, SocketAddr)> {
    let stdout = child.stdout.as_mut().ok_or("no pipe from the program")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let parts = line.trim_end().split_once(" listening on http://");
    let (process, address) = parts.ok_or("the measured program did not start; its own error is above")?;
    Ok((process.parse()?, address.parse()?))
}

/// Raises the soft limit on open files, which is too low for thousands of sockets. Child processes inherit it.
pub(super) fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    // If this fails, the scenario that needs more descriptors fails with an error.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
