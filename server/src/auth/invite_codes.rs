//! The codes of invites: drawn at random, kept as hashes.
//!
//! A code has 128 random bits, so that one round of SHA-256 protects it as well as a password hash would. Whoever looks
//! one up by its hash learns nothing from the time that it takes.

use quchat_shared::invite::InviteCode;
use sha2::{Digest, Sha256};

/// Draws a code.
///
/// # Errors
/// The operating system has no random bytes.
pub(crate) fn draw() -> Result<InviteCode, getrandom::Error> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)?;
    Ok(InviteCode::new(bits))
}

/// What is kept of a code.
pub(crate) fn hash(code: &InviteCode) -> [u8; 32] {
    Sha256::digest(code.bits()).into()
}
