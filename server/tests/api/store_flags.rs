//! The flags that name a PostgreSQL: a password is never shown, and what cannot work is refused with what to do instead.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::harness::Process;

/// A host where nothing listens.
const NOWHERE: &str = "postgres://quchat@127.0.0.1:1/chat";
const SECRET: &str = "correct-horse";

/// A data directory that does not exist. No server starts in it, so it needs no database.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }
}

/// The program on a data directory, without the places where a password may be.
fn command(data_dir: &Path) -> Command {
    let mut command = Process::command();
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir).env("HOME", data_dir);
    command.env_remove("PGPASSWORD").env_remove("PGPASSFILE");
    command
}

/// The same for a verb.
fn verb(data_dir: &Path, words: &[&str]) -> Command {
    let mut command = Process::command();
    command.args(words).arg("--data-dir").arg(data_dir).env("HOME", data_dir);
    command.env_remove("PGPASSWORD").env_remove("PGPASSFILE");
    command
}

/// Runs a command that must fail with this exit code and without showing the password. Returns its standard error.
#[track_caller]
fn refusal(command: &mut Command, expected: i32) -> String {
    let Output { status, stderr, stdout } = command.stderr(std::process::Stdio::piped()).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!((status.code(), &*stdout), (Some(expected), &b""[..]), "{stderr}");
    assert!(!stderr.contains(SECRET), "{stderr}");
    stderr
}

#[track_caller]
fn contains(reason: &str, parts: &[&str]) {
    parts.iter().for_each(|part| assert!(reason.contains(part), "{part:?} is not in {reason:?}"));
}

#[test]
fn a_password_in_an_argument_is_refused() {
    for url in [
        format!("postgres://quchat:{SECRET}@127.0.0.1:1/chat"),
        format!("postgres://quchat@127.0.0.1:1/chat?password={SECRET}"),
    ] {
        let home = Home::new();
        let instead = ["QUCHAT_STORE", "--store-password-file", ".pgpass", "PGPASSWORD"];
        contains(&refusal(command(&home.path()).args(["--store", &url]), 2), &instead);
        contains(
            &refusal(verb(&home.path(), &["user", "list", "--store", &url]).env("QUCHAT_STORE", NOWHERE), 2),
            &instead,
        );
        let from = home.path();
        let migrate = |more: &[&str]| {
            let mut command = Process::command();
            command.args(["migrate", "--from"]).arg(&from).args(more).env("HOME", &from);
            command
        };
        contains(&refusal(&mut migrate(&["--to", &url]), 2), &["--to must not contain a password", instead[0]]);
        contains(&refusal(migrate(&[]).env("QUCHAT_STORE", &url), 4), &["does not exist"]);
        assert!(!home.path().exists());

        // The environment of a process is its own, so the server tries to use this one.
        let reason = refusal(command(&home.path()).env("QUCHAT_STORE", &url), 5);
        contains(&reason, &["database chat of PostgreSQL on 127.0.0.1", "cannot be reached", "check that it runs"]);
    }
}

#[test]
fn the_help_shows_no_url_from_the_environment() {
    let mut help = Process::command();
    help.arg("--help").env("QUCHAT_STORE", format!("postgres://quchat:{SECRET}@127.0.0.1:1/chat"));
    let Output { status, stdout, .. } = help.output().unwrap();
    let text = String::from_utf8(stdout).unwrap();
    assert!(status.success() && text.contains("QUCHAT_STORE") && !text.contains(SECRET), "{text}");
}

#[test]
fn an_unusable_url_is_a_usage_error_without_its_password() {
    let home = Home::new();
    for (url, part) in [
        (format!("mysql://quchat:{SECRET}@h/chat"), "postgres://USER@HOST/DATABASE"),
        (format!("postgres://quchat:{SECRET}@/chat"), "names no host"),
        (format!("postgres://quchat:{SECRET}@h/chat?sslmode=verify-full"), "sslrootcert=system"),
        (format!("postgres://quchat:{SECRET}@h/chat?sslmode={SECRET}"), "verify-ca or verify-full"),
        (format!("postgres://quchat:{SECRET}@h/chat?ssl=on"), "\"ssl\""),
    ] {
        contains(&refusal(command(&home.path()).env("QUCHAT_STORE", url), 2), &["--store", part]);
    }
    let file = home.path().join("password");
    contains(&refusal(command(&home.path()).arg("--store-password-file").arg(file), 2), &["needs --store"]);
}

