//! One of the servers: a process that can be killed and started again at the same address.

use std::{
    env,
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use tasks::{create_node_dir, listening_address, log};

use crate::Result;

/// How long a start may take.
const START: Duration = Duration::from_secs(30);

/// Killed on drop.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    program: PathBuf,
    store: String,
    data: PathBuf,
    log: PathBuf,
    process: Option<Child>,
}

impl Node {
    /// Starts a server on a free port, with its data directory and its log in `dir`.
    pub(crate) fn create(name: String, program: &Path, store: &str, dir: &Path) -> Result<Self> {
        let file_name = name.replace(' ', "-");
        let mut this = Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            program: program.to_owned(),
            store: store.to_owned(),
            data: dir.join(&file_name),
            log: dir.join(format!("{file_name}.log")),
            process: None,
            name,
        };
        this.start()?;
        Ok(this)
    }

    /// The same, with the keys of this one.
    pub(crate) fn create_another(&self, name: String, dir: &Path) -> Result<Self> {
        let data = dir.join(name.replace(' ', "-"));
        create_node_dir(&self.data, &data)?;
        Self::create(name, &self.program, &self.store, dir)
    }

    /// Starts it at the address that it had, and waits until it listens.
    pub(crate) fn start(&mut self) -> Result<()> {
        let mut server = Command::new(&self.program);
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("QUCHAT_")) {
            server.env_remove(name);
        }
        server.arg("--listen").arg(self.address.to_string()).args(["--limit", "all=off", "--store", &self.store]);
        server.arg("--data-dir").arg(&self.data);
        let log = File::options().append(true).create(true).open(&self.log)?;
        server.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let started = server.spawn().map_err(|error| format!("cannot start {}: {error}", self.program.display()))?;
        let listening = listening_address(self.process.insert(started), START);
        match listening {
            Ok(address) => self.address = address,
            Err(reason) => {
                self.kill();
                return Err(format!("{} did not start: {reason}: {}", self.name, self.last_line()).into());
            }
        }
        Ok(())
    }

    /// Kills it with SIGKILL, which it cannot notice.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill(); // an error says that it has ended
            let _ = process.wait();
        }
    }

    /// How it ended, if it did by itself since it was last asked.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        let status = self.process.as_mut()?.try_wait().ok()??;
        self.process = None;
        Some(status)
    }

    pub(crate) fn is_up(&self) -> bool {
        self.process.is_some()
    }

    pub(crate) fn last_line(&self) -> String {
        log::last_line(&self.log)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}
