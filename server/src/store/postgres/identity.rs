//! What all nodes have in common besides the database: the key that signs tokens, and the certificate that clients know.
//!
//! Both are files in each node's data directory. The database holds only what tells them apart.

use std::thread;

use sha2::{Digest, Sha256};

use super::{
    columns::{get, params},
    connection::Connection,
    failure::at_start,
    settings::Settings,
};
use crate::store::{Error, Result};

/// The first node sets it. A pin is added by the first node with a certificate of its own.
const CLAIM: &str = "INSERT INTO identity (signing_key, pin) VALUES ($1, $2)
    ON CONFLICT (is_only) DO UPDATE SET pin = coalesce(identity.pin, excluded.pin)
    RETURNING signing_key = $1, pin IS NULL OR $2::text IS NULL OR pin = $2";

/// Checks that this node has the key and the certificate of the others. `pin` is `None` if the certificate was given,
/// because such a one is renewed by somebody else, at its own time on each node.
///
/// # Errors
/// [`Error::Unusable`]: it has not, or the database cannot be used.
pub(crate) fn claim_identity(settings: &Settings, signing_key: &[u8], pin: Option<String>) -> Result<()> {
    let claim = || -> Result<()> {
        let connection = Connection::open(settings, "")?;
        let rows = connection.query(CLAIM, params![fingerprint(signing_key), pin])?;
        let row = rows.first().ok_or(Error::BrokenRow("there is no identity"))?;
        if !get(row, 0)? {
            return Err(mismatch("signing key"));
        }
        if !get(row, 1)? {
            return Err(mismatch("certificate"));
        }
        Ok(())
    };
    // The connection runs an event loop of its own, which needs a thread without one.
    let claimed = thread::scope(|scope| scope.spawn(claim).join());
    claimed.map_err(|_| Error::Panicked("checking the keys"))?.map_err(|error| at_start(settings, &error))
}

/// What the database holds of a signing key.
pub(super) fn fingerprint(signing_key: &[u8]) -> Vec<u8> {
    Sha256::digest(signing_key).to_vec()
}

fn mismatch(what: &str) -> Error {
    Error::Unusable(format!(
        "the {what} in the data directory is not that of the other servers of this database; copy signing-key, tls-key.pem \
         and tls-cert.pem from the data directory of one of them"
    ))
}
