//! The key and the certificate: created once, recognised by other programs, replaced on request, and never silently.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use rustix::process::Signal;
use rustls::version::TLS13;
use sha2::{Digest, Sha256};

use crate::harness::{DataDir, LoggedProcess, Process, tls_connect, tls_settings};

const KEY: &str = "tls-key.pem";
const CERTIFICATE: &str = "tls-cert.pem";

/// The pin that a server logs at its start.
fn logged_pin(server: &LoggedProcess) -> String {
    let line = server.waits_for("pin=sha256//");
    let (_, pin) = line.split_once("pin=").unwrap();
    pin.split_whitespace().next().unwrap().to_owned()
}

/// Runs another program, if it is installed.
fn run(program: &str, args: &[&str]) -> Option<Output> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output();
    if output.is_err() {
        println!("{program} is not installed");
    }
    output.ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A digest of the certificate that a new connection gets.
fn certificate(server: &Process) -> Vec<u8> {
    let mut connection = tls_connect(server.address, &tls_settings(&[&TLS13], &[]));
    connection.write_all(b"GET /healthz HTTP/1.1\r\nHost: quchat\r\nConnection: close\r\n\r\n").unwrap();
    connection.read_to_end(&mut Vec::new()).unwrap();
    Sha256::digest(&connection.conn.peer_certificates().unwrap()[0]).to_vec()
}

/// The files of a key and a certificate that a server has made.
fn new_files() -> DataDir {
    let data_dir = DataDir::new();
    Process::start(&data_dir.path()).kill();
    data_dir
}

fn given(command: &mut Command, certificate: &Path, key: &Path) {
    command.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key);
}

/// Starts a server that must refuse to start. Returns what it says.
fn refused(data_dir: &DataDir, tune: impl FnOnce(&mut Command)) -> String {
    let mut command = Process::command_on(&data_dir.path());
    command.args(["--listen", "127.0.0.1:0"]).stderr(Stdio::piped());
    tune(&mut command);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    text(&output.stderr)
}

fn path(data_dir: &DataDir, name: &str) -> PathBuf {
    data_dir.path().join(name)
}

#[test]
fn curl_accepts_the_printed_pin_and_no_other() {
    let data_dir = DataDir::new();
    let server = LoggedProcess::start(&data_dir.path());
    let (pin, address) = (logged_pin(&server), format!("https://{}/v1/server", server.server.address));
    let curl = |pin: &str, version: &[&str]| {
        run("curl", &[&["-sSk", "--noproxy", "*", "--pinnedpubkey", pin], version, &[&address]].concat())
    };
    for version in [&["--tlsv1.3"][..], &["--tlsv1.2", "--tls-max", "1.2"]] {
        let Some(output) = curl(&pin, version) else { return };
        assert!(output.status.success() && text(&output.stdout).contains("\"limits\""), "{output:?}");
    }
    let wrong = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let output = curl(wrong, &[]).unwrap();
    assert_eq!(output.status.code(), Some(90), "{output:?}");
}

#[test]
fn openssl_agrees_with_the_handshake_and_the_certificate() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let address = server.address.to_string();
    for version in ["-tls1_3", "-tls1_2"] {
        let args = ["s_client", "-connect", &address, version, "-alpn", "http/1.1", "-servername", "chat.example"];
        let Some(output) = run("openssl", &args) else { return };
        let said = text(&output.stdout);
        assert!(said.contains("ALPN protocol: http/1.1") && said.contains("CN = quchat"), "{output:?}");
    }
    let output = run("openssl", &["s_client", "-connect", &address, "-tls1_1"]).unwrap();
    assert!(!output.status.success(), "{output:?}");
    let file = path(&data_dir, CERTIFICATE);
    let said = text(&run("openssl", &["x509", "-noout", "-text", "-in", file.to_str().unwrap()]).unwrap().stdout);
    for expected in ["CA:FALSE", "prime256v1", "ecdsa-with-SHA256", "DNS:localhost", "Not After : Dec 31 00:00:00 9999"]
    {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
}

