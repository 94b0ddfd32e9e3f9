//! The other programs of the workspace: cargo builds them into the directory of the program that runs.

use std::{
    env,
    io::{self, ErrorKind},
    path::PathBuf,
};

/// The path of a program. `task` is the one that builds it.
///
/// # Errors
/// It is not built.
pub fn sibling(name: &str, task: &str) -> io::Result<PathBuf> {
    let path = env::current_exe()?.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX));
    if path.exists() {
        return Ok(path);
    }
    let missing = format!("{} is not built; run cargo xtask {task}", path.display());
    Err(io::Error::new(ErrorKind::NotFound, missing))
}
