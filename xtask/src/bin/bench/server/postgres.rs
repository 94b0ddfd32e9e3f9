//! A PostgreSQL of the bench's own: how it is started, and its own clients that ask it and load it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tasks::postgres::{Throwaway, programs};

use super::Result;

/// What the bench runs.
const NEEDED: [&str; 4] = ["initdb", "postgres", "psql", "pgbench"];
/// Besides the usual settings: enough for eight nodes and for pgbench.
const SETTINGS: &[&str] = &["max_connections=200"];
/// The database of the server.
const SERVERS: &str = "quchat";

/// The directory with PostgreSQL's programs.
///
/// # Errors
/// There is no such directory.
pub(super) fn find() -> Result<PathBuf> {
    Ok(programs::find(&NEEDED)?)
}

/// Starts a PostgreSQL in a directory. Returns it with the server's `--store`.
pub(super) fn start(programs: &Path, dir: &Path) -> Result<(Throwaway, String)> {
    let postgres = Throwaway::create(programs, dir, SETTINGS)?;
    Client::new(programs, postgres.socket()).run_beside(&format!("CREATE DATABASE {SERVERS}"))?;
    let store = postgres.url(SERVERS);
    Ok((postgres, store))
}

/// PostgreSQL's own clients, connected through its socket.
#[derive(Debug, Clone)]
pub(super) struct Client {
    programs: PathBuf,
    /// The directory of the socket.
    socket: PathBuf,
}

impl Client {
    pub(super) fn new(programs: &Path, socket: impl Into<PathBuf>) -> Self {
        Self { programs: programs.to_owned(), socket: socket.into() }
    }

    /// Asks the server's database for one value.
    pub(super) fn ask(&self, query: &str) -> Result<String> {
        self.psql(SERVERS, query)
    }

    /// Runs a statement in the database that is not the server's.
    pub(super) fn run_beside(&self, statement: &str) -> Result<()> {
        self.psql(Throwaway::DATABASE, statement).map(drop)
    }

    /// pgbench on that database.
    pub(super) fn pgbench(&self) -> Command {
        let mut command = self.command("pgbench", Throwaway::DATABASE);
        command.args(["--no-vacuum", "--protocol", "prepared"]);
        command
    }

    fn psql(&self, database: &str, statement: &str) -> Result<String> {
        let mut command = self.command("psql", database);
        command.args(["--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--command", statement]);
        let ended = command.output()?;
        if !ended.status.success() {
            return Err(format!("psql: {}", String::from_utf8_lossy(&ended.stderr).trim_end()).into());
        }
        Ok(String::from_utf8(ended.stdout)?.trim_end().to_owned())
    }

    fn command(&self, name: &str, database: &str) -> Command {
        let mut command = programs::command(&self.programs, name);
        command.env("PGHOST", &self.socket).env("PGUSER", Throwaway::USER).env("PGDATABASE", database);
        command
    }
}
