//! The program itself: its flags, the line that it prints, the files that it creates, and its exit codes.

use std::{
    fs::{self, File},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixDatagram,
    },
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use quchat_shared::Seq;
use rustix::process::Signal;

use crate::harness::{Client, Connection, DataDir, Process, eventually};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_server_prints_its_address_and_nothing_else() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    assert!(server.address.ip().is_loopback() && server.address.port() != 0);
    server.register("alice").create_room("lobby");
    server.signal(Signal::TERM);
    let (status, rest) = server.wait();
    assert_eq!((status.code(), &*rest), (Some(0), ""));
}

/// Runs the program as a service manager does that wants to hear from it at `socket`.
fn start_as_service(data_dir: &DataDir, socket: &str) -> Process {
    let mut command = Process::command_on(&data_dir.path());
    command.args(["--listen", "127.0.0.1:0"]).env("NOTIFY_SOCKET", socket);
    Process::run(command)
}

/// Starts a server and waits until `manager`, which is bound to `socket`, hears that it is ready.
fn becomes_ready(manager: UnixDatagram, socket: &str) {
    let data_dir = DataDir::new();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let server = start_as_service(&data_dir, socket);
    let mut state = [0; 64];
    let length = manager.recv(&mut state).unwrap();
    assert_eq!(&state[..length], b"READY=1");
    server.register("alice").create_room("lobby");
}

#[test]
fn the_service_manager_is_told_when_the_server_is_ready() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("notify");
    becomes_ready(UnixDatagram::bind(&path).unwrap(), path.to_str().unwrap());
}

#[test]
#[cfg(target_os = "linux")]
fn the_service_manager_may_have_an_abstract_socket() {
    use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
    let name = format!("quchat-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    becomes_ready(UnixDatagram::bind_addr(&address).unwrap(), &format!("@{name}"));
}

#[test]
fn a_service_manager_that_is_gone_does_not_stop_the_server() {
    let data_dir = DataDir::new();
    let server = start_as_service(&data_dir, data_dir.path().join("nobody").to_str().unwrap());
    server.register("alice").create_room("lobby");
}

#[test]
fn the_data_files_are_readable_only_by_their_owner() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    server.register("alice").create_room("lobby");
    assert_eq!(mode(&data_dir.path()), 0o700);
    let files = data_dir.files();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert_eq!(data_dir.signing_key().len(), 32);
}

#[test]
fn a_restart_keeps_the_signing_key() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let key = data_dir.signing_key();
    server.kill();
    let server = Process::start(&data_dir.path());
    assert_eq!(data_dir.signing_key(), key);
    alice.at(server.address).get("/v1/users/me").expect(200);
    assert_ne!(key, [0; 32]);
}

#[test]
fn a_damaged_key_is_an_error_and_not_a_new_key() {
    let data_dir = DataDir::new();
    Process::start(&data_dir.path()).kill();
    let key = data_dir.files().into_iter().find(|path| path.metadata().unwrap().len() == 32).unwrap();
    fs::write(&key, b"hello").unwrap();
    let output = fails_to_start(&data_dir.path());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read(&key).unwrap(), b"hello", "nothing is overwritten");
}

/// Runs the program to its end on a data directory that it cannot use.
fn fails_to_start(data_dir: &Path) -> std::process::Output {
    let mut command = Process::command_on(data_dir);
    command.args(["--listen", "127.0.0.1:0"]);
    command.stderr(Stdio::piped()).output().unwrap()
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let output = fails_to_start(&data_dir.path());
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{message}");
    assert!(message.contains(data_dir.path().to_str().unwrap()), "the message names the directory: {message}");
    assert!(!message.contains("panicked"), "{message}");
    alice.get("/v1/users/me").expect(200);
}

#[test]
fn a_killed_server_leaves_no_lock_behind() {
    let data_dir = DataDir::new();
    for _ in 0..3 {
        Process::start(&data_dir.path()).kill();
    }
    Process::start(&data_dir.path());
}

#[test]
fn a_port_in_use_is_an_error_that_names_it() {
    let (one, two) = (DataDir::new(), DataDir::new());
    let server = Process::start(&one.path());
    let mut command = Process::command_on(&two.path());
    command.args(["--listen", &server.address.to_string()]);
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains(&server.address.port().to_string()), "{message}");
}

