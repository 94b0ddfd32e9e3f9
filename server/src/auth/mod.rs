//! Who somebody is: tokens, passwords, and how often one may guess.

pub(crate) mod attempts;
pub(crate) mod jwt;
pub(crate) mod passwords;
