//! A program that is measured: the server or the floor, started on a free port, ended when dropped.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    Result,
    args::{FLOOR, KEEPER, PEER},
    cpu::Reading,
};

/// A running program.
pub(super) struct Program {
    pub(super) address: SocketAddr,
    process: u32,
    /// The floor itself, or whoever keeps the server.
    child: Child,
}

impl Program {
    pub(super) fn server() -> Result<Self> {
        Self::start(KEEPER)
    }

    pub(super) fn peer() -> Result<Self> {
        Self::start(PEER)
    }

    /// As a process of its own, so that its CPU is not the bench's.
    pub(super) fn floor() -> Result<Self> {
        Self::start(FLOOR)
    }

    fn start(part: &str) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.arg(part).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.process_group(0); // Ctrl+C is for the bench; the others end with it
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
        let status = fs::read_to_string(format!("/proc/{}/status", self.process))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/…/status")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Open files and sockets.
    pub(super) fn descriptors(&self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.process))?.count())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Closes the pipe that keeps it going, and waits until everything is cleared away.
fn end(child: &mut Child) {
    drop(child.stdin.take());
    let _ = child.wait();
}

/// Reads the one line that tells process and address; more is not said.
fn listening(child: &mut Child) -> Result<(u32, SocketAddr)> {
    let stdout = child.stdout.as_mut().ok_or("no pipe from the program")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let (process, address) = line.trim_end().split_once(" listening on http://").ok_or("it did not start")?;
    Ok((process.parse()?, address.parse()?))
}

/// Thousands of sockets need more descriptors than a shell allows at first; what is started inherits the limit.
pub(super) fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, the scenario that runs out says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
