//! Markup, mentions and search terms of a text, for both ends.
//!
//! The server extracts mentions and searches, the client formats text and highlights what was found. Both use the same
//! parser, so a name that is drawn as code never notifies anyone, and what is highlighted is what was found. This module
//! knows bytes, characters and lines, and neither styles nor users.

mod atoms;
mod fold;
mod lines;
pub mod markup;
pub mod mentions;
pub mod search;
pub mod terms;
