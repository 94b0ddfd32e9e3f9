//! A PostgreSQL in a directory of its own, reached through a Unix socket there. Its settings are the usual ones, so it is
//! as durable as any.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    os::unix::{
        fs::{DirBuilderExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::programs;
use crate::log;

/// Every error is only printed, so one type is enough.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// It names the socket.
const PORT: &str = "5432";
/// How long a start may take, with the recovery after a crash.
const START: Duration = Duration::from_secs(60);
/// How long PostgreSQL may take to end.
const END: Duration = Duration::from_secs(10);
/// How often to look whether it is ready, or gone.
const LOOK: Duration = Duration::from_millis(10);

/// Ended on drop.
pub struct Throwaway {
    programs: PathBuf,
    /// Holds the data and the socket.
    dir: PathBuf,
    log: PathBuf,
    settings: &'static [&'static str],
    owner: Option<Owner>,
    process: Option<Child>,
}

/// The user whom its processes belong to: PostgreSQL refuses to run as root.
#[derive(Clone, Copy)]
struct Owner {
    name: &'static str,
    user: u32,
    group: u32,
}

impl Throwaway {
    /// The owner of all databases.
    pub const USER: &'static str = "quchat";
    /// The database that exists from the start.
    pub const DATABASE: &'static str = "postgres";

    /// Creates `parent`/postgres and starts a PostgreSQL there, with settings besides the usual ones. As root it runs as
    /// another user, and `parent` is opened for others to pass through.
    pub fn create(programs: &Path, parent: &Path, settings: &'static [&'static str]) -> Result<Self> {
        let owner = if geteuid().is_root() { Some(Owner::find()?) } else { None };
        let dir = parent.join("postgres");
        DirBuilder::new().mode(0o700).create(&dir)?;
        if let Some(Owner { user, group, .. }) = owner {
            chown(&dir, Some(user), Some(group))?;
            fs::set_permissions(parent, Permissions::from_mode(0o711))?;
        }
        let log = parent.join("postgres.log");
        let mut this = Self { programs: programs.to_owned(), dir, log, settings, owner, process: None };
        let mut initdb = this.program("initdb")?;
        initdb.args(["--username", Self::USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]);
        let status = initdb.status().map_err(|error| format!("cannot start initdb: {error}"))?;
        if !status.success() {
            let mut reason = format!("initdb failed ({status}): {}", this.last_line());
            if let Some(Owner { name, .. }) = owner {
                reason += &format!("; root runs it as {name}, who must be able to reach that directory (see TMPDIR)");
            }
            return Err(reason.into());
        }
        this.start()?;
        Ok(this)
    }

    /// The directory of its socket.
    pub fn socket(&self) -> &Path {
        &self.dir
    }

    /// The URL of a database, as the server's `--store` takes it.
    pub fn url(&self, database: &str) -> String {
        let dir = self.dir.to_string_lossy();
        let escaped = dir.bytes().map(|byte| match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        });
        format!("postgres://{}@/{database}?host={}", Self::USER, escaped.collect::<String>())
    }

    /// Ends it as an operator does, with all its connections, and starts it again.
    pub fn restart(&mut self) -> Result<()> {
        self.end(Signal::INT);
        self.start()
    }

    /// How it ended, if it did by itself since it was last asked.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        let status = self.process.as_mut()?.try_wait().ok()??;
        self.process = None;
        Some(status)
    }

    pub fn is_up(&self) -> bool {
        self.process.is_some()
    }

    pub fn last_line(&self) -> String {
        log::last_line(&self.log)
    }

    /// Starts it and waits until it accepts connections.
    fn start(&mut self) -> Result<()> {
        let mut postgres = self.program("postgres")?;
        postgres.args(["-c", "listen_addresses=", "-p", PORT, "-k"]).arg(&self.dir);
        for setting in self.settings {
            postgres.args(["-c", setting]);
        }
        let process = postgres.spawn().map_err(|error| format!("cannot start PostgreSQL: {error}"))?;
        let id = process.id();
        self.process = Some(process);
        let deadline = Instant::now() + START;
        while !self.is_ready(id) {
            if let Some(status) = self.has_ended() {
                return Err(format!("PostgreSQL did not start ({status}): {}", self.last_line()).into());
            }
            if Instant::now() > deadline {
                self.end(Signal::QUIT);
                return Err(format!("PostgreSQL was not ready after {} seconds", START.as_secs()).into());
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// PostgreSQL says so in the eighth line of this file, whose first line is its process id.
    fn is_ready(&self, id: u32) -> bool {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        matches!(lines.as_slice(), [first, _, _, _, _, _, _, "ready"] if *first == id.to_string())
    }

    /// Ends it with one of the signals of its manual: INT saves everything, QUIT leaves that to the next start.
    fn end(&mut self, signal: Signal) {
        let Some(mut process) = self.process.take() else { return };
        let _ = kill_process(Pid::from_child(&process), signal); // an error says that it has ended
        let deadline = Instant::now() + END;
        while Instant::now() < deadline && matches!(process.try_wait(), Ok(None)) {
            thread::sleep(LOOK);
        }
        let _ = process.kill();
        let _ = process.wait();
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// A program of PostgreSQL on this database, run by its owner.
    fn program(&self, name: &str) -> Result<Command> {
        let mut command = programs::command(&self.programs, name);
        command.arg("-D").arg(self.data()).current_dir("/");
        let log = File::options().append(true).create(true).open(&self.log)?;
        command.stdout(log.try_clone()?).stderr(log);
        if let Some(Owner { user, group, .. }) = self.owner {
            command.uid(user).gid(group);
        }
        Ok(command)
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        self.end(Signal::QUIT);
    }
}

impl Owner {
    /// PostgreSQL's own user, or the one who owns nothing.
    fn find() -> Result<Self> {
        let named = |name| Some(Self { name, user: id("-u", name)?, group: id("-g", name)? });
        ["postgres", "nobody"].into_iter().find_map(named).ok_or_else(|| {
            "PostgreSQL refuses to run as root, and there is no user postgres or nobody; run this as another user"
                .into()
        })
    }
}

fn id(flag: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([flag, name]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
