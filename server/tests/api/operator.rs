//! The verbs that govern a server: on a running one through the local socket, on a stopped one directly.

use std::{
    fs,
    io::{Read, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::Path,
    process::{Output, Stdio},
};

use quchat_shared::join_link::JoinLink;
use serde_json::{Value, json};

use crate::harness::{Client, DataDir, PASSWORD, Process};

/// Runs a verb with this standard input.
fn run(arguments: &[&str], data_dir: &Path, input: &str) -> Output {
    let mut command = Process::command_on(data_dir);
    command.args(arguments).stdin(Stdio::piped());
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
fn users_are_suspended_and_get_roles_while_the_server_runs_and_while_it_does_not() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    server.register("alice");
    let bob = server.register("bob");
    let (mut stream, dir) = (bob.listen(), data_dir.path());
    let user = objects(&succeeds(&["user", "suspend", "Bob", "--json"], &dir, ""));
    assert_eq!((&user[0]["name"], &user[0]["suspended"]), (&"bob".into(), &true.into()));
    stream.expects_bye(quchat_shared::event::ByeReason::SignedOut);
    sign_in(&server, "bob", PASSWORD).problem(403, "forbidden");
    assert!(succeeds(&["user", "list"], &dir, "").contains("suspended"));
    succeeds(&["user", "unsuspend", "bob"], &dir, "");
    sign_in(&server, "bob", PASSWORD).expect(201);
    for arguments in [["user", "role", "alice", "member"].as_slice(), &["user", "suspend", "alice"]] {
        assert!(fails(arguments, &dir, "", 1).contains("last admin"), "{arguments:?}");
    }
    server.kill();

    assert!(succeeds(&["user", "role", "bob", "admin"], &dir, "").contains("admin"));
    succeeds(&["user", "suspend", "alice"], &dir, "");
    assert!(fails(&["user", "role", "carol", "admin"], &dir, "", 4).contains("carol"));
    assert_eq!(run(&["user", "role", "bob", "owner"], &dir, "").status.code(), Some(2));
    let server = Process::start(&dir);
    sign_in(&server, "alice", PASSWORD).problem(403, "forbidden");
    assert_eq!(sign_in(&server, "bob", PASSWORD).expect(201).value()["user"]["role"], "admin");
}

/// Registers with an invite from another machine.
fn register(server: &Process, name: &str, code: &str) -> crate::harness::Answer {
    let new = json!({"name": name, "password": PASSWORD, "invite": code});
    Client::anonymous(server.address).elsewhere().post("/v1/users", &new)
}

#[test]
fn an_invite_is_printed_as_the_links_of_a_running_server() {
    let data_dir = DataDir::new();
    let mut command = Process::command_on(&data_dir.path());
    command.args(["--listen", "127.0.0.1:0", "--registration", "invite", "--plaintext"]);
    command.args(["--public-address", "chat.example.org:7000,[2001:db8::7]"]);
    let (server, dir) = (Process::run(command), data_dir.path());
    let alice = server.register("alice");
    let den = alice.create_private_room("Den");
    let printed = succeeds(&["invite", "create", "--room", "den", "--uses", "2", "--expires", "1h"], &dir, "");
    let lines: Vec<_> = printed.lines().collect();
    assert!(lines[0].contains("2 people") && lines[0].contains(&format!("room {den}")), "{printed}");
    assert!(lines[1].starts_with("to join, run: quchat quchat://chat.example.org:7000/"), "{printed}");
    assert!(lines[2].starts_with("to join, run: quchat 'quchat://[2001:db8::7]:"), "{printed}");
    let link: JoinLink = lines[1].rsplit(' ').next().unwrap().parse().unwrap();
    let code = link.invite.unwrap().to_string();
    let bob = register(&server, "bob", &code).expect(201).value();
    assert_eq!(bob["user"]["role"], "member");
    assert!(alice.get(&format!("/v1/rooms/{den}/members")).expect(200).text().contains("bob"));

    let admin = objects(&succeeds(&["invite", "create", "--admin", "--json"], &dir, ""));
    assert_eq!((&admin[0]["admin"], admin[0]["links"].as_array().unwrap().len()), (&true.into(), 2));
    let listed = objects(&succeeds(&["invite", "list", "--json"], &dir, ""));
    assert_eq!((&listed[0]["admin"], &listed[1]["uses_left"], listed.len()), (&true.into(), &1.into(), 2));
    assert_eq!(alice.get("/v1/invites").value()["invites"].as_array().unwrap().len(), 1, "not the admin's");
    let carol = register(&server, "carol", admin[0]["code"].as_str().unwrap()).expect(201).value();
    assert_eq!(carol["user"]["role"], "admin");
    register(&server, "dave", admin[0]["code"].as_str().unwrap()).refuses("invite");

    succeeds(&["invite", "revoke", &listed[1]["id"].to_string()], &dir, "");
    register(&server, "dave", &code).refuses("invite");
    assert_eq!(succeeds(&["invite", "list"], &dir, ""), "");
}

#[test]
fn an_invite_of_a_stopped_server_is_its_code_and_outlives_starts() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let (alice, dir) = (server.register("alice"), data_dir.path());
    let ids = ["den", "den"].map(|name| alice.create_private_room(name));
    server.kill();
    let printed = succeeds(&["invite", "create", "--admin"], &dir, "");
    let code = printed.lines().find_map(|line| line.strip_prefix("code: ")).unwrap();
    assert!(fails(&["invite", "create", "--room", "nowhere"], &dir, "", 4).contains("nowhere"));
    assert!(fails(&["invite", "create", "--room", "den"], &dir, "", 1).contains(&format!("{}, {}", ids[0], ids[1])));
    assert!(fails(&["invite", "revoke", "99"], &dir, "", 4).contains("invite"));
    for wrong in [&["--uses", "0"][..], &["--expires", "soon"], &["--admin", "--uses", "2"]] {
        assert_eq!(run(&[&["invite", "create"], wrong].concat(), &dir, "").status.code(), Some(2), "{wrong:?}");
    }
    let by_id = objects(&succeeds(&["invite", "create", "--room", &ids[1].to_string(), "--json"], &dir, ""));
    assert_eq!((&by_id[0]["room"], &by_id[0]["links"]), (&json!(ids[1]), &json!([])));
    let mut command = Process::command_on(&dir);
    command.args(["--listen", "127.0.0.1:0", "--plaintext", "--public-address", "chat.example.org"]);
    let server = Process::run(command);
    assert_eq!(register(&server, "bob", code).expect(201).value()["user"]["role"], "admin");
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
