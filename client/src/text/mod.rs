//! Text as a terminal can show it: safe, measured, cut into rows.
//!
//! All text from people passes through here on its way to the screen. It knows characters and columns; it must not know
//! rooms, messages or components.

mod agreed;
pub mod clock;
pub mod cluster;
pub mod editor;
pub mod emoji;
pub mod fuzzy;
pub mod line;
pub mod near;
pub mod needle;
pub mod pieces;
pub mod wrap;

pub use cluster::disputed;
pub use editor::Editor;
pub use line::{clip, fit, one_line, plain, width};
pub use needle::Needle;
pub use wrap::{Row, wrap, wrap_hanging};