#[test]
fn migrate_names_both_databases_by_its_own_flags() {
    let home = Home::new();
    let refused = |arguments: &[&str], parts: &[&str]| {
        let mut command = Process::command();
        contains(&refusal(command.arg("migrate").args(arguments).env("HOME", home.path()), 2), parts);
    };
    let dir = home.path();
    let dir = dir.to_str().unwrap();
    refused(&["--to", NOWHERE], &["--from"]);
    refused(&["--from", dir], &["--to", "QUCHAT_STORE"]);
    refused(&["--from", dir, "--to", "http://h/chat"], &["--to: ", "postgres://USER@HOST/DATABASE"]);
    refused(&["--from", dir, "--to", NOWHERE, "--store", NOWHERE], &["--store cannot be used", "use --to"]);
    refused(&["--from", dir, "--to", NOWHERE, "--data-dir", dir], &["--data-dir cannot be used", "use --from"]);
}

#[test]
fn a_password_file_that_cannot_be_used_is_named() {
    let home = Home::new();
    fs::create_dir(home.path()).unwrap();
    let file = home.path().join("password");
    let with_file = || {
        let mut command = command(&home.path());
        command.env("QUCHAT_STORE", NOWHERE).arg("--store-password-file").arg(&file);
        command
    };
    contains(&refusal(&mut with_file(), 1), &["password file", file.to_str().unwrap()]);
    fs::write(&file, format!("{SECRET}\n{SECRET}\n")).unwrap();
    contains(&refusal(&mut with_file(), 1), &["password file", "several lines"]);
    fs::write(&file, SECRET).unwrap();
    contains(&refusal(&mut with_file(), 5), &["cannot be reached"]);

    let passwords = home.path().join(".pgpass");
    fs::write(&passwords, format!("*:*:*:*:{SECRET}")).unwrap();
    fs::set_permissions(&passwords, fs::Permissions::from_mode(0o644)).unwrap();
    contains(&refusal(command(&home.path()).env("QUCHAT_STORE", NOWHERE), 1), &["chmod 600", ".pgpass"]);
    contains(&refusal(&mut with_file(), 5), &["cannot be reached"]);
}

#[test]
fn backups_of_postgresql_are_left_to_its_own_programs() {
    let home = Home::new();
    let backup = home.path().join("backup.tar");
    let backup = backup.to_str().unwrap();
    let keys = ["signing-key", "tls-key.pem", "tls-cert.pem"];
    let reason = refusal(&mut verb(&home.path(), &["backup", backup, "--store", NOWHERE]), 2);
    contains(&reason, &["backup is for a SQLite database", "pg_dump"]);
    contains(&reason, &keys);
    let reason = refusal(&mut verb(&home.path(), &["restore", backup, "--store", NOWHERE]), 2);
    contains(&reason, &["restore is for a SQLite database", "pg_restore"]);
    contains(&reason, &keys);
    let mut scheduled = command(&home.path());
    scheduled.args(["--store", NOWHERE]).env("QUCHAT_BACKUP_DIR", home.path());
    let reason = refusal(&mut scheduled, 2);
    contains(&reason, &["--backup-dir is for a SQLite database", "pg_dump"]);
    contains(&reason, &keys);
    // A file can be verified wherever the data is.
    contains(
        &refusal(&mut verb(&home.path(), &["backup", "--verify", backup, "--store", NOWHERE]), 4),
        &["does not exist"],
    );
    assert!(!home.path().exists());
}

#[test]
fn a_verb_needs_a_server_that_was_started() {
    let home = Home::new();
    let reason = refusal(&mut verb(&home.path(), &["user", "list", "--store", NOWHERE]), 4);
    contains(&reason, &["there is no server", "start one first"]);
    assert!(!home.path().exists(), "a verb creates no keys");
    fs::create_dir(home.path()).unwrap();
    fs::write(home.path().join("signing-key"), [7; 32]).unwrap();
    let reason = refusal(&mut verb(&home.path(), &["user", "list", "--store", NOWHERE]), 5);
    contains(&reason, &["database chat of PostgreSQL on 127.0.0.1", "cannot be reached"]);
    contains(&refusal(&mut verb(&home.path(), &["user", "list"]), 4), &["--store"]);
    let reason = refusal(&mut verb(&home.path(), &["check", "--store", NOWHERE]), 5);
    contains(&reason, &["database chat of PostgreSQL on 127.0.0.1", "cannot be reached", "check that it runs"]);
}
