//! The verbs that govern a server: on a running one through the local socket, on a stopped one directly.

use std::{
    fs,
    io::{Read, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::Path,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::harness::{Client, DataDir, Process};

/// Runs a verb with this standard input.
fn run(arguments: &[&str], data_dir: &Path, input: &str) -> Output {
    let mut command = Process::command();
    command.args(arguments).arg("--data-dir").arg(data_dir).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes()); // fails if the verb reads none
    child.wait_with_output().unwrap()
}

#[track_caller]
fn succeeds(arguments: &[&str], data_dir: &Path, input: &str) -> String {
    let output = run(arguments, data_dir, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the only line of standard error.
#[track_caller]
fn fails(arguments: &[&str], data_dir: &Path, input: &str, code: i32) -> String {
    let output = run(arguments, data_dir, input);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{arguments:?}: {errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    errors.strip_prefix("quchat-server: ").unwrap().trim_end().to_owned()
}

/// The objects that a verb printed.
fn objects(printed: &str) -> Vec<Value> {
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn sign_in(server: &Process, name: &str, password: &str) -> crate::harness::Answer {
    Client::anonymous(server.address).post("/v1/sessions", &json!({"name": name, "password": password}))
}

#[test]
fn users_are_added_listed_and_get_new_passwords_while_the_server_runs_and_while_it_does_not() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let mut stream = alice.listen();
    let dir = data_dir.path();
    let added = objects(&succeeds(&["user", "add", "bob", "--json"], &dir, "first password\n"));
    assert_eq!((&added[0]["name"], &added[0]["role"]), (&"bob".into(), &"member".into()));
    sign_in(&server, "bob", "first password").expect(201);
    succeeds(&["user", "reset-password", "ALICE"], &dir, "another password\r\n");
    stream.expects_bye(quchat_shared::event::ByeReason::SignedOut);
    alice.get("/v1/users/me").problem(401, "unauthenticated");
    sign_in(&server, "alice", "another password").expect(201);
    server.kill();

    succeeds(&["user", "add", "carol", "--role", "admin"], &dir, "third password");
    succeeds(&["user", "reset-password", "bob"], &dir, "fourth password");
    let names = |printed: &str| objects(printed).iter().map(|user| user["name"].clone()).collect::<Vec<_>>();
    let stopped = succeeds(&["user", "list", "--json"], &dir, "");
    assert_eq!(names(&stopped), ["alice", "bob", "carol"]);
    let server = Process::start(&dir);
    assert_eq!(succeeds(&["user", "list", "--json"], &dir, ""), stopped);
    sign_in(&server, "bob", "first password").problem(401, "unauthenticated");
    sign_in(&server, "bob", "fourth password").expect(201);
    assert_eq!(sign_in(&server, "carol", "third password").expect(201).value()["user"]["role"], "admin");
}

#[test]
fn what_is_refused_says_why_and_changes_nothing() {
    let data_dir = DataDir::new();
    fails(&["user", "list"], &data_dir.path(), "", 4);
    assert!(!data_dir.path().exists(), "a mistyped directory is not created");
    let server = Process::start(&data_dir.path());
    server.register("alice");
    let dir = data_dir.path();
    assert!(fails(&["user", "add", "Alice"], &dir, "some password", 1).contains("taken"));
    assert!(fails(&["user", "add", "bob"], &dir, "short", 1).contains("password"));
    assert!(fails(&["user", "add", "no good"], &dir, "some password", 1).contains("name"));
    assert!(fails(&["user", "add", "bob"], &dir, "", 1).contains("standard input"));
    assert!(fails(&["user", "reset-password", "bob"], &dir, "some password", 4).contains("bob"));
    assert_eq!(succeeds(&["user", "list"], &dir, "").lines().count(), 1);
    let output = run(&["user", "add", "bob", "--password", "some password"], &dir, "");
    assert_eq!(output.status.code(), Some(2), "no password in the arguments");
    let output = run(&["--listen", "127.0.0.1:0", "user", "list"], &dir, "");
    assert_eq!(output.status.code(), Some(2), "a flag of the server has no meaning for a verb");
}

#[test]
fn the_first_user_is_an_admin() {
    let data_dir = DataDir::new();
    Process::start(&data_dir.path()).kill();
    succeeds(&["user", "add", "alice"], &data_dir.path(), "some password");
    let users = objects(&succeeds(&["user", "list", "--json"], &data_dir.path(), ""));
    assert_eq!(users[0]["role"], "admin");
}

/// A request over the local socket.
fn ask(socket: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_local_socket_is_private_and_outlives_no_server() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let socket = data_dir.path().join("local.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o7777, 0o600);
    assert!(ask(&socket, "GET /v1/users HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 200"));
    assert!(ask(&socket, "GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 404"));
    assert!(ask(&socket, "DELETE /v1/users HTTP/1.1\r\nHost: x\r\n\r\n").contains("allow: POST, GET, HEAD"));
    let large = format!("POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n{}", "x".repeat(70_000));
    assert!(ask(&socket, &large).starts_with("HTTP/1.1 413"));
    server.kill();
    assert!(socket.exists(), "a killed server leaves it");
    let server = Process::start(&data_dir.path());
    assert!(succeeds(&["status"], &data_dir.path(), "").starts_with("running"));
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.wait().0.code(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn a_data_directory_with_a_long_path_has_a_local_socket_too() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("d".repeat(150));
    let server = Process::start(&dir);
    server.register("alice");
    if cfg!(target_os = "linux") {
        assert_eq!(succeeds(&["user", "list"], &dir, "").lines().count(), 1);
    }
}

#[test]
fn the_status_tells_how_a_server_is_and_that_it_is_stopped() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let _stream = alice.listen();
    let status = succeeds(&["status"], &data_dir.path(), "");
    for word in [
        "running",
        "connections",
        "streams     1 live",
        "of them 0 refused and 0 failed",
        "commits",
        "writable",
        "memory",
    ] {
        assert!(status.contains(word), "{word:?} in {status}");
    }
    let json: Value = serde_json::from_str(&succeeds(&["status", "--json"], &data_dir.path(), "")).unwrap();
    assert_eq!(
        (&json["running"], json["metrics"]["quchat_streams{state=\"live\"}"].as_f64()),
        (&true.into(), Some(1.0))
    );
    server.kill();
    assert!(succeeds(&["status"], &data_dir.path(), "").starts_with("stopped"));
}
