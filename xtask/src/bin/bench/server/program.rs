//! A measured program: the server, the floor or the peer, on free ports. It is stopped on drop.

use std::{
    env,
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    Result,
    addresses::Addresses,
    args::{CLUSTER, FLOOR, PEER, SUPERVISOR},
    cpu::Reading,
    database::Database,
    postgres::Client,
    store::Store,
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
    pub(super) addresses: Addresses,
    /// The PostgreSQL of the server, if it is on one.
    pub(super) postgres: Option<Client>,
    /// The ids of the measured processes: one, or one for each node.
    processes: Vec<u32>,
    /// The floor itself, or the supervisor of the server or the peer.
    child: Child,
}

impl Program {
    /// Starts a program in a process of its own, so that its CPU time is not part of the bench's. `store` is where the
    /// server keeps its messages.
    pub(super) fn start(kind: Kind, store: &Store) -> Result<Self> {
        Self::start_with(kind, store, &Options::NONE)
    }

    /// The same; the options are for the server.
    pub(super) fn start_with(kind: Kind, store: &Store, options: &Options) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        match (kind, store) {
            (Kind::Floor, _) => command.arg(FLOOR),
            (Kind::Peer, _) => command.arg(PEER),
            (Kind::Server, Store::Sqlite) => command.arg(SUPERVISOR),
            (Kind::Server, Store::Postgres { programs, nodes }) => {
                command.arg(CLUSTER).arg(programs).arg(nodes.to_string())
            }
        };
        if kind == Kind::Server {
            command.arg(options.descriptors.to_string()).args(options.args);
        }
        command.process_group(0); // Ctrl+C reaches only the bench; this process ends when its pipe closes
        let mut child = command.spawn()?;
        match started(&mut child, if kind == Kind::Server { store } else { &Store::Sqlite }) {
            Ok((postgres, processes, addresses)) => Ok(Self { addresses, postgres, processes, child }),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    pub(super) fn cpu(&self) -> Result<Reading> {
        Reading::of(&self.processes)
    }

    /// Resident memory, in KiB.
    pub(super) fn resident_kib(&self) -> Result<f64> {
        self.processes.iter().map(|&process| proc::resident_kib(process)).sum()
    }

    /// The server's database.
    pub(super) fn database(&self) -> Result<Database> {
        match &self.postgres {
            None => Ok(Database::Sqlite(proc::open_file(self.processes[0], "quchat.db")?)),
            Some(postgres) => Ok(Database::Postgres(postgres.clone())),
        }
    }

    /// The number of open files and sockets.
    pub(super) fn descriptors(&self) -> Result<usize> {
        self.processes.iter().map(|&process| proc::descriptors(process)).sum()
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

/// Reads what a started program prints: with PostgreSQL the directory of its socket, then a line for each process.
fn started(child: &mut Child, store: &Store) -> Result<(Option<Client>, Vec<u32>, Addresses)> {
    let mut stdout = BufReader::new(child.stdout.as_mut().ok_or("no pipe from the program")?);
    let mut postgres = None;
    if let Store::Postgres { programs, .. } = store {
        let mut socket = String::new();
        stdout.read_line(&mut socket)?;
        postgres = Some(Client::new(programs, socket.trim_end()));
    }
    let (process, first) = listening(&mut stdout)?;
    let (mut processes, mut others) = (vec![process], Vec::new());
    for _ in 1..store.nodes() {
        let (process, address) = listening(&mut stdout)?;
        processes.push(process);
        others.push(address);
    }
    Ok((postgres, processes, Addresses::new(first, others)))
}

/// Reads the line with process id and address.
fn listening(stdout: &mut impl BufRead) -> Result<(u32, SocketAddr)> {
    let mut line = String::new();
    stdout.read_line(&mut line)?;
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
