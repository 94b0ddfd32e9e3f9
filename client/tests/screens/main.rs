//! Screens: keys and messages in, text out, through the real keymap, components, view and update.

mod chat;
mod completing;
mod dialogs;
mod safety;
mod selection;
mod sign_in;
mod speed;
#[expect(clippy::unwrap_used, reason = "a stage that cannot be set up is a failed test")]
mod stage;
#[expect(clippy::unwrap_used, reason = "a message that is missing is a failed test")]
mod steady;
mod themes;
mod writing;
