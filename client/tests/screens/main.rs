//! Screens: keys and messages in, text out, through the real keymap, components, view and update.

#[expect(clippy::unwrap_used, reason = "a room that is missing is a failed test")]
mod anything;
mod changing;
mod chat;
mod completing;
mod dialogs;
mod finding;
#[expect(clippy::unwrap_used, reason = "a stage that cannot be set up is a failed test")]
mod governing;
#[expect(clippy::unwrap_used, reason = "a stage that cannot be set up is a failed test")]
mod keys;
#[expect(clippy::unwrap_used, reason = "a message without the word is a failed test")]
mod listing;
#[expect(clippy::unwrap_used, reason = "writing into a String cannot fail, and a row that is missing is a failed test")]
mod looks;
#[expect(clippy::unwrap_used, reason = "a room that is missing is a failed test")]
mod people;
#[expect(clippy::unwrap_used, reason = "a picture that cannot be drawn is a failed test")]
mod picture;
#[expect(clippy::unwrap_used, reason = "a room that is missing is a failed test")]
mod reading;
mod replying;
mod safety;
mod selection;
#[expect(clippy::unwrap_used, reason = "a row that is missing is a failed test")]
mod side_bar;
mod sign_in;
mod speed;
#[expect(clippy::unwrap_used, reason = "a stage that cannot be set up is a failed test")]
mod stage;
mod states;
#[expect(clippy::unwrap_used, reason = "a message that is missing is a failed test")]
mod steady;
#[expect(clippy::unwrap_used, reason = "writing into a String cannot fail")]
mod styled;
#[expect(clippy::unwrap_used, reason = "writing into a String cannot fail")]
mod svg;
#[expect(clippy::unwrap_used, reason = "a glass that cannot be cut is a failed test")]
mod terminals;
mod themes;
mod writing;
