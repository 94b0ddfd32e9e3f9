//! The process between the bench and a server: it ends the server and clears its directory away when the pipe from the
//! bench closes, which happens however the bench ends: done, Ctrl+C or `kill -9`.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::Result;

/// A directory that goes when this does.
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

/// More rooms than any scenario makes, by the one user who makes them, and more streams.
const MANY: &str = "100000";

/// The server as it is released, with its defaults except for how many rooms and streams one user may have. Its process
/// id and what it says of its address go out.
pub(super) fn keep() -> Result<bool> {
    let dir = Throwaway::new()?;
    let mut command = Command::new(sibling("quchat-server")?);
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("QUCHAT_")) {
        command.env_remove(name);
    }
    command.args(["--listen", "127.0.0.1:0", "--log", "error", "--data-dir"]).arg(dir.path().join("server"));
    command.args(["--max-rooms", MANY, "--max-rooms-per-user", MANY, "--max-streams-per-user", MANY]);
    let mut server = Kept(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    let mut stdout = BufReader::new(server.0.stdout.take().ok_or("no pipe from the server")?);
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    write!(io::stdout(), "{} {line}", server.0.id())?;
    io::stdout().flush()?;
    io::copy(&mut io::stdin().lock(), &mut io::sink())?; // ends when the other end closes
    Ok(true)
}

/// Ended before the directory goes.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill(); // nothing in it is worth a farewell
        let _ = self.0.wait();
    }
}

/// A program of the workspace, built beside this one.
fn sibling(name: &str) -> Result<PathBuf> {
    let path = env::current_exe()?.with_file_name(name);
    if path.exists() { Ok(path) } else { Err(format!("{} is not built: run cargo xtask bench", path.display()).into()) }
}
