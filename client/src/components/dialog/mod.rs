//! What lies over the screen and has the keys until it is answered or closed.
//!
//! Which dialogs are open is the model's; each keeps only what is typed in it and which row is chosen.

mod ask;
mod create_room;
mod help;
mod review;
mod signed_out;
mod switcher;

pub(super) use self::{
    ask::Ask, create_room::CreateRoom, help::Help, review::Review, signed_out::SignedOut, switcher::Switcher,
};
