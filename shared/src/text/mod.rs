//! What a text says, once for both ends: what of it is code, a link or emphasis, and whom it names.
//!
//! The server asks whom a message mentions, the client how to draw it. Both get their answer from the same parser, so
//! nobody is called by what is drawn as mere code. It knows bytes and lines, and neither styles nor users.

mod atoms;
mod lines;
pub mod markup;
pub mod mentions;
