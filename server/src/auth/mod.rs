//! Authentication: tokens, password hashing, and the throttle for wrong passwords.

pub(crate) mod attempts;
mod fair_queue;
pub(crate) mod jwt;
pub(crate) mod network;
pub(crate) mod passwords;
