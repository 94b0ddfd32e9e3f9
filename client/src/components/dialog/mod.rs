//! Dialogs: they cover the screen and keep the keyboard until they are answered or closed.
//!
//! The model decides which dialogs are open. Each dialog keeps only its typed text and the chosen row.

mod ask;
mod bans;
mod chosen_row;
mod create_room;
mod help;
mod hits;
mod inbox;
mod invited;
mod invites;
mod keys;
mod name_filter;
mod paged_row;
mod password;
mod people;
mod person_menu;
mod react;
mod review;
mod search;
mod sessions;
mod signed_out;
mod switcher;
mod users;

pub(super) use self::{
    ask::Ask, bans::Bans, create_room::CreateRoom, help::Help, inbox::Inbox, invited::Invited, invites::Invites,
    password::Password, people::People, react::React, review::Review, search::Search, sessions::Sessions,
    signed_out::SignedOut, switcher::Switcher, users::Users,
};
