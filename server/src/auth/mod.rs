//! Who somebody is: tokens, passwords, and how often one may guess.

pub(crate) mod attempts;
mod fair_queue;
pub(crate) mod jwt;
pub(crate) mod network;
pub(crate) mod passwords;