#[test]
fn an_impossible_data_directory_is_an_error() {
    let data_dir = DataDir::new();
    File::create(data_dir.path()).unwrap();
    let output = fails_to_start(&data_dir.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(!output.stderr.is_empty() && output.stdout.is_empty());
}

#[test]
fn an_existing_directory_keeps_its_owner_and_gets_private_files() {
    let data_dir = DataDir::new();
    fs::create_dir(data_dir.path()).unwrap();
    let owner = fs::metadata(data_dir.path()).unwrap().uid();
    let _server = Process::start(&data_dir.path());
    assert_eq!(fs::metadata(data_dir.path()).unwrap().uid(), owner);
    data_dir.files().iter().for_each(|file| assert_eq!(mode(file), 0o600, "{}", file.display()));
}

#[test]
fn environment_variables_replace_flags_and_flags_win() {
    let (chosen, ignored) = (DataDir::new(), DataDir::new());
    let mut command = Process::command();
    command.env("QUCHAT_LISTEN", "127.0.0.1:0").env("QUCHAT_DATA_DIR", chosen.path());
    drop(Process::run(command));
    assert!(chosen.path().is_dir());

    let mut command = Process::command();
    command.env("QUCHAT_LISTEN", "127.0.0.1:0").env("QUCHAT_DATA_DIR", ignored.path());
    command.arg("--data-dir").arg(chosen.path());
    drop(Process::run(command));
    assert!(!ignored.path().exists());
}

#[test]
fn an_invalid_flag_is_a_usage_error() {
    for arguments in [&["--no-such-flag"][..], &["--listen", "nowhere"], &["--listen"]] {
        let output = Process::command().args(arguments).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn the_default_data_directory_follows_xdg_and_systemd() {
    let home = DataDir::new();
    for (variable, place) in [("XDG_DATA_HOME", "quchat"), ("STATE_DIRECTORY", "")] {
        let chosen = home.path().join(variable);
        let mut command = Process::command();
        command.args(["--listen", "127.0.0.1:0"]).env(variable, &chosen);
        drop(Process::run(command));
        assert!(fs::read_dir(chosen.join(place)).unwrap().count() >= 2, "{variable}");
    }
}

/// The program, started by a shell that first sets limits on open files.
fn with_limits(limits: &str, data_dir: &Path) -> Process {
    Process::run(limited(limits, data_dir))
}

fn limited(limits: &str, data_dir: &Path) -> Command {
    let mut command = Command::new("sh");
    let script = format!("{limits}; exec \"$0\" --listen 127.0.0.1:0 --data-dir \"$1\"");
    command.args(["-c", &script]).arg(Process::command().get_program()).arg(data_dir);
    command.envs(Process::variables(data_dir)).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// How many of `n` simultaneous connections are served. The others must get a reason.
fn served_at_once(server: &Process, n: usize) -> usize {
    let mut guests: Vec<_> = (0..n).map(|_| Connection::open(server.address)).collect();
    let statuses = guests.iter_mut().map(|guest| {
        let _ = guest.try_send("GET /healthz HTTP/1.1\r\nHost: quchat\r\n\r\n");
        guest.answer_or_end().map_or(503, |answer| answer.status)
    });
    statuses.filter(|status| *status == 200).count()
}

#[test]
fn a_low_soft_limit_of_open_files_is_raised() {
    let data_dir = DataDir::new();
    let server = with_limits("ulimit -S -n 80", &data_dir.path());
    assert_eq!(served_at_once(&server, 150), 150);
}

#[test]
fn a_low_hard_limit_of_open_files_bounds_the_connections_and_breaks_nothing() {
    let data_dir = DataDir::new();
    let server = with_limits("ulimit -n 200", &data_dir.path());
    let served = served_at_once(&server, 180);
    assert!((20..180).contains(&served), "{served} of 180");
    let alice = eventually("there is room again", || {
        let body = serde_json::json!({"name": "alice", "password": "correct horse"}).to_string().into_bytes();
        let answer = Client::anonymous(server.address).try_send("POST", "/v1/users", "application/json", Some(body));
        answer.ok().filter(|answer| answer.status == 201)
    });
    assert_eq!(alice.value()["user"]["name"], "alice");
}

#[test]
fn attack_a_flood_of_connections_leaves_descriptors_for_other_work() {
    let (data_dir, log) = (DataDir::new(), tempfile::NamedTempFile::new().unwrap());
    let mut command = limited("ulimit -n 200", &data_dir.path());
    command.stderr(log.reopen().unwrap());
    let server = Process::run(command);
    server.signal(Signal::STOP); // so that all of them are waiting when it goes on
    let guests: Vec<_> = (0..1000).map(|_| Connection::open(server.address)).collect();
    let mut late = Connection::open(server.address);
    server.signal(Signal::CONT);
    late.answer().problem(503, "unavailable");
    let log = fs::read_to_string(log.path()).unwrap();
    assert!(!log.contains("could not be accepted"), "{log}");
    drop(guests);
}

#[test]
#[cfg(target_os = "linux")]
fn attack_descriptor_exhaustion() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let room = alice.create_room("lobby");
    let mut stream = alice.listen();
    server.limit_open_files(server.open_files() + 5);
    let guests: Vec<_> = (0..50).map(|_| Connection::open(server.address)).collect();
    for n in 1..=10 {
        alice.send_message(room, "over a connection that is open");
        stream.until_message(room, Seq(n));
    }
    drop(guests);
    Client::anonymous(server.address).get("/healthz").expect(200);
}

#[test]
#[cfg(target_os = "linux")]
fn attack_thousands_of_idle_sockets() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let (before, files) = (server.resident_kib(), server.open_files());
    let guests: Vec<_> = (0..1500).map(|_| Connection::open(server.address)).collect();
    eventually("all are accepted", || (server.open_files() >= files + guests.len()).then_some(()));
    alice.get("/v1/users/me").expect(200);
    let each = server.resident_kib().saturating_sub(before) / guests.len() as u64;
    assert!(each <= 8, "{each} KiB each");
}

#[test]
fn passwords_tokens_and_messages_do_not_reach_the_log() {
    let data_dir = DataDir::new();
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = Process::command_on(&data_dir.path());
    command.args(["--listen", "127.0.0.1:0"]);
    command.env("QUCHAT_LOG", "trace").stderr(log.reopen().unwrap());
    let server = Process::run(command);
    let alice = server.register("alice");
    let room = alice.create_room("lobby");
    let _stream = alice.listen();
    alice.send_message(room, "a needle to find");
    alice.try_send_message(room, "a needle to find\0").refuses("text");
    let wrong = serde_json::json!({"name": "alice", "password": "a wrong guess"});
    Client::anonymous(server.address).post("/v1/sessions", &wrong).problem(401, "unauthenticated");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().0.code(), Some(0));
    let log = fs::read_to_string(log.path()).unwrap();
    assert!(log.contains("listening"), "the log was captured: {log}");
    for secret in [&*alice.session().token, "correct horse", "a wrong guess", "a needle to find"] {
        assert!(!log.contains(secret), "{secret:?} in {log}");
    }
}
