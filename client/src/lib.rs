//! quchat in the terminal: a pure core (`model`, `update`) and the edge around it.
//!
//! Data flows in one direction: a key or a reply becomes a [`update::Msg`], [`update::update`] changes the
//! [`model::Model`] and returns [`update::Effect`]s, and the view draws the model.

pub mod api;
pub mod args;
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
