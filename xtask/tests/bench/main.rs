//! The bench as a process, with tiny numbers: its figures mean nothing, but it must count every delivery and remove its
//! files.
#![cfg(target_os = "linux")]

use std::{
    env,
    fs::{self, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tasks::postgres::programs;
use tempfile::TempDir;

#[test]
fn every_scenario_accounts_for_every_delivery_and_nothing_is_left() {
    let scratch = tempfile::tempdir().unwrap();
    let text = bench(scratch.path(), &["--quick", "--json"]);
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let scenarios = [
        "attack",
        "connect",
        "crowd",
        "delete-room",
        "fanout",
        "history",
        "idle",
        "inbox",
        "latency",
        "react",
        "resume",
        "search",
        "send",
        "signin",
    ];
    for scenario in scenarios {
        let mut of_scenario = rows.iter().filter(|row| row["scenario"] == scenario).peekable();
        assert!(of_scenario.peek().is_some(), "{scenario} is missing: {text}");
        assert!(of_scenario.all(|row| row["complete"] == true), "{text}");
    }
    assert!(is_empty(scratch.path()), "the directories are gone");
}

#[test]
fn several_servers_on_one_postgres_account_for_every_delivery_and_nothing_is_left() {
    let Some(scratch) = scratch_for_postgres() else { return };
    let scenarios = ["send", "latency", "delete-room", "search", "nodes"];
    let selected = scenarios.iter().flat_map(|name| ["--scenario", name]);
    let args: Vec<&str> =
        ["--quick", "--json", "--store", "postgres", "--nodes", "2"].into_iter().chain(selected).collect();
    let text = bench(scratch.path(), &args);
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for scenario in scenarios {
        let mut of_scenario = rows.iter().filter(|row| row["scenario"] == scenario).peekable();
        assert!(of_scenario.peek().is_some(), "{scenario} is missing: {text}");
        assert!(of_scenario.all(|row| row["complete"] == true && row["nodes"] == 2), "{text}");
    }
    let compared = |figure: &str| rows.iter().any(|row| row["figure"] == figure && row["ratio"].is_f64());
    assert!(compared("messages/s (floor: pgbench)"), "{text}");
    assert!(is_empty(scratch.path()), "the directories are gone");
}

#[test]
fn a_table_has_only_the_chosen_scenario() {
    let scratch = tempfile::tempdir().unwrap();
    let text = bench(scratch.path(), &["--quick", "--scenario", "send", "--runs", "2"]);
    assert!(text.starts_with("| scenario | size ") && text.contains("| goal "), "{text}");
    assert!(text.lines().skip(2).all(|line| line.starts_with("| send ")), "{text}");
}

#[test]
fn two_builds_are_compared_figure_by_figure() {
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(["compare", env!("CARGO_BIN_EXE_bench"), "--quick", "--scenario", "send", "--runs", "2"]);
    let ended = command.env("TMPDIR", scratch.path()).output().expect("the bench can be executed");
    let table = String::from_utf8(ended.stdout).unwrap();
    let rows: Vec<&str> = table.lines().skip(2).collect();
    assert_eq!(rows.len(), 4, "{table}");
    let verdict = |row: &&str| row.trim_end_matches([' ', '|']).rsplit(' ').next().unwrap().to_owned();
    let verdicts: Vec<String> = rows.iter().map(verdict).collect();
    assert!(verdicts.iter().all(|word| ["same", "better", "worse", "unclear"].contains(&word.as_str())), "{table}");
    assert_eq!(ended.status.success(), !verdicts.contains(&"worse".to_owned()), "{table}");
}

#[test]
fn a_scenario_that_the_other_build_lacks_is_left_out() {
    let scratch = tempfile::tempdir().unwrap();
    let older = scratch.path().join("older");
    let bench = env!("CARGO_BIN_EXE_bench");
    fs::write(&older, format!("#!/bin/sh\ncase \"$*\" in *react*) exit 2;; esac\nexec {bench} \"$@\"\n")).unwrap();
    fs::set_permissions(&older, Permissions::from_mode(0o700)).unwrap();
    let compare = |scenarios: &[&str]| {
        let mut command = Command::new(bench);
        command.arg("compare").arg(&older).args(["--quick", "--runs", "1"]);
        let ended = command.args(scenarios).env("TMPDIR", scratch.path()).output().expect("the bench can be executed");
        (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap())
    };
    let (table, notes) = compare(&["--scenario", "react", "--scenario", "send"]);
    assert!(table.lines().count() > 2 && table.lines().skip(2).all(|line| line.starts_with("| send ")), "{table}");
    assert!(notes.contains("react: left out"), "{notes}");
    let (table, notes) = compare(&["--scenario", "react"]);
    assert!(table.is_empty() && notes.contains("no figure in common"), "{table}{notes}");
}

#[test]
fn the_client_is_measured_in_every_scenario_and_nothing_is_left() {
    let scratch = tempfile::tempdir().unwrap();
    let text = bench(scratch.path(), &["client", "--quick", "--json"]);
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for scenario in ["start", "key", "message", "flood", "bytes", "memory", "idle"] {
        let mut of_scenario = rows.iter().filter(|row| row["scenario"] == scenario).peekable();
        assert!(of_scenario.peek().is_some(), "{scenario} is missing: {text}");
        assert!(of_scenario.all(|row| row["p99"].is_f64()), "{text}");
    }
    assert!(is_empty(scratch.path()), "the homes are gone");
}

#[test]
fn nothing_is_left_soon_after_it_was_killed() {
    nothing_is_left_after_killing(&tempfile::tempdir().unwrap(), &[]);
    if let Some(scratch) = scratch_for_postgres() {
        nothing_is_left_after_killing(&scratch, &["--store", "postgres", "--nodes", "2"]);
    }
}

fn nothing_is_left_after_killing(scratch: &TempDir, args: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(["--scenario", "idle"]).args(args).env("TMPDIR", scratch.path()).stderr(Stdio::null());
    let mut bench = command.spawn().expect("the bench can be executed");
    eventually("a server has its directory", || !is_empty(scratch.path()));
    bench.kill().and_then(|()| bench.wait()).expect("the bench can be killed");
    eventually("the directory is gone", || is_empty(scratch.path()));
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "timed out waiting until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A directory that a PostgreSQL can be in, which root runs as somebody else. `None` if there is no PostgreSQL.
fn scratch_for_postgres() -> Option<TempDir> {
    if let Err(reason) = programs::find(&["initdb", "postgres", "psql", "pgbench"]) {
        assert!(env::var_os("CI").is_none(), "{reason}");
        writeln!(io::stderr(), "left out: {reason}").ok();
        return None;
    }
    let scratch = tempfile::tempdir().expect("a directory for the test");
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o711)).expect("the test's own directory");
    Some(scratch)
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).expect("the test's own directory").next().is_none()
}

/// Runs the bench, which must succeed, and returns its output.
fn bench(scratch: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    let ended = command.args(args).env("TMPDIR", scratch).output().expect("the bench can be executed");
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{out}\n{err}");
    out.into_owned()
}
