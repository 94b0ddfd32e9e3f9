//! The supervisor process of a server. It kills the server and removes its directory when the pipe from the bench
//! closes, which also happens after Ctrl+C or `kill -9`.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::Result;

/// A directory that is removed on drop.
pub(super) struct Throwaway(PathBuf);

impl Throwaway {
    pub(super) fn new() -> Result<Self> {
        let dir = env::temp_dir().join(format!("quchat-bench-{}", std::process::id()));
        fs::create_dir(&dir)?;
        Ok(Self(dir))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// More rooms and streams than one user has in any scenario.
const MANY: &str = "100000";

/// Runs the release build of the server with its defaults, except for the limits on rooms and streams. Prints its
/// process id and the line with its address.
pub(super) fn run() -> Result<bool> {
    let dir = Throwaway::new()?;
    let mut command = Command::new(sibling("quchat-server")?);
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("QUCHAT_")) {
        command.env_remove(name);
    }
    command.args(["--listen", "127.0.0.1:0", "--log", "error", "--data-dir"]).arg(dir.path().join("server"));
    command.args(["--max-rooms", MANY, "--max-rooms-per-user", MANY, "--max-streams-per-user", MANY]);
    let mut server = KillOnDrop(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    let mut stdout = BufReader::new(server.0.stdout.take().ok_or("no pipe from the server")?);
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    write!(io::stdout(), "{} {line}", server.0.id())?;
    io::stdout().flush()?;
    io::copy(&mut io::stdin().lock(), &mut io::sink())?; // ends when the bench ends
    Ok(true)
}

/// Killed on drop, before its directory is removed.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill(); // a clean shutdown would save nothing that is needed
        let _ = self.0.wait();
    }
}

/// The path of a program of the workspace. It is in the same directory as the bench.
fn sibling(name: &str) -> Result<PathBuf> {
    let path = env::current_exe()?.with_file_name(name);
    if path.exists() { Ok(path) } else { Err(format!("{} is not built: run cargo xtask bench", path.display()).into()) }
}
