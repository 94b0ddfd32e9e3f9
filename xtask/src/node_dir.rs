//! The data directory of a further server on the database of another one.

use std::{fs, io, path::Path};

use crate::private;

/// What all servers of one database have in common besides it.
const SECRETS: [&str; 3] = ["signing-key", "tls-key.pem", "tls-cert.pem"];

/// Creates the directory, with the keys of the first server.
///
/// # Errors
/// It exists, or cannot be created; or the first server has not been started yet.
pub fn create_node_dir(first: &Path, another: &Path) -> io::Result<()> {
    private::create_dir(another)?;
    for secret in SECRETS {
        fs::copy(first.join(secret), another.join(secret))?;
    }
    Ok(())
}
