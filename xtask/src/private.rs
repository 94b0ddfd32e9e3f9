//! What others on this machine must not read or guess: directories and names of tasks that run for a while.

use std::{fs::DirBuilder, io, path::Path};

/// Creates a directory that other users cannot read.
///
/// # Errors
/// It exists, or cannot be created.
pub fn create_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// 32 random hexadecimal digits, for a password or the name of a file.
///
/// # Errors
/// The system has no random bytes.
#[cfg(any(feature = "cluster", feature = "demo"))]
pub fn random_text() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
