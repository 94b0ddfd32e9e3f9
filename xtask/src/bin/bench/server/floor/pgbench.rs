//! PostgreSQL alone, as its own pgbench measures it: one row of about the size of a message per transaction, in a table
//! with a primary key.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::super::{Result, postgres::Client};
use crate::launch::temp_dir;

const DROP: &str = "DROP TABLE IF EXISTS inserted";
const CREATE: &str =
    "CREATE TABLE inserted (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, room_id bigint NOT NULL,
    sender_id bigint NOT NULL, text text NOT NULL, sent_at bigint NOT NULL, txn text NOT NULL)";
const SCRIPT: &str = "\\set sender random(1, 8)
    INSERT INTO inserted (room_id, sender_id, text, sent_at, txn) VALUES (1, :sender, \
     'so far it looks good, the rest of the report comes after lunch', 1767225600000, '0000000001-0-0');";

/// Rows per second, inserted by this many clients for whole seconds.
pub(in super::super) fn rows_per_second(postgres: &Client, clients: usize, time: Duration) -> Result<f64> {
    let jobs = clients.min(thread::available_parallelism()?.get());
    let mut pgbench = postgres.pgbench();
    pgbench.args(["--client", &clients.to_string(), "--jobs", &jobs.to_string()]);
    pgbench.args(["--time", &time.as_secs().to_string()]);
    let said = run(postgres, pgbench)?;
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.ok_or_else(|| format!("pgbench said no rate: {said}").into())
}

/// How long each of `rows` commits by one client takes. One begins every `every` on average.
pub(in super::super) fn commits(postgres: &Client, rows: u64, every: Duration) -> Result<Vec<Duration>> {
    let dir = temp_dir()?;
    let mut pgbench = postgres.pgbench();
    pgbench.args(["--transactions", &rows.to_string(), "--rate", &every.as_secs_f64().recip().to_string()]);
    pgbench.arg("--log").current_dir(dir.path());
    run(postgres, pgbench)?;
    let mut commits = Vec::new();
    for log in fs::read_dir(dir.path())? {
        for line in fs::read_to_string(log?.path())?.lines() {
            commits.push(commit(line).ok_or_else(|| format!("cannot read pgbench's log: {line}"))?);
        }
    }
    Ok(commits)
}

/// Runs pgbench on a new table. Returns what it says.
fn run(postgres: &Client, mut pgbench: Command) -> Result<String> {
    postgres.run_beside(DROP)?;
    postgres.run_beside(CREATE)?;
    pgbench.args(["--file", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = pgbench.spawn()?;
    let sent = running.stdin.take().ok_or("no pipe to pgbench")?.write_all(SCRIPT.as_bytes());
    let ended = running.wait_with_output()?;
    if !ended.status.success() || sent.is_err() {
        return Err(format!("pgbench: {}", String::from_utf8_lossy(&ended.stderr).trim_end()).into());
    }
    Ok(String::from_utf8(ended.stdout)?)
}

/// The duration of a transaction in pgbench's log. The third field counts from when it was due, in µs; the seventh says
/// how much later it began.
fn commit(line: &str) -> Option<Duration> {
    let fields: Vec<u64> = line.split(' ').map(str::parse).collect::<std::result::Result<_, _>>().ok()?;
    Some(Duration::from_micros(fields.get(2)?.saturating_sub(*fields.get(6)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_timed_from_when_it_began() {
        assert_eq!(commit("0 1 1750 0 1764433815 285463 250"), Some(Duration::from_micros(1500)));
        assert_eq!(commit("0 1 1750 0 1764433815 285463"), None);
    }
}
