//! A PostgreSQL of its own for the tests, with TLS and SCRAM: made in a temporary directory, gone when dropped.

use std::{
    env, fs,
    io::{self, BufRead, BufReader},
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

/// The user who owns it, with every right.
pub(super) const USER: &str = "quchat";
/// It needs escapes in a URL and in a file of passwords.
pub(super) const PASSWORD: &str = r"a:b/c@d\e%f 'g'";
/// The name in its certificate.
pub(super) const HOST: &str = "localhost";

/// The user `nobody`. PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;
/// A port that was free may be taken before PostgreSQL uses it.
const ATTEMPTS: usize = 3;

/// A running PostgreSQL; stopped when dropped, also by a panic.
pub(super) struct Cluster {
    pub(super) port: u16,
    dir: TempDir,
    postgres: Child,
}

impl Cluster {
    /// Starts one. `None` where there are no programs of PostgreSQL, unless the environment demands this test.
    pub(super) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let demand = "QUCHAT_TEST_STORE";
            assert!(env::var_os(demand).is_none(), "{demand} is set, but there is no PostgreSQL; install `postgresql`");
            eprintln!("left out: there is no PostgreSQL on this machine; install `postgresql`");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        give_away(dir.path());
        let file = |name: &str, content: &str| {
            let path = dir.path().join(name);
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            give_away(&path);
            path
        };
        make_certificates(file);
        let (password, data) = (file("password", PASSWORD), dir.path().join("data"));
        let mut initdb = unprivileged(&programs.join("initdb"));
        initdb.args(["--no-sync", "--locale=C", "--encoding=UTF8", "--auth=scram-sha-256", "--username", USER]);
        let made = initdb.arg("--pwfile").arg(password).arg("--pgdata").arg(&data).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::write(
            data.join("pg_hba.conf"),
            "local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
        )
        .unwrap();
        let (port, postgres) = (0..ATTEMPTS).find_map(|_| serve(&programs, dir.path())).expect("it starts");
        Some(Self { port, dir, postgres })
    }

    /// The directory of the local socket and of the certificates.
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGQUIT: stop at once, without writing anything.
        let _ = kill_process(Pid::from_child(&self.postgres), Signal::QUIT);
        let _ = self.postgres.wait();
    }
}

/// Runs PostgreSQL on a free port. `None` if it was taken meanwhile.
fn serve(programs: &Path, dir: &Path) -> Option<(u16, Child)> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = unprivileged(&programs.join("postgres"));
    command.arg("-D").arg(dir.join("data")).args(["-p", &port.to_string()]).arg("-k").arg(dir);
    let files = [("ssl_cert_file", "server.pem"), ("ssl_key_file", "server-key.pem")];
    let files = files.map(|(setting, name)| format!("{setting}={}", dir.join(name).display()));
    for setting in ["listen_addresses=127.0.0.1", "fsync=off", "ssl=on", &files[0], &files[1]] {
        command.args(["-c", setting]);
    }
    let mut postgres = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(postgres.stderr.take().unwrap());
    let mut said = String::new();
    while !said.ends_with("database system is ready to accept connections\n") {
        if log.read_line(&mut said).unwrap() == 0 {
            eprintln!("PostgreSQL ended with {:?}:\n{said}", postgres.wait());
            return None;
        }
    }
    thread::spawn(move || io::copy(&mut log, &mut io::sink()));
    Some((port, postgres))
}

/// Where PostgreSQL's programs are.
fn programs() -> Option<PathBuf> {
    let named = Command::new("pg_config").arg("--bindir").output().ok();
    let named = named.map(|answer| PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim()));
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian = debian.map(|version| version.path().join("bin")).collect::<Vec<_>>();
    debian.sort();
    named.into_iter().chain(debian.into_iter().rev()).find(|dir| dir.join("initdb").is_file())
}

/// A program that root runs as somebody else.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).current_dir("/").env("LC_ALL", "C");
    if geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn give_away(path: &Path) {
    if geteuid().is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

/// `server.pem` and `server-key.pem` for [`HOST`], `root.pem` that signed it, and `other-root.pem` that did not.
fn make_certificates(file: impl Fn(&str, &str) -> PathBuf) {
    let [(root, root_key), (other, _)] = ["root", "other root"].map(|name| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params, KeyPair::generate().unwrap())
    });
    let other_key = KeyPair::generate().unwrap();
    let key = KeyPair::generate().unwrap();
    let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
    let other_der = other.self_signed(&other_key).unwrap().der().to_vec();
    let server = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    let server_der = server.signed_by(&key, &Issuer::new(root, root_key)).unwrap().der().to_vec();
    for (name, label, der) in [
        ("root.pem", "CERTIFICATE", &root_der[..]),
        ("other-root.pem", "CERTIFICATE", &other_der),
        ("server.pem", "CERTIFICATE", &server_der),
        ("server-key.pem", "PRIVATE KEY", key.serialized_der()),
    ] {
        file(name, &format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der)));
    }
}
