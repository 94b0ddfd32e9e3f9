//! Authentication: tokens, password hashing, and the throttle for wrong passwords.

mod fair_queue;
pub(crate) mod invite_codes;
pub(crate) mod jwt;
pub(crate) mod login_throttle;
pub(crate) mod passwords;
