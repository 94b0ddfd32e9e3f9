//! Markup and mentions of a text, for both ends.
//!
//! The server extracts mentions, the client formats text. Both use the same parser, so a name that is drawn as code never
//! notifies anyone. This module knows bytes and lines, and neither styles nor users.

mod atoms;
mod lines;
pub mod markup;
pub mod mentions;
