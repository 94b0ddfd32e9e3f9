//! The server binary as its own process, which tests can kill and signal.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Client, DataDir, eventually, raise_descriptor_limit};

/// Allows a PostgreSQL that loses data when the machine fails, as that of the tests.
const UNSAFE_STORE: &str = "QUCHAT_UNSAFE_STORE";

/// A running server process; killed when dropped.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    child: Child,
    /// `None` if the test took it.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Process {
    /// The program, without the environment variables that it reads.
    pub(crate) fn command() -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quchat-server"));
        let is_ours = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("QUCHAT_");
        let ours = env::vars_os().map(|(name, _)| name).filter(|name| is_ours(name));
        for variable in ours.chain(["STATE_DIRECTORY", "XDG_DATA_HOME"].map(Into::into)) {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command.env("QUCHAT_LIMIT", "all=off"); // tests send more than people do
        command
    }

    /// The program on a data directory and the database that belongs to it, as a server on a free port or, with the
    /// arguments of one, as a verb.
    pub(crate) fn command_on(data_dir: &Path) -> Command {
        let mut command = Self::command();
        command.arg("--data-dir").arg(data_dir);
        command.envs(Self::variables(data_dir));
        command
    }

    /// The environment variables by which the program finds the database that belongs to a data directory.
    pub(crate) fn variables(data_dir: &Path) -> Vec<(&'static str, String)> {
        let store = DataDir::store_of(data_dir).map(|store| ("QUCHAT_STORE", store));
        let unsafe_store = env::var(UNSAFE_STORE).ok().map(|value| (UNSAFE_STORE, value));
        store.into_iter().chain(unsafe_store).collect()
    }

    #[track_caller]
    pub(crate) fn start(data_dir: &Path) -> Self {
        let mut command = Self::command_on(data_dir);
        command.args(["--listen", "127.0.0.1:0"]);
        Self::run(command)
    }

    /// Runs `command` until it prints its address.
    #[track_caller]
    pub(crate) fn run(mut command: Command) -> Self {
        raise_descriptor_limit();
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("{line:?}, {:?}", child.wait())).parse().unwrap();
        Self { address, child, stdout: Some(stdout) }
    }

    /// Runs `command` with its own standard output, until it listens on a free port.
    #[track_caller]
    pub(crate) fn run_silently(mut command: Command) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = command.env("QUCHAT_LISTEN", address.to_string()).spawn().unwrap();
        let mut this = Self { address, child, stdout: None };
        eventually("it listens", || {
            let ended = this.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}");
            TcpStream::connect(address).ok()
        });
        this
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn register(&self, name: &str) -> Client {
        Client::register(self.address, name)
    }

    /// Sends SIGKILL: the server flushes nothing and sends nothing more.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Lets the process write files of any size again.
    #[cfg(target_os = "linux")]
    pub(crate) fn raise_file_size_limit(&self) {
        use rustix::process::{Resource, Rlimit, prlimit};
        let limit = Rlimit { current: None, maximum: None };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).unwrap();
    }

    /// Lets the process open no more than so many files.
    #[cfg(target_os = "linux")]
    pub(crate) fn limit_open_files(&self, most: usize) {
        use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
        let limit = Rlimit { current: Some(most as u64), maximum: getrlimit(Resource::Nofile).maximum };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Nofile, limit).unwrap();
    }

    /// Resident memory, in KiB.
    #[cfg(target_os = "linux")]
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Waits for the end. Returns the exit status and the rest of standard output.
    #[track_caller]
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = eventually("the process ends", || self.child.try_wait().unwrap());
        let mut rest = String::new();
        if let Some(stdout) = &mut self.stdout {
            stdout.read_to_string(&mut rest).unwrap();
        }
        (status, rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running server process whose log can be read.
pub(crate) struct LoggedProcess {
    pub(crate) server: Process,
    pub(crate) log: tempfile::NamedTempFile,
}

impl LoggedProcess {
    #[track_caller]
    pub(crate) fn start(data_dir: &Path) -> Self {
        Self::start_with(data_dir, |_| {})
    }

    /// The same with further flags or variables.
    #[track_caller]
    pub(crate) fn start_with(data_dir: &Path, tune: impl FnOnce(&mut Command)) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = Process::command_on(data_dir);
        command.args(["--listen", "127.0.0.1:0"]).stderr(log.reopen().unwrap());
        tune(&mut command);
        Self { server: Process::run(command), log }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap()
    }

    /// Waits for a line with these words in the log.
    #[track_caller]
    pub(crate) fn waits_for(&self, words: &str) -> String {
        let find = || self.log().lines().find(|line| line.contains(words)).map(str::to_owned);
        eventually(&format!("{words:?} in the log"), find)
    }
}