#[test]
fn the_key_is_private_and_stays_the_same() {
    let data_dir = DataDir::new();
    let server = LoggedProcess::start(&data_dir.path());
    let pin = logged_pin(&server);
    for name in [KEY, CERTIFICATE] {
        let mode = fs::metadata(path(&data_dir, name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    server.server.kill();
    fs::remove_file(path(&data_dir, CERTIFICATE)).unwrap();
    let server = LoggedProcess::start(&data_dir.path());
    assert_eq!(logged_pin(&server), pin, "a new certificate for the same key");
    let secret = fs::read_to_string(path(&data_dir, KEY)).unwrap();
    assert!(!server.log().contains(secret.lines().nth(1).unwrap()));
}

#[test]
fn damaged_files_of_its_own_are_named_and_not_replaced() {
    for (name, content) in [
        (KEY, "hello"),
        (KEY, "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n"),
        (CERTIFICATE, "hello"),
        (CERTIFICATE, "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"),
    ] {
        let data_dir = new_files();
        fs::write(path(&data_dir, name), content).unwrap();
        let said = refused(&data_dir, |_| {});
        assert!(said.contains(name) && said.contains("backup"), "{said}");
        assert_eq!(fs::read_to_string(path(&data_dir, name)).unwrap(), content);
    }
    let data_dir = new_files();
    fs::remove_file(path(&data_dir, KEY)).unwrap();
    let said = refused(&data_dir, |_| {});
    assert!(said.contains(KEY) && said.contains("missing") && said.contains("backup"), "{said}");
    assert!(!path(&data_dir, KEY).exists(), "a new key would lock the clients out without a word");
}

#[test]
fn given_files_are_used_and_no_others_are_created() {
    let (files, data_dir) = (new_files(), DataDir::new());
    let server = LoggedProcess::start_with(&data_dir.path(), |command| {
        given(command, &path(&files, CERTIFICATE), &path(&files, KEY));
    });
    let own = LoggedProcess::start(&files.path());
    assert_eq!(certificate(&server.server), certificate(&own.server));
    assert_eq!(logged_pin(&server), logged_pin(&own));
    assert!(!path(&data_dir, KEY).exists());
}

#[test]
fn given_files_that_cannot_be_used_are_named() {
    let (one, other) = (new_files(), new_files());
    let (certificate, key) = (path(&one, CERTIFICATE), path(&one, KEY));
    let missing = path(&one, "missing.pem");
    for (certificate, key, words) in [
        (&certificate, &path(&other, KEY), &["does not belong", CERTIFICATE, KEY][..]),
        (&missing, &key, &["missing.pem", "--tls-cert"]),
        (&certificate, &missing, &["missing.pem", "--tls-key"]),
        (&key, &key, &["contains no certificate", KEY]),
        (&certificate, &certificate, &["contains no unencrypted private key", CERTIFICATE]),
        (&one.path(), &key, &["not a regular file"]),
    ] {
        let said = refused(&DataDir::new(), |command| given(command, certificate, key));
        assert!(words.iter().all(|words| said.contains(words)), "{words:?} in {said}");
    }
    let mut command = Process::command();
    let output = command.arg("--tls-cert").arg(&certificate).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "one file without the other is a usage error");
}

#[test]
fn sighup_reads_the_given_files_again() {
    let (files, others, data_dir) = (new_files(), new_files(), DataDir::new());
    let (certificate_file, key_file) = (path(&files, CERTIFICATE), path(&files, KEY));
    let server = LoggedProcess::start_with(&data_dir.path(), |command| {
        given(command, &certificate_file, &key_file);
    });
    let (first, process) = (certificate(&server.server), &server.server);
    let mut open = tls_connect(process.address, &tls_settings(&[&TLS13], &[]));
    open.write_all(b"GET /healthz HTTP/1.1\r\nHost: quchat\r\n\r\n").unwrap();
    open.read_exact(&mut [0; 15]).unwrap();

    fs::write(&certificate_file, "half written").unwrap();
    process.signal(Signal::HUP);
    let line = server.waits_for("stays");
    assert!(line.contains("ERROR") && line.contains(CERTIFICATE) && line.contains("--tls-cert"), "{line}");
    assert_eq!(certificate(process), first, "the certificate in use stays");

    for (from, to) in [(CERTIFICATE, &certificate_file), (KEY, &key_file)] {
        fs::copy(path(&others, from), to).unwrap();
    }
    process.signal(Signal::HUP);
    let new = logged_pin(&LoggedProcess::start(&others.path()));
    server.waits_for(&format!("pin={new}"));
    assert_ne!(certificate(process), first);
    open.write_all(b"GET /healthz HTTP/1.1\r\nHost: quchat\r\nConnection: close\r\n\r\n").unwrap();
    open.read_to_end(&mut Vec::new()).expect("open connections go on");
}
