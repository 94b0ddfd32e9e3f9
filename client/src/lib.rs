//! quchat in the terminal: a pure core (`model`, `update`) and the edge around it.
//!
//! One direction: a key or an answer becomes a [`update::Msg`], [`update::update`] changes the
//! [`model::Model`] and asks for [`update::Effect`]s, the view draws the model.

pub mod api;
pub mod components;
pub mod config;
pub mod keymap;
pub mod model;
mod regular;
pub mod runtime;
pub mod state;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
pub mod worker;
