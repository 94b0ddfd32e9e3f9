//! Finds out what answers at an address, before anything of the user's is sent there.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use quchat_shared::pin::Pin;
use ureq::Error;

use super::{Failure, Origin, Server, agent, verifier};

/// What answers at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// TLS; the roots verify the certificate, or the key has the known pin.
    Trusted,
    /// TLS with a key that nobody vouches for.
    Unknown(Pin),
    /// TLS with another key than the known one, and nobody vouches for it.
    Changed(Pin),
    /// HTTP without TLS.
    Plain,
}

/// What answered a knock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The server with the pin that this machine keeps for it, encrypted or not as it answered.
    pub server: Server,
    pub contact: Contact,
}

/// Makes a TLS handshake with the server and ends the connection. Sends no request, unless there is no TLS; then it
/// asks whether there is HTTP. `known` is the pin of the server, if there is one.
///
/// # Errors
/// Nothing answers, or neither TLS nor HTTP.
pub fn knock(origin: &Origin, known: Option<Pin>) -> Result<Contact, Failure> {
    let encrypted = origin.clone().encrypted();
    let (config, witness) = verifier::witnessed(known);
    let done = Arc::new(AtomicBool::new(false));
    let error = match agent::for_knock(&encrypted, config, Arc::clone(&done)).get(encrypted.to_string()).call() {
        Ok(_) => return Err(Failure::fault()), // such a connection sends nothing
        Err(error) => error,
    };
    if done.load(Ordering::SeqCst) {
        // A handshake without a certificate does not exist.
        let seen = witness.seen().ok_or_else(Failure::fault)?;
        return Ok(match (seen.is_trusted, known) {
            (true, _) => Contact::Trusted,
            (false, None) => Contact::Unknown(seen.pin),
            (false, Some(_)) => Contact::Changed(seen.pin),
        });
    }
    let failure = Failure::unreachable(&error);
    let nothing_there = matches!(error, Error::HostNotFound | Error::Timeout(_)) || failure.reason() == super::REFUSED;
    if nothing_there || !speaks_http(&encrypted.plain()) {
        return Err(failure);
    }
    Ok(Contact::Plain)
}

fn speaks_http(origin: &Origin) -> bool {
    agent::for_plain_knock(origin).get(format!("{origin}/healthz")).call().is_ok()
}
